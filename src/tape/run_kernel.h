/* run_kernel.h: the interpreter, written once over `wide` and compiled once per instruction set.
 *
 * The includer defines WIDE_WIDTH and RUN_KERNEL, the name of its entry. The loop itself is
 * run_loop.h, instantiated for 1, 2, 4 and 8 vectors a slot (so that the inner loop unrolls and a
 * slot's address is a shift) and for any number. lane_* are the special cases of
 * expr/operators.def.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/wide.h"
#include "tape/kernels.h"

#include <assert.h>

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

WIDE_INLINE wide lane_digamma(wide a)
{
    wide result;
    WIDE_BY_LANE(result, a, expr_digamma(lane));
    return result;
}

WIDE_INLINE wide lane_interp(const Tape *tape, uint32_t table, wide a, bool slope)
{
    if (tape->tables == NULL) {
        return wide_set((double)NAN);
    }
    const Interpolant *interpolant = &tape->tables[table];
    wide result;
    WIDE_BY_LANE(result, a, interpolant_value(interpolant, lane, slope));
    return result;
}

// addresses of labels are an extension that gcc and clang have
#pragma GCC diagnostic ignored "-Wpedantic"

#define RUN_LOOP    run_1
#define RUN_VECTORS 1
#include "tape/run_loop.h"
#undef RUN_LOOP
#undef RUN_VECTORS

#define RUN_LOOP    run_2
#define RUN_VECTORS 2
#include "tape/run_loop.h"
#undef RUN_LOOP
#undef RUN_VECTORS

#define RUN_LOOP    run_4
#define RUN_VECTORS 4
#include "tape/run_loop.h"
#undef RUN_LOOP
#undef RUN_VECTORS

#define RUN_LOOP    run_8
#define RUN_VECTORS 8
#include "tape/run_loop.h"
#undef RUN_LOOP
#undef RUN_VECTORS

#define RUN_LOOP    run_any
#define RUN_VECTORS vectors
#include "tape/run_loop.h"
#undef RUN_LOOP
#undef RUN_VECTORS

void RUN_KERNEL(const Tape *tape, const Instruction *code, double *slots, int width)
{
    assert(width >= WIDE_WIDTH && width % WIDE_WIDTH == 0);
    switch (width / WIDE_WIDTH) {
    case 1:
        run_1(tape, code, slots, 1);
        break;
    case 2:
        run_2(tape, code, slots, 2);
        break;
    case 4:
        run_4(tape, code, slots, 4);
        break;
    case 8:
        run_8(tape, code, slots, 8);
        break;
    default:
        run_any(tape, code, slots, (size_t)(width / WIDE_WIDTH));
        break;
    }
}
