/* test_derive.c: derivatives against central differences in 300-bit arithmetic.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit/expr_mpfr.h"
#include "unit/expr_random.h"
#include "unit/expr_reader.h"
#include "unit/suite.h"

#include <math.h>

/* One of each operator; x0 and x1 lie in (low, high). */
static const struct {
    const char *text;
    double low, high;
} operators[] = {
    {"x0 + x1", -3, 3},
    {"x0 - x1", -3, 3},
    {"x0 * x1", -3, 3},
    {"x0 / x1", 0.1, 3},
    {"-x0", -3, 3},
    {"x0 ^ x1", 0.1, 3},
    {"x0 ^ 2", -3, 3},
    {"x0 ^ -3", 0.1, 3},
    {"x0 ^ 16", -2, 2},
    {"x0 ^ 2.5", 0.1, 3},
    {"x0 ^ 0.3", 0.1, 3},
    {"x0 ^ 0.5", 0.1, 3},
    {"x0 ^ 40", 0.1, 2},
    {"2.5 ^ x0", -3, 3},
    {"exp(x0)", -3, 3},
    {"ln(x0)", 1e-9, 3},
    {"log10(x0)", 1e-9, 3},
    {"sqrt(x0)", 1e-9, 3},
    {"abs(x0)", -3, 3},
    {"min(x0, x1)", -3, 3},
    {"max(x0, x1)", -3, 3},
    {"sin(x0)", -3, 3},
    {"cos(x0)", -3, 3},
    {"tan(x0)", -1.5, 1.5},
    {"asin(x0)", -1, 1},
    {"acos(x0)", -1, 1},
    {"atan(x0)", -30, 30},
    {"sinh(x0)", -5, 5},
    {"cosh(x0)", -5, 5},
    {"tanh(x0)", -30, 30},
    {"erf(x0)", -4, 4},
    {"lgamma(x0)", 0.05, 30},
    {"floor(x0)", -3, 3},
    {"ceil(x0)", -3, 3},
    {"x0 < x1", -3, 3},
    {"x0 <= x1", -3, 3},
    {"x0 == x1", -3, 3},
    {"x0 != x1", -3, 3},
    {"x0 and x1", -3, 3},
    {"x0 or x1", -3, 3},
    {"not x0", -3, 3},
    {"if x0 < x1 then x0 * x0 else x1 * x0", -3, 3},
    {"hill(x0, x1, 1)", 0.1, 3},
    {"hill(x0, x1, 2)", 0.1, 3},
    {"hill(x0, x1, 3)", 0.1, 3},
    {"hill(x0, x1, 8)", 0.1, 3},
    {"hill(x0, x1, 2.5)", 0.1, 3},
    {"hill(x0, x1, 12)", 0.3, 3},
    {"hill(x0, 1.5, x1)", 0.1, 3},
    {"hill(x0, x1, -2)", 0.1, 3},
    {"hill(2, x0, x1)", 0.1, 3},
    {"hill'(x0, x1, 1)", 0.5, 1},
    {"hill'(x0, 2, x1)", 0.1, 3},
};

static double relative_error(mpfr_t want, double got)
{
    mpfr_t error;
    mpfr_init2(error, PRECISION);
    mpfr_sub_d(error, want, got, MPFR_RNDN);
    double absolute = fabs(mpfr_get_d(error, MPFR_RNDN));
    double size = fabs(mpfr_get_d(want, MPFR_RNDN));
    mpfr_clear(error);
    return size > 1e-40 ? absolute / size : absolute < 1e-40 ? 0 : HUGE_VAL;
}

static void test_every_operator_against_mpfr(void)
{
    mpfr_t want;
    mpfr_init2(want, PRECISION);
    Dice dice = {10};
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
        Arena *arena = arena_new();
        Graph *graph = graph_new(arena);
        Expr expr = read_expr(graph, operators[i].text, false);
        for (int k = 0; k < 60; k++) {
            Point point = random_point(&dice);
            point.state[0] = dice_between(&dice, operators[i].low, operators[i].high);
            point.state[1] = dice_between(&dice, operators[i].low, operators[i].high);
            Bindings bindings = point_bindings(&point);
            Expr symbol = expr_symbol(graph, SYMBOL_STATE, k % 2);
            Expr slope = expr_derive(graph, expr, symbol);
            mpfr_slope(want, graph, expr, &bindings, symbol);
            double got = expr_evaluate(graph, slope, &bindings);
            /* a second slope of hill passes through zero: relative to the value there */
            bool bends = strncmp(operators[i].text, "hill'", 5) == 0;
            double limit = bends ? 1e-11 : 1e-12;
            double error = relative_error(want, got);
            if (!(error <= limit)) {
                printf("%s by x%d at %.17g, %.17g: %.17g, not %.17g\n", operators[i].text, k % 2,
                       point.state[0], point.state[1], got, mpfr_get_d(want, MPFR_RNDN));
            }
            CU_ASSERT(error <= limit);
        }
        arena_free(arena);
    }
    mpfr_clear(want);
}

/* The derivative itself in 300 bits: no rounding hides a wrong rule, however ill-conditioned. What
 * remains are the double constants of the rules (ln 2 and such). */
