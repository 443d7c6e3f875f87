/* test_model.c: the finished Model: what its header promises beyond what the text cases show.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/model.h"
#include "unit/suite.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define CASES STROMA_SOURCE_DIR "/tests/cases/model"

static const SearchPath nowhere = {NULL, 0};

static const Model *read_text(Arena *arena, const char *text, Diag **diag)
{
    *diag = diag_new(arena);
    const Source *source = source_from_text(arena, "test.stroma", text, strlen(text));
    return model_from_source(arena, source, nowhere, *diag);
}

static const Model *read_good(Arena *arena, const char *text)
{
    Diag *diag = NULL;
    const Model *model = read_text(arena, text, &diag);
    if (!model) {
        Text report = text_new(arena);
        diag_print(diag, &report, false);
        printf("\n%s", report.data);
    }
    CU_ASSERT_PTR_NOT_NULL_FATAL(model);
    return model;
}

static bool depends(const Model *model, Expr expr, SymbolKind kind)
{
    return (expr_kinds(model->graph, expr) >> kind) & 1u;
}

static const char pulses[] = "model pulses\ntime h\n"
                             "param a [h] = 2\nparam b [h] = 5\n"
                             "state X [mg] = 1\nstate Y [mg] = 1\nstate Z [mg] = 1\n"
                             "on = if t >= a and t < b then 1 else 0\n"
                             "d/dt(X) = on * 1 [mg/h] + max(t, b) * 1 [mg/h^2]\n"
                             "d/dt(Y) = if X < 3 [mg] then 0 else floor(t / a) * 2 [mg/h]\n"
                             "d/dt(Z) = if a < b then X / b else 0\n"
                             "observe seen = on\n"
                             "observe mod [h] = t - 24 [h] * floor(t / 24 [h])\n";

static void test_rates_have_switches_where_time_alone_decides(void)
{
    Arena *arena = arena_new();
    const Model *model = read_good(arena, pulses);
    CU_ASSERT_EQUAL_FATAL(model->switch_count, 4);
    // the only time left in the rates is the straight part of max(t, b)
    CU_ASSERT_TRUE(depends(model, model->states[0].rate, SYMBOL_SWITCH));
    CU_ASSERT_TRUE(depends(model, model->states[0].rate, SYMBOL_TIME));
    CU_ASSERT_TRUE(depends(model, model->states[1].rate, SYMBOL_SWITCH));
    CU_ASSERT_FALSE(depends(model, model->states[1].rate, SYMBOL_TIME));
    CU_ASSERT_FALSE(depends(model, model->states[2].rate, SYMBOL_SWITCH));
    // what is observed keeps the conditions as written
    NameRef seen = model_find(model, "seen");
    CU_ASSERT_FALSE(depends(model, model_expr(model, seen), SYMBOL_SWITCH));
    CU_ASSERT_TRUE(depends(model, model_expr(model, seen), SYMBOL_TIME));
    for (int i = 0; i < model->switch_count; i++) {
        const Switch *s = &model->switches[i];
        CU_ASSERT_FALSE(depends(model, s->value, SYMBOL_SWITCH));
        CU_ASSERT_FALSE(depends(model, s->surface, SYMBOL_STATE));
        CU_ASSERT_TRUE(s->linear);
    }
    arena_free(arena);
}

/* The surface must change its sign, or pass a whole number, exactly where the value changes. */
static void test_surfaces_change_where_values_do(void)
{
    Arena *arena = arena_new();
    const Model *model = read_good(arena, pulses);
    double time = 0.0;
    double parameters[] = {2.0, 5.0};
    Bindings bindings = {.values = {[SYMBOL_TIME] = &time, [SYMBOL_PARAMETER] = parameters}};
    for (int i = 0; i < model->switch_count; i++) {
        const Switch *s = &model->switches[i];
        double last_value = 0.0;
        double last_surface = 0.0;
        int changes = 0;
        for (int k = 0; k < 1000; k++) {
            time = 0.0173 * k;
            double value = expr_evaluate(model->graph, s->value, &bindings);
            double surface = expr_evaluate(model->graph, s->surface, &bindings);
            bool passed = s->whole ? floor(surface) != floor(last_surface)
                                   : (surface < 0.0) != (last_surface < 0.0);
            if (k > 0) {
                CU_ASSERT_EQUAL(value != last_value, passed);
                changes += value != last_value;
            }
            last_value = value;
            last_surface = surface;
            CU_ASSERT_TRUE(isfinite(expr_evaluate(model->graph, s->slope, &bindings)));
        }
        CU_ASSERT_TRUE(changes >= 1);
    }
    arena_free(arena);
}

