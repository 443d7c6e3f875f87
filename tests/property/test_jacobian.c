/* test_jacobian.c: the Jacobian of a model against the complex step, at random points.
 *
 *   d rate_i / d y_j = Im rate_i(y + i h e_j) / h   with h = 1e-100: no difference, so no cancellation
 *   (Squire and Trapp 1998).
 *
 * The equations are walked with an evaluator of this file in complex long double; it knows the operations
 * but no derivative rule, so it is independent of expr/derive.c. The model's own entries are walked with the same
 * evaluator. They must agree to 1e-12, relative, in each entry; what the model leaves out must be 0.
 * The same entries are then evaluated in double, as the solver does, by expr_evaluate.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/random.h"
#include "model/model.h"

#include <complex.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef long double Real;
typedef long double complex Number;

enum { POINTS = 20 };
static const Real step = 1e-100L;

typedef struct {
    const Model *model;
    Arena *arena;
    double *values[SYMBOL_KIND_COUNT]; // the point
    int shifted;                       // state with the imaginary step, -1: none
    Number *node;                      // (graph_end) values
    const char *unknown;               // an operation that this walk does not know
} Walk;

static Number whole_power(Number base, Real exponent)
{
    Number product = 1;
    int n = (int)fabsl(exponent);
    for (int i = 0; i < n; i++) {
        product *= base;
    }
    return exponent < 0 ? 1 / product : product;
}

static Number power(Number a, Number b)
{
    if (cimagl(b) == 0 && creall(b) == floorl(creall(b)) && fabsl(creall(b)) <= 16) {
        return whole_power(a, creall(b));
    }
    return creall(a) <= 0 ? 0 : cexpl(b * clogl(a));
}

/* x^n / (K^n + x^n) as 1 / (1 + (K/x)^n) */
static Number hill(Number x, Number K, Number n)
{
    return creall(x) <= 0 ? 0 : 1 / (1 + power(K / x, n));
}

static Number condition(bool value)
{
    return value ? 1 : 0;
}

static Number compare(Operator operator, Number a, Number b)
{
    Real x = creall(a);
    Real y = creall(b);
    switch (operator) {
    case EXPR_MIN:
        return x <= y ? a : b;
    case EXPR_MAX:
        return x >= y ? a : b;
    case EXPR_LESS:
        return condition(x < y);
    case EXPR_LESS_EQUAL:
        return condition(x <= y);
    case EXPR_EQUAL:
        return condition(x == y);
    case EXPR_NOT_EQUAL:
        return condition(x != y);
    case EXPR_AND:
        return condition(x != 0 && y != 0);
    default:
        return condition(x != 0 || y != 0);
    }
}

static bool elementary(Operator operator, Number a, Number *value)
{
    switch (operator) {
    case EXPR_NEGATE:
        *value = -a;
        return true;
    case EXPR_EXP:
        *value = cexpl(a);
        return true;
    case EXPR_LN:
        *value = clogl(a);
        return true;
    case EXPR_LOG10:
        *value = clogl(a) / logl(10);
        return true;
    case EXPR_SQRT:
        *value = csqrtl(a);
        return true;
    case EXPR_ABS:
        *value = creall(a) < 0 ? -a : a;
        return true;
    case EXPR_SIN:
        *value = csinl(a);
        return true;
    case EXPR_COS:
        *value = ccosl(a);
        return true;
    case EXPR_TANH:
        *value = ctanhl(a);
        return true;
    case EXPR_NOT:
        *value = condition(creall(a) == 0);
        return true;
    case EXPR_FLOOR:
        *value = floorl(creall(a));
        return true;
    case EXPR_CEIL:
        *value = ceill(creall(a));
        return true;
    default:
        return false;
    }
}

