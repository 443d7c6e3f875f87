/* data_run.c: subjects of a data file as lanes.
 *
 * Subjects whose schedules have the same times share packs; those that are left over share what
 * room there is. Every subject has a row for each of its own observations, as it was seen at its
 * place among the records, and one for each time of the study's grid while it is there (not where
 * it has an observation already). SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/data_run.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_OUTPUT = 3 };

/* Where the rows of one subject of one arm are. */
typedef struct {
    size_t first; // row of the table
    size_t count, room;
} Place;

typedef struct {
    const Study *study;
    const DataSet *data;
    const RunOptions *options;
    Arena *arena;
    RunResult *result;
    Place *places;    // (data->count) of the arm that runs
    double *ends;     // (data->count)
    const int *lanes; // subjects of the pack that runs
    int lane_count;
    int arm;
    long done;
} Run;

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

/* A row with a time for a subject, at its place in time; NULL: there is one of its own already. */
static double *new_row(Run *run, int subject, double time, bool of_grid)
{
    Table *table = run->result->table;
    Place *place = &run->places[subject];
    size_t columns = (size_t)table->column_count;
    double *rows = table->cells + place->first * columns;
    size_t at = place->count;
    while (at > 0 && rows[(at - 1) * columns + 2] > time) {
        at--;
    }
    for (size_t i = at; of_grid && i > 0; i--) {
        double before = rows[(i - 1) * columns + 2];
        if (schedule_same_instant(before, time)) {
            return NULL;
        }
        if (before < time) {
            break;
        }
    }
    assert(place->count < place->room);
    memmove(rows + (at + 1) * columns, rows + at * columns,
            (place->count - at) * columns * sizeof *rows);
    place->count++;
    double *row = rows + at * columns;
    row[0] = run->arm;
    row[2] = time;
    return row;
}

static void fill_row(const Run *run, double *row, int lane, const double *values, int width)
{
    for (int k = 0; k < run->study->output_count; k++) {
        row[FIRST_OUTPUT + k] = values[(size_t)k * (size_t)width + (size_t)lane];
    }
}

static bool take_observation(void *context, int lane, int index, double time, const double *values,
                             int width)
{
    Run *run = context;
    (void)index;
    fill_row(run, new_row(run, run->lanes[lane], time, false), lane, values, width);
    return true;
}

