/* slopes_avx512.c: the loops of slopes.h for avx512.
 * CMakeLists.txt gives this file its compiler flags.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#if defined(__x86_64__)
#define SLOPE_TABLE slope_kernels_avx512
#define SLOPE_NAME  "avx512"
#include "simulate/slopes_body.h"
#else
typedef int NothingHere; // a file must not be empty
#endif
