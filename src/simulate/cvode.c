/* cvode.c: drives CVODES: one BDF integration for all lanes, one step at a time.
 *
 * What CVODES 6.4 needs to be told: the stop time is set anew in each segment (it is not always
 * cleared); the error weights come from one pass (CVodeWFtolerances); its own messages are
 * silenced, for the pack turns failures into the model's words. Written for SUNDIALS 6.4 to 7.
 *
 * A model without states (observables of t alone) needs no solver: `memory` is NULL, and a step
 * goes to the stop.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/cvode.h"

#include <assert.h>
#include <cvodes/cvodes.h>
#include <math.h>
#include <string.h>
#include <sundials/sundials_context.h>

/* Columns of sensitivities get the user's tolerance, of which the states' is a part
 * (solver_safety): they are to be as right as is asked for, but not to make the steps. */
static const double COLUMN_EASE = 4.0;

enum { MOST_ERROR_FAILURES = 15, MOST_NEWTON_FAILURES = 20 };

struct Integrator {
    IntegratorProblem problem;
    SUNContext sundials;
    void *memory; // CVODES
    VectorSpace space;
    LaneSystem system;
    SlopeSystem slopes;
    LaneNewton newton;
    ExplicitSteps steps;
    bool exploring; // steps.memory makes the steps
    bool decided;   // who makes them, since the restart
    N_Vector y, error;
    void *matrix, *solver, *nonlinear;
    double *errors;      // (states × width)
    double *column_atol; // (states)
    double *start;       // (states × width) where the last restart began
    double *result;      // (states × width) for integrator_state
    double time;         // of the last good step
    bool began;          // there was one since the restart
    double stop;
    double last_step;
    SolverStats stats; // of the runs before the last restart
};

static int rates(sunrealtype time, N_Vector y, N_Vector result, void *context)
{
    Integrator *integrator = context;
    const IntegratorProblem *problem = &integrator->problem;
    bool at_solution = integrator->newton.solved && vector_values(y) == integrator->space.scratch;
    integrator->newton.solved = false;
    if (at_solution && integrator->slopes.count > 0) {
        return 0; // before it corrects columns CVODES asks, for readers that there are none of
    }
    return problem->rates(problem->context, time, vector_values(y), vector_data(result)) ? 0 : 1;
}

static int weights(N_Vector y, N_Vector result, void *context)
{
    Integrator *integrator = context;
    VectorSpace *space = &integrator->space;
    const IntegratorProblem *problem = &integrator->problem;
    const double *values = vector_values(y);
    double *weight = vector_data(result);
    int columns = vector_space(y)->columns;
    for (size_t k = 0; k < (size_t)columns; k++) { // of sensitivities, each as the states
        kernels_weigh(space->kernels, values + k * space->count, integrator->column_atol,
                      COLUMN_EASE * problem->rtol, weight + k * space->count, space->states,
                      space->width, vector_space(y)->known.lane_sum);
    }
    if (columns > 0) {
        return 0;
    }
    kernels_weigh(space->kernels, values, problem->atol, problem->rtol, weight, space->states,
                  space->width, space->known.lane_sum);
    space->known.x = values; // CVODES will ask for it at once
    space->known.weight = weight;
    return 0;
}

#if SUNDIALS_VERSION_MAJOR >= 7
static void be_silent(int line, const char *function, const char *file, const char *message,
                      SUNErrCode error, void *context, SUNContext sundials)
{
    (void)line, (void)function, (void)file, (void)message, (void)error, (void)context;
    (void)sundials;
}

static bool open_context(Integrator *integrator)
{
    return SUNContext_Create(SUN_COMM_NULL, &integrator->sundials) == 0 &&
           SUNContext_ClearErrHandlers(integrator->sundials) == 0 &&
           SUNContext_PushErrHandler(integrator->sundials, be_silent, NULL) == 0;
}

static bool silence(void *memory)
{
    (void)memory;
    return true;
}
#else
static void be_silent(int error, const char *module, const char *function, char *message,
                      void *context)
{
    (void)error, (void)module, (void)function, (void)message, (void)context;
}

static bool open_context(Integrator *integrator)
{
    return SUNContext_Create(NULL, &integrator->sundials) == 0;
}

static bool silence(void *memory)
{
    return CVodeSetErrHandlerFn(memory, be_silent, NULL) == CV_SUCCESS;
}
#endif

