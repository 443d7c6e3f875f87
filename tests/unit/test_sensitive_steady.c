/* test_sensitive_steady.c: derivatives of states of rest and of regimens at steady state, and
 * Newton's method for the latter.
 *
 * Tolerance 1e-8; expected values are closed forms, differentiated by hand or, where they are long
 * sums, by central differences of the closed form.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit/sensitive_bench.h"

static const double GOOD = 1e-6;

/* R rests at inflow/outflow; P + Q is conserved: P rests at (P0 + Q0)/(1 + K); S follows R. */
static void test_start_at_rest(void)
{
    Slope *slope = slope_open("model turnover\ntime day\n"
                              "param inflow = 20\nparam outflow = 0.01\nparam K = 3\nparam P0 = 7\n"
                              "state R = 0\nstate P = P0\nstate Q = 0\nstate S = 1\n"
                              "d/dt(R) = inflow - outflow * R\n"
                              "d/dt(P) = Q - K * P\nd/dt(Q) = K * P - Q\n"
                              "d/dt(S) = R / (1 + R) - 1e-3 * S\n",
                              1e-8, 1e-10, 2);
    enum { INFLOW, OUTFLOW, CONSTANT, FIRST, INITIAL_Q, INITIAL_R };
    const SensitiveTarget targets[] = {{SENSITIVE_PARAMETER, 0}, {SENSITIVE_PARAMETER, 1},
                                       {SENSITIVE_PARAMETER, 2}, {SENSITIVE_PARAMETER, 3},
                                       {SENSITIVE_INITIAL, 2},   {SENSITIVE_INITIAL, 0}};
    const double p[] = {20.0, 0.01, 3.0, 7.0};
    const SubjectInput subject = {.parameters = p, .steady_start = true};
    const double times[] = {0.0, 365.0};
    slope_run(slope, targets, 6, &subject, 1, times, 2);
    double rise = 1e3 / (2001.0 * 2001.0);
    for (int row = 0; row < 2; row++) {
        slope_near(slope, row, INFLOW, 0, 100.0, GOOD, 0.0);
        slope_near(slope, row, OUTFLOW, 0, -2e5, GOOD, 0.0);
        slope_near(slope, row, INFLOW, 3, 100.0 * rise, GOOD, 0.0);
        slope_near(slope, row, OUTFLOW, 3, -2e5 * rise, GOOD, 0.0);
        slope_near(slope, row, CONSTANT, 1, -7.0 / 16.0, GOOD, 0.0);
        slope_near(slope, row, CONSTANT, 2, 7.0 / 16.0, GOOD, 0.0);
        slope_near(slope, row, FIRST, 1, 0.25, GOOD, 0.0);
        slope_near(slope, row, FIRST, 2, 0.75, GOOD, 0.0);
        slope_near(slope, row, INITIAL_Q, 1, 0.25, GOOD, 0.0);
        slope_near(slope, row, INITIAL_Q, 2, 0.75, GOOD, 0.0);
        slope_near(slope, row, INITIAL_R, 0, 0.0, GOOD, 1.0);
        slope_near(slope, row, INFLOW, 1, 0.0, GOOD, 1.0);
    }
    slope_close(slope);
}

/* ---- regimens ---- */

static const char PK[] = "model pk\ntime h\nparam k = 0.3\nparam F = 0.7\nparam L = 1.5\n"
                         "param D = 2.5\nparam R = 20\n"
                         "state A = 0\nflow out : A -> : k * A\n"
                         "route oral -> A : fraction = F, lag = L\n"
                         "route drip -> A : fraction = F, lag = L, duration = D\n"
                         "route pump -> A : fraction = F, lag = L, rate = R\n";
enum { PAST = 400 };

/* A at t of a regimen given since always at 0, ±II ...: p are k, F, L, D, R and the amount. */
static double regimen(DoseKind kind, const double p[6], double interval, double t)
{
    double sum = 0.0;
    for (int m = 0; m < PAST; m++) {
        double since = t - p[2] + m * interval;
        double rate = kind == DOSE_MODEL_RATE ? p[4] : p[1] * p[5] / p[3];
        double lasts = kind == DOSE_MODEL_RATE ? p[1] * p[5] / p[4] : p[3];
        if (kind == DOSE_BOLUS) {
            sum += since >= 0.0 ? p[1] * p[5] * exp(-p[0] * since) : 0.0;
        } else if (since > 0.0) {
            double running = fmin(since, lasts);
            sum += rate / p[0] * (1.0 - exp(-p[0] * running)) * exp(-p[0] * (since - running));
        }
    }
    return sum;
}

