/* read_fit_data.c: what was observed: a long table, or the data file of the study.
 *
 * The table has the columns arm and id (where they are needed), time, name (likewise), value, and
 * optionally sd, cens, limit, weight, at_dose; their case does not matter. One line is one value.
 * Each arm, or each id in an arm, is a subject and one lane of the simulation.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "params/read_fit.h"

#include "base/file.h"
#include "table/csv.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    AT_ARM,
    AT_ID,
    AT_TIME,
    AT_NAME,
    AT_VALUE,
    AT_SD,
    AT_CENS,
    AT_LIMIT,
    AT_WEIGHT,
    AT_DOSE,
    AT_COUNT
};
enum { MOST_LISTED = 8 };
static const char *const columns[AT_COUNT] = {"arm", "id",   "time",  "name",   "value",
                                              "sd",  "cens", "limit", "weight", "at_dose"};

typedef struct {
    FitReader *fit;
    CsvFields csv;
    int at[AT_COUNT]; // -1: not there
    double time_factor;
    Names *subjects; // "arm\nid"
    size_t subject_room, datum_room;
    size_t subject_count;
} DataTable;

static const CsvField *cell(const DataTable *table, size_t row, int column)
{
    return &table->csv.fields[(row + 1) * table->csv.columns + (size_t)table->at[column]];
}

static Span place(const DataTable *table, size_t row, int column)
{
    const CsvField *field = cell(table, row, column);
    return (Span){table->csv.source, field->start, field->length};
}

static const char *text(const DataTable *table, size_t row, int column)
{
    return csv_text(table->fit->reader->arena, &table->csv, cell(table, row, column));
}

/* The number of a cell; NAN: the column or the number is missing. False: reported. */
static bool number(const DataTable *table, size_t row, int column, double *value)
{
    *value = (double)NAN;
    if (table->at[column] < 0) {
        return true;
    }
    if (csv_number(&table->csv, cell(table, row, column), value) && !isinf(*value)) {
        return true;
    }
    diag_report(table->fit->reader->diag, FAULT_D062, place(table, row, column),
                "%s is '%s': not a finite number", columns[column], text(table, row, column));
    if (column == AT_VALUE) {
        diag_hint(table->fit->reader->diag,
                  "below a limit: write the limit, and 1 in a column cens; not measured: NA");
    }
    return false;
}

/* --- the header ----------------------------------------------------------------------------------
 */

static void find_column(DataTable *table, size_t index)
{
    Diag *diag = table->fit->reader->diag;
    const CsvField *field = &table->csv.fields[index];
    Span span = {table->csv.source, field->start, field->length};
    const char *name = csv_text(table->fit->reader->arena, &table->csv, field);
    if (names_find(table->fit->ignored, name) >= 0) {
        return;
    }
    for (int i = 0; i < AT_COUNT; i++) {
        if (strcasecmp(columns[i], name) != 0) {
            continue;
        }
        if (table->at[i] >= 0) {
            diag_report(diag, FAULT_D003, span, "there are two columns %s", columns[i]);
        }
        table->at[i] = (int)index;
        return;
    }
    diag_report(diag, FAULT_D061, span, "'%s' is no column of a table of observations", name);
    const char *near = names_near_list(columns, AT_COUNT, name);
    near = near ? near : fit_column_word(name);
    if (near) {
        diag_hint(diag, "did you mean '%s'?", near);
    } else if (fit_is_of_doses(name)) {
        diag_hint(diag, "a file that holds the doses too is the data of the study: data = { file = "
                        "...; }, and no fit.data");
    } else {
        diag_hint(diag,
                  "known: arm, id, time, name, value, sd, cens, limit, weight, at_dose; to leave "
                  "it out: fit = { ignore = [\"%s\"]; }",
                  name);
    }
}

