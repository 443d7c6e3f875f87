/* edit_value.c: a value in the form in which it stands: plain number, text with unit, or group.
 *
 * A number that comes in the model's unit is written in the unit that stands there, if there is a
 * double that read_values.c turns into the same bits (it multiplies by unit_factor, which does not
 * reach every double); otherwise the model's unit is written.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/number.h"
#include "params/edit_inside.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum { NEIGHBOURS = 4 }; // doubles tried on both sides of value / factor

const char *quoted(Arena *arena, const char *text)
{
    static const char names[] = "n\nt\tr\rf\f";
    Text out = text_new(arena);
    text_string(&out, "\"");
    for (const char *c = text; *c; c++) {
        const char *found = NULL;
        for (const char *pair = names; *pair; pair += 2) {
            found = pair[1] == *c ? pair : found;
        }
        if (found) {
            text_format(&out, "\\%c", *found);
        } else if ((unsigned char)*c < ' ' || *c == 0x7f) {
            text_format(&out, "\\x%02x", (unsigned)*c);
        } else {
            text_add(&out, "\\", *c == '"' || *c == '\\');
            text_add(&out, c, 1);
        }
    }
    text_string(&out, "\"");
    return out.data;
}

const char *real_letters(Arena *arena, double value)
{
    char letters[NUMBER_TEXT_SIZE];
    number_text(value, letters);
    return arena_format(arena, "%s%s", letters, strpbrk(letters, ".e") ? "" : ".0");
}

void add_patch(Edit *edit, Span span, const char *text)
{
    edit->patches = arena_grow(edit->arena, edit->patches, edit->patch_count, &edit->patch_capacity,
                               sizeof *edit->patches);
    edit->patches[edit->patch_count++] = (Patch){span, text};
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

bool split_quantity(Arena *arena, const char *text, Parts *parts)
{
    size_t used = 0;
    while (is_blank(*text)) {
        text++;
    }
    if (!number_read(text, strlen(text), &parts->value, &used) || !isfinite(parts->value)) {
        return false;
    }
    parts->number = arena_copy(arena, text, used);
    text += used;
    while (is_blank(*text)) {
        text++;
    }
    size_t length = strlen(text);
    while (length > 0 && is_blank(text[length - 1])) {
        length--;
    }
    parts->unit = arena_copy(arena, text, length);
    return true;
}

/* --- words ---------------------------------------------------------------------------------------
 */

/* The unit that stands beside a value, or NULL. */
static const char *standing_unit(Arena *arena, const Entry *entry)
{
    Parts parts;
    if (entry && is_value_group(entry)) {
        const Entry *unit = entry_find(entry, "unit");
        if (unit) {
            return unit->kind == ENTRY_TEXT ? unit->text : NULL;
        }
        entry = entry_find(entry, "value");
    }
    bool text = entry && entry->kind == ENTRY_TEXT && split_quantity(arena, entry->text, &parts);
    return text && parts.unit[0] ? parts.unit : NULL;
}

bool exact_words(Edit *edit, const Place *place, double value, Words *words)
{
    Arena *arena = edit->arena;
    if (place->quantity.kind == NAME_NONE || !isfinite(value)) {
        const Entry *entry = place->entry ? place->entry : place->above;
        diag_report(edit->diag, FAULT_P461, entry->key,
                    isfinite(value) ? "'%s' has no unit in the model"
                                    : "the value of '%s' is not finite",
                    place->full);
        return false;
    }
    Unit want = model_label(edit->model, place->quantity)->unit;
    const char *text = standing_unit(arena, place->entry);
    words->number = real_letters(arena, value);
    if (!text) {
        return true;
    }
    Unit unit;
    size_t bad = 0;
    size_t bad_length = 0;
    const char *near = NULL;
    words->unit = want.known ? want.text : NULL;
    if (!unit_read(arena, text, strlen(text), &unit, &bad, &bad_length, &near) ||
        !unit_same_dimension(unit, want)) {
        return true;
    }
    double factor = unit_factor(unit, want);
    double low = value / factor;
    double high = low;
    for (int i = 0; i <= NEIGHBOURS; i++) {
        bool hit = low * factor == value;
        if (hit || high * factor == value) {
            words->number = real_letters(arena, hit ? low : high);
            words->unit = NULL;
            return true;
        }
        low = nextafter(low, -(double)INFINITY);
        high = nextafter(high, (double)INFINITY);
    }
    return true;
}

