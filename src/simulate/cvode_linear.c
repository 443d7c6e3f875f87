/* cvode_linear.c: the linear systems I - gamma J of all lanes, as CVODES wants them.
 *
 * The SUNMatrix is a token: CVodeSetLinSysFn brings the factors up to date straight from the
 * Jacobian's entries, which stay where the tape writes them, so nothing is copied, scaled or added.
 * Factors that lost their digits are a recoverable failure (CVODE tries a smaller step); the
 * second of a run makes the pack pivot until it is loaded anew.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/cvode.h"

#include <assert.h>
#include <cvodes/cvodes.h>
#include <sundials/sundials_linearsolver.h>
#include <sundials/sundials_matrix.h>

enum { FAILURES_BEFORE_PIVOTING = 2 };

bool linear_lane_good(const LaneSystem *system, int lane)
{
    return system->pivoting ? system->dense->good[lane] : blocklu_good(system->sparse, lane);
}

static bool all_good(const LaneSystem *system)
{
    for (int lane = 0; lane < system->problem->width; lane++) {
        if (system->problem->live[lane] && !linear_lane_good(system, lane)) {
            return false;
        }
    }
    return true;
}

static void factor(LaneSystem *system, double gamma)
{
    const NativeCode *native = system->problem->native;
    if (native != NULL) {
        const LuProgram *lu = blocklu_program(system->sparse);
        native->factor(system->jacobian, gamma, lu->values, lu->watch);
    } else {
        blocklu_factor(system->sparse, system->jacobian, gamma);
    }
}

bool linear_factor(LaneSystem *system, const double *jacobian, double gamma)
{
    system->jacobian = jacobian;
    system->factorisations++;
    if (!system->pivoting) {
        factor(system, gamma);
        if (all_good(system)) {
            return true;
        }
        system->failures++;
        if (system->failures < FAILURES_BEFORE_PIVOTING) {
            return false;
        }
        system->pivoting = true;
        system->fallbacks++;
    }
    densely_factor(system->dense, jacobian, gamma);
    return all_good(system);
}

void linear_solve(LaneSystem *system, const double *b, double *x)
{
    if (system->pivoting) {
        densely_solve(system->dense, b, x);
    } else {
        blocklu_solve(system->sparse, b, x);
    }
}

/* Called by CVODES before a Newton iteration; keep: the Jacobian of last time will do. The list of
 * arguments is CVODES'. NOLINTNEXTLINE(readability-function-size) */
static int build(sunrealtype time, N_Vector y, N_Vector rates, SUNMatrix matrix,
                 sunbooleantype keep, sunbooleantype *renewed, sunrealtype gamma, void *context,
                 N_Vector scratch1, N_Vector scratch2, N_Vector scratch3)
{
    (void)rates, (void)context, (void)scratch1, (void)scratch2, (void)scratch3;
    LaneSystem *system = matrix->content;
    const IntegratorProblem *problem = system->problem;
    if (!keep) {
        system->jacobian = problem->jacobian(problem->context, time, vector_data(y));
        system->jacobians++;
    }
    *renewed = keep ? SUNFALSE : SUNTRUE;
    return linear_factor(system, system->jacobian, gamma) ? 0 : 1;
}

static SUNMatrix_ID matrix_id(SUNMatrix matrix)
{
    (void)matrix;
    return SUNMATRIX_CUSTOM;
}

static void free_matrix(SUNMatrix matrix)
{
    SUNMatFreeEmpty(matrix);
}

static SUNLinearSolver_Type solver_type(SUNLinearSolver solver)
{
    (void)solver;
    return SUNLINEARSOLVER_DIRECT;
}

static SUNLinearSolver_ID solver_id(SUNLinearSolver solver)
{
    (void)solver;
    return SUNLINEARSOLVER_CUSTOM;
}

static int set_up(SUNLinearSolver solver, SUNMatrix matrix)
{
    (void)solver, (void)matrix;
    return 0; // build() has factorised
}

static int solve(SUNLinearSolver solver, SUNMatrix matrix, N_Vector x, N_Vector b,
                 sunrealtype limit)
{
    (void)solver, (void)limit;
    LaneSystem *system = matrix->content;
    linear_solve(system, vector_values(b), vector_data(x));
    return 0;
}

static int free_solver(SUNLinearSolver solver)
{
    SUNLinSolFreeEmpty(solver);
    return 0;
}

bool linear_attach(LaneSystem *system, void *memory, void *sundials, void **matrix, void **solver)
{
    assert(system != NULL && memory != NULL);
    SUNMatrix token = SUNMatNewEmpty(sundials);
    SUNLinearSolver linear = SUNLinSolNewEmpty(sundials);
    *matrix = token;
    *solver = linear;
    if (token == NULL || linear == NULL) {
        return false;
    }
    token->content = system;
    token->ops->getid = matrix_id;
    token->ops->destroy = free_matrix;
    linear->ops->gettype = solver_type;
    linear->ops->getid = solver_id;
    linear->ops->setup = set_up;
    linear->ops->solve = solve;
    linear->ops->free = free_solver;
    return CVodeSetLinearSolver(memory, linear, token) == CVLS_SUCCESS &&
           CVodeSetLinSysFn(memory, build) == CVLS_SUCCESS;
}

void linear_free(void *matrix, void *solver)
{
    if (solver != NULL) {
        SUNLinSolFree(solver);
    }
    if (matrix != NULL) {
        SUNMatDestroy(matrix);
    }
}
