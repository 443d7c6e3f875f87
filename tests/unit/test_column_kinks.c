/* test_column_kinks.c: sensitivities along each lane's own steps where rates bend. Expected values
 * are closed forms, differentiated by hand.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define SLOPE_METHOD SOLVER_ROSENBROCK
#include "unit/sensitive_bench.h"

#include <stdint.h>

enum { LANES = 16 };

// x = 10 e^-kt; y adds up what x is above a, z what it is below b
static const char BENDS[] = "model bends \"rates with two kinks\"\ntime hour\n"
                            "param k [1/hour] = 0.5\nparam a = 3\nparam b = 7\n"
                            "state x = 10\nstate y = 0\nstate z = 0\n"
                            "d/dt(x) = -k * x\n"
                            "d/dt(y) = max(0, x - a) * 1 [1/hour]\n"
                            "d/dt(z) = (b - min(x, b)) * 1 [1/hour]\n";
static const char SMOOTH[] = "model smooth \"the same without\"\ntime hour\n"
                             "param k [1/hour] = 0.5\nparam a = 3\nparam b = 7\n"
                             "state x = 10\nstate y = 0\nstate z = 0\n"
                             "d/dt(x) = -k * x\n"
                             "d/dt(y) = (x - a) * 1 [1/hour]\n"
                             "d/dt(z) = (b - x) * 1 [1/hour]\n";
enum { X, Y, Z, STATES };
enum { K, A, B, PARAMETERS };
static const SensitiveTarget TARGETS[PARAMETERS] = {
    {SENSITIVE_PARAMETER, K}, {SENSITIVE_PARAMETER, A}, {SENSITIVE_PARAMETER, B}};

/* The derivative by k of what 10 e^-kt adds up to until t. */
static double area_by_k(double k, double t)
{
    return -10.0 * (1.0 - exp(-k * t) * (1.0 + k * t)) / (k * k);
}

static void check_bends(const Slope *slope, int row, double t, double tolerance)
{
    const double k = 0.5;
    const double above = fmin(t, log(10.0 / 3.0) / k); // until x passes a
    const double since = fmin(t, log(10.0 / 7.0) / k); // and b
    slope_near(slope, row, K, X, -t * 10.0 * exp(-k * t), tolerance, 1e-3);
    slope_near(slope, row, K, Y, area_by_k(k, above), tolerance, 1e-3);
    slope_near(slope, row, A, Y, -above, tolerance, 1e-3);
    slope_near(slope, row, K, Z, area_by_k(k, since) - area_by_k(k, t), tolerance, 1e-3);
    slope_near(slope, row, B, Z, t - since, tolerance, 1e-3);
    slope_near(slope, row, B, Y, 0.0, 1e-12, 1.0);
}

/* Exact at all tolerances, at the price of a few steps a kink. */
static void test_beyond_kinks(void)
{
    static const double rtols[] = {1e-4, 1e-6, 1e-8, 1e-10};
    const double p[PARAMETERS] = {0.5, 3.0, 7.0};
    const SubjectInput subject = {.parameters = p};
    const double times[] = {0.3, 0.9, 2.0, 2.5, 9.0};
    for (int i = 0; i < 4; i++) {
        long steps[2];
        for (int bends = 0; bends < 2; bends++) {
            Slope *slope = slope_open(bends ? BENDS : SMOOTH, rtols[i], 1e-2 * rtols[i], 1);
            CU_ASSERT_EQUAL(slope->bench->tape->kink_count, bends ? 2 : 0);
            slope_run(slope, TARGETS, PARAMETERS, &subject, 1, times, 5);
            for (int row = 0; bends && row < 5; row++) {
                check_bends(slope, row, times[row], 10.0 * rtols[i]);
            }
            steps[bends] = pack_stats(slope->bench->pack)->own_steps;
            CU_ASSERT(steps[bends] > 0);
            slope_close(slope);
        }
        CU_ASSERT(steps[1] <= steps[0] + 2 * 12);
    }
}

/* x = 2t - t^2 is above c for a while that a single step may span, and its start is on the kink of
 * |x|. */
