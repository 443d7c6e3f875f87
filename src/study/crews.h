/* crews.h: many searches on threads, dealt into groups that fill the lanes of a pack.
 *
 * The searches of a group run in step (crew.h). Who is in a group depends on the study and on how
 * many searches there are only, so neither threads nor a resumed journal change a bit.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_STUDY_CREWS_H
#define STROMA_STUDY_CREWS_H

#include "study/crew.h"
#include "study/workers.h"

typedef struct {
    const Study *study;
    const Tape *tape; // objective_tape
    int jobs;         // threads, 0: all cores
    Journal *journal; // may be NULL
    int first_group;  // the number of the first group in the journal
    int count;        // searches
    void *shared;
    void (*search)(void *shared, int number, const CrewMember *member); // number: 0 .. count-1
    const volatile int *stop;
} CrewsPlan;

/* WORK_FAILED: a thread or worker cannot be set up, or the journal not be written: *error. */
WorkStatus crews_run(const CrewsPlan *plan, int *error);

#endif
