/* serve_objective.c: requests for what `stroma fit` minimises: -ln L of the data, and priors.
 *
 * A point is given in values of the fit's free parameters ("CL", "CL[treated]", "sd(Cp)"); those
 * that a request does not name are at their start. The gradient is by values too, not by the
 * coordinates of their scales: d/dx = d/ds / (dx/ds). SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/serve.h"

#include "base/names.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static int find_free(const Fit *fit, const char *name)
{
    name += strncmp(name, "parameters.", 11) == 0 ? 11 : 0;
    for (int i = 0; i < fit->parameter_count; i++) {
        if (strcmp(fit->parameters[i].name, name) == 0) {
            return i;
        }
    }
    return -1;
}

bool request_objective(Server *server, Request *request)
{
    const Fit *fit = server->study->fit;
    if (fit == NULL) {
        request_error(server, request, "the study has no group 'fit', so there is no objective");
        return false;
    }
    request->objective = true;
    request->at = arena_array(server->line, (size_t)fit->parameter_count + 1, sizeof(double));
    for (int i = 0; i < fit->parameter_count; i++) {
        request->at[i] = scale_forth(&fit->parameters[i], fit->parameters[i].start);
    }
    return true;
}

bool objective_change(Server *server, Request *request, const char *name, double value)
{
    const Fit *fit = server->study->fit;
    int index = find_free(fit, name);
    if (index < 0) {
        const char **names =
            arena_array(server->line, (size_t)fit->parameter_count + 1, sizeof *names);
        for (int i = 0; i < fit->parameter_count; i++) {
            names[i] = fit->parameters[i].name;
        }
        const char *near = names_near_list(names, fit->parameter_count, name);
        request_error(server, request, "the fit has no free parameter '%.100s'%s%s%s", name,
                      near == NULL ? "" : "; did you mean '", near == NULL ? "" : near,
                      near == NULL ? "" : "'?");
        return false;
    }
    request->at[index] = scale_forth(&fit->parameters[index], value);
    if (!isfinite(request->at[index])) {
        request_error(server, request, "'%.100s' cannot have this value on a %s scale", name,
                      scale_word(fit->parameters[index].scale));
        return false;
    }
    return true;
}

NameRef request_quantity(const Server *server, const Request *request, const char *name)
{
    const Model *model = server->study->model;
    if (request->objective) {
        int index = find_free(server->study->fit, name);
        int parameter = index < 0 ? -1 : server->study->fit->parameters[index].parameter;
        return parameter < 0 ? (NameRef){NAME_NONE, 0} : (NameRef){NAME_PARAMETER, parameter};
    }
    const char *group = strstr(name, "parameters.");
    group = group == NULL ? strstr(name, "covariates.") : group;
    return model_find(model, group == NULL ? name : group + strlen("parameters."));
}

static void judge(Server *server, Request *request, Trial *trial)
{
    const Study *study = server->study;
    const Fit *fit = study->fit;
    size_t count = (size_t)fit->parameter_count;
    if (trial->failed) {
        const FitSubject *subject = &fit->subjects[trial->subject];
        Text words = text_new(server->line);
        text_string(&words, "a prediction is not a finite number");
        if (trial->outcome.kind != OUTCOME_DONE) {
            words.length = 0;
            outcome_print(&trial->outcome, study->model, &words);
            words.data[strcspn(words.data, "\n")] = '\0';
        }
        request_error(server, request, "arm '%s'%s%s: %s", study->arms[subject->arm].name,
                      subject->id[0] == '\0' ? "" : ", subject ", subject->id, words.data);
        return;
    }
    Likelihood likelihood = {0};
    if (trial->slopes) {
        likelihood.gradient = arena_array(server->line, count + 1, sizeof(double));
    }
    if (!likelihood_of(fit, trial, &likelihood)) {
        request_error(server, request, "the likelihood is not finite here");
        return;
    }
    for (size_t i = 0; trial->slopes && i < count; i++) {
        likelihood.gradient[i] /= scale_slope(&fit->parameters[i], trial->at[i]);
    }
    request->value = likelihood.value;
    request->gradient = likelihood.gradient;
}

/* A standard deviation that is to be estimated has no start: a fit guesses it from the residuals,
 * but an objective that guesses would not be a function of what was asked. */
static bool is_complete(Server *server, Request *request)
{
    const Fit *fit = server->study->fit;
    for (int i = 0; i < fit->parameter_count; i++) {
        if (!isfinite(request->at[i])) {
            request_error(server, request, "'%.100s' has no start in the study: give its value",
                          fit->parameters[i].name);
            return false;
        }
    }
    return true;
}

/* Opened when it is first needed: to compile the derivatives of a large model takes its time. */
static Objective *objective_of(Server *server)
{
    if (server->objective == NULL) {
        server->objective = objective_open(server->study, server->stop);
        assert(server->objective != NULL && "the solver library cannot be set up");
    }
    return server->objective;
}

void objectives_run(Server *server, Request *requests, int count)
{
    const Fit *fit = server->study->fit;
    Trial **trials = arena_array(server->line, (size_t)count + 1, sizeof *trials);
    Request **asked = arena_array(server->line, (size_t)count + 1, sizeof(Request *));
    int sound = 0;
    for (int i = 0; i < count; i++) {
        if (!requests[i].objective || requests[i].error != NULL ||
            !is_complete(server, &requests[i])) {
            continue;
        }
        Trial *trial = arena_alloc(server->line, sizeof *trial);
        size_t data = (size_t)fit->datum_count;
        *trial = (Trial){.at = requests[i].at, .slopes = requests[i].call.slopes};
        trial->predicted = arena_array(server->line, data + 1, sizeof(double));
        if (trial->slopes) {
            trial->slope =
                arena_array(server->line, data * (size_t)fit->model_count + 1, sizeof(double));
        }
        asked[sound] = &requests[i];
        trials[sound++] = trial;
    }
    if (sound == 0) {
        return;
    }
    if (!objective_run(objective_of(server), trials, sound)) {
        server->interrupted = true;
        return;
    }
    for (int i = 0; i < sound; i++) {
        judge(server, asked[i], trials[i]);
    }
}
