/* schedule.c: a regimen becomes dated events.
 *
 * Each dose of the regimen is looked up once per repeat (its fraction, rate and duration hold when
 * it enters), its lag once, at the record's own time. Then all events are sorted, and times that
 * differ by rounding only (0.1 + 0.2 against 0.3) are made one, so that the solver never has to
 * step over an interval of 1e-17.
 *
 * The arithmetic of infusions is NONMEM's: with RATE the fraction F changes how long an infusion
 * lasts, with a duration it changes how fast it runs. A route with several targets splits one
 * stream: it lasts amount / rate, and each target receives fraction × rate.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "dose/schedule.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

// Times nearer than this, relative, are one instant (dosing.md).
static const double SAME_INSTANT = 1e-12;

typedef struct {
    Arena *arena;
    Schedule *schedule;
    size_t capacity;
    double end;
    const char *reason;
} Expansion;

static bool same_instant(double a, double b)
{
    return fabs(a - b) <= SAME_INSTANT * fmax(fabs(a), fabs(b));
}

static void add_event(Expansion *expansion, ScheduleEvent event)
{
    Schedule *schedule = expansion->schedule;
    schedule->events = arena_grow(expansion->arena, schedule->events, (size_t)schedule->count,
                                  &expansion->capacity, sizeof *schedule->events);
    schedule->events[schedule->count++] = event;
}

/* A time beyond the end by rounding only is the end. */
static double at_most_end(const Expansion *expansion, double time)
{
    return time > expansion->end && same_instant(time, expansion->end) ? expansion->end : time;
}

static void add_bolus(Expansion *expansion, ScheduleEvent event)
{
    event.kind = EVENT_BOLUS;
    event.rate = 0.0;
    expansion->schedule->scheduled += event.amount;
    add_event(expansion, event);
}

static void add_infusion(Expansion *expansion, ScheduleEvent event, double duration)
{
    double finish = at_most_end(expansion, event.time + duration);
    if (same_instant(finish, event.time)) {
        // An infusion shorter than the clock can tell is a bolus: its end would sort before its
        // start.
        add_bolus(expansion, event);
        return;
    }
    event.kind = EVENT_INFUSION_START;
    add_event(expansion, event);
    double inside = fmin(finish, expansion->end) - event.time;
    expansion->schedule->scheduled += finish <= expansion->end ? event.amount : event.rate * inside;
    if (finish <= expansion->end) {
        event.kind = EVENT_INFUSION_END;
        event.time = finish;
        add_event(expansion, event);
    }
}

/* Positive and finite, or the reason is kept. */
static bool positive(Expansion *expansion, double value, const char *reason)
{
    bool good = value > 0.0 && isfinite(value);
    if (!good) {
        expansion->reason = reason;
    }
    return good;
}

/* The stream of an infusion: how long it lasts, and its rate before fractions. */
static bool stream_of(Expansion *expansion, const Dose *dose, const RouteValues *values,
                      double *duration, double *rate)
{
    switch (dose->kind) {
    case DOSE_INFUSION_DURATION:
        *duration = dose->duration;
        if (!positive(expansion, *duration, "the duration of the infusion is not positive")) {
            return false;
        }
        *rate = dose->amount / *duration;
        return true;
    case DOSE_MODEL_DURATION:
        *duration = values->duration;
        if (!positive(expansion, *duration, "the route's duration is not positive")) {
            return false;
        }
        *rate = dose->amount / *duration;
        return true;
    case DOSE_INFUSION_RATE:
        *rate = dose->rate;
        if (!positive(expansion, *rate, "the rate of the infusion is not positive")) {
            return false;
        }
        break;
    case DOSE_MODEL_RATE:
        *rate = values->rate;
        if (!positive(expansion, *rate, "the route's rate is not positive")) {
            return false;
        }
        break;
    case DOSE_BOLUS:
        *duration = *rate = 0.0;
        return true;
    }
    *duration = dose->amount / *rate;
    return true;
}

static bool sensible(Expansion *expansion, const Dose *dose, const RouteValues *values)
{
    if (!isfinite(dose->amount) || (dose->amount < 0.0 && dose->kind != DOSE_BOLUS)) {
        expansion->reason = "the amount is not a finite number, or an infusion's is negative";
        return false;
    }
    for (int i = 0; i < values->target_count; i++) {
        if (!(values->lag[i] >= 0.0) || !isfinite(values->lag[i])) {
            expansion->reason = "the route's lag is negative or not a number";
            return false;
        }
        if (!(values->fraction[i] >= 0.0) || !isfinite(values->fraction[i])) {
            expansion->reason = "the route's fraction is negative or not a number";
            return false;
        }
    }
    return true;
}

