/* batch.h: a list of calls on all cores, their results in the order of the list.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_STUDY_BATCH_H
#define STROMA_STUDY_BATCH_H

#include "study/calls.h"
#include "study/workers.h"

typedef struct {
    const CallChange *changes; // (change_count)
    int change_count;
    int arm;       // -1: all
    bool is_wrong; // is not run: the call that is taken has no values
} BatchRow;

typedef struct {
    int jobs, lanes; // 0: chosen
    const volatile int *stop;
    // Called about ten times a second by the calling thread with the rows that are taken; may be
    // NULL.
    void (*progress)(void *context, long done);
    // Called for each row in order, by one thread at a time. False: an error (errno).
    bool (*take)(void *context, long row, const Call *call);
    void *context;
} BatchOptions;

/* What a batch amounts to, for the manifest; counted by who takes the rows. */
struct BatchCounts {
    const char *path; // the list
    const char *const *columns;
    int column_count;
    long rows;
    long failed;    // not run, or an arm did not get to the end
    long not_run;   // a value means nothing
    ArmCount *arms; // (arm_count) of the rows that ran
};

/* The same bytes for any number of threads: a pack holds the same rows. Of the result, in `arena`,
 * the schedules (of the study's own numbers), statistics and width are filled in. *error: errno, if
 * FAILED. */
WorkStatus batch_run(const Study *study, const BatchRow *rows, long count,
                     const BatchOptions *options, Arena *arena, RunResult *result, int *error);

#endif
