/* stroma_study.c: the public functions on studies: from a file, or put together by calls.
 *
 * A stroma_study holds a Study of its own that may still change. One made by calls keeps the
 * numbers and doses that all arms share in `common`; one from a file has arms only. A number that
 * was never given is NaN, and found when the study is to run.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "stroma_inside.h"

#include "params/params.h"

#include <math.h>
#include <string.h>

static const double DEFAULT_ATOL = 1e-9;

/* ---- from a file ---- */

stroma_study_options stroma_study_options_default(void)
{
    return (stroma_study_options){0};
}

static ParamsOptions params_options(Arena *arena, const stroma_study_options *options)
{
    ParamsOptions chosen = params_options_default();
    if (options == NULL) {
        return chosen;
    }
    chosen.models = (SearchPath){options->folders, options->folder_count};
    size_t count = (size_t)(options->setting_count > 0 ? options->setting_count : 0);
    Setting *settings = arena_array(arena, count + 1, sizeof *settings);
    for (size_t i = 0; i < count; i++) {
        settings[i] = (Setting){options->settings[2 * i], options->settings[2 * i + 1]};
    }
    chosen.settings = settings;
    chosen.setting_count = (int)count;
    return chosen;
}

/* The arms of a read study are constant; ours may change. */
static void own_arms(stroma_study *study)
{
    size_t count = (size_t)study->study.arm_count;
    Arm *arms = arena_array(study->arena, count, sizeof *arms);
    memcpy(arms, study->study.arms, count * sizeof *arms);
    study->study.arms = arms;
    study->arm_capacity = count;
}

static double *copy_numbers(Arena *arena, const double *from, int count)
{
    double *copy = arena_array(arena, (size_t)count, sizeof *copy);
    if (count > 0) {
        memcpy(copy, from, (size_t)count * sizeof *copy);
    }
    return copy;
}

stroma_status stroma_study_read(const char *path, const stroma_study_options *options,
                                stroma_report *report, stroma_study **study)
{
    if (path == NULL || study == NULL) {
        return STROMA_BAD_ARGUMENT;
    }
    *study = NULL;
    Arena *arena = NULL;
    stroma_study *object = object_new(sizeof *object, &arena);
    if (object == NULL) {
        return STROMA_OUT_OF_MEMORY;
    }
    Guard guard;
    guard_arena(arena, &guard);
    if (setjmp(guard.jump) != 0) {
        arena_free(arena);
        return STROMA_OUT_OF_MEMORY;
    }
    Diag *diag = diag_new(arena);
    ParamsOptions chosen = params_options(arena, options);
    const Study *read = params_read(arena, path, &chosen, diag);
    report_diag(report, diag);
    if (read == NULL) {
        arena_free(arena);
        return STROMA_BAD_STUDY;
    }
    object->arena = arena;
    object->study = *read;
    object->from_file = true;
    object->model.model = read->model;
    object->atol = copy_numbers(arena, read->solver.atol, read->model->state_count);
    object->study.solver.atol = object->atol;
    own_arms(object);
    *study = object;
    return STROMA_OK;
}

/* ---- by calls ---- */

static double *default_values(Arena *arena, const Parameter *parameters, int count)
{
    double *values = arena_array(arena, (size_t)count, sizeof *values);
    for (int i = 0; i < count; i++) {
        values[i] = parameters[i].has_default ? parameters[i].value : (double)NAN;
    }
    return values;
}

static Output output_of(const Model *model, NameRef ref)
{
    return (Output){.ref = ref, .label = model_label(model, ref), .expr = model_expr(model, ref)};
}

static void default_outputs(stroma_study *study)
{
    const Model *model = study->model.model;
    int count = model->state_count + model->observable_count;
    Output *outputs = arena_array(study->arena, (size_t)count, sizeof *outputs);
    for (int i = 0; i < count; i++) {
        bool state = i < model->state_count;
        NameRef ref = {state ? NAME_STATE : NAME_OBSERVABLE, state ? i : i - model->state_count};
        outputs[i] = output_of(model, ref);
    }
    study->study.outputs = outputs;
    study->study.output_count = study->study.table_outputs = count;
}

