/* test_expr.c: the graph: interning, symbols, evaluation, printing, substitution, depth.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit/expr_random.h"
#include "unit/expr_reader.h"
#include "unit/suite.h"

#include <math.h>
#include <time.h>

static double value_at(Graph *graph, const char *text, double x0, double x1)
{
    double states[RANDOM_STATES] = {x0, x1};
    Bindings bindings = {.values = {[SYMBOL_STATE] = states}};
    return expr_evaluate(graph, read_expr(graph, text, true), &bindings);
}

static void test_same_operation_is_same_node(void)
{
    Arena *arena = arena_new();
    Graph *graph = graph_new(arena);
    CU_ASSERT_EQUAL(read_expr(graph, "x0 * x1 + p0", false), read_expr(graph, "p0 + x1*x0", false));
    CU_ASSERT_NOT_EQUAL(read_expr(graph, "x0 - x1", false), read_expr(graph, "x1 - x0", false));
    CU_ASSERT_EQUAL(expr_number(graph, 0.1), expr_number(graph, 0.1));
    CU_ASSERT_NOT_EQUAL(expr_number(graph, 0.0), expr_number(graph, -0.0));
    CU_ASSERT_NOT_EQUAL(expr_symbol(graph, SYMBOL_STATE, 1),
                        expr_symbol(graph, SYMBOL_PARAMETER, 1));
    CU_ASSERT_NOT_EQUAL(read_expr(graph, "interp(table0, t)", false),
                        read_expr(graph, "interp(table1, t)", false));
    CU_ASSERT_NOT_EQUAL(expr_interp(graph, 0, 1, false), expr_interp(graph, 0, 1, true));
    arena_free(arena);
}

static void test_arguments_are_older_than_their_users(void)
{
    Arena *arena = arena_new();
    Graph *graph = graph_new(arena);
    Dice dice = {3};
    random_expr(graph, &dice, 200);
    for (Expr e = 1; e < graph_end(graph); e++) {
        for (int i = 0; i < expr_arity(graph, e); i++) {
            CU_ASSERT(expr_argument(graph, e, i) < e);
        }
    }
    arena_free(arena);
}

static void test_node_keeps_first_span(void)
{
    Arena *arena = arena_new();
    Graph *graph = graph_new(arena);
    const Source *source = source_from_text(arena, "m", "a+b a+b", 7);
    Expr a = expr_symbol(graph, SYMBOL_STATE, 0);
    Expr b = expr_symbol(graph, SYMBOL_STATE, 1);
    graph_at(graph, (Span){source, 0, 3});
    Expr sum = expr_apply(graph, EXPR_ADD, a, b, EXPR_NONE);
    graph_at(graph, (Span){source, 4, 3});
    CU_ASSERT_EQUAL(expr_apply(graph, EXPR_ADD, a, b, EXPR_NONE), sum);
    CU_ASSERT_EQUAL(expr_span(graph, sum).start, 0);
    Expr root = expr_apply(graph, EXPR_SQRT, sum, EXPR_NONE, EXPR_NONE);
    graph_at(graph, (Span){source, 0, 1});
    Expr slope = expr_derive(graph, root, a); // made under the span of what it derives
    CU_ASSERT_EQUAL(expr_span(graph, slope).start, 4);
    arena_free(arena);
}

static void test_kinds_and_contains(void)
{
    Arena *arena = arena_new();
    Graph *graph = graph_new(arena);
    Expr expr = read_expr(graph, "p1 * x2 + exp(t)", false);
    CU_ASSERT_EQUAL(expr_kinds(graph, expr),
                    1u << SYMBOL_TIME | 1u << SYMBOL_STATE | 1u << SYMBOL_PARAMETER);
    CU_ASSERT(expr_contains(graph, expr, expr_symbol(graph, SYMBOL_STATE, 2)));
    CU_ASSERT_FALSE(expr_contains(graph, expr, expr_symbol(graph, SYMBOL_STATE, 1)));
    CU_ASSERT_FALSE(expr_contains(graph, expr, expr_symbol(graph, SYMBOL_STATE, 66)));
    CU_ASSERT(expr_contains(graph, expr, expr_symbol(graph, SYMBOL_TIME, 0)));
    Expr x66 = expr_symbol(graph, SYMBOL_STATE, 66); // shares its signature with x2
    Expr late = expr_apply(graph, EXPR_MULTIPLY, x66, expr, EXPR_NONE);
    CU_ASSERT(expr_contains(graph, late, x66));
    CU_ASSERT(expr_contains(graph, late, expr_symbol(graph, SYMBOL_STATE, 2)));
    Expr alone = read_expr(graph, "exp(x66)", false);
    Expr x2 = expr_symbol(graph, SYMBOL_STATE, 2);
    CU_ASSERT_FALSE(expr_contains(graph, alone, x2));
    CU_ASSERT(expr_is_number(graph, expr_derive(graph, alone, x2), 0));
    arena_free(arena);
}

static void test_functions_are_found_by_name(void)
{
    CU_ASSERT_EQUAL(operator_find("exp"), EXPR_EXP);
    CU_ASSERT_EQUAL(operator_find("pow"), EXPR_POWER);
    CU_ASSERT_EQUAL(operator_find("hill"), EXPR_HILL);
    CU_ASSERT_EQUAL(operator_find("ceil"), EXPR_CEIL);
    const char *none[] = {"and", "if", "<", "number", "symbol", "digamma", "hill'", "interp'", "^"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        CU_ASSERT_EQUAL(operator_find(none[i]), EXPR_OPERATOR_COUNT);
    }
}

static void test_special_cases_of_values(void)
{
    Arena *arena = arena_new();
    Graph *graph = graph_new(arena);
    double tiny = log(1e-300);
    CU_ASSERT_EQUAL(value_at(graph, "ln(x0)", 0, 0), tiny);
    CU_ASSERT_EQUAL(value_at(graph, "ln(x0)", -1e-6, 0), tiny);
    CU_ASSERT(isnan(value_at(graph, "ln(x0)", -1.1e-6, 0)));
    CU_ASSERT(isnan(value_at(graph, "ln(x0)", NAN, 0)));
    CU_ASSERT_EQUAL(value_at(graph, "log10(x0)", 0, 0), -300);
    CU_ASSERT_EQUAL(value_at(graph, "sqrt(x0)", -1e-6, 0), 0);
    CU_ASSERT(isnan(value_at(graph, "sqrt(x0)", -1.1e-6, 0)));
    CU_ASSERT_EQUAL(value_at(graph, "x0 ^ x1", -1e-7, 1.5), 0);
    CU_ASSERT_EQUAL(value_at(graph, "x0 ^ x1", -2, 3), -8);
    CU_ASSERT(isnan(value_at(graph, "x0 ^ x1", -2, 1.5)));
    CU_ASSERT(isnan(value_at(graph, "max(x0, x1)", NAN, 1)));
    CU_ASSERT(isnan(value_at(graph, "min(x0, x1)", 1, NAN)));
    CU_ASSERT_EQUAL(value_at(graph, "if x0 < 0 then ln(x0) else 5", 1, 0), 5);
    CU_ASSERT_EQUAL(value_at(graph, "if x0 < 0 then 5 else ln(-x0)", -1, 0), 5);
    arena_free(arena);
}

static void test_hill_never_makes_a_nan(void)
{
    Arena *arena = arena_new();
    Graph *graph = graph_new(arena);
    const double x[] = {0, -1e-9, -1, 1e-320, 1e-300, 1e-30, 1, 1e30, 1e200, 1e308, INFINITY};
    const double k[] = {0, 1e-200, 1, 1e200, 1e308};
    const char *n[] = {"1", "2", "3", "8", "2.5", "0.5", "30"};
    for (size_t i = 0; i < sizeof x / sizeof *x; i++) {
        for (size_t j = 0; j < sizeof k / sizeof *k; j++) {
            for (size_t m = 0; m < sizeof n / sizeof *n; m++) {
                char *text = arena_format(arena, "hill(x0, x1, %s)", n[m]);
                Expr slope = expr_derive(graph, read_expr(graph, text, false),
                                         expr_symbol(graph, SYMBOL_STATE, 0));
                double states[] = {x[i], k[j]};
                Bindings bindings = {.values = {[SYMBOL_STATE] = states}};
                double h = value_at(graph, text, x[i], k[j]);
                CU_ASSERT(h >= 0 && h <= 1);
                CU_ASSERT_FALSE(isnan(expr_evaluate(graph, slope, &bindings)));
            }
        }
    }
    CU_ASSERT_DOUBLE_EQUAL(value_at(graph, "hill(x0, x1, 2)", 3, 4), 9.0 / 25, 1e-15);
    CU_ASSERT_DOUBLE_EQUAL(value_at(graph, "hill(x0, x1, 1)", 3, 4), 3.0 / 7, 1e-15);
    CU_ASSERT_DOUBLE_EQUAL(value_at(graph, "hill(x0, x1, 2.5)", 4, 1), 32.0 / 33, 1e-15);
    CU_ASSERT_EQUAL(value_at(graph, "hill(x0, x1, 3)", -1e-9, 1), 0);
    arena_free(arena);
}

static const char *const printed[] = {
    "x0 + x1 + x2",
    "x0 + (x1 + x2)",
    "x0 - (x1 - x2)",
    "x0 - x1 - x2",
    "x0 * (x1 + x2)",
    "x0 / (x1 * x2)",
    "x0 / x1 / x2",
    "x0 / (x1 / x2)",
    "-(x0 + x1)",
    "-x0 * x1",
    "-(x0 - x1) * x2",
    "-x0^x1",
    "(-x0)^x1",
    "(-2)^x1",
    "x0^x1^x2",
    "(x0^x1)^x2",
    "x0^(-x1)",
    "x0 * -2^x1",
    "2 * x0 - 3",
    "1e-300 * x0",
    "if x0 < x1 then x2 else x3",
    "2 * (if x0 < x1 then x2 else x3)",
    "if x0 < x1 then (if x1 < x2 then x3 else x4) else x5",
    "if x0 < x1 then x2 else if x1 < x2 then x3 else x4",
    "x0 < x1 and x1 < x2 or x2 == x3",
    "x0 < x1 and (x1 < x2 or x2 == x3)",
    "not (x0 and x1)",
    "not x0 and x1",
    "(x0 < x1) + 1",
    "hill(x0, x1 + 1, 2)",
    "min(x0, exp(-x1 * x2))",
    "interp(table3, x0 + 1)",
    "lgamma(x0) * erf(x1) / tanh(x2)",
    "(x0 <= x1) != x2",
};

static void test_printing_needs_no_superfluous_brackets(void)
{
    for (size_t i = 0; i < sizeof printed / sizeof *printed; i++) {
        Arena *arena = arena_new();
        Graph *graph = graph_new(arena);
        Expr expr = read_expr(graph, printed[i], false);
        const char *text = expr_text(graph, expr, arena);
        const char *want = strcmp(printed[i], "-(x0 - x1) * x2") == 0 ? "(x1 - x0) * x2"
                           : strcmp(printed[i], "x0 * -2^x1") == 0    ? "-x0 * 2^x1"
                                                                      : printed[i];
        if (strcmp(text, want) != 0) {
            printf("%s: %s\n", printed[i], text);
        }
        CU_ASSERT_STRING_EQUAL(text, want);
        arena_free(arena);
    }
}

static void test_printed_text_reads_back_to_the_same_node(void)
{
    Dice dice = {4};
    for (int k = 0; k < 300; k++) {
        Arena *arena = arena_new();
        Graph *graph = graph_new(arena);
        Expr expr = random_expr(graph, &dice, 10);
        Expr slope = expr_derive(graph, expr, expr_symbol(graph, SYMBOL_STATE, 0));
        CU_ASSERT_EQUAL(read_expr(graph, expr_text(graph, expr, arena), false), expr);
        const char *text = expr_text(graph, slope, arena);
        if (strlen(text) < 100000 && read_expr(graph, text, false) != slope) {
            printf("%s\n%s\n", text, expr_text(graph, read_expr(graph, text, false), arena));
            CU_FAIL("the derivative does not read back");
        }
        arena_free(arena);
    }
}

static const char *greek(void *context, SymbolKind kind, int index)
{
    (void)context;
    return kind == SYMBOL_STATE ? (index == 0 ? "Teff" : "msc.blood") : "k_kill";
}

static const char *table_name(void *context, int table)
{
    (void)table;
    return context;
}

static void test_printing_uses_names_and_can_be_cut(void)
{
    Arena *arena = arena_new();
    Graph *graph = graph_new(arena);
    char input[] = "weight";
    SymbolNames names = {greek, table_name, input};
    Text text = text_new(arena);
    expr_print(graph, read_expr(graph, "p0 * x0 * x1 + interp(table0, t)", false), &names, &text);
    CU_ASSERT_STRING_EQUAL(text.data, "k_kill * Teff * msc.blood + interp(weight, k_kill)");
    Expr doubling = read_expr(graph, "x0 + p0", false);
    for (int i = 0; i < 100; i++) { // 2^100 symbols if written out
        doubling = expr_apply(graph, EXPR_MULTIPLY, doubling, doubling, EXPR_NONE);
    }
    Text cut = text_new(arena);
    expr_print_short(graph, doubling, NULL, 40, &cut);
    CU_ASSERT(cut.length <= 40 + 16);
    CU_ASSERT_STRING_EQUAL(cut.data + cut.length - 3, "...");
    arena_free(arena);
}

static void test_substitution(void)
{
    Arena *arena = arena_new();
    Graph *graph = graph_new(arena);
    Expr expr = read_expr(graph, "x0 * exp(x1) + interp(table2, x1) + hill(x0, p0, 2)", false);
    Expr from[] = {read_expr(graph, "x1", false), read_expr(graph, "p0", false)};
    Expr to[] = {read_expr(graph, "t + x0", false), read_expr(graph, "2", false)};
    Expr want =
        read_expr(graph, "x0 * exp(t + x0) + interp(table2, t + x0) + hill(x0, 2, 2)", false);
    CU_ASSERT_EQUAL(expr_substitute(graph, expr, from, to, 2), want);
    CU_ASSERT_EQUAL(expr_substitute(graph, expr, from, to, 0), expr);
    Expr zero[] = {expr_number(graph, 0), to[1]};
    Expr folded = read_expr(graph, "x0 + interp(table2, 0) + hill(x0, 2, 2)", false);
    CU_ASSERT_EQUAL(expr_substitute(graph, expr, from, zero, 2), folded);
    arena_free(arena);
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void test_a_chain_of_100000_operations(void)
{
    enum { LENGTH = 100000 };
    double start = seconds();
    Arena *arena = arena_new();
    Graph *graph = graph_new(arena);
    Expr x = expr_symbol(graph, SYMBOL_STATE, 0);
    Expr y = expr_symbol(graph, SYMBOL_STATE, 1);
    Expr chain = x;
    for (int i = 0; i < LENGTH; i++) { // c <- sin(c) alternates with c <- c + y
        chain = i % 2 == 0 ? expr_apply(graph, EXPR_ADD, chain, y, EXPR_NONE)
                           : expr_apply(graph, EXPR_SIN, chain, EXPR_NONE, EXPR_NONE);
    }
    double states[] = {0.3, 0.1};
    Bindings bindings = {.values = {[SYMBOL_STATE] = states}};
    double want = 0.3;
    double slope = 1; // d/dx of the chain, along the way
    for (int i = 0; i < LENGTH; i++) {
        slope *= i % 2 == 0 ? 1 : cos(want);
        want = i % 2 == 0 ? want + 0.1 : sin(want);
    }
    CU_ASSERT_EQUAL(expr_evaluate(graph, chain, &bindings), want);
    Expr derivative = expr_derive(graph, chain, x);
    CU_ASSERT_DOUBLE_EQUAL(expr_evaluate(graph, derivative, &bindings), slope, 1e-12 * slope);
    CU_ASSERT(expr_contains(graph, chain, x));
    CU_ASSERT(strlen(expr_text(graph, chain, arena)) > LENGTH);
    Expr to = expr_number(graph, 0.25);
    states[0] = 0.25;
    want = expr_evaluate(graph, chain, &bindings);
    CU_ASSERT_EQUAL(expr_evaluate(graph, expr_substitute(graph, chain, &x, &to, 1), &bindings),
                    want);
    CU_ASSERT(seconds() - start < 20); // a walk that is quadratic takes minutes
    arena_free(arena);
}

static void test_shared_parts_are_derived_once(void)
{
    Arena *arena = arena_new();
    Graph *graph = graph_new(arena);
    Expr x = expr_symbol(graph, SYMBOL_STATE, 0);
    Expr expr = x;
    for (int i = 0; i < 200; i++) { // 2^200 paths
        Expr sine = expr_apply(graph, EXPR_SIN, expr, EXPR_NONE, EXPR_NONE);
        expr = expr_apply(graph, EXPR_MULTIPLY, sine, expr, EXPR_NONE);
    }
    Expr before = graph_end(graph);
    expr_derive(graph, expr, x);
    CU_ASSERT(graph_end(graph) - before < 200 * 10);
    Expr after = graph_end(graph);
    expr_derive(graph, expr, x);
    CU_ASSERT_EQUAL(graph_end(graph), after);
    arena_free(arena);
}

static double line(void *context, int table, double x, bool slope)
{
    (void)context;
    return slope ? table : table * x + 1;
}

static void test_interp_and_its_slope(void)
{
    Arena *arena = arena_new();
    Graph *graph = graph_new(arena);
    Expr expr = read_expr(graph, "interp(table3, x0 * x0)", false);
    double states[] = {2};
    Bindings bindings = {.values = {[SYMBOL_STATE] = states}, .interp = line};
    CU_ASSERT_EQUAL(expr_evaluate(graph, expr, &bindings), 13);
    Expr slope = expr_derive(graph, expr, expr_symbol(graph, SYMBOL_STATE, 0));
    CU_ASSERT_EQUAL(expr_evaluate(graph, slope, &bindings), 12);
    arena_free(arena);
}

SUITE("expr", TEST(test_same_operation_is_same_node),
      TEST(test_arguments_are_older_than_their_users), TEST(test_node_keeps_first_span),
      TEST(test_kinds_and_contains), TEST(test_functions_are_found_by_name),
      TEST(test_special_cases_of_values), TEST(test_hill_never_makes_a_nan),
      TEST(test_printing_needs_no_superfluous_brackets),
      TEST(test_printed_text_reads_back_to_the_same_node),
      TEST(test_printing_uses_names_and_can_be_cut), TEST(test_substitution),
      TEST(test_a_chain_of_100000_operations), TEST(test_shared_parts_are_derived_once),
      TEST(test_interp_and_its_slope))
