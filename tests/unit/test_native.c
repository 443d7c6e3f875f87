/* test_native.c: a model as machine code against the interpreter and the kernels, bit by bit, for
 * the instruction sets and widths that this machine has.
 *
 * The whole program with it: tests/cli/native.sh.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/blocklu.h"
#include "simulate/native.h"
#include "unit/random_model.h"
#include "unit/suite.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MODELS = 2, OPERATIONS = 10, MOST_TRIES = 200 };
static const double GAMMA = 0.37;

static bool same_bits(const double *a, const double *b, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (memcmp(&a[i], &b[i], sizeof *a) != 0 && !(isnan(a[i]) && isnan(b[i]))) {
            return false;
        }
    }
    return true;
}

static double *filled_slots(Arena *arena, const Tape *tape, int width, Dice dice)
{
    double *slots = hand_slots(arena, tape, width);
    for (int lane = 0; lane < width; lane++) {
        Point point = random_point(&dice);
        if (lane % 5 == 1) { // outside everything's domain
            point.state[lane % RANDOM_STATES] = lane % 2 == 0 ? -3 : 1e200;
        }
        hand_fill(tape, slots, width, lane, &point);
    }
    tape_setup(tape, slots, width);
    return slots;
}

static void compare(const Model *model, Isa isa, int width, Dice dice)
{
    Arena *arena = arena_new();
    const TapeOptions options = {.isa = isa};
    const Tape *tape = tape_compile(arena, model, &options);
    const Jacobian *jacobian = &model->jacobian;
    Pattern pattern = {model->state_count, jacobian->row_start, jacobian->column};
    BlockLu *lu = blocklu_open(arena, pattern, width, kernels_for(tape->isa));
    const LuProgram *program = blocklu_program(lu);
    const NativeCode *code = native_open(arena, tape, program, NATIVE_SHARED_STEPS);
    CU_ASSERT_PTR_NOT_NULL_FATAL(code);
    double *want = filled_slots(arena, tape, width, dice);
    double *got = filled_slots(arena, tape, width, dice);
    size_t lanes = (size_t)width;
    tape_run(tape, PROGRAM_RATES, want, width);
    code->rates(got);
    CU_ASSERT(same_bits(tape_output(tape, PROGRAM_RATES, want, 0, width),
                        tape_output(tape, PROGRAM_RATES, got, 0, width),
                        lanes * (size_t)model->state_count));
    tape_run(tape, PROGRAM_JACOBIAN, want, width);
    code->jacobian(got);
    const double *entries = tape_output(tape, PROGRAM_JACOBIAN, want, 0, width);
    CU_ASSERT(same_bits(entries, tape_output(tape, PROGRAM_JACOBIAN, got, 0, width),
                        lanes * (size_t)jacobian->count));
    size_t count = (size_t)blocklu_entries(lu) * lanes;
    double *values = arena_array(arena, count, sizeof *values);
    double *watch = arena_array(arena, lanes, sizeof *watch);
    blocklu_factor(lu, entries, GAMMA);
    code->factor(entries, GAMMA, values, watch);
    CU_ASSERT(same_bits(program->values, values, count));
    CU_ASSERT(same_bits(program->watch, watch, lanes));
    native_close(code);
    arena_free(arena);
}

static Model *model_for_native(Arena *arena, Dice *dice)
{
    const TapeOptions plain = {.isa = ISA_BEST};
    for (int k = 0; k < MOST_TRIES; k++) {
        Model *model = random_model(arena, dice, OPERATIONS);
        if (native_can(tape_compile(arena, model, &plain))) {
            return model;
        }
    }
    CU_FAIL_FATAL("no model without tables and digamma");
    return NULL;
}

static void test_same_bits(void)
{
    Arena *arena = arena_new();
    char folder[] = "/tmp/stroma-native-XXXXXX";
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
    setenv("STROMA_NATIVE_CACHE", folder, 1);
    const char *obstacle = native_obstacle(arena);
    if (obstacle != NULL) {
        printf("skipped: %s ...", obstacle);
        arena_free(arena);
        return;
    }
    Dice dice = {77};
    for (int k = 0; k < MODELS; k++) {
        const Model *model = model_for_native(arena, &dice);
        compare(model, ISA_BASELINE, 2, dice);
        compare(model, ISA_BASELINE, 8, dice);
        compare(model, ISA_AVX2, 4, dice);
        compare(model, ISA_BEST, 16, dice);
    }
    char *command = arena_format(arena, "rm -rf %s", folder);
    CU_ASSERT_EQUAL(system(command), 0);
    arena_free(arena);
}

static void test_digamma_is_interpreted(void)
{
    Arena *arena = arena_new();
    Model *model = hand_model(arena);
    hand_jacobian(model);
    const TapeOptions plain = {.isa = ISA_BEST};
    CU_ASSERT(native_can(tape_compile(arena, model, &plain)));
    hand_rate(model, 0, "lgamma(x0)"); // its derivative is digamma
    hand_jacobian(model);
    CU_ASSERT_FALSE(native_can(tape_compile(arena, model, &plain)));
    arena_free(arena);
}

SUITE("native", TEST(test_same_bits), TEST(test_digamma_is_interpreted))
