/* stops.c: all times at which a loaded pack must stop.
 *
 * Candidates are the start and the end of the run and of every lane, every event of every lane, its
 * switch times, the times at which its covariates change, and the knots of tables that are
 * functions of time. Those that are one instant (relative 1e-12)
 * become one stop; its time is that of the most exact source: start and end, then doses, infusion
 * ends, switches, knots.
 *
 * A surface such as t - 7*floor(t/7) - 1 has a constant slope and yet jumps: it is solved between
 * the stops found so far, in rounds, until no new stop turns up.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/stops.h"
#include "simulate/sensitivity.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 4 };

typedef enum { RANK_END, RANK_DOSE, RANK_INFUSION_END, RANK_SWITCH, RANK_KNOT } Rank;

typedef struct {
    double time;
    Rank rank;
    bool restart;
    int *stop;   // where the index of the stop is to be kept, or NULL
    bool shared; // by all lanes, though it is listed once
} Candidate;

typedef struct {
    Arena *arena;
    Candidate *items;
    size_t count, capacity;
} CandidateList;

bool same_time(double a, double b)
{
    return fabs(a - b) <= 1e-12 * fmax(fabs(a), fabs(b));
}

static void add_candidate(CandidateList *list, Candidate candidate)
{
    list->items =
        arena_grow(list->arena, list->items, list->count, &list->capacity, sizeof *list->items);
    list->items[list->count++] = candidate;
}

/* A time in which a lane's covariates are constant or follow the clock without a corner. */
typedef struct {
    Pack *pack;
    double first, last;
    bool follows; // some covariate follows the clock: the slopes in the tape do not know that
} Piece;

/* A switch of one lane as a function of time; pack->solo holds that lane. */
typedef struct {
    const Piece *piece;
    int index;
} SwitchSurface;

static const double *switch_outputs(const SwitchSurface *surface, double time)
{
    Pack *pack = surface->piece->pack;
    stage_set_time(&pack->solo, time);
    tape_run(pack->tape, PROGRAM_SWITCHES, pack->solo.slots, 1);
    return tape_output(pack->tape, PROGRAM_SWITCHES, pack->solo.slots, 3 * surface->index, 1);
}

static SurfacePoint switch_surface(void *context, double time)
{
    const SwitchSurface *surface = context;
    const Piece *piece = surface->piece;
    double slope = 0.0;
    if (piece->follows) {
        double step = 1e-6 * (piece->last - piece->first);
        double before = switch_outputs(surface, time - step)[1];
        slope = (switch_outputs(surface, time + step)[1] - before) / step / 2;
    }
    const double *out = switch_outputs(surface, time);
    return (SurfacePoint){out[1], piece->follows ? slope : out[2]};
}

static bool solve_smooth(const Piece *piece, TimeList *list)
{
    bool room = true;
    const Pack *pack = piece->pack;
    for (int i = 0; i < pack->model->switch_count && room; i++) {
        const Switch *one = &pack->model->switches[i];
        SwitchSurface surface = {piece, i};
        bool curved = piece->follows || (!one->linear && !pack->nested_surface[i]);
        if (curved) {
            room =
                stops_curved(switch_surface, &surface, piece->first, piece->last, one->whole, list);
        } else if (one->linear) {
            room =
                stops_linear(switch_surface, &surface, piece->first, piece->last, one->whole, list);
        }
    }
    return room;
}

/* Solves the surfaces that jump, on each piece between the times found so far. */
static bool solve_nested(const Piece *piece, TimeList *list)
{
    size_t pieces = list->count + 1;
    bool room = true;
    const Pack *pack = piece->pack;
    for (size_t k = 0; k < pieces && room; k++) {
        double first = k == 0 ? piece->first : list->times[k - 1];
        double last = k == pieces - 1 ? piece->last : list->times[k];
        for (int i = 0; i < pack->model->switch_count && room; i++) {
            const Switch *one = &pack->model->switches[i];
            SwitchSurface surface = {piece, i};
            if (pack->nested_surface[i] && !piece->follows) {
                room = stops_linear(switch_surface, &surface, first, last, one->whole, list);
            }
        }
    }
    return room;
}

static bool has_nested(const Pack *pack)
{
    for (int i = 0; i < pack->model->switch_count; i++) {
        if (pack->nested_surface[i]) {
            return true;
        }
    }
    return false;
}

