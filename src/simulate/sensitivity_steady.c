/* sensitivity_steady.c: how a state of rest changes with the targets.
 *
 * f(y, p) = 0 gives J s = -∂f/∂p (the implicit function theorem). Where the model conserves sums, J
 * has left null vectors, and the sums are those of the state from which the rest was looked for.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/cycle.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static const double RANK_TOLERANCE = 1e-12;

/* J of pack->solo in units of `size`. */
static void fill_jacobian(const Pack *pack, const double *size, double *matrix)
{
    const Partials *partials = &pack->tape->partials[PROGRAM_RATES_PARTIALS];
    size_t n = (size_t)pack->states;
    const double *values = tape_output(pack->tape, PROGRAM_RATES_PARTIALS, pack->solo.slots, 0, 1);
    for (int e = 0; e < pack->model->jacobian.count; e++) {
        size_t i = (size_t)partials->items[e].output;
        size_t j = (size_t)partials->items[e].index;
        matrix[i * n + j] = values[e] * size[j] / size[i];
    }
}

void sensitivity_rest(Pack *pack, int lane, double time, const double *inflow, const double *y,
                      double *columns)
{
    const Sensitivity *sensitivity = pack->sensitivity;
    const Partials *partials = &pack->tape->partials[PROGRAM_RATES_PARTIALS];
    size_t n = (size_t)pack->states;
    ArenaMark mark = arena_mark(pack->loaded);
    double *matrix = arena_array(pack->loaded, n * n, sizeof *matrix);
    double *size = arena_array(pack->loaded, n, sizeof *size);
    double *kept = arena_array(pack->loaded, n, sizeof *kept);
    double *right = arena_array(pack->loaded, n, sizeof *right);
    for (size_t i = 0; i < n; i++) {
        size[i] = fabs(y[i]) + 1e3 * pack->options.atol[i];
    }
    lane_alone(pack, lane, time);
    stage_set_state(&pack->solo, y);
    tape_run(pack->tape, PROGRAM_RATES_PARTIALS, pack->solo.slots, 1);
    const double *values = tape_output(pack->tape, PROGRAM_RATES_PARTIALS, pack->solo.slots, 0, 1);
    fill_jacobian(pack, size, matrix);
    Ranked ranked;
    bool good = ranked_factor(&ranked, pack->loaded, matrix, pack->states, RANK_TOLERANCE);
    for (int k = 0; k < sensitivity->count && good; k++) {
        double *column = columns + (size_t)k * n;
        for (size_t i = 0; i < n; i++) {
            kept[i] = column[i] / size[i];
            right[i] = inflow != NULL ? -inflow[(size_t)k * n + i] / size[i] : 0.0;
        }
        for (int e = pack->model->jacobian.count; e < partials->count; e++) {
            const Partial *one = &partials->items[e];
            if (one->index == sensitivity->slopes.parameter[k]) {
                right[one->output] -=
                    values[e] * sensitivity_scale(pack, k, lane) / size[one->output];
            }
        }
        ranked_solve(&ranked, right, kept, right);
        for (size_t i = 0; i < n; i++) {
            column[i] = right[i] * size[i];
        }
    }
    arena_rewind(pack->loaded, mark);
}

double *sensitivity_begin_steady(Pack *pack, int lane)
{
    if (!sensitivity_on(pack)) {
        return NULL;
    }
    size_t count = (size_t)pack->sensitivity->count * (size_t)pack->states;
    double *columns = arena_array(pack->loaded, count, sizeof *columns);
    memcpy(columns, pack->sensitivity->lanes[lane].first, count * sizeof *columns);
    return columns;
}

void sensitivity_keep_steady(Pack *pack, int lane, const LaneEvent *record, double *columns,
                             const double *rest)
{
    if (columns == NULL) {
        return;
    }
    size_t count = (size_t)pack->sensitivity->count * (size_t)pack->states;
    for (size_t i = 0; rest != NULL && i < count; i++) {
        columns[i] -= rest[i];
    }
    pack->sensitivity->lanes[lane].steady[record - pack->lanes[lane].events] = columns;
}
