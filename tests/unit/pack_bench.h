/* pack_bench.h: for tests of src/simulate: a model from text, a pack of it, and what a run
 * recorded.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_TESTS_PACK_BENCH_H
#define STROMA_TESTS_PACK_BENCH_H

#include "simulate/simulate.h"
#include "unit/suite.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { BENCH_ROWS = 4096, BENCH_STATES = 64 };

typedef struct {
    Arena *arena;
    const Model *model;
    const Tape *tape;
    Pack *pack;
    SolverOptions options;
    double atol[BENCH_STATES];
    int width, count;
    double *values; // (BENCH_ROWS × states × width)
    bool *live;     // (BENCH_ROWS × width)
    int rows;
    int rows_wanted; // the sink says stop after so many, 0: never
} Bench;

/* All states are observed, in their order. */
static inline Bench *bench_model(const char *text, const Interpolant *tables)
{
    Arena *arena = arena_new();
    Bench *bench = arena_alloc(arena, sizeof *bench);
    bench->arena = arena;
    Diag *diag = diag_new(arena);
    const Source *source = source_from_text(arena, "test.stroma", text, strlen(text));
    bench->model = model_from_source(arena, source, (SearchPath){NULL, 0}, diag);
    if (bench->model == NULL) {
        Text words = text_new(arena);
        diag_print(diag, &words, false);
        fprintf(stderr, "%s\n", words.data);
    }
    CU_ASSERT_PTR_NOT_NULL_FATAL(bench->model);
    CU_ASSERT_FATAL(bench->model->state_count <= BENCH_STATES);
    size_t states = (size_t)bench->model->state_count;
    Expr *observed = arena_array(arena, states, sizeof *observed);
    for (size_t i = 0; i < states; i++) {
        observed[i] = expr_symbol(bench->model->graph, SYMBOL_STATE, (int)i);
    }
    TapeOptions options = {.observed = observed, .observed_count = (int)states, .tables = tables};
    bench->tape = tape_compile(arena, bench->model, &options);
    bench->options = solver_options_default();
    bench->options.atol = bench->atol;
    return bench;
}

static inline void bench_tolerance(Bench *bench, double rtol, double atol)
{
    bench->options.rtol = rtol;
    for (int i = 0; i < BENCH_STATES; i++) {
        bench->atol[i] = atol;
    }
}

static inline void bench_pack(Bench *bench, int width)
{
    pack_close(bench->pack);
    bench->width = width;
    bench->pack = pack_open(bench->tape, &bench->options, width);
    CU_ASSERT_PTR_NOT_NULL_FATAL(bench->pack);
    size_t numbers = (size_t)bench->model->state_count * (size_t)width * BENCH_ROWS;
    bench->values = arena_array(bench->arena, numbers, sizeof(double));
    bench->live = arena_array(bench->arena, (size_t)width * BENCH_ROWS, sizeof(bool));
}

static inline bool bench_sink(void *context, int index, double time, const double *values,
                              const bool *live, int width)
{
    Bench *bench = context;
    (void)time;
    CU_ASSERT_EQUAL(index, bench->rows);
    CU_ASSERT_EQUAL(width, bench->width);
    size_t row = (size_t)bench->model->state_count * (size_t)width;
    memcpy(bench->values + (size_t)index * row, values, row * sizeof *values);
    memcpy(bench->live + (size_t)index * (size_t)width, live, (size_t)width * sizeof *live);
    bench->rows = index + 1;
    return bench->rows != bench->rows_wanted;
}

static inline void bench_load(Bench *bench, const SubjectInput *subjects, int count, double start,
                              double end)
{
    bench->count = count;
    pack_load(bench->pack, subjects, count, start, end);
}

static inline bool bench_run(Bench *bench, const double *times, int n)
{
    CU_ASSERT_FATAL(n <= BENCH_ROWS);
    bench->rows = 0;
    return pack_run(bench->pack, times, n, bench_sink, bench, NULL);
}

static inline double bench_value(const Bench *bench, int row, int state, int lane)
{
    size_t states = (size_t)bench->model->state_count;
    return bench
        ->values[((size_t)row * states + (size_t)state) * (size_t)bench->width + (size_t)lane];
}

static inline bool bench_live(const Bench *bench, int row, int lane)
{
    return bench->live[(size_t)row * (size_t)bench->width + (size_t)lane];
}

static inline OutcomeKind bench_outcome(const Bench *bench, int lane)
{
    return pack_outcome(bench->pack, lane)->kind;
}

/* |value - expected| in units of the tolerance. */
static inline double bench_error(const Bench *bench, int row, int state, int lane, double expected)
{
    double value = bench_value(bench, row, state, lane);
    double tolerance = bench->options.rtol * fabs(expected) + bench->atol[state];
    return isfinite(value) ? fabs(value - expected) / tolerance : HUGE_VAL;
}

static inline void bench_close(Bench *bench)
{
    pack_close(bench->pack);
    arena_free(bench->arena);
}

#endif