stroma_status stroma_study_new(const stroma_model *model, stroma_study **study)
{
    if (model == NULL || study == NULL) {
        return STROMA_BAD_ARGUMENT;
    }
    *study = NULL;
    Arena *arena = NULL;
    stroma_study *object = object_new(sizeof *object, &arena);
    if (object == NULL) {
        return STROMA_OUT_OF_MEMORY;
    }
    Guard guard;
    guard_arena(arena, &guard);
    if (setjmp(guard.jump) != 0) {
        arena_free(arena);
        return STROMA_OUT_OF_MEMORY;
    }
    const Model *inside = model->model;
    object->arena = arena;
    object->model.model = inside;
    object->study = (Study){.arena = arena,
                            .model = inside,
                            .name = inside->name,
                            .path = "",
                            .title = "",
                            .question = "",
                            .reading = "",
                            .notice = "",
                            .solver = solver_options_default()};
    object->atol = arena_array(arena, (size_t)inside->state_count, sizeof *object->atol);
    for (int i = 0; i < inside->state_count; i++) {
        object->atol[i] = DEFAULT_ATOL;
    }
    object->study.solver.atol = object->atol;
    object->common =
        (Arm){.name = "all",
              .parameters = default_values(arena, inside->parameters, inside->parameter_count),
              .covariates = default_values(arena, inside->covariates, inside->covariate_count)};
    default_outputs(object);
    *study = object;
    return STROMA_OK;
}

void stroma_study_free(stroma_study *study)
{
    if (study != NULL) {
        arena_free(study->arena);
    }
}

const stroma_model *stroma_study_model(const stroma_study *study)
{
    return &study->model;
}

int stroma_study_arm_count(const stroma_study *study)
{
    return study->study.arm_count;
}

const char *stroma_study_arm_name(const stroma_study *study, int index)
{
    return index >= 0 && index < study->study.arm_count ? study->study.arms[index].name : NULL;
}

__attribute__((noinline)) static int find_arm(const stroma_study *study, const char *name)
{
    for (int i = 0; i < study->study.arm_count; i++) {
        if (strcmp(study->study.arms[i].name, name) == 0) {
            return i;
        }
    }
    return -1;
}

/* A name that a CSV and a gnuplot script can carry without quotes. */
static bool good_name(const char *name)
{
    if (name == NULL || name[0] == '\0' || strpbrk(name, ",\"\\") != NULL) {
        return false;
    }
    for (const char *at = name; *at != '\0'; at++) {
        if ((unsigned char)*at < ' ' || *at == 127) {
            return false;
        }
    }
    return true;
}

static Regimen copy_regimen(Arena *arena, const Regimen *from)
{
    Regimen copy = {.count = from->count};
    copy.doses = arena_array(arena, (size_t)from->count, sizeof *copy.doses);
    if (from->count > 0) {
        memcpy(copy.doses, from->doses, (size_t)from->count * sizeof *copy.doses);
    }
    return copy;
}

/* A new arm like arm number model_arm, or like the common one if that is -1. What follows a setjmp
 * stands in functions of its own, so that no local variable lives across it. */
__attribute__((noinline)) static void put_arm(stroma_study *study, const char *name, int model_arm)
{
    Study *inside = &study->study;
    const Model *model = inside->model;
    inside->arms = arena_grow(study->arena, inside->arms, (size_t)inside->arm_count,
                              &study->arm_capacity, sizeof *inside->arms);
    const Arm *from = model_arm < 0 ? &study->common : &inside->arms[model_arm];
    Arm arm = *from;
    arm.name = arena_copy(study->arena, name, strlen(name));
    arm.like = model_arm < 0 ? NULL : from->name;
    arm.parameters = copy_numbers(study->arena, from->parameters, model->parameter_count);
    arm.covariates = copy_numbers(study->arena, from->covariates, model->covariate_count);
    arm.regimen = copy_regimen(study->arena, &from->regimen);
    inside->arms[inside->arm_count++] = arm;
}

stroma_status stroma_study_add_arm(stroma_study *study, const char *name, const char *like)
{
    if (study == NULL || !good_name(name) || find_arm(study, name) >= 0 ||
        (like == NULL && study->from_file)) {
        return STROMA_BAD_ARGUMENT;
    }
    int model_arm = like == NULL ? -1 : find_arm(study, like);
    if (like != NULL && model_arm < 0) {
        return STROMA_NO_SUCH_NAME;
    }
    Guard guard;
    guard_arena(study->arena, &guard);
    if (setjmp(guard.jump) != 0) {
        return STROMA_OUT_OF_MEMORY;
    }
    put_arm(study, name, model_arm);
    return STROMA_OK;
}

