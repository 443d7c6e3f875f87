/* study_measured.c: the measured values of the plots as a table of a report, each beside what the
 * model has at that time, so that what it meets and what it misses stand in numbers.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/study_page.h"
#include "cli/summary.h"

#include "study/rows.h"
#include "study/run.h"

#include <math.h>
#include <string.h>

/* What the model has: a value, or mean and SD (median and percentiles) over subjects. */
typedef struct {
    double value;
    const char *words;
} Modelled;

/* A curve between two of its times, on a straight line. */
static double curve_at(const Table *table, int arm, int output, double time)
{
    double before = (double)NAN;
    double before_time = (double)NAN;
    for (size_t row = 0; row < table->row_count; row++) {
        if (table_cell(table, row, COLUMN_ARM) != arm) {
            continue;
        }
        double here_time = table_cell(table, row, COLUMN_TIME);
        double here = table_cell(table, row, COLUMN_OUTPUT + output);
        if (here_time == time) {
            return here;
        }
        if (here_time > time) {
            double share = (time - before_time) / (here_time - before_time);
            return before + share * (here - before); // NaN before the start
        }
        before = here;
        before_time = here_time;
    }
    return (double)NAN;
}

/* The output time next to it. */
static int nearest_time(const Study *study, double time)
{
    int best = 0;
    for (int i = 1; i < study->time_count; i++) {
        best = fabs(study->times[i] - time) < fabs(study->times[best] - time) ? i : best;
    }
    return best;
}

static Modelled modelled_at(Arena *arena, const StudyPage *call, const Plot *plot,
                            const Point *point)
{
    const Study *study = call->study;
    int output = plot->y[point->curve];
    if (point->time < study->start || point->time > study->end) {
        return (Modelled){NAN, ""};
    }
    if (call->plan == NULL) {
        double value = curve_at(call->result->table, point->arm, output, point->time);
        return (Modelled){value, isnan(value) ? "" : study_page_number(arena, value)};
    }
    PageRow row = study_page_row(call->plan, point->arm, -1,
                                 row_of(call->plan, output, nearest_time(study, point->time)));
    if (plot->mean) {
        return (Modelled){row.mean,
                          arena_format(arena, "%s (SD %s)", study_page_number(arena, row.mean),
                                       study_page_number(arena, row.sd))};
    }
    return (Modelled){row.median,
                      arena_format(arena, "%s [%s, %s]", study_page_number(arena, row.median),
                                   study_page_number(arena, row.first),
                                   study_page_number(arena, row.last))};
}

/* "13.8 [3.6, 24]" */
static const char *measured_words(Arena *arena, const Point *point)
{
    const char *value = study_page_number(arena, point->value);
    if (isnan(point->low) || isnan(point->high)) {
        return value;
    }
    return arena_format(arena, "%s [%s, %s]", value, study_page_number(arena, point->low),
                        study_page_number(arena, point->high));
}

static const char *away_words(Arena *arena, double difference)
{
    if (isnan(difference)) {
        return "";
    }
    return arena_format(arena, "%s%s", difference > 0 ? "+" : "",
                        study_page_number(arena, difference));
}

static void tell_point(Page *page, const StudyPage *call, const Plot *plot, const Point *point)
{
    static const char *const evidence[] = {"not said", "read", "derived", "recalled"};
    const Study *study = call->study;
    Arena *arena = page->text.arena;
    Modelled model = modelled_at(arena, call, plot, point);
    const char *cells[] = {study->outputs[plot->y[point->curve]].label->name,
                           study->arms[point->arm].name,
                           study_page_number(arena, point->time),
                           measured_words(arena, point),
                           isnan(point->n) ? "" : study_page_number(arena, point->n),
                           model.words,
                           away_words(arena, model.value - point->value),
                           evidence[point->evidence],
                           point->source};
    page_row(page, cells);
}

/* Has an earlier plot shown the same value? */
static bool told_before(const Study *study, int plot_index, const Point *point)
{
    int output = study->plots[plot_index].y[point->curve];
    for (int k = 0; k < plot_index; k++) {
        const Plot *plot = &study->plots[k];
        for (int i = 0; plot->points != NULL && i < plot->points->count; i++) {
            const Point *other = &plot->points->points[i];
            if (plot->y[other->curve] == output && other->arm == point->arm &&
                other->time == point->time && other->value == point->value) {
                return true;
            }
        }
    }
    return false;
}

void study_page_measured(Page *page, const StudyPage *call)
{
    const Study *study = call->study;
    const char *heads[] = {"Output",           "Arm",      "At",    "Measured", "Subjects", "Model",
                           "Model - measured", "Evidence", "Source"};
    bool any = false;
    for (int k = 0; k < study->plot_count && study->data == NULL; k++) {
        const Points *points = study->plots[k].points;
        for (int i = 0; points != NULL && i < points->count; i++) {
            if (told_before(study, k, &points->points[i])) {
                continue;
            }
            if (!any) {
                page_head(page, 3, "Measured, beside the model");
                page_paragraph(page,
                               "Brackets hold the error bar of the plot. Recalled values were not "
                               "read again at their source; they are hollow in the plots.",
                               false);
                page_table(page, heads, 9, 0x7c);
            }
            any = true;
            tell_point(page, call, &study->plots[k], &points->points[i]);
        }
    }
    if (any) {
        page_table_end(page);
    }
}
