/* test_jacobian.c: the Jacobian of a model against central differences in 600 bits, at random
 * points.
 *
 *   d rate_i / d y_j = (rate_i(y + h e_j) - rate_i(y - h e_j)) / 2h,  h = |y_j| 2^-150
 *
 * In 600 bits the difference has a relative error of about 2^-300, so that rounding cannot be taken
 * for a wrong rule, however wide the points are spread. The equations are walked with an evaluator
 * of this file, which knows the operations but no derivative rule and is thus independent of
 * expr/derive.c; the model's own entries are walked with the same evaluator. They must agree to
 * 1e-12, relative, in each entry; what the model leaves out must be 0. The entries are also
 * evaluated in double, as the solver does: that figure is printed, not judged, since it measures
 * rounding. SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/random.h"
#include "model/model.h"

#include <math.h>
#include <mpfr.h>
#include <stdio.h>
#include <string.h>

enum { POINTS = 20, BITS = 600, STEP = -150 };
#define UNRESOLVED 1e-80 // errors below this are none

typedef struct {
    const Model *model;
    Arena *arena;
    double *values[SYMBOL_KIND_COUNT]; // the point
    int shifted;                       // state that is moved, -1: none
    int sign;                          // which way
    mpfr_t *node;                      // (graph_end) values
    mpfr_t work[3];
    const char *unknown; // an operation that this walk does not know
} Walk;

/* x |x| 2^STEP or so: the step from x. */
static void step_of(mpfr_t step, double x)
{
    mpfr_set_d(step, x != 0 ? fabs(x) : 1.0, MPFR_RNDN);
    mpfr_mul_2si(step, step, STEP, MPFR_RNDN);
}

static void power(mpfr_t out, mpfr_srcptr a, mpfr_srcptr b)
{
    if (mpfr_sgn(a) < 0 && !mpfr_integer_p(b)) {
        mpfr_set_zero(out, 1);
    } else {
        mpfr_pow(out, a, b, MPFR_RNDN);
    }
}

/* x^n / (K^n + x^n) as 1 / (1 + (K/x)^n) */
static void hill(mpfr_t out, mpfr_srcptr x, mpfr_srcptr K, mpfr_srcptr n)
{
    if (mpfr_sgn(x) <= 0) {
        mpfr_set_zero(out, 1);
        return;
    }
    mpfr_div(out, K, x, MPFR_RNDN);
    mpfr_pow(out, out, n, MPFR_RNDN);
    mpfr_add_ui(out, out, 1, MPFR_RNDN);
    mpfr_ui_div(out, 1, out, MPFR_RNDN);
}

/* The slope of hill, by a central difference of its own. */
static void hill_slope(Walk *walk, mpfr_t out, mpfr_srcptr x, mpfr_srcptr K, mpfr_srcptr n)
{
    mpfr_ptr step = walk->work[0];
    mpfr_ptr at = walk->work[1];
    mpfr_ptr low = walk->work[2];
    mpfr_mul_2si(step, x, STEP, MPFR_RNDN);
    mpfr_sub(at, x, step, MPFR_RNDN);
    hill(low, at, K, n);
    mpfr_add(at, x, step, MPFR_RNDN);
    hill(out, at, K, n);
    mpfr_sub(out, out, low, MPFR_RNDN);
    mpfr_mul_2si(step, step, 1, MPFR_RNDN);
    mpfr_div(out, out, step, MPFR_RNDN);
}

