/* columns_open.c: memory of rosenbrock_columns.h, and a lane's columns to and from the pack.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/columns_inside.h"

#include <assert.h>
#include <string.h>

void columns_weights(double s, double weight[COLUMN_NODES])
{
    for (int n = 0; n < COLUMN_NODES; n++) {
        weight[n] = 1.0;
        for (int m = 0; m < COLUMN_NODES; m++) {
            weight[n] *= m == n ? 1.0 : (s - COLUMN_NODE[m]) / (COLUMN_NODE[n] - COLUMN_NODE[m]);
        }
    }
}

void columns_slope_weights(double weight[COLUMN_NODES])
{
    weight[0] = 0.0;
    for (int n = 1; n < COLUMN_NODES; n++) {
        weight[n] = 1.0 / COLUMN_NODE[n];
        for (int m = 1; m < COLUMN_NODES; m++) {
            weight[n] *= m == n ? 1.0 : COLUMN_NODE[m] / (COLUMN_NODE[m] - COLUMN_NODE[n]);
        }
        weight[0] -= 1.0 / COLUMN_NODE[n];
    }
}

static ColumnRow *make_rows(Arena *arena, const LuProgram *lu, const LuRow *rows)
{
    const uint32_t width = (uint32_t)lu->width;
    ColumnRow *made = arena_array(arena, (size_t)lu->states, sizeof *made);
    for (int i = 0; i < lu->states; i++) {
        const LuRow *row = &rows[i];
        made[i] = (ColumnRow){.from = row->source / width,
                              .to = row->target / width,
                              .pivot = row->pivot == LU_NONE ? 0 : row->pivot / width,
                              .first = row->first,
                              .count = row->count};
    }
    return made;
}

static size_t pair_count(const LuProgram *lu)
{
    size_t most = 0;
    for (int i = 0; i < lu->states; i++) {
        const size_t forward = lu->forward[i].first + 2 * (size_t)lu->forward[i].count;
        const size_t backward = lu->backward[i].first + 2 * (size_t)lu->backward[i].count;
        most = forward > most ? forward : most;
        most = backward > most ? backward : most;
    }
    return most;
}

/* The entries of J that change within a step. */
static void find_entries(Columns *columns, Arena *arena, const Stage *stage)
{
    const unsigned moving = (1U << SYMBOL_STATE) | (1U << SYMBOL_TIME) | (1U << SYMBOL_COVARIATE);
    const Model *model = stage->tape->model;
    const Jacobian *jacobian = &model->jacobian;
    int *row_start = arena_array(arena, (size_t)columns->states + 1, sizeof *row_start);
    int *column = arena_array(arena, (size_t)jacobian->count + 1, sizeof *column);
    columns->entry = arena_array(arena, (size_t)jacobian->count + 1, sizeof *columns->entry);
    for (int i = 0; i < columns->states; i++) {
        row_start[i] = columns->entries;
        for (int e = jacobian->row_start[i]; e < jacobian->row_start[i + 1]; e++) {
            if ((expr_kinds(model->graph, jacobian->entry[e]) & moving) != 0) {
                column[columns->entries] = jacobian->column[e];
                columns->entry[columns->entries++] = e;
            }
        }
    }
    row_start[columns->states] = columns->entries;
    columns->program.row_start = row_start;
    columns->program.column = column;
}

static void make_program(Columns *columns, Arena *arena, const Stage *stage, const LuProgram *lu)
{
    size_t count = pair_count(lu);
    uint32_t *pairs = arena_array(arena, count + 1, sizeof *pairs);
    for (size_t i = 0; i < count; i++) {
        pairs[i] = lu->pairs[i] / (uint32_t)lu->width;
    }
    columns->program = (ColumnProgram){.states = columns->states,
                                       .forward = make_rows(arena, lu, lu->forward),
                                       .backward = make_rows(arena, lu, lu->backward),
                                       .pairs = pairs};
    find_entries(columns, arena, stage);
}

/* From v_k to w_k = v_k + S_k: with A(c_k) = A(0) + D,
 *
 *   (I - γ A(0)) w_k = S_k + γ (D S_k + b(c_k)) + Σ γ c_kj v_j + ...
 *
 * so that what is constant in A is multiplied with nothing; S_k becomes w_{k-1} in the last two
 * stages, and the last w is the step's result. */
