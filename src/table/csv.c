/* csv.c: tables as RFC 4180 text.
 *
 * The cost of a large table is that of its digits: file.h gathers the bytes in blocks. Lines end in
 * LF; a text is quoted only when it has to be.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "table/csv.h"

#include "base/file.h"
#include "base/number.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

static void put(OutFile *file, const char *text)
{
    file_write(file, text, strlen(text));
}

void csv_put_number(OutFile *file, double value)
{
    char digits[NUMBER_TEXT_SIZE];
    int length = number_text(value, digits);
    file_write(file, digits, (size_t)length);
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

static bool needs_quotes(const char *text)
{
    size_t length = strlen(text);
    bool blank = length > 0 && (is_blank(text[0]) || is_blank(text[length - 1]));
    bool marked =
        strncmp(text, "\xef\xbb\xbf", 3) == 0; // a reader would strip it from the first name
    return blank || marked || strpbrk(text, ",\"\r\n") != NULL;
}

void csv_put_text(OutFile *file, const char *text)
{
    if (!needs_quotes(text)) {
        put(file, text);
        return;
    }
    put(file, "\"");
    for (const char *rest = text; *rest != '\0';) {
        size_t plain = strcspn(rest, "\"");
        file_write(file, rest, plain);
        rest += plain;
        if (*rest == '"') {
            put(file, "\"\"");
            rest++;
        }
    }
    put(file, "\"");
}

static void put_header(OutFile *file, const Table *table, int columns)
{
    for (int k = 0; k < columns; k++) {
        put(file, k > 0 ? "," : "");
        csv_put_text(file, table->columns[k].name);
    }
    put(file, "\n");
}

static void put_rows(OutFile *file, const Table *table, int columns)
{
    const double *row = table->cells;
    for (size_t i = 0; i < table->row_count; i++, row += table->column_count) {
        for (int k = 0; k < columns; k++) {
            const TableColumn *column = &table->columns[k];
            put(file, k > 0 ? "," : "");
            if (column->kind == TABLE_NUMBER) {
                csv_put_number(file, row[k]);
                continue;
            }
            int word = (int)row[k];
            assert(word >= 0 && word < column->word_count);
            if (columns == 1 && column->words[word][0] == '\0') {
                put(file, "\"\""); // an empty line would be no row
                continue;
            }
            csv_put_text(file, column->words[word]);
        }
        put(file, "\n");
    }
}

static void put_descriptions(OutFile *file, const Table *table, int columns)
{
    put(file, "name,unit,description\n");
    for (int k = 0; k < columns; k++) {
        const TableColumn *column = &table->columns[k];
        csv_put_text(file, column->name);
        put(file, ",");
        csv_put_text(file, column->unit);
        put(file, ",");
        csv_put_text(file, column->text);
        put(file, "\n");
    }
}

/* Opens, writes by `content` and commits; errno says why when it is false. */
static bool write_file(const Table *table, int columns, const char *path,
                       void (*content)(OutFile *, const Table *, int))
{
    assert(table != NULL && path != NULL && columns >= 0 && columns <= table->column_count);
    columns = columns == 0 ? table->column_count : columns;
    Arena *arena = arena_new();
    OutFile *file = file_create(arena, path);
    bool good = file != NULL;
    if (good) {
        content(file, table, columns);
        good = file_commit(file);
    }
    int why = errno;
    arena_free(arena);
    errno = why;
    return good;
}

static void put_table(OutFile *file, const Table *table, int columns)
{
    put_header(file, table, columns);
    put_rows(file, table, columns);
}

void csv_put_next(OutFile *file)
{
    file_write(file, ",", 1);
}

void csv_put_end(OutFile *file)
{
    file_write(file, "\n", 1);
}

bool csv_finish(OutFile *file, bool good)
{
    if (good) {
        return file_commit(file);
    }
    int why = errno;
    file_abandon(file);
    errno = why;
    return false;
}

bool csv_write(const Table *table, int columns, const char *path)
{
    return write_file(table, columns, path, put_table);
}

bool csv_write_columns(const Table *table, int columns, const char *path)
{
    return write_file(table, columns, path, put_descriptions);
}
