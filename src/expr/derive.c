/* derive.c: exact partial derivatives, one rule per operator.
 *
 * A walk with a stack of its own visits the nodes that can contain the symbol, children first, and
 * keeps each result in a table of (node, symbol) in the Graph, so that a shared part is derived
 * once for all expressions that use it. New nodes carry the span of the node they derive.
 *
 * The rules are those of any table, chosen so that no special case of operators.def turns into a
 * NaN or an infinity: where a function is constant by definition (ln at 0, sqrt at a value a hair
 * below 0) its derivative is 0, not 1/0. Comparisons, floor and ceil have derivative 0; the jump
 * itself is the integrator's business (model.h, Switch). HILL with slope s = HILL_SLOPE(x, K, n)
 * and x' = max(x, 1e-300): d/dx = s,  d/dK = -s x'/K,  d/dn = h(x, K, n) h(x, K, -n) (ln x' - ln
 * K), as 1 - h(n) = h(-n).
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "expr/graph.h"

#include <assert.h>
#include <math.h>

enum { FIRST_DERIVED = 256 };

static size_t derived_at(const Derived *derived, size_t size, Expr expr, Expr symbol)
{
    uint64_t key = ((uint64_t)symbol << 32 | expr) * 0x9e3779b97f4a7c15u;
    size_t at = (size_t)(key >> 32) & (size - 1);
    while (derived[at].expr != EXPR_NONE &&
           (derived[at].expr != expr || derived[at].symbol != symbol)) {
        at = (at + 1) & (size - 1);
    }
    return at;
}

static void derived_double(Graph *graph)
{
    size_t size = graph->derived_size == 0 ? FIRST_DERIVED : 2 * graph->derived_size;
    Derived *derived = arena_array(graph->arena, size, sizeof *derived);
    for (size_t i = 0; i < graph->derived_size; i++) {
        const Derived *old = &graph->derived[i];
        if (old->expr != EXPR_NONE) {
            derived[derived_at(derived, size, old->expr, old->symbol)] = *old;
        }
    }
    graph->derived = derived;
    graph->derived_size = size;
}

static void remember(Graph *graph, Expr expr, Expr symbol, Expr derivative)
{
    if (2 * (graph->derived_count + 1) > graph->derived_size) {
        derived_double(graph);
    }
    size_t at = derived_at(graph->derived, graph->derived_size, expr, symbol);
    graph->derived[at] = (Derived){expr, symbol, derivative};
    graph->derived_count++;
}

/* The derivative if it is known without a rule, else EXPR_NONE. */
static Expr known(Graph *graph, Expr expr, Expr symbol)
{
    if (expr == symbol) {
        return expr_number(graph, 1);
    }
    if (!graph_may_contain(graph, expr, symbol)) {
        return expr_number(graph, 0);
    }
    if (graph->derived_size == 0) {
        return EXPR_NONE;
    }
    return graph->derived[derived_at(graph->derived, graph->derived_size, expr, symbol)].derivative;
}

static Expr add(Graph *graph, Expr a, Expr b)
{
    return expr_apply(graph, EXPR_ADD, a, b, EXPR_NONE);
}

static Expr subtract(Graph *graph, Expr a, Expr b)
{
    return expr_apply(graph, EXPR_SUBTRACT, a, b, EXPR_NONE);
}

static Expr multiply(Graph *graph, Expr a, Expr b)
{
    return expr_apply(graph, EXPR_MULTIPLY, a, b, EXPR_NONE);
}

static Expr divide(Graph *graph, Expr a, Expr b)
{
    return expr_apply(graph, EXPR_DIVIDE, a, b, EXPR_NONE);
}

static Expr negate(Graph *graph, Expr a)
{
    return expr_apply(graph, EXPR_NEGATE, a, EXPR_NONE, EXPR_NONE);
}

static Expr function(Graph *graph, Operator operation, Expr a)
{
    return expr_apply(graph, operation, a, EXPR_NONE, EXPR_NONE);
}

