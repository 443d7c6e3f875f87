/* manifest.c: what was run, as JSON: enough to run it again and to trust it.
 *
 * Every number of every arm with its unit, where it was written and on what evidence; hashes of all
 * files that were read; doses and the events they became; tolerances, solver statistics and how
 * each arm ended. Neither the clock nor the host is asked, so the same study gives the same bytes.
 * jansson writes reals with 17 digits; on their way out they are made as short as they can be.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/batch.h"
#include "study/population.h"

#include "base/number.h"

#include <assert.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A string; bytes that are not UTF-8 (a path may hold any) become question marks. */
static json_t *string_of(Arena *arena, const char *text)
{
    json_t *value = json_string(text == NULL ? "" : text);
    if (value != NULL) {
        return value;
    }
    char *copy = arena_copy(arena, text, strlen(text));
    for (char *at = copy; *at != '\0'; at++) {
        *at = (unsigned char)*at < 128 ? *at : '?';
    }
    return json_string(copy);
}

static json_t *number_of(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static void set_string(Arena *arena, json_t *object, const char *key, const char *text)
{
    json_object_set_new(object, key, string_of(arena, text));
}

static void set_number(json_t *object, const char *key, double value)
{
    json_object_set_new(object, key, number_of(value));
}

static void set_count(json_t *object, const char *key, long value)
{
    json_object_set_new(object, key, json_integer(value));
}

/* One resolved number: value, unit, and everything that is known of its origin. */
static json_t *resolved(Arena *arena, const Label *label, double value, const Origin *origin)
{
    static const char *const words[] = {"model", "study", "arm", "--set"};
    json_t *object = json_object();
    set_number(object, "value", value);
    set_string(arena, object, "unit", study_unit(label->unit));
    if (origin == NULL) {
        return object;
    }
    set_string(arena, object, "from", words[origin->kind]);
    if (origin->span.source != NULL) {
        int line;
        int column;
        source_locate(origin->span.source, origin->span.start, &line, &column);
        const char *place = arena_format(arena, "%s:%d", origin->span.source->name, line);
        set_string(arena, object, "place", place);
    }
    if (origin->source != NULL) {
        set_string(arena, object, "source", origin->source);
    }
    if (origin->written != NULL) {
        set_string(arena, object, "written", origin->written);
    }
    return object;
}

static json_t *resolved_list(Arena *arena, const Parameter *parameters, int count,
                             const double *values, const Origin *origins)
{
    json_t *object = json_object();
    for (int i = 0; i < count; i++) {
        const Label *label = &parameters[i].label;
        const Origin *origin = origins == NULL ? NULL : &origins[i];
        json_object_set_new(object, label->name, resolved(arena, label, values[i], origin));
    }
    return object;
}

static json_t *schedule_list(Arena *arena, const Model *model, const Schedule *schedule)
{
    static const char *const words[] = {"infusion end", "bolus",   "infusion start", "steady state",
                                        "reset",        "replace", "multiply"};
    json_t *list = json_array();
    for (int i = 0; i < schedule->count; i++) {
        const ScheduleEvent *event = &schedule->events[i];
        json_t *object = json_object();
        set_number(object, "time", event->time);
        set_string(arena, object, "event", words[event->kind]);
        set_string(arena, object, "into", model->states[event->state].label.name);
        set_number(object, "amount", event->amount);
        if (event->kind == EVENT_INFUSION_START || event->kind == EVENT_INFUSION_END) {
            set_number(object, "rate", event->rate);
        }
        set_count(object, "dose", event->dose + 1);
        set_count(object, "repeat", event->repeat + 1);
        json_array_append_new(list, object);
    }
    return list;
}

static json_t *outcome_of(Arena *arena, const Model *model, const Outcome *outcome)
{
    json_t *object = json_object();
    set_string(arena, object, "kind", outcome_word(outcome->kind));
    set_number(object, "time", outcome->time);
    if (model->event_count > 0) {
        set_count(object, "events", outcome->events);
    }
    if (outcome->kind == OUTCOME_DONE) {
        return object;
    }
    Text words = text_new(arena);
    outcome_print(outcome, model, &words);
    while (words.length > 0 && words.data[words.length - 1] == '\n') {
        words.data[--words.length] = '\0';
    }
    set_string(arena, object, "words", words.data);
    if (outcome->state >= 0) {
        set_string(arena, object, "state", model->states[outcome->state].label.name);
    }
    return object;
}

/* How many subjects of an arm, or rows of a batch, ended how. */
static json_t *counts_of(const ArmCount *count)
{
    json_t *object = json_object();
    for (int kind = OUTCOME_DONE; kind < OUTCOME_COUNT; kind++) {
        if (kind == OUTCOME_DONE || count->kinds[kind] > 0) {
            set_count(object, outcome_word((OutcomeKind)kind), count->kinds[kind]);
        }
    }
    return object;
}

static json_t *vary_of(Arena *arena, const Population *population, const Vary *vary)
{
    static const char *const words[] = {"lognormal",  "normal",      "uniform",
                                        "loguniform", "logitnormal", "beta",
                                        "triangular", "categorical", "list"};
    json_t *object = json_object();
    if (population->table != NULL) {
        set_string(arena, object, "distribution", "table");
        return object;
    }
    set_string(arena, object, "distribution", words[vary->distribution]);
    if (vary->level != LEVEL_PATIENT) {
        set_string(arena, object, "level", population->levels[vary->level - 1].name);
    }
    if (vary->own_location) {
        set_string(arena, object, "location", "the value of the arm");
    }
    if (vary->relative) {
        set_string(arena, object, "relative", "a factor of the value of the arm");
    }
    json_t *numbers = json_object();
    const struct {
        const char *name;
        double value;
    } all[] = {{"a", vary->own_location ? (double)NAN : vary->a},
               {"b", vary->b},
               {"mode", vary->distribution == DRAW_TRIANGULAR ? vary->mode : (double)NAN},
               {"low", vary->low < vary->high ? vary->low : (double)NAN},
               {"high", vary->low < vary->high ? vary->high : (double)NAN},
               {"min", vary->min},
               {"max", vary->max}};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (isfinite(all[i].value) && vary->value_count == 0) {
            set_number(numbers, all[i].name, all[i].value);
        }
    }
    json_object_set_new(object, "numbers", numbers);
    json_t *values = json_array();
    for (int i = 0; i < vary->value_count; i++) {
        if (vary->distribution == DRAW_LIST) {
            json_array_append_new(values, number_of(vary->values[i]));
            continue;
        }
        json_t *pair = json_array();
        json_array_append_new(pair, number_of(vary->values[i]));
        json_array_append_new(pair, number_of(vary->weights[i]));
        json_array_append_new(values, pair);
    }
    json_object_set_new(object, "values", values);
    return object;
}

