/* mpi.c: `stroma-mpi run STUDY.cfg ...`: the ranks of an MPI job share out a population.
 *
 * Rank r of n runs shard r+1/n with one thread (or as --jobs says) into the folder of the results,
 * which all ranks must see; then rank 0 merges. So nothing is sent but exit codes, and the files
 * are those of one run. What a rank has done is kept when the job dies: start it again with
 * --resume and as many ranks.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/cli.h"

#include <mpi.h>
#include <string.h>

/* The worst exit code of all ranks: 1 (some subjects failed) is no reason not to merge. */
static int worst_of_all(int code)
{
    int worst = code;
    MPI_Allreduce(&code, &worst, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
    return worst;
}

static bool is_given(int argc, char **argv, const char *name, const char *letter)
{
    for (int i = 2; i < argc; i++) {
        size_t length = strlen(name);
        if ((strncmp(argv[i], name, length) == 0 &&
             (argv[i][length] == '=' || argv[i][length] == '\0')) ||
            (letter != NULL && strncmp(argv[i], letter, 2) == 0)) {
            return true;
        }
    }
    return false;
}

static int run_shard(Arena *arena, int argc, char **argv, int rank, int count, const char **folder)
{
    char **words = arena_array(arena, (size_t)argc + 4, sizeof *words);
    int used = 0;
    for (int i = 0; i < argc; i++) {
        words[used++] = argv[i];
    }
    words[used++] = arena_format(arena, "--shard=%d/%d", rank + 1, count);
    if (!is_given(argc, argv, "--jobs", "-j")) {
        words[used++] = arena_format(arena, "--jobs=1");
    }
    if (rank > 0 && !is_given(argc, argv, "--quiet", "-q")) {
        words[used++] = arena_format(arena, "--quiet");
    }
    return cli_main(arena, used, words, false, folder);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    int rank;
    int count;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &count);
    Arena *arena = arena_new();
    cli_prepare(arena);
    int code = CLI_USAGE;
    const char *folder = NULL;
    if (argc < 3 || strcmp(argv[1], "run") != 0 || is_given(argc, argv, "--shard", NULL)) {
        if (rank == 0) {
            cli_words("stroma-mpi: usage: mpirun -n N stroma-mpi run STUDY.cfg [OPTION]...\n"
                      "the options are those of 'stroma run', but for --shard\n");
        }
    } else if (count == 1) {
        code = cli_main(arena, argc, argv, true, &folder);
    } else {
        code = run_shard(arena, argc, argv, rank, count, &folder);
    }
    int worst = worst_of_all(code);
    if (rank == 0 && count > 1 && worst <= CLI_FAILED && folder != NULL) {
        char *words[] = {argv[0], arena_format(arena, "merge"), (char *)(size_t)folder,
                         arena_format(arena, "--quiet")};
        int used = is_given(argc, argv, "--quiet", "-q") ? 4 : 3;
        worst = cli_main(arena, used, words, true, &folder);
    }
    MPI_Bcast(&worst, 1, MPI_INT, 0, MPI_COMM_WORLD);
    arena_free(arena);
    MPI_Finalize();
    return worst;
}
