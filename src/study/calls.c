/* calls.c: see calls.h.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/calls.h"

#include "study/run.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum { WIDTHS = 8 };

/* One tape with packs of every width that was needed so far. */
typedef struct {
    Arena *arena; // of the tape, if it is not the caller's
    const Tape *tape;
    Pack *packs[WIDTHS];
    int *targets; // (target_count) parameters it derives by
    int target_count;
} Machine;

typedef struct {
    int call, arm;
} Item;

struct Caller {
    Arena *arena, *scratch;
    Arena *texts; // of outcomes, until the next calls
    ArenaMark texts_mark;
    const Study *study;
    const volatile int *stop;
    int lanes;
    AtDose at_dose;
    int *group; // (arm_count) arms of one group have their doses at the same times
    int group_count;
    int most_doses;
    Machine plain, slopes;
    SubjectInput *inputs; // (lanes)
    double *parameters;   // (lanes × parameter_count)
    double *covariates;
    Dose *doses;       // (lanes × most_doses)
    Regimen *regimens; // (lanes)
    const Item *items; // of the pack that runs
    int item_count;
    Call *const *calls;
    const Machine *running;
    Pack *pack;
};

/* --- opening -------------------------------------------------------------------------------------
 */

/* Arms whose doses agree share packs (run.c says why). */
static bool find_groups(Caller *caller)
{
    const Study *study = caller->study;
    size_t count = (size_t)study->arm_count;
    Schedule *schedules = arena_array(caller->arena, count, sizeof *schedules);
    Pack *pack = NULL;
    if (!study_schedules(study, caller->plain.tape, caller->lanes, caller->arena, schedules,
                         &pack)) {
        return false;
    }
    pack_close(pack);
    const Schedule **first = arena_array(caller->arena, count, sizeof *first);
    for (int arm = 0; arm < study->arm_count; arm++) {
        int group = 0;
        while (group < caller->group_count && schedules[arm].count > 0 && first[group]->count > 0 &&
               !schedule_same_times(first[group], &schedules[arm])) {
            group++;
        }
        if (group == caller->group_count) {
            first[caller->group_count++] = &schedules[arm];
        } else if (first[group]->count == 0) {
            first[group] = &schedules[arm];
        }
        caller->group[arm] = group;
        int doses = study->arms[arm].regimen.count;
        caller->most_doses = doses > caller->most_doses ? doses : caller->most_doses;
    }
    return true;
}

static void make_inputs(Caller *caller)
{
    const Study *study = caller->study;
    size_t lanes = (size_t)caller->lanes;
    size_t parameters = (size_t)study->model->parameter_count;
    size_t covariates = (size_t)study->model->covariate_count;
    size_t doses = (size_t)caller->most_doses;
    caller->inputs = arena_array(caller->arena, lanes, sizeof *caller->inputs);
    caller->regimens = arena_array(caller->arena, lanes, sizeof *caller->regimens);
    caller->parameters = arena_array(caller->arena, lanes * parameters + 1, sizeof(double));
    caller->covariates = arena_array(caller->arena, lanes * covariates + 1, sizeof(double));
    caller->doses = arena_array(caller->arena, lanes * doses + 1, sizeof *caller->doses);
    for (size_t lane = 0; lane < lanes; lane++) {
        caller->regimens[lane].doses = caller->doses + lane * doses;
        caller->inputs[lane] = (SubjectInput){.parameters = caller->parameters + lane * parameters,
                                              .covariates = caller->covariates + lane * covariates,
                                              .regimen = &caller->regimens[lane],
                                              .steady_start = study->steady_start};
    }
}

Caller *caller_open(const Study *study, const Tape *tape, int lanes, const volatile int *stop)
{
    assert(study != NULL && study->population == NULL && study->data == NULL);
    Arena *arena = arena_new();
    Caller *caller = arena_alloc(arena, sizeof *caller);
    int wanted = STROMA_LANES > 0 ? STROMA_LANES : lanes > 0 ? lanes : study_lanes(study);
    *caller = (Caller){.arena = arena,
                       .scratch = arena_new(),
                       .texts = arena_new(),
                       .study = study,
                       .stop = stop,
                       .lanes = tape_width(wanted)};
    caller->texts_mark = arena_mark(caller->texts);
    caller->group = arena_array(arena, (size_t)study->arm_count, sizeof *caller->group);
    caller->plain.tape = tape != NULL ? tape : study_tape(study, arena);
    if (!find_groups(caller)) {
        caller_close(caller);
        return NULL;
    }
    make_inputs(caller);
    return caller;
}

