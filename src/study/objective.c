/* objective.c: trials as lanes.
 *
 * A lane is one subject of one trial. Slopes are exact sensitivities by the free parameters of the
 * model, times the slopes of their scales. Packs with and without them are kept apart, by width.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/objective.h"
#include "study/data_run.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum { WIDTHS = 8 };

/* What runs in one lane. */
typedef struct {
    int trial, subject;
} Item;

struct Objective {
    Arena *arena, *scratch;
    const Study *study;
    const Fit *fit;
    const Tape *tape;
    const volatile int *stop;
    Pack *packs[2][WIDTHS];   // without and with slopes, by the logarithm of their width
    SensitiveTarget *targets; // (target_count)
    Pack *running;
    SubjectInput *inputs; // (subject_count) without parameters
    bool with_slopes;     // the pack that runs has them
    int lanes;
    double **values;   // (lanes) moments × observables of each lane
    double **slopes;   // (lanes) the same for each target
    size_t value_room; // of one lane
    long calls;
};

/* --- setting up ----------------------------------------------------------------------------------
 */

const Tape *objective_tape(const Study *study, Arena *arena)
{
    const Fit *fit = study->fit;
    Expr *observed = arena_array(arena, (size_t)fit->observable_count, sizeof *observed);
    for (int i = 0; i < fit->observable_count; i++) {
        observed[i] = fit->observables[i].expr;
    }
    TapeOptions options = {.observed = observed,
                           .observed_count = fit->observable_count,
                           .tables = study->tables,
                           .isa = ISA_BEST,
                           .derive = true,
                           .sensitive = fit->targets,
                           .sensitive_count = fit->target_count};
    return tape_compile(arena, study->model, &options);
}

static SubjectInput input_of(const Study *study, const FitSubject *subject, Arena *arena)
{
    SubjectInput input = subject->subject >= 0
                             ? data_input(study, subject->arm, subject->subject, arena)
                             : study_subject(study, subject->arm);
    double last =
        subject->moment_count > 0 ? subject->moments[subject->moment_count - 1].time : study->start;
    if (subject->subject < 0) {
        input.own_span = true;
        input.start = study->start;
        input.end = fmax(last, study->start);
    } else {
        input.end = fmax(last, study->data->subjects[subject->subject].start);
    }
    input.observations = subject->moments;
    input.observation_count = subject->moment_count;
    return input;
}

/* The tape, if it is NULL, is compiled into the objective's own memory. */
static Objective *open_objective(const Study *study, const Tape *tape, const volatile int *stop)
{
    assert(study != NULL && study->fit != NULL);
    const Fit *fit = study->fit;
    Arena *arena = arena_new();
    Objective *objective = arena_alloc(arena, sizeof *objective);
    *objective = (Objective){.arena = arena,
                             .scratch = arena_new(),
                             .study = study,
                             .fit = fit,
                             .tape = tape != NULL ? tape : objective_tape(study, arena),
                             .stop = stop,
                             .lanes = STROMA_LANES > 0 ? STROMA_LANES : study_lanes(study)};
    objective->inputs =
        arena_array(arena, (size_t)fit->subject_count + 1, sizeof *objective->inputs);
    int most = 1;
    for (int i = 0; i < fit->subject_count; i++) {
        objective->inputs[i] = input_of(study, &fit->subjects[i], arena);
        most = fit->subjects[i].moment_count > most ? fit->subjects[i].moment_count : most;
    }
    objective->value_room = (size_t)most * (size_t)fit->observable_count;
    objective->values = arena_array(arena, (size_t)objective->lanes, sizeof(double *));
    objective->slopes = arena_array(arena, (size_t)objective->lanes, sizeof(double *));
    for (int i = 0; i < objective->lanes; i++) {
        objective->values[i] = arena_array(arena, objective->value_room, sizeof(double));
        objective->slopes[i] = arena_array(
            arena, objective->value_room * (size_t)fit->target_count + 1, sizeof(double));
    }
    objective->targets =
        arena_array(arena, (size_t)fit->target_count + 1, sizeof *objective->targets);
    for (int k = 0; k < fit->target_count; k++) {
        objective->targets[k] = (SensitiveTarget){SENSITIVE_PARAMETER, fit->targets[k]};
    }
    return objective;
}

