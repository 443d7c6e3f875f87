/* hdf5.c: the only door to the HDF5 library. See hdf5.h.
 *
 * Chunks are deflated at level 4 behind the byte shuffle, which serves doubles well. Time stamps
 * are switched off for every object. SPDX-License-Identifier: GPL-3.0-or-later */
#include "table/hdf5.h"

#include "base/file.h"

#include <assert.h>

#ifdef STROMA_HDF5
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
#include <hdf5.h>
#pragma GCC diagnostic pop

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { DEFLATE_LEVEL = 4 };

struct Hdf5 {
    const char *path, *temporary;
    hid_t file;
    hid_t link; // makes groups on the way
};

bool hdf5_is_there(void)
{
    return true;
}

Hdf5 *hdf5_create(Arena *arena, const char *path)
{
    assert(arena != NULL && path != NULL);
    (void)H5Eset_auto2(H5E_DEFAULT, NULL, NULL); // its words mean nothing to the user
    Hdf5 *file = arena_alloc(arena, sizeof *file);
    file->path = arena_copy(arena, path, strlen(path));
    file->temporary = arena_format(arena, "%s/.%s.%ld.part", file_folder(arena, path),
                                   file_base(path), (long)getpid());
    file->file = H5Fcreate(file->temporary, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    if (file->file < 0) {
        return NULL;
    }
    file->link = H5Pcreate(H5P_LINK_CREATE);
    (void)H5Pset_create_intermediate_group(file->link, 1);
    return file;
}

static bool put_word(hid_t set, const char *name, const char *word)
{
    hid_t type = H5Tcopy(H5T_C_S1);
    hid_t space = H5Screate(H5S_SCALAR);
    bool good = H5Tset_size(type, strlen(word) + 1) >= 0 && H5Tset_cset(type, H5T_CSET_UTF8) >= 0;
    hid_t attribute = good ? H5Acreate2(set, name, type, space, H5P_DEFAULT, H5P_DEFAULT) : -1;
    good = attribute >= 0 && H5Awrite(attribute, type, word) >= 0;
    if (attribute >= 0) {
        H5Aclose(attribute);
    }
    H5Sclose(space);
    H5Tclose(type);
    return good;
}

/* A data set of one or two dimensions, open; negative if it cannot be made. */
static hid_t make_set(const Hdf5 *file, Hdf5Label label, int rank, const hsize_t *size,
                      const hsize_t *chunk)
{
    static const double nothing = (double)NAN;
    hid_t space = H5Screate_simple(rank, size, NULL);
    hid_t how = H5Pcreate(H5P_DATASET_CREATE);
    bool good = space >= 0 && how >= 0 && H5Pset_obj_track_times(how, 0) >= 0;
    if (chunk != NULL) {
        good = good && H5Pset_chunk(how, rank, chunk) >= 0 && H5Pset_shuffle(how) >= 0 &&
               H5Pset_deflate(how, DEFLATE_LEVEL) >= 0 &&
               H5Pset_fill_value(how, H5T_NATIVE_DOUBLE, &nothing) >= 0;
    }
    hid_t set = good ? H5Dcreate2(file->file, label.name, H5T_IEEE_F64LE, space, file->link, how,
                                  H5P_DEFAULT)
                     : -1;
    H5Pclose(how);
    H5Sclose(space);
    if (set >= 0 &&
        (!put_word(set, "unit", label.unit) || !put_word(set, "description", label.text))) {
        H5Dclose(set);
        return -1;
    }
    return set;
}

bool hdf5_put_vector(Hdf5 *file, Hdf5Label label, const double *values, size_t count)
{
    hsize_t size = count;
    hid_t set = make_set(file, label, 1, &size, NULL);
    bool good =
        set >= 0 && H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0;
    if (set >= 0) {
        H5Dclose(set);
    }
    return good;
}

bool hdf5_make_matrix(Hdf5 *file, Hdf5Label label, size_t rows, size_t columns, size_t chunk_rows)
{
    hsize_t size[2] = {rows, columns};
    hsize_t chunk[2] = {chunk_rows < rows ? chunk_rows : rows, columns};
    hid_t set = make_set(file, label, 2, size, chunk);
    return set >= 0 && H5Dclose(set) >= 0;
}

bool hdf5_put_rows(Hdf5 *file, const char *name, size_t first, size_t count, size_t columns,
                   const double *values)
{
    hsize_t start[2] = {first, 0};
    hsize_t size[2] = {count, columns};
    hid_t set = H5Dopen2(file->file, name, H5P_DEFAULT);
    if (set < 0) {
        return false;
    }
    hid_t space = H5Dget_space(set);
    hid_t memory = H5Screate_simple(2, size, NULL);
    bool good = H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, size, NULL) >= 0 &&
                H5Dwrite(set, H5T_NATIVE_DOUBLE, memory, space, H5P_DEFAULT, values) >= 0;
    H5Sclose(memory);
    H5Sclose(space);
    return H5Dclose(set) >= 0 && good;
}

bool hdf5_finish(Hdf5 *file, bool good)
{
    int why = errno;
    H5Pclose(file->link);
    good = H5Fclose(file->file) >= 0 && good;
    if (good && rename(file->temporary, file->path) == 0) {
        return true;
    }
    unlink(file->temporary);
    errno = why != 0 ? why : EIO;
    return false;
}

#else

bool hdf5_is_there(void)
{
    return false;
}

Hdf5 *hdf5_create(Arena *arena, const char *path)
{
    (void)arena, (void)path;
    return NULL;
}

bool hdf5_put_vector(Hdf5 *file, Hdf5Label label, const double *values, size_t count)
{
    (void)file, (void)label, (void)values, (void)count;
    return false;
}

bool hdf5_make_matrix(Hdf5 *file, Hdf5Label label, size_t rows, size_t columns, size_t chunk_rows)
{
    (void)file, (void)label, (void)rows, (void)columns, (void)chunk_rows;
    return false;
}

bool hdf5_put_rows(Hdf5 *file, const char *name, size_t first, size_t count, size_t columns,
                   const double *values)
{
    (void)file, (void)name, (void)first, (void)count, (void)columns, (void)values;
    return false;
}

bool hdf5_finish(Hdf5 *file, bool good)
{
    (void)file, (void)good;
    return false;
}

#endif
