/* walk.c: from stop to stop: the read-aloud part of the integration.
 *
 *   for each stop: covariates and conditions as they are at that time; timed events; apply what is
 *   due, record what is to be recorded before a record of the same instant; other events; record
 *   outputs (so they show the value after); covariates as they are from then on; until the next
 *   stop: one step, then outputs inside that step from the interpolant, up to the first event in it
 *
 * Conditions on time are frozen at their value in the middle of a segment, so that the rates have
 * no jump inside a step. The solver restarts only where something changed. Nothing is allocated
 * here.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/sensitivity.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum { MOST_STUCK = 20, FEWEST_WATCHED = 200 };
static const double LEAST_PROGRESS = 1e-5; // of the run,
static const double LEAST_GROWTH = 1e-3;   // and of the time since the last stop

/* What the clock of the walk shows at the beginning and at the end of a segment. */
static double walk_begin(const Pack *pack, int stop)
{
    return pack->main.own ? 0.0 : pack->stops[stop].time;
}

static double walk_end(const Pack *pack, int stop)
{
    return pack->main.own ? pack->span : pack->stops[stop + 1].time;
}

/* One run: where it is, and where its outputs go. */
typedef struct {
    Pack *pack;
    const double *times;
    int count, next; // output times, and the first not yet recorded
    OutputSink *sink;
    void *context;
    const volatile int *stop;
    long steps;          // since the last output or stop
    int stuck;           // steps in a row that did not move the time
    int segment;         // the stop at which it begins
    long failures;       // of the integrator after the last step
    double begun;        // the time at which the segment begins
    double watched_from; // the time from which progress is watched
    long watched;        // steps since then
    long failed;         // attempts since then that failed
} Run;

/* What is observed at a time. */
static const double *look(Run *run, double time, const double *y)
{
    Pack *pack = run->pack;
    Stage *stage = &pack->main;
    run->steps = 0;
    events_pass(pack);
    stage_set_time(stage, time);
    stage_set_state(stage, y);
    tape_run(pack->tape, PROGRAM_OBSERVE, stage->slots, pack->width);
    sensitivity_observe(pack);
    return tape_output(pack->tape, PROGRAM_OBSERVE, stage->slots, 0, pack->width);
}

static bool record(Run *run, const double *y)
{
    Pack *pack = run->pack;
    int index = run->next++;
    const double *values = look(run, run->times[index], y);
    return run->sink(run->context, index, run->times[index], values, pack->main.live, pack->width);
}

/* Outputs at a stop, after everything that happens there. */
static bool record_stop(Run *run, double time)
{
    bool more = true;
    sensitivity_present(run->pack);
    if (run->pack->main.own) {
        run->steps = grid_stop(run->pack, run->segment, time, false) ? 0 : run->steps;
        return true;
    }
    while (more && run->next < run->count &&
           (run->times[run->next] <= time || same_time(run->times[run->next], time))) {
        more = record(run, run->pack->main.y);
    }
    return more;
}

/* Outputs at a stop, before anything happens there. */
static bool record_before(Run *run, int stop)
{
    Pack *pack = run->pack;
    if (pack->main.own) {
        sensitivity_present(pack);
        run->steps = grid_stop(pack, stop, walk_begin(pack, stop), true) ? 0 : run->steps;
        return true;
    }
    double time = pack->stops[stop].time;
    if (pack->at_dose == AT_DOSE_PRE) {
        return record_stop(run, time);
    }
    bool any = false;
    for (int lane = 0; lane < pack->width; lane++) {
        pack->doses_now[lane] =
            pack->main.live[lane] && lane < pack->count && lane_has_due(pack, lane, stop);
        any = any || pack->doses_now[lane];
    }
    bool reached = run->next < run->count &&
                   (run->times[run->next] <= time || same_time(run->times[run->next], time));
    if (!any || !reached) {
        return true;
    }
    sensitivity_present(pack);
    const double *values = look(run, run->times[run->next], pack->main.y);
    return run->sink(run->context, run->next, run->times[run->next], values, pack->doses_now,
                     pack->width);
}

/* Outputs within the step that ended at `reached`, but those that belong to the stop at `end`. */
static bool record_step(Run *run, double reached, double end)
{
    bool more = true;
    if (run->pack->main.own) {
        run->steps = grid_step(run->pack, reached, end, run->segment) ? 0 : run->steps;
        return true;
    }
    while (more && run->next < run->count && run->times[run->next] <= reached &&
           run->times[run->next] < end && !same_time(run->times[run->next], end)) {
        double *y = run->pack->scratch;
        integrator_value(run->pack->main.integrator, run->times[run->next], y);
        sensitivity_inside(run->pack, run->times[run->next], -1);
        more = record(run, y);
    }
    return more;
}

