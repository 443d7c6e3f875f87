/* sensitivity.c: see sensitivity.h.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/sensitivity.h"

#include "base/number.h"
#include "study/run.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum { MOST_LANES = 16 };

/* Below this share of its largest value an output counts as gone: its logarithm says nothing. */
static const double VANISHED = 1e-6;

/* ---- targets ---- */

static bool find_parameter(const Study *study, const char *name, Arena *arena,
                           SensitivityTarget *target)
{
    NameRef ref = model_find(study->model, name);
    if (ref.kind != NAME_PARAMETER) {
        return false;
    }
    const Label *label = model_label(study->model, ref);
    *target = (SensitivityTarget){{SENSITIVE_PARAMETER, ref.index},
                                  label->name,
                                  study_unit(label->unit),
                                  arena_array(arena, (size_t)study->arm_count, sizeof(double)),
                                  NULL};
    for (int arm = 0; arm < study->arm_count; arm++) {
        target->value[arm] = study->arms[arm].parameters[ref.index];
    }
    return true;
}

static bool find_initial(const Study *study, const char *name, Arena *arena,
                         SensitivityTarget *target)
{
    static const char prefix[] = "initial.";
    if (strncmp(name, prefix, sizeof prefix - 1) != 0) {
        return false;
    }
    NameRef ref = model_find(study->model, name + sizeof prefix - 1);
    if (ref.kind != NAME_STATE) {
        return false;
    }
    const State *state = &study->model->states[ref.index];
    *target = (SensitivityTarget){{SENSITIVE_INITIAL, ref.index},
                                  arena_copy(arena, name, strlen(name)),
                                  study_unit(state->label.unit),
                                  arena_array(arena, (size_t)study->arm_count, sizeof(double)),
                                  NULL};
    for (int arm = 0; arm < study->arm_count; arm++) {
        double start = study->start;
        Bindings bindings = {.values = {[SYMBOL_TIME] = &start,
                                        [SYMBOL_PARAMETER] = study->arms[arm].parameters,
                                        [SYMBOL_COVARIATE] = study->arms[arm].covariates}};
        target->value[arm] = expr_evaluate(study->model->graph, state->initial, &bindings);
    }
    return true;
}

/* A value that depends on a table of the study is not reckoned here. */
static double no_table(void *context, int table, double x, bool slope)
{
    (void)context, (void)table, (void)x, (void)slope;
    return (double)NAN;
}

/* What a route says for an arm at `time`; NAN where more than parameters, covariates and time is in
 * it. */
static double route_number(const Study *study, int arm, Expr expr, double time)
{
    const unsigned plain = 1U << SYMBOL_PARAMETER | 1U << SYMBOL_COVARIATE | 1U << SYMBOL_TIME;
    if (expr == EXPR_NONE || (expr_kinds(study->model->graph, expr) & ~plain) != 0) {
        return (double)NAN;
    }
    Bindings bindings = {.values = {[SYMBOL_TIME] = &time,
                                    [SYMBOL_PARAMETER] = study->arms[arm].parameters,
                                    [SYMBOL_COVARIATE] = study->arms[arm].covariates},
                         .interp = no_table};
    return expr_evaluate(study->model->graph, expr, &bindings);
}

/* By the rules of simulate/: lags at the time of the dose, the rest when it enters. Of several
 * targets the fraction is that of the dose which arrives anywhere; lags that differ are no number.
 */
static double route_value(const Study *study, int arm, const Dose *dose, SensitiveKind kind)
{
    if (dose->route < 0) {
        return kind == SENSITIVE_DOSE_FRACTION ? 1.0 : 0.0;
    }
    const Route *route = &study->model->routes[dose->route];
    double first = route_number(study, arm, route->targets[0].lag, dose->time);
    double fraction = 0.0;
    bool same = true;
    for (int i = 0; i < route->target_count; i++) {
        double lag = route_number(study, arm, route->targets[i].lag, dose->time);
        same = same && lag == first;
        fraction += route_number(study, arm, route->targets[i].fraction, dose->time + lag);
    }
    switch (kind) {
    case SENSITIVE_DOSE_FRACTION:
        return fraction;
    case SENSITIVE_DOSE_LAG:
        return same ? first : (double)NAN;
    default:
        return dose->kind == DOSE_MODEL_DURATION
                   ? route_number(study, arm, route->duration, dose->time + first)
                   : dose->amount / route_number(study, arm, route->rate, dose->time + first);
    }
}

