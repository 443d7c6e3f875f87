/* build.c: from the parsed expression to the graph, with its unit.
 *
 * Functions declared with def are written out here: their arguments are built once at the call and
 * stand for the names in the body. Conditions are pure numbers, 1 or 0.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/builder.h"

#include "model/parse.h"

#include <assert.h>
#include <string.h>

enum { DEPTH_LIMIT = 2000, CALL_LIMIT = 1000000, ARGUMENT_LIMIT = 64, FUNCTION_DEPTH = 200 };

/* How the units of arguments and result hang together. */
typedef enum {
    RULE_PURE, // pure numbers in and out
    RULE_SAME, // all alike, and so is the result
    RULE_STEP, // anything in, pure number out
    RULE_SQRT,
    RULE_POWER,
    RULE_HILL,
    RULE_INTERP
} Rule;

typedef struct {
    const char *name;
    Operator operation;
    int least, most; // arguments
    Rule rule;
} Function;

static const Function functions[] = {
    {"exp", EXPR_EXP, 1, 1, RULE_PURE},
    {"ln", EXPR_LN, 1, 1, RULE_PURE},
    {"log10", EXPR_LOG10, 1, 1, RULE_PURE},
    {"sqrt", EXPR_SQRT, 1, 1, RULE_SQRT},
    {"pow", EXPR_POWER, 2, 2, RULE_POWER},
    {"abs", EXPR_ABS, 1, 1, RULE_SAME},
    {"min", EXPR_MIN, 2, ARGUMENT_LIMIT, RULE_SAME},
    {"max", EXPR_MAX, 2, ARGUMENT_LIMIT, RULE_SAME},
    {"sin", EXPR_SIN, 1, 1, RULE_PURE},
    {"cos", EXPR_COS, 1, 1, RULE_PURE},
    {"tan", EXPR_TAN, 1, 1, RULE_PURE},
    {"asin", EXPR_ASIN, 1, 1, RULE_PURE},
    {"acos", EXPR_ACOS, 1, 1, RULE_PURE},
    {"atan", EXPR_ATAN, 1, 1, RULE_PURE},
    {"sinh", EXPR_SINH, 1, 1, RULE_PURE},
    {"cosh", EXPR_COSH, 1, 1, RULE_PURE},
    {"tanh", EXPR_TANH, 1, 1, RULE_PURE},
    {"erf", EXPR_ERF, 1, 1, RULE_PURE},
    {"lgamma", EXPR_LGAMMA, 1, 1, RULE_PURE},
    {"floor", EXPR_FLOOR, 1, 1, RULE_SAME},
    {"ceil", EXPR_CEIL, 1, 1, RULE_SAME},
    {"step", EXPR_LESS_EQUAL, 1, 1, RULE_STEP},
    {"hill", EXPR_HILL, 3, 3, RULE_HILL},
    {"interp", EXPR_INTERP, 2, 2, RULE_INTERP},
};

static const Function *function_find(const char *name)
{
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        if (strcmp(functions[i].name, name) == 0) {
            return &functions[i];
        }
    }
    return NULL;
}

bool function_is_known(const char *name)
{
    return function_find(name) != NULL;
}

Value value_bad(Builder *builder)
{
    return (Value){expr_number(builder->graph, 1.0), unit_none(), false, true};
}

bool value_is_plain(const Builder *builder, Value value)
{
    return !value.bad && expr_operator(builder->graph, value.expr) == EXPR_NUMBER &&
           unit_is_dimensionless(value.unit);
}

static Expr apply(Builder *builder, const Node *node, Operator operation, Expr a, Expr b)
{
    graph_at(builder->graph, node->span);
    return expr_apply(builder->graph, operation, a, b, EXPR_NONE);
}

/* ---- names ---- */

