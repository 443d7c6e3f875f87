/* sensitivity_events.c: what the events of a model do to the columns of a lane.
 *
 * An event whose surface h(y, p, t) passes through zero at t has t' = -(∂h/∂y s + ∂h/∂p) / (dh/dt);
 * one that another event or a dose has set off happens when that does, and one on time alone when
 * its condition changes. A crossing that only touches has no derivative: its t' counts as 0.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/sensitivity.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* How near to zero the surface of an event must be to have brought it about, relative to what it
 * passes in the whole time. */
static const double NEAR = 1e-9;

static int most_assignments(const Model *model)
{
    int most = 1;
    for (int i = 0; i < model->event_count; i++) {
        int count = model->events[i].assignment_count;
        most = count > most ? count : most;
    }
    return most;
}

void sensitivity_open_events(Pack *pack)
{
    Sensitivity *sensitivity = pack->sensitivity;
    const Events *events = pack->events;
    size_t columns = (size_t)sensitivity->room;
    if (events == NULL) {
        return;
    }
    size_t values = (size_t)most_assignments(pack->model);
    sensitivity->assigned = arena_array(pack->arena, values * columns, sizeof(double));
    size_t places = events->waiting != NULL ? (size_t)pack->width * WAITING_MOST : 0;
    for (size_t i = 0; i < places; i++) {
        events->waiting[i].slopes =
            arena_array(pack->arena, (values + 1) * columns, sizeof(double));
    }
}

/* Rates of the lane at pack->solo.y. */
static void find_rates(Pack *pack, int lane, double *rates)
{
    size_t width = (size_t)pack->width;
    stage_set_state(&pack->solo, pack->solo.y);
    tape_run(pack->tape, PROGRAM_RATES, pack->solo.slots, 1);
    const double *values = tape_output(pack->tape, PROGRAM_RATES, pack->solo.slots, 0, 1);
    for (size_t i = 0; i < (size_t)pack->states; i++) {
        rates[i] = values[i] + pack->main.infusion[i * width + (size_t)lane];
    }
}

/* A program of derivatives, one of its outputs, and one lane. */
typedef struct {
    Pack *pack;
    ProgramName program;
    int output, lane;
} Derived;

/* ∂/∂y · direction + ∂/∂p (of column k, -1: of none) + ∂/∂t × moved. The program has been run. */
static double along(const Derived *derived, const double *direction, int k, double moved)
{
    Pack *pack = derived->pack;
    const Sensitivity *sensitivity = pack->sensitivity;
    const Partials *partials = &pack->tape->partials[derived->program];
    const double *values = tape_output(pack->tape, derived->program, pack->solo.slots, 0, 1);
    int parameter = k < 0 ? -1 : sensitivity->slopes.parameter[k];
    double sum = 0.0;
    for (int i = 0; i < partials->count; i++) {
        const Partial *one = &partials->items[i];
        if (one->output != derived->output) {
            continue;
        }
        if (one->kind == SYMBOL_STATE) {
            sum += values[i] * direction[one->index];
        } else if (one->kind == SYMBOL_TIME) {
            sum += values[i] * moved;
        } else if (one->index == parameter) {
            sum += values[i] * sensitivity_scale(pack, k, derived->lane);
        }
    }
    return sum;
}

/* Column k of the lane, with s += rates × moved. */
static const double *column(Pack *pack, int lane, int k, const double *rates, double moved)
{
    Sensitivity *sensitivity = pack->sensitivity;
    for (int i = 0; i < pack->states; i++) {
        sensitivity->column[i] = *sensitivity_entry(pack, k, i, lane) + rates[i] * moved;
    }
    return sensitivity->column;
}

