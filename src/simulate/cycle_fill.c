/* cycle_fill.c: the doses of a regimen given since always, folded into one interval.
 *
 * A dose enters at the phase of its lag. An infusion that lasts longer than the interval overlaps
 * with itself: whole intervals of it run all the time.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/cycle.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

/* How long an infusion lasts, and when its start and its end move. */
typedef struct {
    double amount, duration;
    const double *end_moved, *end_rate_slopes; // of the end: (targets), or NULL
} Entry;

static int by_phase(const void *left, const void *right)
{
    double a = ((const CycleEvent *)left)->phase;
    double b = ((const CycleEvent *)right)->phase;
    return (a > b) - (a < b);
}

static void add_phase(Cycle *cycle, CycleEvent event)
{
    assert(cycle->count < 2 * SCHEDULE_MAX_TARGETS);
    cycle->events[cycle->count++] = event;
}

/* What runs when a cycle begins. */
static void add_base(Cycle *cycle, const CycleEvent *event, double times)
{
    const Pack *pack = cycle->pack;
    cycle->base[event->state] += times * event->rate;
    for (int k = 0; event->rate_slopes != NULL && k < pack->sensitivity->count; k++) {
        cycle->base_slopes[k * pack->states + event->state] += times * event->rate_slopes[k];
    }
}

/* One target of the dose, folded into a cycle. */
static void fold(Cycle *cycle, CycleEvent event, const Entry *entry)
{
    double phase = fmod(event.phase, cycle->interval);
    event.phase = same_time(phase, cycle->interval) ? 0.0 : phase;
    if (entry->duration == 0.0) {
        event.bolus = entry->amount;
        event.rate_slopes = NULL;
        add_phase(cycle, event);
        return;
    }
    event.bolus_slopes = NULL;
    double overlaps = floor(entry->duration / cycle->interval * (1.0 + 1e-12));
    double rest = entry->duration - overlaps * cycle->interval;
    add_base(cycle, &event, overlaps);
    if (rest <= 1e-12 * cycle->interval) {
        return;
    }
    double finish = event.phase + rest;
    if (finish > cycle->interval) {
        finish -= cycle->interval;
        add_base(cycle, &event, 1.0);
    }
    add_phase(cycle, event);
    event.phase = finish;
    event.rate = -event.rate;
    event.moved = entry->end_moved;
    event.rate_slopes = entry->end_rate_slopes;
    add_phase(cycle, event);
}

/* How a target's entry changes with the targets of the sensitivities. */
static void derive(Cycle *cycle, const Dose *dose, int index, CycleEvent *event, Entry *entry,
                   int target)
{
    Pack *pack = cycle->pack;
    if (!sensitivity_on(pack)) {
        return;
    }
    LaneEvent one = {.time = (double)NAN, // never that of a cut
                     .kind = entry->duration == 0.0 && dose->amount != 0.0 ? EVENT_BOLUS
                                                                           : EVENT_INFUSION_START,
                     .state = event->state,
                     .target = target};
    EventSlopes slopes;
    sensitivity_entry_slopes(pack, cycle->lane, dose, index, &one, &slopes);
    event->moved = slopes.time;
    event->bolus_slopes = slopes.amount;
    event->rate_slopes = slopes.rate;
    one.kind = EVENT_INFUSION_END;
    EventSlopes end;
    sensitivity_entry_slopes(pack, cycle->lane, dose, index, &one, &end);
    for (int k = 0; k < pack->sensitivity->count; k++) {
        end.rate[k] = -end.rate[k];
    }
    entry->end_moved = end.time;
    entry->end_rate_slopes = end.rate;
}

bool cycle_fill(Cycle *cycle, const Dose *dose, int index, const RouteValues *values)
{
    Pack *pack = cycle->pack;
    double duration = 0.0;
    double rate = 0.0;
    if (schedule_stream(dose, values, &duration, &rate) != NULL) {
        return false;
    }
    if (sensitivity_on(pack)) {
        size_t count = (size_t)pack->sensitivity->count * (size_t)pack->states;
        cycle->base_slopes = arena_array(pack->loaded, count, sizeof(double));
    }
    bool by_rate = dose->kind == DOSE_INFUSION_RATE || dose->kind == DOSE_MODEL_RATE;
    bool one = by_rate && values->target_count == 1;
    for (int i = 0; i < values->target_count; i++) {
        Entry entry = {.amount = values->fraction[i] * dose->amount};
        CycleEvent event = {.phase = values->lag[i],
                            .state = values->state[i],
                            .rate = one ? rate : values->fraction[i] * rate};
        entry.duration = one ? entry.amount / rate : duration;
        derive(cycle, dose, index, &event, &entry, i);
        if (dose->amount == 0.0) {
            add_base(cycle, &event, 1.0);
        } else if (entry.amount != 0.0) {
            fold(cycle, event, &entry);
        }
    }
    qsort(cycle->events, (size_t)cycle->count, sizeof *cycle->events, by_phase);
    return true;
}
