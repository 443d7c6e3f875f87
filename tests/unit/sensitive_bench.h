/* sensitive_bench.h: a bench (pack_bench.h) whose runs carry sensitivities, and differences of runs
 * to compare them with.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_TESTS_SENSITIVE_BENCH_H
#define STROMA_TESTS_SENSITIVE_BENCH_H

#include "unit/pack_bench.h"

/* simulate.cmake builds each test twice: for steps that lanes share, and for their own. */
#ifndef SLOPE_METHOD
#define SLOPE_METHOD SOLVER_AUTO
#endif

enum { SLOPE_ROWS = 64, SLOPE_TARGETS = 32 };

typedef struct {
    Bench *bench;
    int targets;
    double *values; // (SLOPE_ROWS × states × width)
    double *slopes; // (SLOPE_ROWS × targets × states × width)
    int rows;
} Slope;

/* Every parameter of the model may be asked for. */
static inline Slope *slope_open(const char *text, double rtol, double atol, int width)
{
    Bench *bench = bench_model(text, NULL);
    size_t states = (size_t)bench->model->state_count;
    Expr *observed = arena_array(bench->arena, states, sizeof *observed);
    int *parameters =
        arena_array(bench->arena, (size_t)bench->model->parameter_count + 1, sizeof *parameters);
    for (size_t i = 0; i < states; i++) {
        observed[i] = expr_symbol(bench->model->graph, SYMBOL_STATE, (int)i);
    }
    for (int i = 0; i < bench->model->parameter_count; i++) {
        parameters[i] = i;
    }
    TapeOptions options = {.observed = observed,
                           .observed_count = (int)states,
                           .derive = true,
                           .sensitive = parameters,
                           .sensitive_count = bench->model->parameter_count};
    bench->tape = tape_compile(bench->arena, bench->model, &options);
    bench->options.method = SLOPE_METHOD;
    bench_tolerance(bench, rtol, atol);
    bench_pack(bench, width);
    Slope *slope = arena_alloc(bench->arena, sizeof *slope);
    slope->bench = bench;
    size_t numbers = SLOPE_ROWS * states * (size_t)width;
    slope->values = arena_array(bench->arena, numbers, sizeof(double));
    slope->slopes = arena_array(bench->arena, numbers * SLOPE_TARGETS, sizeof(double));
    return slope;
}

static inline void slope_close(Slope *slope)
{
    bench_close(slope->bench);
}

static inline void slope_keep(Slope *slope, int row, const double *values)
{
    Bench *bench = slope->bench;
    size_t size = (size_t)bench->model->state_count * (size_t)bench->width;
    memcpy(slope->values + (size_t)row * size, values, size * sizeof *values);
    for (int k = 0; k < slope->targets; k++) {
        size_t at = ((size_t)row * SLOPE_TARGETS + (size_t)k) * size;
        memcpy(slope->slopes + at, pack_sensitivity(bench->pack, k), size * sizeof *values);
    }
}

static inline bool slope_sink(void *context, int index, double time, const double *values,
                              const bool *live, int width)
{
    (void)time, (void)live, (void)width;
    slope_keep(context, index, values);
    return true;
}

static inline void slope_run(Slope *slope, const SensitiveTarget *targets, int count,
                             const SubjectInput *subjects, int lanes, const double *times, int n)
{
    Bench *bench = slope->bench;
    CU_ASSERT_FATAL(n <= SLOPE_ROWS && count <= SLOPE_TARGETS);
    slope->targets = count;
    CU_ASSERT_FATAL(pack_sensitivities(bench->pack, targets, count));
    bench_load(bench, subjects, lanes, 0.0, times[n - 1]);
    CU_ASSERT(pack_run(bench->pack, times, n, slope_sink, slope, NULL));
    for (int lane = 0; lane < lanes; lane++) {
        CU_ASSERT_EQUAL(bench_outcome(bench, lane), OUTCOME_DONE);
    }
}

static inline double slope_value(const Slope *slope, int row, int state, int lane)
{
    size_t states = (size_t)slope->bench->model->state_count;
    return slope->values[((size_t)row * states + (size_t)state) * (size_t)slope->bench->width +
                         (size_t)lane];
}

static inline double slope_of(const Slope *slope, int row, int target, int state, int lane)
{
    size_t states = (size_t)slope->bench->model->state_count;
    size_t row_of = (size_t)row * SLOPE_TARGETS + (size_t)target;
    return slope
        ->slopes[(row_of * states + (size_t)state) * (size_t)slope->bench->width + (size_t)lane];
}

/* |found - expected| <= tolerance × (|expected| + floor), told if not. */
static inline void slope_near(const Slope *slope, int row, int target, int state, double expected,
                              double tolerance, double floor)
{
    double found = slope_of(slope, row, target, state, 0);
    bool good = fabs(found - expected) <= tolerance * (fabs(expected) + floor);
    if (!good) {
        fprintf(stderr, "row %d, target %d, state %d: %.12g, expected %.12g\n", row, target, state,
                found, expected);
    }
    CU_ASSERT(good);
}

#endif
