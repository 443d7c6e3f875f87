/* study_page.c: see study_page.h: the order of the parts, the words, the file.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/study_page.h"

#include "base/file.h"
#include "base/number.h"
#include "study/rows.h"
#include "study/run.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <string.h>

enum { SHOWN_DIGITS = 4 };

const char *study_page_number(Arena *arena, double value)
{
    char digits[NUMBER_TEXT_SIZE];
    int length = number_short(value, SHOWN_DIGITS, digits);
    return arena_copy(arena, digits, (size_t)length);
}

typedef struct {
    const Plan *plan;
    bool difference;
    PageRow row;
} Taker;

static void take_row(void *context, int row, const RowStatistics *statistics)
{
    (void)row;
    Taker *taker = context;
    const Plan *plan = taker->plan;
    const double *quantiles = statistics->quantiles;
    int last = plan->level_count - 1;
    taker->row = (PageRow){.count = statistics->moments.count,
                           .mean = statistics->moments.mean,
                           .sd = statistics->moments.sd,
                           .mean_low = statistics->low,
                           .mean_high = statistics->high,
                           .median = quantiles[plan_median(plan)],
                           .first = taker->difference ? (double)NAN : quantiles[0],
                           .last = taker->difference ? (double)NAN : quantiles[last],
                           .above = statistics->above};
}

PageRow study_page_row(const Plan *plan, int arm, int reference, int row)
{
    Taker taker = {.plan = plan,
                   .difference = reference >= 0,
                   .row = {0, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN}};
    RowRequest request = {.plan = plan,
                          .arm = arm,
                          .reference = reference,
                          .jobs = 1,
                          .take = take_row,
                          .context = &taker};
    (void)rows_run(&request, row, 1); // the same rows have just been written
    return taker.row;
}

bool study_page_wanted(const Cli *cli)
{
    return option_value(&cli->arguments, "page") != NULL;
}

static void tell_opening(Page *page, const StudyPage *call)
{
    const Study *study = call->study;
    const char *notice =
        *study->notice != '\0' ? study->notice : "Results of a model; no medical advice.";
    page_paragraph(page, notice, true);
    if (*study->question != '\0') {
        page_head(page, 2, "Question");
        page_paragraph(page, study->question, false);
    }
}

/* Doses that differ in their times only go on one line: "virus 1000 cell at 7 day, 67 day". */
static const char *doses_of(Arena *arena, const Arm *arm)
{
    static const char at[] = " at ";
    if (arm->regimen.count == 0) {
        return "nothing";
    }
    Text text = text_new(arena);
    const char *before = NULL;
    for (int i = 0; i < arm->regimen.count; i++) {
        const char *words = arm->dose_text[i];
        const char *mark = strstr(words, at);
        size_t head = mark == NULL ? 0 : (size_t)(mark - words) + strlen(at);
        if (head > 0 && before != NULL && strncmp(before, words, head) == 0) {
            text_format(&text, ", %s", words + head);
        } else {
            text_format(&text, "%s%s", i == 0 ? "" : "; ", words);
        }
        before = words;
    }
    return text.data;
}

static void tell_arms(Page *page, const StudyPage *call)
{
    static const char *const heads[] = {"Arm", "What is given"};
    const Study *study = call->study;
    const Model *model = study->model;
    Arena *arena = page->text.arena;
    page_head(page, 2, "What was computed");
    const char *unit = model->time_unit.known ? model->time_unit.text : "";
    page_paragraph(
        page,
        arena_format(arena, "Model %s: %s (%d state%s, %d parameter%s), from %s to %s %s.",
                     model->name, model->title, model->state_count,
                     model->state_count == 1 ? "" : "s", model->parameter_count,
                     model->parameter_count == 1 ? "" : "s", study_page_number(arena, study->start),
                     study_page_number(arena, study->end), unit),
        false);
    if (study->data != NULL) {
        page_paragraph(page,
                       arena_format(arena, "Subjects, doses and times of a data file: %d subjects.",
                                    study->data->count),
                       false);
    } else {
        page_table(page, heads, 2, 0);
        for (int i = 0; i < study->arm_count; i++) {
            page_row(page, (const char *[]){study->arms[i].name, doses_of(arena, &study->arms[i])});
        }
        page_table_end(page);
    }
    study_page_changes(page, call);
}

/* False: a picture cannot be read; said. */
static bool tell_figures(Page *page, const StudyPage *call)
{
    for (int i = 0; i < call->figure_count; i++) {
        const Figure *figure = &call->figures[i];
        bool shown = call->rendered || !page->html; // Markdown only names them
        if (shown && !page_picture(page, call->folder, figure->stem, figure->title)) {
            cli_complain("cannot read '%s/%s.svg': %s", call->folder, figure->stem,
                         strerror(errno));
            return false;
        }
    }
    return true;
}

