/* test_dosing.c: what is given when: order at one instant, resets, infusions.
 *
 * The cases named in comments are those of property_cases.csv of the conformance data.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit/dosing_scene.h"

/* --- order at one instant ----------------------------------------------------------------------
 */

/* same_time_obs_and_dose: lines obs, dose, obs. */
static void test_an_observation_stands_where_it_is_written(void)
{
    Scene scene = open_scene(BOX, 1, 0);
    Dose dose = {.kind = DOSE_BOLUS, .route = 0, .amount = 1.0, .time = 1.0, .count = 1};
    const Observation seen[] = {{1.0, 0}, {1.0, 1}, {2.0, 1}};
    run_one(&scene, parameters, (Regimen){&dose, 1}, seen, 3);
    CU_ASSERT(scene.values[0][0] == 0.0 && scene.values[0][1] == 1.0 && scene.values[0][2] == 1.0);
    bench_close(scene.bench);
}

static void test_additional_and_lagged_doses_come_before_the_lines(void)
{
    Scene scene = open_scene(BOX, 1, 0);
    const double lagged[] = {1.0, 2.0, 1.0};
    Dose doses[] = {
        {.kind = DOSE_BOLUS, .route = -1, .amount = 1.0, .count = 2, .interval = 4.0},
        {.kind = DOSE_BOLUS, .route = 0, .amount = 10.0, .time = 2.0, .count = 1}, // enters at 4
        {.kind = DOSE_BOLUS, .route = -1, .amount = 100.0, .time = 4.0, .count = 1}};
    const Observation seen[] = {{4.0, 2}, {4.0, 3}};
    run_one(&scene, lagged, (Regimen){doses, 3}, seen, 2);
    CU_ASSERT(scene.values[0][0] == 12.0 && scene.values[0][1] == 112.0);
    bench_close(scene.bench);
}

static void test_pairs_of_records_in_both_orders(void)
{
    Scene scene = open_scene(BOX, 1, 0);
    const Dose bolus = {.kind = DOSE_BOLUS, .route = -1, .amount = 3.0, .time = 2.0, .count = 1};
    const Dose replace = {
        .kind = DOSE_REPLACE, .route = -1, .amount = 7.0, .time = 2.0, .count = 1};
    const Dose multiply = {
        .kind = DOSE_MULTIPLY, .route = -1, .amount = 2.0, .time = 2.0, .count = 1};
    const Dose reset = {.kind = DOSE_RESET, .route = -1, .time = 2.0, .count = 1};
    // A is 5 before; what it is after the first and the second of each pair
    const struct {
        Dose first, second;
        double after_first, after_second;
    } pairs[] = {
        {bolus, replace, 8, 7},     {replace, bolus, 7, 10},    {bolus, multiply, 8, 16},
        {multiply, bolus, 10, 13},  {bolus, reset, 8, 0},       {reset, bolus, 0, 3},
        {replace, multiply, 7, 14}, {multiply, replace, 10, 7}, {reset, replace, 0, 7},
        {replace, reset, 7, 0},     {reset, multiply, 0, 0},    {multiply, reset, 10, 0},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        Dose doses[] = {{.kind = DOSE_BOLUS, .route = -1, .amount = 5.0, .count = 1},
                        pairs[i].first,
                        pairs[i].second};
        const Observation seen[] = {{2.0, 1}, {2.0, 2}, {2.0, 3}, {3.0, 3}};
        run_one(&scene, parameters, (Regimen){doses, 3}, seen, 4);
        CU_ASSERT(scene.values[0][0] == 5.0);
        CU_ASSERT(scene.values[0][1] == pairs[i].after_first);
        CU_ASSERT(scene.values[0][2] == pairs[i].after_second);
        CU_ASSERT(scene.values[0][3] == pairs[i].after_second);
    }
    bench_close(scene.bench);
}

