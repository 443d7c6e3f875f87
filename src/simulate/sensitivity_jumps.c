/* sensitivity_jumps.c: what doses and conditions on time do to the columns of a lane.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/sensitivity.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* How near to zero a surface must be at a stop, relative to what it passes in the whole time. */
static const double NEAR = 1e-9;

void sensitivity_rates(Pack *pack, int lane, double time, double *rates)
{
    const Lane *one = &pack->lanes[lane];
    size_t width = (size_t)pack->width;
    lane_alone(pack, lane, time);
    for (size_t i = 0; i < (size_t)pack->states; i++) {
        pack->solo.y[i] = pack->main.y[i * width + (size_t)lane];
    }
    stage_set_state(&pack->solo, pack->solo.y);
    tape_run(pack->tape, PROGRAM_RATES, pack->solo.slots, 1);
    const double *values = tape_output(pack->tape, PROGRAM_RATES, pack->solo.slots, 0, 1);
    memcpy(rates, values, (size_t)pack->states * sizeof *rates);
    for (int i = 0; i < one->active_count; i++) {
        const LaneEvent *event = &one->events[one->active[i]];
        rates[event->state] += event->rate;
    }
}

void sensitivity_shift(Pack *pack, int lane, const double *rates, const double *moved, double sign)
{
    for (int k = 0; k < pack->sensitivity->count; k++) {
        for (int i = 0; moved[k] != 0.0 && i < pack->states; i++) {
            *sensitivity_entry(pack, k, i, lane) += sign * rates[i] * moved[k];
        }
    }
}

static double slope(const double *slopes, int k)
{
    return slopes != NULL ? slopes[k] : 0.0;
}

/* The state does not jump, the inflow does: by `change` of the rate of one state. */
static void shift_inflow(Pack *pack, int lane, int state, double change, const double *moved)
{
    for (int k = 0; moved != NULL && k < pack->sensitivity->count; k++) {
        *sensitivity_entry(pack, k, state, lane) -= change * moved[k];
    }
}

static bool is_running(const Lane *lane, const LaneEvent *end)
{
    for (int i = 0; i < lane->active_count; i++) {
        const LaneEvent *start = &lane->events[lane->active[i]];
        if (start->dose == end->dose && start->repeat == end->repeat &&
            start->target == end->target) {
            return true;
        }
    }
    return false;
}

/* Columns (count × states) in place of, or added to, those of the lane. */
static void put(Pack *pack, int lane, const double *columns, bool add)
{
    for (int k = 0; k < pack->sensitivity->count; k++) {
        for (int i = 0; i < pack->states; i++) {
            double value = columns != NULL ? columns[k * pack->states + i] : 0.0;
            double *entry = sensitivity_entry(pack, k, i, lane);
            *entry = add ? *entry + value : value;
        }
    }
}

static void before_reset(Pack *pack, int lane, double time)
{
    const LaneSlopes *own = &pack->sensitivity->lanes[lane];
    if (pack->lanes[lane].home != NULL) {
        put(pack, lane, own->first, false);
        return;
    }
    sensitivity_initial_values(pack, lane, time, pack->sensitivity->reset);
    put(pack, lane, pack->sensitivity->reset, false);
}

void sensitivity_before_dose(Pack *pack, int lane, int index)
{
    if (!sensitivity_on(pack)) {
        return;
    }
    Sensitivity *sensitivity = pack->sensitivity;
    const LaneSlopes *own = &sensitivity->lanes[lane];
    const Lane *one = &pack->lanes[lane];
    const LaneEvent *event = &one->events[index];
    const EventSlopes *slopes = &own->events[index];
    bool flows = event->kind == EVENT_INFUSION_START || event->kind == EVENT_INFUSION_END;
    if (slopes->moves && !flows) {
        sensitivity_rates(pack, lane, event->time, sensitivity->before);
        sensitivity_shift(pack, lane, sensitivity->before, slopes->time, 1.0);
    }
    double y = pack->main.y[(size_t)event->state * (size_t)pack->width + (size_t)lane];
    if (event->kind == EVENT_RESET) {
        before_reset(pack, lane, event->time);
    } else if (event->kind == EVENT_STEADY) {
        put(pack, lane, own->steady[index], event->adds);
    } else if (event->kind == EVENT_INFUSION_START) {
        shift_inflow(pack, lane, event->state, event->rate, slopes->time);
    } else if (event->kind == EVENT_INFUSION_END && is_running(one, event)) {
        shift_inflow(pack, lane, event->state, -event->rate, slopes->time);
    }
    for (int k = 0; k < sensitivity->count; k++) {
        double *entry = sensitivity_entry(pack, k, event->state, lane);
        double amount = slope(slopes->amount, k);
        if (event->kind == EVENT_BOLUS) {
            *entry += amount;
        } else if (event->kind == EVENT_REPLACE) {
            *entry = amount;
        } else if (event->kind == EVENT_MULTIPLY) {
            *entry = event->amount * *entry + amount * y;
        }
    }
}

