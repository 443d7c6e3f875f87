/* workers.h: a pool of threads that deals out numbered items of work, one after the other.
 *
 * Each worker opens what it needs for itself (a pack with its solver), works items until none is
 * left, and closes it. Items are dealt in order; they end in any order, so nothing may depend on
 * it.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_STUDY_WORKERS_H
#define STROMA_STUDY_WORKERS_H

#include <stdbool.h>

typedef struct {
    int jobs;   // threads; 0: one for each core
    long count; // items 0 .. count-1
    void *shared;
    void *(*open)(void *shared); // NULL: this worker cannot work
    bool (*work)(void *shared, void *worker, long item);
    void (*close)(void *worker);
    const volatile int *stop; // non-zero: no further items are dealt out; may be NULL
    // Called by the calling thread about ten times a second with the items that are done; may be
    // NULL.
    void (*tick)(void *shared, long done);
} WorkPlan;

typedef enum { WORK_DONE, WORK_STOPPED, WORK_FAILED } WorkStatus;

/* Returns when all workers have ended. WORK_FAILED: an item failed or no worker could be opened;
 * *error is the errno of the first. */
WorkStatus workers_run(const WorkPlan *plan, int *error);

/* Cores that this process may use. */
int workers_cores(void);

#endif
