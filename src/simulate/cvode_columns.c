/* cvode_columns.c: the solver that corrects all columns of sensitivities in a step.
 *
 * The states of the step are accepted. The columns obey linear equations, whose Jacobian there is
 * evaluated anyway for their right-hand side: with its exact factors
 *
 *   (I - gamma J) c = gamma (J s + ∂f/∂p) - (what the history says of the slope)
 *
 * is solved at once. An iteration with older factors, as CVODES has it, takes two or three passes
 * over all columns, each dearer than a factorisation that they share. The equation is solved for
 * the correction c and not for s itself: where J's terms cancel (mass that is conserved), they
 * cancel in the sum on the right, but not in the factors. Each column goes through all that is done
 * with it while it is in the first cache. The states' next iteration uses these factors too.
 *
 * CVODES wraps the vectors that it hands over here and keeps the wrapper's declaration to itself; a
 * norm asked of the wrapper is asked of what is in it (VectorSpace.asked).
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/cvode.h"

#include <assert.h>
#include <cvodes/cvodes.h>
#include <float.h>
#include <math.h>
#include <string.h>
#include <sundials/sundials_nonlinearsolver.h>

/* One call of solve(). */
typedef struct {
    double time, gamma, slope_factor;
    const double *predicted, *slope; // columns 0 and 1 of the Nordsieck array
    const double *weight;
    double *correction;
    const double *into; // where CVODES would have s = predicted + correction
} Solve;

static int begin(Solve *solve, SlopeSystem *system, N_Vector correction, N_Vector weight)
{
    N_Vector *predicted = NULL;
    N_Vector *slope = NULL;
    N_Vector *into = NULL;
    void *user = NULL;
    int flag = CVodeGetNonlinearSystemDataSens(system->memory, &solve->time, &predicted, &into,
                                               &solve->gamma, &solve->slope_factor, &slope, &user);
    if (flag != 0) {
        return flag;
    }
    void *vector[2] = {NULL, NULL};
    system->now->space.asked = vector;
    (void)N_VWrmsNorm(correction, weight);
    system->now->space.asked = NULL;
    assert(vector[0] != NULL && vector[1] != NULL);
    solve->predicted = vector_values(predicted[0]);
    solve->slope = vector_values(slope[0]);
    solve->into = vector_values(into[0]);
    solve->weight = vector_values(vector[1]);
    solve->correction = vector_data(vector[0]);
    return 0;
}

/* The correction of all columns; lane_sum of their space: of its largest. */
static void correct(const Solve *solve, SlopeSystem *system)
{
    VectorSpace *space = &system->now->space;
    const VectorSpace *states = system->space;
    double *residual = system->now->residual;
    double *sum = space->known.lane_sum;
    memset(space->lane_sum, 0, (size_t)space->width * sizeof(double));
    for (int k = 0; k < system->count; k++) {
        size_t first = (size_t)k * states->count;
        system->rates->rates(system->context, k, solve->predicted + first, residual);
        space->kernels->residual(solve->gamma, residual, NULL, solve->slope_factor,
                                 solve->slope + first, NULL, residual, states->count);
        linear_solve(system->system, residual, solve->correction + first);
        kernels_sum_squares(space->kernels, solve->correction + first, solve->weight + first,
                            states->states, space->width, sum);
        for (int lane = 0; lane < space->width; lane++) {
            double size = sum[lane] <= DBL_MAX ? sum[lane] : HUGE_VAL;
            space->lane_sum[lane] = size > space->lane_sum[lane] ? size : space->lane_sum[lane];
        }
    }
}

/* The list of arguments is SUNDIALS'. NOLINTNEXTLINE(readability-function-size) */
static int solve(SUNNonlinearSolver solver, N_Vector start, N_Vector correction, N_Vector weight,
                 sunrealtype tolerance, sunbooleantype wants_set_up, void *memory)
{
    (void)start, (void)tolerance, (void)wants_set_up, (void)memory;
    SlopeSystem *system = solver->content;
    VectorSpace *space = &system->now->space;
    Solve one;
    int flag = begin(&one, system, correction, weight);
    if (flag != 0) {
        return flag;
    }
    const double *jacobian =
        system->rates->look(system->context, one.time, vector_values(system->vector));
    if (!linear_factor(system->system, jacobian, one.gamma)) {
        return SUN_NLS_CONV_RECVR;
    }
    system->newton->gamma = one.gamma;
    correct(&one, system);
    double norm = vector_norm(space, space->lane_sum) * sqrt(space->columns);
    if (norm > NORM_LIMIT) {
        return SUN_NLS_CONV_RECVR;
    }
    space->known.x = one.correction; // CVODES will ask for it at once
    space->known.weight = one.weight;
    space->known.norm = norm;
    space->sum = (KnownSum){one.predicted, one.correction, one.into};
    return 0;
}

static SUNNonlinearSolver_Type solver_type(SUNNonlinearSolver solver)
{
    (void)solver;
    return SUNNONLINEARSOLVER_ROOTFIND;
}

/* The residual is our own. */
static int set_system(SUNNonlinearSolver solver, SUNNonlinSolSysFn function)
{
    (void)solver, (void)function;
    return 0;
}

static int free_solver(SUNNonlinearSolver solver)
{
    SUNNonlinSolFreeEmpty(solver);
    return 0;
}

void *columns_solver(SlopeSystem *system, void *sundials)
{
    assert(system != NULL && system->system != NULL && system->newton != NULL);
    SUNNonlinearSolver solver = SUNNonlinSolNewEmpty(sundials);
    if (solver != NULL) {
        solver->content = system;
        solver->ops->gettype = solver_type;
        solver->ops->solve = solve;
        solver->ops->setsysfn = set_system;
        solver->ops->free = free_solver;
    }
    return solver;
}
