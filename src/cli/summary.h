/* summary.h: start, peak and end of one output of one arm, from the rows of a run.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_CLI_SUMMARY_H
#define STROMA_CLI_SUMMARY_H

#include "study/study.h"

/* Values are NaN where the arm has no row with a number. */
typedef struct {
    double start;
    double peak; // the largest value, and the first time it is reached
    double peak_time;
    double end;
    double end_time; // of the last row
} Summary;

/* Columns of a run's table before the outputs. */
enum { COLUMN_ARM, COLUMN_ID, COLUMN_TIME, COLUMN_OUTPUT };

/* Rows of completed arms where an output is no finite number: how many, and the first. */
typedef struct {
    size_t count;
    size_t row;
} Gaps;

Gaps summary_gaps(const RunResult *result, int output);

Summary summary_of(const Table *table, int arm, int output);

/* Indices of the outputs that plots show, each once, in order of first use; all columns of the CSV
 * if there are no plots. */
const int *summary_outputs(Arena *arena, const Study *study, int *count);

#endif
