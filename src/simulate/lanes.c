/* lanes.c: the subjects of a pack: their doses as events, and what becomes of a lane that fails.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/sensitivity.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* First output of a route in PROGRAM_ROUTES. */
static int route_output(const Model *model, int route)
{
    int output = 0;
    for (int i = 0; i < route; i++) {
        output += 2 + 2 * model->routes[i].target_count;
    }
    return output;
}

/* pack->solo holds the lane. */
static const double *run_routes(Pack *pack, int lane, int first, double time)
{
    if (courses_set(pack, lane, &pack->solo, time, false)) {
        tape_run(pack->tape, PROGRAM_SETUP, pack->solo.slots, 1);
    }
    stage_set_time(&pack->solo, time);
    tape_run(pack->tape, PROGRAM_ROUTES, pack->solo.slots, 1);
    return tape_output(pack->tape, PROGRAM_ROUTES, pack->solo.slots, first, 1);
}

/* Lag at the record's time; fraction, rate and duration at the time the dose enters. */
void lanes_look_up(Pack *pack, int lane, const Dose *dose, double time, RouteValues *values)
{
    const Model *model = pack->model;
    assert(dose->route >= 0 && dose->route < model->route_count);
    const Route *route = &model->routes[dose->route];
    assert(route->target_count <= SCHEDULE_MAX_TARGETS);
    int first = route_output(model, dose->route);
    *values = (RouteValues){.target_count = route->target_count};
    const double *out = run_routes(pack, lane, first, time);
    for (int i = 0; i < route->target_count; i++) {
        values->state[i] = route->targets[i].state;
        values->lag[i] = out[2 + 2 * i + 1];
    }
    for (int i = 0; i < route->target_count; i++) {
        double enters = isfinite(values->lag[i]) ? time + values->lag[i] : time;
        out = run_routes(pack, lane, first, enters);
        values->fraction[i] = out[2 + 2 * i];
        if (i == 0) {
            values->rate = out[0];
            values->duration = out[1];
        }
    }
}

typedef struct {
    Pack *pack;
    int lane;
} Question;

static void look_up(void *context, const Dose *dose, double time, RouteValues *values)
{
    const Question *question = context;
    lanes_look_up(question->pack, question->lane, dose, time, values);
}

static void fail_dose(Pack *pack, int lane, int dose, double time, const char *reason)
{
    lane_fail(pack, lane, OUTCOME_BAD_DOSE, time);
    pack->lanes[lane].outcome.dose = dose;
    pack->lanes[lane].outcome.reason = reason;
}

void lane_alone(Pack *pack, int lane, double time)
{
    stage_copy_lane(&pack->solo, &pack->main, lane);
    courses_follow(pack, &pack->solo, 1, &lane);
    if (courses_set(pack, lane, &pack->solo, time, false)) {
        tape_run(pack->tape, PROGRAM_SETUP, pack->solo.slots, 1);
    }
    stage_set_time(&pack->solo, time);
}

static LaneEvent lane_event(const Pack *pack, const ScheduleEvent *event)
{
    return (LaneEvent){.time = fmax(event->time, pack->start),
                       .kind = event->kind,
                       .state = event->state,
                       .amount = event->amount,
                       .rate = event->rate,
                       .dose = event->dose,
                       .repeat = event->repeat,
                       .target = event->target,
                       .record = !event->pending && event->kind != EVENT_INFUSION_END,
                       .adds = event->steady == STEADY_ADD,
                       .total = event->total};
}

void lanes_expand(Pack *pack, int lane, const Regimen *regimen)
{
    Lane *one = &pack->lanes[lane];
    int bad = -1;
    const char *reason = NULL;
    Question question = {pack, lane};
    lane_alone(pack, lane, one->start);
    if (!schedule_expand(pack->loaded, regimen, look_up, &question, one->end, &one->schedule, &bad,
                         &reason)) {
        fail_dose(pack, lane, bad, one->start, reason);
        return;
    }
    size_t count = (size_t)one->schedule.count;
    one->events = arena_array(pack->loaded, count, sizeof *one->events);
    one->active = arena_array(pack->loaded, count, sizeof *one->active);
    ledger_open(pack, lane);
    for (size_t i = 0; i < count; i++) {
        const ScheduleEvent *event = &one->schedule.events[i];
        if (event->time < one->start && !same_time(event->time, one->start)) {
            fail_dose(pack, lane, event->dose, one->start, "the dose lies before the start");
            return;
        }
        one->events[one->event_count++] = lane_event(pack, event);
    }
}

