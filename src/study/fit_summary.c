/* fit_summary.c: see fit_summary.h.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/fit_summary.h"

#include <assert.h>
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const Fit *fit;
    const FitResult *result;
    Arena *arena;
    FitSummary *summary;
    int *free; // (count) coordinates that are not at a bound
    int count;
    double *covariance; // (parameter_count²)
    bool *determined;   // (parameter_count)
} Work;

/* --- covariance ----------------------------------------------------------------------------------
 */

static void keep_directions(Work *work, const gsl_vector *values, const gsl_matrix *vectors)
{
    FitSummary *summary = work->summary;
    size_t count = (size_t)work->count;
    summary->direction_count = work->count;
    summary->directions = arena_array(work->arena, count, sizeof *summary->directions);
    for (size_t i = 0; i < count; i++) {
        double *vector =
            arena_array(work->arena, (size_t)work->fit->parameter_count, sizeof *vector);
        for (size_t k = 0; k < count; k++) {
            vector[work->free[k]] = gsl_matrix_get(vectors, k, i);
        }
        summary->directions[i] = (Direction){fmax(gsl_vector_get(values, i), 0.0), vector};
    }
    double least = summary->directions[0].value;
    summary->condition = least > 0.0 ? summary->directions[count - 1].value / least : HUGE_VAL;
}

/* The inverse from eigenvalues; what lies along a vanishing one is not determined. */
static void invert(Work *work, const double *unit, const gsl_vector *values,
                   const gsl_matrix *vectors)
{
    static const double part = 1e-2; // of a direction that is not determined
    size_t count = (size_t)work->count;
    size_t all = (size_t)work->fit->parameter_count;
    for (size_t e = 0; e < count; e++) {
        double value = gsl_vector_get(values, e);
        bool null = information_is_null(values, e);
        for (size_t i = 0; i < count; i++) {
            double own = gsl_matrix_get(vectors, i, e);
            if (null && fabs(own) > part) {
                work->determined[work->free[i]] = false;
            }
            for (size_t k = 0; k < count && !null; k++) {
                work->covariance[(size_t)work->free[i] * all + (size_t)work->free[k]] +=
                    own * gsl_matrix_get(vectors, k, e) / (value * unit[i] * unit[k]);
            }
        }
    }
}

static void find_covariance(Work *work)
{
    size_t all = (size_t)work->fit->parameter_count;
    size_t count = (size_t)work->count;
    work->covariance = arena_array(work->arena, all * all + 1, sizeof(double));
    work->determined = arena_array(work->arena, all + 1, sizeof(bool));
    work->summary->condition = (double)NAN;
    if (count == 0) {
        return;
    }
    const double *matrix = work->result->information.matrix;
    double *unit = arena_array(work->arena, count, sizeof *unit);
    for (size_t i = 0; i < count; i++) {
        work->determined[work->free[i]] = matrix[(size_t)work->free[i] * (all + 1)] > 0.0;
    }
    gsl_vector *values = gsl_vector_alloc(count);
    gsl_matrix *vectors = gsl_matrix_alloc(count, count);
    if (information_decompose(matrix, all, work->free, count, unit, values, vectors)) {
        keep_directions(work, values, vectors);
        invert(work, unit, values, vectors);
    } else {
        memset(work->determined, 0, all * sizeof(bool));
    }
    gsl_matrix_free(vectors);
    gsl_vector_free(values);
}

/* --- estimates -----------------------------------------------------------------------------------
 */

static void estimate_one(Work *work, int index, double quantile, double inflation)
{
    const FitParameter *parameter = &work->fit->parameters[index];
    Estimate *one = &work->summary->estimates[index];
    size_t all = (size_t)work->fit->parameter_count;
    double at = work->result->at[index];
    double variance = work->covariance[(size_t)index * (all + 1)] * inflation;
    *one = (Estimate){.name = parameter->name,
                      .unit = parameter->unit,
                      .scale = parameter->scale,
                      .value = scale_back(parameter, at),
                      .coordinate = at,
                      .at_bound = scale_at_bound(parameter, at),
                      .determined = work->determined[index]};
    one->start = scale_back(parameter, work->result->starts[0].first[index]);
    double se = one->determined && variance > 0.0 ? sqrt(variance) : (double)NAN;
    one->coordinate_se = se;
    one->se = se * fabs(scale_slope(parameter, at));
    one->rse = 100.0 * one->se / fabs(one->value);
    one->low = scale_back(parameter, at - quantile * se);
    one->high = scale_back(parameter, at + quantile * se);
    one->wald_low = one->value - quantile * one->se;
    one->wald_high = one->value + quantile * one->se;
}

