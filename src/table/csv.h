/* csv.h: tables as RFC 4180 text: one header line, LF, shortest digits that read back, NA for NaN.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_TABLE_CSV_H
#define STROMA_TABLE_CSV_H

#include "base/diag.h"
#include "table/table.h"

/* Writes the first `columns` columns (0: all) to path ("-": standard output), complete or not at
 * all. False: errno says why. */
bool csv_write(const Table *table, int columns, const char *path);

/* Writes name,unit,description of the first `columns` columns. */
bool csv_write_columns(const Table *table, int columns, const char *path);

/* Reads a CSV. Columns whose every value is a number, NA, "." or empty are numbers, others text.
 * Quotes, CRLF and a byte order mark are accepted. NULL: diag holds why, with line and column. */
Table *csv_read(Arena *arena, const char *path, Diag *diag);

#endif