static bool set_up(Integrator *integrator)
{
    if (!open_context(integrator)) {
        return false;
    }
    integrator->y = vector_new_scratch(&integrator->space, integrator->sundials);
    integrator->error = vector_new(&integrator->space, integrator->sundials);
    integrator->memory = CVodeCreate(CV_BDF, integrator->sundials);
    void *memory = integrator->memory;
    if (integrator->y == NULL || integrator->error == NULL || memory == NULL) {
        return false;
    }
    return silence(memory) && CVodeInit(memory, rates, 0.0, integrator->y) == CV_SUCCESS &&
           CVodeSetUserData(memory, integrator) == CV_SUCCESS &&
           CVodeWFtolerances(memory, weights) == CV_SUCCESS &&
           CVodeSetMaxStep(memory, integrator->problem.max_step) == CV_SUCCESS &&
           CVodeSetMaxErrTestFails(memory, MOST_ERROR_FAILURES) == CV_SUCCESS &&
           CVodeSetMaxConvFails(memory, MOST_NEWTON_FAILURES) == CV_SUCCESS &&
           CVodeSetMaxHnilWarns(memory, -1) == CV_SUCCESS &&
           linear_attach(&integrator->system, memory, integrator->sundials, &integrator->matrix,
                         &integrator->solver) &&
           newton_attach(&integrator->newton, memory, integrator->sundials, &integrator->nonlinear);
}

Integrator *integrator_open(Arena *arena, const IntegratorProblem *problem)
{
    assert(arena != NULL && problem != NULL && problem->rates != NULL && problem->jacobian != NULL);
    Integrator *integrator = arena_alloc(arena, sizeof *integrator);
    integrator->problem = *problem;
    int states = problem->pattern.states;
    size_t count = (size_t)states * (size_t)problem->width;
    integrator->space = (VectorSpace){.arena = arena,
                                      .kernels = problem->kernels,
                                      .states = states,
                                      .width = problem->width,
                                      .count = count,
                                      .live = problem->live,
                                      .scratch = problem->state};
    vector_space_open(&integrator->space);
    integrator->errors = arena_array(arena, count, sizeof(double));
    integrator->start = arena_array(arena, count, sizeof(double));
    integrator->result = arena_array(arena, count, sizeof(double));
    if (states == 0) {
        return integrator;
    }
    LaneSystem *system = &integrator->system;
    system->problem = &integrator->problem;
    system->sparse = blocklu_open(arena, problem->pattern, problem->width, problem->kernels);
    system->dense = densely_open(arena, problem->pattern, problem->width);
    system->pivoting = problem->dense;
    integrator->newton = (LaneNewton){.space = &integrator->space,
                                      .system = system,
                                      .increment = arena_array(arena, count, sizeof(double))};
    integrator->steps =
        (ExplicitSteps){.problem = &integrator->problem, .space = &integrator->space};
    if (!set_up(integrator) || (problem->explicit_ease > 0.0 &&
                                !explicit_open(&integrator->steps, arena, integrator->sundials))) {
        integrator_close(integrator);
        return NULL;
    }
    integrator->column_atol = arena_array(arena, (size_t)states, sizeof(double));
    for (int i = 0; i < states; i++) {
        integrator->column_atol[i] = COLUMN_EASE * problem->atol[i];
    }
    integrator->slopes = (SlopeSystem){.space = &integrator->space,
                                       .memory = integrator->memory,
                                       .vector = integrator->y,
                                       .system = system,
                                       .newton = &integrator->newton};
    return integrator;
}

const LuProgram *integrator_factors(const Integrator *integrator)
{
    return blocklu_program(integrator->system.sparse);
}

void integrator_use_native(Integrator *integrator, const NativeCode *native)
{
    integrator->problem.native = native;
}

SlopeSystem *integrator_slope_system(Integrator *integrator)
{
    return &integrator->slopes;
}

void integrator_close(Integrator *integrator)
{
    if (integrator == NULL) {
        return;
    }
    slope_system_close(&integrator->slopes);
    if (integrator->memory != NULL) {
        CVodeFree(&integrator->memory);
    }
    explicit_close(&integrator->steps);
    slope_system_free(&integrator->slopes);
    linear_free(integrator->matrix, integrator->solver);
    newton_free(&integrator->newton, integrator->nonlinear);
    if (integrator->error != NULL) {
        N_VDestroy(integrator->error);
    }
    if (integrator->y != NULL) {
        N_VDestroy(integrator->y);
    }
    if (integrator->sundials != NULL) {
        SUNContext_Free(&integrator->sundials);
    }
}

