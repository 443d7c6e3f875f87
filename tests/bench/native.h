/* native.h: a model as native C, the way the baselines and deSolve want it.
 *
 * export_c.c writes one NativeModel for each model of the benchmark: every shared expression of the
 * model's graph once, in one straight function, for the compiler to optimise. The functions below
 * are what a careful user writes for the operators that C lacks.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_BENCH_NATIVE_H
#define STROMA_BENCH_NATIVE_H

#include <math.h>

typedef struct {
    const char *name;
    int states, parameters;        // covariates count as parameters, behind them
    const int *row_start, *column; // pattern of the Jacobian by rows
    void (*rates)(double t, const double *y, const double *p, double *rates);
    void (*jacobian)(double t, const double *y, const double *p, double *entries);
} NativeModel;

static inline __attribute__((unused)) double native_power(double a, double b)
{
    return pow(a < 0 && a > -1e-6 ? 0 : a, b);
}

static inline __attribute__((unused)) double native_square(double a)
{
    return a * a;
}

static inline __attribute__((unused)) double native_cube(double a)
{
    return a * a * a;
}

static inline __attribute__((unused)) double native_hill(double x, double k, double n)
{
    return 1 / (1 + pow(k / (x > 1e-300 ? x : 1e-300), n));
}

static inline __attribute__((unused)) double native_hill_slope(double x, double k, double n)
{
    double share = native_hill(x, k, n);
    return x > 0 ? n * share * (1 - share) / x : 0;
}

#endif