static void test_a_kink_and_back(void)
{
    Slope *slope = slope_open("model hump\ntime h\nparam c = 0.75\nparam r = 2\n"
                              "state x = 0\nstate y = 0\nstate z = 0\n"
                              "d/dt(x) = r - 2 * (t / 1 [h])\nd/dt(y) = max(0, x - c)\n"
                              "d/dt(z) = abs(x)\n",
                              1e-8, 1e-10, 1);
    CU_ASSERT_EQUAL(slope->bench->tape->kink_count, 2);
    const double p[] = {0.75, 2.0};
    const SensitiveTarget targets[] = {{SENSITIVE_PARAMETER, 0}, {SENSITIVE_PARAMETER, 1}};
    const SubjectInput subject = {.parameters = p};
    const double times[] = {1.0, 3.0};
    slope_run(slope, targets, 2, &subject, 1, times, 2);
    slope_near(slope, 0, 0, 1, -0.5, 1e-7, 0.0); // above from 1/2 to 3/2
    slope_near(slope, 1, 0, 1, -1.0, 1e-7, 0.0);
    slope_near(slope, 1, 1, 1, 1.0, 1e-7, 0.0);       // the integral of t over that while
    slope_near(slope, 0, 1, 2, 0.5, 1e-7, 0.0);       // that of t
    slope_near(slope, 1, 1, 2, 2.0 - 2.5, 1e-7, 0.0); // of t to 2, of -t from there on
    slope_close(slope);
}

/* Such a while of many lengths, within steps that nothing else keeps short: there and back is seen
 * as well, if it is not too short. */
static void test_there_and_back(void)
{
    for (int i = 0; i < 12; i++) {
        Slope *slope = slope_open("model hump\ntime h\nparam c\nstate x = 0\nstate y = 1e5\n"
                                  "d/dt(x) = 2 - 2 * (t / 1 [h])\nd/dt(y) = max(0, x - c)\n",
                                  1e-6, 1e-8, 1);
        const double c = 0.06 * (i + 1);
        const SensitiveTarget target = {SENSITIVE_PARAMETER, 0};
        const SubjectInput subject = {.parameters = &c};
        const double end = 2.5;
        slope_run(slope, &target, 1, &subject, 1, &end, 1);
        slope_near(slope, 0, 0, 1, -2.0 * sqrt(1.0 - c), 2e-5, 1.0);
        slope_close(slope);
    }
}

/* What y and z add up is little beside what they are: their steps do not feel the kinks, and their
 * columns do. */
static void test_kinks_that_only_columns_feel(void)
{
    char text[1024];
    (void)snprintf(text, sizeof text, "%s", BENDS);
    char *y = strstr(text, "state y = 0\nstate z = 0\n");
    CU_ASSERT_PTR_NOT_NULL_FATAL(y);
    memcpy(y, "state y=1e5\nstate z=1e5\n", strlen("state y=1e5\nstate z=1e5\n"));
    Slope *slope = slope_open(text, 1e-6, 1e-8, 1);
    const double p[PARAMETERS] = {0.5, 3.0, 7.0};
    const SubjectInput subject = {.parameters = p};
    const double times[] = {0.3, 0.9, 2.0, 2.5, 9.0};
    slope_run(slope, TARGETS, PARAMETERS, &subject, 1, times, 5);
    for (int row = 0; row < 5; row++) {
        check_bends(slope, row, times[row], 2e-5);
    }
    slope_close(slope);
}

/* What bends does not depend on what the column is by: the same steps as without. */
static void test_kinks_that_nobody_feels(void)
{
    long steps[2];
    for (int columns = 0; columns < 2; columns++) {
        Slope *slope = slope_open("model aside\ntime h\nparam q = 2\n"
                                  "state x = 10\nstate y = 1e5\nstate z = 1\n"
                                  "d/dt(x) = -0.5 * x\nd/dt(y) = max(0, x - 3)\nd/dt(z) = q\n",
                                  1e-6, 1e-8, 1);
        CU_ASSERT_EQUAL(slope->bench->tape->kink_count, 1);
        const double q = 2.0;
        const SensitiveTarget target = {SENSITIVE_PARAMETER, 0};
        const SubjectInput subject = {.parameters = &q};
        const double end = 9.0;
        slope_run(slope, &target, columns, &subject, 1, &end, 1);
        steps[columns] = pack_stats(slope->bench->pack)->own_steps;
        slope_close(slope);
    }
    CU_ASSERT_EQUAL(steps[1], steps[0]);
}

