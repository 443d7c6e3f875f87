/* native_text.c: a model's rates, its Jacobian, the factors of I - gamma J and an iteration of
 * Newton's method as C, for one number of lanes.
 *
 * The same operations on each number in the same order as the interpreter's and the kernels', and
 * nothing that a compiler may contract or reorder: the same bits. What the interpreter keeps in
 * slots and work rows are local variables here, and the loops over instructions, entries and rows
 * are written out.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/native_writer.h"

#include "native_prelude.h"

#include <assert.h>
#include <string.h>

static const char *const lane_text[OP_COUNT] = {
    "",
#define OP(NAME, arity, listing, lane) #lane,
#include "tape/ops.def"
#undef OP
};

bool native_can(const Tape *tape)
{
    static const ProgramName programs[] = {PROGRAM_RATES, PROGRAM_JACOBIAN};
    int count = 0;
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
        const Program *program = &tape->programs[programs[i]];
        for (int k = 0; k < program->count; k++) {
            Op op = program->code[k].op;
            if (strstr(lane_text[op], "tape") != NULL || strstr(lane_text[op], "digamma") != NULL) {
                return false;
            }
        }
        count += program->count;
    }
    return count <= NATIVE_INSTRUCTIONS;
}

void writer_slot(Writer *writer, uint32_t slot)
{
    const Tape *tape = writer->tape;
    int constant = (int)slot - tape->constant;
    int state = (int)slot - tape->state;
    if (writer->state_array && state >= 0 && state < tape->model->state_count) {
        text_format(writer->text, "y[%d]", state);
    } else if (writer->variable[slot] >= 0) {
        text_format(writer->text, "t%d", writer->variable[slot]);
    } else if (constant >= 0 && constant < tape->constant_count) {
        text_format(writer->text, "wide_set(%a)", tape->constant_values[constant]);
    } else {
        text_format(writer->text, "wide_load(s + %d)", (int)slot * writer->width);
    }
}

/* Where the operands of a program's instructions come from, and in which order they are written. */
typedef struct {
    const Program *program;
    int (*made)[TAPE_OPERANDS]; // (count) the instruction of each operand; -1: memory
    int *level;                 // (count) how many long ones there are on the way to it
    int levels;
    int *last; // (slots) the instruction that a slot holds in the end; -1: memory
} Order;

static void write_instruction(Writer *writer, const Order *order, int index)
{
    const Instruction *at = &order->program->code[index];
    const uint32_t operand[TAPE_OPERANDS] = {at->a, at->b, at->c, at->d};
    const int variable = writer->count + index;
    text_format(writer->text, "wide t%d; { const wide ", variable);
    for (int i = 0; i < op_arity(at->op); i++) {
        text_format(writer->text, "%s%c = ", i > 0 ? ", " : "", 'a' + i);
        if (order->made[index][i] >= 0) {
            text_format(writer->text, "t%d", writer->count + order->made[index][i]);
        } else {
            writer_slot(writer, operand[i]);
        }
    }
    text_format(writer->text, "; t%d = %s; }\n", variable, lane_text[at->op]);
}

/* True for what takes tens of cycles from its operands to its result. */
static bool is_long(Op op)
{
    switch (op) {
    case OP_POWER:
    case OP_EXP:
    case OP_LN:
    case OP_LOG10:
    case OP_HILL_LOG:
    case OP_HILL_VALUE:
    case OP_HILL_REST:
    case OP_HILL_SLOPE:
        return true;
    default:
        return op >= OP_SIN && op <= OP_DIGAMMA;
    }
}

/* Level by level: long ones that do not ask for each other stand together, and a processor works on
 * several. The tape has them one behind what the other leads to. */
static Order find_order(const Writer *writer, const Program *program, Arena *scratch)
{
    size_t count = (size_t)program->count;
    Order order = {.program = program, .levels = 1};
    order.made = arena_array(scratch, count, sizeof *order.made);
    order.level = arena_array(scratch, count, sizeof *order.level);
    order.last = arena_array(scratch, (size_t)writer->tape->slot_count, sizeof *order.last);
    for (int i = 0; i < writer->tape->slot_count; i++) {
        order.last[i] = -1;
    }
    for (int i = 0; i < program->count; i++) {
        const Instruction *at = &program->code[i];
        const uint32_t operand[TAPE_OPERANDS] = {at->a, at->b, at->c, at->d};
        for (int k = 0; k < op_arity(at->op); k++) {
            int from = order.made[i][k] = order.last[operand[k]];
            int level = from < 0 ? 0 : order.level[from] + is_long(program->code[from].op);
            order.level[i] = level > order.level[i] ? level : order.level[i];
        }
        order.levels = order.level[i] < order.levels ? order.levels : order.level[i] + 1;
        order.last[at->dst] = i;
    }
    return order;
}

