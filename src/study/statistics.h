/* statistics.h: mean, spread and quantiles of numbers, NaN left out, each with a weight or none.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_STUDY_STATISTICS_H
#define STROMA_STUDY_STATISTICS_H

typedef struct {
    int count;        // numbers that are not NaN
    double mean;      // NaN if there is none
    double sd;        // NaN below two
    double effective; // (Σw)² / Σw²: the count if there are no weights
} Moments;

/* weights: (count) or NULL. The order of summation is that of the values. */
Moments moments_of(const double *values, const double *weights, int count);

/* Quantiles of type 7 of Hyndman and Fan (1996), levels ascending within 0 .. 1; with weights its
 * weighted form, which is the same when all weights are equal. `values` is put into another order;
 * scratch: (2 × count), used only with weights. */
void quantiles_of(double *values, const double *weights, int count, double *scratch,
                  const double *levels, int level_count, double *quantiles);

/* 95 % interval of a mean by Student's t; NaN below two. */
void interval_of(const Moments *moments, double *low, double *high);

#endif
