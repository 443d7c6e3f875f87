/* assemble.c: fills the arrays of the Model: labels, defaults, initial values, rates, routes,
 * events.
 *
 * The rate of a state is the sum of what its flows and its d/dt contribute, in the order of the
 * text. SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/builder.h"

#include "dose/schedule.h"

#include <assert.h>
#include <string.h>

static const Scope no_function = {NULL, NULL, NULL, NULL, {NULL, 0, 0}};

static Label label_of(const Definition *definition)
{
    return (Label){definition->name, definition->statement->text, definition->unit,
                   definition->span};
}

/* ---- defaults ---- */

/* A plain number is in the declared unit; one with a unit of its own is converted. */
static void fill_default(Builder *builder, Definition *definition, Parameter *parameter)
{
    const Node *node = definition->statement->expr;
    parameter->has_default = node != NULL;
    if (node) {
        Value value = build_expression(builder, definition->instance, node);
        bool number = expr_operator(builder->graph, value.expr) == EXPR_NUMBER;
        if (!number && !value.bad) {
            diag_report(builder->diag, FAULT_M032, node->span,
                        "the default of '%s' must be a number", definition->name);
            diag_hint(builder->diag, "a value that is computed is 'name = expression'");
        }
        parameter->value = number ? expr_value(builder->graph, value.expr) : 0.0;
        bool plain = !value.unit.known || unit_is_dimensionless(value.unit);
        if (!plain && !definition->unit.known) {
            definition->unit = value.unit;
        } else if (!plain && unit_same_dimension(value.unit, definition->unit)) {
            parameter->value *= unit_factor(value.unit, definition->unit);
        } else if (!plain && number) {
            check_assigned(builder, &no_function,
                           arena_format(builder->arena, "'%s'", definition->name), definition->unit,
                           node, value);
        }
    }
    parameter->label = label_of(definition);
}

/* ---- states ---- */

/* The name of some state below expr. */
static const char *state_below(const Builder *builder, Expr expr)
{
    for (int i = 0; i < builder->model->state_count; i++) {
        if (expr_contains(builder->graph, expr, expr_symbol(builder->graph, SYMBOL_STATE, i))) {
            return builder->model->states[i].label.name;
        }
    }
    return "?";
}

static bool uses_state(const Builder *builder, Value value)
{
    return !value.bad && (expr_kinds(builder->graph, value.expr) & (1u << SYMBOL_STATE));
}

static void fill_initial(Builder *builder, const Definition *definition)
{
    State *state = &builder->model->states[definition->index];
    const Node *node = definition->statement->expr;
    Value value = build_expression(builder, definition->instance, node);
    if (!value_is_plain(builder, value)) {
        check_assigned(builder, &no_function,
                       arena_format(builder->arena, "'%s'", definition->name), definition->unit,
                       node, value);
    }
    Span place;
    if (uses_state(builder, value) && fault_begin(builder, FAULT_M030, NULL, node->span, &place)) {
        diag_report(builder->diag, FAULT_M030, place,
                    "the initial value of '%s' depends on the state '%s'", definition->name,
                    state_below(builder, value.expr));
    }
    state->initial = value.expr;
}

static void add_rate(Builder *builder, State *state, Expr expr, bool negative)
{
    Graph *graph = builder->graph;
    if (state->rate == EXPR_NONE) {
        state->rate = negative ? expr_apply(graph, EXPR_NEGATE, expr, EXPR_NONE, EXPR_NONE) : expr;
    } else {
        Operator operation = negative ? EXPR_SUBTRACT : EXPR_ADD;
        state->rate = expr_apply(graph, operation, state->rate, expr, EXPR_NONE);
    }
}

static Unit rate_unit(Builder *builder, Unit unit)
{
    if (unit_is_dimensionless(builder->model->time_unit)) {
        return unit;
    }
    return unit_divide(builder->arena, unit, builder->model->time_unit);
}

