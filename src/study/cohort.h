/* cohort.h: virtual subjects: the numbers of subject i are a pure function of (seed, i, name).
 *
 * A Population says which parameters and covariates vary, how, and at which level: a value of level
 * donor is shared by all subjects who get that donor. Each varied quantity has a stream of random
 * numbers keyed by its own name, so that adding one, or reordering, changes no other value;
 * subjects are numbered from 1 and drawn alone, so that threads, packs and shards cannot matter.
 * The same subjects appear in every arm: an arm that sets a varied parameter moves its location,
 * not its draw.
 *
 * Correlated quantities are joined by a Gaussian copula (Cholesky factor of the correlation
 * matrix); truncation is by the distribution function, never by rejection. `accept` conditions
 * repeat the draw (attempt 0, 1, ...) until they hold. SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_STUDY_COHORT_H
#define STROMA_STUDY_COHORT_H

#include "base/random.h"
#include "model/model.h"
#include "table/table.h"

#include <stdbool.h>
#include <stdint.h>

typedef enum {
    DRAW_LOGNORMAL,   // a: median, b: standard deviation of the logarithm
    DRAW_NORMAL,      // a: mean, b: standard deviation
    DRAW_UNIFORM,     // a: low, b: high
    DRAW_LOGUNIFORM,  // a: low, b: high
    DRAW_LOGITNORMAL, // a: median (between low and high), b: standard deviation of the logit
    DRAW_BETA,        // a, b: the two shapes; scaled to low .. high
    DRAW_TRIANGULAR,  // a: low, b: high, mode
    DRAW_CATEGORICAL, // values with weights
    DRAW_LIST         // values in turn, the first for subject 1
} Distribution;

enum { LEVEL_PATIENT = 0, MOST_LEVELS = 4 };

typedef struct {
    NameRef ref; // NAME_PARAMETER or NAME_COVARIATE
    Distribution distribution;
    bool own_location; // a is the arm's own value (no median or mean was written)
    bool relative;     // what is drawn is a factor of the arm's own value
    double a, b, mode;
    double low, high; // logit-normal, beta: the ends (0 and 1 if not given)
    double min, max;  // truncation; -INFINITY, INFINITY if none
    double *values;   // (value_count) categorical, list
    double *weights;  // (value_count) cumulative, the last is 1
    int value_count;
    int level;          // LEVEL_PATIENT or an index into levels + 1
    const char *source; // the key of that name, or NULL
    Span span;
} Vary;

/* A level above the patient: donors, lots of a donor. Subjects are dealt out in turn. */
typedef struct {
    const char *name;
    int count; // how many there are in all (for lots: of all donors together)
} Level;

typedef struct {
    int size; // subjects
    uint64_t seed;
    Vary *vary;
    int vary_count;
    int *correlated; // (correlated_count) indices into vary
    double *factor;  // (correlated_count²) lower Cholesky factor, row by row
    int correlated_count;
    Level levels[MOST_LEVELS]; // outermost first
    int level_count;
    Expr *accept; // (accept_count) conditions at the start; all must be non-zero
    const char **accept_text;
    int accept_count;
    int attempts;       // most draws for one subject (default 1000)
    const Table *table; // population.file: one row per subject instead of distributions, or NULL
    int *table_column;  // (vary_count) column of each varied quantity
    int weight_column;  // column of weights in the table, -1: none
    int id_column;      // column of subject ids, -1: 1, 2, ...
} Population;

/* Where a subject belongs at a level: 0 .. count-1. */
int cohort_member(const Population *population, int subject, int level);

/* Writes the values of subject (from 0) for draw number `attempt` over copies of the arm's numbers:
 * parameters (parameter_count) and covariates (covariate_count) hold the arm's values on entry. */
void cohort_draw(const Model *model, const Population *population, int subject, int attempt,
                 double *parameters, double *covariates);

/* One value from a standard normal number: the distribution's quantile at Φ(z), truncated.
 * `location` replaces a where own_location is set. */
double cohort_value(const Vary *vary, double location, double z);

/* How much of the distribution lies between min and max: 1 if it is not truncated. */
double cohort_share(const Vary *vary, double location);

/* Id as written in the results, and weight of a subject. */
double cohort_id(const Population *population, int subject);
double cohort_weight(const Population *population, int subject);

#endif
