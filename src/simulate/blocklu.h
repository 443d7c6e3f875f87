/* blocklu.h: sparse LU of I - gamma J for W lanes at once, as a straight-line program.
 *
 * The pattern of J is the model's and fixed, so the order of elimination, the fill-in and every
 * multiplication are decided once, when the pack is opened (as KPP does: Sandu et al. 1996,
 * "Benchmarking stiff ODE solvers for atmospheric chemistry problems"). The pivots stay on the
 * diagonal.
 *
 * Without row exchanges a pivot may cancel and all digits be lost. That is watched: for each pivot
 * the sum of the magnitudes of its terms over the pivot itself, which does not depend on the units
 * of the states (a plain bound on the multipliers does); more than BLOCKLU_LIMIT means the factors
 * are useless.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_SIMULATE_BLOCKLU_H
#define STROMA_SIMULATE_BLOCKLU_H

#include "base/arena.h"
#include "simulate/kernels.h"

#include <stdbool.h>

static const double BLOCKLU_LIMIT = 1e10;

/* A square sparse matrix by rows, columns ascending. */
typedef struct {
    int states;
    const int *row_start; // (states + 1)
    const int *column;
} Pattern;

typedef struct BlockLu BlockLu;

BlockLu *blocklu_open(Arena *arena, Pattern pattern, int width, const Kernels *kernels);

/* Factorises I - gamma J, J[entry * width + lane] in the order of the pattern. */
void blocklu_factor(BlockLu *lu, const double *jacobian, double gamma);
/* I - gamma scale[lane] J. */
void blocklu_factor_scaled(BlockLu *lu, const double *jacobian, const double *scale, double gamma);
/* False if the factors of that lane cannot be trusted. */
bool blocklu_good(const BlockLu *lu, int lane);
/* x = (I - gamma J)⁻¹ b for all lanes; x may be b. */
void blocklu_solve(BlockLu *lu, const double *b, double *x);

/* Entries of L and U together, and multiplications of one factorisation; for reports. */
int blocklu_entries(const BlockLu *lu);
int blocklu_products(const BlockLu *lu);
/* The programs, for who runs them otherwise (native.h). */
const LuProgram *blocklu_program(const BlockLu *lu);

#endif