static void test_random_expressions_against_mpfr(void)
{
    mpfr_t want, got;
    mpfr_inits2(PRECISION, want, got, (mpfr_ptr)0);
    Dice dice = {11};
    for (int k = 0; k < 150; k++) {
        Arena *arena = arena_new();
        Graph *graph = graph_new(arena);
        Expr expr = random_expr(graph, &dice, 25);
        Point point = random_point(&dice);
        Bindings bindings = point_bindings(&point);
        for (int s = 0; s < RANDOM_STATES; s += 3) {
            Expr symbol = expr_symbol(graph, SYMBOL_STATE, s);
            Expr slope = expr_derive(graph, expr, symbol);
            mpfr_slope(want, graph, expr, &bindings, symbol);
            mpfr_value(got, graph, slope, &bindings, EXPR_NONE, 0);
            mpfr_sub(got, got, want, MPFR_RNDN);
            double size = fmax(fabs(mpfr_get_d(want, MPFR_RNDN)), 1e-3);
            double error = fabs(mpfr_get_d(got, MPFR_RNDN)) / size;
            if (!(error <= 1e-13)) {
                printf("seed 11, expression %d by x%d: relative error %g\n", k, s, error);
            }
            CU_ASSERT(error <= 1e-13);
        }
        arena_free(arena);
    }
    mpfr_clears(want, got, (mpfr_ptr)0);
}

static double slope_at(const char *text, double x0, double x1, int by)
{
    Arena *arena = arena_new();
    Graph *graph = graph_new(arena);
    double states[] = {x0, x1};
    Bindings bindings = {.values = {[SYMBOL_STATE] = states}};
    Expr slope =
        expr_derive(graph, read_expr(graph, text, false), expr_symbol(graph, SYMBOL_STATE, by));
    double value = expr_evaluate(graph, slope, &bindings);
    arena_free(arena);
    return value;
}

static void test_derivatives_at_the_special_places_are_finite(void)
{
    CU_ASSERT_EQUAL(slope_at("x0 ^ x1", 0, 1, 0), 1);
    CU_ASSERT_EQUAL(slope_at("x0 ^ x1", 0, 2, 0), 0);
    CU_ASSERT_EQUAL(slope_at("x0 ^ x1", 0, 0.5, 0), 0);
    CU_ASSERT_EQUAL(slope_at("x0 ^ x1", 0, 2, 1), 0);
    CU_ASSERT_EQUAL(slope_at("x0 ^ x1", 0, 0.5, 1), 0);
    CU_ASSERT_EQUAL(slope_at("x0 ^ x1", -1e-8, 1.5, 0), 0);
    CU_ASSERT_EQUAL(slope_at("x0 ^ x1", -2, 3, 0), 12);
    CU_ASSERT_EQUAL(slope_at("x0 ^ x1", -2, -2, 0), 0.25);
    CU_ASSERT_EQUAL(slope_at("x0 ^ 1.5", 0, 0, 0), 0);
    CU_ASSERT_EQUAL(slope_at("ln(x0)", 0, 0, 0), 0);
    CU_ASSERT_EQUAL(slope_at("ln(x0)", -1e-8, 0, 0), 0);
    CU_ASSERT_EQUAL(slope_at("sqrt(x0)", 0, 0, 0), 0);
    CU_ASSERT_EQUAL(slope_at("sqrt(x0)", -1e-8, 0, 0), 0);
    CU_ASSERT_DOUBLE_EQUAL(slope_at("hill(x0, x1, 1)", -1e-9, 4, 0), 0.25, 1e-16);
    CU_ASSERT_EQUAL(slope_at("hill(x0, x1, 2)", 0, 4, 0), 0);
    CU_ASSERT(isfinite(slope_at("hill(x0, x1, 1.5)", 0, 4, 0)));
    CU_ASSERT(isfinite(slope_at("hill(x0, x1, 1.5)", 0, 4, 1)));
    CU_ASSERT(isfinite(slope_at("hill(x0, 4, x1)", 0, 2, 1)));
    CU_ASSERT(isfinite(slope_at("hill(x0, x1, 2)", 0, 0, 1)));
}

static void test_the_branch_not_taken_cannot_spoil_a_derivative(void)
{
    CU_ASSERT_EQUAL(slope_at("if x0 < 0 then ln(x0) else 5 * x0", 2, 0, 0), 5);
    CU_ASSERT_EQUAL(slope_at("if x0 > 0 then ln(x0) else 5 * x0", -2, 0, 0), 5);
    CU_ASSERT_EQUAL(slope_at("if x0 > 0 then 1 / x0 else 5 * x0", 0, 0, 0), 5);
}

static void test_digamma_against_mpfr(void)
{
    mpfr_t x, want;
    mpfr_inits2(PRECISION, x, want, (mpfr_ptr)0);
    Dice dice = {12};
    for (int k = 0; k < 2000; k++) {
        double at = k < 200    ? 1.4616321449683622 + (k - 100) * 1e-6 // around the root
                    : k < 1900 ? pow(10, dice_between(&dice, -6, 8))
                               : dice_between(&dice, -5, 0);
        mpfr_set_d(x, at, MPFR_RNDN);
        mpfr_digamma(want, x, MPFR_RNDN);
        double size = k < 1900 ? 0 : 1; // absolute too between the poles below 0
        double error = relative_error(want, expr_digamma(at));
        double absolute = fabs(mpfr_get_d(want, MPFR_RNDN) - expr_digamma(at));
        bool good = error <= 1e-14 || absolute <= size * 1e-13;
        if (!good) {
            printf("digamma(%.17g): relative error %g\n", at, error);
        }
        CU_ASSERT(good);
    }
    CU_ASSERT(isnan(expr_digamma(0)));
    CU_ASSERT(isnan(expr_digamma(-3)));
    CU_ASSERT(isnan(expr_digamma(NAN)));
    mpfr_clears(x, want, (mpfr_ptr)0);
    mpfr_free_cache();
}

SUITE("derive", TEST(test_every_operator_against_mpfr), TEST(test_random_expressions_against_mpfr),
      TEST(test_derivatives_at_the_special_places_are_finite),
      TEST(test_the_branch_not_taken_cannot_spoil_a_derivative), TEST(test_digamma_against_mpfr))
