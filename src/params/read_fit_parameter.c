/* read_fit_parameter.c: fit.parameters: what is free, within which bounds, for whom.
 *
 * A parameter is shared by all subjects unless `by` or `groups` divides it; then each arm, subject
 * or group has a free one of its own. Where an arm has a value of its own that the estimate would
 * replace silently, that is an error.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "params/read_fit.h"

#include <assert.h>
#include <math.h>
#include <string.h>

typedef enum { BY_ALL, BY_ARM, BY_SUBJECT, BY_GROUP } Division;

typedef struct {
    FitReader *fit;
    Entry *group;
    int parameter; // of the model
    const Label *label;
    FitParameter draft;
    bool has_start;
    Division division;
    int *member; // (subject_count) BY_GROUP: which group, -1: none
    bool bad;
} Draft;

/* --- bounds and scale ----------------------------------------------------------------------------
 */

static void complain(Draft *draft, Fault fault, const Entry *entry, const char *words)
{
    draft->bad = true;
    diag_report(draft->fit->reader->diag, fault, entry ? entry->value : draft->group->key,
                "'%s' %s", draft->label->name, words);
}

static bool read_value(Draft *draft, Entry *group, const char *name, double *value)
{
    Entry *entry = member(group, name);
    Want want = {draft->label->unit, draft->label->name, draft->label->span, NULL};
    if (!entry) {
        return false;
    }
    bool good = read_quantity(draft->fit->reader, entry, &want, value);
    draft->bad = draft->bad || !good;
    return good;
}

static void read_scale(Draft *draft)
{
    static const char *const words[] = {"lin", "log", "logit"};
    const Entry *entry = member(draft->group, "scale");
    for (int i = 0; entry && i < 3; i++) {
        if (strcmp(entry->text, words[i]) == 0) {
            draft->draft.scale = (FitScale)i;
            return;
        }
    }
    if (entry) {
        draft->bad = true;
        diag_report(draft->fit->reader->diag, FAULT_P421, entry->value,
                    "'scale' is \"lin\", \"log\" or \"logit\", not \"%s\"", entry->text);
    }
}

static void check_bounds(Draft *draft)
{
    const FitParameter *one = &draft->draft;
    const Entry *low = member(draft->group, "low");
    const Entry *high = member(draft->group, "high");
    if (!(one->low < one->high)) {
        complain(draft, FAULT_P421, high ? high : low, "has a 'high' that is not above its 'low'");
    } else if (one->scale == SCALE_LOGIT && (!isfinite(one->low) || !isfinite(one->high))) {
        complain(draft, FAULT_P421, member(draft->group, "scale"),
                 "has a logit scale, which needs 'low' and 'high'");
    } else if (one->scale == SCALE_LOG && low && one->low < 0.0) {
        complain(draft, FAULT_P421, low, "has a log scale and a negative 'low'");
    }
}

/* A start between the bounds, where the scale has a number for it. */
static void check_start(Draft *draft, double start, const char *whose)
{
    const FitParameter *one = &draft->draft;
    const Entry *entry = member(draft->group, "start");
    bool open = one->scale == SCALE_LOGIT; // a logit does not reach its ends
    if (!entry && draft->fit->errors_before > 0) {
        return; // the value itself may be what is wrong
    }
    if (one->scale == SCALE_LOG && !(start > 0.0)) {
        complain(draft, FAULT_P421, entry, "starts at a value that has no logarithm");
    } else if (start < one->low || start > one->high ||
               (open && (start == one->low || start == one->high))) {
        complain(draft, FAULT_P421, entry, "starts outside its bounds");
    }
    if (draft->bad && !entry) {
        diag_hint(draft->fit->reader->diag,
                  "its value in %s is %g; give 'start', or other bounds or another scale", whose,
                  start);
    }
}

/* --- priors --------------------------------------------------------------------------------------
 */

/* A normal prior on the scale: lin: mean, sd; log: median, cv or sd of the logarithm; logit:
 * median, sd of the logit. */
static void read_prior(Draft *draft)
{
    Entry *prior = member(draft->group, "prior");
    FitParameter *one = &draft->draft;
    if (!prior || draft->bad) {
        return;
    }
    bool linear = one->scale == SCALE_LINEAR;
    const char *centre = linear ? "mean" : "median";
    const Entry *other = entry_find(prior, linear ? "median" : "mean");
    Entry *spread = member(prior, "sd");
    Entry *cv = member(prior, "cv");
    double value = (double)NAN;
    if (other) {
        complain(draft, FAULT_P425, other,
                 linear ? "has a linear scale: its prior has a 'mean'"
                        : "has a prior with a 'median' on this scale");
        return;
    }
    if (!read_value(draft, prior, centre, &value)) {
        if (!draft->bad) {
            complain(draft, FAULT_P425, prior,
                     linear ? "has a prior without 'mean'" : "has a prior without 'median'");
        }
        return;
    }
    if ((spread != NULL) == (cv != NULL) || (cv && one->scale == SCALE_LOGIT)) {
        complain(draft, FAULT_P425, prior, "has a prior that needs one of 'sd' and 'cv'");
        return;
    }
    Want want = {linear ? draft->label->unit : unit_one(), "sd", {0}, NULL};
    double sd = cv ? cv->number : (double)NAN;
    if (spread && !read_quantity(draft->fit->reader, spread, &want, &sd)) {
        draft->bad = true;
        return;
    }
    if (cv) {
        sd = linear ? sd * fabs(value) : sqrt(log1p(sd * sd));
    }
    one->prior_mean = scale_forth(one, value);
    one->prior_sd = sd;
    one->has_prior = true;
    if (!(sd > 0.0) || !isfinite(one->prior_mean)) {
        complain(draft, FAULT_P425, prior, "has a prior that makes no sense on this scale");
    }
}