static void close_packs(Machine *machine)
{
    for (int i = 0; i < WIDTHS; i++) {
        pack_close(machine->packs[i]);
        machine->packs[i] = NULL;
    }
}

void caller_close(Caller *caller)
{
    if (caller == NULL) {
        return;
    }
    close_packs(&caller->plain);
    close_packs(&caller->slopes);
    arena_free(caller->slopes.arena);
    arena_free(caller->scratch);
    arena_free(caller->texts);
    arena_free(caller->arena);
}

void caller_at_dose(Caller *caller, AtDose at_dose)
{
    assert(caller != NULL && at_dose != AT_DOSE_BOTH);
    caller->at_dose = at_dose;
}

void caller_count(const Caller *caller, SolverStats *sum)
{
    for (int i = 0; i < WIDTHS; i++) {
        const Pack *packs[] = {caller->plain.packs[i], caller->slopes.packs[i]};
        for (int k = 0; k < 2; k++) {
            if (packs[k] != NULL) {
                study_add_stats(sum, pack_stats(packs[k]));
            }
        }
    }
}

int caller_room(const Caller *caller)
{
    return caller->lanes;
}

/* --- the tape with derivatives -------------------------------------------------------------------
 */

static bool has_target(const Machine *machine, int parameter)
{
    for (int i = 0; i < machine->target_count; i++) {
        if (machine->targets[i] == parameter) {
            return true;
        }
    }
    return false;
}

/* The parameters by which the calls are to be derived. Those of the last time stay, if they are
 * enough: who asks again and again asks for the same ones. */
static void prepare_slopes(Caller *caller, Call *const *calls, int count)
{
    const Model *model = caller->study->model;
    Machine *machine = &caller->slopes;
    bool *wanted = arena_array(caller->scratch, (size_t)model->parameter_count + 1, sizeof *wanted);
    bool enough = machine->tape != NULL;
    for (int i = 0; i < count; i++) {
        for (int k = 0; calls[i]->slopes && k < calls[i]->change_count; k++) {
            NameRef ref = calls[i]->changes[k].ref;
            if (ref.kind == NAME_PARAMETER) {
                wanted[ref.index] = true;
                enough = enough && has_target(machine, ref.index);
            }
        }
    }
    if (enough) {
        return;
    }
    close_packs(machine);
    arena_free(machine->arena);
    *machine = (Machine){.arena = arena_new()};
    machine->targets =
        arena_array(machine->arena, (size_t)model->parameter_count + 1, sizeof *machine->targets);
    for (int i = 0; i < model->parameter_count; i++) {
        if (wanted[i]) {
            machine->targets[machine->target_count++] = i;
        }
    }
    const Study *study = caller->study;
    Expr *observed = arena_array(machine->arena, (size_t)study->output_count, sizeof *observed);
    for (int i = 0; i < study->output_count; i++) {
        observed[i] = study->outputs[i].expr;
    }
    TapeOptions options = {.observed = observed,
                           .observed_count = study->output_count,
                           .tables = study->tables,
                           .isa = ISA_BEST,
                           .derive = true,
                           .sensitive = machine->targets,
                           .sensitive_count = machine->target_count};
    machine->tape = tape_compile(machine->arena, model, &options);
}

/* --- one pack ------------------------------------------------------------------------------------
 */

static Pack *pack_of(Caller *caller, Machine *machine, int count)
{
    int width = tape_width(STROMA_LANES > 0 ? STROMA_LANES : count);
    int place = 0;
    while (1 << place < width) {
        place++;
    }
    assert(place < WIDTHS);
    if (machine->packs[place] != NULL) {
        return machine->packs[place];
    }
    const bool slopes = machine->target_count > 0;
    const SolverOptions many = solver_options_of_many(&caller->study->solver);
    Pack *pack = pack_open(machine->tape, slopes ? &many : &caller->study->solver, width);
    SensitiveTarget *targets =
        arena_array(caller->scratch, (size_t)machine->target_count + 1, sizeof *targets);
    for (int i = 0; i < machine->target_count; i++) {
        targets[i] = (SensitiveTarget){SENSITIVE_PARAMETER, machine->targets[i]};
    }
    if (pack != NULL && slopes) {
        pack_at_once(pack);
    }
    if (pack != NULL && slopes && !pack_sensitivities(pack, targets, machine->target_count)) {
        pack_close(pack);
        return NULL;
    }
    machine->packs[place] = pack;
    return pack;
}

