/* test_simplify.c: each rewrite of simplify.c: what becomes of an expression, and that its value
 * stays.
 *
 * The value is compared with that of the same text read without any rewriting.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit/expr_random.h"
#include "unit/expr_reader.h"
#include "unit/suite.h"

#include <math.h>

static const struct {
    const char *before, *after;
} rewrites[] = {
    {"2 + 3", "5"},
    {"2 ^ 10 - 1", "1023"},
    {"exp(0)", "1"},
    {"1 / 0", "1 / 0"},
    {"ln(0 - 1)", "ln(-1)"},
    {"0 / 0", "0 / 0"},
    {"1e200 * 1e200", "1e+200 * 1e+200"},
    {"x0 + 0", "x0"},
    {"0 + x0", "x0"},
    {"x0 + x0", "2 * x0"},
    {"-x0 + -x1", "-(x0 + x1)"},
    {"x0 + -x1", "x0 - x1"},
    {"-x0 + x1", "x1 - x0"},
    {"x0 + -2", "x0 - 2"},
    {"2 + x0", "x0 + 2"},
    {"x0 - 0", "x0"},
    {"x0 - x0", "0"},
    {"0 - x0", "-x0"},
    {"x0 - -x1", "x0 + x1"},
    {"-x0 - x1", "-(x0 + x1)"},
    {"x0 - -2", "x0 + 2"},
    {"x0 * 0", "0"},
    {"x0 * 1", "x0"},
    {"x0 * -1", "-x0"},
    {"2 * -x0", "-2 * x0"},
    {"2 * (3 * x0)", "6 * x0"},
    {"x0 * 3 * 2", "6 * x0"},
    {"2 * (3 / x0)", "6 / x0"},
    {"-x0 * x1", "-x0 * x1"},
    {"x0 * -x1", "-x0 * x1"},
    {"-x0 * -x1", "x0 * x1"},
    {"0 / x0", "0"},
    {"x0 / 1", "x0"},
    {"x0 / -1", "-x0"},
    {"-x0 / x1", "-x0 / x1"},
    {"x0 / -x1", "-x0 / x1"},
    {"-x0 / -x1", "x0 / x1"},
    {"--x0", "x0"},
    {"-(x0 - x1)", "x1 - x0"},
    {"-(2 * x0)", "-2 * x0"},
    {"-(2 / x0)", "-2 / x0"},
    {"x0 ^ 0", "1"},
    {"x0 ^ 1", "x0"},
    {"x0 ^ 2", "x0 * x0"},
    {"x0 ^ 3", "x0 * x0 * x0"},
    {"x0 ^ 4", "x0 * x0 * (x0 * x0)"},
    {"x0 ^ -1", "1 / x0"},
    {"x0 ^ -2", "1 / (x0 * x0)"},
    {"x0 ^ 16", "x0 * x0 * (x0 * x0) * (x0 * x0 * (x0 * x0)) * "
                "(x0 * x0 * (x0 * x0) * (x0 * x0 * (x0 * x0)))"},
    {"x0 ^ 17", "x0^17"},
    {"x0 ^ 0.5", "sqrt(x0)"},
    {"x0 ^ 1.5", "x0^1.5"},
    {"x0 == x0", "1"},
    {"x0 <= x0", "1"},
    {"x0 < x0", "0"},
    {"x0 != x0", "0"},
    {"x0 < x1 and 0", "0"},
    {"1 or x0 < x1", "1"},
    {"x0 < x1 and 1", "x0 < x1"},
    {"0 or x0 < x1", "x0 < x1"},
    {"x0 < x1 and x0 < x1", "x0 < x1"},
    {"x0 and 1", "x0 and 1"},
    {"not x0 < x1", "x1 <= x0"},
    {"not x0 <= x1", "x1 < x0"},
    {"not x0 == x1", "x0 != x1"},
    {"not x0 != x1", "x0 == x1"},
    {"not not (x0 and x1)", "x0 and x1"},
    {"not not not x0", "not x0"},
    {"if 1 then x0 else x1", "x0"},
    {"if 0 then x0 else x1", "x1"},
    {"if x2 < x3 then x0 else x0", "x0"},
    {"if not (x2 and x3) then x0 else x1", "if x2 and x3 then x1 else x0"},
    {"abs(-x0)", "abs(x0)"},
    {"abs(abs(x0))", "abs(x0)"},
    {"min(x0, x0)", "x0"},
    {"max(x0, x0)", "x0"},
    {"1 + x0", "x0 + 1"},
    {"max(1, x0)", "max(x0, 1)"},
    {"x1 + x0 - (x0 + x1)", "0"},
    {"x1 * x0 - x0 * x1", "0"},
    {"max(x1, x0) - max(x0, x1)", "0"},
    {"(x0 and x1) - (x1 and x0)", "0"},
    {"(x0 == x1) - (x1 == x0)", "0"},
};

enum { REWRITES = sizeof rewrites / sizeof *rewrites };

static void test_each_rewrite_gives_its_text(void)
{
    for (int i = 0; i < REWRITES; i++) {
        Arena *arena = arena_new();
        Graph *graph = graph_new(arena);
        Expr expr = read_expr(graph, rewrites[i].before, false);
        const char *text = expr_text(graph, expr, arena);
        if (strcmp(text, rewrites[i].after) != 0) {
            printf("%s: %s, not %s\n", rewrites[i].before, text, rewrites[i].after);
        }
        CU_ASSERT_STRING_EQUAL(text, rewrites[i].after);
        arena_free(arena);
    }
}

static bool close_enough(double a, double b)
{
    return a == b || (isnan(a) && isnan(b)) || fabs(a - b) <= 4e-16 * fabs(a) * 4;
}

static void test_rewrites_keep_values(void)
{
    Arena *arena = arena_new();
    Graph *graph = graph_new(arena);
    Dice dice = {1};
    for (int i = 0; i < REWRITES; i++) {
        Expr raw = read_expr(graph, rewrites[i].before, true);
        Expr expr = read_expr(graph, rewrites[i].before, false);
        for (int k = 0; k < 20; k++) {
            Point point = random_point(&dice);
            if (k % 4 == 0) { // negative values too
                point.state[k % 2] = -point.state[k % 2];
            }
            Bindings bindings = point_bindings(&point);
            double before = expr_evaluate(graph, raw, &bindings);
            double after = expr_evaluate(graph, expr, &bindings);
            if (!close_enough(before, after)) {
                printf("%s: %.17g, not %.17g\n", rewrites[i].before, after, before);
            }
            CU_ASSERT(close_enough(before, after));
        }
    }
    arena_free(arena);
}

/* The same operation on the arguments of a random DAG, raw and rewritten. */
static Expr copy_raw(Graph *from, Expr expr, Graph *to, Expr *now)
{
    for (Expr e = 1; e <= expr; e++) {
        Expr argument[3] = {EXPR_NONE, EXPR_NONE, EXPR_NONE};
        for (int i = 0; i < expr_arity(from, e); i++) {
            argument[i] = now[expr_argument(from, e, i)];
        }
        Operator operation = expr_operator(from, e);
        now[e] = operation == EXPR_NUMBER ? expr_number(to, expr_value(from, e))
                 : operation == EXPR_SYMBOL
                     ? expr_symbol(to, expr_symbol_kind(from, e), expr_symbol_index(from, e))
                     : expr_apply(to, operation, argument[0], argument[1], argument[2]);
    }
    return now[expr];
}

static void test_rewriting_twice_changes_nothing(void)
{
    Dice dice = {2};
    for (int k = 0; k < 200; k++) {
        Arena *arena = arena_new();
        Graph *graph = graph_new(arena);
        Expr expr = random_expr(graph, &dice, 30);
        Graph *again = graph_new(arena);
        Expr *now = arena_array(arena, graph_end(graph), sizeof *now);
        Expr copy = copy_raw(graph, expr, again, now);
        Text first = text_new(arena);
        Text second = text_new(arena);
        expr_print_short(graph, expr, NULL, 5000, &first);
        expr_print_short(again, copy, NULL, 5000, &second);
        CU_ASSERT_STRING_EQUAL(first.data, second.data);
        arena_free(arena);
    }
}

SUITE("simplify", TEST(test_each_rewrite_gives_its_text), TEST(test_rewrites_keep_values),
      TEST(test_rewriting_twice_changes_nothing))
