/* program.c: the program `stroma`; mpi.c is the other one.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/cli.h"

int main(int argc, char **argv)
{
    Arena *arena = arena_new();
    const char *folder;
    cli_prepare(arena);
    int code = cli_main(arena, argc, argv, true, &folder);
    arena_free(arena);
    return code;
}
