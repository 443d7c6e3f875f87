/* column_kernels_avx2.c: the loops of column_kernels.h for avx2.
 * CMakeLists.txt gives this file its compiler flags.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#if defined(__x86_64__)
#define COLUMN_TABLE   column_kernels_avx2
#define COLUMN_NAME    "avx2"
#define COLUMN_DOUBLES 4
#include "simulate/column_kernels_body.h"
#else
typedef int NothingHere; // a file must not be empty
#endif
