/* population.c: runs the units of a plan on threads, gathers shards, counts outcomes.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/population.h"

#include "study/quickening.h"
#include "study/workers.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <string.h>

/* --- one unit -----------------------------------------------------------------------------------
 */

/* What a worker has for itself. */
typedef struct {
    Arena *arena;
    const Plan *plan;
    Pack *pack;
    bool quick;             // the pack has been quickened
    SubjectInput *subjects; // (width)
    Regimen *regimens;      // (width)
    Dose *doses;            // (width × most doses of an arm)
    int most_doses;
    double *values; // (rows × width)
    double before;  // time of the last output
    SolverStats counted;
    Arena *texts;
    ArenaMark texts_mark;
} Worker;

static Worker *worker_open(const Plan *plan)
{
    const Study *study = plan->study;
    Arena *arena = arena_new();
    Worker *worker = arena_alloc(arena, sizeof *worker);
    size_t width = (size_t)plan->width;
    *worker = (Worker){.arena = arena, .plan = plan, .texts = arena_new()};
    worker->texts_mark = arena_mark(worker->texts);
    for (int i = 0; i < study->arm_count; i++) {
        int count = study->arms[i].regimen.count;
        worker->most_doses = count > worker->most_doses ? count : worker->most_doses;
    }
    worker->subjects = arena_array(arena, width, sizeof *worker->subjects);
    worker->regimens = arena_array(arena, width, sizeof *worker->regimens);
    worker->doses = arena_array(arena, width * (size_t)worker->most_doses, sizeof *worker->doses);
    worker->values = arena_array(arena, (size_t)plan->rows * width, sizeof *worker->values);
    size_t parameters = (size_t)study->model->parameter_count;
    size_t covariates = (size_t)study->model->covariate_count;
    for (size_t i = 0; i < width; i++) {
        worker->subjects[i].parameters = arena_array(arena, parameters, sizeof(double));
        worker->subjects[i].covariates = arena_array(arena, covariates, sizeof(double));
    }
    const SolverOptions options = solver_options_of_many(&study->solver);
    worker->pack = pack_open(plan->tape, &options, plan->width);
    if (worker->pack == NULL) {
        arena_free(worker->texts);
        arena_free(arena);
        return NULL;
    }
    pack_make_native(worker->pack);
    worker->quick = options.native;
    return worker;
}

static void worker_close(void *context)
{
    Worker *worker = context;
    pack_close(worker->pack);
    arena_free(worker->texts);
    arena_free(worker->arena);
}

/* A dose per kilogram follows the subject's own weight. */
static double share(const Arm *arm, const double *covariates, int by)
{
    return by == 0 ? 1.0 : covariates[by - 1] / arm->covariates[by - 1];
}

static void load_subject(Worker *worker, int lane, int arm, int subject)
{
    const Plan *plan = worker->plan;
    const Arm *from = &plan->study->arms[arm];
    SubjectInput *input = &worker->subjects[lane];
    double *parameters = (double *)(size_t)input->parameters; // ours: made by worker_open
    double *covariates = (double *)(size_t)input->covariates;
    plan_draw(plan, arm, subject, plan->attempts[subject], parameters, covariates);
    Regimen *regimen = &worker->regimens[lane];
    *regimen = (Regimen){.doses = worker->doses + (size_t)lane * (size_t)worker->most_doses,
                         .count = from->regimen.count};
    for (int i = 0; i < regimen->count; i++) {
        regimen->doses[i] = from->regimen.doses[i];
        regimen->doses[i].amount *= share(from, covariates, regimen->doses[i].amount_by);
        regimen->doses[i].rate *= share(from, covariates, regimen->doses[i].rate_by);
    }
    input->regimen = regimen;
    input->steady_start = plan->study->steady_start;
}

