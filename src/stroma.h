/* stroma.h: the library: read a model, describe a study, run it, read the results.
 *
 *     models     stroma_model_...    what the quantities are; constant once read
 *     studies    stroma_study_...    numbers, arms, doses, output times; from a file or by calls
 *     running    stroma_study_run    integrates every arm
 *     results    stroma_table_...    rows and named columns with units
 *     reports    stroma_report_...   what was wrong, in words with file, line and column
 *
 * Objects are opaque. What a function hands out by a pointer argument is the caller's: free it with
 * the _free of its type (NULL is accepted). What a function returns as const char * lives as long
 * as the object it was asked of. Values are in the units of the model, times in its time unit.
 *
 * The library never ends the process because of its input, prints nothing, reads no environment
 * variable but STROMA_PATH, and keeps no global state. Any number of threads may use it; an object
 * that is being changed belongs to one thread at a time. A model never changes. When the system has
 * no memory left, a call returns STROMA_OUT_OF_MEMORY; within the integration itself (which takes
 * all its memory before the first step) the process is ended with one line on stderr.
 *
 * C99 and C++. Link with -lstroma; flags: pkg-config stroma. The example is tests/unit/example.c.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_H
#define STROMA_H

#include <stddef.h>

#if defined(__GNUC__)
#define STROMA_API __attribute__((visibility("default")))
#else
#define STROMA_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- status ---------------------------------------------------------------------------------- */

typedef enum {
    STROMA_OK = 0,
    STROMA_SOME_FAILED,   /* it ran, but some arm did not get to the end; the table is there */
    STROMA_STOPPED,       /* it was stopped; the table has the rows so far */
    STROMA_BAD_MODEL,     /* the model's text is wrong; the report says where */
    STROMA_BAD_STUDY,     /* the study is wrong or incomplete; the report says why */
    STROMA_NO_SUCH_NAME,  /* no parameter, state, route, arm ... of that name */
    STROMA_BAD_ARGUMENT,  /* a number or a combination that makes no sense */
    STROMA_CANNOT_WRITE,  /* errno says why */
    STROMA_OUT_OF_MEMORY, /* nothing was changed that could not be freed as usual */
    STROMA_NO_SOLVER      /* the solver library cannot be set up */
} stroma_status;

/* One sentence for a status. Constant text; any thread. */
STROMA_API const char *stroma_status_text(stroma_status status);

/* The version, such as "0.1.0". Constant text; any thread. */
STROMA_API const char *stroma_version(void);

/* ---- reports --------------------------------------------------------------------------------- */

typedef struct stroma_report stroma_report;

/* An empty report, or NULL if there is no memory. Functions that take a report add to it and accept
 * NULL. The caller frees it. */
STROMA_API stroma_report *stroma_report_new(void);
STROMA_API void stroma_report_free(stroma_report *report);

/* Everything added so far as lines of text ("file:line:col: error M014: ..."), "" if nothing. The
 * text is valid until the report is passed to another function. */
STROMA_API const char *stroma_report_text(const stroma_report *report);

/* Number of errors (warnings do not count). */
STROMA_API int stroma_report_errors(const stroma_report *report);

/* Forgets everything. */
STROMA_API void stroma_report_clear(stroma_report *report);

/* ---- models ---------------------------------------------------------------------------------- */

typedef struct stroma_model stroma_model;

typedef struct {
    const char *const *folders; /* searched for used modules after the folder of the model */
    int folder_count;
} stroma_model_options;

/* No folders. */
STROMA_API stroma_model_options stroma_model_options_default(void);

/* Reads and checks a model file. options may be NULL. On STROMA_OK *model is set and the caller's;
 * on STROMA_BAD_MODEL the report says everything that is wrong. Any thread. */
STROMA_API stroma_status stroma_model_read(const char *path, const stroma_model_options *options,
                                           stroma_report *report, stroma_model **model);

/* The same from text in memory: `length` bytes of UTF-8; `name` stands for the path in messages. */
STROMA_API stroma_status stroma_model_from_text(const char *name, const char *text, size_t length,
                                                const stroma_model_options *options,
                                                stroma_report *report, stroma_model **model);

