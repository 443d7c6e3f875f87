/* test_steady.c: rest as a start, and regimens at steady state, against closed forms.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit/pack_bench.h"

/* Indirect response with a conserved pair: P <-> Q keeps P + Q. */
static const char TURNOVER[] = "model turnover \"turnover\"\n"
                               "time day\n"
                               "param inflow = 20\n"
                               "param outflow = 0.01\n"
                               "param K = 3\n"
                               "state R = 0\n"
                               "state P = 7\n"
                               "state Q = 0\n"
                               "state S = 1\n"
                               "d/dt(R) = inflow - outflow * R\n"
                               "d/dt(P) = Q - K * P\n"
                               "d/dt(Q) = K * P - Q\n"
                               "d/dt(S) = R^2 / (1 + R^2) - 1e-3 * S\n";

static void test_start_at_rest(void)
{
    Bench *bench = bench_model(TURNOVER, NULL);
    bench_tolerance(bench, 1e-8, 1e-10);
    bench_pack(bench, 2);
    const double first[] = {20.0, 0.01, 3.0};
    const double second[] = {5.0, 2.0, 0.5};
    SubjectInput subjects[2] = {{.parameters = first, .steady_start = true},
                                {.parameters = second, .steady_start = true}};
    bench_load(bench, subjects, 2, 0.0, 365.0);
    const double times[] = {0.0, 365.0};
    CU_ASSERT(bench_run(bench, times, 2));
    for (int lane = 0; lane < 2; lane++) {
        const double *p = lane == 0 ? first : second;
        double rest = p[0] / p[1];
        double expected[] = {rest, 7.0 / (1.0 + p[2]), 7.0 * p[2] / (1.0 + p[2]),
                             1e3 * rest * rest / (1.0 + rest * rest)};
        CU_ASSERT_EQUAL(bench_outcome(bench, lane), OUTCOME_DONE);
        for (int i = 0; i < 4; i++) {
            CU_ASSERT_DOUBLE_EQUAL(bench_value(bench, 0, i, lane) / expected[i], 1.0, 1e-10);
            CU_ASSERT_DOUBLE_EQUAL(bench_value(bench, 1, i, lane) / expected[i], 1.0, 1e-10);
        }
    }
    bench_close(bench);
}

/* Rates that are small differences of what is large are never 0 and hop by 1e-8: rest is where no
 * step leads closer. */
static void test_rest_within_rounding(void)
{
    static const char text[] = "model rough \"rough rates\"\n"
                               "time day\n"
                               "param big = 0\n"
                               "state x = 0\n"
                               "d/dt(x) = ((big + (1 - x / 3)) - big) - 1e-9\n";
    Bench *bench = bench_model(text, NULL);
    bench_tolerance(bench, 1e-7, 1e-9);
    bench_pack(bench, 1);
    const double big = 1e8 / 3.0;
    SubjectInput subject = {.parameters = &big, .steady_start = true};
    bench_load(bench, &subject, 1, 0.0, 10.0);
    const double times[] = {0.0};
    CU_ASSERT(bench_run(bench, times, 1));
    CU_ASSERT_EQUAL(bench_outcome(bench, 0), OUTCOME_DONE);
    CU_ASSERT_DOUBLE_EQUAL(bench_value(bench, 0, 0, 0), 3.0, 3e-7);
    bench_close(bench);
}

/* x' = x (1 - x) (x - 3): from 0.5 the model goes to 0 ... 1 ... 3; the rest nearest downhill
 * counts. */
static void test_the_attractor_of_the_start_is_found(void)
{
    static const char text[] = "model basins \"basins\"\n"
                               "time day\n"
                               "param start = 0\n"
                               "state X = start\n"
                               "d/dt(X) = X * (1 - X) * (X - 3)\n"; // 0 and 3 attract, 1 repels
    static const double starts[] = {0.9, 1.1, 2.0, 50.0};
    static const double rests[] = {0.0, 3.0, 3.0, 3.0};
    Bench *bench = bench_model(text, NULL);
    bench_tolerance(bench, 1e-8, 1e-10);
    bench_pack(bench, 4);
    SubjectInput subjects[4];
    for (int i = 0; i < 4; i++) {
        subjects[i] = (SubjectInput){.parameters = &starts[i], .steady_start = true};
    }
    bench_load(bench, subjects, 4, 0.0, 10.0);
    const double times[] = {0.0};
    CU_ASSERT(bench_run(bench, times, 1));
    for (int i = 0; i < 4; i++) {
        // X (1 - X) (X - 3): negative between 0 and 1, positive between 1 and 3, negative beyond
        CU_ASSERT_DOUBLE_EQUAL(bench_value(bench, 0, 0, i), rests[i], 1e-10);
    }
    bench_close(bench);
}

/* x' = x/1000 - y + 1, y' = x - y at rest: x = y = 1/0.999. The last steps of the search are 1000
 * days long, and 1 - 1000 (1/1000) is no pivot: rows have to be exchanged. */
