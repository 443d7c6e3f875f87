/* terms.c: the store of terms: interning and folding.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "tape/terms.h"

#include "base/bits.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum { FIRST_TABLE = 256 };

void terms_open(Terms *terms, Arena *arena)
{
    *terms = (Terms){.arena = arena, .table_size = FIRST_TABLE};
    terms->table = arena_array(arena, FIRST_TABLE, sizeof *terms->table);
    terms->nodes = arena_grow(arena, NULL, 0, &terms->capacity, sizeof *terms->nodes);
    terms->nodes[0] = (TermNode){.op = OP_NONE};
    terms->count = 1;
}

static uint32_t hash_of(const TermNode *node)
{
    uint64_t kind = (uint64_t)node->op * 64 + node->is_symbol + (uint64_t)node->symbol_kind * 2;
    uint64_t hash = bits_mix(bits_of(node->value) + kind);
    hash = bits_mix(hash ^ (((uint64_t)node->argument[0] << 32) | node->argument[1]));
    hash = bits_mix(hash ^ (((uint64_t)node->argument[2] << 32) | node->argument[3]));
    return (uint32_t)bits_mix(hash ^ node->index);
}

static bool same(const TermNode *a, const TermNode *b)
{
    return a->hash == b->hash && a->op == b->op && a->is_symbol == b->is_symbol &&
           a->symbol_kind == b->symbol_kind && a->index == b->index &&
           memcmp(a->argument, b->argument, sizeof a->argument) == 0 &&
           bits_of(a->value) == bits_of(b->value);
}

static void insert(Term *table, size_t size, uint32_t hash, Term term)
{
    size_t at = hash & (size - 1);
    while (table[at] != TERM_NONE) {
        at = (at + 1) & (size - 1);
    }
    table[at] = term;
}

static Term intern(Terms *terms, TermNode *node)
{
    node->hash = hash_of(node);
    for (size_t at = node->hash & (terms->table_size - 1); terms->table[at] != TERM_NONE;
         at = (at + 1) & (terms->table_size - 1)) {
        if (same(node, &terms->nodes[terms->table[at]])) {
            return terms->table[at];
        }
    }
    if (2 * terms->count >= terms->table_size) {
        terms->table_size *= 2;
        terms->table = arena_array(terms->arena, terms->table_size, sizeof *terms->table);
        for (size_t i = 1; i < terms->count; i++) {
            insert(terms->table, terms->table_size, terms->nodes[i].hash, (Term)i);
        }
    }
    assert(terms->count < (size_t)1 << REGION_SHIFT);
    terms->nodes = arena_grow(terms->arena, terms->nodes, terms->count, &terms->capacity,
                              sizeof *terms->nodes);
    Term term = (Term)terms->count++;
    terms->nodes[term] = *node;
    insert(terms->table, terms->table_size, node->hash, term);
    return term;
}

Term term_constant(Terms *terms, double value, Expr origin)
{
    TermNode node = {.op = OP_NONE, .value = value, .fixed = true, .origin = origin};
    return intern(terms, &node);
}

Term term_symbol(Terms *terms, SymbolKind kind, int index, Expr origin)
{
    TermNode node = {.op = OP_NONE,
                     .is_symbol = 1,
                     .symbol_kind = (uint8_t)kind,
                     .index = (uint32_t)index,
                     .fixed = kind == SYMBOL_PARAMETER || kind == SYMBOL_COVARIATE,
                     .origin = origin};
    return intern(terms, &node);
}

bool term_is_constant(const Terms *terms, Term term, double value)
{
    const TermNode *node = &terms->nodes[term];
    return term != TERM_NONE && node->op == OP_NONE && !node->is_symbol && node->value == value;
}

static bool is_leaf_constant(const Terms *terms, Term term)
{
    return terms->nodes[term].op == OP_NONE && !terms->nodes[term].is_symbol;
}

/* The value of plain arithmetic on constants; NaN if it is not that. */
static double folded(const Terms *terms, Op op, Term a, Term b)
{
    if (!is_leaf_constant(terms, a) || (b != TERM_NONE && !is_leaf_constant(terms, b))) {
        return (double)NAN;
    }
    double x = terms->nodes[a].value;
    double y = terms->nodes[b].value;
    switch (op) {
    case OP_ADD:
        return x + y;
    case OP_SUBTRACT:
        return x - y;
    case OP_MULTIPLY:
        return x * y;
    case OP_DIVIDE:
        return x / y;
    case OP_NEGATE:
        return -x;
    case OP_RECIPROCAL:
        return 1 / x;
    default:
        return (double)NAN;
    }
}

Term term_make(Terms *terms, Op op, const Term argument[TAPE_OPERANDS], uint32_t table, Expr origin)
{
    double value = folded(terms, op, argument[0], argument[1]);
    if (isfinite(value)) {
        return term_constant(terms, value, origin);
    }
    TermNode node = {.op = op, .index = table, .fixed = true, .origin = origin};
    for (int i = 0; i < op_arity(op); i++) {
        assert(argument[i] != TERM_NONE && argument[i] < terms->count);
        node.argument[i] = argument[i];
        node.fixed = node.fixed && terms->nodes[argument[i]].fixed;
    }
    bool commutes = op == OP_ADD || op == OP_MULTIPLY;
    if (commutes && node.argument[0] > node.argument[1]) {
        node.argument[0] = argument[1];
        node.argument[1] = argument[0];
    }
    return intern(terms, &node);
}
