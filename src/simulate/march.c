/* march.c: from a stop to the next, each lane by steps of its own (rosenbrock.c, pace.c).
 *
 * Lanes that share their steps take those of the one that needs the shortest just then. Here a lane
 * that has a kink to pass, or a dose to absorb, does so while the others go on, and what a lane
 * gets does not depend on who is beside it: not one bit.
 *
 * A rank is a stage whose columns step at once. It may be narrower than the pack: a lane that has
 * arrived makes room for the next that has not set out, so that no column stands idle until the
 * last lanes are on their way. A step of each lane is then good or to be tried again, by the lane's
 * own error.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/pace.h"
#include "simulate/rosenbrock_columns.h"
#include "simulate/sensitivity.h"

#include <assert.h>
#include <math.h>
#include <string.h>

// A step of a whole rank costs as much as that of one lane by itself, times its width over this.
enum { STRAGGLERS = 6 };

/* Some lanes of the pack on their way from a stop: as many at once as it has columns, or one alone.
 */
typedef struct {
    Stage *stage;
    Rosenbrock method;
    int *lane;    // (width) whose each column is; -1: nobody's
    int count;    // columns that are somebody's
    double *part; // (width) scratch
    bool *due;    // (width) scratch
    int *fresh;   // (width) scratch
} Rank;

struct March {
    Rank many, alone;
    Rosenbrock outset; // over the whole pack: for the length of the first step only
    Columns *columns;  // NULL: no sensitivities
    Pace *lanes;       // (width)
    int stop;          // from which they are on their way
    int waiting;       // the first lane that no rank has looked at
    double *first;     // (width) scratch: length of the first step
    double *was;       // (rows × width) what steps depend on, as it was at the last stop
    int rows;
    bool begun;   // `was` holds something
    int *carried; // (carried_count) slots that a lane takes into a column: what the programs of a
                  // step read and do not compute
    int carried_count;
    long tried, failed;
};

/* ---- opening ---- */

static void open_rank(Pack *pack, Rank *rank, Stage *stage, const double *atol)
{
    size_t width = (size_t)stage->width;
    double rtol = pack->options.rtol / solver_safety(&pack->options);
    *rank = (Rank){.stage = stage};
    rank->part = arena_array(pack->arena, width, sizeof *rank->part);
    rank->due = arena_array(pack->arena, width, sizeof *rank->due);
    rank->fresh = arena_array(pack->arena, width, sizeof *rank->fresh);
    rank->lane = arena_array(pack->arena, width, sizeof *rank->lane);
    for (size_t column = 0; column < width; column++) {
        rank->lane[column] = -1;
    }
    rosenbrock_open(&rank->method, pack->arena, stage, rtol, atol);
}

/* A stage for so many lanes side by side, or all of the pack. */
static Stage *open_side(Pack *pack, int lanes)
{
    Stage *stage = arena_alloc(pack->arena, sizeof *stage);
    stage_open(stage, pack->arena, pack->tape, pack->main.kernels,
               lanes < pack->width ? lanes : pack->width);
    stage->own = true;
    return stage;
}

/* Everything but the working slots, and of the programs' results those that are set up once. */
static void find_carried(March *march, Arena *arena, const Tape *tape)
{
    const Program *setup = &tape->programs[PROGRAM_SETUP];
    march->carried =
        arena_array(arena, (size_t)(tape->working + setup->count), sizeof *march->carried);
    int count = 0;
    for (int slot = 0; slot < tape->working; slot++) {
        march->carried[count++] = slot;
    }
    for (int i = 0; i < setup->count; i++) {
        int slot = (int)setup->code[i].dst;
        if (slot >= tape->working + tape->working_count) {
            march->carried[count++] = slot;
        }
    }
    march->carried_count = count;
}

void march_open(Pack *pack)
{
    size_t width = (size_t)pack->width;
    March *march = arena_alloc(pack->arena, sizeof *march);
    *march = (March){.rows = 2 * pack->states + pack->model->covariate_count +
                             pack->model->switch_count};
    double *atol = arena_array(pack->arena, (size_t)pack->states, sizeof *atol);
    for (int i = 0; i < pack->states; i++) {
        atol[i] = pack->options.atol[i] / solver_safety(&pack->options);
    }
    open_rank(pack, &march->many, open_side(pack, pack_lanes(pack->model)), atol);
    open_rank(pack, &march->alone, &pack->solo, atol);
    rosenbrock_open_outset(&march->outset, pack->arena, &pack->main, march->many.method.rtol, atol);
    find_carried(march, pack->arena, pack->tape);
    march->lanes = arena_array(pack->arena, width, sizeof *march->lanes);
    march->first = arena_array(pack->arena, width, sizeof *march->first);
    march->was = arena_array(pack->arena, (size_t)march->rows * width, sizeof *march->was);
    pack->march = march;
}

