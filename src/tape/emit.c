/* emit.c: the terms of one program in order, in slots, as instructions.
 *
 * Order: depth first from the outputs, so that a value is made shortly before its use. Slots: a
 * result that is an output goes straight to its place; other results share working slots, each free
 * again after its last use, the one freed last taken first, so that the working set stays in the
 * cache. An output that repeats another one, or is an input, is moved at the end. Operands are
 * encoded by region (terms.h), as the sizes of the regions are known only when all programs have
 * been emitted.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "tape/terms.h"

#include <assert.h>

typedef struct {
    Term term;
    int next; // argument to look at next
} Visit;

typedef struct {
    Emission *emission;
    const Terms *terms;
    Arena *scratch;
    Term *order; // what is to be computed, arguments first
    size_t order_count, order_capacity;
    Visit *visits;
    size_t visit_count, visit_capacity;
    unsigned char *seen; // (terms->count)
    uint32_t *last_use;  // (terms->count) number in `order` + 1 of the last user
    uint32_t *where;     // (terms->count) encoded operand
    uint32_t *available; // free working slots, a stack
    size_t available_count, available_capacity;
} Emit;

/* Whether this program has to compute it, rather than read it. */
static bool is_computed(const Emit *emit, Term term)
{
    const TermNode *node = &emit->terms->nodes[term];
    return node->op != OP_NONE && (emit->emission->setup || !node->fixed);
}

static void visit(Emit *emit, Term term)
{
    if (!emit->seen[term] && is_computed(emit, term)) {
        emit->seen[term] = 1;
        emit->visits = arena_grow(emit->scratch, emit->visits, emit->visit_count,
                                  &emit->visit_capacity, sizeof *emit->visits);
        emit->visits[emit->visit_count++] = (Visit){.term = term};
    }
}

static void put_in_order(Emit *emit, Term root)
{
    visit(emit, root);
    while (emit->visit_count > 0) {
        Visit *top = &emit->visits[emit->visit_count - 1];
        const TermNode *node = &emit->terms->nodes[top->term];
        if (top->next < op_arity(node->op)) {
            visit(emit, node->argument[top->next++]);
            continue;
        }
        emit->order = arena_grow(emit->scratch, emit->order, emit->order_count,
                                 &emit->order_capacity, sizeof *emit->order);
        emit->order[emit->order_count++] = top->term;
        emit->visit_count--;
        for (int i = 0; i < op_arity(node->op); i++) {
            emit->last_use[node->argument[i]] = (uint32_t)emit->order_count;
        }
    }
}

/* The slot of a constant or hoisted term, given out at its first use. */
static uint32_t shared_place(Emission *emission, Term term, bool constant)
{
    Arena *scratch = emission->terms->arena;
    Term **list = constant ? &emission->constants : &emission->hoisted;
    size_t *count = constant ? &emission->constant_count : &emission->hoisted_count;
    size_t *capacity = constant ? &emission->constant_capacity : &emission->hoisted_capacity;
    if (emission->place[term] == 0) {
        *list = arena_grow(scratch, *list, *count, capacity, sizeof **list);
        (*list)[(*count)++] = term;
        emission->place[term] = (uint32_t)*count;
    }
    return operand_code(constant ? REGION_CONSTANT : REGION_HOISTED, emission->place[term] - 1);
}

static uint32_t operand_of(Emit *emit, Term term)
{
    const TermNode *node = &emit->terms->nodes[term];
    if (is_computed(emit, term)) {
        return emit->where[term];
    }
    if (node->op == OP_NONE && node->is_symbol) {
        return operand_code(node->symbol_kind, node->index);
    }
    return shared_place(emit->emission, term, node->op == OP_NONE);
}

/* Frees the working slots of arguments that position `at` uses for the last time. */
static void release(Emit *emit, const TermNode *node, size_t at)
{
    for (int i = 0; i < op_arity(node->op); i++) {
        Term argument = node->argument[i];
        bool working =
            is_computed(emit, argument) && emit->where[argument] >> REGION_SHIFT == REGION_WORKING;
        if (working && emit->last_use[argument] == at + 1) {
            emit->available = arena_grow(emit->scratch, emit->available, emit->available_count,
                                         &emit->available_capacity, sizeof *emit->available);
            emit->available[emit->available_count++] = emit->where[argument];
            emit->last_use[argument] = 0; // once, though it may be an argument twice
        }
    }
}

static uint32_t working_slot(Emit *emit, uint32_t *used)
{
    if (emit->available_count > 0) {
        return emit->available[--emit->available_count];
    }
    return operand_code(REGION_WORKING, (*used)++);
}

static void emit_one(Emit *emit, size_t at, uint32_t *used, Instruction *instruction)
{
    Term term = emit->order[at];
    const TermNode *node = &emit->terms->nodes[term];
    uint32_t operands[TAPE_OPERANDS] = {0};
    for (int i = 0; i < op_arity(node->op); i++) {
        operands[i] = operand_of(emit, node->argument[i]);
    }
    release(emit, node, at);
    if (emit->where[term] == UINT32_MAX) {
        emit->where[term] = working_slot(emit, used);
    }
    bool interp = node->op == OP_INTERP || node->op == OP_INTERP_SLOPE;
    *instruction = (Instruction){.op = (uint16_t)node->op,
                                 .dst = emit->where[term],
                                 .a = operands[0],
                                 .b = interp ? node->index : operands[1],
                                 .c = operands[2],
                                 .d = operands[3]};
}

static Emit emit_open(Emission *emission)
{
    Arena *scratch = emission->terms->arena;
    size_t count = emission->terms->count;
    Emit emit = {.emission = emission,
                 .terms = emission->terms,
                 .scratch = scratch,
                 .seen = arena_alloc(scratch, count),
                 .last_use = arena_array(scratch, count, sizeof(uint32_t)),
                 .where = arena_array(scratch, count, sizeof(uint32_t))};
    for (size_t i = 0; i < count; i++) {
        emit.where[i] = UINT32_MAX;
    }
    return emit;
}

void terms_emit(Emission *emission, const Term *roots, const uint32_t *places, int count,
                Program *program)
{
    Emit emit = emit_open(emission);
    unsigned char *moved = arena_alloc(emit.scratch, (size_t)count + 1);
    size_t moves = 0;
    for (int i = 0; i < count; i++) {
        put_in_order(&emit, roots[i]);
        moved[i] = !is_computed(&emit, roots[i]) || emit.where[roots[i]] != UINT32_MAX;
        moves += moved[i];
        if (!moved[i]) {
            emit.where[roots[i]] = places[i];
        }
    }
    size_t total = emit.order_count + moves;
    program->code = arena_array(emission->arena, total + 1, sizeof *program->code);
    program->origin = arena_array(emission->arena, total + 1, sizeof *program->origin);
    program->count = (int)total;
    uint32_t used = 0;
    for (size_t at = 0; at < emit.order_count; at++) {
        emit_one(&emit, at, &used, &program->code[at]);
        program->origin[at] = emit.terms->nodes[emit.order[at]].origin;
    }
    size_t at = emit.order_count;
    for (int i = 0; i < count; i++) {
        if (moved[i]) {
            program->code[at] =
                (Instruction){.op = OP_MOVE, .dst = places[i], .a = operand_of(&emit, roots[i])};
            program->origin[at++] = emit.terms->nodes[roots[i]].origin;
        }
    }
    assert(at == total && program->code[total].op == OP_NONE);
    emission->working_count = used > emission->working_count ? used : emission->working_count;
}
