/* kernels_body.h: all kernels for one instruction set; a template without guard.
 *
 * Wants: ISA_TABLE (name of the table), ISA_NAME (its text), ISA_DOUBLES (doubles in a register).
 * The loops carry no fused multiply-add and no reordering: the same bits on every machine.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/kernels.h"

#include <math.h>

#define APART _Pragma("GCC ivdep")

static void linear_sum(double a, const double *x, double b, const double *y, double *z, size_t n)
{
    APART
    for (size_t i = 0; i < n; i++) {
        z[i] = a * x[i] + b * y[i];
    }
}

static void constant(double value, double *z, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        z[i] = value;
    }
}

static void product(const double *x, const double *y, double *z, size_t n)
{
    APART
    for (size_t i = 0; i < n; i++) {
        z[i] = x[i] * y[i];
    }
}

static void quotient(const double *x, const double *y, double *z, size_t n)
{
    APART
    for (size_t i = 0; i < n; i++) {
        z[i] = x[i] / y[i];
    }
}

static void scale(double factor, const double *x, double *z, size_t n)
{
    APART
    for (size_t i = 0; i < n; i++) {
        z[i] = factor * x[i];
    }
}

static void absolute(const double *x, double *z, size_t n)
{
    APART
    for (size_t i = 0; i < n; i++) {
        z[i] = fabs(x[i]);
    }
}

static void inverse(const double *x, double *z, size_t n)
{
    APART
    for (size_t i = 0; i < n; i++) {
        z[i] = 1.0 / x[i];
    }
}

static void add_constant(const double *x, double value, double *z, size_t n)
{
    APART
    for (size_t i = 0; i < n; i++) {
        z[i] = x[i] + value;
    }
}

static void residual(double gamma, const double *rates, const double *inflow, double slope,
                     const double *z, const double *correction, double *b, size_t n)
{
    if (correction == NULL && inflow == NULL) {
        APART
        for (size_t i = 0; i < n; i++) {
            b[i] = gamma * rates[i] - slope * z[i];
        }
        return;
    }
    for (size_t i = 0; i < n; i++) {
        double rate = inflow != NULL ? rates[i] + inflow[i] : rates[i];
        double given = correction != NULL ? slope * z[i] + correction[i] : slope * z[i];
        b[i] = gamma * rate - given;
    }
}

#define LANES       1
#define PER_PART    1
#define NAMED(name) name##_1
#include "simulate/kernels_lanes.h"
#undef LANES
#undef PER_PART
#undef NAMED
#define LANES       2
#define PER_PART    2
#define NAMED(name) name##_2
#include "simulate/kernels_lanes.h"
#undef LANES
#undef PER_PART
#undef NAMED
#define LANES 4
#if ISA_DOUBLES < 4
#define PER_PART ISA_DOUBLES
#else
#define PER_PART 4
#endif
#define NAMED(name) name##_4
#include "simulate/kernels_lanes.h"
#undef LANES
#undef PER_PART
#undef NAMED
#define LANES       8
#define PER_PART    ISA_DOUBLES
#define NAMED(name) name##_8
#include "simulate/kernels_lanes.h"
#undef LANES
#undef NAMED
#define LANES       16
#define NAMED(name) name##_16
#include "simulate/kernels_lanes.h"
#undef LANES
#undef NAMED
#define LANES       32
#define NAMED(name) name##_32
#include "simulate/kernels_lanes.h"

#define LANE_TABLE(lanes)                                                                          \
    {                                                                                              \
        sum_squares_##lanes, finish_rates_##lanes, factor_##lanes, right_side_##lanes,             \
            solve_##lanes, predict_##lanes, accumulate_##lanes, combine_##lanes, blend_##lanes,    \
            measure_##lanes, weigh_##lanes, correct_##lanes                                        \
    }

const Kernels ISA_TABLE = {
    .isa = ISA_NAME,
    .linear_sum = linear_sum,
    .constant = constant,
    .product = product,
    .quotient = quotient,
    .scale = scale,
    .absolute = absolute,
    .inverse = inverse,
    .add_constant = add_constant,
    .residual = residual,
    .lanes = {LANE_TABLE(1), LANE_TABLE(2), LANE_TABLE(4), LANE_TABLE(8), LANE_TABLE(16),
              LANE_TABLE(32)},
};
