/* lane.h: the special cases of expr/operators.def for the operations of ops.def.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_TAPE_LANE_H
#define STROMA_TAPE_LANE_H

#include "base/wide_exp.h"

/* An argument in [-1e-6, 0) counts as 0. */
WIDE_INLINE WideMask lane_slightly_negative(wide a)
{
    return wide_and(wide_less(a, wide_set(0)),
                    wide_less_equal(wide_set(EXPR_SLIGHTLY_NEGATIVE), a));
}

WIDE_INLINE wide lane_not_slightly_negative(wide a)
{
    return wide_select(lane_slightly_negative(a), wide_set(0), a);
}

/* value, but NaN where a is negative beyond doubt. */
WIDE_INLINE wide lane_logarithm(wide a, wide value)
{
    return wide_select(wide_less(a, wide_set(EXPR_SLIGHTLY_NEGATIVE)), wide_set((double)NAN),
                       value);
}

/* A base that is slightly negative counts as 0 if the exponent is not whole. */
WIDE_INLINE wide lane_power(wide a, wide b)
{
    WideMask broken = wide_not(wide_equal(b, wide_floor(b)));
    return wide_pow(wide_select(wide_and(broken, lane_slightly_negative(a)), wide_set(0), a), b);
}

#endif
