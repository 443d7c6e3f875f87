/* Tests of multistep*.c and of the kernels of a BDF step: coefficients against Gear's table and
 * their definition, the prediction against Taylor's, whole runs against CVODES.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/multistep_inside.h"
#include "unit/pack_bench.h"

#include <float.h>

/* ---- coefficients ---- */

/* Gear 1971, Numerical Initial Value Problems, table 11.1. */
static void test_equal_steps_give_gears_table(void)
{
    static const double gear[BDF_ORDER_MAX][BDF_ORDER_MAX + 1] = {
        {1, 1},
        {1, 3.0 / 2, 1.0 / 2},
        {1, 11.0 / 6, 1, 1.0 / 6},
        {1, 25.0 / 12, 35.0 / 24, 5.0 / 12, 1.0 / 24},
        {1, 137.0 / 60, 15.0 / 8, 17.0 / 24, 1.0 / 8, 1.0 / 120},
    };
    for (int order = 1; order <= BDF_ORDER_MAX; order++) {
        Bdf bdf = {.order = order, .wait = 1};
        for (int i = 1; i <= BDF_ORDER_MAX + 1; i++) {
            bdf.past[i] = 0.3;
        }
        for (int again = 0; again < 2; again++) { // the second time they are known
            bdf_set(&bdf, 0.3);
            for (int j = 0; j <= order; j++) {
                CU_ASSERT_DOUBLE_EQUAL(bdf.l[j], gear[order - 1][j], 1e-14);
            }
            // The correction is the backward difference of order q + 1, h^(q+1) y^(q+1); the
            // error of the step is that over (q + 1) l_1.
            double error = 1.0 / ((order + 1) * gear[order - 1][1]);
            CU_ASSERT_DOUBLE_EQUAL(bdf.test, error, 1e-14);
        }
    }
}

/* l is 1 at 0, 0 at all steps back but the last, and its slope is that of equal steps. */
static void test_unequal_steps_follow_the_definition(void)
{
    static const double steps[] = {0, 0.7, 1.9, 0.4, 1.1, 0.6};
    const double h = 1.3;
    for (int order = 2; order <= BDF_ORDER_MAX; order++) {
        Bdf bdf = {.order = order, .wait = 2};
        memcpy(bdf.past, steps, sizeof steps);
        bdf_set(&bdf, h);
        double slope = 0;
        for (int j = 1; j <= order; j++) {
            slope += 1.0 / j;
        }
        CU_ASSERT_DOUBLE_EQUAL(bdf.l[0], 1.0, 0.0);
        CU_ASSERT_DOUBLE_EQUAL(bdf.l[1], slope, 1e-14);
        double back = h;
        for (int i = 1; i < order; i++) {
            double value = 0;
            for (int j = order; j >= 0; j--) {
                value = value * (-back / h) + bdf.l[j];
            }
            CU_ASSERT_DOUBLE_EQUAL(value, 0.0, 1e-12);
            back += steps[i];
        }
    }
}

static void test_growth(void)
{
    for (int power = 1; power <= BDF_ORDER_MAX + 1; power++) {
        double limit = bdf_no_growth(power);
        CU_ASSERT(bdf_growth(limit, power) < BDF_LEAST_GROWTH);
        CU_ASSERT(bdf_growth(0.999 * limit, power) > BDF_LEAST_GROWTH);
        CU_ASSERT_DOUBLE_EQUAL(bdf_growth(pow(0.5, power), power), 2.0, 1e-4);
    }
}

/* ---- kernels ---- */

enum { STATES = 3, MOST_WIDTH = 64 };
typedef struct {
    double z[BDF_ORDER_MAX + 1][STATES * MOST_WIDTH];
    double correction[STATES * MOST_WIDTH], weight[STATES * MOST_WIDTH], y[STATES * MOST_WIDTH];
} Columns;

/* Values that depend on state and column, not on width or lane place. */
static void fill(Columns *columns, int width)
{
    for (int i = 0; i < STATES; i++) {
        for (int lane = 0; lane < width; lane++) {
            int at = i * width + lane;
            for (int j = 0; j <= BDF_ORDER_MAX; j++) {
                columns->z[j][at] = sin(1.0 + i + 3.0 * j + 0.1 * (lane % 2)) / (1 + j);
            }
            columns->correction[at] = 0.01 * cos(2.0 * i + (lane % 2));
        }
    }
}

