/* evaluate.c: the value of an expression by libm: what the tapes are tested against.
 *
 * The special cases of operators.def live here once for numbers and once, lane by lane, in
 * tape/ops.def. hill(x, K, n):
 * - literal n of 1..8: m^n / (q + m^n); m = x and k = K clipped to [0, limit], q = max(k^n, 1e-300)
 * - any other n: 1 / (1 + exp(-e)); e = n (ln x - ln K), x and K counted as at least 1e-300
 *
 * and its slope n h (1 - h) / x in the matching form. Both are written so that no power overflows
 * and 1 - h does not cancel: no x and no K makes a NaN.
 *
 * Digamma: recurrence, rational approximation on [1, 2] and asymptotic series as in Boost.Math
 * (J. Maddock, digamma.hpp, 53-bit coefficients; Abramowitz & Stegun 6.3.5, 6.3.7, 6.3.18).
 *
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "expr/graph.h"

#include <assert.h>
#include <math.h>

double expr_hill_limit(int n)
{
    static const double limits[EXPR_HILL_WHOLE] = {1e300, 1e150, 1e100, 1e75,
                                                   1e60,  1e50,  1e42,  1e37};
    assert(n >= 1 && n <= EXPR_HILL_WHOLE);
    return limits[n - 1];
}

int expr_hill_whole(const Graph *graph, Expr hill)
{
    assert(expr_arity(graph, hill) == 3);
    const Node *n = &graph->nodes[graph->nodes[hill].argument[2]];
    bool whole = n->operation == EXPR_NUMBER && n->value >= 1 && n->value <= EXPR_HILL_WHOLE &&
                 n->value == floor(n->value);
    return whole ? (int)n->value : 0;
}

/* As MIN and MAX of a NaN: a NaN. */
static double smaller(double a, double b)
{
    return isnan(a) ? a : a < b ? a : b;
}

static double larger(double a, double b)
{
    return isnan(a) ? a : a > b ? a : b;
}

static double whole_power(double x, int n)
{
    double power = 1;
    for (int i = 0; i < n; i++) {
        power *= x;
    }
    return power;
}

static double hill_whole(double x, double constant, int n, bool slope)
{
    double limit = expr_hill_limit(n);
    double m = smaller(larger(x, 0), limit);
    double q = larger(whole_power(smaller(larger(constant, 0), limit), n), EXPR_TINY);
    double power = whole_power(m, n);
    if (slope) {
        return x < EXPR_SLIGHTLY_NEGATIVE * larger(constant, 0)
                   ? 0
                   : n * whole_power(m, n - 1) / (q + power) * (q / (q + power));
    }
    return power / (q + power);
}

static double hill_general(double x, double constant, double n, bool slope)
{
    double at = larger(x, EXPR_TINY);
    double e = n * (log(at) - log(larger(constant, EXPR_TINY)));
    double decay = exp(-fabs(e));
    double share = 1 / (1 + decay);
    if (slope) {
        double steepest = EXPR_HILL_STEEPEST / larger(constant, EXPR_TINY);
        return x < EXPR_SLIGHTLY_NEGATIVE * larger(constant, 0)
                   ? 0
                   : n * smaller(decay * share * share / at, steepest);
    }
    return e >= 0 ? share : isnan(e) ? e : decay * share;
}

static double hill(double x, double constant, double n, bool literal, bool slope)
{
    if (literal && n >= 1 && n <= EXPR_HILL_WHOLE && n == floor(n)) {
        return hill_whole(x, constant, (int)n, slope);
    }
    return hill_general(x, constant, n, slope);
}

static double logarithm(double x, bool decimal)
{
    if (x < EXPR_SLIGHTLY_NEGATIVE) {
        return (double)NAN;
    }
    double at = larger(x, EXPR_TINY);
    return decimal ? log10(at) : log(at);
}

static double power(double a, double b)
{
    if (a < 0 && a >= EXPR_SLIGHTLY_NEGATIVE && b != floor(b)) {
        a = 0;
    }
    return pow(a, b);
}

static double polynomial(const double *coefficient, int count, double x)
{
    double sum = 0;
    for (int i = count - 1; i >= 0; i--) {
        sum = sum * x + coefficient[i];
    }
    return sum;
}

/* digamma on [1, 2]: (x - root) (Y + P(x - 1) / Q(x - 1)), the root in three parts. */
static double digamma_middle(double x)
{
    static const double p[] = {0.25479851061131551,  -0.32555031186804491,  -0.65031853770896507,
                               -0.28919126444774784, -0.045251321448739056, -0.0020713321167745952};
    static const double q[] = {1.0,
                               2.0767117023730469,
                               1.4606242909763515,
                               0.43593529692665969,
                               0.054151797245674225,
                               0.0021284987017821144,
                               -0.55789841321675513e-6};
    const double y = (double)0.99558162689208984F;
    double g = x - 1569415565.0 / 1073741824.0;
    g -= 381566830.0 / 1073741824.0 / 1073741824.0;
    g -= 0.9016312093258695918615325266959189453125e-19;
    double ratio = polynomial(p, (int)(sizeof p / sizeof *p), x - 1) /
                   polynomial(q, (int)(sizeof q / sizeof *q), x - 1);
    return g * y + g * ratio;
}

