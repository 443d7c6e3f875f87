/* places.c: see places.h.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/places.h"

#include "base/file.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_ROOM = 4096 };

/* The folder of the running program, or NULL where /proc does not tell. */
static const char *program_folder(Arena *arena)
{
    char path[PATH_ROOM];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    if (length <= 0) {
        return NULL;
    }
    return file_folder(arena, arena_copy(arena, path, (size_t)length));
}

const char *places_data(Arena *arena)
{
    assert(arena != NULL);
    const char *folder = program_folder(arena);
    if (folder != NULL) {
        const char *beside = file_join(arena, file_folder(arena, folder), "share/stroma");
        if (file_exists(beside)) {
            return beside;
        }
        char *built = realpath(STROMA_BINARY_DIR, arena_alloc(arena, PATH_ROOM));
        if (built != NULL && strcmp(built, folder) == 0) {
            return STROMA_SOURCE_DIR;
        }
    }
    return file_exists(STROMA_INSTALL_DATADIR) ? STROMA_INSTALL_DATADIR : NULL;
}

SearchPath places_models(Arena *arena)
{
    const char *list = getenv("STROMA_PATH");
    const char **folders = NULL;
    size_t count = 0;
    size_t capacity = 0;
    while (list != NULL && *list != '\0') {
        size_t length = strcspn(list, ":");
        if (length > 0) {
            folders = arena_grow(arena, folders, count, &capacity, sizeof *folders);
            folders[count++] = arena_copy(arena, list, length);
        }
        list += length + (list[length] == ':');
    }
    const char *data = places_data(arena);
    if (data != NULL) {
        folders = arena_grow(arena, folders, count, &capacity, sizeof *folders);
        folders[count++] = file_join(arena, data, "models");
    }
    return (SearchPath){.folders = folders, .count = (int)count};
}

const char *places_template(Arena *arena, const char **tried)
{
    const char *data = places_data(arena);
    *tried = file_join(arena, data == NULL ? STROMA_INSTALL_DATADIR : data, "plots/profile.gp");
    const Source *source = NULL;
    return source_read(arena, *tried, &source) == SOURCE_OK ? source->text : NULL;
}

static bool has_ending(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot != NULL && (strcmp(dot, ".cfg") == 0 || strcmp(dot, ".stroma") == 0);
}

const char *places_near_file(Arena *arena, const char *path)
{
    const char *name = file_base(path);
    if (!has_ending(name)) {
        const char *beside = arena_format(arena, "%s.cfg", path);
        if (file_exists(beside)) {
            return beside;
        }
        name = arena_format(arena, "%s.cfg", name);
    }
    const char *data = places_data(arena);
    const char *roots[] = {"params", "models",
                           data == NULL ? NULL : file_join(arena, data, "params"),
                           data == NULL ? NULL : file_join(arena, data, "models")};
    for (size_t i = 0; i < sizeof roots / sizeof roots[0]; i++) {
        if (roots[i] == NULL) {
            continue;
        }
        const char *candidate = file_join(arena, roots[i], name);
        if (strcmp(candidate, path) != 0 && file_exists(candidate)) {
            return candidate;
        }
    }
    return NULL;
}
