/* fit_nlopt.c: the one door to NLopt: general likelihoods by gradient, without one, and global
 * search.
 *
 * NLopt may return NaN with a success, and a point that is not the best it saw; so failed trials
 * have a finite value (search.h) and the best point is our own. Its random numbers belong to the
 * thread and are seeded for each search. COBYLA is not offered: it may hang.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/search.h"

#include <assert.h>
#include <math.h>
#include <nlopt.h>
#include <string.h>

typedef struct {
    Search *search;
    nlopt_opt optimiser;
    bool slopes;   // the method asks for gradients
    long per_line; // evaluations that make an iteration
    long since;
} Asked;

typedef struct {
    const char *name;
    nlopt_algorithm algorithm;
    bool slopes, global;
} Method;

static const Method METHODS[] = {
    {"lbfgs", NLOPT_LD_LBFGS, true, false},     {"slsqp", NLOPT_LD_SLSQP, true, false},
    {"mma", NLOPT_LD_MMA, true, false},         {"bobyqa", NLOPT_LN_BOBYQA, false, false},
    {"subplex", NLOPT_LN_SBPLX, false, false},  {"simplex", NLOPT_LN_NELDERMEAD, false, false},
    {"crs", NLOPT_GN_CRS2_LM, false, true},     {"isres", NLOPT_GN_ISRES, false, true},
    {"direct", NLOPT_GN_DIRECT_L, false, true},
};

static const Method *find_method(const char *name)
{
    for (size_t i = 0; i < sizeof METHODS / sizeof METHODS[0]; i++) {
        if (strcmp(METHODS[i].name, name) == 0) {
            return &METHODS[i];
        }
    }
    assert(!"a method that the reader let pass");
    return &METHODS[0];
}

static double value_of(unsigned count, const double *x, double *gradient, void *context)
{
    Asked *asked = context;
    Search *search = asked->search;
    if (!search_try(search, x, asked->slopes)) {
        (void)nlopt_force_stop(asked->optimiser);
        return search->worst;
    }
    double largest = (double)NAN;
    for (unsigned i = 0; i < count && asked->slopes; i++) {
        double one = search->usable ? search->gradient[search->free[i]] : 0.0;
        largest = i == 0 ? fabs(one) : fmax(largest, fabs(one));
        if (gradient != NULL) {
            gradient[i] = one;
        }
    }
    if (++asked->since >= asked->per_line) {
        asked->since = 0;
        search_note(search, largest);
    }
    return search->value;
}

/* Bounds, and for a global search a box also where the fit has none: a standard deviation may be a
 * millionth or a thousand times the first guess. */
static void set_bounds(const Search *search, bool global, double *x, double *low, double *high)
{
    for (int i = 0; i < search->free_count; i++) {
        const FitParameter *one = &search->fit->parameters[search->free[i]];
        scale_bounds(one, &low[i], &high[i]);
        x[i] = search->best_at[search->free[i]];
        if (global && one->parameter < 0) {
            low[i] = x[i] - log(1e6);
            high[i] = x[i] + log(1e3);
        }
        if (global && one->scale == SCALE_LOGIT) { // all but a thousandth at each end
            high[i] = log(999.0);
            low[i] = -high[i];
        }
        x[i] = fmin(fmax(x[i], low[i]), high[i]);
    }
}

/* The last steps, by scoring from the best point: a global search is left near an optimum, and does
 * not say that it is there; a search along gradients that NLopt gave up may well be at its end. */
static SearchStatus finish(Search *search)
{
    double *free = arena_array(search->arena, (size_t)search->free_count + 1, sizeof *free);
    for (int i = 0; i < search->free_count; i++) {
        free[i] = search->best_at[search->free[i]];
    }
    if (!search_try(search, free, true)) {
        return SEARCH_STOPPED;
    }
    return search->usable ? search_scoring(search) : SEARCH_STALLED;
}

static SearchStatus status_of(Search *search, const Method *method, nlopt_result result)
{
    if (search->interrupted) {
        return SEARCH_STOPPED;
    }
    if (method->global || result < 0) {
        return finish(search);
    }
    return result == NLOPT_MAXEVAL_REACHED ? SEARCH_LIMIT : SEARCH_CONVERGED;
}

SearchStatus search_nlopt(Search *search)
{
    const Method *method = find_method(search->algorithm);
    Arena *arena = search->arena;
    size_t count = (size_t)search->free_count;
    double *x = arena_array(arena, count, sizeof *x);
    double *low = arena_array(arena, count, sizeof *low);
    double *high = arena_array(arena, count, sizeof *high);
    double *step = arena_array(arena, count, sizeof *step);
    Asked asked = {.search = search, .slopes = method->slopes};
    asked.per_line = method->slopes ? 1 : (long)count;
    set_bounds(search, method->global, x, low, high);
    for (size_t i = 0; i < count; i++) {
        double room = fmin(high[i] - x[i], x[i] - low[i]);
        step[i] = fmax(0.1 * fabs(x[i]), 0.1);
        step[i] = room > 0.0 && isfinite(room) ? fmin(step[i], 0.5 * room) : step[i];
    }
    nlopt_opt optimiser = nlopt_create(method->algorithm, (unsigned)count);
    if (optimiser == NULL) {
        return SEARCH_STALLED;
    }
    asked.optimiser = optimiser;
    nlopt_srand((unsigned long)search->seed);
    nlopt_result result = NLOPT_FAILURE;
    double value = search->best;
    bool set =
        nlopt_set_min_objective(optimiser, value_of, &asked) > 0 &&
        nlopt_set_lower_bounds(optimiser, low) > 0 && nlopt_set_upper_bounds(optimiser, high) > 0 &&
        nlopt_set_xtol_rel(optimiser, search->tolerance) > 0 &&
        nlopt_set_maxeval(optimiser,
                          (int)fmin(2e9, (double)search->iterations * (double)asked.per_line)) > 0;
    if (set && !method->slopes && !method->global) {
        set = nlopt_set_initial_step(optimiser, step) > 0;
    }
    if (set) {
        result = nlopt_optimize(optimiser, x, &value);
    }
    nlopt_destroy(optimiser);
    return status_of(search, method, result);
}