/* What the subjects are: size, seed, what varies and how, what `accept` cost. */
static json_t *population_of(Arena *arena, const Study *study, const RunResult *result)
{
    const Population *population = study->population;
    json_t *object = json_object();
    set_count(object, "size", population->size);
    set_string(arena, object, "seed",
               arena_format(arena, "%llu", (unsigned long long)population->seed));
    json_t *vary = json_object();
    for (int i = 0; i < population->vary_count; i++) {
        json_object_set_new(vary, model_label(study->model, population->vary[i].ref)->name,
                            vary_of(arena, population, &population->vary[i]));
    }
    json_object_set_new(object, "vary", vary);
    json_t *levels = json_object();
    for (int i = 0; i < population->level_count; i++) {
        set_count(levels, population->levels[i].name, population->levels[i].count);
    }
    json_object_set_new(object, "levels", levels);
    if (population->accept_count > 0) {
        json_t *accept = json_object();
        json_t *conditions = json_array();
        for (int i = 0; i < population->accept_count; i++) {
            json_array_append_new(conditions, string_of(arena, population->accept_text[i]));
        }
        json_object_set_new(accept, "conditions", conditions);
        double refused = result->population->refused;
        set_number(accept, "refused", refused);
        set_number(accept, "rate", population->size / (population->size + refused));
        json_object_set_new(object, "accept", accept);
    }
    return object;
}