static Value build_name(Builder *builder, const Scope *scope, const Node *node)
{
    const char *name = node->name;
    if (scope->function) {
        const Statement *statement = scope->function->statement;
        for (int i = 0; i < statement->parameter_count; i++) {
            if (strcmp(statement->parameters[i].text, name) == 0) {
                return scope->arguments[i];
            }
        }
    }
    if (strcmp(name, "t") == 0) {
        graph_at(builder->graph, node->span);
        Expr time = expr_symbol(builder->graph, SYMBOL_TIME, 0);
        return (Value){time, builder->model->time_unit, false, false};
    }
    Definition *definition = definition_find(builder, scope->instance, name);
    if (!definition) {
        if (!scope->function) { // a function's body is checked on its own
            name_unknown(builder, scope->instance, node->span, name, NULL);
        }
        return value_bad(builder);
    }
    graph_at(builder->graph, node->span);
    return definition_value(builder, definition, scope, node->span);
}

/* ---- operators ---- */

static Value build_select(Builder *builder, const Scope *scope, const Node *node)
{
    Value condition = build_node(builder, scope, node->arguments[0]);
    const Node *branches[2] = {node->arguments[1], node->arguments[2]};
    Value values[2];
    for (int i = 0; i < 2; i++) {
        values[i] = build_node(builder, scope, branches[i]);
    }
    Value pure = check_pure(builder, scope, "the condition", node->arguments[0], condition);
    Value result = check_alike(builder, scope, "choose between", branches, values);
    result.bad |= pure.bad;
    graph_at(builder->graph, node->span);
    result.expr =
        expr_apply(builder->graph, EXPR_SELECT, condition.expr, values[0].expr, values[1].expr);
    return result;
}

static Value build_logic(Builder *builder, const Scope *scope, const Node *node)
{
    Value result = {EXPR_NONE, unit_one(), false, false};
    Expr arguments[2] = {EXPR_NONE, EXPR_NONE};
    for (int i = 0; i < node->argument_count; i++) {
        Value value = build_node(builder, scope, node->arguments[i]);
        result.bad |= check_pure(builder, scope, "a condition", node->arguments[i], value).bad;
        arguments[i] = value.expr;
    }
    result.expr = apply(builder, node, node->operation, arguments[0], arguments[1]);
    return result;
}

static Unit product_unit(Builder *builder, bool divide, const Value values[2])
{
    if (unit_is_dimensionless(values[1].unit)) {
        return values[0].unit;
    }
    if (!divide && unit_is_dimensionless(values[0].unit)) {
        return values[1].unit;
    }
    if (divide && unit_same(values[0].unit, values[1].unit)) {
        return unit_one();
    }
    return divide ? unit_divide(builder->arena, values[0].unit, values[1].unit)
                  : unit_multiply(builder->arena, values[0].unit, values[1].unit);
}

static const char *verb_of(Operator operation)
{
    return operation == EXPR_ADD ? "add" : operation == EXPR_SUBTRACT ? "subtract" : "compare";
}

static Value build_binary(Builder *builder, const Scope *scope, const Node *node)
{
    const Node *nodes[2] = {node->arguments[0], node->arguments[1]};
    Value values[2];
    for (int i = 0; i < 2; i++) {
        values[i] = build_node(builder, scope, nodes[i]);
    }
    Value result = {EXPR_NONE, unit_none(), false, values[0].bad || values[1].bad};
    switch (node->operation) {
    case EXPR_MULTIPLY:
    case EXPR_DIVIDE:
        result.unit = product_unit(builder, node->operation == EXPR_DIVIDE, values);
        break;
    case EXPR_POWER:
        result = check_power(builder, scope, nodes, values);
        break;
    case EXPR_ADD:
    case EXPR_SUBTRACT:
        result = check_alike(builder, scope, verb_of(node->operation), nodes, values);
        break;
    default:
        result = check_alike(builder, scope, "compare", nodes, values);
        result.unit = unit_one();
        result.zero = false;
        break;
    }
    int first = node->swapped ? 1 : 0;
    result.expr = apply(builder, node, node->operation, values[first].expr, values[1 - first].expr);
    return result;
}

