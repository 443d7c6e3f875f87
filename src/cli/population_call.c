/* population_call.c: the command line of a population, without what changes no result: it goes into
 * the manifest, and into the spool for merging.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/population.h"

#include <string.h>

static const char *const own_options[] = {"shard", "resume", "subject", "cohort-only",
                                          "individuals"};

bool population_option_given(const Cli *cli, const char **name)
{
    for (size_t i = 0; i < sizeof own_options / sizeof own_options[0]; i++) {
        if (option_given(&cli->arguments, own_options[i])) {
            *name = own_options[i];
            return true;
        }
    }
    return false;
}

/* The words that matter, one after the other. */
static const char **canonical_words(const Cli *cli, int *count)
{
    static const char *const dropped[] = {"jobs", "shard", "resume", "quiet", "page"};
    const Arguments *arguments = &cli->arguments;
    size_t most = (size_t)(arguments->use_count + arguments->operand_count) + 1;
    const char **words = arena_array(cli->arena, most, sizeof *words);
    *count = 0;
    for (int i = 0; i < arguments->operand_count; i++) {
        words[(*count)++] = arguments->operands[i];
    }
    for (int i = 0; i < arguments->use_count; i++) {
        const OptionUse *use = &arguments->uses[i];
        bool drop = false;
        for (size_t k = 0; k < sizeof dropped / sizeof dropped[0]; k++) {
            drop = drop || strcmp(use->option->name, dropped[k]) == 0;
        }
        if (!drop) {
            words[(*count)++] =
                use->value == NULL
                    ? arena_format(cli->arena, "--%s", use->option->name)
                    : arena_format(cli->arena, "--%s=%s", use->option->name, use->value);
        }
    }
    return words;
}

const char *population_call_words(const Cli *cli)
{
    static const char separator = POPULATION_SEPARATOR;
    Text text = text_new(cli->arena);
    int count;
    const char **words = canonical_words(cli, &count);
    for (int i = 0; i < count; i++) {
        text_string(&text, words[i]);
        text_add(&text, &separator, 1);
    }
    return text.data;
}

const char *population_call_line(const Cli *cli)
{
    Text text = text_new(cli->arena);
    int count;
    const char **words = canonical_words(cli, &count);
    text_string(&text, "stroma run");
    for (int i = 0; i < count; i++) {
        text_string(&text, " ");
        cli_quote(&text, words[i]);
    }
    return text.data;
}
