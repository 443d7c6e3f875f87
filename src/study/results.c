/* results.c: tables of single subjects, arm by arm, in the order of their numbers: who failed, what
 * was drawn, every trajectory. Threads make the text of a unit each, and put it in the file when it
 * is its turn; one unit of each is in memory at a time.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/population.h"
#include "study/workers.h"

#include "table/csv.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>

typedef struct Writing Writing;
typedef bool WriteUnit(Writing *writing, int unit);

/* A file that is being written unit by unit. */
typedef struct {
    const Plan *plan;
    int columns; // outputs that are written
    bool curves; // of whole subjects
    WriteUnit *write_unit;
    OutFile *file;
    pthread_mutex_t lock;
    pthread_cond_t turned;
    long turn; // the unit that is to be put into the file next
    bool failed;
    int error;
} UnitFile;

/* What a thread has for itself. */
struct Writing {
    const Plan *plan;
    int columns;
    Arena *arena, *scratch;
    ArenaMark mark;
    OutFile *file;  // the text of a unit
    double *values; // (rows × width), if there are curves
};

static void *writing_open(void *shared)
{
    const UnitFile *output = shared;
    const Plan *plan = output->plan;
    Arena *arena = arena_new();
    Writing *writing = arena_alloc(arena, sizeof *writing);
    *writing = (Writing){.plan = plan,
                         .columns = output->columns,
                         .arena = arena,
                         .scratch = arena_new(),
                         .file = file_piece(arena)};
    writing->mark = arena_mark(writing->scratch);
    size_t cells = output->curves ? (size_t)plan->rows * (size_t)plan->width : 1;
    writing->values = arena_array(arena, cells, sizeof *writing->values);
    return writing;
}

static void writing_close(void *worker)
{
    Writing *writing = worker;
    arena_free(writing->scratch);
    arena_free(writing->arena);
}

/* Units are dealt out in order, so that whose turn it is has one that is being worked at. */
static bool put_in_turn(UnitFile *output, long unit, bool good, int error, OutFile *text)
{
    pthread_mutex_lock(&output->lock);
    while (good && !output->failed && output->turn != unit) {
        pthread_cond_wait(&output->turned, &output->lock);
    }
    if (!good && !output->failed) {
        output->failed = true;
        output->error = error;
    }
    if (!output->failed) {
        file_append(output->file, text);
        output->turn++;
    }
    bool put = !output->failed;
    errno = output->error;
    pthread_cond_broadcast(&output->turned);
    pthread_mutex_unlock(&output->lock);
    return put;
}

static bool writing_work(void *shared, void *worker, long unit)
{
    UnitFile *output = shared;
    Writing *writing = worker;
    bool good = output->write_unit(writing, (int)unit);
    int error = errno;
    arena_rewind(writing->scratch, writing->mark);
    return put_in_turn(output, unit, good, error, writing->file);
}

static bool write_units(UnitFile *output, int jobs, int units)
{
    pthread_mutex_init(&output->lock, NULL);
    pthread_cond_init(&output->turned, NULL);
    WorkPlan work = {.jobs = jobs,
                     .count = units,
                     .shared = output,
                     .open = writing_open,
                     .work = writing_work,
                     .close = writing_close};
    int error = 0;
    bool good = workers_run(&work, &error) == WORK_DONE;
    pthread_cond_destroy(&output->turned);
    pthread_mutex_destroy(&output->lock);
    errno = error;
    return good;
}

static bool write_file(UnitFile *output, int jobs, const char *path, const char *head, int units)
{
    Arena *arena = arena_new();
    output->file = file_create(arena, path);
    bool good = output->file != NULL;
    if (good) {
        file_write(output->file, head, strlen(head));
        good = csv_finish(output->file, write_units(output, jobs, units));
    }
    int why = errno;
    arena_free(arena);
    errno = why;
    return good;
}

