/* simulate.h: integrates up to W subjects side by side through one CVODE and hands over their
 * outputs.
 *
 * A pack is opened once per worker (all memory is taken then), loaded with subjects, and advanced
 * to the end. Subjects keep their own parameters and dose schedules; the solver stops at the union
 * of their stops (doses, infusion ends, switch times, table knots) and restarts there, so nothing
 * is ever stepped across. Where subjects have little in common, each keeps its own time (clocks.c),
 * and all are at their next stop at once. Output times are read from the interpolant: adding one
 * changes no other value.
 *
 * A lane whose integration fails gets an Outcome; the other lanes go on.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_SIMULATE_SIMULATE_H
#define STROMA_SIMULATE_SIMULATE_H

#include "dose/schedule.h"
#include "simulate/course.h"
#include "tape/tape.h"

#include <stdbool.h>

/* How steps are made.
 * - SOLVER_AUTO: lanes share theirs: explicit ones where nothing is stiff, else CVODE's BDF.
 * - SOLVER_BDF: BDF throughout.
 * - SOLVER_ROSENBROCK: each lane by itself (rosenbrock.h), so that what it gets depends on nobody
 *   beside it; but for models whose events wait for states, and `dense`, which are as with
 *   SOLVER_AUTO. */
typedef enum { SOLVER_AUTO, SOLVER_BDF, SOLVER_ROSENBROCK } SolverMethod;

typedef struct {
    double rtol;        // relative tolerance that the user asked for
    const double *atol; // (state_count) absolute tolerances, in the states' units
    double safety;   // the solver works with rtol / safety, atol / safety; 0: solver_safety chooses
    long max_steps;  // per interval between two outputs or stops (default 20000)
    double max_step; // longest step, 0: no limit
    bool dense;      // force dense LU with partial pivoting
    SolverMethod method;
    bool native;      // pack_make_native makes machine code
    bool interpreted; // there is to be none, however long a run takes
} SolverOptions;

SolverOptions solver_options_default(void); // atol must be filled in

/* The same for packs of many subjects, and for those that carry sensitivities: SOLVER_AUTO becomes
 * SOLVER_ROSENBROCK. */
SolverOptions solver_options_of_many(const SolverOptions *options);

/* The safety in force. A solver controls the error of a step; the error at the end adds up over the
 * steps, and there are more of them at tighter tolerances. Chosen: 5, with SOLVER_ROSENBROCK 1,
 * down to rtol 1e-6, then growing with the fourth root (5, 16 at 1e-8, 50 at 1e-10): closed-form
 * pharmacokinetics then stay within 10 rtol. */
double solver_safety(const SolverOptions *options);

typedef enum {
    OUTCOME_DONE,
    OUTCOME_STEP_LIMIT,     // max_steps spent in one interval
    OUTCOME_NO_CONVERGENCE, // the error test or Newton's iteration failed at the smallest step
    OUTCOME_NOT_FINITE,     // NaN or infinity: fault says where
    OUTCOME_BAD_DOSE,       // the schedule makes no sense for this subject
    OUTCOME_STOPPED,        // interrupted
    OUTCOME_LEDGER,         // what entered is not what was scheduled: an error of stroma
    OUTCOME_EVENTS          // an event fires without end, or cannot: reason says what
} OutcomeKind;
enum { OUTCOME_COUNT = OUTCOME_EVENTS + 1 };

/* How the integration of one subject ended. Texts live in the pack's arena. */
typedef struct {
    OutcomeKind kind;
    double time;        // where it ended
    double last_step;   // size of the last good step
    int state;          // the state that failed (largest weighted error, or first non-finite), -1
    int dose;           // index of the last dose event before, -1: none
    const char *reason; // OUTCOME_BAD_DOSE, OUTCOME_EVENTS
    bool has_fault;     // OUTCOME_NOT_FINITE: the model expression
    TapeFault fault;
    bool crawls;                 // OUTCOME_NO_CONVERGENCE: it would have taken for ever
    double scheduled, delivered; // OUTCOME_LEDGER
    int event;                   // OUTCOME_EVENTS: which
    long events;                 // of the model that have fired
    long touched; // conditions of the rates that were met without being crossed, where
                  // there is no derivative (sensitivity_edges.c)
} Outcome;

/* Counts over a pack's life; the manifest prints them. */
typedef struct {
    long steps, rate_calls, jacobian_calls, factorisations, newton_iterations;
    long error_failures, newton_failures, restarts, dense_fallbacks, stops;
    long events;    // of the model, fired
    long own_steps; // of `steps`: those that a lane made by itself; they are counted lane by lane,
                    // as is all that belongs to them
} SolverStats;

typedef struct Pack Pack;

/* What one subject brings. The arrays are read by pack_load only. */
typedef struct {
    const double *parameters; // (parameter_count)
    const double *covariates; // (covariate_count)
    const Regimen *regimen;   // may be NULL
    bool steady_start;        // start = "steady"
    const double *initial; // (state_count) overrides the model's initial values; NULL: the model's
    // What follows is read until the run ends.
    const CovariateCourse *courses; // covariates that change; they replace those above
    int course_count;
    const Observation *observations; // own output times, ascending
    int observation_count;
    bool own_span; // the subject begins and ends within the run, at these times:
    double start, end;
} SubjectInput;