/* --- for whom ------------------------------------------------------------------------------------
 */

static const char *subject_name(const Draft *draft, const FitSubject *subject)
{
    const Study *study = draft->fit->reader->study;
    bool arms = study->arm_count > 1;
    if (subject->id[0] == '\0') {
        return study->arms[subject->arm].name;
    }
    return arms ? arena_format(draft->fit->reader->arena, "%s/%s", study->arms[subject->arm].name,
                               subject->id)
                : subject->id;
}

/* Arms and ids that a group lists. */
static void join_group(Draft *draft, const Entry *list, int number)
{
    const Fit *fit = draft->fit->fit;
    const Study *study = draft->fit->reader->study;
    for (int i = 0; i < list->count; i++) {
        const Entry *entry = list->items[i];
        bool any = false;
        for (int k = 0; entry->kind == ENTRY_TEXT && k < fit->subject_count; k++) {
            const FitSubject *subject = &fit->subjects[k];
            bool is_it = strcmp(entry->text, study->arms[subject->arm].name) == 0 ||
                         strcmp(entry->text, subject->id) == 0;
            if (is_it && draft->member[k] >= 0) {
                complain(draft, FAULT_P423, entry, "has a subject in two groups");
                return;
            }
            draft->member[k] = is_it ? number : draft->member[k];
            any = any || is_it;
        }
        if (!any) {
            complain(draft, FAULT_P423, entry, "has a group with what is no arm and no subject");
        }
    }
}

static void read_groups(Draft *draft, Entry *groups)
{
    const Fit *fit = draft->fit->fit;
    draft->division = BY_GROUP;
    draft->member = arena_array(draft->fit->reader->arena, (size_t)fit->subject_count + 1,
                                sizeof *draft->member);
    for (int i = 0; i < fit->subject_count; i++) {
        draft->member[i] = -1;
    }
    for (int i = 0; i < groups->count; i++) {
        const Entry *list = groups->items[i];
        if (list->kind != ENTRY_ARRAY && list->kind != ENTRY_LIST) {
            complain(draft, FAULT_P423, list, "has a group that is no list of arms or subjects");
            return;
        }
        join_group(draft, list, i);
    }
    for (int i = 0; i < fit->subject_count && !draft->bad; i++) {
        if (draft->member[i] < 0) {
            complain(draft, FAULT_P423, groups,
                     arena_format(draft->fit->reader->arena, "has no group for '%s'",
                                  subject_name(draft, &fit->subjects[i])));
        }
    }
}

static void read_division(Draft *draft)
{
    const Entry *by = member(draft->group, "by");
    Entry *groups = member(draft->group, "groups");
    if (by && groups) {
        complain(draft, FAULT_P423, by, "has 'by' and 'groups'");
    } else if (groups) {
        read_groups(draft, groups);
    } else if (by && strcmp(by->text, "arm") == 0) {
        draft->division = BY_ARM;
    } else if (by && strcmp(by->text, "subject") == 0) {
        draft->division = BY_SUBJECT;
    } else if (by && strcmp(by->text, "all") != 0) {
        complain(draft, FAULT_P423, by, "goes by \"all\", \"arm\" or \"subject\"");
    }
}

/* Is what this arm gives a start of its own, or that of all who share its estimate? */
static bool may_differ(const Draft *draft, int arm)
{
    const Fit *fit = draft->fit->fit;
    const Study *study = draft->fit->reader->study;
    double own = study->arms[arm].parameters[draft->parameter];
    if (draft->division == BY_ARM || draft->division == BY_SUBJECT) {
        return true;
    }
    for (int i = 0; draft->division == BY_GROUP && i < fit->subject_count; i++) {
        for (int k = 0; fit->subjects[i].arm == arm && k < fit->subject_count; k++) {
            const Arm *other = &study->arms[fit->subjects[k].arm];
            if (draft->member[k] == draft->member[i] &&
                other->parameters[draft->parameter] != own) {
                return false;
            }
        }
    }
    return draft->division == BY_GROUP;
}

/* A value that an arm gives and the estimate would replace. */
static void check_arms(Draft *draft)
{
    const Study *study = draft->fit->reader->study;
    for (int i = 0; i < study->arm_count && !draft->bad; i++) {
        const Origin *origin = &study->arms[i].parameter_origin[draft->parameter];
        if (origin->kind == ORIGIN_ARM && !may_differ(draft, i)) {
            diag_report(draft->fit->reader->diag, FAULT_P422, draft->group->key,
                        "arm '%s' gives '%s' a value of its own, which one estimate would replace",
                        study->arms[i].name, draft->label->name);
            diag_note(draft->fit->reader->diag, origin->span, "it is here");
            diag_hint(draft->fit->reader->diag, "write by = \"arm\", or take the value out");
            draft->bad = true;
        }
    }
}

