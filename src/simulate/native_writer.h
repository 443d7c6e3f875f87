/* native_writer.h: what native_text.c and native_step.c share to write C.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_SIMULATE_NATIVE_WRITER_H
#define STROMA_SIMULATE_NATIVE_WRITER_H

#include "simulate/native.h"

typedef struct {
    Text *text;
    const Tape *tape;
    const LuProgram *lu;
    int width;
    int *variable;    // (slots) number of the variable that holds a slot now; -1: memory
    int count;        // of variables
    bool state_array; // states are read from an array y of registers
} Writer;

/* The value of a slot. */
void writer_slot(Writer *writer, uint32_t slot);
/* The instructions of a program: variables. */
void writer_program(Writer *writer, ProgramName name);
/* A function that goes over groups of lanes, the first of which is l. */
void writer_begin(Writer *writer, const char *head);
void writer_end(Writer *writer);
/* An entry of the factors from ENTRY(position in the Jacobian) and `minus`, by PUT(position,
 * value).
 */
void writer_entry(Writer *writer, const LuEntry *entry);
/* A row of a triangular solve, with factors from GET(position); the vectors are called by one
 * letter and the row. */
void writer_row(Writer *writer, const LuRow *row, char from, char to);

/* native_step.c: a whole step of the lanes' own. */
void native_step_text(Writer *writer);

#endif
