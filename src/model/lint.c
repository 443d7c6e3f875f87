/* lint.c: what a model may say and often does not mean: doses hidden in its equations.
 *
 * `if t >= 50 and t < 50.05 then 200 else 0` in a rate is a dose that no schedule, no ledger and no
 * --at-dose knows of, and that a fit cannot move. What is looked for is an equation that a
 * condition on time switches on and another one off again: a conjunction, a product or a difference
 * of them, a choice within a choice, or a comparison that repeats itself (floor of the time).
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/model.h"

#include <assert.h>

/* What conditions on time within an expression do, as bits. */
enum { TURNS_ON = 1, TURNS_OFF = 2, REPEATS = 4 };

typedef struct {
    const Model *model;
    unsigned char *ways;   // of each node that is a condition on time; 0 of others
    unsigned char *choice; // likewise of what a node chooses by, at its top
    bool *floored;         // the node has a floor of the time in it
} Lint;

static bool is_switch(const Graph *graph, Expr expr)
{
    return expr_operator(graph, expr) == EXPR_SYMBOL &&
           expr_symbol_kind(graph, expr) == SYMBOL_SWITCH;
}

static unsigned of_switch(const Lint *lint, const Switch *one)
{
    const Graph *graph = lint->model->graph;
    Operator operation = expr_operator(graph, one->value);
    if (operation != EXPR_LESS && operation != EXPR_LESS_EQUAL) {
        return 0;
    }
    if (lint->floored[one->value]) {
        return REPEATS;
    }
    if (!one->linear || expr_operator(graph, one->slope) != EXPR_NUMBER) {
        return 0;
    }
    // the surface of a < b is a - b
    return expr_value(graph, one->slope) < 0.0 ? TURNS_ON : TURNS_OFF;
}

static unsigned negated(unsigned ways)
{
    return (ways & TURNS_ON ? TURNS_OFF : 0u) | (ways & TURNS_OFF ? TURNS_ON : 0u) |
           (ways & REPEATS);
}

/* Of a node whose arguments are known. */
static unsigned ways_of(const Lint *lint, Expr expr)
{
    const Graph *graph = lint->model->graph;
    if (is_switch(graph, expr)) {
        return of_switch(lint, &lint->model->switches[expr_symbol_index(graph, expr)]);
    }
    switch (expr_operator(graph, expr)) {
    case EXPR_NOT:
        return negated(lint->ways[expr_argument(graph, expr, 0)]);
    case EXPR_AND:
    case EXPR_OR:
        return (unsigned)lint->ways[expr_argument(graph, expr, 0)] |
               lint->ways[expr_argument(graph, expr, 1)];
    default:
        return 0;
    }
}

static unsigned choice_of(const Lint *lint, Expr expr)
{
    const Graph *graph = lint->model->graph;
    Operator operation = expr_operator(graph, expr);
    unsigned ways = lint->ways[expr];
    if (operation == EXPR_SELECT) {
        ways |= lint->ways[expr_argument(graph, expr, 0)];
    } else if (operation == EXPR_MULTIPLY) {
        ways |= lint->choice[expr_argument(graph, expr, 0)];
        ways |= lint->choice[expr_argument(graph, expr, 1)];
    }
    return ways;
}

/* Children have smaller numbers than their parents; a switch is a symbol and stands anywhere. */
static Lint look(const Model *model, Arena *scratch)
{
    const Graph *graph = model->graph;
    Expr end = graph_end(graph);
    Lint lint = {.model = model,
                 .ways = arena_array(scratch, end, 1),
                 .choice = arena_array(scratch, end, 1),
                 .floored = arena_array(scratch, end, sizeof(bool))};
    for (Expr e = 1; e < end; e++) {
        Operator operation = expr_operator(graph, e);
        bool timed = (expr_kinds(graph, e) >> SYMBOL_TIME) & 1u;
        lint.floored[e] = timed && (operation == EXPR_FLOOR || operation == EXPR_CEIL);
        for (int k = 0; k < expr_arity(graph, e); k++) {
            lint.floored[e] = lint.floored[e] || lint.floored[expr_argument(graph, e, k)];
        }
    }
    for (Expr e = 1; e < end; e++) {
        lint.ways[e] = (unsigned char)ways_of(&lint, e);
        lint.choice[e] = (unsigned char)choice_of(&lint, e);
    }
    return lint;
}

static bool are_opposite(unsigned a, unsigned b)
{
    return (a & TURNS_ON && b & TURNS_OFF) || (a & TURNS_OFF && b & TURNS_ON);
}

static bool is_pulse(const Lint *lint, Expr expr)
{
    const Graph *graph = lint->model->graph;
    if (expr_arity(graph, expr) < 2) {
        return is_switch(graph, expr) && lint->ways[expr] & REPEATS;
    }
    Expr b = expr_argument(graph, expr, 1);
    unsigned first = lint->ways[expr_argument(graph, expr, 0)];
    unsigned second = lint->ways[b];
    switch (expr_operator(graph, expr)) {
    case EXPR_AND:
    case EXPR_MULTIPLY:
        return are_opposite(first, second);
    case EXPR_SUBTRACT:
        return are_opposite(first, negated(second));
    case EXPR_SELECT:
        return (first == TURNS_ON && lint->choice[b] & TURNS_OFF) ||
               (first == TURNS_OFF && lint->choice[expr_argument(graph, expr, 2)] & TURNS_OFF);
    default:
        return false;
    }
}

void model_lint(const Model *model, Diag *diag)
{
    assert(model != NULL && diag != NULL);
    const Graph *graph = model->graph;
    Arena *scratch = arena_new();
    Expr end = graph_end(graph);
    Lint lint = look(model, scratch);
    bool *reached = arena_array(scratch, end, sizeof *reached);
    for (int i = 0; i < model->state_count; i++) {
        reached[model->states[i].rate] = true;
    }
    const Source *said = NULL; // one report a line is enough
    int said_line = 0;
    for (Expr e = end; e-- > 1;) {
        for (int k = 0; reached[e] && k < expr_arity(graph, e); k++) {
            reached[expr_argument(graph, e, k)] = true;
        }
        if (!reached[e] || !is_pulse(&lint, e)) {
            continue;
        }
        Span span = is_switch(graph, e) ? model->switches[expr_symbol_index(graph, e)].span
                                        : expr_span(graph, e);
        int line = 0;
        int column = 0;
        if (span.source != NULL) {
            source_locate(span.source, span.start, &line, &column);
        }
        if (span.source != said || line != said_line) {
            diag_report(diag, FAULT_M490, span,
                        "conditions on t switch this on and off again: a "
                        "pulse that no schedule knows of");
            diag_hint(diag, "a dose with a duration, or interp() of a table in the study");
        }
        said = span.source;
        said_line = line;
    }
    arena_free(scratch);
}
