/* edit_path.c: from a dotted path to the place in the text, or to where it would stand.
 *
 * The same paths as --set has (set.c), but nothing is changed on the way: where a part is missing,
 * the walk remembers the deepest group that could take it.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "params/edit_inside.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    Edit *edit;
    Place *place;
    Entry *at;
    const char *path;    // what is still to be walked
    char key[256];       // path of keys.def so far
    const char *names;   // in a group of names of the model: where its names begin; else NULL
    unsigned name_kinds; // of those names; 0: names of no quantity
} Walk;

static bool report(const Walk *walk, Span where, const char *near, const char *words)
{
    Diag *diag = walk->edit->diag;
    diag_report(diag, FAULT_P460, where, "%s", words);
    if (near) {
        diag_hint(diag, "did you mean '%s'?", near);
    }
    return false;
}

/* What a group of that key holds by name. */
static unsigned kinds_of(const char *key)
{
    size_t length = strlen(key);
    bool parameters = length >= 10 && strcmp(key + length - 10, "parameters") == 0;
    bool covariates = length >= 10 && strcmp(key + length - 10, "covariates") == 0;
    return (parameters ? 1u << NAME_PARAMETER : 0) | (covariates ? 1u << NAME_COVARIATE : 0);
}

/* Appends a part to the path of keys: a name of the model is "*" there. */
static void extend_key(Walk *walk, const char *name)
{
    const Key *key = walk->key[0] ? key_find(walk->key) : NULL;
    bool named = key && (key->type == KEY_NAMED || key->type == KEY_TOLERANCE);
    if (named && !walk->names && !(key->type == KEY_TOLERANCE && strcmp(name, "default") == 0)) {
        walk->names = walk->path;
        walk->name_kinds = kinds_of(walk->key);
        name = "*";
    } else if (walk->names && walk->at->kind == ENTRY_GROUP && !is_value_group(walk->at) &&
               walk->name_kinds) {
        return; // further into the name of a module's quantity
    }
    size_t used = strlen(walk->key);
    snprintf(walk->key + used, sizeof walk->key - used, "%s%s", used ? "." : "", name);
}

bool is_value_group(const Entry *entry)
{
    return entry->kind == ENTRY_GROUP && entry_find(entry, "value");
}

bool is_group_key(const Key *key)
{
    return key && (key->type == KEY_GROUP || key->type == KEY_GROUPS || key->type == KEY_NAMED);
}

/* --- what is missing -----------------------------------------------------------------------------
 */

/* The members of a group that are like `name`. */
static const Entry *near_member(Arena *arena, const Entry *group, const char *name)
{
    const char **names = arena_array(arena, (size_t)group->count + 1, sizeof *names);
    for (int i = 0; i < group->count; i++) {
        names[i] = group->items[i]->name;
    }
    const char *near = names_near_list(names, group->count, name);
    return near ? entry_find(group, near) : NULL;
}

static const char *near_key(const char *path, const char *name)
{
    const char *names[256];
    int count = 0;
    size_t length = strlen(path);
    for (int i = 0; i < key_count() && count < 256; i++) {
        const char *key = key_at(i)->path;
        bool below = length == 0 || (strncmp(key, path, length) == 0 && key[length] == '.');
        const char *last = below ? key + length + (length > 0) : NULL;
        if (last && !strchr(last, '.') && strcmp(last, "*") != 0) {
            names[count++] = last;
        }
    }
    return names_near_list(names, count, name);
}

/* A name that the model does not have, or that cannot be known. */
static bool report_name(Walk *walk, const char *part)
{
    Edit *edit = walk->edit;
    const Entry *sibling = near_member(edit->arena, walk->at, part);
    Span where = sibling ? sibling->key : walk->at->key;
    bool covariate = walk->name_kinds == 1u << NAME_COVARIATE;
    const char *what = covariate ? "covariate" : "parameter";
    if (!edit->model) {
        return report(walk, where, sibling ? sibling->name : NULL,
                      arena_format(edit->arena,
                                   "nothing is written for '%s', and without its model "
                                   "the study cannot tell whether it is a %s",
                                   walk->names, what));
    }
    const char *near = sibling ? sibling->name : NULL;
    near = near ? near : model_near(edit->model, walk->name_kinds, walk->names);
    return report(walk, where, near,
                  arena_format(edit->arena, "the model '%s' has no %s '%s'", edit->model->name,
                               what, walk->names));
}