static void test_a_pivot_that_vanishes(void)
{
    static const char text[] = "model spiral \"spiral\"\n"
                               "time day\n"
                               "state X = 0\n"
                               "state Y = 0\n"
                               "d/dt(X) = 0.001 * X - Y + 1\n"
                               "d/dt(Y) = X - Y\n";
    Bench *bench = bench_model(text, NULL);
    bench_tolerance(bench, 1e-8, 1e-10);
    bench_pack(bench, 1);
    const SubjectInput subject = {.steady_start = true};
    bench_load(bench, &subject, 1, 0.0, 1.0);
    const double times[] = {0.0};
    CU_ASSERT(bench_run(bench, times, 1));
    CU_ASSERT_EQUAL(bench_outcome(bench, 0), OUTCOME_DONE);
    for (int i = 0; i < 2; i++) {
        CU_ASSERT_DOUBLE_EQUAL(bench_value(bench, 0, i, 0), 1.0 / 0.999, 1e-10);
    }
    bench_close(bench);
}

static void test_no_rest_is_said(void)
{
    static const char text[] = "model grows \"grows\"\n"
                               "time day\n"
                               "state still = 1\n"
                               "state grows = 1\n"
                               "d/dt(still) = 1 - still\n"
                               "d/dt(grows) = 0.1 * grows\n";
    Bench *bench = bench_model(text, NULL);
    bench_tolerance(bench, 1e-6, 1e-9);
    bench_pack(bench, 2);
    SubjectInput subjects[2] = {{.steady_start = true}, {0}};
    bench_load(bench, subjects, 2, 0.0, 10.0);
    const double times[] = {0.0, 10.0};
    CU_ASSERT(bench_run(bench, times, 2));
    CU_ASSERT_EQUAL(bench_outcome(bench, 0), OUTCOME_NO_CONVERGENCE);
    CU_ASSERT_EQUAL(pack_outcome(bench->pack, 0)->state, 1);
    Text text_out = text_new(bench->arena);
    outcome_print(pack_outcome(bench->pack, 0), bench->model, &text_out);
    CU_ASSERT_PTR_NOT_NULL(strstr(text_out.data, "'grows'"));
    CU_ASSERT_EQUAL(bench_outcome(bench, 1), OUTCOME_DONE);
    CU_ASSERT(bench_error(bench, 1, 1, 1, exp(1.0)) <= 10.0);
    bench_close(bench);
}

static const char ORAL[] = "model oral \"one compartment\"\n"
                           "time h\n"
                           "param ka = 1.2\n"
                           "param k = 0.15\n"
                           "param lag = 0\n"
                           "state gut = 0\n"
                           "state blood = 0\n"
                           "d/dt(gut) = -ka * gut\n"
                           "d/dt(blood) = ka * gut - k * blood\n"
                           "route po -> gut : lag = lag\n"
                           "route iv -> blood\n";

/* Blood a time t after a bolus of 1 into the gut (infusion of rate 1 for T into the blood). */
static double oral(double ka, double k, double t)
{
    return t < 0.0 ? 0.0 : ka / (ka - k) * (exp(-k * t) - exp(-ka * t));
}

static double infused(double k, double t, double duration)
{
    double running = fmin(fmax(t, 0.0), duration);
    return (1.0 - exp(-k * running)) / k * exp(-k * (t - running));
}

enum { PAST = 4000, ROWS = 49 };

/* One steady dose at t = 5 of a run from 0 to 29; the reference sums a long past, dose by dose. */
static void check_periodic(Dose dose, const double *p)
{
    Bench *bench = bench_model(ORAL, NULL);
    bench_tolerance(bench, 1e-6, 1e-8);
    bench_pack(bench, 2);
    Dose earlier = {
        .kind = DOSE_BOLUS, .route = 1, .amount = 55.0, .time = 1.0, .count = 9, .interval = 3.0};
    Dose doses[] = {earlier, dose}; // cancelled by the steady dose
    Regimen regimen = {doses, 2};
    SubjectInput subjects[2] = {{.parameters = p, .regimen = &regimen}, {.parameters = p}};
    bench_load(bench, subjects, 2, 0.0, 29.0);
    double times[ROWS];
    for (int i = 0; i < ROWS; i++) {
        times[i] = 5.0 + 0.5 * i;
    }
    CU_ASSERT(bench_run(bench, times, ROWS));
    CU_ASSERT_EQUAL_FATAL(bench_outcome(bench, 0), OUTCOME_DONE);
    double worst = 0.0;
    for (int row = 0; row < ROWS; row++) {
        double expected = 0.0;
        for (int m = -PAST; m < dose.count; m++) {
            double since = times[row] - (5.0 + m * dose.interval);
            if (dose.kind == DOSE_BOLUS) {
                expected += since - p[2] < 0.0 ? 0.0 : dose.amount * oral(p[0], p[1], since - p[2]);
            } else if (since > 0.0) {
                expected += dose.amount / dose.duration * infused(p[1], since, dose.duration);
            }
        }
        worst = fmax(worst, bench_error(bench, row, 1, 0, expected));
    }
    CU_ASSERT(worst <= 10.0);
    CU_ASSERT_EQUAL(bench_value(bench, ROWS - 1, 1, 1), 0.0); // the lane without doses
    bench_close(bench);
}

