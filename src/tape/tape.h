/* tape.h: a model as straight-line programs over slots, each slot W doubles wide.
 *
 * tape_compile turns the expressions of a Model into programs. A slot is one quantity for W lanes
 * (subjects) side by side: slots[index * width + lane]. One slot array serves all programs; it is
 * laid out as time, states, parameters, covariates, switches, constants, hoisted values, working
 * slots, and the outputs of each program in one run. Terms of parameters, covariates and constants
 * only are computed once by tape_setup, not in the time loop; outputs that are such terms too, so
 * nobody but this folder may write to an output slot.
 *
 * Bits: every lane sees the same operations whatever the width and instruction set (base/wide.h, no
 * contraction), so width 1 equals width W. Against the tree walk of expr_evaluate the
 * last bits may differ: factors of a product are grouped so that constant ones are hoisted, and a
 * denominator that is used several times becomes one reciprocal.
 *
 * A Tape is constant; threads share it, each with slots of its own. No function here allocates
 * except tape_compile, and tape_trace for the time of its call.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_TAPE_TAPE_H
#define STROMA_TAPE_TAPE_H

#include "model/model.h"

#include <stdint.h>

typedef enum {
    OP_NONE,
#define OP(NAME, arity, listing, property) OP_##NAME,
#include "tape/ops.def"
#undef OP
    OP_COUNT
} Op;

enum { TAPE_OPERANDS = 4 };

/* dst = op(a, b, c, d): numbers are slots; for OP_INTERP b is the table number. */
typedef struct {
    uint16_t op;
    uint16_t spare;
    uint32_t dst, a, b, c, d;
} Instruction;

typedef enum {
    PROGRAM_SETUP,    // hoisted values; no outputs
    PROGRAM_INITIAL,  // initial value of each state
    PROGRAM_RATES,    // d/dt of each state; uses the SWITCH slots
    PROGRAM_JACOBIAN, // entries of model->jacobian in order; uses the SWITCH slots
    PROGRAM_OBSERVE,  // the expressions given to tape_compile
    PROGRAM_ROUTES,   // for each route: rate, duration (0 where none), fraction, lag of each target
    PROGRAM_SWITCHES, // for each switch: value, surface, slope
    PROGRAM_EVENTS,   // for each event: TRIGGER_OUTPUTS values; uses the SWITCH slots
    PROGRAM_ASSIGN,   // the value of each assignment of each event, in order
    PROGRAM_PARTIALS, // from here on: derivatives of the outputs of the programs above
    PROGRAM_RATES_PARTIALS = PROGRAM_PARTIALS,
    PROGRAM_OBSERVE_PARTIALS,
    PROGRAM_INITIAL_PARTIALS,
    PROGRAM_ROUTES_PARTIALS,
    PROGRAM_SWITCHES_PARTIALS, // of the surfaces
    PROGRAM_EVENTS_PARTIALS,   // of the surfaces and delays
    PROGRAM_ASSIGN_PARTIALS,
    PROGRAM_EDGES,          // the surface of each edge of the rates (model_edges)
    PROGRAM_SIDES,          // for each of their sides: the rate below, and above
    PROGRAM_EDGES_PARTIALS, // of the surfaces
    PROGRAM_KINKS,          // the surface of each kink of the rates (model_kinks)
    PROGRAM_COUNT
} ProgramName;

/* What PROGRAM_EVENTS computes of an event, in this order. */
enum {
    TRIGGER_TEST,
    TRIGGER_SURFACE,
    TRIGGER_OFF,
    TRIGGER_PRIORITY,
    TRIGGER_DELAY,
    TRIGGER_OUTPUTS
};

typedef struct {
    Instruction *code; // (count), then one OP_NONE
    Expr *origin;      // (count) the node each instruction computes
    int count;
    int output; // first output slot; outputs stand in a row
    int output_count;
} Program;

/* Output i of a program of derivatives is ∂output/∂(kind, index) of the program it derives: by a
 * state, by time, or by the sensitive parameter `index` (its number in Tape.sensitive). Those that
 * are zero are left out, but the first entries of PROGRAM_RATES_PARTIALS are those of
 * model->jacobian, all of them, and its last outputs, after these derivatives, are once more those
 * of PROGRAM_KINKS: who asks for the one mostly asks for the other at the same place. */
