/* test_march.c: Rosenbrock steps, and lanes that each make their own. Expected values are closed
 * forms; what is said of bits is compared bit by bit.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/rosenbrock.h"
#include "unit/pack_bench.h"

enum { LANES = 16, TIMES = 41, CROWD = 256 }; // a crowd: more than step side by side

static Bench *open_bench(const char *text, int width, double rtol, double atol)
{
    Bench *bench = bench_model(text, NULL);
    bench->options.method = SOLVER_ROSENBROCK;
    bench_tolerance(bench, rtol, atol);
    bench_pack(bench, width);
    return bench;
}

/* ---- the method ---- */

// x = 1 / (1 + t^2), y = sin(2 t): not linear, not autonomous
static const char SMOOTH[] = "model smooth \"closed forms\"\n"
                             "time hour\n"
                             "state x = 1\nstate y = 0\n"
                             "d/dt(x) = -2 * (t / 1 [hour]) * x * x * 1 [1/hour]\n"
                             "d/dt(y) = 2 [1/hour] * (cos(2 * t / 1 [hour]) + x - 1 / "
                             "(1 + (t / 1 [hour])^2))\n";

/* The largest error at the end, and in the middle of steps, of so many equal steps over 2 hours. */
static void equal_steps(int count, double *end, double *inside)
{
    Bench *bench = open_bench(SMOOTH, 1, 1e-6, 1e-9);
    Pack *pack = bench->pack;
    SubjectInput subject = {0};
    bench_load(bench, &subject, 1, 0.0, 2.0);
    Rosenbrock method;
    rosenbrock_open(&method, bench->arena, &pack->main, 1e-6, bench->atol);
    CU_ASSERT(method.timed);
    Stage *stage = &pack->main;
    double part = 0.4;
    double y[2];
    *end = *inside = 0.0;
    stage->limits[0] = HUGE_VAL;
    for (int k = 0; k < count; k++) {
        stage->origin[0] = 2.0 * k / count;
        stage->scale[0] = 2.0 / count;
        rosenbrock_try(&method);
        CU_ASSERT(isfinite(method.error[0]));
        rosenbrock_value(&method, &part, y);
        double t = stage->origin[0] + part * stage->scale[0];
        *inside = fmax(*inside, fabs(y[0] - 1.0 / (1.0 + t * t)));
        *inside = fmax(*inside, fabs(y[1] - sin(2.0 * t)));
        memcpy(stage->y, method.next, sizeof y);
    }
    *end = fmax(fabs(stage->y[0] - 0.2), fabs(stage->y[1] - sin(4.0)));
    bench_close(bench);
}

/* Twice as many steps: errors 2^5 times smaller, within a step 2^4 and more. */
static void test_order(void)
{
    double end[2];
    double inside[2];
    equal_steps(40, &end[0], &inside[0]);
    equal_steps(80, &end[1], &inside[1]);
    CU_ASSERT(end[0] < 1e-6 && inside[0] < 1e-6);
    CU_ASSERT(end[0] / end[1] > 26.0 && end[0] / end[1] < 45.0);
    CU_ASSERT(inside[0] / inside[1] > 14.0);
}

/* Σ a_kj, Σ c_kj and d_k belong together: of y' = t and of y' = 1 each stage is exact. */
static void test_coefficients_belong_together(void)
{
    const RosenbrockMethod method = rosenbrock_method();
    double stage[ROSENBROCK_STAGES]; // u_k of y' = 1, h = 1
    for (int k = 0; k < ROSENBROCK_STAGES; k++) {
        double at = 0.0;
        double known = method.gamma;
        for (int j = 0; j < k; j++) {
            at += method.state[k][j] * stage[j];
            known += method.known[k][j] * stage[j];
        }
        CU_ASSERT_DOUBLE_EQUAL(at, method.point[k], 1e-13);
        stage[k] = known;
    }
    double end = 0.0;
    double slope = 0.0; // of y' = t: h^2 / 2 at the end
    double of_time[ROSENBROCK_STAGES];
    for (int k = 0; k < ROSENBROCK_STAGES; k++) {
        of_time[k] = method.gamma * method.point[k] + method.clock[k];
        for (int j = 0; j < k; j++) {
            of_time[k] += method.known[k][j] * of_time[j];
        }
        double weight = k + 1 < ROSENBROCK_STAGES ? method.state[ROSENBROCK_STAGES - 1][k] : 1.0;
        end += weight * stage[k];
        slope += weight * of_time[k];
    }
    CU_ASSERT_DOUBLE_EQUAL(end, 1.0, 1e-13);
    CU_ASSERT_DOUBLE_EQUAL(slope, 0.5, 1e-13);
}

