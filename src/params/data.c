/* data.c: a data file becomes a DataSet: lines are read, grouped to subjects, made to regimens.
 *
 * One pass reads and judges every line; the second groups. Lines that are wrong in themselves are
 * left out of the second pass, so that one mistake is reported once.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "params/data_reader.h"

#include "base/file.h"

#include <assert.h>
#include <math.h>
#include <string.h>

DataOptions data_options_default(void)
{
    return (DataOptions){.time_unit = unit_none(), .amount_unit = unit_none(), .route = -1};
}

void note_once(DataReader *reader, Fault fault, Span where)
{
    if (reader->notes[fault]++ == 0) {
        reader->first[fault] = where;
    }
}

static bool is_later(double a, double b)
{
    return a > b && !schedule_same_instant(a, b);
}

static int line_number(const DataReader *reader, size_t row)
{
    int line;
    int column;
    source_locate(reader->csv.source, data_span(reader, row, 0).start, &line, &column);
    return line;
}

static DoseKind kind_of(const DataLine *line)
{
    if (line->evid == 3) {
        return DOSE_RESET;
    }
    if (line->evid >= 5) {
        return line->evid == 5 ? DOSE_REPLACE : DOSE_MULTIPLY;
    }
    if (line->rate == -1.0) {
        return DOSE_MODEL_RATE;
    }
    if (line->rate == -2.0) {
        return DOSE_MODEL_DURATION;
    }
    if (line->rate > 0.0) {
        return DOSE_INFUSION_RATE;
    }
    return line->duration > 0.0 ? DOSE_INFUSION_DURATION : DOSE_BOLUS;
}

static void add_dose(DataReader *reader, DataSubject *subject, const DataLine *line)
{
    double time = 1.0;
    double amount = 1.0;
    (void)time_factor(reader, &time);
    if (line->evid != 3 && line->evid != 6 && !amount_factor(reader, line, &amount)) {
        return;
    }
    bool repeated = line->evid == 1 || line->evid == 4;
    subject->dose_line[subject->regimen.count] = line_number(reader, line->row);
    subject->regimen.doses[subject->regimen.count++] =
        (Dose){.kind = kind_of(line),
               .route = line->route,
               .state = line->state,
               .amount = line->amount * amount,
               .time = line->time,
               .duration = line->duration * time,
               .rate = line->rate > 0.0 ? line->rate * amount / time : 0.0,
               .count = repeated ? 1 + (int)line->additional : 1,
               .interval = repeated ? line->interval * time : 0.0,
               .steady = repeated ? (int)line->steady : STEADY_NOT,
               .reset = line->evid == 4,
               .span = data_place(reader, line->row, COLUMN_AMT)};
    reader->set->dose_count++;
}

static void add_row(DataReader *reader, DataSubject *subject, const DataLine *line)
{
    int index = subject->row_count++;
    subject->rows[index] = (DataRow){.line = line_number(reader, line->row),
                                     .time = line->time,
                                     .seen = line->seen,
                                     .value = line->value,
                                     .censored = line->censored,
                                     .limit = line->limit};
    subject->observations[index] = (Observation){line->time, subject->regimen.count};
    reader->set->row_count++;
}

/* A subject of lines[0 .. count). */
static void add_subject(DataReader *reader, const DataLine *lines, size_t count, bool goes_on)
{
    DataSet *set = reader->set;
    const DataSubject *before = goes_on ? &set->subjects[set->count - 1] : NULL;
    DataSubject *subject = &set->subjects[set->count++];
    *subject = (DataSubject){.id = lines[0].id,
                             .number = lines[0].id_number,
                             .occasion = before == NULL ? 0 : before->occasion + 1,
                             .start = lines[0].time,
                             .end = lines[0].time,
                             .span = data_place(reader, lines[0].row, COLUMN_ID)};
    set->numbered = set->numbered && !isnan(lines[0].id_number);
    set->start = set->count == 1 ? lines[0].time : fmin(set->start, lines[0].time);
    subject->regimen.doses = arena_array(reader->arena, count, sizeof(Dose));
    subject->dose_line = arena_array(reader->arena, count, sizeof(int));
    subject->rows = arena_array(reader->arena, count, sizeof(DataRow));
    subject->observations = arena_array(reader->arena, count, sizeof(Observation));
    for (size_t i = 0; i < count; i++) {
        subject->end = fmax(subject->end, lines[i].time);
        if (lines[i].evid == 0 || lines[i].evid == 2) {
            add_row(reader, subject, &lines[i]);
        } else {
            add_dose(reader, subject, &lines[i]);
        }
    }
    set->end = set->count == 1 ? subject->end : fmax(set->end, subject->end);
    read_course(reader, subject, lines, count, before);
    lint_subject(reader, subject);
}

