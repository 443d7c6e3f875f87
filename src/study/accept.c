/* accept.c: keeps the first draw of a subject whose start satisfies every condition.
 *
 * The conditions are outputs of a tape of their own, asked at the start of the study: initial
 * values, or the steady state that the study starts from; before any dose, with the numbers of the
 * first arm (the other arms get the same draw). A draw at which a condition cannot be reckoned (no
 * steady state, not finite) is refused too.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/population.h"
#include "study/workers.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>

enum { USUAL_ATTEMPTS = 1000 };

typedef struct {
    Plan *plan;
    const PopulationOptions *options;
    const Tape *tape;
    int *packs; // (count) those that are asked
    long count;
    int limit; // most draws of a subject
    pthread_mutex_t lock;
    int hopeless; // the first subject without a draw, or -1
    double *held; // (accept_count) draws of that subject at which each condition held
} Selection;

/* What a worker has. */
typedef struct {
    Arena *arena;
    const Selection *selection;
    Pack *pack;
    SubjectInput *subjects; // (width)
    int *asked;             // (width) subject in each lane
    bool *accepted;         // (width)
    double *held;           // (width × accept_count) draws at which each condition held
    int lanes;
} Asker;

static void *asker_open(void *shared)
{
    const Selection *selection = shared;
    const Plan *plan = selection->plan;
    const Model *model = plan->study->model;
    Arena *arena = arena_new();
    Asker *asker = arena_alloc(arena, sizeof *asker);
    size_t width = (size_t)plan->width;
    *asker = (Asker){.arena = arena, .selection = selection};
    asker->subjects = arena_array(arena, width, sizeof *asker->subjects);
    asker->asked = arena_array(arena, width, sizeof *asker->asked);
    asker->accepted = arena_array(arena, width, sizeof *asker->accepted);
    asker->held =
        arena_array(arena, width * (size_t)plan->population->accept_count, sizeof *asker->held);
    for (size_t i = 0; i < width; i++) {
        asker->subjects[i].parameters =
            arena_array(arena, (size_t)model->parameter_count, sizeof(double));
        asker->subjects[i].covariates =
            arena_array(arena, (size_t)model->covariate_count, sizeof(double));
        asker->subjects[i].steady_start = plan->study->steady_start;
    }
    asker->pack = pack_open(selection->tape, &plan->study->solver, plan->width);
    if (asker->pack == NULL) {
        arena_free(arena);
        return NULL;
    }
    return asker;
}

static void asker_close(void *context)
{
    Asker *asker = context;
    pack_close(asker->pack);
    arena_free(asker->arena);
}

/* OutputSink: which lanes satisfy every condition. */
static bool judge(void *context, int index, double time, const double *values, const bool *live,
                  int width)
{
    (void)index, (void)time;
    Asker *asker = context;
    const Plan *plan = asker->selection->plan;
    size_t conditions = (size_t)plan->population->accept_count;
    for (int lane = 0; lane < asker->lanes; lane++) {
        double *held = asker->held + (size_t)(asker->asked[lane] % plan->width) * conditions;
        asker->accepted[lane] = live[lane];
        for (size_t i = 0; i < conditions; i++) {
            double value = values[i * (size_t)width + (size_t)lane];
            bool holds = live[lane] && value == value && value != 0.0; // NaN is no yes
            held[i] += holds ? 1.0 : 0.0;
            asker->accepted[lane] = asker->accepted[lane] && holds;
        }
    }
    return true;
}

/* One draw of every subject that waits. */
static void ask(Asker *asker)
{
    const Plan *plan = asker->selection->plan;
    for (int lane = 0; lane < asker->lanes; lane++) {
        SubjectInput *input = &asker->subjects[lane];
        int subject = asker->asked[lane];
        plan_draw(plan, 0, subject, plan->attempts[subject], (double *)(size_t)input->parameters,
                  (double *)(size_t)input->covariates);
    }
    double start = plan->study->start;
    pack_load(asker->pack, asker->subjects, asker->lanes, start, start);
    (void)pack_run(asker->pack, &start, 1, judge, asker, NULL);
}

