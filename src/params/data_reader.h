/* data_reader.h: what the files that read a data file share: columns, lines, where they are.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_PARAMS_DATA_READER_H
#define STROMA_PARAMS_DATA_READER_H

#include "base/names.h"
#include "params/data.h"
#include "table/csv.h"

typedef enum {
    COLUMN_ID,
    COLUMN_TIME,
    COLUMN_EVID,
    COLUMN_AMT,
    COLUMN_RATE,
    COLUMN_DUR,
    COLUMN_II,
    COLUMN_ADDL,
    COLUMN_SS,
    COLUMN_CMT,
    COLUMN_MDV,
    COLUMN_DV,
    COLUMN_DVID,
    COLUMN_CENS,
    COLUMN_LIMIT,
    COLUMN_COUNT,     // of those with a meaning; what else a column may be:
    COLUMN_COVARIATE, // of the model
    COLUMN_OTHER,     // not known, no model is there to say
    COLUMN_IGNORED
} ColumnKind;

typedef struct {
    const char *name;
    Span span;
    ColumnKind kind;
    int covariate;    // COLUMN_COVARIATE: index in the model
    BetweenRule rule; // likewise
    bool is_noted;    // a finding about the whole column was reported
} DataColumn;

typedef struct {
    Arena *arena;
    Diag *diag;
    const DataOptions *options;
    CsvFields csv;
    DataColumn *columns;  // (csv.columns)
    int at[COLUMN_COUNT]; // where each stands, -1: nowhere
    DataSet *set;
    int notes[FAULT_COUNT]; // findings that are reported once, counted
    Span first[FAULT_COUNT];
} DataReader;

/* One line. Numbers that are missing are 0 (AMT, RATE, II, ADDL, SS, DUR) or NAN (the rest). */
typedef struct {
    size_t row;
    const char *id;
    double id_number; // NAN: a word
    int evid;
    double time;
    double amount, rate, duration, interval, additional, steady;
    double value, limit;
    int censored;
    NameRef seen;
    int route, state; // of a dose; -1
    bool good;        // nothing was wrong with it
} DataLine;

extern const char *const data_column_names[COLUMN_COUNT];

/* --- data_columns.c */
bool read_columns(DataReader *reader);
/* The cell of a column (its index in the file) in a row. */
const CsvField *data_cell(const DataReader *reader, size_t row, int column);
Span data_span(const DataReader *reader, size_t row, int column);
/* The place of a known column's cell, or of the line if there is no such column. */
Span data_place(const DataReader *reader, size_t row, ColumnKind kind);
bool cell_is_missing(const DataReader *reader, size_t row, int column);
/* The number in a cell (NAN if missing, *given false); false: reported. */
bool cell_number(DataReader *reader, size_t row, int column, double *value, bool *given);

/* --- data_line.c */
void read_line_of(DataReader *reader, size_t row, DataLine *line);

/* --- data_target.c: where doses go and what is seen; fills route, state, seen */
void find_target(DataReader *reader, DataLine *line);
void find_seen(DataReader *reader, DataLine *line);
/* From the unit of the file to the model's; false: reported. */
bool time_factor(const DataReader *reader, double *factor);
bool amount_factor(DataReader *reader, const DataLine *line, double *factor);

/* --- data_covariate.c: values and courses of one subject, whose lines are lines[0 .. count) */
void read_course(DataReader *reader, DataSubject *subject, const DataLine *lines, size_t count,
                 const DataSubject *before);

/* Counts a finding that is reported once, at its first place. */
void note_once(DataReader *reader, Fault fault, Span where);

/* --- data_lint.c */
void lint_subject(DataReader *reader, const DataSubject *subject);
void report_notes(DataReader *reader);

#endif
