/* main.c: the program `stroma`: a table of commands and the dispatch.
 *
 * To add a command: (1) cmd_<name>.c with one `const Command command_<name>`, whose option table
 * parses and prints --help; (2) its declaration in cli.h and a line in the table below; (3) its
 * source in CMakeLists.txt; (4) src/man/stroma-<name>.1 and a line in stroma.1; (5) a folder in
 * tests/cli. The completion asks the program for commands and options, so it needs nothing.
 *
 * run_command is the only place that checks that stdout took everything (a full disk, a closed
 * pipe): results that nobody received are a failure.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/cli.h"
#include "cli/interrupt.h"

#include "base/names.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const Command *const commands[] = {
    &command_run,   &command_fit,     &command_profile, &command_compare,
    &command_merge, &command_check,   &command_show,    &command_plot,
    &command_list,  &command_report,  &command_params,  &command_serve,
    &command_sens,  &command_explain, &command_help,    NULL,
};

const Command *const *cli_commands(void)
{
    return commands;
}

const Command *cli_find_command(Arena *arena, const char *name, const char **near)
{
    enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] - 1 };
    const char **names = arena_array(arena, COMMAND_COUNT, sizeof *names);
    for (int i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(commands[i]->name, name) == 0) {
            return commands[i];
        }
        names[i] = commands[i]->name;
    }
    *near = names_near_list(names, COMMAND_COUNT, name);
    return NULL;
}

/* A program started with a closed stdin, stdout or stderr would give that number to the first file
 * it opens, and words would end up in a table. The numbers are taken here, in the wrong direction,
 * so that any use of them fails as it should. */
static void occupy_standard_files(void)
{
    for (int descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO; descriptor++) {
        if (fcntl(descriptor, F_GETFD) < 0 && errno == EBADF) {
            (void)!open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY);
        }
    }
}

/* EPIPE needs no words: the reader went away on purpose, as `head` does. */
static int settle_stdout(Cli *cli, int code, bool last)
{
    if (fflush(stdout) != 0 && cli->stdout_error == 0) {
        cli->stdout_error = errno;
    }
    if (last && fclose(stdout) != 0 && cli->stdout_error == 0) {
        cli->stdout_error = errno;
    }
    if (cli->stdout_error == 0) {
        return code;
    }
    if (cli->stdout_error != EPIPE) {
        cli_complain("cannot write to standard output: %s",
                     cli->stdout_error == EBADF ? "it is closed" : strerror(cli->stdout_error));
    }
    return code == CLI_OK || code == CLI_FAILED ? CLI_FILE : code;
}

static int print_version(Cli *cli)
{
    Text text = text_new(cli->arena);
    text_string(&text,
                "stroma " STROMA_VERSION "\n"
                "Copyright (C) 2026 the stroma authors\n"
                "License GPLv3+: GNU GPL version 3 or later <https://gnu.org/licenses/gpl.html>.\n"
                "This is free software: you are free to change and redistribute it.\n"
                "There is NO WARRANTY, to the extent permitted by law.\n");
    cli_print(cli, &text);
    return CLI_OK;
}

static int print_help(Cli *cli, const Command *command)
{
    Text text = text_new(cli->arena);
    cli_help(command, &text);
    cli_print(cli, &text);
    return CLI_OK;
}

static int run_command(Cli *cli, int argc, char **argv)
{
    const char *complaint = NULL;
    const Command *command = cli->command;
    if (!options_parse(cli->arena, command->options, argc, argv, &cli->arguments, &complaint)) {
        return cli_misused(cli, "%s", complaint);
    }
    if (option_given(&cli->arguments, "help")) {
        return print_help(cli, command);
    }
    int count = cli->arguments.operand_count;
    if (count < command->operands_min) {
        return cli_misused(cli, "an operand is missing: stroma %s %s", command->name,
                           command->operands);
    }
    if (command->operands_max >= 0 && count > command->operands_max) {
        return cli_misused(cli, "one operand too many: '%s'",
                           cli->arguments.operands[command->operands_max]);
    }
    return command->run(cli);
}

static int dispatch(Cli *cli)
{
    if (cli->argc < 2) {
        Text text = text_new(cli->arena);
        cli_help(NULL, &text);
        cli_words("%s", text.data);
        return CLI_USAGE;
    }
    const char *word = cli->argv[1];
    if (strcmp(word, "--version") == 0) {
        return print_version(cli);
    }
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
        return print_help(cli, NULL);
    }
    const char *near = NULL;
    cli->command = cli_find_command(cli->arena, word, &near);
    if (cli->command != NULL) {
        return run_command(cli, cli->argc - 2, cli->argv + 2);
    }
    const char *what = word[0] == '-' ? "option" : "command";
    if (near != NULL) {
        return cli_misused(cli, "unknown %s '%s'; did you mean '%s'?", what, word, near);
    }
    return cli_misused(cli, "unknown %s '%s'", what, word);
}

/* Not our fault, but there is no way on either. */
static void out_of_memory(void *context, size_t bytes)
{
    (void)context;
    cli_complain("out of memory (%zu bytes asked for)", bytes);
    _exit(CLI_BUG);
}

int cli_main(Arena *arena, int argc, char **argv, bool last, const char **folder)
{
    const char *plain = getenv("NO_COLOR");
    const char *kind = getenv("TERM");
    bool terminal = isatty(STDERR_FILENO) != 0 && kind != NULL && strcmp(kind, "dumb") != 0;
    Cli cli = {.arena = arena,
               .command = NULL,
               .argc = argc,
               .argv = argv,
               .terminal = terminal,
               .colour = terminal && (plain == NULL || *plain == '\0')};
    int code = settle_stdout(&cli, dispatch(&cli), last);
    *folder = cli.folder;
    return code;
}

void cli_prepare(Arena *arena)
{
    occupy_standard_files();
    interrupt_prepare();
    arena_on_out_of_memory(arena, out_of_memory, NULL);
}
