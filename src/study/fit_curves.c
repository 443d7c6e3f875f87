/* fit_curves.c: the fitted model at even times, for plots: a fit whose data are those points.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/fit_summary.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { POINTS = 201 };

static int compare_times(const void *a, const void *b)
{
    double first = ((const Observation *)a)->time;
    double second = ((const Observation *)b)->time;
    return (first > second) - (first < second);
}

/* Even times from the start to the last observation, and those of the data. */
static void fill_moments(const Study *study, const FitSubject *from, Arena *arena, FitSubject *to)
{
    size_t most = POINTS + (size_t)from->moment_count;
    Observation *moments = arena_array(arena, most, sizeof *moments);
    double start = from->subject >= 0 ? study->data->subjects[from->subject].start : study->start;
    double end = from->moment_count > 0 ? from->moments[from->moment_count - 1].time : start;
    int records = from->subject >= 0 ? study->data->subjects[from->subject].regimen.count
                                     : study->arms[from->arm].regimen.count;
    size_t count = 0;
    for (int i = 0; i < POINTS; i++) {
        double part = (double)i / (POINTS - 1);
        moments[count++] = (Observation){start + part * (end - start), records};
    }
    for (int i = 0; i < from->moment_count; i++) {
        moments[count++] = (Observation){from->moments[i].time, records};
    }
    qsort(moments, count, sizeof *moments, compare_times);
    *to = *from;
    to->moments = moments;
    to->moment_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || moments[i].time > moments[to->moment_count - 1].time) {
            moments[to->moment_count++] = moments[i];
        }
    }
}

static bool has_values(const Fit *fit, int subject, int observable)
{
    for (int i = 0; i < fit->datum_count; i++) {
        if (fit->data[i].subject == subject && fit->data[i].observable == observable) {
            return true;
        }
    }
    return false;
}

static void fill_data(const Fit *fit, Arena *arena, Fit *dense)
{
    size_t most = 0;
    for (int i = 0; i < dense->subject_count; i++) {
        most += (size_t)dense->subjects[i].moment_count * (size_t)fit->observable_count;
    }
    dense->data = arena_array(arena, most + 1, sizeof *dense->data);
    dense->datum_count = 0;
    for (int i = 0; i < dense->subject_count; i++) {
        for (int k = 0; k < fit->observable_count; k++) {
            int moments = has_values(fit, i, k) ? dense->subjects[i].moment_count : 0;
            for (int m = 0; m < moments; m++) {
                dense->data[dense->datum_count++] =
                    (FitDatum){.subject = i,
                               .moment = m,
                               .observable = k,
                               .time = dense->subjects[i].moments[m].time,
                               .weight = 1.0};
            }
        }
    }
}

bool fit_curves(const Study *study, const double *at, Arena *arena, FitCurves *curves)
{
    assert(study != NULL && at != NULL && curves != NULL);
    const Fit *fit = study->fit;
    Fit *dense = arena_alloc(arena, sizeof *dense);
    *dense = *fit;
    dense->subjects = arena_array(arena, (size_t)fit->subject_count + 1, sizeof *dense->subjects);
    for (int i = 0; i < fit->subject_count; i++) {
        fill_moments(study, &fit->subjects[i], arena, &dense->subjects[i]);
    }
    fill_data(fit, arena, dense);
    Study copy = *study;
    copy.fit = dense;
    Trial trial = {.at = at};
    trial.predicted = arena_array(arena, (size_t)dense->datum_count + 1, sizeof(double));
    Trial *const trials[] = {&trial};
    Objective *objective = objective_open(&copy, NULL);
    bool good = objective != NULL && objective_run(objective, trials, 1) && !trial.failed;
    objective_close(objective);
    *curves = (FitCurves){dense, trial.predicted};
    return good;
}
