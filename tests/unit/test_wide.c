/* test_wide.c: base/wide.h: every function is right to an ulp or so against libm, and gives the
 * same bits at every width. NaNs count as equal. SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit/expr_random.h"
#include "unit/suite.h"
#include "unit/wide_probe.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { COUNT = 4096 };

static const char *const names[] = {
#define PROBE(NAME, expression) #NAME,
    WIDE_PROBES(PROBE)
#undef PROBE
};

static double numbers_min(double a, double b)
{
    return a < b ? a : b;
}

static double numbers_max(double a, double b)
{
    return a > b ? a : b;
}

static double expected(WideProbe probe, double a, double b)
{
    int sign = 0;
    switch (probe) {
    case WIDE_ADD:
        return a + b;
    case WIDE_SUBTRACT:
        return a - b;
    case WIDE_MULTIPLY:
        return a * b;
    case WIDE_DIVIDE:
        return a / b;
    case WIDE_NEGATE:
        return -a;
    case WIDE_SQRT:
        return sqrt(a);
    case WIDE_ABS:
        return fabs(a);
    case WIDE_MIN:
        return numbers_min(a, b);
    case WIDE_MAX:
        return numbers_max(a, b);
    case WIDE_LESS:
        return a < b;
    case WIDE_LESS_EQUAL:
        return a <= b;
    case WIDE_EQUAL:
        return a == b;
    case WIDE_AND:
        return a != 0 && b != 0;
    case WIDE_OR:
        return a != 0 || b != 0;
    case WIDE_NOT:
        return a == 0;
    case WIDE_SELECT:
        return a < 0 ? b : a;
    case WIDE_FLOOR:
        return floor(a);
    case WIDE_CEIL:
        return ceil(a);
    case WIDE_EXP:
        return exp(a);
    case WIDE_LOG:
        return log(a);
    case WIDE_LOG10:
        return log10(a);
    case WIDE_SIN:
        return sin(a);
    case WIDE_COS:
        return cos(a);
    case WIDE_TAN:
        return tan(a);
    case WIDE_ASIN:
        return asin(a);
    case WIDE_ACOS:
        return acos(a);
    case WIDE_ATAN:
        return atan(a);
    case WIDE_SINH:
        return sinh(a);
    case WIDE_COSH:
        return cosh(a);
    case WIDE_TANH:
        return tanh(a);
    case WIDE_ERF:
        return erf(a);
    case WIDE_LGAMMA:
        return lgamma_r(a, &sign);
    case WIDE_POW:
        return pow(a, b);
    case WIDE_LOG2: // and what follows: test_wide_exp.c
    case WIDE_LOGISTIC:
    case WIDE_LOGISTIC_SLOPE:
    case WIDE_PROBE_COUNT:
        break;
    }
    return NAN;
}

/* Every pair of special values, then random ones of all sizes. */
static void fill(double *a, double *b, Dice *dice)
{
    static const double special[] = {
        0.0,   -0.0, 1.0,   -1.0, 0.5, -0.5, 2.0, -2.0, 1e-300,   1e300,     -1e300, 5e-324,
        1e-17, 709., -745., 708., 3.0, -3.0, 1e5, -1e5, INFINITY, -INFINITY, NAN,    1e-6};
    const int n = (int)(sizeof special / sizeof *special);
    for (int i = 0; i < COUNT; i++) {
        if (i < n * n) {
            a[i] = special[i / n];
            b[i] = special[i % n];
        } else {
            double sign = dice_below(dice, 2) == 0 ? 1 : -1;
            a[i] = sign * pow(10, dice_between(dice, -8, i % 2 == 0 ? 1 : 3));
            b[i] = dice_between(dice, -20, 20);
        }
    }
}

static bool same(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b));
}

static _Alignas(64) double a[COUNT], b[COUNT], one[COUNT], out[COUNT];

static void test_wide_functions_agree_with_libm(void)
{
    Dice dice = {20};
    fill(a, b, &dice);
    for (int probe = 0; probe < WIDE_LOG2; probe++) {
        wide_probe_1((WideProbe)probe, a, b, one, COUNT);
        double worst = 0;
        int at = 0;
        for (int i = 0; i < COUNT; i++) {
            double want = expected((WideProbe)probe, a[i], b[i]);
            double scale = fmax(fabs(want), 1e-300);
            double error = same(want, one[i]) || (want == 0 && one[i] == 0) ? 0
                           : isfinite(want) && isfinite(one[i]) ? fabs(one[i] - want) / scale
                                                                : HUGE_VAL;
            if (probe == WIDE_LGAMMA && isfinite(error)) { // near its roots: absolute
                error = fmin(error, fabs(one[i] - want));
            }
            at = error > worst ? i : at;
            worst = fmax(worst, error);
        }
        bool good = worst <= (probe < WIDE_EXP ? 0 : 1e-15);
        if (!good) {
            printf("%s(%a %g, %g): %.17g, libm %.17g\n", names[probe], a[at], a[at], b[at], one[at],
                   expected((WideProbe)probe, a[at], b[at]));
        }
        CU_ASSERT(good);
    }
}

static void compare(WideProbeFunction *function)
{
    Dice dice = {21};
    fill(a, b, &dice);
    for (int probe = 0; probe < WIDE_PROBE_COUNT; probe++) {
        wide_probe_1((WideProbe)probe, a, b, one, COUNT);
        function((WideProbe)probe, a, b, out, COUNT);
        int different = 0;
        for (int i = 0; i < COUNT; i++) {
            if (!same(one[i], out[i]) && different++ < 3) {
                printf("%s(%a, %a): %a at width 1, %a here\n", names[probe], a[i], b[i], one[i],
                       out[i]);
            }
        }
        CU_ASSERT_EQUAL(different, 0);
    }
}

static void test_two_lanes_give_the_bits_of_one(void)
{
    compare(wide_probe_2);
}

static void test_four_lanes_give_the_bits_of_one(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2")) {
        compare(wide_probe_4);
    }
#endif
}

static void test_eight_lanes_give_the_bits_of_one(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq")) {
        compare(wide_probe_8);
    }
#endif
}

SUITE("wide", TEST(test_wide_functions_agree_with_libm), TEST(test_two_lanes_give_the_bits_of_one),
      TEST(test_four_lanes_give_the_bits_of_one), TEST(test_eight_lanes_give_the_bits_of_one))