static Value build_apply(Builder *builder, const Scope *scope, const Node *node)
{
    switch (node->operation) {
    case EXPR_SELECT:
        return build_select(builder, scope, node);
    case EXPR_AND:
    case EXPR_OR:
    case EXPR_NOT:
        return build_logic(builder, scope, node);
    case EXPR_NEGATE: {
        Value value = build_node(builder, scope, node->arguments[0]);
        value.expr = apply(builder, node, EXPR_NEGATE, value.expr, EXPR_NONE);
        return value;
    }
    default:
        return build_binary(builder, scope, node);
    }
}

static Value build_convert(Builder *builder, const Scope *scope, const Node *node)
{
    Value value = build_node(builder, scope, node->arguments[0]);
    double factor = check_convert(builder, scope, node, &value);
    value.zero = false;
    if (factor != 1.0) {
        Expr number = expr_number(builder->graph, factor);
        value.expr = apply(builder, node, EXPR_MULTIPLY, number, value.expr);
    }
    return value;
}

/* ---- calls ---- */

static bool report_count(Builder *builder, const Node *call, int least, int most)
{
    Span place;
    if (!fault_begin(builder, FAULT_M024, NULL, call->sign, &place)) {
        return false;
    }
    if (most == ARGUMENT_LIMIT && call->argument_count > most) {
        diag_report(builder->diag, FAULT_M024, place,
                    "'%s' takes at most %d arguments, but here are %d", call->name, most,
                    call->argument_count);
        diag_hint(builder->diag, "put one '%s' into another", call->name);
    } else if (most == ARGUMENT_LIMIT) {
        diag_report(builder->diag, FAULT_M024, place,
                    "'%s' takes at least %d arguments, but here are %d", call->name, least,
                    call->argument_count);
    } else {
        diag_report(builder->diag, FAULT_M024, place, "'%s' takes %d argument%s, but here %s %d",
                    call->name, most, most == 1 ? "" : "s",
                    call->argument_count == 1 ? "is" : "are", call->argument_count);
    }
    return true;
}

bool call_fits(Builder *builder, const Node *call, const Definition *function)
{
    int count = call->argument_count;
    if (function) {
        if (count == function->statement->parameter_count) {
            return true;
        }
        int wanted = function->statement->parameter_count;
        if (report_count(builder, call, wanted, wanted)) {
            diag_note(builder->diag, function->span, "declared here");
        }
        return false;
    }
    const Function *known = function_find(call->name);
    assert(known);
    if (count >= known->least && count <= known->most) {
        return true;
    }
    report_count(builder, call, known->least, known->most);
    return false;
}

/* interp(table, x): the table is registered when it is first seen. */
static Value build_interp(Builder *builder, const Scope *scope, const Node *node)
{
    const Node *name = node->arguments[0];
    Value x = build_node(builder, scope, node->arguments[1]);
    Definition *definition =
        name->kind == NODE_NAME ? definition_find(builder, scope->instance, name->name) : NULL;
    bool plain = name->kind == NODE_NAME && !strchr(name->name, '.') && !name->bracketed;
    if ((!definition && !plain) || (definition && definition->kind != DEFINE_TABLE)) {
        Span place;
        if (fault_begin(builder, FAULT_M047, scope, name->span, &place)) {
            diag_report(builder->diag, FAULT_M047, place, "%s is %s, not a table",
                        node_quote(builder, name),
                        definition ? definition_kind_text(definition->kind) : "an expression");
            fault_end(builder, scope, name->span);
        }
        return value_bad(builder);
    }
    if (!definition) {
        Statement *statement = arena_alloc(builder->arena, sizeof *statement);
        *statement = (Statement){.kind = STATEMENT_TABLE,
                                 .name = {name->name, name->span},
                                 .unit = unit_none(),
                                 .text = ""};
        definition = definition_new(builder, scope->instance, DEFINE_TABLE, statement);
    }
    TableInput *table = &builder->model->tables[definition->index];
    if (!table->x_unit.known) {
        table->x_unit = x.unit;
    }
    check_assigned(builder, scope,
                   arena_format(builder->arena, "the argument of table '%s'", table->label.name),
                   table->x_unit, node->arguments[1], x);
    graph_at(builder->graph, node->span);
    Expr expr = expr_interp(builder->graph, definition->index, x.expr, false);
    return (Value){expr, table->label.unit, false, x.bad};
}

