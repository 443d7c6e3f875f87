/* sensitivity.c: the columns of a pack: what they are by, where they begin, what is read from them.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulate/sensitivity.h"

#include <assert.h>
#include <math.h>
#include <string.h>

bool sensitivity_on(const Pack *pack)
{
    return pack->sensitivity != NULL && pack->sensitivity->count > 0;
}

/* ---- memory ---- */

static Sensitivity *open_empty(Pack *pack)
{
    const Model *model = pack->model;
    Arena *arena = pack->arena;
    size_t width = (size_t)pack->width;
    Sensitivity *sensitivity = arena_alloc(arena, sizeof *sensitivity);
    sensitivity->lanes = arena_array(arena, width, sizeof *sensitivity->lanes);
    sensitivity->switches = arena_array(arena, (size_t)model->switch_count * width, sizeof(double));
    sensitivity->before = arena_array(arena, (size_t)pack->states, sizeof(double));
    sensitivity->now = arena_array(arena, (size_t)pack->states, sizeof(double));
    sensitivity->column = arena_array(
        arena, (size_t)(pack->states + pack->tape->sensitive_count + 1), sizeof(double));
    return sensitivity;
}

/* The number of a model's parameter among those of the tape. */
static int number_of(const Tape *tape, int parameter)
{
    for (int i = 0; i < tape->sensitive_count; i++) {
        if (tape->sensitive[i] == parameter) {
            return i;
        }
    }
    assert(false && "the tape was compiled for this parameter");
    return -1;
}

static void make_room(Pack *pack, int count)
{
    Sensitivity *sensitivity = pack->sensitivity;
    size_t columns = (size_t)count;
    size_t observed = (size_t)pack->tape->programs[PROGRAM_OBSERVE].output_count;
    if (count <= sensitivity->room) {
        return;
    }
    sensitivity->room = count;
    sensitivity->targets = arena_array(pack->arena, columns, sizeof *sensitivity->targets);
    sensitivity->observed =
        arena_array(pack->arena, columns * observed * (size_t)pack->width + 1, sizeof(double));
    sensitivity->reset = arena_array(pack->arena, columns * (size_t)pack->states, sizeof(double));
    sensitivity->moved = arena_array(pack->arena, columns, sizeof(double));
    for (int lane = 0; lane < pack->width; lane++) {
        sensitivity->lanes[lane].instant = arena_array(pack->arena, columns, sizeof(double));
    }
    sensitivity_open_events(pack);
}

bool pack_sensitivities(Pack *pack, const SensitiveTarget *targets, int count)
{
    assert(pack != NULL && count >= 0 && (count == 0 || targets != NULL));
    if (count == 0 && pack->sensitivity == NULL) {
        return true;
    }
    assert(count == 0 || pack->tape->derives);
    if (pack->sensitivity == NULL) {
        pack->sensitivity = open_empty(pack);
        sensitivity_open_edges(pack);
    }
    Sensitivity *sensitivity = pack->sensitivity;
    make_room(pack, count);
    sensitivity->count = count;
    slopes_open(&sensitivity->slopes, pack->arena, &pack->main, count);
    for (int k = 0; k < count; k++) {
        sensitivity->targets[k] = targets[k];
        sensitivity->slopes.parameter[k] =
            targets[k].kind == SENSITIVE_PARAMETER ? number_of(pack->tape, targets[k].index) : -1;
    }
    if (pack->march != NULL) {
        march_sensitize(pack, march_can(pack) ? &sensitivity->slopes : NULL);
    }
    return march_can(pack) ||
           integrator_sensitize(pack->main.integrator, count, &slopes_rates, &sensitivity->slopes);
}

const double *pack_sensitivity(const Pack *pack, int target)
{
    assert(sensitivity_on(pack) && target >= 0 && target < pack->sensitivity->count);
    size_t observed = (size_t)pack->tape->programs[PROGRAM_OBSERVE].output_count;
    return pack->sensitivity->observed + (size_t)target * observed * (size_t)pack->width;
}

/* ---- a new load ---- */

static double not_zero(double value, double instead)
{
    return value != 0.0 && isfinite(value) ? fabs(value) : instead;
}

/* How much of a target is much: what its columns are multiplied by. */
static double size_of(const Pack *pack, SensitiveTarget target, const SubjectInput *subject)
{
    double span = not_zero(0.01 * (pack->end - pack->start), 1.0);
    bool of_dose = target.kind >= SENSITIVE_DOSE_AMOUNT;
    if (of_dose && (subject->regimen == NULL || target.index >= subject->regimen->count)) {
        return 1.0;
    }
    const Dose *dose = of_dose ? &subject->regimen->doses[target.index] : NULL;
    switch (target.kind) {
    case SENSITIVE_PARAMETER:
        return not_zero(subject->parameters[target.index], 1.0);
    case SENSITIVE_INITIAL:
        return fmax(1e6 * pack->options.atol[target.index], 1e-300);
    case SENSITIVE_DOSE_AMOUNT:
        return not_zero(dose->amount, 1.0);
    case SENSITIVE_DOSE_FRACTION:
        return 1.0;
    case SENSITIVE_DOSE_DURATION:
        return not_zero(dose->duration, span);
    case SENSITIVE_DOSE_LAG:
    case SENSITIVE_DOSE_TIME:
        return span;
    }
    return 1.0;
}

