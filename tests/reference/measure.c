/* measure.c: see measure.h.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "reference/measure.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static bool word_is(const TableColumn *column, double cell, const char *word)
{
    assert(column->kind == TABLE_TEXT);
    return strcmp(column->words[(int)cell], word) == 0;
}

Curve curve_read(const Table *table, const char *arm, const char *name, double from, double to)
{
    int arm_column = table_find(table, "arm");
    int time_column = table_find(table, "time");
    int value_column = table_find(table, name);
    Curve curve = {NULL, NULL, 0};
    if (arm_column < 0 || time_column < 0 || value_column < 0) {
        return curve;
    }
    double *time = arena_array(table->arena, table->row_count + 1, sizeof *time);
    double *value = arena_array(table->arena, table->row_count + 1, sizeof *value);
    for (size_t row = 0; row < table->row_count; row++) {
        double cell = table_cell(table, row, arm_column);
        double t = table_cell(table, row, time_column);
        bool same = arm ? word_is(&table->columns[arm_column], cell, arm)
                        : cell == table_cell(table, 0, arm_column);
        if (same && !(t < from - 1e-9 * fabs(from)) && !(t > to + 1e-9 * fabs(to))) {
            time[curve.count] = t;
            value[curve.count++] = table_cell(table, row, value_column);
        }
    }
    curve.time = time;
    curve.value = value;
    return curve;
}

Curve curve_minus(Arena *arena, Curve a, Curve b)
{
    Curve none = {NULL, NULL, 0};
    if (a.count != b.count) {
        return none;
    }
    double *value = arena_array(arena, (size_t)a.count + 1, sizeof *value);
    for (int i = 0; i < a.count; i++) {
        if (a.time[i] != b.time[i]) {
            return none;
        }
        value[i] = a.value[i] - b.value[i];
    }
    return (Curve){a.time, value, a.count};
}

/* Time from point `start` until the value is first below `level`. */
static double crossing(Curve curve, int start, double level)
{
    for (int i = start + 1; i < curve.count; i++) {
        double a = curve.value[i - 1];
        double b = curve.value[i];
        if (b < level && a >= level) {
            double part = b > 0 && level > 0 ? log(a / level) / log(a / b) : (a - level) / (a - b);
            return curve.time[i - 1] + part * (curve.time[i] - curve.time[i - 1]) -
                   curve.time[start];
        }
    }
    return (double)NAN;
}

typedef struct {
    int lowest, highest; // where
    double integral;
    double drift;
    double largest; // |value|
} Survey;

static Survey survey(Curve curve)
{
    Survey s = {0};
    double first = curve.value[0];
    double scale = fmax(fabs(first), 1.0);
    for (int i = 0; i < curve.count; i++) {
        double v = curve.value[i];
        s.lowest = v < curve.value[s.lowest] ? i : s.lowest;
        s.highest = v > curve.value[s.highest] ? i : s.highest;
        s.drift = fmax(s.drift, fabs(v - first) / scale);
        s.largest = fmax(s.largest, fabs(v));
        if (i > 0) {
            s.integral += 0.5 * (v + curve.value[i - 1]) * (curve.time[i] - curve.time[i - 1]);
        }
    }
    return s;
}

double measure(const char *what, Curve curve, double level)
{
    if (curve.count == 0) {
        return (double)NAN;
    }
    for (int i = 0; i < curve.count; i++) {
        if (!isfinite(curve.value[i])) {
            return (double)NAN;
        }
    }
    Survey s = survey(curve);
    int last = curve.count - 1;
    double low = curve.value[s.lowest];
    const struct {
        const char *name;
        double value;
    } known[] = {
        {"first", curve.value[0]},
        {"last", curve.value[last]},
        {"min", low},
        {"max", curve.value[s.highest]},
        {"min_time", curve.time[s.lowest]},
        {"max_time", curve.time[s.highest]},
        {"rise", curve.value[last] - curve.value[0]},
        {"integral", s.integral},
        {"half_life",
         log(2.0) * (curve.time[last] - curve.time[0]) / log(curve.value[0] / curve.value[last])},
        {"half_time", crossing(curve, s.highest, 0.5 * curve.value[s.highest])},
        {"below_time", crossing(curve, 0, level)},
        {"drift", s.drift},
        {"undershoot", low < 0 ? -low / s.largest : 0.0},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(known[i].name, what) == 0) {
            return known[i].value;
        }
    }
    return (double)NAN;
}
