/* run_loop.h: the loop over instructions, for run_kernel.h: no include guard, included several
 * times.
 *
 * Threaded code: the end of each operation jumps to the next one's label, which gives the branch
 * predictor one history per operation. Each operation loops over the RUN_VECTORS vectors of a slot.
 * A result may stand in the slot of one of its operands.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define RUN_SLOT(number) (slots + (size_t)(number) * (size_t)(RUN_VECTORS)*WIDE_WIDTH)
#define RUN_OPERANDS_1   const double *slot_a = RUN_SLOT(at->a);
#define RUN_OPERANDS_2   RUN_OPERANDS_1 const double *slot_b = RUN_SLOT(at->b);
#define RUN_OPERANDS_3   RUN_OPERANDS_2 const double *slot_c = RUN_SLOT(at->c);
#define RUN_OPERANDS_4   RUN_OPERANDS_3 const double *slot_d = RUN_SLOT(at->d);
#define RUN_LOAD_1       wide a = wide_load(slot_a + v);
#define RUN_LOAD_2       RUN_LOAD_1 wide b = wide_load(slot_b + v);
#define RUN_LOAD_3       RUN_LOAD_2 wide c = wide_load(slot_c + v);
#define RUN_LOAD_4       RUN_LOAD_3 wide d = wide_load(slot_d + v);

static void RUN_LOOP(const Tape *tape, const Instruction *at, double *slots, size_t vectors)
{
    static const void *const labels[OP_COUNT] = {
        &&label_NONE,
#define OP(NAME, arity, listing, lane) &&label_##NAME,
#include "tape/ops.def"
#undef OP
    };
    (void)tape;
    (void)vectors;
    goto *labels[at->op];
#define OP(NAME, arity, listing, lane)                                                             \
    label_##NAME:                                                                                  \
    {                                                                                              \
        double *result = RUN_SLOT(at->dst);                                                        \
        RUN_OPERANDS_##arity _Pragma("GCC unroll 4") for (size_t v = 0;                            \
                                                          v < (size_t)(RUN_VECTORS)*WIDE_WIDTH;    \
                                                          v += WIDE_WIDTH)                         \
        {                                                                                          \
            RUN_LOAD_##arity wide_store(result + v, (lane));                                       \
        }                                                                                          \
        at++;                                                                                      \
        goto *labels[at->op];                                                                      \
    }
#include "tape/ops.def"
#undef OP
label_NONE:
    return;
}

#undef RUN_SLOT
#undef RUN_OPERANDS_1
#undef RUN_OPERANDS_2
#undef RUN_OPERANDS_3
#undef RUN_OPERANDS_4
#undef RUN_LOAD_1
#undef RUN_LOAD_2
#undef RUN_LOAD_3
#undef RUN_LOAD_4
