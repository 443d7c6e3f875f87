/* column_kernels.c: the table for an instruction set.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/column_kernels.h"

#include <string.h>

const ColumnKernels *column_kernels_for(const char *isa)
{
#if defined(__x86_64__)
    if (strcmp(isa, "avx512") == 0) {
        return &column_kernels_avx512;
    }
    if (strcmp(isa, "avx2") == 0) {
        return &column_kernels_avx2;
    }
#else
    (void)isa;
#endif
    return &column_kernels_baseline;
}