/* The arms a call is about: all of them (and the common one) if arm is NULL. False: no such arm. */
static bool arms_of(const stroma_study *study, const char *arm, int *first, int *last)
{
    *first = arm == NULL ? -1 : find_arm(study, arm);
    *last = arm == NULL ? study->study.arm_count - 1 : *first;
    return arm == NULL || *first >= 0;
}

static Arm *arm_at(stroma_study *study, int index)
{
    return index < 0 ? &study->common : &study->study.arms[index];
}

static stroma_status set_value(stroma_study *study, const char *arm, stroma_kind kind,
                               const char *name, double value)
{
    int first;
    int last;
    if (study == NULL || name == NULL || !isfinite(value)) {
        return STROMA_BAD_ARGUMENT;
    }
    int index = stroma_model_find(&study->model, kind, name);
    if (index < 0 || !arms_of(study, arm, &first, &last)) {
        return STROMA_NO_SUCH_NAME;
    }
    for (int i = first; i <= last; i++) {
        Arm *changed = arm_at(study, i);
        double *values = kind == STROMA_PARAMETER ? changed->parameters : changed->covariates;
        if (values != NULL) { // a study from a file has no common arm
            values[index] = value;
        }
    }
    return STROMA_OK;
}

stroma_status stroma_study_set_parameter(stroma_study *study, const char *arm, const char *name,
                                         double value)
{
    return set_value(study, arm, STROMA_PARAMETER, name, value);
}

stroma_status stroma_study_set_covariate(stroma_study *study, const char *arm, const char *name,
                                         double value)
{
    return set_value(study, arm, STROMA_COVARIATE, name, value);
}

stroma_dose stroma_dose_default(void)
{
    return (stroma_dose){.count = 1};
}

static bool sensible_dose(const stroma_dose *dose)
{
    bool finite = isfinite(dose->amount) && isfinite(dose->time) && isfinite(dose->duration) &&
                  isfinite(dose->rate) && isfinite(dose->interval);
    int kinds = (dose->duration != 0.0) + (dose->rate != 0.0) + (dose->modelled != 0);
    bool repeated = dose->count > 1 || dose->steady;
    return finite && kinds <= 1 && dose->duration >= 0.0 && dose->rate >= 0.0 && dose->count >= 1 &&
           (!repeated || dose->interval > 0.0) && (dose->route == NULL) != (dose->state == NULL) &&
           (dose->route != NULL || !dose->modelled);
}

static DoseKind kind_of(const stroma_dose *dose, const Route *route)
{
    if (dose->duration > 0.0) {
        return DOSE_INFUSION_DURATION;
    }
    if (dose->rate > 0.0) {
        return DOSE_INFUSION_RATE;
    }
    if (!dose->modelled) {
        return DOSE_BOLUS;
    }
    return route->rate != EXPR_NONE ? DOSE_MODEL_RATE : DOSE_MODEL_DURATION;
}

static void append_dose(Arena *arena, Arm *arm, const Dose *dose, const char *words)
{
    size_t count = (size_t)arm->regimen.count;
    Dose *doses = arena_array(arena, count + 1, sizeof *doses);
    const char **texts = arena_array(arena, count + 1, sizeof *texts);
    for (size_t i = 0; i < count; i++) {
        doses[i] = arm->regimen.doses[i];
        texts[i] = arm->dose_text[i];
    }
    doses[count] = *dose;
    texts[count] = words;
    arm->dose_text = texts;
    arm->regimen = (Regimen){doses, (int)count + 1};
}

/* The dose, through route or into state `index`, for arms first .. last. */
__attribute__((noinline)) static void put_dose(stroma_study *study, const stroma_dose *dose,
                                               int index, int first, int last)
{
    bool by_route = dose->route != NULL;
    const char *through = by_route ? dose->route : dose->state;
    const Route *route = by_route ? &study->study.model->routes[index] : NULL;
    Dose added = {.kind = kind_of(dose, route),
                  .route = by_route ? index : -1,
                  .state = by_route ? -1 : index,
                  .amount = dose->amount,
                  .time = dose->time,
                  .duration = dose->duration,
                  .rate = dose->rate,
                  .count = dose->count,
                  .interval = dose->interval,
                  .steady = dose->steady != 0};
    Text words = text_new(study->arena);
    text_format(&words, "%s ", through);
    text_number(&words, dose->amount);
    first = first < 0 && study->from_file ? 0 : first;
    for (int i = first; i <= last; i++) {
        append_dose(study->arena, arm_at(study, i), &added, words.data);
    }
}