/* Conditions, min and max. */
static bool compare(Operator operator, mpfr_t out, mpfr_srcptr a, mpfr_srcptr b)
{
    bool truth = false;
    switch (operator) {
    case EXPR_MIN:
        mpfr_min(out, a, b, MPFR_RNDN);
        return true;
    case EXPR_MAX:
        mpfr_max(out, a, b, MPFR_RNDN);
        return true;
    case EXPR_LESS:
        truth = mpfr_less_p(a, b);
        break;
    case EXPR_LESS_EQUAL:
        truth = mpfr_lessequal_p(a, b);
        break;
    case EXPR_EQUAL:
        truth = mpfr_equal_p(a, b);
        break;
    case EXPR_NOT_EQUAL:
        truth = !mpfr_equal_p(a, b);
        break;
    case EXPR_AND:
        truth = mpfr_sgn(a) != 0 && mpfr_sgn(b) != 0;
        break;
    case EXPR_OR:
        truth = mpfr_sgn(a) != 0 || mpfr_sgn(b) != 0;
        break;
    case EXPR_NOT:
        truth = mpfr_sgn(a) == 0;
        break;
    default:
        return false;
    }
    mpfr_set_si(out, truth, MPFR_RNDN);
    return true;
}

typedef int Unary(mpfr_t, mpfr_srcptr, mpfr_rnd_t);

/* Whole parts have no rounding mode of their own. */
static int whole_below(mpfr_t out, mpfr_srcptr a, mpfr_rnd_t mode)
{
    (void)mode;
    return mpfr_floor(out, a);
}

static int whole_above(mpfr_t out, mpfr_srcptr a, mpfr_rnd_t mode)
{
    (void)mode;
    return mpfr_ceil(out, a);
}

static bool elementary(Operator operator, mpfr_t out, mpfr_srcptr a)
{
    static const struct {
        Operator operator;
        Unary *function;
    } known[] = {
        {EXPR_NEGATE, mpfr_neg}, {EXPR_EXP, mpfr_exp},      {EXPR_LN, mpfr_log},
        {EXPR_SQRT, mpfr_sqrt},  {EXPR_LOG10, mpfr_log10},  {EXPR_ABS, mpfr_abs},
        {EXPR_SIN, mpfr_sin},    {EXPR_COS, mpfr_cos},      {EXPR_TAN, mpfr_tan},
        {EXPR_ASIN, mpfr_asin},  {EXPR_ACOS, mpfr_acos},    {EXPR_ATAN, mpfr_atan},
        {EXPR_SINH, mpfr_sinh},  {EXPR_COSH, mpfr_cosh},    {EXPR_TANH, mpfr_tanh},
        {EXPR_ERF, mpfr_erf},    {EXPR_FLOOR, whole_below}, {EXPR_CEIL, whole_above},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i].operator== operator) {
            known[i].function(out, a, MPFR_RNDN);
            return true;
        }
    }
    return false;
}

static void symbol(Walk *walk, Expr expr)
{
    const Graph *graph = walk->model->graph;
    SymbolKind kind = expr_symbol_kind(graph, expr);
    int index = expr_symbol_index(graph, expr);
    double value = walk->values[kind][index];
    mpfr_set_d(walk->node[expr], value, MPFR_RNDN);
    if (kind == SYMBOL_STATE && index == walk->shifted) {
        step_of(walk->work[0], value);
        (walk->sign > 0 ? mpfr_add : mpfr_sub)(walk->node[expr], walk->node[expr], walk->work[0],
                                               MPFR_RNDN);
    }
}

static bool arithmetic(Operator operator, mpfr_t out, mpfr_srcptr a, mpfr_srcptr b)
{
    switch (operator) {
    case EXPR_ADD:
        mpfr_add(out, a, b, MPFR_RNDN);
        return true;
    case EXPR_SUBTRACT:
        mpfr_sub(out, a, b, MPFR_RNDN);
        return true;
    case EXPR_MULTIPLY:
        mpfr_mul(out, a, b, MPFR_RNDN);
        return true;
    case EXPR_DIVIDE:
        mpfr_div(out, a, b, MPFR_RNDN);
        return true;
    case EXPR_POWER:
        power(out, a, b);
        return true;
    default:
        return false;
    }
}

