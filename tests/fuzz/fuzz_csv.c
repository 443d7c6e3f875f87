/* fuzz_csv.c: any bytes as a CSV. They must be refused with words or become a table that is written
 * and read back to the same cells. SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include "table/csv.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void write_file(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(bytes, 1, size, file) != size || fclose(file) != 0) {
        abort(); // the machine, not the program
    }
}

static bool same_cell(const Table *a, const Table *b, size_t row, int column)
{
    double left = table_cell(a, row, column);
    double right = table_cell(b, row, column);
    if (a->columns[column].kind == TABLE_TEXT && b->columns[column].kind == TABLE_TEXT) {
        return strcmp(a->columns[column].words[(int)left], b->columns[column].words[(int)right]) ==
               0;
    }
    return (isnan(left) && isnan(right)) || left == right;
}

static void compare(const Table *a, const Table *b)
{
    assert(a->column_count == b->column_count && a->row_count == b->row_count);
    for (int column = 0; column < a->column_count; column++) {
        assert(strcmp(a->columns[column].name, b->columns[column].name) == 0);
        assert(a->columns[column].kind == b->columns[column].kind);
        for (size_t row = 0; row < a->row_count; row++) {
            assert(same_cell(a, b, row, column));
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Arena *arena = arena_new();
    Diag *diag = diag_new(arena);
    char *path = arena_format(arena, "/tmp/stroma-fuzz-%ld.csv", (long)getpid());
    write_file(path, data, size);
    const Table *table = csv_read(arena, path, diag);
    Text text = text_new(arena);
    diag_print(diag, &text, false);
    assert(table || diag_errors(diag) > 0); // never refused without a word
    if (table && csv_write(table, 0, path)) {
        const Table *again = csv_read(arena, path, diag);
        assert(again);
        compare(table, again);
    }
    unlink(path);
    arena_free(arena);
    return 0;
}