/* False if a state that it names does not exist. */
static bool add_flow(Builder *builder, Instance *instance, const Statement *statement)
{
    Definition *definition = definition_find(builder, instance, statement->name.text);
    Value value = build_expression(builder, instance, statement->expr);
    const Name ends[2] = {statement->from, statement->to};
    // a name that was refused has no definition
    const char *name = definition ? definition->name : statement->name.text;
    const char *what = arena_format(builder->arena, "the flow '%s'", name);
    Definition *states[2] = {NULL, NULL};
    for (int i = 0; i < 2; i++) {
        states[i] = ends[i].text ? definition_state(builder, instance, ends[i], what) : NULL;
    }
    Span place;
    if (states[0] && states[0] == states[1] &&
        fault_begin(builder, FAULT_M050, NULL, ends[1].span, &place)) {
        diag_report(builder->diag, FAULT_M050, place, "%s enters the state that it leaves", what);
    }
    bool found = true;
    for (int i = 0; i < 2; i++) {
        if (!states[i]) {
            found &= !ends[i].text;
            continue;
        }
        const char *rate = arena_format(builder->arena, "a flow %s '%s'",
                                        i == 0 ? "out of" : "into", states[i]->name);
        check_assigned(builder, &no_function, rate, rate_unit(builder, states[i]->unit),
                       statement->expr, value);
        graph_at(builder->graph, statement->expr->span);
        add_rate(builder, &builder->model->states[states[i]->index], value.expr, i == 0);
    }
    return found;
}

static bool add_derivative(Builder *builder, Instance *instance, const Statement *statement,
                           Span *derivatives)
{
    Definition *state = definition_state(builder, instance, statement->name, "d/dt");
    Value value = build_expression(builder, instance, statement->expr);
    if (!state) {
        return false;
    }
    Span *first = &derivatives[state->index];
    Span place;
    if (first->source) {
        if (fault_begin(builder, FAULT_M029, NULL, statement->name.span, &place)) {
            diag_report(builder->diag, FAULT_M029, place, "a second equation for '%s'",
                        state->name);
            diag_note(builder->diag, *first, "the first is here");
        }
        return true;
    }
    *first = statement->name.span;
    check_assigned(builder, &no_function, arena_format(builder->arena, "d/dt(%s)", state->name),
                   rate_unit(builder, state->unit), statement->expr, value);
    graph_at(builder->graph, statement->expr->span);
    add_rate(builder, &builder->model->states[state->index], value.expr, false);
    return true;
}

static void report_idle(Builder *builder, const Label *label)
{
    Span place;
    if (fault_begin(builder, FAULT_M028, NULL, label->span, &place)) {
        diag_report(builder->diag, FAULT_M028, place, "the state '%s' has no equation and no flow",
                    label->name);
        diag_hint(builder->diag, "write 'd/dt(%s) = 0' if only doses change it", label->name);
    }
}

static void fill_rates(Builder *builder)
{
    Model *model = builder->model;
    Span *derivatives =
        arena_array(builder->arena, (size_t)model->state_count + 1, sizeof *derivatives);
    bool found = true; // a misspelt state is said to be unknown, not to be without equation
    for (size_t k = 0; k < builder->instance_count; k++) {
        Instance *instance = builder->instances[k];
        for (int i = 0; i < instance->file->statement_count; i++) {
            const Statement *statement = &instance->file->statements[i];
            if (statement->kind == STATEMENT_FLOW) {
                found &= add_flow(builder, instance, statement);
            } else if (statement->kind == STATEMENT_DERIVATIVE) {
                found &= add_derivative(builder, instance, statement, derivatives);
            }
        }
    }
    for (int i = 0; i < model->state_count; i++) {
        if (model->states[i].rate == EXPR_NONE) {
            model->states[i].rate = expr_number(builder->graph, 0.0);
            if (found) {
                report_idle(builder, &model->states[i].label);
            }
        }
    }
}

/* ---- routes ---- */

/* An option of a route or event: its value, checked against `unit`; states are refused. */
static Expr fill_option(Builder *builder, Instance *instance, const Option *option, Unit unit,
                        const char *owner)
{
    Value value = build_expression(builder, instance, option->expr);
    const char *what = arena_format(builder->arena, "the %s of %s", option->name.text, owner);
    if (unit_is_dimensionless(unit)) {
        check_pure(builder, &no_function, what, option->expr, value);
    } else {
        check_assigned(builder, &no_function, what, unit, option->expr, value);
    }
    Span place;
    if (uses_state(builder, value) &&
        fault_begin(builder, FAULT_M031, NULL, option->expr->span, &place)) {
        diag_report(builder->diag, FAULT_M031, place, "%s depends on the state '%s'", what,
                    state_below(builder, value.expr));
    }
    return value.expr;
}

