/* fit_call.c: how `fit` and `profile` begin: the study, its folder, the journal; and what they say.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/fit.h"
#include "cli/places.h"
#include "cli/settings.h"

#include "base/file.h"
#include "base/number.h"
#include "study/run.h"

#include <errno.h>
#include <math.h>
#include <string.h>

enum { MOST_JOBS = 1024, MOST_STARTS = 100000 };

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
    int code = cli_refuse_table(cli, path);
    if (code != CLI_OK) {
        return code;
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
    int code = settings_fit_at_dose(cli, &call->params);
    code = code == CLI_OK ? read_study(call, starts) : code;
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
    text_format(&text, "%s\n%s\n%d\n%s\n", STROMA_VERSION, study->fit->hash, study->fit->starts,
                at_dose_word(study->fit->at_dose));
    for (int i = 0; i < study->input_count; i++) {
        text_format(&text, "%s\n", study->inputs[i].hash);
    }
    for (int i = 0; i < study->setting_count; i++) {
        text_format(&text, "%s=%s\n", study->settings[i].path, study->settings[i].value);
    }
    return text.data;
}

int fit_open_journal(FitCall *call, const char *path)
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

/* --- complaints ----------------------------------------------------------------------------------
 */

/* The line of the value that has no likelihood at the start, and what is wrong with it. */
static void complain_value(const FitCall *call, const StartResult *start)
{
    const Fit *fit = call->study->fit;
    const FitDatum *datum = &fit->data[start->datum];
    const FitSubject *subject = &fit->subjects[datum->subject];
    const FitObservable *one = &fit->observables[datum->observable];
    const char *why = !isfinite(start->predicted)     ? "which is no number"
                      : one->error == ERROR_LOGNORMAL ? "which has no logarithm"
                                                      : "around which nothing scatters";
    const char *hint = !isfinite(start->predicted) ? ""
                       : one->error == ERROR_PROPORTIONAL
                           ? "; error = \"combined\" has a part that does not vanish at 0"
                           : "; a value before the first dose is no measurement";
    const char *who = subject->id[0] != '\0' ? subject->id : call->study->arms[subject->arm].name;
    cli_complain("%s:%d: the start has no likelihood: the prediction of '%s' for '%s' at t = %g %s "
                 "is %g, %s%s [%s]",
                 fit->path, datum->line, one->name, who, datum->time,
                 study_unit(call->study->model->time_unit), start->predicted, why, hint,
                 fault_code(FAULT_R041));
}

/* Why a start cannot be simulated. */
void fit_complain_start(const FitCall *call)
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
        cli_complain("the start cannot be simulated: '%s': %s [%s]", who, text.data,
                     fault_code(FAULT_R040));
    } else if (start->datum >= 0) {
        complain_value(call, start);
    } else {
        cli_complain("the start has no likelihood: a prediction or its derivative is not finite "
                     "[%s]",
                     fault_code(FAULT_R041));
    }
}

void fit_warn(const FitCall *call)
{
    const char *why = NULL;
    switch (call->result.information.kind) {
    case INFORMATION_INDEFINITE:
        why = "the Hessian is not positive definite at the estimate";
        break;
    case INFORMATION_UNSURE:
        why = "the Hessian at the estimate cannot be told: its differences do not agree";
        break;
    case INFORMATION_EXPECTED:
    case INFORMATION_OBSERVED:
    case INFORMATION_STOPPED:
        return;
    }
    cli_complain("warning: %s; standard errors are those of the expected information, which is not "
                 "exact for censored values [%s]",
                 why, fault_code(FAULT_R042));
}
