/* summary.c: see summary.h.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/summary.h"

#include <assert.h>
#include <math.h>

Summary summary_of(const Table *table, int arm, int output)
{
    assert(table != NULL && arm >= 0 && COLUMN_OUTPUT + output < table->column_count);
    Summary summary = {NAN, NAN, NAN, NAN, NAN};
    bool first = true;
    for (size_t row = 0; row < table->row_count; row++) {
        if (table_cell(table, row, COLUMN_ARM) != arm) {
            continue;
        }
        double time = table_cell(table, row, COLUMN_TIME);
        double value = table_cell(table, row, COLUMN_OUTPUT + output);
        if (first) {
            summary.start = value;
            first = false;
        }
        if (!isnan(value) && !(value <= summary.peak)) { // also true while there is no peak yet
            summary.peak = value;
            summary.peak_time = time;
        }
        summary.end = value;
        summary.end_time = time;
    }
    return summary;
}

Gaps summary_gaps(const RunResult *result, int output)
{
    const Table *table = result->table;
    assert(table != NULL && COLUMN_OUTPUT + output < table->column_count);
    Gaps gaps = {0};
    for (size_t row = 0; row < table->row_count; row++) {
        int arm = (int)table_cell(table, row, COLUMN_ARM);
        if (isfinite(table_cell(table, row, COLUMN_OUTPUT + output)) ||
            result->outcomes[arm].kind != OUTCOME_DONE) {
            continue;
        }
        if (gaps.count++ == 0) {
            gaps.row = row;
        }
    }
    return gaps;
}

const int *summary_outputs(Arena *arena, const Study *study, int *count)
{
    int *outputs = arena_array(arena, (size_t)study->output_count + 1, sizeof *outputs);
    bool *taken = arena_array(arena, (size_t)study->output_count + 1, sizeof *taken);
    *count = 0;
    for (int plot = 0; plot < study->plot_count; plot++) {
        for (int i = 0; i < study->plots[plot].y_count; i++) {
            int output = study->plots[plot].y[i];
            if (!taken[output]) {
                taken[output] = true;
                outputs[(*count)++] = output;
            }
        }
    }
    for (int output = 0; study->plot_count == 0 && output < study->table_outputs; output++) {
        outputs[(*count)++] = output;
    }
    return outputs;
}
