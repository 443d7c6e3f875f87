/* fuse.c: joins the operations of one program.
 *
 * An instruction costs its dispatch, its loads and its store more than its arithmetic, so an
 * operation that only one other uses is drawn into that one. Two passes over the terms, oldest
 * first, each counting uses anew:
 *   1. a reciprocal used once, by a product, becomes a division again; the minus of a product goes
 *      into its fixed factor;
 *   2. products and sums join into the operations of ops.def.
 * Pass 2 keeps each rounding of the terms it joins; only reciprocals change last bits.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "tape/terms.h"

#include <assert.h>

/* A term under rewriting: its arguments are rewritten already. */
typedef struct {
    Terms *terms;
    TermNode node;            // a copy; argument[]: rewritten
    bool once[TAPE_OPERANDS]; // the argument is used by this term only
} Rewrite;

static Term make(const Rewrite *rewrite, Op op, Term a, Term b, Term c, Term d)
{
    Term argument[TAPE_OPERANDS] = {a, b, c, d};
    return term_make(rewrite->terms, op, argument, rewrite->node.index, rewrite->node.origin);
}

/* The i-th argument if it is an `op` that may be drawn in, else NULL. The node moves when a term is
 * made: copy what is needed first. */
static const TermNode *inner(const Rewrite *rewrite, int i, Op op)
{
    const TermNode *node = &rewrite->terms->nodes[rewrite->node.argument[i]];
    return rewrite->once[i] && !node->fixed && node->op == op ? node : NULL;
}

static Term first_pass(const Rewrite *rewrite)
{
    const Term *a = rewrite->node.argument;
    if (rewrite->node.op == OP_MULTIPLY) {
        for (int i = 0; i < 2; i++) { // x * (1/y) -> x / y
            const TermNode *reciprocal = inner(rewrite, i, OP_RECIPROCAL);
            if (reciprocal != NULL) {
                return make(rewrite, OP_DIVIDE, a[1 - i], reciprocal->argument[0], 0, 0);
            }
        }
    }
    if (rewrite->node.op == OP_NEGATE) {
        const TermNode *product = inner(rewrite, 0, OP_MULTIPLY);
        product = product != NULL ? product : inner(rewrite, 0, OP_DIVIDE);
        if (product != NULL) { // -(k * x) -> (-k) * x
            TermNode copy = *product;
            for (int i = 0; i < (copy.op == OP_MULTIPLY ? 2 : 1); i++) {
                if (rewrite->terms->nodes[copy.argument[i]].fixed) {
                    Term minus = make(rewrite, OP_NEGATE, copy.argument[i], 0, 0, 0);
                    copy.argument[i] = minus;
                    return make(rewrite, copy.op, copy.argument[0], copy.argument[1], 0, 0);
                }
            }
        }
    }
    return make(rewrite, rewrite->node.op, a[0], a[1], a[2], a[3]);
}

static Term join_sum(const Rewrite *rewrite)
{
    const Term *a = rewrite->node.argument;
    const TermNode *left = inner(rewrite, 0, OP_MULTIPLY);
    const TermNode *right = inner(rewrite, 1, OP_MULTIPLY);
    if (left != NULL && right != NULL) {
        return make(rewrite, OP_PRODUCTS_ADD, left->argument[0], left->argument[1],
                    right->argument[0], right->argument[1]);
    }
    static const struct {
        Op inner, joined;
    } joins[] = {{OP_MULTIPLY3, OP_MULTIPLY3_ADD},
                 {OP_MULTIPLY, OP_MULTIPLY_ADD},
                 {OP_ADD, OP_ADD3},
                 {OP_ADD3, OP_ADD4},
                 {OP_SUBTRACT, OP_SUBTRACT_ADD}};
    for (size_t k = 0; k < sizeof joins / sizeof *joins; k++) {
        for (int i = 0; i < 2; i++) {
            const TermNode *x = inner(rewrite, i, joins[k].inner);
            Term other = a[1 - i];
            if (x != NULL) {
                bool three = op_arity(joins[k].inner) == 3;
                return make(rewrite, joins[k].joined, x->argument[0], x->argument[1],
                            three ? x->argument[2] : other, three ? other : TERM_NONE);
            }
        }
    }
    return make(rewrite, OP_ADD, a[0], a[1], 0, 0);
}

static Term join_difference(const Rewrite *rewrite)
{
    const Term *a = rewrite->node.argument;
    const TermNode *left = inner(rewrite, 0, OP_MULTIPLY);
    const TermNode *right = inner(rewrite, 1, OP_MULTIPLY);
    if (left != NULL && right != NULL) {
        return make(rewrite, OP_PRODUCTS_SUBTRACT, left->argument[0], left->argument[1],
                    right->argument[0], right->argument[1]);
    }
    const TermNode *x = inner(rewrite, 1, OP_MULTIPLY3);
    if (x != NULL) {
        return make(rewrite, OP_SUBTRACT_MULTIPLY3, a[0], x->argument[0], x->argument[1],
                    x->argument[2]);
    }
    if (right != NULL) {
        return make(rewrite, OP_SUBTRACT_MULTIPLY, a[0], right->argument[0], right->argument[1], 0);
    }
    x = inner(rewrite, 0, OP_MULTIPLY3);
    if (x != NULL) {
        return make(rewrite, OP_MULTIPLY3_SUBTRACT, x->argument[0], x->argument[1], x->argument[2],
                    a[1]);
    }
    if (left != NULL) {
        return make(rewrite, OP_MULTIPLY_SUBTRACT, left->argument[0], left->argument[1], a[1], 0);
    }
    x = inner(rewrite, 0, OP_ADD);
    if (x != NULL) {
        return make(rewrite, OP_ADD_SUBTRACT, x->argument[0], x->argument[1], a[1], 0);
    }
    x = inner(rewrite, 0, OP_SUBTRACT);
    if (x != NULL) {
        return make(rewrite, OP_SUBTRACT2, x->argument[0], x->argument[1], a[1], 0);
    }
    return make(rewrite, OP_SUBTRACT, a[0], a[1], 0, 0);
}

