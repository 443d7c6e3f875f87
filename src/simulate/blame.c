/* blame.c: which lane a failed step is due to, and which of its states.
 *
 * A lane whose rates were not finite is guilty. Otherwise it is the lane with the largest weighted
 * local error (error test, step limit) or the largest last correction (Newton), which is the lane
 * that made the steps small; factors that lost their digits come first.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/lanes.h"

#include <assert.h>
#include <math.h>

/* The state of a lane with the largest value, one that is not finite before all others. */
static int worst_state(const Pack *pack, const double *values, int lane, double *largest)
{
    int worst = 0;
    *largest = -1.0;
    for (int i = 0; i < pack->states; i++) {
        double value = values[(size_t)i * (size_t)pack->width + (size_t)lane];
        value = isfinite(value) ? value : HUGE_VAL;
        if (value > *largest) {
            *largest = value;
            worst = i;
        }
    }
    return worst;
}

void lane_blame_rates(Pack *pack, int lane, double time)
{
    lane_fail(pack, lane, OUTCOME_NOT_FINITE, time);
    Outcome *outcome = &pack->lanes[lane].outcome;
    outcome->state = 0;
    lane_alone(pack, lane, time);
    outcome->has_fault =
        outcome_trace(pack, lane, PROGRAM_RATES, time, pack->solo.y, &outcome->fault);
    const double *rates = tape_output(pack->tape, PROGRAM_RATES, pack->solo.slots, 0, 1);
    for (int i = pack->states - 1; i >= 0; i--) {
        outcome->state = isfinite(rates[i]) ? outcome->state : i;
    }
}

static void take_column(Pack *pack, int lane, const double *y)
{
    for (int i = 0; i < pack->states; i++) {
        pack->solo.y[i] = y[(size_t)i * (size_t)pack->width + (size_t)lane];
    }
}

static void blame_rates(Pack *pack, int lane)
{
    const Stage *stage = &pack->main;
    take_column(pack, lane, stage->bad_y);
    lane_blame_rates(pack, lane, stage_lane_time(stage, lane, stage->bad_time));
}

static double guilt(const Pack *pack, StepStatus status, int lane, const double *errors)
{
    double sum = integrator_lane_sums(pack->main.integrator)[lane];
    sum = isfinite(sum) ? sum : HUGE_VAL;
    if (status == STEP_NEWTON && integrator_bad_factors(pack->main.integrator, lane)) {
        return HUGE_VAL;
    }
    if (status == STEP_NEWTON || status == STEP_PRECISION) {
        return sum;
    }
    double total = 0.0;
    for (int i = 0; i < pack->states; i++) {
        double error = errors[(size_t)i * (size_t)pack->width + (size_t)lane];
        total += isfinite(error) ? error * error : HUGE_VAL;
    }
    return total;
}

/* A Jacobian that is not finite is a fault of the model, not of the solver. */
static void look_at_jacobian(Pack *pack, int lane, double time, const double *y)
{
    Outcome *outcome = &pack->lanes[lane].outcome;
    lane_alone(pack, lane, time);
    take_column(pack, lane, y);
    if (outcome_trace(pack, lane, PROGRAM_JACOBIAN, time, pack->solo.y, &outcome->fault)) {
        outcome->kind = OUTCOME_NOT_FINITE;
        outcome->has_fault = true;
    }
}

void lane_blame_step(Pack *pack, int lane, StepStatus status, double time, const double *y,
                     int state)
{
    lane_fail(pack, lane, status == STEP_DONE ? OUTCOME_STEP_LIMIT : OUTCOME_NO_CONVERGENCE, time);
    Outcome *outcome = &pack->lanes[lane].outcome;
    outcome->state = state;
    outcome->crawls = status == STEP_CRAWL;
    if (status == STEP_NEWTON) {
        look_at_jacobian(pack, lane, time, y);
    }
}

static void blame_worst(Pack *pack, StepStatus status, double time)
{
    const double *errors = integrator_errors(pack->main.integrator);
    int guilty = -1;
    double most = -1.0;
    for (int lane = 0; lane < pack->count; lane++) {
        double value = pack->main.live[lane] ? guilt(pack, status, lane, errors) : -1.0;
        if (value > most) {
            most = value;
            guilty = lane;
        }
    }
    assert(guilty >= 0);
    double largest;
    double now = stage_lane_time(&pack->main, guilty, time);
    int state = worst_state(pack, errors, guilty, &largest);
    lane_blame_step(pack, guilty, status, now, integrator_state(pack->main.integrator), state);
}

/* Steps that shrink to nothing before a place where the rates are not finite spend the step limit
 * too; then that place is to blame, not the limit. */
static bool before_a_wall(const Pack *pack, double time)
{
    double scale = fmax(fabs(time), pack->end - pack->start);
    return fabs(pack->main.bad_time - time) <= 1e-6 * scale;
}

void lanes_blame(Pack *pack, StepStatus status, double time)
{
    bool found = false;
    if (status == STEP_RATES || before_a_wall(pack, time)) {
        for (int lane = 0; lane < pack->count; lane++) {
            if (pack->main.live[lane] && pack->main.not_finite[lane]) {
                blame_rates(pack, lane);
                found = true;
            }
        }
    }
    if (!found) {
        blame_worst(pack, status, time);
    }
}
