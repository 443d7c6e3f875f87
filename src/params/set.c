/* set.c: --set path=value: changes of the study made on the command line.
 *
 * A change is put into the tree of entries before anything is read, so that it is checked like what
 * is written in the file; its place in messages is "--set". A path is keys with dots; an arm goes
 * by its name or number; the bare name of a parameter or covariate is enough.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "params/reader.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A path while it is walked. */
typedef struct {
    Reader *reader;
    const Source *source;
    const char *path; // what is still to be walked
    const Layer *layer;
    char key[256]; // path of keys.def walked so far
    bool is_named; // below a group of names of the model
} Walk;

static Span walk_span(const Walk *walk, size_t length)
{
    uint32_t at = (uint32_t)(walk->path - walk->source->text);
    return (Span){walk->source, at, (uint32_t)length};
}

static bool report_path(Walk *walk, size_t length, const char *words)
{
    diag_report(walk->reader->diag, FAULT_P046, walk_span(walk, length), "%s", words);
    return false;
}

/* Near names for a first part that is neither a key of the study nor a quantity of the model. */
static void hint_first(Walk *walk, const char *first, const char *whole)
{
    const Model *model = walk->reader->model;
    const char *names[128];
    int count = 0;
    for (int i = 0; i < key_count() && count < 128; i++) {
        if (!strchr(key_at(i)->path, '.')) {
            names[count++] = key_at(i)->path;
        }
    }
    const char *near =
        model ? model_near(model, 1u << NAME_PARAMETER | 1u << NAME_COVARIATE, whole) : NULL;
    near = near ? near : names_near_list(names, count, first);
    if (near) {
        diag_hint(walk->reader->diag, "did you mean '%s'?", near);
    }
}

/* The member of a group with that name; a group that is missing but could be there is made. */
static Entry *member_or_new(Walk *walk, Entry *group, const char *name, size_t length)
{
    Arena *arena = walk->reader->arena;
    Entry *entry = entry_find(group, name);
    if (entry) {
        return entry;
    }
    const Key *key = walk->is_named ? NULL : key_find(walk->key);
    bool is_group =
        walk->is_named ||
        (key && (key->type == KEY_GROUP || key->type == KEY_NAMED || key->type == KEY_TOLERANCE));
    if (!is_group) {
        report_path(walk, length, arena_format(arena, "the study has no '%s'", walk->key));
        return NULL;
    }
    entry = arena_alloc(arena, sizeof *entry);
    entry->kind = ENTRY_GROUP;
    entry->name = arena_copy(arena, name, strlen(name));
    entry->layer = walk->layer;
    entry->key = entry->value = walk_span(walk, length);
    entry_put(arena, group, entry);
    return entry;
}

/* Appends a part to the path of keys. Below a group of names the model decides what there is. */
static void extend_key(Walk *walk, const char *name)
{
    const Key *key = walk->key[0] ? key_find(walk->key) : NULL;
    walk->is_named =
        walk->is_named || (key && (key->type == KEY_NAMED || key->type == KEY_TOLERANCE));
    if (!walk->is_named) {
        size_t used = strlen(walk->key);
        snprintf(walk->key + used, sizeof walk->key - used, "%s%s", used ? "." : "", name);
    }
}

/* The arm whose name, the longest one, begins the path; or -1. */
static int arm_named(const Walk *walk, const Entry *list, size_t *length)
{
    int found = -1;
    *length = 0;
    for (int i = 0; i < list->count; i++) {
        const Entry *arm = list->items[i];
        const Entry *name = arm->kind == ENTRY_GROUP ? member(arm, "name") : NULL;
        size_t size = name && name->kind == ENTRY_TEXT ? strlen(name->text) : 0;
        if (size > *length && strncmp(walk->path, name->text, size) == 0 &&
            (walk->path[size] == '.' || walk->path[size] == '=')) {
            *length = size;
            found = i;
        }
    }
    return found;
}

