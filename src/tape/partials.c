/* partials.c: which derivatives the sensitivities need, as expressions.
 *
 *   rates      by states (the model's Jacobian, as it is) and parameters
 *   observe    by states and parameters
 *   initial    by parameters and time
 *   routes     by parameters and time
 *   switches   the surfaces, by parameters (their slope in time stands in PROGRAM_SWITCHES)
 *   events     surfaces and delays, by states, parameters and time
 *   assign     by states, parameters and time
 *   edges      the surfaces, by states, parameters and time
 *
 * The derivatives are nodes of the model's graph, so whatever they have in common, among themselves
 * or with the program they derive, is one node. Those that fold to 0 are left out.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "tape/terms.h"

#include <assert.h>

enum { BY_STATE = 1U << SYMBOL_STATE, BY_PARAMETER = 1U << SYMBOL_PARAMETER };
enum { BY_TIME = 1U << SYMBOL_TIME };

static const struct {
    ProgramName base;
    unsigned kinds; // bit (1 << SymbolKind)
} derived_programs[PROGRAM_COUNT] = {
    [PROGRAM_RATES_PARTIALS] = {PROGRAM_RATES, BY_PARAMETER},
    [PROGRAM_OBSERVE_PARTIALS] = {PROGRAM_OBSERVE, BY_STATE | BY_PARAMETER},
    [PROGRAM_INITIAL_PARTIALS] = {PROGRAM_INITIAL, BY_PARAMETER | BY_TIME},
    [PROGRAM_ROUTES_PARTIALS] = {PROGRAM_ROUTES, BY_PARAMETER | BY_TIME},
    [PROGRAM_SWITCHES_PARTIALS] = {PROGRAM_SWITCHES, BY_PARAMETER},
    [PROGRAM_EVENTS_PARTIALS] = {PROGRAM_EVENTS, BY_STATE | BY_PARAMETER | BY_TIME},
    [PROGRAM_ASSIGN_PARTIALS] = {PROGRAM_ASSIGN, BY_STATE | BY_PARAMETER | BY_TIME},
    [PROGRAM_EDGES_PARTIALS] = {PROGRAM_EDGES, BY_STATE | BY_PARAMETER | BY_TIME},
};

ProgramName partials_base(ProgramName derived)
{
    assert(derived >= PROGRAM_PARTIALS && derived < PROGRAM_COUNT);
    return derived_programs[derived].base;
}

typedef struct {
    const Tape *tape;
    Arena *arena;
    Partials partials;
    Expr *derivatives;
    size_t item_room, derivative_room;
} Search;

static void add(Search *search, Partial partial, Expr derivative)
{
    size_t count = (size_t)search->partials.count;
    search->partials.items = arena_grow(search->arena, search->partials.items, count,
                                        &search->item_room, sizeof *search->partials.items);
    search->derivatives = arena_grow(search->arena, search->derivatives, count,
                                     &search->derivative_room, sizeof *search->derivatives);
    search->partials.items[count] = partial;
    search->derivatives[count] = derivative;
    search->partials.count++;
}

static void derive_by(Search *search, Expr expr, Partial partial)
{
    Graph *graph = search->tape->model->graph;
    int index =
        partial.kind == SYMBOL_PARAMETER ? search->tape->sensitive[partial.index] : partial.index;
    Expr derivative = expr_derive(graph, expr, expr_symbol(graph, partial.kind, index));
    if (!expr_is_number(graph, derivative, 0.0)) {
        add(search, partial, derivative);
    }
}

static void derive(Search *search, Expr expr, int output, unsigned kinds)
{
    const Model *model = search->tape->model;
    if (expr == EXPR_NONE) {
        return;
    }
    kinds &= expr_kinds(model->graph, expr);
    graph_at(model->graph, expr_span(model->graph, expr));
    for (int i = 0; (kinds & BY_STATE) != 0 && i < model->state_count; i++) {
        derive_by(search, expr, (Partial){output, SYMBOL_STATE, i});
    }
    for (int i = 0; (kinds & BY_PARAMETER) != 0 && i < search->tape->sensitive_count; i++) {
        derive_by(search, expr, (Partial){output, SYMBOL_PARAMETER, i});
    }
    if ((kinds & BY_TIME) != 0) {
        derive_by(search, expr, (Partial){output, SYMBOL_TIME, 0});
    }
}

/* Outputs of a program that no jump condition asks for. */
static bool is_wanted(ProgramName derived, int output)
{
    if (derived == PROGRAM_SWITCHES_PARTIALS) {
        return output % 3 == 1; // value, surface, slope
    }
    if (derived == PROGRAM_EVENTS_PARTIALS) {
        int which = output % TRIGGER_OUTPUTS;
        return which == TRIGGER_SURFACE || which == TRIGGER_DELAY;
    }
    return true;
}

Partials partials_find(const Tape *tape, Arena *arena, ProgramName derived, const Expr *outputs,
                       int count, Expr **derivatives)
{
    assert(tape != NULL && derivatives != NULL);
    const Jacobian *jacobian = &tape->model->jacobian;
    Search search = {.tape = tape, .arena = arena};
    for (int i = 0; derived == PROGRAM_RATES_PARTIALS && i < tape->model->state_count; i++) {
        for (int e = jacobian->row_start[i]; e < jacobian->row_start[i + 1]; e++) {
            add(&search, (Partial){i, SYMBOL_STATE, jacobian->column[e]}, jacobian->entry[e]);
        }
    }
    for (int i = 0; i < count; i++) {
        if (is_wanted(derived, i)) {
            derive(&search, outputs[i], i, derived_programs[derived].kinds);
        }
    }
    *derivatives = search.derivatives;
    return search.partials;
}
