/* hdf5.h: large tables of single subjects as HDF5: matrices, chunked and compressed.
 *
 * Vectors and matrices have a name (a path with "/"), a unit and a description. A matrix is made
 * first and filled by rows. The file appears under its name when it is complete, and has no time
 * stamps: the same numbers are the same bytes. The library comes with a module that is loaded on
 * demand (hdf5_module.h).
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_TABLE_HDF5_H
#define STROMA_TABLE_HDF5_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct Hdf5Library Hdf5Library;
typedef struct Hdf5 Hdf5;

typedef struct {
    const char *name; // "arms/treated/CRP"
    const char *unit; // "" if none
    const char *text; // "" if none
} Hdf5Label;

/* Rows first .. first + count - 1 of a matrix. */
typedef struct {
    size_t first, count, columns;
} Hdf5Block;

/* Loads the module at a path; NULL if it cannot be: *words says why. It stays loaded. */
const Hdf5Library *hdf5_load(Arena *arena, const char *path, const char **words);

/* Begins a file; NULL if it cannot be made. */
Hdf5 *hdf5_create(const Hdf5Library *library, Arena *arena, const char *path);
bool hdf5_put_vector(Hdf5 *file, Hdf5Label label, const double *values, size_t count);
/* rows × columns of NaN, in chunks of chunk_rows × columns. */
bool hdf5_make_matrix(Hdf5 *file, Hdf5Label label, size_t rows, size_t columns, size_t chunk_rows);
/* values[row × columns + column]. */
bool hdf5_put_rows(Hdf5 *file, const char *name, const Hdf5Block *block, const double *values);
/* Closes and renames if `good`, else removes. False if the file is not there then. */
bool hdf5_finish(Hdf5 *file, bool good);

#endif
