/* params.h: a study file (libconfig text) to a Study, every complaint with line and column.
 *
 * The contract is params/README.md. Nothing is silently ignored: unknown keys, wrong types, numbers
 * that libconfig would cut off, duplicates and missing units are errors.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_PARAMS_PARAMS_H
#define STROMA_PARAMS_PARAMS_H

#include "study/study.h"

typedef struct {
    const Setting *settings; // --set path=value, in order
    int setting_count;
    const char *at_dose;          // stands for fit.at_dose of a study that has a fit; or NULL
    SearchPath models;            // folders searched for models after the study's own and ./models
    size_t max_bytes;             // results larger than this are refused (default 4 GiB)
    bool lint;                    // warn of what a data file may say and often does not mean
    bool strict;                  // numbers without a unit or a source are warnings
    const Source *const *instead; // texts read in place of the files of their names (edit.h)
    int instead_count;
} ParamsOptions;

ParamsOptions params_options_default(void);

/* Reads a study and its model. NULL if there is any error: diag holds why. */
const Study *params_read(Arena *arena, const char *path, const ParamsOptions *options, Diag *diag);

/* A study of a model alone (no file): its defaults, one arm without doses. */
const Study *params_for_model(Arena *arena, const char *model_path, const ParamsOptions *options,
                              Diag *diag);

/* What a libconfig file is, by its keys. */
typedef enum {
    PARAMS_STUDY,
    PARAMS_NUMBERS, // a set of numbers, to be included by studies
    PARAMS_OTHER
} ParamsKind;
typedef struct {
    ParamsKind kind;
    const char *heading; // the words of the first line of comment, or ""
    int numbers;         // of a set: how many, and how many of them name their source
    int sourced;
} ParamsFile;

/* Looks at a file without reading a model. strict: numbers of a set without unit or source are
 * warnings. False if the text has errors: diag holds why, and the kind is what was understood. */
bool params_look(Arena *arena, const char *path, bool strict, Diag *diag, ParamsFile *file);

/* `stroma explain KEY`: the paragraph on a key of the study language ("arms.doses.amount"), or
 * NULL. */
const char *params_explain(const char *key);
/* Keys known, for completion and the man page. */
int params_keys(const char *const **keys);

#endif
