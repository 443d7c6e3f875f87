/* stroma_run.c: the public function that runs a study.
 *
 * The study is constant while it runs: what a run needs of its own (the one arm of a study without
 * arms, the results) is in the table's arena, so that several threads may run one study.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "stroma_inside.h"

#include <math.h>

enum { MOST_LANES = 64 };

stroma_run_options stroma_run_options_default(void)
{
    return (stroma_run_options){0};
}

/* The first number that was never given goes into the report. */
static bool complete(const Study *study, Arena *arena, stroma_report *report)
{
    const Model *model = study->model;
    for (int i = 0; i < study->arm_count; i++) {
        const Arm *arm = &study->arms[i];
        for (int k = 0; k < model->parameter_count + model->covariate_count; k++) {
            int covariate = k - model->parameter_count;
            double value = covariate < 0 ? arm->parameters[k] : arm->covariates[covariate];
            if (!isnan(value)) {
                continue;
            }
            const Parameter *missing =
                covariate < 0 ? &model->parameters[k] : &model->covariates[covariate];
            report_error(report, arena_format(arena, "the %s '%s' has no value in arm '%s'",
                                              covariate < 0 ? "parameter" : "covariate",
                                              missing->label.name, arm->name));
            return false;
        }
    }
    if (study->time_count < 1) {
        report_error(report, "the study has no output times");
        return false;
    }
    if (model->table_count > 0 && study->tables == NULL) {
        report_error(report, "the model reads tables: their points come from a study file");
        return false;
    }
    return true;
}

/* How each arm ended, in words that outlive the study. */
static void keep_outcomes(const Study *study, stroma_table *table)
{
    size_t count = (size_t)study->arm_count;
    table->outcomes = arena_array(table->arena, count, sizeof *table->outcomes);
    table->reasons = arena_array(table->arena, count, sizeof *table->reasons);
    for (size_t i = 0; i < count; i++) {
        const Outcome *outcome = &table->result.outcomes[i];
        Text words = text_new(table->arena);
        if (outcome->kind != OUTCOME_DONE) {
            outcome_print(outcome, study->model, &words);
        }
        table->outcomes[i] = outcome_word(outcome->kind);
        table->reasons[i] = words.data;
    }
}

stroma_status stroma_study_run(const stroma_study *study, const stroma_run_options *options,
                               stroma_report *report, stroma_table **table)
{
    if (study == NULL || table == NULL) {
        return STROMA_BAD_ARGUMENT;
    }
    *table = NULL;
    stroma_run_options chosen = options == NULL ? stroma_run_options_default() : *options;
    if (chosen.lanes < 0 || chosen.lanes > MOST_LANES) {
        return STROMA_BAD_ARGUMENT;
    }
    Arena *arena = NULL;
    stroma_table *object = object_new(sizeof *object, &arena);
    if (object == NULL) {
        return STROMA_OUT_OF_MEMORY;
    }
    Guard guard;
    guard_arena(arena, &guard);
    if (setjmp(guard.jump) != 0) {
        arena_free(arena);
        return STROMA_OUT_OF_MEMORY;
    }
    object->arena = arena;
    Study run = study->study;
    Arm only = study->common;
    if (run.arm_count == 0) {
        run.arms = &only;
        run.arm_count = 1;
    }
    RunOptions run_options = {.width = chosen.lanes,
                              .jobs = 1, // the threads of a program are its own affair
                              .stop = chosen.stop,
                              .progress = chosen.progress,
                              .context = chosen.context};
    stroma_status status = STROMA_OK;
    if (!complete(&run, arena, report)) {
        status = STROMA_BAD_STUDY;
    } else if (!study_run(&run, &run_options, arena, &object->result)) {
        status = STROMA_NO_SOLVER;
    }
    if (status != STROMA_OK) {
        arena_free(arena);
        return status;
    }
    keep_outcomes(&run, object);
    *table = object;
    if (object->result.stopped) {
        return STROMA_STOPPED;
    }
    return object->result.failed > 0 ? STROMA_SOME_FAILED : STROMA_OK;
}
