/* test_statistics.c: moments, quantiles and intervals against sums worked out outside (with
 * Python's fractions), Student's t from its table, and against sorting. SPDX-License-Identifier:
 * GPL-3.0-or-later */
#include "base/random.h"
#include "study/statistics.h"
#include "unit/suite.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double sample[] = {3.1, -2.0, 7.7, 0.5, 12.25, 3.1, 8.0};
enum { SAMPLE = 7 };

static int near(double a, double b)
{
    return fabs(a - b) <= 1e-12 * fmax(1.0, fabs(b));
}

static void test_moments(void)
{
    Moments moments = moments_of(sample, NULL, SAMPLE);
    CU_ASSERT(moments.count == SAMPLE && moments.effective == 7.0);
    CU_ASSERT(near(moments.mean, 32.65 / 7));                 // the sum is 32.65
    CU_ASSERT(near(moments.sd, sqrt(144.5335714285714 / 6))); // Σ(x - m)²
    double low;
    double high;
    interval_of(&moments, &low, &high);
    // t(0.975, 6) = 2.446911851144969
    double half = 2.446911851144969 * sqrt(144.5335714285714 / 6 / 7);
    CU_ASSERT(fabs(low - (32.65 / 7 - half)) < 1e-9 && fabs(high - (32.65 / 7 + half)) < 1e-9);
}

static void test_what_is_missing(void)
{
    double values[] = {NAN, 2.0, NAN};
    Moments moments = moments_of(values, NULL, 3);
    CU_ASSERT(moments.count == 1 && moments.mean == 2.0 && isnan(moments.sd));
    double low;
    double high;
    interval_of(&moments, &low, &high);
    CU_ASSERT(isnan(low) && isnan(high));
    static const double levels[] = {0.0, 0.5, 1.0};
    double found[3];
    quantiles_of(values, NULL, 3, NULL, levels, 3, found);
    CU_ASSERT(found[0] == 2.0 && found[1] == 2.0 && found[2] == 2.0);
    double none[] = {NAN, NAN};
    moments = moments_of(none, NULL, 2);
    CU_ASSERT(moments.count == 0 && isnan(moments.mean));
    quantiles_of(none, NULL, 2, NULL, levels, 3, found);
    CU_ASSERT(isnan(found[0]) && isnan(found[2]));
}

/* A large common part must not eat the spread. */
static void test_small_spread_far_from_zero(void)
{
    double values[] = {1e9 + 1, 1e9 + 2, 1e9 + 3};
    Moments moments = moments_of(values, NULL, 3);
    CU_ASSERT(moments.mean == 1e9 + 2 && near(moments.sd, 1.0));
}

static void test_quantiles(void)
{
    double values[SAMPLE];
    static const double levels[] = {0.0, 0.05, 0.25, 0.5, 0.9, 1.0};
    static const double wanted[] = {-2.0, -1.25, 1.8, 3.1, 9.7, 12.25};
    memcpy(values, sample, sizeof values);
    double found[6];
    quantiles_of(values, NULL, SAMPLE, NULL, levels, 6, found);
    for (int i = 0; i < 6; i++) {
        CU_ASSERT(near(found[i], wanted[i]));
    }
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return (left > right) - (left < right);
}

/* Selection finds what sorting finds: random, with ties, ascending, descending, constant. */
static void test_selection_is_sorting(void)
{
    enum { MANY = 1013, LEVELS = 41 };
    double levels[LEVELS];
    double found[LEVELS];
    static double values[MANY];
    static double sorted[MANY];
    for (int q = 0; q < LEVELS; q++) {
        levels[q] = q / (LEVELS - 1.0);
    }
    for (int shape = 0; shape < 5; shape++) {
        for (int i = 0; i < MANY; i++) {
            double u = random_uniform((RandomKey){1, 2, (uint32_t)i}, 0);
            const double choices[] = {u, floor(10 * u), i, -i, 4.0};
            values[i] = choices[shape];
        }
        memcpy(sorted, values, sizeof values);
        qsort(sorted, MANY, sizeof *sorted, compare);
        quantiles_of(values, NULL, MANY, NULL, levels, LEVELS, found);
        for (int q = 0; q < LEVELS; q++) {
            double place = (MANY - 1) * levels[q];
            int rank = (int)floor(place);
            double next = sorted[rank + (rank < MANY - 1)];
            CU_ASSERT(near(found[q], sorted[rank] + (place - rank) * (next - sorted[rank])));
        }
    }
}

