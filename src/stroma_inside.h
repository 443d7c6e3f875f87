/* stroma_inside.h: what stroma.c and stroma_study.c share: the insides of the opaque types, and the
 * way out of a call when memory runs out.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_INSIDE_H
#define STROMA_INSIDE_H

#include "stroma.h"

#include "study/study.h"

#include <setjmp.h>

struct stroma_report {
    Arena *arena;
    Text text;
    int errors;
};

struct stroma_model {
    Arena *arena; // NULL: the model belongs to a study
    const Model *model;
};

struct stroma_study {
    Arena *arena;
    stroma_model model;
    Study study;
    double *atol; // (state_count) what study.solver.atol points to
    size_t arm_capacity;
    bool from_file;
    Arm common; // what arms start with, if not from a file
};

struct stroma_table {
    Arena *arena;
    RunResult result;
    const char **outcomes; // (arm_count)
    const char **reasons;  // (arm_count)
};

/* Where a call that runs out of memory returns to:
 *     Guard guard;
 *     guard_arena(arena, &guard);
 *     if (setjmp(guard.jump) != 0) { return STROMA_OUT_OF_MEMORY; } */
typedef struct {
    jmp_buf jump;
} Guard;
void guard_arena(Arena *arena, Guard *guard);

/* A new object of `bytes` in an arena of its own; NULL if there is no memory. */
void *object_new(size_t bytes, Arena **arena);

/* Adds what a Diag holds, or one error in words, to a report that may be NULL. */
void report_diag(stroma_report *report, const Diag *diag);
void report_error(stroma_report *report, const char *words);

#endif
