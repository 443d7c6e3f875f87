/* periodic.c: steady doses: the state that a regimen given since always has led to (SS = 1), or
 * what it adds to whatever is there (SS = 2).
 *
 * The state at the record's time is a fixed point of one cycle, y = P(y): the cycle is repeated a
 * few times, then Newton's method takes over with the exact ∂P/∂y (monodromy.c). Where that does
 * not lead there, the cycle is repeated on, sped up by Anderson's mixing (Walker and Ni 2011, SIAM
 * J. Numer. Anal. 49:1715), until one more changes it by less than ACCURACY of the tolerance. The
 * clock of each cycle runs from the record's time on, with the conditions on time and the
 * covariates as they are there. With a lag the doses of a cycle stand at that phase, so the state
 * is the one that the lag leaves. What the past still brings after the record is in the schedule.
 * What a regimen adds (SS = 2) is its steady state less the one at which the model rests without
 * it: for a linear model that is superposition, and a response with a baseline does not get that
 * baseline twice.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/cycle.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_CYCLES = 10000, MOST_EVEN = 20, MOST_NEWTON = 12, DEPTH = 5 };

static const double ACCURACY = 2e-3;
static const double INNER = 1e-3; // tolerance of a cycle over the user's
static const double LEAST_RTOL = 1e-12;
// Part of a state's size by which a sum grows in a cycle although the model conserves it.
static const double CONTRADICTION = 1e-7;

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

typedef enum { NEWTON_FOUND, NEWTON_LOST, NEWTON_GROWS, NEWTON_REPELS } Newton;

/* mixing->y += d; false if that leaves the sensible range. */
static bool add_step(Mixing *mixing, const double *d, const double *size)
{
    bool sensible = true;
    for (int i = 0; i < mixing->n; i++) {
        double value = mixing->y[i] + d[i] * size[i];
        bool below = mixing->y[i] + mixing->f[i] >= 0.0 && value < 0.0;
        sensible = sensible && isfinite(value) && !below;
        mixing->last_y[i] = value;
    }
    if (sensible) {
        memcpy(mixing->y, mixing->last_y, (size_t)mixing->n * sizeof(double));
    }
    return sensible;
}

/* Newton's method on P(y) - y from mixing->y. A fixed point that repels is none that a regimen
 * given since always has led to. */
static Newton find_by_newton(Cycle *cycle, Mixing *mixing, int *state)
{
    Pack *pack = cycle->pack;
    size_t n = (size_t)pack->states;
    double *size = arena_array(pack->loaded, n, sizeof *size);
    double *result = arena_array(pack->loaded, n, sizeof *result);
    double before = HUGE_VAL;
    for (int k = 0; k < MOST_NEWTON; k++) {
        for (size_t i = 0; i < n; i++) {
            size[i] = fabs(mixing->y[i]) + 1e3 * pack->options.atol[i];
        }
        Ranked ranked;
        if (!monodromy_run(cycle, mixing->y, size, result, &ranked, pack->loaded)) {
            return NEWTON_LOST;
        }
        double largest = 0.0;
        for (size_t i = 0; i < n; i++) {
            mixing->f[i] = result[i] - mixing->y[i];
            result[i] = mixing->f[i] / size[i];
            largest = fmax(largest, fabs(result[i]));
        }
        double now = change(mixing, &pack->options, state);
        double against = ranked_contradiction(&ranked, result);
        if (against > CONTRADICTION && against > 0.01 * largest) {
            return NEWTON_GROWS;
        }
        ranked_solve(&ranked, result, NULL, result);
        bool sensible = add_step(mixing, result, size);
        if (k > 0 && now <= ACCURACY) {
            return monodromy_attracts(cycle, size, pack->loaded) ? NEWTON_FOUND : NEWTON_REPELS;
        }
        if (!sensible || !(now < 0.5 * before)) {
            return NEWTON_LOST;
        }
        before = now;
    }
    return NEWTON_LOST;
}

/* Mixing, too, may lead to a fixed point that repels. */
static bool attracts(Cycle *cycle, const double *y)
{
    Pack *pack = cycle->pack;
    size_t n = (size_t)pack->states;
    double *size = arena_array(pack->loaded, n, sizeof *size);
    double *result = arena_array(pack->loaded, n, sizeof *result);
    for (size_t i = 0; i < n; i++) {
        size[i] = fabs(y[i]) + 1e3 * pack->options.atol[i];
    }
    Ranked ranked;
    return monodromy_run(cycle, y, size, result, &ranked, pack->loaded) &&
           monodromy_attracts(cycle, size, pack->loaded);
}

/* True if cycles are to be left for Newton's method: after some, since each of its steps costs as
 * much as several. */
