/* read_time.c: start and end of a study, and its output times.
 *
 * Grid: start + k x every, computed so and never accumulated; the end is always the last point. A
 * point within 1e-12 (relative) of another is the same point. The size of the result is known
 * before any memory is taken for it, and refused if it is more than the options allow.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "params/reader.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

enum { DEFAULT_INTERVALS = 200, MODEL_ALONE_END = 10 };

static bool same_time(double a, double b)
{
    return fabs(a - b) <= 1e-12 * fmax(fabs(a), fabs(b));
}

void read_span_of_time(Reader *reader)
{
    Study *study = reader->study;
    Entry *root = reader->config->root;
    Entry *time = member(root, "time");
    Entry *start = member(time, "start");
    Entry *end = member(time, "end");
    bool own = reader->model_alone || entry_find(root, "data"); // an end need not be written
    study->start = study->data ? study->data->start : 0;
    study->end = reader->model_alone ? MODEL_ALONE_END
                 : study->data       ? study->data->end
                                     : (double)NAN;
    bool known = !entry_find(root, "time") || time;
    if (start && !read_when(reader, start, "start", &study->start)) {
        study->start = (double)NAN;
    }
    if (end) {
        if (!read_when(reader, end, "end", &study->end)) {
            study->end = (double)NAN;
        } else if (!(study->end > study->start) && !isnan(study->start)) {
            diag_report(reader->diag, FAULT_P026, end->value, "the end is %s the start, at %s",
                        study->end == study->start ? "at" : "before",
                        quantity_words(reader, study->start, reader->model->time_unit));
            study->end = (double)NAN;
        }
    } else if (known && !own && !(time && entry_find(time, "end"))) {
        diag_report(reader->diag, FAULT_P014, time ? time->key : root->value,
                    "the study does not say when it ends");
        diag_hint(reader->diag, "write time = { end = \"4 week\"; };");
    }
}

/* True if a time is a point of the grid, which stands sorted in times[0 .. count). */
static bool is_on_grid(const Study *study, double spacing, int count, double when)
{
    double nearest = spacing > 0 ? floor((when - study->start) / spacing + 0.5) : -1;
    bool inside = nearest >= 0 && nearest < count;
    return (inside && same_time(study->times[(int)nearest], when)) ||
           (count > 0 && same_time(study->end, when));
}

/* The further times of `at` are checked and added, unless they are on the grid. */
static void read_at(Reader *reader, Entry *at, double spacing)
{
    Study *study = reader->study;
    int grid = study->time_count;
    bool one = at->kind == ENTRY_TEXT || entry_is_number(at);
    for (int i = 0; i < (one ? 1 : at->count); i++) {
        Entry *entry = one ? at : at->items[i];
        double when;
        if (!read_when(reader, entry, "at", &when)) {
            continue;
        }
        bool late = when > study->end && !same_time(when, study->end);
        bool early = when < study->start && !same_time(when, study->start);
        if (late || early) {
            diag_report(
                reader->diag, FAULT_P027, entry->value, "this time is %s of the study, at %s",
                late ? "after the end" : "before the start",
                quantity_words(reader, late ? study->end : study->start, reader->model->time_unit));
            continue;
        }
        if (!is_on_grid(study, spacing, grid, when)) {
            study->times[study->time_count++] = fmin(fmax(when, study->start), study->end);
        }
    }
}

