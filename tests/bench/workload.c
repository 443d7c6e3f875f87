/* workload.c: makes the subjects of a workload (see workload.h).
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/workload.h"

#include "base/file.h"
#include "base/random.h"
#include "params/params.h"
#include "table/csv.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const WorkloadKind kinds[] = {
    {.name = "w1",
     .model = "tests/bench/w1.stroma",
     .end = 672,
     .every = 1,
     .into = 0,
     .amount = 100,
     .interval = 24,
     .doses = 28,
     .atol = 1e-9,
     .error = 4e-6,
     .reference_rtol = 1e-12,
     .desolve = true},
    {.name = "w2",
     .model = "tests/bench/w2.stroma",
     .end = 168,
     .every = 1,
     .into = 0,
     .amount = 2,
     .interval = 14,
     .doses = 3,
     .atol = 1e-9,
     .error = 2.1e-5,
     .reference_rtol = 1e-12,
     .desolve = true},
    {.name = "pollu",
     .model = "models/classic/pollu.stroma",
     .end = 60,
     .every = 60,
     .into = -1,
     .atol = 1e-9,
     .reference_rtol = 1e-12},
    {.name = "msc",
     .study = "params/msc-iv.cfg",
     .arm = 1,
     .end = 168,
     .every = 1,
     .into = -1,
     .steady = true,
     .reference_rtol = 1e-10},
    {.name = "ra",
     .study = "params/ra.cfg",
     .end = 300,
     .every = 25,
     .into = -1,
     .reference_rtol = 1e-10},
};

enum { SEED = 20261121, PURPOSE_PARAMETERS = 1, MOST_DRAWS = 1000 };

const WorkloadKind *workload_kinds(int *count)
{
    *count = (int)(sizeof kinds / sizeof *kinds);
    return kinds;
}

static void complain(const Diag *diag, Arena *arena)
{
    Text words = text_new(arena);
    diag_print(diag, &words, false);
    fputs(words.data, stderr);
}

/* Model, parameters of the typical subject (covariates behind), doses, tolerances. */
static double *find_model(Workload *workload, double **atol)
{
    const WorkloadKind *kind = workload->kind;
    Arena *arena = workload->arena;
    Diag *diag = diag_new(arena);
    const Study *study = NULL;
    char *path =
        arena_format(arena, "%s/%s", STROMA_SOURCE_DIR, kind->study ? kind->study : kind->model);
    if (kind->study != NULL) {
        ParamsOptions options = params_options_default();
        const char *folder = STROMA_SOURCE_DIR "/models";
        options.models = (SearchPath){&folder, 1};
        study = params_read(arena, path, &options, diag);
        workload->model = study != NULL ? study->model : NULL;
    } else {
        workload->model = model_read(arena, path, (SearchPath){NULL, 0}, diag);
    }
    if (workload->model == NULL) {
        complain(diag, arena);
        return NULL;
    }
    const Model *model = workload->model;
    size_t own = (size_t)model->parameter_count;
    double *typical = arena_array(arena, own + (size_t)model->covariate_count, sizeof *typical);
    *atol = arena_array(arena, (size_t)model->state_count, sizeof **atol);
    for (size_t i = 0; i < own; i++) {
        typical[i] = study ? study->arms[kind->arm].parameters[i] : model->parameters[i].value;
    }
    for (int i = 0; i < model->covariate_count; i++) {
        typical[own + (size_t)i] =
            study ? study->arms[kind->arm].covariates[i] : model->covariates[i].value;
    }
    for (int i = 0; i < model->state_count; i++) {
        (*atol)[i] = study && kind->atol == 0 ? study->solver.atol[i] : kind->atol;
    }
    if (study != NULL) {
        workload->regimen = study->arms[kind->arm].regimen;
    } else if (kind->doses > 0) {
        Dose *dose = arena_alloc(arena, sizeof *dose);
        *dose = (Dose){.kind = DOSE_BOLUS,
                       .route = -1,
                       .state = kind->into,
                       .amount = kind->amount,
                       .count = kind->doses,
                       .interval = kind->interval};
        workload->regimen = (Regimen){dose, 1};
    }
    return typical;
}

static void compile(Workload *workload)
{
    size_t states = (size_t)workload->model->state_count;
    Expr *observed = arena_array(workload->arena, states, sizeof *observed);
    for (size_t i = 0; i < states; i++) {
        observed[i] = expr_symbol(workload->model->graph, SYMBOL_STATE, (int)i);
    }
    TapeOptions options = {.observed = observed, .observed_count = (int)states};
    workload->tape = tape_compile(workload->arena, workload->model, &options);
}

