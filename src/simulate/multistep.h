/* multistep.h: BDF for W lanes that share their steps, in as few passes over memory as possible.
 *
 * The method, its error control and its heuristics are those of CVODE (Cohen and Hindmarsh 1996,
 * Computers in Physics 10:138; Byrne and Hindmarsh 1975; Jackson and Sacks-Davis 1980): variable
 * order 1 to 5 in fixed-leading-coefficient form, Nordsieck array, modified Newton. CVODE works on
 * vectors one operation at a time, about 35 passes over memory a step at order 5, and with lanes
 * those take most of the time; here a step is three passes beside the rates and the triangular
 * solves. cvode.c chooses between the two.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_SIMULATE_MULTISTEP_H
#define STROMA_SIMULATE_MULTISTEP_H

#include "simulate/cvode.h"

typedef struct Multistep Multistep;

/* The functions mean what integrator_... of cvode.h mean. */
Multistep *multistep_open(Arena *arena, const IntegratorProblem *problem, LaneSystem *system);
void multistep_restart(Multistep *multistep, double time, const double *y);
void multistep_stop_at(Multistep *multistep, double time);
StepStatus multistep_step(Multistep *multistep, double *time);
const double *multistep_state(Multistep *multistep);
void multistep_value(const Multistep *multistep, double time, double *y);
double multistep_last_step(const Multistep *multistep);
const double *multistep_errors(Multistep *multistep);
const double *multistep_lane_sums(const Multistep *multistep);
void multistep_count(Multistep *multistep, SolverStats *stats);

#endif