/* OutputSink: a row for each output; area under the curve (trapezoids) and peak run along. */
static bool take_values(void *context, int index, double time, const double *values,
                        const bool *live, int width)
{
    Worker *worker = context;
    const Study *study = worker->plan->study;
    size_t lanes = (size_t)width;
    size_t times = (size_t)study->time_count;
    double *extra = worker->values + (size_t)study->output_count * times * lanes;
    double span = index == 0 ? 0.0 : time - worker->before;
    for (size_t k = 0; k < (size_t)study->output_count; k++) {
        double *row = worker->values + (k * times + (size_t)index) * lanes;
        const double *last = index == 0 ? row : row - lanes;
        double *area = extra + (k * EXTRA_COUNT + EXTRA_AREA) * lanes;
        double *peak = extra + (k * EXTRA_COUNT + EXTRA_PEAK) * lanes;
        for (size_t lane = 0; lane < lanes; lane++) {
            double value = live[lane] ? values[k * lanes + lane] : (double)NAN;
            row[lane] = value;
            area[lane] = index == 0 ? 0.0 : area[lane] + 0.5 * span * (last[lane] + value);
            bool higher = index == 0 || value > peak[lane] || isnan(value);
            peak[lane] = higher ? value : peak[lane];
        }
    }
    worker->before = time;
    return true;
}

/* file:line of what went wrong, "" if not known. */
static const char *failure_line(Arena *arena, const Model *model, const Outcome *outcome)
{
    Span span = outcome->has_fault ? outcome->fault.span : (Span){0};
    if (span.source == NULL && outcome->state >= 0) {
        span = model->states[outcome->state].label.span;
    }
    if (span.source == NULL) {
        return "";
    }
    int line;
    int column;
    source_locate(span.source, span.start, &line, &column);
    return arena_format(arena, "%s:%d", span.source->name, line);
}

static SpoolFailure failure_of(Arena *arena, const Model *model, int lane, const Outcome *outcome)
{
    Text words = text_new(arena);
    outcome_print(outcome, model, &words);
    while (words.length > 0 && words.data[words.length - 1] == '\n') {
        words.data[--words.length] = '\0';
    }
    return (SpoolFailure){.lane = lane,
                          .kind = (int)outcome->kind,
                          .time = outcome->time,
                          .state = outcome->state,
                          .line = failure_line(arena, model, outcome),
                          .reason = words.data};
}

/* a - b, count by count. */
static SolverStats stats_since(const SolverStats *a, const SolverStats *b)
{
    return (SolverStats){.steps = a->steps - b->steps,
                         .rate_calls = a->rate_calls - b->rate_calls,
                         .jacobian_calls = a->jacobian_calls - b->jacobian_calls,
                         .factorisations = a->factorisations - b->factorisations,
                         .newton_iterations = a->newton_iterations - b->newton_iterations,
                         .error_failures = a->error_failures - b->error_failures,
                         .newton_failures = a->newton_failures - b->newton_failures,
                         .restarts = a->restarts - b->restarts,
                         .dense_fallbacks = a->dense_fallbacks - b->dense_fallbacks,
                         .stops = a->stops - b->stops,
                         .events = a->events - b->events,
                         .own_steps = a->own_steps - b->own_steps};
}

/* Area and peak are those of a whole curve only. */
static void void_extras(Worker *worker, int lane)
{
    const Study *study = worker->plan->study;
    size_t width = (size_t)worker->plan->width;
    size_t first = (size_t)study->output_count * (size_t)study->time_count;
    for (size_t row = first; row < (size_t)worker->plan->rows; row++) {
        worker->values[row * width + (size_t)lane] = (double)NAN;
    }
}

/* Runs a unit; its values are in the worker, the record's memory too. */
static void run_unit(Worker *worker, int unit, SpoolRecord *record)
{
    const Plan *plan = worker->plan;
    const Study *study = plan->study;
    int arm = unit / plan->pack_count;
    int first;
    int count = plan_subjects(plan, unit % plan->pack_count, &first);
    arena_rewind(worker->texts, worker->texts_mark);
    for (int lane = 0; lane < count; lane++) {
        load_subject(worker, lane, arm, first + lane);
    }
    pack_load(worker->pack, worker->subjects, count, study->start, study->end);
    (void)pack_run(worker->pack, study->times, study->time_count, take_values, worker, NULL);
    SpoolFailure *failures = arena_array(worker->texts, (size_t)count, sizeof *failures);
    *record = (SpoolRecord){.unit = unit,
                            .lane_count = count,
                            .attempts = plan->attempts + first,
                            .failures = failures};
    for (int lane = 0; lane < count; lane++) {
        const Outcome *outcome = pack_outcome(worker->pack, lane);
        if (outcome->kind != OUTCOME_DONE) {
            failures[record->failure_count++] =
                failure_of(worker->texts, study->model, lane, outcome);
            void_extras(worker, lane);
        }
    }
    record->stats = stats_since(pack_stats(worker->pack), &worker->counted);
    worker->counted = *pack_stats(worker->pack);
}

