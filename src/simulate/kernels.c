/* kernels.c: chooses the kernels that this machine can run, and cuts wide packs into blocks.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/kernels.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

const Kernels *kernels_for(const char *isa)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    bool has_avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                      __builtin_cpu_supports("avx512vl");
    if (has_avx512 && (isa == NULL || strcmp(isa, "avx512") == 0)) {
        return &kernels_avx512;
    }
    bool wants_avx2 = isa == NULL || strcmp(isa, "avx2") == 0 || strcmp(isa, "avx512") == 0;
    if (__builtin_cpu_supports("avx2") && wants_avx2) {
        return &kernels_avx2;
    }
#else
    (void)isa;
#endif
    return &kernels_baseline;
}

const LaneKernels *kernels_lanes(const Kernels *kernels, int width)
{
    int index = 0;
    while (index < KERNEL_WIDTHS - 1 && (1 << index) < width) {
        index++;
    }
    assert((1 << index) == width || width % KERNEL_BLOCK == 0);
    return &kernels->lanes[index];
}

void kernels_sum_squares(const Kernels *kernels, const double *x, const double *weight, int states,
                         int width, double *sum)
{
    const LaneKernels *lanes = kernels_lanes(kernels, width);
    for (int lane = 0; lane < width; lane += KERNEL_BLOCK) {
        lanes->sum_squares(x + lane, weight + lane, states, width, sum + lane);
    }
}

double kernels_finish_rates(const Kernels *kernels, const double *rates, const double *infusion,
                            double *result, int states, int width, double *bad)
{
    const LaneKernels *lanes = kernels_lanes(kernels, width);
    double sum = 0.0;
    for (int lane = 0; lane < width; lane += KERNEL_BLOCK) {
        sum += lanes->finish_rates(rates + lane, infusion + lane, result + lane, states, width,
                                   bad + lane);
    }
    return sum;
}

void kernels_predict(const Kernels *kernels, int order, double *const *column, const double *factor,
                     int states, int width)
{
    assert(order >= 1 && order < COLUMNS_MAX);
    const LaneKernels *lanes = kernels_lanes(kernels, width);
    double *block[COLUMNS_MAX];
    for (int lane = 0; lane < width; lane += KERNEL_BLOCK) {
        for (int j = 0; j <= order; j++) {
            block[j] = column[j] + lane;
        }
        lanes->predict(order, block, factor, states, width);
    }
}

void kernels_accumulate(const Kernels *kernels, int count, const double *factor, const double *x,
                        double *const *column, int states, int width)
{
    assert(count >= 1 && count <= COLUMNS_MAX);
    const LaneKernels *lanes = kernels_lanes(kernels, width);
    double *block[COLUMNS_MAX];
    for (int lane = 0; lane < width; lane += KERNEL_BLOCK) {
        for (int j = 0; j < count; j++) {
            block[j] = column[j] + lane;
        }
        lanes->accumulate(count, factor, x + lane, block, states, width);
    }
}

void kernels_combine(const Kernels *kernels, int count, const double *factor, double *const *x,
                     double *z, int states, int width)
{
    assert(count >= 1 && count <= TERMS_MAX);
    const LaneKernels *lanes = kernels_lanes(kernels, width);
    double *block[TERMS_MAX];
    for (int lane = 0; lane < width; lane += KERNEL_BLOCK) {
        for (int j = 0; j < count; j++) {
            block[j] = x[j] + lane;
        }
        lanes->combine(count, factor, block, z + lane, states, width);
    }
}

void kernels_blend(const Kernels *kernels, int count, double *const *weight, double *const *x,
                   double *z, int states, int width)
{
    assert(count >= 1 && count <= TERMS_MAX);
    const LaneKernels *lanes = kernels_lanes(kernels, width);
    double *share[TERMS_MAX];
    double *block[TERMS_MAX];
    for (int lane = 0; lane < width; lane += KERNEL_BLOCK) {
        for (int j = 0; j < count; j++) {
            share[j] = weight[j] + lane;
            block[j] = x[j] + lane;
        }
        lanes->blend(count, share, block, z + lane, states, width);
    }
}

void kernels_right_side(const Kernels *kernels, const RightSidePass *pass)
{
    const LaneKernels *lanes = kernels_lanes(kernels, pass->width);
    for (int lane = 0; lane < pass->width; lane += KERNEL_BLOCK) {
        lanes->right_side(pass, lane);
    }
}

void kernels_measure(const Kernels *kernels, const MeasurePass *pass, double *sum)
{
    const LaneKernels *lanes = kernels_lanes(kernels, pass->width);
    for (int lane = 0; lane < pass->width; lane += KERNEL_BLOCK) {
        lanes->measure(pass, lane, sum + lane);
    }
}

void kernels_weigh(const Kernels *kernels, const double *y, const double *atol, double rtol,
                   double *weight, int states, int width, double *sum)
{
    const LaneKernels *lanes = kernels_lanes(kernels, width);
    for (int lane = 0; lane < width; lane += KERNEL_BLOCK) {
        lanes->weigh(y + lane, atol, rtol, weight + lane, states, width, sum + lane);
    }
}

void kernels_correct(const Kernels *kernels, const CorrectPass *pass, double *increment_sum,
                     double *correction_sum)
{
    const LaneKernels *lanes = kernels_lanes(kernels, pass->width);
    for (int lane = 0; lane < pass->width; lane += KERNEL_BLOCK) {
        lanes->correct(pass, lane, increment_sum + lane, correction_sum + lane);
    }
}
