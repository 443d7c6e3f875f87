/* pack.c: opens a pack and loads subjects into it; walk.c runs it.
 *
 * Loading finds everything that can be known before the integration: schedules, stops, initial and
 * steady states. Lanes that begin later than others wait, mirroring one that runs.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/sensitivity.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static const double FINEST_TOLERANCE = 4e-15;

static const double SAFETY_OF_BDF = 5.0;
static const double MOST_EASE =
    10.0; // explicit steps reach a tolerance when they work with twice it

SolverOptions solver_options_default(void)
{
    return (SolverOptions){.rtol = 1e-6, .max_steps = 20000};
}

SolverOptions solver_options_of_many(const SolverOptions *options)
{
    assert(options != NULL);
    SolverOptions many = *options;
    many.method = options->method == SOLVER_AUTO ? SOLVER_ROSENBROCK : options->method;
    return many;
}

bool pack_steps_alone(const Model *model, const SolverOptions *options)
{
    assert(model != NULL && options != NULL);
    bool inside = false; // something may happen between stops
    for (int i = 0; i < model->event_count; i++) {
        const Event *event = &model->events[i];
        bool waits = (expr_kinds(model->graph, event->test) & 1U << SYMBOL_STATE) != 0;
        inside = inside || waits || event->delay != EXPR_NONE;
    }
    return options->method == SOLVER_ROSENBROCK && !options->dense && !inside &&
           model->state_count > 0;
}

bool march_can(const Pack *pack)
{
    return pack->march != NULL && !sensitivity_has_edges(pack);
}

int pack_lanes(const Model *model)
{
    assert(model != NULL);
    return model->state_count <= 5 ? 64 : 16;
}

double solver_safety(const SolverOptions *options)
{
    if (options->safety > 0.0) {
        return options->safety;
    }
    double least = options->method == SOLVER_ROSENBROCK ? 1.0 : SAFETY_OF_BDF;
    double chosen = options->rtol >= 1e-6 ? least : least * sqrt(sqrt(1e-6 / options->rtol));
    double most = options->rtol / FINEST_TOLERANCE; // below it, rounding is all there is
    return chosen < most ? chosen : most > 1.0 ? most : 1.0;
}

/* A surface such as t - 7*floor(t/7) - 1: straight but for jumps. */
static bool is_nested(const Graph *graph, const Switch *one)
{
    return !one->linear && (expr_kinds(graph, one->slope) & 1U << SYMBOL_TIME) == 0;
}

/* Of steps that lanes share, whatever the method: there are always some that do. */
static double shared_safety(const Pack *pack)
{
    SolverOptions shared = pack->options;
    shared.method = SOLVER_BDF;
    return solver_safety(&shared);
}

static void set_tolerances(Pack *pack)
{
    double safety = shared_safety(pack);
    pack->rtol = pack->options.rtol / safety;
    pack->atol = arena_array(pack->arena, (size_t)pack->states, sizeof *pack->atol);
    for (int i = 0; i < pack->states; i++) {
        pack->atol[i] = pack->options.atol[i] / safety;
    }
}

/* By how much explicit steps may be wider in tolerance than BDF's; 0: there are to be none. Events
 * are left to BDF: a threshold is crossed to its interpolant's accuracy. */
static double explicit_ease(const Pack *pack)
{
    bool wanted =
        pack->options.method != SOLVER_BDF && !pack->options.dense && pack->events == NULL;
    return wanted ? fmin(2.0 * shared_safety(pack), MOST_EASE) : 0.0;
}

Pack *pack_open(const Tape *tape, const SolverOptions *options, int width)
{
    assert(tape != NULL && options != NULL && options->atol != NULL);
    assert(tape_width(width) == width);
    Arena *arena = arena_new();
    Pack *pack = arena_alloc(arena, sizeof *pack);
    const Model *model = tape->model;
    *pack = (Pack){.arena = arena,
                   .loaded = arena_new(),
                   .tape = tape,
                   .model = model,
                   .options = *options,
                   .width = width,
                   .states = model->state_count};
    pack->loaded_mark = arena_mark(pack->loaded);
    set_tolerances(pack);
    const Kernels *kernels = kernels_for(tape->isa);
    stage_open(&pack->main, arena, tape, kernels, width);
    stage_open(&pack->solo, arena, tape, kernels, 1);
    pack->solo.live[0] = true;
    size_t switches = (size_t)model->switch_count;
    pack->scratch = arena_array(arena, (size_t)pack->states * (size_t)width, sizeof(double));
    pack->clock = arena_array(arena, (size_t)width, sizeof(double));
    pack->doses_now = arena_array(arena, (size_t)width, sizeof(bool));
    pack->wanted = arena_array(arena, (size_t)width, sizeof(double));
    pack->lanes = arena_array(arena, (size_t)width, sizeof *pack->lanes);
    pack->switch_values = arena_array(arena, switches * (size_t)width, sizeof(double));
    pack->nested_surface = arena_array(arena, switches, sizeof(bool));
    for (size_t i = 0; i < switches; i++) {
        pack->nested_surface[i] = is_nested(model->graph, &model->switches[i]);
    }
    pack->events = events_open(pack);
    if (!stage_integrate(&pack->main, arena, &pack->options, pack->rtol, pack->atol,
                         explicit_ease(pack))) {
        pack_close(pack);
        return NULL;
    }
    if (pack_steps_alone(model, options)) {
        march_open(pack);
    }
    return pack;
}

