/* run_reference.c: runs one folder of tests/reference and compares it with what it must be.
 *
 * What the files of a folder hold: tests/reference/README.md. reference.csv is compared
 * value by value, checks.csv by measures (measure.h); tolerance.csv has one row a run, and its
 * columns with a dot are settings.
 *
 * What is asked of the looser runs, and how far a nudge below the tolerance can be followed
 * (half_life), is what arms that share their steps reach. In a build of one lane each arm makes its
 * own: there only the last run counts, which is the tightest, and no half-life.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "params/params.h"
#include "reference/measure.h"
#include "table/csv.h"

#include "base/number.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const bool ALONE = STROMA_LANES == 1;

typedef struct {
    Arena *arena;
    const char *folder;
    const Table *tolerance, *reference, *checks; // NULL where absent
    int failures;
    int judged;
} Job;

/* A CSV of the folder; NULL if it is absent. A broken one ends the test. */
static const Table *folder_table(Job *job, const char *name)
{
    const char *path = arena_format(job->arena, "%s/%s", job->folder, name);
    FILE *file = fopen(path, "r");
    if (!file) {
        return NULL;
    }
    fclose(file);
    Diag *diag = diag_new(job->arena);
    Table *table = csv_read(job->arena, path, diag);
    if (!table) {
        Text text = text_new(job->arena);
        diag_print(diag, &text, false);
        fputs(text.data, stderr);
        job->failures++;
    }
    return table;
}

/* A cell as text, NULL if empty. */
static const char *cell_text(Job *job, const Table *table, size_t row, const char *name)
{
    int column = table_find(table, name);
    if (column < 0) {
        return NULL;
    }
    double cell = table_cell(table, row, column);
    if (table->columns[column].kind == TABLE_TEXT) {
        const char *word = table->columns[column].words[(int)cell];
        return word[0] ? word : NULL;
    }
    if (isnan(cell)) {
        return NULL;
    }
    char *digits = arena_alloc(job->arena, NUMBER_TEXT_SIZE);
    number_text(cell, digits);
    return digits;
}

static double cell_number(Job *job, const Table *table, size_t row, const char *name)
{
    const char *text = cell_text(job, table, row, name);
    double value = (double)NAN;
    size_t used = 0;
    if (text && !number_read(text, strlen(text), &value, &used)) {
        value = (double)NAN;
    }
    return value;
}

/* ---- reference.csv ---- */

static void compare(Job *job, const Table *result, double relative, double absolute)
{
    double worst = 0;
    double digits = 17;
    for (size_t row = 0; row < job->reference->row_count; row++) {
        const char *arm = cell_text(job, job->reference, row, "arm");
        const char *name = cell_text(job, job->reference, row, "name");
        double time = cell_number(job, job->reference, row, "time");
        double expected = cell_number(job, job->reference, row, "value");
        Curve at = curve_read(result, arm, name, time, time);
        double error = at.count == 1 ? fabs(at.value[0] - expected) : (double)NAN;
        double allowed = relative * fabs(expected) + absolute;
        job->judged++;
        if (!(error <= allowed)) {
            job->failures++;
            printf("  %s at %.17g of %s: %.17g instead of %.17g, error %.3g, allowed %.3g\n", name,
                   time, arm, at.count == 1 ? at.value[0] : (double)NAN, expected, error, allowed);
        }
        worst = fmax(worst, error > 0 ? error / allowed : 0.0);
        // A value below the absolute tolerance has no digits to be right.
        bool counts = error > 0 && relative * fabs(expected) > absolute;
        digits = counts ? fmin(digits, -log10(error / fabs(expected))) : digits;
    }
    printf("  %zu values: largest error %.3g of the allowed, at least %.1f right digits\n",
           job->reference->row_count, worst, digits);
}

/* ---- checks.csv ---- */

static double measured(Job *job, const Table *result, size_t row, const char *arm, const char *name)
{
    const Table *checks = job->checks;
    double from = cell_number(job, checks, row, "from");
    double to = cell_number(job, checks, row, "to");
    const char *minus = cell_text(job, checks, row, "minus");
    Curve curve = curve_read(result, arm, name, from, to);
    if (minus) {
        curve = curve_minus(job->arena, curve, curve_read(result, minus, name, from, to));
    }
    return measure(cell_text(job, checks, row, "measure"), curve,
                   cell_number(job, checks, row, "level"));
}

