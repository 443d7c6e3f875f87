/* hdf5_module.c: the only door to the HDF5 library: a shared object of its own. See hdf5_module.h.
 *
 * Chunks are deflated at level 4 behind the byte shuffle, which serves doubles well. Time stamps
 * are switched off for every object. SPDX-License-Identifier: GPL-3.0-or-later */
#include "table/hdf5_module.h"

#include <math.h>
#include <string.h>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
#include <hdf5.h>
#pragma GCC diagnostic pop

enum { DEFLATE_LEVEL = 4 };

static bool create(const char *path, Hdf5Handles *handles)
{
    (void)H5Eset_auto2(H5E_DEFAULT, NULL, NULL); // its words mean nothing to the user
    handles->file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    if (handles->file < 0) {
        return false;
    }
    handles->link = H5Pcreate(H5P_LINK_CREATE);
    (void)H5Pset_create_intermediate_group(handles->link, 1);
    return true;
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
static hid_t make_set(const Hdf5Handles *handles, Hdf5Label label, int rank, const hsize_t *size,
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
    hid_t set = good ? H5Dcreate2(handles->file, label.name, H5T_IEEE_F64LE, space, handles->link,
                                  how, H5P_DEFAULT)
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

static bool put_vector(const Hdf5Handles *handles, Hdf5Label label, const double *values,
                       size_t count)
{
    hsize_t size = count;
    hid_t set = make_set(handles, label, 1, &size, NULL);
    bool good =
        set >= 0 && H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0;
    if (set >= 0) {
        H5Dclose(set);
    }
    return good;
}

static bool make_matrix(const Hdf5Handles *handles, Hdf5Label label, size_t rows, size_t columns,
                        size_t chunk_rows)
{
    hsize_t size[2] = {rows, columns};
    hsize_t chunk[2] = {chunk_rows < rows ? chunk_rows : rows, columns};
    hid_t set = make_set(handles, label, 2, size, chunk);
    return set >= 0 && H5Dclose(set) >= 0;
}

static bool put_rows(const Hdf5Handles *handles, const char *name, const Hdf5Block *block,
                     const double *values)
{
    hsize_t start[2] = {block->first, 0};
    hsize_t size[2] = {block->count, block->columns};
    hid_t set = H5Dopen2(handles->file, name, H5P_DEFAULT);
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

static bool close_file(const Hdf5Handles *handles)
{
    H5Pclose(handles->link);
    return H5Fclose(handles->file) >= 0;
}

/* The only name that leaves the module. */
extern const Hdf5Module stroma_hdf5_module;
__attribute__((visibility("default")))
const Hdf5Module stroma_hdf5_module = {.version = HDF5_MODULE_VERSION,
                                       .create = create,
                                       .put_vector = put_vector,
                                       .make_matrix = make_matrix,
                                       .put_rows = put_rows,
                                       .close = close_file};
