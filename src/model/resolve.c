/* resolve.c: what a name means, and its value.
 *
 * A name is looked up among the names of its instance; the part before a dot is a used module.
 * Values of intermediate quantities are made at the first use: a definition that is asked for while
 * it is being made closes a circle. SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/builder.h"

#include <assert.h>
#include <string.h>

const char *definition_kind_text(DefinitionKind kind)
{
    static const char *const texts[DEFINE_KIND_COUNT] = {
        "a parameter", "a covariate",   "a state",    "an input", "an intermediate value",
        "a flow",      "an observable", "a function", "a route",  "an event",
        "a table",     "a module"};
    return texts[kind];
}

Definition *definition_find(const Builder *builder, const Instance *instance, const char *name)
{
    for (;;) {
        const char *dot = strchr(name, '.');
        if (!dot) {
            int number = names_find(instance->names, name);
            return number < 0 ? NULL : builder->definitions[number];
        }
        const char *head = arena_copy(builder->arena, name, (size_t)(dot - name));
        int number = names_find(instance->names, head);
        if (number < 0 || !builder->definitions[number]->child) {
            return NULL;
        }
        instance = builder->definitions[number]->child;
        name = dot + 1;
    }
}

/* ---- what was perhaps meant ---- */

static void hint_definition(Builder *builder, const Source *here, const char *prefix,
                            const Definition *definition)
{
    int line = 0;
    int column = 0;
    const char *name = definition->statement->name.text;
    if (!definition->span.source) {
        diag_hint(builder->diag, "did you mean '%s%s'?", prefix, name);
        return;
    }
    source_locate(definition->span.source, definition->span.start, &line, &column);
    if (definition->span.source == here) {
        diag_hint(builder->diag, "did you mean '%s%s' (line %d)?", prefix, name, line);
    } else {
        diag_hint(builder->diag, "did you mean '%s%s' (%s:%d)?", prefix, name,
                  definition->span.source->name, line);
    }
}

/* The nearest definition of the kinds given among the names of one instance. */
static const Definition *near_in(const Builder *builder, const Instance *instance, const char *name,
                                 unsigned kinds)
{
    Names *wanted = names_new(builder->arena);
    for (int i = 0; i < names_count(instance->names); i++) {
        int number = names_number(instance->names, i);
        if (kinds & (1u << builder->definitions[number]->kind)) {
            names_add(wanted, names_name(instance->names, i), number);
        }
    }
    const char *near = names_near(wanted, name);
    return near ? builder->definitions[names_find(wanted, near)] : NULL;
}

void hint_near(Builder *builder, const Source *here, const Instance *instance, const char *name,
               unsigned kinds)
{
    const char *dot = strrchr(name, '.');
    if (dot) {
        char *head = arena_copy(builder->arena, name, (size_t)(dot - name));
        const Definition *module = definition_find(builder, instance, head);
        const Definition *near =
            module && module->child ? near_in(builder, module->child, dot + 1, kinds) : NULL;
        if (near) {
            hint_definition(builder, here, arena_format(builder->arena, "%s.", head), near);
        } else if (!module) {
            diag_hint(builder->diag, "no module is used as '%s'", head);
        }
        return;
    }
    const Definition *near = near_in(builder, instance, name, kinds);
    if (near) {
        hint_definition(builder, here, "", near);
        return;
    }
    for (int i = 0; i < names_count(instance->names); i++) {
        const Definition *module = builder->definitions[names_number(instance->names, i)];
        int number = module->child ? names_find(module->child->names, name) : -1;
        if (number >= 0 && (kinds & (1u << builder->definitions[number]->kind))) {
            const char *prefix = arena_format(builder->arena, "%s.", module->statement->name.text);
            hint_definition(builder, here, prefix, builder->definitions[number]);
            return;
        }
    }
}

/* The nearest argument of a function, or NULL. */
static const char *near_argument(const Builder *builder, const Statement *function,
                                 const char *name)
{
    Names *names = names_new(builder->arena);
    for (int i = 0; function && i < function->parameter_count; i++) {
        names_add(names, function->parameters[i].text, i);
    }
    return names_near(names, name);
}

