/* test_random.c: the streams are Philox 4x32-10, and uniform and normal are what they are called.
 *
 * The reference is a second implementation from the paper (Salmon et al. 2011, section 4.3), itself
 * checked against the known-answer vectors that come with Random123 (kat_vectors).
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/random.h"
#include "unit/suite.h"

#include <math.h>
#include <stdlib.h>

typedef struct {
    uint32_t word[4];
} Block;

static Block philox(Block counter, uint32_t key0, uint32_t key1)
{
    for (int round = 0; round < 10; round++) {
        uint64_t left = (uint64_t)0xd2511f53u * counter.word[0];
        uint64_t right = (uint64_t)0xcd9e8d57u * counter.word[2];
        counter = (Block){{(uint32_t)(right >> 32) ^ counter.word[1] ^ key0, (uint32_t)right,
                           (uint32_t)(left >> 32) ^ counter.word[3] ^ key1, (uint32_t)left}};
        key0 += 0x9e3779b9u;
        key1 += 0xbb67ae85u;
    }
    return counter;
}

static void test_reference_meets_the_known_answers(void)
{
    const struct {
        Block counter;
        uint32_t key[2];
        Block answer;
    } known[] = {
        {{{0, 0, 0, 0}}, {0, 0}, {{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}}},
        {{{~0u, ~0u, ~0u, ~0u}}, {~0u, ~0u}, {{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}}},
        {{{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}},
         {0xa4093822, 0x299f31d0},
         {{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}}}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        Block block = philox(known[i].counter, known[i].key[0], known[i].key[1]);
        for (int k = 0; k < 4; k++) {
            CU_ASSERT_EQUAL(block.word[k], known[i].answer.word[k]);
        }
    }
}

static void test_uniform_is_philox(void)
{
    const RandomKey keys[] = {
        {0, 0, 0}, {20261121, 3, 17}, {~0ull, ~0u, ~0u}, {1ull << 40, 1, 9999}};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        for (uint32_t draw = 0; draw < 1000; draw += 111) {
            Block counter = {{draw, keys[i].subject, keys[i].purpose, 0}};
            Block bits = philox(counter, (uint32_t)keys[i].seed, (uint32_t)(keys[i].seed >> 32));
            uint64_t whole = ((uint64_t)bits.word[0] << 32) | bits.word[1];
            double expected = ldexp((double)(whole >> 12) + 0.5, -52);
            CU_ASSERT_EQUAL(random_uniform(keys[i], draw), expected);
        }
    }
    // the first known answer, written out: 0x6627e8d5e169c comes before the centring half
    CU_ASSERT_EQUAL(random_uniform(keys[0], 0), 0x1.989fa35785a72p-2);
}

/* The distribution function of the standard normal, by the C library. */
static double normal_cdf(double x)
{
    return 0.5 * erfc(-x / sqrt(2.0));
}

static void test_normal_is_the_inverse_of_its_distribution(void)
{
    RandomKey key = {7, 1, 1};
    for (uint32_t draw = 0; draw < 20000; draw++) {
        double u = random_uniform(key, draw);
        double z = random_normal(key, draw);
        // compare in the nearer tail, where the distribution function keeps its digits
        double tail = u < 0.5 ? u : 1 - u;
        double back = u < 0.5 ? normal_cdf(z) : normal_cdf(-z);
        CU_ASSERT_DOUBLE_EQUAL_FATAL(back / tail, 1.0, 2e-14);
    }
}

static int compare_doubles(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return (left > right) - (left < right);
}

/* Kolmogorov's distance times sqrt(n); above 1.95 happens once in a thousand true samples. */
static double distance(double *sample, int count, double (*cdf)(double))
{
    qsort(sample, (size_t)count, sizeof *sample, compare_doubles);
    double worst = 0;
    for (int i = 0; i < count; i++) {
        double p = cdf(sample[i]);
        worst = fmax(worst, fmax(p - (double)i / count, (double)(i + 1) / count - p));
    }
    return worst * sqrt((double)count);
}

static double uniform_cdf(double x)
{
    return x;
}

enum { SAMPLE = 50000 };

static void test_samples_follow_their_distributions(void)
{
    static double sample[SAMPLE];
    // along the draws, along the subjects and along the seeds
    for (int axis = 0; axis < 3; axis++) {
        for (uint32_t i = 0; i < SAMPLE; i++) {
            RandomKey key = {axis == 2 ? i : 42, 1, axis == 1 ? i : 5};
            sample[i] = random_uniform(key, axis == 0 ? i : 0);
            CU_ASSERT_FATAL(sample[i] > 0 && sample[i] < 1);
        }
        CU_ASSERT(distance(sample, SAMPLE, uniform_cdf) < 1.95);
        for (uint32_t i = 0; i < SAMPLE; i++) {
            RandomKey key = {axis == 2 ? i : 42, 2, axis == 1 ? i : 5};
            sample[i] = random_normal(key, axis == 0 ? i : 0);
        }
        CU_ASSERT(distance(sample, SAMPLE, normal_cdf) < 1.95);
    }
}

/* Correlation of two streams of standard normals, times sqrt(n): above 4 would be a wonder. */
static double correlation(RandomKey a, RandomKey b, uint32_t shift)
{
    double sum = 0;
    for (uint32_t i = 0; i < SAMPLE; i++) {
        sum += random_normal(a, i) * random_normal(b, i + shift);
    }
    return fabs(sum) / sqrt((double)SAMPLE);
}

static void test_streams_are_unrelated(void)
{
    RandomKey key = {42, 1, 5};
    CU_ASSERT(correlation(key, (RandomKey){42, 1, 6}, 0) < 4);
    CU_ASSERT(correlation(key, (RandomKey){42, 2, 5}, 0) < 4);
    CU_ASSERT(correlation(key, (RandomKey){43, 1, 5}, 0) < 4);
    CU_ASSERT(correlation(key, (RandomKey){42 + (1ull << 32), 1, 5}, 0) < 4);
    CU_ASSERT(correlation(key, key, 1) < 4);
    CU_ASSERT(correlation(key, key, 0) > 100); // the measure itself can tell
}

SUITE("random", TEST(test_reference_meets_the_known_answers), TEST(test_uniform_is_philox),
      TEST(test_normal_is_the_inverse_of_its_distribution),
      TEST(test_samples_follow_their_distributions), TEST(test_streams_are_unrelated))
