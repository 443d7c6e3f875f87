/* run_scalar.c: the interpreter with one lane; runs everywhere, the yardstick for the others.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define WIDE_WIDTH 1
#define RUN_KERNEL tape_run_scalar
#include "tape/run_kernel.h"
