/* multistep_order.h: the coefficients of BDF of order 1 to 5 with steps of different lengths.
 *
 * With x_i = (t_n - t_{n-i}) / h the corrector adds l_j × correction to column j, where
 *     l(x) = Σ l_j x^j = (1 + x / x*_q) Π_{i<q} (1 + x / x_i),   l_0 = 1,
 * and x*_q is chosen so that the coefficient of y' is that of equal steps (fixed leading
 * coefficient). The error of a step is `test` × |correction|; lower_test and higher_test estimate
 * it for the neighbouring orders. Jackson and Sacks-Davis 1980 (ACM TOMS 6:295), in the form of
 * CVODE.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_SIMULATE_MULTISTEP_ORDER_H
#define STROMA_SIMULATE_MULTISTEP_ORDER_H

#include "simulate/multistep.h"

static const double BDF_LEAST_GROWTH = 1.5; // smaller changes of the step are not worth it

typedef struct {
    int order;
    int wait;                       // steps until a change of order is thought about
    double past[BDF_ORDER_MAX + 2]; // past[i]: the length of the i-th step back, from 1
    double l[BDF_ORDER_MAX + 1];
    double test, lower_test, higher_test;
    double ratio, saved_ratio; // of the derivatives that the corrections estimate
    double newton_limit;       // Newton's iteration goes on until below
    double set_step; // the coefficients are those of this step and order, with equal steps
    int set_order;   // behind; 0: not so
    bool set_neighbours;
} Bdf;

/* Order 1, no past. */
void bdf_start(Bdf *bdf);
/* Coefficients for a step of length h. */
void bdf_set(Bdf *bdf, double h);
/* After a step of length h, the `steps`-th since the start. */
void bdf_accept(Bdf *bdf, double h, long steps);
/* How much the step may grow for an error (already multiplied with a bias) of a method whose error
 * is of that power of h. */
double bdf_growth(double error, int power);
/* The error from which on it would grow by less than BDF_LEAST_GROWTH. */
double bdf_no_growth(int power);
/* What part of the correction before is to be taken off to estimate the next derivative. */
double bdf_saved_share(const Bdf *bdf, double h);
/* Goes to the order above or below; z, with step h, is complete. */
void bdf_change_order(Bdf *bdf, int order, double h, double *const *z, const double *saved,
                      const Kernels *kernels, size_t count);

#endif