void sensitivity_after_dose(Pack *pack, int lane, int index)
{
    if (!sensitivity_on(pack)) {
        return;
    }
    Sensitivity *sensitivity = pack->sensitivity;
    const LaneSlopes *own = &sensitivity->lanes[lane];
    const LaneEvent *event = &pack->lanes[lane].events[index];
    const EventSlopes *slopes = &own->events[index];
    bool flows = event->kind == EVENT_INFUSION_START || event->kind == EVENT_INFUSION_END;
    if (slopes->moves && !flows) {
        sensitivity_rates(pack, lane, event->time, sensitivity->now);
        sensitivity_shift(pack, lane, sensitivity->now, slopes->time, -1.0);
    }
    for (int k = 0; k < sensitivity->count; k++) {
        own->instant[k] = slope(slopes->time, k);
    }
}

void sensitivity_inflow(Pack *pack, int lane)
{
    if (!sensitivity_on(pack)) {
        return;
    }
    const Lane *one = &pack->lanes[lane];
    Slopes *slopes = &pack->sensitivity->slopes;
    for (int k = 0; k < slopes->count; k++) {
        for (int i = 0; i < pack->states; i++) {
            slopes->inflow[slope_at(slopes, k, i, lane)] = 0.0;
        }
        for (int i = 0; i < one->active_count; i++) {
            const LaneEvent *event = &one->events[one->active[i]];
            const EventSlopes *own = &pack->sensitivity->lanes[lane].events[one->active[i]];
            slopes->inflow[slope_at(slopes, k, event->state, lane)] += slope(own->rate, k);
        }
    }
}

/* ---- conditions on time ---- */

void sensitivity_keep_switches(Pack *pack)
{
    if (sensitivity_on(pack)) {
        memcpy(pack->sensitivity->switches, pack->switch_values,
               (size_t)pack->model->switch_count * (size_t)pack->width * sizeof(double));
    }
}

static bool has_changed(const Pack *pack, int index, int lane)
{
    size_t at = (size_t)index * (size_t)pack->width + (size_t)lane;
    return pack->sensitivity->switches[at] != pack->switch_values[at];
}

/* t' of the zero of the surface of a switch, -(∂surface/∂p) / slope, into moved. pack->solo holds
 * the lane, its clock at the stop. False if the surface does not pass through zero here: the
 * condition has changed because another one inside it has. */
static bool find_moved(Pack *pack, int index, int lane, double *moved)
{
    Sensitivity *sensitivity = pack->sensitivity;
    double *slots = pack->solo.slots;
    double value = tape_output(pack->tape, PROGRAM_SWITCHES, slots, 3 * index + 1, 1)[0];
    double rise = tape_output(pack->tape, PROGRAM_SWITCHES, slots, 3 * index + 2, 1)[0];
    value -= pack->model->switches[index].whole ? round(value) : 0.0;
    double time = slots[pack->tape->time];
    double span = fmax(fabs(time), pack->end - pack->start);
    memset(moved, 0, (size_t)sensitivity->count * sizeof *moved);
    if (rise == 0.0 || !(fabs(value) <= NEAR * fabs(rise) * span)) {
        return false;
    }
    const Partials *partials = &pack->tape->partials[PROGRAM_SWITCHES_PARTIALS];
    for (int i = 0; i < partials->count; i++) {
        const Partial *one = &partials->items[i];
        double partial = tape_output(pack->tape, PROGRAM_SWITCHES_PARTIALS, slots, i, 1)[0];
        for (int k = 0; one->output == 3 * index + 1 && k < sensitivity->count; k++) {
            if (one->index == sensitivity->slopes.parameter[k]) {
                moved[k] -= partial * sensitivity_scale(pack, k, lane) / rise;
            }
        }
    }
    return true;
}

