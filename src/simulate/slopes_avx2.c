/* slopes_avx2.c: the loops of slopes.h for avx2.
 * CMakeLists.txt gives this file its compiler flags.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#if defined(__x86_64__)
#define SLOPE_TABLE slope_kernels_avx2
#define SLOPE_NAME  "avx2"
#include "simulate/slopes_body.h"
#else
typedef int NothingHere; // a file must not be empty
#endif
