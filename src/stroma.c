/* stroma.c: the public functions on reports, models and results. Studies: stroma_study.c.
 *
 * A thin shell: every function checks its arguments, calls the floors below and turns what they say
 * into a status. Nothing is decided here. Memory that runs out in an object's own arena comes back
 * as a status by way of longjmp.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "stroma_inside.h"

#include "table/csv.h"

#include <math.h>
#include <string.h>

static void jump_out(void *context, size_t bytes)
{
    (void)bytes;
    longjmp(((Guard *)context)->jump, 1);
}

void guard_arena(Arena *arena, Guard *guard)
{
    arena_on_out_of_memory(arena, jump_out, guard);
}

void *object_new(size_t bytes, Arena **arena)
{
    Arena *made = arena_new();
    Guard guard;
    guard_arena(made, &guard);
    if (setjmp(guard.jump) != 0) {
        arena_free(made);
        return NULL;
    }
    *arena = made;
    return arena_alloc(made, bytes);
}

const char *stroma_version(void)
{
    return STROMA_VERSION;
}

const char *stroma_status_text(stroma_status status)
{
    static const char *const words[] = {
        "all is well",
        "it ran, but some arm did not get to the end",
        "it was stopped before the end",
        "the model is wrong; the report says where",
        "the study is wrong or incomplete; the report says why",
        "there is no quantity or arm of that name",
        "an argument makes no sense",
        "the file cannot be written",
        "there is no memory left",
        "the solver library cannot be set up",
    };
    size_t index = (size_t)status;
    return index < sizeof words / sizeof words[0] ? words[index] : "unknown status";
}

/* ---- reports ---- */

stroma_report *stroma_report_new(void)
{
    Arena *arena = NULL;
    stroma_report *report = object_new(sizeof *report, &arena);
    if (report == NULL) {
        return NULL;
    }
    report->arena = arena;
    report->text = (Text){.arena = arena};
    return report;
}

void stroma_report_free(stroma_report *report)
{
    if (report != NULL) {
        arena_free(report->arena);
    }
}

/* A report that cannot grow is cut short; the status still says what happened. */
static void report_add(stroma_report *report, const char *words)
{
    Guard guard;
    guard_arena(report->arena, &guard);
    if (setjmp(guard.jump) != 0) {
        return;
    }
    if (report->text.data == NULL) {
        report->text = text_new(report->arena);
    }
    text_string(&report->text, words);
}

void report_diag(stroma_report *report, const Diag *diag)
{
    if (report == NULL) {
        return;
    }
    Arena *scratch = arena_new();
    Text text = text_new(scratch);
    diag_print(diag, &text, false);
    report_add(report, text.data);
    report->errors += diag_errors(diag);
    arena_free(scratch);
}

void report_error(stroma_report *report, const char *words)
{
    if (report == NULL) {
        return;
    }
    report_add(report, "error: ");
    report_add(report, words);
    report_add(report, "\n");
    report->errors++;
}

const char *stroma_report_text(const stroma_report *report)
{
    return report == NULL || report->text.data == NULL ? "" : report->text.data;
}

int stroma_report_errors(const stroma_report *report)
{
    return report == NULL ? 0 : report->errors;
}

void stroma_report_clear(stroma_report *report)
{
    if (report == NULL) {
        return;
    }
    report->errors = 0;
    report->text.length = 0;
    if (report->text.data != NULL) {
        report->text.data[0] = '\0';
    }
}

/* ---- models ---- */

stroma_model_options stroma_model_options_default(void)
{
    return (stroma_model_options){0};
}

/* Reads from a path, or from `text` if it is not NULL. */
static stroma_status read_model(const char *path, const char *text, size_t length,
                                const stroma_model_options *options, stroma_report *report,
                                stroma_model **model)
{
    *model = NULL;
    stroma_model_options chosen = options == NULL ? stroma_model_options_default() : *options;
    SearchPath search = {chosen.folders, chosen.folder_count};
    Arena *arena = NULL;
    stroma_model *object = object_new(sizeof *object, &arena);
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
    object->arena = arena;
    object->model =
        text == NULL
            ? model_read(arena, path, search, diag)
            : model_from_source(arena, source_from_text(arena, path, text, length), search, diag);
    report_diag(report, diag);
    if (object->model == NULL) {
        arena_free(arena);
        return STROMA_BAD_MODEL;
    }
    *model = object;
    return STROMA_OK;
}

stroma_status stroma_model_read(const char *path, const stroma_model_options *options,
                                stroma_report *report, stroma_model **model)
{
    if (path == NULL || model == NULL) {
        return STROMA_BAD_ARGUMENT;
    }
    return read_model(path, NULL, 0, options, report, model);
}

stroma_status stroma_model_from_text(const char *name, const char *text, size_t length,
                                     const stroma_model_options *options, stroma_report *report,
                                     stroma_model **model)
{
    if (name == NULL || text == NULL || model == NULL || length > SOURCE_MAX_BYTES) {
        return STROMA_BAD_ARGUMENT;
    }
    return read_model(name, text, length, options, report, model);
}

