/* cohort.c: draws subjects. See cohort.h for the idea.
 *
 * Sources: Gaussian copula, Nelsen (2006); inverse beta distribution function from GSL. The stream
 * of a quantity is the FNV-1a hash of its name. SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/cohort.h"

#include <assert.h>
#include <gsl/gsl_cdf.h>
#include <math.h>

int cohort_member(const Population *population, int subject, int level)
{
    if (level == LEVEL_PATIENT) {
        return subject;
    }
    assert(level >= 1 && level <= population->level_count);
    // Dealt out in turn at the innermost level, so that every donor and lot is used equally often;
    // an outer level follows from the inner one.
    int inner = population->level_count;
    int member = subject % population->levels[inner - 1].count;
    while (inner > level) {
        inner--;
        member %= population->levels[inner - 1].count;
    }
    return member;
}

static uint32_t stream_of(const char *name)
{
    uint32_t hash = 2166136261u;
    for (; *name; name++) {
        hash = (hash ^ (unsigned char)*name) * 16777619u;
    }
    return hash;
}

/* The standard normal number of one quantity for one subject, before correlation. */
static double own_normal(const Model *model, const Population *population, const Vary *vary,
                         int subject, int attempt)
{
    RandomKey key = {population->seed, stream_of(model_label(model, vary->ref)->name),
                     (uint32_t)cohort_member(population, subject, vary->level)};
    // A donor keeps his value when a patient's draw is refused.
    return random_normal(key, vary->level == LEVEL_PATIENT ? (uint32_t)attempt : 0);
}

static double phi(double z)
{
    return 0.5 * erfc(-z / sqrt(2.0));
}

/* The other way round; 0 and 1 lead to the ends. */
static double inverse_phi(double p)
{
    return p <= 0 ? -HUGE_VAL : p >= 1 ? HUGE_VAL : gsl_cdf_ugaussian_Pinv(p);
}

static double logit(double x)
{
    return log(x / (1 - x));
}

static double triangular_quantile(const Vary *vary, double u)
{
    double width = vary->b - vary->a;
    double left = (vary->mode - vary->a) / width;
    return u < left ? vary->a + sqrt(u * width * (vary->mode - vary->a))
                    : vary->b - sqrt((1 - u) * width * (vary->b - vary->mode));
}

/* Distribution function of those whose quantile goes through Φ. */
static double probability_below(const Vary *vary, double x)
{
    bool own_ends = vary->distribution == DRAW_BETA;
    double low = own_ends ? vary->low : vary->a;
    double high = own_ends ? vary->high : vary->b;
    if (x <= low || x >= high) {
        return x <= low ? 0 : 1;
    }
    switch (vary->distribution) {
    case DRAW_UNIFORM:
        return (x - low) / (high - low);
    case DRAW_LOGUNIFORM:
        return log(x / low) / log(high / low);
    case DRAW_BETA:
        return gsl_cdf_beta_P((x - low) / (high - low), vary->a, vary->b);
    case DRAW_TRIANGULAR:
        return x < vary->mode ? (x - low) * (x - low) / ((high - low) * (vary->mode - low))
                              : 1 - (high - x) * (high - x) / ((high - low) * (high - vary->mode));
    default:
        return (double)NAN;
    }
}

static double categorical_quantile(const Vary *vary, double u)
{
    int i = 0;
    while (i < vary->value_count - 1 && u > vary->weights[i]) {
        i++;
    }
    return vary->values[i];
}

/* Quantile at the standard normal number z, without truncation. */
static double quantile(const Vary *vary, double location, double z)
{
    switch (vary->distribution) {
    case DRAW_LOGNORMAL:
        return location * exp(vary->b * z);
    case DRAW_NORMAL:
        return location + vary->b * z;
    case DRAW_UNIFORM:
        return vary->a + (vary->b - vary->a) * phi(z);
    case DRAW_LOGUNIFORM:
        return vary->a * pow(vary->b / vary->a, phi(z));
    case DRAW_LOGITNORMAL: {
        double width = vary->high - vary->low;
        double x = logit((location - vary->low) / width) + vary->b * z;
        return vary->low + width / (1 + exp(-x));
    }
    case DRAW_BETA:
        return vary->low + (vary->high - vary->low) * gsl_cdf_beta_Pinv(phi(z), vary->a, vary->b);
    case DRAW_TRIANGULAR:
        return triangular_quantile(vary, phi(z));
    case DRAW_CATEGORICAL:
        return categorical_quantile(vary, phi(z));
    case DRAW_LIST:
        break; // not drawn: cohort_draw
    }
    return (double)NAN;
}

