/* data_columns.c: the header of a data file: what each column means.
 *
 * Names are compared without case. A name that is neither one of the format's nor a covariate of
 * the model nor in `ignore` is an error: a mistyped RATE would silently turn infusions into
 * boluses. SPDX-License-Identifier: GPL-3.0-or-later */
#include "params/data_reader.h"

#include <assert.h>
#include <math.h>
#include <string.h>
#include <strings.h>

const char *const data_column_names[COLUMN_COUNT] = {"ID",  "TIME", "EVID", "AMT",  "RATE",
                                                     "DUR", "II",   "ADDL", "SS",   "CMT",
                                                     "MDV", "DV",   "DVID", "CENS", "LIMIT"};

const CsvField *data_cell(const DataReader *reader, size_t row, int column)
{
    assert(column >= 0 && (size_t)column < reader->csv.columns && row < reader->csv.rows);
    return &reader->csv.fields[(row + 1) * reader->csv.columns + (size_t)column];
}

Span data_span(const DataReader *reader, size_t row, int column)
{
    const CsvField *field = data_cell(reader, row, column);
    return (Span){reader->csv.source, field->start, field->length};
}

Span data_place(const DataReader *reader, size_t row, ColumnKind kind)
{
    int column = reader->at[kind];
    return data_span(reader, row, column >= 0 ? column : 0);
}

bool cell_is_missing(const DataReader *reader, size_t row, int column)
{
    double value = 0.0;
    return csv_number(&reader->csv, data_cell(reader, row, column), &value) && isnan(value);
}

bool cell_number(DataReader *reader, size_t row, int column, double *value, bool *given)
{
    const CsvField *field = data_cell(reader, row, column);
    const char *name = reader->columns[column].name;
    bool number = csv_number(&reader->csv, field, value);
    *given = !(number && isnan(*value));
    if (number && (!*given || isfinite(*value))) {
        return true;
    }
    const char *text = csv_text(reader->arena, &reader->csv, field);
    diag_report(reader->diag, FAULT_D004, data_span(reader, row, column),
                "%s is '%s': not a %snumber", name, text, number ? "finite " : "");
    if (strchr(text, ':') != NULL) {
        diag_hint(reader->diag, "times are numbers, such as 13.5 for 13:30");
    } else if (strchr(text, ',') != NULL) {
        diag_hint(reader->diag, "the decimal sign is a point");
    }
    *value = (double)NAN;
    return false;
}

static bool is_ignored(const DataOptions *options, const char *name)
{
    for (int i = 0; i < options->ignore_count; i++) {
        if (strcasecmp(options->ignore[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static int find_covariate(const Model *model, const char *name)
{
    int found = -1;
    for (int i = 0; model != NULL && i < model->covariate_count; i++) {
        const char *other = model->covariates[i].label.name;
        if (strcmp(other, name) == 0) {
            return i;
        }
        found = strcasecmp(other, name) == 0 ? i : found;
    }
    return found;
}

static BetweenRule rule_of(const DataOptions *options, const char *name)
{
    for (int i = 0; i < options->rule_count; i++) {
        if (strcasecmp(options->rules[i].column, name) == 0) {
            return options->rules[i].rule;
        }
    }
    return BETWEEN_UNSAID;
}

static void report_unknown(DataReader *reader, const DataColumn *column)
{
    const Model *model = reader->options->model;
    Names *names = names_new(reader->arena);
    for (int i = 0; i < COLUMN_COUNT; i++) {
        names_add(names, data_column_names[i], i);
    }
    for (int i = 0; i < model->covariate_count; i++) {
        names_add(names, model->covariates[i].label.name, i);
    }
    diag_report(reader->diag, FAULT_D002, column->span,
                "'%s' is no column of the format and no covariate of the model", column->name);
    const char *near = names_near(names, column->name);
    if (near != NULL) {
        diag_hint(reader->diag, "did you mean '%s'?", near);
    } else if (model_find(model, column->name).kind == NAME_PARAMETER) {
        diag_hint(reader->diag, "it is a parameter; declare it as a covariate to read it here");
    } else {
        diag_hint(reader->diag, "if it has no meaning here: data = { ignore = [\"%s\"]; }",
                  column->name);
    }
}

static void understand(DataReader *reader, int index)
{
    DataColumn *column = &reader->columns[index];
    const char *name = column->name;
    column->kind = COLUMN_IGNORED;
    if (is_ignored(reader->options, name)) {
        return;
    }
    for (int i = 0; i < COLUMN_COUNT; i++) {
        if (strcasecmp(data_column_names[i], name) != 0) {
            continue;
        }
        column->kind = (ColumnKind)i;
        if (reader->at[i] >= 0) {
            diag_report(reader->diag, FAULT_D003, column->span, "there are two columns %s",
                        data_column_names[i]);
            diag_note(reader->diag, reader->columns[reader->at[i]].span, "the first is here");
        } else {
            reader->at[i] = index;
        }
        return;
    }
    column->covariate = find_covariate(reader->options->model, name);
    column->rule = rule_of(reader->options, name);
    if (column->covariate >= 0) {
        column->kind = COLUMN_COVARIATE;
    } else if (reader->options->model == NULL) {
        column->kind = COLUMN_OTHER;
    } else {
        report_unknown(reader, column);
    }
}

static void check_twice(DataReader *reader, size_t index)
{
    const DataColumn *column = &reader->columns[index];
    for (size_t i = 0; i < index; i++) {
        const DataColumn *other = &reader->columns[i];
        if (column->kind >= COLUMN_COVARIATE && other->kind == column->kind &&
            strcasecmp(column->name, other->name) == 0) {
            diag_report(reader->diag, FAULT_D003, column->span, "there are two columns %s",
                        column->name);
            diag_note(reader->diag, other->span, "the first is here");
            return;
        }
    }
}

bool read_columns(DataReader *reader)
{
    size_t count = reader->csv.columns;
    int before = diag_errors(reader->diag);
    reader->columns = arena_array(reader->arena, count, sizeof *reader->columns);
    for (int i = 0; i < COLUMN_COUNT; i++) {
        reader->at[i] = -1;
    }
    for (size_t i = 0; i < count; i++) {
        const CsvField *field = &reader->csv.fields[i];
        const char *name = csv_text(reader->arena, &reader->csv, field);
        reader->columns[i].name = i == 0 && name[0] == '#' ? name + 1 : name; // NONMEM's "#ID"
        reader->columns[i].span = (Span){reader->csv.source, field->start, field->length};
        understand(reader, (int)i);
        check_twice(reader, i);
    }
    for (int i = COLUMN_ID; i <= COLUMN_TIME; i++) {
        if (reader->at[i] < 0) {
            diag_report(reader->diag, FAULT_D001, reader->columns[0].span,
                        "the file has no column %s", data_column_names[i]);
        }
    }
    return diag_errors(reader->diag) == before;
}
