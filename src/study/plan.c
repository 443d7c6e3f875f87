/* plan.c: divides a population into units, and knows what their numbers depend on.
 *
 * The hash covers everything that a result could change with: sources of the model, numbers of the
 * arms, doses, times, tolerances, what varies, width, versions. Numbers enter it with all their
 * digits.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/population.h"

#include "base/file.h"

#include <assert.h>
#include <errno.h>
#include <gsl/gsl_errno.h>
#include <math.h>
#include <string.h>

enum { BLOCK_BYTES = 32 << 20 };

static void hash_numbers(Text *text, const double *values, int count)
{
    for (int i = 0; i < count; i++) {
        text_number(text, values[i]);
        text_string(text, i + 1 < count ? " " : "\n");
    }
}

static void hash_vary(Text *text, const Study *study)
{
    const Population *population = study->population;
    text_format(text, "%d %llu %d %d\n", population->size, (unsigned long long)population->seed,
                population->correlated_count, population->attempts);
    for (int i = 0; i < population->level_count; i++) {
        text_format(text, "%s %d\n", population->levels[i].name, population->levels[i].count);
    }
    for (int i = 0; i < population->vary_count; i++) {
        const Vary *vary = &population->vary[i];
        text_format(text, "%s %d %d %d %d\n", model_label(study->model, vary->ref)->name,
                    (int)vary->distribution, vary->own_location, vary->relative, vary->level);
        const double numbers[] = {vary->a,    vary->b,   vary->mode, vary->low,
                                  vary->high, vary->min, vary->max};
        hash_numbers(text, numbers, (int)(sizeof numbers / sizeof numbers[0]));
        hash_numbers(text, vary->values, vary->value_count);
        hash_numbers(text, vary->weights, vary->weights == NULL ? 0 : vary->value_count);
        for (int row = 0; population->table != NULL && row < population->size; row++) {
            double value = table_cell(population->table, (size_t)row, population->table_column[i]);
            hash_numbers(text, &value, 1);
        }
    }
    for (int i = 0; i < population->correlated_count; i++) {
        text_format(text, "%d ", population->correlated[i]);
        hash_numbers(text, population->factor + (size_t)i * (size_t)population->correlated_count,
                     population->correlated_count);
    }
    for (int i = 0; i < population->accept_count; i++) {
        text_format(text, "%s\n", population->accept_text[i]);
    }
}

static void hash_arm(Text *text, const Study *study, const Arm *arm)
{
    text_format(text, "%s\n", arm->name);
    hash_numbers(text, arm->parameters, study->model->parameter_count);
    hash_numbers(text, arm->covariates, study->model->covariate_count);
    for (int i = 0; i < arm->regimen.count; i++) {
        const Dose *dose = &arm->regimen.doses[i];
        const double numbers[] = {
            (double)dose->kind,      dose->route,     dose->state,  dose->amount,   dose->time,
            dose->duration,          dose->rate,      dose->count,  dose->interval, dose->steady,
            dose->reset ? 1.0 : 0.0, dose->amount_by, dose->rate_by};
        hash_numbers(text, numbers, (int)(sizeof numbers / sizeof numbers[0]));
    }
}

/* Everything that the numbers of the results depend on. */
static void hash_study(Plan *plan)
{
    const Study *study = plan->study;
    const SolverOptions *solver = &study->solver;
    Arena *scratch = arena_new();
    Text text = text_new(scratch);
    text_format(&text, "stroma %s %s\n", STROMA_VERSION, solver_version());
    for (int i = 0; i < study->model->source_count; i++) {
        text_add(&text, study->model->sources[i]->text, study->model->sources[i]->length);
    }
    const double numbers[] = {study->start,
                              study->end,
                              study->steady_start ? 1.0 : 0.0,
                              solver->rtol,
                              solver->safety,
                              (double)solver->max_steps,
                              solver->max_step,
                              solver->dense ? 1.0 : 0.0,
                              (double)solver->method,
                              plan->width};
    hash_numbers(&text, numbers, (int)(sizeof numbers / sizeof numbers[0]));
    hash_numbers(&text, solver->atol, study->model->state_count);
    hash_numbers(&text, study->times, study->time_count);
    for (int i = 0; i < study->output_count; i++) {
        text_format(&text, "%s\n", study->outputs[i].label->name);
    }
    for (int i = 0; i < study->model->table_count && study->tables != NULL; i++) {
        text_format(&text, "%d\n", (int)study->tables[i].method);
        hash_numbers(&text, study->tables[i].x, study->tables[i].count);
        hash_numbers(&text, study->tables[i].y, study->tables[i].count);
    }
    for (int i = 0; i < study->arm_count; i++) {
        hash_arm(&text, study, &study->arms[i]);
    }
    hash_vary(&text, study);
    file_hash(text.data, text.length, plan->hash);
    arena_free(scratch);
}

static void add_level(Plan *plan, double level)
{
    int at = 0;
    while (at < plan->level_count && plan->levels[at] < level) {
        at++;
    }
    if (at < plan->level_count && plan->levels[at] == level) {
        return;
    }
    memmove(plan->levels + at + 1, plan->levels + at,
            (size_t)(plan->level_count - at) * sizeof *plan->levels);
    plan->levels[at] = level;
    plan->level_count++;
}

