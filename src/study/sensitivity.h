/* sensitivity.h: how the outputs of a study change with its parameters, initial values and doses.
 *
 * Exact forward derivatives (simulate/), carried beside the states in the same run. All arms are
 * lanes of one pack. With a population the typical subject of each arm is meant.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_STUDY_SENSITIVITY_H
#define STROMA_STUDY_SENSITIVITY_H

#include "study/study.h"

/* By what: a parameter by its name, "initial.STATE", or "dose.N.amount", ".fraction", ".lag",
 * ".duration", ".time" of the N-th dose of each arm. */
typedef struct {
    SensitiveTarget target;
    const char *name; // as above
    const char *unit; // "" if none
    double *value;    // (arm_count) its value in each arm; NAN where it is not one number
    bool *missing;    // (arm_count) of a dose: arms that have no such dose; else NULL
} SensitivityTarget;

/* The target of that name, in `arena`; false if there is none. */
bool sensitivity_find(const Study *study, const char *name, Arena *arena,
                      SensitivityTarget *target);
/* All parameters that are not 0 in every arm; their number. */
int sensitivity_all(const Study *study, Arena *arena, SensitivityTarget **targets);

enum {
    SENSITIVITY_ARM,
    SENSITIVITY_TIME,
    SENSITIVITY_NAME,
    SENSITIVITY_PARAMETER,
    SENSITIVITY_VALUE,      // of the output
    SENSITIVITY_SLOPE,      // ∂output/∂parameter
    SENSITIVITY_NORMALISED, // ∂ln output / ∂ln parameter
    SENSITIVITY_COLUMNS
};

typedef struct {
    Table *table;      // the columns above; row by arm, time, output, target
    Outcome *outcomes; // (arm_count)
    int failed;
    bool stopped; // interrupted
} SensitivityResult;

typedef struct {
    const SensitivityTarget *targets;
    int target_count;
    const double *times; // ascending
    int time_count;
    AtDose at_dose;           // with AT_DOSE_BOTH a time may have two rows, the one before first
    const volatile int *stop; // set by a signal handler; may be NULL
} SensitivityOptions;

/* Runs all arms; the table has the outputs of the study's table at the given times (ascending). The
 * normalised coefficient is NA where the output has all but vanished: below 1e-6 of its largest
 * value in that arm. The model's graph grows. False if the solver cannot be set up. */
bool study_sensitivity(const Study *study, const SensitivityOptions *options, Arena *arena,
                       SensitivityResult *result);

#endif