static bool read_header(DataTable *table)
{
    Reader *reader = table->fit->reader;
    int before = diag_errors(reader->diag);
    for (int i = 0; i < AT_COUNT; i++) {
        table->at[i] = -1;
    }
    Span head = {table->csv.source, table->csv.fields[0].start, table->csv.fields[0].length};
    for (size_t i = 0; i < table->csv.columns; i++) {
        double value = (double)NAN;
        if (csv_number(&table->csv, &table->csv.fields[i], &value) && !isnan(value)) {
            diag_report(reader->diag, FAULT_D060, head,
                        "the first line holds numbers, and should name the columns");
            diag_hint(reader->diag, "such as arm,time,value");
            return false;
        }
    }
    for (size_t i = 0; i < table->csv.columns; i++) {
        find_column(table, i);
    }
    for (int i = 0; i < AT_COUNT && diag_errors(reader->diag) == before; i++) {
        bool needed = i == AT_TIME || i == AT_VALUE ||
                      (i == AT_NAME && table->fit->fit->observable_count > 1) ||
                      (i == AT_ARM && reader->study->arm_count > 1 && !reader->study->data) ||
                      (i == AT_ID && reader->study->data);
        if (needed && table->at[i] < 0) {
            diag_report(reader->diag, FAULT_D060, head, "the table has no column '%s'", columns[i]);
        }
    }
    return diag_errors(reader->diag) == before;
}

/* --- one line ------------------------------------------------------------------------------------
 */

static int find_arm(DataTable *table, size_t row)
{
    Reader *reader = table->fit->reader;
    if (table->at[AT_ARM] < 0) {
        return 0;
    }
    const char *name = text(table, row, AT_ARM);
    const char **names =
        arena_array(reader->arena, (size_t)reader->study->arm_count, sizeof *names);
    for (int i = 0; i < reader->study->arm_count; i++) {
        names[i] = reader->study->arms[i].name;
        if (strcmp(names[i], name) == 0) {
            return i;
        }
    }
    diag_report(reader->diag, FAULT_D063, place(table, row, AT_ARM), "the study has no arm '%s'",
                name);
    const char *near = names_near_list(names, reader->study->arm_count, name);
    if (near) {
        diag_hint(reader->diag, "did you mean '%s'?", near);
    } else {
        Text list = text_new(reader->arena);
        for (int i = 0; i < reader->study->arm_count && i < MOST_LISTED; i++) {
            text_format(&list, "%s'%s'", i > 0 ? ", " : "", names[i]);
        }
        diag_hint(reader->diag, "it has %s%s", list.data,
                  reader->study->arm_count > MOST_LISTED ? " and more" : "");
    }
    return -1;
}

/* The subject of the study's data file with that id; -1: reported. */
static int find_individual(DataTable *table, size_t row, const char *id)
{
    const DataSet *data = table->fit->reader->study->data;
    for (int i = 0; i < data->count; i++) {
        if (strcmp(data->subjects[i].id, id) == 0) {
            return i;
        }
    }
    diag_report(table->fit->reader->diag, FAULT_D063, place(table, row, AT_ID),
                "the data file '%s' has no subject '%s'", data->path, id);
    return -1;
}

static int new_subject(DataTable *table, FitSubject subject)
{
    Fit *fit = table->fit->fit;
    fit->subjects = arena_grow(table->fit->reader->arena, fit->subjects, table->subject_count,
                               &table->subject_room, sizeof *fit->subjects);
    fit->subjects[table->subject_count] = subject;
    fit->subject_count = (int)++table->subject_count;
    return fit->subject_count - 1;
}

static int find_subject(DataTable *table, size_t row)
{
    Reader *reader = table->fit->reader;
    int arm = find_arm(table, row);
    const char *id = table->at[AT_ID] >= 0 ? text(table, row, AT_ID) : "";
    int individual = arm >= 0 && reader->study->data ? find_individual(table, row, id) : -1;
    if (arm < 0 || (reader->study->data && individual < 0)) {
        return -1;
    }
    const char *key = arena_format(reader->arena, "%d\n%s", arm, id);
    int found = names_find(table->subjects, key);
    if (found < 0) {
        found = new_subject(table, (FitSubject){.arm = arm, .subject = individual, .id = id});
        names_add(table->subjects, key, found);
    }
    return found;
}

/* Index of the observable; -1: reported; -2: to be left out. */
static int find_observable(DataTable *table, size_t row)
{
    FitReader *fit = table->fit;
    if (table->at[AT_NAME] < 0) {
        return 0;
    }
    const char *name = text(table, row, AT_NAME);
    int found = names_find(fit->names, name);
    if (names_find(fit->ignored, name) >= 0) {
        return -2;
    }
    if (found >= 0) {
        return found;
    }
    diag_report(fit->reader->diag, FAULT_P427, place(table, row, AT_NAME),
                "the data hold '%s', which fit.observe does not name", name);
    const char *near = names_near(fit->names, name);
    if (near) {
        diag_hint(fit->reader->diag, "did you mean '%s'?", near);
    } else {
        diag_hint(fit->reader->diag, "name it under observe, or leave it out: ignore = [\"%s\"]",
                  name);
    }
    return -1;
}

