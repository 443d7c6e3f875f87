/* clocks.c: lanes that keep their own time.
 *
 * Subjects with dose times of their own, integrated by one clock, stop and restart at the doses of
 * all. Here the k-th stop of each lane is the k-th stop of the pack. Between two of them the clock
 * s of the walk runs from 0 to the length of the longest lane's segment, and a lane's time is
 *
 *   t = origin + scale s,   scale = length / longest length  (at most 1)
 *
 * so that dy/ds = scale × f(t, y), with the Jacobian scale × J: the solver sees one system that
 * starts anew at each stop, no step is longer in t than in s, and tolerances hold for y as ever. A
 * lane with fewer stops than the busiest is divided where nothing happens, so that its stops meet
 * those of the busiest nearest in relative time.
 *
 * Since s begins at 0 in each segment, an infusion of a second after years has all its digits.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/lanes.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

// A segment shorter than this, relative to its time, leaves a common clock less than 9 digits.
static const double SHORT = 1e-7;
// How many restarts a segment is worth that is as long as a lane has on the average.
static const double WORTH = 1.0;
// Stops so near each other, in mean segments, are taken together: several are tried.
static const double WINDOWS[] = {0.125, 0.25, 0.5, 1.0};

bool clocks_wanted(const Pack *pack, const LaneStops *own)
{
    int acts = 0;
    bool is_short = false;
    for (int i = 0; i < pack->stop_count; i++) {
        acts += pack->stops[i].acts;
        double first = pack->stops[i].time;
        double last = i + 1 < pack->stop_count ? pack->stops[i + 1].time : HUGE_VAL;
        is_short = is_short || last - first < SHORT * fmin(fabs(first), fabs(last));
    }
    return is_short || 4 * acts > 5 * own->count;
}

/* A way to line up the stops of the lanes. */
typedef struct {
    int count;    // stops of the pack
    double *time; // (count) when they are, more or less, since each lane's start
    int **place;  // (lanes) which stop of the pack each of a lane's own is: ascending
} LineUp;

/* A stop of a lane between its ends. */
typedef struct {
    double time; // since the lane's start
    int lane, index;
} Inner;

static double since_start(const LaneStops *own, int index)
{
    return own->times[index] - own->times[0];
}

static int **make_places(const Pack *pack, const LaneStops *own)
{
    int **place = arena_array(pack->loaded, (size_t)pack->count, sizeof *place);
    for (int lane = 0; lane < pack->count; lane++) {
        place[lane] = arena_array(pack->loaded, (size_t)own[lane].count, sizeof **place);
    }
    return place;
}

/* By number: the k-th of each lane is the k-th of the busiest. A lane with fewer has its own as
 * near to them as those before allow. */
static LineUp line_up_by_number(const Pack *pack, const LaneStops *own, int busiest)
{
    LineUp line = {.count = own[busiest].count, .place = make_places(pack, own)};
    line.time = arena_array(pack->loaded, (size_t)line.count, sizeof *line.time);
    for (int k = 0; k < line.count; k++) {
        line.time[k] = since_start(&own[busiest], k);
    }
    double length = line.time[line.count - 1];
    for (int lane = 0; lane < pack->count; lane++) {
        const LaneStops *one = &own[lane];
        int *place = line.place[lane];
        int spare = line.count - one->count;
        double stretch = one->count > 1 ? length / since_start(one, one->count - 1) : 1.0;
        for (int i = 1; i < one->count; i++) {
            double time = stretch * since_start(one, i);
            int at = place[i - 1] + 1;
            while (at < i + spare && fabs(line.time[at + 1] - time) <= fabs(line.time[at] - time)) {
                at++;
            }
            place[i] = i + 1 < one->count ? at : line.count - 1;
        }
    }
    return line;
}

static int by_time_since_start(const void *left, const void *right)
{
    const Inner *a = left;
    const Inner *b = right;
    if (a->time != b->time) {
        return a->time < b->time ? -1 : 1;
    }
    return a->lane != b->lane ? a->lane - b->lane : a->index - b->index;
}

static Inner *sort_inner(const Pack *pack, const LaneStops *own, int *count)
{
    *count = 0;
    for (int lane = 0; lane < pack->count; lane++) {
        *count += own[lane].count > 2 ? own[lane].count - 2 : 0;
    }
    Inner *inner = arena_array(pack->loaded, (size_t)*count, sizeof *inner);
    int at = 0;
    for (int lane = 0; lane < pack->count; lane++) {
        for (int i = 1; i + 1 < own[lane].count; i++) {
            inner[at++] = (Inner){since_start(&own[lane], i), lane, i};
        }
    }
    qsort(inner, (size_t)*count, sizeof *inner, by_time_since_start);
    return inner;
}