/* Hands over the observations that are due: the clocks and states of their lanes are in place. */
static bool observe_due(Run *run)
{
    run->steps = 0;
    return lanes_observe(run->pack);
}

/* The same for the state of the walk as it is at `time`. */
static bool observe_at(Run *run, double time)
{
    Pack *pack = run->pack;
    stage_set_time(&pack->main, time);
    stage_set_state(&pack->main, pack->main.y);
    sensitivity_present(pack);
    return observe_due(run);
}

/* Own observations within the step that ended at `reached`, one of each lane at a time. */
static bool observe_step(Run *run, double reached, double end)
{
    Pack *pack = run->pack;
    bool any = true;
    while (any) {
        any = false;
        for (int lane = 0; lane < pack->count; lane++) {
            Lane *one = &pack->lanes[lane];
            double time = lane_next_observation(pack, lane);
            double now = stage_lane_time(&pack->main, lane, reached);
            double last = clocks_end(pack, lane, end, run->segment);
            one->due =
                pack->main.live[lane] && time <= now && time < last && !same_time(time, last);
            pack->wanted[lane] = one->due ? time : HUGE_VAL;
            if (one->due) {
                sensitivity_inside(pack, time, lane);
            }
            any = any || one->due;
        }
        if (any) {
            clocks_look(pack, pack->wanted, reached);
        }
        if (any && !observe_due(run)) {
            return false;
        }
    }
    return true;
}

/* Own observations at an instant that is no stop: records come before the events of states. */
static bool observe_now(Run *run, double now)
{
    Pack *pack = run->pack;
    for (bool any = true; any;) {
        any = false;
        for (int lane = 0; lane < pack->count; lane++) {
            Lane *one = &pack->lanes[lane];
            bool more = one->observed < one->observation_count;
            double time = more ? one->observations[one->observed].time : -HUGE_VAL;
            double here = stage_lane_time(&pack->main, lane, now);
            one->due = more && pack->main.live[lane] && (time <= here || same_time(time, here));
            any = any || one->due;
        }
        if (any && !observe_at(run, now)) {
            return false;
        }
    }
    return true;
}

/* Own observations of the moment before anything happens at a stop. */
static bool observe_before(Run *run, int stop)
{
    Pack *pack = run->pack;
    for (bool any = true; any;) {
        any = false;
        for (int lane = 0; lane < pack->count; lane++) {
            pack->lanes[lane].due = pack->main.live[lane] && lane_sees_before(pack, lane, stop);
            any = any || pack->lanes[lane].due;
        }
        if (any && !observe_at(run, walk_begin(pack, stop))) {
            return false;
        }
    }
    return true;
}

/* What happens at a stop, and the observations before and between its records. */
static bool apply_stop(Run *run, int stop, bool *changed)
{
    Pack *pack = run->pack;
    for (bool any = true; any;) {
        any = false;
        for (int lane = 0; lane < pack->count; lane++) {
            bool live = pack->main.live[lane];
            pack->lanes[lane].due = live && lane_apply(pack, lane, stop, changed);
            any = any || pack->lanes[lane].due;
        }
        if (any && !observe_at(run, walk_begin(pack, stop))) {
            return false;
        }
    }
    return true;
}

/* True if the lanes make steps of their own. */
static bool marches(const Pack *pack)
{
    return march_can(pack) && pack->main.own;
}

static void restart(Pack *pack, double time)
{
    if (!marches(pack) && lanes_mirror(pack, pack->main.y)) {
        sensitivity_note_edges(pack, time);
        integrator_restart(pack->main.integrator, time, pack->main.y);
        sensitivity_restart(pack);
    }
}

static void take_state(Pack *pack, double time)
{
    memcpy(pack->main.y, integrator_state(pack->main.integrator),
           (size_t)pack->states * (size_t)pack->width * sizeof(double));
    sensitivity_take(pack, time);
}

/* After a failed step: pivot, if that was not tried; else end the guilty lanes. */
static void recover(Run *run, StepStatus status, double time)
{
    Pack *pack = run->pack;
    take_state(pack, time);
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
        const Lane *one = &pack->lanes[lane];
        bool waits = !one->begun && one->outcome.kind == OUTCOME_DONE;
        if (pack->main.live[lane] || waits) {
            lane_fail(pack, lane, OUTCOME_STOPPED, stage_lane_time(&pack->main, lane, time));
        }
    }
}

