/* column_kernels_body.h: the loops of column_kernels.h for one instruction set; a template without
 * guard.
 *
 * Wants: COLUMN_TABLE (name of the table), COLUMN_NAME (its text), COLUMN_DOUBLES (doubles in a
 * register).
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/column_kernels.h"

#include <math.h>
#include <string.h>

static void mix(double (*weight)[COLUMN_NODES], const double *const x[COLUMN_NODES],
                double *const z[COLUMN_MIXES], int count)
{
    const double *first = x[0];
    const double *second = x[1];
    const double *third = x[2];
    const double *fourth = x[3];
    double own[COLUMN_MIXES][COLUMN_NODES];
    double *to[COLUMN_MIXES];
    for (int m = 0; m < COLUMN_MIXES; m++) {
        memcpy(own[m], weight[m], sizeof own[m]);
        to[m] = z[m];
    }
    _Pragma("GCC ivdep") for (int i = 0; i < count; i++)
    {
        const double a = first[i];
        const double b = second[i];
        const double c = third[i];
        const double d = fourth[i];
        for (int m = 0; m < COLUMN_MIXES; m++) {
            to[m][i] = own[m][0] * a + own[m][1] * b + own[m][2] * c + own[m][3] * d;
        }
    }
}

#include "simulate/column_kernels_lay.h"

#define JOINED(name, block, group) name##_##block##_##group
#define JOIN(name, block, group)   JOINED(name, block, group)
#define NAMED(name)                JOIN(name, BLOCK, GROUP)
#define LOOPS(block, group)                                                                        \
    {                                                                                              \
        prepare_##block##_##group, solve_##block##_##group, finish_##block##_##group,              \
            bend_##block##_##group                                                                 \
    }

// One lane: a register holds columns.
#define GROUP 1
#define BLOCK 4
#include "simulate/column_kernels_block.h"
#undef BLOCK
#define BLOCK 8
#include "simulate/column_kernels_block.h"
#undef BLOCK
#define BLOCK 12
#include "simulate/column_kernels_block.h"
#undef BLOCK
#undef GROUP
// Four lanes: a register holds one column of each.
#define SINGLES                                                                                    \
    {                                                                                              \
        LOOPS(4, 1), LOOPS(8, 1), LOOPS(12, 1)                                                     \
    }
#if COLUMN_DOUBLES >= 4
#define GROUP 4
#define BLOCK 1
#include "simulate/column_kernels_block.h"
#undef BLOCK
#define BLOCK 2
#include "simulate/column_kernels_block.h"
#undef BLOCK
#define BLOCK 3
#include "simulate/column_kernels_block.h"
#undef BLOCK
#define BLOCK 4
#include "simulate/column_kernels_block.h"
#undef BLOCK
#define BLOCK 5
#include "simulate/column_kernels_block.h"
#undef BLOCK
#define BLOCK 6
#include "simulate/column_kernels_block.h"
#undef BLOCK
#define BLOCK 7
#include "simulate/column_kernels_block.h"
#undef BLOCK
#define BLOCK 8
#include "simulate/column_kernels_block.h"
#undef BLOCK
#define BLOCK 9
#include "simulate/column_kernels_block.h"
#undef BLOCK
#define BLOCK 10
#include "simulate/column_kernels_block.h"
#undef BLOCK
#define BLOCK 11
#include "simulate/column_kernels_block.h"
#undef BLOCK
#define BLOCK 12
#include "simulate/column_kernels_block.h"
#undef BLOCK
#undef GROUP
#define FOURS                                                                                      \
    {                                                                                              \
        LOOPS(1, 4), LOOPS(2, 4), LOOPS(3, 4), LOOPS(4, 4), LOOPS(5, 4), LOOPS(6, 4), LOOPS(7, 4), \
            LOOPS(8, 4), LOOPS(9, 4), LOOPS(10, 4), LOOPS(11, 4), LOOPS(12, 4)                     \
    }
#else
#define FOURS                                                                                      \
    {                                                                                              \
        {                                                                                          \
            0                                                                                      \
        }                                                                                          \
    }
#endif

const ColumnKernels COLUMN_TABLE = {COLUMN_NAME, mix, gather, beside, apart, alike, SINGLES, FOURS};
