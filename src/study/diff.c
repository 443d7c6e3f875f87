/* diff.c: see diff.h.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/diff.h"

#include "base/number.h"
#include "study/diff_fit.h"
#include "study/run.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <string.h>

typedef struct {
    const Study *sides[2];
    Arena *arena;
    StudyDifference *found;
    int count;
    size_t capacity;
} Diffs;

static bool same(double a, double b)
{
    return a == b || (isnan(a) && isnan(b)) ||
           fabs(a - b) <= 4 * DBL_EPSILON * fmin(fabs(a), fabs(b));
}

static StudyDifference *add(Diffs *diffs, const char *path, const char *first, const char *second)
{
    diffs->found = arena_grow(diffs->arena, diffs->found, (size_t)diffs->count, &diffs->capacity,
                              sizeof *diffs->found);
    StudyDifference *one = &diffs->found[diffs->count++];
    *one = (StudyDifference){.path = path, .unit = "", .first = first, .second = second};
    return one;
}

static const char *words(Diffs *diffs, double value)
{
    char digits[NUMBER_TEXT_SIZE];
    number_text(value, digits);
    return arena_copy(diffs->arena, digits, strlen(digits));
}

static void add_numbers(Diffs *diffs, const char *path, const char *unit, double first,
                        double second)
{
    if (!same(first, second)) {
        add(diffs, path, words(diffs, first), words(diffs, second))->unit = unit;
    }
}

static void add_texts(Diffs *diffs, const char *path, const char *first, const char *second)
{
    if (strcmp(first, second) != 0) {
        add(diffs, path, first, second);
    }
}

static const Arm *arm_named(const Study *study, const char *name)
{
    for (int i = 0; i < study->arm_count; i++) {
        if (strcmp(study->arms[i].name, name) == 0) {
            return &study->arms[i];
        }
    }
    return NULL;
}

/* --- parameters and covariates -------------------------------------------------------------------
 */

/* The value of a quantity in an arm, in the unit of `want`; NAN with NULL words: not there. */
typedef struct {
    double value;
    const char *words; // NULL: the model has no such quantity
    Span span;
} Side;

static Side side_of(Diffs *diffs, int which, const Arm *arm, const char *name, Unit want)
{
    const Model *model = diffs->sides[which]->model;
    NameRef ref = model_find(model, name);
    bool covariate = ref.kind == NAME_COVARIATE;
    if (!covariate && ref.kind != NAME_PARAMETER) {
        return (Side){.value = (double)NAN};
    }
    Side side = {covariate ? arm->covariates[ref.index] : arm->parameters[ref.index], NULL, {0}};
    Unit unit = model_label(model, ref)->unit;
    if (unit.known && want.known && unit_same_dimension(unit, want)) {
        side.value *= unit_factor(unit, want);
    }
    side.words = words(diffs, side.value);
    side.span =
        covariate ? arm->covariate_origin[ref.index].span : arm->parameter_origin[ref.index].span;
    return side;
}

static bool sides_agree(const Side *a, const Side *b)
{
    return (a->words == NULL) == (b->words == NULL) && same(a->value, b->value);
}

static void add_side(Diffs *diffs, const char *path, Unit unit, const Side *a, const Side *b)
{
    StudyDifference *one = add(diffs, path, a->words, b->words);
    one->unit = study_unit(unit);
    one->first_span = a->span;
    one->second_span = b->span;
}

