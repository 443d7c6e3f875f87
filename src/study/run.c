/* run.c: integrates the arms of a study and gathers their rows.
 *
 * Arms whose doses fall on the same times run as lanes of one pack: the solver has to stop at the
 * union of all lanes' stops, so lanes that agree cost nothing, and lanes that do not would restart
 * each other. An arm without doses goes with any. Rows are written where they belong from the start
 * (arm by arm); where an arm failed, the gap is closed at the end.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/data_run.h"

#include "base/clock.h"

#include <assert.h>
#include <math.h>
#include <string.h>

// A pack of a population holds at most so many times as many subjects as step side by side (more
// gain little and take memory for their outputs), and there are to be so many packs for threads to
// share.
enum { FIRST_OUTPUT = 3, MOST_TURNS = 4, FEWEST_PACKS = 16 };
static const size_t MOST_OUTPUTS = (size_t)16 << 20; // bytes of a pack that holds more

typedef struct {
    const Study *study;
    const RunOptions *options;
    Arena *arena;
    RunResult *result;
    const Tape *tape;
    size_t *rows; // (arm_count) rows filled so far
    size_t room;  // rows that an arm may have
    int forced;   // width that somebody asked for, or 0
    int lanes;    // most arms in a pack
    int *group;   // (arm_count) which pack an arm goes to
    int group_count;
    int group_done;
    int *members; // (arm_count) arms of the pack that runs now
    int member_count;
} Run;

const char *study_unit(Unit unit)
{
    return unit.known && unit.text != NULL ? unit.text : "";
}

int study_lanes(const Study *study)
{
    return pack_lanes(study->model);
}

int study_crowd(const Study *study, int subjects)
{
    const SolverOptions options = solver_options_of_many(&study->solver);
    const size_t outputs = (size_t)study->output_count * (size_t)study->time_count * sizeof(double);
    int lanes = pack_lanes(study->model);
    int crowd = lanes;
    while (pack_steps_alone(study->model, &options) && crowd < MOST_TURNS * lanes &&
           2 * crowd * FEWEST_PACKS <= subjects && 2 * (size_t)crowd * outputs <= MOST_OUTPUTS) {
        crowd *= 2;
    }
    return crowd;
}

const Tape *study_tape(const Study *study, Arena *arena)
{
    Expr *observed = arena_array(arena, (size_t)study->output_count, sizeof *observed);
    for (int i = 0; i < study->output_count; i++) {
        observed[i] = study->outputs[i].expr;
    }
    TapeOptions options = {.observed = observed,
                           .observed_count = study->output_count,
                           .tables = study->tables,
                           .isa = ISA_BEST};
    return tape_compile(arena, study->model, &options);
}

SubjectInput study_subject(const Study *study, int arm)
{
    assert(arm >= 0 && arm < study->arm_count);
    const Arm *from = &study->arms[arm];
    return (SubjectInput){.parameters = from->parameters,
                          .covariates = from->covariates,
                          .regimen = &from->regimen,
                          .steady_start = study->steady_start};
}

static void load_arms(Pack *pack, const Study *study, const int *arms, int count)
{
    Arena *scratch = arena_new();
    SubjectInput *subjects = arena_array(scratch, (size_t)count, sizeof *subjects);
    for (int i = 0; i < count; i++) {
        subjects[i] = study_subject(study, arms[i]);
    }
    pack_load(pack, subjects, count, study->start, study->end);
    arena_free(scratch);
}

/* A schedule outlives its pack only as a copy. */
static Schedule copy_schedule(Arena *arena, const Schedule *from)
{
    Schedule copy = *from;
    size_t count = (size_t)from->count;
    copy.events = count == 0 ? NULL : arena_array(arena, count, sizeof *copy.events);
    if (count > 0) {
        memcpy(copy.events, from->events, count * sizeof *copy.events);
    }
    return copy;
}

