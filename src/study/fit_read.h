/* fit_read.h: fit.json read back, as far as comparing fits needs it.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_STUDY_FIT_READ_H
#define STROMA_STUDY_FIT_READ_H

#include "base/arena.h"

#include <stdbool.h>

typedef struct {
    const char *folder; // set by the caller
    const char *data_hash, *model_hash, *status;
    const char *time_unit;
    const char **observables, **units; // (observable_count)
    int observable_count;
    const char **names; // (name_count) of what was estimated
    int name_count, parameters, values;
    double minus_two_log, aicc, bic; // aicc: HUGE_VAL where there is none
} FitRead;

/* False: *why says what is wrong with the file (static text or in the arena). */
bool fit_read(Arena *arena, const char *path, FitRead *fit, const char **why);

#endif
