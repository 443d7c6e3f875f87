/* expr.c: the store of nodes: interning, symbols, substitution.
 *
 * A node is found by its contents through a hash table with open addressing that is kept at most
 * half full. Nodes are never removed and never change, so an Expr stays valid as long as the Graph.
 * Walks are loops over node numbers or use a stack of their own: a chain of 1e5 operations must not
 * need 1e5 frames of the C stack.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "expr/graph.h"

#include "base/bits.h"

#include <assert.h>
#include <string.h>

enum { FIRST_TABLE = 256 };

static const struct {
    const char *text;
    int arity;
} operators[EXPR_OPERATOR_COUNT] = {
#define OPERATOR(NAME, arity, text) {text, arity},
#include "expr/operators.def"
#undef OPERATOR
};

const char *operator_text(Operator operation)
{
    assert((unsigned)operation < EXPR_OPERATOR_COUNT);
    return operators[operation].text;
}

int operator_arity(Operator operation)
{
    assert((unsigned)operation < EXPR_OPERATOR_COUNT);
    return operators[operation].arity;
}

Operator operator_find(const char *name)
{
    assert(name != NULL);
    if (strcmp(name, "pow") == 0) {
        return EXPR_POWER;
    }
    for (int i = EXPR_EXP; i < EXPR_OPERATOR_COUNT; i++) {
        bool infix = i >= EXPR_LESS && i <= EXPR_SELECT;
        bool inner = i == EXPR_DIGAMMA || i == EXPR_HILL_SLOPE || i == EXPR_INTERP_SLOPE;
        if (!infix && !inner && strcmp(operators[i].text, name) == 0) {
            return (Operator)i;
        }
    }
    return EXPR_OPERATOR_COUNT;
}

Graph *graph_new(Arena *arena)
{
    assert(arena != NULL);
    Graph *graph = arena_alloc(arena, sizeof *graph);
    graph->arena = arena;
    graph->table = arena_array(arena, FIRST_TABLE, sizeof *graph->table);
    graph->table_size = FIRST_TABLE;
    graph->nodes = arena_grow(arena, NULL, 0, &graph->capacity, sizeof *graph->nodes);
    memset(&graph->nodes[0], 0, sizeof graph->nodes[0]);
    graph->count = 1;
    return graph;
}

void graph_at(Graph *graph, Span span)
{
    graph->span = span;
}

Expr graph_end(const Graph *graph)
{
    return (Expr)graph->count;
}

static const Node *node_at(const Graph *graph, Expr expr)
{
    assert(expr != EXPR_NONE && expr < graph->count);
    return &graph->nodes[expr];
}

static uint32_t node_hash(const Node *node)
{
    uint64_t hash =
        bits_mix(bits_of(node->value) + node->operation + 64u * (uint64_t)node->symbol_kind);
    hash = bits_mix(hash ^ (((uint64_t)node->argument[0] << 32) | node->argument[1]));
    hash = bits_mix(hash ^ (((uint64_t)node->argument[2] << 32) | (uint32_t)node->index));
    return (uint32_t)hash;
}

static bool node_same(const Node *a, const Node *b)
{
    return a->hash == b->hash && a->operation == b->operation && a->symbol_kind == b->symbol_kind &&
           a->index == b->index && memcmp(a->argument, b->argument, sizeof a->argument) == 0 &&
           bits_of(a->value) == bits_of(b->value);
}

static void table_insert(Expr *table, size_t size, uint32_t hash, Expr expr)
{
    size_t at = hash & (size - 1);
    while (table[at] != EXPR_NONE) {
        at = (at + 1) & (size - 1);
    }
    table[at] = expr;
}

static void table_double(Graph *graph)
{
    size_t size = 2 * graph->table_size;
    Expr *table = arena_array(graph->arena, size, sizeof *table);
    for (size_t i = 1; i < graph->count; i++) {
        table_insert(table, size, graph->nodes[i].hash, (Expr)i);
    }
    graph->table = table;
    graph->table_size = size;
}

/* Sets the hash; the node with the same contents, or EXPR_NONE. */
static Expr find(const Graph *graph, Node *node)
{
    node->hash = node_hash(node);
    size_t at = node->hash & (graph->table_size - 1);
    while (graph->table[at] != EXPR_NONE && !node_same(node, &graph->nodes[graph->table[at]])) {
        at = (at + 1) & (graph->table_size - 1);
    }
    return graph->table[at];
}

