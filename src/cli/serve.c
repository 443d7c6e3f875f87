/* serve.c: requests by name, and running them.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/serve.h"

#include "base/names.h"
#include "base/number.h"
#include "cli/json.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void request_error(Server *server, Request *request, const char *format, ...)
{
    char words[512];
    va_list list;
    if (request->error != NULL) {
        return;
    }
    va_start(list, format);
    (void)vsnprintf(words, sizeof words, format, list);
    va_end(list);
    request->error = arena_copy(server->line, words, strlen(words));
}

Request request_new(Server *server, size_t changes)
{
    const Study *study = server->study;
    Request request = {.call = {.arm = -1, .slopes = server->gradient}};
    request.changes = arena_array(server->line, changes + 1, sizeof *request.changes);
    request.names = arena_array(server->line, changes + 1, sizeof *request.names);
    request.chosen = arena_array(server->line, (size_t)study->output_count + 1, sizeof(bool));
    for (int i = 0; i < study->output_count; i++) {
        request.chosen[i] = i < study->table_outputs;
    }
    return request;
}

static int arm_index(const Study *study, const char *name, size_t length)
{
    for (int i = 0; i < study->arm_count; i++) {
        if (strlen(study->arms[i].name) == length &&
            memcmp(study->arms[i].name, name, length) == 0) {
            return i;
        }
    }
    return -1;
}

bool request_arm(Server *server, Request *request, const char *name)
{
    const Study *study = server->study;
    request->call.arm = arm_index(study, name, strlen(name));
    if (request->call.arm >= 0) {
        return true;
    }
    const char **names = arena_array(server->line, (size_t)study->arm_count, sizeof *names);
    for (int i = 0; i < study->arm_count; i++) {
        names[i] = study->arms[i].name;
    }
    const char *near = names_near_list(names, study->arm_count, name);
    request_error(server, request, "the study has no arm '%.100s'%s%s%s", name,
                  near == NULL ? "" : "; did you mean '", near == NULL ? "" : near,
                  near == NULL ? "" : "'?");
    return false;
}

/* "arms.NAME." in front of a name: the longest arm that fits. */
static const char *behind_arm(const Study *study, const char *name, int *arm)
{
    const char *found = name;
    if (strncmp(name, "arms.", 5) != 0) {
        return name;
    }
    for (const char *dot = strchr(name + 5, '.'); dot != NULL; dot = strchr(dot + 1, '.')) {
        int index = arm_index(study, name + 5, (size_t)(dot - name) - 5);
        if (index >= 0) {
            *arm = index;
            found = dot + 1;
        }
    }
    return found;
}

static bool reaches_any(const Study *study, const CallChange *change)
{
    for (int arm = 0; arm < study->arm_count; arm++) {
        if (change_reaches(study, change, arm)) {
            return true;
        }
    }
    return false;
}

static bool unknown_name(Server *server, Request *request, const char *name, const char *word)
{
    const char *near =
        model_near(server->study->model, 1u << NAME_PARAMETER | 1u << NAME_COVARIATE, word);
    if (word == name && strncmp(name, "arms.", 5) == 0) { // it is the arm that is unknown
        const char *end = strstr(name, ".parameters.");
        end = end == NULL ? strstr(name, ".covariates.") : end;
        if (end > name + 5) {
            return request_arm(server, request,
                               arena_copy(server->line, name + 5, (size_t)(end - name) - 5));
        }
    }
    request_error(server, request, "the model has no parameter '%.100s'%s%s%s", name,
                  near == NULL ? "" : "; did you mean '", near == NULL ? "" : near,
                  near == NULL ? "" : "'?");
    return false;
}

bool request_change(Server *server, Request *request, const char *name, double value)
{
    const Study *study = server->study;
    if (request->objective) {
        return objective_change(server, request, name, value);
    }
    CallChange change = {.arm = -1, .value = value};
    const char *word = behind_arm(study, name, &change.arm);
    bool parameters = strncmp(word, "parameters.", 11) == 0;
    bool covariates = strncmp(word, "covariates.", 11) == 0;
    word += parameters || covariates ? 11 : 0;
    change.ref = model_find(study->model, word);
    if (change.ref.kind != NAME_PARAMETER && change.ref.kind != NAME_COVARIATE) {
        return unknown_name(server, request, name, word);
    }
    if (!isfinite(value)) {
        request_error(server, request, "'%.100s' is not a finite number", name);
        return false;
    }
    if (!reaches_any(study, &change)) {
        request_error(
            server, request,
            "every arm has its own value of '%.100s': name it arms.NAME.parameters.%.100s", word,
            word);
        return false;
    }
    int at = request->call.change_count++;
    request->changes[at] = change;
    request->names[at] = arena_copy(server->line, name, strlen(name));
    return true;
}

