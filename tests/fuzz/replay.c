/* replay.c: calls a fuzz target once for each file named, so that whatever once broke stays mended.
 * Usage: replay_<target> FILE...; exits 1 if no file was named or one cannot be read.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include "base/arena.h"

#include <stdio.h>

/* A copy of its own size on the heap, so that a sanitizer sees a read beyond the end. */
static int replay(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        return 1;
    }
    Arena *arena = arena_new();
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    rewind(file);
    unsigned char *bytes = arena_alloc(arena, (size_t)size);
    size_t got = fread(bytes, 1, (size_t)size, file);
    fclose(file);
    printf("%s\n", path);
    fflush(stdout); // the last name printed is the one that broke
    int code = LLVMFuzzerTestOneInput(bytes, got);
    arena_free(arena);
    return code;
}

int main(int argc, char **argv)
{
    int failed = argc < 2;
    for (int i = 1; i < argc; i++) {
        failed |= replay(argv[i]);
    }
    return failed;
}
