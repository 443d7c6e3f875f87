/* test_sensitivity.c: derivatives by parameters, initial values and doses against closed forms.
 *
 * Tolerance 1e-8; expected values are the closed form of each model, differentiated by hand in the
 * comments.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit/sensitive_bench.h"

static const double GOOD = 1e-6;

/* ---- smooth ---- */

/* A = a0 exp(-k t), B = a0 k / (k - m) (exp(-m t) - exp(-k t)); each lane has its own k. */
static void test_two_compartments_by_parameters_in_lanes(void)
{
    Slope *slope = slope_open("model chain\ntime h\nparam a0 = 10\nparam k = 0.5\nparam m = 0.2\n"
                              "state A = a0\nstate B = 0\n"
                              "flow go : A -> B : k * A\nflow out : B -> : m * B\n",
                              1e-8, 1e-10, 4);
    const SensitiveTarget targets[] = {{SENSITIVE_PARAMETER, 2},
                                       {SENSITIVE_PARAMETER, 1},
                                       {SENSITIVE_PARAMETER, 0},
                                       {SENSITIVE_INITIAL, 1}};
    double parameters[4][3];
    SubjectInput subjects[4] = {0};
    for (int lane = 0; lane < 4; lane++) {
        const double own[] = {10.0 + lane, 0.5 + 0.3 * lane, 0.2};
        memcpy(parameters[lane], own, sizeof own);
        subjects[lane].parameters = parameters[lane];
    }
    const double times[] = {0.0, 1.0, 4.0, 20.0};
    slope_run(slope, targets, 4, subjects, 4, times, 4);
    for (int row = 0; row < 4; row++) {
        for (int lane = 0; lane < 4; lane++) {
            double t = times[row];
            double a = parameters[lane][0];
            double k = parameters[lane][1];
            double m = parameters[lane][2];
            double ek = exp(-k * t);
            double em = exp(-m * t);
            double d = k - m;
            double b = a * k / d * (em - ek);
            double by_m = b / d - a * k / d * t * em;
            double by_k = b / k - b / d + a * k / d * t * ek;
            CU_ASSERT(fabs(slope_of(slope, row, 0, 1, lane) - by_m) <= GOOD * (fabs(by_m) + 1e-3));
            CU_ASSERT(fabs(slope_of(slope, row, 1, 1, lane) - by_k) <= GOOD * (fabs(by_k) + 1e-3));
            CU_ASSERT(fabs(slope_of(slope, row, 1, 0, lane) + t * a * ek) <=
                      GOOD * (t * a * ek + 1e-3));
            CU_ASSERT(fabs(slope_of(slope, row, 2, 1, lane) - b / a) <= GOOD);
            CU_ASSERT(fabs(slope_of(slope, row, 3, 1, lane) - em) <= GOOD);
            CU_ASSERT_EQUAL(slope_of(slope, row, 3, 0, lane), 0.0);
        }
    }
    slope_close(slope);
}

static void test_without_targets_a_run_has_the_same_bits(void)
{
    static const char text[] = "model decay\ntime h\nparam k = 0.5\nstate A = 1\n"
                               "d/dt(A) = -k * A^2\n";
    const double parameters[] = {0.5};
    const SubjectInput subject = {.parameters = parameters};
    const double times[] = {1.0, 5.0, 50.0};
    double plain[3];
    Bench *bench = bench_model(text, NULL);
    bench->options.method = SLOPE_METHOD;
    bench_tolerance(bench, 1e-6, 1e-8);
    bench_pack(bench, 1);
    bench_load(bench, &subject, 1, 0.0, 50.0);
    CU_ASSERT(bench_run(bench, times, 3));
    for (int i = 0; i < 3; i++) {
        plain[i] = bench_value(bench, i, 0, 0);
    }
    bench_close(bench);
    Slope *slope = slope_open(text, 1e-6, 1e-8, 1);
    const SensitiveTarget by_k = {SENSITIVE_PARAMETER, 0};
    slope_run(slope, NULL, 0, &subject, 1, times, 3);
    for (int i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL(slope_value(slope, i, 0, 0), plain[i]);
    }
    slope_run(slope, &by_k, 1, &subject, 1, times, 3);
    CU_ASSERT(slope_of(slope, 2, 0, 0, 0) < 0.0);
    slope_run(slope, NULL, 0, &subject, 1, times, 3);
    for (int i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL(slope_value(slope, i, 0, 0), plain[i]);
    }
    slope_close(slope);
}

/* ---- doses ---- */

static const char ROUTES[] = "model pk\ntime h\nparam k = 0.3\nparam F = 0.7\nparam L = 1.5\n"
                             "param D = 2.5\nparam R = 20\n"
                             "state A = 0\nflow out : A -> : k * A\n"
                             "route oral -> A : fraction = F, lag = L\n"
                             "route drip -> A : fraction = F, lag = L, duration = D\n"
                             "route pump -> A : fraction = F, lag = L, rate = R\n";
enum { K, F, L, D, R };
static const double PK[] = {0.3, 0.7, 1.5, 2.5, 20.0};

