/* edge.c: where the rates jump: conditions in them that depend on states; and where they bend.
 *
 * `if C > 3 then a else b` in a rate makes it jump where C - 3 passes through zero, floor(C) where
 * C passes a whole number. (Conditions on time alone stand as SWITCH symbols: switch.c.) An Edge is
 * such a surface, with the rates as they are on either side of it: all comparisons of the same two
 * quantities change over together, so in those rates they are replaced by what they are there, and
 * nothing depends on which side rounding puts a state that lies on the surface.
 *
 * Not edges: min, max and abs, whose values do not jump; == and !=, which hold at single instants.
 *
 * What jumps in the derivatives of the rates alone is a kink: min(a, b) has one where a = b. Its
 * derivative asks which of the two is less, so kinks are found as the conditions of derivatives.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/model.h"

#include <assert.h>

/* A node that changes over at an edge. */
typedef struct {
    Expr node, below, above;
    int edge;
} Member;

typedef struct {
    const Model *model;
    Arena *arena;
    Edge *edges;
    size_t edge_count, edge_room;
    Member *members;
    size_t member_count, member_room;
} Finder;

static Expr two(const Finder *finder, Operator operation, Expr a, Expr b)
{
    return expr_apply(finder->model->graph, operation, a, b, EXPR_NONE);
}

/* The edge of that surface, a new one if there is none yet. */
static int edge_of(Finder *finder, Expr surface, bool whole)
{
    for (size_t i = 0; i < finder->edge_count; i++) {
        if (finder->edges[i].surface == surface && finder->edges[i].whole == whole) {
            return (int)i;
        }
    }
    finder->edges = arena_grow(finder->arena, finder->edges, finder->edge_count, &finder->edge_room,
                               sizeof *finder->edges);
    finder->edges[finder->edge_count] = (Edge){.surface = surface, .whole = whole};
    return (int)finder->edge_count++;
}

static void add_member(Finder *finder, Member member)
{
    finder->members = arena_grow(finder->arena, finder->members, finder->member_count,
                                 &finder->member_room, sizeof *finder->members);
    finder->members[finder->member_count++] = member;
}

/* a < b, a <= b: true where b - a is above zero. Of b - a and a - b the same one is always taken.
 */
static void add_comparison(Finder *finder, Expr node)
{
    Graph *graph = finder->model->graph;
    Expr a = expr_argument(graph, node, 0);
    Expr b = expr_argument(graph, node, 1);
    Expr rise = two(finder, EXPR_SUBTRACT, b, a);
    Expr fall = two(finder, EXPR_SUBTRACT, a, b);
    bool rises = rise < fall;
    int edge = edge_of(finder, rises ? rise : fall, false);
    add_member(finder, (Member){.node = node,
                                .edge = edge,
                                .below = expr_number(graph, rises ? 0.0 : 1.0),
                                .above = expr_number(graph, rises ? 1.0 : 0.0)});
}

/* Where u passes the whole number n upwards, floor(u) goes from n - 1 to n and ceil(u) from n to
 * n + 1; n is the one that is nearest. */
static void add_whole(Finder *finder, Expr node)
{
    Graph *graph = finder->model->graph;
    Expr u = expr_argument(graph, node, 0);
    Expr half = two(finder, EXPR_ADD, u, expr_number(graph, 0.5));
    Expr n = expr_apply(graph, EXPR_FLOOR, half, EXPR_NONE, EXPR_NONE);
    Expr one = expr_number(graph, 1.0);
    bool is_floor = expr_operator(graph, node) == EXPR_FLOOR;
    add_member(finder, (Member){.node = node,
                                .edge = edge_of(finder, u, true),
                                .below = is_floor ? two(finder, EXPR_SUBTRACT, n, one) : n,
                                .above = is_floor ? n : two(finder, EXPR_ADD, n, one)});
}

