/* graph.h: the inside of a Graph, for the files of this folder only.
 *
 * Nodes stand in one growing array, node 0 unused; a table with open addressing finds a node by its
 * contents. Each node carries a 64-bit signature of the states, and one of the other symbols, that
 * occur below it (symbol number modulo 64): a clear bit proves that a symbol does not occur, which
 * prunes most of the walks that derivatives and sparsity patterns need.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_EXPR_GRAPH_H
#define STROMA_EXPR_GRAPH_H

#include "expr/expr.h"

typedef struct {
    double value; // of a NUMBER
    Span span;
    uint64_t state_bits, other_bits; // signatures of the symbols below
    Expr argument[3];
    uint32_t hash;
    int32_t index; // of a SYMBOL: its index; of an INTERP: its table
    uint8_t operation;
    uint8_t symbol_kind;
    uint8_t kinds; // bit (1 << SymbolKind)
} Node;

typedef struct {
    Expr expr, symbol, derivative; // expr 0: free
} Derived;

struct Graph {
    Arena *arena;
    Node *nodes;
    size_t count, capacity; // count includes the unused node 0
    Expr *table;            // open addressing; 0: free
    size_t table_size;      // a power of two
    Span span;              // for new nodes
    Derived *derived;       // derivatives known so far, open addressing
    size_t derived_count, derived_size;
    Expr *stack; // scratch of expr_derive
    size_t stack_capacity;
};

/* The node with these contents, found or made, without any rewriting. */
Expr graph_intern(Graph *graph, Operator operation, Expr a, Expr b, Expr c);

/* The node with these contents if there is one, else EXPR_NONE. */
Expr graph_find(const Graph *graph, Operator operation, Expr a, Expr b, Expr c);

/* simplify.c: the node for this operation after folding and rewriting. */
Expr simplify_apply(Graph *graph, Operator operation, Expr a, Expr b, Expr c);

/* False only if `symbol` surely does not occur in `expr`. */
bool graph_may_contain(const Graph *graph, Expr expr, Expr symbol);

/* marks[e] != 0 for each node e below or equal to expr; expr + 1 bytes in `arena`. */
unsigned char *graph_reach(const Graph *graph, Arena *arena, Expr expr);

#endif