static void test_a_bent_surface_is_not_called_linear(void)
{
    Arena *arena = arena_new();
    const Model *model = read_good(arena, "model daily\ntime h\nstate X = 0\n"
                                          "phase [h] = t - 24 [h] * floor(t / 24 [h])\n"
                                          "d/dt(X) = (if phase < 8 [h] then 1 else 0)\n"
                                          "        + (if t * t > 9 [h^2] then 1 else 0)\n"
                                          "        + (if floor(t / 24 [h]) == 3 then 1 else 0)\n");
    // floor; phase < 8; t * t > 9; the comparison of the floor needs none of its own
    CU_ASSERT_EQUAL_FATAL(model->switch_count, 3);
    int linear = 0;
    int whole = 0;
    for (int i = 0; i < model->switch_count; i++) {
        linear += model->switches[i].linear;
        whole += model->switches[i].whole;
    }
    CU_ASSERT_EQUAL(linear, 1);
    CU_ASSERT_EQUAL(whole, 1);
    CU_ASSERT_FALSE(depends(model, model->states[0].rate, SYMBOL_TIME));
    arena_free(arena);
}

static void test_jacobian_is_sparse_sorted_and_has_its_diagonal(void)
{
    Arena *arena = arena_new();
    const Model *model = read_good(arena, "model j\ntime day\nstate A = 1\nstate B = 1\n"
                                          "state C = 1\nparam k = 2\n"
                                          "d/dt(C) = A * B - A * B + k\n"
                                          "d/dt(A) = -k * A * B\n"
                                          "d/dt(B) = A^2 + 0 * C\n");
    const Jacobian *j = &model->jacobian;
    static const int rows[] = {0, 2, 4, 5};
    static const int columns[] = {0, 1, 0, 1, 2};
    CU_ASSERT_EQUAL_FATAL(j->count, 5);
    for (int i = 0; i < 4; i++) {
        CU_ASSERT_EQUAL(j->row_start[i], rows[i]);
    }
    double states[] = {3.0, 5.0, 7.0};
    double k = 2.0;
    Bindings bindings = {.values = {[SYMBOL_STATE] = states, [SYMBOL_PARAMETER] = &k}};
    static const double expected[] = {-10.0, -6.0, 6.0, 0.0, 0.0};
    for (int i = 0; i < j->count; i++) {
        CU_ASSERT_EQUAL(j->column[i], columns[i]);
        CU_ASSERT_EQUAL(expr_evaluate(model->graph, j->entry[i], &bindings), expected[i]);
    }
    arena_free(arena);
}

static void test_names_are_found_and_nearly_found(void)
{
    Arena *arena = arena_new();
    const Model *model = read_good(
        arena, "model n\ntime day\nparam clearance [L/day] = 1\nstate central [mg] \"amount\" = 1\n"
               "covariate WT [kg] = 70\ntable tab\nlocal = central * 2\n"
               "flow out : central -> : 1 [mg/day]\nroute iv -> central\n"
               "observe C = local * interp(tab, t)\n");
    static const struct {
        const char *name;
        NameKind kind;
    } names[] = {{"clearance", NAME_PARAMETER}, {"central", NAME_STATE}, {"WT", NAME_COVARIATE},
                 {"local", NAME_LOCAL},         {"out", NAME_LOCAL},     {"iv", NAME_ROUTE},
                 {"C", NAME_OBSERVABLE},        {"tab", NAME_TABLE},     {"none", NAME_NONE}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        NameRef ref = model_find(model, names[i].name);
        CU_ASSERT_EQUAL(ref.kind, names[i].kind);
        if (ref.kind != NAME_NONE) {
            CU_ASSERT_STRING_EQUAL(model_label(model, ref)->name, names[i].name);
        }
    }
    const char *near = model_near(model, 1u << NAME_PARAMETER, "clearence");
    CU_ASSERT_PTR_NOT_NULL_FATAL(near);
    CU_ASSERT_STRING_EQUAL(near, "clearance");
    CU_ASSERT_PTR_NULL(model_near(model, 1u << NAME_STATE, "clearence"));
    CU_ASSERT_STRING_EQUAL(model->states[0].label.text, "amount");
    CU_ASSERT_STRING_EQUAL(model->states[0].label.unit.text, "mg");
    CU_ASSERT_STRING_EQUAL(model->routes[0].label.unit.text, "mg");
    CU_ASSERT_STRING_EQUAL(model->locals[0].label.unit.text, "mg");
    CU_ASSERT_TRUE(expr_is_number(model->graph, model->routes[0].targets[0].fraction, 1.0));
    CU_ASSERT_TRUE(expr_is_number(model->graph, model->routes[0].targets[0].lag, 0.0));
    CU_ASSERT_EQUAL(model->routes[0].rate, EXPR_NONE);
    arena_free(arena);
}