/* The dose ledger of an arm: what should have entered, and what did. */
static json_t *ledger_of(Arena *arena, const Model *model, const ArmLedger *ledger)
{
    json_t *list = json_array();
    for (int i = 0; i < ledger->count; i++) {
        const LedgerLine *line = &ledger->lines[i];
        json_t *object = json_object();
        if (line->route >= 0) {
            set_string(arena, object, "route", model->routes[line->route].label.name);
        }
        set_string(arena, object, "into", model->states[line->state].label.name);
        set_number(object, "scheduled", line->scheduled);
        set_number(object, "delivered", line->delivered);
        json_array_append_new(list, object);
    }
    json_t *object = json_object();
    json_object_set_new(object, "lines", list);
    set_number(object, "largest_difference", ledger->worst);
    if (ledger->late > 0) {
        set_count(object, "after_the_end", ledger->late);
    }
    return object;
}

static json_t *arm_of(Arena *arena, const Study *study, const RunResult *result, int index)
{
    const Model *model = study->model;
    const Arm *arm = &study->arms[index];
    json_t *object = json_object();
    set_string(arena, object, "name", arm->name);
    if (arm->like != NULL) {
        set_string(arena, object, "like", arm->like);
    }
    json_object_set_new(object, "parameters",
                        resolved_list(arena, model->parameters, model->parameter_count,
                                      arm->parameters, arm->parameter_origin));
    json_object_set_new(object, "covariates",
                        resolved_list(arena, model->covariates, model->covariate_count,
                                      arm->covariates, arm->covariate_origin));
    json_t *doses = json_array();
    for (int i = 0; i < arm->regimen.count; i++) {
        const char *words = arm->dose_text == NULL ? "" : arm->dose_text[i];
        json_array_append_new(doses, string_of(arena, words));
    }
    json_object_set_new(object, "doses", doses);
    json_object_set_new(object, "schedule", schedule_list(arena, model, &result->schedules[index]));
    if (result->population != NULL) {
        json_object_set_new(object, "outcomes", counts_of(&result->population->arms[index]));
    } else if (result->batch != NULL) {
        json_object_set_new(object, "outcomes", counts_of(&result->batch->arms[index]));
    } else {
        json_object_set_new(object, "ledger", ledger_of(arena, model, &result->ledgers[index]));
        json_object_set_new(object, "outcome", outcome_of(arena, model, &result->outcomes[index]));
    }
    return object;
}

/* The subjects of a data file, and those that did not get to the end. */
static json_t *data_of(Arena *arena, const Study *study, const RunResult *result)
{
    const DataSet *data = study->data;
    json_t *object = json_object();
    set_string(arena, object, "path", data->path);
    set_count(object, "subjects", data->count);
    set_count(object, "records", data->line_count);
    set_count(object, "doses", data->dose_count);
    set_count(object, "observations", data->row_count);
    json_t *failed = json_array();
    for (int i = 0; i < study->arm_count * data->count; i++) {
        if (result->subjects[i].kind == OUTCOME_DONE) {
            continue;
        }
        json_t *one = outcome_of(arena, study->model, &result->subjects[i]);
        set_string(arena, one, "arm", study->arms[i / data->count].name);
        set_string(arena, one, "id", data->subjects[i % data->count].id);
        set_count(one, "occasion", data->subjects[i % data->count].occasion + 1);
        json_array_append_new(failed, one);
    }
    json_object_set_new(object, "failed", failed);
    return object;
}

/* The rows of a list of numbers; its hash is among the inputs. */
static json_t *batch_of(Arena *arena, const struct BatchCounts *batch)
{
    json_t *object = json_object();
    set_string(arena, object, "path", batch->path);
    json_t *columns = json_array();
    for (int i = 0; i < batch->column_count; i++) {
        json_array_append_new(columns, string_of(arena, batch->columns[i]));
    }
    json_object_set_new(object, "columns", columns);
    set_count(object, "rows", batch->rows);
    set_count(object, "failed", batch->failed);
    set_count(object, "not_run", batch->not_run);
    return object;
}

