/* periodic.c: steady doses: the state that a regimen given since always has led to (SS = 1).
 *
 * The state at the record's time is a fixed point of one cycle, y = P(y): the cycle is repeated,
 * sped up by Anderson's mixing (Walker and Ni 2011, SIAM J. Numer. Anal. 49:1715), until one more
 * changes it by less than ACCURACY of the tolerance. The clock of each cycle runs from the record's
 * time on, with the conditions on time as they are there. What doses of earlier cycles still have
 * to bring after the record (an infusion longer than the interval, a lag) becomes events; earlier
 * doses are cancelled.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/lanes.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_CYCLES = 10000, MOST_EVEN = 20, DEPTH = 5 };

static const double ACCURACY = 2e-3;
static const double INNER = 1e-3; // tolerance of a cycle over the user's
static const double LEAST_RTOL = 1e-12;

/* What happens at a phase of the cycle. */
typedef struct {
    double phase;
    int state;
    double bolus, rate;
} CycleEvent;

typedef struct {
    Pack *pack;
    int lane;
    double start, interval;
    CycleEvent events[2 * SCHEDULE_MAX_TARGETS];
    int count;
    double *base; // (states) rates that run when a cycle begins
} Cycle;

static int by_phase(const void *left, const void *right)
{
    double a = ((const CycleEvent *)left)->phase;
    double b = ((const CycleEvent *)right)->phase;
    return (a > b) - (a < b);
}

static double duration_of(const LaneEvent *event)
{
    return event->kind == EVENT_INFUSION_START ? event->amount / event->rate : 0.0;
}

static void add_phase(Cycle *cycle, CycleEvent event)
{
    assert(cycle->count < 2 * SCHEDULE_MAX_TARGETS);
    cycle->events[cycle->count++] = event;
}

/* One target of the dose, folded into a cycle. */
static void fold(Cycle *cycle, const LaneEvent *event)
{
    double phase = fmod(event->time - cycle->start, cycle->interval);
    phase = same_time(phase, cycle->interval) ? 0.0 : phase;
    if (event->kind == EVENT_BOLUS) {
        add_phase(cycle, (CycleEvent){phase, event->state, event->amount, 0.0});
        return;
    }
    double overlaps = floor(duration_of(event) / cycle->interval * (1.0 + 1e-12));
    double rest = duration_of(event) - overlaps * cycle->interval;
    cycle->base[event->state] += overlaps * event->rate;
    if (rest <= 1e-12 * cycle->interval) {
        return;
    }
    double finish = phase + rest;
    if (finish > cycle->interval) {
        finish -= cycle->interval;
        cycle->base[event->state] += event->rate;
    }
    add_phase(cycle, (CycleEvent){phase, event->state, 0.0, event->rate});
    add_phase(cycle, (CycleEvent){finish, event->state, 0.0, -event->rate});
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
    integrator_stop_at(integrator, end);
    for (long i = 0; i < 10 * pack->options.max_steps; i++) {
        StepStatus status = integrator_step(integrator, &time);
        if (status == STEP_AT_STOP) {
            memcpy(pack->solo.y, integrator_state(integrator),
                   (size_t)pack->states * sizeof(double));
            return true;
        }
        if (status != STEP_DONE) {
            return false;
        }
    }
    return false;
}

/* result = P(y) */
static bool run_cycle(Cycle *cycle, const double *y, double *result)
{
    Stage *solo = &cycle->pack->solo;
    size_t bytes = (size_t)solo->states * sizeof(double);
    memcpy(solo->y, y, bytes);
    memcpy(solo->infusion, cycle->base, bytes);
    double phase = 0.0;
    for (int i = 0; i < cycle->count; i++) {
        const CycleEvent *event = &cycle->events[i];
        if (!run_segment(cycle, phase, event->phase)) {
            return false;
        }
        phase = event->phase;
        solo->y[event->state] += event->bolus;
        solo->infusion[event->state] += event->rate;
    }
    bool good = run_segment(cycle, phase, cycle->interval);
    memcpy(result, solo->y, bytes);
    return good;
}

/* Anderson's mixing: the last differences of iterates and residuals. */
typedef struct {
    int n, count, next;
    double *weight;                  // (n)
    double *y, *f, *last_y, *last_f; // (n) iterate and residual P(y) - y
    double *dy[DEPTH], *df[DEPTH];
    double *most, *scale; // (n) largest residual, and smallest size of a state, so far
} Mixing;