static void evaluate(Walk *walk, Expr expr)
{
    const Graph *graph = walk->model->graph;
    Operator operator= expr_operator(graph, expr);
    mpfr_ptr out = walk->node[expr];
    mpfr_srcptr a[3] = {walk->node[0], walk->node[0], walk->node[0]};
    for (int i = 0; i < expr_arity(graph, expr) && i < 3; i++) {
        a[i] = walk->node[expr_argument(graph, expr, i)];
    }
    if (operator== EXPR_NUMBER) {
        mpfr_set_d(out, expr_value(graph, expr), MPFR_RNDN);
    } else if (operator== EXPR_SYMBOL) {
        symbol(walk, expr);
    } else if (operator== EXPR_SELECT) {
        mpfr_set(out, mpfr_sgn(a[0]) != 0 ? a[1] : a[2], MPFR_RNDN);
    } else if (operator== EXPR_HILL) {
        hill(out, a[0], a[1], a[2]);
    } else if (operator== EXPR_HILL_SLOPE) {
        hill_slope(walk, out, a[0], a[1], a[2]);
    } else if (!arithmetic(operator, out, a[0], a[1]) && !compare(operator, out, a[0], a[1]) &&
               !elementary(operator, out, a[0])) {
        walk->unknown = operator_text(operator);
    }
}

static void walk_all(Walk *walk, int shifted, int sign)
{
    walk->shifted = shifted;
    walk->sign = sign;
    for (Expr expr = 1; expr < graph_end(walk->model->graph); expr++) {
        evaluate(walk, expr);
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
    double exact, doubled; // largest relative error of the entries in 600 bits, in double
    int row, column;       // where the second is
    double expected, found;
    long judged;
    int failures;
} Tally;

static void judge(Walk *walk, int row, int column, mpfr_srcptr expected, mpfr_srcptr entry,
                  double in_double, Tally *tally)
{
    mpfr_ptr error = walk->work[0];
    mpfr_ptr rounding = walk->work[1];
    mpfr_set_d(walk->work[2], UNRESOLVED, MPFR_RNDN);
    mpfr_sub(error, entry, expected, MPFR_RNDN);
    mpfr_sub_d(rounding, expected, in_double, MPFR_RNDN);
    // Beside a 1, 600 bits do not hold exp(-5e4): its difference is 0, its derivative is 1e-21399.
    bool good = mpfr_cmpabs(error, walk->work[2]) < 0;
    if (!mpfr_zero_p(expected)) {
        mpfr_div(error, error, expected, MPFR_RNDN);
        mpfr_div(rounding, rounding, expected, MPFR_RNDN);
        double exact = fabs(mpfr_get_d(error, MPFR_RNDN));
        double doubled = fabs(mpfr_get_d(rounding, MPFR_RNDN));
        bool resolved = mpfr_cmpabs(expected, walk->work[2]) >= 0;
        tally->exact = resolved ? fmax(tally->exact, exact) : tally->exact;
        good = good || exact <= 1e-12;
        if (doubled > tally->doubled) {
            *tally = (Tally){tally->exact,
                             doubled,
                             row,
                             column,
                             mpfr_get_d(expected, MPFR_RNDN),
                             in_double,
                             tally->judged,
                             tally->failures};
        }
    }
    tally->judged++;
    if (!good) {
        tally->failures++;
        mpfr_printf("  d(rate of %s)/d(%s): %.20Rg instead of %.20Rg\n",
                    walk->model->states[row].label.name, walk->model->states[column].label.name,
                    entry, expected);
    }
}

/* An array of zeros in BITS; arena memory, the digits are given back by numbers_clear. */
static mpfr_t *numbers_new(Arena *arena, size_t count)
{
    mpfr_t *numbers = arena_array(arena, count, sizeof *numbers);
    for (size_t i = 0; i < count; i++) {
        mpfr_init2(numbers[i], BITS);
        mpfr_set_zero(numbers[i], 1);
    }
    return numbers;
}

static void numbers_clear(mpfr_t *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        mpfr_clear(numbers[i]);
    }
}

