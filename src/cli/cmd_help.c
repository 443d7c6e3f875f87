/* cmd_help.c: `stroma help`: the program or one command in a page.
 *
 * The hidden option --options prints the option table of a command (without a command: the
 * commands) for machines: long name, short name, value, words, with tabs between. The completion
 * and the comparison with the man pages live on it.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/cli.h"

static const Option options[] = {
    {"options", OPTION_FLAG, 0, true, NULL, NULL},
    OPTION_HELP,
    OPTION_END,
};

static void program_help(Text *text)
{
    text_string(text, "Usage: stroma COMMAND [OPTION]... [FILE]...\n"
                      "Integrates pharmacodynamic models; a study file in, tables and plots out.\n"
                      "\n"
                      "Examples:\n"
                      "  stroma run params/msc-iv.cfg          run a study, write out/msc-iv/\n"
                      "  stroma check models/msc.stroma        look for mistakes, run nothing\n"
                      "  stroma explain M001                   what an error code means\n"
                      "\n"
                      "Commands:\n");
    for (const Command *const *command = cli_commands(); *command != NULL; command++) {
        text_format(text, "  %-9s %s\n", (*command)->name, (*command)->summary);
    }
    text_string(text, "\n"
                      "'stroma COMMAND --help' shows examples and options of a command;\n"
                      "'stroma --version' shows version and licence. Manual: stroma(1).\n");
}

void cli_help(const Command *command, Text *text)
{
    if (command == NULL) {
        program_help(text);
        return;
    }
    text_format(text, "Usage: stroma %s %s\nWhat it does: %s.\n\nExamples:\n%s\nOptions:\n",
                command->name, command->operands, command->summary, command->examples);
    options_print(command->options, text);
    text_format(text, "\nManual: stroma-%s(1).\n", command->name);
}

static void print_for_machines(const Command *command, Text *text)
{
    if (command == NULL) {
        for (const Command *const *each = cli_commands(); *each != NULL; each++) {
            text_format(text, "%s\t%s\n", (*each)->name, (*each)->summary);
        }
        return;
    }
    for (const Option *option = command->options; option->name != NULL; option++) {
        if (option->help == NULL) {
            continue;
        }
        const char *open = option->kind == OPTION_OPTIONAL ? "[" : "";
        const char *close = option->kind == OPTION_OPTIONAL ? "]" : "";
        char letter[] = {'-', option->letter, '\0'};
        text_format(text, "--%s\t%s\t%s%s%s\t%s\n", option->name, option->letter == 0 ? "" : letter,
                    open, option->value == NULL ? "" : option->value, close, option->help);
    }
}

static int run_help(Cli *cli)
{
    const Command *command = NULL;
    if (cli->arguments.operand_count > 0) {
        const char *name = cli->arguments.operands[0];
        const char *near = NULL;
        command = cli_find_command(cli->arena, name, &near);
        if (command == NULL && near != NULL) {
            return cli_misused(cli, "unknown command '%s'; did you mean '%s'?", name, near);
        }
        if (command == NULL) {
            return cli_misused(cli, "unknown command '%s'", name);
        }
    }
    Text text = text_new(cli->arena);
    if (option_given(&cli->arguments, "options")) {
        print_for_machines(command, &text);
    } else {
        cli_help(command, &text);
    }
    cli_print(cli, &text);
    return CLI_OK;
}

const Command command_help = {
    .name = "help",
    .run = run_help,
    .summary = "show examples and options of a command",
    .operands = "[COMMAND]",
    .operands_min = 0,
    .operands_max = 1,
    .examples = "  stroma help                           the commands\n"
                "  stroma help run                       the options of 'stroma run'\n",
    .options = options,
};