static Mixing make_mixing(Arena *arena, int states)
{
    Mixing mixing = {.n = states};
    double **parts[] = {&mixing.weight, &mixing.y,    &mixing.f,    &mixing.last_y,
                        &mixing.last_f, &mixing.most, &mixing.scale};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        *parts[i] = arena_array(arena, (size_t)states, sizeof(double));
    }
    for (int i = 0; i < DEPTH; i++) {
        mixing.dy[i] = arena_array(arena, (size_t)states, sizeof(double));
        mixing.df[i] = arena_array(arena, (size_t)states, sizeof(double));
    }
    return mixing;
}

static double inner(const Mixing *mixing, const double *a, const double *b)
{
    double sum = 0.0;
    for (int i = 0; i < mixing->n; i++) {
        sum += a[i] * b[i] * mixing->weight[i] * mixing->weight[i];
    }
    return sum;
}

static void remember(Mixing *mixing, bool first)
{
    if (!first) {
        for (int i = 0; i < mixing->n; i++) {
            mixing->dy[mixing->next][i] = mixing->y[i] - mixing->last_y[i];
            mixing->df[mixing->next][i] = mixing->f[i] - mixing->last_f[i];
        }
        mixing->next = (mixing->next + 1) % DEPTH;
        mixing->count = mixing->count < DEPTH ? mixing->count + 1 : DEPTH;
    }
    memcpy(mixing->last_y, mixing->y, (size_t)mixing->n * sizeof(double));
    memcpy(mixing->last_f, mixing->f, (size_t)mixing->n * sizeof(double));
}

/* Coefficients of least squares |f - Σ c df|, slightly damped; false if they cannot be had. */
static bool fit(const Mixing *mixing, double *c)
{
    double matrix[DEPTH * DEPTH];
    double scale[DEPTH];
    int pivot[DEPTH];
    int m = mixing->count;
    for (int i = 0; i < m; i++) {
        c[i] = inner(mixing, mixing->df[i], mixing->f);
        for (int j = 0; j < m; j++) {
            matrix[i * m + j] = inner(mixing, mixing->df[i], mixing->df[j]);
        }
        matrix[i * m + i] *= 1.0 + 1e-12;
    }
    if (m == 0 || !dense_factor(matrix, m, pivot, scale)) {
        return false;
    }
    dense_solve(matrix, m, pivot, c);
    return true;
}

/* The next iterate into mixing->y: the mixed one, or P(y) where mixing would leave the sensible
 * range. */
static void mix(Mixing *mixing)
{
    double c[DEPTH];
    bool mixed = fit(mixing, c);
    for (int i = 0; i < mixing->n && mixed; i++) {
        double plain = mixing->y[i] + mixing->f[i];
        double value = plain;
        for (int k = 0; k < mixing->count; k++) {
            value -= c[k] * (mixing->dy[k][i] + mixing->df[k][i]);
        }
        mixed = isfinite(value) && !(plain >= 0.0 && value < 0.0);
        mixing->last_y[i] = value; // kept below only if all are sensible
    }
    for (int i = 0; i < mixing->n; i++) {
        double plain = mixing->y[i] + mixing->f[i];
        double old = mixing->y[i];
        mixing->y[i] = mixed ? mixing->last_y[i] : plain;
        mixing->last_y[i] = old;
    }
}

/* Largest change of a cycle against the tolerance; sets the weights. */
static double change(Mixing *mixing, const SolverOptions *options, int *state)
{
    double worst = 0.0;
    for (int i = 0; i < mixing->n; i++) {
        double size = fmax(fabs(mixing->y[i]), fabs(mixing->y[i] + mixing->f[i]));
        mixing->weight[i] = 1.0 / (options->rtol * size + options->atol[i]);
        double part = fabs(mixing->f[i]) * mixing->weight[i];
        if (!(part <= worst)) {
            worst = isnan(part) ? HUGE_VAL : part;
            *state = i;
        }
    }
    return worst;
}

/* True if the residual has died down, and is not only small against a state that has grown. */
static bool died_down(Mixing *mixing, const SolverOptions *options, bool first)
{
    bool down = true;
    for (int i = 0; i < mixing->n; i++) {
        double size = fabs(mixing->f[i]);
        mixing->most[i] = fmax(mixing->most[i], size);
        mixing->scale[i] = first ? fabs(mixing->y[i]) : fmin(mixing->scale[i], fabs(mixing->y[i]));
        double noise = 0.1 * (options->rtol * mixing->scale[i] + options->atol[i]);
        down = down && (size <= noise || size <= 0.01 * mixing->most[i]);
    }
    return down;
}

