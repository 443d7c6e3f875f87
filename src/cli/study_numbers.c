/* study_numbers.c: the numbers of a study as tables of a report: what arms differ in, what varies
 * between subjects, what is assumed, and all the rest, each with where it comes from.
 *
 * Evidence is read from the tag in front of the source: [A] read at the source, [M] of a published
 * model, [D] derived, [R] recalled, [S] assumed (params/README.md).
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/study_page.h"

#include "study/run.h"

#include <assert.h>
#include <math.h>
#include <string.h>

typedef enum {
    EVIDENCE_READ,
    EVIDENCE_MODEL,
    EVIDENCE_DERIVED,
    EVIDENCE_RECALLED,
    EVIDENCE_ASSUMED,
    EVIDENCE_UNTAGGED,
    EVIDENCE_KINDS
} Evidence;

static const char letters[] = "AMDRS";

/* The first tag of a source: "[S: as other cytokines]", "[A Lee 2009]". */
static Evidence evidence_of(const char *source)
{
    for (const char *at = source; at != NULL && *at != '\0'; at++) {
        const char *letter = at[0] == '[' && at[1] != '\0' ? strchr(letters, at[1]) : NULL;
        if (letter != NULL && strchr("] :;,", at[2]) != NULL) {
            return (Evidence)(letter - letters);
        }
    }
    return source != NULL && strstr(source, "assumed") != NULL ? EVIDENCE_ASSUMED
                                                               : EVIDENCE_UNTAGGED;
}

static const char *with_unit(Arena *arena, double value, const Label *label)
{
    const char *unit = study_unit(label->unit);
    bool plain = *unit == '\0' || strcmp(unit, "1") == 0;
    return arena_format(arena, "%s%s%s", study_page_number(arena, value), plain ? "" : " ",
                        plain ? "" : unit);
}

static const char *source_words(const Origin *origin)
{
    if (origin->kind == ORIGIN_SET) {
        return "set on the command line";
    }
    if (origin->source != NULL) {
        return origin->source;
    }
    return origin->kind == ORIGIN_MODEL ? "default of the model" : "";
}

/* --- what arms differ in ------------------------------------------------------------------------
 */

static bool arms_differ(const Study *study, int index, bool covariate)
{
    for (int arm = 1; arm < study->arm_count; arm++) {
        const Arm *one = &study->arms[arm];
        const double *values = covariate ? one->covariates : one->parameters;
        const double *others = covariate ? study->arms[0].covariates : study->arms[0].parameters;
        if (values[index] != others[index]) {
            return true;
        }
    }
    return false;
}

/* Where a change comes from: the source of the earliest arm that departs from the first arm; of the
 * first arm if no other has a number of its own. */
static const char *source_of_arms(const Study *study, int index, bool covariate)
{
    const char *source = "";
    for (int arm = study->arm_count - 1; arm >= 0; arm--) {
        const Arm *one = &study->arms[arm];
        const Arm *first = &study->arms[0];
        const Origin *origins = covariate ? one->covariate_origin : one->parameter_origin;
        double value = covariate ? one->covariates[index] : one->parameters[index];
        double other = covariate ? first->covariates[index] : first->parameters[index];
        bool own = origins != NULL && origins[index].kind == ORIGIN_ARM;
        if (own && (value != other || (arm == 0 && *source == '\0'))) {
            source = source_words(&origins[index]);
        }
    }
    return source;
}

static void tell_change(Page *page, const Study *study, int index, bool covariate)
{
    Arena *arena = page->text.arena;
    const Parameter *list = covariate ? study->model->covariates : study->model->parameters;
    const Label *label = &list[index].label;
    const char **cells = arena_array(arena, (size_t)study->arm_count + 2, sizeof *cells);
    cells[0] = *label->text == '\0' ? label->name
                                    : arena_format(arena, "%s: %s", label->name, label->text);
    for (int arm = 0; arm < study->arm_count; arm++) {
        const Arm *one = &study->arms[arm];
        double value = covariate ? one->covariates[index] : one->parameters[index];
        cells[1 + arm] = with_unit(arena, value, label);
    }
    cells[1 + study->arm_count] = source_of_arms(study, index, covariate);
    page_row(page, cells);
}

