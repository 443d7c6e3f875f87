/* cmd_merge.c: `stroma merge`: makes the results of a population from the shards in a folder.
 *
 * The first shard knows how it was called; that call is made again, but for the integration. So the
 * study must still be where it was, and unchanged.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/cli.h"
#include "cli/population.h"

#include "base/file.h"
#include "base/number.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const Option options[] = {
    {"jobs", OPTION_VALUE, 'j', false, "N", "threads (default: one for each core)"},
    OPTION_QUIET,
    OPTION_HELP,
    OPTION_END,
};

/* The first shard in the folder: its stem and how many there are. */
static bool find_shards(const Cli *cli, const char *folder, const char **stem, int *count)
{
    static const char ending[] = ".journal";
    static const char middle[] = ".shard-1-of-";
    DIR *directory = opendir(folder);
    if (directory == NULL) {
        cli_complain("cannot read the folder '%s': %s", folder, strerror(errno));
        return false;
    }
    bool found = false;
    for (struct dirent *entry; !found && (entry = readdir(directory)) != NULL;) {
        const char *name = entry->d_name;
        const char *mark = strstr(name, middle);
        const char *digits = mark == NULL ? "" : mark + strlen(middle);
        size_t length = strspn(digits, "0123456789");
        if (name[0] == '.' && length > 0 && strcmp(digits + length, ending) == 0) {
            const char *path = file_join(cli->arena, folder, name);
            *stem = arena_copy(cli->arena, path, strlen(path) - strlen(ending));
            *count = (int)strtol(digits, NULL, 10);
            found = true;
        }
    }
    closedir(directory);
    if (!found) {
        cli_complain("there is no first shard in '%s': run them with stroma run STUDY.cfg "
                     "--shard=1/N",
                     folder);
    }
    return found;
}

/* The call that the shard was made by as words of `run`. */
static char **words_of(Cli *cli, const char *call, int *count)
{
    size_t length = strlen(call);
    char **words = arena_array(cli->arena, length + 2, sizeof *words);
    *count = 0;
    while (*call != '\0') {
        size_t span = strcspn(call, (char[]){POPULATION_SEPARATOR, '\0'});
        words[(*count)++] = arena_copy(cli->arena, call, span);
        call += span + (call[span] != '\0');
    }
    return words;
}

static int run_merge(Cli *cli)
{
    const char *folder = cli->arguments.operands[0];
    bool quiet = option_given(&cli->arguments, "quiet");
    const char *jobs_word = option_value(&cli->arguments, "jobs");
    double jobs = 0.0;
    size_t used = 0;
    if (jobs_word != NULL && (!number_read(jobs_word, strlen(jobs_word), &jobs, &used) ||
                              jobs_word[used] != '\0' || !(jobs >= 1.0 && jobs <= 1024.0))) {
        return cli_misused(cli, "'--jobs %s' is not a whole number from 1 to 1024", jobs_word);
    }
    const char *stem = NULL;
    int shards = 0;
    if (!find_shards(cli, folder, &stem, &shards)) {
        return CLI_FILE;
    }
    Spool *spool = NULL;
    SpoolStatus status = spool_open(cli->arena, stem, NULL, &spool);
    if (status != SPOOL_OK) {
        cli_complain("cannot read '%s.journal': %s", stem,
                     status == SPOOL_FILE   ? strerror(errno)
                     : status == SPOOL_BUSY ? "a run works on it"
                                            : "it is damaged");
        return CLI_FILE;
    }
    int count = 0;
    char **words = words_of(cli, spool_shape(spool)->call, &count);
    spool_close(spool);
    if (quiet) {
        words[count++] = arena_format(cli->arena, "--quiet");
    }
    const char *complaint = NULL;
    cli->command = &command_run;
    if (!options_parse(cli->arena, run_options, count, words, &cli->arguments, &complaint)) {
        cli_complain("'%s.journal' was made by another version of stroma: %s", stem, complaint);
        return CLI_DATA;
    }
    return run_call(cli, shards, (int)jobs, folder);
}

const Command command_merge = {
    .name = "merge",
    .run = run_merge,
    .summary = "make the results of a population from its shards",
    .operands = "DIR [OPTION]...",
    .operands_min = 1,
    .operands_max = 1,
    .examples =
        "  stroma run params/msc-population.cfg --shard=1/2\n"
        "  stroma run params/msc-population.cfg --shard=2/2     on any machine with that folder\n"
        "  stroma merge out/msc-population\n",
    .options = options,
};
