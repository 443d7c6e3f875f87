/* fit_summary.h: what a fit amounts to: estimates and how sure they are, criteria, residuals.
 *
 * Standard errors come from the information at the estimate (information.h), in coordinates; values
 * get theirs by the slope of the scale. Where one standard deviation was left to the residuals, its
 * square is their sum over n - p (as in least squares everywhere), and intervals are those of
 * Student's t with n - p degrees of freedom; else the normal ones. A parameter at a bound counts as
 * fixed there. SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_STUDY_FIT_SUMMARY_H
#define STROMA_STUDY_FIT_SUMMARY_H

#include "study/fit_run.h"

typedef struct {
    const char *name, *unit;
    FitScale scale;
    double value, se, rse;      // rse: percent of the value
    double low, high;           // 95 %, symmetric on the scale
    double wald_low, wald_high; // 95 %, symmetric in values
    double coordinate, coordinate_se;
    double start;
    bool at_bound;
    bool determined; // false: the data say nothing about it alone; its numbers are NaN
} Estimate;

typedef struct {
    double value;         // of the information, scaled to unit diagonal
    const double *vector; // (parameter_count) its direction
} Direction;

/* Residuals of one observable. */
typedef struct {
    const char *name;
    int count;
    double mean, sd;    // of weighted residuals
    double shrinkage;   // 1 - sd
    int runs, expected; // of signs in time
    double runs_p;      // Wald & Wolfowitz (1940), two-sided
} Residuals;

typedef struct {
    const FitResult *result;
    const Fit *fit;
    Estimate
        *estimates; // (estimate_count) the parameters, then a standard deviation left to residuals
    int estimate_count;
    double *correlation;   // (parameter_count²) NaN where not determined
    Direction *directions; // (direction_count) of the free coordinates, weakest first
    int direction_count;
    double condition; // largest over smallest eigenvalue of the scaled information
    double minus_two_log, aic, aicc, bic;
    int parameters; // estimated, standard deviations included
    int values;
    int freedom;          // n - p for Student's t; 0: normal
    double sum;           // of weighted squares
    double sd;            // concentrated: root of sum / freedom
    Residuals *residuals; // (fit->observable_count)
    double *quantiles;    // (fit->datum_count)
    double *shrinkage;    // (fit->target_count) of parameters by subject with a prior, else NaN
} FitSummary;

void fit_summary(const Fit *fit, const FitResult *result, Arena *arena, FitSummary *summary);

/* One value of the data beside its prediction. */
typedef struct {
    double predicted, residual, weighted, sd; // NaN where there is none
} FittedDatum;
FittedDatum fitted_datum(const FitSummary *summary, int datum);
/* Where its weighted residual would lie if all of its observable were normal. */
double fitted_quantile(const FitSummary *summary, int datum);

/* The fitted model between the times of the data: each observable of each subject that has values
 * of it, at even times, and at those of the data. */
typedef struct {
    const Fit *fit;          // whose data are the points of the curves
    const double *predicted; // (fit->datum_count)
} FitCurves;
/* False: it cannot be simulated there. */
bool fit_curves(const Study *study, const double *at, Arena *arena, FitCurves *curves);

/* Files and words, each a text. */
const char *fit_json(const Study *study, const FitSummary *summary, const char *command,
                     Arena *arena);
void fit_print(const Study *study, const FitSummary *summary, Text *text);

#endif
