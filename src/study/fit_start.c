/* fit_start.c: where searches begin: the study's own start, then points of a design in the box
 * between the bounds.
 *
 * sobol: the low-discrepancy sequence of GSL (Antonov & Saleev 1979), up to 40 parameters; beyond,
 * and for "latin": a Latin hypercube (McKay et al. 1979) whose numbers are those of Philox, keyed
 * by seed and parameter. The box is in coordinates (a log scale is filled evenly in logarithms), of
 * a logit scale in values.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/fit_run.h"

#include "base/random.h"

#include <assert.h>
#include <gsl/gsl_qrng.h>
#include <math.h>
#include <string.h>

enum { SOBOL_MOST = 40, PURPOSE_ORDER = 101, PURPOSE_PLACE = 102 };

/* The place of point `index` of `count` in one dimension: its cell is that of its rank among random
 * numbers. */
static double latin_place(const Fit *fit, int dimension, int index, int count)
{
    RandomKey order = {fit->seed, PURPOSE_ORDER, (uint32_t)dimension};
    RandomKey place = {fit->seed, PURPOSE_PLACE, (uint32_t)dimension};
    double own = random_uniform(order, (uint32_t)index);
    int rank = 0;
    for (int i = 0; i < count; i++) {
        double other = random_uniform(order, (uint32_t)i);
        rank += other < own || (other == own && i < index);
    }
    return (rank + random_uniform(place, (uint32_t)index)) / count;
}

static bool sobol_point(int dimensions, int index, double *point)
{
    if (dimensions > SOBOL_MOST) {
        return false;
    }
    gsl_qrng *sequence = gsl_qrng_alloc(gsl_qrng_sobol, (unsigned)dimensions);
    if (sequence == NULL) {
        return false;
    }
    for (int i = 0; i <= index; i++) {
        gsl_qrng_get(sequence, point);
    }
    gsl_qrng_free(sequence);
    return true;
}

void fit_start(const Fit *fit, int start, double *at)
{
    assert(fit != NULL && start >= 0 && start < fit->starts && at != NULL);
    int count = fit->model_count;
    for (int i = 0; i < fit->parameter_count; i++) {
        const FitParameter *one = &fit->parameters[i];
        at[i] = i < count ? scale_forth(one, one->start) : (double)NAN;
    }
    if (start == 0) {
        return;
    }
    Arena *scratch = arena_new();
    double *point = arena_array(scratch, (size_t)count + 1, sizeof *point);
    if (fit->design != DESIGN_SOBOL || !sobol_point(count, start - 1, point)) {
        for (int i = 0; i < count; i++) {
            point[i] = latin_place(fit, i, start - 1, fit->starts - 1);
        }
    }
    for (int i = 0; i < count; i++) {
        const FitParameter *one = &fit->parameters[i];
        double low;
        double high;
        scale_bounds(one, &low, &high);
        bool logit = one->scale == SCALE_LOGIT;
        at[i] = logit ? scale_forth(one, one->low + (one->high - one->low) * point[i])
                      : low + (high - low) * point[i];
    }
    arena_free(scratch);
}
