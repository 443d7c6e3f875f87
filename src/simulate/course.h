/* course.h: covariates that change within a subject, and the times at which a subject is observed.
 *
 * A course is a covariate as it was recorded: values at times, and a rule for the time between
 * them. Before the first record holds the first value, after the last the last. At a time with
 * several records the last of them counts.
 *
 *   locf    a value holds from its record on (last one carried forward)
 *   nocb    a value holds up to its record (next one carried back: what NONMEM does): at the
 *           record's own time it still holds, the next one begins just after
 *   linear  a straight line between records
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_SIMULATE_COURSE_H
#define STROMA_SIMULATE_COURSE_H

#include <stdbool.h>

typedef enum { COURSE_LOCF, COURSE_NOCB, COURSE_LINEAR } CourseMethod;

typedef struct {
    int covariate; // index in the model
    CourseMethod method;
    const double *time, *value; // (count) times ascending, equal ones allowed
    int count;                  // at least 1
} CovariateCourse;

/* The value at a time, or (after) just after it. */
double course_value(const CovariateCourse *course, double time, bool after);

/* True if the value has a jump or a corner at record `index`, so that the solver must stop there.
 */
bool course_turns(const CovariateCourse *course, int index);

/* A subject is observed at `time`, after the records of its regimen with index < `records` and
 * before those of that instant that come later; with OBSERVED_BEFORE before everything that happens
 * at that instant, pending doses, ends of infusions and timed events included. */
enum { OBSERVED_BEFORE = -1 };
typedef struct {
    double time;
    int records;
} Observation;

#endif
