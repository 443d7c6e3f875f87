/* kernels_avx2.c: the kernels for AVX2: four doubles in a register.
 * CMakeLists.txt gives this file its compiler flags; kernels.c calls it only where the machine can.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#if defined(__x86_64__)
#define ISA_TABLE   kernels_avx2
#define ISA_NAME    "avx2"
#define ISA_DOUBLES 4
#include "simulate/kernels_body.h"
#else
typedef int NothingHere; // a file must not be empty
#endif
