/* test_dosing_course.c: doses over time: steady states that add, covariates in time, subjects that
 * come and go, the ledger, superposition.
 *
 * Amounts are exact where nothing is lost; else closed forms. The cases named in comments are those
 * of property_cases.csv of the conformance data.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/random.h"
#include "unit/dosing_scene.h"

/* --- steady states -----------------------------------------------------------------------------
 */

/* Sum of exponentials of doses at 0, -II, -2 II ... at time t after the record. */
static double bolus_at_rest(double amount, double k, double interval, double t)
{
    return amount * exp(-k * t) / (1.0 - exp(-k * interval));
}

static void test_a_steady_state_is_added(void)
{
    Scene scene = open_scene(ORAL, 1, 1);
    const double k = 0.05;
    Dose doses[] = {{.kind = DOSE_BOLUS, .route = 1, .amount = 30.0, .count = 1},
                    {.kind = DOSE_BOLUS,
                     .route = 1,
                     .amount = 100.0,
                     .time = 3.0,
                     .count = 2,
                     .interval = 12.0,
                     .steady = STEADY_ADD}};
    const Observation seen[] = {{3.0, 1}, {3.0, 2}, {10.0, 2}, {15.0, 2}, {20.0, 2}};
    run_one(&scene, oral_parameters, (Regimen){doses, 2}, seen, 5);
    for (int i = 0; i < 5; i++) {
        double t = seen[i].time;
        double expected = 30.0 * exp(-k * t);
        if (i > 0) { // a dose at 3, those of the past, and one at 15
            expected += bolus_at_rest(100.0, k, 12.0, t - 3.0);
            expected += t >= 15.0 ? 100.0 * exp(-k * (t - 15.0)) : 0.0;
        }
        CU_ASSERT(near(scene.values[0][i], expected, 1e-7));
    }
    scene.state = 2; // what has a baseline of its own keeps it
    run_one(&scene, oral_parameters, (Regimen){doses, 2}, seen, 5);
    CU_ASSERT(near(scene.values[0][1], 50.0, 1e-9) && near(scene.values[0][4], 50.0, 1e-9));
    bench_close(scene.bench);
}

/* ss_zero_amt, ss_with_F0 */
static void test_constant_infusion_and_nothing_at_steady_state(void)
{
    Scene scene = open_scene(ORAL, 1, 1);
    const double values[] = {1.2, 1.3, 20.0, 1.0, 0.0};
    const double nothing[] = {1.2, 1.3, 20.0, 0.0, 0.0};
    Dose constant = {
        .kind = DOSE_INFUSION_RATE, .route = 1, .rate = 25.0, .count = 1, .steady = STEADY_REPLACE};
    const Observation seen[] = {{0.0, 1}, {10.0, 1}};
    run_one(&scene, values, (Regimen){&constant, 1}, seen, 2);
    CU_ASSERT(near(scene.values[0][0] / 20.0, 25.0 / 1.3, 1e-8));
    CU_ASSERT(near(scene.values[0][1], 20.0 * 25.0 / 1.3 * exp(-0.65), 1e-8));
    Dose lost = {.kind = DOSE_BOLUS,
                 .route = 1,
                 .amount = 100.0,
                 .count = 1,
                 .interval = 24.0,
                 .steady = STEADY_REPLACE};
    run_one(&scene, nothing, (Regimen){&lost, 1}, seen, 2);
    CU_ASSERT(fabs(scene.values[0][0]) < 1e-9 && fabs(scene.values[0][1]) < 1e-9);
    bench_close(scene.bench);
}

/* ss_lag_bolus_periodic, ss_lag_ge_ii; a lag of a whole interval. */
static void test_lag_at_steady_state_is_periodic(void)
{
    Scene scene = open_scene(ORAL, 1, 1);
    const double lags[] = {5.0, 12.0, 20.0};
    for (int i = 0; i < 3; i++) {
        const double values[] = {1.2, 1.0, 20.0, 1.0, lags[i]};
        Dose dose = {.kind = DOSE_BOLUS,
                     .route = 1,
                     .amount = 100.0,
                     .count = 11,
                     .interval = 12.0,
                     .steady = STEADY_REPLACE};
        Observation seen[9];
        for (int k = 0; k < 9; k++) {
            seen[k] = (Observation){12.0 * k, 1};
        }
        run_one(&scene, values, (Regimen){&dose, 1}, seen, 9);
        double since = fmod(12.0 - fmod(lags[i], 12.0), 12.0); // the last dose came so long ago
        for (int k = 0; k < 9; k++) {
            double expected = bolus_at_rest(100.0, 0.05, 12.0, since);
            CU_ASSERT(near(scene.values[0][k], expected, 1e-7));
        }
    }
    bench_close(scene.bench);
}

