/* switch.c: conditions on time alone become SWITCH symbols.
 *
 * A condition such as t < t_end, a floor, or the choice inside min, max and abs, that depends on
 * time but on no state, changes at times that can be computed. The solver stops there, and between
 * two stops the value is frozen: in the rates the condition is replaced by the symbol of a Switch,
 * so that no step ever straddles the jump. (In the conditions of events too: they fire at that
 * stop.) Inner conditions are replaced first: in floor(t / 7) ==
 * 3 only the floor is a Switch, the comparison is then constant between stops by itself.
 *
 * Where to stop: a < b at the zeros of a - b, floor(u) and ceil(u) where u is whole, min and max
 * where the arguments meet, abs where its argument is zero.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/builder.h"

#include <assert.h>

typedef struct {
    Model *model;
    Arena *arena;
    size_t capacity;
    Expr end;       // nodes of the written model are below it
    Expr *replaced; // (end) node with switches in place of conditions; EXPR_NONE: not reached
    Expr time;
} Switcher;

static bool has_kind(const Graph *graph, Expr expr, SymbolKind kind)
{
    return (expr_kinds(graph, expr) >> kind) & 1u;
}

/* Marks what the rates and the conditions of events are made of. Children have smaller numbers than
 * their parents. */
static void mark_reached(const Switcher *switcher, bool *reached)
{
    const Model *model = switcher->model;
    for (int i = 0; i < model->state_count; i++) {
        reached[model->states[i].rate] = true;
    }
    for (int i = 0; i < model->event_count; i++) {
        reached[model->events[i].condition] = true;
    }
    for (Expr e = switcher->end; e-- > 1;) {
        for (int k = 0; reached[e] && k < expr_arity(model->graph, e); k++) {
            reached[expr_argument(model->graph, e, k)] = true;
        }
    }
}

/* True if the value bends or jumps somewhere in time, so that it is no straight line. */
static bool is_bent(const Graph *graph, Expr expr, Expr end)
{
    bool bent = false;
    Arena *scratch = arena_new();
    bool *reached = arena_array(scratch, end, sizeof *reached);
    reached[expr] = true;
    for (Expr e = expr + 1; e-- > 1;) {
        if (!reached[e] || !has_kind(graph, e, SYMBOL_TIME)) {
            continue;
        }
        switch (expr_operator(graph, e)) {
        case EXPR_ABS:
        case EXPR_MIN:
        case EXPR_MAX:
        case EXPR_FLOOR:
        case EXPR_CEIL:
        case EXPR_LESS:
        case EXPR_LESS_EQUAL:
        case EXPR_EQUAL:
        case EXPR_NOT_EQUAL:
        case EXPR_SELECT:
        case EXPR_INTERP:
            bent = true;
            break;
        default:
            break;
        }
        for (int k = 0; k < expr_arity(graph, e); k++) {
            reached[expr_argument(graph, e, k)] = true;
        }
    }
    arena_free(scratch);
    return bent;
}

/* The symbol of a new Switch. `value` and `surface` are free of SWITCH symbols. */
static Expr switch_new(Switcher *switcher, Expr value, Expr surface, bool whole, Span span)
{
    Model *model = switcher->model;
    Graph *graph = model->graph;
    for (int i = 0; i < model->switch_count; i++) {
        if (model->switches[i].value == value) {
            return expr_symbol(graph, SYMBOL_SWITCH, i);
        }
    }
    model->switches = arena_grow(switcher->arena, model->switches, (size_t)model->switch_count,
                                 &switcher->capacity, sizeof *model->switches);
    Expr slope = expr_derive(graph, surface, switcher->time);
    bool linear =
        !has_kind(graph, slope, SYMBOL_TIME) && !is_bent(graph, surface, graph_end(graph));
    model->switches[model->switch_count] = (Switch){value, surface, slope, whole, linear, span};
    return expr_symbol(graph, SYMBOL_SWITCH, model->switch_count++);
}

