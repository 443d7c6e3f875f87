/* test_clocks.c: lanes that keep their own time: what a subject sees does not depend on when the
 * others of its pack are given something. Expected values are closed forms.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/random.h"
#include "simulate/lanes.h"
#include "unit/pack_bench.h"

// An oral dose, what the time itself does, a condition on time, a table, a covariate.
static const char MODEL[] = "model clocks \"everything that looks at the clock\"\n"
                            "time hour\n"
                            "param KA = 1.2\nparam K = 0.1\nparam T0 = 0\nparam BAD = 1e9\n"
                            "covariate W = 1\n"
                            "table pulses\n"
                            "state depot = 0\nstate central = 0\n"
                            "state wave = 0\nstate since = 0\nstate area = 0\nstate weight = 0\n"
                            "state root = 0\n"
                            "d/dt(depot) = -KA * depot\n"
                            "d/dt(central) = KA * depot - K * central\n"
                            "d/dt(wave) = cos(t / 1 [hour])\n"
                            "d/dt(since) = if t >= T0 then 1 else 0\n"
                            "d/dt(area) = interp(pulses, t)\n"
                            "d/dt(weight) = W\n"
                            "d/dt(root) = sqrt((BAD - t) / 1 [hour])\n";

enum { LANES = 16, DOSES = 12, TIMES = 31 };
enum { DEPOT, CENTRAL, WAVE, SINCE, AREA, WEIGHT };

static const double KNOTS[] = {0.0, 20.0, 50.0};
static const double HEIGHTS[] = {1.0, 3.0, 2.0};
static const Interpolant PULSES = {.x = KNOTS, .y = HEIGHTS, .count = 3, .method = INTERP_STEP};

static double uniform(uint32_t stream, uint32_t draw)
{
    return random_uniform((RandomKey){20261127, 4, stream}, draw);
}

typedef struct {
    Bench *bench;
    Dose doses[LANES][DOSES];
    Regimen regimens[LANES];
    double parameters[LANES][4];
    double times[LANES][DOSES];
    double lengths[LANES][DOSES]; // 0: a bolus
    CovariateCourse courses[LANES];
    double course_times[LANES][2];
    SubjectInput subjects[LANES];
    double grid[TIMES];
} Scene;

static const double COURSE[] = {1.0, 5.0};
static const double ONE = 1.0;

// Lanes with clocks of their own share their steps, or make their own.
static const SolverMethod METHODS[] = {SOLVER_AUTO, SOLVER_ROSENBROCK};
enum { METHOD_COUNT = 2 };

/* Lanes with doses at random times, boluses and infusions, up to 12 of them. */
static Scene *open_scene(int lanes, double rtol, SolverMethod method)
{
    Bench *bench = bench_model(MODEL, &PULSES);
    bench->options.method = method;
    Scene *scene = arena_alloc(bench->arena, sizeof *scene);
    scene->bench = bench;
    bench_tolerance(bench, rtol, 1e-3 * rtol);
    bench_pack(bench, tape_width(lanes));
    for (uint32_t i = 0; i < LANES; i++) {
        int count = 4 + (int)(8 * uniform(i, 0));
        for (uint32_t k = 0; k < (uint32_t)count; k++) {
            scene->times[i][k] = 60.0 * uniform(i, 3 * k + 1);
            scene->lengths[i][k] = uniform(i, 3 * k + 2) < 0.5 ? 0.0 : 4.0 * uniform(i, 3 * k + 3);
            bool bolus = scene->lengths[i][k] == 0.0;
            scene->doses[i][k] = (Dose){.kind = bolus ? DOSE_BOLUS : DOSE_INFUSION_DURATION,
                                        .route = -1,
                                        .state = DEPOT,
                                        .amount = 100.0,
                                        .time = scene->times[i][k],
                                        .duration = scene->lengths[i][k],
                                        .count = 1};
        }
        scene->regimens[i] = (Regimen){scene->doses[i], count};
        const double values[] = {1.2, 0.1, 70.0 * uniform(i, 100), 1e9};
        memcpy(scene->parameters[i], values, sizeof values);
        scene->course_times[i][0] = 30.0 * uniform(i, 101);
        scene->course_times[i][1] = scene->course_times[i][0] + 10.0;
        scene->courses[i] = (CovariateCourse){
            .method = COURSE_LINEAR, .time = scene->course_times[i], .value = COURSE, .count = 2};
        scene->subjects[i] = (SubjectInput){.parameters = scene->parameters[i],
                                            .covariates = &ONE,
                                            .regimen = &scene->regimens[i],
                                            .courses = &scene->courses[i],
                                            .course_count = 1};
    }
    for (int i = 0; i < TIMES; i++) {
        scene->grid[i] = 2.0 * i;
    }
    return scene;
}