/* One quantity in all arms that both studies have. */
static void compare_quantity(Diffs *diffs, const Label *label, const char *group)
{
    const Study *first = diffs->sides[0];
    bool everywhere = true; // every arm differs, and all in the same way
    bool any = false;
    Side one = {0};
    Side two = {0};
    for (int pass = 0; pass < 2; pass++) {
        bool seen = false;
        for (int i = 0; i < first->arm_count; i++) {
            const Arm *arm = &first->arms[i];
            const Arm *other = arm_named(diffs->sides[1], arm->name);
            if (!other && first->arm_count + diffs->sides[1]->arm_count > 2) {
                continue;
            }
            other = other ? other : &diffs->sides[1]->arms[0];
            Side a = side_of(diffs, 0, arm, label->name, label->unit);
            Side b = side_of(diffs, 1, other, label->name, label->unit);
            bool agree = sides_agree(&a, &b);
            if (pass == 1 && !agree) {
                const char *path =
                    arena_format(diffs->arena, "arms.%s.%s.%s", arm->name, group, label->name);
                add_side(diffs, path, label->unit, &a, &b);
            }
            everywhere =
                everywhere && !agree && (!seen || (sides_agree(&a, &one) && sides_agree(&b, &two)));
            any = any || !agree;
            one = seen ? one : a;
            two = seen ? two : b;
            seen = true;
        }
        if (pass == 0 && any && everywhere) {
            add_side(diffs, arena_format(diffs->arena, "%s.%s", group, label->name), label->unit,
                     &one, &two);
        }
        if (!any || everywhere) {
            return;
        }
    }
}

static void compare_quantities(Diffs *diffs)
{
    const Model *first = diffs->sides[0]->model;
    const Model *second = diffs->sides[1]->model;
    for (int i = 0; i < first->parameter_count; i++) {
        compare_quantity(diffs, &first->parameters[i].label, "parameters");
    }
    for (int i = 0; i < first->covariate_count; i++) {
        compare_quantity(diffs, &first->covariates[i].label, "covariates");
    }
    for (int i = 0; i < second->parameter_count; i++) {
        if (model_find(first, second->parameters[i].label.name).kind != NAME_PARAMETER) {
            compare_quantity(diffs, &second->parameters[i].label, "parameters");
        }
    }
    for (int i = 0; i < second->covariate_count; i++) {
        if (model_find(first, second->covariates[i].label.name).kind != NAME_COVARIATE) {
            compare_quantity(diffs, &second->covariates[i].label, "covariates");
        }
    }
}

/* --- arms and doses ------------------------------------------------------------------------------
 */

/* All that a dose is, with the names of its target, so that two models can be compared. */
static const char *dose_key(Diffs *diffs, const Model *model, const Dose *dose)
{
    Text text = text_new(diffs->arena);
    const char *target = dose->route >= 0 ? model->routes[dose->route].label.name
                                          : model->states[dose->state].label.name;
    text_format(&text, "%d %s %d %d %d %d", (int)dose->kind, target, dose->steady, dose->reset,
                dose->amount_by, dose->rate_by);
    const double numbers[] = {dose->amount, dose->time,          dose->duration,
                              dose->rate,   (double)dose->count, dose->interval};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        char digits[NUMBER_TEXT_SIZE];
        number_short(numbers[i], 15, digits); // rounding of units is no difference
        text_format(&text, " %s", digits);
    }
    return text.data;
}

static const char *dose_words(const Arm *arm, int dose)
{
    return dose >= arm->regimen.count ? NULL
           : arm->dose_text == NULL   ? "a dose"
                                      : arm->dose_text[dose];
}

static void compare_doses(Diffs *diffs, const Arm *a, const Arm *b)
{
    int most = a->regimen.count > b->regimen.count ? a->regimen.count : b->regimen.count;
    for (int i = 0; i < most; i++) {
        const char *first = dose_words(a, i);
        const char *second = dose_words(b, i);
        bool both = first && second;
        if (both && strcmp(dose_key(diffs, diffs->sides[0]->model, &a->regimen.doses[i]),
                           dose_key(diffs, diffs->sides[1]->model, &b->regimen.doses[i])) == 0) {
            continue;
        }
        StudyDifference *one =
            add(diffs, arena_format(diffs->arena, "arms.%s.doses.%d", a->name, i), first, second);
        one->first_span = first ? a->regimen.doses[i].span : (Span){0};
        one->second_span = second ? b->regimen.doses[i].span : (Span){0};
    }
}

