/* cvode_explicit.c: explicit steps where nothing is stiff: ARKODE's Runge-Kutta pair of Dormand and
 * Prince (1980, J. Comput. Appl. Math. 6:19), order 5 with an error estimate of order 4.
 *
 * After each dose BDF begins at order 1 and needs some two hundred steps to be up to speed; a
 * Runge-Kutta method starts at full order. It pays as long as stability does not dictate its steps:
 * these must stay below about 3.3 / |lambda|. Whether they will is guessed from the Jacobian's
 * diagonal before the first step, and counted afterwards: a segment that takes too many steps, or a
 * step that fails for any reason, hands over to BDF; after the second time the pack stays with BDF
 * for this run (the first may be due to a lane that fails, and the others go on).
 *
 * Between steps: Hermite's cubic through both ends, and a term of order 4 that makes its slope
 * right at one more point (Shampine 1985, Math. Comput. 44:491). ARKODE would evaluate the rates
 * for every value asked for; here it is once a step.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/cvode.h"

#include <arkode/arkode_erkstep.h>
#include <assert.h>
#include <math.h>
#include <string.h>

static const double STABILITY = 3.3; // |h lambda| on the negative real axis
static const double SHORTEST = 1e-7; // a step so short against what was covered: something grows
enum { COURSE_STEP, COURSE_FIRST, COURSE_LAST, COURSE_BEND, COURSE_TERMS };
enum { LIKELY_STEPS = 60, MOST_STEPS = 200, MOST_ERROR_FAILURES = 10, MOST_GIVEN_UP = 2 };

static int rates(sunrealtype time, N_Vector y, N_Vector result, void *context)
{
    const IntegratorProblem *problem = ((ExplicitSteps *)context)->problem;
    return problem->rates(problem->context, time, vector_values(y), vector_data(result)) ? 0 : 1;
}

static int weights(N_Vector y, N_Vector result, void *context)
{
    const ExplicitSteps *steps = context;
    VectorSpace *space = steps->space;
    const double *values = vector_values(y);
    kernels_weigh(space->kernels, values, steps->atol, steps->rtol, vector_data(result),
                  space->states, space->width, space->known.lane_sum);
    return 0;
}

#if SUNDIALS_VERSION_MAJOR >= 7
/* The context's handlers were silenced for all its solvers; how a step follows from the error of
 * the last is what was the default before. */
static bool be_as_before(void *memory)
{
    static const double safety = 0.96;
    static const double bias = 1.5;
    return ERKStepSetSafetyFactor(memory, safety) == ARK_SUCCESS &&
           ERKStepSetErrorBias(memory, bias) == ARK_SUCCESS;
}
#else
static void be_silent(int error, const char *module, const char *function, char *message,
                      void *context)
{
    (void)error, (void)module, (void)function, (void)message, (void)context;
}

static bool be_as_before(void *memory)
{
    return ERKStepSetErrHandlerFn(memory, be_silent, NULL) == ARK_SUCCESS;
}
#endif

bool explicit_open(ExplicitSteps *steps, Arena *arena, void *sundials)
{
    assert(steps->problem != NULL && steps->space != NULL);
    const IntegratorProblem *problem = steps->problem;
    double *atol = arena_array(arena, (size_t)problem->pattern.states, sizeof *atol);
    for (int i = 0; i < problem->pattern.states; i++) {
        atol[i] = problem->atol[i] * problem->explicit_ease;
    }
    steps->atol = atol;
    steps->rtol = problem->rtol * problem->explicit_ease;
    steps->before = arena_array(arena, steps->space->count, sizeof(double));
    for (int i = 0; i < COURSE_TERMS; i++) {
        steps->course[i] = arena_array(arena, steps->space->count, sizeof(double));
    }
    steps->y = vector_new(steps->space, sundials);
    steps->value = vector_new(steps->space, sundials);
    if (steps->y == NULL || steps->value == NULL) {
        return false;
    }
    steps->memory = ERKStepCreate(rates, 0.0, steps->y, sundials);
    void *memory = steps->memory;
    return memory != NULL && be_as_before(memory) &&
           ERKStepSetUserData(memory, steps) == ARK_SUCCESS &&
           ERKStepWFtolerances(memory, weights) == ARK_SUCCESS &&
           ERKStepSetTableNum(memory, ARKODE_DORMAND_PRINCE_7_4_5) == ARK_SUCCESS &&
           ERKStepSetMaxStep(memory, problem->max_step) == ARK_SUCCESS &&
           ERKStepSetMaxErrTestFails(memory, MOST_ERROR_FAILURES) == ARK_SUCCESS &&
           ERKStepSetInterpolantDegree(memory, 3) == ARK_SUCCESS &&
           ERKStepSetMaxHnilWarns(memory, -1) == ARK_SUCCESS;
}

