/* lint_times.c: what a study may say about times and often does not mean.
 *
 * A timed event of the model that falls on the time of a dose or of an observation comes before it
 * (src/dose/README.md); a start at rest of a model whose rates depend on the time itself takes
 * these as they are then.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "params/reader.h"

#include "base/number.h"
#include "dose/schedule.h"

#include <math.h>

enum { MOST_REPEATS = 10000 };

static const double BESIDE = 1e-9; // how near an event to a dose is looked for, relative

/* The values that conditions on time are made of. */
typedef struct {
    const Model *model;
    double start; // what is true here has not become true
    double time;
    Bindings bindings;
} Moment;

static double no_table(void *context, int table, double x, bool slope)
{
    (void)context, (void)table, (void)x, (void)slope;
    return 0.0;
}

static Moment moment_of(const Model *model, const Arm *arm, double start)
{
    Moment moment = {.model = model, .start = start};
    moment.bindings.values[SYMBOL_PARAMETER] = arm->parameters;
    moment.bindings.values[SYMBOL_COVARIATE] = arm->covariates;
    moment.bindings.interp = no_table;
    return moment;
}

/* The first event on time alone that fires at `time`, from `next` on; -1: none. */
static int event_at(Moment *moment, double time, double span, int next)
{
    const Model *model = moment->model;
    double beside = BESIDE * fmax(fabs(time), span);
    moment->bindings.values[SYMBOL_TIME] = &moment->time;
    bool started = time > moment->start && !schedule_same_instant(time, moment->start);
    for (int i = next; started && i < model->event_count; i++) {
        const Event *event = &model->events[i];
        if ((expr_kinds(model->graph, event->condition) >> SYMBOL_STATE) & 1u) {
            continue;
        }
        moment->time = time - beside;
        bool before = expr_evaluate(model->graph, event->condition, &moment->bindings) != 0.0;
        moment->time = time + beside;
        bool after = expr_evaluate(model->graph, event->condition, &moment->bindings) != 0.0;
        if (before == event->falling && after != event->falling) {
            return i;
        }
    }
    return -1;
}

/* One report for each event is enough. */
static void report_event(Reader *reader, bool *said, int event, Span where, const char *what,
                         double time)
{
    const Model *model = reader->model;
    if (said[event]) {
        return;
    }
    said[event] = true;
    char digits[NUMBER_TEXT_SIZE];
    (void)number_short(time, 8, digits);
    diag_report(reader->diag, FAULT_P490, where,
                "the event '%s' falls on the time of this %s, %s %s: the event comes first",
                model->events[event].label.name, what, digits,
                model->time_unit.known ? model->time_unit.text : "");
    diag_note(reader->diag, model->events[event].span, "the event is declared here");
}

/* Does an event read or write the state? Others commute with a dose into it. */
static bool event_touches(const Model *model, const Event *event, int state)
{
    Expr symbol = model_expr(model, (NameRef){NAME_STATE, state});
    for (int i = 0; i < event->assignment_count; i++) {
        const Assignment *assignment = &event->assignments[i];
        if (assignment->state == state || expr_contains(model->graph, assignment->value, symbol)) {
            return true;
        }
    }
    return false;
}

static bool dose_meets(const Model *model, const Dose *dose, int event)
{
    const Event *one = &model->events[event];
    if (dose->kind == DOSE_RESET || dose->reset) {
        return true;
    }
    if (dose->route < 0) {
        return event_touches(model, one, dose->state);
    }
    const Route *route = &model->routes[dose->route];
    for (int i = 0; i < route->target_count; i++) {
        if (event_touches(model, one, route->targets[i].state)) {
            return true;
        }
    }
    return false;
}

static void lint_doses(Reader *reader, Moment *moment, const Regimen *regimen, bool *said)
{
    const Study *study = reader->study;
    double end = study->data != NULL ? fmax(study->end, study->data->end) : study->end;
    for (int i = 0; i < regimen->count; i++) {
        const Dose *dose = &regimen->doses[i];
        for (int k = 0; k < dose->count && k < MOST_REPEATS; k++) {
            double time = dose->time + k * dose->interval;
            if (time > end) {
                break;
            }
            for (int event = -1; (event = event_at(moment, time, end, event + 1)) >= 0;) {
                if (dose_meets(moment->model, dose, event)) {
                    report_event(reader, said, event, dose->span, "dose", time);
                }
            }
        }
    }
}

