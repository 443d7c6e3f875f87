/* cycle.c: runs one interval of a regimen at steady state, in the stage of width 1.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/cycle.h"

#include <assert.h>
#include <string.h>

/* The columns begin anew, or are taken where the integrator has got to. */
static void keep_columns(Cycle *cycle, bool restart, double time)
{
    const Slopes *slopes = cycle->slopes;
    if (slopes == NULL) {
        return;
    }
    if (restart) {
        integrator_restart_slopes(cycle->pack->solo.integrator, slopes->s);
    } else {
        integrator_slopes(cycle->pack->solo.integrator, time, slopes->s);
    }
}

/* From one phase to another; y in pack->solo.y. */
static bool run_segment(Cycle *cycle, double first, double last)
{
    Pack *pack = cycle->pack;
    Integrator *integrator = pack->solo.integrator;
    double time = cycle->start + first;
    double end = cycle->start + last;
    if (!(end > time) || same_time(time, end)) {
        return true;
    }
    integrator_restart(integrator, time, pack->solo.y);
    keep_columns(cycle, true, time);
    integrator_stop_at(integrator, end);
    for (long i = 0; i < 10 * pack->options.max_steps; i++) {
        StepStatus status = integrator_step(integrator, &time);
        if (status == STEP_AT_STOP) {
            memcpy(pack->solo.y, integrator_state(integrator),
                   (size_t)pack->states * sizeof(double));
            keep_columns(cycle, false, time);
            return true;
        }
        if (status != STEP_DONE) {
            return false;
        }
    }
    return false;
}

/* s += sign × rates × t' of the columns by targets. */
static bool shift(Cycle *cycle, const CycleEvent *event, double sign)
{
    const Slopes *slopes = cycle->slopes;
    Stage *solo = &cycle->pack->solo;
    double *rates = cycle->pack->sensitivity->now;
    if (event->moved == NULL) {
        return true;
    }
    if (!stage_rates(solo, cycle->start + event->phase, solo->y, rates)) {
        return false;
    }
    int first = slopes->count - cycle->target_columns;
    for (int k = 0; k < cycle->target_columns; k++) {
        for (int i = 0; i < solo->states; i++) {
            slopes->s[slope_at(slopes, first + k, i, 0)] += sign * rates[i] * event->moved[k];
        }
    }
    return true;
}

static void enter(Cycle *cycle, const CycleEvent *event)
{
    const Slopes *slopes = cycle->slopes;
    int first = slopes != NULL ? slopes->count - cycle->target_columns : 0;
    for (int k = 0; slopes != NULL && k < cycle->target_columns; k++) {
        size_t at = slope_at(slopes, first + k, event->state, 0);
        slopes->s[at] += event->bolus_slopes != NULL ? event->bolus_slopes[k] : 0.0;
        slopes->inflow[at] += event->rate_slopes != NULL ? event->rate_slopes[k] : 0.0;
    }
    cycle->pack->solo.y[event->state] += event->bolus;
    cycle->pack->solo.infusion[event->state] += event->rate;
}

static void begin_inflow(const Cycle *cycle)
{
    const Slopes *slopes = cycle->slopes;
    if (slopes == NULL) {
        return;
    }
    size_t states = (size_t)cycle->pack->states;
    memset(slopes->inflow, 0, (size_t)slopes->count * states * sizeof(double));
    size_t first = (size_t)(slopes->count - cycle->target_columns);
    if (cycle->base_slopes != NULL) {
        memcpy(slopes->inflow + first * states, cycle->base_slopes,
               (size_t)cycle->target_columns * states * sizeof(double));
    }
}

bool cycle_run(Cycle *cycle, const double *y, double *result)
{
    Stage *solo = &cycle->pack->solo;
    size_t bytes = (size_t)solo->states * sizeof(double);
    memcpy(solo->y, y, bytes);
    memcpy(solo->infusion, cycle->base, bytes);
    begin_inflow(cycle);
    double phase = 0.0;
    bool targets = cycle->slopes != NULL && cycle->target_columns > 0;
    for (int i = 0; i < cycle->count; i++) {
        const CycleEvent *event = &cycle->events[i];
        if (!run_segment(cycle, phase, event->phase)) {
            return false;
        }
        phase = event->phase;
        if (targets && !shift(cycle, event, 1.0)) {
            return false;
        }
        enter(cycle, event);
        if (targets && !shift(cycle, event, -1.0)) {
            return false;
        }
    }
    bool good = run_segment(cycle, phase, cycle->interval);
    memcpy(result, solo->y, bytes);
    return good;
}