static void check_regimen(DoseKind kind, int route, double interval, double duration)
{
    Slope *slope = slope_open(PK, 1e-8, 1e-10, 1);
    double p[] = {0.3, 0.7, 1.5, duration, 20.0, 100.0};
    Dose dose = {.kind = kind,
                 .route = route,
                 .amount = 100.0,
                 .count = 1,
                 .interval = interval,
                 .steady = STEADY_REPLACE};
    Regimen one = {&dose, 1};
    const SubjectInput subject = {.parameters = p, .regimen = &one};
    const SensitiveTarget targets[] = {{SENSITIVE_PARAMETER, 0}, {SENSITIVE_PARAMETER, 1},
                                       {SENSITIVE_PARAMETER, 2}, {SENSITIVE_PARAMETER, 3},
                                       {SENSITIVE_PARAMETER, 4}, {SENSITIVE_DOSE_AMOUNT, 0}};
    const double times[] = {0.25, 1.0, 2.0, 4.2, 5.5};
    slope_run(slope, targets, 6, &subject, 1, times, 5);
    for (int row = 0; row < 5; row++) {
        for (int by = 0; by < 6; by++) {
            double h = 1e-5 * p[by];
            double keep = p[by];
            p[by] = keep + h;
            double up = regimen(kind, p, interval, times[row]);
            p[by] = keep - h;
            double down = regimen(kind, p, interval, times[row]);
            p[by] = keep;
            slope_near(slope, row, by, 0, (up - down) / (2.0 * h), GOOD, 1e-2);
        }
    }
    slope_close(slope);
}

static void test_regimens_at_steady_state(void)
{
    check_regimen(DOSE_BOLUS, 0, 6.0, 2.5);
    check_regimen(DOSE_MODEL_DURATION, 1, 6.0, 2.5);
    check_regimen(DOSE_MODEL_DURATION, 1, 6.0, 15.0); // several overlap
    check_regimen(DOSE_MODEL_RATE, 2, 6.0, 2.5);
}

/* 1000 units an hour since always, and none from the record on: A = 1000/k exp(-k t). */
static void test_constant_infusion(void)
{
    Slope *slope = slope_open(PK, 1e-8, 1e-10, 1);
    const double p[] = {0.3, 0.7, 1.5, 2.5, 20.0};
    Dose dose = {.kind = DOSE_INFUSION_RATE,
                 .route = -1,
                 .rate = 1000.0,
                 .count = 1,
                 .steady = STEADY_REPLACE};
    Regimen one = {&dose, 1};
    const SubjectInput subject = {.parameters = p, .regimen = &one};
    const SensitiveTarget by_k = {SENSITIVE_PARAMETER, 0};
    const double times[] = {0.0, 2.0};
    slope_run(slope, &by_k, 1, &subject, 1, times, 2);
    double a = 1000.0 / 0.3 * exp(-0.6);
    slope_near(slope, 0, 0, 0, -1000.0 / 0.09, GOOD, 0.0);
    slope_near(slope, 1, 0, 0, -a / 0.3 - 2.0 * a, GOOD, 0.0);
    slope_close(slope);
}

/* A bolus of 50 at 0, and at 3 what a regimen of 70 every 6 h has added since always. */
static void test_a_steady_state_is_added(void)
{
    Slope *slope = slope_open(PK, 1e-8, 1e-10, 1);
    const double p[] = {0.3, 0.7, 0.0, 2.5, 20.0};
    Dose doses[] = {{.kind = DOSE_BOLUS, .route = -1, .amount = 50.0, .count = 1},
                    {.kind = DOSE_BOLUS,
                     .route = -1,
                     .amount = 70.0,
                     .time = 3.0,
                     .count = 1,
                     .interval = 6.0,
                     .steady = STEADY_ADD}};
    Regimen two = {doses, 2};
    const SubjectInput subject = {.parameters = p, .regimen = &two};
    const SensitiveTarget targets[] = {
        {SENSITIVE_PARAMETER, 0}, {SENSITIVE_DOSE_AMOUNT, 1}, {SENSITIVE_DOSE_TIME, 1}};
    const double times[] = {2.0, 4.0};
    slope_run(slope, targets, 3, &subject, 1, times, 2);
    double e = exp(-1.8);
    double added = 70.0 / (1.0 - e) * exp(-0.3);
    slope_near(slope, 0, 0, 0, -100.0 * exp(-0.6), GOOD, 0.0);
    slope_near(slope, 1, 0, 0, -200.0 * exp(-1.2) - added * (1.0 + 6.0 * e / (1.0 - e)), GOOD, 0.0);
    slope_near(slope, 1, 1, 0, added / 70.0, GOOD, 0.0);
    slope_near(slope, 1, 2, 0, 0.3 * added, GOOD, 0.0);
    slope_close(slope);
}

