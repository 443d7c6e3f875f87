/* read_table.c: the points of tabulated inputs, and the slopes of their smooth interpolation.
 *
 * method = "pchip": piecewise cubic Hermite interpolation with slopes that keep every stretch
 * monotone (Fritsch and Carlson 1980, doi:10.1137/0717021), the slope at an inner point being the
 * weighted harmonic mean of the two chords (Fritsch and Butland 1984, doi:10.1137/0905021) and at
 * the ends the three-point formula, limited: as MATLAB's and SciPy's pchip.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "params/reader.h"

#include <math.h>
#include <string.h>

/* Slope at the end of a curve from the first two steps and chords. */
static double end_slope(double step, double next_step, double chord, double next_chord)
{
    double slope = ((2 * step + next_step) * chord - step * next_chord) / (step + next_step);
    if (slope * chord <= 0) {
        return 0;
    }
    if (chord * next_chord <= 0 && fabs(slope) > 3 * fabs(chord)) {
        return 3 * chord;
    }
    return slope;
}

static double inner_slope(const double *x, const double *y, int i)
{
    double before = x[i] - x[i - 1];
    double after = x[i + 1] - x[i];
    double chord_before = (y[i] - y[i - 1]) / before;
    double chord_after = (y[i + 1] - y[i]) / after;
    if (!(chord_before * chord_after > 0)) {
        return 0;
    }
    double weight_before = 2 * after + before;
    double weight_after = after + 2 * before;
    return (weight_before + weight_after) /
           (weight_before / chord_before + weight_after / chord_after);
}

static const double *pchip_slopes(Arena *arena, const double *x, const double *y, int count)
{
    double *slope = arena_array(arena, (size_t)count, sizeof *slope);
    if (count == 2) {
        slope[0] = slope[1] = (y[1] - y[0]) / (x[1] - x[0]);
        return slope;
    }
    for (int i = 1; i + 1 < count; i++) {
        slope[i] = inner_slope(x, y, i);
    }
    int last = count - 1;
    slope[0] = end_slope(x[1] - x[0], x[2] - x[1], (y[1] - y[0]) / (x[1] - x[0]),
                         (y[2] - y[1]) / (x[2] - x[1]));
    slope[last] = end_slope(x[last] - x[last - 1], x[last - 1] - x[last - 2],
                            (y[last] - y[last - 1]) / (x[last] - x[last - 1]),
                            (y[last - 1] - y[last - 2]) / (x[last - 1] - x[last - 2]));
    return slope;
}

/* --- reading -------------------------------------------------------------------------------------
 */

/* What numbers in the unit of `key` must be multiplied by; 1 if the key is not given. NAN:
 * reported. */
static double read_factor(Reader *reader, Entry *group, const char *key, Unit want,
                          const Label *label)
{
    Entry *entry = member(group, key);
    if (!entry) {
        return entry_find(group, key) ? (double)NAN : 1;
    }
    Unit unit;
    double factor = 1;
    Want wanted = {want, label->name, label->span, NULL};
    if (!read_unit(reader, entry, 0, strlen(entry->text), &unit) ||
        !convert_unit(reader, entry->value, unit, &wanted, &factor)) {
        return (double)NAN;
    }
    return factor;
}

static double *read_numbers(Reader *reader, Entry *group, const char *key, double factor)
{
    Entry *list = member(group, key);
    if (!list) {
        if (!entry_find(group, key)) {
            diag_report(reader->diag, FAULT_P014, group->key, "the table '%s' has no '%s'",
                        group->name, key);
        }
        return NULL;
    }
    double *numbers = arena_array(reader->arena, (size_t)list->count + 1, sizeof *numbers);
    for (int i = 0; i < list->count; i++) {
        numbers[i] = list->items[i]->number * factor;
    }
    return numbers;
}