/* A standard deviation that was left to the residuals: s^2 freedom / sigma^2 is chi-square. */
static void estimate_sd(Work *work)
{
    FitSummary *summary = work->summary;
    const FitObservable *one = &work->fit->observables[0];
    double freedom = summary->freedom;
    bool known = freedom > 0.0;
    bool unit = one->error != ERROR_LOGNORMAL && one->label->unit.known;
    Estimate *sd = &summary->estimates[summary->estimate_count++];
    *sd = (Estimate){.name = arena_format(work->arena, "sd(%s)", one->name),
                     .unit = unit ? one->label->unit.text : "",
                     .scale = SCALE_LOG,
                     .value = summary->sd,
                     .start = (double)NAN,
                     .coordinate = log(summary->sd),
                     .determined = known};
    sd->coordinate_se = known ? sqrt(0.5 / freedom) : (double)NAN;
    sd->se = sd->value * sd->coordinate_se;
    sd->rse = 100.0 * sd->coordinate_se;
    sd->low = known ? sd->value * sqrt(freedom / gsl_cdf_chisq_Pinv(0.975, freedom)) : (double)NAN;
    sd->high = known ? sd->value * sqrt(freedom / gsl_cdf_chisq_Pinv(0.025, freedom)) : (double)NAN;
    sd->wald_low = sd->value - gsl_cdf_ugaussian_Pinv(0.975) * sd->se;
    sd->wald_high = sd->value + gsl_cdf_ugaussian_Pinv(0.975) * sd->se;
}

static void find_estimates(Work *work)
{
    FitSummary *summary = work->summary;
    const Fit *fit = work->fit;
    size_t count = (size_t)fit->parameter_count;
    double n = fit->datum_count;
    summary->freedom = fit->concentrated ? fit->datum_count - work->count : 0;
    bool student = fit->concentrated;
    bool enough = summary->freedom > 0;
    summary->sum = residual_sum(fit, &work->result->trial);
    summary->sd = student ? enough ? sqrt(summary->sum / summary->freedom) : (double)NAN : 1.0;
    double quantile = !student ? gsl_cdf_ugaussian_Pinv(0.975)
                      : enough ? gsl_cdf_tdist_Pinv(0.975, summary->freedom)
                               : (double)NAN;
    double inflation = student ? enough ? n / summary->freedom : (double)NAN : 1.0;
    summary->estimates = arena_array(work->arena, count + 2, sizeof *summary->estimates);
    summary->estimate_count = fit->parameter_count;
    summary->correlation = arena_array(work->arena, count * count + 1, sizeof(double));
    for (size_t i = 0; i < count; i++) {
        estimate_one(work, (int)i, quantile, inflation);
        for (size_t k = 0; k < count; k++) {
            double both =
                sqrt(work->covariance[i * (count + 1)] * work->covariance[k * (count + 1)]);
            bool known = work->determined[i] && work->determined[k] && both > 0.0;
            summary->correlation[i * count + k] =
                known ? work->covariance[i * count + k] / both : (double)NAN;
        }
    }
    if (student) {
        estimate_sd(work);
    }
}

static void find_criteria(Work *work)
{
    FitSummary *summary = work->summary;
    const Likelihood *likelihood = &work->result->likelihood;
    double n = work->fit->datum_count;
    double k = summary->estimate_count;
    summary->values = work->fit->datum_count;
    summary->parameters = summary->estimate_count;
    summary->minus_two_log = 2.0 * (likelihood->value - likelihood->prior);
    summary->aic = summary->minus_two_log + 2.0 * k;
    summary->aicc = n > k + 1.0 ? summary->aic + 2.0 * k * (k + 1.0) / (n - k - 1.0) : HUGE_VAL;
    summary->bic = summary->minus_two_log + k * log(n);
}

/* --- residuals -----------------------------------------------------------------------------------
 */

FittedDatum fitted_datum(const FitSummary *summary, int datum)
{
    const FitDatum *one = &summary->fit->data[datum];
    double f = summary->result->trial.predicted[datum];
    double expected;
    double seen;
    double sd;
    FittedDatum value = {.predicted = f, .residual = one->value - f, .weighted = (double)NAN};
    value.sd = (double)NAN;
    if (one->censored != 0) {
        value.residual = (double)NAN;
    } else if (datum_spread(summary->fit, one, summary->result->at, f, &expected, &seen, &sd)) {
        value.sd = sd * summary->sd;
        value.weighted = (seen - expected) / value.sd;
    }
    return value;
}

typedef struct {
    double subject, time, weighted;
    int datum;
} Seen;

double fitted_quantile(const FitSummary *summary, int datum)
{
    return summary->quantiles[datum];
}

static int compare_residuals(const void *a, const void *b)
{
    const Seen *first = a;
    const Seen *second = b;
    return first->weighted != second->weighted ? (first->weighted > second->weighted ? 1 : -1)
                                               : first->datum - second->datum;
}