/* Absorption of what came in at a constant rate for `length` (0: at once), `since` its begin. */
static double in_depot(double since, double length)
{
    if (since < 0.0) {
        return 0.0;
    }
    double runs = fmin(since, length);
    return length == 0.0
               ? 100.0 * exp(-1.2 * since)
               : 100.0 / length / 1.2 * (1.0 - exp(-1.2 * runs)) * exp(-1.2 * (since - runs));
}

/* The same for the central compartment: the convolution with KA / (KA - K) (e^-Kt - e^-KAt). */
static double in_central(double since, double length)
{
    const double ka = 1.2;
    const double k = 0.1;
    if (since < 0.0) {
        return 0.0;
    }
    double runs = fmin(since, length);
    double rest = since - runs;
    double slow = length == 0.0 ? 100.0 : 100.0 / length * (1.0 - exp(-k * runs)) / k;
    double fast = length == 0.0 ? 100.0 : 100.0 / length * (1.0 - exp(-ka * runs)) / ka;
    return ka / (ka - k) * (slow * exp(-k * rest) - fast * exp(-ka * rest));
}

static double expected(const Scene *scene, int lane, int state, double time)
{
    double sum = 0.0;
    for (int k = 0; state <= CENTRAL && k < scene->regimens[lane].count; k++) {
        double since = time - scene->times[lane][k];
        double length = scene->lengths[lane][k];
        sum += state == DEPOT ? in_depot(since, length) : in_central(since, length);
    }
    double first = scene->course_times[lane][0];
    double inside = fmin(fmax(time - first, 0.0), 10.0);
    switch (state) {
    case WAVE:
        return sin(time);
    case SINCE:
        return fmax(0.0, time - scene->parameters[lane][2]);
    case AREA:
        return fmin(time, 20.0) + 3.0 * fmin(fmax(time - 20.0, 0.0), 30.0) +
               2.0 * fmax(time - 50.0, 0.0);
    case WEIGHT:
        return fmin(time, first) + inside + 0.2 * inside * inside +
               5.0 * fmax(time - first - 10.0, 0.0);
    default:
        return sum;
    }
}

/* Errors in tolerances over all times of a lane; the tail of the depot decays by e^50. */
static double worst_error(const Scene *scene, int lane)
{
    double worst = 0.0;
    for (int row = 0; row < TIMES; row++) {
        for (int state = CENTRAL; state <= WEIGHT; state++) {
            double value = expected(scene, lane, state, scene->grid[row]);
            double error = bench_error(scene->bench, row, state, lane, value);
            if (state == WAVE) { // it passes through zero: its tolerance is that of its height
                double miss = bench_value(scene->bench, row, state, lane) - value;
                error = fabs(miss) / scene->bench->options.rtol;
            }
            worst = fmax(worst, error);
        }
    }
    return worst;
}

static void every_lane_has_what_it_has_alone_with(SolverMethod method)
{
    Scene *scene = open_scene(LANES, 1e-8, method);
    Bench *bench = scene->bench;
    bench_load(bench, scene->subjects, LANES, 0.0, 60.0);
    CU_ASSERT(bench->pack->main.own);
    CU_ASSERT(bench_run(bench, scene->grid, TIMES));
    for (int i = 0; i < LANES; i++) {
        CU_ASSERT_EQUAL(bench_outcome(bench, i), OUTCOME_DONE);
        CU_ASSERT(worst_error(scene, i) < 20.0);
    }
    bench_close(bench);
}

static void test_every_lane_has_what_it_has_alone(void)
{
    for (int i = 0; i < METHOD_COUNT; i++) {
        every_lane_has_what_it_has_alone_with(METHODS[i]);
    }
}

/* All lanes are given something at the same times: the common clock, as ever. */
static void test_equal_times_keep_the_common_clock(void)
{
    Scene *scene = open_scene(LANES, 1e-6, SOLVER_AUTO);
    for (int i = 1; i < LANES; i++) {
        scene->subjects[i] = scene->subjects[0];
    }
    bench_load(scene->bench, scene->subjects, LANES, 0.0, 60.0);
    CU_ASSERT(!scene->bench->pack->main.own);
    bench_close(scene->bench);
}