static void add_datum(FitReader *fit, size_t *room, FitDatum datum)
{
    Fit *into = fit->fit;
    into->data = arena_grow(fit->reader->arena, into->data, (size_t)into->datum_count, room,
                            sizeof *into->data);
    into->data[into->datum_count++] = datum;
}

/* What holds for any value, wherever it comes from. False: reported or left out. */
static bool check_datum(FitReader *fit, FitDatum *datum, Span where)
{
    Diag *diag = fit->reader->diag;
    const FitObservable *one = &fit->fit->observables[datum->observable];
    double factor = fit->factor[datum->observable];
    datum->value *= factor;
    datum->sd *= factor;
    datum->limit *= factor;
    datum->weight *= one->weight;
    if (one->error == ERROR_LOGNORMAL && !(datum->value > 0.0)) {
        diag_report(diag, FAULT_D067, where, "a lognormal error cannot give a value of %g",
                    datum->value);
        diag_hint(diag, "below a limit: write the limit, and cens 1");
        return false;
    }
    if (datum->censored != 0 && one->blq == BLQ_M1) {
        return false;
    }
    bool bounded = datum->censored >= 0 && !isnan(datum->limit);
    double floor = bounded ? datum->limit : 0.0;
    if (one->blq == BLQ_M4 && datum->value < floor) {
        diag_report(diag, FAULT_D064, where, "with \"M4\" no value lies below %g", floor);
        return false;
    }
    if (datum->censored == 1 && one->blq == BLQ_M4 && one->error != ERROR_LOGNORMAL) {
        datum->limit = floor;
    }
    if (datum->censored == 0 && datum->value < datum->limit) {
        diag_report(diag, FAULT_D064, where, "this value lies below its own limit");
        diag_hint(diag,
                  "not measured: write the limit as value, and cens 1; a limit beside a value "
                  "that was seen says that lower ones would be missing");
        return false;
    }
    bool wrong = (datum->censored == 1 && datum->limit >= datum->value) ||
                 (datum->censored == -1 && datum->limit <= datum->value);
    if (wrong) {
        diag_report(diag, FAULT_D064, where, "the limit lies on the wrong side of the value");
    }
    return !wrong;
}

static bool read_censoring(DataTable *table, size_t row, FitDatum *datum)
{
    double cens = (double)NAN;
    if (!number(table, row, AT_CENS, &cens) || !number(table, row, AT_LIMIT, &datum->limit)) {
        return false;
    }
    if (!isnan(cens) && cens != 0.0 && fabs(cens) != 1.0) {
        diag_report(table->fit->reader->diag, FAULT_D064, place(table, row, AT_CENS),
                    "cens is 1 (below), -1 (above) or 0, not %g", cens);
        return false;
    }
    datum->censored = isnan(cens) ? 0 : (int)cens;
    return true;
}

static bool read_positive(DataTable *table, size_t row, int column, double otherwise, double *value)
{
    if (!number(table, row, column, value)) {
        return false;
    }
    if (isnan(*value)) {
        *value = otherwise;
        return true;
    }
    if (!(*value > 0.0)) {
        diag_report(table->fit->reader->diag, FAULT_D065, place(table, row, column),
                    "%s is not positive", columns[column]);
        return false;
    }
    return true;
}

/* Which side of a dose of its own time a line is on, if it says so. False: reported. */
static bool read_side(DataTable *table, size_t row, FitDatum *datum)
{
    datum->before = table->fit->fit->at_dose == FIT_PRE;
    const char *word = table->at[AT_DOSE] < 0 ? "" : text(table, row, AT_DOSE);
    bool missing = word[0] == '\0' || strcmp(word, ".") == 0 || strcmp(word, "NA") == 0;
    if (missing) {
        return true;
    }
    datum->before = strcmp(word, "pre") == 0;
    if (datum->before || strcmp(word, "post") == 0) {
        return true;
    }
    diag_report(table->fit->reader->diag, FAULT_P429, place(table, row, AT_DOSE),
                "at_dose is pre, post or empty, not '%s'", word);
    return false;
}

