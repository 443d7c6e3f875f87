/* csv.h: tables as RFC 4180 text: one header line, LF, shortest digits that read back, NA for NaN.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_TABLE_CSV_H
#define STROMA_TABLE_CSV_H

#include "base/diag.h"
#include "base/file.h"
#include "table/table.h"

/* Writes the first `columns` columns (0: all) to path ("-": standard output), complete or not at
 * all. False: errno says why. */
bool csv_write(const Table *table, int columns, const char *path);

/* Writes name,unit,description of the first `columns` columns. */
bool csv_write_columns(const Table *table, int columns, const char *path);

/* Piece by piece, for tables that are larger than memory: a cell, the comma before the next, the
 * end of a row. */
void csv_put_text(OutFile *file, const char *text);
void csv_put_number(OutFile *file, double value);
void csv_put_next(OutFile *file);
void csv_put_end(OutFile *file);
/* Commits the file if all went well, else abandons it; errno is kept. */
bool csv_finish(OutFile *file, bool good);

/* Reads a CSV. Columns whose every value is a number, NA, "." or empty are numbers, others text.
 * Quotes, CRLF and a byte order mark are accepted. NULL: diag holds why, with line and column. */
Table *csv_read(Arena *arena, const char *path, Diag *diag);

/* The text cut into fields, for readers that judge each of them by its place. */
typedef struct {
    uint32_t start; // in the source, without blanks and quotes
    uint32_t length;
    bool doubled; // holds "" for "
} CsvField;

typedef struct {
    const Source *source;
    CsvField *fields; // row by row, the header first: ((rows + 1) × columns)
    size_t columns;
    size_t rows; // without the header
} CsvFields;

/* False: diag holds why; lines with a wrong number of fields are complained of and left out. */
bool csv_fields(Arena *arena, const char *path, Diag *diag, CsvFields *fields);

/* The words of a field, quotes undone; its number (NaN where it is missing: empty, "." or NA). */
const char *csv_text(Arena *arena, const CsvFields *fields, const CsvField *field);
bool csv_number(const CsvFields *fields, const CsvField *field, double *value);

#endif