bool study_schedules(const Study *study, const Tape *tape, int lanes, Arena *arena,
                     Schedule *schedules, Pack **pack)
{
    assert(lanes >= 1 && study->arm_count >= 1);
    int width = lanes < study->arm_count ? lanes : study->arm_count;
    int *arms = arena_array(arena, (size_t)width, sizeof *arms);
    *pack = pack_open(tape, &study->solver, tape_width(width));
    if (*pack == NULL) {
        return false;
    }
    for (int first = 0; first < study->arm_count; first += width) {
        int count = study->arm_count - first < width ? study->arm_count - first : width;
        for (int i = 0; i < count; i++) {
            arms[i] = first + i;
        }
        load_arms(*pack, study, arms, count);
        for (int i = 0; i < count; i++) {
            schedules[first + i] = copy_schedule(arena, pack_schedule(*pack, i));
        }
    }
    if (study->arm_count > width) {
        pack_close(*pack);
        *pack = NULL;
    }
    return true;
}

Table *study_table(const Study *study, Arena *arena, int rows)
{
    int count = FIRST_OUTPUT + study->output_count;
    TableColumn *columns = arena_array(arena, (size_t)count, sizeof *columns);
    const char **names = arena_array(arena, (size_t)study->arm_count, sizeof *names);
    for (int i = 0; i < study->arm_count; i++) {
        names[i] = study->arms[i].name;
    }
    columns[0] = (TableColumn){.name = "arm",
                               .text = "arm of the study",
                               .kind = TABLE_TEXT,
                               .words = names,
                               .word_count = study->arm_count};
    columns[1] = (TableColumn){.name = "id", .text = "subject"};
    columns[2] =
        (TableColumn){.name = "time", .unit = study_unit(study->model->time_unit), .text = "time"};
    for (int i = 0; i < study->output_count; i++) {
        const Label *label = study->outputs[i].label;
        columns[FIRST_OUTPUT + i] = (TableColumn){
            .name = label->name, .unit = study_unit(label->unit), .text = label->text};
    }
    size_t all = (size_t)rows * (size_t)study->arm_count * (size_t)study->time_count;
    return table_new(arena, columns, count, all);
}

/* OutputSink: one row for each live lane. */
static bool take_rows(void *context, int time_index, double time, const double *values,
                      const bool *live, int width)
{
    Run *run = context;
    const Study *study = run->study;
    Table *table = run->result->table;
    for (int lane = 0; lane < run->member_count; lane++) {
        if (!live[lane]) {
            continue;
        }
        int arm = run->members[lane];
        assert(run->rows[arm] < run->room);
        size_t at = (size_t)arm * run->room + run->rows[arm]++;
        double *row = table->cells + at * (size_t)table->column_count;
        row[0] = arm;
        row[1] = 1.0;
        row[2] = time;
        for (int k = 0; k < study->output_count; k++) {
            row[FIRST_OUTPUT + k] = values[(size_t)k * (size_t)width + (size_t)lane];
        }
    }
    if (run->options->progress != NULL) {
        double part = (time_index + 1.0) / study->time_count;
        run->options->progress(run->options->context, (run->group_done + part) / run->group_count);
    }
    return true;
}

void study_add_stats(SolverStats *sum, const SolverStats *pack)
{
    sum->steps += pack->steps;
    sum->rate_calls += pack->rate_calls;
    sum->jacobian_calls += pack->jacobian_calls;
    sum->factorisations += pack->factorisations;
    sum->newton_iterations += pack->newton_iterations;
    sum->error_failures += pack->error_failures;
    sum->newton_failures += pack->newton_failures;
    sum->restarts += pack->restarts;
    sum->dense_fallbacks += pack->dense_fallbacks;
    sum->stops += pack->stops;
    sum->events += pack->events;
    sum->own_steps += pack->own_steps;
}

