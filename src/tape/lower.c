/* lower.c: expressions become terms.
 *
 * A product is kept in two parts, scale * rest: the factors of parameters, covariates and
 * constants, which are hoisted, and the others. The parts are multiplied only where the value is
 * needed as a whole, so k1 * x * y and k2 * x * y share x * y. Every division is a reciprocal here;
 * fuse.c turns those used once back into divisions. A sum of two multiples of one rest is one
 * multiple of it.
 *
 * hill with a literal n of 1..8: m = clamp(x), q = max(clamp(K)^n, 1e-300), r = 1/(q + m^n):
 *   value m^n r, slope n (m^(n-1) r) (q r), or 0 for x < -1e-6 K.
 * hill with another n: e = n (log2 x - log2 K), value h = 1/(1 + 2^-e), slope n h (1 - h) / x, or 0
 * for x < -1e-6 K; hill(x, K, -n) = 1 - h comes from the same e.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "tape/terms.h"

#include <assert.h>

typedef struct {
    Terms *terms;
    const Graph *graph;
    Term *scale, *rest; // of each expression; TERM_NONE is 1
    Term *value;        // scale * rest, made when first needed
    Expr now;           // the expression being lowered: origin of new terms
} Lower;

static Term make2(Lower *lower, Op op, Term a, Term b)
{
    Term argument[TAPE_OPERANDS] = {a, b};
    return term_make(lower->terms, op, argument, 0, lower->now);
}

static Term make3(Lower *lower, Op op, Term a, Term b, Term c)
{
    Term argument[TAPE_OPERANDS] = {a, b, c};
    return term_make(lower->terms, op, argument, 0, lower->now);
}

static Term constant(Lower *lower, double value)
{
    return term_constant(lower->terms, value, EXPR_NONE);
}

/* Products where TERM_NONE is 1. */
static Term times(Lower *lower, Term a, Term b)
{
    if (a == TERM_NONE || b == TERM_NONE) {
        return a == TERM_NONE ? b : a;
    }
    return make2(lower, OP_MULTIPLY, a, b);
}

static Term over(Lower *lower, Term a, Term b)
{
    if (b == TERM_NONE) {
        return a;
    }
    return times(lower, a, make2(lower, OP_RECIPROCAL, b, TERM_NONE));
}

static Term value_of(Lower *lower, Expr expr)
{
    if (lower->value[expr] == TERM_NONE) {
        Expr now = lower->now;
        lower->now = expr;
        Term scale = lower->scale[expr];
        if (term_is_constant(lower->terms, scale, -1) && lower->rest[expr] != TERM_NONE) {
            lower->value[expr] = make2(lower, OP_NEGATE, lower->rest[expr], TERM_NONE);
        } else {
            Term product = times(lower, scale, lower->rest[expr]);
            lower->value[expr] = product == TERM_NONE ? constant(lower, 1) : product;
        }
        lower->now = now;
    }
    return lower->value[expr];
}

/* What is computed as a whole: by itself its scale or its rest. */
static void set_whole(Lower *lower, Expr expr, Term term)
{
    bool fixed = lower->terms->nodes[term].fixed;
    lower->scale[expr] = fixed ? term : TERM_NONE;
    lower->rest[expr] = fixed ? TERM_NONE : term;
    lower->value[expr] = term;
}

static void set_parts(Lower *lower, Expr expr, Term scale, Term rest)
{
    if (rest != TERM_NONE && lower->terms->nodes[rest].fixed) {
        scale = times(lower, scale, rest);
        rest = TERM_NONE;
    }
    lower->scale[expr] = term_is_constant(lower->terms, scale, 1) ? TERM_NONE : scale;
    lower->rest[expr] = rest;
}

static void lower_product(Lower *lower, Expr expr, Expr a, Expr b, bool divide)
{
    Term scale = lower->scale[a];
    Term rest = lower->rest[a];
    if (!divide) {
        scale = times(lower, scale, lower->scale[b]);
        rest = times(lower, rest, lower->rest[b]);
    } else {
        if (scale == TERM_NONE || lower->scale[b] == TERM_NONE) {
            scale = over(lower, scale, lower->scale[b]);
        } else { // both are fixed: an exact division, computed once
            scale = make2(lower, OP_DIVIDE, scale, lower->scale[b]);
        }
        rest = over(lower, rest, lower->rest[b]);
    }
    set_parts(lower, expr, scale, rest);
}

