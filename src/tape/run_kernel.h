/* run_kernel.h: the interpreter, written once over `wide` and compiled once per instruction set.
 *
 * The includer defines WIDE_WIDTH and RUN_KERNEL, the name of its entry. The loop itself is
 * run_loop.h, instantiated for 1, 2, 4 and 8 vectors a slot (so that the inner loop unrolls and a
 * slot's address is a shift) and for any number. lane_* are the special cases of
 * expr/operators.def.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "tape/kernels.h"
#include "tape/lane.h"

#include <assert.h>

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
