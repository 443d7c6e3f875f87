/* population.h: runs the virtual subjects of a study and makes their results.
 *
 *   plan_new  ->  population_run (or population_merge)  ->  summary_write, contrast_write, ...
 *
 * A Plan divides the work into units: pack p of arm a, W subjects side by side in the order of
 * their numbers. Units run on threads, in any order, into a spool (spool.h); the results are then
 * read from it in the order of subjects. Nothing that is kept in memory grows with subjects ×
 * times: a few bytes for each subject and unit, and blocks of fixed size.
 *
 * Bits: the subjects of a pack share the solver's steps, so what a subject's numbers are depends on
 * the width and on who else is in the pack, and on nothing else.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_STUDY_POPULATION_H
#define STROMA_STUDY_POPULATION_H

#include "study/run.h"
#include "study/spool.h"
#include "table/hdf5.h"

/* Rows of a unit behind those of outputs × times: for each output these two. */
enum { EXTRA_AREA, EXTRA_PEAK, EXTRA_COUNT };

typedef struct {
    Arena *arena;
    const Study *study;
    const Population *population;
    const Tape *tape;
    int width;      // lanes of a pack
    int pack_count; // of one arm
    int unit_count; // arm_count × pack_count; unit = arm × pack_count + pack
    int rows;       // output × time_count + time, then output × EXTRA_COUNT + extra
    char hash[SPOOL_HASH_SIZE];
    double *levels; // (level_count) quantiles of summary.csv: the study's, 0.5, those of bands
    int level_count;
    int *attempts;  // (size) draws that were refused before the one that is used
    Spool **spools; // (spool_count) where the units are
    int spool_count;
} Plan;

typedef struct {
    int jobs;               // threads, 0: all cores
    int shard, shard_count; // 1 of 1: all units
    bool resume;            // go on with the spool that is there
    const char *folder;     // where the spool goes
    const char *call;       // kept in the spool, for merging
    const volatile int *stop;
    // Called by the calling thread about ten times a second; may be NULL.
    void (*progress)(void *context, long done, long total);
    void *context;
} PopulationOptions;

typedef enum {
    POPULATION_DONE,
    POPULATION_STOPPED, // what is done is kept: resume
    POPULATION_FILE,    // a file cannot be read or written
    POPULATION_OTHER,   // the spool belongs to another study
    POPULATION_MISSING, // a shard is not there or not complete
    POPULATION_REFUSED, // no draw satisfies `accept`
    POPULATION_SOLVER   // the solver library cannot be set up
} PopulationStatus;

/* How the subjects ended. */
struct PopulationCounts {
    ArmCount *arms; // (arm_count)
    double refused; // draws that `accept` refused
    SolverStats stats;
};

/* Divides the work. lanes: 0 chosen. The Plan lives in `arena`. */
Plan *plan_new(const Study *study, int lanes, Arena *arena);

/* Runs what is not there yet. When it is not DONE, `words` says why in one sentence. */
PopulationStatus population_run(Plan *plan, const PopulationOptions *options, Text *words);

/* Opens the `count` shards in a folder instead of running. */
PopulationStatus population_merge(Plan *plan, const char *folder, int count, Text *words);

/* Removes the spools: call it when the results are complete. */
void population_clean(Plan *plan);
void population_close(Plan *plan);

/* One subject (from 0), in the pack it belongs to: the same bits as in the whole run. The table
 * holds its rows, arm by arm. */
PopulationStatus population_subject(Plan *plan, int subject, Arena *arena, RunResult *result,
                                    Text *words);

/* The subject with that id, or -1. */
int plan_find(const Plan *plan, double id);

/* The numbers of a subject in an arm: the arm's own, with what is drawn put in place. */
void plan_draw(const Plan *plan, int arm, int subject, int attempt, double *parameters,
               double *covariates);
/* Subjects of a pack: how many, and the first. */
int plan_subjects(const Plan *plan, int pack, int *first);
/* The spool that holds a unit. */
const Spool *plan_spool(const Plan *plan, int unit);
/* Rows first .. of an arm for all subjects: values[row × size + subject]. False: errno. */
bool plan_read(const Plan *plan, int arm, int first, int count, double *values);
/* Does a lane that failed still have numbers at this output time? values: (rows × width). */
bool plan_row_is_there(const Plan *plan, const double *values, int time, int lane);
/* Index of the median among the levels. */
int plan_median(const Plan *plan);
/* How many rows to read at once so that `blocks` blocks stay within the memory set aside. */
int plan_block(const Plan *plan, int blocks);

/* accept.c: for the packs of which `wanted` is set: the first draw of each subject that satisfies
 * every condition, into plan->attempts. */
PopulationStatus accept_run(Plan *plan, const PopulationOptions *options, const bool *wanted,
                            Text *words);

/* Counts over all records of the spools. False: errno. */
bool population_count(const Plan *plan, Arena *arena, struct PopulationCounts *counts);

/* What the manifest and the report need: schedules of the arms' own numbers, statistics, counts. */
void population_result(const Plan *plan, const struct PopulationCounts *counts, Arena *arena,
                       RunResult *result);

/* results.c: tables in the order of arms and subjects. False: errno says why. */
bool population_write_outcomes(const Plan *plan, int jobs, const char *path);
bool population_write_subjects(const Plan *plan, int jobs, const char *path);
bool population_write_individuals(const Plan *plan, int jobs, int columns, const char *path);
/* The same as HDF5 (single.c). */
bool population_write_hdf5(const Plan *plan, int columns, const Hdf5Library *library,
                           const char *path);

/* summary.c, contrast.c. medians (may be NULL; study_table) gets a row for each arm and time. */
bool population_write_summary(const Plan *plan, int jobs, const char *path, Table *medians);
bool population_write_contrast(const Plan *plan, int jobs, const char *path);
/* Is this arm set against that one? */
bool contrast_is_made(const Study *study, int arm, int reference);
/* "p05" for 0.05. */
const char *level_name(Arena *arena, double level);

#endif