static double id_of(const Plan *plan, int unit, int lane)
{
    int subject = unit % plan->pack_count * plan->width + lane;
    return cohort_id(plan->population, subject);
}

static bool outcomes_of_unit(Writing *writing, int unit)
{
    const Plan *plan = writing->plan;
    const Model *model = plan->study->model;
    SpoolRecord record;
    if (!spool_record(plan_spool(plan, unit), unit, writing->scratch, &record)) {
        return false;
    }
    for (int i = 0; i < record.failure_count; i++) {
        const SpoolFailure *failure = &record.failures[i];
        OutFile *file = writing->file;
        csv_put_text(file, plan->study->arms[unit / plan->pack_count].name);
        csv_put_next(file);
        csv_put_number(file, id_of(plan, unit, failure->lane));
        csv_put_next(file);
        csv_put_text(file, outcome_word((OutcomeKind)failure->kind));
        csv_put_next(file);
        csv_put_number(file, failure->time);
        csv_put_next(file);
        csv_put_text(file, failure->reason);
        csv_put_next(file);
        csv_put_text(file, failure->state < 0 ? "" : model->states[failure->state].label.name);
        csv_put_next(file);
        csv_put_text(file, failure->line);
        csv_put_end(file);
    }
    return true;
}

bool population_write_outcomes(const Plan *plan, int jobs, const char *path)
{
    UnitFile output = {.plan = plan, .write_unit = outcomes_of_unit};
    return write_file(&output, jobs, path, "arm,id,outcome,time,reason,state,line\n",
                      plan->unit_count);
}

/* Is the draw the same in every arm? It is, but where an arm moves a location. */
static bool moves_with_arm(const Plan *plan, const Vary *vary)
{
    const Study *study = plan->study;
    bool moves = false;
    for (int arm = 1; arm < study->arm_count; arm++) {
        const Arm *one = &study->arms[arm];
        bool parameter = vary->ref.kind != NAME_COVARIATE;
        double own =
            parameter ? one->parameters[vary->ref.index] : one->covariates[vary->ref.index];
        double first = parameter ? study->arms[0].parameters[vary->ref.index]
                                 : study->arms[0].covariates[vary->ref.index];
        moves = moves || ((vary->own_location || vary->relative) && own != first);
    }
    return moves && plan->population->table == NULL;
}

static bool subjects_by_arm(const Plan *plan)
{
    bool by_arm = false;
    for (int i = 0; i < plan->population->vary_count; i++) {
        by_arm = by_arm || moves_with_arm(plan, &plan->population->vary[i]);
    }
    return by_arm;
}

static void put_subject(Writing *writing, int arm, int subject, bool by_arm, double *parameters,
                        double *covariates)
{
    const Plan *plan = writing->plan;
    const Population *population = plan->population;
    OutFile *file = writing->file;
    plan_draw(plan, arm, subject, plan->attempts[subject], parameters, covariates);
    if (by_arm) {
        csv_put_text(file, plan->study->arms[arm].name);
        csv_put_next(file);
    }
    csv_put_number(file, cohort_id(population, subject));
    for (int level = 1; level <= population->level_count; level++) {
        csv_put_next(file);
        csv_put_number(file, cohort_member(population, subject, level) + 1);
    }
    for (int i = 0; i < population->vary_count; i++) {
        NameRef ref = population->vary[i].ref;
        csv_put_next(file);
        csv_put_number(file,
                       ref.kind == NAME_COVARIATE ? covariates[ref.index] : parameters[ref.index]);
    }
    if (population->accept_count > 0) {
        csv_put_next(file);
        csv_put_number(file, plan->attempts[subject] + 1);
    }
    if (population->table != NULL && population->weight_column >= 0) {
        csv_put_next(file);
        csv_put_number(file, cohort_weight(population, subject));
    }
    csv_put_end(file);
}