void writer_program(Writer *writer, ProgramName name)
{
    const Program *program = &writer->tape->programs[name];
    Arena *scratch = arena_new();
    const Order order = find_order(writer, program, scratch);
    for (int i = 0; i < writer->tape->slot_count; i++) {
        writer->variable[i] = -1;
    }
    for (int level = 0; level < order.levels; level++) {
        for (int i = 0; i < program->count; i++) {
            if (order.level[i] == level) {
                write_instruction(writer, &order, i);
            }
        }
    }
    for (int i = 0; i < writer->tape->slot_count; i++) {
        writer->variable[i] = order.last[i] >= 0 ? writer->count + order.last[i] : -1;
    }
    writer->count += program->count;
    arena_free(scratch);
}

void writer_begin(Writer *writer, const char *head)
{
    text_format(writer->text, "\nvoid %s\n{\nfor (long l = 0; l < %d; l += WIDE_WIDTH) {\n", head,
                writer->width);
}

void writer_end(Writer *writer)
{
    text_string(writer->text, "}\n}\n");
}

static void write_run(Writer *writer, const char *head, ProgramName name)
{
    const Program *program = &writer->tape->programs[name];
    writer_begin(writer, head);
    text_string(writer->text, "double *s = slots + l;\n");
    writer_program(writer, name);
    for (int i = 0; i < program->output_count; i++) {
        int slot = program->output + i;
        if (writer->variable[slot] >= 0) {
            text_format(writer->text, "wide_store(s + %d, t%d);\n", slot * writer->width,
                        writer->variable[slot]);
        }
    }
    writer_end(writer);
}

/* ---- I - gamma J: LaneKernels.factor ---- */

void writer_entry(Writer *writer, const LuEntry *e)
{
    Text *text = writer->text;
    const uint32_t at = e->target;
    if (e->source != LU_NONE) {
        text_format(text, "wide e%u = ENTRY(%u) * minus;\n", at, e->source);
    } else {
        text_format(text, "wide e%u = wide_set(0);\n", at);
    }
    if (e->kind == LU_DIAGONAL) {
        text_format(text, "wide m%u = wide_abs(e%u) + wide_set(1); e%u += wide_set(1);\n", at, at,
                    at);
    }
    for (uint32_t k = 0; k < e->count; k++) {
        const uint32_t *pair = writer->lu->pairs + e->first + 2 * (size_t)k;
        if (e->kind == LU_DIAGONAL) {
            text_format(text, "{ wide p = e%u * e%u; e%u -= p; m%u += wide_abs(p); }\n", pair[0],
                        pair[1], at, at);
        } else {
            text_format(text, "e%u -= e%u * e%u;\n", at, pair[0], pair[1]);
        }
    }
    if (e->kind == LU_DIAGONAL) {
        text_format(text, "e%u = wide_set(1) / e%u; watch_sum += m%u * wide_abs(e%u);\n", at, at,
                    at, at);
    } else if (e->kind == LU_LOWER) {
        text_format(text, "e%u *= e%u;\n", at, e->pivot);
    }
    text_format(text, "PUT(%u, e%u);\n", at, at);
}

static void write_factor(Writer *writer)
{
    const LuProgram *lu = writer->lu;
    text_string(writer->text, "#define ENTRY(at) wide_load(j + (at))\n"
                              "#define GET(at) wide_load(lu + (at))\n"
                              "#define PUT(at, x) wide_store(lu + (at), x)\n");
    writer_begin(writer, "native_factor(const double *jacobian, double gamma, double *values, "
                         "double *watch)");
    text_string(writer->text, "const double *j = jacobian + l;\ndouble *lu = values + l;\n"
                              "const wide minus = wide_set(-gamma);\n"
                              "wide watch_sum = wide_set(0);\n");
    for (int i = 0; i < lu->entry_count; i++) {
        writer_entry(writer, &lu->entries[i]);
    }
    text_string(writer->text, "wide_store(watch + l, watch_sum);\n");
    writer_end(writer);
}

/* ---- an iteration: the rates, Kernels.residual, LaneKernels.solve and .correct ---- */

