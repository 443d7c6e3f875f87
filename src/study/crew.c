/* crew.c: a meeting point of threads: the last to arrive does the work of the round.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/crew.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>

struct Crew {
    Objective *objective;
    Journal *journal;
    int group, members;
    CrewBody *body;
    void *context;
    pthread_mutex_t lock;
    pthread_cond_t answered;
    Trial **asked; // (members) trials of the round, NULL: not asked
    Trial **round; // (members) the same without gaps
    int waiting, searching;
    long rounds;
    bool stopped, failed;
    int error;
};

/* The lock is held, and stays so: nobody else has anything to do. */
static void work(Crew *crew)
{
    int count = 0;
    for (int i = 0; i < crew->members; i++) {
        if (crew->asked[i] != NULL) {
            crew->round[count++] = crew->asked[i];
        }
    }
    bool known = crew->journal != NULL &&
                 journal_find(crew->journal, crew->group, crew->rounds, crew->round, count);
    if (!known && !crew->stopped) {
        crew->stopped = !objective_run(crew->objective, crew->round, count);
        if (!crew->stopped && crew->journal != NULL &&
            !journal_add(crew->journal, crew->group, crew->rounds, crew->round, count)) {
            crew->failed = crew->stopped = true;
            crew->error = errno;
        }
    }
    for (int i = 0; i < crew->members; i++) {
        crew->asked[i] = NULL;
    }
    crew->waiting = 0;
    crew->rounds++;
    pthread_cond_broadcast(&crew->answered);
}

bool crew_ask(const CrewMember *member, Trial *trial)
{
    Crew *crew = member->crew;
    pthread_mutex_lock(&crew->lock);
    long round = crew->rounds;
    crew->asked[member->number] = trial;
    crew->waiting++;
    if (crew->waiting == crew->searching) {
        work(crew);
    }
    while (crew->rounds == round) {
        pthread_cond_wait(&crew->answered, &crew->lock);
    }
    bool whole = !crew->stopped;
    pthread_mutex_unlock(&crew->lock);
    return whole;
}

static void leave(Crew *crew)
{
    pthread_mutex_lock(&crew->lock);
    crew->searching--;
    if (crew->searching > 0 && crew->waiting == crew->searching) {
        work(crew);
    }
    pthread_mutex_unlock(&crew->lock);
}

static void *live(void *context)
{
    const CrewMember *member = context;
    member->crew->body(member->crew->context, member);
    leave(member->crew);
    return NULL;
}

static bool run_threads(Crew *crew, Arena *arena)
{
    size_t count = (size_t)crew->members;
    CrewMember *members = arena_array(arena, count, sizeof *members);
    pthread_t *threads = arena_array(arena, count, sizeof *threads);
    int started = 0;
    int error = 0;
    pthread_mutex_lock(&crew->lock); // nobody begins before all are there
    for (size_t i = 0; i < count && error == 0; i++) {
        members[i] = (CrewMember){crew, (int)i};
        error = pthread_create(&threads[i], NULL, live, &members[i]);
        started += error == 0;
    }
    crew->searching = started;
    crew->stopped = error != 0;
    pthread_mutex_unlock(&crew->lock);
    for (int i = 0; i < started; i++) {
        pthread_join(threads[i], NULL);
    }
    errno = error;
    return error == 0;
}

bool crew_run(Objective *objective, Journal *journal, int group, int members, CrewBody *body,
              void *context)
{
    assert(objective != NULL && members > 0 && body != NULL);
    Arena *arena = arena_new();
    Crew crew = {.objective = objective,
                 .journal = journal,
                 .group = group,
                 .members = members,
                 .body = body,
                 .context = context,
                 .searching = members};
    crew.asked = arena_array(arena, (size_t)members, sizeof *crew.asked);
    crew.round = arena_array(arena, (size_t)members, sizeof *crew.round);
    pthread_mutex_init(&crew.lock, NULL);
    pthread_cond_init(&crew.answered, NULL);
    bool good = true;
    if (members == 1) {
        CrewMember alone = {&crew, 0};
        body(context, &alone);
    } else {
        good = run_threads(&crew, arena);
    }
    if (crew.failed) {
        errno = crew.error;
        good = false;
    }
    int why = errno;
    pthread_cond_destroy(&crew.answered);
    pthread_mutex_destroy(&crew.lock);
    arena_free(arena);
    errno = why;
    return good;
}
