/* slopes.h: columns ds/dt = J s + ∂f/∂p beside the states of a stage.
 *
 * A column is the derivative of the state by one quantity, times the size of that quantity in each
 * lane: so it is in the state's unit, and the state's tolerances are its own. What changes in the
 * inflow of an infusion by that quantity is `inflow`, constant between two stops.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_SIMULATE_SLOPES_H
#define STROMA_SIMULATE_SLOPES_H

#include "simulate/lanes.h"

/* Loops over columns, built for each instruction set; lane fastest, `stride` doubles a row. */
typedef struct {
    const char *isa;
    /* result = J s + add, one column. */
    void (*multiply)(const Pattern *pattern, const double *jacobian, const double *s,
                     const double *add, double *result, int width);
    /* row += factor × scale */
    void (*add_scaled)(const double *factor, const double *scale, double *row, int width);
} SlopeKernels;
extern const SlopeKernels slope_kernels_baseline;
#if defined(__x86_64__)
extern const SlopeKernels slope_kernels_avx2;
extern const SlopeKernels slope_kernels_avx512;
#endif

typedef struct Slopes {
    Stage *stage;
    const SlopeKernels *kernels;
    int count, room;           // columns, and for how many there is memory
    int *parameter;            // (count) number in Tape.sensitive, -1: the rates do not hold it
    double *scale;             // (count × width)
    double *s;                 // (count × states × width) where a restart begins
    double *inflow;            // (count × states × width)
    double *inside;            // (count × states × width) what is observed next
    double *aside;             // (count × states × width) scratch
    ProgramName program;       // the Jacobian alone, where the tape has no programs of derivatives
    int *first, *entry;        // entries of PROGRAM_RATES_PARTIALS by sensitive parameter
    const double *derivatives; // what was looked at last
    bool known;                // the derivatives in the slots are those at:
    double known_time;
    double *known_y; // (states × width)
} Slopes;

/* Room for `count` columns; what was there is lost. */
void slopes_open(Slopes *slopes, Arena *arena, Stage *stage, int count);
/* For integrator_sensitize; the context is a Slopes. */
extern const SlopeRates slopes_rates;
/* The slots of the stage have changed. */
void slopes_forget(Slopes *slopes);

/* One entry of a column. */
static inline size_t slope_at(const Slopes *slopes, int column, int state, int lane)
{
    return ((size_t)column * (size_t)slopes->stage->states + (size_t)state) *
               (size_t)slopes->stage->width +
           (size_t)lane;
}

#endif
