/* population_report.c: what a population says on stdout beyond the table of medians: how many ended
 * well, and the differences between the arms.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/json.h"
#include "cli/population.h"
#include "cli/summary.h"

#include "base/number.h"
#include "study/rows.h"

enum { DIGITS = 4 };

/* Where the rows of one difference go. */
typedef struct {
    const Plan *plan;
    Text *text;
    int arm, reference, output;
    bool extra;
    int lines; // so far
} Telling;

static const char *short_number(Arena *arena, double value)
{
    char digits[NUMBER_TEXT_SIZE];
    (void)number_short(value, DIGITS, digits);
    return arena_format(arena, "%s", digits);
}

static void tell_line(void *context, int row, const RowStatistics *statistics)
{
    (void)row;
    Telling *telling = context;
    Arena *arena = telling->text->arena;
    const Label *label = telling->plan->study->outputs[telling->output].label;
    const char *name = telling->extra ? arena_format(arena, "AUC(%s)", label->name) : label->name;
    text_format(telling->text, "  %-24s %12s  [%s, %s]  above in %.0f %% of %d\n", name,
                short_number(arena, statistics->moments.mean), short_number(arena, statistics->low),
                short_number(arena, statistics->high), 100.0 * statistics->above,
                statistics->moments.count);
}

static void tell_object(void *context, int row, const RowStatistics *statistics)
{
    (void)row;
    Telling *telling = context;
    const Study *study = telling->plan->study;
    Text *text = telling->text;
    text_string(text, telling->lines++ == 0 ? "\n    {\"arm\": " : ",\n    {\"arm\": ");
    json_quoted(text, study->arms[telling->arm].name);
    text_string(text, ", \"reference\": ");
    json_quoted(text, study->arms[telling->reference].name);
    text_string(text, ", \"name\": ");
    json_quoted(text, study->outputs[telling->output].label->name);
    text_format(text, ", \"what\": \"%s\"", telling->extra ? "area" : "end");
    json_named_number(text, ", ", "n", statistics->moments.count);
    json_named_number(text, ", ", "mean", statistics->moments.mean);
    json_named_number(text, ", ", "low95", statistics->low);
    json_named_number(text, ", ", "high95", statistics->high);
    json_named_number(text, ", ", "median", statistics->quantiles[plan_median(telling->plan)]);
    json_named_number(text, ", ", "above", statistics->above);
    text_string(text, "}");
}

/* The difference at the end and of the area, for each output that plots show. */
static void tell_pair(Telling *telling, void (*take)(void *, int, const RowStatistics *))
{
    const Plan *plan = telling->plan;
    int count;
    const int *outputs = summary_outputs(telling->text->arena, plan->study, &count);
    RowRequest request = {.plan = plan,
                          .arm = telling->arm,
                          .reference = telling->reference,
                          .jobs = 1,
                          .take = take,
                          .context = telling};
    for (int i = 0; i < count; i++) {
        telling->output = outputs[i];
        for (int k = 0; k < 2; k++) {
            telling->extra = k == 1;
            int row = k == 1 ? row_of_extra(plan, outputs[i], EXTRA_AREA)
                             : row_of(plan, outputs[i], plan->study->time_count - 1);
            (void)rows_run(&request, row, 1); // the same rows have just been written
        }
    }
}

static void counts_line(const Plan *plan, const struct PopulationCounts *counts, Text *text)
{
    text_format(text, "\nThese are medians over %d subjects", plan->population->size);
    int failed = 0;
    for (int arm = 0; arm < plan->study->arm_count; arm++) {
        failed += counts->arms[arm].failed;
    }
    if (failed > 0) {
        text_format(text, "; %d of %d integrations failed", failed,
                    plan->population->size * plan->study->arm_count);
    }
    text_string(text, ".\n");
}

void population_accepted(const Cli *cli, const Population *population, double refused)
{
    if (population->accept_count > 0) {
        double draws = population->size + refused;
        cli_say(cli, "'accept' kept %d of %.0f draws (%.3g %%)", population->size, draws,
                100.0 * population->size / draws);
    }
}

void population_report(const Plan *plan, const struct PopulationCounts *counts, Text *text)
{
    counts_line(plan, counts, text);
    const Study *study = plan->study;
    for (int arm = 1; arm < study->arm_count; arm++) {
        for (int reference = 0; reference < arm; reference++) {
            if (!contrast_is_made(study, arm, reference)) {
                continue;
            }
            text_format(text, "\n%s - %s: mean difference at the end, [95 %% interval]\n",
                        study->arms[arm].name, study->arms[reference].name);
            Telling telling = {.plan = plan, .text = text, .arm = arm, .reference = reference};
            tell_pair(&telling, tell_line);
        }
    }
}

void population_json(const Plan *plan, const struct PopulationCounts *counts, Text *text)
{
    const Study *study = plan->study;
    text_format(text, ",\n  \"population\": {\"size\": %d, \"seed\": \"%llu\"",
                plan->population->size, (unsigned long long)plan->population->seed);
    json_named_number(text, ", ", "refused", counts->refused);
    text_string(text, ", \"failed\": [");
    for (int arm = 0; arm < study->arm_count; arm++) {
        text_format(text, "%s%d", arm == 0 ? "" : ", ", counts->arms[arm].failed);
    }
    text_string(text, "]},\n  \"contrasts\": [");
    Telling telling = {.plan = plan, .text = text};
    for (int pair = 0; pair < study->arm_count * study->arm_count; pair++) {
        telling.arm = pair / study->arm_count;
        telling.reference = pair % study->arm_count;
        if (contrast_is_made(study, telling.arm, telling.reference)) {
            tell_pair(&telling, tell_object);
        }
    }
    text_string(text, "]");
}
