/* events.h: what a model's events do to the lanes of a pack.
 *
 * An event fires in a lane at the instant its condition becomes true there. Conditions on time
 * alone change at stops, which the pack knows beforehand; the others are looked for in each step:
 * the conditions of all lanes are evaluated at several points of the interpolant, the first
 * crossing of any lane is located to the last places, and the whole pack goes on from there. So
 * every lane has its own times, at the price of a restart for all.
 *
 * What is true at the start has not become true, and does not fire. An event that has fired is
 * ready again when its condition has been false by more than rounding. Events of one instant run
 * one after the other, higher priority first, then in the order of the model; each computes all its
 * values before it assigns any. With a delay the values are those of the instant that triggered it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_SIMULATE_EVENTS_H
#define STROMA_SIMULATE_EVENTS_H

#include "simulate/lanes.h"

/* NULL if the model has no events; all functions below then do nothing. */
Events *events_open(const Pack *pack);

/* For a new load. */
void events_load(Pack *pack);
/* At a stop, before the doses: lanes that begin there take note of what is true, in the others
 * events whose conditions depend on time alone fire. True if a lane was touched: the solver is to
 * restart. */
bool events_arrive(Pack *pack, double time);
/* At a stop or at a crossing, after the doses: everything that is due, until nothing more becomes
 * true. Conditions that become true up to `ahead` (inside the last step) do so at this instant. */
bool events_fire(Pack *pack, double time, double ahead);
/* The earliest crossing of a live lane in the step from `first` to `last`. */
bool events_crossing(Pack *pack, double first, double last, double *time);
/* The earliest time, up to `end`, at which a delayed event is due. */
double events_until(const Pack *pack, double end);
/* An output or a stop has been passed: lanes may fire again as often as steps are allowed. */
void events_pass(Pack *pack);
/* A reset: what waits in this lane is cancelled. */
void events_cancel(Pack *pack, int lane);

/* ---- between events.c and crossed.c ---- */

/* A delayed event that has been triggered. */
typedef struct {
    double time, priority;
    int event;
    double *values; // one for each assignment
    double *slopes; // sensitivity_events.c: t', then the derivatives of the values
} Waiting;

enum { WAITING_MOST = 32, EVENT_SAMPLES = 3 };

struct Events {
    int count;
    bool some_state; // some test depends on a state
    bool some_time;  // some such test depends on time too
    bool *timed;     // (count) the test depends on no state
    int *first;      // (count) first output in PROGRAM_ASSIGN
    bool *ready;     // (count × width) may fire
    bool *due;       // (count × width) becomes true now
    bool *early;     // (count × width) has fired up to an instant before its test becomes true
    double until;    // where that instant ends
    bool *queued;    // (count) scratch of one lane, as is priority
    double *priority;
    Waiting *waiting;               // (width × WAITING_MOST); NULL if no event has a delay
    int *waiting_count;             // (width)
    bool *begun;                    // (width)
    int *at_once;                   // (width) fired since `since`
    double *since;                  // (width)
    long *passed;                   // (width) fired since the last output or stop
    double *surface[EVENT_SAMPLES]; // (count × width) at the latest sample points, the newest last
    double time[EVENT_SAMPLES];
    int sampled;
};

/* Tests and surfaces of all lanes at (time, y); they are then read with events_output. */
void events_probe(Pack *pack, double time, const double *y);
static inline double events_output(const Pack *pack, int event, int which, int lane)
{
    const double *row = tape_output(pack->tape, PROGRAM_EVENTS, pack->main.slots,
                                    event * TRIGGER_OUTPUTS + which, pack->width);
    return row[lane];
}
/* After a probe: events whose tests are clearly false may fire again, and the surfaces are kept as
 * the latest sample. */
void events_sample(Pack *pack, double time);

#endif
