/* periodic.c: steady doses: the state that a regimen given since always has led to (SS = 1), or
 * what it adds to whatever is there (SS = 2).
 *
 * The state at the record's time is a fixed point of one cycle, y = P(y): the cycle is repeated,
 * sped up by Anderson's mixing (Walker and Ni 2011, SIAM J. Numer. Anal. 49:1715), until one more
 * changes it by less than ACCURACY of the tolerance. The clock of each cycle runs from the record's
 * time on, with the conditions on time and the covariates as they are there. With a lag the doses
 * of a cycle stand at that phase, so the state is the one that the lag leaves. What the past still
 * brings after the record is in the schedule. What a regimen adds (SS = 2) is its steady state less
 * the one at which the model rests without it: for a linear model that is superposition, and a
 * response with a baseline does not get that baseline twice.
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

static void add_phase(Cycle *cycle, CycleEvent event)
{
    assert(cycle->count < 2 * SCHEDULE_MAX_TARGETS);
    cycle->events[cycle->count++] = event;
}

/* One target of the dose, folded into a cycle. */
static void fold(Cycle *cycle, CycleEvent event, double amount, double duration)
{
    double phase = fmod(event.phase, cycle->interval);
    event.phase = same_time(phase, cycle->interval) ? 0.0 : phase;
    if (duration == 0.0) {
        event.bolus = amount;
        add_phase(cycle, event);
        return;
    }
    double overlaps = floor(duration / cycle->interval * (1.0 + 1e-12));
    double rest = duration - overlaps * cycle->interval;
    cycle->base[event.state] += overlaps * event.rate;
    if (rest <= 1e-12 * cycle->interval) {
        return;
    }
    double finish = event.phase + rest;
    if (finish > cycle->interval) {
        finish -= cycle->interval;
        cycle->base[event.state] += event.rate;
    }
    add_phase(cycle, event);
    event.phase = finish;
    event.rate = -event.rate;
    add_phase(cycle, event);
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

/* Events of one cycle, and what a constant infusion brings, by the values of the record's time. */
static bool fill_cycle(Cycle *cycle, const Dose *dose, const RouteValues *values)
{
    double duration = 0.0;
    double rate = 0.0;
    if (schedule_stream(dose, values, &duration, &rate) != NULL) {
        return false;
    }
    bool by_rate = dose->kind == DOSE_INFUSION_RATE || dose->kind == DOSE_MODEL_RATE;
    bool one = by_rate && values->target_count == 1;
    for (int i = 0; i < values->target_count; i++) {
        double amount = values->fraction[i] * dose->amount;
        CycleEvent event = {.phase = values->lag[i],
                            .state = values->state[i],
                            .rate = one ? rate : values->fraction[i] * rate};
        if (dose->amount == 0.0) {
            cycle->base[event.state] += event.rate;
        } else if (amount != 0.0) {
            fold(cycle, event, amount, one ? amount / rate : duration);
        }
    }
    qsort(cycle->events, (size_t)cycle->count, sizeof *cycle->events, by_phase);
    return true;
}

/* The steady state of a regimen from the guess y; pack->solo has an integrator. */
static bool find_steady(Pack *pack, int lane, const Dose *dose, double start, double *y, int *state)
{
    Cycle cycle = {.pack = pack, .lane = lane, .start = start, .interval = dose->interval};
    cycle.base = arena_array(pack->loaded, (size_t)pack->states, sizeof *cycle.base);
    RouteValues values = {.target_count = 1, .state = {dose->state}, .fraction = {1.0}};
    lane_alone(pack, lane, start);
    if (dose->route >= 0) {
        lanes_look_up(pack, lane, dose, start, &values);
    }
    if (!fill_cycle(&cycle, dose, &values)) {
        return false;
    }
    if (dose->amount == 0.0) {
        return steady_rest(pack, lane, start, cycle.base, y, state);
    }
    lane_alone(pack, lane, start);
    double *switches =
        arena_array(pack->loaded, (size_t)pack->model->switch_count, sizeof *switches);
    (void)stage_set_switches(&pack->solo, start, switches);
    pack->solo.follower_count = 0; // covariates stay as they are at the record
    pack->solo.limit = HUGE_VAL;
    bool found = find_fixed_point(&cycle, y, state);
    memset(pack->solo.infusion, 0, (size_t)pack->states * sizeof(double));
    return found;
}

static void fail(Pack *pack, int lane, int dose, const char *reason)
{
    lane_fail(pack, lane, OUTCOME_BAD_DOSE, pack->lanes[lane].start);
    pack->lanes[lane].outcome.dose = dose;
    pack->lanes[lane].outcome.reason = reason;
}

/* One record: the state that it puts in place, or adds. */
static bool settle(Pack *pack, int lane, const Dose *dose, LaneEvent *record, const double *y)
{
    if (!open_solo(pack)) {
        fail(pack, lane, record->dose, "the solver for steady states cannot be set up");
        return false;
    }
    size_t count = (size_t)pack->states;
    double *steady = arena_array(pack->loaded, count, sizeof *steady);
    double *rest = arena_array(pack->loaded, count, sizeof *rest);
    memcpy(steady, y, count * sizeof *steady);
    memcpy(rest, y, count * sizeof *rest);
    int state = 0;
    bool found = find_steady(pack, lane, dose, record->time, steady, &state);
    if (found && record->adds) {
        found = steady_rest(pack, lane, record->time, NULL, rest, &state);
    }
    if (!found) {
        fail(pack, lane, record->dose,
             arena_format(pack->loaded,
                          "there is no steady state of this regimen: '%s' does not settle",
                          pack->model->states[state].label.name));
        pack->lanes[lane].outcome.state = state;
        return false;
    }
    for (size_t i = 0; record->adds && i < count; i++) {
        steady[i] -= rest[i];
    }
    record->steady = steady;
    return true;
}

void steady_doses(Pack *pack, int lane, const Regimen *regimen, const double *y)
{
    Lane *one = &pack->lanes[lane];
    for (int i = 0; i < one->event_count; i++) {
        LaneEvent *event = &one->events[i];
        if (event->kind == EVENT_STEADY &&
            !settle(pack, lane, &regimen->doses[event->dose], event, y)) {
            return;
        }
    }
}