// The first pivot of I - gamma h J is zero for h gamma a = 1.
static const char TURNING[] = "model turning \"a pivot that vanishes\"\n"
                              "time hour\n"
                              "param a [1/hour]\n"
                              "state x = 1\nstate y = 1\n"
                              "d/dt(x) = a * x - 3 * a * y\n"
                              "d/dt(y) = 3 * a * x + a * y\n";

/* e^(at) (cos 3at, sin 3at)-wise: one lane must pivot, its neighbour need not. */
static void test_pivots(void)
{
    Bench *bench = open_bench(TURNING, 2, 1e-6, 1e-9);
    Pack *pack = bench->pack;
    const double rates[2] = {0.02, 0.01};
    SubjectInput subjects[2] = {{.parameters = &rates[0]}, {.parameters = &rates[1]}};
    bench_load(bench, subjects, 2, 0.0, 1.0);
    Rosenbrock method;
    rosenbrock_open(&method, bench->arena, &pack->main, 1e-6, bench->atol);
    CU_ASSERT(!method.timed);
    const double h = 1.0 / (method.method.gamma * 0.02);
    pack->main.own = true;
    for (int lane = 0; lane < 2; lane++) {
        pack->main.origin[lane] = 0.0;
        pack->main.scale[lane] = h;
        pack->main.limits[lane] = HUGE_VAL;
    }
    rosenbrock_try(&method);
    CU_ASSERT(method.pivots[0] && !method.pivots[1] && method.pivot_count == 1);
    double both[4];
    memcpy(both, method.next, sizeof both);
    CU_ASSERT(isfinite(both[0]) && isfinite(both[2]));
    // a hair beside, where the sparse factors do, the step is nearly the same
    pack->main.scale[0] = h * (1.0 + 1e-4);
    rosenbrock_try(&method);
    CU_ASSERT(!method.pivots[0] && method.pivoted == 1);
    CU_ASSERT_DOUBLE_EQUAL(method.next[0] / both[0], 1.0, 1e-2);
    CU_ASSERT_DOUBLE_EQUAL(method.next[2] / both[2], 1.0, 1e-2);
    CU_ASSERT(method.next[1] == both[1] && method.next[3] == both[3]); // the neighbour: no bit
    bench_close(bench);
}

/* ---- lanes ---- */

// Stiff and slow, a dose, a burst at 1/c, a logarithm of what becomes negative, a state held at a
// jump of its rate
static const char MIXED[] = "model mixed \"subjects of all kinds\"\n"
                            "time hour\n"
                            "param k [1/hour] = 0.3\nparam fast [1/hour] = 1000\n"
                            "param c [1/hour] = 0\nparam hole [hour] = 1000\nparam held = 0\n"
                            "state A = 0\nstate s = 0\nstate x = 1\nstate w = 0\nstate z = 1\n"
                            "d/dt(A) = -k * A\n"
                            "d/dt(s) = fast * (A - s)\n"
                            "d/dt(x) = c * x * x\n"
                            "d/dt(w) = ln((hole - t) / 1 [hour]) * 1e-3 [1/hour]\n"
                            "d/dt(z) = if held > 0.5 then (if z > 0.5 then -1 [1/hour] "
                            "else 1 [1/hour]) else 0 [1/hour]\n";
enum { A, S, X };
typedef struct {
    double parameters[LANES][5];
    Dose dose;
    Regimen regimen;
    SubjectInput subjects[LANES];
    double grid[TIMES];
} Mix;