static bool check_points(Reader *reader, Entry *group, const double *x)
{
    const Entry *places = member(group, "x");
    const Entry *values = member(group, "y");
    if (places->count != values->count) {
        diag_report(reader->diag, FAULT_P044, values->value, "there are %d x but %d y",
                    places->count, values->count);
        return false;
    }
    if (places->count < 2) {
        diag_report(reader->diag, FAULT_P044, places->value, "a table has at least two points");
        return false;
    }
    for (int i = 1; i < places->count; i++) {
        if (!(x[i] > x[i - 1])) {
            diag_report(reader->diag, FAULT_P044, places->items[i]->value,
                        "x does not increase here");
            return false;
        }
    }
    return true;
}

static bool read_method(Reader *reader, Entry *group, InterpMethod *method)
{
    static const char *const names[] = {"linear", "step", "pchip"};
    const Entry *entry = member(group, "method");
    *method = INTERP_LINEAR;
    if (!entry) {
        return !entry_find(group, "method");
    }
    for (int i = 0; i < 3; i++) {
        if (strcmp(entry->text, names[i]) == 0) {
            *method = (InterpMethod)i;
            return true;
        }
    }
    diag_report(reader->diag, FAULT_P044, entry->value, "there is no method '%s'", entry->text);
    diag_hint(reader->diag, "known are linear, step and pchip");
    return false;
}

static void read_points(Reader *reader, Entry *group, const TableInput *table, Interpolant *points)
{
    double x_factor = read_factor(reader, group, "x_unit", table->x_unit, &table->label);
    double y_factor = read_factor(reader, group, "y_unit", table->label.unit, &table->label);
    const double *x = read_numbers(reader, group, "x", x_factor);
    const double *y = read_numbers(reader, group, "y", y_factor);
    bool known = read_method(reader, group, &points->method);
    if (!x || !y || isnan(x_factor) || isnan(y_factor) || !check_points(reader, group, x) ||
        !known) {
        return;
    }
    points->x = x;
    points->y = y;
    points->count = member(group, "x")->count;
    points->slope =
        points->method == INTERP_PCHIP ? pchip_slopes(reader->arena, x, y, points->count) : NULL;
}

static void read_table(Reader *reader, Entry *group, bool *given)
{
    NameRef ref = model_find(reader->model, group->name);
    if (ref.kind != NAME_TABLE) {
        diag_report(reader->diag, FAULT_P016, group->key, "the model '%s' has no table '%s'",
                    reader->model->name, group->name);
        const char *near = model_near(reader->model, 1u << NAME_TABLE, group->name);
        if (near) {
            diag_hint(reader->diag, "did you mean '%s'?", near);
        }
        return;
    }
    given[ref.index] = true;
    if (group->kind != ENTRY_GROUP) {
        diag_report(reader->diag, FAULT_P013, group->value, "a table is a group { x; y; }, not %s",
                    entry_kind_words(group->kind));
        return;
    }
    keys_check(reader->arena, reader->diag, group, "tables.*");
    read_points(reader, group, &reader->model->tables[ref.index],
                &reader->study->tables[ref.index]);
}

void read_tables(Reader *reader)
{
    const Model *model = reader->model;
    size_t count = (size_t)model->table_count;
    reader->study->tables = arena_array(reader->arena, count + 1, sizeof *reader->study->tables);
    bool *given = arena_array(reader->arena, count + 1, sizeof *given);
    Entry *group = member(reader->config->root, "tables");
    for (int i = 0; group && i < group->count; i++) {
        if (!group->items[i]->is_wrong) {
            read_table(reader, group->items[i], given);
        }
    }
    for (int i = 0; i < model->table_count; i++) {
        if (!given[i]) {
            const Label *label = &model->tables[i].label;
            diag_report(reader->diag, FAULT_P043, label->span,
                        "the study gives no points for the table '%s'", label->name);
            diag_hint(reader->diag, "write tables = { %s = { x = [...]; y = [...]; }; };",
                      label->name);
        }
    }
}
