/* read_data.c: the key `data` of a study: which file, and how it is to be understood.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/file.h"
#include "params/data.h"
#include "params/reader.h"

#include <math.h>
#include <string.h>

/* The values of data.covariates. */
static void read_rules(Reader *reader, Entry *group, DataOptions *options)
{
    size_t count = group ? (size_t)group->count : 0;
    ColumnRule *rules = arena_array(reader->arena, count + 1, sizeof *rules);
    for (size_t i = 0; i < count; i++) {
        Entry *entry = group->items[i];
        NameRef ref = model_find(reader->model, entry->name);
        if (ref.kind != NAME_COVARIATE) {
            diag_report(reader->diag, FAULT_P016, entry->key, "the model has no covariate '%s'",
                        entry->name);
            const char *near = model_near(reader->model, 1u << NAME_COVARIATE, entry->name);
            if (near) {
                diag_hint(reader->diag, "did you mean '%s'?", near);
            }
            continue;
        }
        BetweenRule rule = entry->kind == ENTRY_TEXT ? between_rule(entry->text) : BETWEEN_UNSAID;
        if (rule == BETWEEN_UNSAID) {
            diag_report(reader->diag, FAULT_P013, entry->value,
                        "'%s' runs by \"locf\", \"nocb\", \"linear\" or \"constant\"", entry->name);
        }
        rules[options->rule_count++] = (ColumnRule){entry->name, rule};
    }
    options->rules = rules;
}

static Unit unit_of(Reader *reader, Entry *entry)
{
    Unit unit = unit_none();
    if (entry && !read_unit(reader, entry, 0, strlen(entry->text), &unit)) {
        unit = unit_none();
    }
    return unit;
}

static int route_of(Reader *reader, const Entry *entry)
{
    if (!entry) {
        return -1;
    }
    NameRef ref = model_find(reader->model, entry->text);
    if (ref.kind == NAME_ROUTE) {
        return ref.index;
    }
    diag_report(reader->diag, FAULT_P033, entry->value, "the model has no route '%s'", entry->text);
    const char *near = model_near(reader->model, 1u << NAME_ROUTE, entry->text);
    if (near) {
        diag_hint(reader->diag, "did you mean '%s'?", near);
    }
    return -1;
}

static void read_group(Reader *reader, Entry *group, DataOptions *options)
{
    keys_check(reader->arena, reader->diag, group, "data");
    Entry *ignore = member(group, "ignore");
    const char **names =
        arena_array(reader->arena, ignore ? (size_t)ignore->count + 1 : 1, sizeof *names);
    for (int i = 0; ignore && i < ignore->count; i++) {
        names[options->ignore_count++] = ignore->items[i]->text;
    }
    options->ignore = names;
    options->amount_unit = unit_of(reader, member(group, "amount_unit"));
    options->time_unit = unit_of(reader, member(group, "time_unit"));
    options->route = route_of(reader, member(group, "route"));
    read_rules(reader, member(group, "covariates"), options);
}

const char *data_file(const Reader *reader, const Entry *file)
{
    const char *path = file->text[0] == '/' || strcmp(reader->folder, ".") == 0
                           ? file->text
                           : file_join(reader->arena, reader->folder, file->text);
    if (file_exists(path)) {
        return path;
    }
    diag_report(reader->diag, FAULT_T001, file->value, "there is no data file '%s'", path);
    return NULL;
}

void read_data_key(Reader *reader)
{
    Entry *entry = member(reader->config->root, "data");
    if (!entry) {
        return;
    }
    DataOptions options = data_options_default();
    options.model = reader->model;
    options.lint = reader->options->lint;
    int before = diag_errors(reader->diag);
    Entry *file = entry;
    if (entry->kind == ENTRY_GROUP) {
        read_group(reader, entry, &options);
        file = member(entry, "file");
        if (!file && !entry_find(entry, "file")) {
            diag_report(reader->diag, FAULT_P014, entry->key, "'data' does not name its file");
        }
    } else if (entry->kind != ENTRY_TEXT) {
        diag_report(reader->diag, FAULT_P013, entry->value,
                    "'data' is the path of a file or a group, not %s",
                    entry_kind_words(entry->kind));
        return;
    }
    if (!file || diag_errors(reader->diag) > before) {
        return;
    }
    const char *path = data_file(reader, file);
    if (path == NULL) {
        return;
    }
    reader->study->data = read_data(reader->arena, path, &options, reader->diag);
}

/* A subject whose column is empty takes the value of the arm. */
static void check_covariates(Reader *reader, const Arm *arm)
{
    const DataSet *data = reader->study->data;
    const Model *model = reader->model;
    for (int i = 0; i < data->count; i++) {
        const DataSubject *subject = &data->subjects[i];
        for (int k = 0; k < model->covariate_count; k++) {
            if (data->given[k] && isnan(subject->covariates[k]) && isnan(arm->covariates[k])) {
                diag_report(reader->diag, FAULT_D017, subject->span,
                            "subject %s has no value of '%s' in any line, and the study gives none",
                            subject->id, model->covariates[k].label.name);
            }
        }
    }
}

void check_data_key(Reader *reader)
{
    Study *study = reader->study;
    const Entry *entry = entry_find(reader->config->root, "data");
    if (!entry) {
        return;
    }
    if (entry_find(reader->config->root, "population")) {
        diag_report(reader->diag, FAULT_P066, entry->key,
                    "a study has a population or a data file, not both");
    }
    for (int i = 0; i < study->arm_count; i++) {
        if (study->arms[i].regimen.count > 0) {
            diag_report(reader->diag, FAULT_P066, study->arms[i].regimen.doses[0].span,
                        "the doses of this study come from its data file");
            break;
        }
    }
    if (study->data && study->arm_count > 0) {
        check_covariates(reader, &study->arms[0]);
    }
}