static void lower_sum(Lower *lower, Expr expr, Expr a, Expr b, Op op)
{
    if (lower->rest[a] == lower->rest[b] && lower->rest[a] != TERM_NONE) {
        Term first = lower->scale[a] == TERM_NONE ? constant(lower, 1) : lower->scale[a];
        Term second = lower->scale[b] == TERM_NONE ? constant(lower, 1) : lower->scale[b];
        set_parts(lower, expr, make2(lower, op, first, second), lower->rest[a]);
        return;
    }
    set_whole(lower, expr, make2(lower, op, value_of(lower, a), value_of(lower, b)));
}

/* a^n by squaring; TERM_NONE (1) for n = 0. */
static Term whole_power(Lower *lower, Term a, int n)
{
    if (n <= 1) {
        return n == 0 ? TERM_NONE : a;
    }
    Term half = whole_power(lower, a, n % 2 == 0 ? n / 2 : n - 1);
    return make2(lower, OP_MULTIPLY, half, n % 2 == 0 ? half : a);
}

/* The slope of hill, which counts x below 0 as 0: 0 there, but for what is a solver's zero beside
 * K. */
static Term zero_below(Lower *lower, Expr x, Expr hill_constant, Term slope)
{
    Term k = make2(lower, OP_AT_LEAST, value_of(lower, hill_constant), constant(lower, 0));
    Term border = make2(lower, OP_MULTIPLY, constant(lower, EXPR_SLIGHTLY_NEGATIVE), k);
    Term argument[TAPE_OPERANDS] = {value_of(lower, x), border, constant(lower, 0), slope};
    return term_make(lower->terms, OP_SELECT_LESS, argument, 0, lower->now);
}

static void lower_hill_whole(Lower *lower, Expr expr, Expr x, Expr hill_constant, int n)
{
    Term zero = constant(lower, 0);
    Term limit = constant(lower, expr_hill_limit(n));
    Term m = make3(lower, OP_CLAMP, value_of(lower, x), zero, limit);
    Term k = make3(lower, OP_CLAMP, value_of(lower, hill_constant), zero, limit);
    Term q = make2(lower, OP_AT_LEAST, whole_power(lower, k, n), constant(lower, EXPR_TINY));
    Term power = whole_power(lower, m, n);
    Term r = make2(lower, OP_RECIPROCAL, make2(lower, OP_ADD, q, power), TERM_NONE);
    if (expr_operator(lower->graph, expr) == EXPR_HILL) {
        set_whole(lower, expr, make2(lower, OP_MULTIPLY, power, r));
        return;
    }
    Term rise = times(lower, whole_power(lower, m, n - 1), r);
    Term slope = make2(lower, OP_MULTIPLY, rise, make2(lower, OP_MULTIPLY, q, r));
    if (n == 1) { // the others are 0 there
        slope = zero_below(lower, x, hill_constant, slope);
    }
    set_parts(lower, expr, n == 1 ? TERM_NONE : constant(lower, n), slope);
}

static void lower_hill(Lower *lower, Expr expr)
{
    Expr x = expr_argument(lower->graph, expr, 0);
    Expr hill_constant = expr_argument(lower->graph, expr, 1);
    Expr n = expr_argument(lower->graph, expr, 2);
    int whole = expr_hill_whole(lower->graph, expr);
    if (whole != 0) {
        lower_hill_whole(lower, expr, x, hill_constant, whole);
        return;
    }
    bool slope = expr_operator(lower->graph, expr) == EXPR_HILL_SLOPE;
    bool negative = !slope && expr_operator(lower->graph, n) == EXPR_NEGATE;
    Expr exponent = negative ? expr_argument(lower->graph, n, 0) : n;
    Term log_x = make2(lower, OP_HILL_LOG, value_of(lower, x), TERM_NONE);
    Term log_k = make2(lower, OP_HILL_LOG, value_of(lower, hill_constant), TERM_NONE);
    Term e = make2(lower, OP_MULTIPLY, value_of(lower, exponent),
                   make2(lower, OP_SUBTRACT, log_x, log_k));
    if (!slope) {
        set_whole(lower, expr, make2(lower, negative ? OP_HILL_REST : OP_HILL_VALUE, e, TERM_NONE));
        return;
    }
    Term at = make2(lower, OP_AT_LEAST, value_of(lower, x), constant(lower, EXPR_TINY));
    Term both = make2(lower, OP_HILL_SLOPE, e, TERM_NONE);
    Term k = make2(lower, OP_AT_LEAST, value_of(lower, hill_constant), constant(lower, EXPR_TINY));
    Term steepest = over(lower, constant(lower, lower->terms->steepest), k);
    Term limited =
        zero_below(lower, x, hill_constant, make2(lower, OP_MIN, over(lower, both, at), steepest));
    set_parts(lower, expr, lower->scale[n], times(lower, limited, lower->rest[n]));
}

