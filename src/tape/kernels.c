/* kernels.c: picks the kernel for this machine and width, and runs programs.
 *
 * The processor is asked once, when a tape is compiled. Slots of width 4 use 4 lanes, of width 8
 * and more the widest the processor has; all give the same bits (tape.h).
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "tape/kernels.h"

#include <assert.h>
#include <stdint.h>

static const TapeKernels baseline = {"baseline", tape_run_scalar, tape_run_baseline,
                                     tape_run_baseline, tape_run_baseline};
#if defined(__x86_64__)
static const TapeKernels avx2 = {"avx2", tape_run_scalar, tape_run_baseline, tape_run_avx2,
                                 tape_run_avx2};
static const TapeKernels avx512 = {"avx512", tape_run_scalar, tape_run_baseline, tape_run_avx2,
                                   tape_run_avx512};
#endif

const TapeKernels *tape_kernels(Isa isa)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    bool has_avx2 = __builtin_cpu_supports("avx2");
    bool has_avx512 = has_avx2 && __builtin_cpu_supports("avx512f") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    if (has_avx512 && (isa == ISA_BEST || isa == ISA_AVX512)) {
        return &avx512;
    }
    if (has_avx2 && isa != ISA_BASELINE) {
        return &avx2;
    }
#else
    (void)isa;
#endif
    return &baseline;
}

int tape_width(int lanes)
{
    assert(lanes >= 1 && lanes <= 1 << 20);
    int width = 1;
    while (width < lanes) {
        width *= 2;
    }
    return width;
}

void tape_execute(const Tape *tape, const Instruction *code, double *slots, int width)
{
    const TapeKernels *kernels = tape->kernels;
    TapeKernel *kernel = width == 1   ? kernels->one
                         : width == 2 ? kernels->two
                         : width == 4 ? kernels->four
                                      : kernels->more;
    kernel(tape, code, slots, width);
}

static bool is_width(int width)
{
    return width >= 1 && (width & (width - 1)) == 0;
}

void tape_run(const Tape *tape, ProgramName program, double *slots, int width)
{
    assert((unsigned)program < PROGRAM_COUNT && is_width(width));
    assert(((uintptr_t)slots & 63u) == 0);
    tape_execute(tape, tape->programs[program].code, slots, width);
}

void tape_setup(const Tape *tape, double *slots, int width)
{
    assert(is_width(width));
    double *constants = slots + (size_t)tape->constant * (size_t)width;
    for (int i = 0; i < tape->constant_count; i++) {
        for (int lane = 0; lane < width; lane++) {
            constants[(size_t)i * (size_t)width + (size_t)lane] = tape->constant_values[i];
        }
    }
    tape_run(tape, PROGRAM_SETUP, slots, width);
}