/* Times that are one instant are dropped, so that rounds of the search come to an end. */
static void thin(TimeList *list)
{
    times_sort(list);
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        if (kept == 0 || !same_time(list->times[kept - 1], list->times[i])) {
            list->times[kept++] = list->times[i];
        }
    }
    list->count = kept;
}

static bool solve_piece(const Piece *piece, TimeList *found)
{
    TimeList list = {.arena = piece->pack->loaded};
    bool room = solve_smooth(piece, &list);
    thin(&list);
    for (int round = 0; has_nested(piece->pack) && room && round < ROUNDS; round++) {
        size_t before = list.count;
        room = solve_nested(piece, &list);
        thin(&list);
        if (list.count == before) {
            break;
        }
    }
    for (size_t i = 0; i < list.count && room; i++) {
        room = times_add(found, list.times[i]);
    }
    return room;
}

/* Times at which a covariate of the lane jumps or bends, within its span. */
static void find_turns(const Pack *pack, int lane, TimeList *turns)
{
    const Lane *one = &pack->lanes[lane];
    for (int i = 0; i < one->course_count; i++) {
        const CovariateCourse *course = &one->courses[i];
        for (int k = 0; k < course->count; k++) {
            double time = course->time[k];
            if (time > one->start && time < one->end && course_turns(course, k)) {
                (void)times_add(turns, time);
            }
        }
    }
    times_sort(turns);
}

static void find_switch_times(Pack *pack, int lane, const TimeList *turns,
                              CandidateList *candidates)
{
    const Lane *one = &pack->lanes[lane];
    TimeList list = {.arena = pack->loaded};
    Piece piece = {.pack = pack, .follows = pack->solo.follower_count > 0};
    bool room = true;
    for (size_t k = 0; pack->model->switch_count > 0 && room && k <= turns->count; k++) {
        piece.first = k == 0 ? one->start : turns->times[k - 1];
        piece.last = k == turns->count ? one->end : turns->times[k];
        if (piece.last > piece.first) {
            (void)courses_set(pack, lane, &pack->solo, piece.first, true);
            tape_run(pack->tape, PROGRAM_SETUP, pack->solo.slots, 1);
            room = solve_piece(&piece, &list);
        }
    }
    if (!room) {
        lane_fail(pack, lane, OUTCOME_BAD_DOSE, one->start);
        pack->lanes[lane].outcome.reason = "its conditions on time change more than 1000000 times";
        return;
    }
    for (size_t i = 0; i < list.count; i++) {
        add_candidate(candidates, (Candidate){list.times[i], RANK_SWITCH, false, NULL, false});
    }
}

/* A table's argument less one knot, as a function of time; pack->solo holds the lane. */
typedef struct {
    Pack *pack;
    Expr argument;
    Bindings bindings;
    double time;
    double knot;
} KnotSurface;

static double argument_at(KnotSurface *surface, double time)
{
    surface->time = time;
    return expr_evaluate(surface->pack->model->graph, surface->argument, &surface->bindings);
}

static SurfacePoint knot_surface(void *context, double time)
{
    KnotSurface *surface = context;
    double step = 1e-6 * (surface->pack->end - surface->pack->start);
    double slope =
        (argument_at(surface, time + step) - argument_at(surface, time - step)) / step / 2;
    return (SurfacePoint){argument_at(surface, time) - surface->knot, slope};
}

static bool is_straight(KnotSurface *surface)
{
    double first = surface->pack->start;
    double length = surface->pack->end - first;
    double a = argument_at(surface, first);
    double b = argument_at(surface, first + length);
    for (int i = 1; i < 8; i++) {
        double s = i / 8.0 - 0.01;
        double expected = a + s * (b - a);
        double size = fmax(fabs(a), fabs(b));
        if (fabs(argument_at(surface, first + s * length) - expected) > 1e-9 * size) {
            return false;
        }
    }
    return true;
}

