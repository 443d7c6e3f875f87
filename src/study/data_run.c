/* data_run.c: subjects of a data file as lanes.
 *
 * Subjects whose schedules have the same times share packs; those that are left over share what
 * room there is. Every subject has a row for each of its own observations, as it was seen at its
 * place among the records, and one for each time of the study's grid while it is there (not where
 * it has an observation already). Packs are dealt out to threads; which subjects share one, and so
 * every number, does not depend on how many there are. SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/data_run.h"
#include "study/workers.h"

#include <assert.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_OUTPUT = 3 };

/* Where the rows of one subject of one arm are. */
typedef struct {
    size_t first; // row of the table
    size_t count, room;
} Place;

/* What a subject's doses came to. */
typedef struct {
    LedgerLine *lines;
    int count, late;
} Account;

/* What all workers share. Each item of work is a pack: it writes to the places of its own subjects
 * only. */
typedef struct {
    const Study *study;
    const DataSet *data;
    const RunOptions *options;
    const Tape *tape;
    RunResult *result;
    Place *places;        // (arms × data->count)
    Account *accounts;    // (arms × data->count)
    double *ends;         // (data->count)
    const int *order;     // (data->count) subjects in the order in which they are packed
    int width, packs;     // of an arm
    pthread_mutex_t lock; // guards what follows, and the statistics of the result
    Arena *arena;
} Run;

/* A worker, and the pack that it runs now. */
typedef struct {
    Run *run;
    Pack *pack;
    Arena *arena;
    ArenaMark mark;
    const int *lanes; // subjects of the pack
    int lane_count, arm;
    int *last;   // (width) output time of each lane's latest row of the grid
    bool *twice; // (width) that row may have a second one
} Worker;

/* The last occasion of an individual goes on to the end of the grid. */
static double end_of(const Study *study, int index)
{
    const DataSet *data = study->data;
    const DataSubject *subject = &data->subjects[index];
    bool last = index + 1 == data->count || data->subjects[index + 1].occasion == 0;
    return study->time_count > 0 && last ? fmax(subject->end, study->end) : subject->end;
}

static size_t grid_count(const Study *study, double start, double end)
{
    size_t count = 0;
    for (int i = 0; i < study->time_count; i++) {
        bool inside = study->times[i] >= start && study->times[i] <= end;
        count += inside || schedule_same_instant(study->times[i], start) ||
                 schedule_same_instant(study->times[i], end);
    }
    return count;
}

/* The number of an id among the words of the table. */
static int *number_ids(const DataSet *data, Arena *arena, TableColumn *column)
{
    int *numbers = arena_array(arena, (size_t)data->count, sizeof *numbers);
    Names *names = names_new(arena);
    for (int i = 0; i < data->count; i++) {
        names_add(names, data->subjects[i].id, names_count(names));
        numbers[i] = names_find(names, data->subjects[i].id);
    }
    column->kind = TABLE_TEXT;
    column->word_count = names_count(names);
    column->words = arena_array(arena, (size_t)column->word_count, sizeof *column->words);
    for (int i = 0; i < column->word_count; i++) {
        column->words[i] = names_name(names, i);
    }
    return numbers;
}

/* True if the subject has a row of its own at this time, so that the grid needs none. */
static bool has_row(const Run *run, const Place *place, double time)
{
    const Table *table = run->result->table;
    size_t columns = (size_t)table->column_count;
    const double *rows = table->cells + place->first * columns;
    for (size_t i = place->count; i > 0; i--) {
        double before = rows[(i - 1) * columns + 2];
        if (schedule_same_instant(before, time)) {
            return true;
        }
        if (before < time) {
            return false;
        }
    }
    return false;
}

