/* data.h: subjects of a data file: what each was given, when each was observed, how its covariates
 * ran. Made by params/data.c, run by data_run.c; dosing.md has the rules.
 *
 * An individual is what shares an ID in consecutive lines. Where a reset (EVID 3, 4) sets the time
 * back, what follows owes nothing to what was before: it becomes a subject of its own, the next
 * `occasion` of that individual. SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_STUDY_DATA_H
#define STROMA_STUDY_DATA_H

#include "model/model.h"
#include "simulate/course.h"
#include "simulate/simulate.h"

/* What a line says about something seen. */
typedef struct {
    int line;     // of the file
    double time;  // in the model's unit
    NameRef seen; // state or observable that CMT or DVID names; NAME_NONE: not said
    double value; // DV; NAN: a prediction only (EVID 2, MDV 1, or DV missing)
    int censored; // CENS: 1 value is an upper bound, -1 a lower one, 0 neither
    double limit; // LIMIT: the other bound, or of truncation; NAN: none
} DataRow;

typedef struct {
    const char *id; // as written
    double number;  // the same if all ids are numbers
    int occasion;   // 0, 1 ...
    Regimen regimen;
    int *dose_line;            // (regimen.count) lines of the file
    DataRow *rows;             // (row_count) records with EVID 0 and 2, in the order of the file
    Observation *observations; // (row_count) the same for the pack
    int row_count;
    double *covariates; // (model->covariate_count) at the start; NAN: not in the file
    CovariateCourse *courses;
    int course_count;
    double start, end; // times of the first and last record
    Span span;         // the first line
} DataSubject;

typedef struct {
    const char *path;
    const char *hash;
    DataSubject *subjects;
    int count;
    bool numbered; // every id is a number
    bool *given;   // (model->covariate_count) the file has a column for that covariate
    int dose_count, row_count, line_count;
    double start, end; // first and last time of all
} DataSet;

#endif
