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

/* A covariate of a lane that follows the clock. */
typedef struct {
    int lane; // column of the stage
    const CovariateCourse *course;
} Follower;

typedef struct {
    const Tape *tape;
    const Kernels *kernels;
    const NativeCode *native; // or NULL: the tape is interpreted
    int states, width;
    double *slots;    // (slot_count × width)
    double *y;        // (states × width) where a restart begins, and scratch for outputs
    double *infusion; // (states × width) what runs in, per unit time
    bool *live;       // (width)
    double limit;     // rates are never asked beyond it: the end of the segment, a hair before
    bool own;         // the lanes keep their own time: the clock of the walk s is theirs at
                      // origin + scale × s, up to limits
    double *origin, *scale, *limits; // (width)
    double *scaled;                  // (Jacobian entries × width) the Jacobian by that clock
    double *derivative;              // (states × width) the rates by that clock
    double *bad;                     // (width) scratch of the finiteness check
    bool *not_finite;                // (width) the rates were not finite when they were asked last
    double bad_time;
    double *bad_y; // (states × width) y at that call
    Follower *followers;
    int follower_count, follower_room;
    Integrator *integrator;
} Stage;

/* A schedule's event as the pack runs it. */
typedef struct {
    double time;
    EventKind kind;
    int state;
    double amount, rate;
    int dose, repeat, target;
    bool record;    // one of the records of its instant: neither pending nor an infusion's end
    bool adds;      // EVENT_STEADY: `steady` is added
    int total;      // line of the ledger
    int stop;       // index of the stop at which it happens
    double *steady; // EVENT_STEADY: (states) the state to put in place, or to add
} LaneEvent;

typedef struct {
    Outcome outcome;
    Schedule schedule;
    LaneEvent *events;
    int event_count;
    int next;    // first event that has not happened
    int *active; // events of the infusions that run
    int active_count;
    double start, end;         // of this subject
    int first_stop, last_stop; // the same as stops
    bool begun;
    double *first; // (states) the state at the start
    double *home;  // (states) where a reset leads; NULL: the model's initial values at that time
    double *own;   // (parameters, then covariates) of a lane that begins after the others, or NULL
    const CovariateCourse *courses;
    int course_count;
    const Observation *observations;
    int observation_count;
    int observed;  // observations made
    bool due;      // an observation is to be made now
    double *times; // (stop_count) when it reaches each stop, if it keeps its own time
    int grid_next; // likewise: the first output time that it has not passed
    LedgerLine *ledger;
    double *ledger_rest; // (ledger_count) rounding of `delivered`
    int ledger_count;
} Lane;

/* A time at which the integration stops. */
typedef struct {
    double time;
    bool restart; // the model itself jumps there (a switch is found by its value, not here)
    bool acts;    // something may happen there: it is not only a corner of a table
} Stop;

typedef struct Events Events;           // events.h
typedef struct Sensitivity Sensitivity; // sensitivity.h
typedef struct Grid Grid;               // grid.c
typedef struct March March;             // march.c

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
    double span;            // of the segment that is walked, if the lanes keep their own time
    double next_look;       // likewise: nothing is to be recorded in it before
    double *switch_values;  // (switch_count × width) of the current segment
    bool *nested_surface;   // (switch_count) the surface is straight but for jumps
    double *scratch;        // (states × width)
    double *clock, *wanted; // (width) times of own observations
    ObservationSink *observe;
    void *observe_context;
    AtDose at_dose;
    bool at_once;             // outputs of lanes with their own time are handed over lane by lane
    bool *doses_now;          // (width) scratch
    Grid *grid;               // outputs of lanes that keep their own time
    March *march;             // NULL: the lanes share their steps
    BlockLu *resting;         // of width 1, for steady_rest; NULL: not asked for yet
    Events *events;           // NULL: the model has none
    Sensitivity *sensitivity; // NULL: nobody has asked for any
    struct Slopes *cycle_slopes; // columns of the stage of width 1; NULL: not asked for yet
    SolverStats stats;
};

/* Opens a stage without integrator. */
void stage_open(Stage *stage, Arena *arena, const Tape *tape, const Kernels *kernels, int width);
/* The pattern of the Jacobian. */
Pattern stage_pattern(const Stage *stage);
/* explicit_ease: see IntegratorProblem. False if SUNDIALS cannot be set up. */
bool stage_integrate(Stage *stage, Arena *arena, const SolverOptions *options, double rtol,
                     const double *atol, double explicit_ease);
