/* blocklu.c: decides the order of elimination and writes the programs that the kernels run.
 *
 * Order: Markowitz's count on the diagonal, (row - 1)(column - 1) with the fill-in so far, the
 * lowest number first among equals. Rows of the pattern are kept as bits, so that eliminating a
 * state is an `or` of rows. Then row by row, column by column (Doolittle): the entry at (i, j) is
 *   m(i,j) - Σ l(i,k) u(k,j), k < min(i, j), for j < i times the reciprocal of the pivot u(j,j),
 * and each such sum is one LuEntry.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/blocklu.h"

#include <assert.h>
#include <limits.h>
#include <string.h>

struct BlockLu {
    LuProgram program;
    const LaneKernels *kernels;
    int product_count;
};

/* What is known while the elimination is planned. */
typedef struct {
    Arena *arena;
    int states;
    size_t words;   // per row of bits
    uint64_t *bits; // (states × words) pattern with fill-in, in the model's numbering
    int *row_count, *column_count; // entries among the states not yet eliminated
    int *order;                    // order[k]: the state eliminated as number k
    int *place;                    // the inverse
    uint32_t *slot; // (states × states) offset of entry (row, column) in the new numbering
    uint32_t width;
} Plan;

static bool has_bit(const Plan *plan, int row, int column)
{
    const uint64_t *bits = plan->bits + (size_t)row * plan->words;
    return (bits[column / 64] >> (column % 64)) & 1;
}

static void add_bit(Plan *plan, int row, int column)
{
    if (!has_bit(plan, row, column)) {
        plan->bits[(size_t)row * plan->words + (size_t)(column / 64)] |= (uint64_t)1 << column % 64;
        plan->row_count[row]++;
        plan->column_count[column]++;
    }
}

static int cheapest(const Plan *plan, const bool *gone)
{
    int best = -1;
    long best_cost = LONG_MAX;
    for (int i = 0; i < plan->states; i++) {
        long cost = (long)(plan->row_count[i] - 1) * (plan->column_count[i] - 1);
        if (!gone[i] && cost < best_cost) {
            best = i;
            best_cost = cost;
        }
    }
    return best;
}

/* Eliminates state k from the pattern: every row that holds k takes over row k. */
static void eliminate(Plan *plan, int k, const bool *gone)
{
    for (int row = 0; row < plan->states; row++) {
        if (gone[row] || row == k || !has_bit(plan, row, k)) {
            continue;
        }
        for (int column = 0; column < plan->states; column++) {
            if (!gone[column] && column != k && has_bit(plan, k, column)) {
                add_bit(plan, row, column);
            }
        }
        plan->row_count[row]--;
    }
    for (int column = 0; column < plan->states; column++) {
        if (!gone[column] && column != k && has_bit(plan, k, column)) {
            plan->column_count[column]--;
        }
    }
}

static void find_order(Plan *plan)
{
    bool *gone = arena_array(plan->arena, (size_t)plan->states, sizeof *gone);
    for (int k = 0; k < plan->states; k++) {
        int state = cheapest(plan, gone);
        plan->order[k] = state;
        plan->place[state] = k;
        gone[state] = true;
        eliminate(plan, state, gone);
    }
}

static Plan make_plan(Arena *arena, Pattern pattern, int width)
{
    size_t n = (size_t)pattern.states;
    Plan plan = {.arena = arena, .states = pattern.states, .words = (n + 63) / 64};
    plan.width = (uint32_t)width;
    plan.bits = arena_array(arena, n * plan.words, sizeof *plan.bits);
    plan.row_count = arena_array(arena, n, sizeof(int));
    plan.column_count = arena_array(arena, n, sizeof(int));
    plan.order = arena_array(arena, n, sizeof(int));
    plan.place = arena_array(arena, n, sizeof(int));
    for (int i = 0; i < pattern.states; i++) {
        add_bit(&plan, i, i);
        for (int e = pattern.row_start[i]; e < pattern.row_start[i + 1]; e++) {
            assert(pattern.column[e] >= 0 && pattern.column[e] < pattern.states);
            add_bit(&plan, i, pattern.column[e]);
        }
    }
    find_order(&plan);
    plan.slot = arena_array(arena, n * n, sizeof *plan.slot);
    uint32_t next = 0;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++) {
            bool there = has_bit(&plan, plan.order[i], plan.order[j]);
            plan.slot[i * n + j] = there ? next * plan.width : LU_NONE;
            next += there;
        }
    }
    return plan;
}

static uint32_t slot_of(const Plan *plan, int row, int column)
{
    return plan->slot[(size_t)row * (size_t)plan->states + (size_t)column];
}

/* Offset in the Jacobian of the model's entry, or LU_NONE. */
static uint32_t source_of(const Plan *plan, Pattern pattern, int row, int column)
{
    int i = plan->order[row];
    for (int e = pattern.row_start[i]; e < pattern.row_start[i + 1]; e++) {
        if (pattern.column[e] == plan->order[column]) {
            return (uint32_t)e * plan->width;
        }
    }
    return LU_NONE;
}

/* A list of pairs that grows while the programs are written. */
typedef struct {
    Arena *arena;
    uint32_t *items;
    size_t count, capacity; // in numbers, two to a pair
} Pairs;

static void add_pair(Pairs *pairs, uint32_t left, uint32_t right)
{
    for (int i = 0; i < 2; i++) {
        pairs->items = arena_grow(pairs->arena, pairs->items, pairs->count, &pairs->capacity,
                                  sizeof *pairs->items);
        pairs->items[pairs->count++] = i == 0 ? left : right;
    }
}

