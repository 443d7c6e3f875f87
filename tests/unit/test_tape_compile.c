/* test_tape_compile.c: what the compiler of tapes promises: hoisting, joining, reuse of slots.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit/random_model.h"
#include "unit/suite.h"

static const TapeOptions plain;

/* The words of a program's listing, without slots. */
static const char *words(Arena *arena, const Tape *tape, ProgramName program)
{
    Text text = text_new(arena);
    for (int i = 0; i < tape->programs[program].count; i++) {
        text_format(&text, "%s%s", i > 0 ? " " : "",
                    op_text((Op)tape->programs[program].code[i].op));
    }
    return text.data != NULL ? text.data : "";
}

static void check_words(const char *rate, const char *rates, const char *setup)
{
    Arena *arena = arena_new();
    Model *model = hand_model(arena);
    model->state_count = 1;
    hand_rate(model, 0, rate);
    model->states[0].initial = expr_symbol(model->graph, SYMBOL_TIME, 0);
    model->switch_count = 0;
    const Tape *tape = tape_compile(arena, model, &plain);
    const char *got = words(arena, tape, PROGRAM_RATES);
    const char *got_setup = words(arena, tape, PROGRAM_SETUP);
    if (strcmp(got, rates) != 0 || strcmp(got_setup, setup) != 0) {
        printf("%s: rates %s; setup %s\n", rate, got, got_setup);
    }
    CU_ASSERT_STRING_EQUAL(got, rates);
    CU_ASSERT_STRING_EQUAL(got_setup, setup);
    arena_free(arena);
}

static void test_terms_of_parameters_are_hoisted(void)
{
    check_words("p0 * p1 / (p2 + p3) * x0", "multiply", "multiply add divide");
    check_words("x0 / p0", "multiply", "reciprocal");
    check_words("p0 * x0 * p1 * x1 / p2", "multiply3", "multiply divide");
    check_words("x0 * exp(-p0 * 2) + x1", "multiply_add", "multiply exp");
    check_words("p0 * c0", "", "multiply");
    check_words("3", "", "move");
    check_words("x0 + 0", "move", "");
    check_words("p0 * x0 + p1 * x0", "multiply", "add");
    check_words("hill(x0, p0, 4)", "clamp multiply multiply divide_sum",
                "clamp multiply multiply at_least");
    check_words("hill(x0, p0, p1)", "hill_log scale_difference hill_value", "hill_log");
    check_words("s0 * x0", "multiply", "");
    check_words("t * p0", "multiply", "");
}

static void test_operations_are_joined(void)
{
    check_words("x0 + x1 + x2", "add3", "");
    check_words("x0 + x1 + x2 + x3", "add4", "");
    check_words("x0 + x1 - x2", "add_subtract", "");
    check_words("x0 - x1 + x2", "subtract_add", "");
    check_words("x0 - x1 - x2", "subtract2", "");
    check_words("x0 * x1 * x2", "multiply3", "");
    check_words("x0 * x1 * x2 * x3", "multiply4", "");
    check_words("x0 * x1 + x2", "multiply_add", "");
    check_words("x0 * x1 - x2", "multiply_subtract", "");
    check_words("x0 - x1 * x2", "subtract_multiply", "");
    check_words("p0 * x1 * x2 + x3", "multiply3_add", "");
    check_words("p0 * x1 * x2 - x3", "multiply3_subtract", "");
    check_words("x0 - p1 * x1 * x2", "subtract_multiply3", "");
    check_words("x0 * x1 + x2 * x3", "products_add", "");
    check_words("x0 * x1 - x2 * x3", "products_subtract", "");
    check_words("x0 * (x1 + x2)", "scale_sum", "");
    check_words("x0 * (x1 - x2)", "scale_difference", "");
    check_words("p0 * x0 / x1", "scale_ratio", "");
    check_words("p0 * x0 / (p1 + x0)", "scale_ratio_sum", "");
    check_words("x0 / (p1 + x0)", "divide_sum", "");
    check_words("1 / x0", "reciprocal", "");
    check_words("1 / (x0 + x1)", "reciprocal_sum", "");
    check_words("p0 / x0", "divide", "");
    check_words("-(p0 * x0)", "multiply", "negate");
    check_words("-(p0 / x0)", "divide", "negate");
    check_words("if x0 < x1 then x2 else x3", "select_less", "");
    check_words("if x0 <= x1 then x2 else x3", "select_less_equal", "");
    check_words("(x0 + x1) * (x0 + x1)", "add multiply", ""); // used twice: not drawn in
}

static int count_op(const Program *program, Op op)
{
    int count = 0;
    for (int i = 0; i < program->count; i++) {
        count += program->code[i].op == op;
    }
    return count;
}

