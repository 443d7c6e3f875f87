/* sensitivity_edges.c: what the edges of the rates do to the columns of a lane: conditions on
 * states that make the rates jump (model_edges).
 *
 * The states are integrated across such a jump by ever shorter steps, and nothing has to be known
 * of it. Their derivatives jump there: where the surface u(y, p, t) passes through zero at t,
 *
 *   s+ = s- + (f- - f+) t',   t' = -(∂u/∂y s- + ∂u/∂p) / (∂u/∂y f- + ∂u/∂t)
 *
 * (Rozenvasser 1967). So where derivatives are asked for, the end of each step is looked at: if a
 * surface has changed its side in a lane, the crossing is located on the interpolant, and the pack
 * goes on from there. An excursion within a step, of which the rates saw nothing, is none here
 * either. A surface that another jump has carried over (of a dose, an event, an inner condition)
 * has not been crossed: the rule of that jump holds. One that turns before it is beyond zero by
 * more than its own tolerance only touches it: there is no derivative; its t' counts as 0, and the
 * outcome says so. Rates that push the state back from either side hold it at the edge: the run
 * crawls there, as it does without derivatives.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/bracket.h"
#include "simulate/sensitivity.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* How near to zero a surface must be to have been crossed, relative to what it passes in the whole
 * time. */
static const double NEAR = 1e-9;
/* Rates whose jump is a smaller part of their size, or moves a state by a smaller part of its
 * tolerance in the whole time, do not jump: it is a kink. */
static const double SLIGHT = 1e-9;
static const double SLIGHT_MOVE = 1e-2;
/* How far back the bend of a surface is looked for: as far as it moved by so many tolerances, at
 * most that part of the time. */
static const double TRACED = 1e3;
static const double MOST_TRACED = 1e-3;

bool sensitivity_has_edges(const Pack *pack)
{
    return sensitivity_on(pack) && pack->tape->edge_count > 0;
}

void sensitivity_open_edges(Pack *pack)
{
    size_t cells = (size_t)pack->tape->edge_count * (size_t)pack->width;
    pack->sensitivity->cell = arena_array(pack->arena, cells + 1, sizeof(double));
}

/* ---- where a surface is ---- */

/* Between which of its changes a surface lies: its sign, or the whole number below it; NAN on the
 * very surface. */
static double cell_of(const Edge *edge, double u)
{
    double cell = edge->whole ? floor(u) : (double)(u > 0.0) - (double)(u < 0.0);
    bool on = edge->whole ? u == cell : u == 0.0;
    return on ? (double)NAN : cell;
}

/* How far a surface is beyond the end of its cell; below zero: within. */
static double beyond(const Edge *edge, double cell, double u)
{
    return edge->whole ? fmax(cell - u, u - (cell + 1.0)) : -cell * u;
}

static double *cell_at(const Pack *pack, int edge, int lane)
{
    return &pack->sensitivity->cell[(size_t)edge * (size_t)pack->width + (size_t)lane];
}

/* The surfaces of all lanes at (time, y). */
static void probe(Pack *pack, double time, const double *y)
{
    stage_set_time(&pack->main, time);
    stage_set_state(&pack->main, y);
    tape_run(pack->tape, PROGRAM_EDGES, pack->main.slots, pack->width);
}

static void probe_inside(Pack *pack, double time)
{
    integrator_value(pack->main.integrator, time, pack->scratch);
    probe(pack, time, pack->scratch);
}

/* After a probe: how far a surface is beyond its cell. */
static double excess(const Pack *pack, int edge, int lane)
{
    double u = tape_output(pack->tape, PROGRAM_EDGES, pack->main.slots, edge, pack->width)[lane];
    return beyond(&pack->tape->edges[edge], *cell_at(pack, edge, lane), u);
}

/* After a probe: a surface that lay on an edge takes its side without a crossing. */
static void settle(Pack *pack, bool all)
{
    for (int edge = 0; edge < pack->tape->edge_count; edge++) {
        const double *u =
            tape_output(pack->tape, PROGRAM_EDGES, pack->main.slots, edge, pack->width);
        for (int lane = 0; lane < pack->count; lane++) {
            double *cell = cell_at(pack, edge, lane);
            *cell = all || isnan(*cell) ? cell_of(&pack->tape->edges[edge], u[lane]) : *cell;
        }
    }
}

