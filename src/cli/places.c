/* places.c: see places.h.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/places.h"

#include "base/file.h"
#include "base/names.h"

#include <assert.h>
#include <dirent.h>
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

const char *places_module(Arena *arena, const char *name)
{
    const char *folder = program_folder(arena);
    if (folder != NULL) {
        const char *built = file_join(arena, folder, name);
        if (file_exists(built)) {
            return built;
        }
        const char *prefix = file_join(arena, file_folder(arena, folder), STROMA_MODULES);
        const char *beside = file_join(arena, prefix, name);
        if (file_exists(beside)) {
            return beside;
        }
    }
    const char *prefix = file_join(arena, STROMA_INSTALL_PREFIX, STROMA_MODULES);
    const char *installed = file_join(arena, prefix, name);
    return file_exists(installed) ? installed : NULL;
}

const char *places_template(Arena *arena, const char **tried)
{
    return places_plot(arena, "profile", tried);
}

const char *places_plot(Arena *arena, const char *name, const char **tried)
{
    const char *data = places_data(arena);
    const char *file = arena_format(arena, "plots/%s.gp", name);
    *tried = file_join(arena, data == NULL ? STROMA_INSTALL_DATADIR : data, file);
    const Source *source = NULL;
    return source_read(arena, *tried, &source) == SOURCE_OK ? source->text : NULL;
}

bool places_ends_with(const char *name, const char *ending)
{
    size_t length = strlen(name);
    size_t tail = strlen(ending);
    return length > tail && strcmp(name + length - tail, ending) == 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

bool places_list(Arena *arena, const char *folder, const char *ending, Listing *listing)
{
    *listing = (Listing){.names = NULL, .count = 0, .capacity = 0};
    DIR *directory = opendir(folder);
    if (directory == NULL) {
        return false;
    }
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        const char *name = entry->d_name;
        if (name[0] == '.' || !places_ends_with(name, ending)) {
            continue;
        }
        listing->names = arena_grow(arena, listing->names, listing->count, &listing->capacity,
                                    sizeof *listing->names);
        listing->names[listing->count++] = arena_copy(arena, name, strlen(name));
    }
    closedir(directory);
    if (listing->count > 1) {
        qsort(listing->names, listing->count, sizeof *listing->names, by_name);
    }
    return true;
}

const char *places_near_file(Arena *arena, const char *path)
{
    if (path[0] == '\0') {
        return NULL; // a variable of the shell that was not set: nothing is near
    }
    const char *name = file_base(path);
    const char *ending = places_ends_with(name, ".stroma") ? ".stroma" : ".cfg";
    if (!places_ends_with(name, ending)) {
        name = arena_format(arena, "%s%s", name, ending);
    }
    const char *data = places_data(arena);
    const char *roots[] = {file_folder(arena, path), "params", "models",
                           data == NULL ? "params" : file_join(arena, data, "params"),
                           data == NULL ? "models" : file_join(arena, data, "models")};
    enum { ROOT_COUNT = sizeof roots / sizeof roots[0] };
    for (int i = 0; i < ROOT_COUNT; i++) {
        const char *candidate = file_join(arena, roots[i], name);
        if (file_exists(candidate)) {
            return candidate;
        }
    }
    for (int i = 0; i < ROOT_COUNT; i++) {
        Listing listing;
        if (!places_list(arena, roots[i], ending, &listing)) {
            continue;
        }
        const char *near = names_near_list(listing.names, (int)listing.count, name);
        if (near != NULL) {
            return file_join(arena, roots[i], near);
        }
    }
    return NULL;
}
