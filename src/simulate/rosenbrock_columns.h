/* rosenbrock_columns.h: columns of sensitivities along the steps that rosenbrock.h makes.
 *
 * When a lane's step from s = 0 to 1 has been made, y(s) is known within it, and so are the
 * coefficients of the columns' equation
 *
 *   dS/ds = A(s) S + b(s),   A = h J(y(s)),   b = h (∂f/∂p + inflow),
 *
 * which is linear and not autonomous. The method of the states goes over it with the states' own
 * matrix, whose factors are there:
 *
 *   (I - γ A(0)) v_k = γ (A(c_k) S_k + b(c_k)) + Σ γ c_kj v_j + γ d_k (A'(0) S(0) + b'(0)),
 *   S_k = S(0) + Σ a_kj v_j
 *
 * A and b are looked at where s is 0, 1/4, 1/2, 3/4 and 1, inside the step on its polynomial of
 * order 4; what is between, and the slope at 0, is that of the polynomial through these five: an
 * error of h^5 in A, h^6 in a step. The last of a step is the first of the next.
 *
 * The columns of a lane stand by themselves and do not care in which column of a stage the lane is.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_SIMULATE_ROSENBROCK_COLUMNS_H
#define STROMA_SIMULATE_ROSENBROCK_COLUMNS_H

#include "simulate/rosenbrock.h"
#include "simulate/slopes.h"

typedef struct Columns Columns;

/* For the columns of `slopes`, whose parameters have been named, in any lane of its stage; `lu` is
 * the program of a method's factors, for any width. */
Columns *columns_open(Arena *arena, const Slopes *slopes, const LuProgram *lu);
/* What follows does nothing without columns: NULL.
 * A lane sets out from a stop with the columns of `slopes`; columns_arrive: they are put back. */
void columns_set_out(Columns *columns, int lane);
void columns_arrive(Columns *columns, int lane);
/* After rosenbrock_try: the columns of lanes that step and whose states are good. The error of a
 * lane becomes the largest of that of its states and of its columns'. lane_of[column] is who stands
 * in a column of the method's stage; of lanes that are `wanted`, values within the step may be
 * asked for. The state slots of the stage are left at the end of the step. */
void columns_try(Columns *columns, Rosenbrock *method, const int *lane_of, const bool *wanted);
/* The lane takes the step. */
void columns_take(Columns *columns, int lane);
/* The columns of a lane at `part` of the last step, into slopes->inside. */
void columns_value(Columns *columns, int lane, double part);
/* What each node counts for the value at s of the polynomial through all, or for its slope at 0. */
enum { COLUMN_NODES = 5 };
void columns_weights(double s, double weight[COLUMN_NODES]);
void columns_slope_weights(double weight[COLUMN_NODES]);

#endif