static Expr number(Graph *graph, double value)
{
    return expr_number(graph, value);
}

static Expr square(Graph *graph, Expr a)
{
    return multiply(graph, a, a);
}

static Expr at_least(Graph *graph, Expr a, double floor)
{
    return expr_apply(graph, EXPR_MAX, a, number(graph, floor), EXPR_NONE);
}

/* slope where a > border, else 0. */
static Expr beyond(Graph *graph, Expr a, double border, Expr slope)
{
    Expr inside = expr_apply(graph, EXPR_LESS, number(graph, border), a, EXPR_NONE);
    return expr_apply(graph, EXPR_SELECT, inside, slope, number(graph, 0));
}

/* f' of a function of one argument; `self` is f(a). */
static Expr slope_of(Graph *graph, Operator operation, Expr a, Expr self)
{
    Expr one = number(graph, 1);
    switch (operation) {
    case EXPR_EXP: // e^a
        return self;
    case EXPR_LN: // 1/a
        return beyond(graph, a, EXPR_TINY, divide(graph, one, a));
    case EXPR_LOG10: // 1/(a ln 10)
        return beyond(graph, a, EXPR_TINY, divide(graph, number(graph, M_LOG10E), a));
    case EXPR_SQRT: // 1/(2 sqrt a)
        return beyond(graph, a, 0, divide(graph, number(graph, 0.5), self));
    case EXPR_SIN:
        return function(graph, EXPR_COS, a);
    case EXPR_COS:
        return negate(graph, function(graph, EXPR_SIN, a));
    case EXPR_TAN: // 1 + tan^2
        return add(graph, square(graph, self), one);
    case EXPR_ASIN: // 1/sqrt(1 - a^2), without cancellation at the ends
    case EXPR_ACOS: {
        Expr product = multiply(graph, subtract(graph, one, a), add(graph, a, one));
        Expr slope = divide(graph, one, function(graph, EXPR_SQRT, product));
        return operation == EXPR_ASIN ? slope : negate(graph, slope);
    }
    case EXPR_ATAN: // 1/(1 + a^2)
        return divide(graph, one, add(graph, square(graph, a), one));
    case EXPR_SINH:
        return function(graph, EXPR_COSH, a);
    case EXPR_COSH:
        return function(graph, EXPR_SINH, a);
    case EXPR_TANH: // 1/cosh^2: 1 - tanh^2 would cancel
        return square(graph, divide(graph, one, function(graph, EXPR_COSH, a)));
    case EXPR_ERF: // 2/sqrt(pi) exp(-a^2)
        return multiply(graph, number(graph, M_2_SQRTPI),
                        function(graph, EXPR_EXP, negate(graph, square(graph, a))));
    case EXPR_LGAMMA:
        return function(graph, EXPR_DIGAMMA, a);
    default:
        assert(false && "an operator with a derivative");
        return number(graph, (double)NAN);
    }
}

/* (a/b)' = (a' - (a/b) b')/b, so that value and slope share a/b. */
static Expr derive_divide(Graph *graph, Expr self, Expr b, Expr da, Expr db)
{
    return divide(graph, subtract(graph, da, multiply(graph, self, db)), b);
}

/* (a^b)' = b a^(b-1) a' + a^b ln(a) b'. For 0 < b < 1 the first slope at a <= 0 is 0, not infinite.
 */
static Expr derive_power(Graph *graph, Expr self, Expr a, Expr b, Expr da, Expr db)
{
    Expr zero = number(graph, 0);
    Expr one = number(graph, 1);
    Expr first = zero;
    if (!expr_is_number(graph, da, 0)) {
        Expr less = expr_apply(graph, EXPR_POWER, a, subtract(graph, b, one), EXPR_NONE);
        Expr root = expr_apply(graph, EXPR_AND, expr_apply(graph, EXPR_LESS, zero, b, EXPR_NONE),
                               expr_apply(graph, EXPR_LESS, b, one, EXPR_NONE), EXPR_NONE);
        Expr at_zero = expr_apply(graph, EXPR_LESS_EQUAL, a, zero, EXPR_NONE);
        Expr flat = expr_apply(graph, EXPR_AND, at_zero, root, EXPR_NONE);
        Expr slope = expr_apply(graph, EXPR_SELECT, flat, zero, multiply(graph, b, less));
        first = multiply(graph, slope, da);
    }
    if (expr_is_number(graph, db, 0)) {
        return first;
    }
    Expr second = multiply(graph, self, function(graph, EXPR_LN, a));
    return add(graph, first, multiply(graph, second, db));
}

