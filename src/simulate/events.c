/* events.c: fires the events that are due at an instant, lane by lane.
 *
 * Which events a lane has due is known from the pack's own slots; the firing itself (the values
 * that are assigned, and what becomes true by them) is worked out in the stage of width 1.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/sensitivity.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum { MOST_AT_ONCE = 100 };

static const double ONE_INSTANT = 1e-12; // relative, as in same_time

/* ---- memory ---- */

static void open_waiting(const Pack *pack, Events *events, int most_values)
{
    size_t places = (size_t)pack->width * WAITING_MOST;
    events->waiting = arena_array(pack->arena, places, sizeof *events->waiting);
    for (size_t i = 0; i < places; i++) {
        events->waiting[i].values = arena_array(pack->arena, (size_t)most_values, sizeof(double));
    }
}

Events *events_open(const Pack *pack)
{
    assert(pack != NULL);
    const Model *model = pack->model;
    if (model->event_count == 0) {
        return NULL;
    }
    Arena *arena = pack->arena;
    Events *events = arena_alloc(arena, sizeof *events);
    size_t count = (size_t)model->event_count;
    size_t width = (size_t)pack->width;
    *events = (Events){.count = model->event_count};
    events->timed = arena_array(arena, count, sizeof(bool));
    events->first = arena_array(arena, count, sizeof(int));
    events->ready = arena_array(arena, count * width, sizeof(bool));
    events->due = arena_array(arena, count * width, sizeof(bool));
    events->early = arena_array(arena, count * width, sizeof(bool));
    events->queued = arena_array(arena, count, sizeof(bool));
    events->priority = arena_array(arena, count, sizeof(double));
    events->waiting_count = arena_array(arena, width, sizeof(int));
    events->begun = arena_array(arena, width, sizeof(bool));
    events->at_once = arena_array(arena, width, sizeof(int));
    events->since = arena_array(arena, width, sizeof(double));
    events->passed = arena_array(arena, width, sizeof(long));
    for (int i = 0; i < EVENT_SAMPLES; i++) {
        events->surface[i] = arena_array(arena, count * width, sizeof(double));
    }
    int first = 0;
    int most_values = 1;
    bool delayed = false;
    for (int i = 0; i < events->count; i++) {
        const Event *event = &model->events[i];
        events->first[i] = first;
        first += event->assignment_count;
        most_values = event->assignment_count > most_values ? event->assignment_count : most_values;
        events->timed[i] = (expr_kinds(model->graph, event->test) & 1U << SYMBOL_STATE) == 0;
        events->some_state = events->some_state || !events->timed[i];
        bool clocked = (expr_kinds(model->graph, event->test) & 1U << SYMBOL_TIME) != 0;
        events->some_time = events->some_time || (!events->timed[i] && clocked);
        delayed = delayed || event->delay != EXPR_NONE;
    }
    if (delayed) {
        open_waiting(pack, events, most_values);
    }
    return events;
}

/* ---- tests and surfaces of all lanes ---- */

void events_probe(Pack *pack, double time, const double *y)
{
    stage_set_time(&pack->main, time);
    stage_set_state(&pack->main, y);
    tape_run(pack->tape, PROGRAM_EVENTS, pack->main.slots, pack->width);
}

void events_sample(Pack *pack, double time)
{
    Events *events = pack->events;
    double *oldest = events->surface[0];
    for (int i = 0; i + 1 < EVENT_SAMPLES; i++) {
        events->surface[i] = events->surface[i + 1];
        events->time[i] = events->time[i + 1];
    }
    events->surface[EVENT_SAMPLES - 1] = oldest;
    events->time[EVENT_SAMPLES - 1] = time;
    events->sampled++;
    for (int i = 0; i < events->count; i++) {
        for (int lane = 0; lane < pack->width; lane++) {
            int k = i * pack->width + lane;
            oldest[k] = events_output(pack, i, TRIGGER_SURFACE, lane);
            bool off = events_output(pack, i, TRIGGER_OFF, lane) != 0.0;
            events->early[k] = events->early[k] && time <= events->until;
            events->ready[k] = events->ready[k] || (off && !events->early[k]);
        }
    }
}

