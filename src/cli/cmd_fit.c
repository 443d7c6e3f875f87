/* cmd_fit.c: `stroma fit`: estimates the free parameters of a study.
 *
 * Every round of simulations goes into a journal in the folder of the results; --resume goes on
 * with it. The journal goes when the results are there. SIGINT ends the search: the best so far is
 * written, and the journal stays. SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/fit.h"
#include "cli/interrupt.h"
#include "cli/places.h"
#include "cli/settings.h"

#include "base/file.h"
#include "base/number.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

enum { MOST_JOBS = 1024, MOST_STARTS = 100000 };

static const Option options[] = {
    {"out", OPTION_VALUE, 'o', false, "DIR",
     "write into DIR (default: out/<name of the study>-fit)"},
    {"set", OPTION_VALUE, 's', true, "PATH=VALUE", "change a number of the study; may be repeated"},
    {"starts", OPTION_VALUE, 0, false, "N", "search from N starts instead of the study's number"},
    {"jobs", OPTION_VALUE, 'j', false, "N", "threads (default: one for each core)"},
    {"resume", OPTION_FLAG, 0, true, NULL, "go on with a fit that was stopped or killed"},
    {"no-render", OPTION_FLAG, 0, true, NULL, "write data and scripts, but no pictures"},
    {"json", OPTION_FLAG, 0, true, NULL, "print fit.json instead of the table"},
    OPTION_QUIET,
    OPTION_HELP,
    OPTION_END,
};

/* --- the call ------------------------------------------------------------------------------------
 */

/* A whole number of an option; false: complained. */
static bool read_whole(const Cli *cli, const char *name, int most, int *value)
{
    const char *word = option_value(&cli->arguments, name);
    double number = 0.0;
    size_t used = 0;
    if (word == NULL) {
        return true;
    }
    if (!number_read(word, strlen(word), &number, &used) || word[used] != '\0' ||
        !(number >= 1.0 && number <= most) || number != floor(number)) {
        (void)cli_misused(cli, "'--%s %s' is not a whole number from 1 to %d", name, word, most);
        return false;
    }
    *value = (int)number;
    return true;
}

static bool has_option(const Cli *cli, const char *name)
{
    for (const Option *option = cli->command->options; option->name != NULL; option++) {
        if (strcmp(option->name, name) == 0) {
            return true;
        }
    }
    return false;
}

/* The study with its fit; an ExitCode. */
static int read_study(FitCall *call, int starts)
{
    Cli *cli = call->cli;
    const char *path = cli->arguments.operands[0];
    if (cli_is_model(path)) {
        return cli_misused(cli, "'%s' is a model; give a study with a group 'fit'", path);
    }
    if (!cli_readable(cli, path)) {
        return CLI_FILE;
    }
    Diag *diag = diag_new(cli->arena);
    const Study *study = params_read(cli->arena, path, &call->params, diag);
    cli_print_diag(cli, diag);
    if (study == NULL) {
        return CLI_DATA;
    }
    if (study->fit == NULL) {
        cli_complain("'%s' has no group 'fit'; 'stroma explain fit' tells what goes into it", path);
        return CLI_DATA;
    }
    Fit *fit = arena_alloc(cli->arena, sizeof *fit);
    *fit = *study->fit;
    call->study = arena_alloc(cli->arena, sizeof *call->study);
    *call->study = *study;
    call->study->fit = fit;
    fit->starts = starts > 0 ? starts : fit->starts;
    for (int i = 0; i < fit->model_count && fit->starts > 1; i++) {
        double low;
        double high;
        scale_bounds(&fit->parameters[i], &low, &high);
        bool logit = fit->parameters[i].scale == SCALE_LOGIT;
        if (!logit && (!isfinite(low) || !isfinite(high))) {
            cli_complain("'%s' has no 'low' and 'high', which several starts need",
                         fit->parameters[i].name);
            return CLI_DATA;
        }
    }
    return CLI_OK;
}

