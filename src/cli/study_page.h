/* study_page.h: the report on a study: what it asks, its arms, what came out, on what numbers it
 * rests, what it does not say (`stroma report`).
 *
 * Words of people come from the study (question, reading, limits, notice); all numbers from the
 * run. SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_CLI_STUDY_PAGE_H
#define STROMA_CLI_STUDY_PAGE_H

#include "cli/cli.h"
#include "cli/page.h"
#include "study/population.h"
#include "table/gnuplot.h"

/* What the report is about. */
typedef struct {
    Cli *cli;
    const Study *study;
    const RunResult *result; // its table holds medians if there is a population
    const Plan *plan;        // NULL: one subject an arm
    const Figure *figures;
    int figure_count;
    bool rendered; // the pictures are there
    const char *folder;
} StudyPage;

/* Is a report wanted (option --page of `run`, which `report` gives)? */
bool study_page_wanted(const Cli *cli);

/* Writes folder/<study>.html or .md; *name is its name in the folder. An ExitCode. */
int study_page_write(const StudyPage *call, const char **name);

/* --- parts: study_result.c, study_measured.c, study_numbers.c */
void study_page_result(Page *page, const StudyPage *call);
void study_page_measured(Page *page, const StudyPage *call);
void study_page_changes(Page *page, const StudyPage *call); // what the arms differ in
void study_page_numbers(Page *page, const StudyPage *call); // all numbers, the assumed ones first

/* One row of statistics over the subjects of an arm, or of their differences from another. */
typedef struct {
    int count;
    double mean, sd;
    double mean_low, mean_high; // 95 % interval of the mean
    double median;
    double first, last; // the outermost quantiles; of differences NaN
    double above;       // share of subjects above 0
} PageRow;

/* reference: -1, or the arm that is taken off. */
PageRow study_page_row(const Plan *plan, int arm, int reference, int row);

/* A number with four digits. */
const char *study_page_number(Arena *arena, double value);

#endif