/* --- covariates --------------------------------------------------------------------------------
 */

/* Integral of W over (0, t) by rule, for knots at 0, 4, 10 of 1, 3, 2. */
static double integral(CourseMethod method, double t)
{
    double first = fmin(t, 4.0);
    double second = fmin(fmax(t - 4.0, 0.0), 6.0);
    double third = fmax(t - 10.0, 0.0);
    switch (method) {
    case COURSE_LOCF:
        return first + 3.0 * second + 2.0 * third;
    case COURSE_NOCB:
        return 3.0 * first + 2.0 * second + 2.0 * third;
    case COURSE_LINEAR:
        break;
    }
    return first + first * first / 4.0 + 3.0 * second - second * second / 12.0 + 2.0 * third;
}

static void test_covariates_run_by_rule_in_lanes_of_their_own(void)
{
    Scene scene = open_scene(ORAL, 4, 1);
    const double times[] = {0.0, 4.0, 10.0};
    const double weights[] = {1.0, 3.0, 2.0};
    Dose dose = {.kind = DOSE_BOLUS, .route = 1, .amount = 100.0, .count = 1};
    Regimen regimen = {&dose, 1};
    const Observation seen[] = {{0.0, 1}, {2.0, 1}, {4.0, 1}, {8.0, 1}, {10.0, 1}, {15.0, 1}};
    CovariateCourse courses[3];
    SubjectInput subjects[4];
    for (int i = 0; i < 4; i++) {
        subjects[i] = (SubjectInput){.parameters = oral_parameters,
                                     .covariates = &one,
                                     .regimen = &regimen,
                                     .observations = seen,
                                     .observation_count = 6};
    }
    for (int i = 0; i < 3; i++) {
        courses[i] = (CovariateCourse){
            .method = (CourseMethod)i, .time = times, .value = weights, .count = 3};
        subjects[i].courses = &courses[i];
        subjects[i].course_count = 1;
    }
    run(&scene, subjects, 4, 15.0);
    for (int k = 0; k < 6; k++) {
        for (int i = 0; i < 3; i++) {
            double expected = 100.0 * exp(-0.05 * integral((CourseMethod)i, seen[k].time));
            CU_ASSERT(near(scene.values[i][k], expected, 1e-8));
        }
        CU_ASSERT(near(scene.values[3][k], 100.0 * exp(-0.05 * seen[k].time), 1e-8));
    }
    bench_close(scene.bench);
}

static void test_value_of_a_course_at_its_records(void)
{
    const double times[] = {1.0, 3.0, 3.0, 7.0};
    const double values[] = {10.0, 20.0, 30.0, 50.0};
    CovariateCourse course = {.method = COURSE_LOCF, .time = times, .value = values, .count = 4};
    CU_ASSERT(course_value(&course, 0.0, false) == 10.0 && course_value(&course, 2.9, false) == 10);
    CU_ASSERT(course_value(&course, 3.0, false) == 30.0 && course_value(&course, 3.0, true) == 30);
    CU_ASSERT(course_value(&course, 9.0, false) == 50.0);
    course.method = COURSE_NOCB;
    CU_ASSERT(course_value(&course, 0.0, false) == 10.0 && course_value(&course, 2.9, false) == 20);
    CU_ASSERT(course_value(&course, 3.0, false) == 30.0 && course_value(&course, 3.0, true) == 50);
    CU_ASSERT(course_value(&course, 9.0, false) == 50.0);
    course.method = COURSE_LINEAR;
    CU_ASSERT(course_value(&course, 2.0, false) == 15.0 && course_value(&course, 5.0, false) == 40);
    CU_ASSERT(course_value(&course, 3.0, false) == 30.0 && course_value(&course, 0.0, false) == 10);
}

/* --- subjects that come and go -----------------------------------------------------------------
 */