/* A row for the subject in a lane, at its place in time. */
static void add_row(Worker *worker, int lane, double time, const double *values, int width)
{
    const Run *run = worker->run;
    Table *table = run->result->table;
    size_t index = (size_t)worker->arm * (size_t)run->data->count + (size_t)worker->lanes[lane];
    Place *place = &run->places[index];
    size_t columns = (size_t)table->column_count;
    double *rows = table->cells + place->first * columns;
    size_t at = place->count;
    while (at > 0 && rows[(at - 1) * columns + 2] > time) {
        at--;
    }
    assert(place->count < place->room);
    memmove(rows + (at + 1) * columns, rows + at * columns,
            (place->count - at) * columns * sizeof *rows);
    place->count++;
    double *row = rows + at * columns;
    row[0] = worker->arm;
    row[2] = time;
    for (int k = 0; k < run->study->output_count; k++) {
        row[FIRST_OUTPUT + k] = values[(size_t)k * (size_t)width + (size_t)lane];
    }
}

static bool take_observation(void *context, int lane, int index, double time, const double *values,
                             int width)
{
    (void)index;
    add_row(context, lane, time, values, width);
    return true;
}

/* A time that comes again is that after a dose. */
static bool take_grid(void *context, int index, double time, const double *values, const bool *live,
                      int width)
{
    Worker *worker = context;
    const Run *run = worker->run;
    for (int lane = 0; lane < worker->lane_count; lane++) {
        if (!live[lane]) {
            continue;
        }
        size_t at = (size_t)worker->arm * (size_t)run->data->count + (size_t)worker->lanes[lane];
        bool again = worker->last[lane] == index;
        bool wanted = again ? worker->twice[lane] : !has_row(run, &run->places[at], time);
        worker->last[lane] = index;
        worker->twice[lane] = wanted && !again;
        if (wanted) {
            add_row(worker, lane, time, values, width);
        }
    }
    return true;
}

/* Covariates of a subject: the file's, else the arm's. */
static const double *covariates_of(const Study *study, int arm, int index, Arena *arena)
{
    size_t count = (size_t)study->model->covariate_count;
    const double *own = study->data->subjects[index].covariates;
    const double *others = study->arms[arm].covariates;
    double *values = arena_array(arena, count + 1, sizeof *values);
    for (size_t i = 0; i < count; i++) {
        values[i] = isnan(own[i]) ? others[i] : own[i];
    }
    return values;
}

SubjectInput data_input(const Study *study, int arm, int index, Arena *arena)
{
    assert(study->data != NULL && index >= 0 && index < study->data->count);
    const DataSubject *subject = &study->data->subjects[index];
    return (SubjectInput){.parameters = study->arms[arm].parameters,
                          .covariates = covariates_of(study, arm, index, arena),
                          .regimen = &subject->regimen,
                          .steady_start = study->steady_start,
                          .courses = subject->courses,
                          .course_count = subject->course_count,
                          .observations = subject->observations,
                          .observation_count = subject->row_count,
                          .own_span = true,
                          .start = subject->start,
                          .end = end_of(study, index)};
}

/* The fate of a lane, and its ledger, as copies that outlive the pack. */
static void keep_lane(Worker *worker, int lane)
{
    Run *run = worker->run;
    size_t index = (size_t)worker->arm * (size_t)run->data->count + (size_t)worker->lanes[lane];
    Outcome *kept = &run->result->subjects[index];
    Account *account = &run->accounts[index];
    *kept = *pack_outcome(worker->pack, lane);
    const LedgerLine *lines;
    account->count = pack_ledger(worker->pack, lane, &lines);
    account->late = pack_schedule(worker->pack, lane)->late;
    pthread_mutex_lock(&run->lock);
    if (kept->reason != NULL) {
        kept->reason = arena_copy(run->arena, kept->reason, strlen(kept->reason));
    }
    account->lines = arena_array(run->arena, (size_t)account->count, sizeof *account->lines);
    pthread_mutex_unlock(&run->lock);
    for (int i = 0; i < account->count; i++) {
        account->lines[i] = lines[i];
    }
}