static bool take_grid(void *context, int index, double time, const double *values, const bool *live,
                      int width)
{
    Run *run = context;
    (void)index;
    for (int lane = 0; lane < run->lane_count; lane++) {
        double *row = live[lane] ? new_row(run, run->lanes[lane], time, true) : NULL;
        if (row != NULL) {
            fill_row(run, row, lane, values, width);
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

/* Adds the ledger of a lane to that of the arm. */
static void add_ledger(Run *run, const Pack *pack, int lane)
{
    ArmLedger *sum = &run->result->ledgers[run->arm];
    const LedgerLine *lines;
    int count = pack_ledger(pack, lane, &lines);
    for (int i = 0; i < count; i++) {
        study_add_ledger(run->arena, sum, &lines[i]);
    }
}

static void keep_outcome(Run *run, const Pack *pack, int lane)
{
    int subject = run->lanes[lane];
    RunResult *result = run->result;
    Outcome *kept =
        &result->subjects[(size_t)run->arm * (size_t)run->data->count + (size_t)subject];
    *kept = *pack_outcome(pack, lane);
    if (kept->reason != NULL) { // its text would go with the pack
        kept->reason = arena_copy(run->arena, kept->reason, strlen(kept->reason));
    }
    Outcome *arm = &result->outcomes[run->arm];
    if (kept->kind != OUTCOME_DONE && arm->kind == OUTCOME_DONE) {
        *arm = *kept; // the first of the subjects that failed speaks for the arm
    }
    if (kept->kind == OUTCOME_DONE) {
        add_ledger(run, pack, lane);
    }
}

static bool run_one_pack(Run *run, Pack *pack, const int *subjects, int count)
{
    SubjectInput *inputs = arena_array(run->arena, (size_t)count, sizeof *inputs);
    double start = HUGE_VAL;
    double end = -HUGE_VAL;
    run->lanes = subjects;
    run->lane_count = count;
    for (int i = 0; i < count; i++) {
        inputs[i] = data_input(run->study, run->arm, subjects[i], run->arena);
        start = fmin(start, inputs[i].start);
        end = fmax(end, inputs[i].end);
    }
    const Study *study = run->study;
    int first = 0;
    int last = study->time_count;
    while (first < last && study->times[first] < start) {
        first++;
    }
    while (last > first && study->times[last - 1] > end) {
        last--;
    }
    pack_load(pack, inputs, count, start, end);
    bool whole =
        pack_run(pack, study->times + first, last - first, take_grid, run, run->options->stop);
    for (int i = 0; i < count; i++) {
        keep_outcome(run, pack, i);
    }
    run->done += count;
    if (run->options->progress != NULL) {
        double all = (double)run->data->count * study->arm_count;
        run->options->progress(run->options->context, (double)run->done / all);
    }
    return whole;
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

/* Rows of every subject of an arm, one place after the other. */
static void make_places(Run *run, size_t *next)
{
    for (int i = 0; i < run->data->count; i++) {
        const DataSubject *subject = &run->data->subjects[i];
        size_t room =
            (size_t)subject->row_count + grid_count(run->study, subject->start, run->ends[i]);
        run->places[i] = (Place){*next, 0, room};
        *next += room;
    }
}

/* Rows that were not filled leave no gap; ids are written. */
static void close_gaps(const Run *run, const int *ids)
{
    Table *table = run->result->table;
    size_t columns = (size_t)table->column_count;
    for (int i = 0; i < run->data->count; i++) {
        const Place *place = &run->places[i];
        double *to = table->cells + table->row_count * columns;
        const double *from = table->cells + place->first * columns;
        if (place->count > 0 && to != from) {
            memmove(to, from, place->count * columns * sizeof *to);
        }
        for (size_t k = 0; k < place->count; k++) {
            to[k * columns + 1] = ids == NULL ? run->data->subjects[i].number : ids[i];
        }
        table->row_count += place->count;
    }
}

static Table *make_table(const Study *study, Arena *arena, const double *ends, int **ids)
{
    Table *shape = study_table(study, arena);
    size_t rows = 0;
    for (int i = 0; i < study->data->count; i++) {
        const DataSubject *subject = &study->data->subjects[i];
        rows += (size_t)subject->row_count + grid_count(study, subject->start, ends[i]);
    }
    *ids = study->data->numbered ? NULL : number_ids(study->data, arena, &shape->columns[1]);
    return table_new(arena, shape->columns, shape->column_count, rows * (size_t)study->arm_count);
}

/* All subjects of the arm; false if it was interrupted. */
static bool run_arm(Run *run, Pack *pack, const int *order, int width)
{
    int count = run->data->count;
    for (int first = 0; first < count; first += width) {
        int rest = count - first < width ? count - first : width;
        if (!run_one_pack(run, pack, order + first, rest)) {
            return false;
        }
    }
    return true;
}

bool data_run(const Study *study, const RunOptions *options, const Tape *tape, Arena *arena,
              RunResult *result)
{
    const DataSet *data = study->data;
    assert(data != NULL && data->count > 0);
    size_t count = (size_t)data->count;
    Run run = {.study = study, .data = data, .options = options, .arena = arena, .result = result};
    run.places = arena_array(arena, count, sizeof *run.places);
    run.ends = arena_array(arena, count, sizeof *run.ends);
    for (size_t i = 0; i < count; i++) {
        run.ends[i] = end_of(study, (int)i);
    }
    int *ids = NULL;
    result->table = make_table(study, arena, run.ends, &ids);
    result->subjects = arena_array(arena, count * (size_t)study->arm_count, sizeof(Outcome));
    int most = options->width > 0 ? options->width : study_lanes(study);
    int width = tape_width(data->count < most ? data->count : most);
    Pack *pack = pack_open(tape, &study->solver, width);
    if (pack == NULL) {
        return false;
    }
    pack_observe(pack, take_observation, &run);
    int *order = order_of(data, arena);
    size_t next = 0;
    for (run.arm = 0; run.arm < study->arm_count && !result->stopped; run.arm++) {
        result->outcomes[run.arm] = (Outcome){.kind = OUTCOME_DONE, .state = -1, .dose = -1};
        result->outcomes[run.arm].time = data->end;
        make_places(&run, &next);
        result->stopped = !run_arm(&run, pack, order, width);
        close_gaps(&run, ids);
    }
    result->stats = *pack_stats(pack);
    result->width = width;
    pack_close(pack);
    return true;
}
