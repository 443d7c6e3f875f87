/* edit_get.c: values as they stand in a study, with unit, source and place.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "params/edit_inside.h"

#include <assert.h>
#include <math.h>
#include <string.h>

typedef struct {
    Edit *edit;
    EditValue *values;
    int count;
    size_t capacity;
} Found;

/* The number of a value in the model's unit, as read_values.c makes it; NAN if it is none. */
static double in_model_unit(Edit *edit, const Entry *value, const char *unit_text, Unit want)
{
    Parts parts = {.value = value->number, .unit = ""};
    bool number = entry_is_number(value) ||
                  (value->kind == ENTRY_TEXT && split_quantity(edit->arena, value->text, &parts));
    const char *text = unit_text ? unit_text : parts.unit;
    Unit unit;
    size_t bad = 0;
    size_t bad_length = 0;
    const char *near = NULL;
    if (!number) {
        return (double)NAN;
    }
    if (!*text) {
        return parts.value;
    }
    if (!unit_read(edit->arena, text, strlen(text), &unit, &bad, &bad_length, &near) ||
        !unit_same_dimension(unit, want)) {
        return (double)NAN;
    }
    return parts.value * unit_factor(unit, want);
}

static EditValue *add_value(Found *found, const char *path, Span span)
{
    found->values = arena_grow(found->edit->arena, found->values, (size_t)found->count,
                               &found->capacity, sizeof *found->values);
    EditValue *value = &found->values[found->count++];
    *value = (EditValue){.path = path, .span = span, .model_value = (double)NAN};
    return value;
}

static void set_quantity(Edit *edit, EditValue *value, const Entry *entry, NameRef ref)
{
    Unit want = model_label(edit->model, ref)->unit;
    const Entry *unit = is_value_group(entry) ? entry_find(entry, "unit") : NULL;
    const Entry *number = is_value_group(entry) ? entry_find(entry, "value") : entry;
    value->is_quantity = true;
    value->model_unit = want.known ? want.text : NULL;
    value->unit = value->unit ? value->unit : value->model_unit;
    value->model_value =
        in_model_unit(edit, number, unit && unit->kind == ENTRY_TEXT ? unit->text : NULL, want);
}

static void take_entry(Found *found, const char *path, const Entry *entry, NameRef ref)
{
    Edit *edit = found->edit;
    EditValue *value = add_value(found, path, entry->value);
    const Entry *number = entry;
    if (is_value_group(entry)) {
        const Entry *unit = entry_find(entry, "unit");
        const Entry *source = entry_find(entry, "source");
        number = entry_find(entry, "value");
        value->unit = unit && unit->kind == ENTRY_TEXT ? unit->text : NULL;
        value->source = source && source->kind == ENTRY_TEXT ? source->text : NULL;
        value->span = number->value;
    }
    Parts parts;
    value->value = span_text(edit->arena, number->value);
    if (number->kind == ENTRY_TEXT && split_quantity(edit->arena, number->text, &parts) &&
        parts.unit[0]) {
        value->value = parts.number;
        value->unit = parts.unit;
    } else if (number->kind == ENTRY_TEXT) {
        value->value = number->text;
    }
    if (ref.kind != NAME_NONE) {
        set_quantity(edit, value, entry, ref);
    }
}

/* Everything below an entry. The quantity of each is found by its path. */
static void take_below(Found *found, const char *path, const Entry *entry)
{
    Edit *edit = found->edit;
    bool values = false;
    for (int i = 0; i < entry->count && entry->kind != ENTRY_GROUP; i++) {
        values = values || entry->items[i]->kind > ENTRY_ARRAY;
    }
    if (entry->kind > ENTRY_ARRAY || is_value_group(entry) || values || entry->count == 0) {
        Place place = {.quantity = {NAME_NONE, 0}};
        (void)find_place(edit, path, &place);
        take_entry(found, path, entry, place.quantity);
        return;
    }
    for (int i = 0; i < entry->count; i++) {
        const Entry *item = entry->items[i];
        const Entry *name = item->kind == ENTRY_GROUP ? entry_find(item, "name") : NULL;
        bool arm = strcmp(path, "arms") == 0 && name && name->kind == ENTRY_TEXT;
        const char *part = item->name ? item->name : arm ? name->text : NULL;
        part = part ? part : arena_format(edit->arena, "%d", i);
        take_below(found, *path ? arena_format(edit->arena, "%s.%s", path, part) : part, item);
    }
}

bool edit_get(Edit *edit, const char *path, EditValue **values, int *count)
{
    assert(edit && path && values && count);
    Found found = {.edit = edit};
    Place place = {.full = path};
    if (*path == '\0') {
        take_below(&found, path, edit->config->root);
    } else if (!find_place(edit, path, &place)) {
        return false;
    } else if (place.entry) {
        take_below(&found, place.full, place.entry);
    } else if (place.quantity.kind != NAME_NONE) {
        const Model *model = edit->model;
        const Parameter *list =
            place.quantity.kind == NAME_PARAMETER ? model->parameters : model->covariates;
        const Parameter *parameter = &list[place.quantity.index];
        EditValue *value = add_value(&found, place.full, parameter->label.span);
        value->is_quantity = value->is_default = true;
        value->value = parameter->has_default ? real_letters(edit->arena, parameter->value) : "NA";
        value->model_value = parameter->has_default ? parameter->value : (double)NAN;
        value->unit = value->model_unit =
            parameter->label.unit.known ? parameter->label.unit.text : NULL;
    } else if (!is_group_key(place.key)) {
        EditValue *value = add_value(&found, place.full, place.above->key);
        value->value = "NA";
        value->is_default = true;
    }
    *values = found.values;
    *count = found.count;
    return true;
}
