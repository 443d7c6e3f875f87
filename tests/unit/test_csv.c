/* test_csv.c: tables out to CSV and back.
 *
 * Expected bytes are written out by hand from RFC 4180; numbers that must survive are compared by
 * their bits.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "table/csv.h"
#include "unit/suite.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    Arena *arena;
    char folder[64];
    char path[96];
} Place;

static Place open_place(void)
{
    Place place = {.arena = arena_new()};
    snprintf(place.folder, sizeof place.folder, "/tmp/stroma csv é XXXXXX");
    CU_ASSERT_FATAL(mkdtemp(place.folder) != NULL);
    snprintf(place.path, sizeof place.path, "%s/table.csv", place.folder);
    return place;
}

static void close_place(Place *place)
{
    unlink(place->path);
    CU_ASSERT(rmdir(place->folder) == 0); // nothing else was left behind
    arena_free(place->arena);
}

static char *file_text(const Place *place)
{
    const Source *source;
    CU_ASSERT_FATAL(source_read(place->arena, place->path, &source) == SOURCE_OK);
    return arena_copy(place->arena, source->text, source->length);
}

static void make_file(const Place *place, const char *bytes)
{
    FILE *file = fopen(place->path, "wb");
    CU_ASSERT_FATAL(file != NULL);
    CU_ASSERT(fputs(bytes, file) >= 0 && fclose(file) == 0);
}

static Table *sample(Arena *arena)
{
    static const char *words[] = {"untreated", "a,b", "say \"x\"", " blank", ""};
    TableColumn columns[3] = {
        {.name = "arm", .kind = TABLE_TEXT, .words = words, .word_count = 5},
        {.name = "time", .unit = "day", .text = "time since the first dose, in days"},
        {.name = "msc.viable", .unit = "cell", .text = "cells \"alive\""}};
    Table *table = table_new(arena, columns, 3, 1);
    static const double cells[5][3] = {
        {0, 0, 0.1}, {1, 1e21, -0.0}, {2, 1.0 / 3.0, 5e-324}, {3, DBL_MAX, 123456789}, {4, 2, 3}};
    for (int i = 0; i < 5; i++) {
        double *row = table_add_row(table);
        memcpy(row, cells[i], sizeof cells[i]);
    }
    table->cells[4 * 3 + 2] = NAN;
    return table;
}

static void test_table_grows_and_finds_columns(void)
{
    Arena *arena = arena_new();
    TableColumn columns[2] = {{.name = "a"}, {.name = "b", .unit = "mg"}};
    Table *table = table_new(arena, columns, 2, 0);
    for (int i = 0; i < 1000; i++) {
        double *row = table_add_row(table);
        CU_ASSERT(row[0] == 0.0 && row[1] == 0.0);
        row[0] = i;
        row[1] = -i;
    }
    CU_ASSERT(table->row_count == 1000);
    CU_ASSERT(table_cell(table, 999, 1) == -999.0 && table_cell(table, 17, 0) == 17.0);
    CU_ASSERT(table_find(table, "b") == 1 && table_find(table, "c") == -1);
    CU_ASSERT_STRING_EQUAL(table->columns[0].unit, "");
    arena_free(arena);
}

static void test_written_bytes(void)
{
    Place place = open_place();
    Table *table = sample(place.arena);
    CU_ASSERT(csv_write(table, 0, place.path));
    CU_ASSERT_STRING_EQUAL(file_text(&place), "arm,time,msc.viable\n"
                                              "untreated,0,0.1\n"
                                              "\"a,b\",1e+21,-0\n"
                                              "\"say \"\"x\"\"\",0.3333333333333333,5e-324\n"
                                              "\" blank\",1.7976931348623157e+308,123456789\n"
                                              ",2,NA\n");
    CU_ASSERT(csv_write(table, 2, place.path));
    CU_ASSERT(strncmp(file_text(&place), "arm,time\nuntreated,0\n", 21) == 0);
    CU_ASSERT(csv_write_columns(table, 0, place.path));
    CU_ASSERT_STRING_EQUAL(file_text(&place), "name,unit,description\n"
                                              "arm,,\n"
                                              "time,day,\"time since the first dose, in days\"\n"
                                              "msc.viable,cell,\"cells \"\"alive\"\"\"\n");
    close_place(&place);
}

static void test_what_is_written_reads_back_to_the_bit(void)
{
    Place place = open_place();
    Table *table = sample(place.arena);
    CU_ASSERT(csv_write(table, 0, place.path));
    Diag *diag = diag_new(place.arena);
    Table *back = csv_read(place.arena, place.path, diag);
    CU_ASSERT_FATAL(back != NULL);
    CU_ASSERT_FATAL(back->row_count == 5 && back->column_count == 3);
    CU_ASSERT(back->columns[0].kind == TABLE_TEXT && back->columns[0].word_count == 5);
    for (size_t i = 0; i < 5; i++) {
        CU_ASSERT_STRING_EQUAL(back->columns[0].words[(int)table_cell(back, i, 0)],
                               table->columns[0].words[i]);
        for (int k = 1; k < 3; k++) {
            double was = table_cell(table, i, k);
            double is = table_cell(back, i, k);
            CU_ASSERT(isnan(was) ? isnan(is) : memcmp(&was, &is, sizeof was) == 0);
        }
    }
    close_place(&place);
}

static void test_nothing_is_left_when_writing_fails(void)
{
    Place place = open_place();
    Table *table = sample(place.arena);
    char *nowhere = arena_format(place.arena, "%s/none/table.csv", place.folder);
    errno = 0;
    CU_ASSERT(!csv_write(table, 0, nowhere));
    CU_ASSERT(errno == ENOENT);
    close_place(&place);
}

static void test_files_of_other_programs(void)
{
    Place place = open_place();
    make_file(&place, "\xEF\xBB\xBFID, TIME ,\"DV\",NOTE\r\n"
                      "1,0,.,\"first, \"\"baseline\"\"\"\r\n"
                      "\r\n"
                      " 1 ,\t0.5,1e3,NA\r\n"
                      "2,\"1\",,line\r\n"
                      "2,NA,-Inf,\"two\nlines\"");
    Diag *diag = diag_new(place.arena);
    Table *table = csv_read(place.arena, place.path, diag);
    CU_ASSERT_FATAL(table != NULL);
    CU_ASSERT(table->row_count == 4 && table->column_count == 4);
    CU_ASSERT_STRING_EQUAL(table->columns[0].name, "ID");
    CU_ASSERT(table_find(table, "TIME") == 1 && table_find(table, "DV") == 2);
    CU_ASSERT(table->columns[0].kind == TABLE_NUMBER && table->columns[3].kind == TABLE_TEXT);
    CU_ASSERT(table_cell(table, 1, 1) == 0.5 && table_cell(table, 2, 1) == 1.0);
    CU_ASSERT(isnan(table_cell(table, 0, 2)) && table_cell(table, 1, 2) == 1000.0);
    CU_ASSERT(isnan(table_cell(table, 2, 2)) && table_cell(table, 3, 2) < -DBL_MAX);
    CU_ASSERT(isnan(table_cell(table, 3, 1)));
    CU_ASSERT_STRING_EQUAL(table->columns[3].words[0], "first, \"baseline\"");
    CU_ASSERT_STRING_EQUAL(table->columns[3].words[1], "NA");
    CU_ASSERT_STRING_EQUAL(table->columns[3].words[3], "two\nlines");
    close_place(&place);
}

/* The complaint a text causes, or NULL if it is read; *where is "line:column" of it. */
static const char *complaint(const char *bytes, const char *where)
{
    Place place = open_place();
    make_file(&place, bytes);
    Diag *diag = diag_new(place.arena);
    Table *table = csv_read(place.arena, place.path, diag);
    const char *code =
        table == NULL && diag_count(diag) > 0 ? fault_code(diag_fault(diag, 0)) : NULL;
    if (where != NULL) {
        Text text = text_new(place.arena);
        diag_print(diag, &text, false);
        char *expected = arena_format(place.arena, "table.csv:%s: ", where);
        CU_ASSERT_PTR_NOT_NULL(strstr(text.data, expected));
    }
    close_place(&place);
    return code == NULL ? "none" : code;
}

