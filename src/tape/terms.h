/* terms.h: operations of a tape before they have slots; inside of tape_compile only.
 *
 * A Term is to a tape what an Expr is to a model: a hash-consed node with arguments that are older
 * than itself, but its operation is one of ops.def, or OP_NONE for a leaf (a constant or a symbol).
 * The way of an expression: lower.c (Expr -> Term) -> fuse.c (joins operations, per program) ->
 * emit.c (order, slots, instructions) -> compile.c (layout of the slot array).
 * A term is fixed if it depends on parameters, covariates and constants only: it is hoisted.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_TAPE_TERMS_H
#define STROMA_TAPE_TERMS_H

#include "tape/tape.h"

typedef uint32_t Term;
enum { TERM_NONE = 0 };

typedef struct {
    Op op;                        // OP_NONE: a leaf
    Term argument[TAPE_OPERANDS]; // TERM_NONE beyond the arity
    uint32_t index;               // of a symbol: its index; of OP_INTERP: its table
    uint8_t is_symbol;            // a leaf: symbol, else constant
    uint8_t symbol_kind;
    bool fixed;
    double value; // of a constant
    Expr origin;  // what it computes; EXPR_NONE for a constant that no text names
    uint32_t hash;
} TermNode;

typedef struct {
    Arena *arena; // scratch of tape_compile
    TermNode *nodes;
    size_t count, capacity; // node 0 is not used
    Term *table;
    size_t table_size;
    double steepest; // where the slope of hill ends, times 1/K
} Terms;

void terms_open(Terms *terms, Arena *arena);
Term term_constant(Terms *terms, double value, Expr origin);
Term term_symbol(Terms *terms, SymbolKind kind, int index, Expr origin);
/* The operation on these arguments; `table` for OP_INTERP. Constants are folded where that is exact
 * arithmetic. */
Term term_make(Terms *terms, Op op, const Term argument[TAPE_OPERANDS], uint32_t table,
               Expr origin);
bool term_is_constant(const Terms *terms, Term term, double value);

/* lower.c: the terms of the `count` expressions; EXPR_NONE is 0. */
void terms_lower(Terms *terms, const Graph *graph, const Expr *exprs, Term *out, int count);

/* fuse.c: the outputs of one program rewritten in joined operations. */
void terms_fuse(Terms *terms, Term *outputs, int count);

/* partials.c: the derivatives of the `count` outputs of the program that `derived` derives, as
 * expressions in *derivatives. */
Partials partials_find(const Tape *tape, Arena *arena, ProgramName derived, const Expr *outputs,
                       int count, Expr **derivatives);
/* The program that `derived` derives. */
ProgramName partials_base(ProgramName derived);

/* emit.c. An operand before the layout is known: a region and a number in it. */
enum {
    REGION_TIME, // the first five as SymbolKind
    REGION_STATE,
    REGION_PARAMETER,
    REGION_COVARIATE,
    REGION_SWITCH,
    REGION_CONSTANT,
    REGION_HOISTED,
    REGION_WORKING,
    REGION_OUTPUT, // + ProgramName
    REGION_COUNT = REGION_OUTPUT + PROGRAM_COUNT,
    REGION_SHIFT = 27
};

/* What has been given out so far, over all programs. */
typedef struct {
    Arena *arena; // of the tape; everything else is in terms->arena
    const Terms *terms;
    bool setup;                // emitting PROGRAM_SETUP: fixed terms are computed, not read
    Term *constants, *hoisted; // in order of their slots
    size_t constant_count, constant_capacity, hoisted_count, hoisted_capacity;
    uint32_t *place; // (terms->count) of constants and hoisted terms: number + 1; 0: none
    uint32_t working_count;
} Emission;

/* A program that computes roots[i] into places[i] (an encoded operand, each a place of its own). */
void terms_emit(Emission *emission, const Term *roots, const uint32_t *places, int count,
                Program *program);

static inline uint32_t operand_code(int region, uint32_t number)
{
    return ((uint32_t)region << REGION_SHIFT) | number;
}

#endif
