/* print.c: windows on the stages of a model: tokens, equations, Jacobian.
 *
 * In the graph, named intermediate values are written out. For a reader they are folded back: the
 * graph is copied with the conditions of switches as written, and in each equation the expression
 * of a named value is replaced by its name (a symbol numbered behind the parameters).
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/model.h"

#include "model/token.h"

#include <assert.h>
#include <string.h>

/* ---- tokens ---- */

void model_print_tokens(Arena *arena, const Source *source, Diag *diag, Text *text)
{
    assert(arena && source && diag && text);
    Lexer lexer = lexer_new(source, diag);
    for (;;) {
        Token token = lexer_next(&lexer);
        int line = 0;
        int column = 0;
        source_locate(source, token.span.start, &line, &column);
        text_format(text, "%d:%d\t%s", line, column, token_kind_name(token.kind));
        if (token.kind == TOKEN_END) {
            text_string(text, "\n");
            return;
        }
        text_string(text, "\t");
        text_add(text, source->text + token.span.start, token.span.length);
        text_string(text, "\n");
    }
}

/* ---- a copy of the graph for printing ---- */

typedef struct {
    const Model *model;
    Arena *arena; // scratch
    Graph *graph; // the copy
    Expr *copy;   // from nodes of the model's graph to nodes of the copy
    Expr *value;  // (count) the named values, in the copy
    bool *first;  // (count) worth a name: no constant or symbol, and no other name came before
    int count;    // locals and observables
    Expr *from, *to;
    SymbolNames names;
} Printer;

/* Named values: the locals, then the observables. */
static const Quantity *printer_quantity(const Model *model, int index)
{
    return index < model->local_count ? &model->locals[index]
                                      : &model->observables[index - model->local_count];
}

static const char *printer_name(void *context, SymbolKind kind, int index)
{
    const Printer *printer = context;
    const Model *model = printer->model;
    if (kind == SYMBOL_PARAMETER && index >= model->parameter_count) {
        return printer_quantity(model, index - model->parameter_count)->label.name;
    }
    SymbolNames names = model_symbol_names(model);
    return names.name(names.context, kind, index);
}

static const char *printer_table(void *context, int table)
{
    const Printer *printer = context;
    return printer->model->tables[table].label.name;
}

static Expr copy_node(const Printer *printer, Expr e)
{
    const Graph *from = printer->model->graph;
    Operator operation = expr_operator(from, e);
    Expr arguments[3] = {EXPR_NONE, EXPR_NONE, EXPR_NONE};
    for (int k = 0; k < expr_arity(from, e); k++) {
        arguments[k] = printer->copy[expr_argument(from, e, k)];
    }
    switch (operation) {
    case EXPR_NUMBER:
        return expr_number(printer->graph, expr_value(from, e));
    case EXPR_SYMBOL: {
        SymbolKind kind = expr_symbol_kind(from, e);
        int index = expr_symbol_index(from, e);
        if (kind == SYMBOL_SWITCH) {
            return printer->copy[printer->model->switches[index].value];
        }
        return expr_symbol(printer->graph, kind, index);
    }
    case EXPR_INTERP:
    case EXPR_INTERP_SLOPE:
        return expr_interp(printer->graph, expr_table(from, e), arguments[0],
                           operation == EXPR_INTERP_SLOPE);
    default:
        return expr_apply(printer->graph, operation, arguments[0], arguments[1], arguments[2]);
    }
}

static Printer *printer_open(const Model *model)
{
    Arena *arena = arena_new();
    Printer *printer = arena_alloc(arena, sizeof *printer);
    Expr end = graph_end(model->graph);
    *printer = (Printer){.model = model, .arena = arena, .graph = graph_new(arena)};
    printer->copy = arena_array(arena, end, sizeof(Expr));
    for (Expr e = 1; e < end; e++) {
        printer->copy[e] = copy_node(printer, e);
    }
    printer->count = model->local_count + model->observable_count;
    size_t count = (size_t)printer->count + 1;
    printer->value = arena_array(arena, count, sizeof(Expr));
    printer->from = arena_array(arena, count, sizeof(Expr));
    printer->to = arena_array(arena, count, sizeof(Expr));
    printer->first = arena_array(arena, count, sizeof(bool));
    bool *seen = arena_array(arena, graph_end(printer->graph), sizeof(bool));
    for (int i = 0; i < printer->count; i++) {
        Expr value = printer->copy[printer_quantity(model, i)->expr];
        printer->value[i] = value;
        printer->first[i] = expr_arity(printer->graph, value) > 0 && !seen[value];
        seen[value] = true;
    }
    printer->names = (SymbolNames){printer_name, printer_table, printer};
    return printer;
}

