/* fit_run.c: searches from all starts, gathers what they found.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/fit_run.h"
#include "study/crews.h"

#include <assert.h>
#include <errno.h>
#include <gsl/gsl_errno.h>
#include <math.h>
#include <pthread.h>
#include <string.h>

typedef struct {
    const Study *study;
    const Fit *fit;
    const FitOptions *options;
    FitResult *result;
    const Tape *tape;
    Arena **arenas;       // (starts) memory of each search
    int *free;            // (parameter_count) all
    pthread_mutex_t lock; // of progress
} Run;

typedef struct {
    Run *run;
    int start;
    StartResult *into;
    Arena *arena;
} Tracer;

FitMethod fit_method(const Fit *fit, int free_count)
{
    if (fit->method != METHOD_AUTO) {
        return fit->method;
    }
    bool squares = is_sum_of_squares(fit) && residual_rows(fit) >= free_count;
    return squares ? METHOD_LEAST_SQUARES : METHOD_SCORING;
}

/* --- one start -----------------------------------------------------------------------------------
 */

static void keep_line(void *context, const TraceLine *line)
{
    Tracer *tracer = context;
    StartResult *into = tracer->into;
    size_t count = (size_t)tracer->run->fit->parameter_count;
    into->trace = arena_grow(tracer->arena, into->trace, into->trace_count, &into->trace_room,
                             sizeof *into->trace);
    double *at = arena_array(tracer->arena, count + 1, sizeof *at);
    memcpy(at, line->at, count * sizeof *at);
    TraceLine *kept = &into->trace[into->trace_count++];
    *kept = *line;
    kept->at = at;
    if (tracer->run->options->progress != NULL) {
        pthread_mutex_lock(&tracer->run->lock);
        tracer->run->options->progress(tracer->run->options->context, tracer->start, line);
        pthread_mutex_unlock(&tracer->run->lock);
    }
}

static void search_one(void *shared, int start, const CrewMember *member)
{
    Run *run = shared;
    const Fit *fit = run->fit;
    StartResult *into = &run->result->starts[start];
    Arena *arena = run->arenas[start];
    size_t count = (size_t)fit->parameter_count;
    Tracer tracer = {run, start, into, arena};
    into->first = arena_array(arena, count + 1, sizeof(double));
    fit_start(fit, start, into->first);
    Search search = {.study = run->study,
                     .fit = fit,
                     .arena = arena,
                     .member = member,
                     .free = run->free,
                     .free_count = fit->parameter_count,
                     .method = fit_method(fit, fit->parameter_count),
                     .algorithm = fit->algorithm,
                     .seed = fit->seed + (uint64_t)start,
                     .iterations = fit->iterations,
                     .tolerance = fit->tolerance,
                     .trace = keep_line,
                     .context = &tracer,
                     .stop = run->options->stop};
    search_open(&search, into->first);
    into->status = search_run(&search);
    into->at = search.best_at;
    into->value = search.best;
    into->iterations = search.iteration > 0 ? search.iteration : 0;
    into->calls = search.calls;
    into->first_value = into->trace_count > 0 ? into->trace[0].value : HUGE_VAL;
    into->subject = search.trial.subject;
    into->datum = search.usable ? -1 : likelihood_blame(fit, &search.trial);
    into->predicted = into->datum >= 0 ? search.trial.predicted[into->datum] : (double)NAN;
    into->outcome = search.trial.failed ? search.trial.outcome
                                        : (Outcome){.kind = OUTCOME_DONE, .state = -1, .dose = -1};
}

/* --- the end -------------------------------------------------------------------------------------
 */

bool fit_evaluate(const Study *study, const double *at, Arena *arena, Trial *trial,
                  Likelihood *likelihood)
{
    const Fit *fit = study->fit;
    size_t data = (size_t)fit->datum_count;
    size_t count = (size_t)fit->parameter_count;
    *trial = (Trial){.at = at, .slopes = true};
    trial->predicted = arena_array(arena, data + 1, sizeof(double));
    trial->slope = arena_array(arena, data * (size_t)fit->model_count + 1, sizeof(double));
    likelihood->gradient = arena_array(arena, count + 1, sizeof(double));
    likelihood->fisher = arena_array(arena, count * count + 1, sizeof(double));
    Objective *objective = objective_open(study, NULL);
    Trial *const trials[] = {trial};
    bool good = objective != NULL && objective_run(objective, trials, 1) && !trial->failed &&
                likelihood_of(fit, trial, likelihood);
    objective_close(objective);
    return good;
}

