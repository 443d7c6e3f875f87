/* calls.h: one study run many times with other numbers: what `serve` and `run --batch` share.
 *
 * A Caller keeps the study compiled and its packs open. A Call is one set of changes; the calls of
 * one caller_run are lanes side by side, arm by arm, so their numbers depend on who was asked for
 * together (within the tolerance) and on nothing else. A Caller belongs to one thread; nothing
 * grows with the number of calls. SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_STUDY_CALLS_H
#define STROMA_STUDY_CALLS_H

#include "study/study.h"

/* A parameter or covariate with another value, in the model's unit. */
typedef struct {
    NameRef ref;
    int arm; // in this one; -1: in every arm that has no value of its own for it
    double value;
} CallChange;

typedef struct {
    const CallChange *changes; // later ones win
    int change_count;
    int arm;     // the only one to run; -1: all
    bool slopes; // derivatives by the parameters among the changes are wanted
    // What comes back. Index of the arm first, then time, then output; NAN where an arm did not
    // get.
    double *values; // (arm_count × time_count × output_count)
    double *slope;  // (arm_count × time_count × output_count × change_count); NULL: not wanted
    Outcome *outcomes; // (arm_count); of an arm that was not asked for OUTCOME_STOPPED
} Call;

typedef struct Caller Caller;

/* tape: study_tape's, where several threads have one, else NULL. lanes: most in a pack, 0: chosen.
 * NULL only if the solver library cannot be set up. The study has neither population nor data file.
 */
Caller *caller_open(const Study *study, const Tape *tape, int lanes, const volatile int *stop);
void caller_close(Caller *caller);

/* What outputs at the time of a dose show from now on (not AT_DOSE_BOTH); without it
 * AT_DOSE_POST. */
void caller_at_dose(Caller *caller, AtDose at_dose);

/* Adds what its solvers did so far, those for derivatives included as long as they are kept. */
void caller_count(const Caller *caller, SolverStats *sum);

/* Calls that fill a pack. */
int caller_room(const Caller *caller);

/* False if it was interrupted. */
bool caller_run(Caller *caller, Call *const *calls, int count);

/* Does a change reach the arm? A value that the arm gives itself stays unless it is named. */
bool change_reaches(const Study *study, const CallChange *change, int arm);

#endif
