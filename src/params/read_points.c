/* read_points.c: plots.points: a table of measured values that a plot shows beside its curves.
 *
 * Columns: `time` and `value`; `arm` and `name` say to which curve a row belongs (they may be
 * absent where there is one arm, one quantity); `sd`, or `low` and `high`, is the error bar.
 * `evidence` says whether a value was read at its source or is recalled. `n`, `source` and `note`
 * are for the reader. Any other column is an error, and so is a row of an unknown arm or name: a
 * misspelt one would be a point that is silently missing. Rows of quantities that this plot does
 * not draw are left to other plots. SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "params/reader.h"

#include "base/file.h"
#include "base/number.h"
#include "table/csv.h"

#include <math.h>
#include <string.h>

typedef struct {
    Reader *reader;
    const Plot *plot;
    const Entry *file;
    const Source *source;
    const Table *table;
    double time_factor;
    int arm, name, time, value, sd, low, high, n, from, evidence; // columns; -1: absent
} PointFile;

static void complain_row(const PointFile *file, size_t row, const char *words)
{
    diag_report(file->reader->diag, FAULT_P042,
                row_of_file(file->source, (long)row, file->file->value), "row %zu %s", row + 1,
                words);
}

/* A cell as words: names that are numbers ("1") read back as such. */
static const char *cell_words(const PointFile *file, size_t row, int column)
{
    const TableColumn *head = &file->table->columns[column];
    double cell = table_cell(file->table, row, column);
    if (head->kind == TABLE_TEXT) {
        return head->words[(int)cell];
    }
    char *digits = arena_alloc(file->reader->arena, NUMBER_TEXT_SIZE);
    number_text(cell, digits);
    return isnan(cell) ? "" : digits;
}

static double cell_number(const PointFile *file, size_t row, int column)
{
    return column < 0 ? (double)NAN : table_cell(file->table, row, column);
}

/* --- columns -------------------------------------------------------------------------------------
 */

static int find_column(const PointFile *file, const char *name, bool needed)
{
    int column = table_find(file->table, name);
    bool words = strcmp(name, "arm") == 0 || strcmp(name, "name") == 0 ||
                 strcmp(name, "evidence") == 0 || strcmp(name, "source") == 0;
    if (column < 0 && needed) {
        diag_report(file->reader->diag, FAULT_P042, file->file->value,
                    "'%s' has no column '%s', which it needs here", file->source->name, name);
    } else if (column >= 0 && !words && file->table->columns[column].kind == TABLE_TEXT) {
        diag_report(file->reader->diag, FAULT_P042,
                    row_of_file(file->source, -1, file->file->value),
                    "the column '%s' holds words, not numbers", name);
        return -1;
    }
    return column;
}

static void check_columns(const PointFile *file)
{
    static const char *const known[] = {"arm",  "name", "time",   "value",    "sd",  "low",
                                        "high", "n",    "source", "evidence", "note"};
    enum { KNOWN = sizeof known / sizeof known[0] };
    for (int i = 0; i < file->table->column_count; i++) {
        const char *name = file->table->columns[i].name;
        bool found = false;
        for (int k = 0; k < KNOWN; k++) {
            found = found || strcmp(name, known[k]) == 0;
        }
        if (found) {
            continue;
        }
        const char *near = names_near_list(known, KNOWN, name);
        diag_report(file->reader->diag, FAULT_P042,
                    row_of_file(file->source, -1, file->file->value),
                    "a table of points has no column '%s'", name);
        diag_hint(file->reader->diag,
                  near ? "did you mean '%s'?"
                       : "known: arm, name, time, value, "
                         "sd, low, high, n, source, evidence, note",
                  near);
    }
}

static void find_columns(PointFile *file)
{
    check_columns(file);
    file->arm = find_column(file, "arm", file->reader->study->arm_count > 1);
    file->name = find_column(file, "name", file->plot->y_count > 1);
    file->time = find_column(file, "time", true);
    file->value = find_column(file, "value", true);
    file->sd = find_column(file, "sd", false);
    file->low = find_column(file, "low", false);
    file->high = find_column(file, "high", false);
    file->n = find_column(file, "n", false);
    file->from = find_column(file, "source", false);
    file->evidence = find_column(file, "evidence", false);
}

/* --- rows ----------------------------------------------------------------------------------------
 */

static int arm_of_row(const PointFile *file, size_t row)
{
    const Study *study = file->reader->study;
    if (file->arm < 0) {
        return 0;
    }
    const char *words = cell_words(file, row, file->arm);
    Names *names = names_new(file->reader->arena);
    for (int i = 0; i < study->arm_count; i++) {
        names_add(names, study->arms[i].name, i);
    }
    int arm = names_find(names, words);
    if (arm < 0) {
        const char *near = names_near(names, words);
        complain_row(
            file, row,
            arena_format(file->reader->arena, "is of an arm '%s', which is not here", words));
        if (near) {
            diag_hint(file->reader->diag, "did you mean '%s'?", near);
        }
    }
    return arm;
}

/* The curve of a row; -1: not of this plot, or reported. */
static int curve_of_row(const PointFile *file, size_t row)
{
    const Study *study = file->reader->study;
    const Plot *plot = file->plot;
    const char *words = file->name < 0 ? NULL : cell_words(file, row, file->name);
    for (int i = 0; i < plot->y_count; i++) {
        if (!words || strcmp(study->outputs[plot->y[i]].label->name, words) == 0) {
            return i;
        }
    }
    if (model_find(file->reader->model, words).kind == NAME_NONE) {
        const char *near = model_near(file->reader->model, ~0u, words);
        complain_row(file, row,
                     arena_format(file->reader->arena,
                                  "names '%s', which the model '%s' "
                                  "does not have",
                                  words, file->reader->model->name));
        if (near) {
            diag_hint(file->reader->diag, "did you mean '%s'?", near);
        }
    }
    return -1;
}

