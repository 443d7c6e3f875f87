/* test_wide_exp.c: base/wide_exp.h against values of 50 digits (exp_log.def) and, densely, against
 * long double: errors in units of the last place, limits and special values; and the same bits at
 * every width for them all.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit/expr_random.h"
#include "unit/suite.h"
#include "unit/wide_probe.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { BLOCK = 4096, BLOCKS = 100 };

static const struct {
    double argument, high, rest; // value: high + rest units of its last place
    WideProbe probe;
} values[] = {
#define VALUE(NAME, argument, high, rest) {argument, high, rest, WIDE_##NAME},
#include "unit/exp_log.def"
#undef VALUE
};

/* What wide_exp.h promises, in units of the last place. */
static double promised(WideProbe probe)
{
    switch (probe) {
    case WIDE_EXP:
    case WIDE_LOG:
        return 0.8;
    case WIDE_LOGISTIC:
        return 2.5;
    case WIDE_LOG2:
        return 3;
    default:
        return 5;
    }
}

static double unit_of(double value)
{
    return fmax(nextafter(fabs(value), INFINITY) - fabs(value), 0x1p-1074);
}

static _Alignas(64) double a[BLOCK], b[BLOCK], out[BLOCK], wider[BLOCK];

static bool same(double x, double y)
{
    return memcmp(&x, &y, sizeof x) == 0 || (isnan(x) && isnan(y));
}

/* out = probe(a); what the machine has of wider lanes must give the same bits. */
static void run(WideProbe probe)
{
    WideProbeFunction *functions[3] = {wide_probe_2};
    int count = 1;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2")) {
        functions[count++] = wide_probe_4;
    }
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq")) {
        functions[count++] = wide_probe_8;
    }
#endif
    wide_probe_1(probe, a, b, out, BLOCK);
    for (int k = 0; k < count; k++) {
        functions[k](probe, a, b, wider, BLOCK);
        int different = 0;
        for (int i = 0; i < BLOCK; i++) {
            different += !same(out[i], wider[i]);
        }
        CU_ASSERT_EQUAL(different, 0);
    }
}

static void test_values_of_fifty_digits(void)
{
    const int count = (int)(sizeof values / sizeof *values);
    CU_ASSERT(count > 300 && count <= BLOCK);
    for (int probe = 0; probe < WIDE_PROBE_COUNT; probe++) {
        for (int i = 0; i < BLOCK; i++) {
            a[i] = values[i % count].argument;
        }
        run((WideProbe)probe);
        for (int i = 0; i < count; i++) {
            if ((int)values[i].probe != probe) {
                continue;
            }
            double unit = unit_of(values[i].high);
            double error = fabs((out[i] - values[i].high) / unit - values[i].rest);
            if (!(error <= promised((WideProbe)probe))) {
                printf("function %d of %a: %a, off by %g\n", probe, a[i], out[i], error);
            }
            CU_ASSERT(error <= promised((WideProbe)probe));
        }
    }
}

static long double exact(WideProbe probe, double x)
{
    long double decay = exp2l(-fabsl((long double)x));
    switch (probe) {
    case WIDE_EXP:
        return expl((long double)x);
    case WIDE_LOG:
        return logl((long double)x);
    case WIDE_LOG2:
        return log2l((long double)x);
    case WIDE_LOGISTIC:
        return x >= 0 ? 1 / (1 + decay) : decay / (1 + decay);
    default:
        return decay / ((1 + decay) * (1 + decay));
    }
}

typedef enum { EVEN, POWERS, ABOUT_ONE } Spread;

/* Arguments in [low, high], or 2 to that, or 1 + 2 to that and 1 - 2 to that. */
static void sweep(WideProbe probe, Spread spread, double low, double high)
{
    Dice dice = {(uint64_t)probe * 16 + (uint64_t)spread};
    double worst = 0;
    double at = 0;
    for (int block = 0; block < BLOCKS; block++) {
        for (int i = 0; i < BLOCK; i++) {
            double x = dice_between(&dice, low, high);
            double sign = i % 2 == 0 ? 1 : -1;
            a[i] = spread == EVEN ? x : spread == POWERS ? exp2(x) : 1 + sign * exp2(x);
        }
        run(probe);
        for (int i = 0; i < BLOCK; i++) {
            long double want = exact(probe, a[i]);
            double unit = unit_of((double)want);
            double error = (double)(fabsl((long double)out[i] - want) / (long double)unit);
            at = error > worst ? a[i] : at;
            worst = fmax(worst, error);
        }
    }
    bool good = worst <= promised(probe);
    if (!good) {
        printf("function %d, [%g, %g]: off by %g at %a\n", (int)probe, low, high, worst, at);
    }
    CU_ASSERT(good);
}

