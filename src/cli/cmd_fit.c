/* cmd_fit.c: `stroma fit`: estimates the free parameters of a study.
 *
 * Every round of simulations goes into a journal in the folder of the results; --resume goes on
 * with it. The journal goes when the results are there, as does trace.csv.part, to be followed
 * while it runs. SIGINT ends the search: the best so far is written, and the journal stays.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/fit.h"
#include "cli/interrupt.h"

#include "base/file.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static const Option options[] = {
    {"out", OPTION_VALUE, 'o', false, "DIR",
     "write into DIR (default: out/<name of the study>-fit)"},
    {"set", OPTION_VALUE, 's', true, "PATH=VALUE", "change a number of the study; may be repeated"},
    {"at-dose", OPTION_VALUE, 0, false, "WHICH",
     "values at the time of a dose are compared with: pre, post or records"},
    {"starts", OPTION_VALUE, 0, false, "N", "search from N starts instead of the study's number"},
    {"jobs", OPTION_VALUE, 'j', false, "N", "threads (default: one for each core)"},
    {"resume", OPTION_FLAG, 0, true, NULL, "go on with a fit that was stopped or killed"},
    {"no-render", OPTION_FLAG, 0, true, NULL, "write data and scripts, but no pictures"},
    {"json", OPTION_FLAG, 0, true, NULL, "print fit.json instead of the table"},
    OPTION_QUIET,
    OPTION_HELP,
    OPTION_END,
};

/* --- ends ----------------------------------------------------------------------------------------
 */

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
        fit_complain_start(call);
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
    if (interrupt_code() != 0) {
        cli_complain("interrupted while the results were written; --resume goes on");
        return interrupt_code();
    }
    if (code != CLI_OK) {
        return code;
    }
    (void)unlink(journal);
    fit_warn(call);
    return report(call);
}

static int run_fit(Cli *cli)
{
    FitCall call = {.cli = cli};
    int code = fit_call_open(&call, "fit");
    if (code != CLI_OK) {
        return code;
    }
    const char *journal = file_join(cli->arena, call.folder, "fit.journal");
    code = fit_open_journal(&call, journal);
    if (code != CLI_OK) {
        return code;
    }
    call.live = cli->terminal && !option_given(&cli->arguments, "quiet");
    code = fit_open_trace(&call);
    if (code != CLI_OK) {
        journal_close(call.journal);
        return code;
    }
    FitOptions how = {.jobs = call.jobs,
                      .journal = call.journal,
                      .stop = interrupt_flag(),
                      .progress = fit_follow,
                      .context = &call};
    interrupt_catch();
    FitStatus status = fit_run(call.study, &how, cli->arena, &call.result);
    int error = errno;
    journal_close(call.journal);
    code = end(&call, status, error, journal);
    file_abandon(call.trace); // trace.csv has it
    return code;
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
