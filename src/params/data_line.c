/* data_line.c: one line of a data file, every cell judged by itself and against the others.
 *
 * Without EVID a line that gives anything is a dose, one with MDV = 1 a prediction, any other an
 * observation. SPDX-License-Identifier: GPL-3.0-or-later */
#include "params/data_reader.h"

#include "base/number.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

enum { MOST_ADDITIONAL = 1000000 };

static double number_or(DataReader *reader, DataLine *line, ColumnKind kind, double otherwise)
{
    double value = otherwise;
    bool given = false;
    if (reader->at[kind] < 0) {
        return otherwise;
    }
    if (!cell_number(reader, line->row, reader->at[kind], &value, &given)) {
        line->good = false;
        return otherwise;
    }
    return given ? value : otherwise;
}

__attribute__((format(printf, 5, 6))) static void
wrong(DataReader *reader, DataLine *line, Fault fault, ColumnKind kind, const char *format, ...)
{
    char words[256];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    diag_report(reader->diag, fault, data_place(reader, line->row, kind), "%s", words);
    line->good = line->good && fault_severity(fault) != SEVERITY_ERROR;
}

static void read_id(DataReader *reader, DataLine *line)
{
    const CsvField *field = data_cell(reader, line->row, reader->at[COLUMN_ID]);
    line->id = csv_text(reader->arena, &reader->csv, field);
    if (cell_is_missing(reader, line->row, reader->at[COLUMN_ID])) {
        wrong(reader, line, FAULT_D020, COLUMN_ID, "this line has no ID");
        return;
    }
    if (csv_number(&reader->csv, field, &line->id_number) && isfinite(line->id_number)) {
        char digits[NUMBER_TEXT_SIZE];
        int length = number_text(line->id_number, digits);
        line->id = arena_copy(reader->arena, digits, (size_t)length); // 1 and 1.0 are one subject
    } else {
        line->id_number = (double)NAN;
    }
}

static void read_time(DataReader *reader, DataLine *line)
{
    bool good = line->good;
    line->time = number_or(reader, line, COLUMN_TIME, (double)NAN);
    if (isnan(line->time) && line->good == good && good) {
        wrong(reader, line, FAULT_D005, COLUMN_TIME, "this line has no TIME");
    }
}

static bool gives(const DataLine *line)
{
    return line->amount != 0.0 || line->rate != 0.0 || line->interval != 0.0 ||
           line->additional != 0.0 || line->steady != 0.0;
}

/* Whole and within a range, or reported. */
static bool is_whole(DataReader *reader, DataLine *line, ColumnKind kind, Fault fault, double value,
                     double least, double most)
{
    if (value == floor(value) && value >= least && value <= most) {
        return true;
    }
    char digits[NUMBER_TEXT_SIZE];
    (void)number_short(value, 8, digits);
    wrong(reader, line, fault, kind, "%s is %s, not a whole number from %.0f to %.0f",
          data_column_names[kind], digits, least, most);
    return false;
}

static void read_evid(DataReader *reader, DataLine *line)
{
    double missing = number_or(reader, line, COLUMN_MDV, 0.0);
    double evid = number_or(reader, line, COLUMN_EVID, (double)NAN);
    if (missing != 0.0 && missing != 1.0) {
        wrong(reader, line, FAULT_D031, COLUMN_MDV, "MDV is neither 0 nor 1");
    }
    line->evid = gives(line) ? 1 : missing == 1.0 ? 2 : 0;
    if (isnan(evid)) {
        return;
    }
    evid = evid == 8.0 ? 5.0 : evid; // mrgsolve's number of a replacement
    if (is_whole(reader, line, COLUMN_EVID, FAULT_D007, evid, 0, 6)) {
        line->evid = (int)evid;
    }
    if (line->evid == 0 && missing == 1.0) {
        line->evid = 2;
    }
}

static void check_rate(DataReader *reader, DataLine *line)
{
    bool modelled = line->rate == -1.0 || line->rate == -2.0;
    if (line->rate < 0.0 && !modelled) {
        wrong(reader, line, FAULT_D010, COLUMN_RATE,
              "RATE is negative; only -1 (rate of the model) and -2 (duration of the model) are");
    }
    if (line->duration < 0.0) {
        wrong(reader, line, FAULT_D010, COLUMN_DUR, "DUR is negative");
    }
    if (line->rate != 0.0 && line->duration != 0.0) {
        wrong(reader, line, FAULT_D010, COLUMN_DUR, "an infusion has a RATE or a DUR, not both");
    }
    bool infusion = line->rate != 0.0 || line->duration != 0.0;
    if (infusion && line->amount < 0.0) {
        wrong(reader, line, FAULT_D029, COLUMN_AMT, "the amount of an infusion is negative");
    }
}

static void check_repeats(DataReader *reader, DataLine *line)
{
    if (line->interval < 0.0) {
        wrong(reader, line, FAULT_D014, COLUMN_II, "II is negative");
    }
    if (is_whole(reader, line, COLUMN_ADDL, FAULT_D014, line->additional, 0, MOST_ADDITIONAL) &&
        line->additional > 0.0 && line->interval == 0.0) {
        wrong(reader, line, FAULT_D014, COLUMN_ADDL, "ADDL needs the interval II");
    }
    bool alone = line->interval > 0.0 && line->additional == 0.0 && line->steady == 0.0;
    if (alone && line->good) {
        wrong(reader, line, FAULT_D028, COLUMN_II, "II without ADDL or SS has no effect");
    }
}

