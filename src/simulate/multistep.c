/* multistep.c: BDF with a Nordsieck array, as CVODE does it (see multistep.h).
 *
 * Between two steps z holds the predicted array of the step before, and the correction that belongs
 * to it is not yet added: z_j + l_j × correction is the array at `time` with step `step`. The next
 * step's predict pass adds it, rescales the columns to the new step, and predicts, in one sweep.
 * Coefficients l and test constants: multistep_order.c.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/multistep_inside.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <string.h>

enum {
    MOST_NEWTON = 3,          // iterations
    MOST_ERROR_FAILURES = 15, // of one step
    MOST_NEWTON_FAILURES = 20,
    FAILURES_THEN_LOWER = 3, // error failures before the order is lowered
    LONG_WAIT = 10,
    STEPS_OF_JACOBIAN = 20,
    STEPS_OF_FACTORS = 20,
};

typedef enum { ALL_FRESH, AFTER_ERROR_TEST, AFTER_NEWTON } Attempt;
typedef enum { NEWTON_DONE, NEWTON_SLOW, NEWTON_NOT_FINITE, NEWTON_RATES } NewtonResult;

Multistep *multistep_open(Arena *arena, const IntegratorProblem *problem, LaneSystem *system)
{
    assert(arena != NULL && problem != NULL && system != NULL);
    Multistep *m = arena_alloc(arena, sizeof *m);
    size_t width = (size_t)problem->width;
    *m = (Multistep){.problem = problem,
                     .system = system,
                     .kernels = problem->kernels,
                     .states = problem->pattern.states,
                     .width = problem->width,
                     .count = (size_t)problem->pattern.states * width};
    for (int j = 0; j <= BDF_ORDER_MAX; j++) {
        m->z[j] = arena_array(arena, m->count, sizeof(double));
    }
    m->y = problem->state;
    double **const vectors[] = {&m->correction, &m->saved, &m->weight,
                                &m->rates,      &m->delta, &m->result};
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        *vectors[i] = arena_array(arena, m->count, sizeof(double));
    }
    m->lane_sum = arena_array(arena, width, sizeof(double));
    m->correction_sum = arena_array(arena, width, sizeof(double));
    m->counts = arena_array(arena, width, sizeof *m->counts);
    return m;
}

/* Lanes come and go only between segments. */
static void count_lanes(Multistep *m)
{
    for (int lane = 0; lane < m->width; lane++) {
        m->counts[lane] = m->problem->live[lane] ? INT64_MAX : 0;
    }
}

void multistep_restart(Multistep *m, double time, const double *y)
{
    memcpy(m->z[0], y, m->count * sizeof *y);
    m->time = time;
    m->last_step = 0.0;
    m->steps = 0;
    m->pending = false;
    m->step = 0.0;
    count_lanes(m);
}

void multistep_stop_at(Multistep *m, double time)
{
    m->stop = time;
    count_lanes(m);
}

/* The rates at m->y, unchecked. */
static const double *derive(Multistep *m, double time)
{
    m->stats.rate_calls++;
    const double *inflow = NULL;
    const double *rates = m->problem->derivative(m->problem->context, time, &inflow);
    if (m->inflow == NULL) {
        return rates;
    }
    m->kernels->linear_sum(1.0, rates, 1.0, inflow, m->rates, m->count);
    return m->rates;
}

/* Adds the correction to z now. */
static void settle(Multistep *m)
{
    for (int j = 0; m->pending && j <= m->bdf.order; j++) {
        m->kernels->linear_sum(1.0, m->z[j], m->bdf.l[j], m->correction, m->z[j], m->count);
    }
    m->pending = false;
}

/* ---- the first step ---- */

/* What runs in does not change until the next restart. */
static void find_inflow(Multistep *m)
{
    const double *inflow = NULL;
    (void)m->problem->derivative(m->problem->context, m->time, &inflow);
    m->inflow = NULL;
    for (size_t i = 0; i < m->count && m->inflow == NULL; i++) {
        m->inflow = inflow[i] != 0.0 ? inflow : NULL;
    }
}

