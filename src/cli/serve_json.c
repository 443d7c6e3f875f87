/* serve_json.c: requests and answers as lines of JSON.
 *
 *   {"id": 1, "parameters": {"k": 0.3, "K": "50 ug/L"}, "arm": "high", "outputs": ["C"],
 *    "gradient": true}
 *   {"id": 1, "ok": true, "time": [...], "arms": [{"name": "high", "outcome": "done",
 *    "outputs": {"C": [...]}, "gradient": {"C": {"k": [...], "K": [...]}}}]}
 *
 * Requests are read by jansson; answers are written by json.h, because numbers are to be the
 * shortest that read back to the same double. SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/serve.h"

#include "base/names.h"
#include "base/number.h"
#include "cli/json.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

/* --- reading -------------------------------------------------------------------------------------
 */

static int write_piece(const char *buffer, size_t size, void *context)
{
    text_add(context, buffer, size);
    return 0;
}

static const char *as_text(Server *server, const json_t *value)
{
    Text text = text_new(server->line);
    if (json_is_real(value)) {
        json_number(&text, json_real_value(value)); // 20.4, not 20.399999999999999
        return text.data;
    }
    json_dump_callback(value, write_piece, &text, JSON_COMPACT | JSON_ENCODE_ANY);
    return text.data;
}

/* "50 ug/L" in the model's unit. */
static bool read_words(Server *server, Request *request, const char *name, const char *words,
                       double *value)
{
    const Model *model = server->study->model;
    NameRef ref = request_quantity(server, request, name);
    size_t used = 0;
    size_t length = strlen(words);
    size_t bad = 0;
    size_t bad_length = 0;
    const char *near = NULL;
    Unit unit;
    if (!number_read(words, length, value, &used)) {
        request_error(server, request, "'%.100s' is no number with a unit: '%.100s'", name, words);
        return false;
    }
    used += strspn(words + used, " ");
    if (ref.kind != NAME_PARAMETER && ref.kind != NAME_COVARIATE) {
        return request_change(server, request, name, *value); // says what is wrong with the name
    }
    Unit want = model_label(model, ref)->unit;
    if (!unit_read(server->line, words + used, length - used, &unit, &bad, &bad_length, &near) ||
        !unit_same_dimension(unit, want)) {
        request_error(server, request, "'%.100s' is in %s: '%.100s' cannot be converted", name,
                      want.known ? want.text : "no unit", words);
        return false;
    }
    *value *= unit_factor(unit, want);
    return true;
}

/* Members are parameters, or groups of a module's. */
static void read_changes(Server *server, Request *request, json_t *object, const char *prefix)
{
    const char *key;
    json_t *item;
    json_object_foreach(object, key, item)
    {
        const char *name = arena_format(server->line, "%s%s", prefix, key);
        double value = json_number_value(item);
        if (request->error != NULL) {
            return;
        }
        if (json_is_object(item)) {
            read_changes(server, request, item, arena_format(server->line, "%s.", name));
        } else if (json_is_string(item)) {
            if (read_words(server, request, name, json_string_value(item), &value)) {
                (void)request_change(server, request, name, value);
            }
        } else if (json_is_number(item)) {
            (void)request_change(server, request, name, value);
        } else {
            request_error(server, request, "'%.100s' is neither a number nor text with a unit",
                          name);
        }
    }
}

static size_t count_changes(json_t *object)
{
    size_t count = 0;
    const char *key;
    json_t *item;
    json_object_foreach(object, key, item)
    {
        count += json_is_object(item) ? count_changes(item) : 1;
    }
    return count;
}

static void choose_one(Server *server, Request *request, const char *name)
{
    const Study *study = server->study;
    const char **names = arena_array(server->line, (size_t)study->output_count + 1, sizeof *names);
    for (int i = 0; i < study->output_count; i++) {
        names[i] = study->outputs[i].label->name;
        if (strcmp(names[i], name) == 0) {
            request->chosen[i] = true;
            return;
        }
    }
    const char *near = names_near_list(names, study->output_count, name);
    request_error(server, request, "the study has no output '%.100s'%s%s%s", name,
                  near == NULL ? "" : "; did you mean '", near == NULL ? "" : near,
                  near == NULL ? "" : "'?");
}