static void test_complaints_have_a_place(void)
{
    CU_ASSERT_STRING_EQUAL(complaint("a,b\n1,2\n", NULL), "none");
    CU_ASSERT_STRING_EQUAL(complaint("", NULL), "T002");
    CU_ASSERT_STRING_EQUAL(complaint("\n \n", NULL), "T002");
    CU_ASSERT_STRING_EQUAL(complaint("a,b\n1,\"x\n2,3\n", "2:3"), "T003");
    CU_ASSERT_STRING_EQUAL(complaint("a,b\n1,2\n1,2,3\n", "3:1"), "T004");
    CU_ASSERT_STRING_EQUAL(complaint("a,b\n1\n", "2:1"), "T004");
    CU_ASSERT_STRING_EQUAL(complaint("a,b,a\n1,2,3\n", "1:5"), "T005");
    CU_ASSERT_STRING_EQUAL(complaint("a,,b\n1,2,3\n", "1:3"), "T005");
    CU_ASSERT_STRING_EQUAL(complaint("a;b\n1;2\n", "1:1"), "T006");
    CU_ASSERT_STRING_EQUAL(complaint("a,b\n1,\"x\"y\n", "2:6"), "T007");
}

static void test_missing_file_is_named(void)
{
    Arena *arena = arena_new();
    Diag *diag = diag_new(arena);
    CU_ASSERT_PTR_NULL(csv_read(arena, "/nowhere/at/all.csv", diag));
    CU_ASSERT(diag_count(diag) == 1 && diag_fault(diag, 0) == FAULT_T001);
    Text text = text_new(arena);
    diag_print(diag, &text, false);
    CU_ASSERT_PTR_NOT_NULL(strstr(text.data, "/nowhere/at/all.csv"));
    arena_free(arena);
}

SUITE("csv", TEST(test_table_grows_and_finds_columns), TEST(test_written_bytes),
      TEST(test_what_is_written_reads_back_to_the_bit),
      TEST(test_nothing_is_left_when_writing_fails), TEST(test_files_of_other_programs),
      TEST(test_complaints_have_a_place), TEST(test_missing_file_is_named))
