/* fit_script.h: a plot of a fit from its template: script and pictures.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_CLI_FIT_SCRIPT_H
#define STROMA_CLI_FIT_SCRIPT_H

#include "cli/fit.h"
#include "table/gnuplot.h"

typedef struct {
    const char *template_name; // plots/<name>.gp
    const char *stem;
    const char *title;
    const Placeholder *own; // (own_count) beside HEADLINE, COMMAND, SCRIPT, TITLE, OUT
    int own_count;
} FitScript;

/* Writes the script and, unless --no-render was given, its pictures. An ExitCode. */
int fit_script_write(FitCall *call, const FitScript *script);

#endif