/* An infusion ends, a covariate changes, an additional dose and a line: all at 4. */
static void test_infusion_end_covariate_additional_line(void)
{
    Scene scene = open_scene(BOX, 1, 0);
    Dose doses[] = {
        {.kind = DOSE_INFUSION_DURATION, .route = -1, .amount = 8.0, .duration = 4.0, .count = 1},
        {.kind = DOSE_BOLUS, .route = 0, .amount = 1.0, .count = 2, .interval = 4.0},
        {.kind = DOSE_MULTIPLY, .route = -1, .amount = 10.0, .time = 4.0, .count = 1}};
    const double times[] = {0.0, 4.0};
    const double weights[] = {1.0, 100.0};
    CovariateCourse course = {.method = COURSE_LOCF, .time = times, .value = weights, .count = 2};
    const Observation seen[] = {{0.0, 2}, {4.0, 2}, {4.0, 3}, {5.0, 3}};
    Regimen regimen = {doses, 3};
    SubjectInput subject = {.parameters = parameters,
                            .covariates = &one,
                            .regimen = &regimen,
                            .observations = seen,
                            .observation_count = 4,
                            .courses = &course,
                            .course_count = 1};
    run(&scene, &subject, 1, 5.0);
    CU_ASSERT(scene.values[0][0] == 1.0);
    CU_ASSERT(near(scene.values[0][1], 1.0 + 8.0 + 100.0, 1e-14)); // the additional dose sees 100
    CU_ASSERT(near(scene.values[0][2], 1090.0, 1e-14) && near(scene.values[0][3], 1090.0, 1e-14));
    bench_close(scene.bench);
}

/* --- resets ------------------------------------------------------------------------------------
 */

/* evid4_with_lag: the reset is not lagged; pending doses are cancelled. */
static void test_a_reset_cancels_what_is_pending_and_is_not_lagged(void)
{
    Scene scene = open_scene(BOX, 1, 0);
    const double lagged[] = {1.0, 0.25, 1.0};
    Dose doses[] = {
        {.kind = DOSE_BOLUS, .route = 0, .amount = 100.0, .count = 10, .interval = 12.0},
        {.kind = DOSE_INFUSION_RATE,
         .route = -1,
         .state = 1,
         .amount = 1e3,
         .rate = 1.0,
         .count = 1},
        {.kind = DOSE_BOLUS, .route = 0, .amount = 50.0, .time = 48.1, .count = 1, .reset = true}};
    const Observation seen[] = {{48.1, 2}, {48.1, 3}, {48.2, 3}, {48.36, 3}, {100.0, 3}};
    run_one(&scene, parameters, (Regimen){doses, 3}, seen, 5);
    run_one(&scene, lagged, (Regimen){doses, 3}, seen, 5);
    CU_ASSERT(scene.values[0][0] == 400.0 && scene.values[0][1] == 0.0);
    CU_ASSERT(scene.values[0][2] == 0.0 && scene.values[0][3] == 50.0);
    CU_ASSERT(scene.values[0][4] == 50.0);
    scene.state = 1;
    run_one(&scene, lagged, (Regimen){doses, 3}, seen, 5);
    CU_ASSERT(near(scene.values[0][0], 48.1, 1e-12) && scene.values[0][4] == 0.0);
    const LedgerLine *lines;
    CU_ASSERT_EQUAL_FATAL(pack_ledger(scene.bench->pack, 0, &lines), 2);
    CU_ASSERT(lines[0].delivered == 450.0 && lines[0].scheduled == 450.0);
    CU_ASSERT(near(lines[1].delivered, 48.1, 1e-12) && near(lines[1].scheduled, 48.1, 1e-12));
    bench_close(scene.bench);
}

/* evid4_first_equals_evid1 */
static void test_a_reset_at_the_start_changes_nothing(void)
{
    Scene scene = open_scene(ORAL, 1, 1);
    const Observation seen[] = {{0.0, 1}, {1.0, 1}, {30.0, 1}, {80.0, 1}};
    for (int infusion = 0; infusion < 2; infusion++) {
        double values[2][4];
        for (int reset = 0; reset < 2; reset++) {
            Dose dose = {.kind = infusion ? DOSE_INFUSION_RATE : DOSE_BOLUS,
                         .route = 1,
                         .amount = 100.0,
                         .rate = 10.0,
                         .count = 4,
                         .interval = 24.0,
                         .reset = reset};
            run_one(&scene, oral_parameters, (Regimen){&dose, 1}, seen, 4);
            memcpy(values[reset], scene.values[0], sizeof values[reset]);
        }
        CU_ASSERT_EQUAL(memcmp(values[0], values[1], sizeof values[0]), 0);
    }
    bench_close(scene.bench);
}

/* --- infusions ---------------------------------------------------------------------------------
 */

