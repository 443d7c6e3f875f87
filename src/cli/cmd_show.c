/* cmd_show.c: `stroma show`: a window on each stage between a model's text and its numbers.
 *
 * Every stage prints itself (model/, tape/, study/); this file only chooses. Without an option:
 * what the model holds, for people.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/cli.h"
#include "cli/places.h"

#include "base/names.h"
#include "params/params.h"

#include <string.h>

static const Option options[] = {
    {"tokens", OPTION_FLAG, 0, true, NULL, "the words of the model file, as the parser sees them"},
    {"expr", OPTION_FLAG, 0, true, NULL, "the equations after modules and functions are put in"},
    {"jacobian", OPTION_FLAG, 0, true, NULL, "the derivatives of all rates"},
    {"tape", OPTION_OPTIONAL, 0, false, "PROGRAM",
     "the compiled programs, or one: setup, initial, rates, jacobian, observe, routes, switches, "
     "events, assign"},
    {"schedule", OPTION_FLAG, 0, true, NULL, "what each arm of a study is given, and when"},
    OPTION_HELP,
    OPTION_END,
};

static const char *const program_names[PROGRAM_PARTIALS] = {
    [PROGRAM_SETUP] = "setup",       [PROGRAM_INITIAL] = "initial", [PROGRAM_RATES] = "rates",
    [PROGRAM_JACOBIAN] = "jacobian", [PROGRAM_OBSERVE] = "observe", [PROGRAM_ROUTES] = "routes",
    [PROGRAM_SWITCHES] = "switches", [PROGRAM_EVENTS] = "events",   [PROGRAM_ASSIGN] = "assign",
};

/* What is to be shown: a model, and a study if the file was one. */
typedef struct {
    const Model *model;
    const Study *study; // or NULL
    Text text;
} Shown;

static const char *unit_text(Unit unit)
{
    return unit.known ? unit.text : "no unit";
}

static void add_label(Text *text, const Label *label)
{
    text_format(text, "  %-24s [%s]", label->name, unit_text(label->unit));
    if (*label->text != '\0') {
        text_format(text, "  %s", label->text);
    }
}

static void add_parameters(Text *text, const char *title, const Parameter *parameters, int count)
{
    if (count > 0) {
        text_format(text, "\n%s (%d)\n", title, count);
    }
    for (int i = 0; i < count; i++) {
        add_label(text, &parameters[i].label);
        if (parameters[i].has_default) {
            text_string(text, "  = ");
            text_number(text, parameters[i].value);
        }
        text_string(text, "\n");
    }
}

static void add_routes(Text *text, const Model *model)
{
    if (model->route_count > 0) {
        text_format(text, "\nroutes (%d)\n", model->route_count);
    }
    for (int i = 0; i < model->route_count; i++) {
        const Route *route = &model->routes[i];
        add_label(text, &route->label);
        text_string(text, "  ->");
        for (int target = 0; target < route->target_count; target++) {
            text_format(text, "%s %s", target == 0 ? "" : ",",
                        model->states[route->targets[target].state].label.name);
        }
        text_string(text, "\n");
    }
}

static void add_model(Text *text, const Model *model)
{
    text_format(text, "%s %s", model->is_module ? "module" : "model", model->name);
    text_format(text, "%s%s\n", *model->title == '\0' ? "" : ": ", model->title);
    text_format(text, "%s, time in %s\n", model->path, unit_text(model->time_unit));
    text_format(text, "\nstates (%d)\n", model->state_count);
    for (int i = 0; i < model->state_count; i++) {
        add_label(text, &model->states[i].label);
        text_string(text, "\n");
    }
    add_parameters(text, "parameters", model->parameters, model->parameter_count);
    add_parameters(text, "covariates", model->covariates, model->covariate_count);
    add_routes(text, model);
    if (model->observable_count > 0) {
        text_format(text, "\nobservables (%d)\n", model->observable_count);
    }
    for (int i = 0; i < model->observable_count; i++) {
        add_label(text, &model->observables[i].label);
        text_string(text, "\n");
    }
    for (int i = 0; i < model->event_count; i++) {
        text_string(text, i == 0 ? "\nevents\n" : "");
        add_label(text, &model->events[i].label);
        text_string(text, "\n");
    }
}

static void add_study(Text *text, const Study *study)
{
    const char *unit = unit_text(study->model->time_unit);
    text_format(text, "study %s%s%s\n", study->name, *study->title == '\0' ? "" : ": ",
                study->title);
    text_string(text, "time ");
    text_number(text, study->start);
    text_string(text, " to ");
    text_number(text, study->end);
    text_format(text, " %s, %d output times\n", unit, study->time_count);
    for (int arm = 0; arm < study->arm_count; arm++) {
        text_format(text, "arm %s\n", study->arms[arm].name);
        for (int dose = 0; dose < study->arms[arm].regimen.count; dose++) {
            text_format(text, "  %s\n", study->arms[arm].dose_text[dose]);
        }
    }
    text_string(text, "\n");
}

