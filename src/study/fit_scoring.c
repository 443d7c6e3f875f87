/* fit_scoring.c: trust region on the expected information (Fisher scoring, Osborne 1992), for any
 * likelihood: the step solves
 *
 *   (F + mu D) step = - gradient         D: the largest diagonal of F seen so far (More 1978)
 *
 * within the bounds: a coordinate at a bound that the gradient presses against it stays there. mu
 * follows the ratio of what the step brought to what F promised (Nielsen 1999).
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/search.h"

#include <assert.h>
#include <gsl/gsl_linalg.h>
#include <math.h>
#include <string.h>

enum { MOST_REFUSED = 60 };

typedef struct {
    Search *search;
    int count;
    double *x, *low, *high;    // (count)
    double *gradient, *fisher; // of the free coordinates at x
    double *scale, *step, *trial;
    bool *held;
    double value;
} Region;

static Region region_open(Search *search)
{
    size_t count = (size_t)search->free_count;
    Arena *arena = search->arena;
    Region region = {.search = search, .count = search->free_count};
    region.x = arena_array(arena, count, sizeof(double));
    region.low = arena_array(arena, count, sizeof(double));
    region.high = arena_array(arena, count, sizeof(double));
    region.gradient = arena_array(arena, count, sizeof(double));
    region.fisher = arena_array(arena, count * count, sizeof(double));
    region.scale = arena_array(arena, count, sizeof(double));
    region.step = arena_array(arena, count, sizeof(double));
    region.trial = arena_array(arena, count, sizeof(double));
    region.held = arena_array(arena, count, sizeof(bool));
    for (size_t i = 0; i < count; i++) {
        region.x[i] = search->best_at[search->free[i]];
        scale_bounds(&search->fit->parameters[search->free[i]], &region.low[i], &region.high[i]);
    }
    return region;
}

/* Takes over the trial: it is the point to go on from. */
static void accept(Region *region)
{
    const Search *search = region->search;
    size_t count = (size_t)region->count;
    size_t all = (size_t)search->fit->parameter_count;
    region->value = search->value;
    for (size_t i = 0; i < count; i++) {
        size_t row = (size_t)search->free[i];
        region->x[i] = search->at[row];
        region->gradient[i] = search->gradient[row];
        for (size_t k = 0; k < count; k++) {
            region->fisher[i * count + k] = search->fisher[row * all + (size_t)search->free[k]];
        }
        region->scale[i] = fmax(region->scale[i], region->fisher[i * count + i]);
    }
    for (size_t i = 0; i < count; i++) {
        bool low = region->x[i] <= region->low[i] && region->gradient[i] > 0.0;
        bool high = region->x[i] >= region->high[i] && region->gradient[i] < 0.0;
        region->held[i] = low || high;
    }
}

/* The largest part of the gradient, each measured by its own information. Where a logarithm or
 * logit runs away (a variance that goes to 0, an estimate on its bound) both vanish together, and
 * their ratio does not: there the gradient counts, what a step of 1 would bring. */
static double slope_left(const Region *region)
{
    static const double nothing = 1e-8; // of -ln L
    const Search *search = region->search;
    double largest = 0.0;
    for (int i = 0; i < region->count; i++) {
        double unit = sqrt(fmax(region->fisher[i * region->count + i], 1e-300));
        double slope = fabs(region->gradient[i]);
        bool endless = search->fit->parameters[search->free[i]].scale != SCALE_LINEAR;
        double left = endless && slope < nothing ? slope : slope / unit;
        largest = region->held[i] ? largest : fmax(largest, left);
    }
    return largest;
}

