/* kernels.h: the compiled copies of the interpreter and the choice between them.
 *
 * run_kernel.h is compiled once per instruction set; a kernel runs instructions up to OP_NONE on
 * slots whose width is a multiple of its own lanes.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_TAPE_KERNELS_H
#define STROMA_TAPE_KERNELS_H

#include "tape/tape.h"

typedef void TapeKernel(const Tape *tape, const Instruction *code, double *slots, int width);

TapeKernel tape_run_scalar;   // any width
TapeKernel tape_run_baseline; // even widths
#if defined(__x86_64__)
TapeKernel tape_run_avx2;   // multiples of 4
TapeKernel tape_run_avx512; // multiples of 8
#endif

typedef struct TapeKernels {
    const char *isa;
    TapeKernel *one, *two, *four, *more; // by width: 1, 2, 4, multiples of 8
} TapeKernels;

const TapeKernels *tape_kernels(Isa isa);

/* Runs instructions that end with OP_NONE. */
void tape_execute(const Tape *tape, const Instruction *code, double *slots, int width);

#endif
