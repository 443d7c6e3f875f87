/* cvode_newton.c: the nonlinear solver that CVODES calls in each step: Newton's iteration for all
 * lanes at once.
 *
 * It does what SUNDIALS' own does, with CVODE's test of convergence (Hindmarsh et al. 2005, section
 * 2.1), and calls the same set-up of the linear systems; but the residual, the update of the
 * correction and its norm are one pass over memory each instead of a dozen vector operations. Each
 * number sees the same operations in the same order. The rates are not looked at here: a norm that
 * is not finite makes the iteration start again through CVODES' own residual, which tells
 * rates that are not finite from factors that are useless.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/cvode.h"

#include <assert.h>
#include <cvodes/cvodes.h>
#include <math.h>
#include <string.h>
#include <sundials/sundials_nonlinearsolver.h>

static const double RATE_MEMORY = 0.3; // how much of the last rate of convergence is kept
static const double DIVERGENCE = 2.0;  // an increment so much longer than the last one
enum { MOST_ITERATIONS = 3 };
enum { SOLVED = 0 }; // SUN_NLS_SUCCESS, called SUN_SUCCESS from SUNDIALS 7 on

/* One call of solve(). */
typedef struct {
    LaneNewton *newton;
    void *memory; // CVODES
    N_Vector correction, weight, y;
    const double *predicted, *slope; // columns 0 and 1 of the Nordsieck array
    double time, gamma, slope_factor, tolerance;
    double before; // norm of the last increment
    bool careful;  // through CVODES' residual
} Solve;

static int set_system(SUNNonlinearSolver solver, SUNNonlinSolSysFn function)
{
    memcpy(&((LaneNewton *)solver->content)->system_function, &function, sizeof function);
    return 0;
}

static int set_set_up(SUNNonlinearSolver solver, SUNNonlinSolLSetupFn function)
{
    memcpy(&((LaneNewton *)solver->content)->set_up, &function, sizeof function);
    return 0;
}

static int call_system(const Solve *solve, N_Vector result)
{
    SUNNonlinSolSysFn function = NULL;
    memcpy(&function, &solve->newton->system_function, sizeof function);
    return function(solve->correction, result, solve->memory);
}

/* The residual's negative into the increment; not 0: CVODES' word on the rates. */
static int residual(Solve *solve, int iteration)
{
    LaneNewton *newton = solve->newton;
    const VectorSpace *space = newton->space;
    const IntegratorProblem *problem = newton->system->problem;
    if (solve->careful) {
        int flag = call_system(solve, newton->residual);
        const double *values = vector_values(newton->residual);
        space->kernels->scale(-1.0, values, newton->increment, space->count);
        return flag;
    }
    const double *inflow = NULL;
    const double *rates = problem->derivative(problem->context, solve->time, &inflow);
    newton->rate_calls++;
    space->kernels->residual(solve->gamma, rates, inflow, solve->slope_factor, solve->slope,
                             iteration > 0 ? vector_values(solve->correction) : NULL,
                             newton->increment, space->count);
    return 0;
}

/* The whole iteration in machine code, if there is any: the same as below. */
static bool run_native(const Solve *solve, const CorrectPass *pass)
{
    const LaneNewton *newton = solve->newton;
    const VectorSpace *space = newton->space;
    const IntegratorProblem *problem = newton->system->problem;
    NativePass native = {.gamma = solve->gamma,
                         .slope_factor = solve->slope_factor,
                         .factor = pass->factor,
                         .correction = pass->correction,
                         .y = pass->y,
                         .slope = solve->slope,
                         .weight = pass->weight,
                         .predicted = pass->predicted,
                         .increment_sum = space->lane_sum,
                         .correction_sum = space->known.lane_sum};
    if (problem->native == NULL || solve->careful || newton->system->pivoting ||
        !problem->pass(problem->context, solve->time, &native)) {
        return false;
    }
    native.values = blocklu_program(newton->system->sparse)->values;
    (pass->first ? problem->native->first : problem->native->next)(&native);
    return true;
}

/* The increment and the correction with it; not 0: CVODES' word on the rates. */
static int correct(Solve *solve, const CorrectPass *pass, int iteration)
{
    LaneNewton *newton = solve->newton;
    VectorSpace *space = newton->space;
    if (run_native(solve, pass)) {
        newton->rate_calls++;
        return 0;
    }
    int flag = residual(solve, iteration);
    if (flag == 0) {
        linear_solve(newton->system, newton->increment, newton->increment);
        kernels_correct(space->kernels, pass, space->lane_sum, space->known.lane_sum);
    }
    return flag;
}

/* SOLVED, SUN_NLS_CONTINUE, SUN_NLS_CONV_RECVR, or CVODES' word on the rates. */
static int improve(Solve *solve, int iteration)
{
    LaneNewton *newton = solve->newton;
    VectorSpace *space = newton->space;
    double ratio = solve->gamma / newton->gamma;
    CorrectPass pass = {.states = space->states,
                        .width = space->width,
                        .first = iteration == 0,
                        .factor = 2.0 / (1.0 + ratio),
                        .increment = newton->increment,
                        .weight = vector_values(solve->weight),
                        .predicted = solve->predicted,
                        .correction = vector_data(solve->correction),
                        .y = newton->system->problem->state};
    int flag = correct(solve, &pass, iteration);
    if (flag != 0) {
        return flag;
    }
    newton->iterations++;
    double now = vector_norm(space, space->lane_sum);
    if (iteration > 0) {
        newton->rate = fmax(RATE_MEMORY * newton->rate, now / solve->before);
    }
    if (now * fmin(1.0, newton->rate) <= solve->tolerance) {
        space->known.x = pass.correction;
        space->known.weight = pass.weight;
        space->sum.predicted = solve->careful ? NULL : pass.predicted;
        space->sum.correction = pass.correction;
        space->sum.into = space->scratch;
        newton->solved = true;
        return SOLVED;
    }
    bool diverges = iteration > 0 && now > DIVERGENCE * solve->before;
    solve->before = now;
    return diverges || now > NORM_LIMIT ? SUN_NLS_CONV_RECVR : SUN_NLS_CONTINUE;
}

