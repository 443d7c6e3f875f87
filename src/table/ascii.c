/* ascii.c: a figure drawn with characters, for a terminal without pictures.
 *
 * Each curve has a letter; the plane is columns x lines characters, with the axis numbers to the
 * left and below, and a legend. Neighbouring points are joined in screen coordinates, so that a
 * coarse table still reads as a line. Nothing outside this file is asked: no gnuplot, no terminal
 * codes.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "table/gnuplot.h"
#include "table/gnuplot_parts.h"

#include "base/number.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LEFT = 11, LEAST_COLUMNS = 30, LEAST_LINES = 8 };

typedef struct {
    const Figure *figure;
    const Table *table;
    int arm_column, time_column;
    int width, height;                   // of the plane
    char *cells;                         // (height x width), top line first
    double x_low, x_high, y_low, y_high; // on the axis: logarithms if the axis is logarithmic
} Plane;

static double on_axis(double value, bool logarithmic)
{
    if (!logarithmic) {
        return value;
    }
    return value > 0.0 ? log10(value) : (double)NAN;
}

static char mark_of(const Figure *figure, int arm, int curve)
{
    static const char marks[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    return marks[(size_t)(curve * figure->arm_count + arm) % (sizeof marks - 1)];
}

/* True if a row belongs to an arm; a table without an arm column has one arm only. */
static bool row_of_arm(const Plane *plane, size_t row, const char *arm)
{
    if (plane->arm_column < 0) {
        return true;
    }
    const TableColumn *column = &plane->table->columns[plane->arm_column];
    double cell = table_cell(plane->table, row, plane->arm_column);
    if (column->kind == TABLE_TEXT) {
        return strcmp(column->words[(int)cell], arm) == 0;
    }
    char digits[NUMBER_TEXT_SIZE]; // arms named 1, 2 ... are numbers when read back
    number_text(cell, digits);
    return strcmp(digits, arm) == 0;
}

/* The point of a row on the axes; false if it cannot be drawn. */
static bool point_of(const Plane *plane, size_t row, int column, double *x, double *y)
{
    *x = on_axis(table_cell(plane->table, row, plane->time_column), plane->figure->logx);
    *y = on_axis(table_cell(plane->table, row, column), plane->figure->logy);
    return isfinite(*x) && isfinite(*y);
}

static void widen(double *low, double *high, double given_low, double given_high, bool logarithmic)
{
    if (!isnan(on_axis(given_low, logarithmic))) {
        *low = on_axis(given_low, logarithmic);
    }
    if (!isnan(on_axis(given_high, logarithmic))) {
        *high = on_axis(given_high, logarithmic);
    }
    if (!(*low < *high)) { // one value only, or none
        double middle = isfinite(*low) ? *low : 0.0;
        double room = logarithmic || middle == 0.0 ? 1.0 : fabs(middle) / 2.0;
        *low = middle - room;
        *high = middle + room;
    }
}

/* The ranges of both axes; false if there is not one point. */
static bool find_ranges(Plane *plane)
{
    const Figure *figure = plane->figure;
    plane->x_low = plane->y_low = INFINITY;
    plane->x_high = plane->y_high = -INFINITY;
    for (int i = 0; i < figure->curve_count; i++) {
        int column = table_find(plane->table, figure->curves[i].column);
        for (size_t row = 0; column >= 0 && row < plane->table->row_count; row++) {
            double x;
            double y;
            if (!point_of(plane, row, column, &x, &y)) {
                continue;
            }
            plane->x_low = fmin(plane->x_low, x);
            plane->x_high = fmax(plane->x_high, x);
            plane->y_low = fmin(plane->y_low, y);
            plane->y_high = fmax(plane->y_high, y);
        }
    }
    for (int i = 0; figure->points != NULL && i < figure->points->count; i++) {
        double y = on_axis(figure->points->points[i].value, figure->logy);
        plane->y_low = fmin(plane->y_low, y); // NaN is neither
        plane->y_high = fmax(plane->y_high, y);
    }
    if (plane->x_low > plane->x_high) {
        return false;
    }
    if (figure->logy) { // as the script does: less than a billionth of the peak is nothing
        plane->y_low = fmax(plane->y_low, plane->y_high - 9.0);
    }
    widen(&plane->x_low, &plane->x_high, figure->x_min, figure->x_max, figure->logx);
    widen(&plane->y_low, &plane->y_high, figure->y_min, figure->y_max, figure->logy);
    return true;
}