static void fill_mix(Mix *mix)
{
    mix->dose = (Dose){.kind = DOSE_BOLUS,
                       .route = -1,
                       .state = A,
                       .amount = 10.0,
                       .time = 2.0,
                       .count = 3,
                       .interval = 5.0};
    mix->regimen = (Regimen){&mix->dose, 1};
    for (int i = 0; i < LANES; i++) {
        const double values[] = {0.1 + 0.03 * i, i % 2 == 0 ? 1000.0 : 3.0, 0.0, 1000.0, 0.0};
        memcpy(mix->parameters[i], values, sizeof values);
        mix->subjects[i] =
            (SubjectInput){.parameters = mix->parameters[i], .regimen = &mix->regimen};
    }
    for (int i = 0; i < TIMES; i++) {
        mix->grid[i] = 0.5 * i;
    }
}

static double amount_at(const Mix *mix, int lane, double time)
{
    double sum = 0.0;
    for (int k = 0; k < 3; k++) {
        double since = time - 2.0 - 5.0 * k;
        sum += since >= 0.0 ? 10.0 * exp(-mix->parameters[lane][0] * since) : 0.0;
    }
    return sum;
}

/* s follows A: the response to one dose is 10 f / (f - k) (e^-kt - e^-ft). */
static double follower_at(const Mix *mix, int lane, double time)
{
    double k = mix->parameters[lane][0];
    double f = mix->parameters[lane][1];
    double sum = 0.0;
    for (int i = 0; i < 3; i++) {
        double since = time - 2.0 - 5.0 * i;
        sum += since >= 0.0 ? 10.0 * f / (f - k) * (exp(-k * since) - exp(-f * since)) : 0.0;
    }
    return sum;
}

static void test_closed_forms_at_three_tolerances(void)
{
    static const double rtols[] = {1e-4, 1e-7, 1e-10};
    Mix mix;
    fill_mix(&mix);
    for (int i = 0; i < 3; i++) {
        Bench *bench = open_bench(MIXED, LANES, rtols[i], 1e-2 * rtols[i]);
        bench_load(bench, mix.subjects, LANES, 0.0, 20.0);
        CU_ASSERT(bench_run(bench, mix.grid, TIMES));
        CU_ASSERT(pack_stats(bench->pack)->own_steps > 0);
        double worst = 0.0;
        for (int row = 0; row < TIMES; row++) {
            for (int lane = 0; lane < LANES; lane++) {
                double time = mix.grid[row];
                worst = fmax(worst, bench_error(bench, row, A, lane, amount_at(&mix, lane, time)));
                worst =
                    fmax(worst, bench_error(bench, row, S, lane, follower_at(&mix, lane, time)));
            }
        }
        CU_ASSERT(worst < 10.0);
        bench_close(bench);
    }
}

/* What a lane gets, from a pack of so many lanes with this subject at its place. */
static void run_at(const Mix *mix, int width, int subject, int place, double *values)
{
    Bench *bench = open_bench(MIXED, width, 1e-6, 1e-8);
    SubjectInput subjects[CROWD];
    for (int i = 0; i < width; i++) {
        subjects[i] = mix->subjects[i == place ? subject : (subject + 1 + i) % LANES];
    }
    bench_load(bench, subjects, width, 0.0, 20.0);
    CU_ASSERT(bench_run(bench, mix->grid, TIMES));
    CU_ASSERT_EQUAL(bench_outcome(bench, place), OUTCOME_DONE);
    for (int row = 0; row < TIMES; row++) {
        for (int state = 0; state < 5; state++) {
            values[row * 5 + state] = bench_value(bench, row, state, place);
        }
    }
    bench_close(bench);
}