void sensitivity_note_edges(Pack *pack, double time)
{
    if (sensitivity_has_edges(pack)) {
        probe(pack, time, pack->main.y);
        settle(pack, true);
    }
}

/* ---- the first crossing in a step ---- */

/* The first time at which a surface of a lane is beyond its cell, as it is at `high` and not at
 * `low`. */
static double locate(Pack *pack, int edge, int lane, double low, double high)
{
    Bracket bracket = {.low = low, .high = high};
    probe_inside(pack, low);
    bracket.at_low = excess(pack, edge, lane);
    probe_inside(pack, high);
    bracket.at_high = excess(pack, edge, lane);
    for (double at; bracket_next(&bracket, &at);) {
        probe_inside(pack, at);
        double value = excess(pack, edge, lane);
        bracket_take(&bracket, at, value, value > 0.0);
    }
    return bracket.high;
}

/* The earliest crossing in (first, last]; false: there is none. */
static bool find_first(Pack *pack, double first, double last, double *time)
{
    bool any = false;
    *time = last;
    probe_inside(pack, last);
    for (int edge = 0; edge < pack->tape->edge_count; edge++) {
        for (int lane = 0; lane < pack->count; lane++) {
            if (pack->main.live[lane] && excess(pack, edge, lane) > 0.0) {
                any = true;
                *time = locate(pack, edge, lane, first, *time);
                probe_inside(pack, *time); // those looked at before are crossed here too, or later
            }
        }
    }
    return any;
}

/* ---- what happens at a crossing ---- */

/* pack->solo becomes the lane at (time, y of all lanes), its edge programs run. */
static void look_at_lane(Pack *pack, int lane, double time, const double *y)
{
    Stage *solo = &pack->solo;
    lane_alone(pack, lane, time);
    for (size_t i = 0; i < (size_t)pack->states; i++) {
        solo->y[i] = y[i * (size_t)pack->width + (size_t)lane];
    }
    stage_set_state(solo, solo->y);
    tape_run(pack->tape, PROGRAM_EDGES, solo->slots, 1);
    tape_run(pack->tape, PROGRAM_SIDES, solo->slots, 1);
}

/* First output of an edge in PROGRAM_SIDES. */
static int sides_of(const Tape *tape, int edge)
{
    int output = 0;
    for (int i = 0; i < edge; i++) {
        output += 2 * tape->edges[i].side_count;
    }
    return output;
}

/* A crossing that the lane in pack->solo has just made. */
typedef struct {
    Pack *pack;
    int edge, lane;
    double u;
    const double *sides; // below and above of each rate that changes
    bool rises;
} Crossing;

/* False if this surface is where it was. A step goes beyond an edge, never onto it, where the rates
 * may be those of neither side; an event of the same condition may happen on the very edge. */
static bool has_crossed(Pack *pack, int edge, int lane, bool on_edge, Crossing *crossing)
{
    const Tape *tape = pack->tape;
    double *slots = pack->solo.slots;
    double cell = *cell_at(pack, edge, lane);
    double u = tape_output(tape, PROGRAM_EDGES, slots, edge, 1)[0];
    *crossing = (Crossing){.pack = pack, .edge = edge, .lane = lane, .u = u};
    crossing->sides = tape_output(tape, PROGRAM_SIDES, slots, sides_of(tape, edge), 1);
    crossing->rises = tape->edges[edge].whole ? u >= cell + 1.0 : cell < 0.0;
    double out = beyond(&tape->edges[edge], cell, u);
    return out > 0.0 || (out == 0.0 && on_edge);
}

static void take_side(const Crossing *crossing)
{
    double *cell = cell_at(crossing->pack, crossing->edge, crossing->lane);
    if (crossing->pack->tape->edges[crossing->edge].whole) {
        *cell += crossing->rises ? 1.0 : -1.0;
    } else {
        *cell = -*cell;
    }
}

