/* kernels_baseline.c: the kernels for any processor: two doubles in a register (SSE2, NEON).
 * CMakeLists.txt gives this file its compiler flags; kernels.c calls it only where the machine can.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define ISA_TABLE   kernels_baseline
#define ISA_NAME    "baseline"
#define ISA_DOUBLES 2
#include "simulate/kernels_body.h"
