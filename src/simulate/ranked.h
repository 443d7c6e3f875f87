/* ranked.h: linear systems of full or lesser rank, for states that conserve sums.
 *
 * Where x obeys A x = b and A has a left null vector w (w'A = 0: a sum that the dynamics conserve),
 * the system alone does not say what w'x is; what it was before does. So a solution is asked for
 * with A x = b and w'x = w'x0 for every such w.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_SIMULATE_RANKED_H
#define STROMA_SIMULATE_RANKED_H

#include "base/arena.h"

#include <stdbool.h>

typedef struct {
    int n, rank;
    double *left;   // (n × n) combinations of rows; those from `rank` on are the w
    double *matrix; // (n × n) factors of the completed system
    double *work;   // (n)
    int *pivot;     // (n)
} Ranked;

/* Overwrites a (n × n, rows). Pivots below `tolerance` of the largest count as zero; columns should
 * be scaled alike. False if the completed system is singular or not finite. */
bool ranked_factor(Ranked *ranked, Arena *arena, double *a, int n, double tolerance);
/* x may be b; x0 NULL: zeros. */
void ranked_solve(const Ranked *ranked, const double *b, const double *x0, double *x);
/* The largest |w'b|, each w scaled to a largest entry of 1: not zero where A x = b has no solution.
 */
double ranked_contradiction(const Ranked *ranked, const double *b);

#endif