static ColumnMethod make_steps(const RosenbrockMethod *method)
{
    ColumnMethod steps = {0};
    for (int k = 0; k < ROSENBROCK_STAGES; k++) {
        steps.clock[k] = method->clock[k];
        steps.looked[k][0] = 1.0;
        for (int j = 0; j < k; j++) { // v_j = w_j - S_j
            steps.looked[k][1 + j] += method->state[k][j];
            for (int m = 0; m <= j; m++) {
                steps.looked[k][m] -= method->state[k][j] * steps.looked[j][m];
            }
        }
        for (int m = 0; m <= k; m++) {
            steps.known[k][m] = steps.looked[k][m];
        }
        for (int j = 0; j < k; j++) {
            steps.known[k][1 + j] += method->known[k][j];
            for (int m = 0; m <= j; m++) {
                steps.known[k][m] -= method->known[k][j] * steps.looked[j][m];
            }
        }
    }
    for (int b = 0; b < ROSENBROCK_BENDS; b++) {
        for (int j = 0; j < ROSENBROCK_STAGES; j++) {
            steps.bend[b][1 + j] += method->bend[b][j];
            for (int m = 0; m <= j; m++) {
                steps.bend[b][m] -= method->bend[b][j] * steps.looked[j][m];
            }
        }
    }
    return steps;
}

/* What the nodes count for matrices and forces of the stages. */
static void make_weights(Columns *columns)
{
    const RosenbrockMethod *method = &columns->method;
    double slope[COLUMN_NODES];
    columns_slope_weights(slope);
    for (int m = 0; m < COLUMN_MIXES; m++) {
        double at[COLUMN_NODES];
        columns_weights(method->point[m], at);
        double next[COLUMN_NODES];
        columns_weights(method->point[m + 1], next);
        for (int n = 0; n < COLUMN_NODES; n++) {
            columns->force_weight[m][n] = method->gamma * at[n] + method->clock[m] * slope[n];
            columns->matrix_weight[m][n] =
                m + 1 == COLUMN_MIXES ? slope[n] : method->gamma * (next[n] - (n == 0 ? 1.0 : 0.0));
        }
    }
}

/* How many derivatives of the rates belong to column k, from *first of slopes->entry. */
static int forces_of(const Slopes *slopes, int k, int *first)
{
    int parameter = slopes->parameter[k];
    *first = parameter < 0 ? 0 : slopes->first[parameter];
    return parameter < 0 ? 0 : slopes->first[parameter + 1] - *first;
}

static void make_blocks(Columns *columns, Arena *arena)
{
    const Slopes *slopes = columns->slopes;
    const Partials *partials = &slopes->stage->tape->partials[PROGRAM_RATES_PARTIALS];
    int forces = 0;
    int first = 0;
    for (int k = 0; k < slopes->count; k++) {
        forces += forces_of(slopes, k, &first);
    }
    columns->items = columns->entries + forces;
    columns->forces = arena_array(arena, (size_t)forces + 1, sizeof *columns->forces);
    columns->force_entry = arena_array(arena, (size_t)forces + 1, sizeof(int));
    columns->force_column = arena_array(arena, (size_t)forces + 1, sizeof(int));
    columns->block_count = (slopes->count + COLUMN_BLOCK - 1) / COLUMN_BLOCK;
    columns->blocks = arena_array(arena, (size_t)columns->block_count + 1, sizeof *columns->blocks);
    int at = 0;
    for (int b = 0; b < columns->block_count; b++) {
        int rest = slopes->count - b * COLUMN_BLOCK;
        int size = rest >= COLUMN_BLOCK ? COLUMN_BLOCK
                                        : (rest + COLUMN_PART - 1) / COLUMN_PART * COLUMN_PART;
        Block *block = &columns->blocks[b];
        *block = (Block){.first = b * COLUMN_BLOCK,
                         .count = rest < size ? rest : size,
                         .size = size,
                         .first_force = at};
        for (int k = block->first; k < block->first + block->count; k++) {
            for (int i = 0, count = forces_of(slopes, k, &first); i < count; i++, at++) {
                int entry = slopes->entry[first + i];
                columns->forces[at] =
                    (ColumnForce){partials->items[entry].output, k - block->first};
                columns->force_entry[at] = entry;
                columns->force_column[at] = k;
            }
        }
        block->force_count = at - block->first_force;
        columns->room += (size_t)columns->states * (size_t)size;
    }
}

