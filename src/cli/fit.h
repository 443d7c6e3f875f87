/* fit.h: what `fit`, `profile` and `compare` share: one call, and the files it leaves.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_CLI_FIT_H
#define STROMA_CLI_FIT_H

#include "base/file.h"
#include "cli/cli.h"
#include "params/params.h"
#include "study/fit_summary.h"

typedef struct {
    Cli *cli;
    ParamsOptions params;
    Study *study; // a copy of what was read: --starts changes its fit
    const char *folder;
    int jobs;
    Journal *journal;
    FitResult result;
    FitSummary summary;
    const char **files; // (file_count) written, in order
    int file_count;
    size_t file_room;
    bool rendered;
    OutFile *trace; // what is known of trace.csv while it runs
    bool live;      // on a terminal, too
    double shown;   // when a line of progress was drawn last
} FitCall;

/* Reads options and study; an ExitCode. The folder is made. */
int fit_call_open(FitCall *call, const char *ending);

/* Opens the journal (--resume: goes on with it); an ExitCode. */
int fit_open_journal(FitCall *call, const char *path);
/* Why no start can be simulated. */
void fit_complain_start(const FitCall *call);
/* Warns if the standard errors are not those of the information that they should be of. */
void fit_warn(const FitCall *call);

/* fit_trace.c. FitOptions.progress: a line an iteration on a terminal; one in trace.csv.part, and
 * on a terminal if the call is live. */
void fit_show_line(void *context, int start, const TraceLine *line);
void fit_follow(void *context, int start, const TraceLine *line);
/* Begins trace.csv.part; an ExitCode. It is in the call, to be abandoned in the end. */
int fit_open_trace(FitCall *call);

/* fit_files.c: an ExitCode each; complaints are said. */
int fit_write_tables(FitCall *call);
int fit_write_curves(FitCall *call);
int fit_write_trace(FitCall *call);
int fit_write_text(FitCall *call, const char *name, const char *text);
int fit_write_table(FitCall *call, const char *name, const Table *table);
int fit_write_study(FitCall *call);

/* fit_figures.c */
int fit_write_figures(FitCall *call);

#endif