/* Runs some subjects as a pack. */
static bool run_one_pack(Worker *worker, const int *subjects, int count)
{
    const Run *run = worker->run;
    const Study *study = run->study;
    arena_rewind(worker->arena, worker->mark);
    SubjectInput *inputs = arena_array(worker->arena, (size_t)count, sizeof *inputs);
    double start = HUGE_VAL;
    double end = -HUGE_VAL;
    worker->lanes = subjects;
    worker->lane_count = count;
    for (int i = 0; i < count; i++) {
        inputs[i] = data_input(study, worker->arm, subjects[i], worker->arena);
        start = fmin(start, inputs[i].start);
        end = fmax(end, inputs[i].end);
        worker->last[i] = -1;
    }
    int first = 0;
    int last = study->time_count;
    while (first < last && study->times[first] < start) {
        first++;
    }
    while (last > first && study->times[last - 1] > end) {
        last--;
    }
    pack_load(worker->pack, inputs, count, start, end);
    bool whole = pack_run(worker->pack, study->times + first, last - first, take_grid, worker,
                          run->options->stop);
    for (int i = 0; i < count; i++) {
        keep_lane(worker, i);
    }
    return whole;
}

static void *worker_open(void *shared)
{
    Run *run = shared;
    Arena *arena = arena_new();
    Worker *worker = arena_alloc(arena, sizeof *worker);
    *worker = (Worker){.run = run, .arena = arena};
    worker->last = arena_array(arena, (size_t)run->width, sizeof *worker->last);
    worker->twice = arena_array(arena, (size_t)run->width, sizeof *worker->twice);
    worker->mark = arena_mark(arena);
    const SolverOptions options = solver_options_of_many(&run->study->solver);
    worker->pack = pack_open(run->tape, &options, run->width);
    if (worker->pack == NULL) {
        arena_free(arena);
        return NULL;
    }
    pack_make_native(worker->pack);
    pack_observe(worker->pack, take_observation, worker);
    pack_at_dose(worker->pack, run->options->at_dose);
    pack_at_once(worker->pack);
    return worker;
}

static bool worker_work(void *shared, void *context, long item)
{
    Run *run = shared;
    Worker *worker = context;
    int first = (int)(item % run->packs) * run->width;
    int rest = run->data->count - first;
    worker->arm = (int)(item / run->packs);
    if (!run_one_pack(worker, run->order + first, rest < run->width ? rest : run->width)) {
        pthread_mutex_lock(&run->lock);
        run->result->stopped = true;
        pthread_mutex_unlock(&run->lock);
    }
    return true;
}

static void worker_close(void *context)
{
    Worker *worker = context;
    Run *run = worker->run;
    pthread_mutex_lock(&run->lock);
    study_add_stats(&run->result->stats, pack_stats(worker->pack));
    pthread_mutex_unlock(&run->lock);
    pack_close(worker->pack);
    arena_free(worker->arena);
}

static void tell(void *shared, long done)
{
    const Run *run = shared;
    const RunOptions *options = run->options;
    if (options->progress != NULL) {
        double all = (double)run->packs * run->study->arm_count;
        options->progress(options->context, (double)done / all);
    }
}

/* Outcome and ledger of each arm, from its subjects in the order of the file. */
static void sum_up(Run *run)
{
    size_t count = (size_t)run->data->count;
    for (int arm = 0; arm < run->study->arm_count; arm++) {
        Outcome *whole = &run->result->outcomes[arm];
        *whole = (Outcome){.kind = OUTCOME_DONE, .state = -1, .dose = -1};
        whole->time = run->data->end;
        for (size_t i = (size_t)arm * count; i < ((size_t)arm + 1) * count; i++) {
            const Outcome *one = &run->result->subjects[i];
            const Account *account = &run->accounts[i];
            if (one->kind != OUTCOME_DONE) {
                *whole = whole->kind == OUTCOME_DONE ? *one : *whole; // the first speaks for all
                continue;
            }
            run->result->ledgers[arm].late += account->late;
            for (int k = 0; k < account->count; k++) {
                study_add_ledger(run->arena, &run->result->ledgers[arm], &account->lines[k]);
            }
        }
    }
}