/* True if a cycle changes the state just as the one before did: it grows by as much each time. */
static bool grows_evenly(const Mixing *mixing, double size)
{
    for (int i = 0; i < mixing->n; i++) {
        double difference = fabs(mixing->f[i] - mixing->last_f[i]) * mixing->weight[i];
        if (!(difference <= 1e-6 * size)) {
            return false;
        }
    }
    return true;
}

static bool find_fixed_point(Cycle *cycle, double *y, int *state)
{
    Pack *pack = cycle->pack;
    Mixing mixing = make_mixing(pack->loaded, pack->states);
    double *result = arena_array(pack->loaded, (size_t)pack->states, sizeof(double));
    memcpy(mixing.y, y, (size_t)pack->states * sizeof(double));
    double before = HUGE_VAL;
    int even = 0;
    for (int k = 0; k < MOST_CYCLES; k++) {
        if (!run_cycle(cycle, mixing.y, result)) {
            return false;
        }
        for (int i = 0; i < pack->states; i++) {
            mixing.f[i] = result[i] - mixing.y[i];
        }
        double size = change(&mixing, &pack->options, state);
        bool down = died_down(&mixing, &pack->options, k == 0);
        if (size <= ACCURACY && down) {
            memcpy(y, result, (size_t)pack->states * sizeof(double));
            return true;
        }
        even = k > 0 && grows_evenly(&mixing, size) ? even + 1 : 0;
        if (even >= MOST_EVEN) {
            return false;
        }
        remember(&mixing, k == 0);
        if (size > 10.0 * before) { // mixing has led astray: begin anew from here
            mixing.count = mixing.next = 0;
        }
        before = size;
        mix(&mixing);
    }
    return false;
}

static bool open_solo(Pack *pack)
{
    if (pack->solo.integrator != NULL) {
        return true;
    }
    double rtol = fmax(INNER * pack->options.rtol, LEAST_RTOL);
    double *atol = arena_array(pack->arena, (size_t)pack->states, sizeof *atol);
    for (int i = 0; i < pack->states; i++) {
        atol[i] = INNER * pack->options.atol[i];
    }
    return stage_integrate(&pack->solo, pack->arena, &pack->options, rtol, atol);
}

/* Doses of cycles before the record that still bring something after it. */
static void add_rest(Pack *pack, int lane, const LaneEvent *event, double start, double interval)
{
    double duration = duration_of(event);
    for (int m = 1; m <= MOST_CYCLES; m++) {
        double enters = event->time - m * interval;
        double finish = enters + duration;
        if (finish < start || same_time(finish, start)) {
            break;
        }
        LaneEvent rest = *event;
        rest.repeat = -m;
        rest.time = fmax(enters, start);
        if (rest.time <= pack->end) {
            lanes_add_event(pack, lane, rest);
        }
        if (event->kind == EVENT_INFUSION_START && finish <= pack->end) {
            rest.kind = EVENT_INFUSION_END;
            rest.time = finish;
            lanes_add_event(pack, lane, rest);
        }
    }
}

/* Events of doses whose record lies before the steady one are cancelled from there on. */
static void cancel_earlier(Lane *lane, const Regimen *regimen, int dose, double start)
{
    int kept = 0;
    for (int i = 0; i < lane->event_count; i++) {
        LaneEvent *event = &lane->events[i];
        bool earlier = regimen->doses[event->dose].time < start && event->dose != dose;
        bool after = event->time > start || same_time(event->time, start);
        if (!(earlier && after)) {
            lane->events[kept++] = *event;
        }
    }
    lane->event_count = kept;
}

static void fail(Pack *pack, int lane, int dose, const char *reason)
{
    lane_fail(pack, lane, OUTCOME_BAD_DOSE, pack->start);
    pack->lanes[lane].outcome.dose = dose;
    pack->lanes[lane].outcome.reason = reason;
}