/* True if the rates jump by more than a kink would. */
static bool is_jump(const Crossing *crossing)
{
    const Pack *pack = crossing->pack;
    const Edge *edge = &pack->tape->edges[crossing->edge];
    double span = pack->end - pack->start;
    for (int i = 0; i < edge->side_count; i++) {
        double below = crossing->sides[2 * i];
        double above = crossing->sides[2 * i + 1];
        int state = edge->sides[i].state;
        double tolerance =
            pack->options.rtol * fabs(pack->solo.y[state]) + pack->options.atol[state];
        double jump = fabs(above - below);
        if (jump > SLIGHT * (fabs(above) + fabs(below)) && jump * span > SLIGHT_MOVE * tolerance) {
            return true;
        }
    }
    return false;
}

/* The crossings at `time` that are kinks are past; true if one is left that is none. */
static bool pass_kinks(Pack *pack, double time)
{
    bool jumps = false;
    integrator_value(pack->main.integrator, time, pack->scratch);
    for (int lane = 0; lane < pack->count; lane++) {
        if (!pack->main.live[lane]) {
            continue;
        }
        look_at_lane(pack, lane, time, pack->scratch);
        for (int edge = 0; edge < pack->tape->edge_count; edge++) {
            Crossing crossing;
            if (!has_crossed(pack, edge, lane, false, &crossing)) {
                continue;
            }
            if (is_jump(&crossing)) {
                jumps = true;
            } else {
                take_side(&crossing);
            }
        }
    }
    return jumps;
}

bool sensitivity_crossing(Pack *pack, double first, double last, double *time)
{
    if (!sensitivity_has_edges(pack)) {
        return false;
    }
    assert(time != NULL && first <= last);
    probe_inside(pack, last);
    settle(pack, false);
    double at;
    while (find_first(pack, first, last, &at)) {
        if (pass_kinks(pack, at)) {
            *time = at;
            return true;
        }
    }
    return false;
}

/* The rates before the crossing, with what runs in; pack->solo holds the lane. */
static void find_before(const Crossing *crossing, double *rates)
{
    Pack *pack = crossing->pack;
    size_t width = (size_t)pack->width;
    const Edge *edge = &pack->tape->edges[crossing->edge];
    tape_run(pack->tape, PROGRAM_RATES, pack->solo.slots, 1);
    memcpy(rates, tape_output(pack->tape, PROGRAM_RATES, pack->solo.slots, 0, 1),
           (size_t)pack->states * sizeof *rates);
    for (int i = 0; i < edge->side_count; i++) {
        rates[edge->sides[i].state] = crossing->sides[2 * i + !crossing->rises];
    }
    for (size_t i = 0; i < (size_t)pack->states; i++) {
        rates[i] += pack->main.infusion[i * width + (size_t)crossing->lane];
    }
}

/* What a surface does as the lane moves: its speed, and the tolerance with which it is known. */
typedef struct {
    double rise, tolerance;
} Motion;

static Motion motion_of(const Crossing *crossing, const double *rates)
{
    Pack *pack = crossing->pack;
    const Partials *partials = &pack->tape->partials[PROGRAM_EDGES_PARTIALS];
    const double *values = tape_output(pack->tape, PROGRAM_EDGES_PARTIALS, pack->solo.slots, 0, 1);
    Motion motion = {0.0, 0.0};
    for (int i = 0; i < partials->count; i++) {
        const Partial *one = &partials->items[i];
        if (one->output != crossing->edge || one->kind == SYMBOL_PARAMETER) {
            continue;
        }
        bool state = one->kind == SYMBOL_STATE;
        motion.rise += values[i] * (state ? rates[one->index] : 1.0);
        motion.tolerance +=
            state ? fabs(values[i]) * (pack->options.rtol * fabs(pack->solo.y[one->index]) +
                                       pack->options.atol[one->index])
                  : 0.0;
    }
    return motion;
}

/* True if the surface, as a parabola through here, gets no further beyond zero than it is known: a
 * speed r and a bend b turn it at a depth of r^2 / (2 b). pack->solo holds the lane, and does so
 * again afterwards. */