static double dose_value(const Study *study, int arm, const Dose *dose, SensitiveKind kind)
{
    bool modelled = dose->kind == DOSE_MODEL_DURATION || dose->kind == DOSE_MODEL_RATE;
    switch (kind) {
    case SENSITIVE_DOSE_AMOUNT:
        return dose->amount;
    case SENSITIVE_DOSE_TIME:
        return dose->time;
    case SENSITIVE_DOSE_DURATION:
        return dose->kind == DOSE_INFUSION_DURATION ? dose->duration
               : dose->kind == DOSE_INFUSION_RATE   ? dose->amount / dose->rate
               : modelled                           ? route_value(study, arm, dose, kind)
                                                    : (double)NAN;
    default:
        return route_value(study, arm, dose, kind);
    }
}

static bool find_dose(const Study *study, const char *name, Arena *arena, SensitivityTarget *target)
{
    static const struct {
        const char *name;
        SensitiveKind kind;
    } parts[] = {{".amount", SENSITIVE_DOSE_AMOUNT},
                 {".fraction", SENSITIVE_DOSE_FRACTION},
                 {".lag", SENSITIVE_DOSE_LAG},
                 {".duration", SENSITIVE_DOSE_DURATION},
                 {".time", SENSITIVE_DOSE_TIME}};
    static const char prefix[] = "dose.";
    double number = 0.0;
    size_t used = strcspn(name, "123456789");
    if (strncmp(name, prefix, sizeof prefix - 1) != 0 || used != sizeof prefix - 1) {
        return false;
    }
    const char *digits = name + used;
    size_t length = strspn(digits, "0123456789");
    size_t read = 0;
    if (!number_read(digits, length, &number, &read) || read != length || number > 1e6) {
        return false;
    }
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (strcmp(digits + length, parts[i].name) != 0) {
            continue;
        }
        int index = (int)number - 1;
        bool time = parts[i].kind >= SENSITIVE_DOSE_LAG;
        *target = (SensitivityTarget){{parts[i].kind, index},
                                      arena_copy(arena, name, strlen(name)),
                                      time ? study_unit(study->model->time_unit) : "",
                                      arena_array(arena, (size_t)study->arm_count, sizeof(double)),
                                      NULL};
        target->missing = arena_array(arena, (size_t)study->arm_count, sizeof(bool));
        bool any = false;
        for (int arm = 0; arm < study->arm_count; arm++) {
            const Regimen *regimen = &study->arms[arm].regimen;
            const Dose *dose = index < regimen->count ? &regimen->doses[index] : NULL;
            bool there = dose != NULL &&
                         (parts[i].kind != SENSITIVE_DOSE_DURATION || dose->kind != DOSE_BOLUS);
            any = any || there;
            target->missing[arm] = !there;
            target->value[arm] = there ? dose_value(study, arm, dose, parts[i].kind) : (double)NAN;
        }
        return any;
    }
    return false;
}

bool sensitivity_find(const Study *study, const char *name, Arena *arena, SensitivityTarget *target)
{
    assert(study != NULL && name != NULL && target != NULL);
    return find_parameter(study, name, arena, target) || find_initial(study, name, arena, target) ||
           find_dose(study, name, arena, target);
}

int sensitivity_all(const Study *study, Arena *arena, SensitivityTarget **targets)
{
    const Model *model = study->model;
    int count = 0;
    *targets = arena_array(arena, (size_t)model->parameter_count + 1, sizeof **targets);
    for (int i = 0; i < model->parameter_count; i++) {
        bool any = false;
        for (int arm = 0; arm < study->arm_count; arm++) {
            any = any || study->arms[arm].parameters[i] != 0.0;
        }
        if (any) {
            (void)find_parameter(study, model->parameters[i].label.name, arena,
                                 &(*targets)[count++]);
        }
    }
    return count;
}

/* ---- the run ---- */

typedef struct {
    const Study *study;
    const SensitivityOptions *options;
    SensitivityResult *result;
    Pack *pack;
    int first_arm, lanes;
    int moments; // times that there may be rows for: twice as many, where a dose has two sides
    bool *there; // (arm_count × moments) rows that were made
} Job;

/* A time that comes again is that after a dose. */
static int moments_of(const SensitivityOptions *options)
{
    return options->time_count * (options->at_dose == AT_DOSE_BOTH ? 2 : 1);
}