/* The chain rule over x, K and n. */
static Expr hill_chain(Graph *graph, const Expr slope[3], const Expr d[3])
{
    Expr sum = number(graph, 0);
    for (int i = 0; i < 3; i++) {
        sum = add(graph, sum, multiply(graph, slope[i], d[i]));
    }
    return sum;
}

static Expr derive_hill(Graph *graph, const Expr a[3], const Expr d[3])
{
    Expr zero = number(graph, 0);
    Expr slope = expr_apply(graph, EXPR_HILL_SLOPE, a[0], a[1], a[2]);
    Expr slopes[3] = {slope, zero, zero};
    Expr x = at_least(graph, a[0], EXPR_TINY);
    Expr constant = at_least(graph, a[1], EXPR_TINY);
    if (!expr_is_number(graph, d[1], 0)) {
        slopes[1] = negate(graph, multiply(graph, slope, divide(graph, x, constant)));
    }
    if (!expr_is_number(graph, d[2], 0)) {
        Expr value = expr_apply(graph, EXPR_HILL, a[0], a[1], a[2]);
        Expr rest = expr_apply(graph, EXPR_HILL, a[0], a[1], negate(graph, a[2]));
        Expr logarithms =
            subtract(graph, function(graph, EXPR_LN, x), function(graph, EXPR_LN, constant));
        slopes[2] = multiply(graph, multiply(graph, value, rest), logarithms);
    }
    return hill_chain(graph, slopes, d);
}

/* With s = n h g/x, g = 1 - h, e = ln x - ln K:  ds/dx = s (n (g - h) - 1)/x,
 * ds/dK = -s n (g - h)/K,  ds/dn = h g/x (1 + n (g - h) e). */
static Expr derive_hill_slope(Graph *graph, Expr self, const Expr a[3], const Expr d[3])
{
    Expr x = at_least(graph, a[0], EXPR_TINY);
    Expr constant = at_least(graph, a[1], EXPR_TINY);
    Expr value = expr_apply(graph, EXPR_HILL, a[0], a[1], a[2]);
    Expr rest = expr_apply(graph, EXPR_HILL, a[0], a[1], negate(graph, a[2]));
    Expr curve = multiply(graph, a[2], subtract(graph, rest, value));
    Expr one = number(graph, 1);
    Expr slopes[3];
    slopes[0] = divide(graph, multiply(graph, self, subtract(graph, curve, one)), x);
    slopes[1] = negate(graph, divide(graph, multiply(graph, self, curve), constant));
    Expr logarithms =
        subtract(graph, function(graph, EXPR_LN, x), function(graph, EXPR_LN, constant));
    slopes[2] = multiply(graph, divide(graph, multiply(graph, value, rest), x),
                         add(graph, one, multiply(graph, curve, logarithms)));
    return hill_chain(graph, slopes, d);
}

