/* march.c: from a stop to the next, each lane by steps of its own (rosenbrock.c).
 *
 * Lanes that share their steps take those of the one that needs the shortest just then. Here a lane
 * that has a kink to pass, or a dose to absorb, does so while the others go on, and what a lane
 * gets does not depend on who is beside it: not one bit. All lanes try a step at once; the step of
 * each is then good or to be tried again, by the lane's own error. Lanes that have arrived wait for
 * the others at the stop.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/events.h"
#include "simulate/rosenbrock.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static const double CAUTION = 0.9;
static const double MOST_GROWTH = 8.0, LEAST_GROWTH = 0.1;
static const double LEAST_STEP = 1e-30;   // of the segment
static const double LEAST_ADVANCE = 0.05; // of the time since the last stop
// A step of all lanes costs as much as that of one by itself, times their number over this.
enum { FEWEST_WATCHED = 200, STRAGGLERS = 6 };

/* Where a lane is between two stops. Its time counts from the first of them, so that the steps of a
 * short segment after years have all their digits. */
typedef struct {
    double from;      // when that is, by the lane's clock
    double time, end; // since then
    double step;      // to be tried next
    bool on;          // it has not arrived
    bool good;        // its last step was
    bool failed;      // the step before was not
    bool unsound;     // rates or factors were no good in the last step
    long since;       // steps tried since the last output or stop
    long watched;     // steps tried since watched_from
    double watched_from;
    double next; // output or observation of its own that comes next, before the end; or HUGE_VAL
} Marcher;

/* By the lane's clock. */
static double clock_of(const Marcher *one)
{
    return one->from + one->time;
}

/* Some lanes, and the stage whose columns they are: all of the pack, or one alone. */
typedef struct {
    Stage *stage;
    Rosenbrock method;
    int first;    // lane of column 0
    int stop;     // from which they are on their way
    double *part; // (width) scratch
    bool *due;    // (width) scratch
} Rank;

struct March {
    Rank all, alone;
    Marcher *lanes; // (width)
    double *first;  // (width) scratch: length of the first step
    double *was;    // (rows × width) what steps depend on, as it was at the last stop
    int rows;
    bool begun; // `was` holds something
    long tried, failed;
};

bool march_can(const Pack *pack)
{
    const Events *events = pack->events;
    bool inside = events != NULL && (events->some_state || events->waiting != NULL);
    return !inside && pack->states > 0 && !pack->options.dense;
}

static void open_rank(Pack *pack, Rank *rank, Stage *stage, const double *atol)
{
    double rtol = pack->options.rtol / solver_safety(&pack->options);
    rank->stage = stage;
    rank->part = arena_array(pack->arena, (size_t)stage->width, sizeof *rank->part);
    rank->due = arena_array(pack->arena, (size_t)stage->width, sizeof *rank->due);
    rosenbrock_open(&rank->method, pack->arena, stage, rtol, atol);
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
    open_rank(pack, &march->all, &pack->main, atol);
    open_rank(pack, &march->alone, &pack->solo, atol);
    march->lanes = arena_array(pack->arena, width, sizeof *march->lanes);
    march->first = arena_array(pack->arena, width, sizeof *march->first);
    march->was = arena_array(pack->arena, (size_t)march->rows * width, sizeof *march->was);
    pack->march = march;
}