/* What happens at `time` inside the last step: the condition of an event is crossed, or one of the
 * rates with derivatives, or a delayed event is due. At the end of the segment only the columns
 * jump: the rest is for the stop. False if the run is to be given up. */
static bool strike(Run *run, double time, double reached, double end)
{
    Pack *pack = run->pack;
    integrator_value(pack->main.integrator, time, pack->main.y);
    sensitivity_take(pack, time);
    sensitivity_cross(pack, time);
    if (same_time(time, end)) {
        restart(pack, time);
        run->steps = 0;
        return true;
    }
    bool more = observe_now(run, time);
    (void)events_fire(pack, time, reached);
    more = more && record_stop(run, time);
    restart(pack, time);
    run->steps = 0;
    return more;
}

/* Outputs of the step from `before` to *time, and what happens inside it: *time is then where that
 * was, *until the next stop. False if the run is to be given up. */
static bool look_into(Run *run, double before, double *time, double end, double *until)
{
    Pack *pack = run->pack;
    double reached = *time;
    double at = reached;
    bool strikes = events_crossing(pack, before, reached, &at) && !same_time(at, end);
    if (!strikes) {
        at = reached;
        strikes = *until < end && reached >= *until;
    }
    strikes = sensitivity_crossing(pack, before, at, &at) || strikes;
    double last = strikes ? at : end;
    bool own = pack->main.own;
    if (own && !strikes && reached < pack->next_look) {
        return true;
    }
    if (!observe_step(run, at, last) || !record_step(run, at, last)) {
        return false;
    }
    bool more = true;
    if (strikes) {
        *time = at;
        more = strike(run, at, reached, end);
        *until = events_until(pack, end);
        integrator_stop_at(pack->main.integrator, *until);
    }
    if (own) {
        clocks_look_ahead(pack, run->segment);
    }
    return more;
}

static void watch_anew(Run *run, double time)
{
    run->watched = 0;
    run->failed = 0;
    run->watched_from = time;
}

/* Looked at after each tenth of the step limit: have half as many attempts failed, or has the clock
 * hardly moved, compared to the run and to the time since the last stop (steps that grow with time,
 * as Robertson's, move it a lot by the latter)? A state that is held at a jump, a kink or an
 * infinite slope of its rates (a Hill term with an exponent below 1 at zero) crawls like that for
 * ever, within the step limit of each output, and the whole pack with it. */
static bool crawls(Run *run, double time)
{
    const Pack *pack = run->pack;
    long failures = integrator_failures(pack->main.integrator);
    // the integrator counts from its last restart
    run->failed += failures - (failures < run->failures ? 0 : run->failures);
    run->failures = failures;
    long enough = pack->options.max_steps / 10;
    if (++run->watched < (enough > FEWEST_WATCHED ? enough : FEWEST_WATCHED)) {
        return false;
    }
    double progress = time - run->watched_from;
    double length = pack->main.own ? pack->span : pack->end - pack->start;
    bool hopeless =
        2 * run->failed >= run->watched ||
        (progress < LEAST_PROGRESS * length && progress < LEAST_GROWTH * (time - run->begun));
    watch_anew(run, time);
    return hopeless;
}

/* Why a pack whose last step was good must not go on like that; STEP_DONE: the step limit. False:
 * nothing is wrong. */
static bool is_hopeless(Run *run, double time, StepStatus *status)
{
    bool stuck = run->stuck >= MOST_STUCK;
    bool slow = crawls(run, time);
    if (run->steps < run->pack->options.max_steps && !stuck && !slow) {
        return false;
    }
    *status = stuck ? STEP_ERROR_TEST : slow ? STEP_CRAWL : STEP_DONE;
    run->stuck = 0;
    return true;
}

static void end_segment(Pack *pack, double time)
{
    take_state(pack, time);
    sensitivity_cross(pack, time); // on the very edge of a condition
}

