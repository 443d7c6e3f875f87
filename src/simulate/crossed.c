/* crossed.c: finds the first crossing of any event of any lane inside a step.
 *
 * The step is sampled at a few points of the interpolant. A test that is true at one and was false
 * before is bracketed; the bracket is closed (bracket.h) by the highest surface of all lanes. What
 * decides the side is the test, not the sign of the surface: at the time found the condition is
 * true. A surface that rises towards zero and falls again between samples is followed to its
 * summit, so that a short crossing is not missed.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/bracket.h"
#include "simulate/events.h"

#include <assert.h>
#include <math.h>

enum { CLIMBS = 10 };

// Fractions of a step. The points near its ends keep a summit from hiding between two steps.
static const double SAMPLES[] = {0.05, 0.25, 0.5, 0.75, 0.95, 1.0};
enum { SAMPLE_COUNT = sizeof SAMPLES / sizeof *SAMPLES };

// The part of its distance from zero that a surface may change in a step that is not looked into.
static const double CALM = 0.1;
// How near to zero, relative to its height, the summit of a parabola is worth a look.
static const double NEAR_ZERO = 0.3;
// The share of its bracket at which the search for a summit ends.
static const double SUMMIT_WIDTH = 1e-4;

static void probe_inside(Pack *pack, double time)
{
    integrator_value(pack->main.integrator, time, pack->scratch);
    events_probe(pack, time, pack->scratch);
}

static bool may_cross(const Pack *pack, int event, int lane)
{
    const Events *events = pack->events;
    return pack->main.live[lane] && !events->timed[event] &&
           events->ready[event * pack->width + lane];
}

/* After a probe: true if something has become true. */
static bool is_crossed(const Pack *pack)
{
    for (int i = 0; i < pack->events->count; i++) {
        for (int lane = 0; lane < pack->count; lane++) {
            if (may_cross(pack, i, lane) && events_output(pack, i, TRIGGER_TEST, lane) != 0.0) {
                return true;
            }
        }
    }
    return false;
}

/* After a probe: the highest surface. */
static double highest(const Pack *pack)
{
    double most = -HUGE_VAL;
    for (int i = 0; i < pack->events->count; i++) {
        for (int lane = 0; lane < pack->count; lane++) {
            if (may_cross(pack, i, lane)) {
                most = fmax(most, events_output(pack, i, TRIGGER_SURFACE, lane));
            }
        }
    }
    return most;
}

/* The first double at which something is crossed, given that nothing is at `low` but is at `high`.
 */
static double locate(Pack *pack, double low, double high)
{
    Bracket bracket = {.low = low, .high = high};
    probe_inside(pack, low);
    bracket.at_low = highest(pack);
    probe_inside(pack, high);
    bracket.at_high = highest(pack);
    for (double at; bracket_next(&bracket, &at);) {
        probe_inside(pack, at);
        bracket_take(&bracket, at, highest(pack), is_crossed(pack));
    }
    return bracket.high;
}

typedef struct {
    double time, value;
} Point;

/* The summit of the parabola through three points. */
static Point parabola(Point a, Point b, Point c)
{
    double left = (b.value - a.value) / (b.time - a.time);
    double right = (c.value - b.value) / (c.time - b.time);
    double bend = (right - left) / (c.time - a.time);
    double slope = left + bend * (b.time - a.time); // at b
    double ahead = bend < 0.0 ? -0.5 * slope / bend : 0.0;
    return (Point){b.time + ahead, b.value + 0.5 * slope * ahead};
}

