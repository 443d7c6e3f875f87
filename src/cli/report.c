/* report.c: the table on stdout. See report.h; report_json.c is the form for programs.
 *
 * All arms share the widths of the columns, so that they can be compared by eye. Numbers have four
 * digits; the CSV has them all.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/report.h"
#include "cli/summary.h"

#include "base/number.h"

#include <assert.h>
#include <string.h>

enum { CELL_COUNT = 6, TABLE_DIGITS = 4 };

/* One line of the table; left[] says which cells are words. */
typedef struct {
    const char *cells[CELL_COUNT];
    const char *remark; // behind the last cell, or NULL
    bool head;
} Line;

typedef struct {
    Arena *arena;
    Line *lines;
    size_t count, capacity;
} Grid;

/* Columns on the terminal: UTF-8 continuation bytes take none. */
static int shown_width(const char *text)
{
    int width = 0;
    for (; *text != '\0'; text++) {
        width += ((unsigned char)*text & 0xC0) != 0x80;
    }
    return width;
}

static Line *add_line(Grid *grid)
{
    grid->lines =
        arena_grow(grid->arena, grid->lines, grid->count, &grid->capacity, sizeof *grid->lines);
    Line *line = &grid->lines[grid->count++];
    *line = (Line){.cells = {"", "", "", "", "", ""}};
    return line;
}

static const char *short_number(Arena *arena, double value)
{
    char digits[NUMBER_TEXT_SIZE];
    int length = number_short(value, TABLE_DIGITS, digits);
    return arena_copy(arena, digits, (size_t)length);
}

/* A plain number has no unit that people would want to read. */
static const char *unit_words(Unit unit)
{
    return unit.known && strcmp(unit.text, "1") != 0 ? unit.text : "";
}

static void add_arm(Grid *grid, const Study *study, const RunResult *result, int arm)
{
    const char *time_unit = study->model->time_unit.known ? study->model->time_unit.text : "";
    const Outcome *outcome = &result->outcomes[arm];
    Line *head = add_line(grid);
    head->head = true;
    head->cells[0] = study->arms[arm].name;
    head->cells[2] = "start";
    head->cells[3] = "peak";
    head->cells[4] = arena_format(grid->arena, "at %s", time_unit);
    head->cells[5] = "end";
    if (outcome->kind != OUTCOME_DONE) {
        head->remark = arena_format(grid->arena, "(%s at %s %s)", outcome_word(outcome->kind),
                                    short_number(grid->arena, outcome->time), time_unit);
    }
    int count = 0;
    const int *outputs = summary_outputs(grid->arena, study, &count);
    for (int i = 0; i < count; i++) {
        const Label *label = study->outputs[outputs[i]].label;
        Summary summary = summary_of(result->table, arm, outputs[i]);
        Line *line = add_line(grid);
        line->cells[0] = arena_format(grid->arena, "  %s", label->name);
        line->cells[1] = unit_words(label->unit);
        line->cells[2] = short_number(grid->arena, summary.start);
        line->cells[3] = short_number(grid->arena, summary.peak);
        line->cells[4] = short_number(grid->arena, summary.peak_time);
        line->cells[5] = short_number(grid->arena, summary.end);
    }
}

static void print_line(const Line *line, const int widths[CELL_COUNT], Text *text)
{
    Text row = text_new(text->arena);
    for (int cell = 0; cell < CELL_COUNT; cell++) {
        int blanks = widths[cell] - shown_width(line->cells[cell]);
        bool words = cell < 2; // name and unit stand left
        text_format(&row, "%s%*s%s%*s", cell == 0 ? "" : "  ", words ? 0 : blanks, "",
                    line->cells[cell], words ? blanks : 0, "");
    }
    if (line->remark != NULL) {
        text_format(&row, "  %s", line->remark);
    }
    while (row.length > 0 && row.data[row.length - 1] == ' ') {
        row.length--;
    }
    text_add(text, row.data, row.length);
    text_string(text, "\n");
}

void report_table(const Study *study, const RunResult *result, Text *text)
{
    assert(study != NULL && result != NULL);
    Grid grid = {.arena = text->arena, .lines = NULL, .count = 0, .capacity = 0};
    for (int arm = 0; arm < study->arm_count; arm++) {
        add_arm(&grid, study, result, arm);
    }
    int widths[CELL_COUNT] = {0};
    for (size_t i = 0; i < grid.count; i++) {
        for (int cell = 0; cell < CELL_COUNT; cell++) {
            int width = shown_width(grid.lines[i].cells[cell]);
            widths[cell] = width > widths[cell] ? width : widths[cell];
        }
    }
    text_format(text, "%s%s%s\n", study->name, *study->title == '\0' ? "" : ": ", study->title);
    for (size_t i = 0; i < grid.count; i++) {
        if (grid.lines[i].head) {
            text_string(text, "\n");
        }
        print_line(&grid.lines[i], widths, text);
    }
}

void report_timings(const Timings *timings, Text *text)
{
    const struct {
        const char *name;
        double seconds;
    } rows[] = {
        {"parse", timings->parse}, {"compile", timings->compile}, {"integrate", timings->integrate},
        {"write", timings->write}, {"render", timings->render},
    };
    double total = 0.0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        text_format(text, "%-10s %9.3f ms\n", rows[i].name, 1e3 * rows[i].seconds);
        total += rows[i].seconds;
    }
    text_format(text, "%-10s %9.3f ms\n", "total", 1e3 * total);
}