/* Order 1, from the rates at the start. */
static StepStatus begin(Multistep *m)
{
    double distance = m->stop - m->time;
    if (distance < 2.0 * DBL_EPSILON * fmax(fabs(m->time), fabs(m->stop))) {
        return STEP_REFUSED;
    }
    if (!multistep_ask_rates(m, m->time, m->z[0], m->z[1])) {
        return STEP_RATES;
    }
    find_inflow(m);
    for (int i = 0; i < m->states; i++) {
        size_t row = (size_t)i * (size_t)m->width;
        for (size_t lane = 0; lane < (size_t)m->width; lane++) {
            m->weight[row + lane] =
                1.0 / (m->problem->rtol * fabs(m->z[0][row + lane]) + m->problem->atol[i]);
        }
    }
    if (multistep_norm(m, m->z[0]) * DBL_EPSILON > 1.0) {
        return STEP_PRECISION;
    }
    double h = multistep_first_step(m);
    if (!(h > 0.0)) {
        return STEP_RATES;
    }
    h = m->problem->max_step > 0.0 ? fmin(h, m->problem->max_step) : h;
    m->step = fmin(h, distance);
    m->kernels->scale(m->step, m->z[1], m->z[1], m->count);
    bdf_start(&m->bdf);
    m->next_order = 1;
    m->eta = 1.0;
    m->eta_max = 1e4;
    m->rate = 1.0;
    m->step_of_factors = m->step_of_jacobian = 0;
    memset(m->correction, 0, m->count * sizeof *m->correction);
    return STEP_DONE;
}

/* ---- one step ---- */

/* Brings z to the step eta × step and, if `raise`, to the next order; then predicts. */
static void predict(Multistep *m)
{
    Bdf *bdf = &m->bdf;
    if (m->next_order != bdf->order) {
        settle(m);
        bdf_change_order(bdf, m->next_order, m->step, m->z, m->saved, m->kernels, m->count);
    }
    m->step *= m->eta;
    PredictPass pass = {.states = m->states,
                        .width = m->width,
                        .order = bdf->order,
                        .correction = m->correction,
                        .atol = m->problem->atol,
                        .rtol = m->problem->rtol,
                        .weight = m->weight,
                        .y = m->y};
    double scale = 1.0;
    for (int j = 0; j <= bdf->order; j++) {
        pass.z[j] = m->z[j];
        pass.add[j] = m->pending ? bdf->l[j] : 0.0;
        pass.scale[j] = scale;
        scale *= m->eta;
    }
    kernels_predict(m->kernels, &pass);
    m->pending = false;
    m->eta = 1.0;
    bdf_set(bdf, m->step);
    m->gamma = m->step / bdf->l[1];
}

/* Undoes the prediction. */
static void restore(Multistep *m)
{
    for (int k = 1; k <= m->bdf.order; k++) {
        for (int j = m->bdf.order; j >= k; j--) {
            m->kernels->linear_sum(1.0, m->z[j - 1], -1.0, m->z[j], m->z[j - 1], m->count);
        }
    }
    memset(m->correction, 0, m->count * sizeof *m->correction); // it may hold NaN
}

static bool factorise(Multistep *m, double time, Attempt attempt, bool jacobian_failed)
{
    double ratio = m->steps == 0 ? 1.0 : m->gamma / m->gamma_of_factors;
    bool renew = m->steps == 0 || m->steps > m->step_of_jacobian + STEPS_OF_JACOBIAN ||
                 (jacobian_failed && fabs(ratio - 1.0) < 0.2) || attempt == AFTER_NEWTON;
    if (renew) {
        m->step_of_jacobian = m->steps;
    }
    m->jacobian_is_new = renew;
    m->rate = 1.0;
    m->gamma_of_factors = m->gamma;
    m->step_of_factors = m->steps;
    return linear_prepare(m->system, time, m->y, !renew, m->gamma);
}

/* Iterates from the prediction; y and the correction are the solution's if it is done. `checked`:
 * looks whether the rates are finite. */
static NewtonResult iterate(Multistep *m, double time, bool checked)
{
    Bdf *bdf = &m->bdf;
    double ratio = m->gamma / m->gamma_of_factors;
    double before = 0.0;
    CorrectPass pass = {.states = m->states,
                        .width = m->width,
                        .factor = 2.0 / (1.0 + ratio),
                        .delta = m->delta,
                        .weight = m->weight,
                        .predicted = m->z[0],
                        .correction = m->correction,
                        .y = m->y};
    for (int k = 0; k < MOST_NEWTON; k++) {
        if (checked && !multistep_ask_rates(m, time, m->y, m->rates)) {
            return NEWTON_RATES;
        }
        const double *rates = checked ? m->rates : derive(m, time);
        m->stats.newton_iterations++;
        m->kernels->residual(m->gamma, rates, 1.0 / bdf->l[1], m->z[1],
                             k > 0 ? m->correction : NULL, m->delta, m->count);
        linear_solve(m->system, m->delta, m->delta);
        pass.first = k == 0;
        kernels_correct(m->kernels, &pass, m->lane_sum, m->correction_sum);
        double now = multistep_largest(m, m->lane_sum);
        if (k > 0) {
            m->rate = fmax(0.3 * m->rate, now / before);
        }
        if (now * fmin(1.0, m->rate) <= bdf->newton_limit) {
            m->norm = k == 0 ? now : multistep_largest(m, m->correction_sum);
            return NEWTON_DONE;
        }
        if (!(now <= DBL_MAX)) {
            return NEWTON_NOT_FINITE;
        }
        if (k > 0 && now > 2.0 * before) {
            return NEWTON_SLOW;
        }
        before = now;
    }
    return NEWTON_SLOW;
}