static const SensitiveTarget BY_ALL[] = {
    {SENSITIVE_PARAMETER, K},     {SENSITIVE_PARAMETER, F}, {SENSITIVE_PARAMETER, L},
    {SENSITIVE_PARAMETER, D},     {SENSITIVE_PARAMETER, R}, {SENSITIVE_DOSE_AMOUNT, 0},
    {SENSITIVE_DOSE_FRACTION, 0}, {SENSITIVE_DOSE_LAG, 0},  {SENSITIVE_DOSE_TIME, 0},
    {SENSITIVE_DOSE_DURATION, 0}};
enum { BY_AMOUNT = 5, BY_FRACTION, BY_LAG, BY_TIME, BY_DURATION, BY_COUNT };

/* A(t) of an infusion of rate r from s to e. */
static double drip(double r, double s, double e, double t)
{
    double k = PK[K];
    double until = t < e ? t : e;
    return t <= s ? 0.0 : r / k * (exp(-k * (t - until)) - exp(-k * (t - s)));
}

/* Bolus at 1 h: A = F a exp(-k (t - 1 - L)). */
static void test_bolus_with_lag_and_fraction(void)
{
    Slope *slope = slope_open(ROUTES, 1e-8, 1e-10, 1);
    Dose dose = {.kind = DOSE_BOLUS, .route = 0, .amount = 100.0, .time = 1.0, .count = 1};
    Regimen regimen = {&dose, 1};
    const SubjectInput subject = {.parameters = PK, .regimen = &regimen};
    const double times[] = {2.0, 2.5, 4.0, 12.0};
    slope_run(slope, BY_ALL, BY_COUNT, &subject, 1, times, 4);
    for (int row = 0; row < 4; row++) {
        double since = times[row] - 2.5;
        double a = since >= 0.0 ? 70.0 * exp(-0.3 * since) : 0.0;
        slope_near(slope, row, K, 0, -since * a, GOOD, 1e-3);
        slope_near(slope, row, F, 0, a / 0.7, GOOD, 1e-3);
        slope_near(slope, row, L, 0, 0.3 * a, GOOD, 1e-3);
        slope_near(slope, row, D, 0, 0.0, GOOD, 1e-3);
        slope_near(slope, row, BY_AMOUNT, 0, a / 100.0, GOOD, 1e-3);
        slope_near(slope, row, BY_FRACTION, 0, a / 0.7, GOOD, 1e-3);
        slope_near(slope, row, BY_LAG, 0, 0.3 * a, GOOD, 1e-3);
        slope_near(slope, row, BY_TIME, 0, 0.3 * a, GOOD, 1e-3);
        slope_near(slope, row, BY_DURATION, 0, 0.0, GOOD, 1e-3);
    }
    slope_close(slope);
}

/* Derivatives of drip(r, s, e, t), by central differences of the closed form: 1e-9. */
static double drip_slope(double r, double s, double e, double t, const double d[3])
{
    double h = 1e-5;
    return (drip(r + h * d[0], s + h * d[1], e + h * d[2], t) -
            drip(r - h * d[0], s - h * d[1], e - h * d[2], t)) /
           (2.0 * h);
}

/* Two doses, 6 h apart; r, s, e of each change as `d` says. */
static void near_drips(const Slope *slope, int target, const double times[], int n,
                       const double drip_of[3], const double d[3])
{
    for (int row = 0; row < n; row++) {
        double expected = 0.0;
        for (int i = 0; i < 2; i++) {
            expected +=
                drip_slope(drip_of[0], drip_of[1] + 6.0 * i, drip_of[2] + 6.0 * i, times[row], d);
        }
        slope_near(slope, row, target, 0, expected, GOOD, 1e-2);
    }
}

/* Modelled duration: rate F a / D from 1 + L for D. */
static void test_infusion_of_modelled_duration(void)
{
    Slope *slope = slope_open(ROUTES, 1e-8, 1e-10, 1);
    Dose dose = {.kind = DOSE_MODEL_DURATION,
                 .route = 1,
                 .amount = 100.0,
                 .time = 1.0,
                 .count = 2,
                 .interval = 6.0};
    Regimen regimen = {&dose, 1};
    const SubjectInput subject = {.parameters = PK, .regimen = &regimen};
    const double times[] = {2.0, 3.0, 4.7, 5.3, 8.0, 9.0, 13.0};
    const double runs[] = {28.0, 2.5, 5.0};
    slope_run(slope, BY_ALL, BY_COUNT, &subject, 1, times, 7);
    near_drips(slope, F, times, 7, runs, (double[]){40.0, 0.0, 0.0});
    near_drips(slope, L, times, 7, runs, (double[]){0.0, 1.0, 1.0});
    near_drips(slope, D, times, 7, runs, (double[]){-11.2, 0.0, 1.0});
    near_drips(slope, BY_AMOUNT, times, 7, runs, (double[]){0.28, 0.0, 0.0});
    near_drips(slope, BY_FRACTION, times, 7, runs, (double[]){40.0, 0.0, 0.0});
    near_drips(slope, BY_LAG, times, 7, runs, (double[]){0.0, 1.0, 1.0});
    near_drips(slope, BY_TIME, times, 7, runs, (double[]){0.0, 1.0, 1.0});
    near_drips(slope, BY_DURATION, times, 7, runs, (double[]){-11.2, 0.0, 1.0});
    slope_close(slope);
}

