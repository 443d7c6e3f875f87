/* expr_mpfr.h: the value of an expression in 300-bit arithmetic: what double results are compared
 * to.
 *
 * Computed by the definition of each operator with MPFR, not by the formulas of src/expr: hill is
 * x^n/(K^n + x^n), its slope a difference quotient. The special cases near 0 are not repeated here;
 * points stay away from them.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_TESTS_EXPR_MPFR_H
#define STROMA_TESTS_EXPR_MPFR_H

#include "expr/expr.h"

#include <mpfr.h>
#include <stdio.h>
#include <stdlib.h>

enum { PRECISION = 300, STEP_BITS = 90 };

static inline void mpfr_hill(mpfr_t out, mpfr_t x, mpfr_t constant, mpfr_t n)
{
    mpfr_t power, other;
    mpfr_inits2(PRECISION, power, other, (mpfr_ptr)0);
    mpfr_pow(power, x, n, MPFR_RNDN);
    mpfr_pow(other, constant, n, MPFR_RNDN);
    mpfr_add(other, other, power, MPFR_RNDN);
    mpfr_div(out, power, other, MPFR_RNDN);
    mpfr_clears(power, other, (mpfr_ptr)0);
}

/* (h(x + d) - h(x - d)) / 2d, d = 2^-90. */
static inline void mpfr_hill_slope(mpfr_t out, mpfr_t x, mpfr_t constant, mpfr_t n)
{
    mpfr_t at, high, low;
    mpfr_inits2(PRECISION, at, high, low, (mpfr_ptr)0);
    mpfr_t step;
    mpfr_init2(step, PRECISION);
    mpfr_set_ui_2exp(step, 1, -STEP_BITS, MPFR_RNDN);
    mpfr_add(at, x, step, MPFR_RNDN);
    mpfr_hill(high, at, constant, n);
    mpfr_sub(at, x, step, MPFR_RNDN);
    mpfr_hill(low, at, constant, n);
    mpfr_sub(out, high, low, MPFR_RNDN);
    mpfr_mul_2si(out, out, STEP_BITS - 1, MPFR_RNDN);
    mpfr_clears(at, high, low, step, (mpfr_ptr)0);
}

static inline void mpfr_apply(mpfr_t out, Operator operation, mpfr_t a, mpfr_t b, mpfr_t c)
{
    int sign = 0;
    switch (operation) {
    case EXPR_ADD:
        mpfr_add(out, a, b, MPFR_RNDN);
        break;
    case EXPR_SUBTRACT:
        mpfr_sub(out, a, b, MPFR_RNDN);
        break;
    case EXPR_MULTIPLY:
        mpfr_mul(out, a, b, MPFR_RNDN);
        break;
    case EXPR_DIVIDE:
        mpfr_div(out, a, b, MPFR_RNDN);
        break;
    case EXPR_NEGATE:
        mpfr_neg(out, a, MPFR_RNDN);
        break;
    case EXPR_POWER:
        mpfr_pow(out, a, b, MPFR_RNDN);
        break;
    case EXPR_EXP:
        mpfr_exp(out, a, MPFR_RNDN);
        break;
    case EXPR_LN:
        mpfr_log(out, a, MPFR_RNDN);
        break;
    case EXPR_LOG10:
        mpfr_log10(out, a, MPFR_RNDN);
        break;
    case EXPR_SQRT:
        mpfr_sqrt(out, a, MPFR_RNDN);
        break;
    case EXPR_ABS:
        mpfr_abs(out, a, MPFR_RNDN);
        break;
    case EXPR_MIN:
        mpfr_min(out, a, b, MPFR_RNDN);
        break;
    case EXPR_MAX:
        mpfr_max(out, a, b, MPFR_RNDN);
        break;
    case EXPR_SIN:
        mpfr_sin(out, a, MPFR_RNDN);
        break;
    case EXPR_COS:
        mpfr_cos(out, a, MPFR_RNDN);
        break;
    case EXPR_TAN:
        mpfr_tan(out, a, MPFR_RNDN);
        break;
    case EXPR_ASIN:
        mpfr_asin(out, a, MPFR_RNDN);
        break;
    case EXPR_ACOS:
        mpfr_acos(out, a, MPFR_RNDN);
        break;
    case EXPR_ATAN:
        mpfr_atan(out, a, MPFR_RNDN);
        break;
    case EXPR_SINH:
        mpfr_sinh(out, a, MPFR_RNDN);
        break;
    case EXPR_COSH:
        mpfr_cosh(out, a, MPFR_RNDN);
        break;
    case EXPR_TANH:
        mpfr_tanh(out, a, MPFR_RNDN);
        break;
    case EXPR_ERF:
        mpfr_erf(out, a, MPFR_RNDN);
        break;
    case EXPR_LGAMMA:
        mpfr_lgamma(out, &sign, a, MPFR_RNDN);
        break;
    case EXPR_DIGAMMA:
        mpfr_digamma(out, a, MPFR_RNDN);
        break;
    case EXPR_FLOOR:
        mpfr_floor(out, a);
        break;
    case EXPR_CEIL:
        mpfr_ceil(out, a);
        break;
    case EXPR_LESS:
        mpfr_set_si(out, mpfr_less_p(a, b) != 0, MPFR_RNDN);
        break;
    case EXPR_LESS_EQUAL:
        mpfr_set_si(out, mpfr_lessequal_p(a, b) != 0, MPFR_RNDN);
        break;
    case EXPR_EQUAL:
        mpfr_set_si(out, mpfr_equal_p(a, b) != 0, MPFR_RNDN);
        break;
    case EXPR_NOT_EQUAL:
        mpfr_set_si(out, mpfr_equal_p(a, b) == 0, MPFR_RNDN);
        break;
    case EXPR_AND:
        mpfr_set_si(out, !mpfr_zero_p(a) && !mpfr_zero_p(b), MPFR_RNDN);
        break;
    case EXPR_OR:
        mpfr_set_si(out, !mpfr_zero_p(a) || !mpfr_zero_p(b), MPFR_RNDN);
        break;
    case EXPR_NOT:
        mpfr_set_si(out, mpfr_zero_p(a) != 0, MPFR_RNDN);
        break;
    case EXPR_SELECT:
        mpfr_set(out, mpfr_zero_p(a) ? c : b, MPFR_RNDN);
        break;
    case EXPR_HILL:
        mpfr_hill(out, a, b, c);
        break;
    case EXPR_HILL_SLOPE:
        mpfr_hill_slope(out, a, b, c);
        break;
    default:
        fprintf(stderr, "no MPFR value of operator %d\n", (int)operation);
        abort();
    }
}