static bool only_touches(const Crossing *crossing, double time, Motion motion)
{
    Pack *pack = crossing->pack;
    Sensitivity *sensitivity = pack->sensitivity;
    double span = fmax(fabs(time), pack->end - pack->start);
    if (fabs(motion.rise) * span <= motion.tolerance) {
        return motion.tolerance > 0.0;
    }
    double back = fmin(TRACED * motion.tolerance / fabs(motion.rise), MOST_TRACED * span);
    for (int i = 0; i < pack->states; i++) { // the bend, by the rates a little earlier
        pack->scratch[i * pack->width + crossing->lane] =
            pack->solo.y[i] - back * sensitivity->before[i];
    }
    look_at_lane(pack, crossing->lane, time - back, pack->scratch);
    find_before(crossing, sensitivity->now);
    tape_run(pack->tape, PROGRAM_EDGES_PARTIALS, pack->solo.slots, 1);
    double bend = (motion.rise - motion_of(crossing, sensitivity->now).rise) / back;
    look_at_lane(pack, crossing->lane, time, pack->main.y);
    tape_run(pack->tape, PROGRAM_EDGES_PARTIALS, pack->solo.slots, 1);
    return motion.rise * motion.rise <= 2.0 * fabs(bend) * motion.tolerance;
}

/* ∂u/∂y s + ∂u/∂p of column k. */
static double slope_of(const Crossing *crossing, int k)
{
    Pack *pack = crossing->pack;
    const Partials *partials = &pack->tape->partials[PROGRAM_EDGES_PARTIALS];
    const double *values = tape_output(pack->tape, PROGRAM_EDGES_PARTIALS, pack->solo.slots, 0, 1);
    double sum = 0.0;
    for (int i = 0; i < partials->count; i++) {
        const Partial *one = &partials->items[i];
        if (one->output != crossing->edge) {
            continue;
        }
        if (one->kind == SYMBOL_STATE) {
            sum += values[i] * *sensitivity_entry(pack, k, one->index, crossing->lane);
        } else if (one->kind == SYMBOL_PARAMETER &&
                   one->index == pack->sensitivity->slopes.parameter[k]) {
            sum += values[i] * sensitivity_scale(pack, k, crossing->lane);
        }
    }
    return sum;
}

static void cross(const Crossing *crossing, double time)
{
    Pack *pack = crossing->pack;
    Sensitivity *sensitivity = pack->sensitivity;
    const Edge *edge = &pack->tape->edges[crossing->edge];
    find_before(crossing, sensitivity->before);
    tape_run(pack->tape, PROGRAM_EDGES_PARTIALS, pack->solo.slots, 1);
    Motion motion = motion_of(crossing, sensitivity->before);
    double span = fmax(fabs(time), pack->end - pack->start);
    double u = edge->whole ? crossing->u - round(crossing->u) : crossing->u;
    if (only_touches(crossing, time, motion)) {
        pack->lanes[crossing->lane].outcome.touched++;
        return;
    }
    if (!(fabs(u) <= NEAR * fabs(motion.rise) * span)) {
        return; // carried over by another jump
    }
    for (int k = 0; k < sensitivity->count; k++) {
        sensitivity->moved[k] = -slope_of(crossing, k) / motion.rise;
    }
    for (int i = 0; i < edge->side_count; i++) {
        double jump = crossing->sides[2 * i + 1] - crossing->sides[2 * i];
        double less = crossing->rises ? -jump : jump; // f- - f+
        for (int k = 0; k < sensitivity->count; k++) {
            *sensitivity_entry(pack, k, edge->sides[i].state, crossing->lane) +=
                less * sensitivity->moved[k];
        }
    }
}

void sensitivity_cross(Pack *pack, double time)
{
    if (!sensitivity_has_edges(pack)) {
        return;
    }
    for (int lane = 0; lane < pack->count; lane++) {
        if (!pack->main.live[lane]) {
            continue;
        }
        look_at_lane(pack, lane, time, pack->main.y);
        for (int edge = 0; edge < pack->tape->edge_count; edge++) {
            Crossing crossing;
            if (has_crossed(pack, edge, lane, true, &crossing)) {
                take_side(&crossing);
                cross(&crossing, time);
            }
        }
    }
}
