/* check.c: do the units agree?
 *
 * A quantity without unit is not checked and makes every result it enters unchecked. A literal has
 * no dimension unless a unit follows it; the literal 0 agrees with everything. Quantities of one
 * kind in different units are never converted in silence. A report stands at the operand that is
 * wrong, or, in the body of a function, at the call. SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/builder.h"

#include "base/number.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* ---- where to report ---- */

bool fault_begin(Builder *builder, Fault fault, const Scope *scope, Span span, Span *place)
{
    *place = scope && scope->function ? scope->call : span;
    for (size_t i = 0; i < builder->said_count; i++) {
        const Said *said = &builder->said[i];
        if (said->fault == fault && said->where.source == place->source &&
            said->where.start == place->start && said->where.length == place->length) {
            return false;
        }
    }
    builder->said = arena_grow(builder->arena, builder->said, builder->said_count,
                               &builder->said_capacity, sizeof *builder->said);
    builder->said[builder->said_count++] = (Said){fault, *place};
    return true;
}

void fault_end(Builder *builder, const Scope *scope, Span span)
{
    if (scope && scope->function) {
        diag_note(builder->diag, span, "in the function '%s'", scope->function->name);
    }
}

const char *node_quote(Builder *builder, const Node *node)
{
    const char *text = span_text(builder->arena, node->span);
    if (strlen(text) > 40 || strpbrk(text, "\n#")) {
        return "this value";
    }
    return arena_format(builder->arena, "'%s'", text);
}

/* "in pg/mL", or "a pure number" */
static const char *unit_words(Builder *builder, Unit unit)
{
    if (unit_is_dimensionless(unit)) {
        return "a pure number";
    }
    return arena_format(builder->arena, "in %s", unit.text);
}

/* "TNF in pg/mL", with brackets where they are needed; NULL if the expression is long. */
static const char *conversion_text(Builder *builder, const Node *node, Unit unit)
{
    const char *text = span_text(builder->arena, node->span);
    if (strlen(text) > 40 || strpbrk(text, "\n#")) {
        text = "x";
    } else if (!node->bracketed && node->kind == NODE_APPLY) {
        text = arena_format(builder->arena, "(%s)", text);
    }
    return arena_format(builder->arena, "%s in %s", text, unit.text);
}

static bool is_literal(const Node *node)
{
    while (node->kind == NODE_APPLY && node->operation == EXPR_NEGATE) {
        node = node->arguments[0];
    }
    return node->kind == NODE_NUMBER && !node->unit.known;
}

/* Behind a report on `node`: what would mend it, if it should be in `unit`. */
static void hint_unit(Builder *builder, const Node *node, Value value, Unit unit)
{
    if (unit_same_dimension(value.unit, unit)) {
        diag_hint(builder->diag, "write '%s'", conversion_text(builder, node, unit));
    } else if (is_literal(node)) {
        diag_hint(builder->diag, "a number has no unit by itself: write '%s [%s]'",
                  span_text(builder->arena, node->span), unit.text);
    }
}

/* ---- rules ---- */

Value check_alike(Builder *builder, const Scope *scope, const char *verb,
                  const Node *const nodes[2], const Value values[2])
{
    Value result = {EXPR_NONE, unit_none(), false, values[0].bad || values[1].bad};
    if (values[0].zero || values[1].zero) {
        result.unit = values[values[0].zero ? 1 : 0].unit;
        result.zero = values[0].zero && values[1].zero;
        return result;
    }
    if (!values[0].unit.known || !values[1].unit.known) {
        return result;
    }
    if (unit_same(values[0].unit, values[1].unit)) {
        result.unit = values[0].unit;
        return result;
    }
    result.bad = true;
    int wrong = is_literal(nodes[0]) && !is_literal(nodes[1]) ? 0 : 1;
    bool scale = unit_same_dimension(values[0].unit, values[1].unit);
    Span place;
    if (!fault_begin(builder, scale ? FAULT_M034 : FAULT_M033, scope, nodes[wrong]->span, &place)) {
        return result;
    }
    if (scale) {
        diag_report(builder->diag, FAULT_M034, place, "%s is %s but %s %s",
                    node_quote(builder, nodes[wrong]), unit_words(builder, values[wrong].unit),
                    node_quote(builder, nodes[1 - wrong]),
                    unit_words(builder, values[1 - wrong].unit));
    } else {
        diag_report(builder->diag, FAULT_M033, place, "cannot %s %s [%s] and %s [%s]", verb,
                    node_quote(builder, nodes[0]), values[0].unit.text,
                    node_quote(builder, nodes[1]), values[1].unit.text);
    }
    hint_unit(builder, nodes[wrong], values[wrong], values[1 - wrong].unit);
    fault_end(builder, scope, nodes[wrong]->span);
    return result;
}