static void report_option(Builder *builder, const Option *option, bool twice,
                          const char *const *words, int count)
{
    Span place;
    const char *name = option->name.text;
    if (!fault_begin(builder, FAULT_M048, NULL, option->name.span, &place)) {
        return;
    }
    if (twice) {
        diag_report(builder->diag, FAULT_M048, place, "'%s' is given twice", name);
        return;
    }
    const char *near = names_near_list(words, count, name);
    diag_report(builder->diag, FAULT_M048, place, "a route has no '%s'", name);
    if (near) {
        diag_hint(builder->diag, "did you mean '%s'?", near);
    } else {
        diag_hint(builder->diag, "it has fraction, lag, rate and duration");
    }
}

static void fill_target_options(Builder *builder, const Definition *definition,
                                const Target *target, RouteTarget *out)
{
    static const char *const words[] = {"fraction", "lag", "rate", "duration"};
    Route *route = &builder->model->routes[definition->index];
    Unit time = builder->model->time_unit;
    const Unit units[] = {unit_one(), time, rate_unit(builder, route->label.unit), time};
    Expr none[2] = {EXPR_NONE, EXPR_NONE}; // fraction and lag, until they are given
    Expr *places[] = {&none[0], &none[1], &route->rate, &route->duration};
    const char *owner = arena_format(builder->arena, "the route '%s'", definition->name);
    for (int i = 0; i < target->option_count; i++) {
        const Option *option = &target->options[i];
        int k = 0;
        while (k < 4 && strcmp(words[k], option->name.text) != 0) {
            k++;
        }
        if (k == 4 || *places[k] != EXPR_NONE) {
            report_option(builder, option, k < 4, words, 4);
            continue;
        }
        *places[k] = fill_option(builder, definition->instance, option, units[k], owner);
    }
    out->fraction = none[0] != EXPR_NONE ? none[0] : expr_number(builder->graph, 1.0);
    out->lag = none[1] != EXPR_NONE ? none[1] : expr_number(builder->graph, 0.0);
}

static void fill_route(Builder *builder, Definition *definition)
{
    const Statement *statement = definition->statement;
    Route *route = &builder->model->routes[definition->index];
    route->targets =
        arena_array(builder->arena, (size_t)statement->target_count + 1, sizeof *route->targets);
    const char *what = arena_format(builder->arena, "the route '%s'", definition->name);
    Span place;
    if (statement->target_count > SCHEDULE_MAX_TARGETS &&
        fault_begin(builder, FAULT_M051, NULL, statement->targets[SCHEDULE_MAX_TARGETS].state.span,
                    &place)) {
        diag_report(builder->diag, FAULT_M051, place, "%s leads to %d states; it may lead to %d",
                    what, statement->target_count, SCHEDULE_MAX_TARGETS);
    }
    for (int i = 0; i < statement->target_count; i++) {
        const Target *target = &statement->targets[i];
        Definition *state = definition_state(builder, definition->instance, target->state, what);
        if (!state) {
            continue;
        }
        RouteTarget *out = &route->targets[route->target_count++];
        out->state = state->index;
        out->span = target->state.span;
        if (route->target_count == 1) {
            definition->unit = state->unit;
            route->label = label_of(definition);
        } else if (definition->unit.known && state->unit.known &&
                   !unit_same(definition->unit, state->unit) &&
                   fault_begin(builder, FAULT_M033, NULL, out->span, &place)) {
            diag_report(builder->diag, FAULT_M033, place,
                        "%s leads to '%s' in %s, but its first target is in %s", what, state->name,
                        state->unit.text, definition->unit.text);
        }
        fill_target_options(builder, definition, target, out);
    }
    route->label = label_of(definition);
}

/* ---- events ---- */