static Expr intern(Graph *graph, Node *node)
{
    Expr found = find(graph, node);
    if (found != EXPR_NONE) {
        return found;
    }
    if (2 * graph->count >= graph->table_size) {
        table_double(graph);
    }
    assert(graph->count < UINT32_MAX);
    graph->nodes = arena_grow(graph->arena, graph->nodes, graph->count, &graph->capacity,
                              sizeof *graph->nodes);
    node->span = graph->span;
    Expr expr = (Expr)graph->count++;
    graph->nodes[expr] = *node;
    table_insert(graph->table, graph->table_size, node->hash, expr);
    return expr;
}

static Node new_node(const Graph *graph, Operator operation, Expr a, Expr b, Expr c)
{
    Node node = {.operation = (uint8_t)operation, .argument = {a, b, c}};
    for (int i = 0; i < 3 && node.argument[i] != EXPR_NONE; i++) {
        const Node *argument = node_at(graph, node.argument[i]);
        node.kinds |= argument->kinds;
        node.state_bits |= argument->state_bits;
        node.other_bits |= argument->other_bits;
    }
    return node;
}

Expr graph_intern(Graph *graph, Operator operation, Expr a, Expr b, Expr c)
{
    Node node = new_node(graph, operation, a, b, c);
    return intern(graph, &node);
}

Expr graph_find(const Graph *graph, Operator operation, Expr a, Expr b, Expr c)
{
    Node node = {.operation = (uint8_t)operation, .argument = {a, b, c}};
    return find(graph, &node);
}

Expr expr_number(Graph *graph, double value)
{
    Node node = {.operation = EXPR_NUMBER, .value = value};
    return intern(graph, &node);
}

static uint64_t symbol_bit(SymbolKind kind, int index)
{
    return (uint64_t)1 << ((unsigned)(kind == SYMBOL_STATE ? index : index * 5 + (int)kind) % 64u);
}

Expr expr_symbol(Graph *graph, SymbolKind kind, int index)
{
    assert((unsigned)kind < SYMBOL_KIND_COUNT && index >= 0);
    Node node = {.operation = EXPR_SYMBOL,
                 .symbol_kind = (uint8_t)kind,
                 .index = index,
                 .kinds = (uint8_t)(1u << kind)};
    *(kind == SYMBOL_STATE ? &node.state_bits : &node.other_bits) = symbol_bit(kind, index);
    return intern(graph, &node);
}

Expr expr_apply(Graph *graph, Operator operation, Expr a, Expr b, Expr c)
{
    assert((unsigned)operation < EXPR_OPERATOR_COUNT && operation != EXPR_INTERP);
    assert(operation != EXPR_NUMBER && operation != EXPR_SYMBOL && operation != EXPR_INTERP_SLOPE);
    assert((a != EXPR_NONE) + (b != EXPR_NONE) + (c != EXPR_NONE) == operators[operation].arity);
    assert(a < graph->count && b < graph->count && c < graph->count);
    return simplify_apply(graph, operation, a, b, c);
}

Expr expr_interp(Graph *graph, int table, Expr x, bool slope)
{
    assert(table >= 0);
    Node node = new_node(graph, slope ? EXPR_INTERP_SLOPE : EXPR_INTERP, x, EXPR_NONE, EXPR_NONE);
    node.index = table;
    return intern(graph, &node);
}

Operator expr_operator(const Graph *graph, Expr expr)
{
    return (Operator)node_at(graph, expr)->operation;
}

int expr_arity(const Graph *graph, Expr expr)
{
    return operators[node_at(graph, expr)->operation].arity;
}

Expr expr_argument(const Graph *graph, Expr expr, int index)
{
    assert(index >= 0 && index < expr_arity(graph, expr));
    return graph->nodes[expr].argument[index];
}

double expr_value(const Graph *graph, Expr expr)
{
    assert(expr_operator(graph, expr) == EXPR_NUMBER);
    return graph->nodes[expr].value;
}

SymbolKind expr_symbol_kind(const Graph *graph, Expr expr)
{
    assert(expr_operator(graph, expr) == EXPR_SYMBOL);
    return (SymbolKind)graph->nodes[expr].symbol_kind;
}

