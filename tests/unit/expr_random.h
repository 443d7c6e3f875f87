/* expr_random.h: random numbers, points and expressions for property tests. The seed is fixed, and
 * printed by a test that fails.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_TESTS_EXPR_RANDOM_H
#define STROMA_TESTS_EXPR_RANDOM_H

#include "expr/expr.h"

#include <stdint.h>

enum { RANDOM_STATES = 8, RANDOM_PARAMETERS = 8, RANDOM_COVARIATES = 2, RANDOM_SWITCHES = 2 };

/* A point: values for every kind of symbol. */
typedef struct {
    double time, state[RANDOM_STATES], parameter[RANDOM_PARAMETERS], covariate[RANDOM_COVARIATES];
    double switches[RANDOM_SWITCHES];
} Point;

typedef struct {
    uint64_t state;
} Dice;

/* SplitMix64 (Steele et al. 2014). */
static inline uint64_t dice_word(Dice *dice)
{
    uint64_t x = dice->state += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static inline int dice_below(Dice *dice, int count)
{
    return (int)(dice_word(dice) % (uint64_t)count);
}

static inline double dice_between(Dice *dice, double low, double high)
{
    return low + (high - low) * ((double)(dice_word(dice) >> 11) * 0x1p-53);
}

static inline Point random_point(Dice *dice)
{
    Point point = {.time = dice_between(dice, 0.1, 3)};
    for (int i = 0; i < RANDOM_STATES; i++) {
        point.state[i] = dice_between(dice, 0.1, 3);
    }
    for (int i = 0; i < RANDOM_PARAMETERS; i++) {
        point.parameter[i] = dice_between(dice, 0.1, 3);
    }
    for (int i = 0; i < RANDOM_COVARIATES; i++) {
        point.covariate[i] = dice_between(dice, 0.1, 3);
    }
    for (int i = 0; i < RANDOM_SWITCHES; i++) {
        point.switches[i] = dice_below(dice, 2);
    }
    return point;
}

static inline Bindings point_bindings(const Point *point)
{
    return (Bindings){.values = {&point->time, point->state, point->parameter, point->covariate,
                                 point->switches}};
}

static inline Expr random_leaf(Graph *graph, Dice *dice)
{
    static const double numbers[] = {0.5, 2, 3, 0.1, 1, 1.7};
    int kind = dice_below(dice, 12);
    if (kind < 6) {
        return expr_symbol(graph, SYMBOL_STATE, dice_below(dice, RANDOM_STATES));
    }
    if (kind < 9) {
        return expr_symbol(graph, SYMBOL_PARAMETER, dice_below(dice, RANDOM_PARAMETERS));
    }
    if (kind == 9) {
        return expr_symbol(graph, SYMBOL_COVARIATE, dice_below(dice, RANDOM_COVARIATES));
    }
    return kind == 10 ? expr_symbol(graph, SYMBOL_TIME, 0)
                      : expr_number(graph, numbers[dice_below(dice, 6)]);
}

/* A positive, bounded function of a: keeps random values where every operator is well conditioned.
 */
static inline Expr random_tame(Graph *graph, Dice *dice, Expr a)
{
    Expr one = expr_number(graph, 1);
    Expr square = expr_apply(graph, EXPR_MULTIPLY, a, a, EXPR_NONE);
    Expr sum = expr_apply(graph, EXPR_ADD, square, one, EXPR_NONE);
    return dice_below(dice, 2) == 0
               ? expr_apply(graph, EXPR_DIVIDE, sum, expr_number(graph, 4), EXPR_NONE)
               : expr_apply(graph, EXPR_SQRT, sum, EXPR_NONE, EXPR_NONE);
}

/* One random operation on arguments that are positive. */
static inline Expr random_operation(Graph *graph, Dice *dice, Expr a, Expr b, Expr c)
{
    static const Operator unary[] = {EXPR_EXP,  EXPR_LN,  EXPR_LOG10, EXPR_SQRT, EXPR_ABS,
                                     EXPR_SIN,  EXPR_COS, EXPR_ATAN,  EXPR_TANH, EXPR_SINH,
                                     EXPR_COSH, EXPR_ERF, EXPR_LGAMMA};
    static const Operator binary[] = {EXPR_ADD,      EXPR_SUBTRACT, EXPR_MULTIPLY, EXPR_DIVIDE,
                                      EXPR_MULTIPLY, EXPR_ADD,      EXPR_MIN,      EXPR_MAX};
    static const double exponents[] = {2, 3, 0.5, 1.5, -1, 2.5};
    Expr none = EXPR_NONE;
    switch (dice_below(dice, 12)) {
    case 0: { // exp and its like grow: damp the argument
        Operator operation = unary[dice_below(dice, (int)(sizeof unary / sizeof *unary))];
        Expr damped = expr_apply(graph, EXPR_ATAN, a, none, none);
        return expr_apply(graph, operation, operation == EXPR_LGAMMA ? a : damped, none, none);
    }
    case 1:
        return expr_apply(graph, EXPR_HILL, a, b,
                          dice_below(dice, 2) == 0
                              ? expr_number(graph, dice_below(dice, EXPR_HILL_WHOLE) + 1)
                              : c);
    case 2:
        return expr_apply(graph, EXPR_SELECT, expr_apply(graph, EXPR_LESS, a, b, none), b, c);
    case 3:
        return expr_apply(graph, EXPR_POWER, a, expr_number(graph, exponents[dice_below(dice, 6)]),
                          none);
    case 4:
        return expr_apply(graph, EXPR_SELECT, expr_apply(graph, EXPR_LESS_EQUAL, c, a, none), a, b);
    case 5:
        return expr_apply(graph, EXPR_NEGATE, a, none, none);
    default:
        return expr_apply(graph, binary[dice_below(dice, 8)], a, b, none);
    }
}

/* A DAG grown by `count` operations on earlier values; returns the last. */
static inline Expr random_expr(Graph *graph, Dice *dice, int count)
{
    Expr pool[256];
    int size = 0;
    for (; size < 6; size++) {
        pool[size] = random_leaf(graph, dice);
    }
    for (int i = 0; i < count && size < 250; i++) {
        Expr pick[3];
        for (int k = 0; k < 3; k++) { // mostly recent ones
            int back = dice_below(dice, 3) == 0 ? dice_below(dice, size) : dice_below(dice, 5);
            pick[k] = pool[size - 1 - back];
        }
        Expr made = random_operation(graph, dice, pick[0], pick[1], pick[2]);
        pool[size++] = random_tame(graph, dice, made);
        if (dice_below(dice, 3) == 0) {
            pool[size++] = random_leaf(graph, dice);
        }
    }
    return pool[size - 1];
}

#endif