/* Asymptotic series for x >= 10. */
static double digamma_large(double x)
{
    static const double series[] = {1.0 / 12,  -1.0 / 120,       1.0 / 252, -1.0 / 240,
                                    1.0 / 132, -691.0 / 32760.0, 1.0 / 12,  -3617.0 / 8160.0};
    double z = 1 / (x * x);
    return log(x) - 0.5 / x - z * polynomial(series, (int)(sizeof series / sizeof *series), z);
}

static double digamma_positive(double x)
{
    if (x >= 10) {
        return digamma_large(x);
    }
    double sum = 0;
    while (x > 2) {
        x -= 1;
        sum += 1 / x;
    }
    while (x < 1) {
        sum -= 1 / x;
        x += 1;
    }
    return sum + digamma_middle(x);
}

double expr_digamma(double x)
{
    if (isnan(x) || (isinf(x) && x > 0)) {
        return x;
    }
    if (x > 0) {
        return digamma_positive(x);
    }
    double remainder = x - floor(x);
    if (remainder == 0 || isinf(x)) {
        return (double)NAN; // a pole
    }
    double angle = remainder > 0.5 ? remainder - 1 : remainder;
    return digamma_positive(1 - x) - M_PI / tan(M_PI * angle);
}

static double logarithm_of_gamma(double x)
{
    int sign = 0; // lgamma would write it to a global
    return lgamma_r(x, &sign);
}

static double elementary(Operator operation, double a)
{
    switch (operation) {
    case EXPR_EXP:
        return exp(a);
    case EXPR_LN:
    case EXPR_LOG10:
        return logarithm(a, operation == EXPR_LOG10);
    case EXPR_SQRT:
        return sqrt(a < 0 && a >= EXPR_SLIGHTLY_NEGATIVE ? 0 : a);
    case EXPR_SIN:
        return sin(a);
    case EXPR_COS:
        return cos(a);
    case EXPR_TAN:
        return tan(a);
    case EXPR_ASIN:
        return asin(a);
    case EXPR_ACOS:
        return acos(a);
    case EXPR_ATAN:
        return atan(a);
    case EXPR_SINH:
        return sinh(a);
    case EXPR_COSH:
        return cosh(a);
    case EXPR_TANH:
        return tanh(a);
    case EXPR_ERF:
        return erf(a);
    case EXPR_LGAMMA:
        return logarithm_of_gamma(a);
    case EXPR_DIGAMMA:
        return expr_digamma(a);
    case EXPR_FLOOR:
        return floor(a);
    case EXPR_CEIL:
        return ceil(a);
    default:
        assert(false && "an operator with a value");
        return (double)NAN;
    }
}

double operator_value(Operator operation, double a, double b, double c)
{
    switch (operation) {
    case EXPR_ADD:
        return a + b;
    case EXPR_SUBTRACT:
        return a - b;
    case EXPR_MULTIPLY:
        return a * b;
    case EXPR_DIVIDE:
        return a / b;
    case EXPR_NEGATE:
        return -a;
    case EXPR_POWER:
        return power(a, b);
    case EXPR_ABS:
        return fabs(a);
    case EXPR_MIN:
        return smaller(a, b);
    case EXPR_MAX:
        return larger(a, b);
    case EXPR_LESS:
        return a < b;
    case EXPR_LESS_EQUAL:
        return a <= b;
    case EXPR_EQUAL:
        return a == b;
    case EXPR_NOT_EQUAL:
        return a != b;
    case EXPR_AND:
        return a != 0 && b != 0;
    case EXPR_OR:
        return a != 0 || b != 0;
    case EXPR_NOT:
        return a == 0;
    case EXPR_SELECT:
        return a != 0 ? b : c;
    case EXPR_HILL:
    case EXPR_HILL_SLOPE:
        return hill(a, b, c, true, operation == EXPR_HILL_SLOPE);
    default:
        return elementary(operation, a);
    }
}

static double node_value(const Graph *graph, Expr expr, const double *values,
                         const Bindings *bindings)
{
    const Node *node = &graph->nodes[expr];
    double a = values[node->argument[0]];
    double b = values[node->argument[1]];
    double c = values[node->argument[2]];
    switch ((Operator)node->operation) {
    case EXPR_NUMBER:
        return node->value;
    case EXPR_SYMBOL:
        assert(bindings->values[node->symbol_kind] != NULL);
        return bindings->values[node->symbol_kind][node->index];
    case EXPR_INTERP:
    case EXPR_INTERP_SLOPE:
        assert(bindings->interp != NULL);
        return bindings->interp(bindings->context, node->index, a,
                                node->operation == EXPR_INTERP_SLOPE);
    case EXPR_HILL:
    case EXPR_HILL_SLOPE:
        return hill(a, b, c, expr_hill_whole(graph, expr) != 0, node->operation == EXPR_HILL_SLOPE);
    default:
        return operator_value((Operator)node->operation, a, b, c);
    }
}

double expr_evaluate(const Graph *graph, Expr expr, const Bindings *bindings)
{
    assert(expr != EXPR_NONE && expr < graph->count && bindings != NULL);
    Arena *scratch = arena_new();
    unsigned char *marks = graph_reach(graph, scratch, expr);
    double *values = arena_array(scratch, (size_t)expr + 1, sizeof *values);
    for (Expr e = 1; e <= expr; e++) {
        if (marks[e]) {
            values[e] = node_value(graph, e, values, bindings);
        }
    }
    double result = values[expr];
    arena_free(scratch);
    return result;
}