/* Machine code for this stage if it can be had (native.h). After stage_integrate. */
void stage_make_native(Stage *stage, Arena *arena);
/* For an IntegratorProblem; the context is a Stage. dy/dt at (time, y); false if not finite in a
 * live lane. */
bool stage_rates(void *context, double time, const double *y, double *rates);
/* The rates at the state as it stands in the slots, unchecked, and what runs in. */
const double *stage_derivative(void *context, double time, const double **inflow);
const double *stage_jacobian(void *context, double time, const double *y);
/* Both at the state in the slots and by the lanes' own clocks: what runs in and the scale of the
 * clock of the walk are left out. */
const double *stage_plain_rates(Stage *stage, double time);
const double *stage_plain_jacobian(Stage *stage, double time);
/* The same for a program of derivatives that begins with the Jacobian. */
const double *stage_plain_slopes(Stage *stage, ProgramName program, double time);
void stage_set_time(Stage *stage, double time);
/* The time of a lane when the clock of the walk shows `time`. */
double stage_lane_time(const Stage *stage, int lane, double time);
void stage_set_state(Stage *stage, const double *y);
/* SWITCH slots as they are at `time`; true if any live lane's changed. */
bool stage_set_switches(Stage *stage, double time, double *values);
/* Copies the slots of one lane of `from` into stage->slots (width 1). */
void stage_copy_lane(Stage *solo, const Stage *from, int lane);

/* A clock for each lane: times (width). */
void stage_set_times(Stage *stage, const double *times);

/* True for times that are one instant (relative 1e-12). */
bool same_time(double a, double b);

/* pack->solo becomes the lane as it is at `time`: slots, covariates, clock. */
void lane_alone(Pack *pack, int lane, double time);

/* True if the lane's next observation belongs to this stop and to the moment before all that
 * happens there. */
bool lane_sees_before(const Pack *pack, int lane, int stop);
/* What is due for a lane at a stop, up to its next own observation there: true if that is due. */
bool lane_apply(Pack *pack, int lane, int stop, bool *changed);
/* Lanes whose time begins or ends at this stop. True if anything changed. */
bool lanes_begin(Pack *pack, int stop);
void lanes_end(Pack *pack, int stop);
/* Initial values at `time` into y (states, stride 1). False: the lane has failed. */
bool lane_initial(Pack *pack, int lane, double time, double *y);
/* y and the slots of lanes that are not live become those of a live one. False if none is left. */
bool lanes_mirror(Pack *pack, double *y);
/* The first live lane, or -1. */
int lanes_donor(const Pack *pack);
/* Expands the regimen of a lane; a bad one fails it. */
void lanes_expand(Pack *pack, int lane, const Regimen *regimen);
/* Fraction, lag, rate, duration of a dose through its route; pack->solo holds the lane. */
void lanes_look_up(Pack *pack, int lane, const Dose *dose, double time, RouteValues *values);

/* course.c: covariates of a lane at a time into a stage's slots (the hoisted values are left as
 * they were); true if any changed. */
bool courses_set(const Pack *pack, int lane, Stage *stage, double time, bool after);
/* The same for all live lanes of the pack, hoisted values included. */
bool courses_apply(Pack *pack, double time, bool after);
/* Covariates of the lanes in its columns (count; -1: none; NULL: of each its own) that follow the
 * clock of this stage. */
void courses_follow(const Pack *pack, Stage *stage, int count, const int *lane);
void courses_open(Pack *pack); // for a new load

/* ledger.c */
void ledger_open(Pack *pack, int lane);
void ledger_add(Lane *lane, int total, double amount);
/* The infusions of live lanes have run from this stop to the next. */
void ledger_cross(Pack *pack, int stop);
/* A lane that is live and whose sums do not agree fails. */
void ledger_close(Pack *pack, int lane, double time);

/* pack.c: the middle of the segment that begins at a stop, by the clock of the walk. */
double pack_middle(const Pack *pack, int stop);
/* When a lane is at a stop. */
double pack_stop_time(const Pack *pack, int lane, int stop);

/* ---- clocks.c: lanes that keep their own time ---- */

/* The instants at which a lane has to stop, ascending, its start and its end included. */
typedef struct {
    double *times;
    int count;
} LaneStops;

/* True if the pack would stop much more often by a common clock than its busiest lane has to, or
 * for so short a time that a common clock has too few digits. */