/* As many stops as the busiest lane needs, or little more; the union would be 16 times as many. */
static void test_stops_are_few(void)
{
    Scene *scene = open_scene(LANES, 1e-6, SOLVER_AUTO);
    Bench *bench = scene->bench;
    int most = 0;
    const double *times;
    for (int i = 0; i < LANES; i++) {
        bench_load(bench, &scene->subjects[i], 1, 0.0, 60.0);
        int count = pack_stops(bench->pack, &times);
        most = count > most ? count : most;
    }
    bench_load(bench, scene->subjects, LANES, 0.0, 60.0);
    CU_ASSERT(pack_stops(bench->pack, &times) <= 2 * most);
    for (int i = 0; i < LANES; i++) { // each lane's own stops are there, in order, at its time
        const Lane *lane = &bench->pack->lanes[i];
        for (int k = 0; k < lane->event_count; k++) {
            double at = pack_stop_time(bench->pack, i, lane->events[k].stop);
            CU_ASSERT(same_time(at, lane->events[k].time));
        }
        for (int k = 1; k < bench->pack->stop_count; k++) {
            CU_ASSERT(lane->times[k - 1] <= lane->times[k]);
        }
        CU_ASSERT(lane->times[0] == 0.0 && lane->times[bench->pack->stop_count - 1] == 60.0);
    }
    bench_close(bench);
}

/* sqrt of a negative number from t = 33.3 on: the lane ends there by its own clock. */
static void a_lane_that_fails_fails_at_its_own_time_with(SolverMethod method)
{
    Scene *scene = open_scene(LANES, 1e-8, method);
    Bench *bench = scene->bench;
    scene->parameters[5][3] = 33.3;
    bench_load(bench, scene->subjects, LANES, 0.0, 60.0);
    CU_ASSERT(bench_run(bench, scene->grid, TIMES));
    CU_ASSERT_EQUAL(bench_outcome(bench, 5), OUTCOME_NOT_FINITE);
    CU_ASSERT_DOUBLE_EQUAL(pack_outcome(bench->pack, 5)->time, 33.3, 1e-3);
    for (int row = 0; row < TIMES; row++) {
        CU_ASSERT_EQUAL(bench_live(bench, row, 5), scene->grid[row] < 33.3);
    }
    for (int i = 0; i < LANES; i++) {
        CU_ASSERT(i == 5 || worst_error(scene, i) < 20.0);
    }
    bench_close(bench);
}

static void test_a_lane_that_fails_fails_at_its_own_time(void)
{
    for (int i = 0; i < METHOD_COUNT; i++) {
        a_lane_that_fails_fails_at_its_own_time_with(METHODS[i]);
    }
}

static void lanes_with_spans_of_their_own_with(SolverMethod method)
{
    Scene *scene = open_scene(LANES, 1e-8, method);
    Bench *bench = scene->bench;
    for (int i = 0; i < LANES; i++) {
        SubjectInput *one = &scene->subjects[i];
        one->own_span = true;
        one->start = 0.0;
        for (int k = 0; k < one->regimen->count; k++) {
            one->end = fmax(one->end, scene->times[i][k] + 1.0);
        }
    }
    scene->subjects[7] = (SubjectInput){.parameters = scene->parameters[7],
                                        .covariates = &ONE,
                                        .own_span = true,
                                        .start = 8.0,
                                        .end = 8.0}; // no time at all
    bench_load(bench, scene->subjects, LANES, 0.0, 61.0);
    CU_ASSERT(bench->pack->main.own);
    CU_ASSERT(bench_run(bench, scene->grid, TIMES));
    for (int i = 0; i < LANES; i++) {
        CU_ASSERT_EQUAL(bench_outcome(bench, i), OUTCOME_DONE);
        const SubjectInput *one = &scene->subjects[i];
        for (int row = 0; row < TIMES; row++) {
            bool inside = scene->grid[row] >= one->start && scene->grid[row] <= one->end;
            CU_ASSERT_EQUAL(bench_live(bench, row, i), inside);
            if (inside && i != 7) {
                double value = expected(scene, i, CENTRAL, scene->grid[row]);
                CU_ASSERT(bench_error(bench, row, CENTRAL, i, value) < 20.0);
            }
        }
    }
    bench_close(bench);
}

