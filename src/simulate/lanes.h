/* lanes.h: what a pack holds: W subjects side by side, their doses, their fates.
 *
 * A Stage is a set of tape slots with an integrator over them: the pack has one of full width, and
 * one of width 1 for questions about a single lane (switch times, routes, steady states, the trace
 * of a NaN). A lane that is not live (failed, or never loaded) mirrors a live one, so that its
 * numbers stay harmless.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_SIMULATE_LANES_H
#define STROMA_SIMULATE_LANES_H

#include "simulate/cvode.h"

typedef struct {
    const Tape *tape;
    const Kernels *kernels;
    int states, width;
    double *slots;    // (slot_count × width)
    double *y;        // (states × width) where a restart begins, and scratch for outputs
    double *infusion; // (states × width) what runs in, per unit time
    bool *live;       // (width)
    double limit;     // rates are never asked beyond it: the end of the segment, a hair before
    double *bad;      // (width) scratch of the finiteness check
    bool *not_finite; // (width) the rates were not finite when they were asked last
    double bad_time;
    double *bad_y; // (states × width) y at that call
    Integrator *integrator;
} Stage;

/* A schedule's event as the pack runs it. */
typedef struct {
    double time;
    EventKind kind;
    int state;
    double amount, rate;
    int dose, repeat, target;
    int stop;       // index of the stop at which it happens
    double *steady; // EVENT_STEADY: (states) the state to put in place
} LaneEvent;

typedef struct {
    Outcome outcome;
    Schedule schedule;
    LaneEvent *events;
    int event_count, event_capacity;
    int next;    // first event that has not happened
    int *active; // events of the infusions that run
    int active_count;
} Lane;

/* A time at which the integration stops. */
typedef struct {
    double time;
    bool restart; // the model itself jumps there (a switch is found by its value, not here)
} Stop;

struct Pack {
    Arena *arena;  // lives as long as the pack
    Arena *loaded; // rewound by pack_load
    ArenaMark loaded_mark;
    const Tape *tape;
    const Model *model;
    SolverOptions options;
    double *atol; // (states) as the solver uses it
    double rtol;
    int width, states;
    Stage main;
    Stage solo;  // width 1; its integrator is opened when a steady dose asks for it
    Lane *lanes; // (width)
    int count;   // lanes loaded
    double start, end;
    Stop *stops;
    double *stop_times; // the same for pack_stops
    int stop_count;
    double *switch_values; // (switch_count × width) of the current segment
    bool *nested_surface;  // (switch_count) the surface is straight but for jumps
    double *scratch;       // (states × width)
    SolverStats stats;
};

/* Opens a stage without integrator. */
void stage_open(Stage *stage, Arena *arena, const Tape *tape, const Kernels *kernels, int width);
/* False if SUNDIALS cannot be set up. */
bool stage_integrate(Stage *stage, Arena *arena, const SolverOptions *options, double rtol,
                     const double *atol);
/* For an IntegratorProblem; the context is a Stage. dy/dt at (time, y); false if not finite in a
 * live lane. */
bool stage_rates(void *context, double time, const double *y, double *rates);
const double *stage_jacobian(void *context, double time, const double *y);
void stage_set_time(Stage *stage, double time);
void stage_set_state(Stage *stage, const double *y);
/* SWITCH slots as they are at `time`; true if any live lane's changed. */
bool stage_set_switches(Stage *stage, double time, double *values);
/* Copies the slots of one lane of `from` into stage->slots (width 1). */
void stage_copy_lane(Stage *solo, const Stage *from, int lane);

/* True for times that are one instant (relative 1e-12). */
bool same_time(double a, double b);

/* Everything that is due at a stop, for all lanes. True if anything changed. */
bool lanes_apply(Pack *pack, int stop);
/* y and the slots of lanes that are not live become those of a live one. False if none is left. */
bool lanes_mirror(Pack *pack, double *y);
/* The first live lane, or -1. */
int lanes_donor(const Pack *pack);
/* Expands the regimen of a lane; a bad one fails it. */
void lanes_expand(Pack *pack, int lane, const Regimen *regimen);
/* Fraction, lag, rate, duration of a dose through its route; pack->solo holds the lane. */
void lanes_look_up(Pack *pack, const Dose *dose, double time, RouteValues *values);
void lanes_add_event(Pack *pack, int lane, LaneEvent event);
void lanes_sort_events(Lane *lane);

/* Ends a lane. The fault, if wanted, is traced by outcome.c. */
void lane_fail(Pack *pack, int lane, OutcomeKind kind, double time);
/* Finds who is to blame after a failed step and ends those lanes. */
void lanes_blame(Pack *pack, StepStatus status, double time);

/* stops.c: fills pack->stops and the stop of every event. */
void stops_build(Pack *pack);

/* steady.c */
/* f(y) = 0 for one lane from y (stride 1); false: *state is the one that would not rest. `infusion`
 * (states, or NULL) is added to the rates. */
bool steady_rest(Pack *pack, int lane, double time, const double *infusion, double *y, int *state);
/* periodic.c: the events of steady doses of this lane: their states, and what earlier cycles still
 * bring. True if there are any. */
bool steady_doses(Pack *pack, int lane, const Regimen *regimen, const double *y);

/* outcome.c: traces a program of one lane at (time, y); y may be NULL. */
bool outcome_trace(Pack *pack, int lane, ProgramName program, double time, const double *y,
                   TapeFault *fault);

#endif