/* The rate into each state anew from the infusions that run: exactly zero when there are none. */
static void sum_infusions(Pack *pack, int lane)
{
    const Lane *one = &pack->lanes[lane];
    size_t width = (size_t)pack->width;
    for (int i = 0; i < pack->states; i++) {
        pack->main.infusion[(size_t)i * width + (size_t)lane] = 0.0;
    }
    for (int i = 0; i < one->active_count; i++) {
        const LaneEvent *event = &one->events[one->active[i]];
        pack->main.infusion[(size_t)event->state * width + (size_t)lane] += event->rate;
    }
}

static void end_infusion(Lane *lane, const LaneEvent *end)
{
    for (int i = 0; i < lane->active_count; i++) {
        const LaneEvent *start = &lane->events[lane->active[i]];
        if (start->dose == end->dose && start->repeat == end->repeat &&
            start->target == end->target) {
            lane->active_count--;
            memmove(lane->active + i, lane->active + i + 1,
                    (size_t)(lane->active_count - i) * sizeof *lane->active);
            return;
        }
    }
}

static void reset(Pack *pack, int lane, double time)
{
    Lane *one = &pack->lanes[lane];
    double *y = pack->solo.y;
    one->active_count = 0;
    events_cancel(pack, lane);
    if (one->home != NULL) {
        memcpy(y, one->home, (size_t)pack->states * sizeof *y);
    } else if (!lane_initial(pack, lane, time, y)) {
        return;
    }
    for (int i = 0; i < pack->states; i++) {
        pack->main.y[(size_t)i * (size_t)pack->width + (size_t)lane] = y[i];
    }
}

static void apply_steady(Pack *pack, int lane, const LaneEvent *event)
{
    double *y = pack->main.y + lane;
    size_t width = (size_t)pack->width;
    for (int i = 0; event->steady != NULL && i < pack->states; i++) {
        y[(size_t)i * width] = event->steady[i] + (event->adds ? y[(size_t)i * width] : 0.0);
    }
    if (!event->adds) {
        pack->lanes[lane].active_count = 0;
    }
}

static void apply_event(Pack *pack, int lane, int index)
{
    Lane *one = &pack->lanes[lane];
    const LaneEvent *event = &one->events[index];
    double *y = &pack->main.y[(size_t)event->state * (size_t)pack->width + (size_t)lane];
    sensitivity_before_dose(pack, lane, index);
    switch (event->kind) {
    case EVENT_BOLUS:
        *y += event->amount;
        ledger_add(one, event->total, event->amount);
        break;
    case EVENT_INFUSION_START:
        one->active[one->active_count++] = index;
        break;
    case EVENT_INFUSION_END:
        end_infusion(one, event);
        break;
    case EVENT_STEADY:
        apply_steady(pack, lane, event);
        break;
    case EVENT_RESET:
        reset(pack, lane, event->time);
        break;
    case EVENT_REPLACE:
        *y = event->amount;
        break;
    case EVENT_MULTIPLY:
        *y *= event->amount;
        break;
    }
    sensitivity_after_dose(pack, lane, index);
    one->outcome.dose = event->dose;
}

/* True if the next observation belongs to this stop. */
static bool observed_here(const Pack *pack, const Lane *lane, int stop)
{
    if (lane->observed >= lane->observation_count) {
        return false;
    }
    double time = lane->observations[lane->observed].time;
    double now = pack_stop_time(pack, (int)(lane - pack->lanes), stop);
    return time <= now || same_time(time, now);
}

bool lane_sees_before(const Pack *pack, int lane, int stop)
{
    const Lane *one = &pack->lanes[lane];
    return observed_here(pack, one, stop) &&
           one->observations[one->observed].records == OBSERVED_BEFORE;
}

bool lane_has_due(const Pack *pack, int lane, int stop)
{
    const Lane *one = &pack->lanes[lane];
    return one->next < one->event_count && one->events[one->next].stop <= stop;
}

bool lane_apply(Pack *pack, int lane, int stop, bool *changed)
{
    Lane *one = &pack->lanes[lane];
    bool due = observed_here(pack, one, stop);
    int first = one->next;
    while (one->next < one->event_count && one->events[one->next].stop <= stop) {
        const LaneEvent *event = &one->events[one->next];
        if (due && event->record && one->observations[one->observed].records <= event->dose) {
            break;
        }
        apply_event(pack, lane, one->next++);
    }
    if (one->next > first) {
        sum_infusions(pack, lane);
        sensitivity_inflow(pack, lane);
        *changed = true;
    }
    return due && pack->main.live[lane];
}

