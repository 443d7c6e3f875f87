/* likelihood.c: see likelihood.h.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/likelihood.h"

#include <assert.h>
#include <float.h>
#include <gsl/gsl_sf_erf.h>
#include <math.h>
#include <string.h>

static const double LOG_TWO_PI = 1.8378770664093454836;

/* One value: prediction g and value y on the scale of the error model, variance v, and their slopes
 * with respect to each coordinate. */
typedef struct {
    double g, y, v, limit;
    double floor;   // all values lie above it, or would not be there; NAN: none
    double g_of_f;  // dg / df
    double v_of_f;  // dv / df
    double v_of_sd; // dv / d ln sd, and cv
    double v_of_cv;
    double constant; // added to -ln L
} Term;

/* --- one value -----------------------------------------------------------------------------------
 */

static double number_of(const Fit *fit, const double *at, int index, double given)
{
    return index >= 0 ? scale_back(&fit->parameters[index], at[index]) : given;
}

/* The variance before weights; false: none. */
static bool set_variance(const Fit *fit, const FitDatum *datum, const double *at, double f,
                         Term *term)
{
    const FitObservable *one = &fit->observables[datum->observable];
    double sd = number_of(fit, at, one->sd_index, one->sd);
    double cv = number_of(fit, at, one->cv_index, one->cv);
    bool relative = one->error == ERROR_PROPORTIONAL || one->error == ERROR_COMBINED;
    bool absolute = one->error != ERROR_PROPORTIONAL;
    if (!isnan(datum->sd)) { // of ln y it is about sd / y
        sd = one->error == ERROR_LOGNORMAL ? datum->sd / datum->value : datum->sd;
        absolute = true;
        relative = false;
    } else if (fit->concentrated) {
        sd = 1.0;
    }
    double first = absolute ? sd * sd : 0.0;
    double second = relative ? cv * cv * f * f : 0.0;
    bool free = isnan(datum->sd);
    term->v = (first + second) / datum->weight;
    term->v_of_f = relative ? 2.0 * cv * cv * f / datum->weight : 0.0;
    term->v_of_sd = free && one->sd_index >= 0 && absolute ? 2.0 * first / datum->weight : 0.0;
    term->v_of_cv = free && one->cv_index >= 0 && relative ? 2.0 * second / datum->weight : 0.0;
    return isfinite(term->v) && term->v > 0.0;
}

/* M2: values seen lie above their limit. M4: all of them, without one, above 0. The limit of a
 * value between two is what was observed, not what is given: it moves the beginning of what can be
 * only where it lies below 0. */
static double floor_of(const FitObservable *one, const FitDatum *datum)
{
    if (datum->censored == 0) {
        return one->blq == BLQ_M4 && isnan(datum->limit) ? 0.0 : datum->limit;
    }
    if (one->blq != BLQ_M4) {
        return (double)NAN;
    }
    return datum->censored > 0 && datum->limit < 0.0 ? datum->limit : 0.0;
}

/* The logarithm of a bound; a lognormal value lies above 0 anyway. */
static double log_bound(double bound)
{
    return bound > 0.0 ? log(bound) : (double)NAN;
}

static bool term_of(const Fit *fit, const FitDatum *datum, const double *at, double f, Term *term)
{
    const FitObservable *one = &fit->observables[datum->observable];
    bool log_scale = one->error == ERROR_LOGNORMAL;
    *term = (Term){.g = f,
                   .y = datum->value,
                   .limit = datum->limit,
                   .floor = floor_of(one, datum),
                   .g_of_f = 1.0};
    if (log_scale) {
        term->g = log(f);
        term->y = log(datum->value);
        term->limit = log_bound(term->limit);
        term->floor = log_bound(term->floor);
        term->g_of_f = 1.0 / f;
        term->constant = datum->censored == 0 ? term->y : 0.0; // dy / d ln y
    }
    return isfinite(term->g) && set_variance(fit, datum, at, f, term);
}

bool datum_spread(const Fit *fit, const FitDatum *datum, const double *at, double predicted,
                  double *expected, double *seen, double *sd)
{
    Term term;
    if (!term_of(fit, datum, at, predicted, &term)) {
        return false;
    }
    *expected = term.g;
    *seen = term.y;
    *sd = sqrt(term.v);
    return true;
}

int likelihood_blame(const Fit *fit, const Trial *trial)
{
    for (int i = 0; i < fit->datum_count; i++) {
        Term term;
        if (!isfinite(trial->predicted[i]) ||
            !term_of(fit, &fit->data[i], trial->at, trial->predicted[i], &term)) {
            return i;
        }
    }
    return -1;
}