static double count_doses(const DataSubject *subject)
{
    double count = 0.0;
    for (int i = 0; i < subject->regimen.count; i++) {
        count += subject->regimen.doses[i].count;
    }
    return count;
}

/* Subjects by how often and when they are given something, then by their place in the file: lanes
 * of a pack have as many stops as the busiest. */
static int compare_times(const DataSubject *a, const DataSubject *b)
{
    const double spans[] = {count_doses(a) - count_doses(b), a->start - b->start, a->end - b->end,
                            (double)a->regimen.count - b->regimen.count};
    for (int i = 0; i < 4; i++) {
        if (spans[i] != 0.0) {
            return spans[i] < 0.0 ? -1 : 1;
        }
    }
    for (int i = 0; i < a->regimen.count; i++) {
        const Dose *left = &a->regimen.doses[i];
        const Dose *right = &b->regimen.doses[i];
        const double parts[] = {left->time - right->time, left->interval - right->interval,
                                (double)left->count - right->count,
                                left->duration - right->duration};
        for (int k = 0; k < 4; k++) {
            if (parts[k] != 0.0) {
                return parts[k] < 0.0 ? -1 : 1;
            }
        }
    }
    return 0;
}

typedef struct {
    const DataSubject *subject;
    int index;
} Candidate;

static int by_times(const void *left, const void *right)
{
    const Candidate *a = left;
    const Candidate *b = right;
    int order = compare_times(a->subject, b->subject);
    return order != 0 ? order : (a->index > b->index) - (a->index < b->index);
}

/* The subjects in an order in which those that share their times are neighbours. */
static int *order_of(const DataSet *data, Arena *arena)
{
    size_t count = (size_t)data->count;
    Candidate *candidates = arena_array(arena, count, sizeof *candidates);
    int *order = arena_array(arena, count, sizeof *order);
    for (size_t i = 0; i < count; i++) {
        candidates[i] = (Candidate){&data->subjects[i], (int)i};
    }
    qsort(candidates, count, sizeof *candidates, by_times);
    for (size_t i = 0; i < count; i++) {
        order[i] = candidates[i].index;
    }
    return order;
}

/* The ledger of each subject as a table. */
static Table *tell_ledger(const Run *run, const int *ids)
{
    const Model *model = run->study->model;
    const TableColumn *columns = run->result->table->columns;
    size_t routes = (size_t)model->route_count;
    size_t states = (size_t)model->state_count;
    const char **route = arena_array(run->arena, routes + 1, sizeof *route);
    const char **into = arena_array(run->arena, states, sizeof *into);
    route[0] = "";
    for (size_t i = 0; i < routes; i++) {
        route[i + 1] = model->routes[i].label.name;
    }
    for (size_t i = 0; i < states; i++) {
        into[i] = model->states[i].label.name;
    }
    const TableColumn ledger[] = {
        columns[0],
        columns[1],
        {.name = "occasion", .text = "counted from 1"},
        {.name = "route", .kind = TABLE_TEXT, .words = route, .word_count = model->route_count + 1},
        {.name = "into", .kind = TABLE_TEXT, .words = into, .word_count = model->state_count},
        {.name = "scheduled", .text = "what should have entered until the end"},
        {.name = "delivered", .text = "what did"}};
    Table *table = table_new(run->arena, ledger, sizeof ledger / sizeof ledger[0], 0);
    for (int i = 0; i < run->study->arm_count * run->data->count; i++) {
        int index = i % run->data->count;
        const DataSubject *subject = &run->data->subjects[index];
        for (int k = 0; k < run->accounts[i].count; k++) {
            const LedgerLine *line = &run->accounts[i].lines[k];
            double *row = table_add_row(table);
            row[0] = i / run->data->count;
            row[1] = ids == NULL ? subject->number : ids[index];
            row[2] = subject->occasion + 1;
            row[3] = line->route + 1;
            row[4] = line->state;
            row[5] = line->scheduled;
            row[6] = line->delivered;
        }
    }
    return table;
}