static void test_bolus_at_steady_state(void)
{
    const double p[] = {1.2, 0.15, 0.0};
    const double slow[] = {1.2, 0.004, 0.0};
    Dose dose = {.kind = DOSE_BOLUS,
                 .route = 0,
                 .amount = 100.0,
                 .time = 5.0,
                 .count = 1,
                 .interval = 12.0,
                 .steady = true};
    check_periodic(dose, p);
    dose.count = 3;
    check_periodic(dose, p);
    check_periodic(dose, slow);
}

static void test_lag_at_steady_state(void)
{
    const double short_lag[] = {1.2, 0.15, 0.75};
    const double long_lag[] = {1.2, 0.15, 13.5}; // longer than the interval
    Dose dose = {.kind = DOSE_BOLUS,
                 .route = 0,
                 .amount = 100.0,
                 .time = 5.0,
                 .count = 2,
                 .interval = 6.0,
                 .steady = true};
    check_periodic(dose, short_lag);
    check_periodic(dose, long_lag);
}

static void test_infusion_at_steady_state(void)
{
    const double p[] = {1.2, 0.15, 0.0};
    Dose dose = {.kind = DOSE_INFUSION_DURATION,
                 .route = 1,
                 .amount = 10.0,
                 .time = 5.0,
                 .duration = 2.0,
                 .count = 2,
                 .interval = 8.0,
                 .steady = true};
    check_periodic(dose, p);
    dose.duration = 20.0; // outlives two intervals
    check_periodic(dose, p);
    dose.duration = 8.0; // one ends as the next begins
    check_periodic(dose, p);
}

static void test_constant_infusion_at_steady_state(void)
{
    Bench *bench = bench_model(ORAL, NULL);
    bench_tolerance(bench, 1e-6, 1e-8);
    bench_pack(bench, 1);
    const double p[] = {1.2, 0.15, 0.0};
    Dose dose = {.kind = DOSE_INFUSION_RATE,
                 .route = 1,
                 .rate = 3.0,
                 .time = 5.0,
                 .count = 1,
                 .steady = true};
    Regimen regimen = {&dose, 1};
    SubjectInput subject = {.parameters = p, .regimen = &regimen};
    bench_load(bench, &subject, 1, 0.0, 10.0);
    const double times[] = {4.0, 5.0, 10.0};
    CU_ASSERT(bench_run(bench, times, 3));
    CU_ASSERT_EQUAL(bench_value(bench, 0, 1, 0), 0.0);
    CU_ASSERT(bench_error(bench, 1, 1, 0, 3.0 / 0.15) <= 1.0);
    CU_ASSERT(bench_error(bench, 2, 1, 0, 3.0 / 0.15 * exp(-0.75)) <= 10.0);
    bench_close(bench);
}

static void test_accumulation_without_limit_is_said(void)
{
    Bench *bench = bench_model(ORAL, NULL);
    bench_tolerance(bench, 1e-6, 1e-8);
    bench_pack(bench, 1);
    const double p[] = {1.2, 0.0, 0.0}; // nothing leaves the blood
    Dose dose = {.kind = DOSE_BOLUS,
                 .route = 0,
                 .amount = 1.0,
                 .time = 5.0,
                 .count = 1,
                 .interval = 6.0,
                 .steady = true};
    Regimen regimen = {&dose, 1};
    SubjectInput subject = {.parameters = p, .regimen = &regimen};
    bench_load(bench, &subject, 1, 0.0, 10.0);
    const double end = 10.0;
    CU_ASSERT(bench_run(bench, &end, 1));
    CU_ASSERT_EQUAL(bench_outcome(bench, 0), OUTCOME_BAD_DOSE);
    Text text = text_new(bench->arena);
    outcome_print(pack_outcome(bench->pack, 0), bench->model, &text);
    CU_ASSERT_PTR_NOT_NULL(strstr(text.data, "'blood' does not settle"));
    dose.interval = 0.0;
    bench_load(bench, &subject, 1, 0.0, 10.0);
    CU_ASSERT_EQUAL(bench_outcome(bench, 0), OUTCOME_BAD_DOSE);
    bench_close(bench);
}

SUITE("steady", TEST(test_start_at_rest), TEST(test_rest_within_rounding),
      TEST(test_the_attractor_of_the_start_is_found), TEST(test_a_pivot_that_vanishes),
      TEST(test_no_rest_is_said), TEST(test_bolus_at_steady_state), TEST(test_lag_at_steady_state),
      TEST(test_infusion_at_steady_state), TEST(test_constant_infusion_at_steady_state),
      TEST(test_accumulation_without_limit_is_said))