bool change_reaches(const Study *study, const CallChange *change, int arm)
{
    const Arm *of = &study->arms[arm];
    const Origin *origin = change->ref.kind == NAME_PARAMETER
                               ? &of->parameter_origin[change->ref.index]
                               : &of->covariate_origin[change->ref.index];
    return change->arm < 0 ? origin->kind != ORIGIN_ARM : change->arm == arm;
}

/* A dose per kilogram follows the weight. */
static double share(const Arm *arm, const double *covariates, int by)
{
    return by == 0 ? 1.0 : covariates[by - 1] / arm->covariates[by - 1];
}

static void load_item(Caller *caller, int lane, const Item *item)
{
    const Study *study = caller->study;
    const Model *model = study->model;
    const Arm *arm = &study->arms[item->arm];
    const Call *call = caller->calls[item->call];
    double *parameters = caller->parameters + (size_t)lane * (size_t)model->parameter_count;
    double *covariates = caller->covariates + (size_t)lane * (size_t)model->covariate_count;
    memcpy(parameters, arm->parameters, (size_t)model->parameter_count * sizeof *parameters);
    if (model->covariate_count > 0) {
        memcpy(covariates, arm->covariates, (size_t)model->covariate_count * sizeof *covariates);
    }
    for (int i = 0; i < call->change_count; i++) {
        const CallChange *change = &call->changes[i];
        if (change_reaches(study, change, item->arm)) {
            double *into = change->ref.kind == NAME_PARAMETER ? parameters : covariates;
            into[change->ref.index] = change->value;
        }
    }
    Regimen *regimen = &caller->regimens[lane];
    regimen->count = arm->regimen.count;
    for (int i = 0; i < regimen->count; i++) {
        regimen->doses[i] = arm->regimen.doses[i];
        regimen->doses[i].amount *= share(arm, covariates, regimen->doses[i].amount_by);
        regimen->doses[i].rate *= share(arm, covariates, regimen->doses[i].rate_by);
    }
}

/* Which target of the machine a change is; -1: none, its derivative is 0. */
static int target_of(const Caller *caller, const CallChange *change, int arm)
{
    const Machine *machine = caller->running;
    if (change->ref.kind != NAME_PARAMETER || !change_reaches(caller->study, change, arm)) {
        return -1;
    }
    for (int i = 0; i < machine->target_count; i++) {
        if (machine->targets[i] == change->ref.index) {
            return i;
        }
    }
    return -1;
}

/* An earlier change that a later one of the same value replaced has no effect. */
static bool is_replaced(const Caller *caller, const Call *call, int change, int arm)
{
    for (int i = change + 1; i < call->change_count; i++) {
        if (call->changes[i].ref.kind == call->changes[change].ref.kind &&
            call->changes[i].ref.index == call->changes[change].ref.index &&
            change_reaches(caller->study, &call->changes[i], arm)) {
            return true;
        }
    }
    return false;
}

static void keep_slopes(const Caller *caller, const Item *item, size_t row, int lane, int width)
{
    const Call *call = caller->calls[item->call];
    size_t outputs = (size_t)caller->study->output_count;
    size_t changes = (size_t)call->change_count;
    for (size_t i = 0; i < changes; i++) {
        int target = target_of(caller, &call->changes[i], item->arm);
        bool none = target < 0 || is_replaced(caller, call, (int)i, item->arm);
        const double *slope = none ? NULL : pack_sensitivity(caller->pack, target);
        for (size_t k = 0; k < outputs; k++) {
            call->slope[(row * outputs + k) * changes + i] =
                none ? 0.0 : slope[k * (size_t)width + (size_t)lane];
        }
    }
}