/* min, max, abs: which argument it is, as a Switch; then a choice. */
static Expr switch_choice(Switcher *switcher, Expr node, Expr rebuilt)
{
    Graph *graph = switcher->model->graph;
    Operator operation = expr_operator(graph, node);
    Expr a = expr_argument(graph, node, 0);
    Expr zero = expr_number(graph, 0.0);
    Expr b = operation == EXPR_ABS ? zero : expr_argument(graph, node, 1);
    Expr small = operation == EXPR_MIN ? a : b;
    Expr large = operation == EXPR_MIN ? b : a;
    Expr value = expr_apply(graph, EXPR_LESS_EQUAL, small, large, EXPR_NONE);
    if (expr_operator(graph, value) != EXPR_LESS_EQUAL) {
        return rebuilt;
    }
    Expr surface = expr_apply(graph, EXPR_SUBTRACT, a, b, EXPR_NONE);
    Expr first = switcher->replaced[a];
    Expr second = operation == EXPR_ABS
                      ? expr_apply(graph, EXPR_NEGATE, first, EXPR_NONE, EXPR_NONE)
                      : switcher->replaced[b];
    Expr chosen = switch_new(switcher, value, surface, false, expr_span(graph, node));
    return expr_apply(graph, EXPR_SELECT, chosen, first, second);
}

/* `rebuilt` is `node` with its arguments replaced; depends on time and on no state. */
static Expr switch_for(Switcher *switcher, Expr node, Expr rebuilt)
{
    Graph *graph = switcher->model->graph;
    Span span = expr_span(graph, node);
    Expr a = expr_argument(graph, node, 0);
    switch (expr_operator(graph, node)) {
    case EXPR_LESS:
    case EXPR_LESS_EQUAL:
    case EXPR_EQUAL:
    case EXPR_NOT_EQUAL: {
        Expr b = expr_argument(graph, node, 1);
        Expr surface = expr_apply(graph, EXPR_SUBTRACT, a, b, EXPR_NONE);
        return switch_new(switcher, node, surface, false, span);
    }
    case EXPR_FLOOR:
    case EXPR_CEIL:
        return switch_new(switcher, node, a, true, span);
    case EXPR_MIN:
    case EXPR_MAX:
    case EXPR_ABS:
        return switch_choice(switcher, node, rebuilt);
    default:
        return rebuilt;
    }
}

static Expr rebuild(const Switcher *switcher, Expr node)
{
    Graph *graph = switcher->model->graph;
    int arity = expr_arity(graph, node);
    Expr arguments[3] = {EXPR_NONE, EXPR_NONE, EXPR_NONE};
    bool same = true;
    for (int k = 0; k < arity; k++) {
        Expr argument = expr_argument(graph, node, k);
        arguments[k] = switcher->replaced[argument];
        same = same && arguments[k] == argument;
    }
    if (same) {
        return node;
    }
    graph_at(graph, expr_span(graph, node));
    Operator operation = expr_operator(graph, node);
    if (operation == EXPR_INTERP || operation == EXPR_INTERP_SLOPE) {
        return expr_interp(graph, expr_table(graph, node), arguments[0],
                           operation == EXPR_INTERP_SLOPE);
    }
    return expr_apply(graph, operation, arguments[0], arguments[1], arguments[2]);
}

void model_find_switches(Model *model, Arena *arena)
{
    assert(model && arena);
    Graph *graph = model->graph;
    Arena *scratch = arena_new();
    Switcher switcher = {.model = model, .arena = arena, .end = graph_end(graph)};
    switcher.time = expr_symbol(graph, SYMBOL_TIME, 0);
    switcher.end = graph_end(graph);
    switcher.replaced = arena_array(scratch, switcher.end, sizeof(Expr));
    bool *reached = arena_array(scratch, switcher.end, sizeof *reached);
    mark_reached(&switcher, reached);
    for (Expr e = 1; e < switcher.end; e++) {
        if (!reached[e]) {
            continue;
        }
        Expr rebuilt = rebuild(&switcher, e);
        bool timed = has_kind(graph, rebuilt, SYMBOL_TIME) && !has_kind(graph, e, SYMBOL_STATE);
        if (timed && expr_arity(graph, e) > 0) {
            graph_at(graph, expr_span(graph, e));
            bool table = expr_operator(graph, e) == EXPR_INTERP;
            if (table) {
                model->tables[expr_table(graph, e)].of_time = true;
            }
            rebuilt = switch_for(&switcher, e, rebuilt);
        }
        switcher.replaced[e] = rebuilt;
    }
    for (int i = 0; i < model->state_count; i++) {
        model->states[i].rate = switcher.replaced[model->states[i].rate];
    }
    for (int i = 0; i < model->event_count; i++) {
        Event *event = &model->events[i];
        Expr test = switcher.replaced[event->condition];
        event->test =
            event->falling ? expr_apply(graph, EXPR_NOT, test, EXPR_NONE, EXPR_NONE) : test;
    }
    arena_free(scratch);
}
