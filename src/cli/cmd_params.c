/* cmd_params.c: `stroma params`: values of studies told, changed in their text, and compared.
 *
 * For people's own scripts: get prints one line of five columns separated by tabs, set changes the
 * text where the value stands, diff tells what two studies mean differently.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/cli.h"
#include "cli/json.h"
#include "cli/places.h"

#include "base/number.h"
#include "params/edit.h"
#include "study/diff.h"

#include <math.h>
#include <string.h>

static const Option options[] = {
    {"source", OPTION_VALUE, 0, false, "TEXT", "set: where the values come from"},
    {"override", OPTION_FLAG, 0, true, NULL,
     "set: not in a file that is included, but in the study after the @include"},
    {"model-units", OPTION_FLAG, 0, true, NULL,
     "numbers without a unit are in the model's, not in the one written there"},
    {"out", OPTION_VALUE, 'o', false, "FILE", "set: write a copy of the study, - is stdout"},
    {"bare", OPTION_FLAG, 0, true, NULL, "get: the value alone"},
    {"json", OPTION_FLAG, 0, true, NULL, "get, diff: one JSON object"},
    OPTION_QUIET,
    OPTION_HELP,
    OPTION_END,
};

static ParamsOptions reading(Cli *cli)
{
    ParamsOptions params = params_options_default();
    params.models = places_models(cli->arena);
    return params;
}

static int complain(Cli *cli, const Diag *diag)
{
    cli_print_diag(cli, diag);
    for (int i = 0; i < diag_count(diag); i++) {
        if (diag_fault(diag, i) == FAULT_T060) {
            return CLI_FILE;
        }
    }
    return CLI_DATA;
}

/* --- get -----------------------------------------------------------------------------------------
 */

static const char *place_words(Cli *cli, const EditValue *value)
{
    int line = 0;
    int column = 0;
    if (value->span.source == NULL) {
        return "";
    }
    source_locate(value->span.source, value->span.start, &line, &column);
    return arena_format(cli->arena, "%s:%d", value->span.source->name, line);
}

/* A value in letters: in the model's unit if that is asked for. */
static const char *value_words(Cli *cli, const EditValue *value, bool model_units)
{
    char digits[NUMBER_TEXT_SIZE];
    if (!model_units || !value->is_quantity || !isfinite(value->model_value)) {
        return value->value;
    }
    number_text(value->model_value, digits);
    return arena_copy(cli->arena, digits, strlen(digits));
}

static void print_line(Cli *cli, const EditValue *value, Text *text)
{
    bool model_units = option_given(&cli->arguments, "model-units");
    const char *words = value_words(cli, value, model_units);
    if (option_given(&cli->arguments, "bare")) {
        text_format(text, "%s\n", words);
        return;
    }
    const char *unit = model_units && value->is_quantity ? value->model_unit : value->unit;
    text_format(text, "%s\t%s\t%s\t%s\t%s%s\n", value->path, words, unit == NULL ? "" : unit,
                value->source == NULL ? "" : value->source, place_words(cli, value),
                value->is_default ? " (default)" : "");
}

static void print_object(Cli *cli, const EditValue *value, bool first, Text *text)
{
    json_named(text, first ? "\n    {" : ",\n    {", "path", value->path);
    json_named(text, ", ", "value", value->value);
    json_named(text, ", ", "unit", value->unit == NULL ? "" : value->unit);
    if (value->is_quantity) {
        json_named_number(text, ", ", "model_value", value->model_value);
        json_named(text, ", ", "model_unit", value->model_unit == NULL ? "" : value->model_unit);
    }
    json_named(text, ", ", "source", value->source == NULL ? "" : value->source);
    json_named(text, ", ", "place", place_words(cli, value));
    text_format(text, ", \"default\": %s}", value->is_default ? "true" : "false");
}

