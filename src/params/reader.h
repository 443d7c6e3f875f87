/* reader.h: what the readers of a study share: where they are, and how a quantity is read.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_PARAMS_READER_H
#define STROMA_PARAMS_READER_H

#include "params/keys.h"
#include "params/params.h"

typedef struct {
    Arena *arena;
    Diag *diag;
    const ParamsOptions *options;
    Config *config;
    const Model *model;
    Study *study;
    const char *folder;     // of the study
    SearchPath search;      // for models: ./models, ../models, those of the options
    const Arm *base;        // the values of the study itself, while its arms are read
    bool model_alone;       // no study file: defaults of the model
    const Source *patients; // the table of subjects, or NULL
    const Source **points;  // (point_files) tables of measured values
    int point_files;
    bool arms_wrong; // a complaint was made before the population was read
} Reader;

/* What a quantity should be: its unit, its name in messages, where it was declared. */
typedef struct {
    Unit unit;
    const char *name;
    Span declared;     // source NULL: nowhere
    const char *owner; // what was declared there, such as a route; NULL: it itself
} Want;

/* A quantity as written. */
typedef struct {
    double number;
    bool has_unit;
    Unit unit;
    Span unit_span;
} Amount;

/* --- params.c: the text of a study and nothing further, for those who edit it. False: reported. */
bool open_study(Reader *reader, Arena *arena, const char *path, const ParamsOptions *options,
                Diag *diag);
/* --- read_values.c */
bool read_unit(Reader *reader, Entry *entry, size_t from, size_t length, Unit *unit);
/* Number and unit of a number or a text; false: reported. */
bool read_amount(Reader *reader, Entry *entry, const Want *want, Amount *amount);
/* In the unit wanted; false: reported. */
bool read_quantity(Reader *reader, Entry *entry, const Want *want, double *value);
/* value × the factor to the unit wanted; `where` for the complaint. */
bool convert_unit(Reader *reader, Span where, Unit from, const Want *want, double *value);
/* A time, in the model's time unit. */
bool read_when(Reader *reader, Entry *entry, const char *name, double *value);
/* The values that `group` (may be NULL) gives to parameters or covariates go into arm. */
void read_parameters(Reader *reader, Entry *group, OriginKind origin, Arm *arm);
void read_covariates(Reader *reader, Entry *group, OriginKind origin, Arm *arm);
/* The words of a number with a unit: "0.5 day". */
const char *quantity_words(Reader *reader, double value, Unit unit);
/* "a state", "a parameter" ... */
const char *kind_words(NameKind kind);
/* A note with the place of declaration, if there is one. */
void note_declared(Reader *reader, const Want *want);

/* --- read_named.c: a group whose members are quantities of the model by name */
typedef struct {
    unsigned kinds;    // 1u << NAME_PARAMETER | ...
    const char *words; // "parameter or covariate"
    void (*read)(void *context, Entry *entry, NameRef ref);
    void *context;
} Named;
/* `read` gets every member that is one; whatever else is there is reported. */
void read_named(Reader *reader, Entry *group, const Named *named);
/* Is the entry of that full name a group for the quantities of a module? */
bool is_module(const Reader *reader, unsigned kinds, const Entry *entry, const char *name);
/* Hints at the name that may have been meant, behind a report; returns it if it is of this level.
 */
const char *hint_name(Reader *reader, unsigned kinds, const char *prefix, const Entry *entry);
/* --- read_arm.c: fills study->arms */
void read_arms(Reader *reader);
/* --- read_dose.c: the doses of a list for an arm whose covariates are known */
void read_doses(Reader *reader, Entry *list, Arm *arm);
/* --- read_time.c */
void read_span_of_time(Reader *reader); // start and end
void read_output_times(Reader *reader); // after arms and outputs: the size of the result is checked
/* --- read_study.c */
const Model *read_model(Reader *reader);
/* The file of the model of that name, or NULL. */
const char *find_model(Reader *reader, const char *name);
void read_study(Reader *reader);
/* Names of the output `name` for plots: its index in study->outputs, added if need be; -1:
 * reported. */
int find_output(Reader *reader, Entry *entry);
/* --- read_solver.c */
void read_solver(Reader *reader);
void check_native(Reader *reader); // once population and data are known
/* --- read_data.c: study->data, before the times; then what can be said once the arms are known */
void read_data_key(Reader *reader);
void check_data_key(Reader *reader);
/* --- read_plot.c */
void read_plots(Reader *reader);
/* --- read_points.c: plot->points */
void read_plot_points(Reader *reader, Entry *group, Plot *plot);
/* --- read_table.c */
void read_tables(Reader *reader);
/* --- read_population.c: after the arms */
void read_population(Reader *reader);
/* --- read_vary.c */
void read_vary(Reader *reader, Entry *group, Population *population);
/* Index of a level in levels + 1, 0 for the patient; -1: unknown. */
int find_level(const Population *population, const char *name);
/* True (reported at `where`) if an arm or --set gives the quantity a value that the population
 * would replace: "`words`, so the value of ... would have no effect". */
bool refuse_own_values(Reader *reader, NameRef ref, Span where, const char *words);
/* --- read_correlation.c */
void read_correlation(Reader *reader, const Entry *list, Population *population);
/* Lower factor of a (count x count) matrix; false: not positive definite from row *failed on. */
bool cholesky(const double *matrix, int count, double *factor, int *failed);
/* --- read_patients.c */
void read_patients(Reader *reader, Entry *group, Population *population);
/* The path that a key gives: relative to the file in which it is written, like an @include. */
const char *beside_file(const Reader *reader, const Entry *file);
/* The path of a data file, from the folder of the study; NULL: it is not there, which is said. */
const char *data_file(const Reader *reader, const Entry *file);
/* The line of a row of a CSV (-1: the header); `otherwise` if quotes make lines uncertain. */
Span row_of_file(const Source *source, long row, Span otherwise);
/* --- look.c: warnings for numbers without a source or a unit: of a group, of the whole study */
void lint_values(Diag *diag, const Entry *group);
void lint_sources(Reader *reader);
/* --- read_fit.c: study->fit, last of all */
void read_fit(Reader *reader);
/* --- lint_times.c */
void lint_times(Reader *reader);
/* --- set.c: changes of the command line; those of `model` before the model is known */
void apply_settings(Reader *reader, bool of_model);

#endif