static int compare_seen(const void *a, const void *b)
{
    const Seen *first = a;
    const Seen *second = b;
    int subjects = (first->subject > second->subject) - (first->subject < second->subject);
    return subjects != 0 ? subjects : (first->time > second->time) - (first->time < second->time);
}

/* Runs of signs along time, subject after subject. */
static void test_runs(const Seen *seen, int count, Residuals *into)
{
    double above = 0.0;
    double below = 0.0;
    into->runs = 0;
    int before = 0;
    for (int i = 0; i < count; i++) {
        int sign = seen[i].weighted > 0.0 ? 1 : -1;
        above += sign > 0;
        below += sign < 0;
        into->runs += sign != before;
        before = sign;
    }
    double n = above + below;
    double mean = n > 0.0 ? 2.0 * above * below / n + 1.0 : 0.0;
    double variance = n > 1.0 ? (mean - 1.0) * (mean - 2.0) / (n - 1.0) : 0.0;
    into->expected = (int)lround(mean);
    into->runs_p = variance > 0.0
                       ? 2.0 * gsl_cdf_ugaussian_Q(fabs(into->runs - mean) / sqrt(variance))
                       : (double)NAN;
}

static void look_at_residuals(Work *work, int observable, Residuals *into)
{
    const Fit *fit = work->fit;
    Seen *seen = arena_array(work->arena, (size_t)fit->datum_count + 1, sizeof *seen);
    int count = 0;
    double sum = 0.0;
    double squares = 0.0;
    for (int i = 0; i < fit->datum_count; i++) {
        double weighted = fitted_datum(work->summary, i).weighted;
        if (fit->data[i].observable == observable && isfinite(weighted)) {
            seen[count++] = (Seen){fit->data[i].subject, fit->data[i].time, weighted, i};
            sum += weighted;
            squares += weighted * weighted;
        }
    }
    qsort(seen, (size_t)count, sizeof *seen, compare_seen);
    *into = (Residuals){.name = fit->observables[observable].name, .count = count};
    into->mean = count > 0 ? sum / count : (double)NAN;
    into->sd = count > 1 ? sqrt(fmax(squares - sum * sum / count, 0.0) / (count - 1)) : (double)NAN;
    into->shrinkage = 1.0 - into->sd;
    test_runs(seen, count, into);
    qsort(seen, (size_t)count, sizeof *seen, compare_residuals);
    for (int i = 0; i < count; i++) {
        work->summary->quantiles[seen[i].datum] = gsl_cdf_ugaussian_Pinv((i + 0.5) / count);
    }
}

/* How far estimates by subject are drawn together by their prior: 1 - sd(estimates) / sd(prior). */
static void find_shrinkage(Work *work)
{
    const Fit *fit = work->fit;
    FitSummary *summary = work->summary;
    summary->shrinkage =
        arena_array(work->arena, (size_t)fit->target_count + 1, sizeof *summary->shrinkage);
    for (int k = 0; k < fit->target_count; k++) {
        double sum = 0.0;
        double squares = 0.0;
        double prior = 0.0;
        int count = 0;
        for (int i = 0; i < fit->model_count; i++) {
            const FitParameter *one = &fit->parameters[i];
            if (one->parameter == fit->targets[k] && one->by_subject && one->has_prior) {
                sum += work->result->at[i];
                squares += work->result->at[i] * work->result->at[i];
                prior = one->prior_sd;
                count++;
            }
        }
        double variance = count > 1 ? fmax(squares - sum * sum / count, 0.0) / (count - 1) : 0.0;
        summary->shrinkage[k] = count > 1 ? 1.0 - sqrt(variance) / prior : (double)NAN;
    }
}

void fit_summary(const Fit *fit, const FitResult *result, Arena *arena, FitSummary *summary)
{
    assert(fit != NULL && result != NULL && result->best >= 0 && summary != NULL);
    *summary = (FitSummary){.fit = fit, .result = result};
    Work work = {.fit = fit, .result = result, .arena = arena, .summary = summary};
    work.free = arena_array(arena, (size_t)fit->parameter_count + 1, sizeof *work.free);
    work.count = information_rows(fit, result->at, work.free);
    find_covariance(&work);
    find_estimates(&work);
    find_criteria(&work);
    summary->residuals =
        arena_array(arena, (size_t)fit->observable_count, sizeof *summary->residuals);
    summary->quantiles = arena_array(arena, (size_t)fit->datum_count + 1, sizeof(double));
    for (int i = 0; i < fit->datum_count; i++) {
        summary->quantiles[i] = (double)NAN;
    }
    for (int i = 0; i < fit->observable_count; i++) {
        look_at_residuals(&work, i, &summary->residuals[i]);
    }
    find_shrinkage(&work);
}
