/* study.h: what is to be run: a model, numbers, arms, doses, output times, outputs and plots.
 *
 * A Study is built by params_read (or by calls of stroma.h) and constant while it runs. Values are
 * in the model's units, times in its time unit. Everything the manifest needs about the origin of a
 * number is kept beside it. SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_STUDY_STUDY_H
#define STROMA_STUDY_STUDY_H

#include "simulate/simulate.h"
#include "study/cohort.h"
#include "study/data.h"
#include "table/points.h"
#include "table/table.h"

/* Where a value came from. */
typedef enum { ORIGIN_MODEL, ORIGIN_STUDY, ORIGIN_ARM, ORIGIN_SET } OriginKind;
typedef struct {
    OriginKind kind;
    Span span;           // of the value (source NULL for a model default without place)
    const char *source;  // the `source` key: evidence and reference, or NULL
    const char *written; // the value as the user wrote it ("0.02 ng/mL"), or NULL
    const char *range;   // the `range` key as written, or NULL
} Origin;

typedef struct {
    const char *name;
    const char *like;         // name of the arm it started from, or NULL
    double *parameters;       // (parameter_count) complete
    Origin *parameter_origin; // (parameter_count)
    double *covariates;       // (covariate_count) complete
    Origin *covariate_origin; // (covariate_count)
    Regimen regimen;
    const char *
        *dose_text; // (regimen.count) one line in words, such as "iv 1.4e+08 cell over 30 min"
    Span span;
} Arm;

/* A column of the results. */
typedef struct {
    NameRef ref;
    const Label *label; // of the model
    Expr expr;
} Output;

typedef struct {
    const char *title;
    int *y; // (y_count) indices into Study.outputs
    int y_count;
    bool logx, logy;
    bool has_band;
    double band[2];      // percentiles, for populations
    bool mean;           // the line of a population is its mean, not its median
    double x_min, x_max; // NAN: not given; likewise y
    double y_min, y_max;
    const char *x_label, *y_label; // NULL: from the units
    double x_factor;               // time units of the model in one unit of the axis
    const char *x_unit;            // its name; NULL: the unit of the model
    const char *file;              // stem of the script and pictures, such as "msc-iv-1-t-cells"
    const Points *points;          // measured values; NULL: none
    Span span;
} Plot;

/* One file that was read, for the manifest. */
typedef struct {
    const char *path;
    const char *hash; // SHA-256
} InputFile;

/* A change made on the command line. */
typedef struct {
    const char *path;
    const char *value;
} Setting;

typedef struct {
    Arena *arena;
    const Model *model;
    const char *name;                        // stem of the file: "ra-iv"
    const char *path;                        // as given
    const char *title;                       // "" if none
    const char *question, *reading, *notice; // words for the report, "" if none
    const char **limits;                     // (limit_count)
    int limit_count;
    double start, end; // in the model's time unit
    double *times;     // (time_count) output times, ascending, unique
    int time_count;
    bool steady_start;
    Arm *arms; // at least one
    int arm_count;
    SolverOptions solver;
    Output *outputs; // the columns of the CSV, then those that only plots use
    int output_count;
    int table_outputs; // how many of them are columns of the CSV
    Plot *plots;
    int plot_count;
    Interpolant *tables; // (model->table_count)
    InputFile *inputs;
    int input_count;
    Setting *settings;
    int setting_count;
    const Population *population; // virtual subjects, the same in every arm; NULL: one per arm
    const DataSet *data;          // subjects of a data file, the same in every arm; or NULL
    const struct Fit *fit;        // fit.h: what is to be estimated; NULL: nothing
    double *quantiles;            // (quantile_count) of summary.csv, ascending, within 0 .. 1
    int quantile_count;           // 0.05 0.25 0.5 0.75 0.95 when not given
} Study;

typedef struct {
    int width;                                    // 0: chosen
    bool separate;                                // each arm in a pack of its own
    int jobs;                                     // threads for a data file, 0: one for each core
    AtDose at_dose;                               // what an output at the time of a dose shows
    const volatile int *stop;                     // set by a signal handler; may be NULL
    void (*progress)(void *context, double done); // 0..1; may be NULL
    void *context;
} RunOptions;

/* Doses of an arm, subjects together: by route and state what should have entered and what did. */
typedef struct {
    LedgerLine *lines;
    int count;
    double worst; // largest |delivered - scheduled| / scheduled of one subject's line
    int late;     // doses that their lag takes beyond the end: they are not in the lines
} ArmLedger;

/* How the subjects of an arm ended, or the rows of a batch in it. */
typedef struct {
    int done, failed;
    int kinds[OUTCOME_COUNT]; // by OutcomeKind
} ArmCount;

/* What a run leaves in memory. */
typedef struct {
    Table *table;        // columns arm, id, time, outputs (all of Study.outputs)
    Outcome *outcomes;   // (arm_count) per arm
    Schedule *schedules; // (arm_count) what was given; empty for an arm that was not begun
    ArmLedger *ledgers;  // (arm_count) the dose ledger; empty with a population
    Outcome *subjects;   // (arm_count × data->count) with a data file, else NULL
    Table *ledger;       // with a data file: a row for each subject, route and state; else NULL
    SolverStats stats;
    bool stopped; // interrupted
    int failed;   // arms (of a batch: rows) that did not get to the end
    double compile_seconds, integrate_seconds;
    const char *isa;
    int width;
    const struct PopulationCounts *population; // population.h; NULL: one subject per arm
    const struct BatchCounts *batch;           // batch.h; NULL: the study's own numbers only
} RunResult;

/* Integrates every arm. False only when the solver library cannot be set up at all. Memory of the
 * result comes from `arena`. Rows come arm by arm in the order of the study. */
bool study_run(const Study *study, const RunOptions *options, Arena *arena, RunResult *result);

/* Schedule of each arm in words: time, what happens, how much, where (`stroma show --schedule`). */
void study_print_schedule(const Study *study, Arena *arena, Text *text);

/* The manifest as JSON text: sorted keys, two blanks, a newline at the end. No clock and no host
 * name are in it; SOURCE_DATE_EPOCH is, if it is set. `command` is the command line. False if a
 * value cannot be written as JSON. */
bool study_manifest(const Study *study, const RunResult *result, const char *command, Arena *arena,
                    Text *text);

#endif