/* Machine code does a group of lanes that fits a register at a time, so more side by side gain
 * nothing, and what belongs to one group would lie further apart. */
void march_make_native(Pack *pack)
{
    March *march = pack->march;
    if (march->many.stage->native != NULL || march->columns != NULL) { // those want the factors
        return;
    }
    Rank narrow;
    open_rank(pack, &narrow, open_side(pack, native_lanes(pack->tape)), march->many.method.atol);
    const NativeCode *code = native_open(pack->arena, pack->tape,
                                         blocklu_program(narrow.method.sparse), NATIVE_OWN_STEPS);
    if (code != NULL) {
        narrow.stage->native = code;
        march->many = narrow;
    }
}

void march_close(Pack *pack)
{
    native_close(pack->march->many.stage->native);
}

Stage *march_side(Pack *pack)
{
    return pack->march->many.stage;
}

void march_sensitize(Pack *pack, const Slopes *slopes)
{
    March *march = pack->march;
    const LuProgram *lu = blocklu_program(march->many.method.sparse);
    bool any = slopes != NULL && slopes->count > 0;
    march->columns = any ? columns_open(pack->arena, slopes, lu) : NULL;
    march->many.method.keeps_factors = march->alone.method.keeps_factors = any;
}

static Pace *pace_in(const Pack *pack, const Rank *rank, int column)
{
    return &pack->march->lanes[rank->lane[column]];
}

/* True for a column whose lane is on its way. */
static bool is_on(const Pack *pack, const Rank *rank, int column)
{
    return rank->lane[column] >= 0 && pace_in(pack, rank, column)->on;
}

/* ---- what the steps of a lane depend on ---- */

static const double *row_of(const Pack *pack, int row)
{
    const Stage *stage = &pack->main;
    size_t width = (size_t)pack->width;
    int states = pack->states;
    int covariates = pack->model->covariate_count;
    if (row < states) {
        return stage->y + (size_t)row * width;
    }
    if (row < 2 * states) {
        return stage->infusion + (size_t)(row - states) * width;
    }
    int slot = row - 2 * states < covariates ? pack->tape->covariate + row - 2 * states
                                             : pack->tape->switches + row - 2 * states - covariates;
    return stage->slots + (size_t)slot * width;
}

static void remember(Pack *pack)
{
    March *march = pack->march;
    for (int lane = 0; lane < pack->width; lane++) {
        pack->clock[lane] = pace_clock(&march->lanes[lane]);
    }
    stage_set_times(&pack->main, pack->clock); // covariates that follow it
    for (int row = 0; row < march->rows; row++) {
        memcpy(march->was + (size_t)row * (size_t)pack->width, row_of(pack, row),
               (size_t)pack->width * sizeof(double));
    }
    march->begun = true;
}

/* True if nothing happened to a lane at the stop, so that it may go on as it was going. */
static bool goes_on(const Pack *pack, int lane, int stop)
{
    const March *march = pack->march;
    bool same =
        march->begun && stop > pack->lanes[lane].first_stop && march->lanes[lane].step > 0.0;
    for (int row = 0; same && row < march->rows; row++) {
        same =
            march->was[(size_t)row * (size_t)pack->width + (size_t)lane] == row_of(pack, row)[lane];
    }
    return same;
}

/* ---- setting out ---- */

/* Lanes that do not step stay where they are. */
static void stand(const Pack *pack)
{
    const Stage *stage = &pack->main;
    for (int lane = 0; lane < pack->width; lane++) {
        stage->origin[lane] = pace_clock(&pack->march->lanes[lane]);
        stage->scale[lane] = 0.0;
    }
}

/* Finds what is to be seen next of a lane on its way. */
static void look_ahead(const Pack *pack, int lane)
{
    Pace *one = &pack->march->lanes[lane];
    double end = pack->lanes[lane].times[pack->march->stop + 1];
    double time = fmin(grid_next(pack, lane), lane_next_observation(pack, lane));
    one->next = time < end && !same_time(time, end) ? time - one->from : HUGE_VAL;
}