/* model_expr must not add to a finished graph, because threads share it. */
static void test_looking_up_adds_no_node(void)
{
    Arena *arena = arena_new();
    const Model *model = read_good(arena, "model n\ntime day\nparam unused = 1\n"
                                          "covariate WT = 70\nstate x = 1\nd/dt(x) = 0\n");
    Expr end = graph_end(model->graph);
    CU_ASSERT_NOT_EQUAL(model_expr(model, model_find(model, "unused")), EXPR_NONE);
    CU_ASSERT_NOT_EQUAL(model_expr(model, model_find(model, "WT")), EXPR_NONE);
    CU_ASSERT_NOT_EQUAL(model_expr(model, model_find(model, "x")), EXPR_NONE);
    Text text = text_new(arena);
    model_print(model, &text);
    model_print_jacobian(model, &text);
    CU_ASSERT_EQUAL(graph_end(model->graph), end);
    arena_free(arena);
}

static void test_tables_know_whether_time_reads_them(void)
{
    Arena *arena = arena_new();
    const Model *model = read_good(arena, "model n\ntime day\nstate x = 1\n"
                                          "d/dt(x) = interp(by_time, t) + interp(by_state, x)\n"
                                          "observe o = interp(only_observed, t)\n");
    CU_ASSERT_EQUAL_FATAL(model->table_count, 3);
    CU_ASSERT_TRUE(model->tables[model_find(model, "by_time").index].of_time);
    CU_ASSERT_FALSE(model->tables[model_find(model, "by_state").index].of_time);
    CU_ASSERT_FALSE(model->tables[model_find(model, "only_observed").index].of_time);
    CU_ASSERT_STRING_EQUAL(model->tables[model_find(model, "by_time").index].x_unit.text, "day");
    arena_free(arena);
}

static void test_files_that_cannot_be_read(void)
{
    static const char *const paths[] = {CASES "/no_such_file.stroma", CASES};
    Arena *arena = arena_new();
    for (int i = 0; i < 2; i++) {
        Diag *diag = diag_new(arena);
        CU_ASSERT_PTR_NULL(model_read(arena, paths[i], nowhere, diag));
        CU_ASSERT_EQUAL_FATAL(diag_count(diag), 1);
        CU_ASSERT_EQUAL(diag_fault(diag, 0), FAULT_M001);
    }
    Diag *diag = diag_new(arena);
    const char *folder = CASES "/parts";
    const Model *model =
        model_read(arena, CASES "/ok_modules.stroma", (SearchPath){&folder, 1}, diag);
    CU_ASSERT_PTR_NOT_NULL_FATAL(model);
    CU_ASSERT_EQUAL(model->source_count, 2); // the module is read once for both uses
    CU_ASSERT_STRING_EQUAL(model->sources[0]->name, CASES "/ok_modules.stroma");
    arena_free(arena);
}

static void test_strict_names_every_quantity_without_unit(void)
{
    Arena *arena = arena_new();
    Diag *diag = NULL;
    const Model *model =
        read_text(arena,
                  "model n\ntime day\nparam a\nparam b [1]\ncovariate c\n"
                  "state x = 1\nl = a * b\nm [mg] = a\nd/dt(x) = 0\nobserve o = l\n",
                  &diag);
    CU_ASSERT_PTR_NOT_NULL_FATAL(model);
    CU_ASSERT_EQUAL(diag_warnings(diag), 0);
    model_check_strict(model, diag);
    CU_ASSERT_EQUAL(diag_errors(diag), 0);
    CU_ASSERT_EQUAL_FATAL(diag_warnings(diag), 5); // a, c, x, l, o
    CU_ASSERT_EQUAL(diag_fault(diag, 0), FAULT_M049);
    arena_free(arena);
}

/* Each code is shown by a case file of its name, but for M001 and M049, which are shown above. */
static void test_every_code_has_a_case(void)
{
    int found = 0;
    int codes = 0;
    for (int fault = 0; fault < FAULT_COUNT; fault++) {
        const char *code = fault_code((Fault)fault);
        if (code[0] != 'M' || strcmp(code, "M001") == 0 || strcmp(code, "M049") == 0) {
            continue;
        }
        DIR *folder = opendir(CASES);
        CU_ASSERT_PTR_NOT_NULL_FATAL(folder);
        bool seen = false;
        for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
            seen |= strncmp(entry->d_name, code, strlen(code)) == 0;
        }
        closedir(folder);
        if (!seen) {
            printf("\n%s has no case\n", code);
        }
        codes++;
        found += seen;
        CU_ASSERT_TRUE(strlen(fault_paragraph((Fault)fault)) > 40);
    }
    CU_ASSERT_TRUE(codes > 40);
    CU_ASSERT_EQUAL(found, codes);
}

