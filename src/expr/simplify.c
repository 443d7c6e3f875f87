/* simplify.c: constant folding and local rewrites, applied whenever a node is made.
 *
 * Each rewrite stands as a comment beside its code and as a line of tests/unit/test_simplify.c,
 * which checks at random points that it keeps the value. All are exact in IEEE arithmetic for
 * finite values, up to the sign of a zero, except the grouping of constant factors and the powers
 * written as products (an ulp). x * 0 and 0 / x become 0 and x - x too: this assumes that x is
 * finite. A constant is folded only if the result is finite: an operation that cannot be computed
 * stays in the graph, so that the error appears at run time with its place in the text.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "expr/graph.h"

#include <assert.h>
#include <math.h>

enum { POWER_UNROLLED = 16 }; // whole exponents up to here become products

static Expr apply1(Graph *graph, Operator operation, Expr a)
{
    return simplify_apply(graph, operation, a, EXPR_NONE, EXPR_NONE);
}

static Expr apply2(Graph *graph, Operator operation, Expr a, Expr b)
{
    return simplify_apply(graph, operation, a, b, EXPR_NONE);
}

static bool is(const Graph *graph, Expr expr, Operator operation)
{
    return expr != EXPR_NONE && graph->nodes[expr].operation == operation;
}

static Expr argument(const Graph *graph, Expr expr, int index)
{
    return graph->nodes[expr].argument[index];
}

static double value(const Graph *graph, Expr expr)
{
    return graph->nodes[expr].value;
}

static bool is_value(const Graph *graph, Expr expr, double number)
{
    return is(graph, expr, EXPR_NUMBER) && value(graph, expr) == number;
}

static bool is_negative_number(const Graph *graph, Expr expr)
{
    return is(graph, expr, EXPR_NUMBER) && value(graph, expr) < 0;
}

/* Whether its value can only be 0 or 1. */
static bool is_condition(const Graph *graph, Expr expr)
{
    Operator operation = (Operator)graph->nodes[expr].operation;
    return operation >= EXPR_LESS && operation <= EXPR_NOT;
}

/* A node of an operation that commutes: the one with swapped arguments if that exists, so that both
 * orders are one node, which prints in the order it was first written. */
static Expr intern_either(Graph *graph, Operator operation, Expr a, Expr b)
{
    Expr swapped = graph_find(graph, operation, b, a, EXPR_NONE);
    return swapped != EXPR_NONE ? swapped : graph_intern(graph, operation, a, b, EXPR_NONE);
}

static bool commutes(Operator operation)
{
    return operation == EXPR_ADD || operation == EXPR_MULTIPLY || operation == EXPR_AND ||
           operation == EXPR_OR || operation == EXPR_EQUAL || operation == EXPR_NOT_EQUAL ||
           operation == EXPR_MIN || operation == EXPR_MAX;
}

/* A number stands first in a product and last elsewhere. */
static bool in_order(const Graph *graph, Operator operation, Expr a, Expr b)
{
    bool number_a = is(graph, a, EXPR_NUMBER);
    bool number_b = is(graph, b, EXPR_NUMBER);
    return number_a == number_b || (operation == EXPR_MULTIPLY ? number_a : number_b);
}

static Expr simplify_add(Graph *graph, Expr a, Expr b)
{
    if (is_value(graph, b, 0)) { // x + 0 -> x
        return a;
    }
    if (a == b) { // x + x -> 2 * x
        return apply2(graph, EXPR_MULTIPLY, expr_number(graph, 2), a);
    }
    if (is(graph, a, EXPR_NEGATE) && is(graph, b, EXPR_NEGATE)) { // -x + -y -> -(x + y)
        Expr sum = apply2(graph, EXPR_ADD, argument(graph, a, 0), argument(graph, b, 0));
        return apply1(graph, EXPR_NEGATE, sum);
    }
    if (is(graph, b, EXPR_NEGATE)) { // x + -y -> x - y
        return apply2(graph, EXPR_SUBTRACT, a, argument(graph, b, 0));
    }
    if (is(graph, a, EXPR_NEGATE)) { // -x + y -> y - x
        return apply2(graph, EXPR_SUBTRACT, b, argument(graph, a, 0));
    }
    if (is_negative_number(graph, b)) { // x + -2 -> x - 2
        return apply2(graph, EXPR_SUBTRACT, a, expr_number(graph, -value(graph, b)));
    }
    return intern_either(graph, EXPR_ADD, a, b);
}

