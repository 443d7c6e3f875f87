/* read_solver.c: tolerances and limits of the integration, within sensible ranges.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "params/reader.h"

#include "simulate/native.h"

#include <math.h>
#include <string.h>

static const double default_rtol = 1e-6;
static const double default_atol = 1e-9;

/* The number of a key if it is given and in range; else `otherwise`. */
static double read_number(Reader *reader, const char *name, double low, double high,
                          double otherwise)
{
    const Entry *entry = member(member(reader->config->root, "solver"), name);
    if (!entry) {
        return otherwise;
    }
    if (entry->number >= low && entry->number <= high) {
        return entry->number;
    }
    diag_report(reader->diag, FAULT_P039, entry->value, "'%s' lies between %g and %g", name, low,
                high);
    return otherwise;
}

static bool check_tolerance(Reader *reader, const Entry *entry, double value)
{
    if (value > 0) {
        return true;
    }
    diag_report(reader->diag, FAULT_P039, entry->value, "an absolute tolerance is positive");
    return false;
}

static void report_unknown_state(Reader *reader, const Entry *entry, const char *name)
{
    const char *near = model_near(reader->model, 1u << NAME_STATE, name);
    diag_report(reader->diag, FAULT_P016, entry->key, "the model '%s' has no state '%s'",
                reader->model->name, name);
    if (near) {
        diag_hint(reader->diag, "did you mean '%s'?", near);
    }
}

/* Tolerances of states whose names begin with `prefix`. */
static void read_by_state(Reader *reader, Entry *group, const char *prefix, double *atol)
{
    for (int i = 0; i < group->count; i++) {
        Entry *entry = group->items[i];
        const char *name = arena_format(reader->arena, "%s%s", prefix, entry->name);
        NameRef ref = model_find(reader->model, name);
        if (entry->is_wrong || (prefix[0] == '\0' && strcmp(name, "default") == 0)) {
            continue;
        }
        if (ref.kind != NAME_STATE && entry->kind == ENTRY_GROUP) {
            read_by_state(reader, entry, arena_format(reader->arena, "%s.", name), atol);
        } else if (ref.kind != NAME_STATE) {
            report_unknown_state(reader, entry, name);
        } else if (!entry_is_number(entry) && entry->kind != ENTRY_TEXT) {
            diag_report(reader->diag, FAULT_P013, entry->value,
                        "a tolerance is a number, or text with a unit, not %s",
                        entry_kind_words(entry->kind));
        } else {
            const Label *label = &reader->model->states[ref.index].label;
            Want want = {label->unit, label->name, label->span, NULL};
            double value;
            if (read_quantity(reader, entry, &want, &value) &&
                check_tolerance(reader, entry, value)) {
                atol[ref.index] = value;
            }
        }
    }
}

static const double *read_atol(Reader *reader)
{
    int count = reader->model->state_count;
    double *atol = arena_array(reader->arena, (size_t)count + 1, sizeof *atol);
    Entry *entry = member(member(reader->config->root, "solver"), "atol");
    bool group = entry && entry->kind == ENTRY_GROUP;
    Entry *number = group ? member(entry, "default") : entry;
    double common = default_atol;
    if (number && !entry_is_number(number)) {
        diag_report(reader->diag, FAULT_P013, number->value, "'default' is a number, not %s",
                    entry_kind_words(number->kind));
    } else if (number && check_tolerance(reader, number, number->number)) {
        common = number->number;
    }
    for (int i = 0; i < count; i++) {
        atol[i] = common;
    }
    if (group) {
        read_by_state(reader, entry, "", atol);
    }
    return atol;
}

static SolverMethod read_method(Reader *reader, const Entry *method)
{
    if (!method || method->kind != ENTRY_TEXT || strcmp(method->text, "auto") == 0) {
        return SOLVER_AUTO;
    }
    if (strcmp(method->text, "bdf") == 0) {
        return SOLVER_BDF;
    }
    if (strcmp(method->text, "rosenbrock") != 0) {
        diag_report(reader->diag, FAULT_P013, method->value,
                    "'method' is \"auto\", \"bdf\" or \"rosenbrock\", not \"%s\"", method->text);
    }
    return SOLVER_ROSENBROCK;
}

void read_solver(Reader *reader)
{
    SolverOptions *solver = &reader->study->solver;
    const Entry *group = member(reader->config->root, "solver");
    *solver = (SolverOptions){.max_steps = 20000};
    solver->rtol = read_number(reader, "rtol", 1e-14, 0.1, default_rtol);
    solver->safety = read_number(reader, "safety", 1, 1000, 0);
    solver->max_steps = (long)read_number(reader, "max_steps", 10, 1e9, (double)solver->max_steps);
    Entry *max_step = member(group, "max_step");
    if (max_step && read_when(reader, max_step, "max_step", &solver->max_step) &&
        solver->max_step < 0) {
        diag_report(reader->diag, FAULT_P039, max_step->value, "'max_step' is negative");
    }
    const Entry *dense = member(group, "dense");
    solver->dense = dense && dense->flag;
    const Entry *native = member(group, "native");
    solver->native = native && native->flag;
    solver->interpreted = native && !native->flag;
    solver->method = read_method(reader, member(group, "method"));
    solver->atol = read_atol(reader);
}

void check_native(Reader *reader)
{
    const Study *study = reader->study;
    if (!study->solver.native) {
        return;
    }
    bool fitted = entry_find(reader->config->root, "fit") != NULL;
    const char *obstacle = study->population == NULL && study->data == NULL && !fitted
                               ? "the study has neither a population nor a data file nor a fit"
                           : study->solver.dense ? "'dense' pivots throughout"
                                                 : native_obstacle(reader->arena);
    if (obstacle != NULL) {
        const Entry *native = member(member(reader->config->root, "solver"), "native");
        diag_report(reader->diag, FAULT_P511, native->value,
                    "'native' has no effect here: %s; the model is interpreted", obstacle);
    }
}
