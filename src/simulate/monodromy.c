/* monodromy.c: the exact derivative of one interval of a regimen, M = ∂P/∂y, by as many columns of
 * sensitivities as there are states.
 *
 * With it the state that repeats itself is found by Newton's method, P(y) - y = (I - M) d; sums
 * that the model conserves stay what they were (ranked.h). A regimen that adds to such a sum in
 * each interval has no steady state. And its state changes with the targets as (I - M) s =
 * ∂P/∂target says (the implicit function theorem).
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/cycle.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum { SQUARINGS = 16 };

/* Pivots of I - M that count as zero: M is known to the tolerance of a cycle. */
static const double RANK_TOLERANCE = 1e-8;
static const double REPELS = 1e3; // what M^65536 may grow to by rounding alone

/* Columns of pack->solo: by all states, then by the targets. */
static bool open_columns(Cycle *cycle, int target_columns)
{
    Pack *pack = cycle->pack;
    if (pack->cycle_slopes == NULL) {
        pack->cycle_slopes = arena_alloc(pack->arena, sizeof *pack->cycle_slopes);
    }
    Slopes *slopes = pack->cycle_slopes;
    slopes_open(slopes, pack->arena, &pack->solo, pack->states + target_columns);
    cycle->slopes = slopes;
    cycle->target_columns = target_columns;
    return integrator_sensitize(pack->solo.integrator, slopes->count, &slopes_rates, slopes);
}

static void close_columns(Cycle *cycle)
{
    cycle->slopes = NULL;
    cycle->target_columns = 0;
    (void)integrator_sensitize(cycle->pack->solo.integrator, 0, NULL, NULL);
}

static void begin_columns(const Cycle *cycle, const double *size)
{
    const Slopes *slopes = cycle->slopes;
    size_t states = (size_t)cycle->pack->states;
    memset(slopes->s, 0, (size_t)slopes->count * states * sizeof(double));
    for (int j = 0; j < cycle->pack->states; j++) {
        slopes->s[slope_at(slopes, j, j, 0)] = size[j];
        slopes->parameter[j] = -1;
        slopes->scale[j] = 1.0;
    }
    for (int k = 0; k < cycle->target_columns; k++) {
        slopes->parameter[cycle->pack->states + k] = cycle->pack->sensitivity->slopes.parameter[k];
        slopes->scale[cycle->pack->states + k] = sensitivity_scale(cycle->pack, k, cycle->lane);
    }
}

/* M in the units of `size`; the columns have been run. */
static void fill_matrix(const Pack *pack, const double *size, double *matrix)
{
    size_t n = (size_t)pack->states;
    const Slopes *slopes = pack->cycle_slopes;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++) {
            matrix[i * n + j] = slopes->s[slope_at(slopes, (int)j, (int)i, 0)] / size[i];
        }
    }
}

/* A cycle with its columns; `ranked` is I - M. */
static bool run_columns(Cycle *cycle, const double *y, const double *size, double *result,
                        Ranked *ranked, Arena *arena)
{
    Pack *pack = cycle->pack;
    size_t n = (size_t)pack->states;
    begin_columns(cycle, size);
    slopes_forget(pack->cycle_slopes);
    if (!cycle_run(cycle, y, result)) {
        return false;
    }
    double *matrix = arena_array(arena, n * n, sizeof *matrix);
    fill_matrix(pack, size, matrix);
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++) {
            matrix[i * n + j] = (i == j ? 1.0 : 0.0) - matrix[i * n + j];
        }
    }
    return ranked_factor(ranked, arena, matrix, pack->states, RANK_TOLERANCE);
}

bool monodromy_run(Cycle *cycle, const double *y, const double *size, double *result,
                   Ranked *ranked, Arena *arena)
{
    bool good = open_columns(cycle, 0) && run_columns(cycle, y, size, result, ranked, arena);
    close_columns(cycle);
    return good;
}

bool monodromy_attracts(const Cycle *cycle, const double *size, Arena *arena)
{
    size_t n = (size_t)cycle->pack->states;
    double *power = arena_array(arena, n * n, sizeof *power);
    double *square = arena_array(arena, n * n, sizeof *square);
    fill_matrix(cycle->pack, size, power);
    for (int s = 0; s < SQUARINGS; s++) {
        double largest = 0.0;
        for (size_t i = 0; i < n; i++) {
            for (size_t j = 0; j < n; j++) {
                double sum = 0.0;
                for (size_t k = 0; k < n; k++) {
                    sum += power[i * n + k] * power[k * n + j];
                }
                square[i * n + j] = sum;
                largest = fmax(largest, fabs(sum));
            }
        }
        double *keep = power;
        power = square;
        square = keep;
        if (!(largest < 1e100)) {
            return false;
        }
    }
    double largest = 0.0;
    for (size_t i = 0; i < n * n; i++) {
        largest = fmax(largest, fabs(power[i]));
    }
    return largest < REPELS;
}

bool monodromy_slopes(Cycle *cycle, const double *y, double *columns)
{
    Pack *pack = cycle->pack;
    int count = pack->sensitivity->count;
    size_t n = (size_t)pack->states;
    ArenaMark mark = arena_mark(pack->loaded);
    double *size = arena_array(pack->loaded, n, sizeof *size);
    double *result = arena_array(pack->loaded, n, sizeof *result);
    double *kept = arena_array(pack->loaded, n, sizeof *kept);
    double *right = arena_array(pack->loaded, n, sizeof *right);
    for (size_t i = 0; i < n; i++) {
        size[i] = fabs(y[i]) + 1e3 * pack->options.atol[i];
    }
    Ranked ranked;
    bool good =
        open_columns(cycle, count) && run_columns(cycle, y, size, result, &ranked, pack->loaded);
    for (int k = 0; good && k < count; k++) {
        double *column = columns + (size_t)k * n;
        for (size_t i = 0; i < n; i++) {
            kept[i] = column[i] / size[i];
            right[i] =
                pack->cycle_slopes->s[slope_at(pack->cycle_slopes, pack->states + k, (int)i, 0)] /
                size[i];
        }
        ranked_solve(&ranked, right, kept, right);
        for (size_t i = 0; i < n; i++) {
            column[i] = right[i] * size[i];
        }
    }
    close_columns(cycle);
    arena_rewind(pack->loaded, mark);
    return good;
}