static const Tape *compile(const Study *study, const SensitivityOptions *options, Arena *arena)
{
    Expr *observed = arena_array(arena, (size_t)study->table_outputs + 1, sizeof *observed);
    for (int i = 0; i < study->table_outputs; i++) {
        observed[i] = study->outputs[i].expr;
    }
    int *parameters = arena_array(arena, (size_t)options->target_count + 1, sizeof *parameters);
    int count = 0;
    for (int k = 0; k < options->target_count; k++) {
        SensitiveTarget target = options->targets[k].target;
        bool known = target.kind != SENSITIVE_PARAMETER;
        for (int i = 0; i < count; i++) {
            known = known || parameters[i] == target.index;
        }
        if (!known) {
            parameters[count++] = target.index;
        }
    }
    TapeOptions tape = {.observed = observed,
                        .observed_count = study->table_outputs,
                        .tables = study->tables,
                        .derive = true,
                        .sensitive = parameters,
                        .sensitive_count = count};
    return tape_compile(arena, study->model, &tape);
}

static double *row_of(const Job *job, int arm, int moment, int output, int target)
{
    const SensitivityOptions *options = job->options;
    size_t row = (size_t)arm * (size_t)job->moments + (size_t)moment;
    row = row * (size_t)job->study->table_outputs + (size_t)output;
    row = row * (size_t)options->target_count + (size_t)target;
    return job->result->table->cells + row * SENSITIVITY_COLUMNS;
}

static bool take(void *context, int index, double time, const double *values, const bool *live,
                 int width)
{
    Job *job = context;
    int sides = job->options->at_dose == AT_DOSE_BOTH ? 2 : 1;
    for (int lane = 0; lane < job->lanes; lane++) {
        int arm = job->first_arm + lane;
        if (!live[lane]) {
            continue;
        }
        int moment = index * sides;
        moment += sides == 2 && job->there[arm * job->moments + moment];
        job->there[arm * job->moments + moment] = true;
        for (int k = 0; k < job->options->target_count; k++) {
            const double *slopes = pack_sensitivity(job->pack, k);
            const bool *none = job->options->targets[k].missing;
            bool missing = none != NULL && none[arm];
            for (int i = 0; i < job->study->table_outputs; i++) {
                double *row = row_of(job, arm, moment, i, k);
                row[SENSITIVITY_ARM] = arm;
                row[SENSITIVITY_TIME] = time;
                row[SENSITIVITY_NAME] = i;
                row[SENSITIVITY_PARAMETER] = k;
                row[SENSITIVITY_VALUE] = values[i * width + lane];
                row[SENSITIVITY_SLOPE] = missing ? (double)NAN : slopes[i * width + lane];
            }
        }
    }
    return true;
}

/* Parts of 16 arms. */
static bool run_pack(Job *job, const Tape *tape)
{
    const Study *study = job->study;
    SubjectInput subjects[MOST_LANES];
    SensitiveTarget *targets = arena_array(job->result->table->arena,
                                           (size_t)job->options->target_count + 1, sizeof *targets);
    for (int k = 0; k < job->options->target_count; k++) {
        targets[k] = job->options->targets[k].target;
    }
    const SolverOptions solver = solver_options_of_many(&study->solver);
    job->pack = pack_open(tape, &solver, tape_width(job->lanes));
    if (job->pack == NULL || !pack_sensitivities(job->pack, targets, job->options->target_count)) {
        pack_close(job->pack);
        return false;
    }
    pack_at_dose(job->pack, job->options->at_dose);
    for (int lane = 0; lane < job->lanes; lane++) {
        subjects[lane] = study_subject(study, job->first_arm + lane);
    }
    pack_at_once(job->pack);
    pack_load(job->pack, subjects, job->lanes, study->start, study->end);
    job->result->stopped = !pack_run(job->pack, job->options->times, job->options->time_count, take,
                                     job, job->options->stop);
    for (int lane = 0; lane < job->lanes; lane++) {
        Outcome *outcome = &job->result->outcomes[job->first_arm + lane];
        *outcome = *pack_outcome(job->pack, lane);
        if (outcome->reason != NULL) { // its text would go with the pack
            outcome->reason =
                arena_copy(job->result->table->arena, outcome->reason, strlen(outcome->reason));
        }
        job->result->failed += outcome->kind != OUTCOME_DONE;
    }
    pack_close(job->pack);
    return true;
}

