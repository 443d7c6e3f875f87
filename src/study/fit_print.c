/* fit_print.c: a fit as a table for people.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/fit_summary.h"

#include "base/number.h"

#include <math.h>
#include <string.h>

enum { CELLS = 6, DIGITS = 4 };

typedef struct {
    const char *cells[CELLS];
    const char *remark;
} Row;

static const char *digits_of(Arena *arena, double value, int digits)
{
    char words[NUMBER_TEXT_SIZE];
    if (isnan(value)) {
        return "NA";
    }
    (void)number_short(value, digits, words);
    return arena_copy(arena, words, strlen(words));
}

static int shown_width(const char *text)
{
    int width = 0;
    for (; *text != '\0'; text++) {
        width += ((unsigned char)*text & 0xC0) != 0x80;
    }
    return width;
}

static Row row_of(Arena *arena, const Estimate *one)
{
    static const double lost = 100.0; // standard error of a logarithm: any positive number will do
    bool unit = one->unit[0] != '\0' && strcmp(one->unit, "1") != 0;
    Row row = {.remark = ""};
    row.cells[0] = unit ? arena_format(arena, "%s [%s]", one->name, one->unit) : one->name;
    row.cells[1] = digits_of(arena, one->value, DIGITS);
    row.cells[2] = digits_of(arena, one->se, 3);
    row.cells[3] = digits_of(arena, one->rse, 3);
    row.cells[4] = digits_of(arena, one->low, DIGITS);
    row.cells[5] = digits_of(arena, one->high, DIGITS);
    if (one->at_bound) {
        row.remark = "  at its bound";
    } else if (!one->determined) {
        row.remark = "  not determined by the data";
    } else if (one->scale == SCALE_LOG && one->coordinate_se > lost) {
        row.remark = "  not to be told from 0";
    }
    return row;
}

static void print_rows(const Row *rows, int count, Text *text)
{
    int width[CELLS] = {0};
    for (int i = 0; i < count; i++) {
        for (int k = 0; k < CELLS; k++) {
            int own = shown_width(rows[i].cells[k]);
            width[k] = own > width[k] ? own : width[k];
        }
    }
    for (int i = 0; i < count; i++) {
        for (int k = 0; k < CELLS; k++) {
            int gap = width[k] - shown_width(rows[i].cells[k]);
            bool left = k == 0;
            text_format(text, "%s%*s%s%*s", k == 0 ? "" : "  ", left ? 0 : gap, "",
                        rows[i].cells[k], left ? gap : 0, "");
        }
        text_format(text, "%s\n", rows[i].remark);
    }
}

/* The weakest direction, where it is weak: its parts that matter. */
static void print_weakness(const FitSummary *summary, Text *text)
{
    static const double weak = 1e6;
    static const double part = 0.1;
    if (!(summary->condition > weak) || summary->direction_count < 2) {
        return;
    }
    text_string(text, "the data hardly tell apart:");
    const Direction *direction = &summary->directions[0];
    for (int i = 0; i < summary->fit->parameter_count; i++) {
        if (fabs(direction->vector[i]) > part) {
            text_format(text, " %s%s %s", direction->vector[i] < 0.0 ? "-" : "+",
                        digits_of(text->arena, fabs(direction->vector[i]), 2),
                        summary->fit->parameters[i].name);
        }
    }
    text_string(text, "\n");
}

/* Nothing where all values were seen: there is one information then. */
static void print_information(const FitSummary *summary, Text *text)
{
    if (summary->result->information.kind != INFORMATION_EXPECTED) {
        text_format(text, "standard errors by the %s information: values lie beyond a limit\n",
                    information_word(summary->result->information.kind));
    }
}

static void print_residuals(const FitSummary *summary, Text *text)
{
    for (int i = 0; i < summary->fit->observable_count; i++) {
        const Residuals *one = &summary->residuals[i];
        if (isfinite(one->runs_p) && one->runs_p < 0.01) {
            text_format(
                text,
                "residuals of %s are not scattered at random: %d runs of signs, %d expected "
                "(p = %s)\n",
                one->name, one->runs, one->expected, digits_of(text->arena, one->runs_p, 2));
        }
    }
}

static void print_starts(const FitResult *result, Text *text)
{
    static const double same = 1e-3; // of -ln L
    if (result->start_count < 2) {
        return;
    }
    int there = 0;
    int refused = 0;
    for (int i = 0; i < result->start_count; i++) {
        const StartResult *one = &result->starts[i];
        there += one->value - result->starts[result->best].value < same;
        refused += one->status == SEARCH_REFUSED;
    }
    text_format(text, "%d of %d starts ended there", there, result->start_count);
    if (refused > 0) {
        text_format(text, ", %d could not be simulated", refused);
    }
    text_string(text, "\n");
}

/* What a table leaves open. */
static void print_sides(const Fit *fit, Text *text)
{
    if (fit->unsaid > 0) {
        text_format(text,
                    fit->unsaid == 1 ? "%d has the time of a dose and is compared with what is "
                                       "there after it (--at-dose)\n"
                                     : "%d have the time of a dose and are compared with what is "
                                       "there after it (--at-dose)\n",
                    fit->unsaid);
    }
    text_string(text, "\n");
}

void fit_print(const Study *study, const FitSummary *summary, Text *text)
{
    Arena *arena = text->arena;
    const FitResult *result = summary->result;
    const StartResult *best = &result->starts[result->best];
    text_format(text, "%s\n", study->title[0] != '\0' ? study->title : study->name);
    text_format(text, "%d value%s of %d %s from %s; %s after %d iteration%s\n", summary->values,
                summary->values == 1 ? "" : "s", summary->fit->subject_count,
                summary->fit->subject_count == 1 ? "subject or arm" : "subjects or arms",
                summary->fit->path, search_word(best->status), best->iterations,
                best->iterations == 1 ? "" : "s");
    print_sides(summary->fit, text);
    size_t count = (size_t)summary->estimate_count;
    Row *rows = arena_array(arena, count + 1, sizeof *rows);
    rows[0] = (Row){{"", "estimate", "SE", "RSE %", "95 % from", "to"}, ""};
    for (size_t i = 0; i < count; i++) {
        rows[i + 1] = row_of(arena, &summary->estimates[i]);
    }
    print_rows(rows, (int)count + 1, text);
    text_format(text, "\n-2LL %s   AICc %s   BIC %s   condition number %s\n",
                digits_of(arena, summary->minus_two_log, 6), digits_of(arena, summary->aicc, 6),
                digits_of(arena, summary->bic, 6), digits_of(arena, summary->condition, 3));
    print_starts(result, text);
    print_information(summary, text);
    print_weakness(summary, text);
    print_residuals(summary, text);
}