void explicit_close(ExplicitSteps *steps)
{
    if (steps->memory != NULL) {
        ERKStepFree(&steps->memory);
    }
    if (steps->value != NULL) {
        N_VDestroy(steps->value);
    }
    if (steps->y != NULL) {
        N_VDestroy(steps->y);
    }
}

/* The largest entry of the diagonal: where nothing but it counts, the fastest rate there is. */
static double fastest(const ExplicitSteps *steps, double time, const double *y)
{
    const IntegratorProblem *problem = steps->problem;
    const Pattern *pattern = &problem->pattern;
    const double *entries = problem->jacobian(problem->context, time, y);
    double most = 0.0;
    for (int i = 0; i < pattern->states; i++) {
        for (int e = pattern->row_start[i]; e < pattern->row_start[i + 1]; e++) {
            for (int lane = 0; pattern->column[e] == i && lane < problem->width; lane++) {
                double size = fabs(entries[(size_t)e * (size_t)problem->width + (size_t)lane]);
                // a comparison that is false for NaN would call it slow
                most = problem->live[lane] && !(size <= most) ? size : most;
            }
        }
    }
    return most;
}

bool explicit_suits(const ExplicitSteps *steps, double time, double stop, const double *y)
{
    return steps->given_up < MOST_GIVEN_UP &&
           fastest(steps, time, y) * (stop - time) <= LIKELY_STEPS * STABILITY;
}

/* ARKODE forgets its counts at a restart: keep them. */
static void keep_counts(ExplicitSteps *steps)
{
    long count = 0, calls = 0, failures = 0;
    if (ERKStepGetNumSteps(steps->memory, &count) == ARK_SUCCESS &&
        ERKStepGetNumRhsEvals(steps->memory, &calls) == ARK_SUCCESS &&
        ERKStepGetNumErrTestFails(steps->memory, &failures) == ARK_SUCCESS) {
        steps->stats.steps += count;
        steps->stats.rate_calls += calls;
        steps->stats.error_failures += failures;
    }
}

bool explicit_begin(ExplicitSteps *steps, double time, const double *y)
{
    keep_counts(steps);
    memcpy(vector_data(steps->y), y, steps->space->count * sizeof *y);
    steps->time = steps->start = time;
    steps->length = 0.0;
    steps->taken = 0;
    return ERKStepReInit(steps->memory, rates, time, steps->y) == ARK_SUCCESS;
}

bool explicit_stop_at(ExplicitSteps *steps, double time)
{
    steps->stop = time;
    steps->taken = 0;
    return ERKStepSetStopTime(steps->memory, time) == ARK_SUCCESS;
}

bool explicit_step(ExplicitSteps *steps, double *time, double *length, bool *arrived)
{
    double reached = steps->time;
    bool shrinking = steps->length > 0.0 && steps->length < SHORTEST * (steps->time - steps->start);
    bool too_many = steps->taken++ >= MOST_STEPS;
    memcpy(steps->before, vector_values(steps->y), steps->space->count * sizeof(double));
    int flag = shrinking || too_many
                   ? ARK_ERR_FAILURE
                   : ERKStepEvolve(steps->memory, steps->stop, steps->y, &reached, ARK_ONE_STEP);
    if ((flag != ARK_SUCCESS && flag != ARK_TSTOP_RETURN) ||
        ERKStepGetLastStep(steps->memory, &steps->length) != ARK_SUCCESS) {
        memcpy(vector_data(steps->y), steps->before, steps->space->count * sizeof(double));
        steps->given_up++;
        return false;
    }
    *arrived = flag == ARK_TSTOP_RETURN;
    *time = steps->time = reached;
    *length = steps->length;
    steps->prepared = false;
    return true;
}

