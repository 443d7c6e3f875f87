/* export_c.c: writes a model as C: the native right-hand side and Jacobian of the baselines.
 *
 *   stroma_bench_export MODEL.stroma NAME OUT.c
 *
 * One constant per node of the expression graph that is needed, in the order of the nodes (children
 * are older than parents). It covers the operators that the benchmark's models use and refuses the
 * others by name.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/file.h"
#include "base/number.h"
#include "model/model.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const Model *model;
    const Graph *graph;
    Text text;
} Export;

static void add_number(Export *out, double value)
{
    char digits[NUMBER_TEXT_SIZE];
    number_text(value, digits);
    bool whole = strpbrk(digits, ".eE") == NULL;
    text_format(&out->text, value < 0 ? "(%s%s)" : "%s%s", digits, whole ? ".0" : "");
}

static void add_operand(Export *out, Expr expr)
{
    if (expr_operator(out->graph, expr) == EXPR_NUMBER) {
        add_number(out, expr_value(out->graph, expr));
    } else if (expr_operator(out->graph, expr) == EXPR_SYMBOL) {
        int index = expr_symbol_index(out->graph, expr);
        switch (expr_symbol_kind(out->graph, expr)) {
        case SYMBOL_TIME:
            text_string(&out->text, "t");
            break;
        case SYMBOL_STATE:
            text_format(&out->text, "y[%d]", index);
            break;
        case SYMBOL_PARAMETER:
            text_format(&out->text, "p[%d]", index);
            break;
        case SYMBOL_COVARIATE:
            text_format(&out->text, "p[%d]", out->model->parameter_count + index);
            break;
        default:
            fprintf(stderr, "export: conditions on time are not exported\n");
            exit(1);
        }
    } else {
        text_format(&out->text, "v%u", (unsigned)expr);
    }
}

/* How an operator is written: # stands for the arguments in turn. */
static const char *form_of(const Export *out, Expr expr)
{
    const Graph *graph = out->graph;
    switch (expr_operator(graph, expr)) {
    case EXPR_ADD:
        return "# + #";
    case EXPR_SUBTRACT:
        return "# - #";
    case EXPR_MULTIPLY:
        return "# * #";
    case EXPR_DIVIDE:
        return "# / #";
    case EXPR_NEGATE:
        return "-#";
    case EXPR_POWER: {
        Expr exponent = expr_argument(graph, expr, 1);
        if (expr_is_number(graph, exponent, 2)) {
            return "native_square(#)";
        }
        return expr_is_number(graph, exponent, 3) ? "native_cube(#)" : "native_power(#, #)";
    }
    case EXPR_EXP:
        return "exp(#)";
    case EXPR_LN:
        return "log(#)";
    case EXPR_SQRT:
        return "sqrt(#)";
    case EXPR_ABS:
        return "fabs(#)";
    case EXPR_MIN:
        return "fmin(#, #)";
    case EXPR_MAX:
        return "fmax(#, #)";
    case EXPR_LESS:
        return "# < #";
    case EXPR_LESS_EQUAL:
        return "# <= #";
    case EXPR_SELECT:
        return "# != 0 ? # : #";
    case EXPR_HILL:
        return "native_hill(#, #, #)";
    case EXPR_HILL_SLOPE:
        return "native_hill_slope(#, #, #)";
    default:
        fprintf(stderr, "export: '%s' is not exported\n",
                operator_text(expr_operator(graph, expr)));
        exit(1);
    }
}

static void add_node(Export *out, Expr expr)
{
    text_format(&out->text, "    const double v%u = ", (unsigned)expr);
    int argument = 0;
    for (const char *c = form_of(out, expr); *c != '\0'; c++) {
        if (*c == '#') {
            add_operand(out, expr_argument(out->graph, expr, argument++));
        } else {
            text_add(&out->text, c, 1);
        }
    }
    text_string(&out->text, ";\n");
}

static void add_function(Export *out, const char *name, const Expr *exprs, int count)
{
    Arena *arena = arena_new();
    Expr end = graph_end(out->graph);
    bool *needed = arena_array(arena, end, sizeof *needed);
    for (int i = 0; i < count; i++) {
        needed[exprs[i]] = exprs[i] != EXPR_NONE;
    }
    for (Expr e = end - 1; e > 0; e--) {
        for (int i = 0; needed[e] && i < expr_arity(out->graph, e); i++) {
            needed[expr_argument(out->graph, e, i)] = true;
        }
    }
    text_format(&out->text,
                "static void %s(double t, const double *y, const double *p, double *result)\n{\n"
                "    (void)t, (void)y, (void)p;\n",
                name);
    for (Expr e = 1; e < end; e++) {
        if (needed[e] && expr_arity(out->graph, e) > 0) {
            add_node(out, e);
        }
    }
    for (int i = 0; i < count; i++) {
        text_format(&out->text, "    result[%d] = ", i);
        add_operand(out, exprs[i]);
        text_string(&out->text, ";\n");
    }
    text_string(&out->text, "}\n\n");
    arena_free(arena);
}

static void add_numbers(Export *out, const char *name, const int *numbers, int count)
{
    text_format(&out->text, "static const int %s[] = {", name);
    for (int i = 0; i < count; i++) {
        text_format(&out->text, i > 0 ? ", %d" : "%d", numbers[i]);
    }
    text_string(&out->text, "};\n");
}

static void add_model(Export *out, Arena *arena, const char *name)
{
    const Model *model = out->model;
    Expr *rates = arena_array(arena, (size_t)model->state_count, sizeof *rates);
    for (int i = 0; i < model->state_count; i++) {
        rates[i] = model->states[i].rate;
    }
    text_format(&out->text, "/* Written by stroma_bench_export from the model '%s'. */\n", name);
    text_string(&out->text, "#include \"bench/native.h\"\n\n");
    add_function(out, "rates", rates, model->state_count);
    add_function(out, "jacobian", model->jacobian.entry, model->jacobian.count);
    add_numbers(out, "row_start", model->jacobian.row_start, model->state_count + 1);
    add_numbers(out, "column", model->jacobian.column, model->jacobian.count);
    text_format(&out->text,
                "extern const NativeModel native_%s;\n"
                "const NativeModel native_%s = {\"%s\", %d, %d, row_start, column, rates, "
                "jacobian};\n",
                name, name, name, model->state_count,
                model->parameter_count + model->covariate_count);
}

int main(int count, char **words)
{
    if (count != 4) {
        fprintf(stderr, "usage: stroma_bench_export MODEL.stroma NAME OUT.c\n");
        return 2;
    }
    Arena *arena = arena_new();
    Diag *diag = diag_new(arena);
    Export out = {.text = text_new(arena)};
    out.model = model_read(arena, words[1], (SearchPath){NULL, 0}, diag);
    if (out.model == NULL) {
        Text why = text_new(arena);
        diag_print(diag, &why, false);
        fputs(why.data, stderr);
        return 65;
    }
    out.graph = out.model->graph;
    add_model(&out, arena, words[2]);
    OutFile *file = file_create(arena, words[3]);
    if (file == NULL) {
        perror(words[3]);
        return 74;
    }
    file_write(file, out.text.data, out.text.length);
    if (!file_commit(file)) {
        perror(words[3]);
        return 74;
    }
    arena_free(arena);
    return 0;
}
