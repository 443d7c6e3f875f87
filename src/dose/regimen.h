/* regimen.h: doses as they were prescribed: the records of one subject.
 *
 * A study's `doses` and the records of a data file become the same list. Beside doses it holds what
 * else changes amounts at a given time: resets (EVID 3, and 4 with a dose), replacements (5) and
 * multiplications (6) of a state.
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
    DOSE_MODEL_DURATION,    // duration from the route (NONMEM RATE = -2)
    DOSE_RESET,             // no dose: amounts to their initial values (EVID 3)
    DOSE_REPLACE,           // no dose: `state` becomes `amount` (EVID 5)
    DOSE_MULTIPLY           // no dose: `state` is multiplied by `amount` (EVID 6)
} DoseKind;

typedef enum {
    STEADY_NOT,
    STEADY_REPLACE, // SS = 1: amounts become those at steady state; earlier doses are cancelled
    STEADY_ADD      // SS = 2: what the regimen brings at steady state is added
} SteadyKind;

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
    int steady; // SteadyKind: the first finds the steady state of this regimen
    bool reset; // a reset before the dose (EVID 4)
    // 1 + index of the covariate by which the amount (rate) was multiplied, 0: none. A subject of a
    // population with another body weight gets another amount.
    int amount_by, rate_by;
    Span span; // where it was written
} Dose;

typedef struct {
    Dose *doses; // in the order written: the file order of dosing.md
    int count;
} Regimen;

#endif
