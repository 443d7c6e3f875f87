/* schedule.c: a regimen becomes dated events.
 *
 * Each dose of the regimen is looked up once per repeat (its fraction, rate and duration hold when
 * it enters), its lag once, at the record's own time. A reset or a steady state that replaces ends
 * what was prescribed before it: every record knows the time of the first such one after it, its
 * `cut`, and expands no further. Then all events are sorted, and times that differ by rounding only
 * (0.1 + 0.2 against 0.3) are made one, so that the solver never has to step over an interval of
 * 1e-17.
 *
 * The arithmetic of infusions is NONMEM's: with RATE the fraction F changes how long an infusion
 * lasts, with a duration it changes how fast it runs. A route with several targets splits one
 * stream: it lasts amount / rate, and each target receives fraction × rate.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "dose/schedule.h"

#include "dose/order.h"

#include <assert.h>
#include <math.h>

enum { MOST_OVERLAPS = 10000 };

typedef struct {
    Arena *arena;
    Schedule *schedule;
    size_t capacity, total_capacity;
    const Regimen *regimen;
    double end;
    const RecordOrder *order;
    double cut; // of the record that is expanded
    const char *reason;
} Expansion;

static void add_event(Expansion *expansion, ScheduleEvent event)
{
    Schedule *schedule = expansion->schedule;
    schedule->events = arena_grow(expansion->arena, schedule->events, (size_t)schedule->count,
                                  &expansion->capacity, sizeof *schedule->events);
    schedule->events[schedule->count++] = event;
}

static int find_total(Expansion *expansion, int route, int state)
{
    Schedule *schedule = expansion->schedule;
    for (int i = 0; i < schedule->total_count; i++) {
        if (schedule->totals[i].route == route && schedule->totals[i].state == state) {
            return i;
        }
    }
    schedule->totals = arena_grow(expansion->arena, schedule->totals, (size_t)schedule->total_count,
                                  &expansion->total_capacity, sizeof *schedule->totals);
    schedule->totals[schedule->total_count] = (ScheduledAmount){.route = route, .state = state};
    return schedule->total_count++;
}

/* A time beyond the end by rounding only is the end. */
static double at_most_end(const Expansion *expansion, double time)
{
    bool end = time > expansion->end && schedule_same_instant(time, expansion->end);
    return end ? expansion->end : time;
}

static bool is_cut(const Expansion *expansion, double time)
{
    return time > expansion->cut && !schedule_same_instant(time, expansion->cut);
}

static void add_bolus(Expansion *expansion, ScheduleEvent event)
{
    event.kind = EVENT_BOLUS;
    event.rate = 0.0;
    if (event.time <= expansion->end && !is_cut(expansion, event.time)) {
        event.total =
            find_total(expansion, expansion->regimen->doses[event.dose].route, event.state);
        add_event(expansion, event);
    }
}

static void add_infusion(Expansion *expansion, ScheduleEvent event, double duration)
{
    double finish = at_most_end(expansion, event.time + duration);
    if (schedule_same_instant(finish, event.time)) {
        // An infusion shorter than the clock can tell is a bolus: its end would sort before its
        // start.
        add_bolus(expansion, event);
        return;
    }
    if (event.time > expansion->end || event.time >= expansion->cut) {
        return;
    }
    if (finish > expansion->cut) {
        finish = expansion->cut;
        event.amount = event.rate * (finish - event.time);
    }
    event.kind = EVENT_INFUSION_START;
    event.finish = finish;
    event.total = find_total(expansion, expansion->regimen->doses[event.dose].route, event.state);
    add_event(expansion, event);
    if (finish <= expansion->end) {
        event.kind = EVENT_INFUSION_END;
        event.time = finish;
        event.pending = false;
        add_event(expansion, event);
    }
}

static bool is_positive(double value)
{
    return value > 0.0 && isfinite(value);
}

const char *schedule_stream(const Dose *dose, const RouteValues *values, double *duration,
                            double *rate)
{
    *duration = *rate = 0.0;
    switch (dose->kind) {
    case DOSE_INFUSION_DURATION:
        *duration = dose->duration;
        *rate = dose->amount / *duration;
        return is_positive(*duration) ? NULL : "the duration of the infusion is not positive";
    case DOSE_MODEL_DURATION:
        *duration = values->duration;
        *rate = dose->amount / *duration;
        return is_positive(*duration) ? NULL : "the route's duration is not positive";
    case DOSE_INFUSION_RATE:
        *rate = dose->rate;
        *duration = dose->amount / *rate;
        return is_positive(*rate) ? NULL : "the rate of the infusion is not positive";
    case DOSE_MODEL_RATE:
        *rate = values->rate;
        *duration = dose->amount / *rate;
        return is_positive(*rate) ? NULL : "the route's rate is not positive";
    case DOSE_BOLUS:
    case DOSE_RESET:
    case DOSE_REPLACE:
    case DOSE_MULTIPLY:
        break;
    }
    return NULL;
}