static void printer_close(Printer *printer)
{
    arena_free(printer->arena);
}

/* Writes the model's expression with named values as names; `own` is the number of the local that
 * is being written, or -1. A local is only said in terms of locals made before it. */
static void print_expression(Printer *printer, Expr expr, int own, Text *text)
{
    const Model *model = printer->model;
    Expr whole = printer->copy[expr];
    int count = 0;
    for (int i = 0; i < printer->count; i++) {
        Expr value = printer->value[i];
        bool older = own < 0 || value < whole || (value == whole && i < own);
        if (older && printer->first[i]) {
            printer->from[count] = value;
            printer->to[count++] =
                expr_symbol(printer->graph, SYMBOL_PARAMETER, model->parameter_count + i);
        }
    }
    whole = expr_substitute(printer->graph, whole, printer->from, printer->to, count);
    expr_print(printer->graph, whole, &printer->names, text);
}

/* ---- equations ---- */

static void print_quoted(Text *text, const char *words)
{
    if (words[0] == '\0') {
        return;
    }
    text_string(text, " \"");
    for (const char *p = words; *p; p++) {
        text_string(text, *p == '"' || *p == '\\' ? "\\" : "");
        text_add(text, p, 1);
    }
    text_string(text, "\"");
}

/* "param k [1/day] "text"" */
static void print_label(Text *text, const char *word, const Label *label)
{
    text_format(text, "%s%s", word, label->name);
    if (label->unit.known) {
        text_format(text, " [%s]", label->unit.text);
    }
    print_quoted(text, label->text);
}

static void print_parameters(Text *text, const char *word, const Parameter *parameters, int count)
{
    for (int i = 0; i < count; i++) {
        print_label(text, word, &parameters[i].label);
        if (parameters[i].has_default) {
            text_string(text, " = ");
            text_number(text, parameters[i].value);
        }
        text_string(text, "\n");
    }
    text_string(text, count > 0 ? "\n" : "");
}

/* Named values first .. last - 1. */
static void print_quantities(Printer *printer, Text *text, const char *word, int first, int last)
{
    for (int i = first; i < last; i++) {
        const Quantity *quantity = printer_quantity(printer->model, i);
        print_label(text, word, &quantity->label);
        text_string(text, " = ");
        print_expression(printer, quantity->expr, i, text);
        text_string(text, "\n");
    }
    text_string(text, last > first ? "\n" : "");
}

static void print_option(Printer *printer, Text *text, const char **separator, const char *word,
                         Expr expr)
{
    text_format(text, "%s%s = ", *separator, word);
    *separator = ", ";
    print_expression(printer, expr, -1, text);
}

static void print_routes(Printer *printer, Text *text)
{
    const Model *model = printer->model;
    for (int i = 0; i < model->route_count; i++) {
        const Route *route = &model->routes[i];
        text_format(text, "route %s", route->label.name);
        print_quoted(text, route->label.text);
        for (int k = 0; k < route->target_count; k++) {
            const RouteTarget *target = &route->targets[k];
            const char *separator = " : ";
            text_format(text, " -> %s", model->states[target->state].label.name);
            if (!expr_is_number(model->graph, target->fraction, 1.0)) {
                print_option(printer, text, &separator, "fraction", target->fraction);
            }
            if (!expr_is_number(model->graph, target->lag, 0.0)) {
                print_option(printer, text, &separator, "lag", target->lag);
            }
            if (k == 0 && route->rate != EXPR_NONE) {
                print_option(printer, text, &separator, "rate", route->rate);
            }
            if (k == 0 && route->duration != EXPR_NONE) {
                print_option(printer, text, &separator, "duration", route->duration);
            }
        }
        text_string(text, "\n");
    }
    text_string(text, model->route_count > 0 ? "\n" : "");
}

