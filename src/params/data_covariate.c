/* data_covariate.c: the covariates of one subject: one value, or a course in time.
 *
 * A missing cell says nothing: the value before goes on. A column that varies within a subject
 * needs a rule for the time between records; there is no default, since tools disagree (NONMEM
 * carries the next value back, most others the last one forward).
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "params/data_reader.h"

#include "base/number.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static const char *const rule_words[] = {"", "locf", "nocb", "linear", "constant"};

BetweenRule between_rule(const char *word)
{
    for (int i = BETWEEN_LOCF; i <= BETWEEN_CONSTANT; i++) {
        if (strcmp(rule_words[i], word) == 0) {
            return (BetweenRule)i;
        }
    }
    return BETWEEN_UNSAID;
}

/* The knots of a column for one subject. */
typedef struct {
    double *time, *value;
    size_t *row;
    int count;
    bool varies;
    size_t other; // the first row whose value differs from the first one's
} Knots;

static Knots read_knots(DataReader *reader, int column, const DataLine *lines, size_t count)
{
    Knots knots = {.time = arena_array(reader->arena, count + 1, sizeof(double)),
                   .value = arena_array(reader->arena, count + 1, sizeof(double)),
                   .row = arena_array(reader->arena, count + 1, sizeof(size_t))};
    for (size_t i = 0; i < count; i++) {
        double value = 0.0;
        bool given = false;
        if (!cell_number(reader, lines[i].row, column, &value, &given) || !given) {
            continue;
        }
        knots.time[knots.count] = lines[i].time;
        knots.value[knots.count] = value;
        knots.row[knots.count++] = lines[i].row;
        if (!knots.varies && value != knots.value[0]) {
            knots.varies = true;
            knots.other = lines[i].row;
        }
    }
    return knots;
}

static const char *short_words(Arena *arena, double value)
{
    char digits[NUMBER_TEXT_SIZE];
    int length = number_short(value, 8, digits);
    return arena_copy(arena, digits, (size_t)length);
}

static void report_variation(DataReader *reader, int index, const DataSubject *subject,
                             const Knots *knots)
{
    DataColumn *column = &reader->columns[index];
    if (column->is_noted) {
        return;
    }
    column->is_noted = true;
    Span where = data_span(reader, knots->other, index);
    bool constant = column->rule == BETWEEN_CONSTANT;
    Fault fault = column->kind == COLUMN_OTHER ? FAULT_D032 : constant ? FAULT_D026 : FAULT_D016;
    diag_report(reader->diag, fault, where, "'%s' varies within subject %s%s", column->name,
                subject->id, constant ? ", though the study calls it constant" : "");
    if (!constant) {
        diag_hint(reader->diag,
                  "say how: data = { covariates = { %s = \"locf\"; }; }, or nocb, linear, constant",
                  column->name);
    }
    diag_note(reader->diag, data_span(reader, knots->row[0], index), "here it is %s",
              short_words(reader->arena, knots->value[0]));
}

static void add_course(DataReader *reader, DataSubject *subject, const DataColumn *column,
                       const Knots *knots)
{
    static const CourseMethod methods[] = {[BETWEEN_LOCF] = COURSE_LOCF,
                                           [BETWEEN_NOCB] = COURSE_NOCB,
                                           [BETWEEN_LINEAR] = COURSE_LINEAR};
    if (subject->courses == NULL) {
        subject->courses =
            arena_array(reader->arena, (size_t)reader->options->model->covariate_count,
                        sizeof(CovariateCourse));
    }
    subject->courses[subject->course_count++] = (CovariateCourse){.covariate = column->covariate,
                                                                  .method = methods[column->rule],
                                                                  .time = knots->time,
                                                                  .value = knots->value,
                                                                  .count = knots->count};
}

/* The value with which an individual went into its next occasion; NAN if unknown. */
static double carried(const DataSubject *before, int covariate)
{
    if (before == NULL) {
        return (double)NAN;
    }
    for (int i = 0; i < before->course_count; i++) {
        if (before->courses[i].covariate == covariate) {
            return before->courses[i].value[before->courses[i].count - 1];
        }
    }
    return before->covariates[covariate];
}

/* What an individual brings from the occasion before holds until the first record that says more.
 */
static void begin_with(Knots *knots, const DataLine *first, double value)
{
    bool said = knots->count > 0 && knots->row[0] == first->row;
    if (said || isnan(value)) {
        return;
    }
    size_t count = (size_t)knots->count++;
    memmove(knots->time + 1, knots->time, count * sizeof *knots->time);
    memmove(knots->value + 1, knots->value, count * sizeof *knots->value);
    memmove(knots->row + 1, knots->row, count * sizeof *knots->row);
    knots->time[0] = first->time;
    knots->value[0] = value;
    knots->row[0] = first->row;
    knots->other = count > 0 && knots->value[1] != value ? knots->row[1] : knots->other;
    knots->varies = knots->varies || (count > 0 && knots->value[1] != value);
}

static void read_column(DataReader *reader, int index, DataSubject *subject, const DataLine *lines,
                        size_t count, const DataSubject *before)
{
    DataColumn *column = &reader->columns[index];
    Knots knots = read_knots(reader, index, lines, count);
    bool known = column->kind == COLUMN_COVARIATE;
    if (known) {
        begin_with(&knots, &lines[0], carried(before, column->covariate));
    }
    if (knots.varies && (column->rule == BETWEEN_UNSAID || column->rule == BETWEEN_CONSTANT)) {
        report_variation(reader, index, subject, &knots);
    } else if (knots.varies && known) {
        add_course(reader, subject, column, &knots);
    }
    if (!known) {
        return;
    }
    const double *others = reader->options->covariates;
    bool elsewhere = others == NULL || !isnan(others[column->covariate]);
    subject->covariates[column->covariate] = knots.count > 0 ? knots.value[0] : (double)NAN;
    if (knots.count == 0 && !elsewhere) {
        diag_report(reader->diag, FAULT_D017, data_span(reader, lines[0].row, index),
                    "subject %s has no value of '%s' in any line", subject->id, column->name);
    }
}

void read_course(DataReader *reader, DataSubject *subject, const DataLine *lines, size_t count,
                 const DataSubject *before)
{
    assert(count > 0);
    const Model *model = reader->options->model;
    size_t covariates = model == NULL ? 0 : (size_t)model->covariate_count;
    subject->covariates = arena_array(reader->arena, covariates + 1, sizeof(double));
    for (size_t i = 0; i < covariates; i++) {
        subject->covariates[i] = (double)NAN;
    }
    for (size_t i = 0; i < reader->csv.columns; i++) {
        ColumnKind kind = reader->columns[i].kind;
        if (kind == COLUMN_COVARIATE || kind == COLUMN_OTHER) {
            read_column(reader, (int)i, subject, lines, count, before);
        }
    }
}