static double *numbers(Arena *arena, size_t count)
{
    return arena_array(arena, count + 1, sizeof(double));
}

static void make_lanes(Columns *columns, Arena *arena)
{
    const size_t width = (size_t)columns->slopes->stage->width;
    columns->lanes = arena_array(arena, width, sizeof *columns->lanes);
    columns->part = numbers(arena, width);
    columns->cut = numbers(arena, width);
    columns->times = numbers(arena, width);
    columns->asked = arena_array(arena, width, sizeof *columns->asked);
    columns->looks = arena_array(arena, width, sizeof *columns->looks);
    columns->brackets = arena_array(arena, width, sizeof *columns->brackets);
    columns->kink_count = columns->slopes->program == PROGRAM_RATES_PARTIALS
                              ? columns->slopes->stage->tape->kink_count
                              : 0;
    columns->surfaces = numbers(arena, (size_t)columns->kink_count * width);
    columns->jumps =
        columns->kink_count > 0 ? numbers(arena, (size_t)columns->items * (width + 1)) : NULL;
    columns->groups = arena_array(arena, width, sizeof *columns->groups);
    for (size_t g = 0; g < width; g++) {
        for (int n = 0; n < COLUMN_NODES; n++) {
            columns->groups[g].node[n] = numbers(arena, (size_t)columns->items * COLUMN_GROUP);
        }
        columns->groups[g].scale = numbers(arena, (size_t)columns->items * COLUMN_GROUP);
        columns->groups[g].factored = numbers(arena, (size_t)columns->entries * COLUMN_GROUP);
    }
    for (size_t lane = 0; lane < width; lane++) {
        LaneColumns *own = &columns->lanes[lane];
        own->s = numbers(arena, columns->room);
        own->next = numbers(arena, columns->room);
        own->inflow = numbers(arena, columns->room);
        own->now = numbers(arena, (size_t)columns->items + COLUMN_PART);
        own->side = arena_alloc(arena, (size_t)columns->kink_count + 1);
        own->side_then = arena_alloc(arena, (size_t)columns->kink_count + 1);
        for (int m = 0; m < ROSENBROCK_BENDS; m++) {
            own->bend[m] = numbers(arena, columns->room);
        }
    }
}

/* States by which some output is to be derived. */
static void find_seen(Columns *columns, Arena *arena)
{
    const Partials *partials = &columns->slopes->stage->tape->partials[PROGRAM_OBSERVE_PARTIALS];
    columns->seen = arena_array(arena, (size_t)columns->states, sizeof(int));
    for (int i = 0; i < columns->states; i++) {
        bool any = false;
        for (int e = 0; e < partials->count && !any; e++) {
            any = partials->items[e].kind == SYMBOL_STATE && partials->items[e].index == i;
        }
        if (any) {
            columns->seen[columns->seen_count++] = i;
        }
    }
}

static void make_scratch(Columns *columns, Arena *arena)
{
    const size_t row = (size_t)columns->states * COLUMN_BLOCK * COLUMN_GROUP;
    const size_t items = (size_t)columns->items * COLUMN_GROUP;
    const size_t forces = (size_t)(columns->items - columns->entries) * COLUMN_GROUP;
    double **rows[] = {&columns->s,     &columns->inflow,  &columns->sum,
                       &columns->known, &columns->drifted, &columns->work};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        *rows[i] = numbers(arena, row);
    }
    for (int k = 0; k < ROSENBROCK_STAGES; k++) {
        columns->stages[k] = numbers(arena, row);
    }
    for (int m = 0; m < COLUMN_MIXES; m++) {
        columns->matrix[m] = numbers(arena, (size_t)columns->entries * COLUMN_GROUP);
        columns->force[m] = numbers(arena, forces);
    }
    columns->floor = numbers(arena, (size_t)columns->states * COLUMN_GROUP);
    columns->one = numbers(arena, items);
    columns->factors = numbers(arena, (size_t)columns->factor_count * COLUMN_GROUP);
    columns->column = numbers(arena, (size_t)columns->states);
    columns->error = numbers(arena, (size_t)COLUMN_BLOCK * COLUMN_GROUP);
}