/* The letters of a number if the language knows them, else others of the same value. */
static const char *legal_letters(Edit *edit, const char *letters, double value)
{
    for (const char *c = letters; *c; c++) {
        if (!strchr("0123456789.eE+-", *c)) {
            return real_letters(edit->arena, value);
        }
    }
    bool plain = letters[0] == '-' || (letters[0] >= '0' && letters[0] <= '9');
    bool kept = plain && (strpbrk(letters, ".eE") || fabs(value) < (double)INT32_MAX);
    return kept ? letters : real_letters(edit->arena, value);
}

static bool wants_quantity(const Place *place)
{
    if (!place->key) {
        return true;
    }
    switch (place->key->type) {
    case KEY_VALUE:
    case KEY_QUANTITY:
    case KEY_QUANTITIES:
        return true;
    default:
        return false;
    }
}

static bool typed_number(Edit *edit, const Place *place, const EditChange *change,
                         const Entry *typed, Words *words)
{
    words->number = span_text(edit->arena, typed->value);
    if (change->model_unit) {
        return exact_words(edit, place, typed->number, words);
    }
    if (place->in_array && typed->kind == ENTRY_INTEGER && place->above->count > 0 &&
        place->above->items[0]->kind == ENTRY_REAL) {
        words->number = arena_format(edit->arena, "%s.0", words->number);
    }
    return true;
}

bool typed_words(Edit *edit, const Place *place, const EditChange *change, Words *words)
{
    Arena *arena = edit->arena;
    words->source = change->source;
    if (change->source && !(place->key && place->key->type == KEY_VALUE)) {
        const Entry *entry = place->entry ? place->entry : place->above;
        diag_report(edit->diag, FAULT_P461, entry->key,
                    "'%s' has no source: only parameters and covariates have", place->full);
        return false;
    }
    if (!change->value) {
        return true;
    }
    const Source *source = source_from_text(arena, "VALUE", change->value, strlen(change->value));
    int before = diag_errors(edit->diag);
    Entry *typed = config_read_value(edit->config, source, 0);
    if (typed->is_wrong || diag_errors(edit->diag) > before || !config_load(edit->config, typed)) {
        return false;
    }
    if (entry_is_number(typed)) {
        return typed_number(edit, place, change, typed, words);
    }
    Parts parts;
    if (typed->kind != ENTRY_TEXT) {
        words->other = span_text(arena, typed->value);
    } else if (wants_quantity(place) && split_quantity(arena, typed->text, &parts) &&
               parts.unit[0]) {
        words->number = legal_letters(edit, parts.number, parts.value);
        words->unit = parts.unit;
    } else {
        words->other = quoted(arena, typed->text);
    }
    return true;
}

/* --- text ----------------------------------------------------------------------------------------
 */

/* The comments between the pieces of a joined text, kept behind what takes its place. */
static const char *with_comments(Edit *edit, Span span, const char *text)
{
    Text out = text_new(edit->arena);
    text_string(&out, text);
    const char *at = span.source->text + span.start;
    const char *end = at + span.length;
    while (at < end) {
        const char *start = at;
        if (*at == '"') {
            for (at++; at < end && *at != '"'; at++) {
                at += *at == '\\';
            }
            at++;
        } else if (*at == '#' || (*at == '/' && at + 1 < end && at[1] == '/')) {
            const char *newline = memchr(at, '\n', (size_t)(end - at));
            at = newline ? newline + 1 : end;
            text_string(&out, " ");
            text_add(&out, start, (size_t)(at - start));
        } else if (*at == '/') {
            const char *close = strstr(at + 2, "*/");
            at = close ? close + 2 : end;
            text_string(&out, " ");
            text_add(&out, start, (size_t)(at - start));
        } else {
            at++;
        }
    }
    return out.data;
}