int expr_symbol_index(const Graph *graph, Expr expr)
{
    assert(expr_operator(graph, expr) == EXPR_SYMBOL);
    return graph->nodes[expr].index;
}

int expr_table(const Graph *graph, Expr expr)
{
    assert(expr_operator(graph, expr) == EXPR_INTERP ||
           expr_operator(graph, expr) == EXPR_INTERP_SLOPE);
    return graph->nodes[expr].index;
}

Span expr_span(const Graph *graph, Expr expr)
{
    return node_at(graph, expr)->span;
}

bool expr_is_number(const Graph *graph, Expr expr, double value)
{
    const Node *node = node_at(graph, expr);
    return node->operation == EXPR_NUMBER && node->value == value;
}

unsigned expr_kinds(const Graph *graph, Expr expr)
{
    return node_at(graph, expr)->kinds;
}

bool graph_may_contain(const Graph *graph, Expr expr, Expr symbol)
{
    const Node *node = node_at(graph, expr);
    const Node *wanted = node_at(graph, symbol);
    return expr >= symbol && (node->kinds & wanted->kinds) != 0 &&
           (node->state_bits & wanted->state_bits) == wanted->state_bits &&
           (node->other_bits & wanted->other_bits) == wanted->other_bits;
}

unsigned char *graph_reach(const Graph *graph, Arena *arena, Expr expr)
{
    unsigned char *marks = arena_alloc(arena, (size_t)expr + 1);
    marks[expr] = 1;
    for (Expr e = expr; e > 0; e--) {
        for (int i = 0; marks[e] && i < 3; i++) {
            marks[graph->nodes[e].argument[i]] = 1; // an unused argument marks node 0
        }
    }
    marks[0] = 0;
    return marks;
}

bool expr_contains(const Graph *graph, Expr expr, Expr symbol)
{
    assert(expr_operator(graph, symbol) == EXPR_SYMBOL);
    if (expr == symbol || !graph_may_contain(graph, expr, symbol)) {
        return expr == symbol;
    }
    Arena *scratch = arena_new();
    unsigned char *marks = arena_alloc(scratch, (size_t)expr + 1);
    marks[expr] = 1;
    for (Expr e = expr; e > symbol && !marks[symbol]; e--) {
        for (int i = 0; marks[e] && i < 3; i++) {
            Expr argument = graph->nodes[e].argument[i];
            if (argument != EXPR_NONE && graph_may_contain(graph, argument, symbol)) {
                marks[argument] = 1;
            }
        }
    }
    bool found = marks[symbol] != 0;
    arena_free(scratch);
    return found;
}

/* The operation of `expr` on other arguments, with its place in the text. */
static Expr rebuild(Graph *graph, Expr expr, const Expr argument[3])
{
    const Node node = graph->nodes[expr];
    Span before = graph->span;
    graph->span = node.span;
    Expr result;
    if (node.operation == EXPR_INTERP || node.operation == EXPR_INTERP_SLOPE) {
        result = expr_interp(graph, node.index, argument[0], node.operation == EXPR_INTERP_SLOPE);
    } else {
        result = expr_apply(graph, (Operator)node.operation, argument[0], argument[1], argument[2]);
    }
    graph->span = before;
    return result;
}

Expr expr_substitute(Graph *graph, Expr expr, const Expr *from, const Expr *to, int count)
{
    assert(expr != EXPR_NONE && expr < graph->count && count >= 0);
    Arena *scratch = arena_new();
    unsigned char *marks = graph_reach(graph, scratch, expr);
    Expr *now = arena_array(scratch, (size_t)expr + 1, sizeof *now);
    for (int i = 0; i < count; i++) {
        if (from[i] <= expr) {
            now[from[i]] = to[i];
        }
    }
    for (Expr e = 1; e <= expr; e++) {
        if (!marks[e] || now[e] != EXPR_NONE) {
            continue;
        }
        Expr argument[3] = {EXPR_NONE, EXPR_NONE, EXPR_NONE};
        bool changed = false;
        for (int i = 0; i < 3; i++) {
            argument[i] = now[graph->nodes[e].argument[i]];
            changed = changed || argument[i] != graph->nodes[e].argument[i];
        }
        now[e] = changed ? rebuild(graph, e, argument) : e;
    }
    Expr result = now[expr];
    arena_free(scratch);
    return result;
}
