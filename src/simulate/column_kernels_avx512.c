/* column_kernels_avx512.c: the loops of column_kernels.h for avx512.
 * CMakeLists.txt gives this file its compiler flags.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#if defined(__x86_64__)
#define COLUMN_TABLE   column_kernels_avx512
#define COLUMN_NAME    "avx512"
#define COLUMN_DOUBLES 8
#include "simulate/column_kernels_body.h"
#else
typedef int NothingHere; // a file must not be empty
#endif