static void write_residual(Writer *writer, int state, bool first)
{
    const Program *rates = &writer->tape->programs[PROGRAM_RATES];
    int at = state * writer->width;
    text_format(writer->text, "wide b%d = gamma * (", state);
    writer_slot(writer, (uint32_t)(rates->output + state));
    text_format(writer->text, " + wide_load(in + %d)) - ", at);
    if (first) {
        text_format(writer->text, "slope * wide_load(z + %d);\n", at);
    } else {
        text_format(writer->text, "(slope * wide_load(z + %d) + wide_load(c + %d));\n", at, at);
    }
}

void writer_row(Writer *writer, const LuRow *row, char from, char to)
{
    Text *text = writer->text;
    const uint32_t width = (uint32_t)writer->width;
    uint32_t target = row->target / width;
    text_format(text, "wide %c%u = %c%u;\n", to, target, from, row->source / width);
    for (uint32_t k = 0; k < row->count; k++) {
        const uint32_t *pair = writer->lu->pairs + row->first + 2 * (size_t)k;
        text_format(text, "%c%u -= GET(%u) * %c%u;\n", to, target, pair[0], to, pair[1] / width);
    }
    if (row->pivot != LU_NONE) {
        text_format(text, "%c%u *= GET(%u);\n", to, target, row->pivot);
    }
}

static void write_correction(Writer *writer, int state, bool first)
{
    Text *text = writer->text;
    int at = state * writer->width;
    text_format(text, "{ wide w = wide_load(weight + %d), change = x%d * factor;\n", at, state);
    if (first) {
        text_string(text, "wide total = change;\n");
    } else {
        text_format(text, "wide total = change + wide_load(c + %d);\n", at);
    }
    text_format(text,
                "wide_store(c + %d, total); wide_store(y + %d, wide_load(from + %d) + total);\n",
                at, at, at);
    text_string(text, "change *= w; sum += change * change;\n");
    text_string(text, first ? "}\n" : "total *= w; all += total * total; }\n");
}

static void write_iteration(Writer *writer, bool first)
{
    Text *text = writer->text;
    const LuProgram *lu = writer->lu;
    writer_begin(writer,
                 first ? "native_first(const NativePass *p)" : "native_next(const NativePass *p)");
    text_string(text, "double *s = p->slots + l, *c = p->correction + l, *y = p->y + l;\n"
                      "const double *in = p->inflow + l, *z = p->slope + l, *lu = p->values + l, "
                      "*weight = p->weight + l, *from = p->predicted + l;\n"
                      "const wide gamma = wide_set(p->gamma), slope = wide_set(p->slope_factor), "
                      "factor = wide_set(p->factor);\n");
    writer_program(writer, PROGRAM_RATES);
    for (int i = 0; i < lu->states; i++) {
        write_residual(writer, i, first);
    }
    for (int i = 0; i < lu->states; i++) {
        writer_row(writer, &lu->forward[i], 'b', 'f');
    }
    for (int i = 0; i < lu->states; i++) {
        writer_row(writer, &lu->backward[i], 'f', 'x');
    }
    text_string(text, "wide sum = wide_set(0), all = wide_set(0);\n");
    for (int i = 0; i < lu->states; i++) {
        write_correction(writer, i, first);
    }
    text_format(text,
                "wide_store(p->increment_sum + l, sum);\n"
                "wide_store(p->correction_sum + l, %s);\n",
                first ? "sum" : "all");
    writer_end(writer);
}

void native_text(Text *text, const Tape *tape, const LuProgram *lu, NativeParts parts, int vector)
{
    assert(text != NULL && native_can(tape) && lu->width % vector == 0);
    Writer writer = {.text = text, .tape = tape, .lu = lu, .width = lu->width};
    writer.variable = arena_array(text->arena, (size_t)tape->slot_count, sizeof(int));
    text_format(text,
                "#define WIDE_WIDTH %d\n#define WIDE_DECLARES_SLEEF\n#define EXPR_TINY %a\n"
                "#define EXPR_SLIGHTLY_NEGATIVE (%a)\n",
                vector, EXPR_TINY, EXPR_SLIGHTLY_NEGATIVE);
    text_string(text, native_prelude);
    if (parts == NATIVE_OWN_STEPS) {
        native_step_text(&writer);
        return;
    }
    write_run(&writer, "native_rates(double *slots)", PROGRAM_RATES);
    text_string(text,
                "typedef struct { double gamma, slope_factor, factor; double *slots, *correction, "
                "*y; const double *inflow, *slope, *values, *weight, *predicted; double "
                "*increment_sum, *correction_sum; } NativePass;\n");
    write_run(&writer, "native_jacobian(double *slots)", PROGRAM_JACOBIAN);
    write_factor(&writer);
    write_iteration(&writer, true);
    write_iteration(&writer, false);
}
