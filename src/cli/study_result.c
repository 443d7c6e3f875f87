/* study_result.c: what came out, as tables of a report: each plotted output of each arm, and with a
 * population the differences between arms with their intervals.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/population.h"
#include "cli/study_page.h"
#include "cli/summary.h"

#include "base/number.h"
#include "study/rows.h"
#include "study/run.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static const char *output_words(Arena *arena, const Label *label)
{
    const char *unit = study_unit(label->unit);
    const char *words = *label->text == '\0' ? label->name : label->text;
    bool plain = *unit == '\0' || strcmp(unit, "1") == 0;
    return plain ? words : arena_format(arena, "%s (%s)", words, unit);
}

/* When treatment begins: the first dose of any arm; without doses, the start. */
static double treatment_start(const Study *study)
{
    double first = study->end;
    bool any = false;
    for (int arm = 0; arm < study->arm_count; arm++) {
        const Regimen *regimen = &study->arms[arm].regimen;
        for (int i = 0; i < regimen->count; i++) {
            first = regimen->doses[i].time < first ? regimen->doses[i].time : first;
            any = true;
        }
    }
    return !any || first < study->start ? study->start : first;
}

/* Largest |value| of an output in all arms. What is a billionth of it is nothing but the noise of
 * the solver. */
static double scale_of(const Table *table, int output)
{
    double scale = 0.0;
    for (size_t row = 0; row < table->row_count; row++) {
        double value = fabs(table_cell(table, row, COLUMN_OUTPUT + output));
        scale = value > scale && isfinite(value) ? value : scale;
    }
    return scale;
}

static const double noise = 1e-9;

static double without_noise(double value, double scale)
{
    return fabs(value) < noise * scale ? 0.0 : value;
}

/* One output of one arm from the beginning of treatment on. */
typedef struct {
    double before; // at that time
    double low, low_time, high, high_time;
    double end;
} Course;

/* The first time at which a curve is as good as at `value`: where it is flat, the time of the very
 * largest number would be chance. */
static double time_near(const Table *table, int arm, int output, double from, double value)
{
    static const double near = 1e-4; // of the scale
    double room = near * scale_of(table, output);
    for (size_t row = 0; row < table->row_count; row++) {
        double time = table_cell(table, row, COLUMN_TIME);
        double here = table_cell(table, row, COLUMN_OUTPUT + output);
        if (table_cell(table, row, COLUMN_ARM) == arm && time >= from &&
            fabs(here - value) <= room) {
            return time;
        }
    }
    return (double)NAN;
}

static Course course_of(const Table *table, int arm, int output, double from)
{
    Course course = {NAN, NAN, NAN, NAN, NAN, NAN};
    double scale = scale_of(table, output);
    for (size_t row = 0; row < table->row_count; row++) {
        if (table_cell(table, row, COLUMN_ARM) != arm) {
            continue;
        }
        double time = table_cell(table, row, COLUMN_TIME);
        double value = without_noise(table_cell(table, row, COLUMN_OUTPUT + output), scale);
        if (time <= from || isnan(course.before)) {
            course.before = value;
        }
        course.end = value;
        if (time >= from && !isnan(value)) {
            course.low = value >= course.low ? course.low : value; // also true while there is none
            course.high = value <= course.high ? course.high : value;
        }
    }
    course.low_time = time_near(table, arm, output, from, course.low);
    course.high_time = time_near(table, arm, output, from, course.high);
    return course;
}

static const char *at_time(Arena *arena, double value, double time)
{
    if (isnan(value)) {
        return "";
    }
    return arena_format(arena, "%s at %s", study_page_number(arena, value),
                        study_page_number(arena, time));
}

/* "-0.3 (-12 %)": what an arm is away from the first one at the end. */
static const char *against(Arena *arena, double value, double reference, double scale)
{
    static const double shown = 1e-6; // of the scale: the tolerance of a run
    double difference = value - reference;
    if (!(fabs(difference) > shown * scale)) {
        return isnan(difference) ? "" : "0";
    }
    const char *sign = difference > 0 ? "+" : "";
    const char *words = study_page_number(arena, difference);
    double percent = 100.0 * difference / fabs(reference);
    if (reference == 0 || !(fabs(percent) < 1e4)) {
        return arena_format(arena, "%s%s", sign, words);
    }
    char digits[NUMBER_TEXT_SIZE];
    (void)number_short(percent, 2, digits);
    return arena_format(arena, "%s%s (%s%s %%)", sign, words, sign, digits);
}

static void tell_single(Page *page, const StudyPage *call, const int *outputs, int count)
{
    const Study *study = call->study;
    const Table *table = call->result->table;
    Arena *arena = page->text.arena;
    double from = treatment_start(study);
    bool several = study->arm_count > 1;
    const char *heads[] = {"Output",
                           "Arm",
                           arena_format(arena, "At %s", study_page_number(arena, from)),
                           "Lowest since",
                           "Highest since",
                           arena_format(arena, "At %s", study_page_number(arena, study->end)),
                           several ? arena_format(arena, "Against %s then", study->arms[0].name)
                                   : ""};
    page_table(page, heads, several ? 7 : 6, 0x7c);
    for (int i = 0; i < count; i++) {
        const Label *label = study->outputs[outputs[i]].label;
        double reference = course_of(table, 0, outputs[i], from).end;
        double scale = scale_of(table, outputs[i]);
        for (int arm = 0; arm < study->arm_count; arm++) {
            Course course = course_of(table, arm, outputs[i], from);
            const char *cells[] = {arm == 0 ? output_words(arena, label) : "",
                                   study->arms[arm].name,
                                   study_page_number(arena, course.before),
                                   at_time(arena, course.low, course.low_time),
                                   at_time(arena, course.high, course.high_time),
                                   study_page_number(arena, course.end),
                                   arm == 0 ? "" : against(arena, course.end, reference, scale)};
            page_row(page, cells);
        }
    }
    page_table_end(page);
}

