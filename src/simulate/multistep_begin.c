/* multistep_begin.c: norms, and the length of the first step (Hindmarsh's, as in CVODE).
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/multistep_inside.h"

#include <float.h>
#include <math.h>

enum { FIRST_STEP_TRIALS = 4 };

double multistep_largest(const Multistep *m, const double *lane_sum)
{
    return sqrt(m->kernels->largest(lane_sum, m->counts, m->width) / m->states);
}

double multistep_norm(Multistep *m, const double *vector)
{
    kernels_sum_squares(m->kernels, vector, m->weight, m->states, m->width, m->lane_sum);
    return multistep_largest(m, m->lane_sum);
}

bool multistep_ask_rates(Multistep *m, double time, const double *y, double *rates)
{
    m->stats.rate_calls++;
    return m->problem->rates(m->problem->context, time, y, rates);
}

/* The norm of y'' at the start by a difference over h; negative if the rates are not finite. */
static double second_derivative(Multistep *m, double h)
{
    m->kernels->linear_sum(h, m->z[1], 1.0, m->z[0], m->delta, m->count);
    if (!multistep_ask_rates(m, m->time + h, m->delta, m->rates)) {
        return -1.0;
    }
    m->kernels->linear_sum(1.0 / h, m->rates, -1.0 / h, m->z[1], m->delta, m->count);
    return multistep_norm(m, m->delta);
}

/* No state may change by more than a tenth in the first step. */
static double longest_first_step(const Multistep *m, double distance)
{
    double longest = 0.1 * distance;
    double fastest = 0.0;
    for (size_t i = 0; i < m->count; i++) {
        double room = 0.1 * fabs(m->z[0][i]) + 1.0 / m->weight[i];
        double speed = fabs(m->z[1][i]) / room;
        fastest = m->problem->live[i % (size_t)m->width] && speed > fastest ? speed : fastest;
    }
    return longest * fastest > 1.0 ? 1.0 / fastest : longest;
}

double multistep_first_step(Multistep *m)
{
    double distance = m->stop - m->time;
    double least = 100.0 * DBL_EPSILON * fmax(fabs(m->time), fabs(m->stop));
    double most = longest_first_step(m, distance);
    double h = sqrt(least * most);
    double next = h;
    if (most < least) {
        return h;
    }
    for (int trial = 1; trial <= FIRST_STEP_TRIALS; trial++) {
        double curvature = second_derivative(m, h);
        for (int k = 1; curvature < 0.0 && k < FIRST_STEP_TRIALS; k++) {
            h *= 0.2;
            curvature = second_derivative(m, h);
        }
        if (curvature < 0.0) {
            if (trial <= 2) {
                return 0.0;
            }
            break;
        }
        double last = h;
        next = curvature * most * most > 2.0 ? sqrt(2.0 / curvature) : sqrt(h * most);
        double ratio = next / last;
        if (trial == FIRST_STEP_TRIALS || (ratio > 0.5 && ratio < 2.0)) {
            break;
        }
        if (trial > 1 && ratio > 2.0) {
            next = last;
            break;
        }
        h = next;
    }
    return fmin(fmax(0.5 * next, least), most);
}