static void read_line(DataTable *table, size_t row)
{
    FitReader *fit = table->fit;
    const Study *study = fit->reader->study;
    FitDatum datum = {.observable = find_observable(table, row)};
    if (datum.observable < 0) {
        return;
    }
    datum.subject = find_subject(table, row);
    bool good = datum.subject >= 0 && number(table, row, AT_TIME, &datum.time) &&
                number(table, row, AT_VALUE, &datum.value) &&
                read_positive(table, row, AT_SD, (double)NAN, &datum.sd) &&
                read_positive(table, row, AT_WEIGHT, 1.0, &datum.weight) &&
                read_censoring(table, row, &datum) && read_side(table, row, &datum);
    if (!good || isnan(datum.value)) {
        return; // NA: nothing was measured
    }
    datum.time *= table->time_factor;
    if (isnan(datum.time) || datum.time < study->start) {
        diag_report(fit->reader->diag, FAULT_D066, place(table, row, AT_TIME),
                    isnan(datum.time) ? "there is no time" : "this is before the study starts");
        return;
    }
    int line;
    int column;
    source_locate(table->csv.source, cell(table, row, AT_VALUE)->start, &line, &column);
    datum.line = line;
    if (check_datum(fit, &datum, place(table, row, AT_VALUE))) {
        add_datum(fit, &table->datum_room, datum);
    }
}

/* --- the whole table -----------------------------------------------------------------------------
 */

static void read_table(FitReader *fit, Entry *file)
{
    Reader *reader = fit->reader;
    DataTable table = {.fit = fit, .time_factor = 1.0, .subjects = names_new(reader->arena)};
    const char *path = data_file(reader, file);
    if (path == NULL) {
        return;
    }
    Entry *unit_text = member(fit->group, "time_unit");
    Unit unit;
    Want want = {reader->model->time_unit, "time", {0}, NULL};
    if (unit_text && read_unit(reader, unit_text, 0, strlen(unit_text->text), &unit)) {
        convert_unit(reader, unit_text->value, unit, &want, &table.time_factor);
    }
    if (!csv_fields(reader->arena, path, reader->diag, &table.csv) || !read_header(&table)) {
        return;
    }
    for (size_t row = 0; row < table.csv.rows; row++) {
        read_line(&table, row);
    }
    fit_table_moments(fit, table.at[AT_DOSE] >= 0);
    char hash[65];
    file_hash(table.csv.source->text, table.csv.source->length, hash);
    fit->fit->path = path;
    fit->fit->hash = arena_copy(reader->arena, hash, 64);
}

/* --- the data file of the study ------------------------------------------------------------------
 */

/* Which observable a record is of; -1: none of ours (reported or ignored). */
static int observable_of(FitReader *fit, const DataSubject *subject, const DataRow *row)
{
    const Model *model = fit->reader->model;
    if (row->seen.kind == NAME_NONE) {
        if (fit->fit->observable_count == 1) {
            return 0;
        }
        diag_report(fit->reader->diag, FAULT_P427, subject->span,
                    "line %d of subject %s does not say which observable it is of (CMT or DVID)",
                    row->line, subject->id);
        return -1;
    }
    const Label *seen = model_label(model, row->seen);
    bool ignored = names_find(fit->ignored, seen->name) >= 0;
    for (int i = 0; i < fit->fit->observable_count && !ignored; i++) {
        if (fit->fit->observables[i].label == seen) {
            return i;
        }
    }
    if (!ignored) {
        diag_report(fit->reader->diag, FAULT_P427, subject->span,
                    "line %d of subject %s observes '%s', which fit.observe does not name",
                    row->line, subject->id, seen->name);
        diag_hint(fit->reader->diag, "name it under observe, or leave it out: ignore = [\"%s\"]",
                  seen->name);
    }
    return -1;
}

/* A line of the data file, for a complaint about what stands there. */
static Span line_span(const Source *source, int line)
{
    uint32_t length = 0;
    const char *at = source_line(source, line, &length);
    return (Span){source, (uint32_t)(at - source->text), length};
}

