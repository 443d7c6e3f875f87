/* cmd_report.c: `stroma report`: runs a study and writes a page about it that people can read.
 *
 * It is `run` with one more file at the end: the words of the command line are made words of `run`.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/cli.h"
#include "cli/population.h"

#include <assert.h>
#include <string.h>

static const Option options[] = {
    {"out", OPTION_VALUE, 'o', false, "DIR", "write into DIR (default: out/<name of the study>)"},
    {"format", OPTION_VALUE, 0, false, "KIND", "html (default), or md: Markdown"},
    {"set", OPTION_VALUE, 's', true, "PATH=VALUE", "change a number of the study; may be repeated"},
    {"no-render", OPTION_FLAG, 0, true, NULL, "make no pictures"},
    {"jobs", OPTION_VALUE, 'j', false, "N",
     "threads for a population (default: one for each core)"},
    OPTION_QUIET,
    OPTION_HELP,
    OPTION_END,
};

static int run_report(Cli *cli)
{
    const Arguments *arguments = &cli->arguments;
    const char *format = option_value(arguments, "format");
    format = format == NULL ? "html" : format;
    if (strcmp(format, "html") != 0 && strcmp(format, "md") != 0) {
        return cli_misused(cli, "'--format %s' is none of html, md", format);
    }
    size_t most = (size_t)arguments->use_count + 3;
    char **words = arena_array(cli->arena, most, sizeof *words);
    int count = 0;
    words[count++] = arena_format(cli->arena, "--page=%s", format);
    for (int i = 0; i < arguments->use_count; i++) {
        const OptionUse *use = &arguments->uses[i];
        if (strcmp(use->option->name, "format") != 0) {
            words[count++] =
                use->value == NULL
                    ? arena_format(cli->arena, "--%s", use->option->name)
                    : arena_format(cli->arena, "--%s=%s", use->option->name, use->value);
        }
    }
    words[count++] = arena_format(cli->arena, "--");
    words[count++] = arena_format(cli->arena, "%s", arguments->operands[0]);
    const char *complaint = NULL;
    bool parsed = options_parse(cli->arena, run_options, count, words, &cli->arguments, &complaint);
    assert(parsed && "an option of report that run does not know");
    (void)parsed;
    return run_call(cli, 0, 0, NULL);
}

const Command command_report = {
    .name = "report",
    .run = run_report,
    .summary = "run a study and write a page about it: arms, results, plots, sources",
    .operands = "STUDY.cfg [OPTION]...",
    .operands_min = 1,
    .operands_max = 1,
    .examples = "  stroma report params/msc-iv.cfg               writes out/msc-iv/msc-iv.html\n"
                "  stroma report params/msc-iv.cfg --format md   Markdown and its pictures\n",
    .options = options,
};