static void put_mark(Plane *plane, double across, double up, char mark)
{
    long column = lround(across);
    long line = lround(up);
    if (column >= 0 && column < plane->width && line >= 0 && line < plane->height) {
        plane->cells[(plane->height - 1 - line) * plane->width + column] = mark;
    }
}

/* From one point to the next, one mark in each column or line between. */
static void join(Plane *plane, const double from[2], const double to[2], char mark)
{
    long across = labs(lround(to[0]) - lround(from[0]));
    long up = labs(lround(to[1]) - lround(from[1]));
    long steps = across > up ? across : up;
    if (steps > 10000) { // far outside the plane
        return;
    }
    for (long i = 1; i < steps; i++) {
        double part = (double)i / (double)steps;
        put_mark(plane, from[0] + part * (to[0] - from[0]), from[1] + part * (to[1] - from[1]),
                 mark);
    }
}

static void draw_curve(Plane *plane, int column, const char *arm, char mark)
{
    bool joined = false;
    double before[2] = {0.0, 0.0};
    for (size_t row = 0; row < plane->table->row_count; row++) {
        double x;
        double y;
        if (!row_of_arm(plane, row, arm)) {
            continue;
        }
        if (!point_of(plane, row, column, &x, &y)) {
            joined = false;
            continue;
        }
        double here[2] = {(x - plane->x_low) / (plane->x_high - plane->x_low) * (plane->width - 1),
                          (y - plane->y_low) / (plane->y_high - plane->y_low) *
                              (plane->height - 1)};
        // A point far outside is not joined: its distance need not fit a long.
        bool near = fabs(here[0]) < 1e6 && fabs(here[1]) < 1e6;
        if (near && joined) {
            join(plane, before, here, mark);
        }
        if (near) {
            put_mark(plane, here[0], here[1], mark);
        }
        joined = near;
        before[0] = here[0];
        before[1] = here[1];
    }
}

static bool any_recalled(const Points *points)
{
    bool any = false;
    for (int i = 0; points != NULL && i < points->count; i++) {
        any = any || points->points[i].evidence == POINT_RECALLED;
    }
    return any;
}

static void draw_points(Plane *plane)
{
    const Points *points = plane->figure->points;
    for (int i = 0; points != NULL && i < points->count; i++) {
        double x = on_axis(points->points[i].time, plane->figure->logx);
        double y = on_axis(points->points[i].value, plane->figure->logy);
        double across = (x - plane->x_low) / (plane->x_high - plane->x_low) * (plane->width - 1);
        double up = (y - plane->y_low) / (plane->y_high - plane->y_low) * (plane->height - 1);
        if (fabs(across) < 1e6 && fabs(up) < 1e6) { // not NaN, not far outside
            bool recalled = points->points[i].evidence == POINT_RECALLED;
            put_mark(plane, across, up, recalled ? 'o' : '*');
        }
    }
}

static void axis_number(double at, bool logarithmic, char out[NUMBER_TEXT_SIZE])
{
    number_short(logarithmic ? pow(10.0, at) : at, 4, out);
}

static void add_plane(const Plane *plane, Text *text)
{
    for (int line = 0; line < plane->height; line++) {
        char number[NUMBER_TEXT_SIZE] = "";
        bool labelled = line == 0 || line == plane->height - 1 || line % 5 == 0;
        labelled = labelled && (line == plane->height - 1 || plane->height - 1 - line >= 3);
        if (labelled) {
            double part = (double)(plane->height - 1 - line) / (plane->height - 1);
            double span = plane->y_high - plane->y_low;
            double at = plane->y_low + part * span;
            axis_number(fabs(at) < 1e-12 * span ? 0.0 : at, plane->figure->logy, number);
        }
        const char *cells = plane->cells + line * plane->width;
        int used = plane->width;
        while (used > 0 && cells[used - 1] == ' ') {
            used--; // no blanks at the end of a line
        }
        text_format(text, "%*s %c%.*s\n", LEFT - 1, number, labelled ? '+' : '|', used, cells);
    }
    text_format(text, "%*s+", LEFT, "");
    for (int i = 1; i < plane->width; i++) {
        text_add(text, i == plane->width / 2 || i == plane->width - 1 ? "+" : "-", 1);
    }
    text_add(text, "\n", 1);
}

