/* read_arm.c: the arms of a study, each complete: the study's values, those of the arm that it is
 * like, its own.
 *
 * An arm may be like one that comes later; each is worked out when it is first needed, and an arm
 * that is needed for itself is an error. Doses are read anew for each arm, because an amount per
 * body weight depends on the covariates of the arm. SPDX-License-Identifier: GPL-3.0-or-later */
#include "params/reader.h"

#include <assert.h>
#include <math.h>
#include <string.h>

typedef enum { ARM_UNREAD, ARM_BEING_READ, ARM_READ } ArmStatus;

typedef struct {
    Reader *reader;
    Arm base; // the study's own values
    Entry **entries;
    Entry **doses; // the list that holds for each arm, or NULL
    ArmStatus *status;
    bool *doses_wrong; // by arm: its list has been complained about
    Names *names;
} Arms;

static void new_values(Reader *reader, Arm *arm)
{
    size_t parameters = (size_t)reader->model->parameter_count;
    size_t covariates = (size_t)reader->model->covariate_count;
    arm->parameters = arena_array(reader->arena, parameters + 1, sizeof *arm->parameters);
    arm->parameter_origin =
        arena_array(reader->arena, parameters + 1, sizeof *arm->parameter_origin);
    arm->covariates = arena_array(reader->arena, covariates + 1, sizeof *arm->covariates);
    arm->covariate_origin =
        arena_array(reader->arena, covariates + 1, sizeof *arm->covariate_origin);
}

static void copy_values(Reader *reader, Arm *arm, const Arm *from)
{
    size_t parameters = (size_t)reader->model->parameter_count;
    size_t covariates = (size_t)reader->model->covariate_count;
    memcpy(arm->parameters, from->parameters, parameters * sizeof *arm->parameters);
    memcpy(arm->parameter_origin, from->parameter_origin,
           parameters * sizeof *arm->parameter_origin);
    memcpy(arm->covariates, from->covariates, covariates * sizeof *arm->covariates);
    memcpy(arm->covariate_origin, from->covariate_origin,
           covariates * sizeof *arm->covariate_origin);
}

static void take_defaults(const Parameter *declared, int count, double *values, Origin *origins)
{
    for (int i = 0; i < count; i++) {
        values[i] = declared[i].has_default ? declared[i].value : (double)NAN;
        origins[i] = (Origin){.kind = ORIGIN_MODEL, .span = declared[i].label.span};
    }
}

/* --- values that are missing ---------------------------------------------------------------------
 */

enum { MOST_LISTED = 20 };

/* One complaint for all that are missing: NaN is what nobody gave. */
static void report_missing(Reader *reader, const Parameter *declared, int count,
                           const double *values, Span where, const char *word)
{
    // A covariate may come from the data file, perhaps one that could not be read.
    bool is_covariate = declared == reader->model->covariates;
    const DataSet *data = reader->study->data;
    const bool *given = is_covariate && data ? data->given : NULL;
    if (is_covariate && !data && entry_find(reader->config->root, "data")) {
        return;
    }
    Text list = text_new(reader->arena);
    int missing = 0;
    const Label *first = NULL;
    for (int i = 0; i < count; i++) {
        const Label *label = &declared[i].label;
        if (!isnan(values[i]) || (given && given[i])) {
            continue;
        }
        first = first ? first : label;
        if (missing++ < MOST_LISTED) {
            text_format(&list, "\n    %s [%s]%s%s", label->name,
                        label->unit.known ? label->unit.text : "no unit", label->text[0] ? " " : "",
                        label->text);
        }
    }
    if (missing == 0) {
        return;
    }
    if (missing > MOST_LISTED) {
        text_format(&list, "\n    ... and %d more", missing - MOST_LISTED);
    }
    where = reader->model_alone ? first->span : where;
    if (missing == 1) {
        diag_report(reader->diag, FAULT_P018, where, "one %s has no value:%s", word, list.data);
    } else {
        diag_report(reader->diag, FAULT_P018, where, "%d %ss have no value:%s", missing, word,
                    list.data);
    }
    if (!reader->model_alone) {
        diag_note(reader->diag, first->span, "'%s' is declared here, without a default",
                  first->name);
    }
}

static void check_complete(Reader *reader, const Arm *arm, Span where)
{
    const Model *model = reader->model;
    const Entry *root = reader->config->root;
    const Entry *parameters = member(root, "parameters");
    const Entry *covariates = member(root, "covariates");
    report_missing(reader, model->parameters, model->parameter_count, arm->parameters,
                   parameters ? parameters->key : where, "parameter");
    report_missing(reader, model->covariates, model->covariate_count, arm->covariates,
                   covariates ? covariates->key : where, "covariate");
}

/* --- arms ----------------------------------------------------------------------------------------
 */

static bool is_printable(const char *name)
{
    for (; *name; name++) {
        if ((unsigned char)*name < ' ') {
            return false;
        }
    }
    return true;
}

/* Names of all arms, before any is read: `like` may point forward. */
static void collect_names(Arms *arms)
{
    Reader *reader = arms->reader;
    for (int i = 0; i < reader->study->arm_count; i++) {
        Entry *entry = arms->entries[i];
        Entry *name = member(entry, "name");
        Arm *arm = &reader->study->arms[i];
        arm->name = name ? name->text : "";
        arm->span = name ? name->value : entry->value;
        if (!name) {
            if (!entry->is_wrong && !entry_find(entry, "name")) {
                Span open = {entry->value.source, entry->value.start, 1};
                diag_report(reader->diag, FAULT_P014, open, "this arm has no 'name'");
            }
        } else if (name->text[0] == '\0' || !is_printable(name->text)) {
            diag_report(reader->diag, FAULT_P029, name->value, "the name of an arm %s",
                        name->text[0] ? "must not hold control characters" : "is empty");
        } else if (!names_add(arms->names, name->text, i)) {
            diag_report(reader->diag, FAULT_P029, name->value, "two arms are named '%s'",
                        name->text);
            diag_note(reader->diag, reader->study->arms[names_find(arms->names, name->text)].span,
                      "the first is here");
        }
    }
}