static Expr simplify_subtract(Graph *graph, Expr a, Expr b)
{
    if (is_value(graph, b, 0)) { // x - 0 -> x
        return a;
    }
    if (a == b) { // x - x -> 0
        return expr_number(graph, 0);
    }
    if (is_value(graph, a, 0)) { // 0 - x -> -x
        return apply1(graph, EXPR_NEGATE, b);
    }
    if (is(graph, b, EXPR_NEGATE)) { // x - -y -> x + y
        return apply2(graph, EXPR_ADD, a, argument(graph, b, 0));
    }
    if (is(graph, a, EXPR_NEGATE)) { // -x - y -> -(x + y)
        Expr sum = apply2(graph, EXPR_ADD, argument(graph, a, 0), b);
        return apply1(graph, EXPR_NEGATE, sum);
    }
    if (is_negative_number(graph, b)) { // x - -2 -> x + 2
        return apply2(graph, EXPR_ADD, a, expr_number(graph, -value(graph, b)));
    }
    return graph_intern(graph, EXPR_SUBTRACT, a, b, EXPR_NONE);
}

/* A number times something; EXPR_NONE if no rewrite fits. */
static Expr simplify_scale(Graph *graph, Expr a, Expr b)
{
    double factor = value(graph, a);
    if (factor == 0) { // 0 * x -> 0
        return expr_number(graph, 0);
    }
    if (factor == 1) { // 1 * x -> x
        return b;
    }
    if (factor == -1) { // -1 * x -> -x
        return apply1(graph, EXPR_NEGATE, b);
    }
    if (is(graph, b, EXPR_NEGATE)) { // 2 * -x -> -2 * x
        return apply2(graph, EXPR_MULTIPLY, expr_number(graph, -factor), argument(graph, b, 0));
    }
    bool product = is(graph, b, EXPR_MULTIPLY);
    if ((product || is(graph, b, EXPR_DIVIDE)) && is(graph, argument(graph, b, 0), EXPR_NUMBER)) {
        // 2 * (3 * x) -> 6 * x and 2 * (3 / x) -> 6 / x
        double both = factor * value(graph, argument(graph, b, 0));
        if (isfinite(both) && both != 0) {
            return apply2(graph, product ? EXPR_MULTIPLY : EXPR_DIVIDE, expr_number(graph, both),
                          argument(graph, b, 1));
        }
    }
    return EXPR_NONE;
}

static Expr simplify_multiply(Graph *graph, Expr a, Expr b)
{
    if (is(graph, a, EXPR_NUMBER)) {
        Expr scaled = simplify_scale(graph, a, b);
        if (scaled != EXPR_NONE) {
            return scaled;
        }
    }
    bool minus_a = is(graph, a, EXPR_NEGATE);
    if (minus_a || is(graph, b, EXPR_NEGATE)) { // -x * y, x * -y -> -(x * y)
        Expr product = apply2(graph, EXPR_MULTIPLY, minus_a ? argument(graph, a, 0) : a,
                              minus_a ? b : argument(graph, b, 0));
        return apply1(graph, EXPR_NEGATE, product);
    }
    return intern_either(graph, EXPR_MULTIPLY, a, b);
}

static Expr simplify_divide(Graph *graph, Expr a, Expr b)
{
    if (is_value(graph, a, 0) && !is_value(graph, b, 0)) { // 0 / x -> 0
        return a;
    }
    if (is_value(graph, b, 1)) { // x / 1 -> x
        return a;
    }
    if (is_value(graph, b, -1)) { // x / -1 -> -x
        return apply1(graph, EXPR_NEGATE, a);
    }
    if (is(graph, a, EXPR_NEGATE)) { // -x / y -> -(x / y)
        Expr ratio = apply2(graph, EXPR_DIVIDE, argument(graph, a, 0), b);
        return apply1(graph, EXPR_NEGATE, ratio);
    }
    if (is(graph, b, EXPR_NEGATE)) { // x / -y -> -(x / y)
        Expr ratio = apply2(graph, EXPR_DIVIDE, a, argument(graph, b, 0));
        return apply1(graph, EXPR_NEGATE, ratio);
    }
    return graph_intern(graph, EXPR_DIVIDE, a, b, EXPR_NONE);
}

