/* fuzz_schedule.c: any bytes as the schedules of three subjects, run side by side, with shared
 * steps and with steps of their own, and compared with a second reading of dosing's rules: every
 * dose by itself, superposed on what was there, between two events the closed form of depot and
 * central. Nothing of src/dose is used for what is expected.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include "simulate/simulate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char model_text[] = "model schedules \"depot and central\"\n"
                                 "time hour\n"
                                 "param F = 1\nparam L = 0\nparam R = 1\nparam D = 1\n"
                                 "state depot = 0\nstate central = 3\n"
                                 "d/dt(depot) = -1.1 * depot\n"
                                 "d/dt(central) = 1.1 * depot - 0.2 * central\n"
                                 "route oral -> depot : fraction = F, lag = L\n"
                                 "route iv -> central : fraction = F, lag = L, rate = R, "
                                 "duration = D\n";

enum { LANES = 3, RECORDS = 10, EVENTS = 4096 };

static const double KA = 1.1;
static const double K = 0.2;
static const double HOME[2] = {0.0, 3.0};
static const double TOLERANCE = 1e-6;

typedef struct {
    const uint8_t *bytes;
    size_t left;
} Bytes;

static unsigned next(Bytes *bytes, unsigned below)
{
    if (bytes->left == 0) {
        return 0;
    }
    bytes->left--;
    return *bytes->bytes++ % below;
}

typedef struct {
    double F, L, R, D;
} Values;

typedef struct {
    Values values;
    Dose doses[RECORDS];
    Regimen regimen;
    Observation seen[RECORDS + 4];
    int seen_count;
    double end;
} Subject;

/* --- bytes to a subject ------------------------------------------------------------------------
 */

static Dose read_dose(Bytes *bytes, double time)
{
    static const double amounts[] = {10.0, 25.0, 100.0, 0.5};
    static const double lengths[] = {0.5, 1.0, 3.0, 7.0};
    static const double intervals[] = {1.0, 2.0, 3.0, 0.7};
    unsigned kind = next(bytes, 16);
    Dose dose = {.route = -1, .state = (int)next(bytes, 2), .time = time, .count = 1};
    dose.amount = amounts[next(bytes, 4)];
    if (kind < 3) {
        static const DoseKind kinds[] = {DOSE_RESET, DOSE_REPLACE, DOSE_MULTIPLY};
        dose.kind = kinds[kind];
        return dose;
    }
    dose.route = (int)next(bytes, 3) - 1;
    static const DoseKind kinds[] = {DOSE_BOLUS, DOSE_INFUSION_RATE, DOSE_INFUSION_DURATION,
                                     DOSE_MODEL_RATE, DOSE_MODEL_DURATION};
    dose.kind = kinds[next(bytes, dose.route == 1 ? 5 : 3)];
    dose.duration = lengths[next(bytes, 4)];
    dose.rate = dose.amount / lengths[next(bytes, 4)];
    unsigned more = next(bytes, 8);
    dose.count = more < 4 ? 1 : (int)more - 2;
    dose.interval = more < 4 ? 0.0 : intervals[next(bytes, 4)];
    unsigned steady = next(bytes, 8);
    if (steady < 2) {
        dose.steady = steady == 0 ? STEADY_REPLACE : STEADY_ADD;
        dose.interval = dose.interval > 0.0 ? dose.interval : intervals[next(bytes, 3)];
    }
    dose.reset = next(bytes, 12) == 0;
    return dose;
}

static void read_subject(Bytes *bytes, Subject *subject)
{
    static const double fractions[] = {1.0, 0.8, 0.5, 0.6};
    static const double lags[] = {0.0, 0.75, 2.0, 5.0, 1.0};
    static const double gaps[] = {0.0, 0.0, 0.5, 1.0, 1.5, 3.0, 6.0, 0.3};
    *subject = (Subject){0};
    subject->values.F = fractions[next(bytes, 4)];
    subject->values.L = lags[next(bytes, 5)];
    subject->values.R = 8.0 + next(bytes, 40);
    subject->values.D = 0.5 + next(bytes, 16) / 2.0;
    int count = 1 + (int)next(bytes, RECORDS);
    double time = 0.0;
    for (int i = 0; i < count; i++) {
        time += gaps[next(bytes, 8)] + (next(bytes, 8) == 0 ? 1.0 / 7.0 : 0.0);
        if (next(bytes, 3) == 0) {
            subject->seen[subject->seen_count++] = (Observation){time, i};
        }
        subject->doses[i] = read_dose(bytes, time);
    }
    subject->regimen = (Regimen){subject->doses, count};
    for (int i = 0; i < 4; i++) {
        subject->seen[subject->seen_count++] = (Observation){time + i * i, count};
    }
    subject->end = time + 9.0;
}

