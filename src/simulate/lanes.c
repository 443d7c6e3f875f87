/* lanes.c: the subjects of a pack: their doses as events, and what becomes of a lane that fails.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/lanes.h"

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

static const double *run_routes(Pack *pack, int first, double time)
{
    stage_set_time(&pack->solo, time);
    tape_run(pack->tape, PROGRAM_ROUTES, pack->solo.slots, 1);
    return tape_output(pack->tape, PROGRAM_ROUTES, pack->solo.slots, first, 1);
}

/* Lag at the record's time; fraction, rate and duration at the time the dose enters. */
void lanes_look_up(Pack *pack, const Dose *dose, double time, RouteValues *values)
{
    const Model *model = pack->model;
    assert(dose->route >= 0 && dose->route < model->route_count);
    const Route *route = &model->routes[dose->route];
    assert(route->target_count <= SCHEDULE_MAX_TARGETS);
    int first = route_output(model, dose->route);
    *values = (RouteValues){.target_count = route->target_count};
    const double *out = run_routes(pack, first, time);
    for (int i = 0; i < route->target_count; i++) {
        values->state[i] = route->targets[i].state;
        values->lag[i] = out[2 + 2 * i + 1];
    }
    for (int i = 0; i < route->target_count; i++) {
        out = run_routes(pack, first, isfinite(values->lag[i]) ? time + values->lag[i] : time);
        values->fraction[i] = out[2 + 2 * i];
        if (i == 0) {
            values->rate = out[0];
            values->duration = out[1];
        }
    }
}

static void look_up(void *context, const Dose *dose, double time, RouteValues *values)
{
    lanes_look_up(context, dose, time, values);
}

void lanes_add_event(Pack *pack, int lane, LaneEvent event)
{
    Lane *one = &pack->lanes[lane];
    size_t capacity = (size_t)one->event_capacity;
    one->events = arena_grow(pack->loaded, one->events, (size_t)one->event_count, &capacity,
                             sizeof *one->events);
    one->event_capacity = (int)capacity;
    one->events[one->event_count++] = event;
}

/* Insertion: the list is almost sorted, and events of one time must keep their order, but for
 * infusion ends, which come first. */
void lanes_sort_events(Lane *lane)
{
    for (int i = 1; i < lane->event_count; i++) {
        LaneEvent event = lane->events[i];
        int k = i;
        for (; k > 0; k--) {
            const LaneEvent *before = &lane->events[k - 1];
            bool end_first = before->time == event.time && event.kind == EVENT_INFUSION_END &&
                             before->kind != EVENT_INFUSION_END;
            if (!(before->time > event.time || end_first)) {
                break;
            }
            lane->events[k] = *before;
        }
        lane->events[k] = event;
    }
}

static void fail_dose(Pack *pack, int lane, int dose, double time, const char *reason)
{
    lane_fail(pack, lane, OUTCOME_BAD_DOSE, time);
    pack->lanes[lane].outcome.dose = dose;
    pack->lanes[lane].outcome.reason = reason;
}

void lanes_expand(Pack *pack, int lane, const Regimen *regimen)
{
    Lane *one = &pack->lanes[lane];
    int bad = -1;
    const char *reason = NULL;
    stage_copy_lane(&pack->solo, &pack->main, lane);
    if (!schedule_expand(pack->loaded, regimen, look_up, pack, pack->end, &one->schedule, &bad,
                         &reason)) {
        fail_dose(pack, lane, bad, pack->start, reason);
        return;
    }
    for (int i = 0; i < one->schedule.count; i++) {
        const ScheduleEvent *event = &one->schedule.events[i];
        if (event->time < pack->start && !same_time(event->time, pack->start)) {
            fail_dose(pack, lane, event->dose, pack->start, "the dose lies before the start");
            return;
        }
        lanes_add_event(pack, lane,
                        (LaneEvent){.time = fmax(event->time, pack->start),
                                    .kind = event->kind,
                                    .state = event->state,
                                    .amount = event->amount,
                                    .rate = event->rate,
                                    .dose = event->dose,
                                    .repeat = event->repeat,
                                    .target = event->target});
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

static void apply_event(Pack *pack, int lane, int index)
{
    Lane *one = &pack->lanes[lane];
    const LaneEvent *event = &one->events[index];
    double *y = pack->main.y + lane;
    size_t width = (size_t)pack->width;
    switch (event->kind) {
    case EVENT_BOLUS:
        y[(size_t)event->state * width] += event->amount;
        break;
    case EVENT_INFUSION_START:
        one->active[one->active_count++] = index;
        break;
    case EVENT_INFUSION_END:
        end_infusion(one, event);
        break;
    case EVENT_STEADY:
        for (int i = 0; event->steady != NULL && i < pack->states; i++) {
            y[(size_t)i * width] = event->steady[i];
        }
        one->active_count = 0;
        break;
    }
    one->outcome.dose = event->dose;
}

bool lanes_apply(Pack *pack, int stop)
{
    bool changed = false;
    for (int lane = 0; lane < pack->count; lane++) {
        Lane *one = &pack->lanes[lane];
        if (!pack->main.live[lane]) {
            continue;
        }
        int first = one->next;
        while (one->next < one->event_count && one->events[one->next].stop <= stop) {
            apply_event(pack, lane, one->next++);
        }
        if (one->next > first) {
            sum_infusions(pack, lane);
            changed = true;
        }
    }
    return changed;
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
    }
    return true;
}

void lane_fail(Pack *pack, int lane, OutcomeKind kind, double time)
{
    assert(lane >= 0 && lane < pack->count);
    Outcome *outcome = &pack->lanes[lane].outcome;
    outcome->kind = kind;
    outcome->time = time;
    outcome->last_step =
        pack->main.integrator != NULL ? integrator_last_step(pack->main.integrator) : 0.0;
    pack->main.live[lane] = false;
}
