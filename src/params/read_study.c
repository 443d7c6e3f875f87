/* read_study.c: the model, the outputs, the start, and the order in which a study is read.
 *
 * The model comes first, for its names and units; arms before output times, because the size of the
 * result is checked there. Every reader goes on after a mistake, so that one run shows all of them.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/file.h"
#include "params/reader.h"

#include <math.h>
#include <string.h>

/* --- the model -----------------------------------------------------------------------------------
 */

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text);
    return length >= strlen(end) && strcmp(text + length - strlen(end), end) == 0;
}

/* folder/name or folder/name.stroma, whichever is a file; else NULL. */
static const char *model_in(Arena *arena, const char *folder, const char *name)
{
    bool plain = !folder || strcmp(folder, ".") == 0;
    const char *path = plain ? name : file_join(arena, folder, name);
    const char *full = arena_format(arena, "%s.stroma", path);
    if (!ends_with(path, ".stroma") && file_exists(full)) {
        return full;
    }
    return ends_with(path, ".stroma") && file_exists(path) ? path : NULL;
}

const char *find_model(Reader *reader, const char *name)
{
    if (name[0] == '/') {
        return model_in(reader->arena, NULL, name);
    }
    const char *found = model_in(reader->arena, reader->folder, name);
    for (int i = 0; !found && i < reader->search.count; i++) {
        found = model_in(reader->arena, reader->search.folders[i], name);
    }
    return found;
}

static void report_no_model(Reader *reader, const Entry *entry)
{
    diag_report(reader->diag, FAULT_P015, entry->value, "there is no model '%s'", entry->text);
    if (entry->text[0] == '/') {
        return;
    }
    Text folders = text_new(reader->arena);
    text_string(&folders, reader->folder);
    for (int i = 0; i < reader->search.count; i++) {
        text_format(&folders, ", %s", reader->search.folders[i]);
    }
    diag_hint(reader->diag, "looked in %s", folders.data);
}

const Model *read_model(Reader *reader)
{
    Entry *root = reader->config->root;
    Entry *entry = member(root, "model");
    if (!entry && reader->model_alone) {
        return model_read(reader->arena, reader->study->path, reader->search, reader->diag);
    }
    if (!entry || entry->kind != ENTRY_TEXT) {
        if (!entry_find(root, "model")) {
            diag_report(reader->diag, FAULT_P014, root->value, "the study does not name its model");
            diag_hint(reader->diag, "write model = \"NAME\";");
        }
        return NULL;
    }
    const char *path = find_model(reader, entry->text);
    if (!path) {
        report_no_model(reader, entry);
        return NULL;
    }
    return model_read(reader->arena, path, reader->search, reader->diag);
}

/* --- outputs -------------------------------------------------------------------------------------
 */

static int add_output(Reader *reader, NameRef ref)
{
    Study *study = reader->study;
    study->outputs[study->output_count] =
        (Output){ref, model_label(reader->model, ref), model_expr(reader->model, ref)};
    return study->output_count++;
}

static int index_of_output(const Study *study, NameRef ref)
{
    for (int i = 0; i < study->output_count; i++) {
        if (study->outputs[i].ref.kind == ref.kind && study->outputs[i].ref.index == ref.index) {
            return i;
        }
    }
    return -1;
}

static const unsigned output_kinds = 1u << NAME_STATE | 1u << NAME_PARAMETER |
                                     1u << NAME_COVARIATE | 1u << NAME_LOCAL |
                                     1u << NAME_OBSERVABLE;

static bool resolve_output(Reader *reader, const Entry *entry, NameRef *ref)
{
    *ref = model_find(reader->model, entry->text);
    if (output_kinds & 1u << ref->kind) {
        return true;
    }
    diag_report(reader->diag, FAULT_P040, entry->value, "the model '%s' has no quantity '%s'",
                reader->model->name, entry->text);
    const char *near = model_near(reader->model, output_kinds, entry->text);
    if (near) {
        diag_hint(reader->diag, "did you mean '%s'?", near);
    }
    return false;
}

int find_output(Reader *reader, Entry *entry)
{
    NameRef ref;
    if (!resolve_output(reader, entry, &ref)) {
        return -1;
    }
    int index = index_of_output(reader->study, ref);
    return index < 0 ? add_output(reader, ref) : index;
}

/* Room for every quantity of the model: no output can be there twice. */
static void new_outputs(Reader *reader)
{
    const Model *model = reader->model;
    size_t most = (size_t)model->state_count + (size_t)model->parameter_count +
                  (size_t)model->covariate_count + (size_t)model->local_count +
                  (size_t)model->observable_count;
    reader->study->outputs = arena_array(reader->arena, most + 1, sizeof *reader->study->outputs);
}

