/* rows.c: threads read slices of rows for all subjects and reckon.
 *
 * Reading is half of it: it is done where the rows are used.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/rows.h"
#include "study/workers.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <string.h>

// Of some rows at once a unit's values lie side by side in the spool; a thread that has the last
// slice keeps the others waiting for a short time only.
enum { MOST_ROWS = 64, SLICES_OF_A_THREAD = 4 };

typedef struct {
    const RowRequest *request;
    const double *weights;  // (size) or NULL
    int first, count;       // rows
    int slice;              // rows of an item
    RowStatistics *results; // (count)
} Block;

typedef struct {
    Arena *arena;
    double *values;    // (slice × size)
    double *reference; // (slice × size) or NULL
    double *scratch;   // (2 × size) or NULL
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
    size_t size = (size_t)block->request->plan->population->size;
    size_t cells = (size_t)block->slice * size;
    *clerk = (Clerk){.arena = arena, .values = arena_array(arena, cells, sizeof(double))};
    if (block->request->reference >= 0) {
        clerk->reference = arena_array(arena, cells, sizeof(double));
    }
    if (block->weights != NULL) {
        clerk->scratch = arena_array(arena, 2 * size, sizeof(double));
    }
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

/* One row; reference: NULL, or what is taken off. */
static void reckon(const Block *block, const Clerk *clerk, double *values, const double *reference,
                   RowStatistics *result)
{
    const Plan *plan = block->request->plan;
    int size = plan->population->size;
    if (reference != NULL) {
        for (int i = 0; i < size; i++) {
            values[i] -= reference[i];
        }
        result->above = share_above(values, block->weights, size);
    }
    result->moments = moments_of(values, block->weights, size);
    interval_of(&result->moments, &result->low, &result->high);
    // of differences only the median is wanted
    int from = reference != NULL ? plan_median(plan) : 0;
    int levels = reference != NULL ? 1 : plan->level_count;
    quantiles_of(values, block->weights, size, clerk->scratch, plan->levels + from, levels,
                 result->quantiles + from);
}

static bool clerk_work(void *shared, void *worker, long item)
{
    const Block *block = shared;
    const Clerk *clerk = worker;
    const RowRequest *request = block->request;
    size_t size = (size_t)request->plan->population->size;
    int at = (int)item * block->slice;
    int rows = block->count - at < block->slice ? block->count - at : block->slice;
    if (!plan_read(request->plan, request->arm, block->first + at, rows, clerk->values) ||
        (clerk->reference != NULL && !plan_read(request->plan, request->reference,
                                                block->first + at, rows, clerk->reference))) {
        return false;
    }
    for (int row = 0; row < rows; row++) {
        const double *reference =
            clerk->reference == NULL ? NULL : clerk->reference + (size_t)row * size;
        reckon(block, clerk, clerk->values + (size_t)row * size, reference,
               &block->results[at + row]);
    }
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

/* Rows that a thread takes at once: few enough for the memory of all, and for all to have some. */
static int slice_of(const RowRequest *request, int count)
{
    int jobs = request->jobs > 0 ? request->jobs : workers_cores();
    int room = plan_block(request->plan, request->reference < 0 ? jobs : 2 * jobs);
    int fair = count / (SLICES_OF_A_THREAD * jobs) + 1;
    int slice = fair < MOST_ROWS ? fair : MOST_ROWS;
    return slice < room ? slice : room;
}

bool rows_run(const RowRequest *request, int first, int count)
{
    const Plan *plan = request->plan;
    assert(plan != NULL && first >= 0 && count >= 0 && first + count <= plan->rows);
    Arena *arena = arena_new();
    Block block = {.request = request,
                   .weights = weights_of(plan, arena),
                   .first = first,
                   .count = count,
                   .slice = slice_of(request, count)};
    block.results = arena_array(arena, (size_t)count, sizeof *block.results);
    for (int i = 0; i < count; i++) {
        block.results[i].quantiles = arena_array(arena, (size_t)plan->level_count, sizeof(double));
    }
    WorkPlan work = {.jobs = request->jobs,
                     .count = (count + block.slice - 1) / block.slice,
                     .shared = &block,
                     .open = clerk_open,
                     .work = clerk_work,
                     .close = clerk_close};
    int error = 0;
    bool good = workers_run(&work, &error) == WORK_DONE;
    for (int row = 0; row < count && good; row++) {
        request->take(request->context, first + row, &block.results[row]);
    }
    arena_free(arena);
    errno = error;
    return good;
}
