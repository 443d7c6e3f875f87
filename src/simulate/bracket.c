/* bracket.c: see bracket.h.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/bracket.h"

#include <float.h>
#include <math.h>

enum { MOST_PROBES = 200 };

bool bracket_next(Bracket *bracket, double *at)
{
    const double low = bracket->low;
    const double high = bracket->high;
    const double width = high - low;
    if (bracket->probes++ >= MOST_PROBES || width <= DBL_EPSILON * fmax(fabs(low), fabs(high))) {
        return false;
    }
    *at = low + width * (bracket->at_low / (bracket->at_low - bracket->at_high));
    if (bracket->slow >= 2 || !(*at > low && *at < high)) {
        *at = low + 0.5 * width;
        bracket->slow = 0;
        bracket->side = 0;
    }
    return *at > low && *at < high;
}

void bracket_take(Bracket *bracket, double at, double value, bool crossed)
{
    const double width = bracket->high - bracket->low;
    if (crossed) {
        bracket->at_low = bracket->side > 0 ? 0.5 * bracket->at_low : bracket->at_low;
        bracket->high = at;
        bracket->at_high = value;
        bracket->side = 1;
    } else {
        bracket->at_high = bracket->side < 0 ? 0.5 * bracket->at_high : bracket->at_high;
        bracket->low = at;
        bracket->at_low = value;
        bracket->side = -1;
    }
    bracket->slow = bracket->high - bracket->low > 0.5 * width ? bracket->slow + 1 : 0;
}