/* From the prediction again, with a look at the rates: something was not finite. */
static NewtonResult look_again(Multistep *m, double time)
{
    memcpy(m->y, m->z[0], m->count * sizeof *m->y);
    NewtonResult result = iterate(m, time, true);
    return result == NEWTON_NOT_FINITE ? NEWTON_SLOW : result; // not the rates: the factors
}

/* Newton's iteration, with a new Jacobian if the old one does not do. */
static NewtonResult solve(Multistep *m, double time, Attempt attempt)
{
    bool set_up = attempt != ALL_FRESH || m->steps == 0 ||
                  m->steps >= m->step_of_factors + STEPS_OF_FACTORS ||
                  fabs(m->gamma / m->gamma_of_factors - 1.0) > 0.1;
    m->jacobian_is_new = false;
    for (bool failed = false;; failed = true) {
        if (set_up && !factorise(m, time, attempt, failed)) {
            return NEWTON_SLOW;
        }
        NewtonResult result = iterate(m, time, false);
        if (result == NEWTON_NOT_FINITE) {
            result = look_again(m, time);
        }
        if (result != NEWTON_SLOW || m->jacobian_is_new) {
            return result;
        }
        set_up = true;
        memcpy(m->y, m->z[0], m->count * sizeof *m->y);
    }
}

/* What to do about an error of `error` > 1; false: nothing helps. */
static bool shrink(Multistep *m, double error, int failures)
{
    if (failures == MOST_ERROR_FAILURES) {
        return false;
    }
    m->eta_max = 1.0;
    if (failures <= FAILURES_THEN_LOWER) {
        double eta = bdf_growth(6.0 * error, m->bdf.order + 1);
        m->eta = fmax(0.1, failures >= 2 ? fmin(eta, 0.2) : eta);
        return true;
    }
    m->eta = 0.1;
    if (m->bdf.order > 1) {
        m->next_order = m->bdf.order - 1;
        return true;
    }
    // order 1: begin again with fresh rates
    if (!multistep_ask_rates(m, m->time, m->z[0], m->z[1])) {
        return false;
    }
    m->kernels->scale(m->step, m->z[1], m->z[1], m->count);
    m->bdf.wait = LONG_WAIT;
    return true;
}

/* The best order and step for the next step; error is this step's. */
static void plan(Multistep *m, double error)
{
    Bdf *bdf = &m->bdf;
    m->next_order = bdf->order;
    if (m->eta_max == 1.0) {
        bdf->wait = bdf->wait > 2 ? bdf->wait : 2;
        m->eta = 1.0;
        return;
    }
    if (bdf->wait != 0 && 6.0 * error > bdf_no_growth(bdf->order + 1)) {
        m->eta = 1.0; // spares the power
        return;
    }
    double best = bdf_growth(6.0 * error, bdf->order + 1);
    if (bdf->wait == 0) {
        bdf->wait = 2;
        double lower = 0.0;
        double higher = 0.0;
        if (bdf->order > 1) {
            m->kernels->linear_sum(1.0, m->z[bdf->order], bdf->l[bdf->order], m->correction,
                                   m->delta, m->count);
            lower = bdf_growth(6.0 * multistep_norm(m, m->delta) * bdf->lower_test, bdf->order);
        }
        if (bdf->order < BDF_ORDER_MAX && bdf->saved_ratio > 0.0) {
            m->kernels->linear_sum(-bdf_saved_share(bdf, m->step), m->saved, 1.0, m->correction,
                                   m->delta, m->count);
            higher =
                bdf_growth(10.0 * multistep_norm(m, m->delta) * bdf->higher_test, bdf->order + 2);
        }
        double most = fmax(best, fmax(lower, higher));
        if (most >= BDF_LEAST_GROWTH && most > best) {
            m->next_order += most == lower ? -1 : 1;
            best = most;
        }
        if (m->next_order > bdf->order) {
            memcpy(m->saved, m->correction, m->count * sizeof *m->saved);
        }
    }
    m->eta = best < BDF_LEAST_GROWTH ? 1.0 : fmin(best, m->eta_max);
    if (m->eta > 1.0 && m->problem->max_step > 0.0) {
        m->eta /= fmax(1.0, m->step * m->eta / m->problem->max_step);
    }
}

