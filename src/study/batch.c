/* batch.c: see batch.h.
 *
 * Rows are dealt out in chunks that fill a pack. A worker that has run a chunk waits for its turn
 * to hand it over; nobody is more than a few chunks ahead, so memory does not grow with the list.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/batch.h"

#include "study/run.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>

typedef struct {
    const Study *study;
    const Tape *tape;
    const BatchRow *rows;
    long count;
    int chunk; // rows
    const BatchOptions *options;
    pthread_mutex_t lock;
    pthread_cond_t turn;
    SolverStats stats; // of the workers that are closed
    long next;         // chunk that is to be handed over
    bool broken;       // an error, or stopped: nobody waits any longer
} Batch;

typedef struct {
    Batch *batch;
    Arena *arena;
    Caller *caller;
    Call *calls;  // (chunk)
    Call **going; // (chunk) those that run
} Worker;

static void *worker_open(void *shared)
{
    Batch *batch = shared;
    const Study *study = batch->study;
    Arena *arena = arena_new();
    Worker *worker = arena_alloc(arena, sizeof *worker);
    worker->batch = batch;
    worker->arena = arena;
    worker->caller = caller_open(study, batch->tape, batch->options->lanes, batch->options->stop);
    worker->calls = arena_array(arena, (size_t)batch->chunk, sizeof *worker->calls);
    worker->going = arena_array(arena, (size_t)batch->chunk, sizeof(Call *));
    size_t arms = (size_t)study->arm_count;
    size_t cells = arms * (size_t)study->time_count * (size_t)study->output_count;
    for (int i = 0; i < batch->chunk; i++) {
        worker->calls[i].values = arena_array(arena, cells + 1, sizeof(double));
        worker->calls[i].outcomes = arena_array(arena, arms, sizeof(Outcome));
    }
    if (worker->caller == NULL) {
        arena_free(arena);
        errno = ENOMEM;
        return NULL;
    }
    return worker;
}

static void worker_close(void *context)
{
    Worker *worker = context;
    pthread_mutex_lock(&worker->batch->lock);
    caller_count(worker->caller, &worker->batch->stats);
    pthread_mutex_unlock(&worker->batch->lock);
    caller_close(worker->caller);
    arena_free(worker->arena);
}

/* In order, one worker after the other. */
static bool hand_over(Batch *batch, const Worker *worker, long chunk, int count, bool whole)
{
    pthread_mutex_lock(&batch->lock);
    while (batch->next != chunk && !batch->broken) {
        pthread_cond_wait(&batch->turn, &batch->lock);
    }
    bool good = whole && !batch->broken;
    for (int i = 0; good && i < count; i++) {
        long row = chunk * batch->chunk + i;
        good = batch->options->take(batch->options->context, row, &worker->calls[i]);
    }
    int reason = errno;
    batch->next = chunk + 1;
    batch->broken = batch->broken || !good;
    pthread_cond_broadcast(&batch->turn);
    pthread_mutex_unlock(&batch->lock);
    errno = reason;
    return good || !whole;
}

static bool work(void *shared, void *context, long chunk)
{
    Batch *batch = shared;
    Worker *worker = context;
    long first = chunk * batch->chunk;
    int count = batch->count - first < batch->chunk ? (int)(batch->count - first) : batch->chunk;
    int going = 0;
    for (int i = 0; i < count; i++) {
        const BatchRow *row = &batch->rows[first + i];
        Call *call = &worker->calls[i];
        call->changes = row->changes;
        call->change_count = row->change_count;
        call->arm = row->arm;
        if (!row->is_wrong) {
            worker->going[going++] = call;
        }
    }
    bool whole = caller_run(worker->caller, worker->going, going);
    return hand_over(batch, worker, chunk, count, whole);
}

static void tick(void *shared, long done)
{
    const Batch *batch = shared;
    if (batch->options->progress != NULL) {
        batch->options->progress(batch->options->context, done * batch->chunk);
    }
}

WorkStatus batch_run(const Study *study, const BatchRow *rows, long count,
                     const BatchOptions *options, Arena *arena, RunResult *result, int *error)
{
    assert(study != NULL && (rows != NULL || count == 0) && options != NULL && error != NULL);
    Batch batch = {.study = study, .rows = rows, .count = count, .options = options};
    int wanted = options->lanes > 0 ? options->lanes : study_lanes(study);
    batch.chunk = STROMA_LANES > 0 ? STROMA_LANES : wanted;
    batch.tape = study_tape(study, arena);
    pthread_mutex_init(&batch.lock, NULL);
    pthread_cond_init(&batch.turn, NULL);
    WorkPlan plan = {.jobs = options->jobs,
                     .count = (count + batch.chunk - 1) / batch.chunk,
                     .shared = &batch,
                     .open = worker_open,
                     .work = work,
                     .close = worker_close,
                     .stop = options->stop,
                     .tick = tick};
    WorkStatus status = workers_run(&plan, error);
    if (status == WORK_DONE && batch.broken) { // an integration was stopped
        status = WORK_STOPPED;
    }
    pthread_mutex_destroy(&batch.lock);
    pthread_cond_destroy(&batch.turn);
    *result =
        (RunResult){.isa = batch.tape->isa, .width = tape_width(batch.chunk), .stats = batch.stats};
    result->schedules = arena_array(arena, (size_t)study->arm_count, sizeof *result->schedules);
    Pack *pack = NULL;
    (void)study_schedules(study, batch.tape, study_lanes(study), arena, result->schedules, &pack);
    pack_close(pack);
    return status;
}