/* Copies what is to stay into the caller's arena. */
static void keep(const Run *run, Arena *arena)
{
    size_t count = (size_t)run->fit->parameter_count;
    FitResult *result = run->result;
    result->best = -1;
    for (int i = 0; i < result->start_count; i++) {
        StartResult *one = &result->starts[i];
        double *first = arena_array(arena, count + 1, sizeof *first);
        double *at = arena_array(arena, count + 1, sizeof *at);
        bool begun = one->first != NULL;
        for (size_t k = 0; k < count; k++) {
            first[k] = begun ? one->first[k] : (double)NAN;
            at[k] = begun ? one->at[k] : (double)NAN;
        }
        TraceLine *trace = arena_array(arena, one->trace_count + 1, sizeof *trace);
        for (size_t k = 0; k < one->trace_count; k++) {
            double *copy = arena_array(arena, count + 1, sizeof *copy);
            memcpy(copy, one->trace[k].at, count * sizeof *copy);
            trace[k] = one->trace[k];
            trace[k].at = copy;
        }
        one->first = first;
        one->at = at;
        one->trace = trace;
        one->status = begun ? one->status : SEARCH_STOPPED;
        one->value = begun ? one->value : HUGE_VAL;
        result->calls += one->calls;
        bool better = isfinite(one->value) &&
                      (result->best < 0 || one->value < result->starts[result->best].value);
        result->best = better ? i : result->best;
    }
}

static FitStatus finish(Run *run, WorkStatus status, Arena *arena)
{
    FitResult *result = run->result;
    bool stopped =
        status == WORK_STOPPED || (run->options->stop != NULL && *run->options->stop != 0);
    keep(run, arena);
    if (result->best >= 0) {
        result->at = result->starts[result->best].at;
        if (!fit_evaluate(run->study, result->at, arena, &result->trial, &result->likelihood)) {
            result->best = -1;
        }
    }
    if (result->best >= 0) {
        InformationTask task = {.study = run->study,
                                .tape = run->tape,
                                .at = result->at,
                                .expected = result->likelihood.fisher,
                                .jobs = run->options->jobs,
                                .stop = run->options->stop};
        result->information = information_find(&task, arena);
        stopped = stopped || result->information.kind == INFORMATION_STOPPED;
    }
    if (stopped) {
        return FIT_STOPPED;
    }
    return result->best >= 0 ? FIT_DONE : FIT_REFUSED;
}

FitStatus fit_run(const Study *study, const FitOptions *options, Arena *arena, FitResult *result)
{
    assert(study != NULL && study->fit != NULL && options != NULL && result != NULL);
    const Fit *fit = study->fit;
    size_t starts = (size_t)fit->starts;
    Arena *scratch = arena_new();
    *result = (FitResult){.start_count = fit->starts, .best = -1};
    result->starts = arena_array(arena, starts, sizeof *result->starts);
    Run run = {.study = study, .fit = fit, .options = options, .result = result};
    run.arenas = arena_array(scratch, starts, sizeof(void *));
    run.free = arena_array(scratch, (size_t)fit->parameter_count + 1, sizeof *run.free);
    for (int i = 0; i < fit->parameter_count; i++) {
        run.free[i] = i;
    }
    for (size_t i = 0; i < starts; i++) {
        run.arenas[i] = arena_new();
    }
    run.tape = objective_tape(study, scratch);
    pthread_mutex_init(&run.lock, NULL);
    gsl_error_handler_t *before = gsl_set_error_handler_off(); // its failures are ours to judge
    CrewsPlan plan = {.study = study,
                      .tape = run.tape,
                      .jobs = options->jobs,
                      .journal = options->journal,
                      .count = fit->starts,
                      .shared = &run,
                      .search = search_one,
                      .stop = options->stop};
    int error = 0;
    WorkStatus status = crews_run(&plan, &error);
    FitStatus outcome = status == WORK_FAILED ? (options->journal != NULL ? FIT_FILE : FIT_SOLVER)
                                              : finish(&run, status, arena);
    (void)gsl_set_error_handler(before);
    pthread_mutex_destroy(&run.lock);
    for (size_t i = 0; i < starts; i++) {
        arena_free(run.arenas[i]);
    }
    arena_free(scratch);
    errno = error;
    return outcome;
}
