/* workers.c: see workers.h.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/workers.h"

#include "base/arena.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <time.h>

enum { MOST_JOBS = 1024, TICK_NANOSECONDS = 100000000, SECOND = 1000000000 };

typedef struct {
    const WorkPlan *plan;
    pthread_mutex_t lock;
    pthread_cond_t ended; // a worker has ended
    long next, done;
    int running;
    bool failed;
    int error;
} Pool;

int workers_cores(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0) {
        return 1;
    }
    int count = CPU_COUNT(&set);
    return count < 1 ? 1 : count;
}

/* The next item, or -1. */
static long take_item(Pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    bool stopped = pool->plan->stop != NULL && *pool->plan->stop != 0;
    long item = pool->failed || stopped || pool->next >= pool->plan->count ? -1 : pool->next++;
    pthread_mutex_unlock(&pool->lock);
    return item;
}

static void end_item(Pool *pool, bool good, int error)
{
    pthread_mutex_lock(&pool->lock);
    pool->done += good;
    if (!good && !pool->failed) {
        pool->failed = true;
        pool->error = error;
    }
    pthread_mutex_unlock(&pool->lock);
}

static void *live(void *context)
{
    Pool *pool = context;
    const WorkPlan *plan = pool->plan;
    void *worker = plan->open(plan->shared);
    if (worker == NULL) {
        end_item(pool, false, errno);
    }
    for (long item; worker != NULL && (item = take_item(pool)) >= 0;) {
        errno = 0;
        bool good = plan->work(plan->shared, worker, item);
        end_item(pool, good, errno);
    }
    if (worker != NULL) {
        plan->close(worker);
    }
    pthread_mutex_lock(&pool->lock);
    pool->running--;
    pthread_cond_signal(&pool->ended);
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

static void wait_and_tick(Pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    while (pool->running > 0) {
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += TICK_NANOSECONDS;
        until.tv_sec += until.tv_nsec / SECOND;
        until.tv_nsec %= SECOND;
        pthread_cond_timedwait(&pool->ended, &pool->lock, &until);
        if (pool->plan->tick != NULL) {
            long done = pool->done;
            pthread_mutex_unlock(&pool->lock);
            pool->plan->tick(pool->plan->shared, done);
            pthread_mutex_lock(&pool->lock);
        }
    }
    pthread_mutex_unlock(&pool->lock);
}

/* Signals go to the calling thread. */
static int start_threads(Pool *pool, pthread_t *threads, int jobs)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int count = 0;
    for (int i = 0; i < jobs; i++) {
        pthread_mutex_lock(&pool->lock);
        int error = pthread_create(&threads[count], NULL, live, pool);
        pool->running += error == 0;
        count += error == 0;
        if (error != 0 && count == 0) {
            pool->failed = true;
            pool->error = error;
        }
        pthread_mutex_unlock(&pool->lock);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return count;
}

WorkStatus workers_run(const WorkPlan *plan, int *error)
{
    assert(plan != NULL && plan->open != NULL && plan->work != NULL && plan->close != NULL);
    assert(plan->count >= 0 && error != NULL);
    Arena *arena = arena_new();
    Pool pool = {.plan = plan};
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&pool.ended, &attributes);
    pthread_mutex_init(&pool.lock, NULL);
    long jobs = plan->jobs > 0 ? plan->jobs : workers_cores();
    jobs = jobs > MOST_JOBS ? MOST_JOBS : jobs;
    jobs = jobs > plan->count ? plan->count : jobs;
    pthread_t *threads = arena_array(arena, (size_t)jobs + 1, sizeof *threads);
    int count = start_threads(&pool, threads, (int)jobs);
    wait_and_tick(&pool);
    for (int i = 0; i < count; i++) {
        pthread_join(threads[i], NULL);
    }
    pthread_mutex_destroy(&pool.lock);
    pthread_cond_destroy(&pool.ended);
    pthread_condattr_destroy(&attributes);
    arena_free(arena);
    *error = pool.error;
    if (pool.failed) {
        return WORK_FAILED;
    }
    return pool.done == plan->count ? WORK_DONE : WORK_STOPPED;
}