void sensitivity_load(Pack *pack, const SubjectInput *subjects)
{
    if (!sensitivity_on(pack)) {
        return;
    }
    Sensitivity *sensitivity = pack->sensitivity;
    Slopes *slopes = &sensitivity->slopes;
    size_t width = (size_t)pack->width;
    size_t columns = (size_t)sensitivity->count;
    size_t all = columns * (size_t)pack->states * width;
    slopes_forget(slopes);
    memset(slopes->s, 0, all * sizeof(double));
    memset(slopes->inflow, 0, all * sizeof(double));
    for (size_t lane = 0; lane < width; lane++) {
        LaneSlopes *own = &sensitivity->lanes[lane];
        bool loaded = lane < (size_t)pack->count;
        for (size_t k = 0; k < columns; k++) {
            slopes->scale[k * width + lane] =
                size_of(pack, sensitivity->targets[k], &subjects[loaded ? lane : 0]);
            own->instant[k] = 0.0;
        }
        own->first = loaded
                         ? arena_array(pack->loaded, columns * (size_t)pack->states, sizeof(double))
                         : NULL;
        if (loaded && pack->main.live[lane]) {
            sensitivity_doses(pack, (int)lane, subjects[lane].regimen);
        }
    }
}

/* pack->solo holds the lane at `time`. */
void sensitivity_initial_values(Pack *pack, int lane, double time, double *columns)
{
    const Sensitivity *sensitivity = pack->sensitivity;
    const Partials *partials = &pack->tape->partials[PROGRAM_INITIAL_PARTIALS];
    lane_alone(pack, lane, time);
    tape_run(pack->tape, PROGRAM_INITIAL_PARTIALS, pack->solo.slots, 1);
    const double *values =
        tape_output(pack->tape, PROGRAM_INITIAL_PARTIALS, pack->solo.slots, 0, 1);
    for (int k = 0; k < sensitivity->count; k++) {
        double *column = columns + (size_t)k * (size_t)pack->states;
        double scale = sensitivity_scale(pack, k, lane);
        memset(column, 0, (size_t)pack->states * sizeof *column);
        for (int i = 0; i < partials->count; i++) {
            const Partial *one = &partials->items[i];
            if (one->kind == SYMBOL_PARAMETER && one->index == sensitivity->slopes.parameter[k]) {
                column[one->output] = values[i] * scale;
            }
        }
        if (sensitivity->targets[k].kind == SENSITIVE_INITIAL) {
            column[sensitivity->targets[k].index] = scale;
        }
    }
}

void sensitivity_initial(Pack *pack, int lane, const SubjectInput *subject)
{
    if (!sensitivity_on(pack)) {
        return;
    }
    Sensitivity *sensitivity = pack->sensitivity;
    const Lane *one = &pack->lanes[lane];
    double *first = sensitivity->lanes[lane].first;
    for (int k = 0; k < sensitivity->count; k++) {
        SensitiveTarget target = sensitivity->targets[k];
        double *scale = &sensitivity->slopes.scale[(size_t)k * (size_t)pack->width + (size_t)lane];
        if (target.kind == SENSITIVE_INITIAL) {
            *scale = fmax(fabs(one->first[target.index]), *scale);
        }
    }
    if (subject->initial == NULL) {
        sensitivity_initial_values(pack, lane, one->start, first);
        return;
    }
    for (int k = 0; k < sensitivity->count; k++) { // given: only they themselves count
        SensitiveTarget target = sensitivity->targets[k];
        if (target.kind == SENSITIVE_INITIAL) {
            first[k * pack->states + target.index] = sensitivity_scale(pack, k, lane);
        }
    }
}

/* ---- a run ---- */

void sensitivity_begin(Pack *pack, int lane)
{
    if (!sensitivity_on(pack)) {
        return;
    }
    const double *first = pack->sensitivity->lanes[lane].first;
    for (int k = 0; k < pack->sensitivity->count; k++) {
        for (int i = 0; i < pack->states; i++) {
            *sensitivity_entry(pack, k, i, lane) = first[k * pack->states + i];
        }
    }
}

void sensitivity_mirror(Pack *pack, int donor, int lane)
{
    if (!sensitivity_on(pack)) {
        return;
    }
    Slopes *slopes = &pack->sensitivity->slopes;
    for (int k = 0; k < slopes->count; k++) {
        for (int i = 0; i < pack->states; i++) {
            size_t from = slope_at(slopes, k, i, donor);
            size_t to = slope_at(slopes, k, i, lane);
            slopes->s[to] = slopes->s[from];
            slopes->inflow[to] = slopes->inflow[from];
        }
    }
}