/* t' of an event into sensitivity->moved, the rates into sensitivity->before. */
static void find_moved(Pack *pack, int lane, double time, int event)
{
    Sensitivity *sensitivity = pack->sensitivity;
    double *instant = sensitivity->lanes[lane].instant;
    size_t bytes = (size_t)sensitivity->count * sizeof(double);
    find_rates(pack, lane, sensitivity->before);
    tape_run(pack->tape, PROGRAM_EVENTS, pack->solo.slots, 1);
    tape_run(pack->tape, PROGRAM_EVENTS_PARTIALS, pack->solo.slots, 1);
    int output = event * TRIGGER_OUTPUTS + TRIGGER_SURFACE;
    double height = tape_output(pack->tape, PROGRAM_EVENTS, pack->solo.slots, output, 1)[0];
    Derived surface = {pack, PROGRAM_EVENTS_PARTIALS, output, lane};
    double rise = along(&surface, sensitivity->before, -1, 1.0);
    double span = fmax(fabs(time), pack->end - pack->start);
    bool crosses = !pack->events->timed[event] && fabs(height) <= NEAR * fabs(rise) * span;
    if (!crosses) {
        memcpy(sensitivity->moved, instant, bytes);
        return;
    }
    for (int k = 0; k < sensitivity->count; k++) {
        const double *s = column(pack, lane, k, sensitivity->before, 0.0);
        sensitivity->moved[k] = rise == 0.0 ? 0.0 : -along(&surface, s, k, 0.0) / rise;
    }
    memcpy(instant, sensitivity->moved, bytes);
}

/* Derivatives of the values that an event assigns, in all columns. */
static void find_assigned(Pack *pack, int lane, int event, double *assigned)
{
    Sensitivity *sensitivity = pack->sensitivity;
    stage_set_state(&pack->solo, pack->solo.y);
    tape_run(pack->tape, PROGRAM_ASSIGN_PARTIALS, pack->solo.slots, 1);
    for (int k = 0; k < sensitivity->count; k++) {
        double moved = sensitivity->moved[k];
        const double *s = column(pack, lane, k, sensitivity->before, moved);
        for (int i = 0; i < pack->model->events[event].assignment_count; i++) {
            Derived value = {pack, PROGRAM_ASSIGN_PARTIALS, pack->events->first[event] + i, lane};
            assigned[i * sensitivity->count + k] = along(&value, s, k, moved);
        }
    }
}

void sensitivity_before_event(Pack *pack, int lane, double time, int event)
{
    if (!sensitivity_on(pack)) {
        return;
    }
    Sensitivity *sensitivity = pack->sensitivity;
    find_moved(pack, lane, time, event);
    find_assigned(pack, lane, event, sensitivity->assigned);
    sensitivity_shift(pack, lane, sensitivity->before, sensitivity->moved, 1.0);
}

void sensitivity_before_delayed(Pack *pack, int lane, const Waiting *waiting)
{
    if (!sensitivity_on(pack)) {
        return;
    }
    Sensitivity *sensitivity = pack->sensitivity;
    size_t columns = (size_t)sensitivity->count;
    size_t values = (size_t)pack->model->events[waiting->event].assignment_count;
    memcpy(sensitivity->moved, waiting->slopes, columns * sizeof(double));
    memcpy(sensitivity->lanes[lane].instant, waiting->slopes, columns * sizeof(double));
    memcpy(sensitivity->assigned, waiting->slopes + columns, values * columns * sizeof(double));
    find_rates(pack, lane, sensitivity->before);
    sensitivity_shift(pack, lane, sensitivity->before, sensitivity->moved, 1.0);
}

void sensitivity_after_event(Pack *pack, int lane, int event)
{
    if (!sensitivity_on(pack)) {
        return;
    }
    Sensitivity *sensitivity = pack->sensitivity;
    const Event *model = &pack->model->events[event];
    for (int i = 0; i < model->assignment_count; i++) {
        for (int k = 0; k < sensitivity->count; k++) {
            *sensitivity_entry(pack, k, model->assignments[i].state, lane) =
                sensitivity->assigned[i * sensitivity->count + k];
        }
    }
    find_rates(pack, lane, sensitivity->now);
    sensitivity_shift(pack, lane, sensitivity->now, sensitivity->moved, -1.0);
}

void sensitivity_put_off(Pack *pack, int lane, double time, int event, Waiting *waiting)
{
    if (!sensitivity_on(pack)) {
        return;
    }
    Sensitivity *sensitivity = pack->sensitivity;
    int columns = sensitivity->count;
    find_moved(pack, lane, time, event);
    find_assigned(pack, lane, event, waiting->slopes + columns);
    Derived delay = {pack, PROGRAM_EVENTS_PARTIALS, event * TRIGGER_OUTPUTS + TRIGGER_DELAY, lane};
    for (int k = 0; k < columns; k++) {
        double moved = sensitivity->moved[k];
        const double *s = column(pack, lane, k, sensitivity->before, moved);
        waiting->slopes[k] = moved + along(&delay, s, k, moved);
    }
}
