/* pack.c: opens a pack, loads it, and walks from stop to stop: the read-aloud part of the
 * integration.
 *
 *   for each stop: apply what is due, then record outputs at that time (so they show the value
 * after) until the next stop: one step, then outputs inside that step from the interpolant
 *
 * Conditions on time are frozen at their value in the middle of a segment, so that the rates have
 * no jump inside a step. The solver restarts only where something changed.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/lanes.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum { MOST_STUCK = 20 };
static const double FINEST_TOLERANCE = 4e-15;

SolverOptions solver_options_default(void)
{
    return (SolverOptions){.rtol = 1e-6, .max_steps = 2000};
}

double solver_safety(const SolverOptions *options)
{
    if (options->safety > 0.0) {
        return options->safety;
    }
    double chosen = options->rtol >= 1e-6 ? 5.0 : 5.0 * sqrt(sqrt(1e-6 / options->rtol));
    double most = options->rtol / FINEST_TOLERANCE; // below it, rounding is all there is
    return chosen < most ? chosen : most > 1.0 ? most : 1.0;
}

/* A surface such as t - 7*floor(t/7) - 1: straight but for jumps. */
static bool is_nested(const Graph *graph, const Switch *one)
{
    return !one->linear && (expr_kinds(graph, one->slope) & 1U << SYMBOL_TIME) == 0;
}

static void set_tolerances(Pack *pack)
{
    double safety = solver_safety(&pack->options);
    pack->rtol = pack->options.rtol / safety;
    pack->atol = arena_array(pack->arena, (size_t)pack->states, sizeof *pack->atol);
    for (int i = 0; i < pack->states; i++) {
        pack->atol[i] = pack->options.atol[i] / safety;
    }
}

Pack *pack_open(const Tape *tape, const SolverOptions *options, int width)
{
    assert(tape != NULL && options != NULL && options->atol != NULL);
    assert(tape_width(width) == width && tape->model->state_count > 0);
    Arena *arena = arena_new();
    Pack *pack = arena_alloc(arena, sizeof *pack);
    const Model *model = tape->model;
    *pack = (Pack){.arena = arena,
                   .loaded = arena_new(),
                   .tape = tape,
                   .model = model,
                   .options = *options,
                   .width = width,
                   .states = model->state_count};
    pack->loaded_mark = arena_mark(pack->loaded);
    set_tolerances(pack);
    const Kernels *kernels = kernels_for(tape->isa);
    stage_open(&pack->main, arena, tape, kernels, width);
    stage_open(&pack->solo, arena, tape, kernels, 1);
    pack->solo.live[0] = true;
    size_t switches = (size_t)model->switch_count;
    pack->scratch = arena_array(arena, (size_t)pack->states * (size_t)width, sizeof(double));
    pack->lanes = arena_array(arena, (size_t)width, sizeof *pack->lanes);
    pack->switch_values = arena_array(arena, switches * (size_t)width, sizeof(double));
    pack->nested_surface = arena_array(arena, switches, sizeof(bool));
    for (size_t i = 0; i < switches; i++) {
        pack->nested_surface[i] = is_nested(model->graph, &model->switches[i]);
    }
    if (!stage_integrate(&pack->main, arena, &pack->options, pack->rtol, pack->atol)) {
        pack_close(pack);
        return NULL;
    }
    return pack;
}

void pack_close(Pack *pack)
{
    if (pack == NULL) {
        return;
    }
    integrator_close(pack->main.integrator);
    integrator_close(pack->solo.integrator);
    arena_free(pack->loaded);
    arena_free(pack->arena);
}