Objective *objective_open(const Study *study, const volatile int *stop)
{
    return open_objective(study, NULL, stop);
}

Objective *objective_open_shared(const Study *study, const Tape *tape, const volatile int *stop)
{
    assert(tape != NULL);
    return open_objective(study, tape, stop);
}

void objective_close(Objective *objective)
{
    if (objective == NULL) {
        return;
    }
    for (int i = 0; i < WIDTHS; i++) {
        pack_close(objective->packs[0][i]);
        pack_close(objective->packs[1][i]);
    }
    arena_free(objective->scratch);
    arena_free(objective->arena);
}

/* NULL: the solver library cannot be set up. */
static Pack *pack_of(Objective *objective, int count, bool slopes)
{
    int width = tape_width(STROMA_LANES > 0 ? STROMA_LANES : count);
    int place = 0;
    while (1 << place < width) {
        place++;
    }
    assert(place < WIDTHS);
    Pack **pack = &objective->packs[slopes][place];
    if (*pack == NULL) {
        const SolverOptions solver = solver_options_of_many(&objective->study->solver);
        *pack = pack_open(objective->tape, &solver, width);
        if (*pack != NULL && slopes &&
            !pack_sensitivities(*pack, objective->targets, objective->fit->target_count)) {
            pack_close(*pack);
            *pack = NULL;
        }
        if (*pack != NULL) {
            pack_make_native(*pack); // not of columns along steps of their own
        }
    }
    return *pack;
}

/* --- one pack ------------------------------------------------------------------------------------
 */

static bool take(void *context, int lane, int index, double time, const double *values, int width)
{
    Objective *objective = context;
    const Fit *fit = objective->fit;
    (void)time;
    size_t count = (size_t)fit->observable_count;
    size_t targets = (size_t)fit->target_count;
    double *into = objective->values[lane] + (size_t)index * count;
    for (size_t k = 0; k < count; k++) {
        into[k] = values[k * (size_t)width + (size_t)lane];
    }
    bool slopes = objective->with_slopes;
    for (size_t target = 0; target < targets && slopes; target++) {
        const double *from = pack_sensitivity(objective->running, (int)target);
        double *slope = objective->slopes[lane] + (size_t)index * count * targets;
        for (size_t k = 0; k < count; k++) {
            slope[k * targets + target] = from[k * (size_t)width + (size_t)lane];
        }
    }
    return true;
}

/* The parameters of a lane: the arm's, with what is free put in place. */
static const double *parameters_of(Objective *objective, Trial *const *trials, const Item *item)
{
    const Fit *fit = objective->fit;
    const FitSubject *subject = &fit->subjects[item->subject];
    size_t count = (size_t)objective->study->model->parameter_count;
    double *values = arena_array(objective->scratch, count + 1, sizeof *values);
    memcpy(values, objective->study->arms[subject->arm].parameters, count * sizeof *values);
    for (int k = 0; k < fit->target_count; k++) {
        int free = subject->free[k];
        if (free >= 0) {
            values[fit->targets[k]] =
                scale_back(&fit->parameters[free], trials[item->trial]->at[free]);
        }
    }
    return values;
}

static void fail(Trial *trial, int subject, const Outcome *outcome)
{
    if (!trial->failed) {
        trial->failed = true;
        trial->subject = subject;
        trial->outcome = *outcome;
        trial->outcome.reason = NULL; // its text would go with the pack
    }
}

/* The slopes of one prediction by the coordinates. */
static bool keep_slopes(const Objective *objective, const Trial *trial, int subject,
                        const double *slopes, double *row)
{
    const Fit *fit = objective->fit;
    bool finite = true;
    for (int k = 0; k < fit->target_count; k++) {
        int free = fit->subjects[subject].free[k];
        if (free >= 0) {
            row[free] = slopes[k] * scale_slope(&fit->parameters[free], trial->at[free]);
            finite = finite && isfinite(row[free]);
        }
    }
    return finite;
}