/* Alone, at any place and width, beside those that fail in every way: the same bits. */
static void test_nobody_matters_to_another(void)
{
    Mix mix;
    fill_mix(&mix);
    mix.parameters[3][2] = 0.25; // explodes at t = 4
    mix.parameters[5][3] = 7.5;  // rates that are not finite from there
    mix.parameters[9][4] = 1.0;  // crawls
    mix.parameters[11][1] = 1e7; // far stiffer than the others
    static double alone[TIMES * 5], beside[TIMES * 5];
    run_at(&mix, 1, 6, 0, alone);
    static const int widths[] = {2, 4, 8, 16, 16, CROWD, CROWD, CROWD};
    static const int places[] = {1, 0, 5, 3, 15, 7, 100, CROWD - 1};
    for (int i = 0; i < 8; i++) {
        run_at(&mix, widths[i], 6, places[i], beside);
        CU_ASSERT_EQUAL(memcmp(alone, beside, sizeof alone), 0);
    }
}

/* A covariate of each lane that follows its clock, in more lanes than step side by side. */
static void test_a_crowd_with_covariates(void)
{
    static const char text[] = "model filling \"a covariate that follows the clock\"\n"
                               "time hour\n"
                               "covariate w [1/hour] = 1\n"
                               "state x = 0\n"
                               "d/dt(x) = w\n";
    enum { END = 20 };
    Bench *bench = open_bench(text, CROWD, 1e-8, 1e-8);
    CU_ASSERT(CROWD > pack_lanes(bench->model));
    const double when[2] = {0.0, END};
    const double grid[] = {3.0, 12.5, END};
    static double value[CROWD][2];
    static CovariateCourse courses[CROWD];
    static SubjectInput subjects[CROWD];
    for (int i = 0; i < CROWD; i++) {
        value[i][0] = i;
        value[i][1] = 1000.0 - 3.0 * i;
        courses[i] = (CovariateCourse){
            .covariate = 0, .method = COURSE_LINEAR, .count = 2, .time = when, .value = value[i]};
        subjects[i] = (SubjectInput){
            .covariates = value[i], .courses = &courses[i], .course_count = i % 8 == 0 ? 0 : 1};
    }
    bench_load(bench, subjects, CROWD, 0.0, END);
    CU_ASSERT(bench_run(bench, grid, 3));
    double worst = 0.0;
    for (int row = 0; row < 3; row++) {
        for (int i = 0; i < CROWD; i++) {
            double bend = subjects[i].course_count * (value[i][1] - value[i][0]) / (2.0 * END);
            double exact = grid[row] * (value[i][0] + bend * grid[row]);
            worst = fmax(worst, bench_error(bench, row, 0, i, exact));
        }
    }
    CU_ASSERT(worst < 1.0);
    bench_close(bench);
}

static void test_lanes_that_fail(void)
{
    Mix mix;
    fill_mix(&mix);
    mix.parameters[3][2] = 0.25;
    mix.parameters[5][3] = 7.5;
    mix.parameters[9][4] = 1.0;
    Bench *bench = open_bench(MIXED, LANES, 1e-6, 1e-8);
    bench_load(bench, mix.subjects, LANES, 0.0, 20.0);
    CU_ASSERT(bench_run(bench, mix.grid, TIMES));
    const Outcome *burst = pack_outcome(bench->pack, 3);
    CU_ASSERT(burst->kind == OUTCOME_NO_CONVERGENCE || burst->kind == OUTCOME_NOT_FINITE);
    CU_ASSERT_DOUBLE_EQUAL(burst->time, 4.0, 1e-4);
    CU_ASSERT_EQUAL(burst->state, X);
    const Outcome *hole = pack_outcome(bench->pack, 5);
    CU_ASSERT_EQUAL(hole->kind, OUTCOME_NOT_FINITE);
    CU_ASSERT_DOUBLE_EQUAL(hole->time, 7.5, 1e-4);
    CU_ASSERT(hole->has_fault && hole->state == 3);
    const Outcome *held = pack_outcome(bench->pack, 9);
    CU_ASSERT(held->kind == OUTCOME_NO_CONVERGENCE && held->crawls);
    CU_ASSERT(held->time >= 0.5 && held->time < 1.0 && held->state == 4);
    for (int row = 0; row < TIMES; row++) {
        CU_ASSERT(mix.grid[row] == 4.0 || bench_live(bench, row, 3) == (mix.grid[row] < 4.0));
        CU_ASSERT(mix.grid[row] == 7.5 || bench_live(bench, row, 5) == (mix.grid[row] < 7.5));
    }
    bench_close(bench);
}