/* Parameters and covariates of every lane; lanes beyond `count` take those of subject 0. */
static void fill_slots(Pack *pack, const SubjectInput *subjects, int count)
{
    size_t width = (size_t)pack->width;
    double *parameters = pack->main.slots + (size_t)pack->tape->parameter * width;
    double *covariates = pack->main.slots + (size_t)pack->tape->covariate * width;
    for (size_t lane = 0; lane < width; lane++) {
        const SubjectInput *subject = &subjects[lane < (size_t)count ? lane : 0];
        for (size_t i = 0; i < (size_t)pack->model->parameter_count; i++) {
            parameters[i * width + lane] = subject->parameters[i];
        }
        for (size_t i = 0; i < (size_t)pack->model->covariate_count; i++) {
            covariates[i * width + lane] = subject->covariates[i];
        }
    }
    stage_set_time(&pack->main, pack->start);
    tape_setup(pack->tape, pack->main.slots, pack->width);
}

static void start_lanes(Pack *pack, int count)
{
    for (int lane = 0; lane < pack->width; lane++) {
        pack->lanes[lane] = (Lane){.outcome = {.kind = OUTCOME_DONE, .state = -1, .dose = -1}};
        pack->lanes[lane].outcome.time = pack->end;
        pack->main.live[lane] = lane < count;
    }
    size_t entries = (size_t)pack->states * (size_t)pack->width;
    memset(pack->main.infusion, 0, entries * sizeof(double));
    pack->count = count;
    pack->main.limit = HUGE_VAL;
    integrator_reset(pack->main.integrator);
}

static double middle_of(const Pack *pack, int stop)
{
    double first = pack->stops[stop].time;
    if (stop + 1 >= pack->stop_count) {
        return first;
    }
    return first + 0.5 * (pack->stops[stop + 1].time - first);
}

static void fail_initial(Pack *pack, int lane)
{
    lane_fail(pack, lane, OUTCOME_NOT_FINITE, pack->start);
    Outcome *outcome = &pack->lanes[lane].outcome;
    const double *y = pack->main.y + lane;
    for (int i = pack->states - 1; i >= 0; i--) {
        outcome->state = isfinite(y[(size_t)i * (size_t)pack->width]) ? outcome->state : i;
    }
    outcome->reason = "the initial value";
    outcome->has_fault =
        outcome_trace(pack, lane, PROGRAM_INITIAL, pack->start, NULL, &outcome->fault);
}

static void find_initial(Pack *pack, const SubjectInput *subjects)
{
    size_t width = (size_t)pack->width;
    size_t entries = (size_t)pack->states * width;
    stage_set_time(&pack->main, pack->start);
    tape_run(pack->tape, PROGRAM_INITIAL, pack->main.slots, pack->width);
    memcpy(pack->main.y, tape_output(pack->tape, PROGRAM_INITIAL, pack->main.slots, 0, pack->width),
           entries * sizeof(double));
    for (int lane = 0; lane < pack->count; lane++) {
        double *y = pack->main.y + lane;
        bool finite = true;
        for (size_t i = 0; i < (size_t)pack->states; i++) {
            y[i * width] = subjects[lane].initial ? subjects[lane].initial[i] : y[i * width];
            finite = finite && isfinite(y[i * width]);
        }
        if (!finite && pack->main.live[lane]) {
            fail_initial(pack, lane);
        }
    }
}

static void gather(const Pack *pack, int lane, double *y)
{
    for (size_t i = 0; i < (size_t)pack->states; i++) {
        y[i] = pack->main.y[i * (size_t)pack->width + (size_t)lane];
    }
}

/* Brings a lane that asks for it to rest, and finds the states of its steady doses. True if its
 * events have changed. */
static bool make_steady(Pack *pack, int lane, const SubjectInput *subject)
{
    double *y = pack->solo.y;
    gather(pack, lane, y);
    int state = 0;
    if (subject->steady_start) {
        if (!steady_rest(pack, lane, pack->start, NULL, y, &state)) {
            lane_fail(pack, lane, OUTCOME_NO_CONVERGENCE, pack->start);
            pack->lanes[lane].outcome.state = state;
            pack->lanes[lane].outcome.reason = "no steady state was found to start from";
            return false;
        }
        for (size_t i = 0; i < (size_t)pack->states; i++) {
            pack->main.y[i * (size_t)pack->width + (size_t)lane] = y[i];
        }
    }
    return steady_doses(pack, lane, subject->regimen, y);
}