/* One rule: a[i] are the arguments of expr and d[i] their derivatives. */
static Expr derive_node(Graph *graph, Expr expr, const Expr a[3], const Expr d[3])
{
    Expr zero = number(graph, 0);
    Operator operation = expr_operator(graph, expr);
    switch (operation) {
    case EXPR_NUMBER:
    case EXPR_SYMBOL:
    case EXPR_FLOOR:
    case EXPR_CEIL:
    case EXPR_LESS:
    case EXPR_LESS_EQUAL:
    case EXPR_EQUAL:
    case EXPR_NOT_EQUAL:
    case EXPR_AND:
    case EXPR_OR:
    case EXPR_NOT:
        return zero;
    case EXPR_ADD:
        return add(graph, d[0], d[1]);
    case EXPR_SUBTRACT:
        return subtract(graph, d[0], d[1]);
    case EXPR_MULTIPLY:
        return add(graph, multiply(graph, d[0], a[1]), multiply(graph, a[0], d[1]));
    case EXPR_DIVIDE:
        return derive_divide(graph, expr, a[1], d[0], d[1]);
    case EXPR_NEGATE:
        return negate(graph, d[0]);
    case EXPR_POWER:
        return derive_power(graph, expr, a[0], a[1], d[0], d[1]);
    case EXPR_ABS: // -a' below 0
        return expr_apply(graph, EXPR_SELECT, expr_apply(graph, EXPR_LESS, a[0], zero, EXPR_NONE),
                          negate(graph, d[0]), d[0]);
    case EXPR_MIN:
        return expr_apply(graph, EXPR_SELECT, expr_apply(graph, EXPR_LESS, a[0], a[1], EXPR_NONE),
                          d[0], d[1]);
    case EXPR_MAX:
        return expr_apply(graph, EXPR_SELECT, expr_apply(graph, EXPR_LESS, a[0], a[1], EXPR_NONE),
                          d[1], d[0]);
    case EXPR_SELECT:
        return expr_apply(graph, EXPR_SELECT, a[0], d[1], d[2]);
    case EXPR_HILL:
        return derive_hill(graph, a, d);
    case EXPR_HILL_SLOPE:
        return derive_hill_slope(graph, expr, a, d);
    case EXPR_INTERP:
        return multiply(graph, expr_interp(graph, expr_table(graph, expr), a[0], true), d[0]);
    default:
        return multiply(graph, slope_of(graph, operation, a[0], expr), d[0]);
    }
}

static Expr derive_top(Graph *graph, Expr expr, Expr symbol)
{
    Expr a[3] = {EXPR_NONE, EXPR_NONE, EXPR_NONE};
    Expr d[3] = {EXPR_NONE, EXPR_NONE, EXPR_NONE};
    bool constant = true; // a false alarm of the signatures: the symbol does not occur
    for (int i = 0; i < 3; i++) {
        a[i] = graph->nodes[expr].argument[i];
        if (a[i] != EXPR_NONE) {
            d[i] = known(graph, a[i], symbol);
            constant = constant && expr_is_number(graph, d[i], 0);
        }
    }
    if (constant) {
        return expr_number(graph, 0);
    }
    Span before = graph->span;
    graph->span = graph->nodes[expr].span;
    Expr derivative = derive_node(graph, expr, a, d);
    graph->span = before;
    return derivative;
}

static size_t push(Graph *graph, size_t depth, Expr expr)
{
    graph->stack =
        arena_grow(graph->arena, graph->stack, depth, &graph->stack_capacity, sizeof(Expr));
    graph->stack[depth] = expr;
    return depth + 1;
}

Expr expr_derive(Graph *graph, Expr expr, Expr symbol)
{
    assert(expr != EXPR_NONE && expr < graph->count);
    assert(expr_operator(graph, symbol) == EXPR_SYMBOL);
    size_t depth = push(graph, 0, expr);
    while (depth > 0) {
        Expr top = graph->stack[depth - 1];
        if (known(graph, top, symbol) != EXPR_NONE) {
            depth--;
            continue;
        }
        size_t before = depth;
        for (int i = 0; i < 3; i++) {
            Expr argument = graph->nodes[top].argument[i];
            if (argument != EXPR_NONE && known(graph, argument, symbol) == EXPR_NONE) {
                depth = push(graph, depth, argument);
            }
        }
        if (depth == before) {
            remember(graph, top, symbol, derive_top(graph, top, symbol));
            depth--;
        }
    }
    return known(graph, expr, symbol);
}
