/* grid.c: outputs of lanes that keep their own time, and observations of their own.
 *
 * Such lanes pass an output time at different moments of the walk: their outputs are kept and
 * handed over in order of time when the run is over.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/sensitivity.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* Outputs that are kept for later. */
typedef struct {
    double *values; // (count × outputs × width)
    double *slopes; // (count × sensitivities × outputs × width), or NULL
    bool *seen;     // (count × width)
} Kept;

struct Grid {
    const double *times;
    int count, outputs;
    Kept after, before; // what happens at an output time; `before` only if both are wanted
    // Or nothing is kept, and each lane's goes to the sink as it comes:
    OutputSink *sink;
    void *context;
    bool *only; // (width) which lane it is
    bool refused;
};

/* Numbers of one output time. */
static size_t values_of_row(const Pack *pack, const Grid *grid)
{
    return (size_t)grid->outputs * (size_t)pack->width;
}

static size_t slopes_of_row(const Pack *pack, const Grid *grid)
{
    return sensitivity_on(pack) ? (size_t)pack->sensitivity->count * values_of_row(pack, grid) : 0;
}

static void make_room(Pack *pack, const Grid *grid, Kept *kept)
{
    const size_t count = (size_t)grid->count;
    kept->values = arena_array(pack->loaded, count * values_of_row(pack, grid), sizeof(double));
    kept->seen = arena_array(pack->loaded, count * (size_t)pack->width, sizeof(bool));
    if (sensitivity_on(pack)) {
        kept->slopes = arena_array(pack->loaded, count * slopes_of_row(pack, grid), sizeof(double));
    }
}

void grid_open(Pack *pack, const double *times, int count, OutputSink *sink, void *context)
{
    Grid *grid = arena_alloc(pack->loaded, sizeof *grid);
    *grid = (Grid){.times = times,
                   .count = count,
                   .outputs = pack->tape->programs[PROGRAM_OBSERVE].output_count,
                   .sink = sink,
                   .context = context};
    if (pack->at_once) {
        grid->only = arena_array(pack->loaded, (size_t)pack->width, sizeof(bool));
    } else {
        make_room(pack, grid, &grid->after);
    }
    if (!pack->at_once && pack->at_dose == AT_DOSE_BOTH) {
        make_room(pack, grid, &grid->before);
    }
    pack->grid = grid;
    for (int lane = 0; lane < pack->count; lane++) { // what lies before the lane's start
        Lane *one = &pack->lanes[lane];
        while (one->grid_next < count && times[one->grid_next] < one->start &&
               !same_time(times[one->grid_next], one->start)) {
            one->grid_next++;
        }
    }
}

double grid_next(const Pack *pack, int lane)
{
    const Grid *grid = pack->grid;
    int next = pack->lanes[lane].grid_next;
    return next < grid->count ? grid->times[next] : HUGE_VAL;
}

void lane_show(Pack *pack, int lane, const Stage *stage, int column)
{
    if (stage == &pack->main) {
        return;
    }
    const int count = pack->tape->programs[PROGRAM_OBSERVE].output_count;
    const double *from = tape_output(pack->tape, PROGRAM_OBSERVE, stage->slots, 0, stage->width);
    double *to = tape_output(pack->tape, PROGRAM_OBSERVE, pack->main.slots, 0, pack->width);
    for (int k = 0; k < count; k++) {
        to[(size_t)k * (size_t)pack->width + (size_t)lane] =
            from[(size_t)k * (size_t)stage->width + (size_t)column];
    }
}

/* Hands the values of PROGRAM_OBSERVE in a lane over at once. */
static void hand_over(const Pack *pack, int lane, int index)
{
    Grid *grid = pack->grid;
    const double *from = tape_output(pack->tape, PROGRAM_OBSERVE, pack->main.slots, 0, pack->width);
    grid->only[lane] = true;
    grid->refused = grid->refused || !grid->sink(grid->context, index, grid->times[index], from,
                                                 grid->only, pack->width);
    grid->only[lane] = false;
}

/* The values of PROGRAM_OBSERVE in a column of a stage become those of an output time of a lane. */
static void keep(Pack *pack, int lane, const Stage *stage, int column, int index, const Kept *kept)
{
    size_t width = (size_t)pack->width;
    size_t stride = (size_t)stage->width;
    const Grid *grid = pack->grid;
    if (grid->only != NULL) {
        lane_show(pack, lane, stage, column);
        hand_over(pack, lane, index);
        return;
    }
    const double *from =
        tape_output(pack->tape, PROGRAM_OBSERVE, stage->slots, 0, stage->width) + column;
    double *to = kept->values + (size_t)index * values_of_row(pack, grid) + (size_t)lane;
    for (size_t k = 0; k < (size_t)grid->outputs; k++) {
        to[k * width] = from[k * stride];
    }
    kept->seen[(size_t)index * width + (size_t)lane] = true;
    if (kept->slopes == NULL) {
        return;
    }
    to = kept->slopes + (size_t)index * slopes_of_row(pack, grid);
    from = pack->sensitivity->observed;
    for (size_t k = (size_t)lane; k < slopes_of_row(pack, grid); k += width) {
        to[k] = from[k];
    }
}

