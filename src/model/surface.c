/* surface.c: where the condition of an event changes: a function that passes through zero there.
 *
 *   a < b, a <= b   b - a                     not c     -c
 *   c and d         min(c, d)                 c or d    max(c, d)
 *   a == b          -|a - b|                  a != b    |a - b|
 *   if c then d else e                        max(min(c, d), min(-c, e))
 *   anything else (a condition on time, which stands as a SWITCH; a constant)   2 c - 1
 *
 * Positive where the condition is true. Beside it stands whether the condition is true, or false,
 * by more than rounding: a comparison whose sides differ by more than ROUNDING of their size. An
 * event that sets a state onto its own threshold is then not taken to have left it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/builder.h"

#include <assert.h>

// Sides of a comparison that differ by less, relative to their size, are taken as equal.
static const double ROUNDING = 16 * 2.220446049250313e-16;

typedef struct {
    Expr surface;
    Expr clearly_true, clearly_false;
} Side;

typedef struct {
    Graph *graph;
    Side *sides; // of each node that is used as a condition
} Finder;

static Expr one(const Finder *finder, Operator operation, Expr a)
{
    return expr_apply(finder->graph, operation, a, EXPR_NONE, EXPR_NONE);
}

static Expr two(const Finder *finder, Operator operation, Expr a, Expr b)
{
    return expr_apply(finder->graph, operation, a, b, EXPR_NONE);
}

static Side negated(const Finder *finder, Side side)
{
    return (Side){one(finder, EXPR_NEGATE, side.surface), side.clearly_false, side.clearly_true};
}

static Side both(const Finder *finder, Side a, Side b)
{
    return (Side){two(finder, EXPR_MIN, a.surface, b.surface),
                  two(finder, EXPR_AND, a.clearly_true, b.clearly_true),
                  two(finder, EXPR_OR, a.clearly_false, b.clearly_false)};
}

static Side either(const Finder *finder, Side a, Side b)
{
    return negated(finder, both(finder, negated(finder, a), negated(finder, b)));
}

/* True where `rise` is above zero; rounding is of the size of a and b. */
static Side compared(const Finder *finder, Expr rise, Expr a, Expr b)
{
    Expr size = two(finder, EXPR_ADD, one(finder, EXPR_ABS, a), one(finder, EXPR_ABS, b));
    Expr least = two(finder, EXPR_MULTIPLY, expr_number(finder->graph, ROUNDING), size);
    return (Side){rise, two(finder, EXPR_LESS, least, rise),
                  two(finder, EXPR_LESS, rise, one(finder, EXPR_NEGATE, least))};
}

static Side side_of(const Finder *finder, Expr node)
{
    Graph *graph = finder->graph;
    Operator operation = expr_operator(graph, node);
    Expr a = expr_arity(graph, node) > 0 ? expr_argument(graph, node, 0) : EXPR_NONE;
    Expr b = expr_arity(graph, node) > 1 ? expr_argument(graph, node, 1) : EXPR_NONE;
    const Side *sides = finder->sides;
    switch (operation) {
    case EXPR_LESS:
    case EXPR_LESS_EQUAL:
        return compared(finder, two(finder, EXPR_SUBTRACT, b, a), a, b);
    case EXPR_EQUAL:
    case EXPR_NOT_EQUAL: {
        Expr distance = one(finder, EXPR_ABS, two(finder, EXPR_SUBTRACT, a, b));
        Side differ = compared(finder, distance, a, b);
        differ.clearly_false = one(finder, EXPR_NOT, differ.clearly_true);
        return operation == EXPR_EQUAL ? negated(finder, differ) : differ;
    }
    case EXPR_AND:
        return both(finder, sides[a], sides[b]);
    case EXPR_OR:
        return either(finder, sides[a], sides[b]);
    case EXPR_NOT:
        return negated(finder, sides[a]);
    case EXPR_SELECT: {
        Side otherwise = sides[expr_argument(graph, node, 2)];
        return either(finder, both(finder, sides[a], sides[b]),
                      both(finder, negated(finder, sides[a]), otherwise));
    }
    default: {
        Expr twice = two(finder, EXPR_MULTIPLY, expr_number(graph, 2.0), node);
        Expr surface = two(finder, EXPR_SUBTRACT, twice, expr_number(graph, 1.0));
        return (Side){surface, node, one(finder, EXPR_NOT, node)};
    }
    }
}

/* Marks what is used as a condition, from the tests of the events downwards. */
static void mark_conditions(const Model *model, bool *marks, Expr end)
{
    const Graph *graph = model->graph;
    for (int i = 0; i < model->event_count; i++) {
        marks[model->events[i].test] = true;
    }
    for (Expr e = end; e-- > 1;) {
        Operator operation = expr_operator(graph, e);
        bool joins = operation == EXPR_AND || operation == EXPR_OR || operation == EXPR_NOT ||
                     operation == EXPR_SELECT;
        for (int k = 0; marks[e] && joins && k < expr_arity(graph, e); k++) {
            marks[expr_argument(graph, e, k)] = true;
        }
    }
}

/* An equality on time, or of states alone, holds for no span of time that a run could see. */
static void warn_of_equalities(Builder *builder, const bool *marks, Expr end)
{
    const Model *model = builder->model;
    const Graph *graph = model->graph;
    Span place;
    for (Expr e = 1; e < end; e++) {
        bool is_switch = marks[e] && expr_operator(graph, e) == EXPR_SYMBOL &&
                         expr_symbol_kind(graph, e) == SYMBOL_SWITCH;
        const Switch *timed = is_switch ? &model->switches[expr_symbol_index(graph, e)] : NULL;
        if (timed && expr_operator(graph, timed->value) == EXPR_EQUAL &&
            fault_begin(builder, FAULT_M045, NULL, timed->span, &place)) {
            diag_report(builder->diag, FAULT_M045, place,
                        "this holds at single instants only, and no event fires on it");
            diag_hint(builder->diag, "write t >= ...");
        }
    }
    for (int i = 0; i < model->event_count; i++) {
        const Event *event = &model->events[i];
        if (expr_operator(graph, event->test) == EXPR_EQUAL &&
            fault_begin(builder, FAULT_M045, NULL, event->span, &place)) {
            diag_report(
                builder->diag, FAULT_M045, place,
                "the event '%s' fires on an equality, which a run passes without meeting it",
                event->label.name);
            diag_hint(builder->diag, "write >= or <=");
        }
    }
}

void model_find_surfaces(Builder *builder)
{
    assert(builder);
    Model *model = builder->model;
    if (model->event_count == 0) {
        return;
    }
    Expr end = graph_end(model->graph);
    Arena *scratch = arena_new();
    bool *marks = arena_array(scratch, end, sizeof *marks);
    Finder finder = {model->graph, arena_array(scratch, end, sizeof *finder.sides)};
    mark_conditions(model, marks, end);
    warn_of_equalities(builder, marks, end);
    for (Expr e = 1; e < end; e++) { // children have smaller numbers than their parents
        if (marks[e]) {
            graph_at(model->graph, expr_span(model->graph, e));
            finder.sides[e] = side_of(&finder, e);
        }
    }
    for (int i = 0; i < model->event_count; i++) {
        Event *event = &model->events[i];
        event->surface = finder.sides[event->test].surface;
        event->off = finder.sides[event->test].clearly_false;
    }
    arena_free(scratch);
}
