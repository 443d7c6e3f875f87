/* data_report.c: see data_report.h.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/data_report.h"
#include "cli/cli.h"
#include "cli/summary.h"

#include "base/number.h"

#include <math.h>
#include <stdlib.h>

enum { MOST_COMPLAINTS = 10, DIGITS = 4 };

void data_complain(const Study *study, const RunResult *result, Arena *arena)
{
    int failed = 0;
    int count = study->data == NULL ? 0 : study->data->count;
    for (int i = 0; i < study->arm_count * count; i++) {
        const Outcome *outcome = &result->subjects[i];
        if (outcome->kind == OUTCOME_DONE || failed++ >= MOST_COMPLAINTS) {
            continue;
        }
        const DataSubject *subject = &study->data->subjects[i % count];
        Text text = text_new(arena);
        outcome_print(outcome, study->model, &text);
        if (outcome->kind == OUTCOME_BAD_DOSE && outcome->dose >= 0) {
            text_format(&text, ", line %d of %s", subject->dose_line[outcome->dose],
                        study->data->path);
        }
        cli_complain("arm '%s', subject %s: %s", study->arms[i / count].name, subject->id,
                     text.data);
    }
    if (failed > MOST_COMPLAINTS) {
        cli_complain("%d more subjects failed; manifest.json names them", failed - MOST_COMPLAINTS);
    }
}

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

/* The finite values of an output in an arm, sorted. */
static size_t values_of(const Table *table, int arm, int output, double *values)
{
    size_t count = 0;
    for (size_t row = 0; row < table->row_count; row++) {
        double value = table_cell(table, row, COLUMN_OUTPUT + output);
        if ((int)table_cell(table, row, COLUMN_ARM) == arm && isfinite(value)) {
            values[count++] = value;
        }
    }
    qsort(values, count, sizeof *values, compare);
    return count;
}

static const char *short_number(Arena *arena, double value)
{
    char digits[NUMBER_TEXT_SIZE];
    int length = number_short(value, DIGITS, digits);
    return arena_copy(arena, digits, (size_t)length);
}

static void report_arm(const Study *study, const RunResult *result, int arm, Text *text)
{
    Arena *arena = text->arena;
    const Table *table = result->table;
    double *values = arena_array(arena, table->row_count + 1, sizeof *values);
    text_format(text, "\n%-24s %12s %12s %12s\n", study->arms[arm].name, "least", "median",
                "largest");
    int count = 0;
    const int *outputs = summary_outputs(arena, study, &count);
    for (int i = 0; i < count; i++) {
        const Label *label = study->outputs[outputs[i]].label;
        size_t n = values_of(table, arm, outputs[i], values);
        double middle = n == 0 ? (double)NAN : 0.5 * (values[(n - 1) / 2] + values[n / 2]);
        const char *unit = label->unit.known ? label->unit.text : "";
        text_format(
            text, "  %-22s %12s %12s %12s\n", arena_format(arena, "%s %s", label->name, unit),
            short_number(arena, n == 0 ? (double)NAN : values[0]), short_number(arena, middle),
            short_number(arena, n == 0 ? (double)NAN : values[n - 1]));
    }
}

void data_report(const Study *study, const RunResult *result, Text *text)
{
    text_format(text, "%s%s%s\n", study->name, *study->title == '\0' ? "" : ": ", study->title);
    text_format(text, "%d subjects or occasions of %s, %zu rows\n", study->data->count,
                study->data->path, result->table->row_count);
    for (int arm = 0; arm < study->arm_count; arm++) {
        report_arm(study, result, arm, text);
    }
}
