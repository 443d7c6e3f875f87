/* search.c: what all methods of searching share.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/search.h"

#include <assert.h>
#include <math.h>
#include <string.h>

void search_open(Search *search, const double *start)
{
    const Fit *fit = search->fit;
    Arena *arena = search->arena;
    size_t count = (size_t)fit->parameter_count;
    size_t data = (size_t)fit->datum_count;
    search->at = arena_array(arena, count + 1, sizeof(double));
    search->best_at = arena_array(arena, count + 1, sizeof(double));
    search->gradient = arena_array(arena, count + 1, sizeof(double));
    search->fisher = arena_array(arena, count * count + 1, sizeof(double));
    memcpy(search->at, start, count * sizeof(double));
    memcpy(search->best_at, start, count * sizeof(double));
    search->trial = (Trial){.at = search->at};
    search->trial.predicted = arena_array(arena, data + 1, sizeof(double));
    search->trial.slope = arena_array(arena, data * (size_t)fit->model_count + 1, sizeof(double));
    search->best = HUGE_VAL;
    search->worst = HUGE_VAL;
}

/* The likelihood of the last trial. */
static void judge(Search *search, bool slopes)
{
    Likelihood likelihood = {.gradient = slopes ? search->gradient : NULL,
                             .fisher = slopes ? search->fisher : NULL};
    search->usable =
        !search->trial.failed && likelihood_of(search->fit, &search->trial, &likelihood);
    search->value = search->usable ? likelihood.value : search->worst;
    if (search->usable && search->value < search->best) {
        search->best = search->value;
        memcpy(search->best_at, search->at,
               (size_t)search->fit->parameter_count * sizeof *search->at);
    }
}

bool search_try(Search *search, const double *free, bool slopes)
{
    for (int i = 0; i < search->free_count; i++) {
        search->at[search->free[i]] = free[i];
    }
    search->trial.slopes = slopes;
    search->calls++;
    if ((search->stop != NULL && *search->stop != 0) || !crew_ask(search->member, &search->trial)) {
        search->interrupted = true;
        search->usable = false;
        search->value = search->worst;
        return false;
    }
    judge(search, slopes);
    return true;
}

void search_note(Search *search, double gradient)
{
    search->iteration++;
    if (search->trace != NULL) {
        TraceLine line = {.iteration = search->iteration,
                          .calls = search->calls,
                          .value = search->best,
                          .gradient = gradient,
                          .at = search->best_at};
        search->trace(search->context, &line);
    }
}

/* The start; error models that have no number yet get one from its residuals. */
static bool try_start(Search *search, double *free)
{
    const Fit *fit = search->fit;
    bool guess = false;
    for (int i = fit->model_count; i < fit->parameter_count; i++) {
        guess = guess || isnan(search->at[i]);
    }
    for (int i = 0; i < search->free_count; i++) {
        free[i] = search->at[search->free[i]];
    }
    if (!search_try(search, free, !guess)) {
        return false;
    }
    if (guess && !search->trial.failed) {
        guess_errors(fit, &search->trial, search->at);
        for (int i = 0; i < search->free_count; i++) {
            free[i] = search->at[search->free[i]];
        }
        return search_try(search, free, true);
    }
    return true;
}

SearchStatus search_run(Search *search)
{
    assert(search != NULL && search->method != METHOD_AUTO);
    double *free = arena_array(search->arena, (size_t)search->free_count + 1, sizeof *free);
    if (!try_start(search, free)) {
        return SEARCH_STOPPED;
    }
    if (!search->usable) {
        return SEARCH_REFUSED;
    }
    // Far above the start, and of its size, so that no arithmetic is lost beside it.
    search->worst = search->value + 1e6 * (1.0 + fabs(search->value));
    double largest = 0.0;
    for (int i = 0; i < search->free_count; i++) {
        largest = fmax(largest, fabs(search->gradient[search->free[i]]));
    }
    search->iteration = -1;
    search_note(search, largest);
    if (search->free_count == 0) {
        return SEARCH_CONVERGED;
    }
    switch (search->method) {
    case METHOD_LEAST_SQUARES:
        return search_squares(search);
    case METHOD_NLOPT:
        return search_nlopt(search);
    case METHOD_SCORING:
    case METHOD_AUTO:
        break;
    }
    return search_scoring(search);
}

const char *search_word(SearchStatus status)
{
    static const char *const words[] = {"converged", "iterations spent", "stalled", "stopped",
                                        "start refused"};
    return words[status];
}