static Number symbol(const Walk *walk, Expr expr)
{
    const Graph *graph = walk->model->graph;
    SymbolKind kind = expr_symbol_kind(graph, expr);
    int index = expr_symbol_index(graph, expr);
    Number value = walk->values[kind][index];
    return kind == SYMBOL_STATE && index == walk->shifted ? value + step * I : value;
}

static Number evaluate(Walk *walk, Expr expr)
{
    const Graph *graph = walk->model->graph;
    Operator operator= expr_operator(graph, expr);
    Number a[3] = {0};
    for (int i = 0; i < expr_arity(graph, expr) && i < 3; i++) {
        a[i] = walk->node[expr_argument(graph, expr, i)];
    }
    Number value = 0;
    switch (operator) {
    case EXPR_NUMBER:
        return expr_value(graph, expr);
    case EXPR_SYMBOL:
        return symbol(walk, expr);
    case EXPR_ADD:
        return a[0] + a[1];
    case EXPR_SUBTRACT:
        return a[0] - a[1];
    case EXPR_MULTIPLY:
        return a[0] * a[1];
    case EXPR_DIVIDE:
        return a[0] / a[1];
    case EXPR_POWER:
        return power(a[0], a[1]);
    case EXPR_SELECT:
        return creall(a[0]) != 0 ? a[1] : a[2];
    case EXPR_HILL:
        return hill(a[0], a[1], a[2]);
    case EXPR_HILL_SLOPE: // as the slope of hill by this walk itself
        return cimagl(hill(creall(a[0]) + step * I, creall(a[1]), creall(a[2]))) / step;
    case EXPR_MIN:
    case EXPR_MAX:
    case EXPR_LESS:
    case EXPR_LESS_EQUAL:
    case EXPR_EQUAL:
    case EXPR_NOT_EQUAL:
    case EXPR_AND:
    case EXPR_OR:
        return compare(operator, a[0], a[1]);
    default:
        if (!elementary(operator, a[0], &value)) {
            walk->unknown = operator_text(operator);
        }
        return value;
    }
}

static void walk_all(Walk *walk, int shifted)
{
    walk->shifted = shifted;
    for (Expr expr = 1; expr < graph_end(walk->model->graph); expr++) {
        walk->node[expr] = evaluate(walk, expr);
    }
}

/* 10^(-spread .. spread) times a default, or a plain power of ten where there is none. */
static double around(RandomKey key, uint32_t draw, double middle, double low, double high)
{
    double exponent = low + (high - low) * random_uniform(key, draw);
    return (middle != 0 ? fabs(middle) : 1.0) * pow(10.0, exponent);
}

static void random_point(Walk *walk, int point)
{
    const Model *model = walk->model;
    RandomKey key = {20261121, 1, (uint32_t)point};
    uint32_t draw = 0;
    walk->values[SYMBOL_TIME][0] = around(key, draw++, 1, -1, 2);
    for (int i = 0; i < model->parameter_count; i++) {
        const Parameter *p = &model->parameters[i];
        walk->values[SYMBOL_PARAMETER][i] =
            around(key, draw++, p->has_default ? p->value : 1, -0.5, 0.5);
    }
    for (int i = 0; i < model->covariate_count; i++) {
        walk->values[SYMBOL_COVARIATE][i] = around(key, draw++, 50, -0.3, 0.3);
    }
    for (int i = 0; i < model->switch_count; i++) {
        walk->values[SYMBOL_SWITCH][i] = random_uniform(key, draw++) < 0.5;
    }
    double high = point % 2 ? 6.0 : 0.5; // amounts are large where concentrations are not
    for (int i = 0; i < model->state_count; i++) {
        walk->values[SYMBOL_STATE][i] = around(key, draw++, 1, -1.5, high);
    }
}

typedef struct {
    Real exact, doubled; // largest relative error of the entries in long double, in double
    long judged;
    int failures;
} Tally;