/* rates of all states with state `column` moved by sign */
static void rates(Walk *walk, int column, int sign, mpfr_t *out)
{
    walk_all(walk, column, sign);
    for (int i = 0; i < walk->model->state_count; i++) {
        mpfr_set(out[i], walk->node[walk->model->states[i].rate], MPFR_RNDN);
    }
}

static void compare_column(Walk *walk, int column, mpfr_t *entry, const double *plain, Tally *tally)
{
    int n = walk->model->state_count;
    mpfr_t *low = numbers_new(walk->arena, (size_t)n);
    mpfr_t *high = numbers_new(walk->arena, (size_t)n);
    rates(walk, column, -1, low);
    rates(walk, column, +1, high);
    for (int i = 0; i < n; i++) {
        mpfr_sub(high[i], high[i], low[i], MPFR_RNDN);
        step_of(walk->work[0], walk->values[SYMBOL_STATE][column]);
        mpfr_mul_2si(walk->work[0], walk->work[0], 1, MPFR_RNDN);
        mpfr_div(high[i], high[i], walk->work[0], MPFR_RNDN);
        judge(walk, i, column, high[i], entry[i * n + column], plain[i * n + column], tally);
    }
    numbers_clear(low, (size_t)n);
    numbers_clear(high, (size_t)n);
}

static void compare_point(Walk *walk, Tally *tally)
{
    const Model *model = walk->model;
    const Jacobian *jacobian = &model->jacobian;
    int n = model->state_count;
    mpfr_t *entry = numbers_new(walk->arena, (size_t)(n * n));
    double *plain = arena_array(walk->arena, (size_t)(n * n), sizeof *plain);
    Bindings bindings = {0};
    for (int kind = 0; kind < SYMBOL_KIND_COUNT; kind++) {
        bindings.values[kind] = walk->values[kind];
    }
    walk_all(walk, -1, 0);
    for (int i = 0; i < n; i++) {
        for (int k = jacobian->row_start[i]; k < jacobian->row_start[i + 1]; k++) {
            int at = i * n + jacobian->column[k];
            mpfr_set(entry[at], walk->node[jacobian->entry[k]], MPFR_RNDN);
            plain[at] = expr_evaluate(model->graph, jacobian->entry[k], &bindings);
        }
    }
    for (int j = 0; j < n; j++) {
        compare_column(walk, j, entry, plain, tally);
    }
    numbers_clear(entry, (size_t)(n * n));
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
    walk.node = numbers_new(arena, graph_end(model->graph));
    for (int i = 0; i < 3; i++) {
        mpfr_init2(walk.work[i], BITS);
    }
    return walk;
}

static void walk_free(Walk *walk)
{
    numbers_clear(walk->node, graph_end(walk->model->graph));
    for (int i = 0; i < 3; i++) {
        mpfr_clear(walk->work[i]);
    }
    mpfr_free_cache();
}

static const Model *read_model(Arena *arena, const char *path)
{
    static const char *const folders[] = {STROMA_SOURCE_DIR "/models"};
    Diag *diag = diag_new(arena);
    const Model *model = model_read(arena, path, (SearchPath){folders, 1}, diag);
    if (diag_errors(diag) + diag_warnings(diag) > 0) {
        Text text = text_new(arena);
        diag_print(diag, &text, false);
        fputs(text.data, stdout);
    }
    return model;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: test_jacobian model.stroma\n");
        return 2;
    }
    Arena *arena = arena_new();
    const Model *model = read_model(arena, argv[1]);
    if (!model) {
        arena_free(arena);
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
    printf("%s: %ld entries at %d points, %d failures; largest relative error %.1e\n", model->name,
           tally.judged, (int)POINTS, tally.failures, tally.exact);
    printf("  rounding in double: %.1e, worst d(%s)/d(%s) = %.6g, evaluated as %.6g\n",
           tally.doubled, model->states[tally.row].label.name,
           model->states[tally.column].label.name, tally.expected, tally.found);
    walk_free(&walk);
    bool good = tally.failures == 0 && tally.judged > 0;
    arena_free(arena);
    return good ? 0 : 1;
}
