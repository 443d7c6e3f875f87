/* read_patients.c: population.file: a table with one row for each subject.
 *
 * Columns are parameters and covariates by their full names ("msc.donor_factor"), in the units of
 * the model, beside `id`, a column of weights, and those that the study says to ignore. Any other
 * column is an error, for a misspelt one would be a parameter that silently does not vary.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "params/reader.h"

#include "base/file.h"
#include "base/number.h"
#include "table/csv.h"

#include <math.h>
#include <string.h>
#include <strings.h>

typedef struct {
    Reader *reader;
    Entry *group;
    Entry *file;
    const Source *source;
    const Table *table;
    Population *population;
} Patients;

/* --- places in the file --------------------------------------------------------------------------
 */

Span row_of_file(const Source *source, long row, Span otherwise)
{
    if (!memchr(source->text, '"', source->length)) {
        for (int line = 1; line <= (int)source->n_line; line++) {
            uint32_t length;
            const char *start = source_line(source, line, &length);
            size_t blanks = strspn(start, " \t\r");
            if (blanks < length && row-- < 0) {
                while (length > 0 && start[length - 1] == '\r') {
                    length--;
                }
                return (Span){source, (uint32_t)(start - source->text), length};
            }
        }
    }
    return otherwise;
}

static Span row_span(const Patients *patients, long row)
{
    return row_of_file(patients->source, row, patients->file->value);
}

/* The name of a column in the header line. */
static Span column_span(const Patients *patients, const char *name)
{
    Span line = row_span(patients, -1);
    size_t length = strlen(name);
    const char *text = line.source->text + line.start;
    for (uint32_t at = 0; line.source == patients->source && at + length <= line.length; at++) {
        bool begins = at == 0 || strchr(", \t", text[at - 1]);
        bool ends = at + length == line.length || strchr(", \t", text[at + length]);
        if (begins && ends && memcmp(text + at, name, length) == 0) {
            return (Span){line.source, line.start + at, (uint32_t)length};
        }
    }
    return line;
}

/* --- columns -------------------------------------------------------------------------------------
 */

static Names *column_names(const Patients *patients)
{
    Names *names = names_new(patients->reader->arena);
    for (int i = 0; i < patients->table->column_count; i++) {
        names_add(names, patients->table->columns[i].name, i);
    }
    return names;
}

/* The column that a text of the study names; -1: reported. */
static int named_column(const Patients *patients, const Entry *entry)
{
    Names *names = column_names(patients);
    int column = names_find(names, entry->text);
    if (column < 0) {
        const char *near = names_near(names, entry->text);
        diag_report(patients->reader->diag, FAULT_P064, entry->value,
                    "the file '%s' has no column '%s'", patients->source->name, entry->text);
        if (near) {
            diag_hint(patients->reader->diag, "did you mean '%s'?", near);
        }
    }
    return column;
}

/* Every row must have a number in it. */
static bool check_numbers(const Patients *patients, int column)
{
    const Table *table = patients->table;
    const TableColumn *head = &table->columns[column];
    if (head->kind == TABLE_TEXT) {
        diag_report(patients->reader->diag, FAULT_P064, column_span(patients, head->name),
                    "the column '%s' holds words, not numbers", head->name);
        if (strcmp(head->name, "id") == 0) {
            diag_hint(patients->reader->diag, "subjects are told apart by numbers; with "
                                              "ignore = [\"id\"] they are numbered as they stand");
        }
        return false;
    }
    for (size_t row = 0; row < table->row_count; row++) {
        if (!isfinite(table_cell(table, row, column))) {
            diag_report(patients->reader->diag, FAULT_P064, row_span(patients, (long)row),
                        "subject %zu has no value of '%s'", row + 1, head->name);
            return false;
        }
    }
    return true;
}

static void report_column(const Patients *patients, const char *name)
{
    Reader *reader = patients->reader;
    const unsigned kinds = 1u << NAME_PARAMETER | 1u << NAME_COVARIATE;
    const char *near = strcasecmp(name, "id") == 0 ? "id" : model_near(reader->model, kinds, name);
    diag_report(reader->diag, FAULT_P064, column_span(patients, name),
                "the model '%s' has no parameter or covariate '%s'", reader->model->name, name);
    if (near) {
        diag_hint(reader->diag, "did you mean '%s'?", near);
    } else {
        diag_hint(reader->diag, "to leave the column out: ignore = [\"%s\"]", name);
    }
}

static void take_column(Patients *patients, int column)
{
    Reader *reader = patients->reader;
    Population *population = patients->population;
    const char *name = patients->table->columns[column].name;
    NameRef ref = model_find(reader->model, name);
    if (ref.kind != NAME_PARAMETER && ref.kind != NAME_COVARIATE) {
        report_column(patients, name);
        return;
    }
    if (!check_numbers(patients, column) ||
        refuse_own_values(reader, ref, patients->file->value,
                          "the file gives each subject its own")) {
        return;
    }
    population->table_column[population->vary_count] = column;
    population->vary[population->vary_count++] = (Vary){.ref = ref,
                                                        .min = (double)-INFINITY,
                                                        .max = (double)INFINITY,
                                                        .span = column_span(patients, name)};
}