static int set_up(Solve *solve, bool jacobian_is_bad)
{
    LaneNewton *newton = solve->newton;
    SUNNonlinSolLSetupFn function = NULL;
    memcpy(&function, &newton->set_up, sizeof function);
    sunbooleantype is_new = SUNFALSE;
    int flag = function(jacobian_is_bad, &is_new, solve->memory);
    newton->jacobian_is_new = is_new;
    newton->gamma = solve->gamma;
    newton->rate = 1.0;
    return flag;
}

/* From the prediction. */
static int iterate(Solve *solve, bool wants_set_up, bool jacobian_is_bad)
{
    LaneNewton *newton = solve->newton;
    memcpy(vector_data(solve->y), solve->predicted, newton->space->count * sizeof(double));
    if (wants_set_up) {
        int flag = set_up(solve, jacobian_is_bad);
        if (flag != 0) {
            return flag;
        }
    }
    if (solve->careful) {
        memset(vector_data(solve->correction), 0, newton->space->count * sizeof(double));
    }
    int flag = SUN_NLS_CONTINUE;
    for (int i = 0; i < MOST_ITERATIONS && flag == SUN_NLS_CONTINUE; i++) {
        flag = improve(solve, i);
    }
    return flag == SUN_NLS_CONTINUE ? SUN_NLS_CONV_RECVR : flag;
}

static int begin(Solve *solve)
{
    N_Vector predicted = NULL;
    N_Vector slope = NULL;
    N_Vector rates = NULL;
    void *user = NULL;
    int flag =
        CVodeGetNonlinearSystemData(solve->memory, &solve->time, &predicted, &solve->y, &rates,
                                    &solve->gamma, &solve->slope_factor, &slope, &user);
    if (flag == 0) {
        solve->predicted = vector_values(predicted);
        solve->slope = vector_values(slope);
        assert(vector_values(solve->y) == solve->newton->space->scratch);
    }
    return flag;
}

static int solve(SUNNonlinearSolver solver, N_Vector start, N_Vector correction, N_Vector weight,
                 sunrealtype tolerance, sunbooleantype wants_set_up, void *memory)
{
    LaneNewton *newton = solver->content;
    (void)start;
    Solve one = {.newton = newton,
                 .memory = memory,
                 .correction = correction,
                 .weight = weight,
                 .tolerance = tolerance};
    newton->iterations = newton->failures = 0;
    newton->solved = false;
    int flag = begin(&one);
    if (flag != 0) {
        return flag;
    }
    newton->jacobian_is_new = false;
    for (bool bad = false;; bad = true) {
        flag = iterate(&one, wants_set_up, bad);
        if (flag > 0 && one.before > NORM_LIMIT) {
            one.careful = true;
            one.before = 0.0;
            flag = iterate(&one, false, false);
        }
        if (flag <= 0) {
            return flag;
        }
        newton->failures++;
        if (newton->jacobian_is_new) {
            return flag;
        }
        one.careful = false;
        one.before = 0.0;
        wants_set_up = SUNTRUE;
    }
}

static SUNNonlinearSolver_Type solver_type(SUNNonlinearSolver solver)
{
    (void)solver;
    return SUNNONLINEARSOLVER_ROOTFIND;
}

static int iterations(SUNNonlinearSolver solver, long *count)
{
    *count = ((LaneNewton *)solver->content)->iterations;
    return 0;
}

static int failures(SUNNonlinearSolver solver, long *count)
{
    *count = ((LaneNewton *)solver->content)->failures;
    return 0;
}

static int free_solver(SUNNonlinearSolver solver)
{
    SUNNonlinSolFreeEmpty(solver);
    return 0;
}

bool newton_attach(LaneNewton *newton, void *memory, void *sundials, void **result)
{
    assert(newton != NULL && newton->space != NULL && newton->system != NULL && memory != NULL);
    SUNNonlinearSolver solver = SUNNonlinSolNewEmpty(sundials);
    *result = solver;
    newton->residual = vector_new(newton->space, sundials);
    if (solver == NULL || newton->residual == NULL) {
        return false;
    }
    solver->content = newton;
    solver->ops->gettype = solver_type;
    solver->ops->solve = solve;
    solver->ops->setsysfn = set_system;
    solver->ops->setlsetupfn = set_set_up;
    solver->ops->getnumiters = iterations;
    solver->ops->getnumconvfails = failures;
    solver->ops->free = free_solver;
    return CVodeSetNonlinearSolver(memory, solver) == CV_SUCCESS;
}

void newton_free(LaneNewton *newton, void *solver)
{
    if (newton->residual != NULL) {
        N_VDestroy(newton->residual);
    }
    if (solver != NULL) {
        SUNNonlinSolFree(solver);
    }
}
