/* test_newton.c: the steps with our nonlinear solver are bit by bit those with SUNDIALS' own.
 *
 * Robertson's problem in four lanes of different speed, once through the integrator and once
 * through CVODES with the iteration that it comes with, both over our vectors and linear solver.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit/suite.h"

#include "simulate/cvode.h"

#include <cvodes/cvodes.h>
#include <math.h>
#include <string.h>

enum { STATES = 3, WIDTH = 4, COUNT = STATES * WIDTH, ENTRIES = 7 };

static const int ROW_START[] = {0, 3, 6, 7};
static const int COLUMN[] = {0, 1, 2, 0, 1, 2, 1};
static const double ATOL[] = {1e-9, 1e-12, 1e-9};
static const double SPEED[WIDTH] = {1.0, 0.5, 3.0, 1.7};

typedef struct {
    double state[COUNT];
    double rate[COUNT];
    double jacobian[ENTRIES * WIDTH];
    double inflow[COUNT];
    bool live[WIDTH];
    double trouble; // time from which the rates are not finite
} World;

static void derive(World *world, double time, const double *y, double *rate)
{
    for (int lane = 0; lane < WIDTH; lane++) {
        double a = y[lane];
        double b = y[WIDTH + lane];
        double c = y[2 * WIDTH + lane];
        double first = SPEED[lane] * (-0.04 * a + 1e4 * b * c);
        double last = SPEED[lane] * 3e7 * b * b;
        rate[lane] = time > world->trouble ? (double)NAN : first;
        rate[WIDTH + lane] = -first - last;
        rate[2 * WIDTH + lane] = last;
    }
}

static const double *derivative(void *context, double time, const double **inflow)
{
    World *world = context;
    derive(world, time, world->state, world->rate);
    *inflow = world->inflow;
    return world->rate;
}

static bool rates(void *context, double time, const double *y, double *result)
{
    World *world = context;
    derive(world, time, y, result);
    bool finite = true;
    for (int i = 0; i < COUNT; i++) {
        result[i] += world->inflow[i];
        finite = finite && isfinite(result[i]);
    }
    return finite;
}

static const double *jacobian(void *context, double time, const double *y)
{
    World *world = context;
    (void)time;
    for (int lane = 0; lane < WIDTH; lane++) {
        double b = y[WIDTH + lane];
        double c = y[2 * WIDTH + lane];
        const double s = SPEED[lane];
        const double entry[ENTRIES] = {
            -0.04 * s,    1e4 * c * s, 1e4 * b * s, 0.04 * s, -1e4 * c * s - 6e7 * b * s,
            -1e4 * b * s, 6e7 * b * s};
        for (int e = 0; e < ENTRIES; e++) {
            world->jacobian[e * WIDTH + lane] = entry[e];
        }
    }
    return world->jacobian;
}

static IntegratorProblem problem_of(World *world)
{
    memset(world, 0, sizeof *world);
    memset(world->live, 1, sizeof world->live);
    world->trouble = HUGE_VAL;
    world->inflow[2 * WIDTH + 1] = 1e-3;
    for (int lane = 0; lane < WIDTH; lane++) {
        world->state[lane] = 1.0;
    }
    return (IntegratorProblem){.context = world,
                               .pattern = {STATES, ROW_START, COLUMN},
                               .width = WIDTH,
                               .live = world->live,
                               .rtol = 1e-6,
                               .atol = ATOL,
                               .kernels = kernels_for(NULL),
                               .rates = rates,
                               .state = world->state,
                               .derivative = derivative,
                               .jacobian = jacobian};
}

/* ---- CVODES as it comes, over our vectors ---- */

typedef struct {
    World world;
    IntegratorProblem problem;
    VectorSpace space;
    LaneSystem system;
    SUNContext sundials;
    N_Vector y, value;
    void *memory, *matrix, *solver;
} Plain;

static int plain_rates(sunrealtype time, N_Vector y, N_Vector result, void *context)
{
    Plain *plain = context;
    return rates(&plain->world, time, vector_values(y), vector_data(result)) ? 0 : 1;
}

static int plain_weights(N_Vector y, N_Vector result, void *context)
{
    (void)context;
    const double *value = vector_values(y);
    double *weight = vector_data(result);
    for (int i = 0; i < COUNT; i++) {
        weight[i] = 1.0 / (fabs(value[i]) * 1e-6 + ATOL[i / WIDTH]);
    }
    return 0;
}

