/* schedule.h: the dated events a regimen expands to, for one subject.
 *
 * Lag and fraction of each target are known here (they depend on no state), so a schedule is
 * complete before the integration starts. Order at one instant: infusion ends, then doses in the
 * order written. Additional doses are at time + k × interval, computed so, never accumulated.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_DOSE_SCHEDULE_H
#define STROMA_DOSE_SCHEDULE_H

#include "base/arena.h"
#include "base/text.h"
#include "dose/regimen.h"

typedef enum { EVENT_INFUSION_END, EVENT_BOLUS, EVENT_INFUSION_START, EVENT_STEADY } EventKind;

typedef struct {
    double time;
    EventKind kind;
    int state;
    double amount; // bolus: what enters (fraction applied); infusion: total that will enter
    double rate;   // infusion: what enters per unit time (start and end carry the same)
    int dose;      // index in the regimen
    int repeat;    // 0 .. count-1
    int target;    // which target of the route
} ScheduleEvent;

typedef struct {
    ScheduleEvent *events; // sorted by time, then kind, then order written
    int count;
    double scheduled; // Σ amount × fraction that will enter if the run goes to the end
} Schedule;

/* What a route does with a dose given at `time`: filled by the caller for each target. */
typedef struct {
    int target_count; // ≤ SCHEDULE_MAX_TARGETS
    int state[8];
    double fraction[8]; // value at time + lag
    double lag[8];      // value at time
    double rate;        // modelled rate, modelled duration: 0 where none
    double duration;
} RouteValues;
enum { SCHEDULE_MAX_TARGETS = 8 };

/* Answers for dose `index` at record time `time`. */
typedef void RouteLookup(void *context, const Dose *dose, double time, RouteValues *values);

/* Expands; events later than `end` are dropped, as are infusion ends beyond it. False when a value
 * makes no sense for this subject (negative lag or fraction, rate or duration not positive):
 * *bad_dose and *reason (static text) say what. Memory from arena. */
bool schedule_expand(Arena *arena, const Regimen *regimen, RouteLookup *lookup, void *context,
                     double end, Schedule *schedule, int *bad_dose, const char **reason);

/* True if both have the same times, so that two arms may share a pack. */
bool schedule_same_times(const Schedule *a, const Schedule *b);

#endif