static void collect_levels(Plan *plan)
{
    static const double usual[] = {0.05, 0.25, 0.5, 0.75, 0.95};
    const Study *study = plan->study;
    size_t most = 5 + (size_t)study->quantile_count + 2 * (size_t)study->plot_count + 1;
    plan->levels = arena_array(plan->arena, most, sizeof *plan->levels);
    bool given = study->quantile_count > 0;
    for (int i = 0; i < (given ? study->quantile_count : 5); i++) {
        add_level(plan, given ? study->quantiles[i] : usual[i]);
    }
    add_level(plan, 0.5);
    for (int i = 0; i < study->plot_count; i++) { // what the bands of plots need
        const Plot *plot = &study->plots[i];
        add_level(plan, plot->has_band ? plot->band[0] / 100 : 0.05);
        add_level(plan, plot->has_band ? plot->band[1] / 100 : 0.95);
    }
}

Plan *plan_new(const Study *study, int lanes, Arena *arena)
{
    assert(study != NULL && study->population != NULL && arena != NULL && lanes >= 0);
    const Population *population = study->population;
    assert(population->size > 0 && study->arm_count > 0);
    (void)gsl_set_error_handler_off(); // a quantile that cannot be found is NaN, no end of the
                                       // program
    Plan *plan = arena_alloc(arena, sizeof *plan);
    plan->arena = arena;
    plan->study = study;
    plan->population = population;
    plan->tape = study_tape(study, arena);
    int width = STROMA_LANES > 0 ? STROMA_LANES
                : lanes > 0      ? lanes
                                 : study_crowd(study, population->size);
    plan->width = tape_width(width < population->size ? width : population->size);
    plan->pack_count = (population->size + plan->width - 1) / plan->width;
    plan->unit_count = study->arm_count * plan->pack_count;
    plan->rows = study->output_count * (study->time_count + EXTRA_COUNT);
    plan->attempts = arena_array(arena, (size_t)population->size, sizeof *plan->attempts);
    collect_levels(plan);
    hash_study(plan);
    return plan;
}

int plan_find(const Plan *plan, double id)
{
    for (int subject = 0; subject < plan->population->size; subject++) {
        if (cohort_id(plan->population, subject) == id) {
            return subject;
        }
    }
    return -1;
}

void plan_draw(const Plan *plan, int arm, int subject, int attempt, double *parameters,
               double *covariates)
{
    const Model *model = plan->study->model;
    const Arm *from = &plan->study->arms[arm];
    size_t parameter_count = (size_t)model->parameter_count;
    size_t covariate_count = (size_t)model->covariate_count;
    for (size_t i = 0; i < parameter_count; i++) {
        parameters[i] = from->parameters[i];
    }
    for (size_t i = 0; i < covariate_count; i++) {
        covariates[i] = from->covariates[i];
    }
    cohort_draw(model, plan->population, subject, attempt, parameters, covariates);
}

int plan_subjects(const Plan *plan, int pack, int *first)
{
    assert(pack >= 0 && pack < plan->pack_count);
    *first = pack * plan->width;
    int left = plan->population->size - *first;
    return left < plan->width ? left : plan->width;
}

const Spool *plan_spool(const Plan *plan, int unit)
{
    assert(plan->spool_count > 0);
    return plan->spools[plan->spool_count == 1 ? 0 : unit % plan->spool_count];
}

int plan_median(const Plan *plan)
{
    int middle = 0;
    while (plan->levels[middle] != 0.5) {
        middle++;
    }
    return middle;
}

int plan_block(const Plan *plan, int blocks)
{
    size_t row = (size_t)plan->population->size * sizeof(double) * (size_t)blocks;
    size_t count = BLOCK_BYTES / row;
    return count < 1 ? 1 : count > (size_t)plan->rows ? plan->rows : (int)count;
}

bool plan_read(const Plan *plan, int arm, int first, int count, double *values)
{
    Arena *scratch = arena_new();
    size_t width = (size_t)plan->width;
    size_t size = (size_t)plan->population->size;
    double *lanes = arena_array(scratch, (size_t)count * width, sizeof *lanes);
    bool good = true;
    for (int pack = 0; pack < plan->pack_count && good; pack++) {
        int unit = arm * plan->pack_count + pack;
        int subject;
        int members = plan_subjects(plan, pack, &subject);
        good = spool_read(plan_spool(plan, unit), unit, first, count, lanes);
        for (size_t row = 0; row < (size_t)count; row++) {
            memcpy(values + row * size + (size_t)subject, lanes + row * width,
                   (size_t)members * sizeof *values);
        }
    }
    int why = errno;
    arena_free(scratch);
    errno = why;
    return good;
}

bool plan_row_is_there(const Plan *plan, const double *values, int time, int lane)
{
    size_t times = (size_t)plan->study->time_count;
    bool there = false;
    for (size_t k = 0; k < (size_t)plan->study->output_count && !there; k++) {
        double value = values[(k * times + (size_t)time) * (size_t)plan->width + (size_t)lane];
        there = !isnan(value);
    }
    return there;
}