/* true, false, or a list of names. */
static void read_outputs(Server *server, Request *request, const json_t *value)
{
    if (json_is_true(value)) {
        return;
    }
    for (int i = 0; i < server->study->output_count; i++) {
        request->chosen[i] = false;
    }
    for (size_t i = 0; i < json_array_size(value); i++) {
        const json_t *item = json_array_get(value, i);
        if (json_is_string(item)) {
            choose_one(server, request, json_string_value(item));
        } else {
            request_error(server, request, "'outputs' is a list of names, true or false");
        }
    }
    if (!json_is_array(value) && !json_is_false(value)) {
        request_error(server, request, "'outputs' is a list of names, true or false");
    }
}

static void read_member(Server *server, Request *request, const char *key, json_t *value)
{
    static const char *const keys[] = {"id",      "parameters", "arm",
                                       "outputs", "gradient",   "objective"};
    if (strcmp(key, "id") == 0) {
        request->id = as_text(server, value);
    } else if (strcmp(key, "parameters") == 0) {
        if (json_is_object(value)) {
            read_changes(server, request, value, "");
        } else {
            request_error(server, request, "'parameters' is an object of names and numbers");
        }
    } else if (strcmp(key, "arm") == 0) {
        if (request->objective) {
            request_error(server, request, "the objective is one number for all arms");
        } else if (json_is_string(value)) {
            (void)request_arm(server, request, json_string_value(value));
        } else if (!json_is_null(value)) {
            request_error(server, request, "'arm' is the name of an arm");
        }
    } else if (request->objective && strcmp(key, "outputs") == 0) {
        request_error(server, request, "ask for outputs or for the objective, one at a time");
    } else if (strcmp(key, "objective") == 0) {
        if (!json_is_boolean(value)) {
            request_error(server, request, "'objective' is true or false");
        }
    } else if (strcmp(key, "outputs") == 0) {
        read_outputs(server, request, value);
    } else if (strcmp(key, "gradient") == 0) {
        request->call.slopes = json_is_true(value);
        if (!json_is_boolean(value)) {
            request_error(server, request, "'gradient' is true or false");
        }
    } else {
        const char *near = names_near_list(keys, (int)(sizeof keys / sizeof keys[0]), key);
        if (model_find(server->study->model, key).kind == NAME_PARAMETER) {
            request_error(server, request,
                          "a request has no member '%.100s'; write \"parameters\": {\"%.100s\": "
                          "...}",
                          key, key);
        } else {
            request_error(server, request, "a request has no member '%.100s'%s%s%s", key,
                          near == NULL ? "" : "; did you mean '", near == NULL ? "" : near,
                          near == NULL ? "" : "'?");
        }
    }
}

static Request read_request(Server *server, json_t *object)
{
    json_t *parameters = json_object_get(object, "parameters");
    Request request =
        request_new(server, json_is_object(parameters) ? count_changes(parameters) : 0);
    const char *key;
    json_t *value;
    if (!json_is_object(object)) {
        request_error(server, &request, "a request is an object { }");
        return request;
    }
    const json_t *objective = json_object_get(object, "objective");
    bool outputs =
        json_object_get(object, "outputs") != NULL || json_object_get(object, "arm") != NULL;
    if (objective == NULL ? server->wants_objective && !outputs : json_is_true(objective)) {
        (void)request_objective(server, &request);
    }
    json_object_foreach(object, key, value)
    {
        read_member(server, &request, key, value);
    }
    for (int i = 0; request.call.slopes && i < request.call.change_count; i++) {
        if (request.changes[i].ref.kind == NAME_COVARIATE) {
            request_error(server, &request, "'%.100s' is a covariate: there is no derivative by it",
                          request.names[i]);
        }
    }
    return request;
}

/* --- answering -----------------------------------------------------------------------------------
 */

static void add_row(Text *text, const double *first, int count, size_t stride)
{
    text_string(text, "[");
    for (int i = 0; i < count; i++) {
        text_add(text, ",", i > 0);
        json_number(text, first[(size_t)i * stride]);
    }
    text_string(text, "]");
}

static void add_name(Text *text, bool first, const char *name)
{
    text_string(text, first ? "" : ",");
    json_quoted(text, name);
    text_string(text, ":");
}

