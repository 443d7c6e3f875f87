/* test_explicit.c: explicit steps where nothing is stiff, and BDF's turn where something is.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit/pack_bench.h"
#include "unit/suite.h"

enum { LANES = 4, ROWS = 97 };

static const char DECAY[] = "model decay\ntime h\nparam k = 0.3\n"
                            "state a = 1\nstate b = 0\n"
                            "d/dt(a) = -k * a\nd/dt(b) = k * a - 0.1 * b\nroute iv -> a\n";

/* b follows a closely; how closely grows with time, from 1/h to 1e5/h. */
static const char STIFFENING[] = "model stiffening\ntime h\nparam k = 0.3\n"
                                 "state a = 1\nstate b = 1.5\n"
                                 "q = (t / 1 [h])^4\n"
                                 "d/dt(a) = -k * a\n"
                                 "d/dt(b) = -(1 + 1e5 * q / (1 + q)) * (b - a) - k * a\n";

static const double RATES[LANES][1] = {{0.3}, {0.1}, {1.0}, {0.7}};

static void load(Bench *bench, const Regimen *regimen, double *times)
{
    SubjectInput subjects[LANES] = {0};
    bench_pack(bench, LANES);
    for (int i = 0; i < LANES; i++) {
        subjects[i].parameters = RATES[i];
        subjects[i].regimen = regimen;
    }
    bench_load(bench, subjects, LANES, 0.0, 24.0);
    for (int i = 0; i < ROWS; i++) {
        times[i] = 0.25 * i;
    }
    CU_ASSERT(bench_run(bench, times, ROWS));
}

static double decayed(double k, double t)
{
    return t < 0.0 ? 0.0 : exp(-k * t);
}

static double fed(double k, double t)
{
    return t < 0.0 ? 0.0 : k / (k - 0.1) * (exp(-0.1 * t) - exp(-k * t));
}

static double worst_of(const Bench *bench, const double *times)
{
    double worst = 0.0;
    for (int lane = 0; lane < LANES; lane++) {
        double k = RATES[lane][0]; // the form of fed() has no value where both rates are equal
        for (int row = 0; row < ROWS && k != 0.1; row++) {
            double t = times[row];
            double a = decayed(k, t) + 5.0 * decayed(k, t - 6.0) + 5.0 * decayed(k, t - 14.0);
            double b = fed(k, t) + 5.0 * fed(k, t - 6.0) + 5.0 * fed(k, t - 14.0);
            worst = fmax(worst, bench_error(bench, row, 0, lane, a));
            worst = fmax(worst, bench_error(bench, row, 1, lane, b));
        }
    }
    return worst;
}

static void test_nothing_is_stiff(void)
{
    Dose doses[] = {{.kind = DOSE_BOLUS, .amount = 5.0, .time = 6.0, .count = 2, .interval = 8.0}};
    Regimen regimen = {doses, 1};
    static const double rtol[] = {1e-4, 1e-5, 1e-7};
    for (int i = 0; i < 3; i++) {
        for (int implicit = 0; implicit < 2; implicit++) {
            double times[ROWS];
            Bench *bench = bench_model(DECAY, NULL);
            bench->options.method = implicit == 1 ? SOLVER_BDF : SOLVER_AUTO;
            bench_tolerance(bench, rtol[i], rtol[i] * 1e-3);
            load(bench, &regimen, times);
            CU_ASSERT_EQUAL(pack_stats(bench->pack)->newton_iterations == 0, implicit == 0);

            CU_ASSERT(worst_of(bench, times) < 10.0);
            bench_close(bench);
        }
    }
}

static void test_bdf_takes_over(void)
{
    double times[ROWS];
    Bench *bench = bench_model(STIFFENING, NULL);
    bench_tolerance(bench, 1e-6, 1e-9);
    load(bench, NULL, times);
    const SolverStats *stats = pack_stats(bench->pack);
    CU_ASSERT(stats->newton_iterations > 0);
    CU_ASSERT(stats->rate_calls > 6 * 100); // explicit steps were tried
    CU_ASSERT(stats->steps < 2000);         // stability would ask for more than 24 * 1e5 / 3.3
    for (int lane = 0; lane < LANES; lane++) {
        for (int row = 0; row < ROWS; row++) {
            double expected = exp(-RATES[lane][0] * times[row]);
            CU_ASSERT(bench_error(bench, row, 0, lane, expected) < 10.0);
            CU_ASSERT(times[row] < 2.0 || bench_error(bench, row, 1, lane, expected) < 10.0);
        }
    }
    bench_close(bench);
}

/* The values between the steps do not depend on which others are asked for. */
static void test_output_times_change_nothing(void)
{
    double times[ROWS];
    Bench *bench = bench_model(DECAY, NULL);
    bench_tolerance(bench, 1e-4, 1e-7);
    load(bench, NULL, times);
    double value = bench_value(bench, 41, 1, 2);
    double time = times[41];
    double last = bench_value(bench, ROWS - 1, 1, 2);
    SubjectInput subjects[LANES] = {0};
    for (int i = 0; i < LANES; i++) {
        subjects[i].parameters = RATES[i];
    }
    bench_load(bench, subjects, LANES, 0.0, 24.0);
    CU_ASSERT(bench_run(bench, (double[]){time, 24.0}, 2));
    CU_ASSERT_EQUAL(bench_value(bench, 0, 1, 2), value);
    CU_ASSERT_EQUAL(bench_value(bench, 1, 1, 2), last);
    bench_close(bench);
}

SUITE("explicit", TEST(test_nothing_is_stiff), TEST(test_bdf_takes_over),
      TEST(test_output_times_change_nothing))
