/* report_json.c: the result of a run as one JSON object, for programs.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/json.h"
#include "cli/report.h"
#include "cli/summary.h"

#include <assert.h>

static void add_outputs(Text *text, const Study *study, const RunResult *result, int arm)
{
    text_string(text, ",\n     \"outputs\": [");
    for (int output = 0; output < study->output_count; output++) {
        const Label *label = study->outputs[output].label;
        Summary summary = summary_of(result->table, arm, output);
        json_named(text, output == 0 ? "\n      {" : ",\n      {", "name", label->name);
        json_named(text, ", ", "unit", label->unit.known ? label->unit.text : "");
        json_named_number(text, ", ", "start", summary.start);
        json_named_number(text, ", ", "peak", summary.peak);
        json_named_number(text, ", ", "peak_time", summary.peak_time);
        json_named_number(text, ", ", "end", summary.end);
        text_string(text, "}");
    }
    text_string(text, "]");
}

static void add_arm(Text *text, const Study *study, const RunResult *result, int arm)
{
    const Outcome *outcome = &result->outcomes[arm];
    json_named(text, arm == 0 ? "\n    {" : ",\n    {", "name", study->arms[arm].name);
    json_named(text, ",\n     ", "outcome", outcome_word(outcome->kind));
    json_named_number(text, ",\n     ", "end_time", outcome->time);
    if (outcome->kind != OUTCOME_DONE) {
        Text words = text_new(text->arena);
        outcome_print(outcome, study->model, &words);
        json_named(text, ",\n     ", "message", words.data);
    }
    if (study->data == NULL) { // one curve has a start, a peak and an end
        add_outputs(text, study, result, arm);
    }
    text_string(text, "}");
}

static void add_timings(Text *text, const Timings *timings)
{
    json_named_number(text, ",\n  \"milliseconds\": {", "parse", 1e3 * timings->parse);
    json_named_number(text, ", ", "compile", 1e3 * timings->compile);
    json_named_number(text, ", ", "integrate", 1e3 * timings->integrate);
    json_named_number(text, ", ", "write", 1e3 * timings->write);
    json_named_number(text, ", ", "render", 1e3 * timings->render);
    text_string(text, "}");
}

void report_json(const Study *study, const RunResult *result, const ReportExtras *extras,
                 Text *text)
{
    assert(study != NULL && result != NULL && extras != NULL);
    const Unit time_unit = study->model->time_unit;
    json_named(text, "{\n  ", "schema", "stroma.run/1");
    json_named(text, ",\n  ", "version", STROMA_VERSION);
    json_named(text, ",\n  ", "study", study->name);
    json_named(text, ",\n  ", "title", study->title);
    json_named(text, ",\n  ", "model", study->model->name);
    json_named(text, ",\n  ", "time_unit", time_unit.known ? time_unit.text : "");
    json_named(text, ",\n  ", "folder", extras->folder);
    text_string(text, ",\n  \"files\": [");
    for (int i = 0; i < extras->file_count; i++) {
        text_string(text, i == 0 ? "" : ", ");
        json_quoted(text, extras->files[i]);
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
