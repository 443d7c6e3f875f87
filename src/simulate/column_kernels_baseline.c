/* column_kernels_baseline.c: the loops of column_kernels.h for baseline.
 * CMakeLists.txt gives this file its compiler flags.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define COLUMN_TABLE   column_kernels_baseline
#define COLUMN_NAME    "baseline"
#define COLUMN_DOUBLES 2
#include "simulate/column_kernels_body.h"