static void check_steady(DataReader *reader, DataLine *line)
{
    if (line->steady == 0.0 || !is_whole(reader, line, COLUMN_SS, FAULT_D015, line->steady, 0, 2)) {
        return;
    }
    bool constant = line->amount == 0.0 && (line->rate > 0.0 || line->rate == -1.0);
    if (line->amount == 0.0 && !constant) {
        wrong(reader, line, FAULT_D015, COLUMN_SS,
              "SS needs an amount, or AMT 0 with a RATE for a constant infusion");
    } else if (constant && (line->interval != 0.0 || line->additional != 0.0)) {
        wrong(reader, line, FAULT_D015, COLUMN_SS,
              "a constant infusion (AMT 0) at steady state has neither II nor ADDL");
    } else if (!constant && line->interval == 0.0) {
        wrong(reader, line, FAULT_D015, COLUMN_SS, "SS needs the interval II");
    }
}

static void check_dose(DataReader *reader, DataLine *line)
{
    if (!gives(line)) {
        wrong(reader, line, FAULT_D008, COLUMN_AMT,
              "this dose gives nothing: AMT, RATE, II, ADDL and SS are all 0");
        return;
    }
    check_rate(reader, line);
    check_repeats(reader, line);
    check_steady(reader, line);
    if (line->amount == 0.0 && line->steady == 0.0 && line->good) {
        wrong(reader, line, FAULT_D028, COLUMN_AMT, "a dose of amount 0 has no effect");
    }
}

static void check_set(DataReader *reader, DataLine *line)
{
    double others[] = {line->rate, line->interval, line->additional, line->steady};
    const ColumnKind kinds[] = {COLUMN_RATE, COLUMN_II, COLUMN_ADDL, COLUMN_SS};
    bool has_amount =
        reader->at[COLUMN_AMT] >= 0 && !cell_is_missing(reader, line->row, reader->at[COLUMN_AMT]);
    if (line->evid >= 5 && !has_amount) {
        wrong(reader, line, FAULT_D008, COLUMN_AMT, "EVID %d needs an AMT: the %s", line->evid,
              line->evid == 5 ? "new value" : "factor");
    }
    if (line->evid == 3 && line->amount != 0.0) {
        wrong(reader, line, FAULT_D028, COLUMN_AMT,
              "a reset gives no dose: AMT has no effect (EVID 4 resets and doses)");
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (others[i] != 0.0) {
            wrong(reader, line, FAULT_D028, kinds[i], "%s has no effect with EVID %d",
                  data_column_names[kinds[i]], line->evid);
        }
    }
}

static void check_seen(DataReader *reader, DataLine *line)
{
    if (gives(line) || line->duration != 0.0) {
        ColumnKind kind = line->amount != 0.0     ? COLUMN_AMT
                          : line->rate != 0.0     ? COLUMN_RATE
                          : line->interval != 0.0 ? COLUMN_II
                          : line->steady != 0.0   ? COLUMN_SS
                                                  : COLUMN_ADDL;
        kind = gives(line) ? kind : COLUMN_DUR;
        wrong(reader, line, FAULT_D009, kind, "this line has EVID %d and a dose", line->evid);
    }
    line->value = line->evid == 0 ? number_or(reader, line, COLUMN_DV, (double)NAN) : (double)NAN;
    double censored = number_or(reader, line, COLUMN_CENS, 0.0);
    line->limit = number_or(reader, line, COLUMN_LIMIT, (double)NAN);
    if (!is_whole(reader, line, COLUMN_CENS, FAULT_D019, censored, -1, 1)) {
        return;
    }
    line->censored = (int)censored;
    if (line->censored != 0 && line->evid == 0 && isnan(line->value)) {
        wrong(reader, line, FAULT_D019, COLUMN_CENS, "CENS is %d, but DV, the bound, is missing",
              line->censored);
    }
    bool inside = line->censored == 1 ? line->limit < line->value : line->limit > line->value;
    if (line->censored != 0 && !isnan(line->limit) && !isnan(line->value) && !inside) {
        wrong(reader, line, FAULT_D019, COLUMN_LIMIT, "LIMIT is not %s DV",
              line->censored == 1 ? "below" : "above");
    }
}

/* The cells of a wrong line that nobody would read otherwise: every finding is reported. */
static void read_rest(DataReader *reader, DataLine *line, bool of_observation)
{
    double value = 0.0;
    bool given = false;
    for (size_t i = 0; i < reader->csv.columns; i++) {
        ColumnKind kind = reader->columns[i].kind;
        bool seen = kind == COLUMN_DV || kind == COLUMN_CENS || kind == COLUMN_LIMIT;
        if (kind == COLUMN_COVARIATE || (of_observation && seen)) {
            (void)cell_number(reader, line->row, (int)i, &value, &given);
        }
    }
}

void read_line_of(DataReader *reader, size_t row, DataLine *line)
{
    *line = (DataLine){.row = row, .good = true, .route = -1, .state = -1};
    line->value = line->limit = (double)NAN;
    read_id(reader, line);
    read_time(reader, line);
    double *const targets[] = {&line->amount,   &line->rate,       &line->duration,
                               &line->interval, &line->additional, &line->steady};
    const ColumnKind kinds[] = {COLUMN_AMT, COLUMN_RATE, COLUMN_DUR,
                                COLUMN_II,  COLUMN_ADDL, COLUMN_SS};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        *targets[i] = number_or(reader, line, kinds[i], 0.0);
    }
    bool readable = line->good;
    read_evid(reader, line);
    if (!readable) {
        read_rest(reader, line, line->evid == 0); // the other checks would only repeat it
        return;
    }
    if (line->evid == 1 || line->evid == 4) {
        check_dose(reader, line);
        find_target(reader, line);
    } else if (line->evid >= 3) {
        check_set(reader, line);
        if (line->evid >= 5) {
            find_target(reader, line);
        }
    } else {
        check_seen(reader, line);
        find_seen(reader, line);
    }
    if (!line->good) {
        read_rest(reader, line, false);
    }
}