static void test_a_denominator_used_twice_becomes_one_reciprocal(void)
{
    Arena *arena = arena_new();
    Model *model = hand_model(arena);
    hand_rate(model, 0, "x0 / (x2 + x1 * x1)");
    hand_rate(model, 1, "x1 / (x2 + x1 * x1)");
    hand_rate(model, 2, "x0 * x2 / (x2 + x1 * x1)");
    const Tape *tape = tape_compile(arena, model, &plain);
    const Program *rates = &tape->programs[PROGRAM_RATES];
    CU_ASSERT_EQUAL(count_op(rates, OP_RECIPROCAL), 1);
    CU_ASSERT_EQUAL(count_op(rates, OP_DIVIDE) + count_op(rates, OP_DIVIDE_SUM), 0);
    arena_free(arena);
}

static void test_value_and_slope_of_hill_share_their_reciprocal(void)
{
    Arena *arena = arena_new();
    Model *model = hand_model(arena);
    hand_rate(model, 0, "hill(x0, p0, 3) * x1");
    hand_jacobian(model);
    const Tape *tape = tape_compile(arena, model, &plain);
    const Program *jacobian = &tape->programs[PROGRAM_JACOBIAN];
    CU_ASSERT_EQUAL(count_op(jacobian, OP_RECIPROCAL) + count_op(jacobian, OP_RECIPROCAL_SUM), 1);
    CU_ASSERT_EQUAL(count_op(jacobian, OP_DIVIDE) + count_op(jacobian, OP_DIVIDE_SUM), 0);
    CU_ASSERT_EQUAL(count_op(jacobian, OP_CLAMP), 1);
    arena_free(arena);
}

static void test_no_instruction_of_the_time_loop_is_constant(void)
{
    Dice dice = {32};
    for (int k = 0; k < 20; k++) {
        Arena *arena = arena_new();
        const Tape *tape = tape_compile(arena, random_model(arena, &dice, 12), &plain);
        bool *moving = arena_array(arena, (size_t)tape->slot_count, sizeof *moving);
        for (int i = 0; i < tape->slot_count; i++) {
            moving[i] = i < tape->parameter || (i >= tape->switches && i < tape->constant);
        }
        const Program *rates = &tape->programs[PROGRAM_RATES];
        for (int i = 0; i < rates->count; i++) {
            const Instruction *code = &rates->code[i];
            const uint32_t operand[] = {code->a, code->b, code->c, code->d};
            bool moves = false;
            for (int m = 0; m < op_arity((Op)code->op); m++) {
                moves = moves || moving[operand[m]];
            }
            CU_ASSERT(moves);
            moving[code->dst] = true;
        }
        arena_free(arena);
    }
}

static void test_dead_slots_are_used_again(void)
{
    Arena *arena = arena_new();
    Model *model = hand_model(arena);
    Graph *graph = model->graph;
    Expr sum = read_expr(graph, "x0 * x1", false);
    for (int i = 0; i < 1000; i++) { // 1000 values, two of them alive at a time
        Expr sine = expr_apply(graph, EXPR_SIN, sum, EXPR_NONE, EXPR_NONE);
        Expr cosine = expr_apply(graph, EXPR_COS, sum, EXPR_NONE, EXPR_NONE);
        sum = expr_apply(graph, EXPR_MULTIPLY, sine, cosine, EXPR_NONE);
    }
    model->states[0].rate = sum;
    const Tape *tape = tape_compile(arena, model, &plain);
    CU_ASSERT_EQUAL(tape->programs[PROGRAM_RATES].count, 3001);
    CU_ASSERT_EQUAL(tape->working_count, 2);
    arena_free(arena);
}

static void test_a_chain_of_100000_operations(void)
{
    Arena *arena = arena_new();
    Model *model = hand_model(arena);
    Graph *graph = model->graph;
    Expr chain = read_expr(graph, "x0", false);
    Expr y = read_expr(graph, "x1", false);
    for (int i = 0; i < 100000; i++) {
        chain = i % 2 == 0 ? expr_apply(graph, EXPR_ADD, chain, y, EXPR_NONE)
                           : expr_apply(graph, EXPR_ABS, chain, EXPR_NONE, EXPR_NONE);
    }
    model->states[0].rate = chain;
    const Tape *tape = tape_compile(arena, model, &plain);
    double *slots = hand_slots(arena, tape, 8);
    for (int lane = 0; lane < 8; lane++) {
        Point point = {.state = {lane, 0.25}};
        hand_fill(tape, slots, 8, lane, &point);
    }
    tape_setup(tape, slots, 8);
    tape_run(tape, PROGRAM_RATES, slots, 8);
    for (int lane = 0; lane < 8; lane++) {
        CU_ASSERT_EQUAL(tape_output(tape, PROGRAM_RATES, slots, 0, 8)[lane], lane + 50000 * 0.25);
    }
    arena_free(arena);
}

SUITE("tape_compile", TEST(test_terms_of_parameters_are_hoisted), TEST(test_operations_are_joined),
      TEST(test_a_denominator_used_twice_becomes_one_reciprocal),
      TEST(test_value_and_slope_of_hill_share_their_reciprocal),
      TEST(test_no_instruction_of_the_time_loop_is_constant), TEST(test_dead_slots_are_used_again),
      TEST(test_a_chain_of_100000_operations))