static void test_lanes_with_spans_of_their_own(void)
{
    for (int i = 0; i < METHOD_COUNT; i++) {
        lanes_with_spans_of_their_own_with(METHODS[i]);
    }
}

/* An output between the others changes no bit of them. */
static void outputs_change_no_bit_with(SolverMethod method)
{
    Scene *scene = open_scene(LANES, 1e-6, method);
    Bench *bench = scene->bench;
    double values[2][LANES];
    const double few[] = {59.0};
    for (int i = 0; i < 2; i++) {
        bench_load(bench, scene->subjects, LANES, 0.0, 60.0);
        CU_ASSERT(bench_run(bench, i == 0 ? few : scene->grid, i == 0 ? 1 : TIMES));
        for (int lane = 0; lane < LANES && i == 0; lane++) {
            values[i][lane] = bench_value(bench, 0, CENTRAL, lane);
        }
    }
    double more[TIMES + 1];
    memcpy(more, scene->grid, sizeof scene->grid);
    more[TIMES] = more[TIMES - 1];
    more[TIMES - 1] = 59.0;
    bench_load(bench, scene->subjects, LANES, 0.0, 60.0);
    CU_ASSERT(bench_run(bench, more, TIMES + 1));
    for (int lane = 0; lane < LANES; lane++) {
        values[1][lane] = bench_value(bench, TIMES - 1, CENTRAL, lane);
    }
    CU_ASSERT_EQUAL(memcmp(values[0], values[1], sizeof values[0]), 0);
    bench_close(bench);
}

static void test_outputs_change_no_bit(void)
{
    for (int i = 0; i < METHOD_COUNT; i++) {
        outputs_change_no_bit_with(METHODS[i]);
    }
}

/* 0.4 µs at 40 h: by a common clock the infusion would have 4 digits. */
static void a_short_infusion_late_has_all_its_digits_with(SolverMethod method)
{
    Scene *scene = open_scene(1, 1e-9, method);
    Bench *bench = scene->bench;
    Dose dose = {.kind = DOSE_INFUSION_DURATION,
                 .route = -1,
                 .state = CENTRAL,
                 .amount = 100.0,
                 .time = 40.0,
                 .duration = 1e-10,
                 .count = 1};
    Regimen regimen = {&dose, 1};
    SubjectInput subject = {
        .parameters = scene->parameters[0], .covariates = &ONE, .regimen = &regimen};
    const double times[] = {40.5, 44.0};
    bench_load(bench, &subject, 1, 0.0, 44.0);
    CU_ASSERT(bench_run(bench, times, 2));
    CU_ASSERT_EQUAL(bench_outcome(bench, 0), OUTCOME_DONE);
    for (int row = 0; row < 2; row++) {
        double value = 100.0 * exp(-0.1 * (times[row] - 40.0));
        CU_ASSERT_DOUBLE_EQUAL(bench_value(bench, row, CENTRAL, 0) / value, 1.0, 1e-8);
    }
    bench_close(bench);
}

static void test_a_short_infusion_late_has_all_its_digits(void)
{
    for (int i = 0; i < METHOD_COUNT; i++) {
        a_short_infusion_late_has_all_its_digits_with(METHODS[i]);
    }
}

/* Outputs at the time of a dose: before it, after it, both; by either clock. */
typedef struct {
    int calls[3];
    double first[3][2], last[3][2]; // of each time and lane
} Seen;

static bool see(void *context, int index, double time, const double *values, const bool *live,
                int width)
{
    Seen *seen = context;
    (void)time;
    for (int lane = 0; lane < 2; lane++) {
        if (live[lane]) {
            double value = values[CENTRAL * width + lane];
            seen->first[index][lane] = seen->calls[index] == 0 ? value : seen->first[index][lane];
            seen->last[index][lane] = value;
        }
    }
    seen->calls[index]++;
    return true;
}