void study_page_changes(Page *page, const StudyPage *call)
{
    enum { MOST_ARMS = 12 };
    const Study *study = call->study;
    Arena *arena = page->text.arena;
    int counts[] = {study->model->parameter_count, study->model->covariate_count};
    bool open = false;
    for (int kind = 0; kind < 2 && study->arm_count <= MOST_ARMS; kind++) {
        for (int i = 0; i < counts[kind]; i++) {
            if (!arms_differ(study, i, kind == 1)) {
                continue;
            }
            if (!open) {
                const char **heads =
                    arena_array(arena, (size_t)study->arm_count + 2, sizeof *heads);
                heads[0] = "What the arms differ in";
                for (int arm = 0; arm < study->arm_count; arm++) {
                    heads[1 + arm] = study->arms[arm].name;
                }
                heads[1 + study->arm_count] = "Source of the change";
                page_table(page, heads, study->arm_count + 2, (2u << study->arm_count) - 2u);
                open = true;
            }
            tell_change(page, study, i, kind == 1);
        }
    }
    if (open) {
        page_table_end(page);
    }
}

/* --- what varies between subjects ---------------------------------------------------------------
 */

static const char *distribution_words(Arena *arena, const Vary *vary)
{
    const char *a = vary->own_location ? "as in the arm" : study_page_number(arena, vary->a);
    const char *b = study_page_number(arena, vary->b);
    switch (vary->distribution) {
    case DRAW_LOGNORMAL:
        return arena_format(arena, "lognormal, median %s, CV %.3g %%", a,
                            100.0 * sqrt(exp(vary->b * vary->b) - 1.0));
    case DRAW_NORMAL:
        return arena_format(arena, "normal, mean %s, SD %s", a, b);
    case DRAW_UNIFORM:
        return arena_format(arena, "uniform, %s to %s", a, b);
    case DRAW_LOGUNIFORM:
        return arena_format(arena, "uniform in the logarithm, %s to %s", a, b);
    case DRAW_LOGITNORMAL:
        return arena_format(arena, "logit-normal, median %s, within %s to %s", a,
                            study_page_number(arena, vary->low),
                            study_page_number(arena, vary->high));
    case DRAW_BETA:
        return arena_format(arena, "beta, shapes %s and %s, within %s to %s", a, b,
                            study_page_number(arena, vary->low),
                            study_page_number(arena, vary->high));
    case DRAW_TRIANGULAR:
        return arena_format(arena, "triangular, %s to %s, likeliest %s", a, b,
                            study_page_number(arena, vary->mode));
    case DRAW_CATEGORICAL:
        return arena_format(arena, "one of %d values", vary->value_count);
    case DRAW_LIST:
        break;
    }
    return arena_format(arena, "%d values in turn", vary->value_count);
}

static const char *limits_words(Arena *arena, const Vary *vary)
{
    const char *low = isfinite(vary->min) ? study_page_number(arena, vary->min) : NULL;
    const char *high = isfinite(vary->max) ? study_page_number(arena, vary->max) : NULL;
    return low != NULL && high != NULL ? arena_format(arena, ", cut to %s to %s", low, high)
           : low != NULL               ? arena_format(arena, ", above %s", low)
           : high != NULL              ? arena_format(arena, ", below %s", high)
                                       : "";
}