/* Predictions of a lane. */
static void keep(Objective *objective, Trial *trial, const Item *item, int lane)
{
    const Fit *fit = objective->fit;
    size_t columns = (size_t)fit->model_count;
    for (int i = 0; i < fit->datum_count; i++) {
        const FitDatum *datum = &fit->data[i];
        if (datum->subject != item->subject) {
            continue;
        }
        size_t place =
            (size_t)datum->moment * (size_t)fit->observable_count + (size_t)datum->observable;
        trial->predicted[i] = objective->values[lane][place];
        bool finite = isfinite(trial->predicted[i]);
        if (finite && trial->slopes) {
            finite = keep_slopes(objective, trial, item->subject,
                                 objective->slopes[lane] + place * (size_t)fit->target_count,
                                 trial->slope + (size_t)i * columns);
        }
        if (!finite) {
            Outcome fine = {.kind = OUTCOME_DONE, .time = datum->time, .state = -1, .dose = -1};
            fail(trial, item->subject, &fine);
        }
    }
}

static bool run_items(Objective *objective, Trial *const *trials, const Item *items, int count)
{
    objective->with_slopes = trials[items[0].trial]->slopes && objective->fit->target_count > 0;
    Pack *pack = pack_of(objective, count, objective->with_slopes);
    if (pack == NULL) {
        return false;
    }
    objective->running = pack;
    SubjectInput *inputs = arena_array(objective->scratch, (size_t)count, sizeof *inputs);
    double start = HUGE_VAL;
    double end = -HUGE_VAL;
    for (int i = 0; i < count; i++) {
        inputs[i] = objective->inputs[items[i].subject];
        inputs[i].parameters = parameters_of(objective, trials, &items[i]);
        start = fmin(start, inputs[i].start);
        end = fmax(end, inputs[i].end);
        for (size_t k = 0; k < objective->value_room; k++) {
            objective->values[i][k] = (double)NAN;
        }
    }
    pack_observe(pack, take, objective);
    pack_load(pack, inputs, count, start, end);
    bool whole = pack_run(pack, NULL, 0, NULL, NULL, objective->stop);
    for (int i = 0; i < count && whole; i++) {
        const Outcome *outcome = pack_outcome(pack, i);
        Trial *trial = trials[items[i].trial];
        if (outcome->kind != OUTCOME_DONE) {
            fail(trial, items[i].subject, outcome);
        }
        keep(objective, trial, &items[i], i);
    }
    return whole;
}

/* --- trials --------------------------------------------------------------------------------------
 */

/* The subjects of all trials with (or without) slopes, pack by pack. */
static bool run_kind(Objective *objective, Trial *const *trials, int count, bool slopes)
{
    int subjects = objective->fit->subject_count;
    size_t most = (size_t)count * (size_t)subjects;
    Item *items = arena_array(objective->scratch, most + 1, sizeof *items);
    int item_count = 0;
    for (int i = 0; i < count; i++) {
        for (int k = 0; k < subjects && trials[i]->slopes == slopes; k++) {
            items[item_count++] = (Item){i, k};
        }
    }
    bool whole = true;
    for (int first = 0; first < item_count && whole; first += objective->lanes) {
        int some = item_count - first < objective->lanes ? item_count - first : objective->lanes;
        whole = run_items(objective, trials, items + first, some);
    }
    return whole;
}

bool objective_run(Objective *objective, Trial *const *trials, int count)
{
    assert(objective != NULL && trials != NULL && count > 0);
    const Fit *fit = objective->fit;
    ArenaMark mark = arena_mark(objective->scratch);
    for (int i = 0; i < count; i++) {
        trials[i]->failed = false;
        for (int k = 0; k < fit->datum_count; k++) {
            trials[i]->predicted[k] = (double)NAN;
        }
        if (trials[i]->slopes) {
            memset(trials[i]->slope, 0,
                   (size_t)fit->datum_count * (size_t)fit->model_count * sizeof(double));
        }
    }
    bool whole =
        run_kind(objective, trials, count, false) && run_kind(objective, trials, count, true);
    objective->calls += count;
    arena_rewind(objective->scratch, mark);
    return whole;
}

int objective_room(const Study *study)
{
    int lanes = STROMA_LANES > 0 ? STROMA_LANES : study_lanes(study);
    int subjects = study->fit->subject_count;
    return subjects >= lanes ? 1 : lanes / (subjects > 0 ? subjects : 1);
}

long objective_calls(const Objective *objective)
{
    return objective->calls;
}