static void tell_limits(Page *page, const StudyPage *call)
{
    const Study *study = call->study;
    if (study->limit_count > 0) {
        page_head(page, 2, "Limits");
        page_list(page, study->limits, study->limit_count);
    }
}

static const char *tolerance_words(Arena *arena, const Study *study)
{
    const double *atol = study->solver.atol;
    double low = atol[0];
    double high = atol[0];
    for (int i = 1; i < study->model->state_count; i++) {
        low = atol[i] < low ? atol[i] : low;
        high = atol[i] > high ? atol[i] : high;
    }
    const char *words = study_page_number(arena, low);
    return low == high ? words
                       : arena_format(arena, "%s to %s", words, study_page_number(arena, high));
}

static const char *endings_of(Arena *arena, const StudyPage *call)
{
    const RunResult *result = call->result;
    if (call->plan != NULL) {
        int failed = 0;
        for (int arm = 0; arm < call->study->arm_count; arm++) {
            failed += result->population->arms[arm].failed;
        }
        return arena_format(arena, "Integrations that failed: %d of %d.", failed,
                            call->plan->population->size * call->study->arm_count);
    }
    return result->failed == 0
               ? "Every arm was integrated to its end."
               : arena_format(arena, "Arms that could not be integrated to their end: %d of %d.",
                              result->failed, call->study->arm_count);
}

static void tell_making(Page *page, const StudyPage *call)
{
    const Study *study = call->study;
    const SolverStats *stats = &call->result->stats;
    Arena *arena = page->text.arena;
    page_head(page, 2, "How it was computed");
    Text files = text_new(arena);
    for (int i = 0; i < study->input_count; i++) {
        text_format(&files, "%s%s", i == 0 ? "" : ", ", study->inputs[i].path);
    }
    Text settings = text_new(arena);
    for (int i = 0; i < study->setting_count; i++) {
        text_format(&settings, "%s%s = %s", i == 0 ? "" : ", ", study->settings[i].path,
                    study->settings[i].value);
    }
    const char *items[] = {
        arena_format(arena,
                     "stroma " STROMA_VERSION "; %s with exact derivatives; relative "
                     "tolerance %s, absolute tolerance %s in the units of the states.",
                     stats->own_steps > 0 ? "Rosenbrock steps (Rodas5P), of each patient his own,"
                                          : "CVODE (BDF)",
                     study_page_number(arena, study->solver.rtol), tolerance_words(arena, study)),
        endings_of(arena, call),
        arena_format(arena,
                     "Solver: %ld steps, %ld evaluations of the rates, %ld factorisations, %ld "
                     "steps repeated, %ld restarts at doses and switches.",
                     stats->steps, stats->rate_calls, stats->factorisations,
                     stats->error_failures + stats->newton_failures, stats->restarts),
        arena_format(arena, "Files: %s.", files.data),
        arena_format(arena, "Changed on the command line: %s.", settings.data)};
    page_list(page, items, study->setting_count > 0 ? 5 : 4);
}

/* The whole page; false: a picture is missing. */
static bool tell(Page *page, const StudyPage *call)
{
    tell_opening(page, call);
    tell_arms(page, call);
    page_head(page, 2, "Result");
    if (*call->study->reading != '\0') {
        page_paragraph(page, call->study->reading, false);
    }
    study_page_result(page, call);
    study_page_measured(page, call);
    bool shown = tell_figures(page, call);
    study_page_numbers(page, call);
    tell_limits(page, call);
    tell_making(page, call);
    page_end(page);
    return shown;
}

int study_page_write(const StudyPage *call, const char **name)
{
    assert(call != NULL && name != NULL);
    const Study *study = call->study;
    Arena *arena = call->cli->arena;
    bool html = strcmp(option_value(&call->cli->arguments, "page"), "md") != 0;
    Page page = page_new(arena, html, *study->title == '\0' ? study->name : study->title);
    if (!tell(&page, call)) {
        return CLI_FILE;
    }
    *name = arena_format(arena, "%s.%s", study->name, html ? "html" : "md");
    const char *path = file_join(arena, call->folder, *name);
    OutFile *file = file_create(arena, path);
    if (file != NULL) {
        file_write(file, page.text.data, page.text.length);
    }
    if (file == NULL || !file_commit(file)) {
        cli_complain("cannot write '%s': %s", path, strerror(errno));
        return CLI_FILE;
    }
    return CLI_OK;
}