static void predict(Columns *columns, const Kernels *kernels, int width, int order, double eta)
{
    static const double atol[STATES] = {1e-9, 1e-3, 1.0};
    PredictPass pass = {.states = STATES,
                        .width = width,
                        .order = order,
                        .correction = columns->correction,
                        .atol = atol,
                        .rtol = 1e-6,
                        .weight = columns->weight,
                        .y = columns->y};
    for (int j = 0; j <= order; j++) {
        pass.z[j] = columns->z[j];
        pass.add[j] = 1.0 / (1 + j);
        pass.scale[j] = pow(eta, j);
    }
    fill(columns, width);
    kernels_predict(kernels, &pass);
}

/* The columns of a polynomial, moved to the end of the step, by the binomial theorem. */
static void test_prediction_is_taylors(void)
{
    static Columns before;
    static Columns after;
    for (int order = 1; order <= BDF_ORDER_MAX; order++) {
        for (double eta = 0.5; eta < 2.0; eta += 0.5) {
            predict(&after, kernels_for(NULL), 8, order, eta);
            fill(&before, 8);
            for (int at = 0; at < 8 * STATES; at++) {
                for (int j = 0; j <= order; j++) {
                    double wanted = 0;
                    double binomial = 1;
                    for (int k = j; k <= order; k++) {
                        double whole = before.z[k][at] + before.correction[at] / (1 + k);
                        wanted += binomial * whole * pow(eta, k);
                        binomial = binomial * (k + 1) / (k + 1 - j);
                    }
                    CU_ASSERT_DOUBLE_EQUAL(after.z[j][at], wanted, 1e-13 * (1 + fabs(wanted)));
                }
                CU_ASSERT_EQUAL(after.y[at], after.z[0][at]);
                const double atol = at < 8 ? 1e-9 : at < 16 ? 1e-3 : 1.0;
                double y = before.z[0][at] + before.correction[at];
                CU_ASSERT_DOUBLE_EQUAL(after.weight[at] * (1e-6 * fabs(y) + atol), 1.0, 1e-4);
            }
        }
    }
}

static void test_bits_do_not_depend_on_width_and_instructions(void)
{
    static Columns wanted;
    static Columns found;
    static const char *const sets[] = {"baseline", "avx2", "avx512"};
    for (int order = 1; order <= BDF_ORDER_MAX; order++) {
        predict(&wanted, kernels_for("baseline"), 2, order, 1.25);
        for (size_t set = 0; set < sizeof sets / sizeof *sets; set++) {
            for (int width = 1; width <= MOST_WIDTH; width *= 2) {
                predict(&found, kernels_for(sets[set]), width, order, 1.25);
                for (int at = 0; at < STATES * width; at++) {
                    int same = at / width * 2 + at % width % 2;
                    CU_ASSERT_EQUAL(found.weight[at], wanted.weight[same]);
                    for (int j = 0; j <= order; j++) {
                        CU_ASSERT_EQUAL(found.z[j][at], wanted.z[j][same]);
                    }
                }
            }
        }
    }
}

static void test_correction_adds_up(void)
{
    static const char *const sets[] = {"baseline", "avx2", "avx512"};
    for (size_t set = 0; set < sizeof sets / sizeof *sets; set++) {
        for (int width = 1; width <= MOST_WIDTH; width *= 2) {
            static Columns columns;
            double delta_sum[MOST_WIDTH];
            double sum[MOST_WIDTH];
            fill(&columns, width);
            for (int at = 0; at < STATES * width; at++) {
                columns.weight[at] = 2.0;
            }
            CorrectPass pass = {.states = STATES,
                                .width = width,
                                .first = true,
                                .factor = 0.5,
                                .delta = columns.z[1],
                                .weight = columns.weight,
                                .predicted = columns.z[0],
                                .correction = columns.correction,
                                .y = columns.y};
            kernels_correct(kernels_for(sets[set]), &pass, delta_sum, sum);
            pass.first = false;
            pass.factor = 0.25;
            kernels_correct(kernels_for(sets[set]), &pass, delta_sum, sum);
            for (int lane = 0; lane < width; lane++) {
                double squares = 0;
                for (int i = 0; i < STATES; i++) {
                    int at = i * width + lane;
                    double d = columns.z[1][at];
                    CU_ASSERT_DOUBLE_EQUAL(columns.correction[at], 0.75 * d, 1e-15);
                    CU_ASSERT_DOUBLE_EQUAL(columns.y[at], columns.z[0][at] + 0.75 * d, 1e-15);
                    squares += d * d;
                }
                CU_ASSERT_DOUBLE_EQUAL(delta_sum[lane], 0.25 * squares, 1e-14);
                CU_ASSERT_DOUBLE_EQUAL(sum[lane], 2.25 * squares, 1e-13);
            }
        }
    }
}