/* When a subject of the file is observed, if it is not for the order of its lines to say. */
static Observation *moments_of(FitReader *fit, const DataSubject *subject)
{
    if (fit->fit->at_dose == FIT_RECORDS) {
        return subject->observations;
    }
    size_t count = (size_t)subject->row_count;
    Observation *moments = arena_array(fit->reader->arena, count + 1, sizeof *moments);
    int records = fit->fit->at_dose == FIT_PRE ? OBSERVED_BEFORE : subject->regimen.count;
    for (size_t i = 0; i < count; i++) {
        moments[i] = (Observation){subject->observations[i].time, records};
    }
    return moments;
}

static void read_records(FitReader *fit)
{
    Reader *reader = fit->reader;
    const DataSet *data = reader->study->data;
    Fit *into = fit->fit;
    size_t room = 0;
    if (reader->study->arm_count > 1) {
        diag_report(reader->diag, FAULT_P420, fit->group->key,
                    "with observations from the data file of the study there is one arm");
        return;
    }
    into->subjects = arena_array(reader->arena, (size_t)data->count + 1, sizeof *into->subjects);
    into->subject_count = data->count;
    for (int i = 0; i < data->count; i++) {
        const DataSubject *subject = &data->subjects[i];
        into->subjects[i] = (FitSubject){.subject = i,
                                         .id = subject->id,
                                         .moments = moments_of(fit, subject),
                                         .moment_count = subject->row_count};
        for (int k = 0; k < subject->row_count; k++) {
            const DataRow *row = &subject->rows[k];
            int observable = isnan(row->value) ? -1 : observable_of(fit, subject, row);
            FitDatum datum = {.subject = i,
                              .moment = k,
                              .observable = observable,
                              .time = row->time,
                              .value = row->value,
                              .sd = (double)NAN,
                              .weight = 1.0,
                              .censored = row->censored,
                              .limit = row->limit,
                              .line = row->line};
            if (observable >= 0 &&
                check_datum(fit, &datum, line_span(subject->span.source, row->line))) {
                add_datum(fit, &room, datum);
            }
        }
    }
    into->path = data->path;
    into->hash = data->hash;
}

/* What a value at the time of a dose is compared with. A table has no order of records. */
static void read_at_dose(FitReader *fit, bool table)
{
    const Entry *entry = member(fit->group, "at_dose");
    Diag *diag = fit->reader->diag;
    fit->fit->at_dose = table ? FIT_POST : FIT_RECORDS;
    for (FitAtDose way = FIT_RECORDS; entry && way <= FIT_PRE; way++) {
        if (strcmp(entry->text, at_dose_word(way)) == 0) {
            fit->fit->at_dose = way;
            if (table && way == FIT_RECORDS) {
                diag_report(diag, FAULT_P429, entry->value,
                            "a table of values has no records of doses whose order could count");
                diag_hint(diag, "write \"pre\" or \"post\", or give the table a column at_dose");
            }
            return;
        }
    }
    if (entry) {
        diag_report(diag, FAULT_P429, entry->value, "'at_dose' is %s, not \"%s\"",
                    table ? "\"pre\" or \"post\"" : "\"pre\", \"post\" or \"records\"",
                    entry->text);
        if (strcmp(entry->text, "both") == 0) {
            diag_hint(diag, "a value is compared with one number: which?");
        }
    }
}

void read_fit_data(FitReader *fit)
{
    Entry *file = member(fit->group, "data");
    Reader *reader = fit->reader;
    int before = diag_errors(reader->diag);
    read_at_dose(fit, file != NULL);
    if (file) {
        read_table(fit, file);
    } else if (reader->study->data) {
        read_records(fit);
    } else if (!entry_find(fit->group, "data") && !entry_find(reader->config->root, "data")) {
        diag_report(reader->diag, FAULT_P420, fit->group->key, "'fit' does not name its data");
        diag_hint(reader->diag, "write data = \"FILE.csv\"; with columns time, value, and arm, id, "
                                "name where there are several");
    }
    if (fit->fit->datum_count == 0 && diag_errors(reader->diag) == before &&
        (file || reader->study->data)) {
        diag_report(reader->diag, FAULT_D068, file ? file->value : fit->group->key,
                    "there is no value to fit to in '%s'", fit->fit->path);
    }
}