/* A table of ../shared/bench, packed or not. NULL if it is not there. */
static const Table *shared_table(Arena *arena, const char *shared, const char *name)
{
    char *plain = arena_format(arena, "%s/%s.csv", shared, name);
    Diag *diag = diag_new(arena);
    if (file_exists(plain)) {
        return csv_read(arena, plain, diag);
    }
    char *packed = arena_format(arena, "%s/%s.csv.xz", shared, name);
    if (!file_exists(packed)) {
        return NULL;
    }
    char copy[] = "/tmp/stroma-bench-XXXXXX";
    int handle = mkstemp(copy);
    char *command = arena_format(arena, "xz -dc '%s' > '%s'", packed, copy);
    bool good = handle >= 0 && system(command) == 0;
    const Table *table = good ? csv_read(arena, copy, diag) : NULL;
    remove(copy);
    return table;
}

static bool take_parameters(Workload *workload, const Table *table, int subject, double *into)
{
    for (int i = 0; i < workload->model->parameter_count; i++) {
        int column = table_find(table, workload->model->parameters[i].label.name);
        if (column < 0 || (size_t)subject >= table->row_count) {
            return false;
        }
        into[i] = table_cell(table, (size_t)subject, column);
    }
    return true;
}

static void draw_parameters(const Workload *workload, const double *typical, uint32_t subject,
                            double *into)
{
    double sigma = sqrt(log(1 + 0.3 * 0.3)); // coefficient of variation 0.3, median as given
    RandomKey key = {.seed = SEED, .purpose = PURPOSE_PARAMETERS, .subject = subject};
    for (int i = 0; i < workload->model->parameter_count; i++) {
        into[i] = typical[i] * exp(sigma * random_normal(key, (uint32_t)i));
    }
}

typedef struct {
    double *initial;
    int states;
} Start;

static bool take_start(void *context, int index, double time, const double *values,
                       const bool *live, int width)
{
    Start *start = context;
    (void)index, (void)time, (void)width;
    if (live[0]) {
        memcpy(start->initial, values, (size_t)start->states * sizeof *values);
    }
    return true;
}

/* Where this subject starts; false if it cannot be (no steady state, a fraction above 1). */
static bool find_start(Workload *workload, Pack *pack, SubjectInput subject, double *initial)
{
    Start start = {initial, workload->model->state_count};
    subject.steady_start = workload->kind->steady;
    double time = 0;
    subject.initial = workload->problem.initial; // any: only the doses are asked for
    bool steady = subject.steady_start;
    subject.steady_start = false;
    pack_load(pack, &subject, 1, 0, workload->kind->end);
    if (pack_outcome(pack, 0)->kind != OUTCOME_DONE) {
        return false;
    }
    subject.initial = NULL;
    subject.steady_start = steady;
    subject.regimen = NULL; // the start is the state before the first dose
    pack_load(pack, &subject, 1, 0, 0);
    pack_run(pack, &time, 1, take_start, &start, NULL);
    return pack_outcome(pack, 0)->kind == OUTCOME_DONE;
}

static void make_subjects(Workload *workload, const char *shared, const double *typical,
                          const SolverOptions *options)
{
    const Model *model = workload->model;
    size_t columns = (size_t)(model->parameter_count + model->covariate_count);
    const Table *table =
        shared == NULL
            ? NULL
            : shared_table(workload->arena, shared,
                           arena_format(workload->arena, "%s_params", workload->kind->name));
    Pack *pack = pack_open(workload->tape, options, 1);
    uint32_t draw = 0;
    for (int i = 0; i < workload->count; i++) {
        double *parameters = workload->problem.parameter + (size_t)i * columns;
        double *initial = workload->problem.initial + (size_t)i * (size_t)model->state_count;
        memcpy(parameters, typical, columns * sizeof *typical);
        workload->subject[i] = (SubjectInput){.parameters = parameters,
                                              .covariates = parameters + model->parameter_count,
                                              .regimen = &workload->regimen};
        bool given = table != NULL && take_parameters(workload, table, i, parameters);
        bool good = given && find_start(workload, pack, workload->subject[i], initial);
        while (!good && draw < (uint32_t)(workload->count + MOST_DRAWS)) {
            draw_parameters(workload, typical, draw++, parameters);
            good = find_start(workload, pack, workload->subject[i], initial);
        }
        workload->subject[i].initial = initial;
    }
    pack_close(pack);
}