/* ln Phi(u), and phi(u) / Phi(u); GSL's own quotient gives up where it underflows. */
static double log_below(double u)
{
    return gsl_sf_log_erfc(-u * M_SQRT1_2) - M_LN2;
}

static double hazard_below(double u)
{
    return exp(-0.5 * (u * u + LOG_TWO_PI) - log_below(u));
}

/* What a value adds: value, and derivatives by g and v with their (positive) curvature. */
typedef struct {
    double value, by_g, by_v;
    double gg, gv, vv;
} Piece;

static Piece of_density(const Term *term)
{
    double r = term->y - term->g;
    double v = term->v;
    return (Piece){.value = 0.5 * (r * r / v + log(v) + LOG_TWO_PI) + term->constant,
                   .by_g = -r / v,
                   .by_v = 0.5 * (1.0 / v - r * r / (v * v)),
                   .gg = 1.0 / v,
                   .vv = 0.5 / (v * v)};
}

/* Adds the slopes of a function of u = sign (bound - g) / sqrt(v) with first and second derivative.
 */
static void add_of_u(const Term *term, double u, double sign, double first, double second,
                     Piece *piece)
{
    double u_g = -sign / sqrt(term->v);
    double u_v = -0.5 * u / term->v;
    piece->by_g += first * u_g;
    piece->by_v += first * u_v;
    piece->gg += second * u_g * u_g;
    piece->gv += second * u_g * u_v;
    piece->vv += second * u_v * u_v;
}

/* - ln P(below the bound), sign 1, or above it, sign -1. */
static void add_tail(const Term *term, double bound, double sign, Piece *piece)
{
    double u = sign * (bound - term->g) / sqrt(term->v);
    double hazard = hazard_below(u);
    piece->value -= log_below(u);
    add_of_u(term, u, sign, -hazard, hazard * (hazard + u), piece);
}

/* + ln P(above the floor): the value is one of those that can be. */
static void add_condition(const Term *term, Piece *piece)
{
    double u = (term->g - term->floor) / sqrt(term->v);
    double hazard = hazard_below(u);
    piece->value += log_below(u);
    add_of_u(term, u, -1.0, hazard, 0.0, piece);
}

/* ln (Phi(b) - Phi(a)), also where both lie so far out that nothing is left of the difference. */
static double log_between(double a, double b)
{
    double p = a > 0.0 ? 0.5 * (erfc(a * M_SQRT1_2) - erfc(b * M_SQRT1_2))
                       : 0.5 * (erfc(-b * M_SQRT1_2) - erfc(-a * M_SQRT1_2));
    if (p >= DBL_MIN) {
        return log(p);
    }
    double near = log_below(a > 0.0 ? -a : b);
    double far = log_below(a > 0.0 ? -b : a);
    return near + log(-expm1(far - near));
}

/* - ln P(between two bounds); curvature by the outer product of the gradient. */
static bool add_interval(const Term *term, double low, double high, Piece *piece)
{
    double root = sqrt(term->v);
    double a = (low - term->g) / root;
    double b = (high - term->g) / root;
    double log_p = log_between(a, b);
    if (!isfinite(log_p)) {
        return false;
    }
    double of_a = exp(-0.5 * (a * a + LOG_TWO_PI) - log_p);
    double of_b = exp(-0.5 * (b * b + LOG_TWO_PI) - log_p);
    double by_g = (of_b - of_a) / root;
    double by_v = 0.5 * (of_b * b - of_a * a) / term->v;
    piece->value -= log_p;
    piece->by_g += by_g;
    piece->by_v += by_v;
    piece->gg += by_g * by_g;
    piece->gv += by_g * by_v;
    piece->vv += by_v * by_v;
    return true;
}

static bool piece_of(const FitDatum *datum, const Term *term, Piece *piece)
{
    *piece = (Piece){0};
    if (datum->censored == 0) {
        *piece = of_density(term);
    } else if (isnan(term->limit)) {
        add_tail(term, term->y, datum->censored > 0 ? 1.0 : -1.0, piece);
    } else {
        double low = datum->censored > 0 ? term->limit : term->y;
        double high = datum->censored > 0 ? term->y : term->limit;
        if (!add_interval(term, low, high, piece)) {
            return false;
        }
    }
    if (!isnan(term->floor)) {
        add_condition(term, piece);
    }
    return isfinite(piece->value);
}

/* --- all values ----------------------------------------------------------------------------------
 */

