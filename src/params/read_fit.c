/* read_fit.c: the group `fit` of a study: what is to be estimated, from what, and how.
 *
 * The order matters: observables give the data their names and units, the data give the subjects,
 * and a parameter of each subject needs those. Parameters of error models come last.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "params/read_fit.h"

#include "base/file.h"
#include "study/likelihood.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const int default_iterations = 10000;
static const double default_tolerance = 1e-8;

int add_fit_parameter(FitReader *fit, FitParameter parameter)
{
    Fit *into = fit->fit;
    FitParameter *more =
        arena_array(fit->reader->arena, (size_t)into->parameter_count + 1, sizeof *more);
    if (into->parameter_count > 0) {
        memcpy(more, into->parameters, (size_t)into->parameter_count * sizeof *more);
    }
    more[into->parameter_count] = parameter;
    into->parameters = more;
    return into->parameter_count++;
}

static void read_method(FitReader *reader)
{
    static const char *const known[] = {"auto",    "least-squares", "scoring", "lbfgs",
                                        "slsqp",   "mma",           "bobyqa",  "subplex",
                                        "simplex", "crs",           "isres",   "direct"};
    Fit *fit = reader->fit;
    const Entry *entry = member(reader->group, "method");
    const char *word = entry ? entry->text : "auto";
    int count = (int)(sizeof known / sizeof known[0]);
    int found = 0;
    while (found < count && strcmp(known[found], word) != 0) {
        found++;
    }
    fit->method = found < METHOD_NLOPT ? (FitMethod)found : METHOD_NLOPT;
    fit->algorithm = word;
    if (found < count) {
        return;
    }
    diag_report(reader->reader->diag, FAULT_P426, entry->value, "there is no method '%s'", word);
    const char *near = names_near_list(known, count, word);
    near = fit_method_word(word) ? fit_method_word(word) : near;
    if (fit_is_of_populations(word)) {
        diag_hint(reader->reader->diag,
                  "there are no random effects here: leave 'method' out; by = "
                  "\"subject\" estimates a value for each");
    } else if (near) {
        diag_hint(reader->reader->diag, "did you mean '%s'?", near);
    } else {
        diag_hint(reader->reader->diag, "known: auto, least-squares, scoring, lbfgs, slsqp, mma, "
                                        "bobyqa, subplex, simplex, crs, isres, direct");
    }
}

/* A whole number between two ends. */
static int read_whole(FitReader *reader, const char *name, double low, double high, int otherwise)
{
    const Entry *entry = member(reader->group, name);
    if (!entry) {
        return otherwise;
    }
    if (entry->number < low || entry->number > high) {
        diag_report(reader->reader->diag, FAULT_P426, entry->value, "'%s' lies between %g and %g",
                    name, low, high);
        return otherwise;
    }
    return (int)entry->number;
}

static void read_design(FitReader *reader)
{
    const Entry *entry = member(reader->group, "design");
    if (!entry) {
        return;
    }
    reader->fit->design = strcmp(entry->text, "latin") == 0 ? DESIGN_LATIN : DESIGN_SOBOL;
    if (strcmp(entry->text, "latin") != 0 && strcmp(entry->text, "sobol") != 0) {
        diag_report(reader->reader->diag, FAULT_P426, entry->value,
                    "'design' is \"sobol\" or \"latin\", not \"%s\"", entry->text);
    }
}

static void read_numbers(FitReader *reader)
{
    Fit *fit = reader->fit;
    fit->starts = read_whole(reader, "starts", 1, 100000, 1);
    fit->seed = (uint64_t)read_whole(reader, "seed", 0, 2147483647.0, 1);
    fit->iterations = read_whole(reader, "iterations", 1, 1e6, default_iterations);
    fit->tolerance = default_tolerance;
    const Entry *tolerance = member(reader->group, "tolerance");
    if (tolerance && (tolerance->number < 1e-14 || tolerance->number > 0.1)) {
        diag_report(reader->reader->diag, FAULT_P426, tolerance->value,
                    "'tolerance' lies between 1e-14 and 0.1");
    } else if (tolerance) {
        fit->tolerance = tolerance->number;
    }
    read_design(reader);
}

/* Points of a design lie in a box. */
static void check_box(FitReader *reader)
{
    const Fit *fit = reader->fit;
    const char *why = fit->starts > 1 ? "several starts need" : NULL;
    static const char *const global[] = {"crs", "isres", "direct"};
    for (int i = 0; i < 3 && fit->method == METHOD_NLOPT; i++) {
        why = strcmp(fit->algorithm, global[i]) == 0 ? "a global search needs" : why;
    }
    for (int i = 0; i < fit->model_count && why; i++) {
        const FitParameter *one = &fit->parameters[i];
        bool endless = one->scale == SCALE_LOG && one->low <= 0.0;
        if (!isfinite(one->low) || !isfinite(one->high) || endless) {
            diag_report(reader->reader->diag, FAULT_P426, one->span,
                        endless && isfinite(one->high)
                            ? "'%s' has no 'low' above 0 on its log scale, which %s"
                            : "'%s' has no 'low' and 'high', which %s",
                        one->name, why);
            return;
        }
    }
}