static bool any_moved(const Sensitivity *sensitivity, const double *moved)
{
    for (int k = 0; k < sensitivity->count; k++) {
        if (moved[k] != 0.0) {
            return true;
        }
    }
    return false;
}

/* The switch of one lane goes from its old value to the new one while everything else stands. */
static void turn(Pack *pack, int index, int lane, double time)
{
    Sensitivity *sensitivity = pack->sensitivity;
    size_t at = (size_t)index * (size_t)pack->width + (size_t)lane;
    size_t slot = ((size_t)pack->tape->switches + (size_t)index) * (size_t)pack->width;
    double *place = &pack->main.slots[slot + (size_t)lane];
    if (!any_moved(sensitivity, sensitivity->moved)) {
        *place = pack->switch_values[at];
        return;
    }
    sensitivity_rates(pack, lane, nextafter(time, -HUGE_VAL), sensitivity->before);
    *place = pack->switch_values[at];
    sensitivity_rates(pack, lane, time, sensitivity->now);
    sensitivity_shift(pack, lane, sensitivity->before, sensitivity->moved, 1.0);
    sensitivity_shift(pack, lane, sensitivity->now, sensitivity->moved, -1.0);
}

/* The slots of the lane hold the new values: back to the old ones, then one after the other. */
static void turn_all(Pack *pack, int lane, double time)
{
    Sensitivity *sensitivity = pack->sensitivity;
    double *instant = sensitivity->lanes[lane].instant;
    int count = pack->model->switch_count;
    lane_alone(pack, lane, time);
    tape_run(pack->tape, PROGRAM_SWITCHES, pack->solo.slots, 1);
    tape_run(pack->tape, PROGRAM_SWITCHES_PARTIALS, pack->solo.slots, 1);
    for (int i = 0; i < count; i++) { // what brings the lane here
        if (has_changed(pack, i, lane) && find_moved(pack, i, lane, sensitivity->moved)) {
            memcpy(instant, sensitivity->moved, (size_t)sensitivity->count * sizeof *instant);
        }
    }
    for (int i = 0; i < count; i++) {
        size_t slot = ((size_t)pack->tape->switches + (size_t)i) * (size_t)pack->width;
        pack->main.slots[slot + (size_t)lane] =
            sensitivity->switches[(size_t)i * (size_t)pack->width + (size_t)lane];
    }
    for (int i = 0; i < count; i++) {
        if (!has_changed(pack, i, lane)) {
            continue;
        }
        lane_alone(pack, lane, time);
        tape_run(pack->tape, PROGRAM_SWITCHES, pack->solo.slots, 1);
        tape_run(pack->tape, PROGRAM_SWITCHES_PARTIALS, pack->solo.slots, 1);
        if (!find_moved(pack, i, lane, sensitivity->moved)) {
            memcpy(sensitivity->moved, instant, (size_t)sensitivity->count * sizeof *instant);
        }
        turn(pack, i, lane, time);
    }
}

void sensitivity_switch(Pack *pack, int stop)
{
    if (!sensitivity_on(pack)) {
        return;
    }
    Sensitivity *sensitivity = pack->sensitivity;
    for (int lane = 0; lane < pack->count; lane++) {
        double *instant = sensitivity->lanes[lane].instant;
        memset(instant, 0, (size_t)sensitivity->count * sizeof *instant);
        bool any = false;
        for (int i = 0; i < pack->model->switch_count; i++) {
            any = any || has_changed(pack, i, lane);
        }
        if (any && pack->main.live[lane] && pack->lanes[lane].first_stop < stop) {
            turn_all(pack, lane, pack_stop_time(pack, lane, stop));
        }
    }
    sensitivity_keep_switches(pack);
}