static void give_up(Selection *selection, const Asker *asker, int subject)
{
    size_t conditions = (size_t)selection->plan->population->accept_count;
    size_t own = (size_t)(subject % selection->plan->width);
    pthread_mutex_lock(&selection->lock);
    if (selection->hopeless < 0 || subject < selection->hopeless) {
        selection->hopeless = subject;
        memcpy(selection->held, asker->held + own * conditions, conditions * sizeof(double));
    }
    pthread_mutex_unlock(&selection->lock);
}

static bool asker_work(void *shared, void *context, long item)
{
    Selection *selection = shared;
    Asker *asker = context;
    Plan *plan = selection->plan;
    int first;
    asker->lanes = plan_subjects(plan, selection->packs[item], &first);
    size_t conditions = (size_t)plan->population->accept_count;
    memset(asker->held, 0, (size_t)plan->width * conditions * sizeof(double));
    for (int lane = 0; lane < asker->lanes; lane++) {
        asker->asked[lane] = first + lane;
        plan->attempts[first + lane] = 0;
    }
    while (asker->lanes > 0) {
        ask(asker);
        int waiting = 0;
        for (int lane = 0; lane < asker->lanes; lane++) {
            int subject = asker->asked[lane];
            if (asker->accepted[lane]) {
                continue;
            }
            if (++plan->attempts[subject] >= selection->limit) {
                give_up(selection, asker, subject);
                errno = 0;
                return false;
            }
            asker->asked[waiting++] = subject;
        }
        asker->lanes = waiting;
    }
    return true;
}

static void complain(const Selection *selection, Text *words)
{
    const Population *population = selection->plan->population;
    text_format(words, "subject ");
    text_number(words, cohort_id(population, selection->hopeless));
    if (population->table != NULL) {
        text_string(words, " of the table does not satisfy 'accept'");
    } else {
        text_format(words, ": none of %d draws satisfies 'accept'", selection->limit);
    }
    for (int i = 0; i < population->accept_count; i++) {
        text_format(words, "%s'%s' held in %.0f of %d", i == 0 ? ": " : ", ",
                    population->accept_text[i], selection->held[i], selection->limit);
    }
    bool never = false;
    bool shared = false;
    for (int i = 0; i < population->accept_count; i++) {
        never = never || selection->held[i] == 0.0;
    }
    for (int i = 0; i < population->vary_count; i++) {
        shared = shared || population->vary[i].level != LEVEL_PATIENT;
    }
    if (never) {
        text_string(words, " (conditions are asked at the start, before any dose");
        text_string(words, shared ? ", and what belongs to a level is not drawn again)" : ")");
    }
    if (population->table == NULL) {
        text_string(words, "; population.attempts allows more draws");
    }
}

PopulationStatus accept_run(Plan *plan, const PopulationOptions *options, const bool *wanted,
                            Text *words)
{
    const Population *population = plan->population;
    assert(population->accept_count > 0);
    TapeOptions tape = {.observed = population->accept,
                        .observed_count = population->accept_count,
                        .tables = plan->study->tables,
                        .isa = ISA_BEST};
    Selection selection = {.plan = plan, .options = options, .hopeless = -1};
    selection.tape = tape_compile(plan->arena, plan->study->model, &tape);
    selection.limit = population->attempts > 0 ? population->attempts : USUAL_ATTEMPTS;
    selection.limit = population->table != NULL ? 1 : selection.limit; // it cannot be drawn again
    selection.packs = arena_array(plan->arena, (size_t)plan->pack_count, sizeof(int));
    selection.held =
        arena_array(plan->arena, (size_t)population->accept_count, sizeof *selection.held);
    for (int pack = 0; pack < plan->pack_count; pack++) {
        if (wanted[pack]) {
            selection.packs[selection.count++] = pack;
        }
    }
    pthread_mutex_init(&selection.lock, NULL);
    WorkPlan work = {.jobs = options->jobs,
                     .count = selection.count,
                     .shared = &selection,
                     .open = asker_open,
                     .work = asker_work,
                     .close = asker_close,
                     .stop = options->stop};
    int error;
    WorkStatus status = workers_run(&work, &error);
    pthread_mutex_destroy(&selection.lock);
    if (selection.hopeless >= 0) {
        complain(&selection, words);
        return POPULATION_REFUSED;
    }
    if (status == WORK_STOPPED) {
        text_string(words, "stopped while subjects were drawn");
        return POPULATION_STOPPED;
    }
    return status == WORK_FAILED ? POPULATION_SOLVER : POPULATION_DONE;
}