static void print_events(Printer *printer, Text *text)
{
    const Model *model = printer->model;
    for (int i = 0; i < model->event_count; i++) {
        const Event *event = &model->events[i];
        const char *separator = " : ";
        text_format(text, "event %s", event->label.name);
        print_quoted(text, event->label.text);
        text_string(text, " when ");
        print_expression(printer, event->condition, -1, text);
        for (int k = 0; k < event->assignment_count; k++) {
            print_option(printer, text, &separator,
                         model->states[event->assignments[k].state].label.name,
                         event->assignments[k].value);
        }
        if (event->priority != EXPR_NONE) {
            print_option(printer, text, &separator, "priority", event->priority);
        }
        if (event->delay != EXPR_NONE) {
            print_option(printer, text, &separator, "delay", event->delay);
        }
        if (event->falling) {
            text_format(text, "%sfalling", separator);
        }
        text_string(text, "\n");
    }
    text_string(text, model->event_count > 0 ? "\n" : "");
}

static void print_switches(Printer *printer, Text *text)
{
    const Model *model = printer->model;
    for (int i = 0; i < model->switch_count; i++) {
        const Switch *condition = &model->switches[i];
        text_format(text, "# stop %d: ", i + 1);
        print_expression(printer, condition->value, -1, text);
        text_string(text, condition->whole ? " changes where " : " changes at the zero of ");
        print_expression(printer, condition->surface, -1, text);
        text_string(text, condition->whole ? " is whole" : "");
        text_string(text, condition->linear ? " (linear)\n" : "\n");
    }
}

void model_print(const Model *model, Text *text)
{
    assert(model && text);
    Printer *printer = printer_open(model);
    text_format(text, "%s %s", model->is_module ? "module" : "model", model->name);
    print_quoted(text, model->title);
    text_format(text, "\ntime %s\n\n", model->time_unit.text);
    print_parameters(text, "param ", model->parameters, model->parameter_count);
    print_parameters(text, "covariate ", model->covariates, model->covariate_count);
    for (int i = 0; i < model->table_count; i++) {
        print_label(text, "table ", &model->tables[i].label);
        text_string(text, i + 1 < model->table_count ? "\n" : "\n\n");
    }
    for (int i = 0; i < model->state_count; i++) {
        print_label(text, "state ", &model->states[i].label);
        text_string(text, " = ");
        print_expression(printer, model->states[i].initial, -1, text);
        text_string(text, "\n");
    }
    text_string(text, "\n");
    print_quantities(printer, text, "", 0, model->local_count);
    for (int i = 0; i < model->state_count; i++) {
        text_format(text, "d/dt(%s) = ", model->states[i].label.name);
        print_expression(printer, model->states[i].rate, -1, text);
        text_string(text, "\n");
    }
    text_string(text, "\n");
    print_routes(printer, text);
    print_quantities(printer, text, "observe ", model->local_count, printer->count);
    print_events(printer, text);
    print_switches(printer, text);
    while (text->length > 1 && text->data[text->length - 1] == '\n' &&
           text->data[text->length - 2] == '\n') {
        text->data[--text->length] = '\0';
    }
    printer_close(printer);
}

void model_print_jacobian(const Model *model, Text *text)
{
    assert(model && text);
    Printer *printer = printer_open(model);
    const Jacobian *jacobian = &model->jacobian;
    text_format(text, "# %d of %d entries\n", jacobian->count,
                model->state_count * model->state_count);
    for (int i = 0; i < model->state_count; i++) {
        for (int k = jacobian->row_start[i]; k < jacobian->row_start[i + 1]; k++) {
            text_format(text, "d/dt(%s), %s: ", model->states[i].label.name,
                        model->states[jacobian->column[k]].label.name);
            print_expression(printer, jacobian->entry[k], -1, text);
            text_string(text, "\n");
        }
    }
    printer_close(printer);
}