void events_load(Pack *pack)
{
    Events *events = pack->events;
    if (events == NULL) {
        return;
    }
    for (int lane = 0; lane < pack->width; lane++) {
        events->begun[lane] = false;
        events->waiting_count[lane] = 0;
        events->at_once[lane] = 0;
        events->since[lane] = pack->start;
        events->passed[lane] = 0;
    }
    memset(events->early, 0, (size_t)events->count * (size_t)pack->width * sizeof *events->early);
    events->sampled = 0;
}

/* After a probe: lanes that begin; what is true in them has not become true. */
static void begin_lanes(Pack *pack)
{
    Events *events = pack->events;
    for (int lane = 0; lane < pack->count; lane++) {
        if (!pack->main.live[lane] || events->begun[lane]) {
            continue;
        }
        events->begun[lane] = true;
        for (int i = 0; i < events->count; i++) {
            events->ready[i * pack->width + lane] =
                events_output(pack, i, TRIGGER_TEST, lane) == 0.0;
        }
    }
}

void events_cancel(Pack *pack, int lane)
{
    if (pack->events != NULL) {
        pack->events->waiting_count[lane] = 0;
    }
}

void events_pass(Pack *pack)
{
    if (pack->events != NULL) {
        memset(pack->events->passed, 0, (size_t)pack->width * sizeof(long));
    }
}

/* ---- delayed events ---- */

static Waiting *waiting_of(const Events *events, int lane)
{
    return events->waiting + (size_t)lane * WAITING_MOST;
}

static bool is_due(const Waiting *waiting, double time)
{
    return waiting->time <= time || same_time(waiting->time, time);
}

double events_until(const Pack *pack, double end)
{
    const Events *events = pack->events;
    double until = end;
    if (events == NULL || events->waiting == NULL) {
        return end;
    }
    for (int lane = 0; lane < pack->count; lane++) {
        const Waiting *waiting = waiting_of(events, lane);
        for (int i = 0; pack->main.live[lane] && i < events->waiting_count[lane]; i++) {
            until = fmin(until, clocks_ahead(pack, lane, waiting[i].time, end));
        }
    }
    return same_time(until, end) ? end : until;
}

/* The delayed event that is due and goes first, or -1. */
static int next_waiting(const Events *events, int lane, double time)
{
    int next = -1;
    if (events->waiting == NULL) {
        return -1;
    }
    const Waiting *waiting = waiting_of(events, lane);
    for (int i = 0; i < events->waiting_count[lane]; i++) {
        if (!is_due(&waiting[i], time)) {
            continue;
        }
        bool first = next < 0 || waiting[i].priority > waiting[next].priority ||
                     (waiting[i].priority == waiting[next].priority &&
                      waiting[i].event < waiting[next].event);
        next = first ? i : next;
    }
    return next;
}

/* ---- one lane at one instant ---- */

typedef struct {
    Pack *pack;
    int lane;
    double time;
    bool timed_only;
    bool first_look; // the tests are those that brought us here
} Instant;

static bool fail(const Instant *instant, int event, const char *reason)
{
    lane_fail(instant->pack, instant->lane, OUTCOME_EVENTS, instant->time);
    Outcome *outcome = &instant->pack->lanes[instant->lane].outcome;
    outcome->event = event;
    outcome->reason = reason;
    return false;
}

/* The values that the event assigns, from the state as it is. */
static const double *values_of(const Instant *instant, int event)
{
    Pack *pack = instant->pack;
    stage_set_state(&pack->solo, pack->solo.y);
    tape_run(pack->tape, PROGRAM_ASSIGN, pack->solo.slots, 1);
    return tape_output(pack->tape, PROGRAM_ASSIGN, pack->solo.slots, pack->events->first[event], 1);
}

