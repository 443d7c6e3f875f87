/* data.h: reads a data file with the columns of NONMEM and Monolix; every finding with its line.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_PARAMS_DATA_H
#define STROMA_PARAMS_DATA_H

#include "study/data.h"

typedef enum {
    BETWEEN_UNSAID,
    BETWEEN_LOCF,
    BETWEEN_NOCB,
    BETWEEN_LINEAR,
    BETWEEN_CONSTANT // it must not vary within a subject
} BetweenRule;

/* The rule that a word names, BETWEEN_UNSAID if none. */
BetweenRule between_rule(const char *word);

typedef struct {
    const char *column;
    BetweenRule rule;
} ColumnRule;

typedef struct {
    const Model *model; // NULL: only what can be known without one
    const char *const *ignore;
    int ignore_count;
    const ColumnRule *rules;
    int rule_count;
    Unit time_unit;   // of TIME, II, DUR; not known: the model's
    Unit amount_unit; // of AMT; not known: the target's
    int route;        // of doses without CMT; -1: the model's only one
    const double
        *covariates; // (covariate_count) of the study, NAN where it has none; NULL: unknown
    bool lint;       // warn of what is allowed and often not meant
} DataOptions;

DataOptions data_options_default(void);

/* NULL if there is any error: diag holds all of them. Without a model the set has no courses and
 * its doses go nowhere: it is for `stroma check`. */
const DataSet *read_data(Arena *arena, const char *path, const DataOptions *options, Diag *diag);

#endif
