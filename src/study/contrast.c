/* contrast.c: contrast.csv: what one arm does that another does not, subject by subject.
 *
 * Every subject is in every arm, so the difference is taken within the subject: its mean with a
 * 95 % interval (Student's t over the subjects) answers "is A better than B, and by how much". Each
 * arm is set against every one before it (against the first only where there are many arms). Behind
 * the times come the area under each curve and its peak. Subjects who failed in either arm are left
 * out.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/rows.h"

#include "table/csv.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

enum { MANY_ARMS = 8 };

typedef struct {
    const Plan *plan;
    OutFile *file;
    int arm, reference;
    int middle; // index of the median among the levels
} Writing;

static const char *row_name(const Plan *plan, int row, Arena *arena)
{
    static const char *const words[EXTRA_COUNT] = {"AUC", "peak"};
    const Study *study = plan->study;
    int extra = row - study->output_count * study->time_count;
    if (extra < 0) {
        return study->outputs[row / study->time_count].label->name;
    }
    return arena_format(arena, "%s(%s)", words[extra % EXTRA_COUNT],
                        study->outputs[extra / EXTRA_COUNT].label->name);
}

static void take(void *context, int row, const RowStatistics *statistics)
{
    const Writing *writing = context;
    const Study *study = writing->plan->study;
    OutFile *file = writing->file;
    Arena *arena = arena_new();
    bool extra = row >= study->output_count * study->time_count;
    double time = extra ? study->end : study->times[row % study->time_count];
    csv_put_text(file, study->arms[writing->arm].name);
    csv_put_next(file);
    csv_put_text(file, study->arms[writing->reference].name);
    csv_put_next(file);
    csv_put_number(file, time);
    csv_put_next(file);
    csv_put_text(file, row_name(writing->plan, row, arena));
    const double numbers[] = {statistics->moments.count, statistics->moments.mean,
                              statistics->moments.sd,    statistics->low,
                              statistics->high,          statistics->quantiles[writing->middle],
                              statistics->above};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        csv_put_next(file);
        csv_put_number(file, numbers[i]);
    }
    csv_put_end(file);
    arena_free(arena);
}

bool contrast_is_made(const Study *study, int arm, int reference)
{
    return reference < arm && (reference == 0 || study->arm_count <= MANY_ARMS);
}

bool population_write_contrast(const Plan *plan, int jobs, const char *path)
{
    assert(plan != NULL && path != NULL);
    Arena *arena = arena_new();
    OutFile *file = file_create(arena, path);
    bool good = file != NULL;
    if (good) {
        const char head[] = "arm,reference,time,name,n,mean,sd,low95,high95,median,above\n";
        file_write(file, head, sizeof head - 1);
        Writing writing = {.plan = plan, .file = file, .middle = plan_median(plan)};
        RowRequest request = {.plan = plan, .jobs = jobs, .take = take, .context = &writing};
        int arms = plan->study->arm_count;
        for (int pair = 0; pair < arms * arms && good; pair++) {
            writing.arm = request.arm = pair / arms;
            writing.reference = request.reference = pair % arms;
            if (contrast_is_made(plan->study, request.arm, request.reference)) {
                good = rows_run(&request, 0, plan->rows);
            }
        }
        good = csv_finish(file, good);
    }
    int why = errno;
    arena_free(arena);
    errno = why;
    return good;
}
