/* cmd_check.c: `stroma check`: looks for mistakes in models, studies, sets of numbers and data;
 * runs nothing.
 *
 * One line a file on stdout ("ok: ..." with what was counted), diagnostics on stderr.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/cli.h"
#include "cli/places.h"

#include "params/data.h"
#include "params/params.h"

#include <string.h>
#include <strings.h>

enum { MOST_FINDINGS = 10000 };

static const Option options[] = {
    {"strict", OPTION_FLAG, 0, true, NULL,
     "quantities without unit or source are errors, as are warnings"},
    OPTION_HELP,
    OPTION_END,
};

typedef struct {
    int count;
    const char *one, *many;
} Counted;

static void add_counts(Text *text, const Counted *counts, size_t length)
{
    const char *comma = "";
    for (size_t i = 0; i < length; i++) {
        if (counts[i].count > 0) {
            text_format(text, "%s%d %s", comma, counts[i].count,
                        counts[i].count == 1 ? counts[i].one : counts[i].many);
            comma = ", ";
        }
    }
}

static void print_ok(const char *path, const Model *model, const Study *study, Text *text)
{
    const Counted of_model[] = {
        {model->state_count, "state", "states"},
        {model->parameter_count, "parameter", "parameters"},
        {model->covariate_count, "covariate", "covariates"},
        {model->observable_count, "observable", "observables"},
        {model->route_count, "route", "routes"},
        {model->event_count, "event", "events"},
        {model->jacobian.count, "Jacobian entry", "Jacobian entries"},
    };
    text_format(text, "ok: %s: ", path);
    if (study != NULL) {
        const Counted of_study[] = {
            {study->data == NULL ? 0 : study->data->count, "subject", "subjects"},
            {study->data == NULL ? 0 : study->data->row_count, "observation", "observations"},
            {study->arm_count, "arm", "arms"},
            {study->time_count, "output time", "output times"},
            {study->table_outputs, "output", "outputs"},
            {study->plot_count, "plot", "plots"},
        };
        add_counts(text, of_study, sizeof of_study / sizeof of_study[0]);
        text_format(text, "; model %s: ", model->name);
    }
    add_counts(text, of_model, sizeof of_model / sizeof of_model[0]);
    text_string(text, "\n");
}

static bool is_data(const char *path)
{
    size_t length = strlen(path);
    return length > 4 && strcasecmp(path + length - 4, ".csv") == 0;
}

/* A data file by itself: what it says about the model's names cannot be judged. */
static int check_data(Cli *cli, const char *path)
{
    Diag *diag = diag_new(cli->arena);
    diag_keep(diag, MOST_FINDINGS);
    DataOptions reading = data_options_default();
    reading.lint = true;
    const DataSet *set = read_data(cli->arena, path, &reading, diag);
    cli_print_diag(cli, diag);
    bool strict = option_given(&cli->arguments, "strict");
    if (set == NULL || (strict && diag_warnings(diag) > 0)) {
        return CLI_DATA;
    }
    Text text = text_new(cli->arena);
    const Counted counts[] = {
        {set->count, "subject or occasion", "subjects or occasions"},
        {set->line_count, "record", "records"},
        {set->dose_count, "dose or reset", "doses or resets"},
        {set->row_count, "observation", "observations"},
    };
    text_format(&text, "ok: %s: ", path);
    add_counts(&text, counts, sizeof counts / sizeof counts[0]);
    text_string(&text, "\n");
    cli_print(cli, &text);
    return CLI_OK;
}

/* A set of numbers by itself: its text, units and sources; not whether a model has its names. */
static int check_numbers(Cli *cli, const char *path)
{
    bool strict = option_given(&cli->arguments, "strict");
    Diag *diag = diag_new(cli->arena);
    diag_keep(diag, MOST_FINDINGS);
    ParamsFile file;
    bool read = params_look(cli->arena, path, strict, diag, &file);
    cli_print_diag(cli, diag);
    if (!read || (strict && diag_warnings(diag) > 0)) {
        return CLI_DATA;
    }
    Text text = text_new(cli->arena);
    text_format(&text, "ok: %s: %d number%s, %d with a source\n", path, file.numbers,
                file.numbers == 1 ? "" : "s", file.sourced);
    cli_print(cli, &text);
    return CLI_OK;
}

static bool is_numbers(Cli *cli, const char *path)
{
    if (cli_is_model(path) || strcmp(path, "-") == 0) {
        return false;
    }
    ParamsFile file;
    (void)params_look(cli->arena, path, false, diag_new(cli->arena), &file);
    return file.kind == PARAMS_NUMBERS;
}

static int check_file(Cli *cli, const char *path)
{
    if (!cli_readable(cli, path)) {
        return CLI_FILE;
    }
    if (is_data(path)) {
        return check_data(cli, path);
    }
    if (is_numbers(cli, path)) {
        return check_numbers(cli, path);
    }
    bool strict = option_given(&cli->arguments, "strict");
    ParamsOptions params = params_options_default();
    params.models = places_models(cli->arena);
    params.strict = strict;
    params.lint = true;
    Diag *diag = diag_new(cli->arena);
    const Study *study = NULL;
    const Model *model = NULL;
    if (cli_is_model(path)) {
        model = model_read(cli->arena, path, params.models, diag);
    } else {
        study = params_read(cli->arena, path, &params, diag);
        model = study == NULL ? NULL : study->model;
    }
    if (model != NULL) {
        model_lint(model, diag);
    }
    if (model != NULL && strict) {
        model_check_strict(model, diag);
    }
    cli_print_diag(cli, diag);
    if (model == NULL || diag_errors(diag) > 0 || (strict && diag_warnings(diag) > 0)) {
        return CLI_DATA;
    }
    Text text = text_new(cli->arena);
    print_ok(path, model, study, &text);
    cli_print(cli, &text);
    return CLI_OK;
}

static int run_check(Cli *cli)
{
    int code = CLI_OK;
    for (int i = 0; i < cli->arguments.operand_count; i++) {
        int one = check_file(cli, cli->arguments.operands[i]);
        code = one > code ? one : code;
    }
    return code;
}

const Command command_check = {
    .name = "check",
    .run = run_check,
    .summary = "look for mistakes in models, studies and data files; run nothing",
    .operands = "FILE... [OPTION]...",
    .operands_min = 1,
    .operands_max = -1,
    .examples = "  stroma check params/msc-iv.cfg\n"
                "  stroma check --strict models/*.stroma\n"
                "  stroma check data.csv                         every finding by line\n",
    .options = options,
};
