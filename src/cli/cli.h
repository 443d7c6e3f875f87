/* cli.h: what every command of the program shares: its description, its call, its exit codes.
 *
 * A command is one file cmd_<name>.c with one constant Command. The table of them is in main.c. A
 * command returns an exit code; results go to stdout, words to stderr through cli_say,
 * cli_complain. main.c checks afterwards that stdout took everything.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_CLI_CLI_H
#define STROMA_CLI_CLI_H

#include "base/diag.h"
#include "cli/option.h"

#include <stdbool.h>

/* The same list stands in stroma.1; tests/cli/check_man.sh compares them. */
typedef enum {
    CLI_OK = 0,
    CLI_FAILED = 1,       // ran, but some arms failed
    CLI_USAGE = 2,        // the command line
    CLI_DATA = 65,        // the text of a model, study or data file
    CLI_BUG = 70,         // stroma itself, or no memory left
    CLI_FILE = 74,        // a file cannot be read or written
    CLI_RESUMABLE = 75,   // stopped, can be resumed
    CLI_INTERRUPTED = 130 // SIGINT
} ExitCode;

/* One call of a command. */
typedef struct Cli {
    Arena *arena; // lives as long as the program
    const struct Command *command;
    Arguments arguments;
    int argc; // the whole command line, for the manifest
    char **argv;
    const char *folder; // of the results, once a command has made it; NULL before
    int stdout_error;   // first errno of writing results, 0 if none
    bool colour;        // stderr is a terminal that wants colour
    bool terminal;      // stderr is a terminal that can move its cursor: a progress line is welcome
} Cli;

typedef struct Command {
    const char *name;
    int (*run)(Cli *cli);
    const char *summary;            // one line without full stop
    const char *operands;           // as in "STUDY.cfg [OPTION]..."
    int operands_min, operands_max; // max -1: any number
    const char *examples;           // whole lines, two blanks in front
    const Option *options;          // ends with an Option whose name is NULL
} Command;

/* What a program does first: standard files, signals, what happens when memory runs out. */
void cli_prepare(Arena *arena);

/* One call of stroma: an exit code. last: stdout is closed behind it. *folder: Cli.folder. */
int cli_main(Arena *arena, int argc, char **argv, bool last, const char **folder);

/* Words on stderr as they are: a progress line, a table. */
void cli_words(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A complaint on stderr with "stroma: " in front. */
void cli_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A complaint about the command line, with a pointer to the help; returns CLI_USAGE. */
int cli_misused(const Cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Words on stderr, unless --quiet was given. */
void cli_say(const Cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Text on stdout. What went wrong is kept for the end of the program. */
void cli_print(Cli *cli, const Text *text);

/* Words broken into lines of at most 78 columns that begin with `indent` blanks more; newlines
 * stay. */
void cli_wrap(Text *text, const char *paragraph, int indent);

/* What diag holds, on stderr. */
void cli_print_diag(const Cli *cli, const Diag *diag);

/* True if a file to read is there, is no folder and may be opened ("-" always); else complains. */
bool cli_readable(const Cli *cli, const char *path);

/* True for a model file (*.stroma); everything else is taken for a study. */
bool cli_is_model(const char *path);
/* Complains of a table in the place of a study; an ExitCode. */
int cli_refuse_table(const Cli *cli, const char *path);

/* The command line as one could type it again. */
const char *cli_command_line(const Cli *cli);

/* A word as the shell would need it. */
void cli_quote(Text *text, const char *word);

/* The table in main.c, for help and completion: NULL-terminated. */
const Command *const *cli_commands(void);
/* The command of that name, or NULL: *near is the nearest one, or NULL. */
const Command *cli_find_command(Arena *arena, const char *name, const char **near);

/* Help of one command, or of the program (NULL): examples first, then options. */
void cli_help(const Command *command, Text *text);

extern const Command command_fit, command_sens, command_profile, command_compare;
extern const Command command_run, command_merge, command_check, command_show, command_plot,
    command_list, command_report, command_params, command_explain, command_help;
extern const Command command_serve;

#endif
