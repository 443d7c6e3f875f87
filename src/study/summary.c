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
    int middle;     // index of the median among the levels
    Table *medians; // or NULL
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
    if (writing->medians != NULL) {
        size_t at = (size_t)writing->arm * (size_t)study->time_count;
        at += (size_t)(row % study->time_count);
        double *cells = writing->medians->cells + at * (size_t)writing->medians->column_count;
        cells[0] = writing->arm;
        cells[2] = study->times[row % study->time_count];
        cells[3 + row / study->time_count] = statistics->quantiles[writing->middle];
    }
}

bool population_write_summary(const Plan *plan, int jobs, const char *path, Table *medians)
{
    assert(plan != NULL && path != NULL);
    size_t rows = (size_t)plan->study->arm_count * (size_t)plan->study->time_count;
    while (medians != NULL && medians->row_count < rows) {
        (void)table_add_row(medians);
    }
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
        Writing writing = {
            .plan = plan, .file = file, .middle = plan_median(plan), .medians = medians};
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
