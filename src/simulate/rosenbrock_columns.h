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
 * of which w_k = v_k + S_k is what is solved for (columns_open.c).
 *
 * A and b are looked at where s is 0, (1 -+ 1/sqrt 5) / 2 and 1, inside the step on its polynomial
 * of order 4; what is between, and the slope at 0, is that of the polynomial through these four.
 * They are the nodes of Lobatto's quadrature: the error in A, of h^4, is orthogonal to polynomials
 * of degree 1, so that what it does to S in a step is of h^7 where nothing is stiff. The last of a
 * step is the first of the next.
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
 * asked for. Where the time and state slots of the stage are left is for nobody to know. */
void columns_try(Columns *columns, Rosenbrock *method, const int *lane_of, const bool *wanted);
/* Of a step that was no good for a kink of the rates on its way: the part of it that leads just
 * beyond; 0: it was for no kink. */
double columns_cut(const Columns *columns, int column);
/* The lane takes the step. */
void columns_take(Columns *columns, int lane);
/* The columns of a lane at `part` of the last step, into slopes->inside. */
void columns_value(Columns *columns, int lane, double part);

#endif