static Expr simplify_negate(Graph *graph, Expr a)
{
    if (is(graph, a, EXPR_NEGATE)) { // --x -> x
        return argument(graph, a, 0);
    }
    if (is(graph, a, EXPR_SUBTRACT)) { // -(x - y) -> y - x
        return apply2(graph, EXPR_SUBTRACT, argument(graph, a, 1), argument(graph, a, 0));
    }
    if ((is(graph, a, EXPR_MULTIPLY) || is(graph, a, EXPR_DIVIDE)) &&
        is(graph, argument(graph, a, 0), EXPR_NUMBER)) { // -(2 * x) -> -2 * x, -(2 / x) -> -2 / x
        Expr factor = expr_number(graph, -value(graph, argument(graph, a, 0)));
        return apply2(graph, expr_operator(graph, a), factor, argument(graph, a, 1));
    }
    return graph_intern(graph, EXPR_NEGATE, a, EXPR_NONE, EXPR_NONE);
}

/* a^n by squaring; n >= 1. */
static Expr whole_power(Graph *graph, Expr a, int n)
{
    if (n == 1) {
        return a;
    }
    Expr half = n % 2 == 0 ? whole_power(graph, a, n / 2) : whole_power(graph, a, n - 1);
    return apply2(graph, EXPR_MULTIPLY, half, n % 2 == 0 ? half : a);
}

static Expr simplify_power(Graph *graph, Expr a, Expr b)
{
    if (!is(graph, b, EXPR_NUMBER)) {
        return graph_intern(graph, EXPR_POWER, a, b, EXPR_NONE);
    }
    double exponent = value(graph, b);
    if (exponent == 0) { // x^0 -> 1
        return expr_number(graph, 1);
    }
    if (exponent == 0.5) { // x^0.5 -> sqrt(x)
        return apply1(graph, EXPR_SQRT, a);
    }
    if (exponent == floor(exponent) && fabs(exponent) <= POWER_UNROLLED) {
        Expr power = whole_power(graph, a, (int)fabs(exponent)); // x^4 -> x * x * (x * x)
        return exponent > 0 ? power : apply2(graph, EXPR_DIVIDE, expr_number(graph, 1), power);
    }
    return graph_intern(graph, EXPR_POWER, a, b, EXPR_NONE);
}

static Expr simplify_compare(Graph *graph, Operator operation, Expr a, Expr b)
{
    if (a == b) { // x == x, x <= x -> 1; x < x, x != x -> 0
        return expr_number(graph, operation == EXPR_EQUAL || operation == EXPR_LESS_EQUAL);
    }
    return commutes(operation) ? intern_either(graph, operation, a, b)
                               : graph_intern(graph, operation, a, b, EXPR_NONE);
}

static Expr simplify_logic(Graph *graph, Operator operation, Expr a, Expr b)
{
    if (is(graph, b, EXPR_NUMBER)) {
        bool truth = value(graph, b) != 0;
        if (truth == (operation == EXPR_OR)) { // x and 0 -> 0, x or 1 -> 1
            return expr_number(graph, truth);
        }
        if (is_condition(graph, a)) { // x and 1 -> x, x or 0 -> x, if x is a condition
            return a;
        }
    }
    if (a == b && is_condition(graph, a)) { // x and x -> x, x or x -> x
        return a;
    }
    return intern_either(graph, operation, a, b);
}