/* A constant infusion that stops at the record: amount 0, rate above 0. */
static bool constant_infusion(Pack *pack, int lane, const Dose *dose, double start, double *y,
                              int *state)
{
    double *infusion = arena_array(pack->loaded, (size_t)pack->states, sizeof *infusion);
    RouteValues values = {.target_count = 1, .state = {dose->state}, .fraction = {1.0}};
    stage_copy_lane(&pack->solo, &pack->main, lane);
    if (dose->route >= 0) {
        lanes_look_up(pack, dose, start, &values);
    }
    for (int i = 0; i < values.target_count; i++) {
        double share = values.target_count > 1 ? values.fraction[i] : 1.0;
        infusion[values.state[i]] += share * dose->rate;
    }
    return steady_rest(pack, lane, start, infusion, y, state);
}

static bool find_steady(Pack *pack, int lane, const Dose *dose, const LaneEvent *record, double *y,
                        int *state)
{
    const Lane *one = &pack->lanes[lane];
    if (dose->kind == DOSE_INFUSION_RATE && dose->amount == 0.0 && dose->rate > 0.0) {
        return constant_infusion(pack, lane, dose, record->time, y, state);
    }
    Cycle cycle = {.pack = pack, .lane = lane, .start = record->time, .interval = dose->interval};
    cycle.base = arena_array(pack->loaded, (size_t)pack->states, sizeof *cycle.base);
    for (int i = 0; i < one->event_count; i++) {
        const LaneEvent *event = &one->events[i];
        bool enters = event->kind == EVENT_BOLUS || event->kind == EVENT_INFUSION_START;
        if (enters && event->dose == record->dose && event->repeat == 0) {
            fold(&cycle, event);
        }
    }
    qsort(cycle.events, (size_t)cycle.count, sizeof *cycle.events, by_phase);
    stage_copy_lane(&pack->solo, &pack->main, lane);
    size_t switches = (size_t)pack->model->switch_count;
    double *values = arena_array(pack->loaded, switches, sizeof *values);
    (void)stage_set_switches(&pack->solo, record->time, values);
    pack->solo.limit = HUGE_VAL;
    bool found = find_fixed_point(&cycle, y, state);
    memset(pack->solo.infusion, 0, (size_t)pack->states * sizeof(double));
    return found;
}

/* One record: its state, what earlier cycles still bring, and the end of earlier doses. */
static bool settle(Pack *pack, int lane, const Regimen *regimen, int record, const double *y)
{
    Lane *one = &pack->lanes[lane];
    int index = one->events[record].dose;
    const Dose *dose = &regimen->doses[index];
    double start = one->events[record].time;
    bool constant = dose->amount == 0.0;
    if (!constant && !(dose->interval > 0.0)) {
        fail(pack, lane, index, "a dose at steady state needs an interval");
        return false;
    }
    if (!open_solo(pack)) {
        fail(pack, lane, index, "the solver for steady states cannot be set up");
        return false;
    }
    double *steady = arena_array(pack->loaded, (size_t)pack->states, sizeof *steady);
    memcpy(steady, y, (size_t)pack->states * sizeof *steady);
    int state = 0;
    if (!find_steady(pack, lane, dose, &one->events[record], steady, &state)) {
        fail(pack, lane, index,
             arena_format(pack->loaded,
                          "there is no steady state of this regimen: '%s' does not settle",
                          pack->model->states[state].label.name));
        pack->lanes[lane].outcome.state = state;
        return false;
    }
    one->events[record].steady = steady;
    int count = one->event_count;
    for (int i = 0; i < count && !constant; i++) {
        LaneEvent event = one->events[i];
        bool enters = event.kind == EVENT_BOLUS || event.kind == EVENT_INFUSION_START;
        if (enters && event.dose == index && event.repeat == 0) {
            add_rest(pack, lane, &event, start, dose->interval);
        }
    }
    cancel_earlier(one, regimen, index, start);
    return true;
}

bool steady_doses(Pack *pack, int lane, const Regimen *regimen, const double *y)
{
    Lane *one = &pack->lanes[lane];
    double *start = arena_array(pack->loaded, (size_t)pack->states, sizeof *start);
    memcpy(start, y, (size_t)pack->states * sizeof *start);
    bool any = false;
    for (int i = 0; i < one->event_count; i++) {
        if (one->events[i].kind != EVENT_STEADY || one->events[i].steady != NULL) {
            continue;
        }
        any = true;
        if (!settle(pack, lane, regimen, i, start)) {
            return true;
        }
        lanes_sort_events(one);
        i = -1; // the list has changed
    }
    return any;
}
