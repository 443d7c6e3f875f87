/* columns_look.c: what the columns read of a stage: the rates' derivatives, where the lanes are or
 * on their way, and of these what belongs to the lanes of a group.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/columns_inside.h"

const double *columns_look(Columns *columns, Rosenbrock *method, ProgramName program)
{
    Stage *stage = method->stage;
    double *state = stage->slots + (size_t)stage->tape->state * (size_t)stage->width;
    for (int column = 0; column < stage->width; column++) {
        columns->times[column] = stage_lane_time(stage, column, columns->part[column]);
    }
    rosenbrock_value(method, columns->part, state);
    stage_set_times(stage, columns->times);
    tape_run(stage->tape, program, stage->slots, stage->width);
    return tape_output(stage->tape, program, stage->slots, 0, stage->width);
}

void columns_find_scale(const Columns *columns, const Group *group)
{
    double *scale = group->scale;
    const Slopes *slopes = columns->slopes;
    for (int i = 0; i < columns->items - columns->entries; i++) {
        const double *of =
            slopes->scale + (size_t)columns->force_column[i] * (size_t)slopes->stage->width;
        for (int g = 0; g < group->size; g++) {
            *scale++ = of[group->lane[g]];
        }
    }
}

void columns_gather(const Columns *columns, const Stage *stage, const double *values,
                    const Group *group, const double *factor, double *items)
{
    const ColumnGather matrix = {.from = values,
                                 .stride = stage->width,
                                 .entry = columns->entry,
                                 .count = columns->entries,
                                 .column = group->column,
                                 .factor = factor};
    const ColumnGather forces = {.from = values,
                                 .stride = stage->width,
                                 .entry = columns->force_entry,
                                 .count = columns->items - columns->entries,
                                 .column = group->column,
                                 .factor = factor,
                                 .weight = group->scale};
    columns->kernels->gather(&matrix, group->size, items);
    columns->kernels->gather(&forces, group->size,
                             items + (size_t)columns->entries * (size_t)group->size);
}
