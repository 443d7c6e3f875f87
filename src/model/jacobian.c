/* jacobian.c: the exact sparse Jacobian of the rates.
 *
 * Which states a rate depends on is found in one walk over the graph with one bit a state; only
 * those derivatives are made. Entries that fold to 0 are left out, except on the diagonal, which
 * the solver's matrix I - gamma J always has. SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/builder.h"

#include <assert.h>

/* bits[e * words ...]: the states that node e depends on. */
static uint64_t *find_dependence(Arena *arena, const Graph *graph, Expr end, size_t words)
{
    uint64_t *bits = arena_array(arena, (size_t)end * words, sizeof *bits);
    for (Expr e = 1; e < end; e++) {
        uint64_t *own = bits + e * words;
        if (expr_operator(graph, e) == EXPR_SYMBOL && expr_symbol_kind(graph, e) == SYMBOL_STATE) {
            int index = expr_symbol_index(graph, e);
            own[index / 64] |= (uint64_t)1 << (index % 64);
        }
        for (int k = 0; k < expr_arity(graph, e); k++) {
            const uint64_t *below = bits + expr_argument(graph, e, k) * words;
            for (size_t w = 0; w < words; w++) {
                own[w] |= below[w];
            }
        }
    }
    return bits;
}

void model_make_jacobian(Model *model, Arena *arena)
{
    assert(model && arena);
    Graph *graph = model->graph;
    Jacobian *jacobian = &model->jacobian;
    Arena *scratch = arena_new();
    int n = model->state_count;
    size_t words = ((size_t)n + 63) / 64;
    uint64_t *bits = find_dependence(scratch, graph, graph_end(graph), words);
    size_t columns = 0;
    size_t entries = 0;
    size_t count = 0;
    jacobian->row_start = arena_array(arena, (size_t)n + 1, sizeof *jacobian->row_start);
    for (int i = 0; i < n; i++) {
        const uint64_t *own = bits + model->states[i].rate * words;
        for (int j = 0; j < n; j++) {
            bool depends = (own[j / 64] >> (j % 64)) & 1u;
            if (!depends && i != j) {
                continue;
            }
            graph_at(graph, expr_span(graph, model->states[i].rate));
            Expr entry = depends ? expr_derive(graph, model->states[i].rate,
                                               expr_symbol(graph, SYMBOL_STATE, j))
                                 : expr_number(graph, 0.0);
            if (i != j && expr_is_number(graph, entry, 0.0)) {
                continue;
            }
            jacobian->column = arena_grow(arena, jacobian->column, count, &columns, sizeof(int));
            jacobian->entry = arena_grow(arena, jacobian->entry, count, &entries, sizeof(Expr));
            jacobian->column[count] = j;
            jacobian->entry[count++] = entry;
        }
        jacobian->row_start[i + 1] = (int)count;
    }
    jacobian->count = (int)count;
    arena_free(scratch);
}