/* --- what is expected --------------------------------------------------------------------------
 */

typedef enum { LOOK, RESET, SETTLE, ENTER, RUN, STOP, PUT, TIMES } What;

typedef struct {
    double time;
    int key[4]; // rank at one instant, record, part of it, repeat
    What what;
    int state;
    double amount; // or rate, value, factor
    double steady[2];
    bool adds;
} Step;

typedef struct {
    Step steps[EVENTS];
    int count;
} Plan;

/* The same instant: times within 1e-12, as the rules have it. */
static bool same(double a, double b)
{
    return a == b || (isfinite(a) && isfinite(b) && fabs(a - b) <= 1e-12 * fmax(fabs(a), fabs(b)));
}

/* Moves y through `length` with constant inflows. */
static void flow(double *y, const double *rate, double length)
{
    double slow = exp(-K * length);
    double fast = exp(-KA * length);
    double rest = rate[0] / KA;
    y[1] = y[1] * slow + KA * (y[0] - rest) * (slow - fast) / (KA - K) +
           (rate[0] + rate[1]) / K * (1.0 - slow);
    y[0] = rest + (y[0] - rest) * fast;
}

static Step *add(Plan *plan, double time, What what, int rank, int record, int part, int repeat)
{
    if (plan->count == EVENTS) {
        abort(); // this program's own limit
    }
    Step *step = &plan->steps[plan->count++];
    *step = (Step){.time = time, .key = {rank, record, part, repeat}, .what = what};
    return step;
}

typedef struct {
    const Dose *dose;
    int record, state;
    double amount, rate, length, lag, cut;
} Given;

static void give(Plan *plan, const Given *given, double time, double length, int repeat,
                 bool pending)
{
    int rank = pending ? 1 : 2;
    int part = repeat < 0 ? 2 : 3;
    if (given->length == 0.0) {
        if (time <= given->cut || same(time, given->cut)) {
            Step *step = add(plan, time, ENTER, rank, given->record, part, repeat);
            step->state = given->state;
            step->amount = given->amount;
        }
    } else if (time < given->cut && !same(time, given->cut)) {
        Step *step = add(plan, time, RUN, rank, given->record, part, repeat);
        step->state = given->state;
        step->amount = given->rate;
        step = add(plan, fmin(time + length, given->cut), STOP, 0, given->record, 0, repeat);
        step->state = given->state;
        step->amount = given->rate;
    }
}

/* What the doses of the past have left at the record, and what they still bring. */
static void settle(Plan *plan, const Given *given)
{
    const Dose *dose = given->dose;
    int place = plan->count;
    add(plan, dose->time, SETTLE, 2, given->record, 1, 0)->adds = dose->steady == STEADY_ADD;
    double steady[2] = {0.0, 0.0};
    for (int m = 1; m * dose->interval - given->lag - given->length < 300.0; m++) {
        double since = m * dose->interval - given->lag;
        double entered = dose->time - since;
        double finish = entered + given->length;
        if (since > 0.0 && !same(entered, dose->time)) {
            double part[2] = {0.0, 0.0};
            const double none[2] = {0.0, 0.0};
            double rate[2] = {0.0, 0.0};
            double runs = fmin(since, given->length);
            rate[given->state] = given->rate;
            part[given->state] = given->length == 0.0 ? given->amount : 0.0;
            flow(part, rate, runs);
            flow(part, none, since - runs);
            steady[0] += part[0];
            steady[1] += part[1];
        }
        bool now = same(entered, dose->time);
        if (given->length == 0.0 && (now || entered > dose->time)) {
            give(plan, given, now ? dose->time : entered, 0.0, -m, !now);
        } else if (given->length > 0.0 && finish > dose->time && !same(finish, dose->time)) {
            bool later = entered > dose->time && !now;
            double from = later ? entered : dose->time;
            give(plan, given, from, finish - from, -m, later);
        }
    }
    memcpy(plan->steps[place].steady, steady, sizeof steady);
}