static void test_outputs_at_a_dose(void)
{
    for (int run = 0; run < 4; run++) {
        int own = run % 2;
        SolverMethod method = METHODS[run / 2];
        Scene *scene = open_scene(2, 1e-9, method);
        Bench *bench = scene->bench;
        Dose doses[2][4];
        Regimen regimens[2];
        for (int i = 0; i < 2; i++) {
            for (int k = 0; k < 4; k++) {
                const double times[][4] = {{0, 10, 11, 12}, {0, 5, 6, 7}};
                doses[i][k] = (Dose){.kind = DOSE_BOLUS,
                                     .route = -1,
                                     .state = CENTRAL,
                                     .amount = 100.0,
                                     .time = times[own * i][k],
                                     .count = 1};
            }
            regimens[i] = (Regimen){doses[i], 4};
            scene->subjects[i].regimen = &regimens[i];
        }
        const double times[] = {0.0, 10.0, 15.0};
        double at_10 = 100.0 * exp(-1.0);
        for (int way = AT_DOSE_POST; way <= AT_DOSE_BOTH; way++) {
            Seen seen = {0};
            pack_at_dose(bench->pack, (AtDose)way);
            bench_load(bench, scene->subjects, 2, 0.0, 15.0);
            CU_ASSERT_EQUAL(bench->pack->main.own, own == 1 || method == SOLVER_ROSENBROCK);
            CU_ASSERT(pack_run(bench->pack, times, 3, see, &seen, NULL));
            int twice = way == AT_DOSE_BOTH ? 2 : 1;
            CU_ASSERT(seen.calls[0] == twice && seen.calls[1] == twice && seen.calls[2] == 1);
            double before = way == AT_DOSE_POST ? 100.0 : 0.0;
            double after = way == AT_DOSE_PRE ? 0.0 : 100.0;
            CU_ASSERT(seen.first[0][0] == before && seen.first[0][1] == before);
            CU_ASSERT(seen.last[0][0] == after && seen.last[0][1] == after);
            CU_ASSERT_DOUBLE_EQUAL(seen.first[1][0], at_10 + before, 1e-6);
            CU_ASSERT_DOUBLE_EQUAL(seen.last[1][0], at_10 + after, 1e-6);
        }
        bench_close(bench);
    }
}

/* Observations of its own, of both sides of its doses, those that repeat one included. */
enum { OWN = 9 };
static const Observation OWN_PARTS[OWN] = {{0.0, OBSERVED_BEFORE},
                                           {0.0, 1},
                                           {1.0, OBSERVED_BEFORE},
                                           {1.0, 0}, // a repeat comes before all records
                                           {1.0, 1},
                                           {1.5, OBSERVED_BEFORE},
                                           {1.5, 1},
                                           {2.0, OBSERVED_BEFORE},
                                           {2.0, 1}};

static bool see_own(void *context, int lane, int index, double time, const double *values,
                    int width)
{
    double(*seen)[OWN] = context;
    (void)time;
    seen[lane][index] = values[CENTRAL * width + lane];
    return true;
}

static void test_observations_at_a_dose(void)
{
    for (int run = 0; run < 4; run++) {
        int own = run % 2;
        SolverMethod method = METHODS[run / 2];
        Scene *scene = open_scene(2, 1e-9, method);
        double interval[2] = {10.0, own ? 7.0 : 10.0};
        Dose doses[2];
        Regimen regimens[2];
        Observation moments[2][OWN];
        double seen[2][OWN];
        for (int i = 0; i < 2; i++) {
            doses[i] = (Dose){.kind = DOSE_BOLUS,
                              .route = -1,
                              .state = CENTRAL,
                              .amount = 100.0,
                              .count = 3,
                              .interval = interval[i]};
            regimens[i] = (Regimen){&doses[i], 1};
            for (int k = 0; k < OWN; k++) {
                moments[i][k] =
                    (Observation){OWN_PARTS[k].time * interval[i], OWN_PARTS[k].records};
            }
            scene->subjects[i].regimen = &regimens[i];
            scene->subjects[i].observations = moments[i];
            scene->subjects[i].observation_count = OWN;
        }
        pack_observe(scene->bench->pack, see_own, seen);
        bench_load(scene->bench, scene->subjects, 2, 0.0, 20.0);
        CU_ASSERT_EQUAL(scene->bench->pack->main.own, own == 1 || method == SOLVER_ROSENBROCK);
        CU_ASSERT(bench_run(scene->bench, scene->grid, 0));
        for (int i = 0; i < 2; i++) {
            double q = exp(-0.1 * interval[i]); // what an interval leaves
            double half = exp(-0.05 * interval[i]);
            const double sums[OWN] = {0.0,
                                      1.0,
                                      q,
                                      1.0 + q,
                                      1.0 + q,
                                      (1.0 + q) * half,
                                      (1.0 + q) * half,
                                      (1.0 + q) * q,
                                      1.0 + (1.0 + q) * q};
            for (int k = 0; k < OWN; k++) {
                CU_ASSERT_DOUBLE_EQUAL(seen[i][k], 100.0 * sums[k], 1e-6);
            }
        }
        bench_close(scene->bench);
    }
}