void name_unknown(Builder *builder, Instance *instance, Span span, const char *name,
                  const Statement *function)
{
    Span place;
    const char *full = arena_format(builder->arena, "%s%s", instance->prefix, name);
    if (!names_add(builder->unknown, full, 0) ||
        !fault_begin(builder, FAULT_M014, NULL, span, &place)) {
        return;
    }
    diag_report(builder->diag, FAULT_M014, place, "'%s' is not a parameter, state or expression",
                name);
    if (instance->parent && definition_find(builder, instance->parent, name)) {
        diag_hint(builder->diag, "a module sees only its own names: declare 'input %s'", name);
        return;
    }
    const char *argument = near_argument(builder, function, name);
    if (argument) {
        diag_hint(builder->diag, "did you mean '%s'?", argument);
    } else {
        hint_near(builder, span.source, instance, name, ~0u);
    }
}

/* ---- values ---- */

/* "a -> b -> a" */
static void report_circle(Builder *builder, const Definition *definition, Span at)
{
    Text circle = text_new(builder->arena);
    size_t i = 0;
    while (i < builder->active_count && builder->active[i] != definition) {
        i++;
    }
    for (; i < builder->active_count; i++) {
        text_format(&circle, "%s -> ", builder->active[i]->name);
    }
    text_string(&circle, definition->name);
    Span place;
    if (fault_begin(builder, FAULT_M022, NULL, at, &place)) {
        diag_report(builder->diag, FAULT_M022, place, "'%s' is defined by itself: %s",
                    definition->name, circle.data);
    }
}

/* The expression of a local, flow, observable or input, in the instance it is written in. */
static Value evaluate(Builder *builder, Definition *definition)
{
    const Statement *statement = definition->statement;
    Instance *instance = definition->instance;
    const Node *node = statement->expr;
    if (definition->kind == DEFINE_INPUT && instance->use) {
        for (int i = 0; i < instance->use->option_count; i++) {
            const Option *option = &instance->use->options[i];
            if (option->expr && strcmp(option->name.text, statement->name.text) == 0) {
                node = option->expr;
                instance = instance->parent;
                break;
            }
        }
    }
    if (!node) {
        return value_bad(builder); // an input without value, reported by use.c
    }
    Value value = build_expression(builder, instance, node);
    if (!value_is_plain(builder, value)) {
        const char *what = arena_format(builder->arena, "%s'%s'",
                                        definition->kind == DEFINE_INPUT        ? "the input "
                                        : definition->kind == DEFINE_OBSERVABLE ? "the observable "
                                                                                : "",
                                        definition->name);
        Scope scope = {instance, NULL, NULL, NULL, {NULL, 0, 0}};
        check_assigned(builder, &scope, what, statement->unit, node, value);
    }
    if (statement->unit.known) {
        value.unit = statement->unit;
    }
    value.zero = false;
    return value;
}

Value definition_value(Builder *builder, Definition *definition, const Scope *scope, Span at)
{
    switch (definition->kind) {
    case DEFINE_STATE:
        return (Value){expr_symbol(builder->graph, SYMBOL_STATE, definition->index),
                       definition->unit, false, false};
    case DEFINE_PARAMETER:
        return (Value){expr_symbol(builder->graph, SYMBOL_PARAMETER, definition->index),
                       definition->unit, false, false};
    case DEFINE_COVARIATE:
        return (Value){expr_symbol(builder->graph, SYMBOL_COVARIATE, definition->index),
                       definition->unit, false, false};
    case DEFINE_INPUT:
    case DEFINE_LOCAL:
    case DEFINE_FLOW:
    case DEFINE_OBSERVABLE:
        break;
    default: {
        Span place;
        if (fault_begin(builder, FAULT_M046, scope, at, &place)) {
            diag_report(builder->diag, FAULT_M046, place, "'%s' is %s and has no value",
                        definition->name, definition_kind_text(definition->kind));
            fault_end(builder, scope, at);
        }
        return value_bad(builder);
    }
    }
    if (definition->progress == PROGRESS_READY) {
        return definition->value;
    }
    if (definition->progress == PROGRESS_ACTIVE) {
        report_circle(builder, definition, at);
        return value_bad(builder);
    }
    definition->progress = PROGRESS_ACTIVE;
    builder->active = arena_grow(builder->arena, builder->active, builder->active_count,
                                 &builder->active_capacity, sizeof(Definition *));
    builder->active[builder->active_count++] = definition;
    Value value = evaluate(builder, definition);
    builder->active_count--;
    definition->value = value;
    definition->unit = value.unit;
    definition->progress = PROGRESS_READY;
    return value;
}

