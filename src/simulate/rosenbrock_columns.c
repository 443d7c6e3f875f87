/* rosenbrock_columns.c: see rosenbrock_columns.h.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/columns_inside.h"

#include <math.h>

static const double ALIKE = 1e-12; // entries that differ by rounding only
static const double REFUSED = 2.0; // the error of a step that is not tried

static const BlockKernels *kernels_of(const Columns *columns, const Group *group,
                                      const Block *block)
{
    return group->size > 1 ? &columns->kernels->fours[block->count - 1]
                           : &columns->kernels->singles[block->size / COLUMN_PART - 1];
}

/* ---- what a step meets ---- */

static bool is_tried(const Rosenbrock *method, int column)
{
    return method->stage->scale[column] != 0.0 && method->error[column] <= 1.0;
}

static bool has_pivots(const Rosenbrock *method, int column)
{
    return method->pivot_count > 0 && method->pivots[column];
}

static void add_to(Group *group, int column, int lane, double length)
{
    group->column[group->size] = column;
    group->lane[group->size] = lane;
    group->length[group->size++] = length;
}

/* The last lanes are too few to go side by side: three do so with one of them twice, fewer go one
 * by one. */
static void fill_last(Columns *columns, Group *group)
{
    if (group == NULL || group->size == columns->most || group->pivots) {
        return;
    }
    if (group->size == COLUMN_GROUP - 1) {
        add_to(group, group->column[0], group->lane[0], group->length[0]);
        return;
    }
    for (int g = 1; g < group->size; g++) {
        Group *next = &columns->groups[columns->group_count++];
        next->size = 0;
        next->pivots = false;
        add_to(next, group->column[g], group->lane[g], group->length[g]);
    }
    group->size = 1;
}

/* Lanes that are tried, as many as go side by side, those that pivot alone. */
static void make_groups(Columns *columns, const Rosenbrock *method, const int *lane_of)
{
    const int width = method->stage->width;
    columns->group_count = 0;
    for (int pivots = 0; pivots <= 1; pivots++) {
        Group *group = NULL;
        for (int column = 0; column < width; column++) {
            if (!is_tried(method, column) || has_pivots(method, column) != (pivots == 1)) {
                continue;
            }
            if (group == NULL || group->size == columns->most || pivots == 1) {
                group = &columns->groups[columns->group_count++];
                group->size = 0;
                group->pivots = pivots == 1;
            }
            add_to(group, column, lane_of[column], method->stage->scale[column]);
        }
        fill_last(columns, group);
    }
}

/* The matrix that the factors are of, before others take its slots. */
static void keep_factored(Columns *columns, const Stage *stage)
{
    const double *jacobian =
        tape_output(stage->tape, PROGRAM_JACOBIAN, stage->slots, 0, stage->width);
    for (int i = 0; i < columns->group_count; i++) {
        Group *group = &columns->groups[i];
        const ColumnGather matrix = {.from = jacobian,
                                     .stride = stage->width,
                                     .entry = columns->entry,
                                     .count = columns->entries,
                                     .column = group->column,
                                     .factor = group->length};
        columns->kernels->gather(&matrix, group->size, group->factored);
        columns_find_scale(columns, group);
    }
}

/* A lane that has nothing from the step before looks anew where it stands. */
static void look_anew(Columns *columns, const Stage *stage, const double *values,
                      const Group *group, int g)
{
    LaneColumns *own = &columns->lanes[group->lane[g]];
    const Group alone = {
        .size = 1, .column = {group->column[g]}, .lane = {group->lane[g]}, .scale = columns->one};
    columns_find_scale(columns, &alone);
    columns_note_sides(columns, stage, group->column[g], own);
    columns_gather(columns, stage, values, &alone, NULL, own->now);
    own->fresh = false;
}