/* A threshold that gives a rescue dose, one that waits, an event on time alone, a counter. */
static const char EVENTFUL[] = "model eventful \"events in lanes with doses of their own\"\n"
                               "time hour\n"
                               "param T0 = 0\nparam low = 20\n"
                               "state A = 0\nstate B = 0\nstate N = 0\nstate M = 0\n"
                               "d/dt(A) = -0.3 * A\n"
                               "d/dt(B) = 0.3 * A - 0.1 * B\n"
                               "d/dt(N) = 0\nd/dt(M) = 0\n"
                               "event rescue when A < low : A = A + 37, N = N + 1\n"
                               "event late when B > 60 : B = B / 2, M = M + 1, delay = 1.5 [hour]\n"
                               "event clock when t >= T0 : B = B + 11\n";

/* Every lane has the events that it has alone: how many, and all states at all outputs. */
static void test_events_in_lanes_with_their_own_time(void)
{
    Bench *bench = bench_model(EVENTFUL, NULL);
    bench_tolerance(bench, 1e-9, 1e-10);
    Dose doses[LANES][6];
    Regimen regimens[LANES];
    double values[LANES][2];
    SubjectInput subjects[LANES];
    double times[TIMES];
    static double together[LANES][TIMES][4];
    long fired[LANES];
    for (uint32_t i = 0; i < LANES; i++) {
        for (uint32_t k = 0; k < 6; k++) {
            doses[i][k] = (Dose){.kind = k % 2 == 0 ? DOSE_BOLUS : DOSE_INFUSION_DURATION,
                                 .route = -1,
                                 .amount = 80.0,
                                 .time = k == 0 ? 0.0 : 55.0 * uniform(i + 50, k),
                                 .duration = 2.0,
                                 .count = 1};
        }
        regimens[i] = (Regimen){doses[i], 6};
        values[i][0] = 60.0 * uniform(i + 50, 20);
        values[i][1] = 15.0 + 10.0 * uniform(i + 50, 21);
        subjects[i] = (SubjectInput){.parameters = values[i], .regimen = &regimens[i]};
    }
    for (int i = 0; i < TIMES; i++) {
        times[i] = 1.97 * i;
    }
    bench_pack(bench, LANES);
    bench_load(bench, subjects, LANES, 0.0, 60.0);
    CU_ASSERT(bench->pack->main.own);
    CU_ASSERT(bench_run(bench, times, TIMES));
    for (int i = 0; i < LANES; i++) {
        CU_ASSERT_EQUAL(bench_outcome(bench, i), OUTCOME_DONE);
        fired[i] = pack_outcome(bench->pack, i)->events;
        CU_ASSERT(fired[i] >= 3);
        for (int row = 0; row < TIMES; row++) {
            for (int k = 0; k < 4; k++) {
                together[i][row][k] = bench_value(bench, row, k, i);
            }
        }
    }
    bench_pack(bench, 1);
    for (int i = 0; i < LANES; i++) {
        bench_load(bench, &subjects[i], 1, 0.0, 60.0);
        CU_ASSERT(!bench->pack->main.own);
        CU_ASSERT(bench_run(bench, times, TIMES));
        CU_ASSERT_EQUAL(pack_outcome(bench->pack, 0)->events, fired[i]);
        for (int row = 0; row < TIMES; row++) {
            for (int k = 0; k < 4; k++) {
                double alone = bench_value(bench, row, k, 0);
                CU_ASSERT_DOUBLE_EQUAL(together[i][row][k], alone, 1e-6 * fabs(alone) + 1e-8);
            }
        }
    }
    bench_close(bench);
}

SUITE("clocks", TEST(test_events_in_lanes_with_their_own_time),
      TEST(test_every_lane_has_what_it_has_alone), TEST(test_equal_times_keep_the_common_clock),
      TEST(test_stops_are_few), TEST(test_a_lane_that_fails_fails_at_its_own_time),
      TEST(test_lanes_with_spans_of_their_own), TEST(test_outputs_change_no_bit),
      TEST(test_a_short_infusion_late_has_all_its_digits), TEST(test_outputs_at_a_dose),
      TEST(test_observations_at_a_dose))