static void accept(Multistep *m, double time, double error)
{
    Bdf *bdf = &m->bdf;
    m->time = time;
    m->steps++;
    m->stats.steps++;
    m->last_step = m->step;
    m->pending = true;
    bdf_accept(bdf, m->step, m->steps);
    if (bdf->wait == 1 && bdf->order < BDF_ORDER_MAX) {
        memcpy(m->saved, m->correction, m->count * sizeof *m->saved);
        bdf->saved_ratio = bdf->ratio;
    }
    plan(m, error);
    m->eta_max = 10.0;
}

static StepStatus after_failure(Multistep *m, StepStatus status)
{
    m->eta = 1.0;
    m->next_order = m->bdf.order;
    return status;
}

static bool near(double a, double b, double step)
{
    return fabs(a - b) <= 100.0 * DBL_EPSILON * (fabs(a) + fabs(step));
}

static StepStatus attempt_steps(Multistep *m)
{
    Attempt attempt = ALL_FRESH;
    int error_failures = 0;
    int newton_failures = 0;
    for (;;) {
        predict(m);
        double time = m->time + m->step;
        time = time > m->stop || near(time, m->stop, m->step) ? m->stop : time;
        NewtonResult result = solve(m, time, attempt);
        double error = m->norm * m->bdf.test;
        if (result == NEWTON_DONE && error <= 1.0) {
            accept(m, time, error);
            return STEP_DONE;
        }
        restore(m);
        m->next_order = m->bdf.order;
        if (result != NEWTON_DONE) {
            m->stats.newton_failures++;
            m->eta_max = 1.0;
            m->eta = 0.25;
            attempt = AFTER_NEWTON;
            if (++newton_failures == MOST_NEWTON_FAILURES) {
                return after_failure(m, result == NEWTON_RATES ? STEP_RATES : STEP_NEWTON);
            }
        } else {
            m->stats.error_failures++;
            attempt = AFTER_ERROR_TEST;
            if (!shrink(m, error, ++error_failures)) {
                return after_failure(m, STEP_ERROR_TEST);
            }
        }
    }
}

StepStatus multistep_step(Multistep *m, double *time)
{
    *time = m->time;
    if (m->steps == 0) {
        StepStatus status = begin(m);
        if (status != STEP_DONE) {
            return status;
        }
    } else if (near(m->time, m->stop, m->step)) {
        m->time = *time = m->stop;
        return STEP_AT_STOP;
    } else if (m->time + m->step * m->eta > m->stop) {
        m->eta = (m->stop - m->time) / m->step;
    }
    StepStatus status = attempt_steps(m);
    *time = m->time;
    return status == STEP_DONE && m->time == m->stop ? STEP_AT_STOP : status;
}

/* ---- questions ---- */

const double *multistep_state(Multistep *m)
{
    m->kernels->linear_sum(1.0, m->z[0], m->pending ? 1.0 : 0.0, m->correction, m->result,
                           m->count);
    return m->result;
}

void multistep_value(const Multistep *m, double time, double *y)
{
    double factor[BDF_ORDER_MAX + 2];
    double *column[BDF_ORDER_MAX + 2];
    double s = (time - m->time) / m->last_step;
    double power = 1.0;
    double share = 0.0;
    int order = m->bdf.order;
    for (int j = 0; j <= order; j++) {
        factor[j] = power;
        column[j] = m->z[j];
        share += m->pending ? power * m->bdf.l[j] : 0.0;
        power *= s;
    }
    factor[order + 1] = share;
    column[order + 1] = m->correction;
    m->kernels->combine(order + 2, factor, column, y, m->count);
}

double multistep_last_step(const Multistep *m)
{
    return m->last_step;
}

const double *multistep_errors(Multistep *m)
{
    for (size_t i = 0; i < m->count; i++) {
        m->delta[i] = fabs(m->correction[i] * m->weight[i]) * m->bdf.test;
    }
    return m->delta;
}

const double *multistep_lane_sums(const Multistep *m)
{
    return m->lane_sum;
}

void multistep_count(Multistep *m, SolverStats *stats)
{
    stats->steps += m->stats.steps;
    stats->rate_calls += m->stats.rate_calls;
    stats->newton_iterations += m->stats.newton_iterations;
    stats->error_failures += m->stats.error_failures;
    stats->newton_failures += m->stats.newton_failures;
    m->stats = (SolverStats){0};
}
