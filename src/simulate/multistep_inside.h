/* multistep_inside.h: the state of a Multistep, between multistep.c and multistep_begin.c.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_SIMULATE_MULTISTEP_INSIDE_H
#define STROMA_SIMULATE_MULTISTEP_INSIDE_H

#include "simulate/multistep_order.h"

struct Multistep {
    const IntegratorProblem *problem;
    LaneSystem *system;
    const Kernels *kernels;
    Bdf bdf;
    int states, width;
    size_t count;
    double *z[BDF_ORDER_MAX + 1];
    double *correction, *saved; // saved: the correction of an earlier step, for raising the order
    double *weight, *rates, *delta, *result;
    double *y;            // the problem's: holds z_0 + correction only while a step is tried
    const double *inflow; // what runs in, or NULL
    double *lane_sum, *correction_sum; // (width)
    int64_t *counts;                   // (width) INT64_MAX for a live lane, else 0
    double time, stop, step;
    double last_step;
    double eta;     // next step / step
    double eta_max; // most that it may grow
    int next_order;
    bool pending; // the correction is to be added to z
    double norm;  // of the correction
    long steps;   // since the restart
    double gamma, gamma_of_factors, rate;
    long step_of_factors, step_of_jacobian;
    bool jacobian_is_new;
    SolverStats stats;
};

/* The largest lane's root of the mean of squares; infinite or NaN if one is not finite. */
double multistep_largest(const Multistep *multistep, const double *lane_sum);
double multistep_norm(Multistep *multistep, const double *vector);
/* The rates at y; false if they are not finite. */
bool multistep_ask_rates(Multistep *multistep, double time, const double *y, double *rates);
/* A first step h with h^2 |y''| / 2 = 1, found in a few trials; 0 if the rates are never finite.
 * z_0 and z_1 hold y and its rates, weight is set. */
double multistep_first_step(Multistep *multistep);

#endif