/* What should have entered a state by a route (-1: directly), and what did. */
typedef struct {
    int route, state;
    double scheduled, delivered;
} LedgerLine;

/* Called in time order for each output time: values[k * width + lane] = observed expression k.
 * live[lane] is false for a lane that has failed or is not loaded. With AT_DOSE_BOTH a time may
 * come twice, first with the lanes only that have a dose then. Returning false stops the run. */
typedef bool OutputSink(void *context, int time_index, double time, const double *values,
                        const bool *live, int width);

/* Called for observation `index` of the subject in a lane: values[k * width + lane] as above. */
typedef bool ObservationSink(void *context, int lane, int index, double time, const double *values,
                             int width);

/* How many lanes had best be side by side: wider packs share what is done once for all lanes among
 * more of them, but wait longer for the last and take more cache. Where lanes make their own steps
 * a pack may hold more subjects: so many step at once, and the next sets out when one arrives. */
int pack_lanes(const Model *model);
/* True if a pack with these options makes the steps of each lane by itself. */
bool pack_steps_alone(const Model *model, const SolverOptions *options);

/* Opens a pack of `width` lanes (tape_width). NULL only if SUNDIALS itself cannot be set up. */
Pack *pack_open(const Tape *tape, const SolverOptions *options, int width);
/* If the options ask for it: machine code in place of the interpreter, made by the machine's C
 * compiler unless it is there from the last time. The same bits; nothing if there is no compiler.
 */
void pack_make_native(Pack *pack);
/* The same unless the options forbid it; between two runs. */
void pack_quicken(Pack *pack);
void pack_close(Pack *pack);

/* What an output at the time of a dose shows: the value before everything that happens then, after
 * it (the default), or both, one after the other, where a lane has a dose. */
typedef enum { AT_DOSE_POST, AT_DOSE_PRE, AT_DOSE_BOTH } AtDose;
void pack_at_dose(Pack *pack, AtDose at_dose);

/* Lanes that keep their own time hand over each output when they come by, alone, and not in order
 * of time when the run is over: for a sink that keeps the lanes apart. If it refuses one, the run
 * goes on to its end and then reports it. */
void pack_at_once(Pack *pack);

/* Where observations of subjects go in the runs that follow. */
void pack_observe(Pack *pack, ObservationSink *sink, void *context);

/* By what outputs are derived. `index` is a parameter of the model, a state, or a dose of the
 * subject's regimen. A fraction is that of the route (of several targets: all alike in proportion);
 * it, the lag and the duration of a dose are changed by themselves, whatever they depend on. The
 * duration of an infusion given by its rate is amount / rate. */
typedef enum {
    SENSITIVE_PARAMETER,
    SENSITIVE_INITIAL,
    SENSITIVE_DOSE_AMOUNT,
    SENSITIVE_DOSE_FRACTION,
    SENSITIVE_DOSE_LAG,
    SENSITIVE_DOSE_DURATION,
    SENSITIVE_DOSE_TIME
} SensitiveKind;
typedef struct {
    SensitiveKind kind;
    int index;
} SensitiveTarget;

/* The runs of packs loaded from now on carry exact derivatives by these targets, in the error test
 * as the states are; count 0: none. The tape must have been compiled with `derive`, and hold the
 * parameters as sensitive. False if SUNDIALS cannot be set up. */
bool pack_sensitivities(Pack *pack, const SensitiveTarget *targets, int count);
/* Inside a call of a sink: [k * width + lane] is ∂(observed k)/∂(target), in the model's units. */
const double *pack_sensitivity(const Pack *pack, int target);

/* Loads subjects into lanes 0 .. count-1 (count <= width) for a run from t0 to t_end. */
void pack_load(Pack *pack, const SubjectInput *subjects, int count, double t0, double t_end);

/* Runs to the end. times[0..n): output times, ascending, within [t0, t_end]. `stop` is polled
 * between steps (may be NULL). False if interrupted; outcomes say the rest. */
bool pack_run(Pack *pack, const double *times, int n, OutputSink *sink, void *context,
              const volatile int *stop);

const Outcome *pack_outcome(const Pack *pack, int lane);
const Schedule *pack_schedule(const Pack *pack, int lane);
const SolverStats *pack_stats(const Pack *pack);
/* The dose ledger of a lane, complete after the run: the number of lines. */
int pack_ledger(const Pack *pack, int lane, const LedgerLine **lines);
/* The stops of the loaded pack, ascending, t0 and t_end included. */
int pack_stops(const Pack *pack, const double **times);

/* One sentence for an outcome, naming state, time, model line and operands. */
void outcome_print(const Outcome *outcome, const Model *model, Text *text);
const char *outcome_word(OutcomeKind kind); // "done", "step limit", ...

/* Name and version of the solver library, for the manifest. */
const char *solver_version(void);

#endif