/* The ends of the error bar; false: reported. */
static bool read_bar(const PointFile *file, size_t row, Point *point)
{
    double sd = cell_number(file, row, file->sd);
    point->low = cell_number(file, row, file->low);
    point->high = cell_number(file, row, file->high);
    bool by_ends = !isnan(point->low) || !isnan(point->high);
    if (!isnan(sd) && by_ends) {
        complain_row(file, row, "has sd beside low or high: give one of the two");
        return false;
    }
    if (sd < 0 || isinf(sd)) {
        complain_row(file, row, "has an sd that is negative or infinite");
        return false;
    }
    if (!isnan(sd)) {
        point->low = point->value - sd;
        point->high = point->value + sd;
    } else if (by_ends && !(point->low <= point->value && point->value <= point->high)) {
        complain_row(file, row, "does not have its value between low and high");
        return false;
    }
    return true;
}

/* The source of the last point, once. */
static void add_source(Points *points)
{
    const char *words = points->points[points->count - 1].source;
    bool known = words[0] == '\0';
    for (int i = 0; i < points->source_count; i++) {
        known = known || strcmp(points->sources[i], words) == 0;
    }
    if (!known) {
        points->sources[points->source_count++] = words;
    }
}

/* What the column `evidence` says; false: reported. */
static bool read_evidence(const PointFile *file, size_t row, Point *point)
{
    static const char *const known[] = {"read", "derived",
                                        "recalled"}; // in the order of PointEvidence
    enum { KNOWN = sizeof known / sizeof known[0] };
    const char *words = file->evidence < 0 ? "" : cell_words(file, row, file->evidence);
    point->evidence = POINT_UNSAID;
    for (int i = 0; i < KNOWN; i++) {
        if (strcmp(words, known[i]) == 0) {
            point->evidence = (PointEvidence)(POINT_READ + i);
        }
    }
    if (point->evidence != POINT_UNSAID || words[0] == '\0') {
        return true;
    }
    complain_row(file, row, arena_format(file->reader->arena, "has the evidence '%s'", words));
    diag_hint(file->reader->diag, "known: read, derived, recalled");
    return false;
}

static void read_row(const PointFile *file, size_t row, Points *points)
{
    Point point = {.arm = arm_of_row(file, row), .curve = curve_of_row(file, row)};
    if (point.arm < 0 || point.curve < 0 || !read_evidence(file, row, &point)) {
        return;
    }
    point.n = cell_number(file, row, file->n);
    point.source = file->from < 0 ? "" : cell_words(file, row, file->from);
    point.time = table_cell(file->table, row, file->time) * file->time_factor;
    point.value = table_cell(file->table, row, file->value);
    if (!isfinite(point.time) || !isfinite(point.value)) {
        complain_row(file, row, "has no time or no value");
    } else if (read_bar(file, row, &point)) {
        points->points[points->count++] = point;
        add_source(points);
    }
}

/* --- the group -----------------------------------------------------------------------------------
 */

static bool open_points(PointFile *file, Entry *group)
{
    Reader *reader = file->reader;
    const char *path = beside_file(reader, file->file);
    SourceStatus status = source_read(reader->arena, path, &file->source);
    if (status != SOURCE_OK) {
        diag_unreadable(reader->diag, FAULT_P042, file->file->value,
                        arena_format(reader->arena, "cannot read '%s'", path), status,
                        file->source);
        return false;
    }
    const Entry *unit_text = member(group, "time_unit");
    Unit unit;
    Want want = {reader->model->time_unit, "time", {0}, NULL};
    file->time_factor = 1;
    if (unit_text &&
        (!read_unit(reader, member(group, "time_unit"), 0, strlen(unit_text->text), &unit) ||
         !convert_unit(reader, unit_text->value, unit, &want, &file->time_factor))) {
        return false;
    }
    file->table = csv_read(reader->arena, path, reader->diag);
    return file->table != NULL;
}

void read_plot_points(Reader *reader, Entry *group, Plot *plot)
{
    PointFile file = {.reader = reader, .plot = plot, .file = member(group, "file")};
    if (!file.file) {
        if (!entry_find(group, "file")) {
            diag_report(reader->diag, FAULT_P014, group->key, "'points' has no 'file'");
        }
        return;
    }
    if (!open_points(&file, group)) {
        return;
    }
    reader->points[reader->point_files++] = file.source;
    find_columns(&file);
    if (file.time < 0 || file.value < 0 || (file.arm < 0 && reader->study->arm_count > 1) ||
        (file.name < 0 && plot->y_count > 1)) {
        return;
    }
    const Entry *title = member(group, "title");
    Points *points = arena_alloc(reader->arena, sizeof *points);
    *points = (Points){.words = title ? title->text : "measured"};
    size_t most = file.table->row_count + 1;
    points->points = arena_array(reader->arena, most, sizeof *points->points);
    points->sources = arena_array(reader->arena, most, sizeof *points->sources);
    int before = diag_errors(reader->diag);
    for (size_t row = 0; row < file.table->row_count; row++) {
        read_row(&file, row, points);
    }
    if (points->count == 0 && diag_errors(reader->diag) == before) {
        diag_report(reader->diag, FAULT_P042, file.file->value,
                    "'%s' has no row for what this plot draws", file.source->name);
    }
    plot->points = points;
}