static void judge(Walk *walk, int row, int column, Real expected, Real entry, double in_double,
                  Tally *tally)
{
    Real size = fabsl(expected);
    Real error = fabsl(entry - expected);
    Real error_double = fabsl((Real)in_double - expected);
    tally->judged++;
    if (size > 0) {
        tally->exact = fmaxl(tally->exact, error / size);
        tally->doubled = fmaxl(tally->doubled, error_double / size);
    }
    if (!(error <= 1e-12L * size + 1e-280L)) {
        tally->failures++;
        printf("  d(rate of %s)/d(%s): %.18Lg instead of %.18Lg\n", walk->model->states[row].label.name,
               walk->model->states[column].label.name, entry, expected);
    }
}

static void compare_point(Walk *walk, Tally *tally)
{
    const Model *model = walk->model;
    const Jacobian *jacobian = &model->jacobian;
    int n = model->state_count;
    Real *entry = arena_array(walk->arena, (size_t)n * (size_t)n + 1, sizeof *entry);
    double *plain = arena_array(walk->arena, (size_t)n * (size_t)n + 1, sizeof *plain);
    Bindings bindings = {0};
    for (int kind = 0; kind < SYMBOL_KIND_COUNT; kind++) {
        bindings.values[kind] = walk->values[kind];
    }
    walk_all(walk, -1);
    for (int i = 0; i < n; i++) {
        for (int k = jacobian->row_start[i]; k < jacobian->row_start[i + 1]; k++) {
            int at = i * n + jacobian->column[k];
            entry[at] = creall(walk->node[jacobian->entry[k]]);
            plain[at] = expr_evaluate(model->graph, jacobian->entry[k], &bindings);
        }
    }
    for (int j = 0; j < n; j++) {
        walk_all(walk, j);
        for (int i = 0; i < n; i++) {
            Real expected = cimagl(walk->node[model->states[i].rate]) / step;
            judge(walk, i, j, expected, entry[i * n + j], plain[i * n + j], tally);
        }
    }
}

static Walk walk_new(Arena *arena, const Model *model)
{
    Walk walk = {.model = model, .arena = arena};
    int counts[SYMBOL_KIND_COUNT] = {0};
    counts[SYMBOL_TIME] = 1;
    counts[SYMBOL_STATE] = model->state_count;
    counts[SYMBOL_PARAMETER] = model->parameter_count;
    counts[SYMBOL_COVARIATE] = model->covariate_count;
    counts[SYMBOL_SWITCH] = model->switch_count;
    for (int kind = 0; kind < SYMBOL_KIND_COUNT; kind++) {
        walk.values[kind] = arena_array(arena, (size_t)counts[kind] + 1, sizeof(double));
    }
    walk.node = arena_array(arena, (size_t)graph_end(model->graph) + 1, sizeof(Number));
    return walk;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: test_jacobian model.stroma\n");
        return 2;
    }
    static const char *const folders[] = {STROMA_SOURCE_DIR "/models"};
    Arena *arena = arena_new();
    Diag *diag = diag_new(arena);
    const Model *model = model_read(arena, argv[1], (SearchPath){folders, 1}, diag);
    if (diag_errors(diag) + diag_warnings(diag) > 0) {
        Text text = text_new(arena);
        diag_print(diag, &text, false);
        fputs(text.data, stdout);
    }
    if (!model) {
        return 1;
    }
    Walk walk = walk_new(arena, model);
    Tally tally = {0};
    for (int point = 0; point < POINTS; point++) {
        random_point(&walk, point);
        compare_point(&walk, &tally);
    }
    if (walk.unknown) {
        printf("  the walk does not know '%s'\n", walk.unknown);
        tally.failures++;
    }
    printf("%s: %ld entries at %d points, %d failures; largest relative error %.1Le, in double %.1Le\n",
           model->name, tally.judged, (int)POINTS, tally.failures, tally.exact, tally.doubled);
    bool good = tally.failures == 0 && tally.judged > 0;
    arena_free(arena);
    return good ? 0 : 1;
}