bool request_arm_is_run(const Request *request, int arm)
{
    return request->call.arm < 0 || request->call.arm == arm;
}

static void take_room(Server *server, Request *request)
{
    const Study *study = server->study;
    size_t arms = (size_t)study->arm_count;
    size_t cells = arms * (size_t)study->time_count * (size_t)study->output_count;
    Call *call = &request->call;
    call->changes = request->changes;
    call->values = arena_array(server->line, cells + 1, sizeof(double));
    call->outcomes = arena_array(server->line, arms, sizeof *call->outcomes);
    if (call->slopes) {
        call->slope =
            arena_array(server->line, cells * (size_t)call->change_count + 1, sizeof(double));
    }
}

/* A value that cannot be computed, such as a division by 0, is no prediction. */
static void judge_values(Server *server, Request *request, int arm)
{
    const Study *study = server->study;
    size_t outputs = (size_t)study->output_count;
    for (int time = 0; time < study->time_count; time++) {
        size_t row = ((size_t)arm * (size_t)study->time_count + (size_t)time) * outputs;
        for (int k = 0; k < study->output_count; k++) {
            if (request->chosen[k] && !isfinite(request->call.values[row + (size_t)k])) {
                char digits[NUMBER_TEXT_SIZE];
                number_short(study->times[time], 6, digits);
                request_error(server, request, "arm '%s': '%s' is not a finite number at t = %s",
                              study->arms[arm].name, study->outputs[k].label->name, digits);
                return;
            }
        }
    }
}

static void judge(Server *server, Request *request)
{
    const Study *study = server->study;
    for (int arm = 0; arm < study->arm_count; arm++) {
        const Outcome *outcome = &request->call.outcomes[arm];
        if (outcome->kind != OUTCOME_DONE && request_arm_is_run(request, arm)) {
            Text words = text_new(server->line);
            outcome_print(outcome, study->model, &words);
            words.data[strcspn(words.data, "\n")] = '\0';
            request_error(server, request, "arm '%s': %s", study->arms[arm].name, words.data);
        } else if (request_arm_is_run(request, arm)) {
            judge_values(server, request, arm);
        }
    }
}

void requests_run(Server *server, Request *requests, int count)
{
    Call **calls = arena_array(server->line, (size_t)count + 1, sizeof *calls);
    int sound = 0;
    for (int i = 0; i < count; i++) {
        if (server->caller == NULL && !requests[i].objective) {
            request_error(server, &requests[i],
                          "only the objective of this study can be asked for: it has %s",
                          server->study->data != NULL ? "a data file" : "a population");
        }
        if (requests[i].error == NULL && !requests[i].objective) {
            take_room(server, &requests[i]);
            calls[sound++] = &requests[i].call;
        }
    }
    if (sound > 0) {
        server->interrupted = !caller_run(server->caller, calls, sound);
    }
    for (int i = 0; i < count; i++) {
        if (requests[i].error == NULL && !requests[i].objective) {
            judge(server, &requests[i]);
        }
    }
    if (!server->interrupted) {
        objectives_run(server, requests, count);
    }
}

void serve_refuse_long(Server *server, Text *text)
{
    serve_refuse(server, arena_format(server->line, "a line may have %d MiB", SERVE_LINE_MAX >> 20),
                 text);
}

void serve_begin_refusal(const Server *server, const char *words, Text *text)
{
    text_format(text, "\"ok\":false,\"line\":%ld,\"error\":", server->number);
    json_quoted(text, words);
}

void serve_refuse(const Server *server, char *words, Text *text)
{
    for (char *c = words; *c != '\0'; c++) {
        bool shown = (unsigned char)*c >= ' ' && (unsigned char)*c < 0x7f;
        *c = shown ? *c : '?';
    }
    text_string(text, "{");
    serve_begin_refusal(server, words, text);
    text_string(text, "}\n");
}

void serve_answer(Server *server, const char *line, size_t length, Text *text)
{
    size_t start = 0;
    if (length >= 3 && memcmp(line, "\xef\xbb\xbf", 3) == 0) { // what spreadsheets put first
        start = 3;
    }
    while (start < length && (line[start] == ' ' || line[start] == '\t')) {
        start++;
    }
    while (length > start && (line[length - 1] == '\r' || line[length - 1] == ' ')) {
        length--;
    }
    if (start == length) {
        return; // an empty line asks nothing
    }
    if (line[start] == '{' || line[start] == '[') {
        serve_json(server, line + start, length - start, text);
    } else {
        serve_csv(server, line + start, length - start, text);
    }
}