/* CVODES forgets its counts at a restart: keep them. */
static void keep_counts(Integrator *integrator)
{
    void *memory = integrator->memory;
    SolverStats *stats = &integrator->stats;
    long steps = 0, calls = 0, newton = 0, error_failures = 0, newton_failures = 0,
         linear_calls = 0;
    if (CVodeGetNumSteps(memory, &steps) == CV_SUCCESS &&
        CVodeGetNumRhsEvals(memory, &calls) == CV_SUCCESS &&
        CVodeGetNumNonlinSolvIters(memory, &newton) == CV_SUCCESS &&
        CVodeGetNumErrTestFails(memory, &error_failures) == CV_SUCCESS &&
        CVodeGetNumNonlinSolvConvFails(memory, &newton_failures) == CV_SUCCESS &&
        CVodeGetNumLinRhsEvals(memory, &linear_calls) == CV_SUCCESS) {
        stats->steps += steps;
        stats->rate_calls += calls + linear_calls;
        stats->newton_iterations += newton;
        stats->error_failures += error_failures;
        stats->newton_failures += newton_failures;
    }
    stats->rate_calls += integrator->newton.rate_calls;
    integrator->newton.rate_calls = 0;
}

/* CVODES goes on from y at `time`. */
static void begin_implicit(Integrator *integrator, double time, const double *y)
{
    if (integrator->memory == NULL) {
        integrator->time = time;
        return;
    }
    keep_counts(integrator);
    memcpy(vector_data(integrator->error), y, integrator->space.count * sizeof *y);
    int flag = CVodeReInit(integrator->memory, time, integrator->error);
    assert(flag == CV_SUCCESS);
    (void)flag;
    integrator->exploring = false;
    integrator->began = false;
    integrator->newton.solved = false;
}

void integrator_restart(Integrator *integrator, double time, const double *y)
{
    begin_implicit(integrator, time, y);
    memcpy(integrator->start, y, integrator->space.count * sizeof *y);
    integrator->time = time;
    integrator->last_step = 0.0;
    integrator->decided = integrator->steps.memory == NULL || integrator->slopes.count > 0;
    integrator->stats.restarts++;
}

void integrator_stop_at(Integrator *integrator, double time)
{
    integrator->stop = time;
    if (integrator->memory == NULL) {
        return;
    }
    int flag = integrator->exploring && explicit_stop_at(&integrator->steps, time)
                   ? CV_SUCCESS
                   : CVodeSetStopTime(integrator->memory, time);
    assert(flag == CV_SUCCESS);
    (void)flag;
}

/* Who makes the steps until the next restart. */
static void decide(Integrator *integrator)
{
    ExplicitSteps *steps = &integrator->steps;
    integrator->decided = true;
    integrator->exploring =
        explicit_suits(steps, integrator->time, integrator->stop, integrator->start) &&
        explicit_begin(steps, integrator->time, integrator->start) &&
        explicit_stop_at(steps, integrator->stop);
}

/* From explicit steps to CVODES. */
static void hand_over(Integrator *integrator)
{
    memcpy(integrator->start, explicit_state(&integrator->steps),
           integrator->space.count * sizeof(double));
    begin_implicit(integrator, integrator->time, integrator->start);
    integrator_stop_at(integrator, integrator->stop);
}

static StepStatus status_of(int flag)
{
    switch (flag) {
    case CV_SUCCESS:
        return STEP_DONE;
    case CV_TSTOP_RETURN:
        return STEP_AT_STOP;
    case CV_ERR_FAILURE:
    case CV_SRHSFUNC_FAIL: // the columns are not finite: no smaller step has helped
    case CV_FIRST_SRHSFUNC_ERR:
    case CV_REPTD_SRHSFUNC_ERR:
    case CV_UNREC_SRHSFUNC_ERR:
        return STEP_ERROR_TEST;
    case CV_CONV_FAILURE:
    case CV_LSETUP_FAIL:
    case CV_LSOLVE_FAIL:
        return STEP_NEWTON;
    case CV_RHSFUNC_FAIL:
    case CV_FIRST_RHSFUNC_ERR:
    case CV_REPTD_RHSFUNC_ERR:
    case CV_UNREC_RHSFUNC_ERR:
        return STEP_RATES;
    case CV_TOO_MUCH_ACC:
        return STEP_PRECISION;
    default:
        return STEP_REFUSED;
    }
}