/* Numbers under the left end, the middle and the right end of the axis. */
static void add_x_axis(const Plane *plane, Text *text)
{
    char number[3][NUMBER_TEXT_SIZE];
    for (int i = 0; i < 3; i++) {
        double at = plane->x_low + i / 2.0 * (plane->x_high - plane->x_low);
        double factor = figure_has_unit(plane->figure) ? plane->figure->x_factor : 1.0;
        axis_number(at / factor, plane->figure->logx, number[i]);
    }
    int middle = plane->width / 2 - (int)strlen(number[0]);
    int right = plane->width - 1 - plane->width / 2 - (int)strlen(number[1]) / 2;
    text_format(text, "%*s%s%*s%*s\n", LEFT, "", number[0],
                middle + (int)strlen(number[1]) - (int)strlen(number[1]) / 2, number[1], right,
                number[2]);
    const char *label = plane->figure->x_label;
    if (label == NULL || label[0] == '\0') {
        return;
    }
    text_format(text, "%*s\n", LEFT + (plane->width + (int)strlen(label)) / 2, label);
}

static void add_legend_line(const Plane *plane, int arm, int curve, Text *text)
{
    const Figure *figure = plane->figure;
    const Curve *shown = &figure->curves[curve];
    bool labelled = shown->label != NULL && shown->label[0] != '\0';
    text_format(text, "%*s%c  %s", LEFT + 1, "", mark_of(figure, arm, curve),
                labelled ? shown->label : shown->column);
    if (shown->unit != NULL && shown->unit[0] != '\0' && strcmp(shown->unit, "1") != 0) {
        text_format(text, " (%s)", shown->unit);
    }
    if (figure->arm_count > 1) {
        text_format(text, ", %s", figure->arms[arm]);
    }
    text_add(text, "\n", 1);
}

void figure_ascii(const Figure *figure, const Table *table, int columns, int lines, Text *text)
{
    assert(figure != NULL && table != NULL && text != NULL);
    columns = columns < LEAST_COLUMNS ? LEAST_COLUMNS : columns;
    lines = lines < LEAST_LINES ? LEAST_LINES : lines;
    Plane plane = {.figure = figure,
                   .table = table,
                   .arm_column = table_find(table, "arm"),
                   .time_column = table_find(table, "time"),
                   .width = columns - LEFT - 1,
                   .height = lines - 4};
    if (figure->title != NULL && figure->title[0] != '\0') {
        text_format(text, "%*s%s\n", LEFT + 1, "", figure->title);
    }
    if (plane.time_column < 0 || !find_ranges(&plane)) {
        text_format(text, "%*s(there is nothing to draw)\n", LEFT + 1, "");
        return;
    }
    size_t size = (size_t)plane.width * (size_t)plane.height;
    plane.cells = arena_alloc(text->arena, size);
    memset(plane.cells, ' ', size);
    for (int i = 0; i < figure->curve_count; i++) {
        int column = table_find(table, figure->curves[i].column);
        for (int k = 0; column >= 0 && k < figure->arm_count; k++) {
            draw_curve(&plane, column, figure->arms[k], mark_of(figure, k, i));
        }
    }
    draw_points(&plane);
    add_plane(&plane, text);
    add_x_axis(&plane, text);
    for (int i = 0; i < figure->curve_count; i++) {
        for (int k = 0; k < figure->arm_count; k++) {
            add_legend_line(&plane, k, i, text);
        }
    }
    if (figure->points != NULL) {
        text_format(text, "%*s*  %s\n", LEFT + 1, "", figure->points->words);
    }
    if (any_recalled(figure->points)) {
        text_format(text, "%*so  recalled, not read again\n", LEFT + 1, "");
    }
}