/* The name of the division a subject belongs to, and its number. */
static int division_of(const Draft *draft, int subject, const char **name)
{
    const FitSubject *one = &draft->fit->fit->subjects[subject];
    switch (draft->division) {
    case BY_ARM:
        *name = draft->fit->reader->study->arms[one->arm].name;
        return one->arm;
    case BY_SUBJECT:
        *name = subject_name(draft, one);
        return subject;
    case BY_GROUP:
        *name = member(draft->group, "groups")->items[draft->member[subject]]->name;
        return draft->member[subject];
    case BY_ALL:
        break;
    }
    *name = NULL;
    return 0;
}

/* Free parameters for all divisions that occur, and who has which. */
static void divide(Draft *draft, int target)
{
    FitReader *fit = draft->fit;
    const Study *study = fit->reader->study;
    size_t most = (size_t)fit->fit->subject_count + (size_t)study->arm_count + 1;
    int *made = arena_array(fit->reader->arena, most, sizeof *made);
    for (int i = 0; i < fit->fit->subject_count && !draft->bad; i++) {
        const char *name;
        int division = division_of(draft, i, &name);
        const Arm *arm = &study->arms[fit->fit->subjects[i].arm];
        if (made[division] == 0) {
            FitParameter one = draft->draft;
            one.name = name ? arena_format(fit->reader->arena, "%s[%s]", draft->label->name, name)
                            : draft->label->name;
            one.start = draft->has_start ? one.start : arm->parameters[draft->parameter];
            one.arm = draft->division == BY_ARM && study->arm_count > 1 ? arm->name : NULL;
            one.by_subject = draft->division == BY_SUBJECT;
            check_start(draft, one.start, one.arm ? one.arm : "the study");
            made[division] = add_fit_parameter(fit, one) + 1;
        }
        fit->fit->subjects[i].free[target] = made[division] - 1;
    }
}

static void read_one(void *context, Entry *group, NameRef ref)
{
    FitReader *fit = context;
    Reader *reader = fit->reader;
    const Label *label = model_label(reader->model, ref);
    if (group->kind != ENTRY_GROUP) {
        diag_report(reader->diag, FAULT_P013, group->value, "'%s' is a group, not %s", label->name,
                    entry_kind_words(group->kind));
        diag_hint(reader->diag, "write { } or { low = ...; high = ...; scale = \"log\"; }");
        return;
    }
    Draft draft = {.fit = fit, .group = group, .parameter = ref.index, .label = label};
    draft.draft = (FitParameter){.parameter = ref.index,
                                 .unit = label->unit.known ? label->unit.text : "",
                                 .low = (double)-INFINITY,
                                 .high = (double)INFINITY,
                                 .span = group->key};
    keys_check(reader->arena, reader->diag, group, "fit.parameters.*");
    for (int i = 0; i < group->count; i++) {
        draft.bad = draft.bad || group->items[i]->is_wrong;
    }
    read_scale(&draft);
    if (draft.draft.scale == SCALE_LOG) {
        draft.draft.low = 0.0;
    }
    draft.has_start = read_value(&draft, group, "start", &draft.draft.start);
    (void)read_value(&draft, group, "low", &draft.draft.low);
    (void)read_value(&draft, group, "high", &draft.draft.high);
    if (!draft.bad) {
        check_bounds(&draft);
        read_prior(&draft);
        read_division(&draft);
        check_arms(&draft);
    }
    int target = fit->fit->target_count++;
    fit->fit->targets[target] = ref.index;
    if (!draft.bad) {
        divide(&draft, target);
    }
}

/* --- all -----------------------------------------------------------------------------------------
 */

void read_fit_parameters(FitReader *fit)
{
    Reader *reader = fit->reader;
    Entry *group = member(fit->group, "parameters");
    if (!group) {
        if (!entry_find(fit->group, "parameters")) {
            diag_report(reader->diag, FAULT_P420, fit->group->key,
                        "'fit' does not say which parameters are free");
            diag_hint(reader->diag, "write parameters = { NAME = { scale = \"log\"; }; };");
        }
        return;
    }
    size_t most = (size_t)reader->model->parameter_count + 1;
    fit->fit->targets = arena_array(reader->arena, most, sizeof *fit->fit->targets);
    for (int i = 0; i < fit->fit->subject_count; i++) {
        fit->fit->subjects[i].free = arena_array(reader->arena, most, sizeof(int));
    }
    const Named named = {
        .kinds = 1u << NAME_PARAMETER, .words = "parameter", .read = read_one, .context = fit};
    read_named(reader, group, &named);
    if (fit->fit->target_count == 0 && group->count == 0) {
        diag_report(reader->diag, FAULT_P420, group->key, "'parameters' names nothing");
    }
}