/* --- all units ----------------------------------------------------------------------------------
 */

typedef struct {
    const Plan *plan;
    const PopulationOptions *options;
    Spool *spool;
    int *todo; // (todo_count) units that are not there yet
    long todo_count;
    Quickening quickening;
} Crew;

static void *crew_open(void *shared)
{
    const Crew *crew = shared;
    return worker_open(crew->plan);
}

static bool crew_work(void *shared, void *context, long item)
{
    Crew *crew = shared;
    Worker *worker = context;
    SpoolRecord record;
    if (!worker->quick) {
        worker->quick = quickening_ask(&crew->quickening, item, crew->todo_count, worker->pack);
    }
    run_unit(worker, crew->todo[item], &record);
    return spool_put(crew->spool, worker->values, &record);
}

static void crew_tick(void *shared, long done)
{
    const Crew *crew = shared;
    const PopulationOptions *options = crew->options;
    if (options->progress != NULL) {
        long total = crew->todo_count;
        options->progress(options->context, done, total);
    }
}

static PopulationStatus cannot_spool(SpoolStatus status, const char *stem, Text *words)
{
    switch (status) {
    case SPOOL_OTHER:
        text_format(words,
                    "'%s.spool' was left by another study, or this one has changed since: without "
                    "--resume it is begun anew",
                    stem);
        return POPULATION_OTHER;
    case SPOOL_BUSY:
        text_format(words, "another run works on '%s.spool'", stem);
        return POPULATION_FILE;
    case SPOOL_DAMAGED:
        text_format(words, "'%s.journal' cannot be read: it is damaged", stem);
        return POPULATION_OTHER;
    default:
        text_format(words, "cannot write '%s.spool': %s", stem, strerror(errno));
        return POPULATION_FILE;
    }
}

static PopulationStatus open_spool(Plan *plan, const PopulationOptions *options, Text *words)
{
    SpoolShape shape = {.shard = options->shard,
                        .shard_count = options->shard_count,
                        .unit_count = plan->unit_count,
                        .lanes = plan->width,
                        .rows = plan->rows,
                        .call = options->call};
    memcpy(shape.hash, plan->hash, sizeof shape.hash);
    const char *stem = spool_stem(plan->arena, options->folder, plan->study->name, options->shard,
                                  options->shard_count);
    plan->spools = arena_array(plan->arena, 1, sizeof(Spool *));
    SpoolStatus status = SPOOL_FILE;
    errno = ENOENT;
    if (options->resume) {
        status = spool_open(plan->arena, stem, &shape, &plan->spools[0]);
    }
    if (!options->resume || (status == SPOOL_FILE && errno == ENOENT)) {
        status = spool_create(plan->arena, stem, &shape, &plan->spools[0]);
    }
    if (status != SPOOL_OK) {
        return cannot_spool(status, stem, words);
    }
    plan->spool_count = 1;
    return POPULATION_DONE;
}

/* Units of this shard that are not there yet; wanted: the packs they belong to. */
static void find_todo(Crew *crew, int shard, int shard_count, bool *wanted)
{
    const Plan *plan = crew->plan;
    crew->todo = arena_array(plan->arena, (size_t)plan->unit_count, sizeof *crew->todo);
    for (int unit = shard - 1; unit < plan->unit_count; unit += shard_count) {
        if (!spool_has(crew->spool, unit)) {
            crew->todo[crew->todo_count++] = unit;
            wanted[unit % plan->pack_count] = true;
        }
    }
}