/* False if the lane has been ended. */
static bool assign(const Instant *instant, int event, const double *values)
{
    Pack *pack = instant->pack;
    Events *events = pack->events;
    const Event *model = &pack->model->events[event];
    int lane = instant->lane;
    for (int i = 0; i < model->assignment_count; i++) {
        if (!isfinite(values[i])) {
            (void)fail(instant, event, "assigns a value that is not finite");
            pack->lanes[lane].outcome.state = model->assignments[i].state;
            return false;
        }
        pack->solo.y[model->assignments[i].state] = values[i];
    }
    sensitivity_after_event(pack, lane, event);
    pack->lanes[lane].outcome.events++;
    pack->stats.events++;
    if (!same_time(instant->time, events->since[lane])) {
        events->since[lane] = instant->time;
        events->at_once[lane] = 0;
    }
    if (++events->at_once[lane] > MOST_AT_ONCE) {
        return fail(instant, event, "fires again and again at one instant");
    }
    if (++events->passed[lane] > pack->options.max_steps) {
        return fail(instant, event, "fires more often than solver.max_steps allows");
    }
    return true;
}

static bool put_off(const Instant *instant, int event, double delay)
{
    Events *events = instant->pack->events;
    int lane = instant->lane;
    if (!(delay >= 0.0)) {
        return fail(instant, event, "has a delay that is negative or no number");
    }
    if (events->waiting_count[lane] >= WAITING_MOST) {
        return fail(instant, event, "is delayed, and more than 32 delayed events wait");
    }
    Waiting *waiting = &waiting_of(events, lane)[events->waiting_count[lane]++];
    waiting->time = instant->time + delay;
    waiting->priority = events->priority[event];
    waiting->event = event;
    int count = instant->pack->model->events[event].assignment_count;
    const double *values = values_of(instant, event);
    for (int i = 0; i < count; i++) {
        waiting->values[i] = values[i];
    }
    sensitivity_put_off(instant->pack, lane, instant->time, event, waiting);
    return true;
}

/* Queues what has become true. False if the lane has been ended. */
static bool look(Instant *instant, bool *any)
{
    Pack *pack = instant->pack;
    Events *events = pack->events;
    stage_set_state(&pack->solo, pack->solo.y);
    tape_run(pack->tape, PROGRAM_EVENTS, pack->solo.slots, 1);
    const double *out = tape_output(pack->tape, PROGRAM_EVENTS, pack->solo.slots, 0, 1);
    for (int i = 0; i < events->count; i++, out += TRIGGER_OUTPUTS) {
        int k = i * pack->width + instant->lane;
        bool now = out[TRIGGER_TEST] != 0.0 && events->ready[k];
        events->queued[i] = instant->first_look ? events->due[k] : now;
        events->queued[i] = events->queued[i] && (events->timed[i] || !instant->timed_only);
        bool off = out[TRIGGER_OFF] != 0.0 && !events->early[k];
        events->ready[k] = (events->ready[k] || off) && !events->queued[i];
        events->priority[i] = out[TRIGGER_PRIORITY];
    }
    instant->first_look = false;
    for (int i = 0; i < events->count; i++) {
        double delay = tape_output(pack->tape, PROGRAM_EVENTS, pack->solo.slots,
                                   i * TRIGGER_OUTPUTS + TRIGGER_DELAY, 1)[0];
        if (events->queued[i] && delay != 0.0) {
            events->queued[i] = false;
            if (!put_off(instant, i, delay)) {
                return false;
            }
        }
        *any = *any || events->queued[i];
    }
    *any =
        *any || (!instant->timed_only && next_waiting(events, instant->lane, instant->time) >= 0);
    return true;
}

/* Takes the delayed event out of the list, and assigns. */
static bool fire_waiting(const Instant *instant, int index)
{
    Events *events = instant->pack->events;
    Waiting *list = waiting_of(events, instant->lane);
    int last = --events->waiting_count[instant->lane];
    Waiting taken = list[index];
    for (int i = index; i < last; i++) {
        list[i] = list[i + 1];
    }
    list[last] = taken; // its values' memory stays with the list
    sensitivity_before_delayed(instant->pack, instant->lane, &taken);
    return assign(instant, taken.event, taken.values);
}