void pack_load(Pack *pack, const SubjectInput *subjects, int count, double t0, double t_end)
{
    assert(pack != NULL && subjects != NULL && count > 0 && count <= pack->width);
    assert(isfinite(t0) && isfinite(t_end) && t0 <= t_end);
    arena_rewind(pack->loaded, pack->loaded_mark);
    pack->start = t0;
    pack->end = same_time(t0, t_end) ? t0 : t_end;
    start_lanes(pack, count);
    fill_slots(pack, subjects, count);
    for (int lane = 0; lane < count; lane++) {
        lanes_expand(pack, lane, subjects[lane].regimen);
    }
    stops_build(pack);
    (void)stage_set_switches(&pack->main, middle_of(pack, 0), pack->switch_values);
    find_initial(pack, subjects);
    bool changed = false;
    for (int lane = 0; lane < count; lane++) {
        changed = (pack->main.live[lane] && make_steady(pack, lane, &subjects[lane])) || changed;
    }
    if (changed) {
        stops_build(pack);
    }
    for (int lane = 0; lane < count; lane++) {
        Lane *one = &pack->lanes[lane];
        one->active = arena_array(pack->loaded, (size_t)one->event_count, sizeof *one->active);
    }
}

/* One run: where it is, and where its outputs go. */
typedef struct {
    Pack *pack;
    const double *times;
    int count, next; // output times, and the first not yet recorded
    OutputSink *sink;
    void *context;
    const volatile int *stop;
    long steps; // since the last output or stop
    int stuck;  // steps in a row that did not move the time
} Run;

static bool record(Run *run, const double *y)
{
    Pack *pack = run->pack;
    Stage *stage = &pack->main;
    int index = run->next++;
    run->steps = 0;
    stage_set_time(stage, run->times[index]);
    stage_set_state(stage, y);
    tape_run(pack->tape, PROGRAM_OBSERVE, stage->slots, pack->width);
    const double *values = tape_output(pack->tape, PROGRAM_OBSERVE, stage->slots, 0, pack->width);
    return run->sink(run->context, index, run->times[index], values, stage->live, pack->width);
}

/* Outputs at a stop, after everything that happens there. */
static bool record_stop(Run *run, double time)
{
    bool more = true;
    while (more && run->next < run->count &&
           (run->times[run->next] <= time || same_time(run->times[run->next], time))) {
        more = record(run, run->pack->main.y);
    }
    return more;
}

/* Outputs within the step that ended at `reached`, but those that belong to the stop at `end`. */
static bool record_step(Run *run, double reached, double end)
{
    bool more = true;
    while (more && run->next < run->count && run->times[run->next] <= reached &&
           run->times[run->next] < end && !same_time(run->times[run->next], end)) {
        double *y = run->pack->scratch;
        integrator_value(run->pack->main.integrator, run->times[run->next], y);
        more = record(run, y);
    }
    return more;
}

static void restart(Pack *pack, double time)
{
    if (lanes_mirror(pack, pack->main.y)) {
        integrator_restart(pack->main.integrator, time, pack->main.y);
    }
}

static void take_state(Pack *pack)
{
    memcpy(pack->main.y, integrator_state(pack->main.integrator),
           (size_t)pack->states * (size_t)pack->width * sizeof(double));
}

/* After a failed step: pivot, if that was not tried; else end the guilty lanes. */
static void recover(Run *run, StepStatus status, double time)
{
    Pack *pack = run->pack;
    take_state(pack);
    bool try_again = status == STEP_NEWTON && integrator_use_dense(pack->main.integrator);
    if (!try_again) {
        lanes_blame(pack, status, time);
        run->steps = 0;
    }
    restart(pack, time);
}

static void interrupt(Pack *pack, double time)
{
    for (int lane = 0; lane < pack->count; lane++) {
        if (pack->main.live[lane]) {
            lane_fail(pack, lane, OUTCOME_STOPPED, time);
        }
    }
}