void study_add_ledger(Arena *arena, ArmLedger *sum, const LedgerLine *line)
{
    LedgerLine *same = NULL;
    for (int i = 0; i < sum->count; i++) {
        bool equal = sum->lines[i].route == line->route && sum->lines[i].state == line->state;
        same = equal ? &sum->lines[i] : same;
    }
    if (same == NULL) {
        LedgerLine *lines = arena_array(arena, (size_t)sum->count + 1, sizeof *lines);
        for (int i = 0; i < sum->count; i++) {
            lines[i] = sum->lines[i];
        }
        sum->lines = lines;
        same = &sum->lines[sum->count++];
        *same = (LedgerLine){.route = line->route, .state = line->state};
    }
    same->scheduled += line->scheduled;
    same->delivered += line->delivered;
    if (line->scheduled != 0.0) {
        double miss = fabs(line->delivered - line->scheduled) / fabs(line->scheduled);
        sum->worst = fmax(sum->worst, miss);
    }
}

static void keep_ledger(Run *run, const Pack *pack, int lane, int arm)
{
    const LedgerLine *lines;
    run->result->ledgers[arm].late = pack_schedule(pack, lane)->late;
    int count = pack_ledger(pack, lane, &lines);
    for (int i = 0; i < count; i++) {
        study_add_ledger(run->arena, &run->result->ledgers[arm], &lines[i]);
    }
}

/* Runs the pack that is loaded with the members; false if it was interrupted. */
static bool run_pack(Run *run, Pack *pack, int width)
{
    const Study *study = run->study;
    RunResult *result = run->result;
    bool whole =
        pack_run(pack, study->times, study->time_count, take_rows, run, run->options->stop);
    for (int lane = 0; lane < run->member_count; lane++) {
        int arm = run->members[lane];
        result->schedules[arm] = copy_schedule(run->arena, pack_schedule(pack, lane));
        keep_ledger(run, pack, lane, arm);
        Outcome *outcome = &result->outcomes[arm];
        *outcome = *pack_outcome(pack, lane);
        if (outcome->reason != NULL) { // its text would go with the pack
            outcome->reason = arena_copy(run->arena, outcome->reason, strlen(outcome->reason));
        }
    }
    study_add_stats(&result->stats, pack_stats(pack));
    result->width = width > result->width ? width : result->width;
    run->group_done++;
    return whole;
}

static bool may_share(const Schedule *a, const Schedule *b)
{
    return a->count == 0 || b->count == 0 || schedule_same_times(a, b);
}

/* Deals the arms out to packs, in order: the first that has room and agrees. */
static void make_groups(Run *run)
{
    size_t count = (size_t)run->study->arm_count;
    const Schedule **times = arena_array(run->arena, count, sizeof *times);
    int *used = arena_array(run->arena, count, sizeof *used);
    for (int arm = 0; arm < run->study->arm_count; arm++) {
        const Schedule *schedule = &run->result->schedules[arm];
        int group = 0;
        while (group < run->group_count &&
               (used[group] == run->lanes || !may_share(times[group], schedule))) {
            group++;
        }
        if (group == run->group_count) {
            run->group_count++;
            times[group] = schedule;
        }
        times[group] = times[group]->count == 0 ? schedule : times[group];
        used[group]++;
        run->group[arm] = group;
    }
}

static void find_members(Run *run, int group)
{
    run->member_count = 0;
    for (int arm = 0; arm < run->study->arm_count; arm++) {
        if (run->group[arm] == group) {
            run->members[run->member_count++] = arm;
        }
    }
}

/* One pack after the other; false if the solver cannot be set up. */
static bool run_groups(Run *run)
{
    for (int group = 0; group < run->group_count && !run->result->stopped; group++) {
        find_members(run, group);
        int width = tape_width(run->forced > 0 ? run->forced : run->member_count);
        Pack *pack = pack_open(run->tape, &run->study->solver, width);
        if (pack == NULL) {
            return false;
        }
        pack_at_dose(pack, run->options->at_dose);
        load_arms(pack, run->study, run->members, run->member_count);
        run->result->stopped = !run_pack(run, pack, width);
        pack_close(pack);
    }
    return true;
}

