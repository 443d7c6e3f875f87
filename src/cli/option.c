/* option.c: see option.h.
 *
 * getopt_long is not used: it accepts abbreviations, prints by itself and keeps global state; the
 * table here is also the source of help texts, completion and the comparison with the man pages.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/option.h"

#include "base/names.h"

#include <assert.h>
#include <string.h>

/* What the parser needs to hand from one word to the next. */
typedef struct {
    Arena *arena;
    const Option *options;
    int argc;
    char **argv;
    int next; // word to be looked at
    Arguments *arguments;
    const char *complaint;
} Parser;

static int option_count(const Option *options)
{
    int count = 0;
    while (options[count].name != NULL) {
        count++;
    }
    return count;
}

static const Option *find_long(const Option *options, const char *name, size_t length)
{
    for (const Option *option = options; option->name != NULL; option++) {
        if (strlen(option->name) == length && memcmp(option->name, name, length) == 0) {
            return option;
        }
    }
    return NULL;
}

static const Option *find_short(const Option *options, char letter)
{
    for (const Option *option = options; option->name != NULL; option++) {
        if (option->letter == letter) {
            return option;
        }
    }
    return NULL;
}

static const char *near_option(Arena *arena, const Option *options, const char *name)
{
    int count = option_count(options);
    const char **names = arena_array(arena, (size_t)count + 1, sizeof *names);
    for (int i = 0; i < count; i++) {
        names[i] = options[i].name;
    }
    return names_near_list(names, count, name);
}

static bool use_option(Parser *parser, const Option *option, const char *value)
{
    Arguments *arguments = parser->arguments;
    if (!option->repeated && option_given(arguments, option->name)) {
        parser->complaint =
            arena_format(parser->arena, "option '--%s' is given twice", option->name);
        return false;
    }
    arguments->uses[arguments->use_count++] = (OptionUse){.option = option, .value = value};
    return true;
}

static bool complain_value(Parser *parser, const Option *option)
{
    parser->complaint = arena_format(parser->arena, "option '--%s' needs a value: --%s=%s",
                                     option->name, option->name, option->value);
    return false;
}

static bool parse_long(Parser *parser, const char *word)
{
    const char *name = word + 2;
    size_t length = strcspn(name, "=");
    const char *value = name[length] == '=' ? name + length + 1 : NULL;
    const Option *option = find_long(parser->options, name, length);
    if (option == NULL) {
        const char *plain = arena_copy(parser->arena, name, length);
        const char *near = near_option(parser->arena, parser->options, plain);
        parser->complaint =
            near == NULL ? arena_format(parser->arena, "unknown option '--%s'", plain)
                         : arena_format(parser->arena,
                                        "unknown option '--%s'; did you mean '--%s'?", plain, near);
        return false;
    }
    if (option->kind == OPTION_FLAG && value != NULL) {
        parser->complaint =
            arena_format(parser->arena, "option '--%s' takes no value", option->name);
        return false;
    }
    if (option->kind == OPTION_VALUE && value == NULL) {
        if (parser->next >= parser->argc) {
            return complain_value(parser, option);
        }
        value = parser->argv[parser->next++];
    }
    return use_option(parser, option, value);
}

static bool parse_short(Parser *parser, const char *word)
{
    for (const char *letter = word + 1; *letter != '\0'; letter++) {
        const Option *option = find_short(parser->options, *letter);
        if (option == NULL) {
            parser->complaint = arena_format(parser->arena, "unknown option '-%c'", *letter);
            return false;
        }
        if (option->kind != OPTION_VALUE) {
            if (!use_option(parser, option, NULL)) {
                return false;
            }
            continue;
        }
        if (letter[1] != '\0') {
            return use_option(parser, option, letter + 1);
        }
        if (parser->next >= parser->argc) {
            return complain_value(parser, option);
        }
        return use_option(parser, option, parser->argv[parser->next++]);
    }
    return true;
}

/* "-", and negative numbers: no option is a digit. */
static bool is_operand(const char *word)
{
    return word[0] != '-' || word[1] == '\0' || (word[1] >= '0' && word[1] <= '9') ||
           word[1] == '.';
}

bool options_parse(Arena *arena, const Option *options, int argc, char **argv, Arguments *arguments,
                   const char **complaint)
{
    assert(arena != NULL && options != NULL && argc >= 0);
    *complaint = NULL;
    size_t room = 1; // each letter of each word may be a use of its own
    for (int i = 0; i < argc; i++) {
        room += strlen(argv[i]);
    }
    *arguments = (Arguments){.options = options};
    arguments->uses = arena_array(arena, room, sizeof *arguments->uses);
    arguments->operands = arena_array(arena, (size_t)argc + 1, sizeof *arguments->operands);
    Parser parser = {.arena = arena,
                     .options = options,
                     .argc = argc,
                     .argv = argv,
                     .next = 0,
                     .arguments = arguments,
                     .complaint = NULL};
    bool operands_only = false;
    while (parser.next < argc) {
        const char *word = argv[parser.next++];
        bool good = true;
        if (operands_only || is_operand(word)) {
            arguments->operands[arguments->operand_count++] = word;
        } else if (strcmp(word, "--") == 0) {
            operands_only = true;
        } else if (word[1] == '-') {
            good = parse_long(&parser, word);
        } else {
            good = parse_short(&parser, word);
        }
        if (!good) {
            *complaint = parser.complaint;
            return false;
        }
    }
    return true;
}

bool option_given(const Arguments *arguments, const char *name)
{
    assert(find_long(arguments->options, name, strlen(name)) != NULL);
    for (int i = 0; i < arguments->use_count; i++) {
        if (strcmp(arguments->uses[i].option->name, name) == 0) {
            return true;
        }
    }
    return false;
}

const char *option_value(const Arguments *arguments, const char *name)
{
    assert(find_long(arguments->options, name, strlen(name)) != NULL);
    const char *value = NULL;
    for (int i = 0; i < arguments->use_count; i++) {
        if (strcmp(arguments->uses[i].option->name, name) == 0) {
            value = arguments->uses[i].value;
        }
    }
    return value;
}

void options_print(const Option *options, Text *text)
{
    for (const Option *option = options; option->name != NULL; option++) {
        if (option->help == NULL) {
            continue;
        }
        Text left = text_new(text->arena);
        if (option->letter != 0) {
            text_format(&left, "-%c, ", option->letter);
        } else {
            text_string(&left, "    ");
        }
        text_format(&left, "--%s", option->name);
        if (option->kind == OPTION_VALUE) {
            text_format(&left, "=%s", option->value);
        } else if (option->kind == OPTION_OPTIONAL) {
            text_format(&left, "[=%s]", option->value);
        }
        text_format(text, "  %-26s %s\n", left.data, option->help);
    }
}
