/* rosenbrock.h: one step of a Rosenbrock method in every lane, each from its own time and of its
 * own length.
 *
 * The method is Rodas5P (Steinebach 2023, BIT Numer. Math. 63:27): eight stages, order 5 with an
 * error estimate of order 4, L-stable and stiffly accurate, with a polynomial of order 4 within the
 * step. A stage is a linear system with the same matrix I - γ h J, J exact, and nothing is
 * iterated: a lane asks for nothing that its neighbours would have to wait for.
 *
 * With s from 0 at the beginning to 1 at the end of a lane's step, F = h f and A = h J:
 *
 *   (I - γ A) u_k = γ F(s = c_k, y + Σ a_kj u_j) + Σ γ c_kj u_j + γ d_k ∂F/∂s
 *
 * after Hairer and Wanner, Solving Ordinary Differential Equations II, IV.7 (7.25), where time is a
 * state like the others. ∂F/∂s is a one-sided difference of second order; it is left out where the
 * rates do not ask for the time.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_SIMULATE_ROSENBROCK_H
#define STROMA_SIMULATE_ROSENBROCK_H

#include "simulate/lanes.h"

enum { ROSENBROCK_STAGES = 8, ROSENBROCK_ORDER = 5, ROSENBROCK_BENDS = 3 };

/* Coefficients, multiplied with γ where the equation above has it. */
typedef struct {
    double gamma;
    double apart; // in units of the step: for ∂F/∂s, a difference whose error is the square of it
    double point[ROSENBROCK_STAGES];                    // c_k
    double state[ROSENBROCK_STAGES][ROSENBROCK_STAGES]; // a_kj
    double known[ROSENBROCK_STAGES][ROSENBROCK_STAGES]; // γ c_kj
    double clock[ROSENBROCK_STAGES];                    // γ d_k
    double bend[ROSENBROCK_BENDS][ROSENBROCK_STAGES];   // of the polynomial within the step
} RosenbrockMethod;

RosenbrockMethod rosenbrock_method(void);
/* ∂F/∂s from F at 0, apart and twice that: their weights. */
void rosenbrock_slope_weights(double weight[3]);
/* True if the rates of a model ask for the time, so that ∂F/∂s is not 0. */
bool rosenbrock_is_timed(const Tape *tape);

typedef struct {
    Stage *stage; // y: where the lanes stand; origin, scale: since when, and how long a step
    RosenbrockMethod method;
    double rtol;
    const double *atol; // (states)
    bool timed;         // the rates ask for the time
    bool keeps_factors; // somebody wants them after the step
    BlockLu *sparse;
    DenseLanes *dense;                 // lanes whose sparse factors have lost their digits
    bool *pivots;                      // (width) which those are
    int pivot_count;                   // how many of them
    double *stages[ROSENBROCK_STAGES]; // (states × width) u_k
    double *next;                      // (states × width) the state at the end of the step
    double *slope;                     // (states × width) ∂F/∂s, and scratch
    double *error; // (width) the norm of the estimated error: at most 1 is good; not finite: the
                   // rates were not, or the matrix is singular
    double *share[ROSENBROCK_STAGES + 2]; // (width) scratch
    long pivoted;                         // lanes that had to pivot, so far
} Rosenbrock;

void rosenbrock_open(Rosenbrock *method, Arena *arena, Stage *stage, double rtol,
                     const double *atol);
/* For rosenbrock_begin only. */
void rosenbrock_open_outset(Rosenbrock *method, Arena *arena, Stage *stage, double rtol,
                            const double *atol);
/* Tries a step of stage->scale from stage->origin in every lane; scale 0: nothing happens there. */
void rosenbrock_try(Rosenbrock *method);
/* A first length for each lane, by which stage->scale is multiplied; stage->scale is the longest
 * there may be. After Hairer, Nørsett and Wanner, Solving Ordinary Differential Equations I, II.4.
 */
void rosenbrock_begin(Rosenbrock *method, double *length);
/* For lengths of steps: x^(1/order) to four digits, x > 0 and not tiny, the same bits on every
 * machine. */
double rosenbrock_fifth_root(double x);
/* The state within the last step, at part[lane] of it, into y (states × width). */
void rosenbrock_value(Rosenbrock *method, const double *part, double *y);
/* The same at one part for all lanes. */
void rosenbrock_value_at(const Rosenbrock *method, double part, double *y);
/* Where the rates of a lane were not finite in the step that was tried last: the time, and the
 * state (stride 1). False: they were finite everywhere. */
bool rosenbrock_unsound(Rosenbrock *method, int lane, double *time, double *y);
/* The state whose error is the largest, in the step that was tried last. */
int rosenbrock_worst(const Rosenbrock *method, int lane);

#endif