PopulationStatus population_run(Plan *plan, const PopulationOptions *options, Text *words)
{
    assert(plan != NULL && options != NULL && words != NULL && plan->spool_count == 0);
    assert(options->shard >= 1 && options->shard <= options->shard_count);
    PopulationStatus status = open_spool(plan, options, words);
    if (status != POPULATION_DONE) {
        return status;
    }
    Crew crew = {.plan = plan, .options = options, .spool = plan->spools[0]};
    quickening_open(&crew.quickening);
    bool *wanted = arena_array(plan->arena, (size_t)plan->pack_count, sizeof *wanted);
    find_todo(&crew, options->shard, options->shard_count, wanted);
    if (plan->population->accept_count > 0) {
        status = accept_run(plan, options, wanted, words);
        if (status != POPULATION_DONE) {
            return status;
        }
    }
    WorkPlan work = {.jobs = options->jobs,
                     .count = crew.todo_count,
                     .shared = &crew,
                     .open = crew_open,
                     .work = crew_work,
                     .close = worker_close,
                     .stop = options->stop,
                     .tick = crew_tick};
    int error = 0;
    switch (workers_run(&work, &error)) {
    case WORK_STOPPED:
        text_format(words, "stopped after %d of %d packs", spool_done(crew.spool),
                    (plan->unit_count - options->shard) / options->shard_count + 1);
        return POPULATION_STOPPED;
    case WORK_FAILED:
        text_format(words, "cannot write the spool in '%s': %s", options->folder, strerror(error));
        return POPULATION_FILE;
    default:
        return POPULATION_DONE;
    }
}

/* --- shards -------------------------------------------------------------------------------------
 */

static bool is_complete(const Spool *spool, int shard, int shard_count)
{
    return spool_done(spool) == (spool_shape(spool)->unit_count - shard) / shard_count + 1;
}

PopulationStatus population_merge(Plan *plan, const char *folder, int count, Text *words)
{
    assert(plan != NULL && folder != NULL && count >= 1 && plan->spool_count == 0);
    plan->spool_count = count;
    plan->spools = arena_array(plan->arena, (size_t)count, sizeof(Spool *));
    for (int i = 0; i < count; i++) {
        SpoolShape shape = {.shard = i + 1,
                            .shard_count = count,
                            .unit_count = plan->unit_count,
                            .lanes = plan->width,
                            .rows = plan->rows};
        memcpy(shape.hash, plan->hash, sizeof shape.hash);
        const char *stem = spool_stem(plan->arena, folder, plan->study->name, i + 1, count);
        SpoolStatus status = spool_open(plan->arena, stem, &shape, &plan->spools[i]);
        if (status == SPOOL_FILE && errno == ENOENT) {
            text_format(words, "shard %d of %d is not there ('%s.journal')", i + 1, count, stem);
            return POPULATION_MISSING;
        }
        if (status != SPOOL_OK) {
            return cannot_spool(status, stem, words);
        }
        if (!is_complete(plan->spools[i], i + 1, count)) {
            text_format(words, "shard %d of %d is not complete: run it again with --resume", i + 1,
                        count);
            return POPULATION_MISSING;
        }
    }
    return POPULATION_DONE;
}

void population_clean(Plan *plan)
{
    for (int i = 0; i < plan->spool_count && plan->spools != NULL; i++) {
        spool_remove(plan->spools[i]);
    }
    plan->spool_count = 0;
}

void population_close(Plan *plan)
{
    for (int i = 0; i < plan->spool_count && plan->spools != NULL; i++) {
        spool_close(plan->spools[i]);
    }
    plan->spool_count = 0;
}

/* --- one subject --------------------------------------------------------------------------------
 */

static void keep_rows(const Worker *worker, int arm, int lane, int subject, RunResult *result)
{
    const Study *study = worker->plan->study;
    size_t width = (size_t)worker->plan->width;
    const Outcome *outcome = &result->outcomes[arm];
    for (int t = 0; t < study->time_count; t++) {
        if (outcome->kind != OUTCOME_DONE &&
            !plan_row_is_there(worker->plan, worker->values, t, lane)) {
            break;
        }
        double *row = table_add_row(result->table);
        row[0] = arm;
        row[1] = cohort_id(worker->plan->population, subject);
        row[2] = study->times[t];
        for (int k = 0; k < study->output_count; k++) {
            size_t at = (size_t)k * (size_t)study->time_count + (size_t)t;
            row[3 + k] = worker->values[at * width + (size_t)lane];
        }
    }
}