/* Where the group of names itself is missing: finds where the names begin in what is left. */
static void find_names(Walk *walk)
{
    char key[256];
    snprintf(key, sizeof key, "%s", walk->key);
    const char *rest = strchr(walk->path, '.');
    while (rest && !walk->names) {
        const Key *known = key_find(key);
        unsigned kinds = known && known->type == KEY_NAMED ? kinds_of(key) : 0;
        if (kinds) {
            walk->names = rest + 1;
            walk->name_kinds = kinds;
        }
        size_t used = strlen(key);
        snprintf(key + used, sizeof key - used, ".%.*s", (int)strcspn(rest + 1, "."), rest + 1);
        rest = strchr(rest + 1, '.');
    }
}

/* A part that is not there: true if it could be. */
static bool missing(Walk *walk, const char *part)
{
    Edit *edit = walk->edit;
    Place *place = walk->place;
    if (!walk->names) {
        find_names(walk);
    }
    bool in_value = walk->names && is_value_group(walk->at);
    if (walk->name_kinds && !in_value) {
        NameRef ref = edit->model ? model_find(edit->model, walk->names) : (NameRef){NAME_NONE, 0};
        if (!(walk->name_kinds & 1u << ref.kind) || ref.kind == NAME_NONE) {
            return report_name(walk, part);
        }
        place->quantity = ref;
        place->key = key_find("parameters.*");
        return true;
    }
    char full[512];
    const char *rest = strchr(walk->path, '.');
    snprintf(full, sizeof full, "%s%s", walk->key, rest ? rest : "");
    place->key = key_find(full);
    if (place->key) {
        return true;
    }
    const Entry *sibling = near_member(edit->arena, walk->at, part);
    char above[256];
    snprintf(above, sizeof above, "%s", walk->key);
    char *dot = strrchr(above, '.');
    *(dot ? dot : above) = '\0';
    const char *near = sibling ? sibling->name : near_key(above, part);
    return report(walk, sibling ? sibling->key : walk->at->key, near,
                  arena_format(edit->arena, "the study has no '%s'", place->full));
}

/* --- the walk ------------------------------------------------------------------------------------
 */

/* The arm whose name, the longest one, begins the path; or -1. */
static int arm_named(const Walk *walk, size_t *length)
{
    int found = -1;
    *length = 0;
    for (int i = 0; i < walk->at->count; i++) {
        const Entry *arm = walk->at->items[i];
        const Entry *name = arm->kind == ENTRY_GROUP ? entry_find(arm, "name") : NULL;
        size_t size = name && name->kind == ENTRY_TEXT ? strlen(name->text) : 0;
        if (size > *length && strncmp(walk->path, name->text, size) == 0 &&
            (walk->path[size] == '.' || walk->path[size] == '\0')) {
            *length = size;
            found = i;
        }
    }
    return found;
}

static const char *near_arm(Walk *walk, const char *name)
{
    const char **names = arena_array(walk->edit->arena, (size_t)walk->at->count + 1, sizeof *names);
    int count = 0;
    for (int i = 0; i < walk->at->count; i++) {
        const Entry *arm = walk->at->items[i];
        const Entry *text = arm->kind == ENTRY_GROUP ? entry_find(arm, "name") : NULL;
        if (text && text->kind == ENTRY_TEXT) {
            names[count++] = text->text;
        }
    }
    return names_near_list(names, count, name);
}

/* Goes to the element that the path names next; *length: of its part. False: reported. */
static bool enter_element(Walk *walk, size_t *length)
{
    Edit *edit = walk->edit;
    int index = strcmp(walk->key, "arms") == 0 ? arm_named(walk, length) : -1;
    if (index < 0) {
        *length = strcspn(walk->path, ".");
        size_t digits = strspn(walk->path, "0123456789");
        index =
            digits == *length && digits > 0 && digits < 10 ? (int)strtol(walk->path, NULL, 10) : -1;
    }
    walk->place->is_blocked =
        walk->place->is_blocked || walk->at->layer != edit->config->root->layer;
    walk->place->in_array = walk->at->kind == ENTRY_ARRAY;
    if (index >= 0 && index < walk->at->count) {
        walk->place->above = walk->at;
        walk->at = walk->at->items[index];
        return true;
    }
    char *part = arena_copy(edit->arena, walk->path, *length);
    report(walk, walk->at->key, near_arm(walk, part),
           arena_format(edit->arena, "'%s' has no element '%s'", walk->key, part));
    return false;
}

