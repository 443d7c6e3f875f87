/* rows.h: statistics over the subjects of an arm, or of the differences between two arms, row by
 * row. SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_STUDY_ROWS_H
#define STROMA_STUDY_ROWS_H

#include "study/population.h"
#include "study/statistics.h"

typedef struct {
    Moments moments;
    double *quantiles; // (level_count) of the plan; of differences only the median
    double low, high;  // 95 % interval of the mean
    double above;      // share of subjects (by weight) above 0
} RowStatistics;

typedef struct {
    const Plan *plan;
    int arm;
    int reference; // -1: the values themselves, else the difference from this arm
    int jobs;
    // Called for each row in order.
    void (*take)(void *context, int row, const RowStatistics *statistics);
    void *context;
} RowRequest;

/* Rows first .. first + count - 1. False: errno says why the spool cannot be read. */
bool rows_run(const RowRequest *request, int first, int count);

/* The row of an output at a time, and of its area or peak. */
int row_of(const Plan *plan, int output, int time);
int row_of_extra(const Plan *plan, int output, int extra);

#endif
