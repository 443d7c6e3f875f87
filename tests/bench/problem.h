/* problem.h: what one workload asks of every tool, as numbers: the same file for all of them.
 *
 * Binary, native byte order: int32 states, parameters, subjects, times, events; then doubles: atol
 * (states), times, parameters (subjects × parameters, covariates behind them), initial (subjects ×
 * states), events (5 each: subject, time, state, amount that enters at once, change of what runs in
 * per unit time), by subject and time. Results are doubles (subjects × times × states); at the time
 * of a dose the value after it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_BENCH_PROBLEM_H
#define STROMA_BENCH_PROBLEM_H

#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    double subject, time, state, amount, inflow;
} ProblemEvent;

typedef struct {
    int32_t states, parameters, subjects, times, events;
} ProblemSize;

typedef struct {
    ProblemSize size;
    double *atol, *time, *parameter, *initial;
    ProblemEvent *event;
} Problem;

/* Takes the memory for a problem of that size. */
Problem problem_new(Arena *arena, ProblemSize size);
bool problem_write(const Problem *problem, const char *path);
bool problem_read(Arena *arena, Problem *problem, const char *path);

bool doubles_write(const double *numbers, size_t count, const char *path);
bool doubles_read(double *numbers, size_t count, const char *path);

/* CPU seconds of this process. */
double cpu_seconds(void);

#endif