static bool subjects_of_unit(Writing *writing, int unit)
{
    const Plan *plan = writing->plan;
    const Model *model = plan->study->model;
    int first;
    int count = plan_subjects(plan, unit % plan->pack_count, &first);
    bool by_arm = subjects_by_arm(plan);
    double *parameters = arena_array(writing->scratch, (size_t)model->parameter_count + 1, 8);
    double *covariates = arena_array(writing->scratch, (size_t)model->covariate_count + 1, 8);
    for (int lane = 0; lane < count; lane++) {
        put_subject(writing, unit / plan->pack_count, first + lane, by_arm, parameters, covariates);
    }
    return true;
}

static void add_name(Text *text, const char *name)
{
    text_string(text, text->length > 0 ? "," : "");
    text_string(text, name);
}

bool population_write_subjects(const Plan *plan, int jobs, const char *path)
{
    const Population *population = plan->population;
    bool by_arm = subjects_by_arm(plan);
    Arena *arena = arena_new();
    Text head = text_new(arena);
    text_string(&head, by_arm ? "arm,id" : "id");
    for (int i = 0; i < population->level_count; i++) {
        add_name(&head, population->levels[i].name);
    }
    for (int i = 0; i < population->vary_count; i++) {
        add_name(&head, model_label(plan->study->model, population->vary[i].ref)->name);
    }
    if (population->accept_count > 0) {
        add_name(&head, "draws");
    }
    if (population->table != NULL && population->weight_column >= 0) {
        add_name(&head, "weight");
    }
    text_string(&head, "\n");
    UnitFile output = {.plan = plan, .write_unit = subjects_of_unit};
    bool good =
        write_file(&output, jobs, path, head.data, by_arm ? plan->unit_count : plan->pack_count);
    int why = errno;
    arena_free(arena);
    errno = why;
    return good;
}

/* Rows of a subject end where its integration failed. */
static bool individuals_of_unit(Writing *writing, int unit)
{
    const Plan *plan = writing->plan;
    const Study *study = plan->study;
    const Spool *spool = plan_spool(plan, unit);
    SpoolRecord record;
    if (!spool_read(spool, unit, 0, plan->rows, writing->values) ||
        !spool_record(spool, unit, writing->scratch, &record)) {
        return false;
    }
    bool *failed = arena_array(writing->scratch, (size_t)plan->width, sizeof *failed);
    for (int i = 0; i < record.failure_count; i++) {
        failed[record.failures[i].lane] = true;
    }
    OutFile *file = writing->file;
    for (int lane = 0; lane < record.lane_count; lane++) {
        for (int time = 0; time < study->time_count; time++) {
            if (failed[lane] && !plan_row_is_there(plan, writing->values, time, lane)) {
                break;
            }
            csv_put_text(file, study->arms[unit / plan->pack_count].name);
            csv_put_next(file);
            csv_put_number(file, id_of(plan, unit, lane));
            csv_put_next(file);
            csv_put_number(file, study->times[time]);
            for (int k = 0; k < writing->columns; k++) {
                size_t row = (size_t)k * (size_t)study->time_count + (size_t)time;
                csv_put_next(file);
                csv_put_number(file, writing->values[row * (size_t)plan->width + (size_t)lane]);
            }
            csv_put_end(file);
        }
    }
    return true;
}

bool population_write_individuals(const Plan *plan, int jobs, int columns, const char *path)
{
    assert(columns >= 0 && columns <= plan->study->output_count);
    Arena *arena = arena_new();
    Text head = text_new(arena);
    text_string(&head, "arm,id,time");
    for (int k = 0; k < columns; k++) {
        add_name(&head, plan->study->outputs[k].label->name);
    }
    text_string(&head, "\n");
    UnitFile output = {
        .plan = plan, .columns = columns, .curves = true, .write_unit = individuals_of_unit};
    bool good = write_file(&output, jobs, path, head.data, plan->unit_count);
    int why = errno;
    arena_free(arena);
    errno = why;
    return good;
}
