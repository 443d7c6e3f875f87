/* run_avx512.c: the interpreter with eight lanes; compiled with -mavx512f, run where the processor
 * has it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define WIDE_WIDTH 8
#define RUN_KERNEL tape_run_avx512
#include "tape/run_kernel.h"