/* A number or text in place of `entry` (may be NULL), as a group if it gets a source. */
static const char *plain_text(Edit *edit, const Entry *entry, const Words *words, const char *unit)
{
    Arena *arena = edit->arena;
    const char *number = words->number;
    Parts parts = {0};
    bool is_text = entry && entry->kind == ENTRY_TEXT;
    bool split = is_text && split_quantity(arena, entry->text, &parts);
    if (!number && entry) {
        number =
            split ? legal_letters(edit, parts.number, parts.value) : span_text(arena, entry->value);
    }
    if (words->unit) {
        unit = words->unit;
    } else if (split && parts.unit[0]) {
        unit = parts.unit;
    } else if (entry) {
        unit = NULL;
    }
    if (words->source) {
        return arena_format(arena, "{ value = %s;%s%s source = %s; }", number,
                            unit ? arena_format(arena, " unit = %s", quoted(arena, unit)) : "",
                            unit ? ";" : "", quoted(arena, words->source));
    }
    return unit ? quoted(arena, arena_format(arena, "%s %s", number, unit)) : number;
}

/* What stands for a member of a value group; NULL: it stays. */
static const char *member_text(Edit *edit, const Entry *group, const char *name, const Words *words)
{
    const Entry *item = entry_find(group, name);
    Words bare = {.number = words->number, .unit = words->unit};
    const Entry *number = entry_find(group, "value");
    bool united = number->kind == ENTRY_TEXT; // value = "5 mg": the unit stands in it
    if (strcmp(name, "value") == 0 && words->number) {
        bare.unit = united ? words->unit : NULL;
        return plain_text(edit, item, &bare, NULL);
    }
    if (strcmp(name, "unit") == 0 && words->unit && !united) {
        return quoted(edit->arena, words->unit);
    }
    if (strcmp(name, "source") == 0 && words->source) {
        return quoted(edit->arena, words->source);
    }
    return NULL;
}

void patch_value(Edit *edit, const Entry *entry, const Words *words)
{
    static const char *const names[] = {"value", "unit", "source"};
    if (words->other) {
        add_patch(edit, entry->value, with_comments(edit, entry->value, words->other));
        return;
    }
    if (!is_value_group(entry)) {
        const char *text = plain_text(edit, entry, words, NULL);
        add_patch(edit, entry->value, with_comments(edit, entry->value, text));
        return;
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *text = member_text(edit, entry, names[i], words);
        const Entry *item = entry_find(entry, names[i]);
        if (text && item) {
            add_patch(edit, item->value, with_comments(edit, item->value, text));
        } else if (text) {
            patch_new_member(edit, entry, names[i], text);
        }
    }
}

const char *whole_value(Edit *edit, const Place *place, const Words *words)
{
    Arena *arena = edit->arena;
    const Entry *entry = place->entry;
    if (words->other) {
        return words->other;
    }
    if (!entry || !is_value_group(entry)) {
        Unit unit = unit_none();
        if (place->quantity.kind != NAME_NONE) {
            unit = model_label(edit->model, place->quantity)->unit;
        }
        bool named = unit.known && !unit_is_dimensionless(unit) && words->source;
        return plain_text(edit, entry, words, named ? unit.text : NULL);
    }
    Text text = text_new(arena);
    text_string(&text, "{");
    for (int i = 0; i < entry->count; i++) {
        const Entry *item = entry->items[i];
        const char *fresh = member_text(edit, entry, item->name, words);
        text_format(&text, " %s = ", item->name);
        if (fresh) {
            text_string(&text, fresh);
        } else {
            config_print(item, &text);
        }
        text_string(&text, ";");
    }
    static const char *const names[] = {"unit", "source"};
    for (int i = 0; i < 2; i++) {
        const char *fresh = member_text(edit, entry, names[i], words);
        if (fresh && !entry_find(entry, names[i])) {
            text_format(&text, " %s = %s;", names[i], fresh);
        }
    }
    text_string(&text, " }");
    return text.data;
}