static Value hill_units(Builder *builder, const Scope *scope, const Node *node,
                        const Value values[3])
{
    const Node *pair[2] = {node->arguments[0], node->arguments[1]};
    Value alike = check_alike(builder, scope, "compare", pair, values);
    Value power = check_pure(builder, scope, "the exponent of hill", node->arguments[2], values[2]);
    return (Value){EXPR_NONE, unit_one(), false, alike.bad || power.bad};
}

/* min(a, b, c) is min(min(a, b), c). */
static Value build_same(Builder *builder, const Scope *scope, const Node *node,
                        const Function *function, const Value *values)
{
    Value result = values[0];
    if (node->argument_count == 1) {
        result.expr = apply(builder, node, function->operation, values[0].expr, EXPR_NONE);
        return result;
    }
    for (int i = 1; i < node->argument_count; i++) {
        const Node *pair[2] = {node->arguments[i - 1], node->arguments[i]};
        Value both[2] = {result, values[i]};
        Expr expr = apply(builder, node, function->operation, result.expr, values[i].expr);
        result = check_alike(builder, scope, "compare", pair, both);
        result.expr = expr;
    }
    return result;
}

static Value build_known(Builder *builder, const Scope *scope, const Node *node,
                         const Function *function)
{
    if (!call_fits(builder, node, NULL)) {
        return value_bad(builder);
    }
    if (function->rule == RULE_INTERP) {
        return build_interp(builder, scope, node);
    }
    Value *values = arena_array(builder->arena, (size_t)node->argument_count, sizeof(Value));
    for (int i = 0; i < node->argument_count; i++) {
        values[i] = build_node(builder, scope, node->arguments[i]);
    }
    Expr rest[2] = {EXPR_NONE, EXPR_NONE};
    for (int i = 1; i < node->argument_count && i < 3; i++) {
        rest[i - 1] = values[i].expr;
    }
    const Node *pair[2] = {node->arguments[0],
                           node->argument_count > 1 ? node->arguments[1] : NULL};
    Value result = {EXPR_NONE, unit_one(), false, values[0].bad};
    switch (function->rule) {
    case RULE_SAME:
        return build_same(builder, scope, node, function, values);
    case RULE_STEP:
        result.expr =
            apply(builder, node, EXPR_LESS_EQUAL, expr_number(builder->graph, 0.0), values[0].expr);
        return result;
    case RULE_SQRT:
        result.unit = unit_is_dimensionless(values[0].unit)
                          ? unit_one()
                          : unit_power(builder->arena, values[0].unit, 1, 2);
        break;
    case RULE_POWER:
        result = check_power(builder, scope, pair, values);
        break;
    case RULE_HILL:
        result = hill_units(builder, scope, node, values);
        break;
    default:
        result = check_pure(builder, scope,
                            arena_format(builder->arena, "the argument of %s", node->name), pair[0],
                            values[0]);
        break;
    }
    graph_at(builder->graph, node->span);
    result.expr = expr_apply(builder->graph, function->operation, values[0].expr, rest[0], rest[1]);
    return result;
}

/* "f -> g -> f" */
static void report_recursion(Builder *builder, const Scope *scope, const Definition *function,
                             const Node *node)
{
    const Scope *list[FUNCTION_DEPTH];
    int count = 0;
    for (const Scope *s = scope; s && s->function && count < FUNCTION_DEPTH; s = s->caller) {
        list[count++] = s;
        if (s->function == function) {
            break;
        }
    }
    Text circle = text_new(builder->arena);
    while (count > 0) {
        text_format(&circle, "%s -> ", list[--count]->function->name);
    }
    text_string(&circle, function->name);
    Span place;
    if (fault_begin(builder, FAULT_M025, NULL, function->span, &place)) {
        diag_report(builder->diag, FAULT_M025, place, "the function '%s' calls itself: %s",
                    function->name, circle.data);
        diag_note(builder->diag, node->span, "called here");
    }
}