static void compare_arms(Diffs *diffs)
{
    for (int side = 0; side < 2; side++) {
        const Study *study = diffs->sides[side];
        const Study *other = diffs->sides[1 - side];
        for (int i = 0; i < study->arm_count; i++) {
            const Arm *arm = &study->arms[i];
            const Arm *same_arm = arm_named(other, arm->name);
            if (same_arm && side == 0) {
                compare_doses(diffs, arm, same_arm);
            } else if (!same_arm) {
                const char *path = arena_format(diffs->arena, "arms.%s", arm->name);
                StudyDifference *one =
                    add(diffs, path, side ? NULL : "an arm", side ? "an arm" : NULL);
                *(side ? &one->second_span : &one->first_span) = arm->span;
            }
        }
    }
}

/* --- the rest ------------------------------------------------------------------------------------
 */

static void compare_models(Diffs *diffs)
{
    const Model *first = diffs->sides[0]->model;
    const Model *second = diffs->sides[1]->model;
    add_texts(diffs, "model", first->name, second->name);
    bool equal = first->source_count == second->source_count;
    for (int i = 0; equal && i < first->source_count; i++) {
        equal = first->sources[i]->length == second->sources[i]->length &&
                memcmp(first->sources[i]->text, second->sources[i]->text,
                       first->sources[i]->length) == 0;
    }
    if (!equal && strcmp(first->name, second->name) == 0) {
        add(diffs, "model (its text)", first->path, second->path);
    }
}

static void compare_times(Diffs *diffs)
{
    const Study *a = diffs->sides[0];
    const Study *b = diffs->sides[1];
    const char *unit = study_unit(a->model->time_unit);
    add_texts(diffs, "time (unit)", unit, study_unit(b->model->time_unit));
    add_numbers(diffs, "time.start", unit, a->start, b->start);
    add_numbers(diffs, "time.end", unit, a->end, b->end);
    bool equal = a->time_count == b->time_count;
    for (int i = 0; equal && i < a->time_count; i++) {
        equal = fabs(a->times[i] - b->times[i]) <= 1e-12 * (1 + fabs(a->times[i]));
    }
    if (!equal) {
        add(diffs, "time (output times)", arena_format(diffs->arena, "%d of them", a->time_count),
            arena_format(diffs->arena, "%d of them", b->time_count));
    }
    add_texts(diffs, "start", a->steady_start ? "steady" : "given",
              b->steady_start ? "steady" : "given");
}

static const char *native_of(const SolverOptions *options)
{
    return options->native ? "true" : options->interpreted ? "false" : "auto";
}

static void compare_solvers(Diffs *diffs)
{
    const Study *a = diffs->sides[0];
    const Study *b = diffs->sides[1];
    add_numbers(diffs, "solver.rtol", "", a->solver.rtol, b->solver.rtol);
    add_numbers(diffs, "solver.safety", "", solver_safety(&a->solver), solver_safety(&b->solver));
    add_numbers(diffs, "solver.max_steps", "", (double)a->solver.max_steps,
                (double)b->solver.max_steps);
    add_numbers(diffs, "solver.max_step", "", a->solver.max_step, b->solver.max_step);
    static const char *const methods[] = {
        [SOLVER_AUTO] = "auto", [SOLVER_BDF] = "bdf", [SOLVER_ROSENBROCK] = "rosenbrock"};
    add_texts(diffs, "solver.method", methods[a->solver.method], methods[b->solver.method]);
    add_texts(diffs, "solver.native", native_of(&a->solver), native_of(&b->solver));
    add_texts(diffs, "solver.dense", a->solver.dense ? "true" : "false",
              b->solver.dense ? "true" : "false");
    for (int i = 0; i < a->model->state_count; i++) {
        const Label *label = &a->model->states[i].label;
        NameRef ref = model_find(b->model, label->name);
        if (ref.kind == NAME_STATE) {
            add_numbers(diffs, arena_format(diffs->arena, "solver.atol.%s", label->name),
                        study_unit(label->unit), a->solver.atol[i], b->solver.atol[ref.index]);
        }
    }
}

static const char *output_words(Diffs *diffs, const Study *study)
{
    Text text = text_new(diffs->arena);
    for (int i = 0; i < study->table_outputs; i++) {
        text_format(&text, "%s%s", i ? ", " : "", study->outputs[i].label->name);
    }
    return text.data ? text.data : "";
}