static void set_out(Pack *pack, int stop)
{
    March *march = pack->march;
    const Stage *stage = &pack->main;
    bool fresh = false;
    march->stop = stop;
    march->waiting = 0;
    for (int lane = 0; lane < pack->width; lane++) {
        Pace *one = &march->lanes[lane];
        bool live = lane < pack->count && stage->live[lane];
        double step = live && goes_on(pack, lane, stop) ? one->step : 0.0;
        bool first = stop == pack->lanes[lane].first_stop;
        *one = (Pace){.step = step,
                      .spent = first ? 0 : one->spent,
                      .spent_from = first ? pack->lanes[lane].start : one->spent_from};
        if (live) {
            const double *times = pack->lanes[lane].times;
            one->from = times[stop];
            one->end = times[stop + 1] - times[stop];
            one->on = one->end > 0.0;
            look_ahead(pack, lane);
            columns_set_out(march->columns, lane);
        }
        fresh = fresh || (one->on && step == 0.0);
        stage->origin[lane] = one->from;
        stage->scale[lane] = one->on ? one->end : 0.0;
    }
    if (fresh) {
        rosenbrock_begin(&march->outset, march->first);
    }
    for (int lane = 0; fresh && lane < pack->width; lane++) {
        Pace *one = &march->lanes[lane];
        bool begins = one->on && one->step == 0.0;
        one->sets_out = begins;
        one->step = begins ? march->first[lane] * one->end : one->step;
    }
}

/* ---- columns ---- */

/* The state of a column becomes that of its lane, which the rank then knows no more. */
static void leave(Pack *pack, Rank *rank, int column)
{
    const Stage *stage = rank->stage;
    size_t lane = (size_t)rank->lane[column];
    for (size_t i = 0; i < (size_t)pack->states; i++) {
        pack->main.y[i * (size_t)pack->width + lane] =
            stage->y[i * (size_t)stage->width + (size_t)column];
    }
    stage->live[column] = false;
    rank->lane[column] = -1;
    rank->count--;
}

/* Rows of the pack into the columns that are new. */
static void copy_rows(const Rank *rank, int count, const double *from, double *to)
{
    for (int m = 0; m < count; m++) {
        int column = rank->fresh[m];
        to[column] = from[rank->lane[column]];
    }
}

/* Columns rank->fresh (count) take over their lanes. */
static void join(Pack *pack, Rank *rank, int count)
{
    const March *march = pack->march;
    const Stage *main = &pack->main;
    Stage *stage = rank->stage;
    const size_t width = (size_t)stage->width;
    const size_t all = (size_t)pack->width;
    for (int i = 0; i < march->carried_count; i++) {
        size_t slot = (size_t)march->carried[i];
        copy_rows(rank, count, main->slots + slot * all, stage->slots + slot * width);
    }
    for (size_t i = 0; i < (size_t)pack->states; i++) {
        copy_rows(rank, count, main->y + i * all, stage->y + i * width);
        copy_rows(rank, count, main->infusion + i * all, stage->infusion + i * width);
    }
    copy_rows(rank, count, main->limits, stage->limits);
    for (int m = 0; m < count; m++) {
        stage->live[rank->fresh[m]] = true;
    }
    courses_follow(pack, stage, stage->width, rank->lane);
    rank->count += count;
}

/* Lanes that have arrived make room for lanes that wait. */
static void relieve(Pack *pack, Rank *rank)
{
    March *march = pack->march;
    int count = 0;
    for (int column = 0; column < rank->stage->width; column++) {
        if (rank->lane[column] >= 0 && !pace_in(pack, rank, column)->on) {
            leave(pack, rank, column);
        }
        while (march->waiting < pack->count && !march->lanes[march->waiting].on) {
            march->waiting++;
        }
        if (rank->lane[column] < 0 && march->waiting < pack->count) {
            rank->lane[column] = march->waiting++;
            rank->fresh[count++] = column;
        }
    }
    if (count > 0) {
        join(pack, rank, count);
    }
}

/* ---- steps ---- */

/* Marks the lanes of which something is to be seen within their last steps, of all or only where
 * these were good; false: there are none. */
static bool find_wanted(const Pack *pack, const Rank *rank, bool good)
{
    bool any = false;
    for (int column = 0; column < rank->stage->width; column++) {
        const Pace *one = is_on(pack, rank, column) ? pace_in(pack, rank, column) : NULL;
        rank->due[column] = one != NULL && (one->good || !good) &&
                            one->next <= one->time + rank->stage->scale[column];
        any = any || rank->due[column];
    }
    return any;
}