/* Marks what the marked ones depend on: of all nodes before `end`. */
static void spread(const Graph *graph, Expr end, bool *reached)
{
    for (Expr e = end; e-- > 1;) { // children have smaller numbers than their parents
        for (int k = 0; reached[e] && k < expr_arity(graph, e); k++) {
            reached[expr_argument(graph, e, k)] = true;
        }
    }
}

static void find_members(Finder *finder)
{
    const Model *model = finder->model;
    const Graph *graph = model->graph;
    Expr end = graph_end(graph);
    Arena *scratch = arena_new();
    bool *reached = arena_array(scratch, end, sizeof *reached);
    for (int i = 0; i < model->state_count; i++) {
        reached[model->states[i].rate] = true;
    }
    spread(graph, end, reached);
    for (Expr e = 1; e < end; e++) {
        if (!reached[e] || ((expr_kinds(graph, e) >> SYMBOL_STATE) & 1u) == 0) {
            continue;
        }
        Operator operation = expr_operator(graph, e);
        if (operation == EXPR_LESS || operation == EXPR_LESS_EQUAL) {
            add_comparison(finder, e);
        } else if (operation == EXPR_FLOOR || operation == EXPR_CEIL) {
            add_whole(finder, e);
        }
    }
    arena_free(scratch);
}

/* The rates that change over at an edge, on either side of it. */
static void find_sides(Finder *finder, int index)
{
    const Model *model = finder->model;
    Edge *edge = &finder->edges[index];
    size_t states = (size_t)model->state_count;
    Expr *from = arena_array(finder->arena, finder->member_count, sizeof *from);
    Expr *below = arena_array(finder->arena, finder->member_count, sizeof *below);
    Expr *above = arena_array(finder->arena, finder->member_count, sizeof *above);
    int count = 0;
    for (size_t i = 0; i < finder->member_count; i++) {
        const Member *member = &finder->members[i];
        if (member->edge == index) {
            from[count] = member->node;
            below[count] = member->below;
            above[count++] = member->above;
        }
    }
    edge->sides = arena_array(finder->arena, states, sizeof *edge->sides);
    for (int i = 0; i < model->state_count; i++) {
        Expr rate = model->states[i].rate;
        EdgeSide side = {i, expr_substitute(model->graph, rate, from, below, count),
                         expr_substitute(model->graph, rate, from, above, count)};
        if (side.below != side.above) {
            edge->sides[edge->side_count++] = side;
        }
    }
}

int model_edges(const Model *model, Arena *arena, Edge **edges)
{
    assert(model && arena && edges);
    Finder finder = {.model = model, .arena = arena};
    find_members(&finder);
    int count = 0;
    for (size_t i = 0; i < finder.edge_count; i++) {
        find_sides(&finder, (int)i);
        if (finder.edges[i].side_count > 0) {
            finder.edges[count++] = finder.edges[i];
        }
    }
    *edges = finder.edges;
    return count;
}

int model_kinks(const Model *model, Arena *arena, const Expr *derivatives, int count,
                Expr **surfaces)
{
    assert(model && arena && surfaces);
    const unsigned moving = (1u << SYMBOL_STATE) | (1u << SYMBOL_TIME);
    Graph *graph = model->graph;
    Finder finder = {.model = model, .arena = arena};
    Arena *scratch = arena_new();
    Expr end = graph_end(graph);
    bool *reached = arena_array(scratch, end, sizeof *reached);
    for (int i = 0; i < count; i++) {
        reached[derivatives[i]] = true;
    }
    reached[EXPR_NONE] = false;
    spread(graph, end, reached);
    for (Expr e = 1; e < end; e++) {
        Operator operation = expr_operator(graph, e);
        if (reached[e] && (expr_kinds(graph, e) & moving) != 0 &&
            (operation == EXPR_LESS || operation == EXPR_LESS_EQUAL)) {
            add_comparison(&finder, e);
        }
    }
    arena_free(scratch);
    *surfaces = arena_array(arena, finder.edge_count + 1, sizeof **surfaces);
    for (size_t i = 0; i < finder.edge_count; i++) {
        (*surfaces)[i] = finder.edges[i].surface;
    }
    return (int)finder.edge_count;
}