static void add_arm(const Server *server, const Request *request, int arm, Text *text)
{
    const Study *study = server->study;
    const Call *call = &request->call;
    size_t outputs = (size_t)study->output_count;
    size_t cell = (size_t)arm * (size_t)study->time_count * outputs;
    bool first = true;
    text_string(text, "{\"name\":");
    json_quoted(text, study->arms[arm].name);
    text_format(text, ",\"outcome\":\"%s\",\"outputs\":{", outcome_word(call->outcomes[arm].kind));
    for (int k = 0; k < study->output_count; k++) {
        if (request->chosen[k]) {
            add_name(text, first, study->outputs[k].label->name);
            add_row(text, call->values + cell + k, study->time_count, outputs);
            first = false;
        }
    }
    text_string(text, "}");
    first = true;
    size_t changes = (size_t)call->change_count;
    text_string(text, call->slopes ? ",\"gradient\":{" : "");
    for (int k = 0; call->slopes && k < study->output_count; k++) {
        if (!request->chosen[k]) {
            continue;
        }
        add_name(text, first, study->outputs[k].label->name);
        first = false;
        text_string(text, "{");
        for (int i = 0; i < call->change_count; i++) {
            add_name(text, i == 0, request->names[i]);
            add_row(text, call->slope + (cell + (size_t)k) * changes + (size_t)i, study->time_count,
                    outputs * changes);
        }
        text_string(text, "}");
    }
    text_string(text, call->slopes ? "}}" : "}");
}

/* null where there is an error: no number may pass for a perfect fit. */
static void add_objective(const Server *server, const Request *request, Text *text)
{
    const Fit *fit = server->study->fit;
    text_string(text, ",\"objective\":");
    json_number(text, request->error == NULL ? request->value : (double)NAN);
    if (request->gradient != NULL) {
        text_string(text, ",\"gradient\":{");
        for (int i = 0; i < fit->parameter_count; i++) {
            add_name(text, i == 0, fit->parameters[i].name);
            json_number(text, request->gradient[i]);
        }
        text_string(text, "}");
    }
}

static void add_answer(const Server *server, const Request *request, Text *text)
{
    const Study *study = server->study;
    bool ran = request->call.values != NULL;
    text_string(text, "{");
    if (request->id != NULL) {
        text_format(text, "\"id\":%s,", request->id);
    }
    if (request->error == NULL) {
        text_string(text, "\"ok\":true");
    } else {
        serve_begin_refusal(server, request->error, text);
    }
    if (request->objective) {
        add_objective(server, request, text);
    }
    if (ran) {
        text_string(text, ",\"time\":");
        add_row(text, study->times, study->time_count, 1);
        text_string(text, ",\"arms\":[");
        bool first = true;
        for (int arm = 0; arm < study->arm_count; arm++) {
            if (request_arm_is_run(request, arm)) {
                text_string(text, first ? "" : ",");
                add_arm(server, request, arm, text);
                first = false;
            }
        }
        text_string(text, "]");
    }
    text_string(text, "}");
}

/* What is most often behind an error of the reader. */
static const char *json_hint(const json_error_t *error)
{
    const char *near = strstr(error->text, "near '");
    near = near == NULL ? "" : near + 6;
    if (strncmp(near, "-'", 2) == 0 || strncmp(near, "NaN", 3) == 0 ||
        strncmp(near, "nan", 3) == 0 || strncmp(near, "Inf", 3) == 0 ||
        strncmp(near, "inf", 3) == 0) {
        return "; a number is finite, JSON has no NaN and no Infinity";
    }
    if (strncmp(error->text, "string or '}' expected", 22) == 0) {
        return *near == '}' ? "; no comma stands before '}'" : "; names stand in double quotes";
    }
    return "";
}

static void refuse(const Server *server, const json_error_t *error, Text *text)
{
    serve_refuse(server,
                 arena_format(server->line, "this is not JSON, at byte %d: %s%s", error->position,
                              error->text, json_hint(error)),
                 text);
}

void serve_json(Server *server, const char *line, size_t length, Text *text)
{
    json_error_t error;
    json_t *root = json_loadb(line, length, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL) {
        refuse(server, &error, text);
        return;
    }
    bool batch = json_is_array(root);
    int count = batch ? (int)json_array_size(root) : 1;
    Request *requests = arena_array(server->line, (size_t)count + 1, sizeof *requests);
    for (int i = 0; i < count; i++) {
        requests[i] = read_request(server, batch ? json_array_get(root, (size_t)i) : root);
    }
    json_decref(root);
    requests_run(server, requests, count);
    text_string(text, batch ? "[" : "");
    for (int i = 0; !server->interrupted && i < count; i++) {
        text_string(text, i > 0 ? "," : "");
        add_answer(server, &requests[i], text);
    }
    text_string(text, batch ? "]\n" : "\n");
}