static void read_arm(Arms *arms, int index);

/* The values an arm starts from. */
static void read_like(Arms *arms, int index)
{
    Reader *reader = arms->reader;
    Arm *arm = &reader->study->arms[index];
    Entry *like = member(arms->entries[index], "like");
    copy_values(reader, arm, &arms->base);
    if (!like) {
        return;
    }
    int other = names_find(arms->names, like->text);
    if (other < 0) {
        diag_report(reader->diag, FAULT_P030, like->value, "there is no arm '%s'", like->text);
        const char *near = names_near(arms->names, like->text);
        if (near) {
            diag_hint(reader->diag, "did you mean '%s'?", near);
        }
        return;
    }
    if (arms->status[other] == ARM_BEING_READ) {
        diag_report(reader->diag, FAULT_P031, like->value, "%s",
                    other == index ? "an arm cannot be like itself"
                                   : "these arms are like each other in a circle");
        return;
    }
    read_arm(arms, other);
    arm->like = reader->study->arms[other].name;
    copy_values(reader, arm, &reader->study->arms[other]);
    arms->doses[index] = arms->doses[other];
    arms->doses_wrong[index] = arms->doses_wrong[other];
}

static void read_arm(Arms *arms, int index)
{
    Reader *reader = arms->reader;
    Entry *entry = arms->entries[index];
    Arm *arm = &reader->study->arms[index];
    if (arms->status[index] == ARM_READ) {
        return;
    }
    arms->status[index] = ARM_BEING_READ;
    new_values(reader, arm);
    read_like(arms, index);
    read_parameters(reader, member(entry, "parameters"), ORIGIN_ARM, arm);
    read_covariates(reader, member(entry, "covariates"), ORIGIN_ARM, arm);
    if (entry_find(entry, "doses")) {
        arms->doses[index] = member(entry, "doses");
        arms->doses_wrong[index] = false;
    }
    if (arms->doses[index] && !arms->doses_wrong[index]) {
        int before = diag_errors(reader->diag);
        read_doses(reader, arms->doses[index], arm);
        arms->doses_wrong[index] = diag_errors(reader->diag) > before;
    }
    arms->status[index] = ARM_READ;
}

/* The one arm of a study without arms. */
static void read_only_arm(Reader *reader, const Arm *base)
{
    Study *study = reader->study;
    study->arms = arena_array(reader->arena, 1, sizeof *study->arms);
    study->arm_count = 1;
    study->arms[0] = *base;
    study->arms[0].name = "all";
    Span where = member(reader->config->root, "model")
                     ? member(reader->config->root, "model")->value
                     : reader->config->root->value;
    check_complete(reader, base, where);
    Entry *doses = member(reader->config->root, "doses");
    if (doses) {
        read_doses(reader, doses, &study->arms[0]);
    }
}

/* A value that lacks in every arm is one of the study; else the arm is named. */
static void check_arms_complete(Arms *arms)
{
    Reader *reader = arms->reader;
    const Study *study = reader->study;
    for (int i = 0; i < study->arm_count; i++) {
        int before = diag_errors(reader->diag);
        check_complete(reader, &study->arms[i], study->arms[i].span);
        if (diag_errors(reader->diag) > before) {
            diag_note(reader->diag, study->arms[i].span, "needed for this arm");
            return;
        }
    }
}

void read_arms(Reader *reader)
{
    const Model *model = reader->model;
    Study *study = reader->study;
    Entry *root = reader->config->root;
    Arms arms = {.reader = reader, .names = names_new(reader->arena)};
    new_values(reader, &arms.base);
    take_defaults(model->parameters, model->parameter_count, arms.base.parameters,
                  arms.base.parameter_origin);
    take_defaults(model->covariates, model->covariate_count, arms.base.covariates,
                  arms.base.covariate_origin);
    read_parameters(reader, member(root, "parameters"), ORIGIN_STUDY, &arms.base);
    read_covariates(reader, member(root, "covariates"), ORIGIN_STUDY, &arms.base);
    Entry *list = member(root, "arms");
    if (!list || list->count == 0) {
        read_only_arm(reader, &arms.base);
        return;
    }
    Entry *doses = entry_find(root, "doses");
    if (doses) {
        diag_report(reader->diag, FAULT_P037, doses->key,
                    "in a study with arms, doses stand in the arms");
        diag_hint(reader->diag, "give one arm the doses and make the others like it");
    }
    if (list->count > CONFIG_MAX_KEYS) {
        diag_report(reader->diag, FAULT_P052, list->key, "a study has at most %d arms",
                    CONFIG_MAX_KEYS);
        return;
    }
    size_t count = (size_t)list->count;
    study->arm_count = list->count;
    study->arms = arena_array(reader->arena, count, sizeof *study->arms);
    arms.entries = list->items;
    arms.doses = arena_array(reader->arena, count, sizeof *arms.doses);
    arms.status = arena_array(reader->arena, count, sizeof *arms.status);
    arms.doses_wrong = arena_array(reader->arena, count, sizeof *arms.doses_wrong);
    collect_names(&arms);
    reader->base = &arms.base;
    for (int i = 0; i < study->arm_count; i++) {
        read_arm(&arms, i);
    }
    reader->base = NULL;
    check_arms_complete(&arms);
}