/* Every subject's events from its schedule, so that all tools give the same doses. */
static void gather_events(Workload *workload, const SolverOptions *options)
{
    Pack *pack = pack_open(workload->tape, options, 1);
    size_t capacity = 0;
    ProblemEvent *events = NULL;
    size_t count = 0;
    for (int i = 0; i < workload->count; i++) {
        pack_load(pack, &workload->subject[i], 1, 0, workload->kind->end);
        const Schedule *schedule = pack_schedule(pack, 0);
        for (int k = 0; k < schedule->count; k++) {
            const ScheduleEvent *event = &schedule->events[k];
            double sign = event->kind == EVENT_BOLUS          ? 0
                          : event->kind == EVENT_INFUSION_END ? -1
                                                              : 1;
            events = arena_grow(workload->arena, events, count, &capacity, sizeof *events);
            events[count++] = (ProblemEvent){.subject = i,
                                             .time = event->time,
                                             .state = event->state,
                                             .amount = sign == 0 ? event->amount : 0,
                                             .inflow = sign * event->rate};
        }
    }
    workload->problem.event = events;
    workload->problem.size.events = (int32_t)count;
    pack_close(pack);
}

static void take_references(Workload *workload, const char *shared)
{
    Arena *arena = workload->arena;
    const ProblemSize *size = &workload->problem.size;
    const Table *table =
        shared == NULL
            ? NULL
            : shared_table(arena, shared, arena_format(arena, "%s_ref", workload->kind->name));
    if (table == NULL || table->row_count < (size_t)size->times) {
        return;
    }
    int subjects = (int)(table->row_count / (size_t)size->times);
    workload->reference_count = subjects < workload->count ? subjects : workload->count;
    workload->reference =
        arena_array(arena, table->row_count * (size_t)size->states, sizeof(double));
    for (size_t row = 0; row < table->row_count; row++) {
        for (int i = 0; i < size->states; i++) {
            int column = table_find(table, workload->model->states[i].label.name);
            workload->reference[row * (size_t)size->states + (size_t)i] =
                table_cell(table, row, column);
        }
    }
}

Workload *workload_open(const WorkloadKind *kind, const char *shared, int count)
{
    Arena *arena = arena_new();
    Workload *workload = arena_alloc(arena, sizeof *workload);
    *workload = (Workload){.kind = kind, .arena = arena, .count = count};
    double *atol = NULL;
    double *typical = find_model(workload, &atol);
    if (typical == NULL) {
        arena_free(arena);
        return NULL;
    }
    compile(workload);
    const Model *model = workload->model;
    ProblemSize size = {.states = model->state_count,
                        .parameters = model->parameter_count + model->covariate_count,
                        .subjects = count,
                        .times = (int32_t)lround(kind->end / kind->every) + 1};
    workload->problem = problem_new(arena, size);
    for (int i = 0; i < size.times; i++) {
        workload->problem.time[i] = i * kind->every;
    }
    memcpy(workload->problem.atol, atol, (size_t)size.states * sizeof *atol);
    workload->subject = arena_array(arena, (size_t)count, sizeof *workload->subject);
    SolverOptions options = solver_options_default();
    options.atol = atol;
    make_subjects(workload, shared, typical, &options);
    gather_events(workload, &options);
    take_references(workload, shared);
    return workload;
}

void workload_close(Workload *workload)
{
    if (workload != NULL) {
        arena_free(workload->arena);
    }
}

/* True if a dose enters that state at that time. */
static bool is_dosed(const Workload *workload, double time, int state)
{
    double k = time / workload->kind->interval;
    return workload->kind->doses > 0 && state == workload->kind->into && k == floor(k) &&
           k < workload->kind->doses;
}

double workload_error(const Workload *workload, const double *values, const double *reference)
{
    const ProblemSize *size = &workload->problem.size;
    double worst = 0;
    for (int i = 0; i < size->states; i++) {
        // elsewhere than in shared/bench, states may be all but empty at every output
        double least = workload->kind->error > 0 ? 0 : workload->problem.atol[i] * 1e6;
        double largest = 0;
        for (int k = 0; k < size->times; k++) {
            largest = fmax(largest, fabs(reference[k * size->states + i]));
        }
        for (int k = 0; k < size->times; k++) {
            double ref = reference[k * size->states + i];
            double error = fabs(values[k * size->states + i] - ref);
            double scale = fabs(ref) + 1e-3 * largest + least;
            if (!is_dosed(workload, workload->problem.time[k], i) && error > 0) {
                worst = fmax(worst, isfinite(error) && scale > 0 ? error / scale : HUGE_VAL);
            }
        }
    }
    return worst;
}

double workload_units(const Workload *workload, const double *values, const double *reference,
                      double rtol)
{
    const ProblemSize *size = &workload->problem.size;
    double worst = 0;
    for (int k = 0; k < size->times; k++) {
        for (int i = 0; i < size->states; i++) {
            double ref = reference[k * size->states + i];
            double error = fabs(values[k * size->states + i] - ref);
            if (!is_dosed(workload, workload->problem.time[k], i)) {
                worst = fmax(worst, isfinite(error)
                                        ? error / (rtol * fabs(ref) + workload->problem.atol[i])
                                        : HUGE_VAL);
            }
        }
    }
    return worst;
}