/* ---- Newton's method ---- */

static const char SLOW[] =
    "model slow\ntime h\nparam k = 1e-6\nparam ka = 1\n"
    "state gut = 0\nstate blood = 0\nstate P = 3\nstate Q = 0\n"
    "flow absorbed : gut -> blood : ka * gut\nflow out : blood -> : k * blood\n"
    "d/dt(P) = Q - 2 * P\nd/dt(Q) = 2 * P - Q\n";

static Bench *run_slow(double k, Dose dose)
{
    Bench *bench = bench_model(SLOW, NULL);
    bench_tolerance(bench, 1e-8, 1e-8);
    bench_pack(bench, 1);
    const double p[] = {k, 1.0};
    Regimen one = {&dose, 1};
    const SubjectInput subject = {.parameters = p, .regimen = &one};
    bench_load(bench, &subject, 1, 0.0, 1.0);
    const double times[] = {0.0};
    CU_ASSERT(bench_run(bench, times, 1));
    return bench;
}

/* At 0, right after the dose: the blood of all earlier doses, and P + Q as before. A cycle changes
 * what is far from its end by 1e-5 only. */
static void test_what_settles_in_a_million_hours(void)
{
    const Dose dose = {.kind = DOSE_BOLUS,
                       .amount = 100.0,
                       .count = 1,
                       .interval = 12.0,
                       .route = -1,
                       .steady = STEADY_REPLACE};
    for (int i = 0; i < 3; i++) {
        double k = 1e-4 * pow(0.1, i);
        Bench *bench = run_slow(k, dose);
        CU_ASSERT_EQUAL(bench_outcome(bench, 0), OUTCOME_DONE);
        double e = exp(-12.0 * k);
        double g = exp(-12.0);
        double blood = 100.0 / (1.0 - k) * (e / -expm1(-12.0 * k) - g / (1.0 - g));
        CU_ASSERT(fabs(bench_value(bench, 0, 1, 0) / blood - 1.0) <= 1e-7);
        CU_ASSERT(bench_error(bench, 0, 2, 0, 1.0) <= 10.0);
        CU_ASSERT(bench_error(bench, 0, 3, 0, 2.0) <= 10.0);
        bench_close(bench);
    }
}

/* Nothing leaves: the sum of gut and blood grows by the dose. */
static void test_what_grows_is_named(void)
{
    const Dose dose = {.kind = DOSE_BOLUS,
                       .amount = 100.0,
                       .count = 1,
                       .interval = 12.0,
                       .route = -1,
                       .steady = STEADY_REPLACE};
    Bench *bench = run_slow(0.0, dose);
    CU_ASSERT_EQUAL(bench_outcome(bench, 0), OUTCOME_BAD_DOSE);
    CU_ASSERT_EQUAL(pack_outcome(bench->pack, 0)->state, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(pack_outcome(bench->pack, 0)->reason, "'blood'"));
    bench_close(bench);
}

/* X' = X (X - 3) with doses of 1 every hour repeats itself near 2.8, and runs away from there: from
 * 2.9 no regimen leads to it. */
static void test_a_state_that_repels_is_no_steady_state(void)
{
    Bench *bench = bench_model("model edge\ntime h\nparam x = 2.9\nstate X = x\n"
                               "d/dt(X) = 0.2 * X * (X - 3)\n",
                               NULL);
    bench_tolerance(bench, 1e-8, 1e-8);
    bench_pack(bench, 1);
    const double p[] = {2.9};
    Dose dose = {.kind = DOSE_BOLUS,
                 .amount = 0.1,
                 .count = 1,
                 .interval = 1.0,
                 .route = -1,
                 .steady = STEADY_REPLACE};
    Regimen one = {&dose, 1};
    const SubjectInput subject = {.parameters = p, .regimen = &one};
    bench_load(bench, &subject, 1, 0.0, 1.0);
    const double times[] = {0.0};
    CU_ASSERT(bench_run(bench, times, 1));
    CU_ASSERT_EQUAL(bench_outcome(bench, 0), OUTCOME_BAD_DOSE);
    bench_close(bench);
}

SUITE("sensitivity at steady state", TEST(test_start_at_rest), TEST(test_regimens_at_steady_state),
      TEST(test_constant_infusion), TEST(test_a_steady_state_is_added),
      TEST(test_what_settles_in_a_million_hours), TEST(test_what_grows_is_named),
      TEST(test_a_state_that_repels_is_no_steady_state))