StepStatus integrator_step(Integrator *integrator, double *time)
{
    if (integrator->memory == NULL) {
        integrator->last_step = integrator->stop - integrator->time;
        *time = integrator->time = integrator->stop;
        return STEP_AT_STOP;
    }
    if (!integrator->decided) {
        decide(integrator);
    }
    if (integrator->exploring) {
        bool arrived = false;
        if (explicit_step(&integrator->steps, &integrator->time, &integrator->last_step,
                          &arrived)) {
            *time = integrator->time;
            return arrived ? STEP_AT_STOP : STEP_DONE;
        }
        hand_over(integrator);
    }
    double reached = integrator->time;
    int flag = CVode(integrator->memory, integrator->stop, integrator->y, &reached, CV_ONE_STEP);
    StepStatus status = status_of(flag);
    if (status == STEP_DONE || status == STEP_AT_STOP) {
        integrator->time = reached;
        integrator->began = true;
        (void)CVodeGetLastStep(integrator->memory, &integrator->last_step);
    } else if (integrator->began) {
        integrator->time = reached;
    }
    *time = integrator->time;
    return status;
}

const double *integrator_state(Integrator *integrator)
{
    if (integrator->exploring) {
        return explicit_state(&integrator->steps);
    }
    if (integrator->memory == NULL || !integrator->began) {
        return integrator->start;
    }
    integrator_value(integrator, integrator->time, integrator->result);
    return integrator->result;
}

void integrator_value(Integrator *integrator, double time, double *y)
{
    if (integrator->memory == NULL) {
        return;
    }
    const double *value = NULL;
    if (integrator->exploring) {
        value = explicit_value(&integrator->steps, time);
    } else {
        int flag = CVodeGetDky(integrator->memory, time, 0, integrator->error);
        assert(flag == CV_SUCCESS);
        (void)flag;
        value = vector_values(integrator->error);
    }
    memcpy(y, value, integrator->space.count * sizeof *y);
}

long integrator_failures(const Integrator *integrator)
{
    long error_tests = 0;
    long newton = 0;
    (void)CVodeGetNumErrTestFails(integrator->memory, &error_tests);
    (void)CVodeGetNumNonlinSolvConvFails(integrator->memory, &newton);
    return error_tests + newton;
}

double integrator_last_step(const Integrator *integrator)
{
    return integrator->last_step;
}

const double *integrator_errors(Integrator *integrator)
{
    const double *y = integrator_state(integrator);
    const double *error = NULL;
    if (integrator->exploring) {
        error = explicit_errors(&integrator->steps);
    } else {
        (void)CVodeGetEstLocalErrors(integrator->memory, integrator->error);
        error = vector_values(integrator->error);
    }
    for (size_t i = 0; i < integrator->space.count; i++) {
        double atol = integrator->problem.atol[i / (size_t)integrator->problem.width];
        double weight = integrator->problem.rtol * fabs(y[i]) + atol;
        integrator->errors[i] = fabs(error[i]) / weight;
    }
    return integrator->errors;
}

const double *integrator_lane_sums(const Integrator *integrator)
{
    return integrator->space.lane_sum;
}

bool integrator_bad_factors(const Integrator *integrator, int lane)
{
    return integrator->system.jacobian != NULL && !linear_lane_good(&integrator->system, lane);
}

bool integrator_use_dense(Integrator *integrator)
{
    LaneSystem *system = &integrator->system;
    if (system->pivoting) {
        return false;
    }
    system->pivoting = true;
    system->fallbacks++;
    return true;
}

void integrator_reset(Integrator *integrator)
{
    integrator->last_step = 0.0;
    integrator->system.pivoting = integrator->problem.dense;
    integrator->system.failures = 0;
    integrator->steps.given_up = 0;
}

void integrator_count(Integrator *integrator, SolverStats *stats)
{
    if (integrator->memory == NULL) {
        return;
    }
    if (integrator->steps.memory != NULL) {
        explicit_count(&integrator->steps, &integrator->stats);
    }
    // CVODES itself is counting on: start it anew so that nothing is counted twice.
    begin_implicit(integrator, integrator->time, integrator->start);
    integrator->decided = false;
    const SolverStats *kept = &integrator->stats;
    stats->steps += kept->steps;
    stats->rate_calls += kept->rate_calls;
    stats->newton_iterations += kept->newton_iterations;
    stats->error_failures += kept->error_failures;
    stats->newton_failures += kept->newton_failures;
    stats->restarts += kept->restarts;
    LaneSystem *system = &integrator->system;
    stats->jacobian_calls += system->jacobians;
    stats->factorisations += system->factorisations;
    stats->dense_fallbacks += system->fallbacks;
    system->jacobians = system->factorisations = system->fallbacks = 0;
    integrator->stats = (SolverStats){0};
}

const char *solver_version(void)
{
    return "SUNDIALS CVODES and ARKODE " SUNDIALS_VERSION;
}