static void read_outputs(Reader *reader)
{
    const Model *model = reader->model;
    Study *study = reader->study;
    Entry *list = member(reader->config->root, "outputs");
    new_outputs(reader);
    for (int i = 0; list && i < list->count; i++) {
        NameRef ref;
        if (!resolve_output(reader, list->items[i], &ref)) {
            continue;
        }
        if (index_of_output(study, ref) >= 0) {
            diag_report(reader->diag, FAULT_P041, list->items[i]->value, "'%s' is listed twice",
                        list->items[i]->text);
            continue;
        }
        add_output(reader, ref);
    }
    if (list && list->count == 0) {
        diag_report(reader->diag, FAULT_P040, list->value, "the list of outputs is empty");
        diag_hint(reader->diag, "without 'outputs' all states and observables are written");
    }
    for (int i = 0; !list && i < model->state_count; i++) {
        add_output(reader, (NameRef){NAME_STATE, i});
    }
    for (int i = 0; !list && i < model->observable_count; i++) {
        add_output(reader, (NameRef){NAME_OBSERVABLE, i});
    }
    study->table_outputs = study->output_count;
}

/* The table of results has columns of its own. */
static void refuse_own_columns(Reader *reader)
{
    const Study *study = reader->study;
    static const char *const columns[] = {"arm", "id", "time"};
    for (int i = 0; i < study->output_count; i++) {
        const Label *label = study->outputs[i].label;
        for (int k = 0; k < 3; k++) {
            if (strcmp(label->name, columns[k]) == 0) {
                diag_report(reader->diag, FAULT_P041, label->span,
                            "the table of results has a column '%s' of its own", label->name);
                diag_hint(reader->diag, "give it another name, or leave it out of the outputs");
            }
        }
    }
}

/* --- the rest ------------------------------------------------------------------------------------
 */

static void read_start(Reader *reader)
{
    const Entry *start = member(reader->config->root, "start");
    if (!start || strcmp(start->text, "given") == 0) {
        return;
    }
    reader->study->steady_start = strcmp(start->text, "steady") == 0;
    if (!reader->study->steady_start) {
        diag_report(reader->diag, FAULT_P013, start->value,
                    "'start' is \"given\" or \"steady\", not \"%s\"", start->text);
    }
}

static void add_input(Reader *reader, const Source *source)
{
    Study *study = reader->study;
    for (int i = 0; i < study->input_count; i++) {
        if (strcmp(study->inputs[i].path, source->name) == 0) {
            return;
        }
    }
    char hash[65];
    file_hash(source->text, source->length, hash);
    study->inputs[study->input_count++] =
        (InputFile){source->name, arena_copy(reader->arena, hash, 64)};
}

/* The files that were read: the study, what it includes, the model, its modules, the subjects,
 * measured values. */
static void list_inputs(Reader *reader)
{
    const Config *config = reader->config;
    size_t most = config->source_count + (size_t)reader->model->source_count +
                  (size_t)reader->point_files + 3;
    reader->study->inputs = arena_array(reader->arena, most + 1, sizeof *reader->study->inputs);
    for (size_t i = reader->model_alone ? 1 : 0; i < config->source_count; i++) {
        add_input(reader, config->sources[i]);
    }
    for (int i = 0; i < reader->model->source_count; i++) {
        add_input(reader, reader->model->sources[i]);
    }
    if (reader->patients) {
        add_input(reader, reader->patients);
    }
    for (int i = 0; i < reader->point_files; i++) {
        add_input(reader, reader->points[i]);
    }
    if (reader->study->data) {
        reader->study->inputs[reader->study->input_count++] =
            (InputFile){reader->study->data->path, reader->study->data->hash};
    }
}

static const char *words_under(const Reader *reader, const char *key)
{
    const Entry *entry = member(reader->config->root, key);
    return entry ? entry->text : "";
}

/* What people read. */
static void read_words(Reader *reader)
{
    Study *study = reader->study;
    study->title = words_under(reader, "title");
    study->question = words_under(reader, "question");
    study->reading = words_under(reader, "reading");
    study->notice = words_under(reader, "notice");
    const Entry *limits = member(reader->config->root, "limits");
    size_t count = limits ? (size_t)limits->count : 0;
    study->limits = arena_array(reader->arena, count + 1, sizeof *study->limits);
    for (size_t i = 0; i < count; i++) {
        study->limits[study->limit_count++] = limits->items[i]->text;
    }
}

void read_study(Reader *reader)
{
    read_words(reader);
    read_start(reader);
    read_data_key(reader);
    read_span_of_time(reader);
    read_solver(reader);
    read_tables(reader);
    read_arms(reader);
    read_population(reader);
    check_data_key(reader);
    check_native(reader);
    read_outputs(reader);
    read_plots(reader);
    refuse_own_columns(reader);
    read_output_times(reader);
    read_fit(reader);
    list_inputs(reader);
    if (reader->options->lint && diag_errors(reader->diag) == 0) {
        lint_times(reader);
    }
    if (reader->options->strict) {
        lint_sources(reader);
    }
}