const double *explicit_state(const ExplicitSteps *steps)
{
    return vector_values(steps->y);
}

/* length × the rates at an end of the last step. */
static void slope_at(ExplicitSteps *steps, double time, double *slope)
{
    int flag = ERKStepGetDky(steps->memory, time, 1, steps->value);
    assert(flag == ARK_SUCCESS);
    (void)flag;
    steps->space->kernels->scale(steps->length, vector_values(steps->value), slope,
                                 steps->space->count);
}

/* Terms with the weights at s, from 0 at the start to 1 at the end of the step:
 *   y = before + step (3 s^2 - 2 s^3) + first (s - 2 s^2 + s^3) + last (s^3 - s^2)
 *       + bend s^2 (1 - s)^2.
 * The bend makes y' what the rates are at s = 1/3, where the cubic is before + 7/27 step +
 * 4/27 first - 2/27 last and its slope 4/3 step - 1/3 last. */
static void prepare(ExplicitSteps *steps)
{
    const IntegratorProblem *problem = steps->problem;
    const VectorSpace *space = steps->space;
    const size_t count = space->count;
    double *const *term = steps->course;
    const double length = steps->length;
    double start = steps->time - length;
    steps->prepared = true;
    space->kernels->linear_sum(1.0, vector_values(steps->y), -1.0, steps->before, term[COURSE_STEP],
                               count);
    slope_at(steps, start, term[COURSE_FIRST]);
    slope_at(steps, steps->time, term[COURSE_LAST]);
    const double weight[] = {1.0, 7.0 / 27.0, 4.0 / 27.0, -2.0 / 27.0};
    double *part[] = {steps->before, term[COURSE_STEP], term[COURSE_FIRST], term[COURSE_LAST]};
    double *third = vector_data(steps->value);
    kernels_combine(space->kernels, 4, weight, part, third, space->states, space->width);
    memcpy(term[COURSE_BEND], problem->state, count * sizeof(double));
    bool finite = problem->rates(problem->context, start + length / 3.0, third, third);
    memcpy(problem->state, term[COURSE_BEND], count * sizeof(double)); // as it stood
    const double bend[] = {27.0 / 4.0 * length, -9.0, 9.0 / 4.0};
    double *slope[] = {third, term[COURSE_STEP], term[COURSE_LAST]};
    if (finite) {
        kernels_combine(space->kernels, 3, bend, slope, term[COURSE_BEND], space->states,
                        space->width);
    } else {
        space->kernels->constant(0.0, term[COURSE_BEND], count);
    }
}

const double *explicit_value(ExplicitSteps *steps, double time)
{
    if (time == steps->time) {
        return explicit_state(steps);
    }
    if (!steps->prepared) {
        prepare(steps);
    }
    const double s = 1.0 - (steps->time - time) / steps->length;
    const double left = 1.0 - s;
    const double weight[] = {1.0, s * s * (3.0 - 2.0 * s), s * left * left, -s * s * left,
                             s * s * left * left};
    double *part[] = {steps->before, steps->course[COURSE_STEP], steps->course[COURSE_FIRST],
                      steps->course[COURSE_LAST], steps->course[COURSE_BEND]};
    double *value = vector_data(steps->value);
    kernels_combine(steps->space->kernels, 5, weight, part, value, steps->space->states,
                    steps->space->width);
    return value;
}

const double *explicit_errors(ExplicitSteps *steps)
{
    (void)ERKStepGetEstLocalErrors(steps->memory, steps->value);
    return vector_values(steps->value);
}

void explicit_count(ExplicitSteps *steps, SolverStats *stats)
{
    keep_counts(steps);
    stats->steps += steps->stats.steps;
    stats->rate_calls += steps->stats.rate_calls;
    stats->error_failures += steps->stats.error_failures;
    steps->stats = (SolverStats){0};
    // ARKODE itself is counting on: start it anew so that nothing is counted twice.
    (void)ERKStepReInit(steps->memory, rates, 0.0, steps->y);
}
