/* hdf5_module.h: what the program and the module that holds the HDF5 library say to each other.
 *
 * Debian's HDF5 brings thirty libraries along, and looking them up takes longer than a study does.
 * So the program does not know HDF5: hdf5.c loads a module of our own when a file is asked for.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_TABLE_HDF5_MODULE_H
#define STROMA_TABLE_HDF5_MODULE_H

#include "table/hdf5.h"

#include <stdint.h>

/* Both sides must agree on it; raise it with any change below. */
enum { HDF5_MODULE_VERSION = 1 };

#define HDF5_MODULE_SYMBOL "stroma_hdf5_module"

/* Handles of the library. */
typedef struct {
    int64_t file;
    int64_t link; // makes groups on the way
} Hdf5Handles;

typedef struct {
    int version;
    bool (*create)(const char *path, Hdf5Handles *handles);
    bool (*put_vector)(const Hdf5Handles *handles, Hdf5Label label, const double *values,
                       size_t count);
    bool (*make_matrix)(const Hdf5Handles *handles, Hdf5Label label, size_t rows, size_t columns,
                        size_t chunk_rows);
    bool (*put_rows)(const Hdf5Handles *handles, const char *name, const Hdf5Block *block,
                     const double *values);
    bool (*close)(const Hdf5Handles *handles);
} Hdf5Module;

#endif