/* Rows of every subject of every arm, one place after the other; their number. */
static size_t make_places(Run *run)
{
    size_t next = 0;
    size_t times = run->options->at_dose == AT_DOSE_BOTH ? 2 : 1;
    for (int i = 0; i < run->study->arm_count * run->data->count; i++) {
        int index = i % run->data->count;
        const DataSubject *subject = &run->data->subjects[index];
        size_t grid = grid_count(run->study, subject->start, run->ends[index]);
        run->places[i] = (Place){next, 0, (size_t)subject->row_count + times * grid};
        next += run->places[i].room;
    }
    return next;
}

/* Rows that were not filled leave no gap; ids are written. */
static void close_gaps(const Run *run, const int *ids)
{
    Table *table = run->result->table;
    size_t columns = (size_t)table->column_count;
    for (int i = 0; i < run->study->arm_count * run->data->count; i++) {
        int index = i % run->data->count;
        const Place *place = &run->places[i];
        double *to = table->cells + table->row_count * columns;
        const double *from = table->cells + place->first * columns;
        if (place->count > 0 && to != from) {
            memmove(to, from, place->count * columns * sizeof *to);
        }
        for (size_t k = 0; k < place->count; k++) {
            to[k * columns + 1] = ids == NULL ? run->data->subjects[index].number : ids[index];
        }
        table->row_count += place->count;
    }
}

static Run make_run(const Study *study, const RunOptions *options, const Tape *tape, Arena *arena,
                    RunResult *result)
{
    const DataSet *data = study->data;
    size_t count = (size_t)data->count;
    size_t all = count * (size_t)study->arm_count;
    int most = options->width > 0 ? options->width : study_crowd(study, data->count);
    Run run = {.study = study,
               .data = data,
               .options = options,
               .tape = tape,
               .arena = arena,
               .result = result,
               .order = order_of(data, arena),
               .width = tape_width(data->count < most ? data->count : most)};
    run.packs = (data->count + run.width - 1) / run.width;
    run.places = arena_array(arena, all, sizeof *run.places);
    run.accounts = arena_array(arena, all, sizeof *run.accounts);
    run.ends = arena_array(arena, count, sizeof *run.ends);
    for (size_t i = 0; i < count; i++) {
        run.ends[i] = end_of(study, (int)i);
    }
    result->subjects = arena_array(arena, all, sizeof *result->subjects);
    result->width = run.width;
    return run;
}

bool data_run(const Study *study, const RunOptions *options, const Tape *tape, Arena *arena,
              RunResult *result)
{
    assert(study->data != NULL && study->data->count > 0);
    Run run = make_run(study, options, tape, arena, result);
    size_t rows = make_places(&run);
    Table *shape = study_table(study, arena, 1);
    int *ids = study->data->numbered ? NULL : number_ids(study->data, arena, &shape->columns[1]);
    result->table = table_new(arena, shape->columns, shape->column_count, rows);
    WorkPlan plan = {.jobs = options->jobs,
                     .count = (long)run.packs * study->arm_count,
                     .shared = &run,
                     .open = worker_open,
                     .work = worker_work,
                     .close = worker_close,
                     .stop = options->stop,
                     .tick = tell};
    pthread_mutex_init(&run.lock, NULL);
    int error = 0;
    WorkStatus status = workers_run(&plan, &error);
    pthread_mutex_destroy(&run.lock);
    result->stopped = result->stopped || status == WORK_STOPPED;
    sum_up(&run);
    close_gaps(&run, ids);
    result->ledger = tell_ledger(&run, ids);
    return status != WORK_FAILED;
}
