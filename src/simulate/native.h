/* native.h: the inner loops of one model as machine code, where the machine has a C compiler.
 *
 * native_text writes what the tape's interpreter and the kernels would do for this model and this
 * number of lanes as C (native_text.c); native_open has the compiler make a shared object of it,
 * keeps that in a folder of the user's under the hash of the text, and loads it (native_build.c).
 * It gives the same bits as the interpreter, so whether it is used changes nothing but the time.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_SIMULATE_NATIVE_H
#define STROMA_SIMULATE_NATIVE_H

#include "base/text.h"
#include "simulate/kernels.h"
#include "tape/tape.h"

/* One iteration of Newton's method for all lanes, from the rates at y to the corrected y; what the
 * fields mean: Kernels.residual and LaneKernels.correct in kernels.h. Arrays are (states × width),
 * the sums (width). native_text writes this struct into the C too: change both. */
typedef struct {
    double gamma, slope_factor, factor;
    double *slots, *correction, *y;
    const double *inflow, *slope, *values, *weight, *predicted;
    double *increment_sum, *correction_sum;
} NativePass;

/* One step of a Rosenbrock method (rosenbrock.h) in every lane whose scale is not 0; the others
 * keep what they had. Arrays as above, the clocks (width). native_text writes this struct too. */
typedef struct {
    double *slots; // the time is put there if the rates ask for it
    const double *origin, *limits, *scale, *y, *inflow;
    double *const *stages;
    double *next, *watch, *error; // error: the sum of Kernels.measure
    const double *atol;
    double rtol;
} NativeStep;

typedef struct {
    void (*rates)(double *slots);    // tape_run of PROGRAM_RATES
    void (*jacobian)(double *slots); // of PROGRAM_JACOBIAN
    void (*factor)(const double *jacobian, double gamma, double *values, double *watch);
    void (*first)(const NativePass *pass); // the correction so far is 0
    void (*next)(const NativePass *pass);
    void (*step)(const NativeStep *step);
    void *library;
} NativeCode;

/* False for a model with tabulated inputs or digamma among its rates, or of more than
 * NATIVE_INSTRUCTIONS: such are interpreted. */
enum { NATIVE_INSTRUCTIONS = 20000 };
bool native_can(const Tape *tape);

/* What is to be made: what steps that lanes share need, or what their own do. Functions that are
 * not made are NULL. */
typedef enum { NATIVE_SHARED_STEPS, NATIVE_OWN_STEPS } NativeParts;

/* Doubles in a register of the machine. */
int native_lanes(const Tape *tape);

/* Appends the C. `vector`: doubles in a register; divides the program's width. */
void native_text(Text *text, const Tape *tape, const LuProgram *lu, NativeParts parts, int vector);

/* NULL: the model cannot, the width is 1, or there is no compiler or no folder. What the compiler
 * says goes to standard error. Threads and processes may ask for the same at once. The compiler is
 * $STROMA_CC, else cc; the folder $STROMA_NATIVE_CACHE, else $XDG_CACHE_HOME/stroma, else
 * ~/.cache/stroma. */
const NativeCode *native_open(Arena *arena, const Tape *tape, const LuProgram *lu,
                              NativeParts parts);
void native_close(const NativeCode *code);

/* Why native_open would not find what it needs: a phrase, or NULL if a compiler and a folder are
 * there. */
const char *native_obstacle(Arena *arena);

#endif