/* Fires all that is queued or due. False if the lane has been ended. */
static bool fire_queue(const Instant *instant)
{
    Events *events = instant->pack->events;
    for (;;) {
        int next = -1;
        for (int i = 0; i < events->count; i++) {
            if (events->queued[i] && (next < 0 || events->priority[i] > events->priority[next])) {
                next = i;
            }
        }
        int delayed = instant->timed_only ? -1 : next_waiting(events, instant->lane, instant->time);
        if (next < 0 && delayed < 0) {
            return true;
        }
        bool wait_first = delayed >= 0;
        if (delayed >= 0 && next >= 0) {
            const Waiting *waiting = &waiting_of(events, instant->lane)[delayed];
            wait_first = waiting->priority > events->priority[next] ||
                         (waiting->priority == events->priority[next] && waiting->event <= next);
        }
        if (wait_first) {
            if (!fire_waiting(instant, delayed)) {
                return false;
            }
            continue;
        }
        events->queued[next] = false;
        sensitivity_before_event(instant->pack, instant->lane, instant->time, next);
        if (!assign(instant, next, values_of(instant, next))) {
            return false;
        }
    }
}

static bool fire_lane(Pack *pack, int lane, double time, bool timed_only)
{
    Instant instant = {pack, lane, time, timed_only, true};
    size_t width = (size_t)pack->width;
    lane_alone(pack, lane, time);
    for (size_t i = 0; i < (size_t)pack->states; i++) {
        pack->solo.y[i] = pack->main.y[i * width + (size_t)lane];
    }
    bool fired = false;
    for (;;) {
        bool any = false;
        if (!look(&instant, &any)) {
            return true;
        }
        if (!any) {
            break;
        }
        fired = true;
        if (!fire_queue(&instant)) {
            return true;
        }
    }
    for (size_t i = 0; i < (size_t)pack->states; i++) {
        pack->main.y[i * width + (size_t)lane] = pack->solo.y[i];
    }
    return fired;
}

/* ---- all lanes ---- */

/* After a probe: adds to what is due. What becomes true only in the rest of this instant still has
 * its threshold before it: that it is clearly false does not mean that it may fire again. */
static void collect(Pack *pack, double time, bool begin)
{
    Events *events = pack->events;
    for (int i = 0; i < events->count; i++) {
        for (int lane = 0; lane < pack->width; lane++) {
            int k = i * pack->width + lane;
            bool holds = events_output(pack, i, TRIGGER_TEST, lane) != 0.0;
            bool was_due = !begin && events->due[k];
            events->due[k] = was_due || (holds && events->ready[k]);
            bool stays = events->early[k] && time <= events->until;
            events->early[k] = stays || (!begin && events->due[k] && !was_due);
        }
    }
}

static bool has_due(const Pack *pack, int lane, double time, bool timed_only)
{
    const Events *events = pack->events;
    for (int i = 0; i < events->count; i++) {
        if (events->due[i * pack->width + lane] && (events->timed[i] || !timed_only)) {
            return true;
        }
    }
    return !timed_only && next_waiting(events, lane, time) >= 0;
}

static bool fire_all(Pack *pack, double time, bool timed_only)
{
    bool touched = false;
    for (int lane = 0; lane < pack->count; lane++) {
        double now = stage_lane_time(&pack->main, lane, time);
        if (pack->main.live[lane] && has_due(pack, lane, now, timed_only)) {
            touched = fire_lane(pack, lane, now, timed_only) || touched;
        }
    }
    return touched;
}

bool events_arrive(Pack *pack, double time)
{
    if (pack->events == NULL) {
        return false;
    }
    events_probe(pack, time, pack->main.y);
    begin_lanes(pack);
    collect(pack, time, true);
    return fire_all(pack, time, true);
}

bool events_fire(Pack *pack, double time, double ahead)
{
    Events *events = pack->events;
    if (events == NULL) {
        return false;
    }
    assert(ahead >= time);
    events_probe(pack, time, pack->main.y);
    collect(pack, time, true);
    double near = fmin(ahead, time + ONE_INSTANT * fabs(time));
    if (near > time) {
        events->until = near;
        integrator_value(pack->main.integrator, near, pack->scratch);
        events_probe(pack, near, pack->scratch);
        collect(pack, near, false);
    }
    bool touched = fire_all(pack, time, false);
    events_probe(pack, time, pack->main.y);
    events->sampled = 0;
    events_sample(pack, time);
    return touched;
}