/* Finds out which arms agree and runs them; the pack that told is used if it holds them all. */
static bool run_arms(Run *run)
{
    const Study *study = run->study;
    if (run->lanes == 1 || study->arm_count == 1) {
        make_groups(run);
        return run_groups(run);
    }
    Pack *pack = NULL;
    if (!study_schedules(study, run->tape, run->lanes, run->arena, run->result->schedules, &pack)) {
        return false;
    }
    make_groups(run);
    int width = tape_width(run->lanes < study->arm_count ? run->lanes : study->arm_count);
    bool reuse = pack != NULL && run->group_count == 1 &&
                 (run->forced == 0 || tape_width(run->forced) == width);
    if (reuse) {
        find_members(run, 0);
        pack_at_dose(pack, run->options->at_dose);
        run->result->stopped = !run_pack(run, pack, width);
    }
    pack_close(pack);
    return reuse || run_groups(run);
}

/* Rows of arms that failed early leave no gap. */
static void close_gaps(const Run *run)
{
    Table *table = run->result->table;
    size_t width = (size_t)table->column_count;
    table->row_count = 0;
    for (int arm = 0; arm < run->study->arm_count; arm++) {
        const double *from = table->cells + (size_t)arm * run->room * width;
        double *to = table->cells + table->row_count * width;
        if (from != to && run->rows[arm] > 0) {
            memmove(to, from, run->rows[arm] * width * sizeof *to);
        }
        table->row_count += run->rows[arm];
    }
}

static Run prepare(const Study *study, const RunOptions *options, Arena *arena, RunResult *result)
{
    size_t arms = (size_t)study->arm_count;
    Run run = {.study = study, .options = options, .arena = arena, .result = result};
    run.rows = arena_array(arena, arms, sizeof *run.rows);
    run.room = (size_t)study->time_count * (options->at_dose == AT_DOSE_BOTH ? 2U : 1U);
    run.group = arena_array(arena, arms, sizeof *run.group);
    run.members = arena_array(arena, arms, sizeof *run.members);
    run.forced = STROMA_LANES > 0 ? STROMA_LANES : options->width;
    run.lanes = options->separate ? 1 : run.forced > 0 ? run.forced : study_lanes(study);
    result->schedules = arena_array(arena, arms, sizeof *result->schedules);
    result->outcomes = arena_array(arena, arms, sizeof *result->outcomes);
    result->ledgers = arena_array(arena, arms, sizeof *result->ledgers);
    for (size_t i = 0; i < arms; i++) { // until a pack says otherwise
        result->outcomes[i] =
            (Outcome){.kind = OUTCOME_STOPPED, .time = study->start, .state = -1, .dose = -1};
    }
    return run;
}

bool study_run(const Study *study, const RunOptions *options, Arena *arena, RunResult *result)
{
    assert(study != NULL && options != NULL && arena != NULL && result != NULL);
    assert(study->arm_count >= 1 && study->output_count >= 0 && study->time_count >= 0);
    *result = (RunResult){0};
    Run run = prepare(study, options, arena, result);
    double began = clock_seconds();
    run.tape = study_tape(study, arena);
    result->isa = run.tape->isa;
    double compiled = clock_seconds();
    result->compile_seconds = compiled - began;
    if (study->data != NULL) {
        if (!data_run(study, options, run.tape, arena, result)) {
            return false;
        }
    } else {
        result->table = study_table(study, arena, options->at_dose == AT_DOSE_BOTH ? 2 : 1);
        if (!run_arms(&run)) {
            return false;
        }
        close_gaps(&run);
    }
    for (int arm = 0; arm < study->arm_count; arm++) {
        result->failed += result->outcomes[arm].kind != OUTCOME_DONE;
    }
    result->integrate_seconds = clock_seconds() - compiled;
    return true;
}
