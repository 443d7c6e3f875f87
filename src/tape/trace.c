/* trace.c: finds the instruction at which a value stopped being finite.
 *
 * PROGRAM_SETUP and the program are run one instruction at a time, and each slot carries its cause:
 * the instruction that first made a value not finite out of finite ones, or the input slot that was
 * not finite from the start. A select passes on the cause of the branch it takes only, so what the
 * other branch computes is not blamed. The cause of the first output that is not finite is the
 * answer; a second run up to it shows its operands.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "tape/kernels.h"

#include <assert.h>
#include <math.h>

/* A cause: 0 none; n > 0: step n - 1, counted from the start of PROGRAM_SETUP; n < 0: slot -n - 1.
 */
typedef struct {
    const Tape *tape;
    const Program *program, *setup;
    double *slots;
    int width, lane;
    int *cause; // (slot_count)
    Expr *made; // (slot_count) what the slot holds now
} Trace;

static double at(const Trace *trace, uint32_t slot)
{
    return trace->slots[(size_t)slot * (size_t)trace->width + (size_t)trace->lane];
}

static const Instruction *step_code(const Trace *trace, int step)
{
    return step < trace->setup->count ? &trace->setup->code[step]
                                      : &trace->program->code[step - trace->setup->count];
}

static Expr step_origin(const Trace *trace, int step)
{
    return step < trace->setup->count ? trace->setup->origin[step]
                                      : trace->program->origin[step - trace->setup->count];
}

static int step_count(const Trace *trace)
{
    return trace->setup->count + (trace->program == trace->setup ? 0 : trace->program->count);
}

/* The slots that decide the result: of a select, not the branch that is left out. */
static int operands(const Trace *trace, const Instruction *code, uint32_t slot[TAPE_OPERANDS])
{
    const uint32_t all[TAPE_OPERANDS] = {code->a, code->b, code->c, code->d};
    Op op = (Op)code->op;
    int count = 0;
    bool first = true; // the branch taken
    int branches = op_arity(op);
    if (op == OP_SELECT) {
        first = at(trace, code->a) != 0;
        branches = 1;
    } else if (op == OP_SELECT_LESS || op == OP_SELECT_LESS_EQUAL) {
        double a = at(trace, code->a);
        double b = at(trace, code->b);
        first = op == OP_SELECT_LESS ? a < b : a <= b;
        branches = 2;
    }
    for (int i = 0; i < op_arity(op); i++) {
        if (i < branches || first == (i == branches)) {
            slot[count++] = all[i];
        }
    }
    return count;
}

static void execute(Trace *trace, int step)
{
    Instruction code[2] = {*step_code(trace, step), {.op = OP_NONE}};
    tape_execute(trace->tape, code, trace->slots, trace->width);
    trace->made[code[0].dst] = step_origin(trace, step);
}

static void follow(Trace *trace, int step)
{
    const Instruction *code = step_code(trace, step);
    uint32_t slot[TAPE_OPERANDS];
    int count = operands(trace, code, slot);
    int cause = 0;
    for (int i = 0; i < count && cause == 0; i++) {
        cause = trace->cause[slot[i]];
    }
    execute(trace, step);
    bool finite = isfinite(at(trace, code->dst)) != 0;
    trace->cause[code->dst] = finite ? 0 : cause != 0 ? cause : step + 1;
}

static void start(Trace *trace)
{
    for (int slot = 0; slot < trace->tape->working; slot++) {
        bool finite = isfinite(at(trace, (uint32_t)slot)) != 0;
        trace->cause[slot] = slot < trace->tape->hoisted && !finite ? -slot - 1 : 0;
        trace->made[slot] = trace->tape->slot_origin[slot];
    }
}

/* What is known about a step, which is run again with all before it. */
static void describe(Trace *trace, int step, TapeFault *fault)
{
    start(trace);
    for (int i = 0; i < step; i++) {
        execute(trace, i);
    }
    const Instruction *code = step_code(trace, step);
    const uint32_t slot[TAPE_OPERANDS] = {code->a, code->b, code->c, code->d};
    fault->op = (Op)code->op;
    fault->expr = step_origin(trace, step);
    fault->operand_count = op_arity(fault->op);
    for (int i = 0; i < fault->operand_count; i++) {
        fault->operand[i] = at(trace, slot[i]);
        fault->operand_expr[i] = trace->made[slot[i]];
    }
    execute(trace, step);
    fault->result = at(trace, code->dst);
}

bool tape_trace(const Tape *tape, ProgramName program, double *slots, int width, int lane,
                TapeFault *fault)
{
    assert((unsigned)program < PROGRAM_COUNT && lane >= 0 && lane < width);
    Arena *scratch = arena_new();
    Trace trace = {.tape = tape,
                   .program = &tape->programs[program],
                   .setup = &tape->programs[PROGRAM_SETUP],
                   .slots = slots,
                   .width = width,
                   .lane = lane,
                   .cause = arena_array(scratch, (size_t)tape->slot_count, sizeof(int)),
                   .made = arena_array(scratch, (size_t)tape->slot_count, sizeof(Expr))};
    start(&trace);
    for (int step = 0; step < step_count(&trace); step++) {
        follow(&trace, step);
    }
    int cause = 0;
    for (int i = 0; i < trace.program->output_count && cause == 0; i++) {
        cause = trace.cause[trace.program->output + i];
    }
    *fault = (TapeFault){.expr = EXPR_NONE, .op = OP_NONE};
    if (cause > 0) {
        describe(&trace, cause - 1, fault);
    } else if (cause < 0) {
        fault->expr = tape->slot_origin[-cause - 1];
        fault->result = at(&trace, (uint32_t)(-cause - 1));
    }
    if (fault->expr != EXPR_NONE) {
        fault->span = expr_span(tape->model->graph, fault->expr);
    }
    arena_free(scratch);
    return cause != 0;
}