/* The end of the subject that begins at `first`: another ID, or a reset that sets the time back. */
static size_t subject_end(DataReader *reader, const DataLine *lines, size_t first, size_t count)
{
    size_t i = first + 1;
    for (; i < count && strcmp(lines[i].id, lines[first].id) == 0; i++) {
        double before = lines[i - 1].time;
        bool back = is_later(before, lines[i].time);
        if (back && (lines[i].evid == 3 || lines[i].evid == 4)) {
            break;
        }
        if (back) {
            diag_report(reader->diag, FAULT_D006, data_place(reader, lines[i].row, COLUMN_TIME),
                        "TIME goes back within subject %s; only a reset (EVID 3, 4) may do that",
                        lines[first].id);
            diag_note(reader->diag, data_place(reader, lines[i - 1].row, COLUMN_TIME),
                      "the time before");
        } else if (before != lines[i].time && schedule_same_instant(before, lines[i].time)) {
            note_once(reader, FAULT_D025, data_place(reader, lines[i].row, COLUMN_TIME));
        }
    }
    return i;
}

static void group(DataReader *reader, const DataLine *lines, size_t count)
{
    Names *known = names_new(reader->arena);
    reader->set->subjects = arena_array(reader->arena, count + 1, sizeof(DataSubject));
    for (size_t first = 0; first < count;) {
        bool goes_on = first > 0 && strcmp(lines[first - 1].id, lines[first].id) == 0;
        if (!goes_on && !names_add(known, lines[first].id, (int)first)) {
            diag_report(reader->diag, FAULT_D021, data_place(reader, lines[first].row, COLUMN_ID),
                        "ID %s comes back after others: this is taken as a new individual",
                        lines[first].id);
        }
        size_t end = subject_end(reader, lines, first, count);
        add_subject(reader, lines + first, end - first, goes_on);
        first = end;
    }
}

static void read_all(DataReader *reader)
{
    size_t count = 0;
    double factor = 1.0;
    if (!time_factor(reader, &factor)) {
        diag_report(reader->diag, FAULT_D030, reader->columns[reader->at[COLUMN_TIME]].span,
                    "TIME is in %s, which is no time", reader->options->time_unit.text);
        return;
    }
    DataLine *lines = arena_array(reader->arena, reader->csv.rows + 1, sizeof *lines);
    for (size_t row = 0; row < reader->csv.rows; row++) {
        read_line_of(reader, row, &lines[count]);
        lines[count].time *= factor;
        count += lines[count].good;
    }
    if (reader->csv.rows == 0) {
        diag_report(reader->diag, FAULT_D027, reader->columns[0].span,
                    "the file has a header and no records");
    }
    reader->set->line_count = (int)count;
    group(reader, lines, count);
    report_notes(reader);
}

const DataSet *read_data(Arena *arena, const char *path, const DataOptions *options, Diag *diag)
{
    assert(arena != NULL && path != NULL && options != NULL && diag != NULL);
    int before = diag_errors(diag);
    DataReader *reader = arena_alloc(arena, sizeof *reader);
    *reader = (DataReader){.arena = arena, .diag = diag, .options = options};
    bool whole = csv_fields(arena, path, diag, &reader->csv);
    if (reader->csv.fields == NULL || reader->csv.columns == 0 ||
        (!whole && diag_errors(diag) == before) || !read_columns(reader)) {
        return NULL;
    }
    reader->set = arena_alloc(arena, sizeof *reader->set);
    reader->set->path = arena_copy(arena, path, strlen(path));
    reader->set->numbered = true;
    size_t covariates = options->model == NULL ? 0 : (size_t)options->model->covariate_count;
    reader->set->given = arena_array(arena, covariates + 1, sizeof(bool));
    for (size_t i = 0; i < reader->csv.columns; i++) {
        if (reader->columns[i].kind == COLUMN_COVARIATE) {
            reader->set->given[reader->columns[i].covariate] = true;
        }
    }
    char hash[65];
    file_hash(reader->csv.source->text, reader->csv.source->length, hash);
    reader->set->hash = arena_copy(arena, hash, 64);
    read_all(reader);
    return diag_errors(diag) == before ? reader->set : NULL;
}
