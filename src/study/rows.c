/* rows.c: reads blocks of rows for all subjects and lets threads reckon.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/rows.h"
#include "study/workers.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <string.h>

typedef struct {
    const Plan *plan;
    double *values;          // (rows × size)
    const double *reference; // (rows × size) or NULL
    const double *weights;   // (size) or NULL
    RowStatistics *results;  // (rows)
} Block;

typedef struct {
    Arena *arena;
    double *scratch; // (2 × size)
} Clerk;

int row_of(const Plan *plan, int output, int time)
{
    return output * plan->study->time_count + time;
}

int row_of_extra(const Plan *plan, int output, int extra)
{
    return plan->study->output_count * plan->study->time_count + output * EXTRA_COUNT + extra;
}

static void *clerk_open(void *shared)
{
    const Block *block = shared;
    Arena *arena = arena_new();
    Clerk *clerk = arena_alloc(arena, sizeof *clerk);
    clerk->arena = arena;
    size_t size = (size_t)block->plan->population->size;
    clerk->scratch = block->weights ? arena_array(arena, 2 * size, sizeof(double)) : NULL;
    return clerk;
}

static void clerk_close(void *clerk)
{
    arena_free(((Clerk *)clerk)->arena);
}

static double share_above(const double *values, const double *weights, int count)
{
    double above = 0.0;
    double total = 0.0;
    for (int i = 0; i < count; i++) {
        double weight = weights ? weights[i] : 1.0;
        total += isnan(values[i]) ? 0.0 : weight;
        above += values[i] > 0.0 ? weight : 0.0;
    }
    return total > 0.0 ? above / total : (double)NAN;
}

static bool clerk_work(void *shared, void *worker, long item)
{
    const Block *block = shared;
    const Clerk *clerk = worker;
    const Plan *plan = block->plan;
    int size = plan->population->size;
    double *values = block->values + (size_t)item * (size_t)size;
    RowStatistics *result = &block->results[item];
    if (block->reference != NULL) {
        const double *reference = block->reference + (size_t)item * (size_t)size;
        for (int i = 0; i < size; i++) {
            values[i] -= reference[i];
        }
        result->above = share_above(values, block->weights, size);
    }
    result->moments = moments_of(values, block->weights, size);
    interval_of(&result->moments, &result->low, &result->high);
    // of differences only the median is wanted
    int from = block->reference != NULL ? plan_median(plan) : 0;
    int levels = block->reference != NULL ? 1 : plan->level_count;
    quantiles_of(values, block->weights, size, clerk->scratch, plan->levels + from, levels,
                 result->quantiles + from);
    return true;
}

static const double *weights_of(const Plan *plan, Arena *arena)
{
    const Population *population = plan->population;
    if (population->table == NULL || population->weight_column < 0) {
        return NULL;
    }
    double *weights = arena_array(arena, (size_t)population->size, sizeof *weights);
    for (int subject = 0; subject < population->size; subject++) {
        weights[subject] = cohort_weight(population, subject);
    }
    return weights;
}

bool rows_run(const RowRequest *request, int first, int count)
{
    const Plan *plan = request->plan;
    assert(plan != NULL && first >= 0 && count >= 0 && first + count <= plan->rows);
    int most = plan_block(plan, request->reference < 0 ? 1 : 2);
    most = most < count ? most : count;
    Arena *arena = arena_new();
    size_t size = (size_t)plan->population->size;
    Block block = {.plan = plan, .weights = weights_of(plan, arena)};
    block.values = arena_array(arena, (size_t)most * size, sizeof(double));
    double *reference =
        request->reference < 0 ? NULL : arena_array(arena, (size_t)most * size, sizeof(double));
    block.reference = reference;
    block.results = arena_array(arena, (size_t)most, sizeof *block.results);
    for (int i = 0; i < most; i++) {
        block.results[i].quantiles = arena_array(arena, (size_t)plan->level_count, sizeof(double));
    }
    bool good = true;
    for (int at = first; at < first + count && good; at += most) {
        int rows = first + count - at < most ? first + count - at : most;
        good = plan_read(plan, request->arm, at, rows, block.values) &&
               (reference == NULL || plan_read(plan, request->reference, at, rows, reference));
        WorkPlan work = {.jobs = request->jobs,
                         .count = rows,
                         .shared = &block,
                         .open = clerk_open,
                         .work = clerk_work,
                         .close = clerk_close};
        int error = 0;
        if (good && workers_run(&work, &error) != WORK_DONE) {
            errno = error;
            good = false;
        }
        for (int row = 0; row < rows && good; row++) {
            request->take(request->context, at + row, &block.results[row]);
        }
    }
    int why = errno;
    arena_free(arena);
    errno = why;
    return good;
}
