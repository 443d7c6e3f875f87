/* hdf5.c: loads the module that holds the HDF5 library, and gives files their names. See hdf5.h.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "table/hdf5_module.h"

#include "base/file.h"

#include <assert.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct Hdf5Library {
    const Hdf5Module *module;
};

struct Hdf5 {
    const Hdf5Module *module;
    const char *path, *temporary;
    Hdf5Handles handles;
};

const Hdf5Library *hdf5_load(Arena *arena, const char *path, const char **words)
{
    assert(arena != NULL && path != NULL && words != NULL);
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL) {
        const char *why = dlerror();
        *words = arena_copy(arena, why, strlen(why));
        return NULL;
    }
    const Hdf5Module *module = dlsym(handle, HDF5_MODULE_SYMBOL);
    if (module == NULL || module->version != HDF5_MODULE_VERSION) {
        *words = arena_format(arena, "'%s' belongs to another version of stroma", path);
        dlclose(handle);
        return NULL;
    }
    Hdf5Library *library = arena_alloc(arena, sizeof *library);
    library->module = module;
    return library;
}

Hdf5 *hdf5_create(const Hdf5Library *library, Arena *arena, const char *path)
{
    assert(library != NULL && arena != NULL && path != NULL);
    Hdf5 *file = arena_alloc(arena, sizeof *file);
    file->module = library->module;
    file->path = arena_copy(arena, path, strlen(path));
    file->temporary = arena_format(arena, "%s/.%s.%ld.part", file_folder(arena, path),
                                   file_base(path), (long)getpid());
    return file->module->create(file->temporary, &file->handles) ? file : NULL;
}

bool hdf5_put_vector(Hdf5 *file, Hdf5Label label, const double *values, size_t count)
{
    return file->module->put_vector(&file->handles, label, values, count);
}

bool hdf5_make_matrix(Hdf5 *file, Hdf5Label label, size_t rows, size_t columns, size_t chunk_rows)
{
    return file->module->make_matrix(&file->handles, label, rows, columns, chunk_rows);
}

bool hdf5_put_rows(Hdf5 *file, const char *name, const Hdf5Block *block, const double *values)
{
    return file->module->put_rows(&file->handles, name, block, values);
}

bool hdf5_finish(Hdf5 *file, bool good)
{
    errno = good ? 0 : errno;
    good = file->module->close(&file->handles) && good;
    int why = errno;
    if (good && rename(file->temporary, file->path) == 0) {
        return true;
    }
    why = good ? errno : why;
    unlink(file->temporary);
    errno = why != 0 ? why : EIO;
    return false;
}