static void find_knots(Pack *pack, Expr use, bool shared, CandidateList *candidates)
{
    const Graph *graph = pack->model->graph;
    const Interpolant *table = &pack->tape->tables[expr_table(graph, use)];
    const double *slots = pack->solo.slots;
    KnotSurface surface = {.pack = pack, .argument = expr_argument(graph, use, 0)};
    surface.bindings.values[SYMBOL_TIME] = &surface.time;
    surface.bindings.values[SYMBOL_PARAMETER] = slots + pack->tape->parameter;
    surface.bindings.values[SYMBOL_COVARIATE] = slots + pack->tape->covariate;
    surface.bindings.values[SYMBOL_SWITCH] = slots + pack->tape->switches;
    bool is_time = expr_operator(graph, surface.argument) == EXPR_SYMBOL;
    TimeList list = {.arena = pack->loaded};
    for (int k = 0; k < table->count; k++) {
        surface.knot = table->x[k];
        if (is_time) {
            (void)times_add(&list, surface.knot);
        } else if (is_straight(&surface)) {
            (void)stops_linear(knot_surface, &surface, pack->start, pack->end, false, &list);
        } else {
            (void)stops_curved(knot_surface, &surface, pack->start, pack->end, false, &list);
        }
    }
    for (size_t i = 0; i < list.count; i++) {
        if (list.times[i] > pack->start && list.times[i] < pack->end) {
            bool jump = table->method == INTERP_STEP;
            add_candidate(candidates, (Candidate){list.times[i], RANK_KNOT, jump, NULL, shared});
        }
    }
}

/* Knots of the tables that are read as functions of time; those of t itself once for all lanes. */
static void find_table_times(Pack *pack, bool first_lane, CandidateList *candidates)
{
    const Model *model = pack->model;
    const unsigned time = 1U << SYMBOL_TIME;
    const unsigned state = 1U << SYMBOL_STATE;
    if (model->table_count == 0 || pack->tape->tables == NULL) {
        return;
    }
    for (Expr expr = 1; expr < graph_end(model->graph); expr++) {
        if (expr_operator(model->graph, expr) != EXPR_INTERP) {
            continue;
        }
        Expr argument = expr_argument(model->graph, expr, 0);
        unsigned kinds = expr_kinds(model->graph, argument);
        bool same_for_all = kinds == time;
        if ((kinds & time) != 0 && (kinds & state) == 0 && (first_lane || !same_for_all)) {
            find_knots(pack, expr, same_for_all, candidates);
        }
    }
}

static void find_event_times(Pack *pack, int lane, CandidateList *candidates)
{
    Lane *one = &pack->lanes[lane];
    for (int i = 0; i < one->event_count; i++) {
        LaneEvent *event = &one->events[i];
        Rank rank = event->kind == EVENT_INFUSION_END ? RANK_INFUSION_END : RANK_DOSE;
        add_candidate(candidates, (Candidate){event->time, rank, false, &event->stop, false});
    }
    add_candidate(candidates, (Candidate){one->start, RANK_DOSE, false, &one->first_stop, false});
    add_candidate(candidates, (Candidate){one->end, RANK_DOSE, false, &one->last_stop, false});
}

static int by_time_and_rank(const void *left, const void *right)
{
    const Candidate *a = left;
    const Candidate *b = right;
    if (a->time != b->time) {
        return a->time < b->time ? -1 : 1;
    }
    return (a->rank > b->rank) - (a->rank < b->rank);
}

/* Sorts the candidates into stops (room for one each), and says where each is; their number. */
static int join(CandidateList *candidates, Stop *stops)
{
    qsort(candidates->items, candidates->count, sizeof *candidates->items, by_time_and_rank);
    int count = 0;
    for (size_t i = 0; i < candidates->count; count++) {
        double first = candidates->items[i].time;
        Stop *stop = &stops[count];
        Candidate best = candidates->items[i];
        for (; i < candidates->count && same_time(first, candidates->items[i].time); i++) {
            Candidate *one = &candidates->items[i];
            best = one->rank < best.rank ? *one : best;
            stop->restart = stop->restart || one->restart;
            stop->acts = stop->acts || one->restart || one->rank != RANK_KNOT;
            if (one->stop != NULL) {
                *one->stop = count;
            }
        }
        stop->time = best.time;
    }
    return count;
}

/* Everything at which one lane must stop. The knots of tables that are read by the time itself are
 * those of all lanes. */
static void find_lane_stops(Pack *pack, int lane, bool knots_of_time, CandidateList *candidates)
{
    find_event_times(pack, lane, candidates);
    const Lane *one = &pack->lanes[lane];
    if (!(one->end > one->start)) {
        return;
    }
    TimeList turns = {.arena = pack->loaded};
    find_turns(pack, lane, &turns);
    lane_alone(pack, lane, one->start);
    find_switch_times(pack, lane, &turns, candidates);
    lane_alone(pack, lane, one->start);
    find_table_times(pack, knots_of_time, candidates);
    for (size_t i = 0; i < turns.count; i++) {
        add_candidate(candidates, (Candidate){turns.times[i], RANK_SWITCH, false, NULL, false});
    }
}