static const char *without_sense(const Dose *dose, const RouteValues *values)
{
    if (!isfinite(dose->amount) || (dose->amount < 0.0 && dose->kind != DOSE_BOLUS)) {
        return "the amount is not a finite number, or an infusion's is negative";
    }
    if (dose->steady != STEADY_NOT && dose->amount != 0.0 && !is_positive(dose->interval)) {
        return "a dose at steady state needs an interval";
    }
    for (int i = 0; i < values->target_count; i++) {
        if (!(values->lag[i] >= 0.0) || !isfinite(values->lag[i])) {
            return "the route's lag is negative or not a number";
        }
        if (!(values->fraction[i] >= 0.0) || !isfinite(values->fraction[i])) {
            return "the route's fraction is negative or not a number";
        }
    }
    return NULL;
}

/* One dose into one target, at event.time; `duration` 0: a bolus. */
static void add_one(Expansion *expansion, ScheduleEvent event, double duration)
{
    if (duration > 0.0) {
        add_infusion(expansion, event, duration);
    } else {
        add_bolus(expansion, event);
    }
}

/* What the doses of the past of a regimen at steady state still bring from the record on. */
static bool add_past(Expansion *expansion, ScheduleEvent event, double record, double interval,
                     double duration)
{
    for (int m = 1;; m++) {
        ScheduleEvent past = event;
        past.repeat = -m;
        past.time = event.time - m * interval;
        double finish = past.time + duration;
        bool over = finish < record || schedule_same_instant(finish, record);
        bool now = duration == 0.0 && schedule_same_instant(past.time, record);
        if (over && !now) {
            return true;
        }
        if (m > MOST_OVERLAPS) {
            expansion->reason = "more than 10000 doses at steady state overlap";
            return false;
        }
        past.pending = past.time > record && !schedule_same_instant(past.time, record);
        if (duration > 0.0 && past.time < record) {
            past.time = record;
            past.amount = past.rate * (finish - record);
        }
        past.time = now ? record : at_most_end(expansion, past.time);
        add_one(expansion, past, duration > 0.0 ? finish - past.time : 0.0);
    }
}

/* One repeat of one dose, into every target of its route. */
static bool add_dose(Expansion *expansion, const Dose *dose, const RouteValues *values,
                     const double *lag, ScheduleEvent event)
{
    double stream = 0.0;
    double rate = 0.0;
    expansion->reason = without_sense(dose, values);
    if (expansion->reason == NULL) {
        expansion->reason = schedule_stream(dose, values, &stream, &rate);
    }
    if (expansion->reason != NULL) {
        return false;
    }
    double repeat_time = event.time;
    bool late = false;
    bool by_rate = dose->kind == DOSE_INFUSION_RATE || dose->kind == DOSE_MODEL_RATE;
    for (int i = 0; i < values->target_count; i++) {
        double fraction = values->fraction[i];
        event.target = i;
        event.state = values->state[i];
        event.time = at_most_end(expansion, repeat_time + lag[i]);
        event.pending = event.repeat > 0 || !schedule_same_instant(event.time, repeat_time);
        event.amount = fraction * dose->amount;
        if (event.amount == 0.0) {
            continue; // a zero fraction, or a zero amount: no event
        }
        late = late || (event.time > expansion->end && !is_cut(expansion, event.time));
        bool one = by_rate && values->target_count == 1;
        event.rate = one ? rate : fraction * rate;
        double duration = one ? event.amount / rate : stream;
        add_one(expansion, event, duration);
        if (event.repeat == 0 && dose->steady != STEADY_NOT &&
            !add_past(expansion, event, repeat_time, dose->interval, duration)) {
            return false;
        }
    }
    expansion->schedule->late += late;
    return true;
}

static void look_up(const Dose *dose, double time, RouteLookup *lookup, void *context,
                    RouteValues *values)
{
    *values = (RouteValues){.target_count = 1, .state = {dose->state}, .fraction = {1.0}};
    if (dose->route >= 0) {
        lookup(context, dose, time, values);
    }
    assert(values->target_count >= 0 && values->target_count <= SCHEDULE_MAX_TARGETS);
}