static void test_largest_sees_what_is_not_finite(void)
{
    static const char *const sets[] = {"baseline", "avx2", "avx512"};
    for (size_t set = 0; set < sizeof sets / sizeof *sets; set++) {
        const Kernels *kernels = kernels_for(sets[set]);
        double values[16] = {0};
        int64_t counts[16];
        for (int i = 0; i < 16; i++) {
            values[i] = i == 5 ? 7.0 : 0.1 * i;
            counts[i] = INT64_MAX;
        }
        CU_ASSERT_EQUAL(kernels->largest(values, counts, 16), 7.0);
        CU_ASSERT_EQUAL(kernels->largest(values, counts, 1), 0.0);
        for (int i = 0; i < 16; i++) {
            double kept = values[i];
            values[i] = (double)NAN;
            CU_ASSERT(isnan(kernels->largest(values, counts, 16)));
            values[i] = -(double)NAN;
            CU_ASSERT(isnan(kernels->largest(values, counts, 16)));
            values[i] = HUGE_VAL;
            CU_ASSERT(isinf(kernels->largest(values, counts, 16)));
            counts[i] = 0;
            CU_ASSERT_EQUAL(kernels->largest(values, counts, 16), i == 5    ? 1.5
                                                                  : i == 15 ? 7.0
                                                                            : 7.0);
            counts[i] = INT64_MAX;
            values[i] = kept;
        }
    }
}

/* ---- whole runs ---- */

static const char ROBERTSON[] = "model robertson\ntime s\nparam k = 0.04\n"
                                "state a = 1\nstate b = 0\nstate c = 0\n"
                                "d/dt(a) = -k * a + 1e4 * b * c\n"
                                "d/dt(b) = k * a - 1e4 * b * c - 3e7 * b * b\n"
                                "d/dt(c) = 3e7 * b * b\n";

enum { TIMES = 7 };

static SolverStats run(Bench *bench, bool cvode, double values[TIMES][3])
{
    static const double k[4] = {0.04, 0.03, 0.05, 0.04};
    static const double times[TIMES] = {0, 0.4, 4, 40, 400, 4000, 40000};
    SubjectInput subjects[4];
    for (int i = 0; i < 4; i++) {
        subjects[i] = (SubjectInput){.parameters = &k[i]};
    }
    bench->options.cvode = cvode;
    bench_pack(bench, 4);
    bench_load(bench, subjects, 4, 0.0, 40000.0);
    CU_ASSERT(bench_run(bench, times, TIMES));
    for (int row = 0; row < TIMES; row++) {
        for (int i = 0; i < 3; i++) {
            values[row][i] = bench_value(bench, row, i, 0);
            CU_ASSERT_EQUAL(values[row][i], bench_value(bench, row, i, 3)); // the same subject
        }
    }
    return *pack_stats(bench->pack);
}

/* Published values of y1 (SUNDIALS cvRoberts_dns, rtol 1e-4): the digits that both agree on. */
static void test_robertson_as_cvodes_does_it(void)
{
    Bench *bench = bench_model(ROBERTSON, NULL);
    bench_tolerance(bench, 1e-7, 1e-11);
    double ours[TIMES][3];
    double theirs[TIMES][3];
    SolverStats a = run(bench, false, ours);
    SolverStats b = run(bench, true, theirs);
    for (int row = 0; row < TIMES; row++) {
        for (int i = 0; i < 3; i++) {
            double allowed = 10 * (1e-7 * fabs(theirs[row][i]) + 1e-11);
            CU_ASSERT_DOUBLE_EQUAL(ours[row][i], theirs[row][i], allowed);
        }
        CU_ASSERT_DOUBLE_EQUAL(ours[row][0] + ours[row][1] + ours[row][2], 1.0, 1e-12);
    }
    CU_ASSERT_DOUBLE_EQUAL(ours[1][0], 0.98517, 1e-5);
    CU_ASSERT_DOUBLE_EQUAL(ours[3][0], 0.71583, 1e-5);
    CU_ASSERT(10 * a.steps < 11 * b.steps && 10 * a.rate_calls < 11 * b.rate_calls);
    CU_ASSERT(10 * a.steps > 7 * b.steps);
    bench_close(bench);
}

SUITE("multistep", TEST(test_equal_steps_give_gears_table),
      TEST(test_unequal_steps_follow_the_definition), TEST(test_growth),
      TEST(test_prediction_is_taylors), TEST(test_bits_do_not_depend_on_width_and_instructions),
      TEST(test_correction_adds_up), TEST(test_largest_sees_what_is_not_finite),
      TEST(test_robertson_as_cvodes_does_it))