static Term join_product(const Rewrite *rewrite)
{
    const Term *a = rewrite->node.argument;
    static const struct {
        Op inner, joined;
        bool inner_first; // where the operands of the inner operation go
    } joins[] = {{OP_DIVIDE_SUM, OP_SCALE_RATIO_SUM, false},
                 {OP_DIVIDE, OP_SCALE_RATIO, false},
                 {OP_MULTIPLY3, OP_MULTIPLY4, true},
                 {OP_MULTIPLY, OP_MULTIPLY3, true},
                 {OP_ADD, OP_SCALE_SUM, false},
                 {OP_SUBTRACT, OP_SCALE_DIFFERENCE, false}};
    for (size_t k = 0; k < sizeof joins / sizeof *joins; k++) {
        for (int i = 0; i < 2; i++) {
            const TermNode *x = inner(rewrite, i, joins[k].inner);
            Term other = a[1 - i];
            if (x == NULL) {
                continue;
            }
            if (!joins[k].inner_first) {
                return make(rewrite, joins[k].joined, other, x->argument[0], x->argument[1],
                            x->argument[2]);
            }
            bool three = op_arity(joins[k].inner) == 3;
            return make(rewrite, joins[k].joined, x->argument[0], x->argument[1],
                        three ? x->argument[2] : other, three ? other : TERM_NONE);
        }
    }
    return make(rewrite, OP_MULTIPLY, a[0], a[1], 0, 0);
}

static Term second_pass(const Rewrite *rewrite)
{
    const Term *a = rewrite->node.argument;
    const TermNode *x = NULL;
    switch (rewrite->node.op) {
    case OP_ADD:
        return join_sum(rewrite);
    case OP_SUBTRACT:
        return join_difference(rewrite);
    case OP_MULTIPLY:
        return join_product(rewrite);
    case OP_DIVIDE:
        x = inner(rewrite, 1, OP_ADD);
        if (x != NULL) {
            return make(rewrite, OP_DIVIDE_SUM, a[0], x->argument[0], x->argument[1], 0);
        }
        break;
    case OP_RECIPROCAL:
        x = inner(rewrite, 0, OP_ADD);
        if (x != NULL) {
            return make(rewrite, OP_RECIPROCAL_SUM, x->argument[0], x->argument[1], 0, 0);
        }
        break;
    case OP_SELECT:
        x = inner(rewrite, 0, OP_LESS);
        if (x != NULL) {
            return make(rewrite, OP_SELECT_LESS, x->argument[0], x->argument[1], a[1], a[2]);
        }
        x = inner(rewrite, 0, OP_LESS_EQUAL);
        if (x != NULL) {
            return make(rewrite, OP_SELECT_LESS_EQUAL, x->argument[0], x->argument[1], a[1], a[2]);
        }
        break;
    default:
        break;
    }
    return make(rewrite, rewrite->node.op, a[0], a[1], a[2], a[3]);
}

static void count_uses(const Terms *terms, const Term *outputs, int count, unsigned *uses)
{
    for (int i = 0; i < count; i++) {
        uses[outputs[i]]++;
    }
    for (Term t = (Term)terms->count - 1; t > 0; t--) {
        const TermNode *node = &terms->nodes[t];
        for (int i = 0; uses[t] > 0 && !node->fixed && i < TAPE_OPERANDS; i++) {
            uses[node->argument[i]]++;
        }
    }
}

static void pass(Terms *terms, Term *outputs, int count, Term rule(const Rewrite *))
{
    size_t end = terms->count;
    unsigned *uses = arena_array(terms->arena, end, sizeof *uses);
    Term *now = arena_array(terms->arena, end, sizeof *now);
    count_uses(terms, outputs, count, uses);
    for (Term t = 1; t < end; t++) {
        now[t] = t;
        if (uses[t] == 0 || terms->nodes[t].fixed || terms->nodes[t].op == OP_NONE) {
            continue;
        }
        Rewrite rewrite = {.terms = terms, .node = terms->nodes[t]};
        for (int i = 0; i < op_arity(rewrite.node.op); i++) {
            Term argument = rewrite.node.argument[i];
            rewrite.once[i] = uses[argument] == 1;
            rewrite.node.argument[i] = now[argument];
        }
        now[t] = rule(&rewrite);
    }
    for (int i = 0; i < count; i++) {
        outputs[i] = now[outputs[i]];
    }
}

void terms_fuse(Terms *terms, Term *outputs, int count)
{
    assert(count >= 0);
    pass(terms, outputs, count, first_pass);
    pass(terms, outputs, count, second_pass);
}