static const Names *read_ignored(FitReader *reader)
{
    Names *names = names_new(reader->reader->arena);
    const Entry *list = member(reader->group, "ignore");
    for (int i = 0; list && i < list->count; i++) {
        names_add(names, list->items[i]->text, i);
    }
    return names;
}

/* Where each value brings its own sd, or there is none, nothing of the error model is estimated. */
static void drop_unused(FitReader *reader, int observable)
{
    const Fit *fit = reader->fit;
    FitObservable *one = &fit->observables[observable];
    int values = 0;
    int without = 0;
    for (int i = 0; i < fit->datum_count; i++) {
        bool own = fit->data[i].observable == observable;
        values += own;
        without += own && isnan(fit->data[i].sd);
    }
    if (values == 0 && fit->datum_count > 0 && diag_errors(reader->reader->diag) == 0) {
        diag_report(reader->reader->diag, FAULT_D070, one->span,
                    "there is no value of '%s' in '%s'", one->name, fit->path);
    }
    if (without == 0) {
        one->sd_index = one->cv_index = -1;
    }
}

/* Free parameters of the error models, and whether the one of them can be left to the residuals. */
static void add_errors(FitReader *reader)
{
    Fit *fit = reader->fit;
    fit->model_count = fit->parameter_count;
    bool priors = false;
    for (int i = 0; i < fit->parameter_count; i++) {
        priors = priors || fit->parameters[i].has_prior;
    }
    const FitObservable *first = &fit->observables[0];
    bool plain = fit->observable_count == 1 && first->sd_index == -2 && !priors &&
                 (first->error == ERROR_ADDITIVE || first->error == ERROR_LOGNORMAL) &&
                 !has_limits(fit);
    for (int i = 0; i < fit->datum_count; i++) {
        plain = plain && isnan(fit->data[i].sd);
    }
    fit->concentrated =
        plain && (fit->method == METHOD_AUTO || fit->method == METHOD_LEAST_SQUARES);
    for (int i = 0; i < fit->observable_count; i++) {
        FitObservable *one = &fit->observables[i];
        drop_unused(reader, i);
        FitParameter sigma = {.parameter = -1,
                              .scale = SCALE_LOG,
                              .start = (double)NAN,
                              .low = 0.0,
                              .high = (double)INFINITY,
                              .unit = "",
                              .span = one->span};
        if (one->sd_index == -2) {
            sigma.name = arena_format(reader->reader->arena, "sd(%s)", one->name);
            bool unit = one->error != ERROR_LOGNORMAL && one->label->unit.known;
            sigma.unit = unit ? one->label->unit.text : "";
            one->sd_index = fit->concentrated ? -1 : add_fit_parameter(reader, sigma);
        }
        if (one->cv_index == -2) {
            sigma.name = arena_format(reader->reader->arena, "cv(%s)", one->name);
            sigma.unit = "";
            one->cv_index = add_fit_parameter(reader, sigma);
        }
    }
}

/* A fit by squares cannot hold what is not a sum of them. */
static void check_method(FitReader *reader)
{
    const Fit *fit = reader->fit;
    if (fit->method != METHOD_LEAST_SQUARES || fit->concentrated) {
        return;
    }
    if (!is_sum_of_squares(fit)) {
        const Entry *entry = member(reader->group, "method");
        diag_report(reader->reader->diag, FAULT_P426, entry->value,
                    "this likelihood is no sum of squares");
        diag_hint(reader->reader->diag, "leave 'method' out, or write \"scoring\"");
    }
}

void read_fit(Reader *reader)
{
    Entry *group = member(reader->config->root, "fit");
    if (!group || reader->study->arm_count == 0) {
        return;
    }
    Fit *fit = arena_alloc(reader->arena, sizeof *fit);
    FitReader inner = {.reader = reader, .group = group, .fit = fit};
    inner.ignored = read_ignored(&inner);
    int before = inner.errors_before = diag_errors(reader->diag);
    if (reader->study->population) {
        diag_report(reader->diag, FAULT_P420, group->key,
                    "a study with a population of virtual subjects cannot be fitted");
    }
    read_method(&inner);
    read_numbers(&inner);
    read_fit_observe(&inner);
    if (fit->observable_count == 0 || diag_errors(reader->diag) > before) {
        return;
    }
    read_fit_data(&inner);
    read_fit_parameters(&inner);
    if (diag_errors(reader->diag) > before) {
        return;
    }
    add_errors(&inner);
    check_box(&inner);
    check_method(&inner);
    reader->study->fit = fit;
}