/* Frees a model; studies made of it must have been freed before. */
STROMA_API void stroma_model_free(stroma_model *model);

/* Name and title as the model gives them ("" if there is no title); the unit of time ("" if none).
 */
STROMA_API const char *stroma_model_name(const stroma_model *model);
STROMA_API const char *stroma_model_title(const stroma_model *model);
STROMA_API const char *stroma_model_time_unit(const stroma_model *model);

typedef enum {
    STROMA_STATE,
    STROMA_PARAMETER,
    STROMA_COVARIATE,
    STROMA_OBSERVABLE,
    STROMA_ROUTE
} stroma_kind;

/* How many quantities of a kind there are, and the index (from 0) of one by name, or -1. */
STROMA_API int stroma_model_count(const stroma_model *model, stroma_kind kind);
STROMA_API int stroma_model_find(const stroma_model *model, stroma_kind kind, const char *name);

/* Name, unit ("" if none) and description ("" if none) of quantity index, 0 <= index < count; NULL
 * outside. Any thread. */
STROMA_API const char *stroma_quantity_name(const stroma_model *model, stroma_kind kind, int index);
STROMA_API const char *stroma_quantity_unit(const stroma_model *model, stroma_kind kind, int index);
STROMA_API const char *stroma_quantity_text(const stroma_model *model, stroma_kind kind, int index);

/* ---- studies --------------------------------------------------------------------------------- */

typedef struct stroma_study stroma_study;

typedef struct {
    const char *const *folders; /* searched for models after the study's own folder and ./models */
    int folder_count;
    const char *const *settings; /* (setting_count pairs) path, value, path, value, ... as --set */
    int setting_count;
} stroma_study_options;

/* No folders, no settings. */
STROMA_API stroma_study_options stroma_study_options_default(void);

/* Reads a study file and its model. options may be NULL. On STROMA_OK *study is the caller's; on
 * STROMA_BAD_STUDY the report says everything that is wrong (in the model as well). Any thread. */
STROMA_API stroma_status stroma_study_read(const char *path, const stroma_study_options *options,
                                           stroma_report *report, stroma_study **study);

/* A study of a model, to be filled by the calls below: parameters and covariates have the defaults
 * of the model, there are no arms, every state and observable is an output, rtol is 1e-6 and atol
 * 1e-9. The model must outlive the study. */
STROMA_API stroma_status stroma_study_new(const stroma_model *model, stroma_study **study);
STROMA_API void stroma_study_free(stroma_study *study);

/* The model of a study; it lives as long as the study. */
STROMA_API const stroma_model *stroma_study_model(const stroma_study *study);

/* Adds an arm. like: name of an arm whose numbers and doses it starts with; NULL: the numbers that
 * all arms share and no doses (only for a study made by stroma_study_new). A name holds no comma,
 * quote, backslash or control character. A study without arms runs as one arm named "all". */
STROMA_API stroma_status stroma_study_add_arm(stroma_study *study, const char *name,
                                              const char *like);
STROMA_API int stroma_study_arm_count(const stroma_study *study);
STROMA_API const char *stroma_study_arm_name(const stroma_study *study, int index);

/* Sets a parameter or a covariate, in its unit; arm NULL means every arm, later ones too. Amounts
 * per kg in a study file were multiplied when it was read: setting the weight does not change them.
 */
STROMA_API stroma_status stroma_study_set_parameter(stroma_study *study, const char *arm,
                                                    const char *name, double value);
STROMA_API stroma_status stroma_study_set_covariate(stroma_study *study, const char *arm,
                                                    const char *name, double value);

typedef struct {
    const char *route; /* a route of the model, or NULL: straight into `state` */
    const char *state;
    double amount;   /* in the unit of the route's first target, or of the state */
    double time;     /* of the first */
    double duration; /* > 0: an infusion over this time */
    double rate;     /* > 0: an infusion at this rate; at most one of the two */
    int modelled;    /* not 0: an infusion with the rate or duration that the route declares */
    int count;       /* 1 or more, `interval` apart */
    double interval;
    int steady; /* not 0: the first dose finds the steady state of this regimen (interval > 0) */
} stroma_dose;

