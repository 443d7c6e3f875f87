/* fit.h: a fit as the study describes it: which parameters are free, what was observed, and how far
 * observations scatter around the model.
 *
 * A Fit is built by params/read_fit*.c and constant while it runs. Each free parameter has a
 * coordinate on its scale (linear, logarithm, logit between its bounds); optimisers, standard
 * errors and intervals live there. One model parameter may be several free ones: one for each arm,
 * subject or group. Parameters of error models that are to be estimated come last.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_STUDY_FIT_H
#define STROMA_STUDY_FIT_H

#include "study/study.h"

typedef enum { SCALE_LINEAR, SCALE_LOG, SCALE_LOGIT } FitScale;

typedef struct {
    const char *name; // "CL", "CL[treated]", "sd(Cp)"
    const char *unit; // "" if none
    int parameter;    // of the model; -1: of an error model
    FitScale scale;
    double start, low, high; // values, not coordinates; -INFINITY, INFINITY: no bound
    bool has_prior;          // a normal one, on the scale
    double prior_mean, prior_sd;
    bool by_subject; // one of as many as there are subjects
    const char *arm; // the value belongs to this arm of the study; NULL: to the study itself
    Span span;       // where it was written
} FitParameter;

typedef enum { ERROR_ADDITIVE, ERROR_PROPORTIONAL, ERROR_COMBINED, ERROR_LOGNORMAL } ErrorKind;

/* Values below the limit of quantification (Beal 2001): left out (M1); the probability of being
 * below it (M3); the same, where all values, seen or not, are given to be above 0 (M4). */
typedef enum { BLQ_M1, BLQ_M3, BLQ_M4 } BlqMethod;

/* What a value at the time of a dose is compared with: the state that the order of the lines of a
 * data file gives it; the one after all that happens then; the one before. */
typedef enum { FIT_RECORDS, FIT_POST, FIT_PRE } FitAtDose;

typedef struct {
    const char *name; // in the data
    const Label *label;
    Expr expr;
    ErrorKind error;
    double sd, cv;          // where they are given; of a lognormal error sd is that of ln
    int sd_index, cv_index; // the free parameter, -1: given, or not part of this model
    BlqMethod blq;
    double weight;
    Span span;
} FitObservable;

/* What runs as one lane: an arm, or a subject of the data file in it. */
typedef struct {
    int arm;
    int subject;    // of study->data, -1: none
    const char *id; // "" if there are only arms
    Observation *moments;
    int moment_count;
    int *free; // (target_count) the free parameter, -1: the study's own value here
} FitSubject;

typedef struct {
    int subject, moment, observable;
    double time, value;
    double sd; // given for this value; NAN: the error model says
    double weight;
    int censored; // 1: value is an upper bound, -1: a lower bound
    double limit; // NAN: none
    bool before;  // of a table: it is of the moment before all that happens at its time
    int line;     // of the data file
} FitDatum;

typedef enum {
    METHOD_AUTO,
    METHOD_LEAST_SQUARES, // GSL, trust region
    METHOD_SCORING,       // trust region on the Fisher information
    METHOD_NLOPT          // one of NLopt's: fit->algorithm
} FitMethod;

typedef enum { DESIGN_SOBOL, DESIGN_LATIN } FitDesign;

typedef struct Fit {
    FitParameter *parameters;
    int parameter_count;
    int model_count; // the first ones belong to the model, the others to error models
    int *targets;    // (target_count) distinct parameters of the model
    int target_count;
    FitObservable *observables;
    int observable_count;
    FitSubject *subjects;
    int subject_count;
    FitDatum *data;
    int datum_count;
    bool concentrated; // one standard deviation for all, found from the residuals
    const char *path, *hash;
    FitAtDose at_dose; // where a line of a table does not say it
    int unsaid; // values of a table at the time of a dose, if nobody says which side is meant
    FitMethod method;
    const char *algorithm; // the method as written
    int starts;
    uint64_t seed;
    FitDesign design;
    int iterations;   // most of one start
    double tolerance; // relative, of the coordinates
} Fit;

/* From a value to its coordinate and back, and d value / d coordinate. */
double scale_forth(const FitParameter *parameter, double value);
double scale_back(const FitParameter *parameter, double coordinate);
double scale_slope(const FitParameter *parameter, double coordinate);
/* The bounds as coordinates: a logit has none. */
void scale_bounds(const FitParameter *parameter, double *low, double *high);
bool scale_at_bound(const FitParameter *parameter, double coordinate);

const char *scale_word(FitScale scale);
const char *error_word(ErrorKind kind);
const char *blq_word(BlqMethod method);
const char *at_dose_word(FitAtDose way);

#endif