/* The stops of the pack by a common clock. */
static void join_all(Pack *pack, CandidateList *candidates)
{
    pack->stops = arena_array(pack->loaded, candidates->count, sizeof *pack->stops);
    pack->stop_count = join(candidates, pack->stops);
    pack->stop_times =
        arena_array(pack->loaded, (size_t)pack->stop_count, sizeof *pack->stop_times);
    for (int i = 0; i < pack->stop_count; i++) {
        pack->stop_times[i] = pack->stops[i].time;
    }
    assert(pack->stops[0].time == pack->start);
    assert(pack->stops[pack->stop_count - 1].time == pack->end);
}

/* The stops that one lane needs; the events know theirs among them if `place` is set. */
static LaneStops stops_of_lane(Pack *pack, int lane, const CandidateList *all, size_t first,
                               size_t last, bool place)
{
    const Lane *one = &pack->lanes[lane];
    CandidateList own = {.arena = pack->loaded};
    for (size_t i = 0; i < all->count; i++) {
        const Candidate *from = &all->items[i];
        bool mine = i >= first && i < last;
        bool shared = from->shared && from->time > one->start && from->time < one->end;
        if (mine || shared) {
            add_candidate(&own, *from);
            own.items[own.count - 1].stop = place ? from->stop : NULL;
        }
    }
    Stop *stops = arena_array(pack->loaded, own.count, sizeof *stops);
    LaneStops result = {.count = join(&own, stops)};
    result.times = arena_array(pack->loaded, (size_t)result.count, sizeof *result.times);
    for (int i = 0; i < result.count; i++) {
        result.times[i] = stops[i].time;
    }
    return result;
}

/* The place of each lane's candidates in the list. */
typedef struct {
    size_t first, last;
} Range;

/* Lanes that have little in common keep their own time. */
static void part_clocks(Pack *pack, const CandidateList *all, const Range *ranges)
{
    LaneStops *own = arena_array(pack->loaded, (size_t)pack->count, sizeof *own);
    int most = lanes_donor(pack);
    for (int lane = 0; lane < pack->count; lane++) {
        size_t length = ranges[lane].last - ranges[lane].first;
        most = most >= 0 && length > ranges[most].last - ranges[most].first ? lane : most;
    }
    if (most < 0 || (sensitivity_on(pack) && !march_can(pack))) {
        return;
    }
    own[most] = stops_of_lane(pack, most, all, ranges[most].first, ranges[most].last, false);
    if (!march_can(pack) && !clocks_wanted(pack, &own[most])) {
        return;
    }
    for (int lane = 0; lane < pack->count; lane++) {
        if (pack->main.live[lane]) {
            own[lane] = stops_of_lane(pack, lane, all, ranges[lane].first, ranges[lane].last, true);
        }
    }
    clocks_build(pack, own);
}

void stops_build(Pack *pack)
{
    CandidateList candidates = {.arena = pack->loaded};
    Range *ranges = arena_array(pack->loaded, (size_t)pack->count, sizeof *ranges);
    add_candidate(&candidates, (Candidate){pack->start, RANK_END, false, NULL, false});
    add_candidate(&candidates, (Candidate){pack->end, RANK_END, false, NULL, false});
    bool first_lane = true;
    for (int lane = 0; lane < pack->count; lane++) {
        if (!pack->main.live[lane]) {
            continue;
        }
        ranges[lane].first = candidates.count;
        find_lane_stops(pack, lane, first_lane, &candidates);
        ranges[lane].last = candidates.count;
        first_lane = false;
    }
    size_t count = candidates.count;
    CandidateList all = {.arena = pack->loaded};
    all.items = arena_array(pack->loaded, count, sizeof *all.items);
    memcpy(all.items, candidates.items, count * sizeof *all.items);
    all.count = count; // join sorts
    join_all(pack, &candidates);
    part_clocks(pack, &all, ranges);
}

int pack_stops(const Pack *pack, const double **times)
{
    assert(pack != NULL && times != NULL);
    *times = pack->stop_times;
    return pack->stop_count;
}