/* Symbol `moved` (or EXPR_NONE) stands 2^-90 * move away from its value at the point. */
static inline void mpfr_value(mpfr_t out, const Graph *graph, Expr expr, const Bindings *bindings,
                              Expr moved, int move)
{
    mpfr_t *values = calloc((size_t)expr + 1, sizeof *values);
    for (Expr e = 0; e <= expr; e++) {
        mpfr_init2(values[e], PRECISION);
    }
    for (Expr e = 1; e <= expr; e++) {
        Expr argument[3] = {EXPR_NONE, EXPR_NONE, EXPR_NONE};
        for (int i = 0; i < expr_arity(graph, e); i++) {
            argument[i] = expr_argument(graph, e, i);
        }
        if (expr_operator(graph, e) == EXPR_NUMBER) {
            mpfr_set_d(values[e], expr_value(graph, e), MPFR_RNDN);
        } else if (expr_operator(graph, e) == EXPR_SYMBOL) {
            SymbolKind kind = expr_symbol_kind(graph, e);
            mpfr_set_d(values[e], bindings->values[kind][expr_symbol_index(graph, e)], MPFR_RNDN);
            if (e == moved) {
                mpfr_t step;
                mpfr_init2(step, PRECISION);
                mpfr_set_si_2exp(step, move, -STEP_BITS, MPFR_RNDN);
                mpfr_add(values[e], values[e], step, MPFR_RNDN);
                mpfr_clear(step);
            }
        } else {
            mpfr_apply(values[e], expr_operator(graph, e), values[argument[0]], values[argument[1]],
                       values[argument[2]]);
        }
    }
    mpfr_set(out, values[expr], MPFR_RNDN);
    for (Expr e = 0; e <= expr; e++) {
        mpfr_clear(values[e]);
    }
    free(values);
}

/* The derivative as a central difference: 50 digits are right. */
static inline void mpfr_slope(mpfr_t out, const Graph *graph, Expr expr, const Bindings *bindings,
                              Expr symbol)
{
    mpfr_t low;
    mpfr_init2(low, PRECISION);
    mpfr_value(out, graph, expr, bindings, symbol, 1);
    mpfr_value(low, graph, expr, bindings, symbol, -1);
    mpfr_sub(out, out, low, MPFR_RNDN);
    mpfr_mul_2si(out, out, STEP_BITS - 1, MPFR_RNDN);
    mpfr_clear(low);
}

#endif
