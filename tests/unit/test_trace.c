/* test_trace.c: where a value stopped being finite, down to the instruction.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit/hand_model.h"
#include "unit/suite.h"

#include <math.h>

enum { WIDTH = 4, LANE = 2 };

typedef struct {
    Arena *arena;
    Model *model;
    const Tape *tape;
    double *slots;
    TapeFault fault;
    bool found;
} Case;

/* Rates are traced at x0, x1 and p0 in one lane; the other lanes hold ones. */
static Case trace(const char *rate0, const char *rate1, double x0, double x1, double p0)
{
    Case run = {.arena = arena_new()};
    run.model = hand_model(run.arena);
    hand_rate(run.model, 0, rate0);
    hand_rate(run.model, 1, rate1);
    const TapeOptions options = {.isa = ISA_BEST};
    run.tape = tape_compile(run.arena, run.model, &options);
    run.slots = hand_slots(run.arena, run.tape, WIDTH);
    for (int lane = 0; lane < WIDTH; lane++) {
        Point point = {.time = 1, .state = {1, 1, 1}, .parameter = {1, 1, 1}};
        if (lane == LANE) {
            point.state[0] = x0;
            point.state[1] = x1;
            point.parameter[0] = p0;
        }
        hand_fill(run.tape, run.slots, WIDTH, lane, &point);
    }
    tape_setup(run.tape, run.slots, WIDTH);
    tape_run(run.tape, PROGRAM_RATES, run.slots, WIDTH);
    run.found = tape_trace(run.tape, PROGRAM_RATES, run.slots, WIDTH, LANE, &run.fault);
    return run;
}

static bool blames(const Case *run, const char *text)
{
    const char *got =
        run->found ? expr_text(run->model->graph, run->fault.expr, run->arena) : "nothing";
    if (strcmp(got, text) != 0) {
        printf("blames %s, not %s\n", got, text);
    }
    return strcmp(got, text) == 0;
}

static void test_a_logarithm_is_blamed_with_its_operand(void)
{
    Case run = trace("x2 * 2", "3 * exp(ln(x0 - x1) * 2) + x2", 1, 3, 1);
    CU_ASSERT(blames(&run, "ln(x0 - x1)"));
    CU_ASSERT_EQUAL(run.fault.op, OP_LN);
    CU_ASSERT_EQUAL(run.fault.operand_count, 1);
    CU_ASSERT_EQUAL(run.fault.operand[0], -2);
    CU_ASSERT_STRING_EQUAL(expr_text(run.model->graph, run.fault.operand_expr[0], run.arena),
                           "x0 - x1");
    CU_ASSERT(isnan(run.fault.result));
    arena_free(run.arena);
}

static void test_a_division_by_zero_is_blamed(void)
{
    Case run = trace("x2 / (x0 - x1) + 1", "0", 2, 2, 1);
    CU_ASSERT(blames(&run, "x2 / (x0 - x1)"));
    CU_ASSERT_EQUAL(run.fault.operand_count, 2);
    CU_ASSERT_EQUAL(run.fault.operand[0], 1);
    CU_ASSERT_EQUAL(run.fault.operand[1], 0);
    CU_ASSERT(isinf(run.fault.result));
    arena_free(run.arena);
}

static void test_a_hoisted_term_is_blamed(void)
{
    Case run = trace("x0", "x1 * (2 / (p0 - p1))", 2, 2, 1);
    CU_ASSERT(blames(&run, "2 / (p0 - p1)"));
    CU_ASSERT_EQUAL(run.fault.operand[1], 0);
    arena_free(run.arena);
}

static void test_an_input_that_is_not_finite_is_named_itself(void)
{
    Case run = trace("x2", "exp(x0) * p0", NAN, 1, 1);
    CU_ASSERT(blames(&run, "x0"));
    CU_ASSERT_EQUAL(run.fault.op, OP_NONE);
    CU_ASSERT(isnan(run.fault.result));
    arena_free(run.arena);
    run = trace("x2", "x0 * sqrt(p0)", 1, 1, NAN);
    CU_ASSERT(blames(&run, "p0"));
    arena_free(run.arena);
    run = trace("x2", "x1 * 3", NAN, 1, 1); // nobody reads x0
    CU_ASSERT_FALSE(run.found);
    arena_free(run.arena);
}

static void test_the_branch_not_taken_is_not_blamed(void)
{
    Case run = trace("(if x0 < 0 then ln(x0) else ln(-x0)) + sqrt(x1)", "0", -2, -3, 1);
    CU_ASSERT(blames(&run, "sqrt(x1)"));
    arena_free(run.arena);
    run = trace("(if x0 > 0 then ln(x0) else 2) + 1 / x1", "0", -2, 0, 1);
    CU_ASSERT(blames(&run, "1 / x1"));
    arena_free(run.arena);
    run = trace("if x0 > 0 then ln(x0) else 2", "if 1 / x1 > 5 then 1 else 0", -2, 0, 1);
    CU_ASSERT_FALSE(run.found); // an infinity that has been compared away
    arena_free(run.arena);
}

static void test_hill_is_never_blamed(void)
{
    Case run = trace("hill(x0, p0, 2.5) + hill(x0, p0, 3) + hill(x0, p0, p1)", "ln(x1)", 0, -1, 0);
    CU_ASSERT(blames(&run, "ln(x1)"));
    arena_free(run.arena);
}

static void test_a_finite_program_has_no_fault(void)
{
    Case run = trace("x0 + exp(x1)", "p0 * x1", 1, 2, 3);
    CU_ASSERT_FALSE(run.found);
    arena_free(run.arena);
}

static void test_the_fault_carries_the_place_in_the_text(void)
{
    Arena *arena = arena_new();
    Model *model = hand_model(arena);
    const Source *source = source_from_text(arena, "m", "ln(x0)", 6);
    Expr x = expr_symbol(model->graph, SYMBOL_STATE, 0);
    graph_at(model->graph, (Span){source, 0, 6});
    model->states[0].rate = expr_apply(model->graph, EXPR_LN, x, EXPR_NONE, EXPR_NONE);
    const TapeOptions options = {.isa = ISA_BEST};
    const Tape *tape = tape_compile(arena, model, &options);
    double *slots = hand_slots(arena, tape, 1);
    Point point = {.state = {-1}};
    hand_fill(tape, slots, 1, 0, &point);
    tape_setup(tape, slots, 1);
    TapeFault fault;
    CU_ASSERT(tape_trace(tape, PROGRAM_RATES, slots, 1, 0, &fault));
    CU_ASSERT_PTR_EQUAL(fault.span.source, source);
    CU_ASSERT_EQUAL(fault.span.length, 6);
    arena_free(arena);
}

SUITE("trace", TEST(test_a_logarithm_is_blamed_with_its_operand),
      TEST(test_a_division_by_zero_is_blamed), TEST(test_a_hoisted_term_is_blamed),
      TEST(test_an_input_that_is_not_finite_is_named_itself),
      TEST(test_the_branch_not_taken_is_not_blamed), TEST(test_hill_is_never_blamed),
      TEST(test_a_finite_program_has_no_fault), TEST(test_the_fault_carries_the_place_in_the_text))
