/* information.h: how much the data say at an estimate: the matrix, by coordinates, whose inverse is
 * the covariance.
 *
 * Where all values were seen, it is the expected information (likelihood.h): exact for a normal
 * error, never indefinite, without second derivatives of the model. A value beyond a limit has no
 * such short cut. What is to be expected of it depends on where it might have been censored, which
 * the data do not say; and ln Phi(u) bends along u, and u itself along mean and spread. So one
 * value with a limit is enough for the observed information of all: the Hessian of -ln L + prior,
 * which is also the better one around the estimate that was found (Efron & Hinkley 1978).
 *
 * The Hessian is the exact gradient differenced, since second derivatives of the model are not to
 * be had more exactly: the part with them would be differenced anyway. Differences are central,
 * along the axes of the expected information, in units of the standard error on each: so the
 * smallest of them is told as well as the largest, and a solver's error counts as what it is. Their
 * steps shrink from a fifth, with extrapolation, to where they agree best (Ridders 1982). Both ends
 * of a step run side by side; in one pack they share the solver's steps, whose error then cancels.
 *
 * Where the Hessian is not positive definite (the search did not end in a minimum), or cannot be
 * told, the expected information stands in, and `kind` says so.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_STUDY_INFORMATION_H
#define STROMA_STUDY_INFORMATION_H

#include "study/likelihood.h"

#include <gsl/gsl_matrix.h>
#include <gsl/gsl_vector.h>

typedef enum {
    INFORMATION_EXPECTED, // all values were seen
    INFORMATION_OBSERVED,
    // Expected, though not all were seen, because the Hessian
    INFORMATION_INDEFINITE, // is not positive definite
    INFORMATION_UNSURE,     // cannot be told: its differences disagree, or cannot be simulated
    INFORMATION_STOPPED     // was not waited for
} InformationKind;

typedef struct {
    InformationKind kind;
    const double *matrix; // (parameter_count²)
    double error; // of the Hessian, relative to the expected information; NaN: not looked for
} Information;

typedef struct {
    const Study *study;
    const Tape *tape;       // objective_tape
    const double *at;       // (parameter_count) the estimate
    const double *expected; // (parameter_count²) likelihood_of there
    int jobs;               // threads, 0: all cores; the result does not depend on it
    const volatile int *stop;
} InformationTask;

/* The matrix is in `arena`, or that of the task. */
Information information_find(const InformationTask *task, Arena *arena);

/* Which of the two it is. */
const char *information_word(InformationKind kind);

/* The coordinates that are not at a bound, ascending; how many. rows: (parameter_count). */
int information_rows(const Fit *fit, const double *at, int *rows);

/* These rows and columns of a matrix (all × all), scaled to unit diagonal by `unit` (count), the
 * roots of the diagonal: eigenvalues, ascending, and vectors (columns). False: it is not finite. */
bool information_decompose(const double *matrix, size_t all, const int *rows, size_t count,
                           double *unit, gsl_vector *values, gsl_matrix *vectors);
/* Is this one of the eigenvalues rounding only? */
bool information_is_null(const gsl_vector *values, size_t index);

#endif