static bool enter_member(Walk *walk, size_t *length)
{
    *length = strcspn(walk->path, ".");
    char *name = arena_copy(walk->edit->arena, walk->path, *length);
    walk->place->above = walk->at;
    extend_key(walk, name);
    Entry *next = entry_find(walk->at, name);
    if (next) {
        walk->at = next;
    }
    return next != NULL;
}

/* The deepest group of the study's own text. */
static void keep_home(Walk *walk)
{
    bool own = walk->at->layer == walk->edit->config->root->layer;
    if (own && walk->at->kind == ENTRY_GROUP && !is_value_group(walk->at)) {
        walk->place->home = walk->at;
        walk->place->rest = walk->path;
    }
}

static bool walk_down(Walk *walk)
{
    Place *place = walk->place;
    while (*walk->path) {
        size_t length = 0;
        keep_home(walk);
        if (*walk->path == '.' || strstr(walk->path, "..")) {
            return report(walk, walk->at->key, NULL, "a part of the path is empty");
        }
        if (walk->at->kind == ENTRY_LIST || walk->at->kind == ENTRY_ARRAY) {
            if (!enter_element(walk, &length)) {
                return false;
            }
        } else if (walk->at->kind != ENTRY_GROUP) {
            return report(walk, walk->at->value, NULL,
                          arena_format(walk->edit->arena,
                                       "there is nothing below this for '%s': it is "
                                       "a single value",
                                       place->full));
        } else if (!enter_member(walk, &length)) {
            return missing(walk, arena_copy(walk->edit->arena, walk->path, length));
        }
        walk->path += length;
        walk->path += *walk->path == '.' && walk->path[1];
    }
    place->entry = walk->at;
    place->key = key_find(walk->key);
    if (walk->name_kinds && walk->edit->model) {
        NameRef ref = model_find(walk->edit->model, walk->names);
        place->quantity = walk->name_kinds & 1u << ref.kind ? ref : place->quantity;
    }
    if (place->quantity.kind != NAME_NONE) { // a covariate is written as a parameter is
        place->key = key_find("parameters.*");
    }
    return true;
}

bool find_place(Edit *edit, const char *path, Place *place)
{
    Entry *root = edit->config->root;
    size_t first = strcspn(path, ".");
    char *word = arena_copy(edit->arena, path, first);
    *place = (Place){.full = path, .above = root, .home = root, .rest = path};
    Walk walk = {.edit = edit, .place = place, .at = root, .path = path};
    if (!key_find(word)) {
        NameRef ref = edit->model ? model_find(edit->model, path) : (NameRef){NAME_NONE, 0};
        if (ref.kind != NAME_PARAMETER && ref.kind != NAME_COVARIATE) {
            unsigned kinds = 1u << NAME_PARAMETER | 1u << NAME_COVARIATE;
            const char *near = edit->model ? model_near(edit->model, kinds, path) : NULL;
            const Entry *home = entry_find(root, "parameters");
            const Entry *sibling = home && near ? entry_find(home, near) : NULL;
            near = near ? near : near_key("", word);
            return report(&walk,
                          sibling ? sibling->key
                          : home  ? home->key
                                  : root->key,
                          near,
                          arena_format(edit->arena,
                                       edit->model
                                           ? "'%s' is no key of a study and no parameter of "
                                             "its model"
                                           : "'%s' is no key of a study, and its model is "
                                             "not found",
                                       path));
        }
        const char *group = ref.kind == NAME_COVARIATE ? "covariates" : "parameters";
        place->full = arena_format(edit->arena, "%s.%s", group, path);
        place->rest = walk.path = place->full;
    }
    return walk_down(&walk);
}
