/* stops.h: the times at which the integration must stop: where functions of time pass through zero.
 *
 * Nothing here knows packs: a Surface is any function of time. The search of a pack's stops is in
 * stops.c behind lanes.h.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_SIMULATE_STOPS_H
#define STROMA_SIMULATE_STOPS_H

#include "base/arena.h"

#include <stdbool.h>

typedef struct {
    double value, slope;
} SurfacePoint;
typedef SurfacePoint Surface(void *context, double time);

typedef struct {
    Arena *arena;
    double *times;
    size_t count, capacity;
} TimeList;

enum { STOPS_MAX = 1000000 };

/* False when the list is full (STOPS_MAX). */
bool times_add(TimeList *list, double time);
/* Ascending, without equals. */
void times_sort(TimeList *list);

/* Zeros of a surface that is a straight line on (first, last); with `whole` every whole number
 * instead of zero only. Exact where the zero is a double: t - 50 gives 50. */
bool stops_linear(Surface *surface, void *context, double first, double last, bool whole,
                  TimeList *list);
/* The same for any surface: a grid, refined where a cubic through two points and their slopes
 * misses a third, then bisection down to neighbouring doubles. */
bool stops_curved(Surface *surface, void *context, double first, double last, bool whole,
                  TimeList *list);

#endif
