/* read_fit_observe.c: fit.observe: what was observed, and its error model.
 *
 *   additive      sd of y                    proportional  sd = cv f
 *   combined      variance sd^2 + (cv f)^2   lognormal     sd of ln y
 *
 * A number that is not given is to be estimated (index -2 until the parameters are counted).
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "params/read_fit.h"

#include <math.h>
#include <string.h>

enum { TO_BE_ESTIMATED = -2, GIVEN = -1, MOST_LISTED = 8 };

static bool read_error_kind(FitReader *fit, Entry *group, FitObservable *one)
{
    static const char *const words[] = {"additive", "proportional", "combined", "lognormal"};
    const Entry *entry = member(group, "error");
    for (int i = 0; entry && i < 4; i++) {
        if (strcmp(entry->text, words[i]) == 0) {
            one->error = (ErrorKind)i;
            return true;
        }
    }
    if (entry) {
        diag_report(fit->reader->diag, FAULT_P424, entry->value, "there is no error model '%s'",
                    entry->text);
        const char *near = names_near_list(words, 4, entry->text);
        near = near ? near : fit_error_word(entry->text);
        if (near) {
            diag_hint(fit->reader->diag, "did you mean '%s'?", near);
        } else {
            diag_hint(fit->reader->diag, "known: additive, proportional, combined, lognormal");
        }
    }
    return entry == NULL;
}

/* A number of the error model: given, "estimate", or (left out) to be estimated. */
static void read_spread(FitReader *fit, Entry *group, const char *name, const Want *want,
                        double *value, int *index)
{
    Entry *entry = member(group, name);
    *index = TO_BE_ESTIMATED;
    if (!entry || (entry->kind == ENTRY_TEXT && strcmp(entry->text, "estimate") == 0)) {
        return;
    }
    if (read_quantity(fit->reader, entry, want, value) && !(*value > 0.0)) {
        diag_report(fit->reader->diag, FAULT_P424, entry->value, "'%s' is not positive", name);
    }
    *index = GIVEN;
}

static void refuse_spread(FitReader *fit, Entry *group, const char *name, ErrorKind error)
{
    const Entry *entry = entry_find(group, name);
    if (entry) {
        diag_report(fit->reader->diag, FAULT_P424, entry->key, "%s %s error has no '%s'",
                    error == ERROR_ADDITIVE ? "an" : "a", error_word(error), name);
        diag_hint(fit->reader->diag, "%s",
                  error == ERROR_LOGNORMAL  ? "its 'sd' is that of ln y: about a coefficient of "
                                              "variation"
                  : error == ERROR_ADDITIVE ? "it has 'sd'; \"combined\" has both"
                                            : "it has 'cv'; \"combined\" has both");
    }
}

static void read_error(FitReader *fit, Entry *group, FitObservable *one)
{
    Want sd = {one->error == ERROR_LOGNORMAL ? unit_one() : one->label->unit, "sd", {0}, NULL};
    Want cv = {unit_one(), "cv", {0}, NULL};
    one->sd_index = one->cv_index = GIVEN;
    one->sd = one->cv = 0.0;
    if (one->error == ERROR_PROPORTIONAL) {
        refuse_spread(fit, group, "sd", one->error);
    } else {
        read_spread(fit, group, "sd", &sd, &one->sd, &one->sd_index);
    }
    if (one->error == ERROR_PROPORTIONAL || one->error == ERROR_COMBINED) {
        read_spread(fit, group, "cv", &cv, &one->cv, &one->cv_index);
    } else {
        refuse_spread(fit, group, "cv", one->error);
    }
}

static void read_blq(FitReader *fit, Entry *group, FitObservable *one)
{
    const Entry *entry = member(group, "blq");
    one->blq = BLQ_M3;
    if (!entry) {
        return;
    }
    for (BlqMethod method = BLQ_M1; method <= BLQ_M4; method++) {
        if (strcmp(entry->text, blq_word(method)) == 0) {
            one->blq = method;
            return;
        }
    }
    diag_report(fit->reader->diag, FAULT_P424, entry->value,
                "'blq' is \"M1\", \"M3\" or \"M4\", not \"%s\"", entry->text);
}

/* The factor from the unit in which the data are written. */
static double read_data_unit(FitReader *fit, Entry *group, const FitObservable *one)
{
    Entry *entry = member(group, "unit");
    double factor = 1.0;
    Unit unit;
    Want want = {one->label->unit, one->label->name, one->label->span, NULL};
    if (entry && read_unit(fit->reader, entry, 0, strlen(entry->text), &unit)) {
        convert_unit(fit->reader, entry->value, unit, &want, &factor);
    }
    return factor;
}