/* From a stop to the next at `end`. False if the run is to be given up; time is where it got to. */
static bool advance(Run *run, double *time, double end)
{
    Pack *pack = run->pack;
    Integrator *integrator = pack->main.integrator;
    pack->main.limit = nextafter(end, -HUGE_VAL);
    integrator_stop_at(integrator, end);
    run->steps = 0;
    while (lanes_donor(pack) >= 0) {
        if (run->stop != NULL && *run->stop != 0) {
            return false;
        }
        double before = *time;
        StepStatus status = integrator_step(integrator, time);
        if (status == STEP_DONE || status == STEP_AT_STOP) {
            run->steps++;
            run->stuck = *time > before ? 0 : run->stuck + 1;
            if (!record_step(run, *time, end)) {
                return false;
            }
            if (status == STEP_AT_STOP) {
                take_state(pack);
                return true;
            }
            if (run->steps < pack->options.max_steps && run->stuck < MOST_STUCK) {
                continue;
            }
            status = run->stuck < MOST_STUCK ? STEP_DONE : STEP_ERROR_TEST;
            run->stuck = 0;
        }
        if (status == STEP_REFUSED && same_time(*time, end)) {
            take_state(pack); // too close to the stop for a step
            return true;
        }
        recover(run, status, *time);
        integrator_stop_at(integrator, end);
    }
    return true;
}

/* Rates at the very start, so that a division by zero there is found before anything is recorded.
 */
static void check_start(Pack *pack)
{
    while (lanes_mirror(pack, pack->main.y) &&
           !stage_rates(&pack->main, pack->start, pack->main.y, pack->scratch)) {
        lanes_blame(pack, STEP_RATES, pack->start);
    }
}

/* Walks from stop to stop. */
static bool walk(Run *run)
{
    Pack *pack = run->pack;
    double time = pack->start;
    for (int k = 0; k < pack->stop_count; k++) {
        bool last = k == pack->stop_count - 1;
        bool changed = lanes_apply(pack, k) || k == 0 || pack->stops[k].restart;
        changed =
            stage_set_switches(&pack->main, middle_of(pack, k), pack->switch_values) || changed;
        pack->main.limit = HUGE_VAL;
        if (k == 0) {
            check_start(pack);
        }
        pack->stats.stops++;
        if (!record_stop(run, pack->stops[k].time) || (run->stop != NULL && *run->stop != 0)) {
            interrupt(pack, pack->stops[k].time);
            return false;
        }
        if (last || lanes_donor(pack) < 0) {
            continue;
        }
        if (changed) {
            restart(pack, pack->stops[k].time);
        }
        if (!advance(run, &time, pack->stops[k + 1].time)) {
            interrupt(pack, time);
            return false;
        }
    }
    return true;
}

bool pack_run(Pack *pack, const double *times, int n, OutputSink *sink, void *context,
              const volatile int *stop)
{
    assert(pack != NULL && pack->count > 0 && sink != NULL && (n == 0 || times != NULL));
    for (int i = 1; i < n; i++) {
        assert(times[i - 1] <= times[i]);
    }
    Run run = {
        .pack = pack, .times = times, .count = n, .sink = sink, .context = context, .stop = stop};
    bool finished = walk(&run);
    while (finished && run.next < n) { // no lane is left to ask: the rows are still to be written
        finished = record(&run, pack->main.y);
    }
    integrator_count(pack->main.integrator, &pack->stats);
    return finished;
}

const Outcome *pack_outcome(const Pack *pack, int lane)
{
    assert(pack != NULL && lane >= 0 && lane < pack->count);
    return &pack->lanes[lane].outcome;
}

const Schedule *pack_schedule(const Pack *pack, int lane)
{
    assert(pack != NULL && lane >= 0 && lane < pack->count);
    return &pack->lanes[lane].schedule;
}

const SolverStats *pack_stats(const Pack *pack)
{
    assert(pack != NULL);
    return &pack->stats;
}