static const char *table_words(Diffs *diffs, const Interpolant *table)
{
    Text text = text_new(diffs->arena);
    text_format(&text, "method %d;", (int)table->method);
    for (int i = 0; i < table->count; i++) {
        text_format(&text, " (%s, %s)", words(diffs, table->x[i]), words(diffs, table->y[i]));
    }
    return text.data;
}

static void compare_tables(Diffs *diffs)
{
    const Study *a = diffs->sides[0];
    const Study *b = diffs->sides[1];
    for (int i = 0; a->tables && b->tables && i < a->model->table_count; i++) {
        const char *name = a->model->tables[i].label.name;
        NameRef ref = model_find(b->model, name);
        if (ref.kind == NAME_TABLE) {
            add_texts(diffs, arena_format(diffs->arena, "tables.%s", name),
                      table_words(diffs, &a->tables[i]), table_words(diffs, &b->tables[ref.index]));
        }
    }
}

static const char *population_words(Diffs *diffs, const Study *study)
{
    const Population *population = study->population;
    if (population == NULL) {
        return "none";
    }
    Text text = text_new(diffs->arena);
    text_format(&text, "%d subjects, seed %llu", population->size,
                (unsigned long long)population->seed);
    for (int i = 0; i < population->vary_count; i++) {
        const Vary *vary = &population->vary[i];
        text_format(&text, "; %s", model_label(study->model, vary->ref)->name);
        const double numbers[] = {(double)vary->distribution,
                                  vary->a,
                                  vary->b,
                                  vary->mode,
                                  vary->low,
                                  vary->high,
                                  vary->min,
                                  vary->max};
        for (size_t k = 0; k < sizeof numbers / sizeof numbers[0]; k++) {
            text_format(&text, " %s", words(diffs, numbers[k]));
        }
    }
    for (int i = 0; i < population->correlated_count * population->correlated_count; i++) {
        text_format(&text, " %s", words(diffs, population->factor[i]));
    }
    return text.data;
}

static const char *data_words(Diffs *diffs, const Study *study)
{
    return study->data == NULL ? "none"
                               : arena_format(diffs->arena, "%d subjects, SHA-256 %s",
                                              study->data->count, study->data->hash);
}

static const FitLine *line_of(const FitLine *lines, int count, const char *path)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(lines[i].path, path) == 0) {
            return &lines[i];
        }
    }
    return NULL;
}

static void compare_fits(Diffs *diffs)
{
    FitLine *lines[2] = {NULL, NULL};
    int counts[2];
    for (int side = 0; side < 2; side++) {
        counts[side] = fit_lines(diffs->sides[side]->fit, diffs->arena, &lines[side]);
    }
    for (int i = 0; i < counts[0]; i++) {
        const FitLine *other = line_of(lines[1], counts[1], lines[0][i].path);
        if (other == NULL) {
            add(diffs, lines[0][i].path, lines[0][i].words, NULL);
        } else {
            add_texts(diffs, other->path, lines[0][i].words, other->words);
        }
    }
    for (int i = 0; i < counts[1]; i++) {
        if (line_of(lines[0], counts[0], lines[1][i].path) == NULL) {
            add(diffs, lines[1][i].path, NULL, lines[1][i].words);
        }
    }
}

int study_diff(const Study *first, const Study *second, Arena *arena, StudyDifference **found)
{
    assert(first && second && arena && found);
    Diffs diffs = {.sides = {first, second}, .arena = arena};
    compare_models(&diffs);
    compare_quantities(&diffs);
    compare_arms(&diffs);
    compare_times(&diffs);
    compare_solvers(&diffs);
    add_texts(&diffs, "outputs", output_words(&diffs, first), output_words(&diffs, second));
    compare_tables(&diffs);
    add_texts(&diffs, "population", population_words(&diffs, first),
              population_words(&diffs, second));
    add_texts(&diffs, "data", data_words(&diffs, first), data_words(&diffs, second));
    compare_fits(&diffs);
    *found = diffs.found;
    return diffs.count;
}
