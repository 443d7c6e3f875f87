/* random_model.h: models of random rates for tests of tapes.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_TESTS_RANDOM_MODEL_H
#define STROMA_TESTS_RANDOM_MODEL_H

#include "unit/hand_model.h"

/* A model of random rates with its whole Jacobian. */
static Model *random_model(Arena *arena, Dice *dice, int operations)
{
    Model *model = hand_model(arena);
    for (int i = 0; i < RANDOM_STATES; i++) {
        Expr rate = random_expr(model->graph, dice, operations);
        if (i > 0) { // parts in common
            rate = expr_apply(model->graph, EXPR_SUBTRACT, rate, model->states[i - 1].rate, 0);
        }
        model->states[i].rate = rate;
    }
    hand_jacobian(model);
    return model;
}

#endif
