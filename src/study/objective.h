/* objective.h: what the model predicts for each observation of a fit, and how that changes with the
 * free parameters.
 *
 * A Trial is one point of the search. Many may be asked for at once: their subjects run side by
 * side as lanes. What comes back depends on the trials asked for together (they share the solver's
 * steps) and on nothing else, so the same questions give the same bits.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_STUDY_OBJECTIVE_H
#define STROMA_STUDY_OBJECTIVE_H

#include "study/fit.h"

typedef struct {
    const double *at; // (parameter_count) coordinates
    bool slopes;      // wanted
    // What comes back:
    double *predicted; // (datum_count)
    double *slope;     // (datum_count × model_count) d predicted / d coordinate; NULL: not wanted
    bool failed;       // a subject could not be simulated, or a prediction is not finite
    int subject;       // the first that failed
    Outcome outcome;   // how; OUTCOME_DONE: its prediction is not finite
} Trial;

typedef struct Objective Objective;

/* For one thread. */
Objective *objective_open(const Study *study, const volatile int *stop);

/* For one of several threads: the tape is compiled before they begin, because the derivatives that
 * it holds let the model's graph grow. */
const Tape *objective_tape(const Study *study, Arena *arena);
Objective *objective_open_shared(const Study *study, const Tape *tape, const volatile int *stop);
void objective_close(Objective *objective);

/* False if it was interrupted: the trials then hold nothing. */
bool objective_run(Objective *objective, Trial *const *trials, int count);

/* Trials that fill one pack. */
int objective_room(const Study *study);

/* Trials with and without slopes so far. */
long objective_calls(const Objective *objective);

#endif