/* d g and d v by each coordinate that they depend on. */
static void slopes_of(const Fit *fit, const FitDatum *datum, const Term *term, const double *slope,
                      double *g, double *v)
{
    const FitObservable *one = &fit->observables[datum->observable];
    for (int k = 0; k < fit->model_count; k++) {
        g[k] = term->g_of_f * slope[k];
        v[k] = term->v_of_f * slope[k];
    }
    for (int k = fit->model_count; k < fit->parameter_count; k++) {
        g[k] = 0.0;
        v[k] = k == one->sd_index ? term->v_of_sd : k == one->cv_index ? term->v_of_cv : 0.0;
    }
}

static void add_piece(const Fit *fit, const Piece *piece, const double *g, const double *v,
                      Likelihood *likelihood)
{
    int count = fit->parameter_count;
    for (int i = 0; i < count; i++) {
        if (likelihood->gradient != NULL) {
            likelihood->gradient[i] += piece->by_g * g[i] + piece->by_v * v[i];
        }
        if (likelihood->fisher == NULL || (g[i] == 0.0 && v[i] == 0.0)) {
            continue;
        }
        double *row = likelihood->fisher + (size_t)i * (size_t)count;
        for (int k = 0; k < count; k++) {
            row[k] += piece->gg * g[i] * g[k] + piece->gv * (g[i] * v[k] + v[i] * g[k]) +
                      piece->vv * v[i] * v[k];
        }
    }
}

static void add_priors(const Fit *fit, const double *at, Likelihood *likelihood)
{
    for (int i = 0; i < fit->model_count; i++) {
        const FitParameter *one = &fit->parameters[i];
        if (!one->has_prior) {
            continue;
        }
        double z = (at[i] - one->prior_mean) / one->prior_sd;
        likelihood->prior += 0.5 * z * z;
        if (likelihood->gradient != NULL) {
            likelihood->gradient[i] += z / one->prior_sd;
        }
        if (likelihood->fisher != NULL) {
            likelihood->fisher[(size_t)i * (size_t)fit->parameter_count + (size_t)i] +=
                1.0 / (one->prior_sd * one->prior_sd);
        }
    }
    likelihood->value += likelihood->prior;
}

/* With the variance that is best for these residuals: -ln L = n/2 (ln(S / n) + 1 + ln 2 pi) ... */
static void concentrate(const Fit *fit, double sum, double logs, Likelihood *likelihood)
{
    double n = fit->datum_count;
    double v = sum / n;
    size_t count = (size_t)fit->parameter_count;
    likelihood->value = 0.5 * (n * (log(v) + 1.0 + LOG_TWO_PI) + logs);
    for (size_t i = 0; i < count && likelihood->gradient != NULL; i++) {
        likelihood->gradient[i] /= v;
    }
    for (size_t i = 0; i < count * count && likelihood->fisher != NULL; i++) {
        likelihood->fisher[i] /= v;
    }
}

bool likelihood_of(const Fit *fit, const Trial *trial, Likelihood *likelihood)
{
    assert(fit != NULL && trial != NULL && likelihood != NULL);
    size_t count = (size_t)fit->parameter_count;
    Arena *scratch = arena_new();
    double *g = arena_array(scratch, count + 1, sizeof *g);
    double *v = arena_array(scratch, count + 1, sizeof *v);
    bool slopes = likelihood->gradient != NULL || likelihood->fisher != NULL;
    assert(!slopes || trial->slope != NULL);
    likelihood->value = likelihood->prior = 0.0;
    if (likelihood->gradient != NULL) {
        memset(likelihood->gradient, 0, count * sizeof(double));
    }
    if (likelihood->fisher != NULL) {
        memset(likelihood->fisher, 0, count * count * sizeof(double));
    }
    double sum = 0.0;
    double logs = 0.0;
    bool good = true;
    for (int i = 0; i < fit->datum_count && good; i++) {
        Term term;
        Piece piece;
        const FitDatum *datum = &fit->data[i];
        good = term_of(fit, datum, trial->at, trial->predicted[i], &term) &&
               piece_of(datum, &term, &piece);
        if (!good) {
            break;
        }
        sum += (term.y - term.g) * (term.y - term.g) / term.v;
        logs += log(term.v) + 2.0 * term.constant;
        likelihood->value += piece.value;
        if (slopes) {
            slopes_of(fit, datum, &term, trial->slope + (size_t)i * (size_t)fit->model_count, g, v);
            add_piece(fit, &piece, g, v, likelihood);
        }
    }
    arena_free(scratch);
    if (good && fit->concentrated) {
        concentrate(fit, sum, logs, likelihood);
    }
    add_priors(fit, trial->at, likelihood);
    return good && isfinite(likelihood->value);
}