/* What passes is time: z grows as r t up to t = x/r, and as x from there on. */
static void test_a_kink_in_time(void)
{
    Slope *slope = slope_open("model late\ntime h\nparam r = 2\nstate x = 7.4\nstate z = 0\n"
                              "d/dt(x) = 0\nd/dt(z) = min(x, r * (t / 1 [h]))\n",
                              1e-8, 1e-10, 1);
    CU_ASSERT_EQUAL(slope->bench->tape->kink_count, 1);
    const double p[] = {2.0};
    const SensitiveTarget targets[] = {{SENSITIVE_PARAMETER, 0}, {SENSITIVE_INITIAL, 0}};
    const SubjectInput subject = {.parameters = p};
    const double times[] = {3.0, 9.0};
    slope_run(slope, targets, 2, &subject, 1, times, 2);
    slope_near(slope, 0, 0, 1, 4.5, 1e-7, 0.0);
    slope_near(slope, 0, 1, 1, 0.0, 1e-12, 1.0);
    slope_near(slope, 1, 0, 1, 0.5 * 3.7 * 3.7, 1e-7, 0.0);
    slope_near(slope, 1, 1, 1, 9.0 - 3.7, 1e-7, 0.0);
    slope_close(slope);
}

/* x falls upon a, and its difference to a becomes noise of either sign: nothing that anybody would
 * feel, and no reason to go any slower. */
static void test_along_a_kink(void)
{
    long steps[2];
    for (int bends = 0; bends < 2; bends++) {
        char text[512];
        (void)snprintf(text, sizeof text,
                       "model slide\ntime h\nparam k = 2\nparam a = 3\n"
                       "state x = 4\nstate y = 0\nstate w = 1\n"
                       "d/dt(x) = k * (a - x)\nd/dt(y) = %s\n"
                       "d/dt(w) = cos(t / 1 [h]) * w\n",
                       bends ? "max(0, x - a)" : "x - a");
        Slope *slope = slope_open(text, 1e-6, 1e-8, 1);
        CU_ASSERT_EQUAL(slope->bench->tape->kink_count, bends);
        const double p[] = {2.0, 3.0};
        const SensitiveTarget targets[] = {{SENSITIVE_PARAMETER, 0}, {SENSITIVE_PARAMETER, 1}};
        const SubjectInput subject = {.parameters = p};
        const double times[] = {1.0, 100.0};
        slope_run(slope, targets, 2, &subject, 1, times, 2);
        slope_near(slope, 0, 0, 1, (3.0 * exp(-2.0) - 1.0) / 4.0, 1e-5, 0.0);
        slope_near(slope, 0, 1, 1, -(1.0 - exp(-2.0)) / 2.0, 1e-5, 0.0);
        steps[bends] = pack_stats(slope->bench->pack)->own_steps;
        slope_close(slope);
    }
    CU_ASSERT(10 * steps[1] <= 12 * steps[0]);
}

/* What lanes with different rates get, side by side or alone. */
static void run_lanes(int width, int first, double *found)
{
    double p[LANES][PARAMETERS];
    SubjectInput subjects[LANES];
    const double times[] = {1.0, 9.0};
    for (int lane = 0; lane < width; lane++) {
        p[lane][K] = 0.2 + 0.07 * (first + lane);
        p[lane][A] = 3.0;
        p[lane][B] = 7.0;
        subjects[lane] = (SubjectInput){.parameters = p[lane]};
    }
    Slope *slope = slope_open(BENDS, 1e-6, 1e-8, width);
    slope_run(slope, TARGETS, PARAMETERS, subjects, width, times, 2);
    for (int lane = 0; lane < width; lane++) {
        for (int i = 0; i < 2 * PARAMETERS * STATES; i++) {
            *found++ = slope_of(slope, i % 2, i / 2 % PARAMETERS, i / 2 / PARAMETERS, lane);
        }
    }
    slope_close(slope);
}

static void test_same_bits_in_company(void)
{
    enum { NUMBERS = 2 * PARAMETERS * STATES };
    double beside[LANES * NUMBERS];
    run_lanes(LANES, 0, beside);
    for (int lane = 0; lane < LANES; lane++) {
        double alone[NUMBERS];
        run_lanes(1, lane, alone);
        CU_ASSERT_EQUAL(memcmp(alone, beside + lane * NUMBERS, sizeof alone), 0);
    }
}

SUITE("sensitivities at kinks", TEST(test_beyond_kinks), TEST(test_a_kink_and_back),
      TEST(test_there_and_back), TEST(test_kinks_that_only_columns_feel),
      TEST(test_kinks_that_nobody_feels), TEST(test_a_kink_in_time), TEST(test_along_a_kink),
      TEST(test_same_bits_in_company))