static void tell_vary(Page *page, const StudyPage *call)
{
    static const char *const heads[] = {"Number", "How it varies", "Who has one", "Source"};
    const Population *population = call->study->population;
    Arena *arena = page->text.arena;
    Text words = text_new(arena);
    text_format(&words, "%d virtual subjects, the same in every arm.", population->size);
    for (int i = 0; i < population->accept_count; i++) {
        text_format(&words, "%s%s%s", i == 0 ? " Kept are only those with " : " and ",
                    population->accept_text[i], i == population->accept_count - 1 ? "." : "");
    }
    page_paragraph(page, words.data, false);
    if (population->table != NULL) {
        page_paragraph(page, "Their numbers are read from a table.", false);
        return;
    }
    page_table(page, heads, 4, 0);
    for (int i = 0; i < population->vary_count; i++) {
        const Vary *vary = &population->vary[i];
        const Label *label = model_label(call->study->model, vary->ref);
        const char *level =
            vary->level == LEVEL_PATIENT ? "patient" : population->levels[vary->level - 1].name;
        const char *factor = vary->relative ? "a factor: " : "";
        const char *cells[] = {
            *label->text == '\0' ? label->name
                                 : arena_format(arena, "%s: %s", label->name, label->text),
            arena_format(arena, "%s%s%s", factor, distribution_words(arena, vary),
                         limits_words(arena, vary)),
            level, vary->source == NULL ? "" : vary->source};
        page_row(page, cells);
    }
    page_table_end(page);
}

/* --- all numbers --------------------------------------------------------------------------------
 */

/* A range stands in its own key, or at the end of the source: "...; range 0.3-3". */
static void split_range(Arena *arena, const Origin *origin, const char **source, const char **range)
{
    static const char mark[] = "; range ";
    *source = source_words(origin);
    *range = origin->range == NULL ? "" : origin->range;
    const char *at = strstr(*source, mark);
    if (origin->range == NULL && at != NULL) {
        *range = at + strlen(mark);
        *source = arena_copy(arena, *source, (size_t)(at - *source));
    }
}

/* Rows of the numbers that are assumed, or of the others; how many. */
static int tell_parameters(Page *page, const StudyPage *call, bool assumed)
{
    static const char *const heads[] = {"Number", "What it is", "Value", "Range", "Source"};
    const Model *model = call->study->model;
    const Arm *arm = &call->study->arms[0];
    Arena *arena = page->text.arena;
    int count = 0;
    for (int i = 0; i < model->parameter_count; i++) {
        const Origin *origin = &arm->parameter_origin[i];
        if ((evidence_of(origin->source) == EVIDENCE_ASSUMED) != assumed) {
            continue;
        }
        if (count++ == 0) {
            page_table(page, heads, 5, 0x4);
        }
        const Label *label = &model->parameters[i].label;
        const char *source;
        const char *range;
        split_range(arena, origin, &source, &range);
        const char *cells[] = {label->name, label->text,
                               with_unit(arena, arm->parameters[i], label), range, source};
        page_row(page, cells);
    }
    if (count > 0) {
        page_table_end(page);
    }
    return count;
}

static void tell_evidence(Page *page, const StudyPage *call)
{
    static const char *const words[EVIDENCE_KINDS] = {"read at the cited source",
                                                      "of a published model",
                                                      "derived from such",
                                                      "recalled, not read again",
                                                      "assumed",
                                                      "without a tag of evidence"};
    const Model *model = call->study->model;
    int counts[EVIDENCE_KINDS] = {0};
    for (int i = 0; i < model->parameter_count; i++) {
        counts[evidence_of(call->study->arms[0].parameter_origin[i].source)]++;
    }
    Text text = text_new(page->text.arena);
    text_format(&text, "Of %d numbers:", model->parameter_count);
    const char *comma = " ";
    for (int i = 0; i < EVIDENCE_KINDS; i++) {
        if (counts[i] > 0) {
            text_format(&text, "%s%d %s", comma, counts[i], words[i]);
            comma = ", ";
        }
    }
    text_string(&text, ".");
    page_paragraph(page, text.data, false);
}

void study_page_numbers(Page *page, const StudyPage *call)
{
    const Study *study = call->study;
    page_head(page, 2, "Numbers and assumptions");
    if (study->population != NULL) {
        tell_vary(page, call);
    }
    if (study->model->parameter_count == 0 || study->arms[0].parameter_origin == NULL) {
        return;
    }
    tell_evidence(page, call);
    page_fold(page, "Numbers that are assumed, with range and reason");
    if (tell_parameters(page, call, true) == 0) {
        page_paragraph(page, "None.", false);
    }
    page_fold_end(page);
    page_fold(page, "All other numbers, with source");
    if (tell_parameters(page, call, false) == 0) {
        page_paragraph(page, "None.", false);
    }
    page_fold_end(page);
}