bool clocks_wanted(const Pack *pack, const LaneStops *own);
/* Lines up the stops of all lanes; lanes->events and the stops of the pack are set anew. */
void clocks_build(Pack *pack, const LaneStops *own);
/* The clocks of the segment that begins at a stop: pack->span is then how long it lasts. */
void clocks_set(Pack *pack, int stop);
/* A lane that is not live takes the clock of one that is. */
void clocks_mirror(Pack *pack, int donor, int lane);
/* What the clock of the walk will show when that of a lane shows `time`; `end` at the lane's next
 * stop and beyond. */
double clocks_ahead(const Pack *pack, int lane, double time, double end);
/* When a lane is at `end` of what is walked: the next stop, or something inside the last step. */
double clocks_end(const Pack *pack, int lane, double end, int stop);
/* Finds pack->next_look in the segment that begins at a stop. */
void clocks_look_ahead(Pack *pack, int stop);
/* Slots of the lanes with a time in `wanted` (width; others HUGE_VAL) become those of that time,
 * which lies in the last step. */
void clocks_look(Pack *pack, const double *wanted, double reached);
/* Output times of lanes that keep their own time: room for them, those at a stop, before or after
 * what happens there, those within the last step, and all of them to the sink. */
void grid_open(Pack *pack, const double *times, int count, OutputSink *sink, void *context);
bool grid_stop(Pack *pack, int stop, double time, bool before);
bool grid_step(Pack *pack, double reached, double end, int stop);
bool grid_close(Pack *pack);
/* The next output time of a lane; HUGE_VAL: none is left. */
double grid_next(const Pack *pack, int lane);
/* The values of PROGRAM_OBSERVE in a column of a stage are those of a lane's next output time. */
void grid_keep(Pack *pack, int lane, const Stage *stage, int column);
/* They stand where the lane's are looked for. */
void lane_show(Pack *pack, int lane, const Stage *stage, int column);
/* The time of the next observation of the lane's own, or HUGE_VAL. */
double lane_next_observation(const Pack *pack, int lane);
/* Hands over the observations of lanes that are `due`: the clocks and states of those are in the
 * slots. False: somebody wants no more. */
bool lanes_observe(Pack *pack);
/* The same where PROGRAM_OBSERVE has run. */
bool lanes_hand_over(Pack *pack);
/* True if a dose or another record of the lane's regimen is due at this stop. */
bool lane_has_due(const Pack *pack, int lane, int stop);

/* Ends a lane. The fault, if wanted, is traced by outcome.c. */
void lane_fail(Pack *pack, int lane, OutcomeKind kind, double time);
/* Finds who is to blame after a failed step and ends those lanes. */
void lanes_blame(Pack *pack, StepStatus status, double time);

/* Ends a lane whose rates were not finite at a time and pack->solo.y. */
void lane_blame_rates(Pack *pack, int lane, double time);
/* Ends a lane, at `time` and y (states, stride of the pack), of whose states that one is the worst;
 * if its Jacobian is not finite there, for that. */
void lane_blame_step(Pack *pack, int lane, StepStatus status, double time, const double *y,
                     int state);

/* march.c */
/* True if the lanes make steps of their own: nothing happens between stops that all would have to
 * know of. */
bool march_can(const Pack *pack);
void march_open(Pack *pack);
void march_make_native(Pack *pack);
void march_close(Pack *pack);
/* The stage in which lanes step side by side. */
Stage *march_side(Pack *pack);
/* From a stop to the next, each lane by its own steps; outputs and observations on the way. False:
 * interrupted. */
bool march_segment(Pack *pack, int stop, const volatile int *halt);
/* The steps carry these columns from now on; NULL or without columns: none. */
void march_sensitize(Pack *pack, const struct Slopes *slopes);
void march_count(Pack *pack);

/* stops.c: fills pack->stops and the stop of every event. */
void stops_build(Pack *pack);

/* steady.c */
/* f(y) = 0 for one lane from y (stride 1); false: *state is the one that would not rest. `infusion`
 * (states, or NULL) is added to the rates. */
bool steady_rest(Pack *pack, int lane, double time, const double *infusion, double *y, int *state);
/* periodic.c: finds the states of the steady doses of this lane, beginning from y. */
void steady_doses(Pack *pack, int lane, const Regimen *regimen, const double *y);

/* outcome.c: traces a program of one lane at (time, y); y may be NULL. */
bool outcome_trace(Pack *pack, int lane, ProgramName program, double time, const double *y,
                   TapeFault *fault);

#endif
