/* cvode.h: the one door to SUNDIALS: an integrator for W lanes that share their steps.
 *
 * cvode.c drives CVODES (BDF), cvode_vector.c is the N_Vector, cvode_linear.c the linear solver and
 * cvode_newton.c the nonlinear one; cvode_sensitivity.c has CVODES carry sensitivities,
 * cvode_explicit.c has ARKODE make the steps where nothing is stiff; nobody else includes a
 * SUNDIALS header. The norm of a vector is the largest of the lanes' own weighted RMS
 * norms, so every lane meets the tolerance by itself. Lanes that are not `live` do not count. All
 * memory is taken by integrator_open; no other function here allocates.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_SIMULATE_CVODE_H
#define STROMA_SIMULATE_CVODE_H

#include "simulate/densely.h"
#include "simulate/native.h"
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
    /* Explicit steps are made with tolerances that are so many times wider, since their errors do
     * not add up as BDF's do; 0: never. */
    double explicit_ease;
    const Kernels *kernels;
    /* rates = dy/dt; false if a live lane's are not finite. */
    bool (*rates)(void *context, double time, const double *y, double *rates);
    /* The same in two parts and unchecked: `state` is where y (states × width) is to stand, and
     * `derivative` gives the rates there, but for what runs in: *inflow, NULL if nothing does. */
    double *state;
    const double *(*derivative)(void *context, double time, const double **inflow);
    /* Machine code, or NULL. `pass` sets the time and fills in the slots and what runs in; false:
     * an iteration cannot be left to machine code now. */
    const NativeCode *native;
    bool (*pass)(void *context, double time, NativePass *pass);
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
    STEP_REFUSED,    // CVODE refused the call
    STEP_CRAWL       // of the caller: it would take for ever
} StepStatus;

/* NULL if SUNDIALS cannot be set up. */
Integrator *integrator_open(Arena *arena, const IntegratorProblem *problem);
void integrator_close(Integrator *integrator);
/* The programs of the sparse factors; of an integrator that has states. */
const LuProgram *integrator_factors(const Integrator *integrator);
/* Machine code in place of interpreters from now on; NULL: none. */
void integrator_use_native(Integrator *integrator, const NativeCode *native);

/* Forgets the past: goes on from y (states × width) at `time`. */
void integrator_restart(Integrator *integrator, double time, const double *y);
/* The time that must not be passed; to be set anew for each segment. */
void integrator_stop_at(Integrator *integrator, double time);
/* One step; *time is where it ended, also after a failure. */
StepStatus integrator_step(Integrator *integrator, double *time);
/* The state at the end of the last step (after a failure: of the last good one). */
const double *integrator_state(Integrator *integrator);
/* The state at a time within the last step. */
void integrator_value(Integrator *integrator, double time, double *y);

/* Attempts at a step that failed since the last restart: error tests and Newton iterations. */
long integrator_failures(const Integrator *integrator);
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
typedef struct {
    /* The Jacobian's entries at (time, y), kept valid until the next call. */
    const double *(*look)(void *context, double time, const double *y);
    /* ds/dt of one column at the point that was looked at last. */
    void (*rates)(void *context, int column, const double *s, double *ds);
} SlopeRates;
bool integrator_sensitize(Integrator *integrator, int count, const SlopeRates *rates,
                          void *context);
/* After integrator_restart. */
void integrator_restart_slopes(Integrator *integrator, const double *s);
/* The columns at a time within the last step. */
void integrator_slopes(Integrator *integrator, double time, double *s);

/* Adds this integrator's counts to *stats and starts counting anew. */
void integrator_count(Integrator *integrator, SolverStats *stats);

/* ---- between cvode.c, cvode_vector.c, cvode_linear.c and cvode_newton.c; handles are SUNDIALS
 * objects ---- */

/* What CVODES asks of vectors is put off until a value is needed.
 * - It predicts with many small sums, column by column: they are done together in one pass over
 *   memory. The same operations on each number in the same order, hence the same bits.
 * - It scales the correction of a step for a reader who seldom comes, and sets it to 0 before it is
 *   written: a vector that is overwritten first is spared that. */
enum { DEFERRED_SUMS = 15, DEFERRED_SCALES = 5 };
typedef struct {
    int scales; // column[i] *= factor[i], before the sums
    double *scaled[DEFERRED_SCALES];
    double factor[DEFERRED_SCALES];
    int sums; // into[i] += from[i]
    double *into[DEFERRED_SUMS];
    double *from[DEFERRED_SUMS];
    double *late; // this vector is to be multiplied with late_factor, or if that is 0 set to 0
    double late_factor;
} Deferred;

/* A norm that a pass over memory has left behind, until one of the two vectors changes. */
typedef struct {
    const double *x, *weight; // NULL: none
    double *lane_sum;         // (width)
    double norm;              // of columns
} KnownNorm;

/* y = predicted + correction as Newton's iteration has left it, until one of them changes. */
typedef struct {
    const double *predicted, *correction; // NULL: not known
    const double *into;                   // y, or a vector that nobody will read
} KnownSum;