/* From a stop to the next at `end`. False if the run is to be given up; time is where it got to. */
static bool advance(Run *run, double *time, double end)
{
    Pack *pack = run->pack;
    Integrator *integrator = pack->main.integrator;
    pack->main.limit = nextafter(end, -HUGE_VAL);
    double until = events_until(pack, end);
    integrator_stop_at(integrator, until);
    run->steps = 0;
    if (pack->main.own) {
        clocks_look_ahead(pack, run->segment);
        watch_anew(run, *time); // the clock begins anew
    }
    run->begun = *time;
    while (lanes_donor(pack) >= 0) {
        if (run->stop != NULL && *run->stop != 0) {
            return false;
        }
        double before = *time;
        StepStatus status = integrator_step(integrator, time);
        if (status == STEP_DONE || status == STEP_AT_STOP) {
            run->steps++;
            run->stuck = *time > before ? 0 : run->stuck + 1;
            if (!look_into(run, before, time, end, &until)) {
                return false;
            }
            if (status == STEP_AT_STOP && *time >= end) {
                end_segment(pack, *time);
                return true;
            }
            if (!is_hopeless(run, *time, &status)) {
                continue;
            }
        }
        if (status == STEP_REFUSED && same_time(*time, end)) {
            end_segment(pack, *time); // too close to the stop for a step
            return true;
        }
        recover(run, status, *time);
        watch_anew(run, *time);
        integrator_stop_at(integrator, until);
    }
    return true;
}

/* Rates at the very start, so that a division by zero there is found before anything is recorded.
 */
static void check_start(Pack *pack)
{
    while (lanes_mirror(pack, pack->main.y) &&
           !stage_rates(&pack->main, walk_begin(pack, 0), pack->main.y, pack->scratch)) {
        lanes_blame(pack, STEP_RATES, walk_begin(pack, 0));
    }
}

/* Everything at a stop. False: somebody wants no more. */
static bool arrive(Run *run, int k, bool *changed)
{
    Pack *pack = run->pack;
    double time = walk_begin(pack, k);
    run->segment = k;
    pack->main.limit = HUGE_VAL;
    if (pack->main.own) {
        clocks_set(pack, k);
    }
    *changed = lanes_begin(pack, k) || k == 0 || pack->main.own || pack->stops[k].restart;
    bool seen = pack->at_dose == AT_DOSE_POST || record_before(run, k);
    if (!seen || !observe_before(run, k)) {
        return false;
    }
    *changed = courses_apply(pack, time, false) || *changed;
    *changed =
        stage_set_switches(&pack->main, pack_middle(pack, k), pack->switch_values) || *changed;
    sensitivity_switch(pack, k);
    *changed = events_arrive(pack, time) || *changed;
    if (!apply_stop(run, k, changed)) {
        return false;
    }
    *changed = events_fire(pack, time, time) || *changed;
    events_pass(pack);
    if (k == 0) {
        check_start(pack);
    }
    pack->stats.stops++;
    bool more = record_stop(run, time) && (run->stop == NULL || *run->stop == 0);
    lanes_end(pack, k);
    if (more && courses_apply(pack, time, true)) {
        *changed = true;
        (void)stage_set_switches(&pack->main, pack_middle(pack, k), pack->switch_values);
        sensitivity_keep_switches(pack);
    }
    return more;
}

/* Walks from stop to stop. */
static bool walk(Run *run)
{
    Pack *pack = run->pack;
    for (int k = 0; k < pack->stop_count; k++) {
        double time = walk_begin(pack, k);
        bool changed = false;
        if (!arrive(run, k, &changed)) {
            interrupt(pack, time);
            return false;
        }
        if (k == pack->stop_count - 1 || lanes_donor(pack) < 0) {
            continue;
        }
        if (changed) {
            restart(pack, time);
        }
        double end = walk_end(pack, k);
        if (!(end > time)) {
            continue; // the lanes that had to go on have failed
        }
        bool more = marches(pack) ? march_segment(pack, k, run->stop) : advance(run, &time, end);
        if (!more) {
            interrupt(pack, time);
            return false;
        }
        ledger_cross(pack, k);
    }
    return true;
}

bool pack_run(Pack *pack, const double *times, int n, OutputSink *sink, void *context,
              const volatile int *stop)
{
    assert(pack != NULL && pack->count > 0 && (n == 0 || (sink != NULL && times != NULL)));
    for (int i = 1; i < n; i++) {
        assert(times[i - 1] <= times[i]);
    }
    Run run = {.pack = pack,
               .times = times,
               .count = n,
               .sink = sink,
               .context = context,
               .stop = stop,
               .watched_from = pack->start};
    if (pack->main.own) {
        grid_open(pack, times, n, sink, context);
        run.next = n;
    }
    bool finished = walk(&run);
    if (pack->main.own && finished) {
        finished = grid_close(pack);
    }
    while (finished && run.next < n) { // no lane is left to ask: the rows are still to be written
        finished = record(&run, pack->main.y);
    }
    integrator_count(pack->main.integrator, &pack->stats);
    if (pack->march != NULL) {
        march_count(pack);
    }
    return finished;
}