static int run_get(Cli *cli, int count, const char *const *words)
{
    ParamsOptions params = reading(cli);
    Diag *diag = diag_new(cli->arena);
    Edit *edit = edit_open(cli->arena, words[0], &params, diag);
    Text text = text_new(cli->arena);
    bool json = option_given(&cli->arguments, "json");
    bool first = true;
    if (edit == NULL) {
        return complain(cli, diag);
    }
    if (json) {
        json_named(&text, "{\n  ", "schema", "stroma.params.get/1");
        text_string(&text, ",\n  \"values\": [");
    }
    for (int i = 1; i < (count > 1 ? count : 2); i++) {
        EditValue *values = NULL;
        int found = 0;
        if (!edit_get(edit, count > 1 ? words[i] : "", &values, &found)) {
            return complain(cli, diag);
        }
        for (int k = 0; k < found; k++) {
            if (json) {
                print_object(cli, &values[k], first, &text);
            } else {
                print_line(cli, &values[k], &text);
            }
            first = false;
        }
    }
    text_string(&text, json ? "\n  ]\n}\n" : "");
    cli_print(cli, &text);
    return CLI_OK;
}

/* --- set -----------------------------------------------------------------------------------------
 */

/* PATH=VALUE, or PATH and the next word. 0: a value is missing. */
static int take_change(Cli *cli, int count, const char *const *words, EditChange *change)
{
    const char *equals = strchr(words[0], '=');
    *change = (EditChange){.path = words[0],
                           .source = option_value(&cli->arguments, "source"),
                           .model_unit = option_given(&cli->arguments, "model-units"),
                           .override = option_given(&cli->arguments, "override") ||
                                       option_given(&cli->arguments, "out")};
    if (equals != NULL) {
        change->path = arena_copy(cli->arena, words[0], (size_t)(equals - words[0]));
        change->value = equals + 1;
        return 1;
    }
    if (count < 2) {
        return change->source == NULL ? 0 : 1;
    }
    change->value = words[1];
    return 2;
}

static int write_edit(Cli *cli, Edit *edit, Diag *diag)
{
    const char *to = option_value(&cli->arguments, "out");
    if (!edit_check(edit) || !(to == NULL ? edit_write(edit) : edit_write_copy(edit, to))) {
        return complain(cli, diag);
    }
    cli_print_diag(cli, diag);
    if (!option_given(&cli->arguments, "quiet")) {
        cli_words("%s", edit_log(edit));
    }
    return CLI_OK;
}

static int run_set(Cli *cli, int count, const char *const *words)
{
    ParamsOptions params = reading(cli);
    Diag *diag = diag_new(cli->arena);
    if (count < 2) {
        return cli_misused(cli, "what is to be set? stroma params set STUDY.cfg PATH VALUE");
    }
    if (strcmp(words[0], "-") == 0 && option_value(&cli->arguments, "out") == NULL) {
        return cli_misused(cli, "standard input cannot be changed: give --out=FILE");
    }
    Edit *edit = edit_open(cli->arena, words[0], &params, diag);
    if (edit == NULL) {
        return complain(cli, diag);
    }
    for (int i = 1; i < count;) {
        EditChange change;
        int taken = take_change(cli, count - i, words + i, &change);
        if (taken == 0) {
            return cli_misused(cli, "'%s' has no value", words[i]);
        }
        if (!edit_set(edit, &change)) {
            return complain(cli, diag);
        }
        i += taken;
    }
    return write_edit(cli, edit, diag);
}

/* --- diff ----------------------------------------------------------------------------------------
 */

static const char *line_words(Cli *cli, Span span)
{
    return place_words(cli, &(EditValue){.span = span});
}

static void print_difference(Cli *cli, const StudyDifference *one, const char *const *names,
                             Text *text)
{
    bool unit = one->unit[0] != '\0';
    text_format(text, "%s%s%s%s: ", one->path, unit ? " [" : "", one->unit, unit ? "]" : "");
    if (one->first == NULL || one->second == NULL) {
        const char *there = one->first == NULL ? one->second : one->first;
        text_format(text, "%s, only in %s", there, names[one->first == NULL]);
    } else {
        text_format(text, "%s -> %s", one->first, one->second);
    }
    const char *first = line_words(cli, one->first_span);
    const char *second = line_words(cli, one->second_span);
    bool both = first[0] != '\0' && second[0] != '\0';
    if (first[0] != '\0' || second[0] != '\0') {
        text_format(text, "  (%s%s%s)", first, both ? " -> " : "", second);
    }
    text_string(text, "\n");
}

