/* fit_json.c: fit.json: everything a fit found, with all digits; no clock, no host.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/fit_summary.h"
#include "study/run.h"

#include "base/number.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* Where the writing stands: commas and depth are its own business. */
typedef struct {
    Text *text;
    int depth;
    bool first; // in the object or list that is open
} Json;

static void put_string(Text *text, const char *string)
{
    text_string(text, "\"");
    for (const unsigned char *at = (const unsigned char *)string; *at != '\0'; at++) {
        if (*at == '"' || *at == '\\') {
            text_format(text, "\\%c", *at);
        } else if (*at < ' ') {
            text_format(text, "\\u%04x", *at);
        } else {
            text_add(text, (const char *)at, 1);
        }
    }
    text_string(text, "\"");
}

static void begin_item(Json *json, const char *key)
{
    text_format(json->text, "%s\n%*s", json->first ? "" : ",", 2 * json->depth, "");
    json->first = false;
    if (key != NULL) {
        put_string(json->text, key);
        text_string(json->text, ": ");
    }
}

static void open_item(Json *json, const char *key, const char *bracket)
{
    begin_item(json, key);
    text_string(json->text, bracket);
    json->depth++;
    json->first = true;
}

static void close_item(Json *json, const char *bracket)
{
    json->depth--;
    if (!json->first) {
        text_format(json->text, "\n%*s", 2 * json->depth, "");
    }
    text_string(json->text, bracket);
    json->first = false;
}

static void add_string(Json *json, const char *key, const char *string)
{
    begin_item(json, key);
    put_string(json->text, string);
}

static void add_number(Json *json, const char *key, double value)
{
    begin_item(json, key);
    if (isfinite(value)) {
        text_number(json->text, value);
    } else {
        text_string(json->text, "null");
    }
}

static void add_count(Json *json, const char *key, long value)
{
    begin_item(json, key);
    text_format(json->text, "%ld", value);
}

static void add_flag(Json *json, const char *key, bool flag)
{
    begin_item(json, key);
    text_string(json->text, flag ? "true" : "false");
}

static void add_estimates(Json *json, const FitSummary *summary)
{
    open_item(json, "estimates", "[");
    for (int i = 0; i < summary->estimate_count; i++) {
        const Estimate *one = &summary->estimates[i];
        open_item(json, NULL, "{");
        add_string(json, "name", one->name);
        add_string(json, "unit", one->unit);
        add_string(json, "scale", scale_word(one->scale));
        add_number(json, "value", one->value);
        add_number(json, "se", one->se);
        add_number(json, "rse_percent", one->rse);
        add_number(json, "low95", one->low);
        add_number(json, "high95", one->high);
        add_number(json, "wald_low95", one->wald_low);
        add_number(json, "wald_high95", one->wald_high);
        add_number(json, "coordinate", one->coordinate);
        add_number(json, "coordinate_se", one->coordinate_se);
        add_number(json, "start", one->start);
        add_flag(json, "at_bound", one->at_bound);
        add_flag(json, "determined", one->determined);
        close_item(json, "}");
    }
    close_item(json, "]");
}

static void add_correlation(Json *json, const FitSummary *summary)
{
    int count = summary->fit->parameter_count;
    open_item(json, "correlation", "[");
    for (int i = 0; i < count; i++) {
        begin_item(json, NULL);
        text_string(json->text, "[");
        for (int k = 0; k < count; k++) {
            double value = summary->correlation[i * count + k];
            text_string(json->text, k == 0 ? "" : ", ");
            if (isfinite(value)) {
                text_number(json->text, value);
            } else {
                text_string(json->text, "null");
            }
        }
        text_string(json->text, "]");
    }
    close_item(json, "]");
}

static void add_directions(Json *json, const FitSummary *summary)
{
    open_item(json, "information_directions", "[");
    for (int i = 0; i < summary->direction_count; i++) {
        open_item(json, NULL, "{");
        add_number(json, "eigenvalue", summary->directions[i].value);
        open_item(json, "parts", "{");
        for (int k = 0; k < summary->fit->parameter_count; k++) {
            add_number(json, summary->fit->parameters[k].name, summary->directions[i].vector[k]);
        }
        close_item(json, "}");
        close_item(json, "}");
    }
    close_item(json, "]");
}