/* By time: stops of different lanes within a window are one. */
static LineUp line_up_by_time(const Pack *pack, const LaneStops *own, const Inner *inner, int count,
                              double window)
{
    LineUp line = {.count = 1, .place = make_places(pack, own)};
    line.time = arena_array(pack->loaded, (size_t)count + 2, sizeof *line.time);
    int *latest = arena_array(pack->loaded, (size_t)pack->count, sizeof *latest);
    double first = 0.0;
    int members = 0;
    for (int i = 0; i < count; i++) {
        const Inner *one = &inner[i];
        if (members == 0 || latest[one->lane] == line.count - 1 || one->time > first + window) {
            line.count++;
            members = 0;
            first = one->time;
        }
        double *mean = &line.time[line.count - 1];
        *mean += (one->time - *mean) / ++members;
        latest[one->lane] = line.count - 1;
        line.place[one->lane][one->index] = line.count - 1;
    }
    line.count++;
    for (int lane = 0; lane < pack->count; lane++) {
        int last = own[lane].count - 1;
        if (last > 0) {
            line.place[lane][last] = line.count - 1;
            double *end = &line.time[line.count - 1];
            *end = fmax(*end, since_start(&own[lane], last));
        }
    }
    return line;
}

/* The times of a lane at the stops of the pack: between two of its own it is divided as they are.
 */
static void spread(const LineUp *line, const LaneStops *own, const int *place, double *times)
{
    times[0] = own->times[0];
    for (int i = 1; i < own->count; i++) {
        int first = place[i - 1];
        int last = place[i];
        double whole = line->time[last] - line->time[first];
        double length = own->times[i] - own->times[i - 1];
        for (int k = first + 1; k < last; k++) {
            double part = whole > 0.0 ? (line->time[k] - line->time[first]) / whole : 0.0;
            times[k] = own->times[i - 1] + part * length;
        }
        times[last] = own->times[i];
    }
    for (int k = place[own->count - 1] + 1; k < line->count; k++) { // a lane without length
        times[k] = times[k - 1];
    }
}

/* What a way costs: a restart for each stop, and the longest segments of all lanes. */
static double cost_of(const Pack *pack, const LaneStops *own, const LineUp *line)
{
    ArenaMark mark = arena_mark(pack->loaded);
    double *times = arena_array(pack->loaded, (size_t)line->count, sizeof *times);
    double *longest = arena_array(pack->loaded, (size_t)line->count, sizeof *longest);
    double length = 0.0;
    double segments = 0.0;
    for (int lane = 0; lane < pack->count; lane++) {
        if (own[lane].count > 1) {
            spread(line, &own[lane], line->place[lane], times);
            length += since_start(&own[lane], own[lane].count - 1);
            segments += own[lane].count - 1;
        }
        for (int k = 0; own[lane].count > 1 && k + 1 < line->count; k++) {
            longest[k] = fmax(longest[k], times[k + 1] - times[k]);
        }
    }
    double sum = 0.0;
    for (int k = 0; k + 1 < line->count; k++) {
        sum += longest[k];
    }
    arena_rewind(pack->loaded, mark);
    return line->count + (length > 0.0 ? WORTH * sum * segments / length : 0.0);
}

/* The best way that we know. */
static LineUp line_up(const Pack *pack, const LaneStops *own, int busiest)
{
    LineUp best = line_up_by_number(pack, own, busiest);
    double least = cost_of(pack, own, &best);
    int count = 0;
    const Inner *inner = sort_inner(pack, own, &count);
    double gap = since_start(&own[busiest], own[busiest].count - 1) / own[busiest].count;
    for (size_t i = 0; i < sizeof WINDOWS / sizeof *WINDOWS; i++) {
        LineUp line = line_up_by_time(pack, own, inner, count, WINDOWS[i] * gap);
        double cost = cost_of(pack, own, &line);
        if (cost < least) {
            least = cost;
            best = line;
        }
    }
    return best;
}

/* More stops, or, so that nothing depends on who is in which lane, earlier ones. */
static bool is_busier(const LaneStops *a, const LaneStops *b)
{
    for (int i = 0; a->count == b->count && i < a->count; i++) {
        if (since_start(a, i) != since_start(b, i)) {
            return since_start(a, i) < since_start(b, i);
        }
    }
    return a->count > b->count;
}