static int show_tape(Cli *cli, Shown *shown)
{
    const char *only = option_value(&cli->arguments, "tape");
    int chosen = -1;
    for (int i = 0; only != NULL && i < PROGRAM_PARTIALS; i++) {
        if (strcmp(only, program_names[i]) == 0) {
            chosen = i;
        }
    }
    if (only != NULL && chosen < 0) {
        const char *near = names_near_list(program_names, PROGRAM_PARTIALS, only);
        return near == NULL
                   ? cli_misused(cli, "a tape has no program '%s'", only)
                   : cli_misused(cli, "a tape has no program '%s'; did you mean '%s'?", only, near);
    }
    const Model *model = shown->model;
    int count = shown->study != NULL ? shown->study->output_count : model->observable_count;
    Expr *observed = arena_array(cli->arena, (size_t)count + 1, sizeof *observed);
    for (int i = 0; i < count; i++) {
        observed[i] =
            shown->study != NULL ? shown->study->outputs[i].expr : model->observables[i].expr;
    }
    TapeOptions tape_options = {.observed = observed,
                                .observed_count = count,
                                .tables = shown->study == NULL ? NULL : shown->study->tables};
    const Tape *tape = tape_compile(cli->arena, model, &tape_options);
    for (int i = 0; i < PROGRAM_PARTIALS; i++) {
        if (chosen < 0) {
            text_format(&shown->text, "# %s\n", program_names[i]);
        }
        if (chosen < 0 || chosen == i) {
            tape_list(tape, (ProgramName)i, &shown->text);
        }
    }
    return CLI_OK;
}

static int show_stages(Cli *cli, Shown *shown)
{
    const Arguments *given = &cli->arguments;
    int code = CLI_OK;
    if (option_given(given, "schedule") && shown->study == NULL) {
        return cli_misused(cli, "a model has no schedule; give a study");
    }
    if (option_given(given, "expr")) {
        model_print(shown->model, &shown->text);
    }
    if (option_given(given, "jacobian")) {
        model_print_jacobian(shown->model, &shown->text);
    }
    if (option_given(given, "tape")) {
        code = show_tape(cli, shown);
    }
    if (option_given(given, "schedule")) {
        study_print_schedule(shown->study, cli->arena, &shown->text);
    }
    if (given->use_count == 0) {
        if (shown->study != NULL) {
            add_study(&shown->text, shown->study);
        }
        add_model(&shown->text, shown->model);
    }
    return code;
}

/* Tokens are shown of a file that need not be a correct model. */
static int show_tokens(Cli *cli, const char *path, Diag *diag, Text *text)
{
    const Source *source = NULL;
    SourceStatus status = source_read(cli->arena, path, &source);
    if (status != SOURCE_OK) {
        diag_unreadable(diag, FAULT_M001, (Span){NULL, 0, 0},
                        arena_format(cli->arena, "cannot read '%s'", path), status, source);
        return CLI_DATA;
    }
    model_print_tokens(cli->arena, source, diag, text);
    return diag_errors(diag) > 0 ? CLI_DATA : CLI_OK;
}

static int read_model(Cli *cli, const char *path, Shown *shown, Diag *diag)
{
    if (option_given(&cli->arguments, "tokens")) {
        int code = show_tokens(cli, path, diag, &shown->text);
        if (code != CLI_OK || cli->arguments.use_count == 1) {
            return code;
        }
    }
    shown->model = model_read(cli->arena, path, places_models(cli->arena), diag);
    return shown->model == NULL ? CLI_DATA : CLI_OK;
}

static int read_study(Cli *cli, const char *path, Shown *shown, Diag *diag)
{
    ParamsOptions params = params_options_default();
    params.models = places_models(cli->arena);
    shown->study = params_read(cli->arena, path, &params, diag);
    if (shown->study == NULL) {
        return CLI_DATA;
    }
    shown->model = shown->study->model;
    if (option_given(&cli->arguments, "tokens")) {
        model_print_tokens(cli->arena, shown->model->sources[0], diag, &shown->text);
    }
    return CLI_OK;
}

static int run_show(Cli *cli)
{
    const char *path = cli->arguments.operands[0];
    if (!cli_readable(cli, path)) {
        return CLI_FILE;
    }
    Diag *diag = diag_new(cli->arena);
    Shown shown = {.model = NULL, .study = NULL, .text = text_new(cli->arena)};
    int code = cli_is_model(path) ? read_model(cli, path, &shown, diag)
                                  : read_study(cli, path, &shown, diag);
    cli_print_diag(cli, diag);
    if (shown.model != NULL) {
        code = show_stages(cli, &shown);
    }
    cli_print(cli, &shown.text);
    return code;
}

const Command command_show = {
    .name = "show",
    .run = run_show,
    .summary = "show what a model holds, or a stage of its compilation",
    .operands = "FILE [OPTION]...",
    .operands_min = 1,
    .operands_max = 1,
    .examples = "  stroma show models/msc.stroma                 states, parameters, routes\n"
                "  stroma show models/pk/pk1_oral.stroma --tape=rates\n"
                "  stroma show params/msc-redose.cfg --schedule\n",
    .options = options,
};