Value check_pure(Builder *builder, const Scope *scope, const char *what, const Node *node,
                 Value value)
{
    Value result = {EXPR_NONE, unit_one(), false, value.bad};
    if (!value.unit.known || unit_is_dimensionless(value.unit)) {
        result.unit = value.unit.known ? unit_one() : unit_none();
        return result;
    }
    Span place;
    result.bad = true;
    if (fault_begin(builder, FAULT_M035, scope, node->span, &place)) {
        diag_report(builder->diag, FAULT_M035, place, "%s is in %s but must be a pure number", what,
                    value.unit.text);
        if (unit_same_dimension(value.unit, unit_one())) {
            hint_unit(builder, node, value, unit_one());
        } else {
            diag_hint(builder->diag, "divide by a value in %s", value.unit.text);
        }
        fault_end(builder, scope, node->span);
    }
    return result;
}

void check_assigned(Builder *builder, const Scope *scope, const char *what, Unit unit,
                    const Node *node, Value value)
{
    if (value.bad || value.zero || !value.unit.known || !unit.known ||
        unit_same(value.unit, unit)) {
        return;
    }
    Span place;
    bool scale = unit_same_dimension(value.unit, unit);
    Fault fault = scale ? FAULT_M034 : FAULT_M037;
    if (fault_begin(builder, fault, scope, node->span, &place)) {
        diag_report(builder->diag, fault, place, "%s is %s but %s %s", what,
                    unit_words(builder, unit), node_quote(builder, node),
                    unit_words(builder, value.unit));
        hint_unit(builder, node, value, unit);
        fault_end(builder, scope, node->span);
    }
}

/* value = numerator / denominator with a denominator that divides 60; false if there is none. */
static bool as_fraction(double value, int *numerator, int *denominator)
{
    static const int divisors[] = {1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60};
    for (size_t i = 0; i < sizeof divisors / sizeof divisors[0]; i++) {
        double scaled = value * divisors[i];
        if (fabs(scaled) < 1000.0 && fabs(scaled - nearbyint(scaled)) < 1e-12) {
            *numerator = (int)nearbyint(scaled);
            *denominator = divisors[i];
            return true;
        }
    }
    return false;
}

Value check_power(Builder *builder, const Scope *scope, const Node *const nodes[2],
                  const Value values[2])
{
    Value exponent = check_pure(builder, scope, "an exponent", nodes[1], values[1]);
    Value result = {EXPR_NONE, unit_none(), false, values[0].bad || exponent.bad};
    Unit base = values[0].unit;
    if (!base.known || result.bad) {
        return result;
    }
    if (unit_is_dimensionless(base)) {
        result.unit = exponent.unit.known ? unit_one() : unit_none();
        return result;
    }
    int numerator = 1;
    int denominator = 1;
    bool number = expr_operator(builder->graph, values[1].expr) == EXPR_NUMBER;
    if (number &&
        as_fraction(expr_value(builder->graph, values[1].expr), &numerator, &denominator)) {
        result.unit = unit_power(builder->arena, base, numerator, denominator);
        return result;
    }
    Span place;
    result.bad = true;
    if (fault_begin(builder, FAULT_M036, scope, nodes[0]->span, &place)) {
        diag_report(builder->diag, FAULT_M036, place,
                    "%s is in %s; its power has no unit that could be checked",
                    node_quote(builder, nodes[0]), base.text);
        diag_hint(builder->diag, "use hill(x, K, n) or (x / K)^n");
        fault_end(builder, scope, nodes[0]->span);
    }
    return result;
}

double check_convert(Builder *builder, const Scope *scope, const Node *node, Value *value)
{
    Unit from = value->unit;
    bool bad = value->bad || !node->unit.known;
    value->unit = node->unit;
    value->bad = bad;
    if (bad) {
        value->unit = unit_none();
        return 1.0;
    }
    if (unit_same_dimension(from, node->unit)) {
        return unit_factor(from, node->unit);
    }
    Span place;
    value->bad = true;
    value->unit = unit_none();
    const Node *inner = node->arguments[0];
    if (fault_begin(builder, FAULT_M038, scope, from.known ? node->sign : inner->span, &place)) {
        if (from.known) {
            diag_report(builder->diag, FAULT_M038, place, "%s [%s] is %s, but %s is %s",
                        node_quote(builder, inner), from.text,
                        unit_dimension_text(builder->arena, from), node->unit.text,
                        unit_dimension_text(builder->arena, node->unit));
            if (node->sign.length > 0 && strpbrk(node->unit.text, "*/") &&
                node->sign.source->text[node->sign.start] != '[') {
                diag_hint(builder->diag, "the unit is all of '%s'; to end it sooner write [unit]",
                          node->unit.text);
            }
        } else {
            diag_report(builder->diag, FAULT_M038, place,
                        "%s has no unit, so it cannot be converted", node_quote(builder, inner));
            diag_hint(builder->diag, "declare its unit, or multiply by '1 [%s]'", node->unit.text);
        }
        fault_end(builder, scope, node->span);
    }
    return 1.0;
}