static void test_densely_against_long_double(void)
{
    if (LDBL_MANT_DIG < 64) {
        return; // long double is double here: the values of fifty digits must do
    }
    sweep(WIDE_EXP, EVEN, -0.5, 0.5);
    sweep(WIDE_EXP, EVEN, -40, 40);
    sweep(WIDE_EXP, EVEN, -745, 709.78);
    sweep(WIDE_EXP, EVEN, -745, -708); // results that are not normal
    sweep(WIDE_EXP, POWERS, -60, 9);
    sweep(WIDE_LOG, POWERS, -1, 1);
    sweep(WIDE_LOG, POWERS, -1074, 1023.9);
    sweep(WIDE_LOG, ABOUT_ONE, -52, -1.01);
    sweep(WIDE_LOG2, POWERS, -1, 1);
    sweep(WIDE_LOG2, POWERS, -1022, 1023.9);
    sweep(WIDE_LOG2, ABOUT_ONE, -52, -1.01);
    sweep(WIDE_LOGISTIC, EVEN, -3, 3);
    sweep(WIDE_LOGISTIC, EVEN, -1022, 60);
    sweep(WIDE_LOGISTIC_SLOPE, EVEN, -3, 3);
    sweep(WIDE_LOGISTIC_SLOPE, EVEN, -1019, 1019);
}

static void check(WideProbe probe, double x, double want)
{
    for (int i = 0; i < BLOCK; i++) {
        a[i] = x;
    }
    run(probe);
    if (!same(out[0], want)) {
        printf("function %d of %a: %a, expected %a\n", (int)probe, x, out[0], want);
    }
    CU_ASSERT(same(out[0], want));
}

static void test_special_values_of_exp(void)
{
    check(WIDE_EXP, 0.0, 1);
    check(WIDE_EXP, -0.0, 1);
    check(WIDE_EXP, INFINITY, INFINITY);
    check(WIDE_EXP, -INFINITY, 0);
    check(WIDE_EXP, NAN, NAN);
    check(WIDE_EXP, 1e308, INFINITY);
    check(WIDE_EXP, -1e308, 0);
    check(WIDE_EXP, 0x1.62e42fefa39fp+9, INFINITY); // 709.78..: the first beyond ln DBL_MAX
    check(WIDE_EXP, -0x1.74910d52d3053p+9, 0);      // -745.13..: beyond ln 2^-1075
}

static void test_special_values_of_log(void)
{
    check(WIDE_LOG, 1, 0);
    check(WIDE_LOG, 0.0, -INFINITY);
    check(WIDE_LOG, -0.0, -INFINITY);
    check(WIDE_LOG, INFINITY, INFINITY);
    check(WIDE_LOG, -INFINITY, NAN);
    check(WIDE_LOG, NAN, NAN);
    check(WIDE_LOG, -1, NAN);
    check(WIDE_LOG, -5e-324, NAN);
    check(WIDE_LOG2, 1, 0);
    check(WIDE_LOG2, 1024, 10);
    check(WIDE_LOG2, 0x1p-1022, -1022);
    check(WIDE_LOG2, INFINITY, INFINITY);
    check(WIDE_LOG2, NAN, NAN);
}

static void test_special_values_of_the_logistic_function(void)
{
    check(WIDE_LOGISTIC, 0.0, 0.5);
    check(WIDE_LOGISTIC, -0.0, 0.5);
    check(WIDE_LOGISTIC, INFINITY, 1);
    check(WIDE_LOGISTIC, -INFINITY, 0);
    check(WIDE_LOGISTIC, 2000, 1);
    check(WIDE_LOGISTIC, -2000, 0);
    check(WIDE_LOGISTIC, NAN, NAN);
    check(WIDE_LOGISTIC_SLOPE, 0.0, 0.25);
    check(WIDE_LOGISTIC_SLOPE, INFINITY, 0);
    check(WIDE_LOGISTIC_SLOPE, -INFINITY, 0);
    check(WIDE_LOGISTIC_SLOPE, 1e300, 0);
    check(WIDE_LOGISTIC_SLOPE, NAN, NAN);
}

SUITE("wide_exp", TEST(test_values_of_fifty_digits), TEST(test_densely_against_long_double),
      TEST(test_special_values_of_exp), TEST(test_special_values_of_log),
      TEST(test_special_values_of_the_logistic_function))