/* What happens at the record's own time besides the dose. True if it is no dose at all. */
static bool add_record(Expansion *expansion, const Dose *dose, ScheduleEvent event)
{
    bool inside = event.time <= expansion->end && !is_cut(expansion, event.time);
    event.amount = dose->amount;
    event.kind = EVENT_RESET;
    if (inside && (dose->kind == DOSE_RESET || dose->reset)) {
        add_event(expansion, event);
    }
    event.kind = EVENT_STEADY;
    event.steady = dose->steady;
    if (inside && dose->steady != STEADY_NOT) {
        add_event(expansion, event);
    }
    event.kind = dose->kind == DOSE_REPLACE ? EVENT_REPLACE : EVENT_MULTIPLY;
    bool sets = dose->kind == DOSE_REPLACE || dose->kind == DOSE_MULTIPLY;
    if (inside && sets) {
        assert(dose->route < 0);
        add_event(expansion, event);
    }
    return sets || dose->kind == DOSE_RESET;
}

static bool expand_dose(Expansion *expansion, int index, RouteLookup *lookup, void *context)
{
    const Dose *dose = &expansion->regimen->doses[index];
    double first = expansion->order->time[index];
    double lag[SCHEDULE_MAX_TARGETS] = {0};
    expansion->cut = expansion->order->cut[index];
    for (int k = 0; k < dose->count; k++) {
        double time = first + k * dose->interval;
        if (!isfinite(time)) {
            expansion->reason = "the time of the dose is not a finite number";
            return false;
        }
        bool late = at_most_end(expansion, time) > expansion->end || is_cut(expansion, time);
        if (late && dose->interval >= 0.0) {
            break;
        }
        ScheduleEvent event = {.time = at_most_end(expansion, time), .dose = index, .repeat = k};
        RouteValues values = {0};
        event.state = dose->route < 0 ? dose->state : 0;
        if (dose->kind != DOSE_RESET) {
            look_up(dose, time, lookup, context, &values);
            event.state = values.target_count > 0 ? values.state[0] : event.state;
        }
        for (int i = 0; k == 0 && i < values.target_count; i++) {
            // A lag that no clock of this run can tell from none is none.
            lag[i] = values.lag[i] <= 1e-15 * fabs(expansion->end) ? 0.0 : values.lag[i];
        }
        if (k == 0 && add_record(expansion, dose, event)) {
            return true;
        }
        event.time = time;
        if (!add_dose(expansion, dose, &values, lag, event)) {
            return false;
        }
    }
    return true;
}

/* Sums by route and state, once the times are final. The clock's resolution is 1e-12 of a time. */
static void add_up(Expansion *expansion)
{
    Schedule *schedule = expansion->schedule;
    for (int i = 0; i < schedule->count; i++) {
        const ScheduleEvent *event = &schedule->events[i];
        double amount = event->amount;
        double slack = 0.0;
        if (event->kind == EVENT_INFUSION_START) {
            bool whole = event->finish <= expansion->end;
            amount = whole ? amount : event->rate * (expansion->end - event->time);
            slack = 4e-12 * event->rate * fmax(fabs(event->time), fabs(event->finish));
        } else if (event->kind != EVENT_BOLUS) {
            continue;
        }
        schedule->scheduled += amount;
        schedule->totals[event->total].amount += amount;
        schedule->totals[event->total].slack += slack;
    }
}

bool schedule_expand(Arena *arena, const Regimen *regimen, RouteLookup *lookup, void *context,
                     double end, Schedule *schedule, int *bad_dose, const char **reason)
{
    assert(arena != NULL && schedule != NULL && bad_dose != NULL && reason != NULL);
    *schedule = (Schedule){0};
    *bad_dose = -1;
    *reason = NULL;
    if (regimen == NULL || regimen->count == 0) {
        return true;
    }
    RecordOrder order = order_records(arena, regimen);
    Expansion expansion = {
        .arena = arena, .schedule = schedule, .regimen = regimen, .end = end, .order = &order};
    for (int i = 0; i < regimen->count; i++) {
        assert(regimen->doses[i].count >= 1 || regimen->doses[i].kind > DOSE_MODEL_DURATION);
        assert(regimen->doses[i].route >= 0 || regimen->doses[i].state >= 0 ||
               regimen->doses[i].kind == DOSE_RESET);
        if (!expand_dose(&expansion, i, lookup, context)) {
            *bad_dose = i;
            *reason = expansion.reason;
            return false;
        }
    }
    order_events(schedule);
    add_up(&expansion);
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