int fit_call_open(FitCall *call, const char *ending)
{
    Cli *cli = call->cli;
    const char *bad = NULL;
    int starts = 0;
    call->params = params_options_default();
    call->params.models = places_models(cli->arena);
    if (!settings_read(cli, &call->params, &bad)) {
        return cli_misused(cli, "'--set %s' is not of the form path=value", bad);
    }
    if (!read_whole(cli, "jobs", MOST_JOBS, &call->jobs) ||
        (has_option(cli, "starts") && !read_whole(cli, "starts", MOST_STARTS, &starts))) {
        return CLI_USAGE;
    }
    int code = read_study(call, starts);
    if (code != CLI_OK) {
        return code;
    }
    const char *out = option_value(&cli->arguments, "out");
    call->folder = out != NULL
                       ? out
                       : file_join(cli->arena, "out",
                                   arena_format(cli->arena, "%s-%s", call->study->name, ending));
    cli->folder = call->folder;
    if (!file_make_folder(call->folder)) {
        cli_complain("cannot make the folder '%s': %s", call->folder,
                     errno == ENOTDIR ? "a file is in the way" : strerror(errno));
        return CLI_FILE;
    }
    return CLI_OK;
}

/* --- the journal ---------------------------------------------------------------------------------
 */

/* Everything that the results depend on: the files read, the changes, the version. */
static const char *key_of(const FitCall *call)
{
    const Study *study = call->study;
    Text text = text_new(call->cli->arena);
    text_format(&text, "%s\n%s\n%d\n", STROMA_VERSION, study->fit->hash, study->fit->starts);
    for (int i = 0; i < study->input_count; i++) {
        text_format(&text, "%s\n", study->inputs[i].hash);
    }
    for (int i = 0; i < study->setting_count; i++) {
        text_format(&text, "%s=%s\n", study->settings[i].path, study->settings[i].value);
    }
    return text.data;
}

static int open_journal(FitCall *call, const char *path)
{
    bool resume = option_given(&call->cli->arguments, "resume");
    if (resume && !file_exists(path)) {
        cli_complain("there is no journal '%s' to go on with", path);
        return CLI_FILE;
    }
    switch (
        journal_open(call->cli->arena, path, call->study, key_of(call), resume, &call->journal)) {
    case JOURNAL_RESUMED:
        cli_say(call->cli, "going on behind %ld rounds", journal_count(call->journal));
        return CLI_OK;
    case JOURNAL_NEW:
        return CLI_OK;
    case JOURNAL_OTHER:
        cli_complain("the journal '%s' belongs to another fit: study, data or stroma have changed",
                     path);
        return CLI_DATA;
    case JOURNAL_FILE:
        break;
    }
    cli_complain("cannot write '%s': %s", path, strerror(errno));
    return CLI_FILE;
}

/* --- words while it runs -------------------------------------------------------------------------
 */

/* One line an iteration on a terminal; nothing elsewhere: trace.csv has them all. */
static void show_line(void *context, int start, const TraceLine *line)
{
    static const double again = 0.05; // seconds between two lines of one screen
    FitCall *call = context;
    double now = cli_seconds();
    bool many = call->study->fit->starts > 1;
    if (many && now - call->shown < again) {
        return;
    }
    call->shown = now;
    char value[NUMBER_TEXT_SIZE];
    char gradient[NUMBER_TEXT_SIZE];
    (void)number_short(2.0 * line->value, 8, value);
    (void)number_short(line->gradient, 3, gradient);
    if (many) {
        cli_words("start %3d  iteration %4d  -2LL %14s  gradient %9s\n", start + 1, line->iteration,
                  value, gradient);
    } else {
        cli_words("iteration %4d  -2LL %14s  gradient %9s\n", line->iteration, value, gradient);
    }
}

/* --- ends ----------------------------------------------------------------------------------------
 */

