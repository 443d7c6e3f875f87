/* desolve.c: the entry points that deSolve calls, around the generated native model.
 *
 * Compiled once per workload with BENCH_NATIVE naming it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/native.h"

#define JOIN(a, b)      a##b
#define NATIVE(name)    JOIN(native_, name)
#define MOST_PARAMETERS 1024

extern const NativeModel NATIVE(BENCH_NATIVE);

static double parameters[MOST_PARAMETERS];

__attribute__((visibility("default"))) void initmod(void (*odeparms)(int *, double *));
__attribute__((visibility("default"))) void derivs(int *count, double *t, double *y, double *rates,
                                                   double *out, int *ip);

void initmod(void (*odeparms)(int *, double *))
{
    int count = NATIVE(BENCH_NATIVE).parameters;
    odeparms(&count, parameters);
}

void derivs(int *count, double *t, double *y, double *rates, double *out, int *ip)
{
    (void)count, (void)out, (void)ip;
    NATIVE(BENCH_NATIVE).rates(*t, y, parameters, rates);
}
