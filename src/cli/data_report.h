/* data_report.h: what a run of a data file says: who failed, and what the values are like.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_CLI_DATA_REPORT_H
#define STROMA_CLI_DATA_REPORT_H

#include "study/study.h"

/* One line on stderr for each subject that failed, the first few only. Nothing without data. */
void data_complain(const Study *study, const RunResult *result, Arena *arena);

/* For each arm the number of subjects and rows, and of each output least, median and largest. */
void data_report(const Study *study, const RunResult *result, Text *text);

#endif
