/* sensitivity_doses.c: how the dated events of a schedule change with the targets.
 *
 * The arithmetic is that of dose/schedule.c, differentiated: a dose of amount A enters target i of
 * its route at t + lag_i as fraction_i A; an infusion runs at fraction_i A / duration for that
 * duration, or, given by its rate, at that rate for fraction_i A / rate. Lags are those of the
 * first repeat, fractions those of the time at which the dose enters.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/sensitivity.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* One repeat of one dose: values, and their derivatives by each target (count). */
typedef struct {
    Pack *pack;
    int lane, index; // of the dose
    const Dose *dose;
    double time; // of the record
    RouteValues values;
    double *moved; // of the record's time
    double *lag[SCHEDULE_MAX_TARGETS], *fraction[SCHEDULE_MAX_TARGETS];
    double *rate, *duration;                 // of the route
    double *first_lag[SCHEDULE_MAX_TARGETS]; // of the first repeat
    double *enters;                          // scratch: t' of when a target is entered
    double stream, flow;                     // how long the stream lasts, how fast it runs
    double *stream_slope, *flow_slope;
    double *amount;
} Repeat;

static double *numbers(Pack *pack)
{
    return arena_array(pack->loaded, (size_t)pack->sensitivity->count, sizeof(double));
}

static Repeat open_repeat(Pack *pack, int lane)
{
    Repeat repeat = {.pack = pack, .lane = lane, .index = -1};
    double **single[] = {&repeat.moved,  &repeat.rate,         &repeat.duration,  &repeat.enters,
                         &repeat.amount, &repeat.stream_slope, &repeat.flow_slope};
    for (size_t i = 0; i < sizeof single / sizeof *single; i++) {
        *single[i] = numbers(pack);
    }
    for (int i = 0; i < SCHEDULE_MAX_TARGETS; i++) {
        repeat.lag[i] = numbers(pack);
        repeat.fraction[i] = numbers(pack);
        repeat.first_lag[i] = numbers(pack);
    }
    return repeat;
}

/* Size of target k if it is of this kind and of this dose, else 0. */
static double own(const Repeat *repeat, int k, SensitiveKind kind)
{
    SensitiveTarget target = repeat->pack->sensitivity->targets[k];
    bool same = target.kind == kind && target.index == repeat->index;
    return same ? sensitivity_scale(repeat->pack, k, repeat->lane) : 0.0;
}

static int first_output(const Model *model, int route)
{
    int output = 0;
    for (int i = 0; i < route; i++) {
        output += 2 + 2 * model->routes[i].target_count;
    }
    return output;
}

/* Derivatives of an output of PROGRAM_ROUTES, asked at a time that changes as `moved` says. */
static void derive(const Repeat *repeat, double time, int output, const double *moved,
                   double *result)
{
    Pack *pack = repeat->pack;
    const Sensitivity *sensitivity = pack->sensitivity;
    const Partials *partials = &pack->tape->partials[PROGRAM_ROUTES_PARTIALS];
    if (courses_set(pack, repeat->lane, &pack->solo, time, false)) {
        tape_run(pack->tape, PROGRAM_SETUP, pack->solo.slots, 1);
    }
    stage_set_time(&pack->solo, time);
    tape_run(pack->tape, PROGRAM_ROUTES_PARTIALS, pack->solo.slots, 1);
    const double *values = tape_output(pack->tape, PROGRAM_ROUTES_PARTIALS, pack->solo.slots, 0, 1);
    memset(result, 0, (size_t)sensitivity->count * sizeof *result);
    for (int i = 0; i < partials->count; i++) {
        const Partial *one = &partials->items[i];
        for (int k = 0; one->output == output && k < sensitivity->count; k++) {
            bool mine =
                one->kind == SYMBOL_PARAMETER && one->index == sensitivity->slopes.parameter[k];
            result[k] += one->kind == SYMBOL_TIME ? values[i] * moved[k]
                         : mine ? values[i] * sensitivity_scale(pack, k, repeat->lane)
                                : 0.0;
        }
    }
}

