/* read_fit.h: what the readers of the group `fit` share.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_PARAMS_READ_FIT_H
#define STROMA_PARAMS_READ_FIT_H

#include "params/reader.h"
#include "study/fit.h"

typedef struct {
    Reader *reader;
    Entry *group; // fit
    Fit *fit;
    Names *names;   // of observables, as the data call them
    double *factor; // (observable_count) from the unit of the data to that of the model
    const Names *ignored;
    int errors_before; // of the study, before its fit is read
} FitReader;

/* read_fit_observe.c: fit->observables. */
void read_fit_observe(FitReader *fit);
/* read_fit_data.c: fit->subjects and fit->data. */
void read_fit_data(FitReader *fit);
/* read_fit_moments.c: the moments of the subjects of a table; sided: it has a column at_dose. */
void fit_table_moments(FitReader *fit, bool sided);
/* read_fit_parameter.c: fit->parameters, once the subjects are known. */
void read_fit_parameters(FitReader *fit);
/* read_fit_words.c: our word for what another tool calls so, or NULL. */
const char *fit_column_word(const char *word);
const char *fit_error_word(const char *word);
const char *fit_method_word(const char *word);
bool fit_is_of_doses(const char *column);       // a column of a data file with doses
bool fit_is_of_populations(const char *method); // a method for random effects
/* Room for one more; returns its index. */
int add_fit_parameter(FitReader *fit, FitParameter parameter);

#endif