/* Modelled rate: R from 1 + L for F a / R = 3.5 h. */
static void test_infusion_of_modelled_rate(void)
{
    Slope *slope = slope_open(ROUTES, 1e-8, 1e-10, 1);
    Dose dose = {.kind = DOSE_MODEL_RATE,
                 .route = 2,
                 .amount = 100.0,
                 .time = 1.0,
                 .count = 2,
                 .interval = 6.0};
    Regimen regimen = {&dose, 1};
    const SubjectInput subject = {.parameters = PK, .regimen = &regimen};
    const double times[] = {2.0, 3.0, 5.7, 6.3, 8.0, 9.0, 13.0};
    const double runs[] = {20.0, 2.5, 6.0};
    slope_run(slope, BY_ALL, BY_COUNT, &subject, 1, times, 7);
    near_drips(slope, F, times, 7, runs, (double[]){0.0, 0.0, 5.0});
    near_drips(slope, L, times, 7, runs, (double[]){0.0, 1.0, 1.0});
    near_drips(slope, R, times, 7, runs, (double[]){1.0, 0.0, -0.175});
    near_drips(slope, BY_AMOUNT, times, 7, runs, (double[]){0.0, 0.0, 0.035});
    near_drips(slope, BY_FRACTION, times, 7, runs, (double[]){0.0, 0.0, 5.0});
    near_drips(slope, BY_TIME, times, 7, runs, (double[]){0.0, 1.0, 1.0});
    // the stream lasts a / R = 5 h: rate -4 per h, and the end moves by F
    near_drips(slope, BY_DURATION, times, 7, runs, (double[]){-4.0, 0.0, 0.7});
    slope_close(slope);
}

/* A reset at 3, a replacement by 5 at 4, a multiplication by 2 at 5, of A = 8 exp(-k t). */
static void test_resets_replacements_multiplications(void)
{
    Slope *slope = slope_open("model pk\ntime h\nparam k = 0.3\nparam a = 8\nstate A = a\n"
                              "d/dt(A) = -k * A\n",
                              1e-8, 1e-10, 1);
    Dose doses[] = {{.kind = DOSE_RESET, .route = -1, .time = 3.0, .count = 1},
                    {.kind = DOSE_REPLACE, .route = -1, .amount = 5.0, .time = 4.0, .count = 1},
                    {.kind = DOSE_MULTIPLY, .route = -1, .amount = 2.0, .time = 5.0, .count = 1}};
    Regimen regimen = {doses, 3};
    const double parameters[] = {0.3, 8.0};
    const SubjectInput subject = {.parameters = parameters, .regimen = &regimen};
    const SensitiveTarget targets[] = {{SENSITIVE_PARAMETER, 0},   {SENSITIVE_PARAMETER, 1},
                                       {SENSITIVE_DOSE_TIME, 0},   {SENSITIVE_DOSE_AMOUNT, 1},
                                       {SENSITIVE_DOSE_AMOUNT, 2}, {SENSITIVE_DOSE_TIME, 1},
                                       {SENSITIVE_DOSE_TIME, 2}};
    const double times[] = {2.0, 3.5, 4.5, 6.0};
    slope_run(slope, targets, 7, &subject, 1, times, 4);
    double e = exp(-0.15);
    slope_near(slope, 0, 0, 0, -16.0 * exp(-0.6), GOOD, 0.0);
    slope_near(slope, 1, 0, 0, -4.0 * e, GOOD, 0.0);
    slope_near(slope, 1, 1, 0, e, GOOD, 0.0);
    slope_near(slope, 1, 2, 0, 0.3 * 8.0 * e, GOOD, 0.0);
    slope_near(slope, 2, 0, 0, -2.5 * e, GOOD, 0.0);
    slope_near(slope, 2, 1, 0, 0.0, GOOD, 1.0);
    slope_near(slope, 2, 3, 0, e, GOOD, 0.0);
    slope_near(slope, 2, 5, 0, 0.3 * 5.0 * e, GOOD, 0.0);
    slope_near(slope, 3, 3, 0, 2.0 * exp(-0.6), GOOD, 0.0);
    slope_near(slope, 3, 4, 0, 5.0 * exp(-0.6), GOOD, 0.0);
    slope_near(slope, 3, 5, 0, 0.3 * 10.0 * exp(-0.6), GOOD, 0.0);
    slope_near(slope, 3, 6, 0, 0.0, GOOD, 1.0);
    slope_close(slope);
}

SUITE("sensitivity", TEST(test_two_compartments_by_parameters_in_lanes),
      TEST(test_without_targets_a_run_has_the_same_bits), TEST(test_bolus_with_lag_and_fraction),
      TEST(test_infusion_of_modelled_duration), TEST(test_infusion_of_modelled_rate),
      TEST(test_resets_replacements_multiplications))