/* One number if all states have the same, else one for each state. */
static json_t *absolute_tolerance(const Study *study)
{
    const Model *model = study->model;
    const double *atol = study->solver.atol;
    bool same = true;
    for (int i = 1; i < model->state_count; i++) {
        same = same && atol[i] == atol[0];
    }
    if (same && model->state_count > 0) {
        return number_of(atol[0]);
    }
    json_t *object = json_object();
    for (int i = 0; i < model->state_count; i++) {
        set_number(object, model->states[i].label.name, atol[i]);
    }
    return object;
}

static json_t *solver_of(Arena *arena, const Study *study, const RunResult *result)
{
    const bool own = result->stats.own_steps > 0;
    const SolverOptions many = solver_options_of_many(&study->solver);
    const SolverOptions *options = own ? &many : &study->solver;
    json_t *object = json_object();
    set_string(arena, object, "method",
               own ? "Rosenbrock (Rodas5P), exact Jacobian, each subject by its own steps"
               : options->method == SOLVER_BDF || options->dense
                   ? "BDF, Newton iteration, exact Jacobian"
                   : "BDF, Newton iteration, exact Jacobian; Runge-Kutta where nothing is stiff");
    set_number(object, "rtol", options->rtol);
    json_object_set_new(object, "atol", absolute_tolerance(study));
    set_number(object, "safety", solver_safety(options));
    set_count(object, "max_steps", options->max_steps);
    set_number(object, "max_step", options->max_step);
    json_object_set_new(object, "native",
                        options->native || options->interpreted ? json_boolean(options->native)
                                                                : json_string("auto"));
    json_object_set_new(object, "dense", json_boolean(options->dense));
    set_count(object, "lanes", result->width);
    set_string(arena, object, "isa", result->isa);
    return object;
}

static json_t *statistics_of(const Model *model, const SolverStats *stats)
{
    json_t *object = json_object();
    set_count(object, "steps", stats->steps);
    set_count(object, "rate_calls", stats->rate_calls);
    set_count(object, "jacobian_calls", stats->jacobian_calls);
    set_count(object, "factorisations", stats->factorisations);
    set_count(object, "newton_iterations", stats->newton_iterations);
    set_count(object, "error_failures", stats->error_failures);
    set_count(object, "newton_failures", stats->newton_failures);
    set_count(object, "restarts", stats->restarts);
    set_count(object, "dense_fallbacks", stats->dense_fallbacks);
    set_count(object, "stops", stats->stops);
    if (model->event_count > 0) {
        set_count(object, "events", stats->events);
    }
    return object;
}

static json_t *study_of(Arena *arena, const Study *study)
{
    json_t *object = json_object();
    set_string(arena, object, "name", study->name);
    set_string(arena, object, "title", study->title);
    set_string(arena, object, "path", study->path);
    set_number(object, "start", study->start);
    set_number(object, "end", study->end);
    set_string(arena, object, "time_unit", study_unit(study->model->time_unit));
    set_count(object, "output_times", study->time_count);
    set_string(arena, object, "initial", study->steady_start ? "steady" : "given");
    return object;
}

static json_t *model_of(Arena *arena, const Model *model)
{
    json_t *object = json_object();
    set_string(arena, object, "name", model->name);
    set_string(arena, object, "title", model->title);
    set_string(arena, object, "path", model->path);
    set_count(object, "states", model->state_count);
    set_count(object, "parameters", model->parameter_count);
    return object;
}