static LuEntry make_entry(const Plan *plan, Pattern pattern, int row, int column, Pairs *pairs)
{
    LuEntry entry = {
        .kind = row == column  ? LU_DIAGONAL
                : row < column ? LU_UPPER
                               : LU_LOWER,
        .target = slot_of(plan, row, column),
        .source = source_of(plan, pattern, row, column),
        .pivot = slot_of(plan, column, column),
        .first = (uint32_t)pairs->count,
    };
    int limit = row < column ? row : column;
    for (int k = 0; k < limit; k++) {
        uint32_t left = slot_of(plan, row, k);
        uint32_t right = slot_of(plan, k, column);
        if (left != LU_NONE && right != LU_NONE) {
            add_pair(pairs, left, right);
            entry.count++;
        }
    }
    return entry;
}

static void write_factor(BlockLu *lu, const Plan *plan, Pattern pattern, Pairs *pairs)
{
    LuProgram *program = &lu->program;
    size_t capacity = 0;
    for (int i = 0; i < plan->states; i++) {
        for (int j = 0; j < plan->states; j++) {
            if (slot_of(plan, i, j) == LU_NONE) {
                continue;
            }
            program->entries =
                arena_grow(plan->arena, program->entries, (size_t)program->entry_count, &capacity,
                           sizeof *program->entries);
            program->entries[program->entry_count++] = make_entry(plan, pattern, i, j, pairs);
        }
    }
    lu->product_count = (int)(pairs->count / 2);
}

/* Forward: from b, in the model's numbering, to the work rows in the new one. Backward: from the
 * work rows to x in the model's numbering. */
static void write_solves(LuProgram *program, const Plan *plan, Pairs *pairs)
{
    int n = plan->states;
    program->forward = arena_array(plan->arena, (size_t)n, sizeof *program->forward);
    program->backward = arena_array(plan->arena, (size_t)n, sizeof *program->backward);
    for (int i = 0; i < n; i++) {
        LuRow *row = &program->forward[i];
        *row = (LuRow){.target = (uint32_t)i * plan->width,
                       .source = (uint32_t)plan->order[i] * plan->width,
                       .pivot = LU_NONE,
                       .first = (uint32_t)pairs->count};
        for (int j = 0; j < i; j++) {
            if (slot_of(plan, i, j) != LU_NONE) {
                add_pair(pairs, slot_of(plan, i, j), (uint32_t)j * plan->width);
                row->count++;
            }
        }
    }
    for (int i = n - 1; i >= 0; i--) {
        LuRow *row = &program->backward[n - 1 - i];
        *row = (LuRow){.target = (uint32_t)plan->order[i] * plan->width,
                       .source = (uint32_t)i * plan->width,
                       .pivot = slot_of(plan, i, i),
                       .first = (uint32_t)pairs->count};
        // What is known last comes last, so that the rest of the sum need not wait for it.
        for (int j = n - 1; j > i; j--) {
            if (slot_of(plan, i, j) != LU_NONE) {
                add_pair(pairs, slot_of(plan, i, j), (uint32_t)plan->order[j] * plan->width);
                row->count++;
            }
        }
    }
}

BlockLu *blocklu_open(Arena *arena, Pattern pattern, int width, const Kernels *kernels)
{
    assert(arena != NULL && kernels != NULL && pattern.states > 0 && width > 0);
    BlockLu *lu = arena_alloc(arena, sizeof *lu);
    Plan plan = make_plan(arena, pattern, width);
    LuProgram *program = &lu->program;
    program->states = pattern.states;
    program->width = width;
    Pairs pairs = {.arena = arena, .capacity = 2}; // there is a list, be it empty
    pairs.items = arena_array(arena, 2, sizeof *pairs.items);
    write_factor(lu, &plan, pattern, &pairs);
    write_solves(program, &plan, &pairs);
    program->pairs = pairs.items;
    size_t lanes = (size_t)width;
    program->values = arena_array(arena, (size_t)program->entry_count * lanes, sizeof(double));
    program->work = arena_array(arena, (size_t)pattern.states * lanes, sizeof(double));
    program->watch = arena_array(arena, lanes, sizeof(double));
    lu->kernels = kernels_lanes(kernels, width);
    return lu;
}

void blocklu_factor(BlockLu *lu, const double *jacobian, double gamma)
{
    blocklu_factor_scaled(lu, jacobian, NULL, gamma);
}

void blocklu_factor_scaled(BlockLu *lu, const double *jacobian, const double *scale, double gamma)
{
    for (int lane = 0; lane < lu->program.width; lane += KERNEL_BLOCK) {
        lu->kernels->factor(&lu->program, jacobian, scale, gamma, lane);
    }
}

bool blocklu_good(const BlockLu *lu, int lane)
{
    return lu->program.watch[lane] <= BLOCKLU_LIMIT; // false for NaN
}

void blocklu_solve(BlockLu *lu, const double *b, double *x)
{
    for (int lane = 0; lane < lu->program.width; lane += KERNEL_BLOCK) {
        lu->kernels->solve(&lu->program, b, x, lane);
    }
}

int blocklu_entries(const BlockLu *lu)
{
    return lu->program.entry_count;
}

int blocklu_products(const BlockLu *lu)
{
    return lu->product_count;
}

const LuProgram *blocklu_program(const BlockLu *lu)
{
    return &lu->program;
}
