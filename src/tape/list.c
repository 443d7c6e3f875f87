/* list.c: the disassembly of a program.
 *
 *   s12 = multiply s3 s4                    # k_kill * Teff
 *
 * One line per instruction; behind the mark, the expression that it completes, cut off if it is
 * long. Slots carry numbers, as in tape.h.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "tape/tape.h"

#include <assert.h>

enum { LIST_COLUMN = 40, LIST_WORDS = 60 };

static void list_one(const Tape *tape, const Instruction *code, Expr origin, Text *text)
{
    const uint32_t operand[TAPE_OPERANDS] = {code->a, code->b, code->c, code->d};
    size_t start = text->length;
    Op op = (Op)code->op;
    text_format(text, "s%u = %s", code->dst, op_text(op));
    for (int i = 0; i < op_arity(op); i++) {
        text_format(text, " s%u", operand[i]);
    }
    if (op == OP_INTERP || op == OP_INTERP_SLOPE) {
        text_format(text, " table%u", code->b);
    }
    if (origin != EXPR_NONE) {
        size_t used = text->length - start;
        text_format(text, "%*s# ", used < LIST_COLUMN ? (int)(LIST_COLUMN - used) : 1, "");
        SymbolNames names = model_symbol_names(tape->model);
        expr_print_short(tape->model->graph, origin, &names, LIST_WORDS, text);
    }
    text_string(text, "\n");
}

void tape_list(const Tape *tape, ProgramName program, Text *text)
{
    assert(tape != NULL && (unsigned)program < PROGRAM_COUNT);
    const Program *listed = &tape->programs[program];
    for (int i = 0; i < listed->count; i++) {
        list_one(tape, &listed->code[i], listed->origin[i], text);
    }
}