static void read_one(FitReader *fit, Entry *group, const char *name, NameRef ref)
{
    Reader *reader = fit->reader;
    FitObservable *one = &fit->fit->observables[fit->fit->observable_count];
    keys_check(reader->arena, reader->diag, group, "fit.observe.*");
    const Entry *in_data = member(group, "name");
    const Entry *weight = member(group, "weight");
    *one = (FitObservable){.name = in_data ? in_data->text : name,
                           .label = model_label(reader->model, ref),
                           .expr = model_expr(reader->model, ref),
                           .weight = weight ? weight->number : 1.0,
                           .span = group->key};
    if (weight && !(weight->number > 0.0)) {
        diag_report(reader->diag, FAULT_P424, weight->value, "'weight' is not positive");
    }
    if (!names_add(fit->names, one->name, fit->fit->observable_count)) {
        diag_report(reader->diag, FAULT_P424, group->key, "two observables are '%s' in the data",
                    one->name);
    }
    if (read_error_kind(fit, group, one)) {
        read_error(fit, group, one);
    }
    read_blq(fit, group, one);
    fit->factor[fit->fit->observable_count++] = read_data_unit(fit, group, one);
}

static void report_name(FitReader *fit, const Entry *entry, const char *name, NameRef ref)
{
    Reader *reader = fit->reader;
    if (ref.kind != NAME_NONE) {
        diag_report(reader->diag, FAULT_P017, entry->key, "'%s' is %s: it cannot be observed", name,
                    kind_words(ref.kind));
        return;
    }
    diag_report(reader->diag, FAULT_P428, entry->key,
                "the model '%s' has no observable or state '%s'", reader->model->name, name);
    const char *near = model_near(
        reader->model, 1u << NAME_STATE | 1u << NAME_OBSERVABLE | 1u << NAME_LOCAL, name);
    if (near) {
        diag_hint(reader->diag, "did you mean '%s'?", near);
    } else if (reader->model->observable_count > 0) {
        Text list = text_new(reader->arena);
        int count = reader->model->observable_count;
        for (int i = 0; i < count && i < MOST_LISTED; i++) {
            text_format(&list, "%s%s", i > 0 ? ", " : "", reader->model->observables[i].label.name);
        }
        diag_hint(reader->diag, "it has %s%s", list.data, count > MOST_LISTED ? " and more" : "");
    }
}

/* The most there can be: every entry of the tree below. */
static int count_entries(const Entry *group)
{
    int count = 0;
    for (int i = 0; i < group->count; i++) {
        count += 1 + (group->items[i]->kind == ENTRY_GROUP ? count_entries(group->items[i]) : 0);
    }
    return count;
}

static void read_members(FitReader *fit, Entry *group, const char *prefix)
{
    Arena *arena = fit->reader->arena;
    for (int i = 0; i < group->count; i++) {
        Entry *entry = group->items[i];
        const char *name = arena_format(arena, "%s%s", prefix, entry->name);
        NameRef ref = model_find(fit->reader->model, name);
        bool seen = ref.kind == NAME_STATE || ref.kind == NAME_OBSERVABLE || ref.kind == NAME_LOCAL;
        if (entry->is_wrong) {
            continue;
        }
        if (entry->kind != ENTRY_GROUP) {
            diag_report(fit->reader->diag, FAULT_P013, entry->value, "'%s' is a group, not %s",
                        name, entry_kind_words(entry->kind));
            diag_hint(fit->reader->diag, "write { error = \"additive\"; }");
        } else if (seen) {
            read_one(fit, entry, name, ref);
        } else if (ref.kind == NAME_NONE &&
                   model_near(fit->reader->model, 1u << NAME_STATE | 1u << NAME_OBSERVABLE,
                              arena_format(arena, "%s.", name)) &&
                   entry->count > 0 && entry->items[0]->kind == ENTRY_GROUP) {
            read_members(fit, entry, arena_format(arena, "%s.", name));
        } else {
            report_name(fit, entry, name, ref);
        }
    }
}

void read_fit_observe(FitReader *fit)
{
    Arena *arena = fit->reader->arena;
    Entry *group = member(fit->group, "observe");
    fit->names = names_new(arena);
    if (!group) {
        if (!entry_find(fit->group, "observe")) {
            diag_report(fit->reader->diag, FAULT_P420, fit->group->key,
                        "'fit' does not say what was observed");
            diag_hint(fit->reader->diag, "write observe = { NAME = { error = \"additive\"; }; };");
        }
        return;
    }
    size_t most = (size_t)count_entries(group) + 1;
    fit->fit->observables = arena_array(arena, most, sizeof *fit->fit->observables);
    fit->factor = arena_array(arena, most, sizeof *fit->factor);
    read_members(fit, group, "");
    if (fit->fit->observable_count == 0 && group->count == 0) {
        diag_report(fit->reader->diag, FAULT_P420, group->key, "'observe' names nothing");
    }
}