/* Columns that the study says to leave out. */
static bool *ignored_columns(Patients *patients)
{
    size_t count = (size_t)patients->table->column_count;
    bool *ignored = arena_array(patients->reader->arena, count + 1, sizeof *ignored);
    const Entry *list = member(patients->group, "ignore");
    for (int i = 0; list && i < list->count; i++) {
        int column = named_column(patients, list->items[i]);
        if (column >= 0) {
            ignored[column] = true;
        }
    }
    return ignored;
}

/* --- ids and weights -----------------------------------------------------------------------------
 */

static void read_ids(Patients *patients, int column)
{
    const Table *table = patients->table;
    Names *ids = names_new(patients->reader->arena);
    if (!check_numbers(patients, column)) {
        return;
    }
    for (size_t row = 0; row < table->row_count; row++) {
        char digits[NUMBER_TEXT_SIZE];
        number_text(table_cell(table, row, column), digits);
        if (!names_add(ids, digits, (int)row)) {
            diag_report(patients->reader->diag, FAULT_P064, row_span(patients, (long)row),
                        "the id %s is there already", digits);
            diag_note(patients->reader->diag, row_span(patients, names_find(ids, digits)),
                      "the first is here");
            return;
        }
    }
    patients->population->id_column = column;
}

static void read_weights(Patients *patients, int column)
{
    const Table *table = patients->table;
    double sum = 0;
    if (!check_numbers(patients, column)) {
        return;
    }
    for (size_t row = 0; row < table->row_count; row++) {
        double weight = table_cell(table, row, column);
        sum += weight;
        if (weight < 0) {
            diag_report(patients->reader->diag, FAULT_P064, row_span(patients, (long)row),
                        "the weight of this subject is negative");
            return;
        }
    }
    if (!(sum > 0)) {
        diag_report(patients->reader->diag, FAULT_P064,
                    column_span(patients, table->columns[column].name), "all weights are zero");
    }
    patients->population->weight_column = column;
}

/* --- the file ------------------------------------------------------------------------------------
 */

const char *beside_file(const Reader *reader, const Entry *file)
{
    const char *folder =
        entry_is_set(file) ? reader->folder : file_folder(reader->arena, file->value.source->name);
    return file_join(reader->arena, folder, file->text);
}

static bool open_table(Patients *patients)
{
    Reader *reader = patients->reader;
    const char *path = beside_file(reader, patients->file);
    SourceStatus status = source_read(reader->arena, path, &patients->source);
    if (status != SOURCE_OK) {
        diag_unreadable(reader->diag, FAULT_P064, patients->file->value,
                        arena_format(reader->arena, "cannot read '%s'", path), status,
                        patients->source);
        return false;
    }
    reader->patients = patients->source;
    patients->table = csv_read(reader->arena, path, reader->diag);
    if (patients->table && patients->table->row_count == 0) {
        diag_report(reader->diag, FAULT_P064, patients->file->value, "'%s' has no subjects", path);
        return false;
    }
    return patients->table != NULL;
}

static void check_size(Patients *patients)
{
    Population *population = patients->population;
    const Entry *size = member(patients->group, "size");
    size_t rows = patients->table->row_count;
    if (size && (size_t)population->size > rows) {
        diag_report(patients->reader->diag, FAULT_P062, size->value,
                    "'size' is %d, but the file has %zu subjects", population->size, rows);
    }
    population->size = size ? population->size : (int)rows;
}

void read_patients(Reader *reader, Entry *group, Population *population)
{
    Patients patients = {
        .reader = reader, .group = group, .population = population, .file = member(group, "file")};
    if (!patients.file || !open_table(&patients)) {
        return;
    }
    const Table *table = patients.table;
    size_t count = (size_t)table->column_count + 1;
    population->table = table;
    population->vary = arena_array(reader->arena, count, sizeof *population->vary);
    population->table_column = arena_array(reader->arena, count, sizeof(int));
    check_size(&patients);
    const bool *ignored = ignored_columns(&patients);
    const Entry *weight = member(group, "weight");
    int weights = weight ? named_column(&patients, weight) : -1;
    for (int i = 0; i < table->column_count; i++) {
        if (i == weights) {
            read_weights(&patients, i);
        } else if (ignored[i]) {
            continue;
        } else if (strcmp(table->columns[i].name, "id") == 0) {
            read_ids(&patients, i);
        } else {
            take_column(&patients, i);
        }
    }
    if (population->vary_count == 0 && diag_errors(reader->diag) == 0) {
        diag_report(reader->diag, FAULT_P064, patients.file->value,
                    "no column of '%s' is a parameter or covariate", patients.source->name);
    }
}