static void put_own_values(Pack *pack, int lane)
{
    const Lane *one = &pack->lanes[lane];
    size_t width = (size_t)pack->width;
    size_t parameters = (size_t)pack->model->parameter_count;
    size_t covariates = (size_t)pack->model->covariate_count;
    double *slots = pack->main.slots + lane;
    for (size_t i = 0; one->own != NULL && i < parameters; i++) {
        slots[((size_t)pack->tape->parameter + i) * width] = one->own[i];
    }
    for (size_t i = 0; one->own != NULL && i < covariates; i++) {
        slots[((size_t)pack->tape->covariate + i) * width] = one->own[parameters + i];
    }
}

bool lanes_begin(Pack *pack, int stop)
{
    bool any = false;
    for (int lane = 0; lane < pack->count; lane++) {
        Lane *one = &pack->lanes[lane];
        if (one->begun || one->first_stop != stop || one->outcome.kind != OUTCOME_DONE) {
            continue;
        }
        any = one->begun = true;
        pack->main.live[lane] = true;
        put_own_values(pack, lane);
        for (int i = 0; i < pack->states; i++) {
            pack->main.y[(size_t)i * (size_t)pack->width + (size_t)lane] = one->first[i];
        }
        sensitivity_begin(pack, lane);
        (void)courses_set(pack, lane, &pack->main, one->start, false);
    }
    if (any) {
        tape_setup(pack->tape, pack->main.slots, pack->width);
    }
    return any;
}

void lanes_end(Pack *pack, int stop)
{
    for (int lane = 0; lane < pack->count; lane++) {
        Lane *one = &pack->lanes[lane];
        if (!pack->main.live[lane] || one->last_stop != stop) {
            continue;
        }
        ledger_close(pack, lane, one->end);
        if (stop + 1 < pack->stop_count) {
            pack->main.live[lane] = false;
        }
    }
}

int lanes_donor(const Pack *pack)
{
    for (int lane = 0; lane < pack->count; lane++) {
        if (pack->main.live[lane]) {
            return lane;
        }
    }
    return -1;
}

static void copy_column(double *data, size_t rows, int width, int from, int to)
{
    for (size_t i = 0; i < rows; i++) {
        double *row = data + i * (size_t)width;
        row[to] = row[from];
    }
}

static void fail_initial(Pack *pack, int lane, double time, const double *y)
{
    lane_fail(pack, lane, OUTCOME_NOT_FINITE, time);
    Outcome *outcome = &pack->lanes[lane].outcome;
    for (int i = pack->states - 1; i >= 0; i--) {
        outcome->state = isfinite(y[i]) ? outcome->state : i;
    }
    outcome->reason = "the initial value";
    outcome->has_fault = outcome_trace(pack, lane, PROGRAM_INITIAL, time, NULL, &outcome->fault);
}

bool lane_initial(Pack *pack, int lane, double time, double *y)
{
    lane_alone(pack, lane, time);
    tape_run(pack->tape, PROGRAM_INITIAL, pack->solo.slots, 1);
    const double *values = tape_output(pack->tape, PROGRAM_INITIAL, pack->solo.slots, 0, 1);
    bool finite = true;
    for (int i = 0; i < pack->states; i++) {
        y[i] = values[i];
        finite = finite && isfinite(y[i]);
    }
    if (!finite) {
        fail_initial(pack, lane, time, y);
    }
    return finite;
}

bool lanes_mirror(Pack *pack, double *y)
{
    int donor = lanes_donor(pack);
    if (donor < 0) {
        return false;
    }
    for (int lane = 0; lane < pack->width; lane++) {
        if (pack->main.live[lane]) {
            continue;
        }
        size_t states = (size_t)pack->states;
        copy_column(pack->main.slots, (size_t)pack->tape->slot_count, pack->width, donor, lane);
        copy_column(pack->main.infusion, states, pack->width, donor, lane);
        copy_column(pack->switch_values, (size_t)pack->model->switch_count, pack->width, donor,
                    lane);
        copy_column(y, states, pack->width, donor, lane);
        sensitivity_mirror(pack, donor, lane);
        clocks_mirror(pack, donor, lane);
    }
    return true;
}

void lane_fail(Pack *pack, int lane, OutcomeKind kind, double time)
{
    assert(lane >= 0 && lane < pack->count);
    Outcome *outcome = &pack->lanes[lane].outcome;
    outcome->kind = kind;
    outcome->time = time;
    double step = pack->main.integrator != NULL ? integrator_last_step(pack->main.integrator) : 0.0;
    outcome->last_step = pack->main.own ? pack->main.scale[lane] * step : step;
    pack->main.live[lane] = false;
}
