/* interpolate.c: tabulated inputs: linear, step, or monotone cubic (pchip) between points.
 *
 * Cubic: Hermite form with the slopes given at the points (Fritsch & Carlson 1980 is the caller's
 * business). Outside the points the end values hold and the slope is 0. At a point itself the piece
 * to its right counts.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "tape/tape.h"

#include <assert.h>
#include <math.h>

static double piece(const Interpolant *table, int i, double x, bool slope)
{
    double width = table->x[i + 1] - table->x[i];
    double rise = table->y[i + 1] - table->y[i];
    double s = (x - table->x[i]) / width;
    if (table->method == INTERP_STEP) {
        return slope ? 0 : table->y[i];
    }
    if (table->method == INTERP_LINEAR) {
        return slope ? rise / width : table->y[i] + s * rise;
    }
    /* y = y0 + s (h m0 + s (3 rise - h (2 m0 + m1) + s (h (m0 + m1) - 2 rise))), s = (x - x0)/h */
    double first = width * table->slope[i];
    double last = width * table->slope[i + 1];
    double second = 3 * rise - 2 * first - last;
    double third = first + last - 2 * rise;
    if (slope) {
        return (first + s * (2 * second + s * 3 * third)) / width;
    }
    return table->y[i] + s * (first + s * (second + s * third));
}

double interpolant_value(const Interpolant *table, double x, bool slope)
{
    assert(table != NULL && table->count >= 0);
    int last = table->count - 1;
    if (last < 0 || isnan(x)) {
        return (double)NAN;
    }
    if (x < table->x[0] || x >= table->x[last]) {
        return slope ? 0 : table->y[x < table->x[0] ? 0 : last];
    }
    int low = 0;
    int high = last; // x[low] <= x < x[high]
    while (high - low > 1) {
        int middle = low + (high - low) / 2;
        if (table->x[middle] <= x) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return piece(table, low, x, slope);
}