static void test_errors_before_do_not_spoil_a_model(void)
{
    Arena *arena = arena_new();
    Diag *diag = diag_new(arena);
    diag_report(diag, FAULT_M001, (Span){NULL, 0, 0}, "something else went wrong");
    static const char text[] = "model n\ntime day\nstate x = 1\nd/dt(x) = 0\n";
    const Source *source = source_from_text(arena, "test", text, sizeof text - 1);
    CU_ASSERT_PTR_NOT_NULL(model_from_source(arena, source, nowhere, diag));
    arena_free(arena);
}

static void test_tokens_can_be_listed(void)
{
    Arena *arena = arena_new();
    Diag *diag = diag_new(arena);
    static const char words[] = "param k [1/h] = 2e3 # rate\n  d/dt(x)\n";
    Text text = text_new(arena);
    model_print_tokens(arena, source_from_text(arena, "test", words, sizeof words - 1), diag,
                       &text);
    CU_ASSERT_STRING_EQUAL(text.data, "1:1\tPARAM\tparam\n1:7\tNAME\tk\n1:9\tUNIT\t[1/h]\n"
                                      "1:15\tASSIGN\t=\n1:17\tNUMBER\t2e3\n2:3\tNAME\td\n"
                                      "2:4\tDIVIDE\t/\n2:5\tNAME\tdt\n2:7\tOPEN\t(\n"
                                      "2:8\tNAME\tx\n2:9\tCLOSE\t)\n3:1\tEND\n");
    arena_free(arena);
}

/* Texts cut short and with bytes exchanged: an error or a model, never a crash. */
static void test_damaged_texts_do_no_harm(void)
{
    static const char text[] =
        "model m \"t\"\ntime day\nparam k [1/day] = 2 \"rate\"\ncovariate WT [kg] = 70\n"
        "def f(x, y) = x / (y + x)\ninput I [mg] = 3\nstate A [mg] \"a\" = 1\nstate B [mg] = 0\n"
        "flow move : A -> B : k * A\nd/dt(A) = -k * f(A, I) * A + (if t > 3 [day] then 1 [mg/day] "
        "else 0)\n"
        "route iv \"r\" -> A : fraction = 0.5, lag = 1 [h] in day -> B\n"
        "event e when A > 2 [mg] : A = 0, delay = 1 [day]\nobserve o [g] = (A + B) in g\n";
    unsigned state = 20261121;
    int models = 0;
    int failures = 0;
    for (int round = 0; round < 4000; round++) {
        Arena *arena = arena_new();
        char *copy = arena_copy(arena, text, sizeof text - 1);
        size_t length = sizeof text - 1;
        for (int k = 0; k < 1 + round % 3; k++) {
            state = state * 1664525u + 1013904223u;
            size_t at = (state >> 8) % length;
            state = state * 1664525u + 1013904223u;
            copy[at] = round % 2 ? text[(state >> 8) % length] : (char)(32 + (state >> 8) % 95);
        }
        length = round % 5 == 0 ? (state >> 8) % length : length;
        Diag *diag = diag_new(arena);
        const Source *source = source_from_text(arena, "test", copy, length);
        const Model *model = model_from_source(arena, source, nowhere, diag);
        CU_ASSERT_EQUAL(model == NULL, diag_errors(diag) > 0);
        Text report = text_new(arena);
        diag_print(diag, &report, false);
        if (model) {
            model_print(model, &report);
            model_print_jacobian(model, &report);
        }
        models += model != NULL;
        failures += model == NULL;
        arena_free(arena);
    }
    CU_ASSERT_TRUE(models > 20);
    CU_ASSERT_TRUE(failures > 1000);
}

SUITE("model", TEST(test_rates_have_switches_where_time_alone_decides),
      TEST(test_surfaces_change_where_values_do), TEST(test_a_bent_surface_is_not_called_linear),
      TEST(test_jacobian_is_sparse_sorted_and_has_its_diagonal),
      TEST(test_names_are_found_and_nearly_found), TEST(test_looking_up_adds_no_node),
      TEST(test_tables_know_whether_time_reads_them), TEST(test_files_that_cannot_be_read),
      TEST(test_strict_names_every_quantity_without_unit), TEST(test_every_code_has_a_case),
      TEST(test_errors_before_do_not_spoil_a_model), TEST(test_tokens_can_be_listed),
      TEST(test_damaged_texts_do_no_harm))
