/* schedule.h: the dated events a regimen expands to, for one subject.
 *
 * Lag and fraction of each target are known here (they depend on no state), so a schedule is
 * complete before the integration starts: what resets and steady states cancel is left out, what
 * the unwritten past of a regimen at steady state still brings is in it. Additional doses are at
 * time + k * interval, computed so, never accumulated.
 *
 * Order at one instant: infusion ends; additional and lagged doses; then the records in the order
 * written (reset, steady state, dose). SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_DOSE_SCHEDULE_H
#define STROMA_DOSE_SCHEDULE_H

#include "base/arena.h"
#include "base/text.h"
#include "dose/regimen.h"

typedef enum {
    EVENT_INFUSION_END,
    EVENT_BOLUS,
    EVENT_INFUSION_START,
    EVENT_STEADY,  // amounts become, or are joined by, those of the steady state
    EVENT_RESET,   // amounts become their initial values, nothing runs any more
    EVENT_REPLACE, // state becomes amount
    EVENT_MULTIPLY // state is multiplied by amount
} EventKind;

typedef struct {
    double time;
    EventKind kind;
    int state;
    double amount; // bolus: what enters (fraction applied); infusion: all that will enter
    double rate;   // infusion: what enters per unit time (start and end carry the same)
    int dose;      // index in the regimen
    int repeat;    // 0 .. count-1; -m: the dose m intervals before a record at steady state
    int target;    // which target of the route
    bool pending;  // an additional or lagged dose: it comes before the records of its instant
    int steady;    // EVENT_STEADY: SteadyKind
    double finish; // infusion start: when it ends, be it after the end of the run
    int total;     // index in totals of what enters
} ScheduleEvent;

/* What should enter a state by one route (or directly: route -1) up to the end of the run. */
typedef struct {
    int route, state;
    double amount;
    double slack; // by which the clock's resolution may change it
} ScheduledAmount;

typedef struct {
    ScheduleEvent *events; // sorted as said above
    int count;
    double scheduled;        // Σ amount × fraction that will enter if the run goes to the end
    ScheduledAmount *totals; // the same by route and state, in the order they are met
    int total_count;
    int late; // doses prescribed within the run that their lag takes beyond its end
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
 * makes no sense for this subject (negative lag or fraction, rate or duration not positive, a
 * steady state without interval): *bad_dose and *reason (static text) say what. Memory from arena.
 */
bool schedule_expand(Arena *arena, const Regimen *regimen, RouteLookup *lookup, void *context,
                     double end, Schedule *schedule, int *bad_dose, const char **reason);

/* The stream of a dose before fractions: how long it lasts and how fast it runs; zeros for a bolus.
 * NULL, or why it makes no sense (static text). */
const char *schedule_stream(const Dose *dose, const RouteValues *values, double *duration,
                            double *rate);

/* True for times that are one instant (relative 1e-12). */
bool schedule_same_instant(double a, double b);

/* True if both have the same times, so that two arms may share a pack. */
bool schedule_same_times(const Schedule *a, const Schedule *b);

#endif