static void fill_assignment(Builder *builder, const Definition *definition, Event *event,
                            const Option *option)
{
    const char *what = arena_format(builder->arena, "the event '%s'", definition->name);
    if (!option->expr) {
        event->falling = true;
        return;
    }
    if (strcmp(option->name.text, "priority") == 0) {
        event->priority = fill_option(builder, definition->instance, option, unit_one(), what);
        return;
    }
    if (strcmp(option->name.text, "delay") == 0) {
        event->delay =
            fill_option(builder, definition->instance, option, builder->model->time_unit, what);
        return;
    }
    Definition *state = definition_state(builder, definition->instance, option->name, what);
    Value value = build_expression(builder, definition->instance, option->expr);
    if (state) {
        check_assigned(builder, &no_function, arena_format(builder->arena, "'%s'", state->name),
                       state->unit, option->expr, value);
        event->assignments[event->assignment_count++] = (Assignment){state->index, value.expr};
    }
}

static void fill_event(Builder *builder, const Definition *definition)
{
    const Statement *statement = definition->statement;
    Event *event = &builder->model->events[definition->index];
    Value condition = build_expression(builder, definition->instance, statement->expr);
    check_pure(builder, &no_function, "the condition", statement->expr, condition);
    event->condition = condition.expr;
    event->assignments = arena_array(builder->arena, (size_t)statement->option_count + 1,
                                     sizeof *event->assignments);
    event->span = definition->span;
    event->label = label_of(definition);
    for (int i = 0; i < statement->option_count; i++) {
        fill_assignment(builder, definition, event, &statement->options[i]);
    }
}

/* ---- all ---- */

static void make_arrays(Builder *builder)
{
    Model *model = builder->model;
    Arena *arena = builder->arena;
    model->states = arena_array(arena, (size_t)model->state_count, sizeof *model->states);
    model->parameters =
        arena_array(arena, (size_t)model->parameter_count, sizeof *model->parameters);
    model->covariates =
        arena_array(arena, (size_t)model->covariate_count, sizeof *model->covariates);
    model->locals = arena_array(arena, (size_t)model->local_count, sizeof *model->locals);
    model->observables =
        arena_array(arena, (size_t)model->observable_count, sizeof *model->observables);
    model->routes = arena_array(arena, (size_t)model->route_count, sizeof *model->routes);
    model->events = arena_array(arena, (size_t)model->event_count, sizeof *model->events);
}

/* What does not depend on the rest: labels of states, defaults, bodies of functions. */
static void fill_declared(Builder *builder, Definition *definition)
{
    Model *model = builder->model;
    switch (definition->kind) {
    case DEFINE_STATE:
        model->states[definition->index].label = label_of(definition);
        break;
    case DEFINE_PARAMETER:
        fill_default(builder, definition, &model->parameters[definition->index]);
        break;
    case DEFINE_COVARIATE:
        fill_default(builder, definition, &model->covariates[definition->index]);
        break;
    case DEFINE_FUNCTION:
        function_check(builder, definition);
        break;
    default:
        break;
    }
}

static void fill_computed(Builder *builder, Definition *definition)
{
    Model *model = builder->model;
    Quantity *quantity = NULL;
    switch (definition->kind) {
    case DEFINE_STATE:
        fill_initial(builder, definition);
        break;
    case DEFINE_INPUT:
    case DEFINE_LOCAL:
    case DEFINE_FLOW:
        quantity = &model->locals[definition->index];
        break;
    case DEFINE_OBSERVABLE:
        quantity = &model->observables[definition->index];
        break;
    case DEFINE_ROUTE:
        fill_route(builder, definition);
        break;
    case DEFINE_EVENT:
        fill_event(builder, definition);
        break;
    default:
        break;
    }
    if (quantity) {
        quantity->expr = definition_value(builder, definition, &no_function, definition->span).expr;
        quantity->label = label_of(definition);
    }
}

void assemble(Builder *builder)
{
    assert(builder && builder->model);
    make_arrays(builder);
    for (size_t i = 0; i < builder->definition_count; i++) {
        fill_declared(builder, builder->definitions[i]);
    }
    for (size_t i = 0; i < builder->definition_count; i++) {
        fill_computed(builder, builder->definitions[i]);
    }
    fill_rates(builder);
    const File *main_file = builder->instances[0]->file;
    if (builder->model->state_count == 0 && builder->model->observable_count == 0) {
        diag_report(builder->diag, FAULT_M028, main_file->name.span,
                    "the model has neither a state nor an observable");
        diag_hint(builder->diag, "declare one: state X [unit] \"text\" = initial value");
    }
}