/* One repeat of one dose, into every target of its route. */
static bool add_dose(Expansion *expansion, const Dose *dose, const RouteValues *values,
                     const double *lag, ScheduleEvent event)
{
    double duration = 0.0;
    double rate = 0.0;
    if (!sensible(expansion, dose, values) ||
        !stream_of(expansion, dose, values, &duration, &rate)) {
        return false;
    }
    double record_time = event.time;
    for (int i = 0; i < values->target_count; i++) {
        double fraction = values->fraction[i];
        event.target = i;
        event.state = values->state[i];
        event.time = at_most_end(expansion, record_time + lag[i]);
        event.amount = fraction * dose->amount;
        bool nothing = event.amount == 0.0; // a zero fraction, or a zero amount: no event
        if (nothing || event.time > expansion->end) {
            continue;
        }
        bool by_rate = dose->kind == DOSE_INFUSION_RATE || dose->kind == DOSE_MODEL_RATE;
        if (dose->kind == DOSE_BOLUS) {
            add_bolus(expansion, event);
        } else if (by_rate && values->target_count == 1) {
            event.rate = rate;
            add_infusion(expansion, event, event.amount / rate);
        } else {
            event.rate = fraction * rate;
            add_infusion(expansion, event, duration);
        }
    }
    return true;
}

static bool expand_dose(Expansion *expansion, const Dose *dose, int index, RouteLookup *lookup,
                        void *context)
{
    double lag[SCHEDULE_MAX_TARGETS] = {0};
    for (int k = 0; k < dose->count; k++) {
        double time = dose->time + k * dose->interval;
        if (!isfinite(time)) {
            expansion->reason = "the time of the dose is not a finite number";
            return false;
        }
        if (at_most_end(expansion, time) > expansion->end && dose->interval >= 0.0) {
            break;
        }
        RouteValues values = {.target_count = 1, .state = {dose->state}, .fraction = {1.0}};
        if (dose->route >= 0) {
            lookup(context, dose, time, &values);
        }
        assert(values.target_count >= 0 && values.target_count <= SCHEDULE_MAX_TARGETS);
        for (int i = 0; k == 0 && i < values.target_count; i++) {
            lag[i] = values.lag[i];
        }
        ScheduleEvent event = {.time = time, .dose = index, .repeat = k};
        if (k == 0 && dose->steady) {
            event.time = at_most_end(expansion, time);
            event.kind = EVENT_STEADY;
            event.state = values.target_count > 0 ? values.state[0] : dose->state;
            add_event(expansion, event);
            event.time = time;
        }
        if (!add_dose(expansion, dose, &values, lag, event)) {
            return false;
        }
    }
    return true;
}

/* Infusion ends first, then doses in the order written; a steady state comes before its own dose.
 */
static int order_of(const void *left, const void *right)
{
    const ScheduleEvent *a = left;
    const ScheduleEvent *b = right;
    if (a->time != b->time) {
        return a->time < b->time ? -1 : 1;
    }
    int ends = (b->kind == EVENT_INFUSION_END) - (a->kind == EVENT_INFUSION_END);
    if (ends != 0) {
        return ends;
    }
    if (a->dose != b->dose) {
        return a->dose < b->dose ? -1 : 1;
    }
    int steady = (b->kind == EVENT_STEADY) - (a->kind == EVENT_STEADY);
    if (steady != 0) {
        return steady;
    }
    if (a->repeat != b->repeat) {
        return a->repeat < b->repeat ? -1 : 1;
    }
    return (a->target > b->target) - (a->target < b->target);
}

static void sort_events(Schedule *schedule)
{
    if (schedule->count > 1) {
        qsort(schedule->events, (size_t)schedule->count, sizeof *schedule->events, order_of);
    }
}

/* Times that differ by rounding become the earliest of them. */
static void join_instants(Schedule *schedule)
{
    for (int i = 1; i < schedule->count; i++) {
        double before = schedule->events[i - 1].time;
        if (same_instant(before, schedule->events[i].time)) {
            schedule->events[i].time = before;
        }
    }
}

bool schedule_expand(Arena *arena, const Regimen *regimen, RouteLookup *lookup, void *context,
                     double end, Schedule *schedule, int *bad_dose, const char **reason)
{
    assert(arena != NULL && schedule != NULL && bad_dose != NULL && reason != NULL);
    *schedule = (Schedule){0};
    *bad_dose = -1;
    *reason = NULL;
    Expansion expansion = {.arena = arena, .schedule = schedule, .end = end};
    int count = regimen == NULL ? 0 : regimen->count;
    for (int i = 0; i < count; i++) {
        const Dose *dose = &regimen->doses[i];
        assert(dose->count >= 1 && (dose->route >= 0 || dose->state >= 0));
        if (!expand_dose(&expansion, dose, i, lookup, context)) {
            *bad_dose = i;
            *reason = expansion.reason;
            return false;
        }
    }
    sort_events(schedule);
    join_instants(schedule);
    sort_events(schedule);
    return true;
}

/* The first event after `index` at another time. */
static int next_instant(const Schedule *schedule, int index)
{
    double time = schedule->events[index].time;
    while (index < schedule->count && schedule->events[index].time == time) {
        index++;
    }
    return index;
}

bool schedule_same_times(const Schedule *a, const Schedule *b)
{
    assert(a != NULL && b != NULL);
    int i = 0;
    int j = 0;
    while (i < a->count && j < b->count) {
        if (a->events[i].time != b->events[j].time) {
            return false;
        }
        i = next_instant(a, i);
        j = next_instant(b, j);
    }
    return i == a->count && j == b->count;
}