/* The operation that computes an operator by itself, or OP_NONE. */
static Op plain_op(Operator operation)
{
#define SAME(NAME)                                                                                 \
    case EXPR_##NAME:                                                                              \
        return OP_##NAME;
    switch (operation) {
        SAME(NEGATE)
        SAME(POWER)
        SAME(EXP)
        SAME(LN)
        SAME(LOG10)
        SAME(SQRT)
        SAME(ABS)
        SAME(MIN)
        SAME(MAX)
        SAME(SIN)
        SAME(COS)
        SAME(TAN)
        SAME(ASIN)
        SAME(ACOS)
        SAME(ATAN)
        SAME(SINH)
        SAME(COSH)
        SAME(TANH)
        SAME(ERF)
        SAME(LGAMMA)
        SAME(DIGAMMA)
        SAME(FLOOR)
        SAME(CEIL)
        SAME(LESS)
        SAME(LESS_EQUAL)
        SAME(EQUAL)
        SAME(NOT_EQUAL)
        SAME(AND)
        SAME(OR)
        SAME(NOT)
        SAME(SELECT)
        SAME(INTERP)
        SAME(INTERP_SLOPE)
    default:
        return OP_NONE;
    }
#undef SAME
}

static void lower_plain(Lower *lower, Expr expr, Operator operation)
{
    Op op = plain_op(operation);
    assert(op != OP_NONE);
    Term argument[TAPE_OPERANDS] = {TERM_NONE};
    for (int i = 0; i < expr_arity(lower->graph, expr); i++) {
        argument[i] = value_of(lower, expr_argument(lower->graph, expr, i));
    }
    bool interp = operation == EXPR_INTERP || operation == EXPR_INTERP_SLOPE;
    uint32_t table = interp ? (uint32_t)expr_table(lower->graph, expr) : 0;
    set_whole(lower, expr, term_make(lower->terms, op, argument, table, expr));
}

static void lower_node(Lower *lower, Expr expr)
{
    const Graph *graph = lower->graph;
    Operator operation = expr_operator(graph, expr);
    Expr a = expr_arity(graph, expr) > 0 ? expr_argument(graph, expr, 0) : EXPR_NONE;
    Expr b = expr_arity(graph, expr) > 1 ? expr_argument(graph, expr, 1) : EXPR_NONE;
    lower->now = expr;
    switch (operation) {
    case EXPR_NUMBER:
        set_parts(lower, expr, term_constant(lower->terms, expr_value(graph, expr), expr),
                  TERM_NONE);
        break;
    case EXPR_SYMBOL:
        set_whole(lower, expr,
                  term_symbol(lower->terms, expr_symbol_kind(graph, expr),
                              expr_symbol_index(graph, expr), expr));
        break;
    case EXPR_ADD:
        lower_sum(lower, expr, a, b, OP_ADD);
        break;
    case EXPR_SUBTRACT:
        lower_sum(lower, expr, a, b, OP_SUBTRACT);
        break;
    case EXPR_MULTIPLY:
    case EXPR_DIVIDE:
        lower_product(lower, expr, a, b, operation == EXPR_DIVIDE);
        break;
    case EXPR_HILL:
    case EXPR_HILL_SLOPE:
        lower_hill(lower, expr);
        break;
    default:
        lower_plain(lower, expr, operation);
        break;
    }
}

void terms_lower(Terms *terms, const Graph *graph, const Expr *exprs, Term *out, int count)
{
    size_t end = graph_end(graph);
    Lower lower = {.terms = terms,
                   .graph = graph,
                   .scale = arena_array(terms->arena, end, sizeof(Term)),
                   .rest = arena_array(terms->arena, end, sizeof(Term)),
                   .value = arena_array(terms->arena, end, sizeof(Term))};
    unsigned char *marks = arena_alloc(terms->arena, end);
    for (int i = 0; i < count; i++) {
        marks[exprs[i]] = 1;
    }
    for (Expr e = (Expr)end - 1; e > 0; e--) {
        for (int i = 0; marks[e] && i < expr_arity(graph, e); i++) {
            marks[expr_argument(graph, e, i)] = 1;
        }
    }
    for (Expr e = 1; e < end; e++) {
        if (marks[e]) {
            lower_node(&lower, e);
        }
    }
    for (int i = 0; i < count; i++) {
        out[i] = exprs[i] != EXPR_NONE ? value_of(&lower, exprs[i]) : constant(&lower, 0);
    }
}