static void test_lanes_with_spans_of_their_own(void)
{
    Scene scene = open_scene(ORAL, 4, 1);
    const double spans[][2] = {{0, 6}, {10, 30}, {4, 8}, {20, 30}}; // nobody is there from 8 to 10
    Dose doses[4];
    Regimen regimens[4];
    Observation seen[4][3];
    double values[4][5];
    SubjectInput subjects[4];
    for (int i = 0; i < 4; i++) {
        double start = spans[i][0];
        double end = spans[i][1];
        doses[i] = (Dose){
            .kind = DOSE_BOLUS, .route = 1, .amount = 10.0 + i, .time = start + 1.0, .count = 1};
        regimens[i] = (Regimen){&doses[i], 1};
        seen[i][0] = (Observation){start, 0};
        seen[i][1] = (Observation){0.5 * (start + end), 1};
        seen[i][2] = (Observation){end, 1};
        memcpy(values[i], oral_parameters, sizeof values[i]);
        values[i][1] = 1.0 + i; // CL
        subjects[i] = (SubjectInput){.parameters = values[i],
                                     .covariates = &one,
                                     .regimen = &regimens[i],
                                     .observations = seen[i],
                                     .observation_count = 3,
                                     .own_span = true,
                                     .start = start,
                                     .end = end};
    }
    run(&scene, subjects, 4, 30.0);
    for (int i = 0; i < 4; i++) {
        CU_ASSERT_EQUAL(bench_outcome(scene.bench, i), OUTCOME_DONE);
        CU_ASSERT_EQUAL(scene.counts[i], 3);
        CU_ASSERT(scene.values[i][0] == 0.0);
        for (int k = 1; k < 3; k++) {
            double since = seen[i][k].time - doses[i].time;
            double expected = (10.0 + i) * exp(-(1.0 + i) / 20.0 * since);
            CU_ASSERT(near(scene.values[i][k], expected, 1e-8));
        }
    }
    bench_close(scene.bench);
}

/* --- the ledger --------------------------------------------------------------------------------
 */

static double uniform(uint32_t schedule, uint32_t *draw)
{
    return random_uniform((RandomKey){20261121, 7, schedule}, (*draw)++);
}

/* A regimen of up to 6 records; *total is what enters until the end, by hand. */
static Regimen random_regimen(Dose *doses, uint32_t number, double fraction, double lag, double end,
                              double *total)
{
    uint32_t draw = 0;
    int count = 1 + (int)(6 * uniform(number, &draw));
    *total = 0.0;
    for (int i = 0; i < count; i++) {
        double amount = 1.0 + 99.0 * uniform(number, &draw);
        double length = 30.0 * uniform(number, &draw);
        int kind = (int)(3 * uniform(number, &draw));
        double times[] = {uniform(number, &draw), uniform(number, &draw), uniform(number, &draw)};
        doses[i] = (Dose){.kind = (DoseKind)kind,
                          .route = 0,
                          .amount = amount,
                          .time = floor(80.0 * times[0]) * (times[1] < 0.5 ? 1.0 : 0.9),
                          .duration = length,
                          .rate = amount / length,
                          .count = 1 + (int)(5 * times[1]),
                          .interval = 1.0 + 20.0 * times[2]};
        for (int k = 0; k < doses[i].count; k++) {
            double enters = doses[i].time + k * doses[i].interval + lag;
            double runs = kind == DOSE_BOLUS           ? 0.0
                          : kind == DOSE_INFUSION_RATE ? fraction * length
                                                       : length;
            double part = runs == 0.0 ? 1.0 : fmin(1.0, (end - enters) / runs);
            *total += enters <= end ? fraction * amount * part : 0.0;
        }
    }
    return (Regimen){doses, count};
}

static void test_the_ledger_balances_on_random_schedules(void)
{
    Scene scene = open_scene(BOX, LANES, 0);
    const double end = 100.0;
    const Observation seen = {end, 1000};
    for (uint32_t number = 0; number < 1000; number += LANES) {
        Dose doses[LANES][6];
        Regimen regimens[LANES];
        double values[LANES][3];
        double totals[LANES];
        SubjectInput subjects[LANES];
        for (uint32_t i = 0; i < LANES; i++) {
            uint32_t draw = 100;
            values[i][0] = uniform(number + i, &draw);
            values[i][1] = 10.0 * uniform(number + i, &draw);
            values[i][2] = 1.0;
            regimens[i] =
                random_regimen(doses[i], number + i, values[i][0], values[i][1], end, &totals[i]);
            subjects[i] = (SubjectInput){.parameters = values[i],
                                         .covariates = &one,
                                         .regimen = &regimens[i],
                                         .observations = &seen,
                                         .observation_count = 1};
        }
        run(&scene, subjects, LANES, end);
        for (int i = 0; i < LANES; i++) {
            const LedgerLine *lines;
            CU_ASSERT_EQUAL(bench_outcome(scene.bench, i), OUTCOME_DONE);
            int count = pack_ledger(scene.bench->pack, i, &lines);
            double delivered = count == 0 ? 0.0 : lines[0].delivered;
            CU_ASSERT(count == 0 || near(delivered, lines[0].scheduled, 1e-9));
            CU_ASSERT(near(delivered, totals[i], 1e-9));          // by hand
            CU_ASSERT(near(scene.values[i][0], totals[i], 1e-9)); // nothing leaves A
        }
    }
    bench_close(scene.bench);
}

