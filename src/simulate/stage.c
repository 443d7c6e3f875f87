/* stage.c: a set of tape slots with an integrator over them.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/lanes.h"

#include <assert.h>
#include <math.h>
#include <string.h>

void stage_open(Stage *stage, Arena *arena, const Tape *tape, const Kernels *kernels, int width)
{
    assert(stage != NULL && tape != NULL && width > 0);
    size_t lanes = (size_t)width;
    size_t count = (size_t)tape->model->state_count * lanes;
    *stage = (Stage){.tape = tape,
                     .kernels = kernels,
                     .states = tape->model->state_count,
                     .width = width,
                     .limit = HUGE_VAL};
    stage->slots = arena_array(arena, (size_t)tape->slot_count * lanes, sizeof(double));
    stage->origin = arena_array(arena, lanes, sizeof(double));
    stage->scale = arena_array(arena, lanes, sizeof(double));
    stage->limits = arena_array(arena, lanes, sizeof(double));
    stage->scaled = arena_array(arena, (size_t)tape->model->jacobian.count * lanes, sizeof(double));
    stage->y = arena_array(arena, count, sizeof(double));
    stage->infusion = arena_array(arena, count, sizeof(double));
    stage->derivative = arena_array(arena, count, sizeof(double));
    stage->bad_y = arena_array(arena, count, sizeof(double));
    stage->bad = arena_array(arena, lanes, sizeof(double));
    stage->live = arena_array(arena, lanes, sizeof(bool));
    stage->not_finite = arena_array(arena, lanes, sizeof(bool));
}

Pattern stage_pattern(const Stage *stage)
{
    const Model *model = stage->tape->model;
    return (Pattern){model->state_count, model->jacobian.row_start, model->jacobian.column};
}

/* Covariates that are functions of time, and what hangs on them. */
static void follow_clock(Stage *stage)
{
    const Tape *tape = stage->tape;
    const double *clock = stage->slots + (size_t)tape->time * (size_t)stage->width;
    for (int i = 0; i < stage->follower_count; i++) {
        const Follower *one = &stage->followers[i];
        if (stage->live[one->lane]) {
            size_t slot = (size_t)(tape->covariate + one->course->covariate);
            stage->slots[slot * (size_t)stage->width + (size_t)one->lane] =
                course_value(one->course, clock[one->lane], false);
        }
    }
    if (stage->follower_count > 0) {
        tape_run(tape, PROGRAM_SETUP, stage->slots, stage->width);
    }
}

double stage_lane_time(const Stage *stage, int lane, double time)
{
    return stage->own ? stage->origin[lane] + stage->scale[lane] * time : time;
}

void stage_set_time(Stage *stage, double time)
{
    double *slot = stage->slots + (size_t)stage->tape->time * (size_t)stage->width;
    const int width = stage->width;
    if (stage->own) {
        for (int lane = 0; lane < width; lane++) {
            slot[lane] = stage_lane_time(stage, lane, time);
        }
    } else {
        for (int lane = 0; lane < width; lane++) {
            slot[lane] = time;
        }
    }
    follow_clock(stage);
}

/* The same for rates, which are not asked beyond the end of the segment. */
static void set_time_inside(Stage *stage, double time)
{
    if (!stage->own) {
        stage_set_time(stage, fmin(time, stage->limit));
        return;
    }
    size_t width = (size_t)stage->width;
    double *slot = stage->slots + (size_t)stage->tape->time * width;
    for (size_t lane = 0; lane < width; lane++) {
        double now = stage->origin[lane] + stage->scale[lane] * time;
        slot[lane] = now < stage->limits[lane] ? now : stage->limits[lane];
    }
    follow_clock(stage);
}

/* One iteration by machine code, which knows of no lanes with clocks of their own. */
static bool native_pass(void *context, double time, NativePass *pass)
{
    Stage *stage = context;
    if (stage->own) {
        return false;
    }
    set_time_inside(stage, time);
    pass->slots = stage->slots;
    pass->inflow = stage->infusion;
    return true;
}

static void run_rates(const Stage *stage)
{
    if (stage->native != NULL && stage->native->rates != NULL) {
        stage->native->rates(stage->slots);
    } else {
        tape_run(stage->tape, PROGRAM_RATES, stage->slots, stage->width);
    }
}

static void run_jacobian(const Stage *stage)
{
    if (stage->native != NULL && stage->native->jacobian != NULL) {
        stage->native->jacobian(stage->slots);
    } else {
        tape_run(stage->tape, PROGRAM_JACOBIAN, stage->slots, stage->width);
    }
}

void stage_make_native(Stage *stage, Arena *arena)
{
    if (stage->native == NULL && stage->states > 0) {
        stage->native = native_open(arena, stage->tape, integrator_factors(stage->integrator),
                                    NATIVE_SHARED_STEPS);
        integrator_use_native(stage->integrator, stage->native);
    }
}

bool stage_integrate(Stage *stage, Arena *arena, const SolverOptions *options, double rtol,
                     const double *atol, double explicit_ease)
{
    IntegratorProblem problem = {
        .context = stage,
        .pattern = stage_pattern(stage),
        .width = stage->width,
        .live = stage->live,
        .rtol = rtol,
        .atol = atol,
        .max_step = options->max_step,
        .dense = options->dense,
        .explicit_ease = explicit_ease,
        .kernels = stage->kernels,
        .rates = stage_rates,
        .state = stage->slots + (size_t)stage->tape->state * (size_t)stage->width,
        .derivative = stage_derivative,
        .jacobian = stage_jacobian,
        .pass = native_pass,
    };
    stage->integrator = integrator_open(arena, &problem);
    return stage->integrator != NULL;
}

