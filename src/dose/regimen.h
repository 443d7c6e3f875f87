/* regimen.h: doses as they were prescribed.
 *
 * Amounts are absolute, in the unit of the route's first target (per-kg amounts have been
 * multiplied by the covariate before). Times are in the model's time unit. Semantics: NONMEM's, see
 * schedule.h. SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_DOSE_REGIMEN_H
#define STROMA_DOSE_REGIMEN_H

#include "base/source.h"

#include <stdbool.h>

typedef enum {
    DOSE_BOLUS,
    DOSE_INFUSION_DURATION, // amount over `duration`: rate = fraction × amount / duration
    DOSE_INFUSION_RATE,     // at `rate`: lasts fraction × amount / rate
    DOSE_MODEL_RATE,        // rate from the route (NONMEM RATE = -1)
    DOSE_MODEL_DURATION     // duration from the route (NONMEM RATE = -2)
} DoseKind;

typedef struct {
    DoseKind kind;
    int route; // index of the model's route, or -1: into `state` directly
    int state; // if route is -1
    double amount;
    double time;     // of the first
    double duration; // DOSE_INFUSION_DURATION
    double rate;     // DOSE_INFUSION_RATE
    int count;       // 1 or more: doses at time + k * interval
    double interval;
    bool steady; // the first finds the steady state of this regimen (SS = 1)
    // 1 + index of the covariate by which the amount (rate) was multiplied, 0: none. A subject of a
    // population with another body weight gets another amount.
    int amount_by, rate_by;
    Span span; // where it was written
} Dose;

typedef struct {
    Dose *doses; // in the order written
    int count;
} Regimen;

#endif
