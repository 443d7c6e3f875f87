/* columns_inside.h: what columns_open.c and rosenbrock_columns.c share.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_SIMULATE_COLUMNS_INSIDE_H
#define STROMA_SIMULATE_COLUMNS_INSIDE_H

#include "simulate/column_kernels.h"
#include "simulate/rosenbrock_columns.h"

enum { INNER_STAGES = 4 }; // c_2 .. c_5
static const double COLUMN_NODE[COLUMN_NODES] = {0.0, 0.25, 0.5, 0.75, 1.0};

/* Up to 12 columns that are treated together, and what is added to them. */
typedef struct {
    int first, count;
    int size; // with those that only fill the registers
    int first_force, force_count;
} Block;

/* What a lane has; arrays of columns are block after block, each (states × its size). */
typedef struct {
    double *s, *next;               // where it stands, and after the last step
    double *bend[ROSENBROCK_BENDS]; // of the polynomial within that step: of states that are seen
    double *inflow;
    double *now;        // (items) matrix and forces where it stands
    const double *then; // the same at the end of the last step, `apart` each
    size_t apart;
    bool fresh; // `now` is to be found
    bool flows; // the inflow is not 0
} LaneColumns;

/* Lanes whose columns go side by side, and what they meet: arrays are (items × size). */
typedef struct {
    int size;
    int column[COLUMN_GROUP], lane[COLUMN_GROUP]; // in the stage, and in the pack
    double length[COLUMN_GROUP];
    bool pivots;                // it is one lane, with factors of its own
    double *node[COLUMN_NODES]; // times the length, but for the last
} Group;

struct Columns {
    const Slopes *slopes;
    const ColumnKernels *kernels;
    ColumnProgram program;
    RosenbrockMethod method;
    double weight[COLUMN_MIXES][COLUMN_NODES]; // of the nodes: γ times those at c_1 .. c_6, slope
    int states, entries, items;                // items: entries of J, then forces
    size_t room;                               // (states × columns)
    int *seen, seen_count;                     // states that outputs ask for
    Block *blocks;
    int block_count;
    ColumnForce *forces;
    int *force_entry, *force_column; // of the tape's derivatives, and of all columns
    LaneColumns *lanes;
    int most;      // lanes that may go side by side
    Group *groups; // (width) those of the last step
    int group_count;
    double *part; // (width) scratch
    int factor_count;
    // Scratch of a group:
    double *factors;
    double *floor; // (states × COLUMN_GROUP)
    double *mixed[COLUMN_MIXES], *one; // (items × COLUMN_GROUP)
    double *force[ROSENBROCK_STAGES];  // (forces × COLUMN_GROUP)
    double *stages[ROSENBROCK_STAGES]; // (states × COLUMN_GROUP × COLUMN_BLOCK), as are these:
    double *s, *next, *inflow, *sum, *known, *drifted, *work;
    double *error;  // (COLUMN_GROUP × COLUMN_BLOCK)
    double *column; // (states)
};

#endif