static void try_steps(Pack *pack, Rank *rank)
{
    const Stage *stage = rank->stage;
    March *march = pack->march;
    for (int column = 0; column < stage->width; column++) {
        bool on = is_on(pack, rank, column);
        const Pace *one = on ? pace_in(pack, rank, column) : NULL;
        stage->origin[column] = on ? pace_clock(one) : 0.0;
        stage->scale[column] = on ? pace_length(one, pack->options.max_step) : 0.0;
    }
    rosenbrock_try(&rank->method);
    if (march->columns != NULL) {
        (void)find_wanted(pack, rank, false);
        columns_try(march->columns, &rank->method, rank->lane, rank->due);
    }
    for (int column = 0; column < stage->width; column++) {
        if (is_on(pack, rank, column)) {
            Pace *one = pace_in(pack, rank, column);
            pace_judge(one, rank->method.error[column], stage->scale[column]);
            pace_cut(one, stage->scale[column], columns_cut(march->columns, column));
            march->tried++;
            march->failed += !one->good;
        }
    }
}

/* Lanes whose step was good are at its end. */
static void take_steps(Pack *pack, Rank *rank)
{
    const Stage *stage = rank->stage;
    const size_t width = (size_t)stage->width;
    double *y = stage->y;
    const double *next = rank->method.next;
    bool *taken = pack->doses_now;
    for (int column = 0; column < stage->width; column++) {
        taken[column] = is_on(pack, rank, column) && pace_in(pack, rank, column)->good;
        if (taken[column]) {
            pace_advance(pace_in(pack, rank, column), stage->scale[column]);
            columns_take(pack->march->columns, rank->lane[column]);
        }
    }
    for (size_t i = 0; i < (size_t)pack->states; i++, y += width, next += width) {
        for (size_t column = 0; column < width; column++) {
            y[column] = taken[column] ? next[column] : y[column];
        }
    }
}

/* ---- lanes that cannot go on ---- */

static void end_lane(Pack *pack, Rank *rank, int column, StepStatus status)
{
    const Stage *stage = rank->stage;
    int lane = rank->lane[column];
    Pace *one = &pack->march->lanes[lane];
    double time = 0.0;
    int state = rosenbrock_worst(&rank->method, column);
    for (int i = 0; i < pack->states; i++) {
        pack->main.y[(size_t)i * (size_t)pack->width + (size_t)lane] =
            stage->y[(size_t)i * (size_t)stage->width + (size_t)column];
    }
    one->on = false;
    if (one->unsound && rosenbrock_unsound(&rank->method, column, &time, pack->scratch)) {
        memcpy(pack->solo.y, pack->scratch, (size_t)pack->states * sizeof(double));
        lane_blame_rates(pack, lane, time);
    } else {
        lane_blame_step(pack, lane, one->unsound ? STEP_NEWTON : status, pace_clock(one),
                        pack->main.y, state);
    }
    pack->lanes[lane].outcome.last_step = one->step;
}

static void end_lanes(Pack *pack, Rank *rank)
{
    for (int column = 0; column < rank->stage->width; column++) {
        if (!is_on(pack, rank, column)) {
            continue;
        }
        Pace *one = pace_in(pack, rank, column);
        const Lane *lane = &pack->lanes[rank->lane[column]];
        const long most = pack->options.max_steps;
        if (pace_is_stuck(one)) {
            end_lane(pack, rank, column, STEP_ERROR_TEST);
        } else if (pace_crawls(one, most) || pace_dawdles(one, most, lane->start, lane->end)) {
            end_lane(pack, rank, column, STEP_CRAWL);
        } else if (one->since >= most) {
            end_lane(pack, rank, column, STEP_DONE);
        }
    }
}

/* ---- outputs ---- */

/* States and clocks of those lanes as they are then. */
static void look_inside(Pack *pack, Rank *rank)
{
    Stage *stage = rank->stage;
    for (int column = 0; column < stage->width; column++) {
        int lane = rank->lane[column];
        const Pace *one = lane >= 0 ? &pack->march->lanes[lane] : NULL;
        bool due = rank->due[column];
        double part = due ? (one->next - one->time) / stage->scale[column] : 0.0;
        rank->part[column] = fmax(part, 0.0);
        if (due) {
            columns_value(pack->march->columns, lane, rank->part[column]);
        }
        pack->clock[column] = due ? fmin(grid_next(pack, lane), lane_next_observation(pack, lane))
                              : one != NULL ? pace_clock(one)
                                            : 0.0;
    }
    rosenbrock_value(&rank->method, rank->part,
                     stage->slots + (size_t)pack->tape->state * (size_t)stage->width);
    stage_set_times(stage, pack->clock);
}

