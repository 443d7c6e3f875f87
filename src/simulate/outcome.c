/* outcome.c: how an integration ended, in the model's words.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/diag.h"
#include "base/number.h"
#include "simulate/lanes.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum { DIGITS = 6 };

bool outcome_trace(Pack *pack, int lane, ProgramName program, double time, const double *y,
                   TapeFault *fault)
{
    Stage *solo = &pack->solo;
    lane_alone(pack, lane, time);
    if (y != NULL) {
        stage_set_state(solo, y);
    }
    return tape_trace(pack->tape, program, solo->slots, 1, 0, fault);
}

const char *outcome_word(OutcomeKind kind)
{
    switch (kind) {
    case OUTCOME_DONE:
        return "done";
    case OUTCOME_STEP_LIMIT:
        return "step limit";
    case OUTCOME_NO_CONVERGENCE:
        return "no convergence";
    case OUTCOME_NOT_FINITE:
        return "not finite";
    case OUTCOME_BAD_DOSE:
        return "bad dose";
    case OUTCOME_STOPPED:
        return "stopped";
    case OUTCOME_LEDGER:
        return "dose lost";
    case OUTCOME_EVENTS:
        return "events";
    }
    return "unknown";
}

/* The entry of faults.def that explains it. */
static Fault fault_of(OutcomeKind kind)
{
    switch (kind) {
    case OUTCOME_STEP_LIMIT:
        return FAULT_R001;
    case OUTCOME_NO_CONVERGENCE:
        return FAULT_R002;
    case OUTCOME_NOT_FINITE:
        return FAULT_R003;
    case OUTCOME_BAD_DOSE:
        return FAULT_R004;
    case OUTCOME_STOPPED:
        return FAULT_R005;
    case OUTCOME_LEDGER:
        return FAULT_R006;
    case OUTCOME_EVENTS:
        return FAULT_R007;
    case OUTCOME_DONE:
        break;
    }
    return FAULT_COUNT;
}

static void add_number(Text *text, double value)
{
    char digits[NUMBER_TEXT_SIZE];
    (void)number_short(value, DIGITS, digits);
    text_string(text, isnan(value) ? "NaN" : digits);
}

static void add_time(Text *text, const Model *model, double time)
{
    add_number(text, time);
    if (model->time_unit.known) {
        text_format(text, " %s", model->time_unit.text);
    }
}

static const char *state_name(const Model *model, int state)
{
    bool known = state >= 0 && state < model->state_count;
    return known ? model->states[state].label.name : "?";
}

/* "  models/x.stroma:12:20: in `ln(x)`: x = -0.3" */
static void add_fault(Text *text, const Model *model, const TapeFault *fault)
{
    SymbolNames names = model_symbol_names(model);
    text_string(text, "\n  ");
    if (fault->span.source != NULL) {
        int line = 0;
        int column = 0;
        source_locate(fault->span.source, fault->span.start, &line, &column);
        text_format(text, "%s:%d:%d: ", fault->span.source->name, line, column);
    }
    if (fault->expr != EXPR_NONE) {
        text_string(text, "in `");
        expr_print(model->graph, fault->expr, &names, text);
        text_string(text, "` = ");
        add_number(text, fault->result);
    }
    for (int i = 0; i < fault->operand_count; i++) {
        text_string(text, i == 0 ? ", where " : ", ");
        if (fault->operand_expr[i] != EXPR_NONE) {
            expr_print(model->graph, fault->operand_expr[i], &names, text);
            text_string(text, " = ");
        }
        add_number(text, fault->operand[i]);
    }
}

static void add_last_step(Text *text, const Model *model, const Outcome *outcome)
{
    if (outcome->last_step > 0.0) {
        text_string(text, "; the last good step was ");
        add_time(text, model, outcome->last_step);
    }
}

static void add_reason(Text *text, const Model *model, const Outcome *outcome)
{
    const char *state = state_name(model, outcome->state);
    switch (outcome->kind) {
    case OUTCOME_DONE:
        break;
    case OUTCOME_STEP_LIMIT:
        text_format(text,
                    "the step limit is spent: state '%s' changes fastest "
                    "(does it grow without limit? solver.max_steps raises the limit)",
                    state);
        add_last_step(text, model, outcome);
        break;
    case OUTCOME_NO_CONVERGENCE:
        if (outcome->crawls) {
            text_format(text,
                        "the solver crawls: state '%s' changes fastest (is it held at a jump or "
                        "kink of its rate, such as a Hill exponent below 1 at zero?)",
                        state);
            add_last_step(text, model, outcome);
            break;
        }
        if (outcome->reason != NULL) {
            text_format(text, "%s: state '%s' does not come to rest", outcome->reason, state);
            break;
        }
        text_format(text,
                    "the solver cannot meet the tolerance even with its smallest step: "
                    "state '%s' changes fastest (does it grow without limit, or does its rate "
                    "jump?)",
                    state);
        add_last_step(text, model, outcome);
        break;
    case OUTCOME_NOT_FINITE:
        text_format(text, "%s of '%s' is not finite",
                    outcome->reason != NULL ? outcome->reason : "the rate", state);
        add_last_step(text, model, outcome);
        break;
    case OUTCOME_BAD_DOSE:
        text_string(text, outcome->reason != NULL ? outcome->reason : "a dose makes no sense");
        if (outcome->dose >= 0) {
            text_format(text, " (dose %d)", outcome->dose + 1);
        }
        break;
    case OUTCOME_STOPPED:
        text_string(text, "interrupted");
        break;
    case OUTCOME_LEDGER:
        text_format(text, "what entered '%s' is not what was scheduled: ", state);
        add_number(text, outcome->delivered);
        text_string(text, " instead of ");
        add_number(text, outcome->scheduled);
        break;
    case OUTCOME_EVENTS:
        text_format(text, "the event '%s' %s", model->events[outcome->event].label.name,
                    outcome->reason);
        break;
    }
}

void outcome_print(const Outcome *outcome, const Model *model, Text *text)
{
    assert(outcome != NULL && model != NULL && text != NULL);
    if (outcome->kind == OUTCOME_DONE) {
        text_string(text, "done");
        return;
    }
    text_string(text, outcome->kind == OUTCOME_STOPPED ? "stopped at t = " : "failed at t = ");
    add_time(text, model, outcome->time);
    text_string(text, ": ");
    add_reason(text, model, outcome);
    text_format(text, " [%s]", fault_code(fault_of(outcome->kind)));
    if (outcome->has_fault) {
        add_fault(text, model, &outcome->fault);
    }
}