static void plain_open(Plain *plain, Arena *arena)
{
    plain->problem = problem_of(&plain->world);
    plain->space = (VectorSpace){.arena = arena,
                                 .kernels = plain->problem.kernels,
                                 .states = STATES,
                                 .width = WIDTH,
                                 .count = COUNT,
                                 .live = plain->world.live};
    vector_space_open(&plain->space);
    plain->system = (LaneSystem){
        .problem = &plain->problem,
        .sparse = blocklu_open(arena, plain->problem.pattern, WIDTH, plain->problem.kernels),
        .dense = densely_open(arena, plain->problem.pattern, WIDTH)};
#if SUNDIALS_VERSION_MAJOR >= 7
    CU_ASSERT_EQUAL_FATAL(SUNContext_Create(SUN_COMM_NULL, &plain->sundials), 0);
#else
    CU_ASSERT_EQUAL_FATAL(SUNContext_Create(NULL, &plain->sundials), 0);
#endif
    plain->y = vector_new(&plain->space, plain->sundials);
    plain->value = vector_new(&plain->space, plain->sundials);
    memcpy(vector_data(plain->y), plain->world.state, sizeof plain->world.state);
    plain->memory = CVodeCreate(CV_BDF, plain->sundials);
    CU_ASSERT_EQUAL_FATAL(CVodeInit(plain->memory, plain_rates, 0.0, plain->y), CV_SUCCESS);
    CU_ASSERT_EQUAL(CVodeSetUserData(plain->memory, plain), CV_SUCCESS);
    CU_ASSERT_EQUAL(CVodeWFtolerances(plain->memory, plain_weights), CV_SUCCESS);
    CU_ASSERT_TRUE(linear_attach(&plain->system, plain->memory, plain->sundials, &plain->matrix,
                                 &plain->solver));
}

static void plain_close(Plain *plain)
{
    CVodeFree(&plain->memory);
    linear_free(plain->matrix, plain->solver);
    N_VDestroy(plain->y);
    N_VDestroy(plain->value);
    SUNContext_Free(&plain->sundials);
}

static void test_the_same_bits_as_sundials(void)
{
    Arena *arena = arena_new();
    static Plain plain;
    static World world;
    plain_open(&plain, arena);
    IntegratorProblem problem = problem_of(&world);
    Integrator *integrator = integrator_open(arena, &problem);
    CU_ASSERT_PTR_NOT_NULL_FATAL(integrator);
    double start[COUNT];
    double between[COUNT];
    memcpy(start, world.state, sizeof start);
    integrator_restart(integrator, 0.0, start);
    integrator_stop_at(integrator, 1e5);
    CU_ASSERT_EQUAL(CVodeSetStopTime(plain.memory, 1e5), CV_SUCCESS);
    double time = 0.0;
    double other = 0.0;
    int steps = 0;
    StepStatus status = STEP_DONE;
    while (status == STEP_DONE && steps < 5000) {
        double before = time;
        status = integrator_step(integrator, &time);
        int flag = CVode(plain.memory, 1e5, plain.y, &other, CV_ONE_STEP);
        CU_ASSERT_EQUAL_FATAL(time, other);
        CU_ASSERT_EQUAL(flag == CV_TSTOP_RETURN, status == STEP_AT_STOP);
        const double *y = integrator_state(integrator);
        CU_ASSERT_EQUAL_FATAL(memcmp(y, vector_values(plain.y), sizeof start), 0);
        integrator_value(integrator, 0.5 * (before + time), between);
        CVodeGetDky(plain.memory, 0.5 * (before + time), 0, plain.value);
        CU_ASSERT_EQUAL_FATAL(memcmp(between, vector_values(plain.value), sizeof between), 0);
        memset(world.state, 0x7f, sizeof world.state); // nobody may count on what stands there
        steps++;
    }
    CU_ASSERT_EQUAL(status, STEP_AT_STOP);
    CU_ASSERT_TRUE(steps > 100);
    SolverStats stats = {0};
    integrator_count(integrator, &stats);
    long iterations = 0;
    CU_ASSERT_EQUAL(CVodeGetNumNonlinSolvIters(plain.memory, &iterations), CV_SUCCESS);
    CU_ASSERT_EQUAL(stats.newton_iterations, iterations);
    CU_ASSERT_EQUAL(stats.steps, steps);
    integrator_close(integrator);
    plain_close(&plain);
    arena_free(arena);
}

static void test_rates_that_are_not_finite(void)
{
    Arena *arena = arena_new();
    static World world;
    IntegratorProblem problem = problem_of(&world);
    Integrator *integrator = integrator_open(arena, &problem);
    double start[COUNT];
    memcpy(start, world.state, sizeof start);
    world.trouble = 30.0;
    integrator_restart(integrator, 0.0, start);
    integrator_stop_at(integrator, 100.0);
    double time = 0.0;
    StepStatus status = STEP_DONE;
    int stuck = 0;
    while (status == STEP_DONE && stuck < 20) {
        double before = time;
        status = integrator_step(integrator, &time);
        stuck = time > before ? 0 : stuck + 1;
    }
    CU_ASSERT_TRUE(status == STEP_RATES || stuck == 20); // ever smaller steps towards it
    CU_ASSERT_TRUE(fabs(time - 30.0) < 1e-9);
    const double *y = integrator_state(integrator);
    for (int lane = 0; lane < WIDTH; lane++) {
        double sum = y[lane] + y[WIDTH + lane] + y[2 * WIDTH + lane];
        double inflow = lane == 1 ? 1e-3 * time : 0.0;
        CU_ASSERT_TRUE(fabs(sum - 1.0 - inflow) < 1e-9); // the last good state: mass is kept
    }
    integrator_close(integrator);
    arena_free(arena);
}

SUITE("newton", TEST(test_the_same_bits_as_sundials), TEST(test_rates_that_are_not_finite))
