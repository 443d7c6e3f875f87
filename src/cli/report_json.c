/* report_json.c: the result of a run as one JSON object (RFC 8259), for programs.
 *
 * Written here and not with a library because numbers are to be the shortest that read back to the
 * same double, as in the CSV. What is not finite becomes null.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/report.h"
#include "cli/summary.h"

#include <assert.h>
#include <math.h>

static void add_quoted(Text *text, const char *string)
{
    text_string(text, "\"");
    for (; *string != '\0'; string++) {
        unsigned char byte = (unsigned char)*string;
        if (byte == '"' || byte == '\\') {
            text_format(text, "\\%c", byte);
        } else if (byte < 0x20) {
            text_format(text, "\\u%04x", byte);
        } else {
            text_add(text, string, 1);
        }
    }
    text_string(text, "\"");
}

static void add_number(Text *text, double value)
{
    if (isfinite(value)) {
        text_number(text, value);
    } else {
        text_string(text, "null");
    }
}

static void add_named(Text *text, const char *before, const char *name, const char *string)
{
    text_format(text, "%s\"%s\": ", before, name);
    add_quoted(text, string);
}

static void add_named_number(Text *text, const char *before, const char *name, double value)
{
    text_format(text, "%s\"%s\": ", before, name);
    add_number(text, value);
}

static void add_outputs(Text *text, const Study *study, const RunResult *result, int arm)
{
    text_string(text, ",\n     \"outputs\": [");
    for (int output = 0; output < study->output_count; output++) {
        const Label *label = study->outputs[output].label;
        Summary summary = summary_of(result->table, arm, output);
        add_named(text, output == 0 ? "\n      {" : ",\n      {", "name", label->name);
        add_named(text, ", ", "unit", label->unit.known ? label->unit.text : "");
        add_named_number(text, ", ", "start", summary.start);
        add_named_number(text, ", ", "peak", summary.peak);
        add_named_number(text, ", ", "peak_time", summary.peak_time);
        add_named_number(text, ", ", "end", summary.end);
        text_string(text, "}");
    }
    text_string(text, "]");
}

static void add_arm(Text *text, const Study *study, const RunResult *result, int arm)
{
    const Outcome *outcome = &result->outcomes[arm];
    add_named(text, arm == 0 ? "\n    {" : ",\n    {", "name", study->arms[arm].name);
    add_named(text, ",\n     ", "outcome", outcome_word(outcome->kind));
    add_named_number(text, ",\n     ", "end_time", outcome->time);
    if (outcome->kind != OUTCOME_DONE) {
        Text words = text_new(text->arena);
        outcome_print(outcome, study->model, &words);
        add_named(text, ",\n     ", "message", words.data);
    }
    if (study->data == NULL) { // one curve has a start, a peak and an end
        add_outputs(text, study, result, arm);
    }
    text_string(text, "}");
}

static void add_timings(Text *text, const Timings *timings)
{
    add_named_number(text, ",\n  \"milliseconds\": {", "parse", 1e3 * timings->parse);
    add_named_number(text, ", ", "compile", 1e3 * timings->compile);
    add_named_number(text, ", ", "integrate", 1e3 * timings->integrate);
    add_named_number(text, ", ", "write", 1e3 * timings->write);
    add_named_number(text, ", ", "render", 1e3 * timings->render);
    text_string(text, "}");
}

void report_json(const Study *study, const RunResult *result, const ReportExtras *extras,
                 Text *text)
{
    assert(study != NULL && result != NULL && extras != NULL);
    const Unit time_unit = study->model->time_unit;
    add_named(text, "{\n  ", "schema", "stroma.run/1");
    add_named(text, ",\n  ", "version", STROMA_VERSION);
    add_named(text, ",\n  ", "study", study->name);
    add_named(text, ",\n  ", "title", study->title);
    add_named(text, ",\n  ", "model", study->model->name);
    add_named(text, ",\n  ", "time_unit", time_unit.known ? time_unit.text : "");
    add_named(text, ",\n  ", "folder", extras->folder);
    text_string(text, ",\n  \"files\": [");
    for (int i = 0; i < extras->file_count; i++) {
        text_string(text, i == 0 ? "" : ", ");
        add_quoted(text, extras->files[i]);
    }
    text_format(text, "],\n  \"failed\": %d,\n  \"arms\": [", result->failed);
    for (int arm = 0; arm < study->arm_count; arm++) {
        add_arm(text, study, result, arm);
    }
    text_string(text, "]");
    text_string(text, extras->more != NULL ? extras->more : "");
    if (extras->timings != NULL) {
        add_timings(text, extras->timings);
    }
    text_string(text, "\n}\n");
}