static void lint_rows(Reader *reader, Moment *moment, const DataSubject *subject, bool *said)
{
    const Source *source = subject->span.source;
    for (int i = 0; i < subject->row_count && source != NULL; i++) {
        double time = subject->rows[i].time;
        Span where = {source, source->line_start[subject->rows[i].line - 1], 0};
        for (int event = -1; (event = event_at(moment, time, time, event + 1)) >= 0;) {
            report_event(reader, said, event, where, "observation", time);
        }
    }
}

/* Do the rates of an arm change with the clock? A rhythm whose size is 0 in this study does not
 * count: they are looked at in a state away from 0, at times all over the run. */
static bool rates_move(Arena *arena, const Study *study, const Arm *arm)
{
    enum { MOST_TIMES = 100 };
    const Model *model = study->model;
    unsigned timed = 1u << SYMBOL_TIME | 1u << SYMBOL_SWITCH;
    Moment moment = moment_of(model, arm, study->start);
    moment.bindings.values[SYMBOL_TIME] = &moment.time;
    double *states = arena_array(arena, (size_t)model->state_count + 1, sizeof *states);
    double *switches = arena_array(arena, (size_t)model->switch_count + 1, sizeof *switches);
    moment.time = study->start;
    for (int i = 0; i < model->state_count; i++) {
        states[i] =
            fabs(expr_evaluate(model->graph, model->states[i].initial, &moment.bindings)) + 1.0;
    }
    moment.bindings.values[SYMBOL_STATE] = states;
    moment.bindings.values[SYMBOL_SWITCH] = switches;
    for (int i = 0; i < model->state_count; i++) {
        Expr rate = model->states[i].rate;
        double first = (double)NAN;
        for (int k = 0; k <= MOST_TIMES && (expr_kinds(model->graph, rate) & timed); k++) {
            moment.time = study->start + (study->end - study->start) * k / MOST_TIMES;
            for (int s = 0; s < model->switch_count; s++) {
                switches[s] =
                    expr_evaluate(model->graph, model->switches[s].value, &moment.bindings);
            }
            double value = expr_evaluate(model->graph, rate, &moment.bindings);
            if (k > 0 && isfinite(value) && value != first) {
                return true;
            }
            first = value;
        }
    }
    return false;
}

static bool any_rates_move(Arena *arena, const Study *study)
{
    bool any = false;
    for (int i = 0; i < study->model->table_count; i++) {
        any = any || study->model->tables[i].of_time;
    }
    for (int i = 0; i < study->arm_count && !any; i++) {
        any = rates_move(arena, study, &study->arms[i]);
    }
    return any;
}

static void lint_steady(Reader *reader)
{
    const Study *study = reader->study;
    const Entry *start = entry_find(reader->config->root, "start");
    if (study->steady_start && start != NULL && any_rates_move(reader->arena, study)) {
        diag_report(reader->diag, FAULT_P491, start->value,
                    "the rates of this model depend on t: it rests with them as they are at the "
                    "start");
    }
}

void lint_times(Reader *reader)
{
    const Study *study = reader->study;
    const Model *model = reader->model;
    bool *said = arena_array(reader->arena, (size_t)model->event_count + 1, sizeof *said);
    lint_steady(reader);
    for (int i = 0; i < study->arm_count && model->event_count > 0; i++) {
        const Arm *arm = &study->arms[i];
        Moment moment = moment_of(model, arm, study->start);
        lint_doses(reader, &moment, &arm->regimen, said);
        for (int k = 0; study->data != NULL && k < study->data->count; k++) {
            const DataSubject *subject = &study->data->subjects[k];
            double *covariates =
                arena_array(reader->arena, (size_t)model->covariate_count + 1, sizeof(double));
            for (int c = 0; c < model->covariate_count; c++) {
                bool own = !isnan(subject->covariates[c]);
                covariates[c] = own ? subject->covariates[c] : arm->covariates[c];
            }
            moment.start = subject->start;
            moment.bindings.values[SYMBOL_COVARIATE] = covariates;
            lint_doses(reader, &moment, &subject->regimen, said);
            lint_rows(reader, &moment, subject, said);
        }
    }
}
