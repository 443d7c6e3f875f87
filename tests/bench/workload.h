/* workload.h: the benchmark's workloads: model, subjects, doses, output times, references.
 *
 * The subjects of W1 and W2 and the tight references of the first of them come from
 * ../shared/bench; where that folder is absent, and for the other workloads, every parameter is
 * drawn with a spread of 30 % (lognormal, base/random.h) and the reference is plain CVODE at 1e-12
 * with an exact Jacobian. A start in steady state is found beforehand; no tool is charged for it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_BENCH_WORKLOAD_H
#define STROMA_BENCH_WORKLOAD_H

#include "bench/problem.h"
#include "study/study.h"

typedef struct {
    const char *name;
    const char *model; // relative to the source folder; NULL: that of the study
    const char *study; // whose arm gives numbers and doses, or NULL
    int arm;
    double end, every;
    int into;                // state that is dosed; -1: none, or the study's doses
    double amount, interval; // amount 0: no dose
    int doses;
    double atol;           // 0: that of the study
    double error;          // that which the tool to beat achieves (shared/bench/README.md), or 0
    double reference_rtol; // at which plain CVODE gives a reference
    bool steady;           // subjects begin at their steady state
    bool desolve;          // deSolve takes part
} WorkloadKind;

typedef struct {
    const WorkloadKind *kind;
    Arena *arena;
    const Model *model;
    const Tape *tape; // observes all states
    Regimen regimen;
    int count;             // subjects
    SubjectInput *subject; // (count)
    Problem problem;       // the same as numbers
    double *reference;     // (reference_count × times × states) of shared/bench, or NULL
    int reference_count;
} Workload;

const WorkloadKind *workload_kinds(int *count);

/* Makes `count` subjects. `shared` is the folder of the shared data, or NULL. NULL if the model
 * is missing or wrong; words on stderr. */
Workload *workload_open(const WorkloadKind *kind, const char *shared, int count);
void workload_close(Workload *workload);

/* max over times and states of |y - ref| / (|ref| + 1e-3 max_t |ref|) of one subject, the dosed
 * state left out when a dose falls on the time: the measure of shared/bench/README.md. */
double workload_error(const Workload *workload, const double *values, const double *reference);
/* max over times and states of |y - ref| / (rtol |ref| + atol), likewise. */
double workload_units(const Workload *workload, const double *values, const double *reference,
                      double rtol);

#endif
