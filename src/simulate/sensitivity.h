/* sensitivity.h: derivatives of a pack's states by parameters, initial values and doses.
 *
 * Between stops CVODES carries them (slopes.h). Where the state jumps, or the rates do at a time
 * that depends on a target, they jump too. For y+ = g(y-, p, t) at the time t(p), with the rates f-
 * before and f+ after (Rozenvasser 1967; Galán, Feehery and Barton 1999, Appl. Numer. Math. 31:17):
 *
 *   s+ = ∂g/∂y (s- + f- t') + ∂g/∂p + ∂g/∂t t' - f+ t'
 *
 * What happens at one instant is taken one after the other, in the order in which it happens. All
 * functions here do nothing while nobody has asked for sensitivities. Columns are scaled
 * (slopes.h): an entry is the derivative times the size of the target in that lane.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_SIMULATE_SENSITIVITY_H
#define STROMA_SIMULATE_SENSITIVITY_H

#include "simulate/events.h"
#include "simulate/slopes.h"

/* How an event of the schedule changes with the targets: (count) each, scaled. */
typedef struct {
    double *time, *amount, *rate;
    bool moves; // some `time` is not zero
} EventSlopes;

/* What a lane keeps. Arrays of columns: (count × states). */
typedef struct {
    EventSlopes *events; // (event_count)
    double *first;       // at the start, and where a reset leads if the lane has a home
    double **steady;     // (event_count) of the state of a steady dose, or NULL
    double *instant;     // (count) t' of what happens now
} LaneSlopes;

struct Sensitivity {
    SensitiveTarget *targets;
    int count, room;
    Slopes slopes;
    LaneSlopes *lanes;    // (width)
    double *observed;     // (count × observed × width) in the model's units
    double *switches;     // (switch_count × width) values before this stop
    double *before, *now; // (states) rates of one lane
    double *moved;        // (count) t' of an event of the model
    double *column;       // (states + parameters) scratch
    double *assigned;     // (most assignments × count) what an event assigns
    double *reset;        // (count × states) scratch
    double *cell;         // (edges × width) between which of its changes each surface lies
};

/* sensitivity.c */
bool sensitivity_on(const Pack *pack);
/* For a new load: sizes of the targets; the schedules have been expanded. */
void sensitivity_load(Pack *pack, const SubjectInput *subjects);
/* The columns at the start of a lane, whose state there is known. */
void sensitivity_initial(Pack *pack, int lane, const SubjectInput *subject);
/* The start of a lane becomes its present. */
void sensitivity_begin(Pack *pack, int lane);
void sensitivity_mirror(Pack *pack, int donor, int lane);
/* After integrator_restart. */
void sensitivity_restart(Pack *pack);
/* The present is `time` in the last step. */
void sensitivity_take(Pack *pack, double time);
/* The columns at `time` within the last step, of all lanes (lane -1) or of one, are what is
 * observed next; sensitivity_present: those at the stop. */
void sensitivity_inside(Pack *pack, double time, int lane);
void sensitivity_present(Pack *pack);
/* After PROGRAM_OBSERVE of the pack's slots. */
void sensitivity_observe(Pack *pack);
/* The same of a stage, for the columns that are `due`, in which those lanes stand. */
void sensitivity_observe_in(Pack *pack, const Stage *stage, const int *lane_of, const bool *due);
/* ∂(initial values)/∂(targets) of one lane at `time`: columns (count × states). */
void sensitivity_initial_values(Pack *pack, int lane, double time, double *columns);

/* sensitivity_doses.c: fills lanes[lane].events. */
void sensitivity_doses(Pack *pack, int lane, const Regimen *regimen);

/* What a dose of a cycle brings to a target of its route: the slopes of an EVENT_BOLUS, _START or
 * _END, `time` without that of the record. */
void sensitivity_entry_slopes(Pack *pack, int lane, const Dose *dose, int index,
                              const LaneEvent *event, EventSlopes *slopes);

/* sensitivity_steady.c: */
/* The columns of a state of rest y from those of the state it was looked for from; `inflow` (count
 * × states), or NULL. */
void sensitivity_rest(Pack *pack, int lane, double time, const double *inflow, const double *y,
                      double *columns);
/* Columns for the search of a steady dose's state, NULL without sensitivities. */
double *sensitivity_begin_steady(Pack *pack, int lane);
/* The columns that the record puts in place, or adds: less `rest`. */
void sensitivity_keep_steady(Pack *pack, int lane, const LaneEvent *record, double *columns,
                             const double *rest);

/* sensitivity_jumps.c: around an event of the schedule; at a stop, once its switches are set. */
void sensitivity_before_dose(Pack *pack, int lane, int event);
void sensitivity_after_dose(Pack *pack, int lane, int event);
/* The inflow of a lane anew from the infusions that run. */
void sensitivity_inflow(Pack *pack, int lane);
/* The switches of this stop have been set. */
void sensitivity_switch(Pack *pack, int stop);
void sensitivity_keep_switches(Pack *pack);
/* Rates of a lane at (time, y of the pack), with what runs in. */
void sensitivity_rates(Pack *pack, int lane, double time, double *rates);
/* s += sign × rates × t' of a lane. */
void sensitivity_shift(Pack *pack, int lane, const double *rates, const double *moved, double sign);

/* sensitivity_events.c: around the firing of an event of the model; pack->solo holds the lane. */
void sensitivity_before_event(Pack *pack, int lane, double time, int event);
void sensitivity_before_delayed(Pack *pack, int lane, const Waiting *waiting);
void sensitivity_after_event(Pack *pack, int lane, int event);
void sensitivity_put_off(Pack *pack, int lane, double time, int event, Waiting *waiting);
void sensitivity_open_events(Pack *pack);

/* sensitivity_edges.c: conditions on states that make the rates jump. */
/* True if derivatives are asked for and the rates have such conditions. */
bool sensitivity_has_edges(const Pack *pack);
void sensitivity_open_edges(Pack *pack);
/* At a restart: on which side every lane is. */
void sensitivity_note_edges(Pack *pack, double time);
/* The earliest crossing of a live lane in the part from `first` to `last` of the last step. */
bool sensitivity_crossing(Pack *pack, double first, double last, double *time);
/* The columns of lanes that have crossed at `time`, which is the present, jump. */
void sensitivity_cross(Pack *pack, double time);

/* One entry of the present. */
static inline double *sensitivity_entry(const Pack *pack, int column, int state, int lane)
{
    Slopes *slopes = &pack->sensitivity->slopes;
    return &slopes->s[slope_at(slopes, column, state, lane)];
}

/* Size of a target in a lane. */
static inline double sensitivity_scale(const Pack *pack, int column, int lane)
{
    return pack->sensitivity->slopes.scale[(size_t)column * (size_t)pack->width + (size_t)lane];
}

#endif