static void test_a_lost_pulse_is_an_error(void)
{
    Scene scene = open_scene(BOX, 2, 0);
    Dose doses[] = {{.kind = DOSE_BOLUS, .route = 0, .amount = 5.0, .count = 3, .interval = 2.0},
                    {.kind = DOSE_INFUSION_DURATION,
                     .route = 0,
                     .amount = 4.0,
                     .time = 1.0,
                     .duration = 2.0,
                     .count = 1}};
    Regimen regimen = {doses, 2};
    SubjectInput subject = {.parameters = parameters, .covariates = &one, .regimen = &regimen};
    SubjectInput subjects[] = {subject, subject};
    bench_load(scene.bench, subjects, 2, 0.0, 10.0);
    Lane *lane = &scene.bench->pack->lanes[1];
    for (int i = 0; i < lane->event_count; i++) {
        if (lane->events[i].kind == EVENT_INFUSION_END) {
            lane->events[i].stop++; // ends a stop too late
        }
    }
    CU_ASSERT(pack_run(scene.bench->pack, NULL, 0, NULL, NULL, NULL));
    CU_ASSERT_EQUAL(bench_outcome(scene.bench, 0), OUTCOME_DONE);
    CU_ASSERT_EQUAL(bench_outcome(scene.bench, 1), OUTCOME_LEDGER);
    Text text = text_new(scene.bench->arena);
    outcome_print(pack_outcome(scene.bench->pack, 1), scene.bench->model, &text);
    CU_ASSERT_PTR_NOT_NULL(strstr(text.data, "what entered 'A' is not what was scheduled: 21 "
                                             "instead of 19 [R006]"));
    bench_close(scene.bench);
}

/* --- laws --------------------------------------------------------------------------------------
 */

static void test_linear_models_superpose(void)
{
    Scene scene = open_scene(ORAL, 4, 1);
    const Observation seen[] = {{5.0, 100}, {20.0, 100}, {55.5, 100}, {90.0, 100}};
    for (uint32_t number = 0; number < 40; number++) {
        Dose doses[3][12];
        double total;
        Regimen regimens[3];
        regimens[0] = random_regimen(doses[0], number, 1.0, 0.0, 90.0, &total);
        regimens[1] = random_regimen(doses[1], number + 5000, 1.0, 0.0, 90.0, &total);
        memcpy(doses[2], doses[0], (size_t)regimens[0].count * sizeof(Dose));
        memcpy(doses[2] + regimens[0].count, doses[1], (size_t)regimens[1].count * sizeof(Dose));
        regimens[2] = (Regimen){doses[2], regimens[0].count + regimens[1].count};
        SubjectInput subjects[3];
        for (int i = 0; i < 3; i++) {
            subjects[i] = (SubjectInput){.parameters = oral_parameters,
                                         .covariates = &one,
                                         .regimen = &regimens[i],
                                         .observations = seen,
                                         .observation_count = 4};
        }
        run(&scene, subjects, 3, 90.0);
        for (int k = 0; k < 4; k++) {
            CU_ASSERT(near(scene.values[2][k], scene.values[0][k] + scene.values[1][k], 1e-7));
        }
    }
    bench_close(scene.bench);
}

SUITE("dosing_course", TEST(test_a_steady_state_is_added),
      TEST(test_constant_infusion_and_nothing_at_steady_state),
      TEST(test_lag_at_steady_state_is_periodic),
      TEST(test_covariates_run_by_rule_in_lanes_of_their_own),
      TEST(test_value_of_a_course_at_its_records), TEST(test_lanes_with_spans_of_their_own),
      TEST(test_the_ledger_balances_on_random_schedules), TEST(test_a_lost_pulse_is_an_error),
      TEST(test_linear_models_superpose))