/* When what is prescribed by this record is cancelled. */
static double cut_of(const Regimen *regimen, int record)
{
    double cut = HUGE_VAL;
    for (int i = record + 1; i < regimen->count; i++) {
        const Dose *dose = &regimen->doses[i];
        if (dose->kind == DOSE_RESET || dose->reset || dose->steady == STEADY_REPLACE) {
            cut = fmin(cut, dose->time);
        }
    }
    return cut;
}

static void plan_dose(Plan *plan, const Subject *subject, int record)
{
    const Dose *dose = &subject->doses[record];
    const Values *values = &subject->values;
    bool routed = dose->route >= 0;
    Given given = {.dose = dose, .record = record, .cut = cut_of(&subject->regimen, record)};
    given.state = routed ? dose->route : dose->state;
    given.lag = routed ? values->L : 0.0;
    given.amount = dose->amount * (routed ? values->F : 1.0);
    switch (dose->kind) {
    case DOSE_INFUSION_RATE:
    case DOSE_MODEL_RATE:
        given.rate = dose->kind == DOSE_MODEL_RATE ? values->R : dose->rate;
        given.length = given.amount / given.rate;
        break;
    case DOSE_INFUSION_DURATION:
    case DOSE_MODEL_DURATION:
        given.length = dose->kind == DOSE_MODEL_DURATION ? values->D : dose->duration;
        given.rate = given.amount / given.length;
        break;
    default:
        break;
    }
    if (dose->steady != STEADY_NOT) {
        settle(plan, &given);
    }
    for (int k = 0; k < dose->count; k++) {
        double time = dose->time + k * dose->interval;
        if (k == 0 || time <= given.cut || same(time, given.cut)) {
            give(plan, &given, time + given.lag, given.length, k, k > 0 || given.lag > 0.0);
        }
    }
}

static int by_time_and_key(const void *left, const void *right)
{
    const Step *a = left;
    const Step *b = right;
    if (a->time != b->time) {
        return a->time < b->time ? -1 : 1;
    }
    for (int i = 0; i < 4; i++) {
        if (a->key[i] != b->key[i]) {
            return a->key[i] < b->key[i] ? -1 : 1;
        }
    }
    return 0;
}

static void make_plan(Plan *plan, const Subject *subject)
{
    plan->count = 0;
    for (int i = 0; i < subject->regimen.count; i++) {
        const Dose *dose = &subject->doses[i];
        if (dose->kind == DOSE_RESET || dose->reset) {
            (void)add(plan, dose->time, RESET, 2, i, 0, 0);
        }
        if (dose->kind == DOSE_REPLACE || dose->kind == DOSE_MULTIPLY) {
            Step *step =
                add(plan, dose->time, dose->kind == DOSE_REPLACE ? PUT : TIMES, 2, i, 0, 0);
            step->state = dose->state;
            step->amount = dose->amount;
        } else if (dose->kind != DOSE_RESET) {
            plan_dose(plan, subject, i);
        }
    }
    for (int i = 0; i < subject->seen_count; i++) { // before the record that follows it
        (void)add(plan, subject->seen[i].time, LOOK, 2, subject->seen[i].records, -1, i);
    }
    qsort(plan->steps, (size_t)plan->count, sizeof *plan->steps, by_time_and_key);
    for (int i = 1; i < plan->count; i++) {
        bool one = same(plan->steps[i - 1].time, plan->steps[i].time);
        plan->steps[i].time = one ? plan->steps[i - 1].time : plan->steps[i].time;
    }
    qsort(plan->steps, (size_t)plan->count, sizeof *plan->steps, by_time_and_key);
}

/* The states at each observation. */
static void follow(const Plan *plan, double (*expected)[2])
{
    double y[2] = {HOME[0], HOME[1]};
    double rate[2] = {0.0, 0.0};
    int running = 0;
    double time = 0.0;
    int since = 0; // the first step whose infusion has not been cancelled
    for (int i = 0; i < plan->count; i++) {
        const Step *step = &plan->steps[i];
        flow(y, rate, step->time - time);
        time = step->time;
        switch (step->what) {
        case LOOK:
            memcpy(expected[step->key[3]], y, sizeof y);
            break;
        case RESET:
        case SETTLE:
            if (step->what == RESET) {
                memcpy(y, HOME, sizeof y);
            } else {
                for (int k = 0; k < 2; k++) {
                    y[k] = step->steady[k] + (step->adds ? y[k] : 0.0);
                }
            }
            if (step->what == RESET || !step->adds) {
                rate[0] = rate[1] = 0.0;
                running = 0;
                since = i;
            }
            break;
        case ENTER:
            y[step->state] += step->amount;
            break;
        case RUN:
            rate[step->state] += step->amount;
            running++;
            break;
        case STOP:
            for (int k = since; k < i; k++) { // its start, unless that was cancelled
                const Step *start = &plan->steps[k];
                if (start->what == RUN && start->key[1] == step->key[1] &&
                    start->key[3] == step->key[3]) {
                    rate[step->state] -= step->amount;
                    running--;
                    break;
                }
            }
            rate[0] = running == 0 ? 0.0 : rate[0];
            rate[1] = running == 0 ? 0.0 : rate[1];
            break;
        case PUT:
            y[step->state] = step->amount;
            break;
        case TIMES:
            y[step->state] *= step->amount;
            break;
        }
    }
}