/* Lag, fraction, rate and duration of the route. */
static void derive_route(Repeat *repeat)
{
    Pack *pack = repeat->pack;
    const Dose *dose = repeat->dose;
    int count = pack->sensitivity->count;
    repeat->values = (RouteValues){.target_count = 1, .state = {dose->state}, .fraction = {1.0}};
    if (dose->route >= 0) {
        lanes_look_up(pack, repeat->lane, dose, repeat->time, &repeat->values);
    }
    int first = dose->route < 0 ? 0 : first_output(pack->model, dose->route);
    double total = 0.0;
    for (int i = 0; i < repeat->values.target_count; i++) {
        total += repeat->values.fraction[i];
    }
    for (int i = 0; i < repeat->values.target_count; i++) {
        double enters = repeat->time + repeat->values.lag[i];
        if (dose->route >= 0) {
            derive(repeat, repeat->time, first + 2 + 2 * i + 1, repeat->moved, repeat->lag[i]);
        }
        for (int k = 0; k < count; k++) {
            repeat->lag[i][k] += own(repeat, k, SENSITIVE_DOSE_LAG);
            repeat->enters[k] = repeat->moved[k] + repeat->lag[i][k];
        }
        if (dose->route >= 0) {
            derive(repeat, enters, first + 2 + 2 * i, repeat->enters, repeat->fraction[i]);
        }
        if (dose->route >= 0 && i == 0) {
            derive(repeat, enters, first, repeat->enters, repeat->rate);
            derive(repeat, enters, first + 1, repeat->enters, repeat->duration);
        }
        double share =
            total != 0.0 ? repeat->values.fraction[i] / total : 1.0 / repeat->values.target_count;
        for (int k = 0; k < count; k++) {
            repeat->fraction[i][k] += share * own(repeat, k, SENSITIVE_DOSE_FRACTION);
        }
    }
}

/* The stream before fractions: (R, D) with R D = A. */
static void derive_stream(Repeat *repeat)
{
    const Dose *dose = repeat->dose;
    if (schedule_stream(dose, &repeat->values, &repeat->stream, &repeat->flow) != NULL) {
        repeat->stream = repeat->flow = 0.0;
    }
    bool by_rate = dose->kind == DOSE_INFUSION_RATE || dose->kind == DOSE_MODEL_RATE;
    for (int k = 0; repeat->flow > 0.0 && k < repeat->pack->sensitivity->count; k++) {
        double duration = own(repeat, k, SENSITIVE_DOSE_DURATION);
        double amount = repeat->amount[k];
        double d = repeat->stream;
        double r = repeat->flow;
        if (by_rate) { // a duration that is changed changes the rate
            double rate = dose->kind == DOSE_MODEL_RATE ? repeat->rate[k] : 0.0;
            repeat->flow_slope[k] = rate - (d > 0.0 ? r / d * duration : 0.0); // d 0: for ever
            repeat->stream_slope[k] = (amount - d * repeat->flow_slope[k]) / r;
        } else {
            duration += dose->kind == DOSE_MODEL_DURATION ? repeat->duration[k] : 0.0;
            repeat->stream_slope[k] = duration;
            repeat->flow_slope[k] = (amount - r * duration) / d;
        }
    }
}

static void clear(const Repeat *repeat, double *one)
{
    memset(one, 0, (size_t)repeat->pack->sensitivity->count * sizeof *one);
}

/* Everything about repeat k of a dose, if it is not there already. */
static void look_at(Repeat *repeat, const Dose *dose, int index, int k)
{
    double time = dose->time + (k > 0 ? k : 0) * dose->interval;
    if (repeat->index == index && repeat->time == time) {
        return;
    }
    bool same_dose = repeat->index == index;
    repeat->index = index;
    repeat->dose = dose;
    repeat->time = time;
    clear(repeat, repeat->stream_slope);
    clear(repeat, repeat->flow_slope);
    for (int i = 0; i < SCHEDULE_MAX_TARGETS; i++) {
        clear(repeat, repeat->lag[i]);
        clear(repeat, repeat->fraction[i]);
    }
    for (int i = 0; i < repeat->pack->sensitivity->count; i++) {
        repeat->moved[i] = own(repeat, i, SENSITIVE_DOSE_TIME);
        repeat->amount[i] = own(repeat, i, SENSITIVE_DOSE_AMOUNT);
    }
    derive_route(repeat);
    derive_stream(repeat);
    for (int i = 0; !same_dose && i < SCHEDULE_MAX_TARGETS; i++) {
        memcpy(repeat->first_lag[i], repeat->lag[i],
               (size_t)repeat->pack->sensitivity->count * sizeof(double));
    }
}

/* A copy, or NULL if all are 0. */
static double *keep(Pack *pack, const double *values)
{
    size_t count = (size_t)pack->sensitivity->count;
    for (size_t k = 0; k < count; k++) {
        if (values[k] != 0.0) {
            double *copy = numbers(pack);
            memcpy(copy, values, count * sizeof *copy);
            return copy;
        }
    }
    return NULL;
}

