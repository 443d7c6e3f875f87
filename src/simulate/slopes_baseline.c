/* slopes_baseline.c: the loops of slopes.h for baseline.
 * CMakeLists.txt gives this file its compiler flags.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define SLOPE_TABLE slope_kernels_baseline
#define SLOPE_NAME  "baseline"
#include "simulate/slopes_body.h"
