/* option.h: one table of options a command, that parses, prints help and is compared with the man
 * page.
 *
 * GNU manners: --name, --name=value, --name value, -x, -x value, -xvalue, several flags in one
 * (-qh), options and operands in any order, "--" ends the options, "-" is an operand. No
 * abbreviations.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_CLI_OPTION_H
#define STROMA_CLI_OPTION_H

#include "base/arena.h"
#include "base/text.h"

#include <stdbool.h>

typedef enum {
    OPTION_FLAG,    // takes no value
    OPTION_VALUE,   // needs a value
    OPTION_OPTIONAL // --name or --name=value
} OptionKind;

typedef struct {
    const char *name; // long name without dashes
    OptionKind kind;
    char letter;       // short name, 0: none
    bool repeated;     // may be given more than once; else the second is an error
    const char *value; // what the value is, such as "DIR"
    const char *help;  // one line without full stop; NULL: not shown to people
} Option;

/* Options that every command has. */
#define OPTION_HELP                                                                                \
    {                                                                                              \
        "help", OPTION_FLAG, 'h', true, NULL, "show examples and options"                          \
    }
#define OPTION_QUIET                                                                               \
    {                                                                                              \
        "quiet", OPTION_FLAG, 'q', true, NULL, "no words but complaints"                           \
    }
#define OPTION_END                                                                                 \
    {                                                                                              \
        NULL, OPTION_FLAG, 0, false, NULL, NULL                                                    \
    }

typedef struct {
    const Option *option;
    const char *value; // NULL if none was given
} OptionUse;

typedef struct {
    const Option *options; // the table, for option_given
    OptionUse *uses;       // (use_count) in the order given
    int use_count;
    const char **operands; // (operand_count)
    int operand_count;
} Arguments;

/* Sorts argv[0..argc) into options and operands. On failure the words are in *complaint. */
bool options_parse(Arena *arena, const Option *options, int argc, char **argv, Arguments *arguments,
                   const char **complaint);

/* Was it given? The name must be in the table. */
bool option_given(const Arguments *arguments, const char *name);

/* Its value (the last one if repeated), or NULL. */
const char *option_value(const Arguments *arguments, const char *name);

/* The lines of --help: two columns. */
void options_print(const Option *options, Text *text);

#endif