static json_t *lists_of_study(Arena *arena, const Study *study, json_t *root)
{
    json_t *inputs = json_array();
    for (int i = 0; i < study->input_count; i++) {
        json_t *object = json_object();
        set_string(arena, object, "path", study->inputs[i].path);
        set_string(arena, object, "sha256", study->inputs[i].hash);
        json_array_append_new(inputs, object);
    }
    json_object_set_new(root, "inputs", inputs);
    json_t *settings = json_array();
    for (int i = 0; i < study->setting_count; i++) {
        json_t *object = json_object();
        set_string(arena, object, "path", study->settings[i].path);
        set_string(arena, object, "value", study->settings[i].value);
        json_array_append_new(settings, object);
    }
    json_object_set_new(root, "settings", settings);
    json_t *outputs = json_array();
    for (int i = 0; i < study->output_count; i++) {
        json_t *object = json_object();
        set_string(arena, object, "name", study->outputs[i].label->name);
        set_string(arena, object, "unit", study_unit(study->outputs[i].label->unit));
        json_array_append_new(outputs, object);
    }
    json_object_set_new(root, "outputs", outputs);
    json_t *plots = json_array();
    for (int i = 0; i < study->plot_count; i++) {
        json_array_append_new(plots, string_of(arena, study->plots[i].file));
    }
    json_object_set_new(root, "plots", plots);
    return root;
}

static json_t *whole(Arena *arena, const Study *study, const RunResult *result, const char *command)
{
    json_t *root = lists_of_study(arena, study, json_object());
    set_string(arena, root, "stroma", STROMA_VERSION);
    set_string(arena, root, "command", command);
    json_object_set_new(root, "study", study_of(arena, study));
    json_object_set_new(root, "model", model_of(arena, study->model));
    json_t *arms = json_array();
    for (int i = 0; i < study->arm_count; i++) {
        json_array_append_new(arms, arm_of(arena, study, result, i));
    }
    json_object_set_new(root, "arms", arms);
    if (result->population != NULL) {
        json_object_set_new(root, "population", population_of(arena, study, result));
    }
    if (study->data != NULL) {
        json_object_set_new(root, "data", data_of(arena, study, result));
    }
    if (result->batch != NULL) {
        json_object_set_new(root, "batch", batch_of(arena, result->batch));
    }
    json_object_set_new(root, "solver", solver_of(arena, study, result));
    json_object_set_new(root, "statistics", statistics_of(study->model, &result->stats));
    json_t *libraries = json_object();
    set_string(arena, libraries, "solver", solver_version());
    set_string(arena, libraries, "jansson", JANSSON_VERSION);
    json_object_set_new(root, "libraries", libraries);
    set_count(root, "failed", result->failed);
    json_object_set_new(root, "stopped", json_boolean(result->stopped));
    const char *epoch = getenv("SOURCE_DATE_EPOCH");
    if (epoch != NULL && epoch[0] != '\0') {
        set_string(arena, root, "source_date_epoch", epoch);
    }
    return root;
}

/* Where the writing stands: jansson hands over a quote, the pieces of a string, a quote; a real in
 * one piece. */
typedef struct {
    Text *text;
    bool in_string;
} Writing;

static int write_piece(const char *piece, size_t length, void *context)
{
    Writing *writing = context;
    if (length == 1 && piece[0] == '"') {
        writing->in_string = !writing->in_string;
    }
    bool real = !writing->in_string && memchr(piece, '.', length) != NULL;
    bool power = !writing->in_string && memchr(piece, 'e', length) != NULL;
    double value;
    size_t used;
    if ((real || power) && number_read(piece, length, &value, &used) && used == length) {
        char digits[NUMBER_TEXT_SIZE];
        number_text(value, digits);
        text_string(writing->text, digits);
        // 1.0 stays a real for readers that tell 1.0 from 1
        text_string(writing->text, strpbrk(digits, ".e") == NULL ? ".0" : "");
        return 0;
    }
    text_add(writing->text, piece, length);
    return 0;
}

bool study_manifest(const Study *study, const RunResult *result, const char *command, Arena *arena,
                    Text *text)
{
    assert(study != NULL && result != NULL && arena != NULL && text != NULL);
    json_t *root = whole(arena, study, result, command);
    Writing writing = {.text = text};
    int failed = json_dump_callback(root, write_piece, &writing, JSON_SORT_KEYS | JSON_INDENT(2));
    json_decref(root);
    text_string(text, "\n");
    return failed == 0;
}