/* A regimen that makes no sense, beside one that does. */
static void test_a_subject_that_cannot_be_loaded(void)
{
    Mix mix;
    fill_mix(&mix);
    Dose late = mix.dose;
    late.time = -1.0;
    Regimen bad = {&late, 1};
    mix.subjects[0].regimen = &bad;
    Bench *bench = open_bench(MIXED, 2, 1e-6, 1e-8);
    bench_load(bench, mix.subjects, 2, 0.0, 20.0);
    CU_ASSERT(bench_run(bench, mix.grid, TIMES));
    CU_ASSERT_EQUAL(bench_outcome(bench, 0), OUTCOME_BAD_DOSE);
    CU_ASSERT_EQUAL(bench_outcome(bench, 1), OUTCOME_DONE);
    CU_ASSERT(bench_error(bench, TIMES - 1, A, 1, amount_at(&mix, 1, 20.0)) < 10.0);
    bench_close(bench);
}

/* A stop at which nothing happens to a lane leaves its step as it was: 100 of them cost little. */
static void test_the_stops_of_others_cost_little(void)
{
    Mix mix;
    fill_mix(&mix);
    mix.subjects[0].regimen = NULL;
    mix.parameters[0][2] = 0.04; // something moves
    Dose many = {
        .kind = DOSE_BOLUS, .route = -1, .state = A, .amount = 1.0, .count = 100, .interval = 0.19};
    Regimen busy = {&many, 1};
    mix.subjects[1].regimen = &busy;
    long steps[2];
    for (int i = 0; i < 2; i++) {
        Bench *bench = open_bench(MIXED, 2, 1e-6, 1e-8);
        bench_load(bench, mix.subjects, 1, 0.0, 20.0);
        CU_ASSERT(bench_run(bench, mix.grid, TIMES));
        steps[0] = pack_stats(bench->pack)->steps;
        bench_load(bench, mix.subjects, 2, 0.0, 20.0);
        CU_ASSERT(bench_run(bench, mix.grid, TIMES));
        steps[1] = pack_stats(bench->pack)->steps - steps[0];
        bench_load(bench, mix.subjects + 1, 1, 0.0, 20.0);
        CU_ASSERT(bench_run(bench, mix.grid, TIMES));
        long busy_steps = pack_stats(bench->pack)->steps - steps[0] - steps[1];
        CU_ASSERT(steps[1] - busy_steps < steps[0] + 2 * 100);
        bench_close(bench);
    }
}

static bool count_rows(void *context, int index, double time, const double *values,
                       const bool *live, int width)
{
    int *rows = context;
    (void)index, (void)time, (void)values, (void)width;
    *rows += live[0];
    return true;
}

/* Rows that are there of so many equally spaced ones. */
static int run_densely(Bench *bench, const SubjectInput *subject, double end, int count)
{
    double *times = arena_array(bench->arena, (size_t)count, sizeof *times);
    int rows = 0;
    for (int i = 0; i < count; i++) {
        times[i] = end * i / (count - 1);
    }
    bench_load(bench, subject, 1, 0.0, end);
    CU_ASSERT(pack_run(bench->pack, times, count, count_rows, &rows, NULL));
    return rows;
}

/* A state held at a jump, and so many outputs that none of them spends the step limit; doses in
 * between, so that no stop begins the count anew. */
static void test_a_slide_through_many_outputs_ends(void)
{
    enum { ROWS = 200001 };
    Mix mix;
    fill_mix(&mix);
    mix.parameters[0][4] = 1.0;
    Dose many = {
        .kind = DOSE_BOLUS, .route = -1, .state = A, .amount = 1.0, .count = 200, .interval = 0.1};
    Regimen busy = {&many, 1};
    for (int i = 0; i < 2; i++) {
        mix.subjects[0].regimen = i == 0 ? NULL : &busy;
        Bench *bench = open_bench(MIXED, 1, 1e-6, 1e-8);
        int rows = run_densely(bench, mix.subjects, 20.0, ROWS);
        const Outcome *outcome = pack_outcome(bench->pack, 0);
        CU_ASSERT(outcome->kind == OUTCOME_NO_CONVERGENCE && outcome->crawls);
        CU_ASSERT(outcome->time > 0.5 && outcome->state == 4);
        CU_ASSERT(rows > ROWS / 40 && rows < ROWS / 10); // it did slide through some
        CU_ASSERT(pack_stats(bench->pack)->steps < 10 * bench->options.max_steps);
        bench_close(bench);
    }
}

