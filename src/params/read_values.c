/* read_values.c: numbers with units, and the values of parameters and covariates.
 *
 * Three forms: a plain number in the model's unit, text "0.02 ng/mL", and a group { value; unit;
 * source; range; note }. Each value keeps its origin: place, source and the words that were
 * written. SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/number.h"
#include "params/reader.h"

#include <assert.h>
#include <math.h>
#include <string.h>

void note_declared(Reader *reader, const Want *want)
{
    if (want->declared.source) {
        diag_note(reader->diag, want->declared, "'%s' is declared here",
                  want->owner ? want->owner : want->name);
    }
}

const char *quantity_words(Reader *reader, double value, Unit unit)
{
    char digits[NUMBER_TEXT_SIZE];
    number_short(value, 6, digits);
    bool bare = !unit.known || unit_is_dimensionless(unit);
    return arena_format(reader->arena, "%s%s%s", digits, bare ? "" : " ", bare ? "" : unit.text);
}

bool read_unit(Reader *reader, Entry *entry, size_t from, size_t length, Unit *unit)
{
    size_t bad = 0;
    size_t bad_length = 0;
    const char *near = NULL;
    if (unit_read(reader->arena, entry->text + from, length, unit, &bad, &bad_length, &near)) {
        return true;
    }
    Span where = entry_text_span(entry, from + bad, bad_length);
    diag_report(reader->diag, FAULT_P020, where, "'%.*s' is not a unit",
                (int)(bad_length > 60 ? 60 : bad_length), entry->text + from + bad);
    if (near) {
        diag_hint(reader->diag, "did you mean '%s'?", near);
    } else if (entry->text[from] == ',') {
        diag_hint(reader->diag, "write numbers with a point and without signs between thousands");
    }
    entry->is_wrong = true;
    return false;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool report_missing_unit(Reader *reader, Entry *entry, const Want *want)
{
    entry->is_wrong = true;
    diag_report(reader->diag, FAULT_P019, entry->value, "'%s' has no unit here", want->name);
    diag_hint(reader->diag, "write \"%s %s\", or the number without quotes", entry->text,
              want->unit.text);
    note_declared(reader, want);
    return false;
}

/* The text "number unit". */
static bool read_text(Reader *reader, Entry *entry, const Want *want, Amount *amount)
{
    const char *text = entry->text;
    size_t end = strlen(text);
    size_t at = 0;
    size_t used = 0;
    while (is_blank(text[at])) {
        at++;
    }
    while (end > at && is_blank(text[end - 1])) {
        end--;
    }
    if (!number_read(text + at, end - at, &amount->number, &used)) {
        diag_report(reader->diag, FAULT_P022, entry->value, "'%s' wants a number with a unit here",
                    want->name);
        diag_hint(reader->diag, "such as \"5 %s\"",
                  want->unit.known ? want->unit.text : "(no unit in the model)");
        entry->is_wrong = true;
        return false;
    }
    if (!isfinite(amount->number)) {
        diag_report(reader->diag, FAULT_P009, entry->value, "this number is larger than 1.8e308");
        entry->is_wrong = true;
        return false;
    }
    at += used;
    while (at < end && is_blank(text[at])) {
        at++;
    }
    amount->has_unit = end > at;
    if (!amount->has_unit) {
        bool needed = want->unit.known && !unit_is_dimensionless(want->unit);
        return needed ? report_missing_unit(reader, entry, want) : true;
    }
    amount->unit_span = entry_text_span(entry, at, end - at);
    return read_unit(reader, entry, at, end - at, &amount->unit);
}

bool read_amount(Reader *reader, Entry *entry, const Want *want, Amount *amount)
{
    assert(entry && want);
    *amount = (Amount){.unit = unit_none(), .unit_span = entry->value};
    if (entry->is_wrong) {
        return false;
    }
    if (entry->kind == ENTRY_TEXT) {
        return read_text(reader, entry, want, amount);
    }
    assert(entry_is_number(entry));
    amount->number = entry->number;
    if (reader->options->strict && want->unit.known && !unit_is_dimensionless(want->unit) &&
        entry->number != 0 && !entry->is_noted) {
        entry->is_noted = true;
        diag_report(reader->diag, FAULT_P050, entry->value, "'%s' is written without its unit",
                    want->name);
        diag_hint(reader->diag, "write \"%s %s\"", span_text(reader->arena, entry->value),
                  want->unit.text);
    }
    return true;
}

bool convert_unit(Reader *reader, Span where, Unit from, const Want *want, double *value)
{
    Diag *diag = reader->diag;
    if (!want->unit.known) {
        diag_report(diag, FAULT_P053, where,
                    "'%s' has no unit in the model, so '%s' cannot be converted", want->name,
                    from.text);
        note_declared(reader, want);
        return false;
    }
    if (!unit_same_dimension(from, want->unit)) {
        diag_report(diag, FAULT_P021, where, "'%s' is in %s, which is %s; '%s' is %s", want->name,
                    want->unit.text, unit_dimension_text(reader->arena, want->unit), from.text,
                    unit_dimension_text(reader->arena, from));
        note_declared(reader, want);
        return false;
    }
    *value *= unit_factor(from, want->unit);
    return true;
}