void pack_make_native(Pack *pack)
{
    assert(pack != NULL);
    if (pack->options.native) {
        pack_quicken(pack);
    }
}

void pack_quicken(Pack *pack)
{
    assert(pack != NULL);
    if (pack->options.interpreted || pack->options.dense) {
        return;
    }
    if (march_can(pack)) {
        march_make_native(pack);
    } else {
        stage_make_native(&pack->main, pack->arena);
    }
}

void pack_close(Pack *pack)
{
    if (pack == NULL) {
        return;
    }
    integrator_close(pack->main.integrator);
    integrator_close(pack->solo.integrator);
    native_close(pack->main.native);
    if (pack->march != NULL) {
        march_close(pack);
    }
    arena_free(pack->loaded);
    arena_free(pack->arena);
}

/* Parameters and covariates of every lane; lanes beyond `count` take those of subject 0. */
static void fill_slots(Pack *pack, const SubjectInput *subjects, int count)
{
    size_t width = (size_t)pack->width;
    double *parameters = pack->main.slots + (size_t)pack->tape->parameter * width;
    double *covariates = pack->main.slots + (size_t)pack->tape->covariate * width;
    for (size_t lane = 0; lane < width; lane++) {
        const SubjectInput *subject = &subjects[lane < (size_t)count ? lane : 0];
        for (size_t i = 0; i < (size_t)pack->model->parameter_count; i++) {
            parameters[i * width + lane] = subject->parameters[i];
        }
        for (size_t i = 0; i < (size_t)pack->model->covariate_count; i++) {
            covariates[i * width + lane] = subject->covariates[i];
        }
    }
    for (int lane = 0; lane < count; lane++) {
        (void)courses_set(pack, lane, &pack->main, pack->lanes[lane].start, false);
    }
    tape_setup(pack->tape, pack->main.slots, pack->width);
    stage_set_time(&pack->main, pack->start);
}

static void start_lanes(Pack *pack, const SubjectInput *subjects, int count)
{
    pack->count = count;
    for (int lane = 0; lane < pack->width; lane++) {
        Lane *one = &pack->lanes[lane];
        *one = (Lane){.outcome = {.kind = OUTCOME_DONE, .state = -1, .dose = -1}};
        pack->main.live[lane] = lane < count;
        one->start = pack->start;
        one->end = pack->end;
        if (lane < count) {
            const SubjectInput *subject = &subjects[lane];
            assert(!subject->own_span ||
                   (pack->start <= subject->start && subject->start <= subject->end));
            one->start = subject->own_span ? subject->start : one->start;
            one->end = subject->own_span ? fmin(subject->end, pack->end) : one->end;
            one->courses = subject->courses;
            one->course_count = subject->course_count;
            one->observations = subject->observations;
            one->observation_count = subject->observation_count;
        }
        one->outcome.time = one->end;
    }
    size_t entries = (size_t)pack->states * (size_t)pack->width;
    memset(pack->main.infusion, 0, entries * sizeof(double));
    pack->main.limit = HUGE_VAL;
    pack->main.own = false;
    integrator_reset(pack->main.integrator);
    courses_open(pack);
    events_load(pack);
}

double pack_stop_time(const Pack *pack, int lane, int stop)
{
    return pack->main.own ? pack->lanes[lane].times[stop] : pack->stops[stop].time;
}

double pack_middle(const Pack *pack, int stop)
{
    if (pack->main.own) {
        return 0.5 * pack->span;
    }
    double first = pack->stops[stop].time;
    if (stop + 1 >= pack->stop_count) {
        return first;
    }
    return first + 0.5 * (pack->stops[stop + 1].time - first);
}