static void add_residuals(Json *json, const FitSummary *summary)
{
    open_item(json, "residuals", "[");
    for (int i = 0; i < summary->fit->observable_count; i++) {
        const Residuals *one = &summary->residuals[i];
        open_item(json, NULL, "{");
        add_string(json, "name", one->name);
        add_string(json, "unit", study_unit(summary->fit->observables[i].label->unit));
        add_string(json, "error", error_word(summary->fit->observables[i].error));
        add_count(json, "values", one->count);
        add_number(json, "mean", one->mean);
        add_number(json, "sd", one->sd);
        add_number(json, "shrinkage", one->shrinkage);
        add_count(json, "runs", one->runs);
        add_count(json, "runs_expected", one->expected);
        add_number(json, "runs_p", one->runs_p);
        close_item(json, "}");
    }
    close_item(json, "]");
}

static void add_shrinkage(Json *json, const Study *study, const FitSummary *summary)
{
    open_item(json, "shrinkage", "{");
    for (int k = 0; k < summary->fit->target_count; k++) {
        if (isfinite(summary->shrinkage[k])) {
            add_number(json, study->model->parameters[summary->fit->targets[k]].label.name,
                       summary->shrinkage[k]);
        }
    }
    close_item(json, "}");
}

static void add_starts(Json *json, const FitResult *result)
{
    open_item(json, "starts", "[");
    for (int i = 0; i < result->start_count; i++) {
        const StartResult *one = &result->starts[i];
        open_item(json, NULL, "{");
        add_string(json, "status", search_word(one->status));
        add_number(json, "first", one->first_value);
        add_number(json, "objective", one->value);
        add_count(json, "iterations", one->iterations);
        add_count(json, "evaluations", one->calls);
        close_item(json, "}");
    }
    close_item(json, "]");
}

static void add_study(Json *json, const Study *study, const char *command)
{
    const Fit *fit = study->fit;
    add_string(json, "stroma", STROMA_VERSION);
    add_string(json, "command", command);
    add_string(json, "study", study->path);
    add_string(json, "title", study->title);
    add_string(json, "model", study->model->path);
    add_string(json, "data", fit->path);
    add_string(json, "data_sha256", fit->hash);
    open_item(json, "inputs", "{");
    for (int i = 0; i < study->input_count; i++) {
        begin_item(json, NULL);
        put_string(json->text, study->inputs[i].path);
        text_string(json->text, ": ");
        put_string(json->text, study->inputs[i].hash);
    }
    close_item(json, "}");
    add_string(json, "time_unit", study_unit(study->model->time_unit));
    add_count(json, "subjects", fit->subject_count);
    add_count(json, "values", fit->datum_count);
    add_string(json, "at_dose", at_dose_word(fit->at_dose));
}

const char *fit_json(const Study *study, const FitSummary *summary, const char *command,
                     Arena *arena)
{
    assert(study != NULL && summary != NULL && arena != NULL);
    const FitResult *result = summary->result;
    Text text = text_new(arena);
    Json json = {.text = &text, .depth = 1, .first = true};
    text_string(&text, "{");
    add_study(&json, study, command);
    FitMethod method = fit_method(study->fit, study->fit->parameter_count);
    add_string(&json, "method",
               method == METHOD_LEAST_SQUARES ? "least-squares"
               : method == METHOD_SCORING     ? "scoring"
                                              : study->fit->algorithm);
    add_string(&json, "status", search_word(result->starts[result->best].status));
    add_count(&json, "best_start", result->best);
    add_count(&json, "evaluations", result->calls);
    add_number(&json, "minus_two_log_likelihood", summary->minus_two_log);
    add_number(&json, "prior", 2.0 * result->likelihood.prior);
    add_number(&json, "aic", summary->aic);
    add_number(&json, "aicc", summary->aicc);
    add_number(&json, "bic", summary->bic);
    add_count(&json, "parameters", summary->parameters);
    add_count(&json, "degrees_of_freedom", summary->freedom);
    add_number(&json, "weighted_sum_of_squares", summary->sum);
    add_string(&json, "information", information_word(result->information.kind));
    add_number(&json, "condition_number", summary->condition);
    add_estimates(&json, summary);
    add_correlation(&json, summary);
    add_directions(&json, summary);
    add_residuals(&json, summary);
    add_shrinkage(&json, study, summary);
    add_starts(&json, result);
    json.depth = 0;
    text_string(&text, "\n}\n");
    return text.data;
}