/* The values of PROGRAM_OBSERVE are those of the next output or observation of a lane, or of both;
 * true for an observation. */
static bool show(Pack *pack, const Rank *rank, int column)
{
    int lane = rank->lane[column];
    double time = pack->clock[column];
    pace_seen(&pack->march->lanes[lane]);
    pack->lanes[lane].due = time == lane_next_observation(pack, lane);
    if (pack->lanes[lane].due) {
        lane_show(pack, lane, rank->stage, column);
    }
    if (time == grid_next(pack, lane)) {
        grid_keep(pack, lane, rank->stage, column);
    }
    return pack->lanes[lane].due;
}

/* Outputs and observations inside the steps that were good, several of a lane one after another. */
static bool record(Pack *pack, Rank *rank)
{
    const Stage *stage = rank->stage;
    bool more = true;
    while (more && find_wanted(pack, rank, true)) {
        bool observed = false;
        look_inside(pack, rank);
        tape_run(pack->tape, PROGRAM_OBSERVE, stage->slots, stage->width);
        sensitivity_observe_in(pack, rank->stage, rank->lane, rank->due);
        for (int column = 0; column < stage->width; column++) {
            observed = (rank->due[column] && show(pack, rank, column)) || observed;
        }
        more = !observed || lanes_hand_over(pack);
        for (int column = 0; column < stage->width; column++) {
            if (rank->due[column]) {
                look_ahead(pack, rank->lane[column]);
            }
        }
    }
    return more;
}

/* ---- a segment ---- */

/* One step of all lanes of a rank. False: interrupted. */
static bool march_step(Pack *pack, Rank *rank, const volatile int *halt)
{
    if (halt != NULL && *halt != 0) {
        return false;
    }
    try_steps(pack, rank);
    bool more = record(pack, rank);
    end_lanes(pack, rank);
    take_steps(pack, rank);
    return more;
}

/* The rest of a lane's way by itself: the same steps to the last bit. */
static bool march_alone(Pack *pack, int lane, const volatile int *halt)
{
    Rank *rank = &pack->march->alone;
    bool more = true;
    rank->lane[0] = lane;
    rank->fresh[0] = 0;
    rank->stage->own = true;
    join(pack, rank, 1);
    while (more && pack->march->lanes[lane].on) {
        more = march_step(pack, rank, halt);
    }
    leave(pack, rank, 0);
    rank->stage->live[0] = true;
    memset(rank->stage->infusion, 0, (size_t)pack->states * sizeof(double));
    rank->stage->own = false;
    return more;
}

/* True if so few lanes are left that each is better off by itself. */
static bool are_stragglers(const Rank *rank)
{
    return rank->stage->native == NULL && rank->count * STRAGGLERS <= rank->stage->width;
}

bool march_segment(Pack *pack, int stop, const volatile int *halt)
{
    March *march = pack->march;
    Rank *many = &march->many;
    bool more = true;
    set_out(pack, stop);
    relieve(pack, many);
    while (more && many->count > 0 && !(march->waiting == pack->count && are_stragglers(many))) {
        more = march_step(pack, many, halt);
        relieve(pack, many);
    }
    for (int column = 0; column < many->stage->width; column++) {
        if (many->lane[column] >= 0) {
            leave(pack, many, column);
        }
    }
    for (int lane = 0; more && lane < pack->count; lane++) {
        if (march->lanes[lane].on) {
            more = march_alone(pack, lane, halt);
        }
    }
    for (int lane = 0; lane < pack->count; lane++) {
        if (march->lanes[lane].end > 0.0) {
            columns_arrive(march->columns, lane);
        }
    }
    stand(pack);
    remember(pack);
    return more;
}

void march_count(Pack *pack)
{
    March *march = pack->march;
    pack->stats.own_steps += march->tried;
    pack->stats.steps += march->tried;
    pack->stats.rate_calls += march->tried * ROSENBROCK_STAGES;
    pack->stats.jacobian_calls += march->tried;
    pack->stats.factorisations += march->tried;
    pack->stats.error_failures += march->failed;
    pack->stats.dense_fallbacks += march->many.method.pivoted + march->alone.method.pivoted;
    march->tried = march->failed = 0;
    march->many.method.pivoted = march->alone.method.pivoted = 0;
}
