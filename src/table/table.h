/* table.h: named columns with units; the shape of every result.
 *
 * A column holds doubles, or (kind TABLE_TEXT) numbers of entries in its list of words, such as the
 * names of arms. Rows are added at the end. NaN is written as NA.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_TABLE_TABLE_H
#define STROMA_TABLE_TABLE_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>

typedef enum { TABLE_NUMBER, TABLE_TEXT } TableKind;

typedef struct {
    const char *name; // plain: as in the CSV header
    const char *unit; // "" if none
    const char *text; // description, "" if none
    TableKind kind;
    const char **words; // TABLE_TEXT: (word_count)
    int word_count;
} TableColumn;

typedef struct {
    Arena *arena;
    TableColumn *columns;
    int column_count;
    double *cells; // (row_capacity × column_count), row by row
    size_t row_count;
    size_t row_capacity;
} Table;

/* An empty table; columns (copied) are fixed from now on. Room for `rows` is taken at once. */
Table *table_new(Arena *arena, const TableColumn *columns, int column_count, size_t rows);

/* The cells of a new last row, zeroed. */
double *table_add_row(Table *table);

/* A cell. */
double table_cell(const Table *table, size_t row, int column);

/* Index of a column, or -1. */
int table_find(const Table *table, const char *name);

#endif
