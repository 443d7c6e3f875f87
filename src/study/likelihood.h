/* likelihood.h: how probable the data are, given predictions: values, gradients, information.
 *
 * For a value y (its logarithm for a lognormal error) with prediction f and variance v:
 *
 *   -ln L = 1/2 ((y - f)^2 / v + ln v + ln 2 pi)        gradient: of f and v
 *   information = f' f'^T / v + v' v'^T / (2 v^2)       (expected, for the normal density)
 *
 * Censored values bring the logarithm of a probability (Beal 2001, M3). Where values lie above a
 * limit, or would not be there, all of this is conditioned on it: seen ones (M2), or all of them
 * (M4, above 0; Ahn 2008). Where one standard deviation is left to the residuals
 * (fit->concentrated), v is their mean square, which maximises L.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_STUDY_LIKELIHOOD_H
#define STROMA_STUDY_LIKELIHOOD_H

#include "study/objective.h"

/* What a trial amounts to. Arrays may be NULL where they are not wanted. */
typedef struct {
    double value;     // -ln L + prior: what is minimised
    double prior;     // its part from priors
    double *gradient; // (parameter_count)
    double *fisher;   // (parameter_count²)
} Likelihood;

/* False: the likelihood is not finite (a lognormal error and a prediction that is not positive
 * ...).
 */
bool likelihood_of(const Fit *fit, const Trial *trial, Likelihood *likelihood);

/* The same as a sum of squares: rows of residuals (weighted) and their Jacobian by the coordinates
 * of the model's parameters; priors come behind the data. Half of the sum is what is minimised. */
int residual_rows(const Fit *fit);
bool residuals_of(const Fit *fit, const Trial *trial, double *residual, double *jacobian);
/* True if the fit may be written so. */
bool is_sum_of_squares(const Fit *fit);
/* Is a value censored, or known to lie beyond a limit, be it 0? */
bool has_limits(const Fit *fit);

/* One value as it scatters: prediction and value on the scale of the error model, and the standard
 * deviation (1 where it is left to the residuals). False: there is none. */
bool datum_spread(const Fit *fit, const FitDatum *datum, const double *at, double predicted,
                  double *expected, double *seen, double *sd);

/* The first value whose prediction has no likelihood, -1: none. */
int likelihood_blame(const Fit *fit, const Trial *trial);

/* First values for the parameters of error models: at[model_count ..] from the residuals. */
void guess_errors(const Fit *fit, const Trial *trial, double *at);

/* The estimate of a standard deviation left to the residuals, from a sum of squares and how many
 * degrees of freedom it has. */
double residual_sum(const Fit *fit, const Trial *trial);

#endif