/* --- the comparison ----------------------------------------------------------------------------
 */

typedef struct {
    double values[LANES][RECORDS + 4][2];
} Seen;

static bool take(void *context, int lane, int index, double time, const double *values, int width)
{
    Seen *seen = context;
    (void)time;
    seen->values[lane][index][0] = values[lane];
    seen->values[lane][index][1] = values[width + lane];
    return true;
}

static void compare(const Subject *subject, const Pack *pack, int lane, const Seen *seen)
{
    static Plan plan; // too large for a stack
    double expected[RECORDS + 4][2];
    const Outcome *outcome = pack_outcome(pack, lane);
    if (outcome->kind != OUTCOME_DONE) {
        fprintf(stderr, "lane %d ends with %s: %s\n", lane, outcome_word(outcome->kind),
                outcome->reason == NULL ? "" : outcome->reason);
        abort();
    }
    make_plan(&plan, subject);
    follow(&plan, expected);
    for (int i = 0; i < subject->seen_count; i++) {
        for (int k = 0; k < 2; k++) {
            double value = seen->values[lane][i][k];
            if (!(fabs(value - expected[i][k]) <= TOLERANCE * (fabs(expected[i][k]) + 1.0))) {
                fprintf(stderr, "lane %d, observation %d at %g, state %d: %.9g instead of %.9g\n",
                        lane, i, subject->seen[i].time, k, value, expected[i][k]);
                abort();
            }
        }
    }
}

/* By steps that the subjects share, or each by its own. */
static void run_by(SolverMethod method, const Model *model, const Subject *subjects,
                   const SubjectInput *inputs, double end)
{
    Arena *arena = arena_new();
    const Expr states[] = {expr_symbol(model->graph, SYMBOL_STATE, 0),
                           expr_symbol(model->graph, SYMBOL_STATE, 1)};
    const double atol[] = {1e-10, 1e-10};
    SolverOptions options = solver_options_default();
    options.method = method;
    options.rtol = 1e-8;
    options.atol = atol;
    TapeOptions tape_options = {.observed = states, .observed_count = 2};
    Pack *pack = pack_open(tape_compile(arena, model, &tape_options), &options, tape_width(LANES));
    Seen seen;
    pack_observe(pack, take, &seen);
    pack_load(pack, inputs, LANES, 0.0, end);
    (void)pack_run(pack, NULL, 0, NULL, NULL, NULL);
    for (int i = 0; i < LANES; i++) {
        compare(&subjects[i], pack, i, &seen);
    }
    pack_close(pack);
    arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Arena *arena = arena_new();
    Diag *diag = diag_new(arena);
    const Source *source = source_from_text(arena, "fuzz", model_text, strlen(model_text));
    const Model *model = model_from_source(arena, source, (SearchPath){NULL, 0}, diag);
    if (model == NULL) {
        abort();
    }
    Bytes bytes = {data, size};
    Subject subjects[LANES];
    SubjectInput inputs[LANES];
    double end = 0.0;
    for (int i = 0; i < LANES; i++) {
        read_subject(&bytes, &subjects[i]);
        inputs[i] = (SubjectInput){.parameters = &subjects[i].values.F,
                                   .regimen = &subjects[i].regimen,
                                   .observations = subjects[i].seen,
                                   .observation_count = subjects[i].seen_count,
                                   .own_span = true,
                                   .end = subjects[i].end};
        end = fmax(end, subjects[i].end);
    }
    run_by(SOLVER_AUTO, model, subjects, inputs, end);
    run_by(SOLVER_ROSENBROCK, model, subjects, inputs, end);
    arena_free(arena);
    return 0;
}
