/* fuzz_model.c: any text as a model. Whatever it is, it must be refused with words or become a
 * model that can be printed, compiled and run once. SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include "tape/tape.h"

#include <assert.h>

static void run_once(Arena *arena, const Model *model)
{
    if (model->table_count > 0) {
        return; // tabulated inputs need points from a study
    }
    const Tape *tape = tape_compile(arena, model, &(TapeOptions){.isa = ISA_BASELINE});
    double *slots = arena_array(arena, (size_t)tape->slot_count, sizeof *slots);
    tape_setup(tape, slots, 1);
    tape_run(tape, PROGRAM_INITIAL, slots, 1);
    for (int i = 0; i < model->state_count; i++) {
        slots[tape->state + i] = *tape_output(tape, PROGRAM_INITIAL, slots, i, 1);
    }
    tape_run(tape, PROGRAM_SWITCHES, slots, 1);
    tape_run(tape, PROGRAM_RATES, slots, 1);
    tape_run(tape, PROGRAM_JACOBIAN, slots, 1);
    TapeFault fault;
    tape_trace(tape, PROGRAM_RATES, slots, 1, 0, &fault);
    Text text = text_new(arena);
    for (int program = 0; program < PROGRAM_COUNT; program++) {
        tape_list(tape, (ProgramName)program, &text);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Arena *arena = arena_new();
    Diag *diag = diag_new(arena);
    const Source *source = source_from_text(arena, "fuzz.stroma", (const char *)data, size);
    const Model *model = model_from_source(arena, source, (SearchPath){NULL, 0}, diag);
    Text text = text_new(arena);
    diag_print(diag, &text, false);
    assert(model || diag_errors(diag) > 0); // never refused without a word
    assert(!model || diag_errors(diag) == 0);
    if (model) {
        model_print(model, &text);
        model_print_jacobian(model, &text);
        run_once(arena, model);
    }
    model_print_tokens(arena, source, diag_new(arena), &text);
    arena_free(arena);
    return 0;
}
