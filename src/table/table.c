/* table.c: named columns, cells row by row. The room doubles when it is full; a table that is made
 * with its final number of rows never moves. SPDX-License-Identifier: GPL-3.0-or-later */
#include "table/table.h"

#include <assert.h>
#include <string.h>

static const char *copy_text(Arena *arena, const char *text)
{
    return text == NULL ? "" : arena_copy(arena, text, strlen(text));
}

static void copy_column(Arena *arena, TableColumn *to, const TableColumn *from)
{
    to->name = copy_text(arena, from->name);
    to->unit = copy_text(arena, from->unit);
    to->text = copy_text(arena, from->text);
    to->kind = from->kind;
    to->word_count = from->word_count;
    size_t count = (size_t)from->word_count;
    to->words = count == 0 ? NULL : arena_array(arena, count, sizeof *to->words);
    for (size_t i = 0; i < count; i++) {
        to->words[i] = copy_text(arena, from->words[i]);
    }
}

Table *table_new(Arena *arena, const TableColumn *columns, int column_count, size_t rows)
{
    assert(arena != NULL && columns != NULL && column_count > 0);
    Table *table = arena_alloc(arena, sizeof *table);
    table->arena = arena;
    table->column_count = column_count;
    table->columns = arena_array(arena, (size_t)column_count, sizeof *table->columns);
    for (int i = 0; i < column_count; i++) {
        copy_column(arena, &table->columns[i], &columns[i]);
    }
    table->row_capacity = rows;
    if (rows > 0) {
        table->cells = arena_array(arena, rows, (size_t)column_count * sizeof *table->cells);
    }
    return table;
}

double *table_add_row(Table *table)
{
    assert(table != NULL && table->row_count <= table->row_capacity);
    size_t width = (size_t)table->column_count;
    table->cells = arena_grow(table->arena, table->cells, table->row_count, &table->row_capacity,
                              width * sizeof *table->cells);
    double *row = table->cells + table->row_count++ * width;
    memset(row, 0, width * sizeof *row);
    return row;
}

double table_cell(const Table *table, size_t row, int column)
{
    assert(table != NULL && row < table->row_count);
    assert(column >= 0 && column < table->column_count);
    return table->cells[row * (size_t)table->column_count + (size_t)column];
}

int table_find(const Table *table, const char *name)
{
    assert(table != NULL && name != NULL);
    for (int i = 0; i < table->column_count; i++) {
        if (strcmp(table->columns[i].name, name) == 0) {
            return i;
        }
    }
    return -1;
}