/* The standard normal number at which a bound lies. */
static double bound_normal(const Vary *vary, double location, double bound)
{
    if (isinf(bound)) {
        return bound;
    }
    switch (vary->distribution) {
    case DRAW_LOGNORMAL:
        return bound <= 0 ? -HUGE_VAL : log(bound / location) / vary->b;
    case DRAW_NORMAL:
        return (bound - location) / vary->b;
    case DRAW_LOGITNORMAL: {
        double x = (bound - vary->low) / (vary->high - vary->low);
        double middle = (location - vary->low) / (vary->high - vary->low);
        return x <= 0 ? -HUGE_VAL : x >= 1 ? HUGE_VAL : (logit(x) - logit(middle)) / vary->b;
    }
    default:
        return inverse_phi(probability_below(vary, bound));
    }
}

/* Squeezes z into the part of the distribution between two normal numbers. The tail that is nearer
 * is reckoned with, so that the far ends of a distribution keep their digits. */
static double squeeze(double z, double low, double high)
{
    if (low > 0 || (high == HUGE_VAL && low > -HUGE_VAL)) {
        return -squeeze(-z, -high, -low);
    }
    double from = phi(low);
    double room = phi(high) - from;
    return inverse_phi(from + room * phi(z));
}

static bool has_spread(const Vary *vary)
{
    return (vary->distribution != DRAW_LOGNORMAL && vary->distribution != DRAW_NORMAL &&
            vary->distribution != DRAW_LOGITNORMAL) ||
           vary->b > 0;
}

/* Truncated, and with something to be cut off? */
static bool is_cut(const Vary *vary)
{
    return has_spread(vary) && vary->distribution != DRAW_CATEGORICAL &&
           vary->distribution != DRAW_LIST && (isfinite(vary->min) || isfinite(vary->max));
}

double cohort_share(const Vary *vary, double location)
{
    double centre = vary->own_location ? location : vary->a;
    if (!is_cut(vary)) { // a point is inside or outside
        return has_spread(vary) || (vary->min <= centre && centre <= vary->max) ? 1 : 0;
    }
    double low = bound_normal(vary, centre, vary->min);
    double high = bound_normal(vary, centre, vary->max);
    return low > 0 ? phi(-low) - phi(-high) : phi(high) - phi(low);
}

double cohort_value(const Vary *vary, double location, double z)
{
    double centre = vary->own_location ? location : vary->a;
    if (is_cut(vary)) {
        z = squeeze(z, bound_normal(vary, centre, vary->min),
                    bound_normal(vary, centre, vary->max));
    }
    double value = quantile(vary, centre, z);
    return value < vary->min ? vary->min : value > vary->max ? vary->max : value;
}

/* Normal numbers of all quantities, correlated: z = L e over the correlated ones. */
static double joined_normal(const Model *model, const Population *population, int index,
                            int subject, int attempt)
{
    int count = population->correlated_count;
    for (int row = 0; row < count; row++) {
        if (population->correlated[row] != index) {
            continue;
        }
        double z = 0;
        for (int k = 0; k <= row; k++) {
            const Vary *other = &population->vary[population->correlated[k]];
            double part = population->factor[row * count + k];
            z += part == 0 ? 0 : part * own_normal(model, population, other, subject, attempt);
        }
        return z;
    }
    return own_normal(model, population, &population->vary[index], subject, attempt);
}

void cohort_draw(const Model *model, const Population *population, int subject, int attempt,
                 double *parameters, double *covariates)
{
    assert(subject >= 0 && subject < population->size);
    for (int i = 0; i < population->vary_count; i++) {
        const Vary *vary = &population->vary[i];
        double *place = vary->ref.kind == NAME_COVARIATE ? &covariates[vary->ref.index]
                                                         : &parameters[vary->ref.index];
        double own = *place;
        if (population->table) {
            *place = table_cell(population->table, (size_t)subject, population->table_column[i]);
        } else if (vary->distribution == DRAW_LIST) {
            *place =
                vary->values[cohort_member(population, subject, vary->level) % vary->value_count];
        } else {
            double z = joined_normal(model, population, i, subject, attempt);
            *place = cohort_value(vary, own, z);
        }
        *place *= vary->relative ? own : 1;
    }
}

double cohort_id(const Population *population, int subject)
{
    return population->table && population->id_column >= 0
               ? table_cell(population->table, (size_t)subject, population->id_column)
               : subject + 1.0;
}

double cohort_weight(const Population *population, int subject)
{
    return population->table && population->weight_column >= 0
               ? table_cell(population->table, (size_t)subject, population->weight_column)
               : 1.0;
}