static bool newton_is_due(const Pack *pack, int cycles)
{
    int first = pack->states / 4;
    first = first < 2 ? 2 : first > 20 ? 20 : first;
    return cycles == first || cycles == 10 * first;
}

/* From mixing->y; *found is where the cycle repeats itself. */
static bool iterate(Cycle *cycle, Mixing *mixing, double *found, int *state)
{
    Pack *pack = cycle->pack;
    size_t bytes = (size_t)pack->states * sizeof(double);
    double *result = arena_array(pack->loaded, (size_t)pack->states, sizeof *result);
    double before = HUGE_VAL;
    int even = 0;
    bool repels = false;
    for (int k = 0; k < MOST_CYCLES; k++) {
        if (newton_is_due(pack, k)) {
            memcpy(result, mixing->y, bytes);
            Newton newton = find_by_newton(cycle, mixing, state);
            if (newton == NEWTON_FOUND || newton == NEWTON_GROWS) {
                memcpy(found, mixing->y, bytes);
                return newton == NEWTON_FOUND;
            }
            repels = repels || newton == NEWTON_REPELS;
            memcpy(mixing->y, result, bytes);
            mixing->count = mixing->next = 0;
        }
        if (!cycle_run(cycle, mixing->y, result)) {
            return false;
        }
        for (int i = 0; i < pack->states; i++) {
            mixing->f[i] = result[i] - mixing->y[i];
        }
        double size = change(mixing, &pack->options, state);
        bool down = died_down(mixing, &pack->options, k == 0);
        if (size <= ACCURACY && down) {
            memcpy(found, result, bytes);
            return !repels || attracts(cycle, result);
        }
        even = k > 0 && grows_evenly(mixing, size) ? even + 1 : 0;
        if (even >= MOST_EVEN) {
            return false;
        }
        remember(mixing, k == 0);
        if (size > 10.0 * before) { // mixing has led astray: begin anew from here
            mixing->count = mixing->next = 0;
        }
        before = size;
        mix(mixing);
    }
    return false;
}

static bool find_fixed_point(Cycle *cycle, double *y, int *state)
{
    Mixing mixing = make_mixing(cycle->pack->loaded, cycle->pack->states);
    memcpy(mixing.y, y, (size_t)cycle->pack->states * sizeof(double));
    return iterate(cycle, &mixing, y, state);
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
    return stage_integrate(&pack->solo, pack->arena, &pack->options, rtol, atol, 0.0);
}

/* The steady state of the regimen of a record from the guess y, and with sensitivities its columns
 * from those of the guess; pack->solo has an integrator. */
static bool find_steady(const LaneEvent *record, Pack *pack, int lane, const Dose *dose, double *y,
                        double *columns, int *state)
{
    double start = record->time;
    Cycle cycle = {.pack = pack, .lane = lane, .start = start, .interval = dose->interval};
    cycle.base = arena_array(pack->loaded, (size_t)pack->states, sizeof *cycle.base);
    RouteValues values = {.target_count = 1, .state = {dose->state}, .fraction = {1.0}};
    lane_alone(pack, lane, start);
    if (dose->route >= 0) {
        lanes_look_up(pack, lane, dose, start, &values);
    }
    if (!cycle_fill(&cycle, dose, record->dose, &values)) {
        return false;
    }
    if (dose->amount == 0.0) {
        bool rests = steady_rest(pack, lane, start, cycle.base, y, state);
        if (rests && columns != NULL) {
            sensitivity_rest(pack, lane, start, cycle.base_slopes, y, columns);
        }
        return rests;
    }
    lane_alone(pack, lane, start);
    double *switches =
        arena_array(pack->loaded, (size_t)pack->model->switch_count, sizeof *switches);
    (void)stage_set_switches(&pack->solo, start, switches);
    pack->solo.follower_count = 0; // covariates stay as they are at the record
    pack->solo.limit = HUGE_VAL;
    bool found = find_fixed_point(&cycle, y, state) &&
                 (columns == NULL || monodromy_slopes(&cycle, y, columns));
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
    double *columns = sensitivity_begin_steady(pack, lane);
    double *rest_columns = record->adds ? sensitivity_begin_steady(pack, lane) : NULL;
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
    bool found = find_steady(record, pack, lane, dose, steady, columns, &state);
    if (found && record->adds) {
        found = steady_rest(pack, lane, record->time, NULL, rest, &state);
    }
    if (found && rest_columns != NULL) {
        sensitivity_rest(pack, lane, record->time, NULL, rest, rest_columns);
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
    sensitivity_keep_steady(pack, lane, record, columns, rest_columns);
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
