/* column_kernels.h: the inner loops of rosenbrock_columns.h, one table of functions per instruction
 * set.
 *
 * What is done with one column of a lane is done with its neighbours too, with the same matrix and
 * factors, and what is done in one lane is done in others. So a row of a state is held in
 * registers: up to 12 columns of four lanes side by side, [state][column][lane], which read the
 * program and the matrix once; or those of one lane alone, [state][column], which fill the
 * registers without others. A lane that does not step costs nothing. Columns do not touch each
 * other, sums run in the order of the entries, nothing is contracted: the same bits on every
 * machine, alone or side by side.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_SIMULATE_COLUMN_KERNELS_H
#define STROMA_SIMULATE_COLUMN_KERNELS_H

#include "simulate/rosenbrock.h"

/* A row of a triangular solve. Forward: `from` is the state whose right-hand side begins it, `to`
 * the row of the work array; backward: the other way round. `first`: in `pairs`, two to a product:
 * where the factor stands, and the row that it multiplies. */
typedef struct {
    uint32_t from, to, pivot, first, count;
} ColumnRow;

/* What is the same in all lanes: J by rows, of the entries that are not constant, and the solves
 * with the factors (blocklu.h). */
typedef struct {
    int states;
    const int *row_start, *column;
    const ColumnRow *forward, *backward; // (states)
    const uint32_t *pairs;
} ColumnProgram;

/* Where a derivative by a parameter is added. */
typedef struct {
    int state, column; // of the block
} ColumnForce;

/* Coefficients of a step; the first of each row is that of s, those of the stages follow. */
typedef struct {
    double looked[ROSENBROCK_STAGES][1 + ROSENBROCK_STAGES]; // where a stage looks
    double known[ROSENBROCK_STAGES][1 + ROSENBROCK_STAGES];  // of its right-hand side
    double clock[ROSENBROCK_STAGES];                         // of what drifts
    double bend[ROSENBROCK_BENDS][1 + ROSENBROCK_STAGES];    // of the polynomial within the step
} ColumnMethod;

/* A step of one block of columns in a group of lanes, from s to the last stage. Arrays of columns
 * are (states × block × group), those of matrices and forces (their number × group). */
typedef struct {
    const ColumnProgram *program;
    const ColumnMethod *method;
    const double *matrix[ROSENBROCK_STAGES]; // γ (A at the time of each stage - that of the
                                             // factors), A = h J; NULL: 0
    const double *drift;                     // ∂A/∂s at the beginning
    const double *factors;                   // of I - γ A at the beginning
    const ColumnForce *forces;
    int force_count;
    const double *force[ROSENBROCK_STAGES]; // what is added in each stage
    const double *inflow;                   // NULL: 0
    const double *flow;                     // (group) by which it is multiplied
    const double *s;
    double *stages[ROSENBROCK_STAGES];
    double *sum, *known, *drifted, *work;
    double rtol;
    const double *floor; // (states × group) of a column's tolerance
    double *error;       // (block × group) sum of the squares of the weighted errors
} ColumnPass;

typedef struct {
    /* known: the right-hand side of stage k but for the matrix times where it looks. */
    void (*prepare)(const ColumnPass *pass, int k);
    /* The stage itself. */
    void (*solve)(const ColumnPass *pass, int k);
    /* The errors, after the last stage. */
    void (*finish)(const ColumnPass *pass);
    /* Of each lane whose bend[g] are not NULL: the coefficients of the polynomial within the step,
     * of the `count` states that are seen; rows are `stride` apart. */
    void (*bend)(const ColumnPass *pass, const int *seen, int count, size_t stride,
                 double *(*bend)[ROSENBROCK_BENDS]);
} BlockKernels;

enum { COLUMN_PART = 4, COLUMN_BLOCK = 12, COLUMN_GROUP = 4, COLUMN_NODES = 4, COLUMN_MIXES = 6 };

/* What a group of lanes is to read of an array of rows: row entry[i], or i itself where that is
 * NULL, of each lane's column, times its factor and weight[i × group + g] where those are not. */
typedef struct {
    const double *from;
    int stride; // of its rows
    const int *entry;
    int count;
    const int *column;
    const double *factor, *weight;
} ColumnGather;

/* Rows of a lane are `stride` apart, of which `count` are wanted; stride is a multiple of 4, or
 * there is one row with room for 3 more. */
typedef struct {
    int rows, count, stride;
} ColumnRows;

typedef struct {
    const char *isa;
    /* z[m] = Σ weight[m][j] x[j], sums of `count` numbers. */
    void (*mix)(double (*weight)[COLUMN_NODES], const double *const x[COLUMN_NODES],
                double *const z[COLUMN_MIXES], int count);
    /* to: (count × group) */
    void (*gather)(const ColumnGather *gather, int group, double *to);
    /* Rows of the lanes of a group side by side, (rows × count × group), times their factors if
     * there are any; and back again. What a lane has beyond `count` becomes 0. */
    void (*beside)(const double *const *from, ColumnRows rows, const double *factor, int group,
                   double *to);
    void (*apart)(const double *from, ColumnRows rows, int group, double *const *to);
    /* True if all |x - y| <= share |x|. */
    bool (*alike)(const double *x, const double *y, double share, int count);
    BlockKernels singles[COLUMN_BLOCK / COLUMN_PART]; // of 4, 8, 12 columns in one lane
    BlockKernels fours[COLUMN_BLOCK]; // of 1 .. 12 in four; NULL: there are too few registers
} ColumnKernels;

/* The table for an instruction set of kernels.h. */
const ColumnKernels *column_kernels_for(const char *isa);

/* Where stage k looks: s, a sum of its own, or the stage before. */
static inline const double *column_looked(const ColumnPass *pass, int k)
{
    return k == 0 ? pass->s : k + 2 < ROSENBROCK_STAGES ? pass->sum : pass->stages[k - 1];
}

extern const ColumnKernels column_kernels_baseline;
#if defined(__x86_64__)
extern const ColumnKernels column_kernels_avx2;
extern const ColumnKernels column_kernels_avx512;
#endif

#endif