/* The element of a list that the path names next: an arm by name, or a number. NULL: reported. */
static Entry **element(Walk *walk, Entry *list, size_t *length)
{
    bool arms = strcmp(walk->key, "arms") == 0;
    int named = arms ? arm_named(walk, list, length) : -1;
    if (named >= 0) {
        return &list->items[named];
    }
    *length = strcspn(walk->path, ".=");
    size_t digits = strspn(walk->path, "0123456789");
    long index = digits == *length && digits > 0 && digits < 10 ? strtol(walk->path, NULL, 10) : -1;
    if (index >= 0 && index < list->count) {
        return &list->items[index];
    }
    report_path(walk, *length,
                arena_format(walk->reader->arena, "'%s' has no element '%.*s'", walk->key,
                             (int)*length, walk->path));
    if (arms && digits == 0) {
        diag_hint(walk->reader->diag, "an arm goes by its name or its number from 0");
    } else {
        diag_hint(walk->reader->diag, "it has %d, counted from 0", list->count);
    }
    return NULL;
}

static void put_value(Walk *walk, Entry *group, Entry *value, size_t length)
{
    value->key = walk_span(walk, length);
    value->name = span_text(walk->reader->arena, value->key);
    entry_put(walk->reader->arena, group, value);
}

/* Walks down from `entry` and puts the value at the end of the path. */
static bool walk_down(Walk *walk, Entry *entry, Entry *value)
{
    for (;;) {
        size_t length = strcspn(walk->path, ".=");
        if (length == 0) {
            return report_path(walk, 1, "a part of the path is empty");
        }
        if (entry->kind == ENTRY_LIST || entry->kind == ENTRY_ARRAY) {
            Entry **found = element(walk, entry, &length);
            if (!found) {
                return false;
            }
            if (walk->path[length] == '=') {
                value->key = walk_span(walk, length);
                *found = value;
                return true;
            }
            entry = *found;
        } else if (entry->kind == ENTRY_GROUP) {
            char *name = arena_copy(walk->reader->arena, walk->path, length);
            extend_key(walk, name);
            if (walk->path[length] == '=') {
                put_value(walk, entry, value, length);
                return true;
            }
            entry = member_or_new(walk, entry, name, length);
            if (!entry) {
                return false;
            }
        } else {
            return report_path(walk, length, "there is nothing below this: it is a single value");
        }
        walk->path += length + 1;
    }
}

/* True if the path is (or begins with) the name of a parameter or covariate; *group is its home. */
static bool is_quantity(Reader *reader, const char *path, const char **group)
{
    NameRef ref = reader->model ? model_find(reader->model, path) : (NameRef){NAME_NONE, 0};
    *group = ref.kind == NAME_COVARIATE ? "covariates" : "parameters";
    return ref.kind == NAME_PARAMETER || ref.kind == NAME_COVARIATE;
}

static void apply_one(Reader *reader, const Setting *setting)
{
    Arena *arena = reader->arena;
    const char *text = arena_format(arena, "%s=%s", setting->path, setting->value);
    const Source *source = source_from_text(arena, "--set", text, strlen(text));
    size_t path_length = strlen(setting->path);
    Walk walk = {.reader = reader, .source = source, .path = source->text};
    size_t first_length = strcspn(setting->path, ".");
    if (first_length == 0 || strchr(setting->path, '=')) {
        diag_report(reader->diag, FAULT_P045, (Span){source, 0, 1}, "this is not path=value");
        return;
    }
    Entry *value = config_read_value(reader->config, source, (uint32_t)path_length + 1);
    walk.layer = value->layer;
    if (value->is_wrong || !config_load(reader->config, value)) {
        return;
    }
    const char *group = NULL;
    char *first = arena_copy(arena, setting->path, first_length);
    if (key_find(first)) {
        walk_down(&walk, reader->config->root, value);
    } else if (is_quantity(reader, setting->path, &group)) {
        snprintf(walk.key, sizeof walk.key, "%s", group);
        Entry *home = member_or_new(&walk, reader->config->root, group, first_length);
        walk_down(&walk, home, value);
    } else {
        report_path(&walk, path_length,
                    arena_format(arena, "'%s' is no key of a study and no parameter of the model",
                                 setting->path));
        hint_first(&walk, first, setting->path);
    }
}

void apply_settings(Reader *reader, bool of_model)
{
    for (int i = 0; i < reader->options->setting_count; i++) {
        const Setting *setting = &reader->options->settings[i];
        assert(setting->path && setting->value);
        if ((strcmp(setting->path, "model") == 0) == of_model) {
            apply_one(reader, setting);
        }
    }
    const char *at_dose = reader->options->at_dose;
    if (at_dose != NULL && !of_model && entry_find(reader->config->root, "fit") != NULL) {
        apply_one(reader, &(Setting){.path = "fit.at_dose", .value = at_dose});
    }
}