static Value too_deep(Builder *builder, const Scope *scope, const Node *node, const char *words)
{
    Span place;
    if (fault_begin(builder, FAULT_M011, NULL, (Span){NULL, 0, 0}, &place)) { // once is enough
        diag_report(builder->diag, FAULT_M011, scope->function ? scope->call : node->span, "%s",
                    words);
    }
    return value_bad(builder);
}

static Value build_defined(Builder *builder, const Scope *scope, const Node *node,
                           const Definition *function)
{
    int nested = 0;
    for (const Scope *s = scope; s && s->function; s = s->caller) {
        if (s->function == function) {
            report_recursion(builder, scope, function, node);
            return value_bad(builder);
        }
        nested++;
    }
    if (!call_fits(builder, node, function)) {
        return value_bad(builder);
    }
    if (nested >= FUNCTION_DEPTH || builder->calls > CALL_LIMIT) {
        return too_deep(builder, scope, node, "functions call functions too many times");
    }
    builder->calls++;
    Value *arguments = arena_array(builder->arena, (size_t)node->argument_count + 1, sizeof(Value));
    for (int i = 0; i < node->argument_count; i++) {
        arguments[i] = build_node(builder, scope, node->arguments[i]);
    }
    Scope inner = {function->instance, function, arguments, scope,
                   scope->function ? scope->call : node->span};
    return build_node(builder, &inner, function->statement->expr);
}

static Value build_call(Builder *builder, const Scope *scope, const Node *node)
{
    const Function *known = function_find(node->name);
    if (known) {
        return build_known(builder, scope, node, known);
    }
    Definition *definition = definition_find(builder, scope->instance, node->name);
    if (definition && definition->kind == DEFINE_FUNCTION) {
        return build_defined(builder, scope, node, definition);
    }
    Span place;
    if (scope->function || !fault_begin(builder, FAULT_M023, scope, node->sign, &place)) {
        return value_bad(builder);
    }
    if (strcmp(node->name, "log") == 0) {
        diag_report(builder->diag, FAULT_M026, place, "'log' is not clear");
        diag_hint(builder->diag, "write ln(x) or log10(x)");
    } else if (definition) {
        diag_report(builder->diag, FAULT_M023, place, "'%s' is %s, not a function", node->name,
                    definition_kind_text(definition->kind));
        diag_hint(builder->diag, "a product needs '*'");
    } else {
        int count = 0;
        const char *const *list = parse_functions(&count);
        const char *near = names_near_list(list, count, node->name);
        diag_report(builder->diag, FAULT_M023, place, "there is no function '%s'", node->name);
        if (near) {
            diag_hint(builder->diag, "did you mean '%s'?", near);
        } else {
            hint_near(builder, place.source, scope->instance, node->name, 1u << DEFINE_FUNCTION);
        }
    }
    return value_bad(builder);
}

Value build_node(Builder *builder, const Scope *scope, const Node *node)
{
    assert(builder && scope && node);
    if (builder->depth >= DEPTH_LIMIT) {
        return too_deep(builder, scope, node, "the definitions are nested too deeply");
    }
    builder->depth++;
    Value value = {EXPR_NONE, unit_one(), false, false};
    switch (node->kind) {
    case NODE_NUMBER:
        graph_at(builder->graph, node->span);
        value.expr = expr_number(builder->graph, node->value);
        value.unit = node->unit.known ? node->unit : unit_one();
        value.zero = node->value == 0.0 && !node->unit.known;
        break;
    case NODE_NAME:
        value = build_name(builder, scope, node);
        break;
    case NODE_APPLY:
        value = build_apply(builder, scope, node);
        break;
    case NODE_CALL:
        value = build_call(builder, scope, node);
        break;
    case NODE_CONVERT:
        value = build_convert(builder, scope, node);
        break;
    case NODE_BAD:
        value = value_bad(builder);
        break;
    }
    if (value.bad) {
        value.unit = unit_none();
    }
    builder->depth--;
    return value;
}

Value build_expression(Builder *builder, Instance *instance, const Node *node)
{
    Scope scope = {instance, NULL, NULL, NULL, {NULL, 0, 0}};
    return build_node(builder, &scope, node);
}