/* Why a start cannot be simulated. */
static void complain_start(const FitCall *call)
{
    const Study *study = call->study;
    const StartResult *start = &call->result.starts[0];
    Text text = text_new(call->cli->arena);
    const FitSubject *subject = &study->fit->subjects[start->subject];
    const char *who = subject->id[0] != '\0' ? subject->id : study->arms[subject->arm].name;
    if (start->outcome.kind != OUTCOME_DONE) {
        outcome_print(&start->outcome, study->model, &text);
        while (text.length > 0 && text.data[text.length - 1] == '\n') {
            text.data[--text.length] = '\0';
        }
        cli_complain("the start cannot be simulated: '%s': %s", who, text.data);
    } else {
        cli_complain("the start has no likelihood: a prediction of '%s' is not finite, or has no "
                     "spread (a proportional error at 0, the logarithm of 0)",
                     who);
    }
}

static int write_results(FitCall *call, bool stopped)
{
    FitResult *result = &call->result;
    fit_summary(call->study->fit, result, call->cli->arena, &call->summary);
    int code = fit_write_tables(call);
    code = code == CLI_OK ? fit_write_study(call) : code;
    if (code == CLI_OK && !stopped) {
        code = fit_write_figures(call);
    }
    return code;
}

static int report(FitCall *call)
{
    Cli *cli = call->cli;
    Text text = text_new(cli->arena);
    if (option_given(&cli->arguments, "json")) {
        text_string(&text,
                    fit_json(call->study, &call->summary, cli_command_line(cli), cli->arena));
    } else if (!option_given(&cli->arguments, "quiet")) {
        fit_print(call->study, &call->summary, &text);
    }
    cli_print(cli, &text);
    cli_say(cli, "wrote %s/: %d files, fitted.cfg and fit.json among them", call->folder,
            call->file_count);
    SearchStatus status = call->result.starts[call->result.best].status;
    return status == SEARCH_CONVERGED ? CLI_OK : CLI_FAILED;
}

static int end(FitCall *call, FitStatus status, int error, const char *journal)
{
    switch (status) {
    case FIT_FILE:
        cli_complain("cannot write '%s': %s", journal, strerror(error));
        return CLI_FILE;
    case FIT_SOLVER:
        cli_complain("a thread cannot be started: %s", strerror(error));
        return CLI_BUG;
    case FIT_REFUSED:
        complain_start(call);
        (void)unlink(journal);
        return CLI_FAILED;
    case FIT_STOPPED:
    case FIT_DONE:
        break;
    }
    bool stopped = status == FIT_STOPPED;
    int code = call->result.best >= 0 ? write_results(call, stopped) : CLI_OK;
    if (stopped) {
        cli_complain("interrupted; %s; --resume goes on", call->result.best >= 0
                                                              ? "the best so far is written"
                                                              : "nothing is known yet");
        return interrupt_code();
    }
    if (code == CLI_OK && interrupt_code() == 0) {
        (void)unlink(journal);
        return report(call);
    }
    return interrupt_code() != 0 ? interrupt_code() : code;
}

static int run_fit(Cli *cli)
{
    FitCall call = {.cli = cli};
    int code = fit_call_open(&call, "fit");
    if (code != CLI_OK) {
        return code;
    }
    const char *journal = file_join(cli->arena, call.folder, "fit.journal");
    code = open_journal(&call, journal);
    if (code != CLI_OK) {
        return code;
    }
    bool live = cli->terminal && !option_given(&cli->arguments, "quiet");
    FitOptions how = {.jobs = call.jobs,
                      .journal = call.journal,
                      .stop = interrupt_flag(),
                      .progress = live ? show_line : NULL,
                      .context = &call};
    interrupt_catch();
    FitStatus status = fit_run(call.study, &how, cli->arena, &call.result);
    int error = errno;
    journal_close(call.journal);
    return end(&call, status, error, journal);
}

const Command command_fit = {
    .name = "fit",
    .run = run_fit,
    .summary = "estimate the free parameters of a study from data",
    .operands = "STUDY.cfg [OPTION]...",
    .operands_min = 1,
    .operands_max = 1,
    .examples =
        "  stroma fit params/fitting/oral.cfg                 writes out/oral-fit/\n"
        "  stroma fit params/fitting/oral.cfg --starts 20     twenty starts, the best of them\n"
        "  stroma fit params/fitting/oral.cfg --resume        go on where it was stopped\n",
    .options = options,
};