/* The event of one target of a dose. */
static void derive_entry(const Repeat *repeat, const LaneEvent *event, EventSlopes *slopes)
{
    Pack *pack = repeat->pack;
    const Dose *dose = repeat->dose;
    int count = pack->sensitivity->count;
    int i = event->target;
    double fraction = repeat->values.fraction[i];
    bool by_rate = dose->kind == DOSE_INFUSION_RATE || dose->kind == DOSE_MODEL_RATE;
    bool one = by_rate && repeat->values.target_count == 1;
    double start = repeat->time + (event->repeat < 0 ? event->repeat * dose->interval : 0.0) +
                   repeat->values.lag[i];
    double lasts = one ? fraction * repeat->stream : repeat->stream;
    bool cut = event->kind == EVENT_INFUSION_END &&
               fabs(event->time - (start + lasts)) > 1e-9 * fmax(fabs(event->time), lasts);
    bool clipped = event->kind == EVENT_INFUSION_START && event->repeat < 0 &&
                   fabs(event->time - start) > 1e-9 * fmax(fabs(event->time), lasts);
    double *time = slopes->time;
    for (int k = 0; k < count; k++) {
        time[k] = cut ? 0.0 : repeat->moved[k] + (clipped ? 0.0 : repeat->first_lag[i][k]);
        if (event->kind == EVENT_INFUSION_END && !cut) {
            time[k] +=
                one ? repeat->fraction[i][k] * repeat->stream + fraction * repeat->stream_slope[k]
                    : repeat->stream_slope[k];
        }
        slopes->amount[k] = repeat->fraction[i][k] * dose->amount + fraction * repeat->amount[k];
        slopes->rate[k] =
            one ? repeat->flow_slope[k]
                : repeat->fraction[i][k] * repeat->flow + fraction * repeat->flow_slope[k];
    }
}

static void derive_event(const Repeat *repeat, const LaneEvent *event, const EventSlopes *scratch,
                         EventSlopes *result)
{
    Pack *pack = repeat->pack;
    EventSlopes slopes = *scratch;
    bool enters = event->kind == EVENT_BOLUS || event->kind == EVENT_INFUSION_START ||
                  event->kind == EVENT_INFUSION_END;
    if (enters) {
        derive_entry(repeat, event, &slopes);
    } else {
        memcpy(slopes.time, repeat->moved, (size_t)pack->sensitivity->count * sizeof(double));
        memcpy(slopes.amount, repeat->amount, (size_t)pack->sensitivity->count * sizeof(double));
        clear(repeat, slopes.rate);
    }
    result->time = keep(pack, slopes.time);
    result->amount = keep(pack, slopes.amount);
    result->rate = keep(pack, slopes.rate);
    result->moves = result->time != NULL;
}

void sensitivity_doses(Pack *pack, int lane, const Regimen *regimen)
{
    const Lane *one = &pack->lanes[lane];
    LaneSlopes *slopes = &pack->sensitivity->lanes[lane];
    size_t count = (size_t)one->event_count;
    slopes->events = arena_array(pack->loaded, count, sizeof *slopes->events);
    slopes->steady = arena_array(pack->loaded, count, sizeof *slopes->steady);
    if (count == 0) {
        return;
    }
    Repeat repeat = open_repeat(pack, lane);
    EventSlopes scratch = {numbers(pack), numbers(pack), numbers(pack), false};
    lane_alone(pack, lane, one->start);
    for (size_t i = 0; i < count; i++) { // events of one dose come in the order of its repeats
        const LaneEvent *event = &one->events[i];
        const Dose *dose = &regimen->doses[event->dose];
        if (event->repeat > 0) {
            look_at(&repeat, dose, event->dose, 0);
        }
        look_at(&repeat, dose, event->dose, event->repeat);
        derive_event(&repeat, event, &scratch, &slopes->events[i]);
    }
}

void sensitivity_entry_slopes(Pack *pack, int lane, const Dose *dose, int index,
                              const LaneEvent *event, EventSlopes *slopes)
{
    Repeat repeat = open_repeat(pack, lane);
    *slopes = (EventSlopes){numbers(pack), numbers(pack), numbers(pack), true};
    lane_alone(pack, lane, dose->time);
    look_at(&repeat, dose, index, 0);
    derive_entry(&repeat, event, slopes);
    for (int k = 0; k < pack->sensitivity->count; k++) {
        slopes->time[k] -= repeat.moved[k];
    }
}