/* Climbs from b, the highest of three points, until something is crossed or the top is reached. */
static bool climb(Pack *pack, int event, int lane, Point a, Point b, Point c, double *top)
{
    double narrow = SUMMIT_WIDTH * (c.time - a.time);
    for (int i = 0; i < CLIMBS; i++) {
        double at = parabola(a, b, c).time;
        if (fabs(at - b.time) < narrow) { // look at the longer side, so that the bracket shrinks
            at = b.time + (c.time - b.time > b.time - a.time ? narrow : -narrow);
        }
        if (!(at > a.time && at < c.time) || at == b.time) {
            return false;
        }
        probe_inside(pack, at);
        if (is_crossed(pack)) {
            *top = at;
            return true;
        }
        Point here = {at, events_output(pack, event, TRIGGER_SURFACE, lane)};
        bool higher = here.value > b.value;
        if ((at > b.time) == higher) {
            a = higher ? b : here;
        } else {
            c = higher ? b : here;
        }
        b = higher ? here : b;
        if (c.time - a.time <= 3.0 * narrow) {
            return false;
        }
    }
    return false;
}

/* A summit between the latest samples that reaches above zero; *low is a time before it at which
 * nothing is crossed. */
static bool find_summit(Pack *pack, double first, double *low, double *top)
{
    const Events *events = pack->events;
    const double *time = events->time;
    if (events->sampled < EVENT_SAMPLES || time[1] < first) {
        return false;
    }
    for (int i = 0; i < events->count * pack->width; i++) {
        int event = i / pack->width;
        int lane = i % pack->width;
        Point a = {time[0], events->surface[0][i]};
        Point b = {time[1], events->surface[1][i]};
        Point c = {time[2], events->surface[2][i]};
        bool rises = a.value < b.value && b.value >= c.value && b.value < 0.0;
        if (!rises || !may_cross(pack, event, lane)) {
            continue;
        }
        Point summit = parabola(a, b, c);
        double height = summit.value - fmin(a.value, c.value);
        if (summit.time < first || summit.value < -NEAR_ZERO * height) {
            continue;
        }
        if (a.time < first) { // the interpolant does not reach back: its end is as good
            a.time = first;
        }
        if (a.time < b.time && climb(pack, event, lane, a, b, c, top)) {
            *low = *top > b.time ? b.time : a.time;
            return true;
        }
    }
    return false;
}

/* After a probe at the end of a step: true if no surface can have passed through zero inside, for
 * none has changed, nor would have at the speed it had before, by more than a small part of its
 * distance. Saves the samples inside of most steps. A surface that depends on time itself may do
 * what it likes in a step. */
static bool is_calm(const Pack *pack, double first, double last)
{
    const Events *events = pack->events;
    const double *before = events->surface[EVENT_SAMPLES - 2];
    const double *now = events->surface[EVENT_SAMPLES - 1];
    double past = events->time[EVENT_SAMPLES - 1] - events->time[EVENT_SAMPLES - 2];
    if (events->some_time || events->sampled < 2 || events->time[EVENT_SAMPLES - 1] != first) {
        return false;
    }
    double longer = (last - first) / past;
    for (int i = 0; i < events->count; i++) {
        for (int lane = 0; lane < pack->count; lane++) {
            int k = i * pack->width + lane;
            double after = events_output(pack, i, TRIGGER_SURFACE, lane);
            double change = fmax(fabs(after - now[k]), longer * fabs(now[k] - before[k]));
            if (pack->main.live[lane] && !events->timed[i] && !(change < CALM * fabs(after))) {
                return false;
            }
        }
    }
    return true;
}

bool events_crossing(Pack *pack, double first, double last, double *time)
{
    Events *events = pack->events;
    if (events == NULL || !events->some_state) {
        return false;
    }
    assert(time != NULL && first <= last);
    events_probe(pack, last, integrator_state(pack->main.integrator));
    if (is_calm(pack, first, last)) {
        events_sample(pack, last);
        return false;
    }
    double before = first;
    for (int s = 0; s < SAMPLE_COUNT; s++) {
        double at = s == SAMPLE_COUNT - 1 ? last : first + SAMPLES[s] * (last - first);
        if (at <= before) {
            continue;
        }
        probe_inside(pack, at);
        if (is_crossed(pack)) {
            *time = locate(pack, before, at);
            return true;
        }
        events_sample(pack, at);
        double low = 0.0;
        double top = 0.0;
        if (find_summit(pack, first, &low, &top)) {
            *time = locate(pack, low, top);
            return true;
        }
        before = at;
    }
    return false;
}