/* The state of a lane at its start, for the lanes that begin with the run also in the pack's y. */
static void find_initial(Pack *pack, int lane, const SubjectInput *subject)
{
    Lane *one = &pack->lanes[lane];
    size_t states = (size_t)pack->states;
    one->first = arena_array(pack->loaded, states, sizeof(double));
    if (subject->initial != NULL) {
        memcpy(one->first, subject->initial, states * sizeof(double));
        one->home = one->first;
    }
    if (!pack->main.live[lane] ||
        (one->home == NULL && !lane_initial(pack, lane, one->start, one->first))) {
        return;
    }
    sensitivity_initial(pack, lane, subject);
    if (subject->steady_start) {
        int state = 0;
        if (!steady_rest(pack, lane, one->start, NULL, one->first, &state)) {
            lane_fail(pack, lane, OUTCOME_NO_CONVERGENCE, one->start);
            one->outcome.state = state;
            one->outcome.reason = "no steady state was found to start from";
            return;
        }
        one->home = one->first;
        if (sensitivity_on(pack)) {
            sensitivity_rest(pack, lane, one->start, NULL, one->first,
                             pack->sensitivity->lanes[lane].first);
        }
    }
    steady_doses(pack, lane, subject->regimen, one->first);
}

/* A lane that begins later mirrors others until then: its own values are kept aside. */
static void keep_own(Pack *pack, int lane, const SubjectInput *subject)
{
    Lane *one = &pack->lanes[lane];
    one->begun = one->first_stop == 0;
    for (size_t i = 0; one->begun && i < (size_t)pack->states; i++) {
        pack->main.y[i * (size_t)pack->width + (size_t)lane] = one->first[i];
    }
    if (one->begun) {
        sensitivity_begin(pack, lane);
    }
    if (one->begun || !pack->main.live[lane]) {
        return;
    }
    size_t parameters = (size_t)pack->model->parameter_count;
    size_t covariates = (size_t)pack->model->covariate_count;
    one->own = arena_array(pack->loaded, parameters + covariates, sizeof(double));
    for (size_t i = 0; i < parameters; i++) {
        one->own[i] = subject->parameters[i];
    }
    for (size_t i = 0; i < covariates; i++) {
        one->own[parameters + i] = subject->covariates[i];
    }
    pack->main.live[lane] = false;
}

void pack_load(Pack *pack, const SubjectInput *subjects, int count, double t0, double t_end)
{
    assert(pack != NULL && subjects != NULL && count > 0 && count <= pack->width);
    assert(isfinite(t0) && isfinite(t_end) && t0 <= t_end);
    arena_rewind(pack->loaded, pack->loaded_mark);
    pack->start = t0;
    pack->end = same_time(t0, t_end) ? t0 : t_end;
    start_lanes(pack, subjects, count);
    fill_slots(pack, subjects, count);
    for (int lane = 0; lane < count; lane++) {
        lanes_expand(pack, lane, subjects[lane].regimen);
    }
    sensitivity_load(pack, subjects);
    stops_build(pack);
    (void)stage_set_switches(&pack->main, pack_middle(pack, 0), pack->switch_values);
    memset(pack->main.y, 0, (size_t)pack->states * (size_t)pack->width * sizeof(double));
    for (int lane = 0; lane < count; lane++) {
        find_initial(pack, lane, &subjects[lane]);
    }
    for (int lane = 0; lane < count; lane++) {
        keep_own(pack, lane, &subjects[lane]);
    }
}

void pack_at_dose(Pack *pack, AtDose at_dose)
{
    assert(pack != NULL);
    pack->at_dose = at_dose;
}

void pack_at_once(Pack *pack)
{
    assert(pack != NULL);
    pack->at_once = true;
}

void pack_observe(Pack *pack, ObservationSink *sink, void *context)
{
    assert(pack != NULL);
    pack->observe = sink;
    pack->observe_context = context;
}

const Outcome *pack_outcome(const Pack *pack, int lane)
{
    assert(pack != NULL && lane >= 0 && lane < pack->count);
    return &pack->lanes[lane].outcome;
}

const Schedule *pack_schedule(const Pack *pack, int lane)
{
    assert(pack != NULL && lane >= 0 && lane < pack->count);
    return &pack->lanes[lane].schedule;
}

const SolverStats *pack_stats(const Pack *pack)
{
    assert(pack != NULL);
    return &pack->stats;
}