PopulationStatus population_subject(Plan *plan, int subject, Arena *arena, RunResult *result,
                                    Text *words)
{
    assert(subject >= 0 && subject < plan->population->size);
    const Study *study = plan->study;
    int pack = subject / plan->width;
    int lane = subject % plan->width;
    bool *wanted = arena_array(plan->arena, (size_t)plan->pack_count, sizeof *wanted);
    wanted[pack] = true;
    PopulationOptions options = {.jobs = 1, .shard = 1, .shard_count = 1};
    if (plan->population->accept_count > 0) {
        PopulationStatus status = accept_run(plan, &options, wanted, words);
        if (status != POPULATION_DONE) {
            return status;
        }
    }
    Worker *worker = worker_open(plan);
    if (worker == NULL) {
        return POPULATION_SOLVER;
    }
    size_t arms = (size_t)study->arm_count;
    *result = (RunResult){
        .table = study_table(study, arena, 1), .isa = plan->tape->isa, .width = plan->width};
    result->outcomes = arena_array(arena, arms, sizeof *result->outcomes);
    result->schedules = arena_array(arena, arms, sizeof *result->schedules);
    for (int arm = 0; arm < study->arm_count; arm++) {
        SpoolRecord record;
        run_unit(worker, arm * plan->pack_count + pack, &record);
        result->outcomes[arm] = *pack_outcome(worker->pack, lane);
        result->outcomes[arm].reason = NULL;
        for (int i = 0; i < record.failure_count; i++) {
            if (record.failures[i].lane == lane) {
                result->outcomes[arm].reason =
                    arena_copy(arena, record.failures[i].reason, strlen(record.failures[i].reason));
                result->failed++;
            }
        }
        keep_rows(worker, arm, lane, subject, result);
    }
    worker_close(worker);
    return POPULATION_DONE;
}

bool population_count(const Plan *plan, Arena *arena, struct PopulationCounts *counts)
{
    int arms = plan->study->arm_count;
    *counts = (struct PopulationCounts){0};
    counts->arms = arena_array(arena, (size_t)arms, sizeof *counts->arms);
    Arena *scratch = arena_new();
    ArenaMark mark = arena_mark(scratch);
    bool good = true;
    for (int unit = 0; unit < plan->unit_count && good; unit++) {
        SpoolRecord record;
        int arm = unit / plan->pack_count;
        good = spool_record(plan_spool(plan, unit), unit, scratch, &record);
        if (!good) {
            break;
        }
        int first;
        (void)plan_subjects(plan, unit % plan->pack_count, &first);
        for (int i = 0; i < record.lane_count; i++) {
            plan->attempts[first + i] = record.attempts[i];
            counts->refused += arm == 0 ? record.attempts[i] : 0;
        }
        for (int i = 0; i < record.failure_count; i++) {
            counts->arms[arm].kinds[record.failures[i].kind]++;
        }
        counts->arms[arm].failed += record.failure_count;
        counts->arms[arm].done += record.lane_count - record.failure_count;
        counts->arms[arm].kinds[OUTCOME_DONE] += record.lane_count - record.failure_count;
        SolverStats none = {0};
        SolverStats negative = stats_since(&none, &record.stats);
        counts->stats = stats_since(&counts->stats, &negative);
        arena_rewind(scratch, mark);
    }
    int why = errno;
    arena_free(scratch);
    errno = why;
    return good;
}

void population_result(const Plan *plan, const struct PopulationCounts *counts, Arena *arena,
                       RunResult *result)
{
    const Study *study = plan->study;
    size_t arms = (size_t)study->arm_count;
    *result = (RunResult){.table = study_table(study, arena, 1),
                          .isa = plan->tape->isa,
                          .width = plan->width,
                          .stats = counts->stats,
                          .population = counts};
    result->outcomes = arena_array(arena, arms, sizeof *result->outcomes);
    result->schedules = arena_array(arena, arms, sizeof *result->schedules);
    for (int arm = 0; arm < study->arm_count; arm++) {
        result->failed += counts->arms[arm].failed;
        result->outcomes[arm] =
            (Outcome){.kind = OUTCOME_DONE, .time = study->end, .state = -1, .dose = -1};
    }
    Pack *pack = NULL;
    (void)study_schedules(study, plan->tape, study_lanes(study), arena, result->schedules, &pack);
    pack_close(pack);
}
