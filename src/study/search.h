/* search.h: one search for the best coordinates, from one start.
 *
 * A Search asks its crew for trials, keeps the best point it has seen, and writes one line of trace
 * for each iteration. A trial that fails counts as a point that is much worse than the start, with
 * a finite value: no optimiser may take it for a good one, and none is spoilt by NaN. Coordinates
 * that are not free stay where they are. SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_STUDY_SEARCH_H
#define STROMA_STUDY_SEARCH_H

#include "study/crew.h"
#include "study/likelihood.h"

typedef enum {
    SEARCH_CONVERGED,
    SEARCH_LIMIT,   // iterations spent
    SEARCH_STALLED, // no better point can be found, though the gradient is not 0
    SEARCH_STOPPED, // interrupted: the best so far
    SEARCH_REFUSED  // the start cannot be simulated
} SearchStatus;

typedef struct {
    int iteration;
    long calls;
    double value;     // -ln L + prior
    double gradient;  // largest part of it, by the free coordinates
    const double *at; // (parameter_count)
} TraceLine;

typedef struct Search Search;
typedef void SearchTrace(void *context, const TraceLine *line);

struct Search {
    const Study *study;
    const Fit *fit;
    Arena *arena;
    const CrewMember *member;
    const int *free; // (free_count) coordinates that may move
    int free_count;
    FitMethod method; // never METHOD_AUTO
    const char *algorithm;
    uint64_t seed;
    int iterations;
    double tolerance;
    SearchTrace *trace; // may be NULL
    void *context;
    const volatile int *stop;
    // What is known:
    double *at;                // (parameter_count) the trial's coordinates
    Trial trial;               // the last
    bool usable;               // it has a likelihood
    double value;              // of it
    double *gradient, *fisher; // of it, by all coordinates; only with slopes
    double *best_at;           // (parameter_count)
    double best, worst;        // the best value; what a failed trial counts for
    bool interrupted;
    long calls;
    int iteration;
};

/* Memory of a search from its arena; the start is copied. */
void search_open(Search *search, const double *start);

/* Runs it: the best point is in best_at. */
SearchStatus search_run(Search *search);

/* For the methods: evaluates at `free` coordinates; false if interrupted. Afterwards usable, value
 * and (with slopes) gradient and fisher are set; a point that failed has value = worst. */
bool search_try(Search *search, const double *free, bool slopes);
/* A line of the trace for the best point. */
void search_note(Search *search, double gradient);

/* The methods, each in a file of its own. */
SearchStatus search_squares(Search *search); // fit_gsl.c
SearchStatus search_scoring(Search *search); // fit_scoring.c
SearchStatus search_nlopt(Search *search);   // fit_nlopt.c

const char *search_word(SearchStatus status);

#endif