/* ---- states ---- */

Definition *definition_state(Builder *builder, Instance *instance, Name name, const char *what)
{
    Definition *definition = definition_find(builder, instance, name.text);
    if (definition && definition->kind == DEFINE_STATE) {
        return definition;
    }
    Span place;
    if (!fault_begin(builder, FAULT_M027, NULL, name.span, &place)) {
        return NULL;
    }
    if (definition) {
        diag_report(builder->diag, FAULT_M027, place, "%s needs a state, but '%s' is %s", what,
                    name.text, definition_kind_text(definition->kind));
        if (definition->span.source) {
            diag_note(builder->diag, definition->span, "declared here");
        }
    } else {
        diag_report(builder->diag, FAULT_M027, place, "%s needs a state, and there is no '%s'",
                    what, name.text);
        hint_near(builder, place.source, instance, name.text, 1u << DEFINE_STATE);
    }
    return NULL;
}

/* ---- bodies of functions ---- */

static bool is_parameter(const Statement *statement, const char *name)
{
    for (int i = 0; i < statement->parameter_count; i++) {
        if (strcmp(statement->parameters[i].text, name) == 0) {
            return true;
        }
    }
    return false;
}

static void check_body(Builder *builder, const Definition *function, const Node *node)
{
    while (node) {
        Instance *instance = function->instance;
        if (node->kind == NODE_NAME && strcmp(node->name, "t") != 0 &&
            !is_parameter(function->statement, node->name) &&
            !definition_find(builder, instance, node->name)) {
            name_unknown(builder, instance, node->span, node->name, function->statement);
        }
        int first = 0;
        if (node->kind == NODE_CALL) {
            const Definition *called = definition_find(builder, instance, node->name);
            bool known = function_is_known(node->name);
            first = known && strcmp(node->name, "interp") == 0 ? 1 : 0;
            if (known || (called && called->kind == DEFINE_FUNCTION)) {
                call_fits(builder, node, known ? NULL : called);
            } else {
                build_expression(builder, instance, node); // says what is wrong
                return;
            }
        }
        // a long sum leans to the left, a chain of else if to the right: no recursion along it
        bool right = node->kind == NODE_APPLY && node->operation == EXPR_SELECT;
        int last = node->argument_count - 1;
        for (int i = right ? 0 : first + 1; i < (right ? last : last + 1); i++) {
            check_body(builder, function, node->arguments[i]);
        }
        node = last < first ? NULL : node->arguments[right ? last : first];
    }
}

void function_check(Builder *builder, Definition *function)
{
    const Statement *statement = function->statement;
    for (int i = 0; i < statement->parameter_count; i++) {
        for (int k = 0; k < i; k++) {
            Span place;
            if (strcmp(statement->parameters[i].text, statement->parameters[k].text) == 0 &&
                fault_begin(builder, FAULT_M016, NULL, statement->parameters[i].span, &place)) {
                diag_report(builder->diag, FAULT_M016, place, "'%s' is declared twice",
                            statement->parameters[i].text);
                diag_note(builder->diag, statement->parameters[k].span, "first here");
            }
        }
    }
    check_body(builder, function, statement->expr);
}