/* --- populations --------------------------------------------------------------------------------
 */

/* "middle [low, high]"; less than `least` is nothing. */
static const char *range_words(Arena *arena, double middle, double low, double high, double least)
{
    low = fabs(low) < least ? 0.0 : low;
    middle = fabs(middle) < least ? 0.0 : middle;
    high = fabs(high) < least ? 0.0 : high;
    if (low == 0.0 && high == 0.0) {
        return "0";
    }
    return arena_format(arena, "%s [%s, %s]", study_page_number(arena, middle),
                        study_page_number(arena, low), study_page_number(arena, high));
}

static const char *median_words(Arena *arena, const Plan *plan, int arm, int row, double least)
{
    PageRow found = study_page_row(plan, arm, -1, row);
    return range_words(arena, found.median, found.first, found.last, least);
}

static const char *mean_words(Arena *arena, const PageRow *row, double least)
{
    return range_words(arena, row->mean, row->mean_low, row->mean_high, least);
}

static void tell_medians(Page *page, const StudyPage *call, const int *outputs, int count)
{
    const Study *study = call->study;
    const Plan *plan = call->plan;
    Arena *arena = page->text.arena;
    const char *span = arena_format(arena, "median [%s, %s]", level_name(arena, plan->levels[0]),
                                    level_name(arena, plan->levels[plan->level_count - 1]));
    const char *heads[] = {"Output", "Arm", arena_format(arena, "Start: %s", span),
                           arena_format(arena, "End: %s", span)};
    page_table(page, heads, 4, 0xc);
    for (int i = 0; i < count; i++) {
        const Label *label = study->outputs[outputs[i]].label;
        double least = noise * scale_of(call->result->table, outputs[i]);
        int first = row_of(plan, outputs[i], 0);
        int last = row_of(plan, outputs[i], study->time_count - 1);
        for (int arm = 0; arm < study->arm_count; arm++) {
            const char *cells[] = {arm == 0 ? output_words(arena, label) : "",
                                   study->arms[arm].name,
                                   median_words(arena, plan, arm, first, least),
                                   median_words(arena, plan, arm, last, least)};
            page_row(page, cells);
        }
    }
    page_table_end(page);
}

static void tell_differences(Page *page, const StudyPage *call, const int *outputs, int count)
{
    static const char *const heads[] = {"Output", "Difference", "At the end",
                                        "Area under the curve", "Larger in"};
    const Study *study = call->study;
    const Plan *plan = call->plan;
    Arena *arena = page->text.arena;
    page_paragraph(page,
                   "Differences between arms, each subject against itself: mean with 95 % "
                   "interval. The last column says in how many subjects the area is larger. The "
                   "interval speaks of the mean of such virtual subjects; it does not hold what "
                   "is uncertain in the numbers and the equations.",
                   false);
    page_table(page, heads, 5, 0x1c);
    for (int i = 0; i < count; i++) {
        const char *words = output_words(arena, study->outputs[outputs[i]].label);
        for (int pair = 0; pair < study->arm_count * study->arm_count; pair++) {
            int arm = pair / study->arm_count;
            int reference = pair % study->arm_count;
            if (!contrast_is_made(study, arm, reference)) {
                continue;
            }
            int last = row_of(plan, outputs[i], study->time_count - 1);
            double least = 1e-6 * scale_of(call->result->table, outputs[i]);
            int area_row = row_of_extra(plan, outputs[i], EXTRA_AREA);
            double span = study->end - study->start;
            PageRow end = study_page_row(plan, arm, reference, last);
            PageRow area = study_page_row(plan, arm, reference, area_row);
            const char *cells[] = {
                words,
                arena_format(arena, "%s - %s", study->arms[arm].name, study->arms[reference].name),
                mean_words(arena, &end, least), mean_words(arena, &area, least * span),
                arena_format(arena, "%.0f %% of %d", 100.0 * area.above, area.count)};
            page_row(page, cells);
            words = "";
        }
    }
    page_table_end(page);
}

void study_page_result(Page *page, const StudyPage *call)
{
    const Study *study = call->study;
    Arena *arena = page->text.arena;
    if (study->data != NULL) {
        return; // subjects with times of their own: the pictures tell
    }
    int count;
    const int *outputs = summary_outputs(arena, study, &count);
    const Unit unit = study->model->time_unit;
    page_paragraph(
        page,
        arena_format(arena, "Times in %s.%s", unit.known ? unit.text : "units of t",
                     call->plan == NULL ? "" : " All arms have the same virtual subjects."),
        false);
    if (call->plan == NULL) {
        tell_single(page, call, outputs, count);
        return;
    }
    tell_medians(page, call, outputs, count);
    if (study->arm_count > 1) {
        tell_differences(page, call, outputs, count);
    }
}
