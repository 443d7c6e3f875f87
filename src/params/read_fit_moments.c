/* read_fit_moments.c: the moments at which the lines of a table of values are simulated.
 *
 * Values of one time share a moment, or two where doses come between: the one before all that
 * happens then, and the one after it. A table does not say by the order of its lines, as a data
 * file does, which is meant: its column at_dose does, or fit.at_dose.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "params/read_fit.h"

#include "dose/schedule.h"

#include <math.h>
#include <stdlib.h>

static int compare_moments(const void *a, const void *b)
{
    const Observation *first = a;
    const Observation *second = b;
    int sooner = (first->time > second->time) - (first->time < second->time);
    return sooner != 0 ? sooner
                       : (first->records > second->records) - (first->records < second->records);
}

static const Regimen *regimen_of(const FitReader *fit, const FitSubject *subject)
{
    const Study *study = fit->reader->study;
    return subject->subject >= 0 ? &study->data->subjects[subject->subject].regimen
                                 : &study->arms[subject->arm].regimen;
}

static Observation moment_of(const FitReader *fit, const FitDatum *datum)
{
    const Regimen *regimen = regimen_of(fit, &fit->fit->subjects[datum->subject]);
    return (Observation){datum->time, datum->before ? OBSERVED_BEFORE : regimen->count};
}

static void make_moments(FitReader *fit, int index)
{
    Fit *into = fit->fit;
    FitSubject *subject = &into->subjects[index];
    size_t count = 0;
    Observation *all = arena_array(fit->reader->arena, (size_t)into->datum_count + 1, sizeof *all);
    for (int i = 0; i < into->datum_count; i++) {
        if (into->data[i].subject == index) {
            all[count++] = moment_of(fit, &into->data[i]);
        }
    }
    qsort(all, count, sizeof *all, compare_moments);
    subject->moments = arena_array(fit->reader->arena, count + 1, sizeof *subject->moments);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || compare_moments(&all[i], &all[i - 1]) != 0) {
            subject->moments[subject->moment_count++] = all[i];
        }
    }
    for (int i = 0; i < into->datum_count; i++) {
        FitDatum *datum = &into->data[i];
        if (datum->subject != index) {
            continue;
        }
        Observation own = moment_of(fit, datum);
        const Observation *found = bsearch(&own, subject->moments, (size_t)subject->moment_count,
                                           sizeof own, compare_moments);
        datum->moment = (int)(found - subject->moments);
    }
}

/* True if amounts jump at that time: at an infusion they do not. */
static bool jumps_at(const Regimen *regimen, double time)
{
    for (int i = 0; i < regimen->count; i++) {
        const Dose *dose = &regimen->doses[i];
        bool infusion = dose->kind > DOSE_BOLUS && dose->kind < DOSE_RESET;
        if (infusion && dose->steady == STEADY_NOT && !dose->reset) {
            continue;
        }
        double since = dose->count > 1 ? round((time - dose->time) / dose->interval) : 0.0;
        double nearest = fmin(fmax(since, 0.0), dose->count - 1.0);
        if (schedule_same_instant(dose->time + nearest * dose->interval, time)) {
            return true;
        }
    }
    return false;
}

/* Nobody has said which side of a dose is meant. */
static void lint_sides(FitReader *fit)
{
    const Fit *into = fit->fit;
    const Entry *file = member(fit->group, "data");
    int count = into->unsaid;
    if (fit->reader->options->lint && count > 0) {
        diag_report(fit->reader->diag, FAULT_D069, file->value,
                    count == 1 ? "%d value has the time of a dose and is compared with what is "
                                 "there after it"
                               : "%d values have the time of a dose and are compared with what is "
                                 "there after it",
                    count);
        diag_hint(
            fit->reader->diag,
            "say which is meant: fit = { at_dose = \"pre\"; }, \"post\", or a column at_dose");
    }
}

void fit_table_moments(FitReader *fit, bool sided)
{
    for (int i = 0; i < fit->fit->subject_count; i++) {
        make_moments(fit, i);
    }
    if (sided || member(fit->group, "at_dose")) {
        return;
    }
    Fit *into = fit->fit;
    for (int i = 0; i < into->datum_count; i++) {
        const FitDatum *datum = &into->data[i];
        const Regimen *regimen = regimen_of(fit, &into->subjects[datum->subject]);
        into->unsaid += jumps_at(regimen, datum->time);
    }
    lint_sides(fit);
}