/* --- squares -------------------------------------------------------------------------------------
 */

bool has_limits(const Fit *fit)
{
    bool limits = false;
    for (int i = 0; i < fit->datum_count; i++) {
        const FitDatum *datum = &fit->data[i];
        const FitObservable *one = &fit->observables[datum->observable];
        bool positive = one->blq == BLQ_M4 && one->error != ERROR_LOGNORMAL;
        limits = limits || datum->censored != 0 || !isnan(datum->limit) || positive;
    }
    return limits;
}

bool is_sum_of_squares(const Fit *fit)
{
    bool squares = fit->parameter_count == fit->model_count && !has_limits(fit);
    for (int i = 0; i < fit->observable_count; i++) {
        ErrorKind error = fit->observables[i].error;
        squares = squares && (error == ERROR_ADDITIVE || error == ERROR_LOGNORMAL);
    }
    return squares;
}

int residual_rows(const Fit *fit)
{
    int rows = fit->datum_count;
    for (int i = 0; i < fit->model_count; i++) {
        rows += fit->parameters[i].has_prior;
    }
    return rows;
}

bool residuals_of(const Fit *fit, const Trial *trial, double *residual, double *jacobian)
{
    assert(is_sum_of_squares(fit));
    size_t columns = (size_t)fit->model_count;
    for (int i = 0; i < fit->datum_count; i++) {
        Term term;
        if (!term_of(fit, &fit->data[i], trial->at, trial->predicted[i], &term)) {
            return false;
        }
        double root = sqrt(term.v);
        residual[i] = (term.g - term.y) / root;
        for (size_t k = 0; k < columns && jacobian != NULL; k++) {
            jacobian[(size_t)i * columns + k] =
                term.g_of_f * trial->slope[(size_t)i * columns + k] / root;
        }
    }
    size_t row = (size_t)fit->datum_count;
    for (size_t i = 0; i < columns; i++) {
        const FitParameter *one = &fit->parameters[i];
        if (!one->has_prior) {
            continue;
        }
        residual[row] = (trial->at[i] - one->prior_mean) / one->prior_sd;
        if (jacobian != NULL) {
            memset(jacobian + row * columns, 0, columns * sizeof *jacobian);
            jacobian[row * columns + i] = 1.0 / one->prior_sd;
        }
        row++;
    }
    return true;
}

double residual_sum(const Fit *fit, const Trial *trial)
{
    double sum = 0.0;
    for (int i = 0; i < fit->datum_count; i++) {
        Term term;
        if (term_of(fit, &fit->data[i], trial->at, trial->predicted[i], &term)) {
            sum += (term.y - term.g) * (term.y - term.g) / term.v;
        }
    }
    return sum;
}

/* --- first values --------------------------------------------------------------------------------
 */

static void guess_one(const Fit *fit, const Trial *trial, int index, double *at)
{
    const FitObservable *one = &fit->observables[index];
    double absolute = 0.0;
    double relative = 0.0;
    double size = 0.0;
    int count = 0;
    for (int i = 0; i < fit->datum_count; i++) {
        const FitDatum *datum = &fit->data[i];
        double f = trial->predicted[i];
        if (datum->observable != index || datum->censored != 0) {
            continue;
        }
        bool log_scale = one->error == ERROR_LOGNORMAL && f > 0.0;
        double r = log_scale ? log(datum->value / f) : datum->value - f;
        double part = f != 0.0 ? fabs(datum->value - f) / fabs(f) : 1.0;
        absolute += datum->weight * r * r;
        relative += fmin(part, 1.0);
        size += datum->value * datum->value;
        count++;
    }
    bool both = one->sd_index >= 0 && one->cv_index >= 0;
    double sd = count > 0 ? sqrt(absolute / count) : 1.0;
    double least = one->error == ERROR_LOGNORMAL ? 1e-4
                   : count > 0                   ? 1e-4 * sqrt(size / count)
                                                 : 1.0;
    double cv = count > 0 ? fmax(relative / count, 1e-4) : 0.1;
    sd = fmax(fmax(sd, least) * (both ? 0.3 : 1.0), 1e-300);
    if (one->sd_index >= 0) {
        at[one->sd_index] = log(sd);
    }
    if (one->cv_index >= 0) {
        at[one->cv_index] = log(cv * (both ? 0.7 : 1.0));
    }
}

void guess_errors(const Fit *fit, const Trial *trial, double *at)
{
    for (int i = 0; i < fit->observable_count; i++) {
        guess_one(fit, trial, i, at);
    }
}