void stroma_model_free(stroma_model *model)
{
    if (model != NULL) {
        arena_free(model->arena);
    }
}

static const char *unit_text(Unit unit)
{
    return unit.known && unit.text != NULL ? unit.text : "";
}

const char *stroma_model_name(const stroma_model *model)
{
    return model->model->name;
}

const char *stroma_model_title(const stroma_model *model)
{
    return model->model->title == NULL ? "" : model->model->title;
}

const char *stroma_model_time_unit(const stroma_model *model)
{
    return unit_text(model->model->time_unit);
}

int stroma_model_count(const stroma_model *model, stroma_kind kind)
{
    const Model *inside = model->model;
    switch (kind) {
    case STROMA_STATE:
        return inside->state_count;
    case STROMA_PARAMETER:
        return inside->parameter_count;
    case STROMA_COVARIATE:
        return inside->covariate_count;
    case STROMA_OBSERVABLE:
        return inside->observable_count;
    case STROMA_ROUTE:
        return inside->route_count;
    }
    return 0;
}

/* NULL outside. */
static const Label *label_of(const stroma_model *model, stroma_kind kind, int index)
{
    const Model *inside = model->model;
    if (index < 0 || index >= stroma_model_count(model, kind)) {
        return NULL;
    }
    switch (kind) {
    case STROMA_STATE:
        return &inside->states[index].label;
    case STROMA_PARAMETER:
        return &inside->parameters[index].label;
    case STROMA_COVARIATE:
        return &inside->covariates[index].label;
    case STROMA_OBSERVABLE:
        return &inside->observables[index].label;
    case STROMA_ROUTE:
        return &inside->routes[index].label;
    }
    return NULL;
}

int stroma_model_find(const stroma_model *model, stroma_kind kind, const char *name)
{
    for (int i = 0; name != NULL && i < stroma_model_count(model, kind); i++) {
        if (strcmp(label_of(model, kind, i)->name, name) == 0) {
            return i;
        }
    }
    return -1;
}

const char *stroma_quantity_name(const stroma_model *model, stroma_kind kind, int index)
{
    const Label *label = label_of(model, kind, index);
    return label == NULL ? NULL : label->name;
}

const char *stroma_quantity_unit(const stroma_model *model, stroma_kind kind, int index)
{
    const Label *label = label_of(model, kind, index);
    return label == NULL ? NULL : unit_text(label->unit);
}

const char *stroma_quantity_text(const stroma_model *model, stroma_kind kind, int index)
{
    const Label *label = label_of(model, kind, index);
    return label == NULL ? NULL : label->text;
}

/* ---- results ---- */

void stroma_table_free(stroma_table *table)
{
    if (table != NULL) {
        arena_free(table->arena);
    }
}

size_t stroma_table_rows(const stroma_table *table)
{
    return table->result.table->row_count;
}

int stroma_table_columns(const stroma_table *table)
{
    return table->result.table->column_count;
}

static const TableColumn *column_of(const stroma_table *table, int column)
{
    bool inside = column >= 0 && column < table->result.table->column_count;
    return inside ? &table->result.table->columns[column] : NULL;
}

const char *stroma_table_name(const stroma_table *table, int column)
{
    const TableColumn *found = column_of(table, column);
    return found == NULL ? NULL : found->name;
}

const char *stroma_table_unit(const stroma_table *table, int column)
{
    const TableColumn *found = column_of(table, column);
    return found == NULL ? NULL : found->unit;
}

int stroma_table_find(const stroma_table *table, const char *name)
{
    return name == NULL ? -1 : table_find(table->result.table, name);
}

double stroma_table_value(const stroma_table *table, size_t row, int column)
{
    if (column_of(table, column) == NULL || row >= table->result.table->row_count) {
        return (double)NAN;
    }
    return table_cell(table->result.table, row, column);
}

size_t stroma_table_column(const stroma_table *table, int column, double *values, size_t capacity)
{
    if (column_of(table, column) == NULL || values == NULL) {
        return 0;
    }
    size_t rows = table->result.table->row_count;
    size_t count = capacity < rows ? capacity : rows;
    for (size_t i = 0; i < count; i++) {
        values[i] = table_cell(table->result.table, i, column);
    }
    return count;
}

int stroma_table_arms(const stroma_table *table)
{
    return table->result.table->columns[0].word_count;
}

const char *stroma_table_arm(const stroma_table *table, int arm)
{
    bool inside = arm >= 0 && arm < stroma_table_arms(table);
    return inside ? table->result.table->columns[0].words[arm] : NULL;
}

const char *stroma_table_outcome(const stroma_table *table, int arm)
{
    return arm >= 0 && arm < stroma_table_arms(table) ? table->outcomes[arm] : NULL;
}

const char *stroma_table_reason(const stroma_table *table, int arm)
{
    return arm >= 0 && arm < stroma_table_arms(table) ? table->reasons[arm] : NULL;
}

stroma_status stroma_table_write(const stroma_table *table, const char *path)
{
    if (path == NULL) {
        return STROMA_BAD_ARGUMENT;
    }
    return csv_write(table->result.table, 0, path) ? STROMA_OK : STROMA_CANNOT_WRITE;
}
