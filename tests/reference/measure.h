/* measure.h: numbers read off the curves of a run, for tests/reference: a minimum, the time of a
 * peak, a half-life. SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_TESTS_REFERENCE_MEASURE_H
#define STROMA_TESTS_REFERENCE_MEASURE_H

#include "table/table.h"

/* The results of one arm, one column. */
typedef struct {
    const double *time;
    const double *value;
    int count;
} Curve;

/* Rows of `arm` (NULL: the first arm) in [from, to] (NAN: open). count is 0 if there is no such arm
 * or column. */
Curve curve_read(const Table *table, const char *arm, const char *name, double from, double to);

/* a - b at equal times; count is 0 if the times differ. */
Curve curve_minus(Arena *arena, Curve a, Curve b);

/* Value of a measure, NAN if it does not exist:
 *   first, last        value at the first (last) time
 *   min, max           smallest (largest) value
 *   min_time, max_time when
 *   rise               last - first
 *   integral           by trapezoids
 *   half_life          of the straight line in log space from the first to the last time
 *   half_time          from the peak until half of the peak (crossing interpolated in log space)
 *   below_time         from the first time until the value is below `level`, likewise
 *   drift              largest |value - first| / max(|first|, 1)
 *   undershoot         -min / max |value| where the minimum is negative, else 0 */
double measure(const char *what, Curve curve, double level);

#endif