static const char *size_words(Reader *reader, double bytes)
{
    static const char *const names[] = {"byte", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    size_t k = 0;
    while (bytes >= 1024 && k + 1 < sizeof names / sizeof names[0]) {
        bytes /= 1024;
        k++;
    }
    return arena_format(reader->arena, "%.*f %s", bytes < 10 && k > 0 ? 1 : 0, bytes, names[k]);
}

/* Complains if `points` output times make too large a result. */
static bool check_size(Reader *reader, double points, Span where)
{
    const Study *study = reader->study;
    double arms = study->arm_count;
    double columns = study->output_count + 3; // arm, id, time
    double rows = study->data ? points * study->data->count + study->data->row_count : points;
    double bytes = rows * arms * columns * (double)sizeof(double);
    if (bytes <= (double)reader->options->max_bytes && points < 1e9) {
        return true;
    }
    char count[32];
    snprintf(count, sizeof count, points < 1e7 ? "%.0f" : "%.3g", points);
    diag_report(reader->diag, FAULT_P028, where,
                "%s output times x %d arm%s x %d columns need %s of memory; the limit is %s", count,
                study->arm_count, study->arm_count == 1 ? "" : "s", (int)columns,
                size_words(reader, bytes), size_words(reader, (double)reader->options->max_bytes));
    diag_hint(reader->diag, "a longer 'every' or fewer outputs");
    return false;
}

static int compare_times(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return (left > right) - (left < right);
}

static int sort_times(double *times, int count)
{
    qsort(times, (size_t)count, sizeof *times, compare_times);
    int kept = 0;
    for (int i = 0; i < count; i++) {
        if (kept == 0 || !same_time(times[i], times[kept - 1])) {
            times[kept++] = times[i];
        }
    }
    return kept;
}

/* The spacing of the grid; 0: no grid; NAN: wrong (reported). */
static double read_every(Reader *reader, Entry *every, bool has_at)
{
    const Study *study = reader->study;
    double spacing = has_at ? 0 : (study->end - study->start) / DEFAULT_INTERVALS;
    if (!every) {
        return spacing;
    }
    if (!read_when(reader, every, "every", &spacing)) {
        return (double)NAN;
    }
    if (!(spacing > 0)) {
        diag_report(reader->diag, FAULT_P026, every->value, "'every' is %s",
                    spacing < 0 ? "negative" : "zero");
        return (double)NAN;
    }
    return spacing;
}

/* A spacing as a fraction whole / scale with scale a power of ten, so that start + k x every is
 * rounded once: with every = 0.05 the third point is 0.15, not 0.15000000000000002. */
typedef struct {
    double start, every, scale; // point k is (start + k x every) / scale
} Spacing;

static bool is_decimal(double value, double scale)
{
    double whole = floor(value * scale + 0.5);
    return whole / scale == value && fabs(whole) < 9007199254740992.0;
}

static Spacing spacing_of(double start, double every, double points)
{
    for (double scale = 1; scale <= 1e9; scale *= 10) {
        double whole = floor(every * scale + 0.5);
        if (is_decimal(every, scale) && is_decimal(start, scale) &&
            fabs(start) * scale + whole * points < 9007199254740992.0) {
            return (Spacing){floor(start * scale + 0.5), whole, scale};
        }
    }
    return (Spacing){start, every, 1};
}

/* start + k x every below the end, then the end. */
static int fill_grid(const Study *study, double every, double whole, double *times)
{
    int count = 0;
    Spacing spacing = spacing_of(study->start, every, whole);
    for (double k = 0; k <= whole; k++) {
        double when = (spacing.start + k * spacing.every) / spacing.scale;
        if (when < study->end && !same_time(when, study->end)) {
            times[count++] = when;
        }
    }
    times[count++] = study->end;
    return count;
}

/* Without start and end only the units of the other times are checked. */
static void check_units(Reader *reader, Entry *every, Entry *at)
{
    double unused;
    if (every) {
        (void)read_when(reader, every, "every", &unused);
    }
    bool one = at && (at->kind == ENTRY_TEXT || entry_is_number(at));
    for (int i = 0; at && i < (one ? 1 : at->count); i++) {
        (void)read_when(reader, one ? at : at->items[i], "at", &unused);
    }
}

void read_output_times(Reader *reader)
{
    Study *study = reader->study;
    Entry *time = member(reader->config->root, "time");
    Entry *every = member(time, "every");
    Entry *at = member(time, "at");
    if (isnan(study->start) || isnan(study->end)) {
        check_units(reader, every, at);
        return;
    }
    bool has_at = at && (at->count > 0 || at->kind == ENTRY_TEXT || entry_is_number(at));
    if (study->data && !every && !has_at) {
        return; // the times of the file are enough
    }
    double spacing = read_every(reader, every, has_at);
    if (isnan(spacing)) {
        return;
    }
    double whole = spacing > 0 ? floor((study->end - study->start) / spacing * (1 + 1e-12)) : 0;
    double further = has_at ? 1 + (double)at->count : 0;
    Span where = every ? every->value : time ? time->key : reader->config->root->value;
    if (!check_size(reader, whole + 1 + further, where)) {
        return;
    }
    study->times = arena_array(reader->arena, (size_t)(whole + further) + 3, sizeof *study->times);
    if (spacing > 0) {
        study->time_count = fill_grid(study, spacing, whole, study->times);
    }
    if (has_at) {
        read_at(reader, at, spacing);
    }
    study->time_count = sort_times(study->times, study->time_count);
}