Columns *columns_open(Arena *arena, const Slopes *slopes, const LuProgram *lu)
{
    assert(slopes != NULL && slopes->count > 0);
    const Stage *stage = slopes->stage;
    Columns *columns = arena_alloc(arena, sizeof *columns);
    *columns = (Columns){.slopes = slopes,
                         .kernels = column_kernels_for(stage->kernels->isa),
                         .method = rosenbrock_method(),
                         .states = stage->states,
                         .factor_count = lu->entry_count};
    columns->steps = make_steps(&columns->method);
    make_program(columns, arena, stage, lu);
    make_blocks(columns, arena);
    make_lanes(columns, arena);
    make_scratch(columns, arena);
    find_seen(columns, arena);
    make_weights(columns);
    columns->most = columns->kernels->fours[0].solve != NULL ? COLUMN_GROUP : 1;
    return columns;
}

/* ---- to and from the pack ---- */

/* Entry of state 0 of a column; those of the others follow `size` of its block apart. */
static size_t own_place(const Columns *columns, int k)
{
    const Block *block = &columns->blocks[k / COLUMN_BLOCK];
    return (size_t)block->first * (size_t)columns->states + (size_t)(k - block->first);
}

static size_t size_at(const Columns *columns, int k)
{
    return (size_t)columns->blocks[k / COLUMN_BLOCK].size;
}

void columns_set_out(Columns *columns, int lane)
{
    if (columns == NULL) {
        return;
    }
    const Slopes *slopes = columns->slopes;
    LaneColumns *own = &columns->lanes[lane];
    own->fresh = true;
    own->landed = false;
    own->landing = own->lands = 0.0;
    own->cuts = 0;
    own->flows = false;
    for (int k = 0; k < slopes->count; k++) {
        size_t place = own_place(columns, k);
        for (int i = 0; i < columns->states; i++, place += size_at(columns, k)) {
            size_t from = slope_at(slopes, k, i, lane);
            own->s[place] = slopes->s[from];
            own->inflow[place] = slopes->inflow[from];
            own->flows = own->flows || slopes->inflow[from] != 0.0;
        }
    }
}

void columns_arrive(Columns *columns, int lane)
{
    if (columns == NULL) {
        return;
    }
    const Slopes *slopes = columns->slopes;
    const LaneColumns *own = &columns->lanes[lane];
    for (int k = 0; k < slopes->count; k++) {
        size_t place = own_place(columns, k);
        for (int i = 0; i < columns->states; i++, place += size_at(columns, k)) {
            slopes->s[slope_at(slopes, k, i, lane)] = own->s[place];
        }
    }
}

void columns_take(Columns *columns, int lane)
{
    if (columns == NULL) {
        return;
    }
    LaneColumns *own = &columns->lanes[lane];
    double *taken = own->next;
    own->next = own->s;
    own->s = taken;
    own->landed = own->fresh = own->lands > 0.0;
    own->cuts = own->landed ? own->cuts : 0;
    signed char *side = own->side_then;
    own->side_then = own->side;
    own->side = side;
    for (size_t i = 0; i < (size_t)columns->items && !own->fresh; i++) {
        own->now[i] = own->then[i * own->apart];
    }
}

void columns_value(Columns *columns, int lane, double part)
{
    if (columns == NULL) {
        return;
    }
    const Slopes *slopes = columns->slopes;
    const LaneColumns *own = &columns->lanes[lane];
    const double bow = part * (1.0 - part);
    for (int k = 0; k < slopes->count; k++) {
        const size_t first = own_place(columns, k);
        for (int one = 0; one < columns->seen_count; one++) {
            const int i = columns->seen[one];
            const size_t at = first + (size_t)i * size_at(columns, k);
            double bend = own->bend[0][at] + part * (own->bend[1][at] + part * own->bend[2][at]);
            slopes->inside[slope_at(slopes, k, i, lane)] =
                (1.0 - part) * own->s[at] + part * own->next[at] + bow * bend;
        }
    }
}
