/* columns_inside.h: what the files of rosenbrock_columns.h share.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_SIMULATE_COLUMNS_INSIDE_H
#define STROMA_SIMULATE_COLUMNS_INSIDE_H

#include "simulate/bracket.h"
#include "simulate/column_kernels.h"
#include "simulate/rosenbrock_columns.h"

#include <math.h>

static const double COLUMN_NODE[COLUMN_NODES] = {0.0, 0.27639320225002103, 0.72360679774997897,
                                                 1.0};

/* What each node counts for the value at s of the polynomial through all, or for its slope at 0. */
void columns_weights(double s, double weight[COLUMN_NODES]);
void columns_slope_weights(double weight[COLUMN_NODES]);

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
    bool fresh;     // `now` is to be found
    double landing; // the next step leads just beyond a kink that lies beyond this part of it; 0
    double lands;   // the same of the step that is tried
    bool landed;    // the last step did so
    int cuts;       // such steps in a row
    signed char *side, *side_then; // (kinks) signs of their surfaces where it stands, and after the
                                   // last step
    int crossed;                   // the first node of the step where one has changed; 0
    bool flows;                    // the inflow is not 0
} LaneColumns;

/* Lanes whose columns go side by side, and what they meet: arrays are (items × size). */
typedef struct {
    int size;
    int column[COLUMN_GROUP], lane[COLUMN_GROUP]; // in the stage, and in the pack
    double length[COLUMN_GROUP];
    bool pivots;                // it is one lane, with factors of its own
    double *node[COLUMN_NODES]; // times the length, but for the last
    double *scale;              // (forces × size) of the columns' quantities
    double *factored;           // (entries × size) of the matrix that the factors are of
} Group;

struct Columns {
    const Slopes *slopes;
    const ColumnKernels *kernels;
    ColumnProgram program;
    RosenbrockMethod method;
    ColumnMethod steps;
    double matrix_weight[COLUMN_MIXES][COLUMN_NODES]; // of the nodes: γ (A - A(0)) at c_2 .. c_6,
                                                      // ∂A/∂s at 0
    double force_weight[COLUMN_MIXES][COLUMN_NODES];  // γ b at c_1 .. c_6, with what drifts
    int states, entries, items;      // items: entries of J that are not constant, then forces
    int *entry;                      // (entries) which of J
    int *force_entry, *force_column; // of the tape's derivatives, and of all columns
    size_t room;                     // (states × columns)
    int *seen, seen_count;           // states that outputs ask for
    Block *blocks;
    int block_count;
    ColumnForce *forces;
    LaneColumns *lanes;
    int most;      // lanes that may go side by side
    Group *groups; // (width) those of the last step
    int group_count;
    double *part;             // (width) scratch
    int kink_count;           // of the rates
    double *cut;              // (width) the part of the last step that leads to a kink; 0: none
    bool *asked, *looks;      // (width) scratch of columns_find_kinks, as are these:
    double *times, *surfaces; // (width), (kinks × width)
    double *jumps;            // (width × items)
    Bracket *brackets;        // (width)
    int factor_count;
    // Scratch of a group:
    double *factors;
    double *floor;                     // (states × COLUMN_GROUP)
    double *matrix[COLUMN_MIXES];      // (entries × COLUMN_GROUP)
    double *force[COLUMN_MIXES];       // (forces × COLUMN_GROUP)
    double *one;                       // (items × COLUMN_GROUP)
    bool exact;                        // the matrix of the factors is A(0)
    double *stages[ROSENBROCK_STAGES]; // (states × COLUMN_GROUP × COLUMN_BLOCK), as are these:
    double *s, *inflow, *sum, *known, *drifted, *work;
    double *error;  // (COLUMN_GROUP × COLUMN_BLOCK)
    double *column; // (states)
};

/* A column may err by so many times what a state may: by an estimate of order 4, while the columns
 * are of order 5. At 5 they are as good as CVODES', whose states and columns are held to a fifth of
 * the tolerance; at 1 RA takes two fifths more steps for nothing that was promised. */
static const double COLUMN_EASE = 5.0;
/* A column is p ∂y/∂p, and (p/y) ∂y/∂p below this is held to no more digits than this has: what
 * nobody sees of a model would otherwise make its steps. At rtol 1e-8 it is known to 5e-12. */
static const double LEAST_SENSITIVITY = 1e-4;

/* What a column may err by in a state, whatever its own size. */
static inline double columns_floor(const Rosenbrock *method, int state, double y)
{
    return method->rtol * LEAST_SENSITIVITY * fabs(y) + method->atol[state];
}

/* What the forces of a group are multiplied with: group->scale. */
void columns_find_scale(const Columns *columns, const Group *group);
/* Matrix and forces of a group's lanes as the stage has them, times `factor` of each lane, if there
 * is one. */
void columns_gather(const Columns *columns, const Stage *stage, const double *values,
                    const Group *group, const double *factor, double *items);

/* A program in all columns of the stage, each at its columns->part of the step; its first output.
 */
const double *columns_look(Columns *columns, Rosenbrock *method, ProgramName program);
/* The rates' derivatives have been looked at where the lanes stand, of which those that are fresh
 * note the sides of the kinks; or at a node of the step that the lanes of the groups try. */
void columns_note_sides(Columns *columns, const Stage *stage, int column, LaneColumns *own);
void columns_compare_sides(Columns *columns, const Stage *stage, int node);
/* Where a step passes a kink that the columns would feel, the next is to lead there: its `cut`. */
void columns_find_kinks(Columns *columns, Rosenbrock *method, const int *lane_of);

#endif