void grid_keep(Pack *pack, int lane, const Stage *stage, int column)
{
    keep(pack, lane, stage, column, pack->lanes[lane].grid_next++, &pack->grid->after);
}

/* True if the next output time of a live lane is at most `time`, or the same. */
static bool is_reached(const Pack *pack, int lane, double time)
{
    const Grid *grid = pack->grid;
    int next = pack->lanes[lane].grid_next;
    return pack->main.live[lane] && next < grid->count &&
           (grid->times[next] <= time || same_time(grid->times[next], time));
}

bool grid_stop(Pack *pack, int stop, double time, bool before)
{
    const Grid *grid = pack->grid;
    bool both = before && pack->at_dose == AT_DOSE_BOTH;
    bool any = false;
    for (int lane = 0; lane < pack->count; lane++) {
        Lane *one = &pack->lanes[lane];
        if (both && !lane_has_due(pack, lane, stop)) {
            continue;
        }
        double now = stage_lane_time(&pack->main, lane, time);
        for (int next = one->grid_next; is_reached(pack, lane, now);) {
            if (!any) {
                stage_set_time(&pack->main, time);
                stage_set_state(&pack->main, pack->main.y);
                tape_run(pack->tape, PROGRAM_OBSERVE, pack->main.slots, pack->width);
                sensitivity_observe(pack);
                any = true;
            }
            keep(pack, lane, &pack->main, lane, next, both ? &grid->before : &grid->after);
            if (both) {
                break;
            }
            next = ++one->grid_next;
        }
    }
    return any;
}

bool grid_step(Pack *pack, double reached, double end, int stop)
{
    const Grid *grid = pack->grid;
    bool any = false;
    for (bool more = true; more;) {
        more = false;
        for (int lane = 0; lane < pack->count; lane++) {
            const Lane *one = &pack->lanes[lane];
            bool due = is_reached(pack, lane, stage_lane_time(&pack->main, lane, reached));
            double time = due ? grid->times[one->grid_next] : HUGE_VAL;
            double last = clocks_end(pack, lane, end, stop);
            due = due && time < last && !same_time(time, last);
            pack->wanted[lane] = due ? time : HUGE_VAL;
            more = more || due;
        }
        if (!more) {
            break;
        }
        any = true;
        clocks_look(pack, pack->wanted, reached);
        tape_run(pack->tape, PROGRAM_OBSERVE, pack->main.slots, pack->width);
        for (int lane = 0; lane < pack->count; lane++) {
            if (pack->wanted[lane] < HUGE_VAL) {
                grid_keep(pack, lane, &pack->main, lane);
            }
        }
    }
    return any;
}

/* What has been kept of one output time goes to the sink. */
static bool hand_over_kept(const Pack *pack, const Kept *kept, int index)
{
    const Grid *grid = pack->grid;
    const size_t slopes = slopes_of_row(pack, grid);
    if (kept->slopes != NULL) {
        memcpy(pack->sensitivity->observed, kept->slopes + (size_t)index * slopes,
               slopes * sizeof(double));
    }
    return grid->sink(grid->context, index, grid->times[index],
                      kept->values + (size_t)index * values_of_row(pack, grid),
                      kept->seen + (size_t)index * (size_t)pack->width, pack->width);
}

bool grid_close(Pack *pack)
{
    const Grid *grid = pack->grid;
    if (grid->only != NULL) {
        return !grid->refused;
    }
    const size_t width = (size_t)pack->width;
    for (int i = 0; i < grid->count; i++) {
        const bool *twice =
            grid->before.seen == NULL ? NULL : grid->before.seen + (size_t)i * width;
        if (twice != NULL && memchr(twice, true, width * sizeof *twice) != NULL &&
            !hand_over_kept(pack, &grid->before, i)) {
            return false;
        }
        if (!hand_over_kept(pack, &grid->after, i)) {
            return false;
        }
    }
    return true;
}

double lane_next_observation(const Pack *pack, int lane)
{
    const Lane *one = &pack->lanes[lane];
    return one->observed < one->observation_count ? one->observations[one->observed].time
                                                  : HUGE_VAL;
}

bool lanes_hand_over(Pack *pack)
{
    const double *values =
        tape_output(pack->tape, PROGRAM_OBSERVE, pack->main.slots, 0, pack->width);
    for (int lane = 0; lane < pack->count; lane++) {
        Lane *one = &pack->lanes[lane];
        if (!one->due) {
            continue;
        }
        one->due = false;
        int index = one->observed++;
        double time = one->observations[index].time;
        if (pack->observe != NULL &&
            !pack->observe(pack->observe_context, lane, index, time, values, pack->width)) {
            return false;
        }
    }
    return true;
}

bool lanes_observe(Pack *pack)
{
    tape_run(pack->tape, PROGRAM_OBSERVE, pack->main.slots, pack->width);
    sensitivity_observe(pack);
    return lanes_hand_over(pack);
}
