/* cycle.h: one interval of a regimen at steady state as a map of the state, y -> P(y), and its
 * derivatives: what periodic.c, monodromy.c and the sensitivities share.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_SIMULATE_CYCLE_H
#define STROMA_SIMULATE_CYCLE_H

#include "simulate/ranked.h"
#include "simulate/sensitivity.h"

/* What happens at a phase of the cycle, and how it changes with the targets (count), or NULL. */
typedef struct {
    double phase;
    int state;
    double bolus, rate;
    const double *moved, *bolus_slopes, *rate_slopes;
} CycleEvent;

typedef struct {
    Pack *pack;
    int lane;
    double start, interval;
    CycleEvent events[2 * SCHEDULE_MAX_TARGETS];
    int count;
    double *base;        // (states) rates that run when a cycle begins
    double *base_slopes; // (targets × states), or NULL
    const Slopes
        *slopes;        // columns that go along, or NULL: the first by the states, then by targets
    int target_columns; // how many of them are by targets
} Cycle;

/* cycle_fill.c: events of one cycle, and what a constant infusion brings, by the values of the
 * record's time; `index` is the dose's in its regimen. */
bool cycle_fill(Cycle *cycle, const Dose *dose, int index, const RouteValues *values);

/* result = P(y); columns begin as slopes->s says, and end there. pack->solo holds the lane. */
bool cycle_run(Cycle *cycle, const double *y, double *result);

/* monodromy.c */
/* P(y) into result, and I - ∂P/∂y factorised, each state in units of size[i] (states). */
bool monodromy_run(Cycle *cycle, const double *y, const double *size, double *result,
                   Ranked *ranked, Arena *arena);
/* False if ∂P/∂y of the last monodromy_run has an eigenvalue beyond 1: the fixed point repels. */
bool monodromy_attracts(const Cycle *cycle, const double *size, Arena *arena);
/* The state y at which the cycle repeats itself changes with the targets: columns (count × states),
 * which hold those of the state that it was looked for from. False if they cannot be had. */
bool monodromy_slopes(Cycle *cycle, const double *y, double *columns);

#endif