/* OutputSink */
static bool take(void *context, int time_index, double time, const double *values, const bool *live,
                 int width)
{
    const Caller *caller = context;
    const Study *study = caller->study;
    size_t outputs = (size_t)study->output_count;
    (void)time;
    for (int lane = 0; lane < caller->item_count; lane++) {
        const Item *item = &caller->items[lane];
        const Call *call = caller->calls[item->call];
        size_t row = (size_t)item->arm * (size_t)study->time_count + (size_t)time_index;
        if (!live[lane]) {
            continue;
        }
        for (size_t k = 0; k < outputs; k++) {
            call->values[row * outputs + k] = values[k * (size_t)width + (size_t)lane];
        }
        if (call->slopes) {
            keep_slopes(caller, item, row, lane, width);
        }
    }
    return true;
}

static bool run_pack(Caller *caller, Machine *machine, const Item *items, int count)
{
    const Study *study = caller->study;
    Pack *pack = pack_of(caller, machine, count);
    assert(pack != NULL && "the solver library cannot be set up");
    caller->items = items;
    caller->item_count = count;
    caller->running = machine;
    caller->pack = pack;
    pack_at_dose(pack, caller->at_dose);
    for (int lane = 0; lane < count; lane++) {
        load_item(caller, lane, &items[lane]);
    }
    pack_load(pack, caller->inputs, count, study->start, study->end);
    bool whole = pack_run(pack, study->times, study->time_count, take, caller, caller->stop);
    for (int lane = 0; lane < count; lane++) {
        Outcome *outcome = &caller->calls[items[lane].call]->outcomes[items[lane].arm];
        *outcome = *pack_outcome(pack, lane);
        if (outcome->reason != NULL) { // its text would go with the next load
            outcome->reason = arena_copy(caller->texts, outcome->reason, strlen(outcome->reason));
        }
    }
    return whole;
}

/* --- many ----------------------------------------------------------------------------------------
 */

static void clear(const Study *study, Call *call)
{
    size_t cells =
        (size_t)study->arm_count * (size_t)study->time_count * (size_t)study->output_count;
    for (size_t i = 0; i < cells; i++) {
        call->values[i] = (double)NAN;
    }
    for (size_t i = 0; call->slopes && i < cells * (size_t)call->change_count; i++) {
        call->slope[i] = (double)NAN;
    }
    for (int arm = 0; arm < study->arm_count; arm++) {
        call->outcomes[arm] =
            (Outcome){.kind = OUTCOME_STOPPED, .time = study->start, .state = -1, .dose = -1};
    }
}

/* The lanes of one group of arms, for calls with or without derivatives. */
static bool run_group(Caller *caller, Call *const *calls, int count, int group, bool slopes)
{
    const Study *study = caller->study;
    size_t most = (size_t)count * (size_t)study->arm_count;
    Item *items = arena_array(caller->scratch, most, sizeof *items);
    int found = 0;
    for (int arm = 0; arm < study->arm_count; arm++) {
        for (int i = 0; caller->group[arm] == group && i < count; i++) {
            if (calls[i]->slopes == slopes && (calls[i]->arm < 0 || calls[i]->arm == arm)) {
                items[found++] = (Item){i, arm};
            }
        }
    }
    bool whole = true;
    for (int first = 0; whole && first < found; first += caller->lanes) {
        int lanes = found - first < caller->lanes ? found - first : caller->lanes;
        whole = run_pack(caller, slopes ? &caller->slopes : &caller->plain, items + first, lanes);
    }
    return whole;
}

bool caller_run(Caller *caller, Call *const *calls, int count)
{
    assert(caller != NULL && calls != NULL && count >= 0);
    ArenaMark mark = arena_mark(caller->scratch);
    arena_rewind(caller->texts, caller->texts_mark);
    bool any_slopes = false;
    for (int i = 0; i < count; i++) {
        clear(caller->study, calls[i]);
        any_slopes = any_slopes || calls[i]->slopes;
    }
    if (any_slopes) {
        prepare_slopes(caller, calls, count);
    }
    bool whole = true;
    caller->calls = calls;
    for (int slopes = 0; whole && slopes < 2; slopes++) {
        for (int group = 0; whole && group < caller->group_count; group++) {
            whole = run_group(caller, calls, count, group, slopes == 1);
        }
    }
    arena_rewind(caller->scratch, mark);
    return whole;
}
