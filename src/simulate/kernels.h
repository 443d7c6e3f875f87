/* kernels.h: the inner loops of the integration, one table of functions per instruction set.
 *
 * Data of a pack stand as [row][lane], lane fastest. The functions on `n` numbers do not care about
 * lanes; the others sum over rows for each lane by itself, in the order of the rows, so a lane's
 * value does not depend on the width, on its place or on the instruction set (no contraction
 * anywhere). kernels_baseline.c, kernels_avx2.c and kernels_avx512.c compile kernels_body.h with
 * different flags; kernels.c chooses at run time.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_SIMULATE_KERNELS_H
#define STROMA_SIMULATE_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One entry of L or U: sum = -gamma J[source] (+ 1 on the diagonal) - Σ lu[left] lu[right]. All
 * positions are offsets in doubles of lane 0 (index × width). */
typedef enum { LU_UPPER, LU_DIAGONAL, LU_LOWER } LuKind;
typedef struct {
    LuKind kind;
    uint32_t target;
    uint32_t source;       // in the Jacobian's values, or LU_NONE
    uint32_t pivot;        // LU_LOWER: where the reciprocal of its pivot stands
    uint32_t first, count; // pairs of offsets
} LuEntry;

/* One row of a triangular solve: x[target] = (b[source] - Σ lu[left] x[right]) × lu[pivot]. */
typedef struct {
    uint32_t target, source;
    uint32_t pivot;
    uint32_t first, count;
} LuRow;

static const uint32_t LU_NONE = UINT32_MAX;

typedef struct {
    int states, width;
    LuEntry *entries;
    int entry_count;
    uint32_t *pairs;
    LuRow *forward, *backward; // (states)
    double *values;            // (entry_count × width)
    double *work;              // (states × width)
    double *watch;             // (width) how much the worst pivots have cancelled
} LuProgram;

/* One iteration of Newton's method for the correction of a step; arrays are (states × width). */
typedef struct {
    int states, width;
    bool first;    // the correction so far is 0
    double factor; // of the increment
    const double *increment, *weight, *predicted;
    double *correction, *y;
} CorrectPass;

/* result = known + gamma × scale × (rates + inflow): the right-hand side of a stage of a one-step
 * method; known NULL: 0. Arrays are (states × width), scale (width). */
typedef struct {
    int states, width;
    const double *rates, *inflow, *scale, *known;
    double gamma;
    double *result;
} RightSidePass;

/* What a step of a one-step method has left: arrays are (states × width). */
typedef struct {
    int states, width;
    const double *before, *after, *error;
    double rtol;
    const double *atol; // (states)
} MeasurePass;

enum {
    COLUMNS_MAX = 6, // of a Nordsieck array of order 5
    TERMS_MAX = 16
};

/* Per-lane loops for one width (up to 32 lanes; wider packs go in blocks of 32). */
typedef struct {
    void (*sum_squares)(const double *x, const double *weight, int states, int stride, double *sum);
    double (*finish_rates)(const double *rates, const double *infusion, double *result, int states,
                           int stride, double *bad);
    /* Of I - gamma J, or with `scale` (width) of I - gamma scale J. */
    void (*factor)(const LuProgram *program, const double *jacobian, const double *scale,
                   double gamma, int first_lane);
    void (*right_side)(const RightSidePass *pass, int first_lane);
    void (*solve)(const LuProgram *program, const double *b, double *x, int first_lane);
    /* Columns 1 .. order times factor[0 .. order-1] (NULL: as they are), then the prediction by
     * Pascal's triangle: for k = 1 .. order, for j = order .. k: column[j-1] += column[j]. */
    void (*predict)(int order, double *const *column, const double *factor, int states, int stride);
    /* column[j] += factor[j] x, for j < count <= COLUMNS_MAX */
    void (*accumulate)(int count, const double *factor, const double *x, double *const *column,
                       int states, int stride);
    /* z = Σ factor[j] x[j], j < count <= TERMS_MAX, summed in the order of j; z may be one of them.
     */
    void (*combine)(int count, const double *factor, double *const *x, double *z, int states,
                    int stride);
    /* z = Σ weight[j] x[j], j < count <= TERMS_MAX, with weights of each lane: (width) numbers. */
    void (*blend)(int count, double *const *weight, double *const *x, double *z, int states,
                  int stride);
    /* sum of the squares of error / (rtol max(|before|, |after|) + atol). */
    void (*measure)(const MeasurePass *pass, int first_lane, double *sum);
    /* weight = 1 / (rtol |y| + atol); sum: of the squares of y weight. */
    void (*weigh)(const double *y, const double *atol, double rtol, double *weight, int states,
                  int stride, double *sum);
    /* correction += factor × increment, y = predicted + correction; sums of squares of the weighted
     * factor × increment, and of the weighted correction (but for the first: it is the same). */
    void (*correct)(const CorrectPass *pass, int first_lane, double *increment_sum,
                    double *correction_sum);
} LaneKernels;

enum { KERNEL_WIDTHS = 6, KERNEL_BLOCK = 32 }; // 1, 2, 4, 8, 16, 32 lanes

typedef struct {
    const char *isa;
    void (*linear_sum)(double a, const double *x, double b, const double *y, double *z, size_t n);
    void (*constant)(double value, double *z, size_t n);
    void (*product)(const double *x, const double *y, double *z, size_t n);
    void (*quotient)(const double *x, const double *y, double *z, size_t n);
    void (*scale)(double factor, const double *x, double *z, size_t n);
    void (*absolute)(const double *x, double *z, size_t n);
    void (*inverse)(const double *x, double *z, size_t n);
    void (*add_constant)(const double *x, double value, double *z, size_t n);
    /* b = gamma (rates + inflow) - (slope z + correction); inflow and correction NULL: 0 */
    void (*residual)(double gamma, const double *rates, const double *inflow, double slope,
                     const double *z, const double *correction, double *b, size_t n);
    LaneKernels lanes[KERNEL_WIDTHS];
} Kernels;

/* The table for an instruction set ("avx512", "avx2", anything else: baseline); NULL: the best that
 * this machine has. Falls back to what the machine can do. */
const Kernels *kernels_for(const char *isa);
const LaneKernels *kernels_lanes(const Kernels *kernels, int width);

/* Loops over blocks of lanes. */
void kernels_sum_squares(const Kernels *kernels, const double *x, const double *weight, int states,
                         int width, double *sum);
void kernels_predict(const Kernels *kernels, int order, double *const *column, const double *factor,
                     int states, int width);
void kernels_accumulate(const Kernels *kernels, int count, const double *factor, const double *x,
                        double *const *column, int states, int width);
void kernels_combine(const Kernels *kernels, int count, const double *factor, double *const *x,
                     double *z, int states, int width);
void kernels_blend(const Kernels *kernels, int count, double *const *weight, double *const *x,
                   double *z, int states, int width);
void kernels_right_side(const Kernels *kernels, const RightSidePass *pass);
void kernels_measure(const Kernels *kernels, const MeasurePass *pass, double *sum);
void kernels_weigh(const Kernels *kernels, const double *y, const double *atol, double rtol,
                   double *weight, int states, int width, double *sum);
void kernels_correct(const Kernels *kernels, const CorrectPass *pass, double *increment_sum,
                     double *correction_sum);
double kernels_finish_rates(const Kernels *kernels, const double *rates, const double *infusion,
                            double *result, int states, int width, double *bad);

extern const Kernels kernels_baseline;
#if defined(__x86_64__)
extern const Kernels kernels_avx2;
extern const Kernels kernels_avx512;
#endif

#endif
