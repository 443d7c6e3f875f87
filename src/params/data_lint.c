/* data_lint.c: what a data file may say and often does not mean.
 *
 * Findings of one kind are reported once, at the first place, with their number.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "params/data_reader.h"

#include <math.h>

/* The place of a line of the file: its TIME. */
static Span place_of(const DataReader *reader, const DataRow *row)
{
    const Source *source = reader->csv.source;
    return (Span){source, source->line_start[row->line - 1], 0};
}

static bool gives(const Dose *dose)
{
    return dose->kind <= DOSE_MODEL_DURATION && (dose->amount != 0.0 || dose->steady != STEADY_NOT);
}

/* True if amounts jump at the record: a bolus, a steady state, a reset, EVID 5 and 6. */
static bool jumps(const Dose *dose)
{
    return (gives(dose) && (dose->kind == DOSE_BOLUS || dose->steady != STEADY_NOT)) ||
           dose->reset || dose->kind > DOSE_MODEL_DURATION;
}

/* Observations at the time of a record: the order of the lines decides what they see. */
static void lint_instants(DataReader *reader, const DataSubject *subject)
{
    int first = 0;
    for (int i = 0; i < subject->row_count; i++) {
        const DataRow *row = &subject->rows[i];
        while (first < subject->regimen.count && subject->regimen.doses[first].time < row->time &&
               !schedule_same_instant(subject->regimen.doses[first].time, row->time)) {
            first++;
        }
        for (int k = first; k < subject->regimen.count; k++) {
            const Dose *dose = &subject->regimen.doses[k];
            if (!schedule_same_instant(dose->time, row->time)) {
                break;
            }
            if (jumps(dose)) {
                bool before = subject->observations[i].records <= k;
                Fault fault = !gives(dose) ? FAULT_D040 : before ? FAULT_D022 : FAULT_D033;
                note_once(reader, fault, place_of(reader, row));
                break;
            }
        }
    }
}

/* Records of one time that give different amounts in another order: one of them is a reset, a
 * steady state that replaces, or EVID 5, 6. */
static void lint_records(DataReader *reader, const DataSubject *subject)
{
    for (int k = 1; k < subject->regimen.count; k++) {
        const Dose *one = &subject->regimen.doses[k - 1];
        const Dose *two = &subject->regimen.doses[k];
        bool matters = one->kind > DOSE_MODEL_DURATION || two->kind > DOSE_MODEL_DURATION ||
                       one->reset || two->reset || one->steady == STEADY_REPLACE ||
                       two->steady == STEADY_REPLACE;
        if (matters && schedule_same_instant(one->time, two->time)) {
            note_once(reader, FAULT_D041, two->span);
        }
    }
}

/* Additional doses that fall on a record. */
static void lint_additional(DataReader *reader, const DataSubject *subject)
{
    for (int k = 0; k < subject->regimen.count; k++) {
        const Dose *dose = &subject->regimen.doses[k];
        for (int i = 0; dose->count > 1 && i < subject->row_count; i++) {
            double since = (subject->rows[i].time - dose->time) / dose->interval;
            double nearest = round(since);
            double time = dose->time + nearest * dose->interval;
            if (nearest >= 1.0 && nearest < dose->count &&
                schedule_same_instant(time, subject->rows[i].time)) {
                note_once(reader, FAULT_D023, place_of(reader, &subject->rows[i]));
            }
        }
    }
}

void lint_subject(DataReader *reader, const DataSubject *subject)
{
    if (reader->options->lint) {
        lint_instants(reader, subject);
        lint_records(reader, subject);
        lint_additional(reader, subject);
    }
}

void report_notes(DataReader *reader)
{
    static const struct {
        Fault fault;
        const char *one, *many;
    } notes[] = {
        {FAULT_D022, "observation stands before a dose of its own time and sees the state before",
         "observations stand before a dose of their own time and see the state before"},
        {FAULT_D033, "observation stands behind a dose of its own time and sees the state after",
         "observations stand behind a dose of their own time and see the state after"},
        {FAULT_D040,
         "observation has the time of a reset or a set value (EVID 3, 5, 6): its place decides",
         "observations have the time of a reset or a set value (EVID 3, 5, 6): their place "
         "decides"},
        {FAULT_D041, "record has the time of one before it, and the order of both matters",
         "records have the time of one before them, and the order of both matters"},
        {FAULT_D023, "record falls on an additional dose (ADDL), which enters before it",
         "records fall on an additional dose (ADDL), which enters before them"},
        {FAULT_D025, "time differs from the one before by rounding only: taken as equal",
         "times differ from the one before by rounding only: taken as equal"},
    };
    for (size_t i = 0; i < sizeof notes / sizeof notes[0]; i++) {
        int count = reader->notes[notes[i].fault];
        if (count > 0) {
            diag_report(reader->diag, notes[i].fault, reader->first[notes[i].fault], "%d %s", count,
                        count == 1 ? notes[i].one : notes[i].many);
        }
    }
    bool doses = reader->set->dose_count > 0 && reader->at[COLUMN_AMT] >= 0;
    const Model *model = reader->options->model;
    if (reader->options->lint && doses && model != NULL && !reader->options->amount_unit.known) {
        diag_report(
            reader->diag, FAULT_D024, reader->columns[reader->at[COLUMN_AMT]].span,
            "the unit of AMT is never stated: amounts are taken in the unit of their target");
        diag_hint(reader->diag, "such as data = { amount_unit = \"mg\"; }");
    }
}
