/* steady.c: f(y) = 0 by pseudo-transient continuation.
 *
 * Linearly implicit Euler, (I - h J) d = h f(y), follows the true path to a few per cent from the
 * given state, so that of several resting states the one is found that the model would reach; as
 * the rates die down h grows and the steps turn into Newton's. Sums that the model conserves (w'f =
 * 0, w'J = 0) stay what they were, since w'd = 0. Kelley and Keyes 1998, SIAM J. Numer. Anal.
 * 35:508.
 *
 * At rest: with h at HORIZON times the length of the run, the step is below ACCURACY of the
 * tolerance in every state, twice in a row; or it is below the tolerance and gets no smaller, as
 * when rounding is all that is left of the rates.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/lanes.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum { MOST_STEPS = 20000 };

static const double HORIZON = 1e3;
static const double ACCURACY = 1e-3;
static const double NO_SMALLER = 0.9;      // than the step before
static const double PATH_TOLERANCE = 0.03; // of the way there
static const double PATH_FLOOR = 100.0;    // × absolute tolerance

typedef struct {
    Pack *pack;
    Stage *stage; // of width 1
    double time;
    int n;
    double *y, *next, *rates, *next_rates, *step, *matrix, *scale;
    int *pivot;
    double h, longest;
} Search;

static Search make_search(Pack *pack, double time, double *y)
{
    size_t n = (size_t)pack->states;
    Arena *arena = pack->loaded;
    Search search = {.pack = pack, .stage = &pack->solo, .time = time, .n = pack->states, .y = y};
    search.next = arena_array(arena, n, sizeof(double));
    search.rates = arena_array(arena, n, sizeof(double));
    search.next_rates = arena_array(arena, n, sizeof(double));
    search.step = arena_array(arena, n, sizeof(double));
    search.scale = arena_array(arena, n, sizeof(double));
    search.matrix = arena_array(arena, n * n, sizeof(double));
    search.pivot = arena_array(arena, n, sizeof(int));
    double span = pack->end - pack->start;
    search.longest = HORIZON * (span > 0.0 ? span : 1.0);
    return search;
}

/* (I - h J) x = b, b in search->step and x in its place. By sparse factors with the pivots on the
 * diagonal, unless too many digits cancel in them. */
static bool solve_system(Search *search)
{
    const double *jacobian = stage_jacobian(search->stage, search->time, search->y);
    BlockLu *sparse = search->pack->resting;
    blocklu_factor(sparse, jacobian, search->h);
    if (blocklu_good(sparse, 0)) {
        blocklu_solve(sparse, search->step, search->step);
        return true;
    }
    dense_matrix(stage_pattern(search->stage), jacobian, 1, search->h, search->matrix);
    if (!dense_factor(search->matrix, search->n, search->pivot, search->scale)) {
        return false;
    }
    dense_solve(search->matrix, search->n, search->pivot, search->step);
    return true;
}

/* d of (I - h J) d = h f; false if it cannot be had. */
static bool solve_step(Search *search)
{
    for (int i = 0; i < search->n; i++) {
        search->step[i] = search->h * search->rates[i];
    }
    if (!solve_system(search)) {
        return false;
    }
    for (int i = 0; i < search->n; i++) {
        search->next[i] = search->y[i] + search->step[i];
    }
    return stage_rates(search->stage, search->time, search->next, search->next_rates);
}

/* Error of the step against the path's tolerance, by the change of the rates. */
static double path_error(const Search *search)
{
    double worst = 0.0;
    for (int i = 0; i < search->n; i++) {
        double before = fabs(search->y[i]);
        double after = fabs(search->next[i]);
        double size = after > before ? after : before;
        double weight = PATH_TOLERANCE * size + PATH_FLOOR * search->pack->options.atol[i];
        double error = 0.5 * search->h * fabs(search->next_rates[i] - search->rates[i]) / weight;
        worst = isnan(error) ? HUGE_VAL : error > worst ? error : worst;
    }
    return worst;
}

/* Largest step against the user's tolerance, and whose it is. */
static double step_size(const Search *search, int *state)
{
    const SolverOptions *options = &search->pack->options;
    double worst = -1.0;
    for (int i = 0; i < search->n; i++) {
        double size =
            fabs(search->step[i]) / (options->rtol * fabs(search->next[i]) + options->atol[i]);
        if (!(size <= worst)) {
            worst = isnan(size) ? HUGE_VAL : size;
            *state = i;
        }
    }
    return worst;
}

static double first_step(const Search *search)
{
    double fastest = 0.0;
    for (int i = 0; i < search->n; i++) {
        double weight =
            PATH_TOLERANCE * fabs(search->y[i]) + PATH_FLOOR * search->pack->options.atol[i];
        fastest = fmax(fastest, fabs(search->rates[i]) / weight);
    }
    return fmin(0.1 / fmax(fastest, 1e-300), search->longest);
}

static bool walk_to_rest(Search *search, int *state)
{
    if (!stage_rates(search->stage, search->time, search->y, search->rates)) {
        return false;
    }
    search->h = first_step(search);
    int at_rest = 0;
    double last_size = HUGE_VAL;
    for (int k = 0; k < MOST_STEPS && search->h > 0.0; k++) {
        if (!solve_step(search)) {
            search->h *= 0.25;
            continue;
        }
        double error = path_error(search);
        double size = step_size(search, state);
        bool quiet = size <= ACCURACY; // a step this small needs no test: its error is rounding
        if (error > 1.0 && !quiet) {
            search->h *= fmax(0.1, 0.7 / sqrt(error));
            continue;
        }
        memcpy(search->y, search->next, (size_t)search->n * sizeof(double));
        memcpy(search->rates, search->next_rates, (size_t)search->n * sizeof(double));
        bool still = quiet || (size <= 1.0 && size > NO_SMALLER * last_size);
        at_rest = still && search->h >= search->longest ? at_rest + 1 : 0;
        last_size = search->h >= search->longest ? size : HUGE_VAL;
        if (at_rest == 2) {
            return true;
        }
        double growth = quiet ? 5.0 : fmin(5.0, fmax(0.3, 0.8 / sqrt(fmax(error, 1e-6))));
        search->h = fmin(search->longest, search->h * growth);
    }
    return false;
}

bool steady_rest(Pack *pack, int lane, double time, const double *infusion, double *y, int *state)
{
    assert(pack != NULL && y != NULL && state != NULL);
    lane_alone(pack, lane, time);
    for (int i = 0; i < pack->states; i++) {
        pack->solo.infusion[i] = infusion != NULL ? infusion[i] : 0.0;
    }
    pack->solo.limit = HUGE_VAL;
    if (pack->resting == NULL) {
        pack->resting =
            blocklu_open(pack->arena, stage_pattern(&pack->solo), 1, pack->solo.kernels);
    }
    ArenaMark mark = arena_mark(pack->loaded);
    Search search = make_search(pack, time, y);
    *state = 0;
    bool found = walk_to_rest(&search, state);
    arena_rewind(pack->loaded, mark);
    memset(pack->solo.infusion, 0, (size_t)pack->states * sizeof(double));
    return found;
}