typedef struct {
    int output;
    SymbolKind kind;
    int index;
} Partial;

typedef struct {
    Partial *items;
    int count;
} Partials;

/* A tabulated input: points of increasing x. */
typedef enum { INTERP_LINEAR, INTERP_STEP, INTERP_PCHIP } InterpMethod;
typedef struct {
    const double *x, *y, *slope; // (count); slope for pchip
    int count;
    InterpMethod method; // outside the points: the end values
} Interpolant;

typedef struct Tape {
    const Model *model;
    Program programs[PROGRAM_COUNT];
    int slot_count;
    int time, state, parameter, covariate, switches; // first slot of each kind
    int constant, constant_count;                    // constants: values in constant_values
    const double *constant_values;
    int hoisted, hoisted_count; // values of PROGRAM_SETUP that the other programs read
    int working, working_count;
    bool derives;         // has programs of derivatives
    const int *sensitive; // (sensitive_count) parameters of the model they derive by
    int sensitive_count;
    Partials partials[PROGRAM_COUNT];
    const Edge *edges; // (edge_count) of the model, if the tape derives
    int edge_count;
    int kink_count;            // outputs of PROGRAM_KINKS
    const Expr *slot_origin;   // (working) what each slot up to the working ones stands for
    const Interpolant *tables; // (model->table_count), set at compile time; may be NULL
    const char *isa;           // "avx512", "avx2", "baseline": what run-time detection chose
    const struct TapeKernels *kernels;
} Tape;

/* An instruction set that the machine lacks falls back to the best it has. */
typedef enum { ISA_BEST, ISA_BASELINE, ISA_AVX2, ISA_AVX512 } Isa;

typedef struct {
    const Expr *observed; // expressions of PROGRAM_OBSERVE
    int observed_count;
    const Interpolant *tables;
    Isa isa; // ISA_BEST unless a test asks for less
    // Programs of derivatives as well, by states, time and these parameters. The graph of the model
    // grows: not while others read it.
    bool derive;
    const int *sensitive; // (sensitive_count) parameters of the model, each once
    int sensitive_count;
} TapeOptions;

const Tape *tape_compile(Arena *arena, const Model *model, const TapeOptions *options);

/* Widths a slot array may have: 1, 2, 4, 8, 16, 32 ... : the smallest that holds `lanes`. */
int tape_width(int lanes);

/* Fills constants and runs PROGRAM_SETUP; call after parameters or covariates changed. Slots are
 * slot_count * width doubles, 64-byte aligned. */
void tape_setup(const Tape *tape, double *slots, int width);
void tape_run(const Tape *tape, ProgramName program, double *slots, int width);

/* Output `index` of a program: width doubles. */
static inline double *tape_output(const Tape *tape, ProgramName program, double *slots, int index,
                                  int width)
{
    return slots + (size_t)(tape->programs[program].output + index) * (size_t)width;
}

/* Where a value stopped being finite: the instruction (for one lane) to which the first output that
 * is not finite leads back: its result is not finite though its operands are. It may belong to
 * PROGRAM_SETUP. If an input (a state, a parameter ...) is not finite itself, `expr` is its symbol,
 * op is OP_NONE and result its value. Runs the program on the slots as they are. False if all
 * outputs are finite. */
typedef struct {
    Expr expr; // the node
    Op op;
    double operand[TAPE_OPERANDS];
    Expr operand_expr[TAPE_OPERANDS]; // EXPR_NONE where not known
    int operand_count;
    double result;
    Span span;
} TapeFault;
bool tape_trace(const Tape *tape, ProgramName program, double *slots, int width, int lane,
                TapeFault *fault);

/* The disassembly, one line per instruction. */
void tape_list(const Tape *tape, ProgramName program, Text *text);

/* The word of the listing, such as "multiply_add", and the number of operands that are slots. */
const char *op_text(Op op);
int op_arity(Op op);

/* Value of a tabulated input, or with `slope` its derivative, at x. */
double interpolant_value(const Interpolant *table, double x, bool slope);

#endif