static void check_one(Job *job, const Table *result, size_t row, const char *name)
{
    const Table *checks = job->checks;
    const char *kind = cell_text(job, checks, row, "measure");
    if (ALONE && kind != NULL && strcmp(kind, "half_life") == 0) {
        return;
    }
    const char *arm = cell_text(job, checks, row, "arm");
    const char *over = cell_text(job, checks, row, "over");
    double value = measured(job, result, row, arm, name);
    if (over) {
        double divisor = cell_number(job, checks, row, "over");
        if (strcmp(over, "start") == 0) {
            Curve whole = curve_read(result, arm, name, (double)NAN, (double)NAN);
            divisor = whole.count > 0 ? whole.value[0] : (double)NAN;
        } else if (isnan(divisor)) {
            divisor = measured(job, result, row, over, name);
        }
        value /= divisor;
    }
    double low = cell_number(job, checks, row, "low");
    double high = cell_number(job, checks, row, "high");
    bool good = !isnan(value) && !(value < low) && !(value > high) && !(isnan(low) && isnan(high));
    job->judged++;
    job->failures += !good;
    printf("  %-4s %-6s %s %s of %s%s%s: %.6g, wanted %g to %g\n", good ? "ok" : "BAD",
           cell_text(job, checks, row, "check"), cell_text(job, checks, row, "measure"), name,
           arm ? arm : "the first arm", over ? " over " : "", over ? over : "", value, low, high);
}

static void check_all(Job *job, const Table *result)
{
    for (size_t row = 0; row < job->checks->row_count; row++) {
        const char *name = cell_text(job, job->checks, row, "name");
        if (name && strcmp(name, "*") != 0) {
            check_one(job, result, row, name);
            continue;
        }
        for (int column = 3; column < result->column_count; column++) {
            check_one(job, result, row, result->columns[column].name);
        }
    }
}

/* ---- runs ---- */

static const Study *read_study(Job *job, size_t row)
{
    static const char *const folders[] = {STROMA_SOURCE_DIR "/models"};
    const Table *tolerance = job->tolerance;
    ParamsOptions options = params_options_default();
    Setting *settings =
        arena_array(job->arena, (size_t)tolerance->column_count + 1, sizeof *settings);
    for (int i = 0; i < tolerance->column_count; i++) {
        const char *name = tolerance->columns[i].name;
        const char *value = cell_text(job, tolerance, row, name);
        if (strchr(name, '.') && value) {
            settings[options.setting_count++] = (Setting){name, value};
            printf("%s=%s ", name, value);
        }
    }
    printf("\n");
    options.settings = settings;
    options.models = (SearchPath){folders, 1};
    Diag *diag = diag_new(job->arena);
    const Study *study = params_read(
        job->arena, arena_format(job->arena, "%s/study.cfg", job->folder), &options, diag);
    if (diag_errors(diag) + diag_warnings(diag) > 0) {
        Text text = text_new(job->arena);
        diag_print(diag, &text, false);
        fputs(text.data, stdout);
    }
    return study;
}

static void run_one(Job *job, size_t row)
{
    const Study *study = read_study(job, row);
    RunOptions options = {0};
    RunResult result = {0};
    if (!study || !study_run(study, &options, job->arena, &result)) {
        job->failures++;
        return;
    }
    for (int i = 0; i < study->arm_count; i++) {
        if (result.outcomes[i].kind != OUTCOME_DONE) {
            Text text = text_new(job->arena);
            outcome_print(&result.outcomes[i], study->model, &text);
            printf("  %s: %s\n", study->arms[i].name, text.data);
            job->failures++;
        }
    }
    printf("  %ld steps, %ld rate calls, %.1f ms\n", result.stats.steps, result.stats.rate_calls,
           1e3 * result.integrate_seconds);
    if (job->reference) {
        compare(job, result.table, cell_number(job, job->tolerance, row, "relative"),
                cell_number(job, job->tolerance, row, "absolute"));
    }
    if (job->checks) {
        check_all(job, result.table);
    }
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: run_reference folder\n");
        return 2;
    }
    Job job = {.arena = arena_new(), .folder = argv[1]};
    job.tolerance = folder_table(&job, "tolerance.csv");
    job.reference = folder_table(&job, "reference.csv");
    job.checks = folder_table(&job, "checks.csv");
    size_t runs = job.tolerance ? job.tolerance->row_count : 0;
    for (size_t row = ALONE && runs > 0 ? runs - 1 : 0; row < runs; row++) {
        run_one(&job, row);
    }
    printf("%s: %d values judged, %d failures\n", argv[1], job.judged, job.failures);
    bool good = job.failures == 0 && job.judged > 0;
    arena_free(job.arena);
    return good ? 0 : 1;
}