/* At the beginning of the step. */
static void look_at_first(Columns *columns, const Rosenbrock *method)
{
    Stage *stage = method->stage;
    const double *values = NULL;
    const ColumnRows row = {1, columns->items, columns->items};
    for (int i = 0; i < columns->group_count; i++) {
        const Group *group = &columns->groups[i];
        const double *now[COLUMN_GROUP];
        for (int g = 0; g < group->size; g++) {
            LaneColumns *own = &columns->lanes[group->lane[g]];
            if (own->fresh && values == NULL) {
                stage_set_state(stage, stage->y);
                values = stage_plain_slopes(stage, columns->slopes->program, 0.0);
            }
            if (own->fresh) {
                look_anew(columns, stage, values, group, g);
            }
            now[g] = own->now;
            own->then = group->node[COLUMN_NODES - 1] + g;
            own->apart = (size_t)group->size;
        }
        columns->kernels->beside(now, row, group->length, group->size, group->node[0]);
    }
}

/* The rates' derivatives at a node, of a step that leads to a kink just before it. */
static const double *look_at(Columns *columns, Rosenbrock *method, int n, bool lands)
{
    Stage *stage = method->stage;
    if (n + 1 == COLUMN_NODES && lands) {
        return columns_look(columns, method, columns->slopes->program);
    }
    if (n + 1 == COLUMN_NODES) {
        stage_set_state(stage, method->next);
    } else {
        rosenbrock_value_at(method, COLUMN_NODE[n],
                            stage->slots + (size_t)stage->tape->state * (size_t)stage->width);
    }
    return stage_plain_slopes(stage, columns->slopes->program, COLUMN_NODE[n]);
}

/* At the nodes after the first; the last is that of the next step, whatever its length. */
static void look_on_the_way(Columns *columns, Rosenbrock *method, bool lands)
{
    const Stage *stage = method->stage;
    for (int n = 1; n < COLUMN_NODES; n++) {
        const double *values = look_at(columns, method, n, lands);
        columns_compare_sides(columns, stage, n);
        for (int i = 0; i < columns->group_count; i++) {
            const Group *group = &columns->groups[i];
            columns_gather(columns, stage, values, group,
                           n + 1 < COLUMN_NODES ? group->length : NULL, group->node[n]);
        }
    }
}

/* ---- the step of a group ---- */

/* Matrices and forces of the stages, and how they drift. */
static void mix_stages(Columns *columns, const Group *group)
{
    const ColumnKernels *kernels = columns->kernels;
    const int matrix = columns->entries * group->size;
    const int forces = columns->items * group->size - matrix;
    static const int as_they_stand[COLUMN_GROUP] = {0, 1, 2, 3};
    const ColumnGather last = {.from = group->node[COLUMN_NODES - 1],
                               .stride = group->size,
                               .count = columns->items,
                               .column = as_they_stand,
                               .factor = group->length};
    const double *x[COLUMN_NODES] = {group->node[0], group->node[1], group->node[2], columns->one};
    kernels->gather(&last, group->size, columns->one);
    kernels->mix(columns->matrix_weight, x, columns->matrix, matrix);
    for (int n = 0; n < COLUMN_NODES; n++) {
        x[n] += matrix;
    }
    kernels->mix(columns->force_weight, x, columns->force, forces);
}

/* The matrix of the factors is not always A(0): slopes that are all but infinite are cut off in it.
 * True if it is: else what is missing has been added to the matrices of the stages. */
static bool are_exact(Columns *columns, const Group *group)
{
    const double gamma = columns->method.gamma;
    const double *now = group->node[0];
    const double *factored = group->factored;
    const int count = columns->entries * group->size;
    const bool exact = columns->kernels->alike(now, factored, ALIKE, count);
    for (int i = 0; i < count && !exact; i++) {
        for (int m = 0; m + 1 < COLUMN_MIXES; m++) {
            columns->matrix[m][i] += gamma * (now[i] - factored[i]);
        }
        columns->one[i] = gamma * (now[i] - factored[i]);
    }
    return exact;
}

static void gather_factors(Columns *columns, const Rosenbrock *method, const Group *group)
{
    const LuProgram *lu = blocklu_program(method->sparse);
    const ColumnGather factors = {.from = lu->values,
                                  .stride = lu->width,
                                  .count = columns->factor_count,
                                  .column = group->column};
    columns->kernels->gather(&factors, group->size, columns->factors);
}