/* Solves for the step; false: the matrix is not positive definite. */
static bool solve(Region *region, double mu)
{
    size_t count = (size_t)region->count;
    Arena *arena = region->search->arena;
    ArenaMark mark = arena_mark(arena);
    double *matrix = arena_array(arena, count * count, sizeof *matrix);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < count; k++) {
            bool held = region->held[i] || region->held[k];
            matrix[i * count + k] = held ? (i == k ? 1.0 : 0.0) : region->fisher[i * count + k];
        }
        if (!region->held[i]) {
            matrix[i * count + i] += mu * fmax(region->scale[i], 1e-300);
        }
        region->step[i] = region->held[i] ? 0.0 : -region->gradient[i];
    }
    gsl_matrix_view view = gsl_matrix_view_array(matrix, count, count);
    gsl_vector_view step = gsl_vector_view_array(region->step, count);
    bool good = gsl_linalg_cholesky_decomp1(&view.matrix) == GSL_SUCCESS &&
                gsl_linalg_cholesky_svx(&view.matrix, &step.vector) == GSL_SUCCESS;
    for (size_t i = 0; i < count; i++) {
        good = good && isfinite(region->step[i]);
    }
    arena_rewind(arena, mark);
    return good;
}

/* The trial point within the bounds; what F promises of it; the largest relative change. */
static double promise(Region *region, double *change)
{
    int count = region->count;
    double promised = 0.0;
    *change = 0.0;
    for (int i = 0; i < count; i++) {
        double to = fmin(fmax(region->x[i] + region->step[i], region->low[i]), region->high[i]);
        region->trial[i] = to;
        region->step[i] = to - region->x[i];
        *change = fmax(*change, fabs(region->step[i]) / (fabs(region->x[i]) + 1e-3));
    }
    for (int i = 0; i < count; i++) {
        double row = 0.0;
        for (int k = 0; k < count; k++) {
            row += region->fisher[i * count + k] * region->step[k];
        }
        promised -= region->step[i] * (region->gradient[i] + 0.5 * row);
    }
    return promised;
}

/* One iteration: steps until one is accepted. */
static bool advance(Region *region, double *mu, double *growth, double *change, bool *moved)
{
    *moved = false;
    for (int refused = 0; refused < MOST_REFUSED; refused++) {
        double ratio = -1.0;
        if (solve(region, *mu)) {
            double promised = promise(region, change);
            if (!search_try(region->search, region->trial, true)) {
                return false;
            }
            double won = region->value - region->search->value;
            double noise = 1e-14 * fabs(region->value);
            ratio = region->search->usable && promised > 0.0 ? (won + noise) / (promised + noise)
                                                             : -1.0;
            if (promised <= noise && region->search->usable && won >= -noise) {
                ratio = 1.0;
            }
        }
        if (ratio > 1e-4) {
            double part = 2.0 * ratio - 1.0;
            *mu = fmax(*mu * fmax(1.0 / 3.0, 1.0 - part * part * part), 1e-15);
            *growth = 2.0;
            *moved = true;
            accept(region);
            return true;
        }
        *mu = fmax(*mu, 1e-12) * *growth;
        *growth *= 2.0;
        if (*mu > 1e30) {
            break;
        }
    }
    return true;
}

SearchStatus search_scoring(Search *search)
{
    static const double small_slope = 1e-7; // standard errors that a coordinate may still be off
    static const double nothing = 1e-9;     // of -ln L
    Region region = region_open(search);
    double mu = 1e-3;
    double growth = 2.0;
    int idle = 0; // iterations in a row that won next to nothing
    accept(&region);
    for (int k = 0; k < search->iterations; k++) {
        double change = 0.0;
        bool moved = false;
        if (slope_left(&region) < small_slope) {
            return SEARCH_CONVERGED;
        }
        double before = region.value;
        if (!advance(&region, &mu, &growth, &change, &moved)) {
            return SEARCH_STOPPED;
        }
        double left = slope_left(&region);
        search_note(search, left);
        if (!moved) {
            return left < 1e-3 ? SEARCH_CONVERGED : SEARCH_STALLED;
        }
        idle = before - region.value < nothing * (1.0 + fabs(region.value)) ? idle + 1 : 0;
        if (left < 1e-3 && (change < search->tolerance || idle > 2)) {
            return SEARCH_CONVERGED; // a direction that the data do not see may go on for ever
        }
    }
    return SEARCH_LIMIT;
}
