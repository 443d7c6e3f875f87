/* densely.h: dense LU with partial pivoting, one lane after the other: the careful way.
 *
 * Used where the sparse program without pivoting loses its digits, where the user asks for it, and
 * by the search for a steady state. Rows are scaled by their largest entry when a pivot is chosen,
 * so that the units of the states do not decide (Golub and Van Loan, Matrix Computations, 3.4).
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_SIMULATE_DENSELY_H
#define STROMA_SIMULATE_DENSELY_H

#include "simulate/blocklu.h"

/* Factorises the n × n matrix a (rows) in place. `scale` is n numbers of scratch. False if a pivot
 * is zero or not finite. */
bool dense_factor(double *a, int n, int *pivot, double *scale);
/* Overwrites b with the solution. */
void dense_solve(const double *a, int n, const int *pivot, double *b);

/* The same for the lanes of a pack. */
typedef struct {
    Pattern pattern;
    int width;
    double *matrix; // (width × states × states)
    int *pivot;     // (width × states)
    double *column; // (states) scratch
    bool *good;     // (width)
} DenseLanes;

DenseLanes *densely_open(Arena *arena, Pattern pattern, int width);
/* I - gamma J of every lane. */
void densely_factor(DenseLanes *dense, const double *jacobian, double gamma);
void densely_solve(DenseLanes *dense, const double *b, double *x);

/* a = I - gamma J of one lane; jacobian points at the lane's first entry, `stride` apart. */
void dense_matrix(Pattern pattern, const double *jacobian, int stride, double gamma, double *a);

#endif