/* A stage with the pivoted factors of a lane. */
static void solve_with_pivots(const Columns *columns, const Rosenbrock *method, int column,
                              const ColumnPass *pass, int k, int size)
{
    const ColumnProgram *program = pass->program;
    const DenseLanes *dense = method->dense;
    const size_t n = (size_t)columns->states;
    const double *matrix = pass->matrix[k];
    const double *looked = column_looked(pass, k);
    double *x = columns->column;
    for (size_t c = 0; c < (size_t)size; c++) {
        for (size_t i = 0; i < n; i++) {
            x[i] = pass->known[i * (size_t)size + c];
            for (int e = program->row_start[i]; matrix != NULL && e < program->row_start[i + 1];
                 e++) {
                x[i] += matrix[e] * looked[(size_t)program->column[e] * (size_t)size + c];
            }
        }
        if (dense->good[column]) {
            dense_solve(dense->matrix + (size_t)column * n * n, columns->states,
                        dense->pivot + (size_t)column * n, x);
        }
        for (size_t i = 0; i < n; i++) {
            pass->stages[k][i * (size_t)size + c] = dense->good[column] ? x[i] : (double)NAN;
        }
    }
}

/* The rows of a block, as a lane has them: what only fills registers is left out side by side. */
static ColumnRows rows_of(const Columns *columns, const Group *group, const Block *block)
{
    return (ColumnRows){.rows = columns->states,
                        .count = group->size > 1 ? block->count : block->size,
                        .stride = block->size};
}

static ColumnPass begin_pass(const Columns *columns, const Rosenbrock *method, const Group *group,
                             const Block *block, double flow[COLUMN_GROUP])
{
    const size_t first = (size_t)columns->states * (size_t)block->first;
    const ColumnRows rows = rows_of(columns, group, block);
    const double *s[COLUMN_GROUP];
    const double *inflow[COLUMN_GROUP];
    bool flows = false;
    for (int g = 0; g < group->size; g++) {
        const LaneColumns *own = &columns->lanes[group->lane[g]];
        s[g] = own->s + first;
        inflow[g] = own->inflow + first;
        flow[g] = columns->method.gamma * group->length[g];
        flows = flows || own->flows;
    }
    columns->kernels->beside(s, rows, NULL, group->size, columns->s);
    if (flows) {
        columns->kernels->beside(inflow, rows, NULL, group->size, columns->inflow);
    }
    ColumnPass pass = {.program = &columns->program,
                       .method = &columns->steps,
                       .drift = columns->matrix[COLUMN_MIXES - 1],
                       .factors = columns->factors,
                       .forces = columns->forces + block->first_force,
                       .force_count = block->force_count,
                       .inflow = flows ? columns->inflow : NULL,
                       .flow = flow,
                       .s = columns->s,
                       .sum = columns->sum,
                       .known = columns->known,
                       .drifted = columns->drifted,
                       .work = columns->work,
                       .rtol = method->rtol,
                       .floor = columns->floor,
                       .error = columns->error};
    for (int k = 0; k < ROSENBROCK_STAGES; k++) {
        const int mix = k < COLUMN_MIXES ? k : COLUMN_MIXES - 1; // the last look at the end
        pass.matrix[k] = k > 0 ? columns->matrix[mix - 1] : columns->exact ? NULL : columns->one;
        pass.force[k] = columns->force[mix] + (size_t)(block->first_force * group->size);
        pass.stages[k] = columns->stages[k];
    }
    return pass;
}