void clocks_build(Pack *pack, const LaneStops *own)
{
    int busiest = lanes_donor(pack);
    assert(busiest >= 0);
    for (int lane = busiest + 1; lane < pack->count; lane++) {
        busiest = is_busier(&own[lane], &own[busiest]) ? lane : busiest;
    }
    LineUp line = line_up(pack, own, busiest);
    for (int lane = 0; lane < pack->count; lane++) {
        Lane *one = &pack->lanes[lane];
        const int *place = line.place[lane];
        if (!pack->main.live[lane]) {
            continue;
        }
        one->times = arena_array(pack->loaded, (size_t)line.count, sizeof *one->times);
        spread(&line, &own[lane], place, one->times);
        for (int i = 0; i < one->event_count; i++) {
            one->events[i].stop = place[one->events[i].stop];
        }
        one->first_stop = 0;
        one->last_stop = line.count - 1;
    }
    pack->stop_count = line.count;
    pack->stop_times = pack->lanes[busiest].times;
    pack->main.own = true;
    clocks_set(pack, 0);
}

void clocks_set(Pack *pack, int stop)
{
    Stage *stage = &pack->main;
    assert(stage->own && stop >= 0 && stop < pack->stop_count);
    bool last = stop + 1 == pack->stop_count;
    pack->span = 0.0;
    for (int lane = 0; lane < pack->count && !last; lane++) {
        const double *times = pack->lanes[lane].times;
        if (stage->live[lane]) {
            pack->span = fmax(pack->span, times[stop + 1] - times[stop]);
        }
    }
    for (int lane = 0; lane < pack->count; lane++) {
        if (!stage->live[lane]) {
            continue;
        }
        const double *times = pack->lanes[lane].times;
        double length = last ? 0.0 : times[stop + 1] - times[stop];
        stage->origin[lane] = times[stop];
        stage->scale[lane] = pack->span > 0.0 ? length / pack->span : 0.0;
        stage->limits[lane] = length > 0.0 ? nextafter(times[stop + 1], -HUGE_VAL) : times[stop];
    }
    int donor = lanes_donor(pack);
    for (int lane = 0; lane < pack->width && donor >= 0; lane++) {
        if (!stage->live[lane]) {
            clocks_mirror(pack, donor, lane);
        }
    }
}

void clocks_mirror(Pack *pack, int donor, int lane)
{
    Stage *stage = &pack->main;
    stage->origin[lane] = stage->origin[donor];
    stage->scale[lane] = stage->scale[donor];
    stage->limits[lane] = stage->limits[donor];
}

/* What the clock of the walk shows when that of a lane shows `time`, within the last step. */
static double walk_time(const Pack *pack, int lane, double time, double reached)
{
    const Stage *stage = &pack->main;
    if (!stage->own) {
        return time;
    }
    double first = reached - integrator_last_step(stage->integrator);
    double at =
        stage->scale[lane] > 0.0 ? (time - stage->origin[lane]) / stage->scale[lane] : first;
    return fmin(fmax(at, first), reached);
}

double clocks_ahead(const Pack *pack, int lane, double time, double end)
{
    const Stage *stage = &pack->main;
    if (!stage->own) {
        return time;
    }
    bool later = time >= stage->limits[lane] || same_time(time, stage->limits[lane]);
    bool moves = stage->scale[lane] > 0.0;
    return later || !moves ? end : (time - stage->origin[lane]) / stage->scale[lane];
}

double clocks_end(const Pack *pack, int lane, double end, int stop)
{
    bool at_stop = pack->main.own && pack->main.live[lane] && end == pack->span;
    return at_stop ? pack->lanes[lane].times[stop + 1] : stage_lane_time(&pack->main, lane, end);
}

void clocks_look_ahead(Pack *pack, int stop)
{
    const Stage *stage = &pack->main;
    double next = HUGE_VAL;
    for (int lane = 0; lane < pack->count; lane++) {
        if (!stage->live[lane]) {
            continue;
        }
        double time = fmin(grid_next(pack, lane), lane_next_observation(pack, lane));
        if (time < pack->lanes[lane].times[stop + 1] && stage->scale[lane] > 0.0) {
            next = fmin(next, (time - stage->origin[lane]) / stage->scale[lane]);
        }
    }
    pack->next_look = next - 1e-9 * pack->span; // rounding
}

void clocks_look(Pack *pack, const double *wanted, double reached)
{
    size_t width = (size_t)pack->width;
    double *state = pack->main.slots + (size_t)pack->tape->state * width;
    double last = NAN; // the time that pack->scratch holds
    for (int lane = 0; lane < pack->width; lane++) {
        pack->clock[lane] = stage_lane_time(&pack->main, lane, reached);
        if (lane >= pack->count || wanted[lane] == HUGE_VAL) {
            continue;
        }
        pack->clock[lane] = wanted[lane];
        double at = walk_time(pack, lane, wanted[lane], reached);
        if (at != last) {
            integrator_value(pack->main.integrator, at, pack->scratch);
            last = at;
        }
        for (size_t i = 0; i < (size_t)pack->states; i++) {
            state[i * width + (size_t)lane] = pack->scratch[i * width + (size_t)lane];
        }
    }
    stage_set_times(&pack->main, pack->clock);
}