static Marcher *marcher(const Pack *pack, const Rank *rank, int column)
{
    return &pack->march->lanes[rank->first + column];
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
        pack->clock[lane] = clock_of(&march->lanes[lane]);
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

/* ---- steps ---- */

/* Lanes that do not step stay where they are. */
static void stand(const Pack *pack)
{
    const Stage *stage = &pack->main;
    for (int lane = 0; lane < pack->width; lane++) {
        stage->origin[lane] = clock_of(&pack->march->lanes[lane]);
        stage->scale[lane] = 0.0;
    }
}

/* Finds what is to be seen next of a lane on its way from a stop. */
static void look_ahead(const Pack *pack, int lane, int stop)
{
    Marcher *one = &pack->march->lanes[lane];
    double end = pack->lanes[lane].times[stop + 1];
    double time = fmin(grid_next(pack, lane), lane_next_observation(pack, lane));
    one->next = time < end && !same_time(time, end) ? time - one->from : HUGE_VAL;
}

static void set_out(Pack *pack, int stop)
{
    March *march = pack->march;
    const Stage *stage = &pack->main;
    bool fresh = false;
    for (int lane = 0; lane < pack->width; lane++) {
        Marcher *one = &march->lanes[lane];
        bool live = lane < pack->count && stage->live[lane];
        double step = live && goes_on(pack, lane, stop) ? one->step : 0.0;
        *one = (Marcher){.step = step};
        if (live) {
            const double *times = pack->lanes[lane].times;
            one->from = times[stop];
            one->end = times[stop + 1] - times[stop];
            one->on = one->end > 0.0;
            look_ahead(pack, lane, stop);
        }
        fresh = fresh || (one->on && step == 0.0);
        stage->origin[lane] = one->from;
        stage->scale[lane] = one->on ? one->end : 0.0;
    }
    if (fresh) {
        rosenbrock_begin(&march->all.method, march->first);
    }
    for (int lane = 0; fresh && lane < pack->width; lane++) {
        Marcher *one = &march->lanes[lane];
        bool begins = one->on && one->step == 0.0;
        one->step = begins ? march->first[lane] * one->end : one->step;
    }
}

/* The step that is tried: to the end if it is near, half the way if it is not far. */
static double next_length(const Pack *pack, const Marcher *one)
{
    double left = one->end - one->time;
    double most = pack->options.max_step;
    double step = most > 0.0 && one->step > most ? most : one->step;
    if (step >= left * (1.0 - 1e-6)) {
        return left;
    }
    return 2.0 * step > left ? 0.5 * left : step;
}

/* What the error of a step says of it and of the next. */
static void judge(March *march, Marcher *one, double error, double length)
{
    march->tried++;
    one->since++;
    one->watched++;
    one->good = error <= 1.0; // not if it is not finite
    one->unsound = !isfinite(error);
    double growth =
        one->unsound ? LEAST_GROWTH : CAUTION / rosenbrock_fifth_root(fmax(error, 1e-10));
    growth = fmin(fmax(growth, LEAST_GROWTH), one->good && !one->failed ? MOST_GROWTH : 1.0);
    double step = length * growth;
    if (!one->good) {
        march->failed++;
        one->step = step;
    } else if (!(length < one->step &&
                 step < one->step)) { // one cut short for the stop says little
        one->step = step;
    }
    one->failed = !one->good;
}

static void try_steps(Pack *pack, Rank *rank)
{
    const Stage *stage = rank->stage;
    for (int column = 0; column < stage->width; column++) {
        const Marcher *one = marcher(pack, rank, column);
        stage->origin[column] = clock_of(one);
        stage->scale[column] = one->on ? next_length(pack, one) : 0.0;
    }
    rosenbrock_try(&rank->method);
    for (int column = 0; column < stage->width; column++) {
        Marcher *one = marcher(pack, rank, column);
        if (one->on) {
            judge(pack->march, one, rank->method.error[column], stage->scale[column]);
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
        Marcher *one = marcher(pack, rank, column);
        taken[column] = one->on && one->good;
        if (taken[column]) {
            double reached = one->time + stage->scale[column];
            one->time = reached >= one->end ? one->end : reached;
            one->on = one->time < one->end;
        }
    }
    for (size_t i = 0; i < (size_t)pack->states; i++, y += width, next += width) {
        for (size_t column = 0; column < width; column++) {
            y[column] = taken[column] ? next[column] : y[column];
        }
    }
}

/* ---- lanes that cannot go on ---- */

/* Looked at after each tenth of the step limit since the last output: will, at this pace, twice the
 * limit not do to the next one? (Steps that grow with time, as Robertson's, move the clock a lot
 * compared to the time since the last stop.) See walk.c for what comes to that. */
static bool crawls(const Pack *pack, Marcher *one)
{
    long enough = pack->options.max_steps / 10;
    enough = enough > FEWEST_WATCHED ? enough : FEWEST_WATCHED;
    if (one->watched < enough) {
        return false;
    }
    double progress = one->time - one->watched_from;
    double next = fmin(one->next, one->end);
    double reach = 2.0 * progress * (double)pack->options.max_steps / (double)enough;
    bool hopeless = reach < next - one->watched_from && progress < LEAST_ADVANCE * one->time;
    one->watched = 0;
    one->watched_from = one->time;
    return hopeless;
}

static void end_lane(Pack *pack, Rank *rank, int column, StepStatus status)
{
    const Stage *stage = rank->stage;
    int lane = rank->first + column;
    Marcher *one = &pack->march->lanes[lane];
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
        lane_blame_step(pack, lane, one->unsound ? STEP_NEWTON : status, clock_of(one),
                        pack->main.y, state);
    }
    pack->lanes[lane].outcome.last_step = one->step;
}

static void end_lanes(Pack *pack, Rank *rank)
{
    for (int column = 0; column < rank->stage->width; column++) {
        Marcher *one = marcher(pack, rank, column);
        if (!one->on) {
            continue;
        }
        bool stuck = !(one->time + one->step > one->time) || one->step < LEAST_STEP * one->end;
        if (!one->good && stuck) {
            end_lane(pack, rank, column, STEP_ERROR_TEST);
        } else if (crawls(pack, one)) {
            end_lane(pack, rank, column, STEP_CRAWL);
        } else if (one->since >= pack->options.max_steps) {
            end_lane(pack, rank, column, STEP_DONE);
        }
    }
}

/* ---- outputs ---- */

/* Marks the lanes of which something is to be seen within their last steps; false: there are none.
 */
static bool find_wanted(Pack *pack, const Rank *rank)
{
    bool any = false;
    for (int column = 0; column < rank->stage->width; column++) {
        const Marcher *one = marcher(pack, rank, column);
        rank->due[column] =
            one->on && one->good && one->next <= one->time + rank->stage->scale[column];
        any = any || rank->due[column];
    }
    return any;
}

/* States and clocks of those lanes as they are then. */
static void look_inside(Pack *pack, Rank *rank)
{
    Stage *stage = rank->stage;
    for (int column = 0; column < stage->width; column++) {
        const Marcher *one = marcher(pack, rank, column);
        int lane = rank->first + column;
        bool due = rank->due[column];
        double part = due ? (one->next - one->time) / stage->scale[column] : 0.0;
        rank->part[column] = fmax(part, 0.0);
        pack->clock[column] =
            due ? fmin(grid_next(pack, lane), lane_next_observation(pack, lane)) : clock_of(one);
    }
    rosenbrock_value(&rank->method, rank->part,
                     stage->slots + (size_t)pack->tape->state * (size_t)stage->width);
    stage_set_times(stage, pack->clock);
}

/* What is seen of a lane alone stands where the pack looks for it. */
static void show_alone(Pack *pack, int lane)
{
    const Program *program = &pack->tape->programs[PROGRAM_OBSERVE];
    const double *from = tape_output(pack->tape, PROGRAM_OBSERVE, pack->solo.slots, 0, 1);
    double *to = tape_output(pack->tape, PROGRAM_OBSERVE, pack->main.slots, 0, pack->width) + lane;
    for (int i = 0; i < program->output_count; i++) {
        to[(size_t)i * (size_t)pack->width] = from[i];
    }
}

/* The values of PROGRAM_OBSERVE are those of the next output or observation of a lane, or of both;
 * true for an observation. */
static bool show(Pack *pack, const Rank *rank, int column)
{
    int lane = rank->first + column;
    double time = pack->clock[column];
    Marcher *one = &pack->march->lanes[lane];
    if (rank->stage != &pack->main) {
        show_alone(pack, lane);
    }
    one->since = one->watched = 0;
    one->watched_from = one->next;
    pack->lanes[lane].due = time == lane_next_observation(pack, lane);
    if (time == grid_next(pack, lane)) {
        grid_keep(pack, lane);
    }
    return pack->lanes[lane].due;
}

/* Outputs and observations inside the steps that were good, several of a lane one after another. */
static bool record(Pack *pack, Rank *rank)
{
    const Stage *stage = rank->stage;
    bool more = true;
    while (more && find_wanted(pack, rank)) {
        bool observed = false;
        look_inside(pack, rank);
        tape_run(pack->tape, PROGRAM_OBSERVE, stage->slots, stage->width);
        for (int column = 0; column < stage->width; column++) {
            observed = (rank->due[column] && show(pack, rank, column)) || observed;
        }
        more = !observed || lanes_hand_over(pack);
        for (int column = 0; column < stage->width; column++) {
            if (rank->due[column]) {
                look_ahead(pack, rank->first + column, rank->stop);
            }
        }
    }
    return more;
}

/* ---- a segment ---- */

static int count_on(const Pack *pack)
{
    int count = 0;
    for (int lane = 0; lane < pack->count; lane++) {
        count += pack->march->lanes[lane].on;
    }
    return count;
}

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
    Stage *stage = rank->stage;
    const Stage *main = &pack->main;
    const size_t width = (size_t)pack->width;
    bool more = true;
    rank->first = lane;
    stage_copy_lane(stage, main, lane);
    courses_follow(pack, stage, lane, lane);
    stage->own = true;
    stage->limits[0] = main->limits[lane];
    for (size_t i = 0; i < (size_t)pack->states; i++) {
        stage->y[i] = main->y[i * width + (size_t)lane];
        stage->infusion[i] = main->infusion[i * width + (size_t)lane];
    }
    while (more && pack->march->lanes[lane].on) {
        more = march_step(pack, rank, halt);
    }
    for (size_t i = 0; i < (size_t)pack->states; i++) {
        main->y[i * width + (size_t)lane] = stage->y[i];
        stage->infusion[i] = 0.0;
    }
    stage->own = false;
    return more;
}

/* True if so few lanes are on their way that each is better off by itself. */
static bool are_stragglers(const Pack *pack, int count)
{
    return pack->main.native == NULL && count * STRAGGLERS <= pack->width;
}

bool march_segment(Pack *pack, int stop, const volatile int *halt)
{
    March *march = pack->march;
    bool more = true;
    march->all.stop = march->alone.stop = stop;
    set_out(pack, stop);
    int on = count_on(pack);
    while (more && on > 0 && !are_stragglers(pack, on)) {
        more = march_step(pack, &march->all, halt);
        on = count_on(pack);
    }
    for (int lane = 0; more && lane < pack->count; lane++) {
        if (march->lanes[lane].on) {
            more = march_alone(pack, lane, halt);
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
    pack->stats.dense_fallbacks += march->all.method.pivoted + march->alone.method.pivoted;
    march->tried = march->failed = 0;
    march->all.method.pivoted = march->alone.method.pivoted = 0;
}