static Table *make_table(const Study *study, const SensitivityOptions *options, Arena *arena)
{
    const char **arms = arena_array(arena, (size_t)study->arm_count, sizeof *arms);
    const char **outputs = arena_array(arena, (size_t)study->table_outputs + 1, sizeof *outputs);
    const char **names = arena_array(arena, (size_t)options->target_count + 1, sizeof *names);
    for (int i = 0; i < study->arm_count; i++) {
        arms[i] = study->arms[i].name;
    }
    for (int i = 0; i < study->table_outputs; i++) {
        outputs[i] = study->outputs[i].label->name;
    }
    for (int i = 0; i < options->target_count; i++) {
        names[i] = options->targets[i].name;
    }
    TableColumn columns[SENSITIVITY_COLUMNS] = {
        [SENSITIVITY_ARM] = {"arm", "", "arm of the study", TABLE_TEXT, arms, study->arm_count},
        [SENSITIVITY_TIME] = {.name = "time",
                              .unit = study_unit(study->model->time_unit),
                              .text = "time"},
        [SENSITIVITY_NAME] = {"name", "", "output", TABLE_TEXT, outputs, study->table_outputs},
        [SENSITIVITY_PARAMETER] = {"parameter", "", "what it is derived by", TABLE_TEXT, names,
                                   options->target_count},
        [SENSITIVITY_VALUE] = {.name = "value",
                               .unit = "of the output",
                               .text = "value of the output"},
        [SENSITIVITY_SLOPE] = {.name = "sensitivity",
                               .unit = "of the output per that of the parameter",
                               .text = "derivative of the output by the parameter"},
        [SENSITIVITY_NORMALISED] = {.name = "normalised",
                                    .unit = "1",
                                    .text = "derivative of ln(output) by ln(parameter); NA where "
                                            "the output has all but vanished"},
    };
    size_t rows = (size_t)study->arm_count * (size_t)moments_of(options);
    rows *= (size_t)study->table_outputs * (size_t)options->target_count;
    return table_new(arena, columns, SENSITIVITY_COLUMNS, rows);
}

/* ∂ln y/∂ln p, where y is there. */
static void normalise(const Job *job, int arm, int output)
{
    double largest = 0.0;
    for (int t = 0; t < job->moments; t++) {
        bool there = job->there[arm * job->moments + t];
        largest = there ? fmax(largest, fabs(row_of(job, arm, t, output, 0)[SENSITIVITY_VALUE]))
                        : largest;
    }
    for (int t = 0; t < job->moments; t++) {
        for (int k = 0; k < job->options->target_count; k++) {
            double *row = row_of(job, arm, t, output, k);
            double y = row[SENSITIVITY_VALUE];
            double p = job->options->targets[k].value[arm];
            bool there = fabs(y) > VANISHED * largest;
            row[SENSITIVITY_NORMALISED] =
                there ? row[SENSITIVITY_SLOPE] * p / y + 0.0 : (double)NAN; // no -0
        }
    }
}

/* Rows of arms that failed early leave no gap. */
static void close_gaps(const Job *job)
{
    Table *table = job->result->table;
    size_t block = (size_t)job->study->table_outputs * (size_t)job->options->target_count;
    table->row_count = 0;
    for (int i = 0; i < job->study->arm_count * job->moments; i++) {
        if (job->there[i]) {
            memmove(table->cells + table->row_count * SENSITIVITY_COLUMNS,
                    table->cells + (size_t)i * block * SENSITIVITY_COLUMNS,
                    block * SENSITIVITY_COLUMNS * sizeof(double));
            table->row_count += block;
        }
    }
}

bool study_sensitivity(const Study *study, const SensitivityOptions *options, Arena *arena,
                       SensitivityResult *result)
{
    assert(study != NULL && options != NULL && options->target_count > 0);
    *result = (SensitivityResult){.table = make_table(study, options, arena)};
    result->outcomes = arena_array(arena, (size_t)study->arm_count, sizeof *result->outcomes);
    Job job = {
        .study = study, .options = options, .result = result, .moments = moments_of(options)};
    job.there =
        arena_array(arena, (size_t)study->arm_count * (size_t)job.moments + 1, sizeof *job.there);
    const Tape *tape = compile(study, options, arena);
    for (int first = 0; first < study->arm_count && !result->stopped; first += MOST_LANES) {
        int rest = study->arm_count - first;
        job.first_arm = first;
        job.lanes = rest < MOST_LANES ? rest : MOST_LANES;
        if (!run_pack(&job, tape)) {
            return false;
        }
    }
    for (int arm = 0; arm < study->arm_count; arm++) {
        for (int i = 0; i < study->table_outputs; i++) {
            normalise(&job, arm, i);
        }
    }
    close_gaps(&job);
    return true;
}
