/* run_avx2.c: the interpreter with four lanes; compiled with -mavx2, run where the processor has
 * it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define WIDE_WIDTH 4
#define RUN_KERNEL tape_run_avx2
#include "tape/run_kernel.h"