static void print_differences_json(Cli *cli, const StudyDifference *found, int count, Text *text)
{
    json_named(text, "{\n  ", "schema", "stroma.params.diff/1");
    text_string(text, ",\n  \"differences\": [");
    for (int i = 0; i < count; i++) {
        json_named(text, i == 0 ? "\n    {" : ",\n    {", "path", found[i].path);
        json_named(text, ", ", "unit", found[i].unit);
        const char *sides[] = {found[i].first, found[i].second};
        for (int side = 0; side < 2; side++) {
            text_format(text, ", \"%s\": ", side == 0 ? "first" : "second");
            if (sides[side] == NULL) {
                text_string(text, "null");
            } else {
                json_quoted(text, sides[side]);
            }
        }
        json_named(text, ", ", "first_place", line_words(cli, found[i].first_span));
        json_named(text, ", ", "second_place", line_words(cli, found[i].second_span));
        text_string(text, "}");
    }
    text_string(text, "\n  ]\n}\n");
}

static int run_diff(Cli *cli, int count, const char *const *words)
{
    if (count != 2) {
        return cli_misused(cli, "two studies are compared: stroma params diff STUDY.cfg OTHER.cfg");
    }
    ParamsOptions params = reading(cli);
    const Study *studies[2] = {NULL, NULL};
    for (int i = 0; i < 2; i++) {
        if (!cli_readable(cli, words[i])) {
            return CLI_FILE;
        }
        Diag *diag = diag_new(cli->arena);
        studies[i] = params_read(cli->arena, words[i], &params, diag);
        if (studies[i] == NULL) {
            return complain(cli, diag);
        }
    }
    StudyDifference *found = NULL;
    int differences = study_diff(studies[0], studies[1], cli->arena, &found);
    Text text = text_new(cli->arena);
    if (option_given(&cli->arguments, "json")) {
        print_differences_json(cli, found, differences, &text);
    }
    for (int i = 0; i < differences && !option_given(&cli->arguments, "json"); i++) {
        print_difference(cli, &found[i], words, &text);
    }
    cli_print(cli, &text);
    return differences == 0 ? CLI_OK : CLI_FAILED;
}

/* An option that the action knows nothing of, or NULL. The options are those of all three. */
static const char *foreign_option(const Cli *cli, const char *action)
{
    static const struct {
        const char *option;
        const char *actions;
    } uses[] = {{"source", "set"}, {"override", "set"}, {"model-units", "get set"},
                {"out", "set"},    {"bare", "get"},     {"json", "get diff"}};
    for (size_t i = 0; i < sizeof uses / sizeof uses[0]; i++) {
        if (option_given(&cli->arguments, uses[i].option) &&
            strstr(uses[i].actions, action) == NULL) {
            return uses[i].option;
        }
    }
    return NULL;
}

static int run_params(Cli *cli)
{
    static const char *const names[] = {"get", "set", "diff"};
    const char *action = cli->arguments.operands[0];
    int count = cli->arguments.operand_count - 1;
    const char *const *words = cli->arguments.operands + 1;
    bool get = strcmp(action, "get") == 0;
    bool set = strcmp(action, "set") == 0;
    if (!get && !set && strcmp(action, "diff") != 0) {
        const char *near = names_near_list(names, 3, action);
        return near == NULL ? cli_misused(cli, "what is '%s'? It is get, set or diff", action)
                            : cli_misused(cli, "what is '%s'? Did you mean '%s'?", action, near);
    }
    const char *foreign = foreign_option(cli, action);
    if (foreign != NULL) {
        return cli_misused(cli, "'--%s' says nothing to %s", foreign, action);
    }
    if (option_given(&cli->arguments, "bare") && option_given(&cli->arguments, "json")) {
        return cli_misused(cli, "'--bare' does not go with --json");
    }
    if (!cli_readable(cli, words[0])) {
        return CLI_FILE;
    }
    return get   ? run_get(cli, count, words)
           : set ? run_set(cli, count, words)
                 : run_diff(cli, count, words);
}

const Command command_params = {
    .name = "params",
    .run = run_params,
    .summary = "tell, change and compare the values of studies",
    .operands = "get|set|diff STUDY.cfg [PATH [VALUE]]... [OPTION]...",
    .operands_min = 2,
    .operands_max = -1,
    .examples = "  stroma params get params/msc-iv.cfg donor_factor\n"
                "  stroma params get study.cfg k --bare --model-units\n"
                "  stroma params set study.cfg k 0.3 --source=\"Lee 2009, Table 2\"\n"
                "  stroma params set study.cfg time.end=\"4 week\" K=\"50 ug/L\" --out=other.cfg\n"
                "  stroma params diff study.cfg other.cfg        exit code 1: they differ\n",
    .options = options,
};