bool read_quantity(Reader *reader, Entry *entry, const Want *want, double *value)
{
    Amount amount;
    if (!read_amount(reader, entry, want, &amount)) {
        return false;
    }
    *value = amount.number;
    if (amount.has_unit && !convert_unit(reader, amount.unit_span, amount.unit, want, value)) {
        entry->is_wrong = true;
        return false;
    }
    return true;
}

bool read_when(Reader *reader, Entry *entry, const char *name, double *value)
{
    Want want = {reader->model->time_unit, name, {0}, NULL};
    return read_quantity(reader, entry, &want, value);
}

/* --- the group form ------------------------------------------------------------------------------
 */

static bool is_distribution(const char *name)
{
    static const char *const names[] = {"median",       "mean", "sd",  "cv",
                                        "distribution", "min",  "max", "sdlog"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(name, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* Complains about keys of a distribution; true if there are any. */
static bool refuse_distribution(Reader *reader, Entry *group)
{
    bool any = false;
    for (int i = 0; i < group->count; i++) {
        Entry *item = group->items[i];
        if (is_distribution(item->name) && !any) {
            diag_report(reader->diag, FAULT_P023, item->key,
                        "'%s' describes how values vary; here stands one value", item->name);
            diag_hint(reader->diag, "it belongs to population = { vary = { %s = ... }; }",
                      group->name);
        }
        any = any || is_distribution(item->name);
        item->is_wrong = item->is_wrong || is_distribution(item->name);
    }
    return any;
}

static void check_range(Reader *reader, Entry *range, double value)
{
    if (!range || range->kind == ENTRY_TEXT) {
        return;
    }
    if (range->count != 2 || range->items[0]->number > range->items[1]->number) {
        diag_report(reader->diag, FAULT_P013, range->value,
                    "a range is two numbers, the smaller one first");
        return;
    }
    if (value < range->items[0]->number || value > range->items[1]->number) {
        diag_report(reader->diag, FAULT_P048, range->value, "the value lies outside this range");
    }
}

/* The number of a group in the unit of its `unit` key. */
static bool read_group_value(Reader *reader, Entry *group, const Want *want, double *value)
{
    Entry *number = member(group, "value");
    Entry *unit_text = member(group, "unit");
    if (!unit_text) {
        return !entry_find(group, "unit") && read_quantity(reader, number, want, value);
    }
    if (number->kind == ENTRY_TEXT) {
        diag_report(reader->diag, FAULT_P013, number->value,
                    "with 'unit', 'value' is a plain number, not text");
        return false;
    }
    Unit unit;
    if (!read_unit(reader, unit_text, 0, strlen(unit_text->text), &unit)) {
        return false;
    }
    *value = number->number;
    return convert_unit(reader, unit_text->value, unit, want, value);
}

static const char *words_of(Reader *reader, const Entry *entry)
{
    return entry->kind == ENTRY_TEXT ? entry->text : span_text(reader->arena, entry->value);
}

static bool read_group(Reader *reader, Entry *group, const Want *want, double *value,
                       Origin *origin)
{
    bool refused = refuse_distribution(reader, group);
    keys_check(reader->arena, reader->diag, group, "parameters.*");
    Entry *number = member(group, "value");
    if (!number) {
        if (!refused && !entry_find(group, "value")) {
            diag_report(reader->diag, FAULT_P014, group->key, "the group of '%s' has no 'value'",
                        want->name);
        }
        return false;
    }
    if (!read_group_value(reader, group, want, value)) {
        return false;
    }
    check_range(reader, member(group, "range"), number->number);
    const Entry *unit = member(group, "unit");
    const Entry *source = member(group, "source");
    const Entry *range = member(group, "range");
    origin->source = source ? source->text : NULL;
    origin->range = range ? words_of(reader, range) : NULL;
    bool bare = !unit || strcmp(unit->text, "1") == 0;
    origin->written = words_of(reader, number);
    if (!bare) {
        origin->written = arena_format(reader->arena, "%s %s", origin->written, unit->text);
    }
    return true;
}

/* --- parameters and covariates -------------------------------------------------------------------
 */

/* Where the values of one kind go. */
typedef struct {
    Reader *reader;
    NameKind kind;
    const char *word; // "parameter"
    OriginKind origin;
    double *values;
    Origin *origins;
    const Origin *of_study; // the origins of the study's own values, NULL while they are read
} Target;

static void read_one(Target *target, Entry *entry, NameRef ref)
{
    Reader *reader = target->reader;
    const Label *label = model_label(reader->model, ref);
    Want want = {label->unit, label->name, label->span, NULL};
    double value = (double)NAN;
    Origin origin = {.kind = entry_is_set(entry) ? ORIGIN_SET : target->origin,
                     .span = entry->value};
    bool ok;
    if (entry->kind == ENTRY_GROUP) {
        ok = read_group(reader, entry, &want, &value, &origin);
    } else if (entry_is_number(entry) || entry->kind == ENTRY_TEXT) {
        ok = read_quantity(reader, entry, &want, &value);
        origin.written = words_of(reader, entry);
    } else {
        ok = false;
        diag_report(reader->diag, FAULT_P013, entry->value, "'%s' is a number, not %s", label->name,
                    entry_kind_words(entry->kind));
    }
    if (ok && target->of_study && origin.kind == ORIGIN_ARM &&
        target->of_study[ref.index].kind == ORIGIN_SET) {
        diag_report(reader->diag, FAULT_P047, entry->value,
                    "'%s' was set on the command line, but this arm keeps its own value",
                    label->name);
    }
    // A value that is wrong still counts as given: one complaint is enough.
    target->values[ref.index] = ok ? value : 0;
    target->origins[ref.index] = origin;
}

const char *kind_words(NameKind kind)
{
    switch (kind) {
    case NAME_STATE:
        return "a state";
    case NAME_PARAMETER:
        return "a parameter";
    case NAME_COVARIATE:
        return "a covariate";
    case NAME_LOCAL:
        return "an intermediate value";
    case NAME_OBSERVABLE:
        return "an observable";
    case NAME_ROUTE:
        return "a route";
    case NAME_EVENT:
        return "an event";
    case NAME_TABLE:
        return "a table";
    case NAME_NONE:
        break;
    }
    return "nothing";
}

static void report_kind(Target *target, const Entry *entry, const char *name, NameRef ref)
{
    Diag *diag = target->reader->diag;
    diag_report(diag, FAULT_P017, entry->key, "'%s' is %s of the model, not a %s", name,
                kind_words(ref.kind), target->word);
    if (ref.kind == NAME_COVARIATE || ref.kind == NAME_PARAMETER) {
        diag_hint(diag, "write it under '%ss'",
                  ref.kind == NAME_COVARIATE ? "covariate" : "parameter");
    } else if (ref.kind == NAME_STATE) {
        diag_hint(diag, "set the parameters of its initial value");
    }
    diag_note(diag, model_label(target->reader->model, ref)->span, "'%s' is declared here", name);
}

/* What is meant by a misspelt name is not missing as well: one complaint is enough. */
static void count_as_given(Target *target, const char *name)
{
    NameRef ref = model_find(target->reader->model, name);
    if (ref.kind == target->kind && isnan(target->values[ref.index])) {
        target->values[ref.index] = 0;
    }
}

static void report_unknown(Target *target, const Entry *entry, const char *prefix, const char *name)
{
    Reader *reader = target->reader;
    diag_report(reader->diag, FAULT_P016, entry->key, "the model '%s' has no %s '%s'",
                reader->model->name, target->word, name);
    const char *near = hint_name(reader, 1u << target->kind, prefix, entry);
    if (near) {
        count_as_given(target, arena_format(reader->arena, "%s%s", prefix, near));
    }
}

static void read_members(Target *target, Entry *group, const char *prefix)
{
    Reader *reader = target->reader;
    for (int i = 0; i < group->count; i++) {
        Entry *entry = group->items[i];
        const char *name = arena_format(reader->arena, "%s%s", prefix, entry->name);
        NameRef ref = model_find(reader->model, name);
        if (ref.kind == target->kind) {
            if (entry->is_wrong) {
                count_as_given(target, name);
            } else {
                read_one(target, entry, ref);
            }
        } else if (ref.kind != NAME_NONE) {
            report_kind(target, entry, name, ref);
        } else if (is_module(reader, 1u << target->kind, entry, name)) {
            read_members(target, entry, arena_format(reader->arena, "%s.", name));
        } else {
            report_unknown(target, entry, prefix, name);
        }
    }
}

void read_parameters(Reader *reader, Entry *group, OriginKind origin, Arm *arm)
{
    Target target = {reader,
                     NAME_PARAMETER,
                     "parameter",
                     origin,
                     arm->parameters,
                     arm->parameter_origin,
                     reader->base ? reader->base->parameter_origin : NULL};
    if (group) {
        read_members(&target, group, "");
    }
}

void read_covariates(Reader *reader, Entry *group, OriginKind origin, Arm *arm)
{
    Target target = {reader,
                     NAME_COVARIATE,
                     "covariate",
                     origin,
                     arm->covariates,
                     arm->covariate_origin,
                     reader->base ? reader->base->covariate_origin : NULL};
    if (group) {
        read_members(&target, group, "");
    }
}
