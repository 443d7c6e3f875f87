/* summary.c: summary.csv: one row for each arm, output and time; curve after curve, so that a plot
 * can follow a name down the file.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/rows.h"

#include "base/number.h"
#include "table/csv.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <string.h>

typedef struct {
    const Plan *plan;
    OutFile *file;
    int arm;
} Writing;

const char *level_name(Arena *arena, double level)
{
    char digits[NUMBER_TEXT_SIZE];
    (void)number_short(100.0 * level, 6, digits);
    double percent = round(100.0 * level);
    bool two = fabs(percent - 100.0 * level) < 1e-9 && percent < 10.0;
    return arena_format(arena, "p%s%s", two ? "0" : "", digits);
}

static void take(void *context, int row, const RowStatistics *statistics)
{
    const Writing *writing = context;
    const Study *study = writing->plan->study;
    OutFile *file = writing->file;
    csv_put_text(file, study->arms[writing->arm].name);
    csv_put_next(file);
    csv_put_number(file, study->times[row % study->time_count]);
    csv_put_next(file);
    csv_put_text(file, study->outputs[row / study->time_count].label->name);
    const double numbers[] = {statistics->moments.count, statistics->moments.mean,
                              statistics->moments.sd};
    for (int i = 0; i < 3; i++) {
        csv_put_next(file);
        csv_put_number(file, numbers[i]);
    }
    for (int i = 0; i < writing->plan->level_count; i++) {
        csv_put_next(file);
        csv_put_number(file, statistics->quantiles[i]);
    }
    csv_put_end(file);
}

bool population_write_summary(const Plan *plan, int jobs, const char *path)
{
    assert(plan != NULL && path != NULL);
    Arena *arena = arena_new();
    OutFile *file = file_create(arena, path);
    bool good = file != NULL;
    if (good) {
        const char head[] = "arm,time,name,n,mean,sd";
        file_write(file, head, sizeof head - 1);
        for (int i = 0; i < plan->level_count; i++) {
            csv_put_next(file);
            csv_put_text(file, level_name(arena, plan->levels[i]));
        }
        csv_put_end(file);
        Writing writing = {.plan = plan, .file = file};
        RowRequest request = {
            .plan = plan, .reference = -1, .jobs = jobs, .take = take, .context = &writing};
        for (int arm = 0; arm < plan->study->arm_count && good; arm++) {
            writing.arm = request.arm = arm;
            good = rows_run(&request, 0, plan->study->output_count * plan->study->time_count);
        }
        good = csv_finish(file, good);
    }
    int why = errno;
    arena_free(arena);
    errno = why;
    return good;
}
