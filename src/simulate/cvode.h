/* cvode.h: the one door to SUNDIALS: a BDF integrator for W lanes that share their steps.
 *
 * cvode.c drives CVODES, cvode_vector.c is the N_Vector, cvode_linear.c the linear solver and
 * cvode_sensitivity.c has CVODES carry sensitivities; nobody else includes a SUNDIALS header. The
 * norm of a vector is the largest of the lanes' own weighted RMS norms, so every lane meets the
 * tolerance by itself. Lanes that are not `live` do not count. All memory is taken by
 * integrator_open; no other function here allocates.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_SIMULATE_CVODE_H
#define STROMA_SIMULATE_CVODE_H

#include "simulate/densely.h"
#include "simulate/simulate.h"

typedef struct {
    void *context;
    Pattern pattern; // of the Jacobian
    int width;
    const bool *live; // (width), read at every norm
    double rtol;
    const double *atol; // (states)
    double max_step;    // 0: no limit
    bool dense;         // always pivot
    const Kernels *kernels;
    /* rates = dy/dt; false if a live lane's are not finite. */
    bool (*rates)(void *context, double time, const double *y, double *rates);
    /* The Jacobian's entries at (time, y), kept valid until the next call. */
    const double *(*jacobian)(void *context, double time, const double *y);
} IntegratorProblem;

typedef struct Integrator Integrator;

typedef enum {
    STEP_DONE,
    STEP_AT_STOP,    // arrived at the time of integrator_stop_at
    STEP_ERROR_TEST, // failed too often at the smallest step
    STEP_NEWTON,     // Newton's iteration did not converge
    STEP_RATES,      // the rates were not finite
    STEP_PRECISION,  // the tolerances ask for more digits than a double has
    STEP_REFUSED     // CVODE refused the call
} StepStatus;

/* NULL if SUNDIALS cannot be set up. */
Integrator *integrator_open(Arena *arena, const IntegratorProblem *problem);
void integrator_close(Integrator *integrator);

/* Forgets the past: goes on from y (states × width) at `time`. */
void integrator_restart(Integrator *integrator, double time, const double *y);
/* The time that must not be passed; to be set anew for each segment. */
void integrator_stop_at(Integrator *integrator, double time);
/* One step; *time is where it ended, also after a failure. */
StepStatus integrator_step(Integrator *integrator, double *time);
/* The state at the end of the last step (after a failure: of the last good one). */
const double *integrator_state(const Integrator *integrator);
/* The state at a time within the last step. */
void integrator_value(Integrator *integrator, double time, double *y);

double integrator_last_step(const Integrator *integrator);
/* |estimated local error| / weight of each entry after the last attempt: (states × width). */
const double *integrator_errors(Integrator *integrator);
/* Sum of squares per lane of the vector whose norm was taken last. */
const double *integrator_lane_sums(const Integrator *integrator);
/* True if the factors of that lane were useless when they were made last. */
bool integrator_bad_factors(const Integrator *integrator, int lane);
/* Pivots from now on; false if it does already. */
bool integrator_use_dense(Integrator *integrator);
/* For a new run: pivots only if the problem asks for it, no last step. */
void integrator_reset(Integrator *integrator);
/* Forward sensitivities beside the states, staggered and in the error test: `count` columns (0:
 * none) that obey ds/dt = rates(time, y, s). To be followed by a restart, and that by
 * integrator_restart_slopes. Columns stand one after the other: (count × states × width). */
typedef bool SlopeRates(void *context, double time, const double *y, double *const *s,
                        double *const *ds);
bool integrator_sensitize(Integrator *integrator, int count, SlopeRates *rates, void *context);
/* After integrator_restart. */
void integrator_restart_slopes(Integrator *integrator, const double *s);
/* The columns at a time within the last step. */
void integrator_slopes(Integrator *integrator, double time, double *s);

/* Adds this integrator's counts to *stats and starts counting anew. */
void integrator_count(Integrator *integrator, SolverStats *stats);

/* ---- between cvode.c, cvode_vector.c and cvode_linear.c; handles are SUNDIALS objects ---- */

/* Vectors of one shape. Their numbers come from the arena and are used again. */
typedef struct LaneVector LaneVector;
typedef struct {
    Arena *arena;
    const Kernels *kernels;
    int states, width;
    size_t count; // states × width
    const bool *live;
    double *lane_sum; // (width)
    LaneVector *spare;
} VectorSpace;

void *vector_new(VectorSpace *space, void *sundials); // an N_Vector, or NULL
double *vector_data(void *vector);

/* The linear systems of all lanes. */
typedef struct {
    const IntegratorProblem *problem;
    BlockLu *sparse;
    DenseLanes *dense;
    const double *jacobian; // as evaluated last
    bool pivoting;
    int failures; // factorisations of this run that lost their digits
    long factorisations, jacobians, fallbacks;
} LaneSystem;

/* The columns of sensitivities. */
typedef struct {
    VectorSpace *space;
    void *memory, *vector; // CVODES, and a vector to clone
    SlopeRates *rates;
    void *context;
    int count, room;
    bool begun;              // CVODES has memory for `count` columns
    void *columns, *scratch; // arrays of N_Vector
    double **s, **ds;        // (room) their numbers
} SlopeSystem;

SlopeSystem *integrator_slope_system(Integrator *integrator);
void slope_system_close(SlopeSystem *system);

/* Makes CVODES (`memory`) use this system. The matrix and the solver are stored for freeing. */
bool linear_attach(LaneSystem *system, void *memory, void *sundials, void **matrix, void **solver);
void linear_free(void *matrix, void *solver);
bool linear_lane_good(const LaneSystem *system, int lane);

#endif