static const char SWING[] = "model swing \"round and round\"\n"
                            "time hour\n"
                            "state x = 1\nstate y = 0\n"
                            "d/dt(x) = 6.283185307179586 [1/hour] * y\n"
                            "d/dt(y) = -6.283185307179586 [1/hour] * x\n";

static Bench *open_swing(long limit)
{
    Bench *bench = bench_model(SWING, NULL);
    bench->options.method = SOLVER_ROSENBROCK;
    bench->options.max_steps = limit;
    bench_tolerance(bench, 1e-6, 1e-6);
    bench_pack(bench, 1);
    return bench;
}

/* A long way is no slide: it may take a hundred times the limit, and no more. */
static void test_a_long_way(void)
{
    enum { LIMIT = 2000, HOURS = 3000 };
    const SubjectInput subject = {0};
    Bench *bench = open_swing(LIMIT);
    CU_ASSERT_EQUAL(run_densely(bench, &subject, HOURS, HOURS + 1), HOURS + 1);
    CU_ASSERT_EQUAL(bench_outcome(bench, 0), OUTCOME_DONE);
    CU_ASSERT(pack_stats(bench->pack)->steps > 10L * LIMIT);
    bench_close(bench);
    bench = open_swing(LIMIT);
    CU_ASSERT(run_densely(bench, &subject, 20 * HOURS, 20 * HOURS + 1) < HOURS);
    CU_ASSERT(pack_outcome(bench->pack, 0)->crawls);
    CU_ASSERT(pack_stats(bench->pack)->steps < 10L * LIMIT);
    bench_close(bench);
    // nobody looks: the limit of one interval
    bench = open_swing(LIMIT);
    CU_ASSERT_EQUAL(run_densely(bench, &subject, HOURS, 2), 1);
    CU_ASSERT_EQUAL(bench_outcome(bench, 0), OUTCOME_STEP_LIMIT);
    CU_ASSERT_EQUAL(pack_stats(bench->pack)->steps, LIMIT);
    bench_close(bench);
}

static volatile int halt;

static bool halt_at_third(void *context, int lane, int index, double time, const double *values,
                          int width)
{
    (void)context, (void)lane, (void)time, (void)values, (void)width;
    halt = index == 2;
    return true;
}

/* Who is asked to stop does so at the next step. */
static void test_a_lane_stops_when_it_is_told(void)
{
    Observation seen[4] = {{.time = 1.0}, {.time = 2.0}, {.time = 3.0}, {.time = 2999.0}};
    const SubjectInput subject = {.observations = seen, .observation_count = 4};
    Bench *bench = open_swing(1000000);
    pack_observe(bench->pack, halt_at_third, NULL);
    bench_load(bench, &subject, 1, 0.0, 3000.0);
    CU_ASSERT(!pack_run(bench->pack, NULL, 0, NULL, NULL, &halt));
    CU_ASSERT_EQUAL(bench_outcome(bench, 0), OUTCOME_STOPPED);
    CU_ASSERT(pack_stats(bench->pack)->steps < 1000);
    bench_close(bench);
}

SUITE("march", TEST(test_order), TEST(test_coefficients_belong_together), TEST(test_pivots),
      TEST(test_closed_forms_at_three_tolerances), TEST(test_nobody_matters_to_another),
      TEST(test_a_crowd_with_covariates), TEST(test_lanes_that_fail),
      TEST(test_a_subject_that_cannot_be_loaded), TEST(test_the_stops_of_others_cost_little),
      TEST(test_a_slide_through_many_outputs_ends), TEST(test_a_long_way),
      TEST(test_a_lane_stops_when_it_is_told))