/* infusion_train_is_constant: rate / k = 10 / (1/20). */
static void test_a_train_of_infusions_has_no_gap(void)
{
    Scene scene = open_scene(ORAL, 1, 1);
    Dose doses[] = {{.kind = DOSE_BOLUS, .route = 1, .amount = 200.0, .count = 1},
                    {.kind = DOSE_INFUSION_RATE,
                     .route = 1,
                     .amount = 1000.0,
                     .rate = 10.0,
                     .count = 10,
                     .interval = 100.0}};
    Observation seen[100];
    for (int i = 0; i < 100; i++) {
        seen[i] = (Observation){10.0 * i + 5.0 * (i % 2), 2};
    }
    run_one(&scene, oral_parameters, (Regimen){doses, 2}, seen, 100);
    for (int i = 0; i < 100; i++) {
        CU_ASSERT(near(scene.values[0][i], 200.0, 1e-8));
    }
    bench_close(scene.bench);
}

/* tiny_amount_huge_rate, lag_1e-30 */
static void test_extremes(void)
{
    Scene scene = open_scene(ORAL, 1, 0);
    const double lagged[] = {1.2, 1.0, 20.0, 1.0, 1e-30};
    Dose tiny = {.kind = DOSE_INFUSION_RATE, .amount = 1e-8, .rate = 1e6, .count = 1};
    const Observation seen[] = {{0.5, 1}, {6.0, 1}, {12.0, 1}};
    run_one(&scene, oral_parameters, (Regimen){&tiny, 1}, seen, 3);
    CU_ASSERT(near(scene.values[0][0], 1e-8 * exp(-0.6), 1e-3));
    scene.state = 1;
    Dose bolus = {.kind = DOSE_BOLUS, .route = 1, .amount = 100.0, .count = 1};
    const Observation later[] = {{0.0, 1}, {20.0, 1}};
    run_one(&scene, lagged, (Regimen){&bolus, 1}, later, 2);
    CU_ASSERT(near(scene.values[0][0], 100.0, 1e-12));
    CU_ASSERT(near(scene.values[0][1], 100.0 * exp(-1.0), 1e-8));
    bench_close(scene.bench);
}

/* modelled_duration_and_F: F scales the rate, not the duration. */
static void test_a_modelled_duration_is_not_scaled_by_the_fraction(void)
{
    Scene scene = open_scene(BOX, 1, 0);
    Dose dose = {.kind = DOSE_MODEL_DURATION, .route = 1, .amount = 1000.0, .count = 1};
    const double cases[][2] = {{2, 1}, {2, 0.5}, {10, 1}, {10, 1.5}};
    for (int i = 0; i < 4; i++) {
        const double values[] = {cases[i][1], 0.0, cases[i][0]};
        const Observation seen[] = {{cases[i][0] / 2, 1}, {cases[i][0], 1}, {20.0, 1}};
        run_one(&scene, values, (Regimen){&dose, 1}, seen, 3);
        CU_ASSERT(near(scene.values[0][0], 500.0 * cases[i][1], 1e-12));
        CU_ASSERT(near(scene.values[0][1], 1000.0 * cases[i][1], 1e-12));
        CU_ASSERT(scene.values[0][2] == scene.values[0][1]);
    }
    const double none[] = {1.0, 0.0, 0.0}; // rate_minus2_without_D
    Regimen regimen = {&dose, 1};
    SubjectInput subject = {.parameters = none, .covariates = &one, .regimen = &regimen};
    bench_load(scene.bench, &subject, 1, 0.0, 1.0);
    CU_ASSERT_EQUAL(bench_outcome(scene.bench, 0), OUTCOME_BAD_DOSE);
    bench_close(scene.bench);
}

SUITE("dosing", TEST(test_an_observation_stands_where_it_is_written),
      TEST(test_additional_and_lagged_doses_come_before_the_lines),
      TEST(test_pairs_of_records_in_both_orders), TEST(test_infusion_end_covariate_additional_line),
      TEST(test_a_reset_cancels_what_is_pending_and_is_not_lagged),
      TEST(test_a_reset_at_the_start_changes_nothing), TEST(test_a_train_of_infusions_has_no_gap),
      TEST(test_extremes), TEST(test_a_modelled_duration_is_not_scaled_by_the_fraction))
