/* hand_model.h: a Model made by hand, without the model language, for tests of the tape.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_TESTS_HAND_MODEL_H
#define STROMA_TESTS_HAND_MODEL_H

#include "tape/tape.h"
#include "unit/expr_random.h"
#include "unit/expr_reader.h"

/* RANDOM_STATES states, RANDOM_PARAMETERS parameters and so on, all rates and initial values 0. */
static inline Model *hand_model(Arena *arena)
{
    Model *model = arena_alloc(arena, sizeof *model);
    model->arena = arena;
    model->graph = graph_new(arena);
    model->name = "hand";
    model->state_count = RANDOM_STATES;
    model->states = arena_array(arena, RANDOM_STATES, sizeof *model->states);
    model->parameter_count = RANDOM_PARAMETERS;
    model->parameters = arena_array(arena, RANDOM_PARAMETERS, sizeof *model->parameters);
    model->covariate_count = RANDOM_COVARIATES;
    model->covariates = arena_array(arena, RANDOM_COVARIATES, sizeof *model->covariates);
    model->switch_count = RANDOM_SWITCHES;
    model->switches = arena_array(arena, RANDOM_SWITCHES, sizeof *model->switches);
    Expr zero = expr_number(model->graph, 0);
    for (int i = 0; i < RANDOM_STATES; i++) {
        model->states[i].label.name = arena_format(arena, "x%d", i);
        model->states[i].rate = zero;
        model->states[i].initial = zero;
    }
    for (int i = 0; i < RANDOM_PARAMETERS; i++) {
        model->parameters[i].label.name = arena_format(arena, "p%d", i);
    }
    for (int i = 0; i < RANDOM_COVARIATES; i++) {
        model->covariates[i].label.name = arena_format(arena, "c%d", i);
    }
    for (int i = 0; i < RANDOM_SWITCHES; i++) {
        model->switches[i] = (Switch){.value = zero, .surface = zero, .slope = zero};
    }
    model->jacobian.row_start = arena_array(arena, RANDOM_STATES + 1, sizeof(int));
    return model;
}

static inline void hand_rate(Model *model, int state, const char *text)
{
    model->states[state].rate = read_expr(model->graph, text, false);
}

/* Every ∂rate_i/∂state_j, zeros included. */
static inline void hand_jacobian(Model *model)
{
    Jacobian *jacobian = &model->jacobian;
    int n = model->state_count;
    jacobian->count = n * n;
    jacobian->column = arena_array(model->arena, (size_t)jacobian->count, sizeof(int));
    jacobian->entry = arena_array(model->arena, (size_t)jacobian->count, sizeof(Expr));
    for (int i = 0; i < n; i++) {
        jacobian->row_start[i] = i * n;
        for (int j = 0; j < n; j++) {
            jacobian->column[i * n + j] = j;
            jacobian->entry[i * n + j] = expr_derive(model->graph, model->states[i].rate,
                                                     expr_symbol(model->graph, SYMBOL_STATE, j));
        }
    }
    jacobian->row_start[n] = n * n;
}

static inline double *hand_slots(Arena *arena, const Tape *tape, int width)
{
    return arena_array(arena, (size_t)tape->slot_count * (size_t)width, sizeof(double));
}

/* Puts a point into one lane. */
static inline void hand_fill(const Tape *tape, double *slots, int width, int lane,
                             const Point *point)
{
    double *at = slots + lane;
    at[tape->time * width] = point->time;
    for (int i = 0; i < RANDOM_STATES; i++) {
        at[(tape->state + i) * width] = point->state[i];
    }
    for (int i = 0; i < RANDOM_PARAMETERS; i++) {
        at[(tape->parameter + i) * width] = point->parameter[i];
    }
    for (int i = 0; i < RANDOM_COVARIATES; i++) {
        at[(tape->covariate + i) * width] = point->covariate[i];
    }
    for (int i = 0; i < RANDOM_SWITCHES; i++) {
        at[(tape->switches + i) * width] = point->switches[i];
    }
}

#endif
