/* run_baseline.c: the interpreter with two lanes, SSE2 or NEON, which every x86-64 or arm64 has.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define WIDE_WIDTH 2
#define RUN_KERNEL tape_run_baseline
#include "tape/run_kernel.h"
