/* slopes.c: the right-hand side of the sensitivities, from the tape.
 *
 * Jacobian and ∂f/∂p come from one program and hold for all columns. CVODES asks several times at
 * one point (its linear iterations): the program runs once there.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/slopes.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static const SlopeKernels *kernels_of(const Stage *stage)
{
#if defined(__x86_64__)
    if (strcmp(stage->kernels->isa, "avx512") == 0) {
        return &slope_kernels_avx512;
    }
    if (strcmp(stage->kernels->isa, "avx2") == 0) {
        return &slope_kernels_avx2;
    }
#else
    (void)stage;
#endif
    return &slope_kernels_baseline;
}

/* Entries of the program by the parameter, so that a column finds its own. */
static void sort_entries(Slopes *slopes, Arena *arena)
{
    const Tape *tape = slopes->stage->tape;
    const Partials *partials = &tape->partials[PROGRAM_RATES_PARTIALS];
    slopes->program = tape->derives ? PROGRAM_RATES_PARTIALS : PROGRAM_JACOBIAN;
    slopes->first = arena_array(arena, (size_t)tape->sensitive_count + 1, sizeof(int));
    slopes->entry = arena_array(arena, (size_t)partials->count + 1, sizeof(int));
    int count = 0;
    for (int p = 0; p < tape->sensitive_count; p++) {
        slopes->first[p] = count;
        for (int i = tape->model->jacobian.count; i < partials->count; i++) {
            if (partials->items[i].index == p) {
                slopes->entry[count++] = i;
            }
        }
    }
    slopes->first[tape->sensitive_count] = count;
}

void slopes_open(Slopes *slopes, Arena *arena, Stage *stage, int count)
{
    assert(count >= 0);
    size_t lanes = (size_t)stage->width;
    size_t entries = (size_t)stage->states * lanes;
    if (slopes->stage == NULL) {
        *slopes = (Slopes){.stage = stage, .kernels = kernels_of(stage)};
        slopes->known_y = arena_array(arena, entries, sizeof(double));
        sort_entries(slopes, arena);
    }
    slopes->count = count;
    slopes->known = false;
    if (count > slopes->room) {
        size_t columns = (size_t)count;
        slopes->room = count;
        slopes->parameter = arena_array(arena, columns, sizeof(int));
        slopes->scale = arena_array(arena, columns * lanes, sizeof(double));
        slopes->s = arena_array(arena, columns * entries, sizeof(double));
        slopes->inflow = arena_array(arena, columns * entries, sizeof(double));
        slopes->inside = arena_array(arena, columns * entries, sizeof(double));
        slopes->aside = arena_array(arena, columns * entries, sizeof(double));
    }
}

void slopes_forget(Slopes *slopes)
{
    slopes->known = false;
}

static const double *look(void *context, double time, const double *y)
{
    Slopes *slopes = context;
    Stage *stage = slopes->stage;
    size_t bytes = (size_t)stage->states * (size_t)stage->width * sizeof *y;
    if (!slopes->known || time != slopes->known_time || memcmp(y, slopes->known_y, bytes) != 0) {
        stage_set_time(stage, fmin(time, stage->limit));
        stage_set_state(stage, y);
        tape_run(stage->tape, slopes->program, stage->slots, stage->width);
        slopes->known = true;
        slopes->known_time = time;
        memcpy(slopes->known_y, y, bytes);
    }
    slopes->derivatives = tape_output(stage->tape, slopes->program, stage->slots, 0, stage->width);
    return slopes->derivatives;
}

static void rates(void *context, int k, const double *s, double *ds)
{
    const Slopes *slopes = context;
    const Stage *stage = slopes->stage;
    const Pattern pattern = stage_pattern(stage);
    const Partials *partials = &stage->tape->partials[PROGRAM_RATES_PARTIALS];
    size_t width = (size_t)stage->width;
    const double *inflow = slopes->inflow + (size_t)k * (size_t)stage->states * width;
    slopes->kernels->multiply(&pattern, slopes->derivatives, s, inflow, ds, stage->width);
    int p = slopes->parameter[k];
    for (int i = p < 0 ? 0 : slopes->first[p]; p >= 0 && i < slopes->first[p + 1]; i++) {
        int entry = slopes->entry[i];
        slopes->kernels->add_scaled(
            slopes->derivatives + (size_t)entry * width, slopes->scale + (size_t)k * width,
            ds + (size_t)partials->items[entry].output * width, stage->width);
    }
}

const SlopeRates slopes_rates = {look, rates};