/* By the clock of the walk a lane runs `scale` times as fast. */
static void scale_rows(const Stage *stage, const double *from, double *to, int rows)
{
    size_t width = (size_t)stage->width;
    for (int i = 0; i < rows; i++, from += width, to += width) {
        for (size_t lane = 0; lane < width; lane++) {
            to[lane] = stage->scale[lane] * from[lane];
        }
    }
}

void stage_set_times(Stage *stage, const double *times)
{
    memcpy(stage->slots + (size_t)stage->tape->time * (size_t)stage->width, times,
           (size_t)stage->width * sizeof *times);
    follow_clock(stage);
}

void stage_set_state(Stage *stage, const double *y)
{
    size_t width = (size_t)stage->width;
    double *state = stage->slots + (size_t)stage->tape->state * width;
    if (y != state) {
        memcpy(state, y, (size_t)stage->states * width * sizeof *y);
    }
}

const double *stage_plain_rates(Stage *stage, double time)
{
    set_time_inside(stage, time);
    run_rates(stage);
    return tape_output(stage->tape, PROGRAM_RATES, stage->slots, 0, stage->width);
}

const double *stage_plain_jacobian(Stage *stage, double time)
{
    set_time_inside(stage, time);
    run_jacobian(stage);
    return tape_output(stage->tape, PROGRAM_JACOBIAN, stage->slots, 0, stage->width);
}

const double *stage_plain_slopes(Stage *stage, ProgramName program, double time)
{
    set_time_inside(stage, time);
    tape_run(stage->tape, program, stage->slots, stage->width);
    return tape_output(stage->tape, program, stage->slots, 0, stage->width);
}

const double *stage_derivative(void *context, double time, const double **inflow)
{
    Stage *stage = context;
    set_time_inside(stage, time);
    run_rates(stage);
    const double *rates = tape_output(stage->tape, PROGRAM_RATES, stage->slots, 0, stage->width);
    *inflow = stage->infusion;
    if (!stage->own) {
        return rates;
    }
    *inflow = NULL;
    kernels_finish_rates(stage->kernels, rates, stage->infusion, stage->derivative, stage->states,
                         stage->width, stage->bad);
    scale_rows(stage, stage->derivative, stage->derivative, stage->states);
    return stage->derivative;
}

static void note_bad_lanes(Stage *stage, double time, const double *y)
{
    for (int lane = 0; lane < stage->width; lane++) {
        stage->not_finite[lane] = stage->live[lane] && stage->bad[lane] != 0.0;
    }
    stage->bad_time = time;
    memcpy(stage->bad_y, y, (size_t)stage->states * (size_t)stage->width * sizeof *y);
}

static bool any_bad(const Stage *stage)
{
    for (int lane = 0; lane < stage->width; lane++) {
        if (stage->bad[lane] != 0.0 && stage->live[lane]) {
            return true;
        }
    }
    return false;
}

bool stage_rates(void *context, double time, const double *y, double *rates)
{
    Stage *stage = context;
    const Tape *tape = stage->tape;
    set_time_inside(stage, time);
    stage_set_state(stage, y);
    run_rates(stage);
    double trouble = kernels_finish_rates(
        stage->kernels, tape_output(tape, PROGRAM_RATES, stage->slots, 0, stage->width),
        stage->infusion, rates, stage->states, stage->width, stage->bad);
    if (trouble != 0.0 && any_bad(stage)) {
        note_bad_lanes(stage, time, y);
        return false;
    }
    if (stage->own) {
        scale_rows(stage, rates, rates, stage->states);
    }
    return true;
}

const double *stage_jacobian(void *context, double time, const double *y)
{
    Stage *stage = context;
    set_time_inside(stage, time);
    stage_set_state(stage, y);
    run_jacobian(stage);
    const double *entries =
        tape_output(stage->tape, PROGRAM_JACOBIAN, stage->slots, 0, stage->width);
    if (!stage->own) {
        return entries;
    }
    scale_rows(stage, entries, stage->scaled, stage->tape->model->jacobian.count);
    return stage->scaled;
}

bool stage_set_switches(Stage *stage, double time, double *values)
{
    const Tape *tape = stage->tape;
    size_t width = (size_t)stage->width;
    bool changed = false;
    int count = tape->model->switch_count;
    if (count == 0) {
        return false;
    }
    stage_set_time(stage, time);
    tape_run(tape, PROGRAM_SWITCHES, stage->slots, stage->width);
    for (int i = 0; i < count; i++) {
        const double *value =
            tape_output(tape, PROGRAM_SWITCHES, stage->slots, 3 * i, stage->width);
        double *kept = values + (size_t)i * width;
        for (int lane = 0; lane < stage->width; lane++) {
            changed = changed || (stage->live[lane] && kept[lane] != value[lane]);
        }
        memcpy(kept, value, width * sizeof *kept);
    }
    memcpy(stage->slots + (size_t)tape->switches * width, values,
           (size_t)count * width * sizeof *values);
    return changed;
}

void stage_copy_lane(Stage *solo, const Stage *from, int lane)
{
    assert(solo->width == 1 && lane >= 0 && lane < from->width);
    size_t width = (size_t)from->width;
    for (size_t i = 0; i < (size_t)from->tape->slot_count; i++) {
        solo->slots[i] = from->slots[i * width + (size_t)lane];
    }
}