/* One bolus of amount 0 at time 0; route and state are to be filled in. */
STROMA_API stroma_dose stroma_dose_default(void);

/* Adds a dose; arm NULL means every arm, later ones too. Order at one instant: as added. */
STROMA_API stroma_status stroma_study_add_dose(stroma_study *study, const char *arm,
                                               const stroma_dose *dose);

/* From start to end with outputs at `times` (count of them, ascending, within). The array is
 * copied. STROMA_BAD_ARGUMENT if they are not. */
STROMA_API stroma_status stroma_study_set_times(stroma_study *study, double start, double end,
                                                const double *times, int count);

/* Names of states, observables and named intermediate values to record, in this order. */
STROMA_API stroma_status stroma_study_set_outputs(stroma_study *study, const char *const *names,
                                                  int count);

/* Relative and absolute tolerance, both above 0; the absolute one of a single state. */
STROMA_API stroma_status stroma_study_set_tolerances(stroma_study *study, double rtol, double atol);
STROMA_API stroma_status stroma_study_set_state_tolerance(stroma_study *study, const char *state,
                                                          double atol);

/* Not 0: each arm starts in its steady state before the first dose. */
STROMA_API stroma_status stroma_study_set_steady_start(stroma_study *study, int steady);

/* ---- running --------------------------------------------------------------------------------- */

typedef struct stroma_table stroma_table;

typedef struct {
    int lanes;                                    /* arms side by side at most, 1..64; 0: chosen */
    const volatile int *stop;                     /* not 0: stop soon; may be NULL */
    void (*progress)(void *context, double done); /* done from 0 to 1; may be NULL */
    void *context;
} stroma_run_options;

/* Chosen lanes, no stop, no progress. */
STROMA_API stroma_run_options stroma_run_options_default(void);

/* Integrates every arm. options may be NULL. On STROMA_OK, STROMA_SOME_FAILED and STROMA_STOPPED
 * *table is set and the caller's; it needs neither study nor model any more. STROMA_BAD_STUDY if a
 * number or the times are missing. Several threads may run one study that nobody changes. */
STROMA_API stroma_status stroma_study_run(const stroma_study *study,
                                          const stroma_run_options *options, stroma_report *report,
                                          stroma_table **table);

/* ---- results --------------------------------------------------------------------------------- */

STROMA_API void stroma_table_free(stroma_table *table);

/* Rows come arm by arm, in time order. Columns are arm (0), id (1), time (2), then the outputs. */
STROMA_API size_t stroma_table_rows(const stroma_table *table);
STROMA_API int stroma_table_columns(const stroma_table *table);

/* Name and unit ("" if none) of a column, NULL outside; the index of a name, or -1. */
STROMA_API const char *stroma_table_name(const stroma_table *table, int column);
STROMA_API const char *stroma_table_unit(const stroma_table *table, int column);
STROMA_API int stroma_table_find(const stroma_table *table, const char *name);

/* One number (NaN outside the table); in column 0 the index of the arm. */
STROMA_API double stroma_table_value(const stroma_table *table, size_t row, int column);

/* Copies up to `capacity` numbers of a column from its first row on; returns how many. */
STROMA_API size_t stroma_table_column(const stroma_table *table, int column, double *values,
                                      size_t capacity);

/* The arms: how many, their names, how each ended ("done", "step limit" ...), and why in a sentence
 * ("" if it got to the end). NULL outside. */
STROMA_API int stroma_table_arms(const stroma_table *table);
STROMA_API const char *stroma_table_arm(const stroma_table *table, int arm);
STROMA_API const char *stroma_table_outcome(const stroma_table *table, int arm);
STROMA_API const char *stroma_table_reason(const stroma_table *table, int arm);

/* Writes the table as CSV: one header line, numbers with the digits that read back to the same
 * double; the file appears only when it is complete. STROMA_CANNOT_WRITE: errno says why. */
STROMA_API stroma_status stroma_table_write(const stroma_table *table, const char *path);

#ifdef __cplusplus
}
#endif

#endif
