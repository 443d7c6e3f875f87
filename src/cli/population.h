/* population.h: `stroma run` of a study with a population, and `stroma merge`.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_CLI_POPULATION_H
#define STROMA_CLI_POPULATION_H

#include "cli/cli.h"
#include "cli/report.h"
#include "study/population.h"

/* What `stroma run` found on its command line. */
typedef struct {
    const Study *study;
    const char *folder;
    int lanes;  // 0: chosen
    int shards; // merge: how many there are; 0: run
    int jobs;   // merge only; 0: all cores, or as --jobs says
    Timings timings;
} PopulationCall;

/* The option table of `run` must be in force. Returns an exit code. */
int population_command(Cli *cli, PopulationCall *call);

/* True if an option was given that only a population has; *name is the first. */
bool population_option_given(const Cli *cli, const char **name);

/* --jobs N; 0 if it was not given, -1 with the complaint made if it makes no sense. */
int population_jobs(const Cli *cli);

/* The command line of `run` without what changes no result (jobs, shard, resume, quiet): as words
 * with SEPARATOR between, and as one could type it. */
enum { POPULATION_SEPARATOR = 0x1f };
const char *population_call_words(const Cli *cli);
const char *population_call_line(const Cli *cli);

/* cmd_run.c: reads the study of the command line and runs it. merged: see PopulationCall; folder:
 * where the results go, or NULL for the usual place. */
int run_call(Cli *cli, int merged, int jobs, const char *folder);
extern const Option run_options[];

/* population_report.c: says how many draws `accept` kept, if there is one. */
void population_accepted(const Cli *cli, const Population *population, double refused);
/* The differences between arms at the end, and of the areas, as lines of a
 * table; empty if there is one arm. */
void population_report(const Plan *plan, const struct PopulationCounts *counts, Text *text);
/* The same as members of the JSON object of report.h. */
void population_json(const Plan *plan, const struct PopulationCounts *counts, Text *text);

#endif
