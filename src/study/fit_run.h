/* fit_run.h: a fit from all its starts.
 *
 * Starts are dealt into groups that fill the lanes of a pack; groups run on threads, and the starts
 * of a group in step (crew.h). Who shares a pack depends on the study only, so neither threads nor
 * a resumed journal change a bit. SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_STUDY_FIT_RUN_H
#define STROMA_STUDY_FIT_RUN_H

#include "study/information.h"
#include "study/search.h"

typedef struct {
    SearchStatus status;
    double *first, *at; // (parameter_count) coordinates: the start, the best
    double first_value, value;
    int iterations;
    long calls;
    TraceLine *trace; // (trace_count)
    size_t trace_count, trace_room;
    int subject;     // SEARCH_REFUSED: whose simulation failed
    Outcome outcome; // OUTCOME_DONE: its prediction or likelihood is not finite
    int datum;       // then: of which value, -1: not known
    double predicted;
} StartResult;

typedef struct {
    int jobs;         // threads, 0: all cores
    Journal *journal; // may be NULL
    const volatile int *stop;
    // One line of one start; called by any thread, one at a time. May be NULL.
    void (*progress)(void *context, int start, const TraceLine *line);
    void *context;
} FitOptions;

typedef enum {
    FIT_DONE,
    FIT_STOPPED, // interrupted; result holds the best so far, if there is any
    FIT_REFUSED, // no start can be simulated
    FIT_FILE,    // the journal cannot be written: errno
    FIT_SOLVER   // the solver library or a thread cannot be set up
} FitStatus;

typedef struct {
    StartResult *starts; // (start_count)
    int start_count;
    int best;              // index of the best start, -1: none
    double *at;            // (parameter_count) its coordinates
    Trial trial;           // predictions and slopes there, simulated alone
    Likelihood likelihood; // there
    Information information;
    long calls;
} FitResult;

/* The result's memory is in `arena`. */
FitStatus fit_run(const Study *study, const FitOptions *options, Arena *arena, FitResult *result);

/* One point alone, with slopes: trial and likelihood. False: it has none (or was interrupted). */
bool fit_evaluate(const Study *study, const double *at, Arena *arena, Trial *trial,
                  Likelihood *likelihood);

/* The method that `auto` means for so many free coordinates. */
FitMethod fit_method(const Fit *fit, int free_count);

/* Coordinates of a start: 0 is the study's own, others are of the design. */
void fit_start(const Fit *fit, int start, double *at);

#endif
