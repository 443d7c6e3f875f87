/* report.h: what a run says on stdout: per arm each plotted output at start, peak and end.
 *
 * As a table for people, or as one JSON object for programs (schema "stroma.run/1", see
 * stroma-run(1)).
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_CLI_REPORT_H
#define STROMA_CLI_REPORT_H

#include "study/study.h"

/* Seconds spent; negative: not asked for. */
typedef struct {
    double parse, compile, integrate, write, render;
} Timings;

/* What the JSON object tells besides the results. */
typedef struct {
    const char *folder;
    const char *const *files; // (file_count) names inside the folder, in the order written
    int file_count;
    const char *more;       // further members, as text; NULL: none
    const Timings *timings; // NULL: left out, so that the text is reproducible
} ReportExtras;

void report_table(const Study *study, const RunResult *result, Text *text);
void report_json(const Study *study, const RunResult *result, const ReportExtras *extras,
                 Text *text);
void report_timings(const Timings *timings, Text *text);

#endif