static void test_weights(void)
{
    static const double ones[] = {2.5, 2.5, 2.5, 2.5, 2.5, 2.5, 2.5};
    static const double weights[] = {1.0, 2.0, 0.5, 3.0, 1.0, 1.0, 1.5};
    static const double levels[] = {0.05, 0.25, 0.5, 0.9};
    Moments plain = moments_of(sample, NULL, SAMPLE);
    Moments equal = moments_of(sample, ones, SAMPLE);
    CU_ASSERT(near(plain.mean, equal.mean) && near(plain.sd, equal.sd));
    CU_ASSERT(near(equal.effective, 7.0));
    double values[SAMPLE];
    double scratch[2 * SAMPLE];
    double one[4];
    double two[4];
    memcpy(values, sample, sizeof values);
    quantiles_of(values, NULL, SAMPLE, NULL, levels, 4, one);
    memcpy(values, sample, sizeof values);
    quantiles_of(values, ones, SAMPLE, scratch, levels, 4, two);
    for (int i = 0; i < 4; i++) {
        CU_ASSERT(near(one[i], two[i]));
    }
    // Σw = 10, Σw² = 18.5
    Moments weighted = moments_of(sample, weights, SAMPLE);
    double sum = 0.0;
    double squares = 0.0;
    for (int i = 0; i < SAMPLE; i++) {
        sum += weights[i] * sample[i];
        squares += weights[i] * sample[i] * sample[i];
    }
    CU_ASSERT(near(weighted.mean, sum / 10.0) && near(weighted.effective, 100.0 / 18.5));
    CU_ASSERT(near(weighted.sd, sqrt((squares - sum * sum / 10.0) / (10.0 - 1.85))));
}

/* Of two values the weighted quantiles are known: S = 0 and S_2 = w_1 + w_2, a straight line. */
static void test_two_weighted_values(void)
{
    static const double weights[] = {1.0, 3.0};
    static const double levels[] = {0.0, 0.25, 0.5, 1.0};
    double values[] = {10.0, 20.0};
    double scratch[4];
    double found[4];
    quantiles_of(values, weights, 2, scratch, levels, 4, found);
    CU_ASSERT(found[0] == 10.0 && near(found[1], 12.5) && near(found[2], 15.0));
    CU_ASSERT(found[3] == 20.0);
}

/* Neither the order of the subjects nor one who weighs nothing changes a weighted quantile. */
static void test_weights_know_no_order(void)
{
    static const double levels[] = {0.0, 0.1, 0.3, 0.5, 0.8, 1.0};
    const double pairs[6][2] = {{160, 2}, {140, 1}, {160, 0.5}, {150, 3}, {160, 1}, {150, 1}};
    double reference[6];
    for (int turn = 0; turn < 6; turn++) {
        double values[8] = {1e9, NAN};
        double weights[8] = {0.0, 1.0};
        double scratch[16];
        double found[6];
        for (int i = 0; i < 6; i++) {
            values[2 + i] = pairs[(i * 5 + turn) % 6][0];
            weights[2 + i] = pairs[(i * 5 + turn) % 6][1];
        }
        quantiles_of(values + (turn == 0 ? 2 : 0), weights + (turn == 0 ? 2 : 0), turn == 0 ? 6 : 8,
                     scratch, levels, 6, found);
        for (int i = 0; i < 6; i++) {
            reference[i] = turn == 0 ? found[i] : reference[i];
            CU_ASSERT(found[i] == reference[i]);
        }
    }
    CU_ASSERT(reference[0] == 140.0 && reference[5] == 160.0);
}

/* Two arms, ten subjects: the sleep data of Student (1908). The paired t-test of R 4.2.2,
 * t.test(two, one, paired = TRUE): mean 1.58, interval 0.7001142 to 2.4598858. */
static void test_paired_differences(void)
{
    static const double one[] = {0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0};
    static const double two[] = {1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4};
    double difference[10];
    for (int i = 0; i < 10; i++) {
        difference[i] = two[i] - one[i];
    }
    Moments moments = moments_of(difference, NULL, 10);
    double low;
    double high;
    interval_of(&moments, &low, &high);
    CU_ASSERT(fabs(moments.mean - 1.58) < 1e-12);
    CU_ASSERT(fabs(low - 0.7001142) < 5e-8 && fabs(high - 2.4598858) < 5e-8);
}

SUITE("statistics", TEST(test_moments), TEST(test_what_is_missing),
      TEST(test_small_spread_far_from_zero), TEST(test_quantiles), TEST(test_selection_is_sorting),
      TEST(test_weights), TEST(test_two_weighted_values), TEST(test_weights_know_no_order),
      TEST(test_paired_differences))