static Expr simplify_not(Graph *graph, Expr a)
{
    Operator inner = expr_operator(graph, a);
    Expr x = argument(graph, a, 0);
    Expr y = argument(graph, a, 1);
    switch (inner) {
    case EXPR_LESS: // not x < y -> y <= x
        return apply2(graph, EXPR_LESS_EQUAL, y, x);
    case EXPR_LESS_EQUAL: // not x <= y -> y < x
        return apply2(graph, EXPR_LESS, y, x);
    case EXPR_EQUAL: // not x == y -> x != y
        return apply2(graph, EXPR_NOT_EQUAL, x, y);
    case EXPR_NOT_EQUAL: // not x != y -> x == y
        return apply2(graph, EXPR_EQUAL, x, y);
    case EXPR_NOT: // not not x -> x, if x is a condition
        if (is_condition(graph, x)) {
            return x;
        }
        break;
    default:
        break;
    }
    return graph_intern(graph, EXPR_NOT, a, EXPR_NONE, EXPR_NONE);
}

static Expr simplify_select(Graph *graph, Expr condition, Expr a, Expr b)
{
    if (is(graph, condition, EXPR_NUMBER)) { // if 1 then x else y -> x
        return value(graph, condition) != 0 ? a : b;
    }
    if (a == b) { // if c then x else x -> x
        return a;
    }
    if (is(graph, condition, EXPR_NOT)) { // if not c then x else y -> if c then y else x
        return simplify_select(graph, argument(graph, condition, 0), b, a);
    }
    return graph_intern(graph, EXPR_SELECT, condition, a, b);
}

static Expr simplify_other(Graph *graph, Operator operation, Expr a, Expr b, Expr c)
{
    if (operation == EXPR_ABS && (is(graph, a, EXPR_NEGATE) || is(graph, a, EXPR_ABS))) {
        return apply1(graph, EXPR_ABS, argument(graph, a, 0)); // abs(-x), abs(abs(x)) -> abs(x)
    }
    if (operation == EXPR_MIN || operation == EXPR_MAX) { // min(x, x) -> x
        return a == b ? a : intern_either(graph, operation, a, b);
    }
    return graph_intern(graph, operation, a, b, c);
}

/* Folded, or EXPR_NONE. */
static Expr fold(Graph *graph, Operator operation, Expr a, Expr b, Expr c)
{
    double x[3] = {0, 0, 0};
    Expr arguments[3] = {a, b, c};
    for (int i = 0; i < 3 && arguments[i] != EXPR_NONE; i++) {
        if (!is(graph, arguments[i], EXPR_NUMBER)) {
            return EXPR_NONE;
        }
        x[i] = value(graph, arguments[i]);
    }
    double result = operator_value(operation, x[0], x[1], x[2]);
    return isfinite(result) ? expr_number(graph, result) : EXPR_NONE;
}

Expr simplify_apply(Graph *graph, Operator operation, Expr a, Expr b, Expr c)
{
    Expr folded = fold(graph, operation, a, b, c);
    if (folded != EXPR_NONE) {
        return folded;
    }
    if (commutes(operation) &&
        !in_order(graph, operation, a, b)) { // x * 2 -> 2 * x, 1 + x -> x + 1
        Expr swap = a;
        a = b;
        b = swap;
    }
    switch (operation) {
    case EXPR_ADD:
        return simplify_add(graph, a, b);
    case EXPR_SUBTRACT:
        return simplify_subtract(graph, a, b);
    case EXPR_MULTIPLY:
        return simplify_multiply(graph, a, b);
    case EXPR_DIVIDE:
        return simplify_divide(graph, a, b);
    case EXPR_NEGATE:
        return simplify_negate(graph, a);
    case EXPR_POWER:
        return simplify_power(graph, a, b);
    case EXPR_LESS:
    case EXPR_LESS_EQUAL:
    case EXPR_EQUAL:
    case EXPR_NOT_EQUAL:
        return simplify_compare(graph, operation, a, b);
    case EXPR_AND:
    case EXPR_OR:
        return simplify_logic(graph, operation, a, b);
    case EXPR_NOT:
        return simplify_not(graph, a);
    case EXPR_SELECT:
        return simplify_select(graph, a, b, c);
    default:
        return simplify_other(graph, operation, a, b, c);
    }
}