/* What the step of a block has led to; its errors join those of the lanes. */
static void end_pass(const Columns *columns, Rosenbrock *method, const Group *group,
                     const Block *block, const ColumnPass *pass, const bool *wanted)
{
    const size_t first = (size_t)columns->states * (size_t)block->first;
    const BlockKernels *kernels = kernels_of(columns, group, block);
    double *bends[COLUMN_GROUP][ROSENBROCK_BENDS] = {{NULL}};
    double *next[COLUMN_GROUP];
    bool any = false;
    kernels->finish(pass);
    for (int g = 0; g < group->size; g++) {
        const LaneColumns *own = &columns->lanes[group->lane[g]];
        next[g] = own->next + first;
        for (int m = 0; m < ROSENBROCK_BENDS && wanted[group->column[g]]; m++) {
            bends[g][m] = own->bend[m] + first;
            any = true;
        }
        double most = 0.0;
        for (int c = 0; c < block->count && !isnan(most); c++) { // what is no number counts
            double square = columns->error[c * group->size + g];
            most = square <= most ? most : square;
        }
        double error = sqrt(most / columns->states) / COLUMN_EASE;
        double *of_lane = &method->error[group->column[g]];
        *of_lane = error <= *of_lane || isnan(*of_lane) ? *of_lane : error;
    }
    columns->kernels->apart(columns->stages[ROSENBROCK_STAGES - 1], rows_of(columns, group, block),
                            group->size, next);
    if (any) {
        kernels->bend(pass, columns->seen, columns->seen_count, (size_t)block->size, bends);
    }
}

/* What a column may err by in each state, whatever its size. */
static void find_floor(const Columns *columns, const Rosenbrock *method, const Group *group)
{
    const Stage *stage = method->stage;
    double *floor = columns->floor;
    for (int i = 0; i < columns->states; i++) {
        const double *y = stage->y + (size_t)i * (size_t)stage->width;
        for (int g = 0; g < group->size; g++) {
            *floor++ = columns_floor(method, i, y[group->column[g]]);
        }
    }
}

/* True if no lane of a group is to make the step. */
static bool is_idle(const Columns *columns, const Group *group)
{
    bool idle = true;
    for (int g = 0; g < group->size; g++) {
        idle = idle && columns->cut[group->column[g]] > 0.0;
    }
    return idle;
}

static void try_group(Columns *columns, Rosenbrock *method, const Group *group, const bool *wanted)
{
    if (is_idle(columns, group)) {
        return;
    }
    find_floor(columns, method, group);
    mix_stages(columns, group);
    columns->exact = are_exact(columns, group);
    gather_factors(columns, method, group);
    for (int b = 0; b < columns->block_count; b++) {
        const Block *block = &columns->blocks[b];
        const BlockKernels *kernels = kernels_of(columns, group, block);
        double flow[COLUMN_GROUP];
        const ColumnPass pass = begin_pass(columns, method, group, block, flow);
        for (int k = 0; k < ROSENBROCK_STAGES; k++) {
            kernels->prepare(&pass, k);
            if (group->pivots) {
                solve_with_pivots(columns, method, group->column[0], &pass, k, block->size);
            } else {
                kernels->solve(&pass, k);
            }
        }
        end_pass(columns, method, group, block, &pass, wanted);
    }
}

/* What was known of the lanes' next step becomes that of this one; true: some lead to a kink. */
static bool begin_steps(Columns *columns, const Stage *stage, const int *lane_of)
{
    bool lands = false;
    for (int column = 0; column < stage->width; column++) {
        LaneColumns *own = lane_of[column] < 0 ? NULL : &columns->lanes[lane_of[column]];
        columns->part[column] = 1.0;
        columns->cut[column] = 0.0;
        if (own != NULL) {
            own->crossed = 0;
            own->lands = own->landing;
            own->landing = 0.0;
            columns->part[column] = own->lands > 0.0 ? own->lands : 1.0;
            lands = lands || own->lands > 0.0;
        }
    }
    return lands;
}

void columns_try(Columns *columns, Rosenbrock *method, const int *lane_of, const bool *wanted)
{
    if (columns == NULL) {
        return;
    }
    bool lands = begin_steps(columns, method->stage, lane_of);
    make_groups(columns, method, lane_of);
    if (columns->group_count > 0) {
        keep_factored(columns, method->stage);
        look_at_first(columns, method);
        look_on_the_way(columns, method, lands);
    }
    columns_find_kinks(columns, method, lane_of);
    for (int i = 0; i < columns->group_count; i++) {
        try_group(columns, method, &columns->groups[i], wanted);
    }
    for (int column = 0; column < method->stage->width; column++) {
        method->error[column] = columns->cut[column] > 0.0 ? REFUSED : method->error[column];
    }
}

double columns_cut(const Columns *columns, int column)
{
    return columns != NULL ? columns->cut[column] : 0.0;
}