void sensitivity_restart(Pack *pack)
{
    if (sensitivity_on(pack)) {
        slopes_forget(&pack->sensitivity->slopes);
        integrator_restart_slopes(pack->main.integrator, pack->sensitivity->slopes.s);
    }
}

void sensitivity_take(Pack *pack, double time)
{
    // Before the first step after a restart the present is where it began.
    if (sensitivity_on(pack) && integrator_last_step(pack->main.integrator) != 0.0) {
        integrator_slopes(pack->main.integrator, time, pack->sensitivity->slopes.s);
    }
}

void sensitivity_inside(Pack *pack, double time, int lane)
{
    if (!sensitivity_on(pack)) {
        return;
    }
    Slopes *slopes = &pack->sensitivity->slopes;
    if (lane < 0) {
        integrator_slopes(pack->main.integrator, time, slopes->inside);
        return;
    }
    integrator_slopes(pack->main.integrator, time, slopes->aside);
    for (int k = 0; k < slopes->count; k++) {
        for (int i = 0; i < pack->states; i++) {
            size_t at = slope_at(slopes, k, i, lane);
            slopes->inside[at] = slopes->aside[at];
        }
    }
}

void sensitivity_present(Pack *pack)
{
    if (sensitivity_on(pack)) {
        const Slopes *slopes = &pack->sensitivity->slopes;
        size_t all = (size_t)slopes->count * (size_t)pack->states * (size_t)pack->width;
        memcpy(slopes->inside, slopes->s, all * sizeof(double));
    }
}

void sensitivity_observe(Pack *pack)
{
    if (!sensitivity_on(pack)) {
        return;
    }
    Sensitivity *sensitivity = pack->sensitivity;
    const Slopes *slopes = &sensitivity->slopes;
    const Partials *partials = &pack->tape->partials[PROGRAM_OBSERVE_PARTIALS];
    size_t width = (size_t)pack->width;
    size_t observed = (size_t)pack->tape->programs[PROGRAM_OBSERVE].output_count;
    double *slots = pack->main.slots;
    tape_run(pack->tape, PROGRAM_OBSERVE_PARTIALS, slots, pack->width);
    memset(sensitivity->observed, 0,
           (size_t)sensitivity->count * observed * width * sizeof(double));
    for (int k = 0; k < sensitivity->count; k++) {
        double *column = sensitivity->observed + (size_t)k * observed * width;
        const double *scale = slopes->scale + (size_t)k * width;
        for (int i = 0; i < partials->count; i++) {
            const Partial *one = &partials->items[i];
            const double *partial =
                tape_output(pack->tape, PROGRAM_OBSERVE_PARTIALS, slots, i, pack->width);
            double *out = column + (size_t)one->output * width;
            if (one->kind == SYMBOL_STATE) {
                const double *s = slopes->inside + slope_at(slopes, k, one->index, 0);
                for (size_t lane = 0; lane < width; lane++) {
                    out[lane] += partial[lane] * s[lane] / scale[lane];
                }
            } else if (one->index == slopes->parameter[k]) {
                for (size_t lane = 0; lane < width; lane++) {
                    out[lane] += partial[lane];
                }
            }
        }
    }
}

/* One output of a lane, by column k; `partials` stand in a column of a stage. */
static void observe_lane(Pack *pack, const double *partial, int width, int lane)
{
    Sensitivity *sensitivity = pack->sensitivity;
    const Slopes *slopes = &sensitivity->slopes;
    const Partials *partials = &pack->tape->partials[PROGRAM_OBSERVE_PARTIALS];
    const size_t stride = (size_t)pack->width;
    const size_t observed = (size_t)pack->tape->programs[PROGRAM_OBSERVE].output_count;
    for (int k = 0; k < sensitivity->count; k++) {
        double *out = sensitivity->observed + (size_t)k * observed * stride + (size_t)lane;
        const double scale = sensitivity_scale(pack, k, lane);
        for (size_t i = 0; i < observed; i++) {
            out[i * stride] = 0.0;
        }
        for (int i = 0; i < partials->count; i++) {
            const Partial *one = &partials->items[i];
            const double value = partial[(size_t)i * (size_t)width];
            double *to = &out[(size_t)one->output * stride];
            if (one->kind == SYMBOL_STATE) {
                *to += value * slopes->inside[slope_at(slopes, k, one->index, lane)] / scale;
            } else if (one->index == slopes->parameter[k]) {
                *to += value;
            }
        }
    }
}

void sensitivity_observe_in(Pack *pack, const Stage *stage, const int *lane_of, const bool *due)
{
    if (!sensitivity_on(pack)) {
        return;
    }
    tape_run(pack->tape, PROGRAM_OBSERVE_PARTIALS, stage->slots, stage->width);
    const double *partials =
        tape_output(pack->tape, PROGRAM_OBSERVE_PARTIALS, stage->slots, 0, stage->width);
    for (int column = 0; column < stage->width; column++) {
        if (due[column]) {
            observe_lane(pack, partials + column, stage->width, lane_of[column]);
        }
    }
}