/* Vectors of one shape. Their numbers come from the arena and are used again. */
typedef struct LaneVector LaneVector;
typedef struct {
    Arena *arena;
    const Kernels *kernels;
    int states, width;
    size_t count; // states × width
    // Several vectors as one, each of states / columns: the norm is that of the largest. 0: one.
    int columns;
    const bool *live;
    double *lane_sum; // (width) of the norm that was asked for last
    LaneVector *spare;
    double *scratch; // the numbers of the vector in which CVODES returns y: its scratch while it
                     // steps, worth nothing afterwards, so copies into it are not made
    Deferred deferred;
    KnownNorm known;
    KnownSum sum;
    void **asked; // the next norm is none: the two vectors (N_Vectors) are stored here
} VectorSpace;

/* Room for the norms; the other fields are set by the caller. */
void vector_space_open(VectorSpace *space);
void *vector_new(VectorSpace *space, void *sundials); // an N_Vector, or NULL
/* One whose numbers are those of space->scratch. */
void *vector_new_scratch(VectorSpace *space, void *sundials);
/* The numbers of a vector: as they are, to be read; and to be written as a whole. */
double *vector_values(void *vector);
double *vector_data(void *vector);
const VectorSpace *vector_space(void *vector);
/* The norm of lanes with these sums of squares; if that of a live one is not finite, more than
 * NORM_LIMIT, which no norm is. */
static const double NORM_LIMIT = 0.5e100;
double vector_norm(const VectorSpace *space, const double *lane_sum);

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

/* All columns of sensitivities are one long vector: a pass over it costs no more than it must. One
 * space for each number of columns that was ever asked for. */
typedef struct ColumnSpace ColumnSpace;
typedef struct LaneNewton LaneNewton;
struct ColumnSpace {
    VectorSpace space;
    double *residual; // (states × width) of one column
    // Solves for vectors of that length. CVODES looks at it even when there are no columns any
    // more.
    void *nonlinear;
    ColumnSpace *next;
};
typedef struct {
    VectorSpace *space;    // of the states
    void *memory, *vector; // CVODES, and a vector of the states
    LaneSystem *system;
    LaneNewton *newton; // of the states: it uses the factors of the columns
    const SlopeRates *rates;
    void *context;
    int count;
    bool begun; // CVODES has memory for `count` columns
    ColumnSpace *spaces, *now;
    void *columns, *scratch; // N_Vectors
} SlopeSystem;

SlopeSystem *integrator_slope_system(Integrator *integrator);
void slope_system_close(SlopeSystem *system);
void slope_system_free(SlopeSystem *system); // once CVODES is gone
/* The solver that corrects the columns of a step (a SUNNonlinearSolver), or NULL. */
void *columns_solver(SlopeSystem *system, void *sundials);

/* Makes CVODES (`memory`) use this system. The matrix and the solver are stored for freeing. */
bool linear_attach(LaneSystem *system, void *memory, void *sundials, void **matrix, void **solver);
void linear_free(void *matrix, void *solver);
/* Factors of I - gamma J; false if they are useless in a live lane. */
bool linear_factor(LaneSystem *system, const double *jacobian, double gamma);
void linear_solve(LaneSystem *system, const double *b, double *x);
bool linear_lane_good(const LaneSystem *system, int lane);

/* Newton's iteration for the correction of a step, all lanes at once. */
struct LaneNewton {
    VectorSpace *space;
    LaneSystem *system;
    void *system_function, *set_up; // CVODES' functions
    double gamma;                   // of the factors
    double rate;                    // of convergence, since the factors were made
    bool jacobian_is_new;
    double *increment;         // (states × width)
    void *residual;            // an N_Vector
    long iterations, failures; // of the last solve
    long rate_calls;           // that CVODES has not counted
    bool solved;               // the last solve succeeded, and nobody has asked for rates since
};

/* Makes CVODES (`memory`) use this iteration. The solver is stored for freeing. CVODES must return
 * y in a vector_new_scratch. */
bool newton_attach(LaneNewton *newton, void *memory, void *sundials, void **solver);
void newton_free(LaneNewton *newton, void *solver);

/* Explicit steps (ARKODE). */
typedef struct {
    const IntegratorProblem *problem;
    VectorSpace *space;
    void *memory;    // ARKODE
    void *y, *value; // N_Vectors
    double rtol, stop;
    const double *atol; // (states)
    double *before;     // (states × width) y at the start of the last step
    double *course[4];  // (states × width) the polynomial of the last step, see prepare()
    bool prepared;
    double start;        // of the segment
    double time, length; // of the last step: its end and its length
    int taken;           // since the last start or stop
    int given_up;        // how often, in this run
    SolverStats stats;   // of the runs before the last start
} ExplicitSteps;

bool explicit_open(ExplicitSteps *steps, Arena *arena, void *sundials);
void explicit_close(ExplicitSteps *steps);
/* True if a segment from y at `time` to `stop` looks as if stability allowed long steps. */
bool explicit_suits(const ExplicitSteps *steps, double time, double stop, const double *y);
bool explicit_begin(ExplicitSteps *steps, double time, const double *y);
bool explicit_stop_at(ExplicitSteps *steps, double time);
/* One step; false: it is BDF's turn, from explicit_state at *time. */
bool explicit_step(ExplicitSteps *steps, double *time, double *length, bool *arrived);
const double *explicit_state(const ExplicitSteps *steps);
const double *explicit_value(ExplicitSteps *steps, double time); // within the last step
const double *explicit_errors(ExplicitSteps *steps);             // estimated, of the last step
void explicit_count(ExplicitSteps *steps, SolverStats *stats);

#endif