stroma_status stroma_study_add_dose(stroma_study *study, const char *arm, const stroma_dose *dose)
{
    int first;
    int last;
    if (study == NULL || dose == NULL || !sensible_dose(dose)) {
        return STROMA_BAD_ARGUMENT;
    }
    bool by_route = dose->route != NULL;
    const char *through = by_route ? dose->route : dose->state;
    int index = stroma_model_find(&study->model, by_route ? STROMA_ROUTE : STROMA_STATE, through);
    if (index < 0 || !arms_of(study, arm, &first, &last)) {
        return STROMA_NO_SUCH_NAME;
    }
    const Route *route = by_route ? &study->study.model->routes[index] : NULL;
    if (dose->modelled && route->rate == EXPR_NONE && route->duration == EXPR_NONE) {
        return STROMA_BAD_ARGUMENT;
    }
    Guard guard;
    guard_arena(study->arena, &guard);
    if (setjmp(guard.jump) != 0) {
        return STROMA_OUT_OF_MEMORY;
    }
    put_dose(study, dose, index, first, last);
    return STROMA_OK;
}

stroma_status stroma_study_set_times(stroma_study *study, double start, double end,
                                     const double *times, int count)
{
    if (study == NULL || times == NULL || count < 1 || !isfinite(start) || !isfinite(end) ||
        !(start <= end)) {
        return STROMA_BAD_ARGUMENT;
    }
    for (int i = 0; i < count; i++) {
        bool inside = times[i] >= start && times[i] <= end;
        if (!inside || (i > 0 && !(times[i] > times[i - 1]))) {
            return STROMA_BAD_ARGUMENT;
        }
    }
    Guard guard;
    guard_arena(study->arena, &guard);
    if (setjmp(guard.jump) != 0) {
        return STROMA_OUT_OF_MEMORY;
    }
    study->study.times = copy_numbers(study->arena, times, count);
    study->study.time_count = count;
    study->study.start = start;
    study->study.end = end;
    return STROMA_OK;
}

stroma_status stroma_study_set_outputs(stroma_study *study, const char *const *names, int count)
{
    if (study == NULL || names == NULL || count < 1) {
        return STROMA_BAD_ARGUMENT;
    }
    Guard guard;
    guard_arena(study->arena, &guard);
    if (setjmp(guard.jump) != 0) {
        return STROMA_OUT_OF_MEMORY;
    }
    const Model *model = study->study.model;
    Output *outputs = arena_array(study->arena, (size_t)count, sizeof *outputs);
    for (int i = 0; i < count; i++) {
        if (names[i] == NULL) {
            return STROMA_BAD_ARGUMENT;
        }
        NameRef ref = model_find(model, names[i]);
        if (ref.kind != NAME_STATE && ref.kind != NAME_OBSERVABLE && ref.kind != NAME_LOCAL) {
            return STROMA_NO_SUCH_NAME;
        }
        outputs[i] = output_of(model, ref);
    }
    study->study.outputs = outputs;
    study->study.output_count = study->study.table_outputs = count;
    study->study.plot_count = 0; // they named outputs by number
    return STROMA_OK;
}

/* ---- tolerances and start ---- */

stroma_status stroma_study_set_tolerances(stroma_study *study, double rtol, double atol)
{
    if (study == NULL || !(rtol > 0.0) || !(rtol < 1.0) || !(atol > 0.0) || !isfinite(atol)) {
        return STROMA_BAD_ARGUMENT;
    }
    study->study.solver.rtol = rtol;
    for (int i = 0; i < study->study.model->state_count; i++) {
        study->atol[i] = atol;
    }
    return STROMA_OK;
}

stroma_status stroma_study_set_state_tolerance(stroma_study *study, const char *state, double atol)
{
    if (study == NULL || state == NULL || !(atol > 0.0) || !isfinite(atol)) {
        return STROMA_BAD_ARGUMENT;
    }
    int index = stroma_model_find(&study->model, STROMA_STATE, state);
    if (index < 0) {
        return STROMA_NO_SUCH_NAME;
    }
    study->atol[index] = atol;
    return STROMA_OK;
}

stroma_status stroma_study_set_steady_start(stroma_study *study, int steady)
{
    if (study == NULL) {
        return STROMA_BAD_ARGUMENT;
    }
    study->study.steady_start = steady != 0;
    return STROMA_OK;
}
