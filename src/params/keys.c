/* keys.c: unknown keys, wrong types, and what `stroma explain KEY` says.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "params/keys.h"

#include "params/params.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define WORDS_TEXT       "text in quotes"
#define WORDS_NUMBER     "a number"
#define WORDS_WHOLE      "a whole number"
#define WORDS_SWITCH     "true or false"
#define WORDS_QUANTITY   "a number, or text with a unit"
#define WORDS_QUANTITIES "a number, text with a unit, or a list of them"
#define WORDS_NUMBERS    "an array of numbers"
#define WORDS_NAMES      "an array of texts"
#define WORDS_GROUP      "a group"
#define WORDS_GROUPS     "a list of groups"
#define WORDS_NAMED      "a group of names of the model"
#define WORDS_VALUE      "a number, text with a unit, or a group"
#define WORDS_RANGE      "two numbers, or text"
#define WORDS_TOLERANCE  "a number, or a group by state"
#define WORDS_SEED       "a whole number, or one in quotes"
#define WORDS_LEVELS     "a list of groups, or a group"
#define WORDS_ANY        "anything"

static const char *const type_words[] = {
    [KEY_TEXT] = WORDS_TEXT,         [KEY_NUMBER] = WORDS_NUMBER,
    [KEY_WHOLE] = WORDS_WHOLE,       [KEY_SWITCH] = WORDS_SWITCH,
    [KEY_QUANTITY] = WORDS_QUANTITY, [KEY_QUANTITIES] = WORDS_QUANTITIES,
    [KEY_NUMBERS] = WORDS_NUMBERS,   [KEY_NAMES] = WORDS_NAMES,
    [KEY_GROUP] = WORDS_GROUP,       [KEY_GROUPS] = WORDS_GROUPS,
    [KEY_NAMED] = WORDS_NAMED,       [KEY_VALUE] = WORDS_VALUE,
    [KEY_RANGE] = WORDS_RANGE,       [KEY_TOLERANCE] = WORDS_TOLERANCE,
    [KEY_SEED] = WORDS_SEED,         [KEY_LEVELS] = WORDS_LEVELS,
    [KEY_ANY] = WORDS_ANY,
};

/* How each is written, behind the caret. */
static const char *const type_hints[] = {
    [KEY_TEXT] = "write \"...\"",
    [KEY_NUMBER] = NULL,
    [KEY_WHOLE] = NULL,
    [KEY_SWITCH] = NULL,
    [KEY_QUANTITY] = "such as 5.0 or \"5 mg\"",
    [KEY_QUANTITIES] = "such as 5.0, \"5 h\" or ( 0, \"1 week\" )",
    [KEY_NUMBERS] = "such as [ 1.0, 2.0 ]",
    [KEY_NAMES] = "such as [ \"a\", \"b\" ]",
    [KEY_GROUP] = "write { ... }",
    [KEY_GROUPS] = "write ( { ... }, { ... } )",
    [KEY_NAMED] = "write { ... }",
    [KEY_VALUE] = "such as 5.0, \"5 mg\" or { value = 5.0; unit = \"mg\"; }",
    [KEY_RANGE] = "such as [ 1.0, 2.0 ]",
    [KEY_TOLERANCE] = "such as 1e-9 or { default = 1e-9; }",
    [KEY_SEED] = "such as 20261121",
    [KEY_LEVELS] = "such as ( { name = \"donor\"; count = 10; } )",
    [KEY_ANY] = NULL,
};

static const Key keys[] = {
#define KEY(path, type, unit, otherwise, text)                                                     \
    {path, KEY_##type,                                                                             \
     unit, otherwise,                                                                              \
     text, path ": " WORDS_##type "\n  unit: " unit "\n  default: " otherwise "\n\n" text},
#include "params/keys.def"
#undef KEY
};

static const char *const key_names[] = {
#define KEY(path, type, unit, otherwise, text) path,
#include "params/keys.def"
#undef KEY
};

enum { KEY_COUNT = sizeof keys / sizeof keys[0], MOST_PATH = 256 };

int key_count(void)
{
    return KEY_COUNT;
}

const Key *key_at(int index)
{
    assert(index >= 0 && index < KEY_COUNT);
    return &keys[index];
}

static const Key *find_exactly(const char *path)
{
    for (int i = 0; i < KEY_COUNT; i++) {
        if (strcmp(keys[i].path, path) == 0) {
            return &keys[i];
        }
    }
    return NULL;
}

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

/* What stands in an arm is listed once, under the study's own key. */
static const char *listed_path(const char *path)
{
    bool in_arm = starts_with(path, "arms.doses.") || starts_with(path, "arms.parameters.") ||
                  starts_with(path, "arms.covariates.");
    return in_arm ? path + strlen("arms.") : path;
}

const Key *key_find(const char *path)
{
    assert(path);
    return find_exactly(listed_path(path));
}

Entry *member(const Entry *group, const char *name)
{
    if (!group || group->kind != ENTRY_GROUP) {
        return NULL;
    }
    Entry *entry = entry_find(group, name);
    return entry && !entry->is_wrong ? entry : NULL;
}

/* --- checking ------------------------------------------------------------------------------------
 */

/* The part of a key's path behind "path.", if it is one level below; else NULL. */
static const char *below(const char *key, const char *path)
{
    size_t length = strlen(path);
    const char *rest = key;
    if (length > 0) {
        if (strncmp(key, path, length) != 0 || key[length] != '.') {
            return NULL;
        }
        rest = key + length + 1;
    }
    return strchr(rest, '.') || strcmp(rest, "*") == 0 ? NULL : rest;
}

/* Names of the keys directly under a path. */
static int names_below(const char *path, const char *names[KEY_COUNT])
{
    int count = 0;
    for (int i = 0; i < KEY_COUNT; i++) {
        const char *name = below(keys[i].path, path);
        if (name) {
            names[count++] = name;
        }
    }
    return count;
}

/* A key of that name at another place, or NULL. */
static const Key *elsewhere(const char *name)
{
    for (int i = 0; i < KEY_COUNT; i++) {
        const char *dot = strrchr(keys[i].path, '.');
        if (strcmp(dot ? dot + 1 : keys[i].path, name) == 0 && name[0] != '*') {
            return &keys[i];
        }
    }
    return NULL;
}

/* Who has the keys under a path, in words. */
static const char *owner_words(Arena *arena, const char *path)
{
    static const char *const words[][2] = {
        {"", "a study"},
        {"arms", "an arm"},
        {"doses", "a dose"},
        {"plots", "a plot"},
        {"plots.points", "'points' of a plot"},
        {"tables.*", "a table"},
        {"parameters.*", "the group of a value"},
        {"population", "a population"},
        {"population.vary.*", "the group of a distribution"},
        {"population.levels", "a level"},
        {"population.correlate", "a correlation"},
        {"fit", "a fit"},
        {"fit.parameters.*", "a free parameter"},
        {"fit.parameters.*.prior", "a prior"},
        {"fit.observe.*", "an observable"},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(path, words[i][0]) == 0) {
            return words[i][1];
        }
    }
    return arena_format(arena, "'%s'", path);
}

static void report_unknown(Arena *arena, Diag *diag, const Entry *entry, const char *path)
{
    const char *names[KEY_COUNT];
    int count = names_below(path, names);
    const char *near = names_near_list(names, count, entry->name);
    diag_report(diag, FAULT_P012, entry->key, "%s has no key '%s'", owner_words(arena, path),
                entry->name);
    const Key *other = elsewhere(entry->name);
    if (near) {
        diag_hint(diag, "did you mean '%s'?", near);
    } else if (other && starts_with(other->path, "population.vary.")) {
        diag_hint(diag, "it belongs to population = { vary = { NAME = { ... }; }; }");
    } else if (other && strchr(other->path, '*')) {
        diag_hint(diag, "it belongs to the group of a value");
    } else if (other && strchr(other->path, '.')) {
        diag_hint(diag, "it belongs under '%.*s'", (int)(strrchr(other->path, '.') - other->path),
                  other->path);
    } else if (other) {
        diag_hint(diag, "it belongs to the study itself, outside every group");
    } else {
        Text list = text_new(arena);
        for (int i = 0; i < count; i++) {
            text_format(&list, "%s%s", i ? ", " : "", names[i]);
        }
        diag_hint(diag, "known here: %s", list.data);
    }
}

static bool is_sequence(const Entry *entry)
{
    return entry->kind == ENTRY_LIST || entry->kind == ENTRY_ARRAY;
}

static bool is_quantity(const Entry *entry)
{
    return entry_is_number(entry) || entry->kind == ENTRY_TEXT;
}

static bool fits_alone(const Entry *entry, KeyType type)
{
    switch (type) {
    case KEY_TEXT:
        return entry->kind == ENTRY_TEXT;
    case KEY_NUMBER:
        return entry_is_number(entry);
    case KEY_WHOLE:
        return entry_is_number(entry) && entry->number == trunc(entry->number);
    case KEY_SWITCH:
        return entry->kind == ENTRY_BOOLEAN;
    case KEY_QUANTITY:
        return is_quantity(entry);
    case KEY_QUANTITIES:
        return is_quantity(entry) || is_sequence(entry);
    case KEY_NUMBERS:
    case KEY_NAMES:
        return is_sequence(entry);
    case KEY_GROUP:
    case KEY_NAMED:
        return entry->kind == ENTRY_GROUP;
    case KEY_GROUPS:
        return entry->kind == ENTRY_LIST;
    case KEY_VALUE:
        return is_quantity(entry) || entry->kind == ENTRY_GROUP;
    case KEY_RANGE:
        return is_sequence(entry) || entry->kind == ENTRY_TEXT;
    case KEY_TOLERANCE:
        return entry_is_number(entry) || entry->kind == ENTRY_GROUP;
    case KEY_SEED:
        return (entry_is_number(entry) && entry->number == trunc(entry->number)) ||
               entry->kind == ENTRY_TEXT;
    case KEY_LEVELS:
        return entry->kind == ENTRY_LIST || entry->kind == ENTRY_GROUP;
    case KEY_ANY:
        return true;
    }
    return false;
}

/* The type of each element of a list or array. */
static KeyType element_type(const Entry *entry, KeyType type)
{
    switch (type) {
    case KEY_LEVELS:
        return entry->kind == ENTRY_LIST ? KEY_GROUP : KEY_ANY;
    case KEY_QUANTITIES:
        return KEY_QUANTITY;
    case KEY_NUMBERS:
    case KEY_RANGE:
        return KEY_NUMBER;
    case KEY_NAMES:
        return KEY_TEXT;
    case KEY_GROUPS:
        return KEY_GROUP;
    default:
        return KEY_ANY;
    }
}

static void report_type(Diag *diag, Entry *entry, const Key *key, KeyType type)
{
    const char *star = strrchr(key->path, '*');
    entry->is_wrong = true;
    diag_report(diag, FAULT_P013, entry->value, "%s'%s' is %s, not %s",
                type == key->type ? "" : "each element of ",
                star && star[1] == '.' ? star + 2 : key->path, type_words[type],
                entry_kind_words(entry->kind));
    if (type_hints[type]) {
        diag_hint(diag, "%s", type_hints[type]);
    }
}

static void check_one(Arena *arena, Diag *diag, Entry *entry, const Key *key)
{
    if (entry->is_wrong) {
        return;
    }
    if (!fits_alone(entry, key->type)) {
        report_type(diag, entry, key, key->type);
        return;
    }
    if (key->type == KEY_GROUP) {
        keys_check(arena, diag, entry, key->path);
    }
    bool is_groups = key->type == KEY_GROUPS || key->type == KEY_LEVELS;
    KeyType type = element_type(entry, key->type);
    for (int i = 0; type != KEY_ANY && i < entry->count; i++) {
        Entry *item = entry->items[i];
        if (!item->is_wrong && !fits_alone(item, type)) {
            report_type(diag, item, key, type);
            entry->is_wrong = entry->is_wrong || !is_groups;
        } else if (type == KEY_GROUP && !item->is_wrong) {
            bool in_arm = strcmp(key->path, "arms.doses") == 0;
            keys_check(arena, diag, item, in_arm ? "doses" : key->path);
        }
        entry->is_wrong = entry->is_wrong || (item->is_wrong && !is_groups);
    }
}

void keys_check(Arena *arena, Diag *diag, Entry *group, const char *path)
{
    assert(group->kind == ENTRY_GROUP && strlen(path) < MOST_PATH);
    for (int i = 0; i < group->count; i++) {
        Entry *entry = group->items[i];
        char full[MOST_PATH * 2];
        snprintf(full, sizeof full, "%s%s%.200s", path, path[0] ? "." : "", entry->name);
        const Key *key = find_exactly(full);
        if (entry->is_wrong) {
            continue;
        }
        if (key) {
            check_one(arena, diag, entry, key);
        } else {
            report_unknown(arena, diag, entry, path);
            entry->is_wrong = true;
        }
    }
}

/* --- explaining ----------------------------------------------------------------------------------
 */

/* True if `key`, in which '*' is one name, means `path`; numbers of list elements are passed over.
 */
static bool path_matches(const char *key, const char *path)
{
    while (*key && *path) {
        size_t key_length = strcspn(key, ".");
        size_t path_length = strcspn(path, ".");
        if (path_length && strspn(path, "0123456789") == path_length) {
            path += path_length + (path[path_length] == '.');
            continue;
        }
        bool any = key_length == 1 && key[0] == '*';
        if (!any && (key_length != path_length || memcmp(key, path, key_length) != 0)) {
            return false;
        }
        key += key_length + (key[key_length] == '.');
        path += path_length + (path[path_length] == '.');
    }
    return *key == '\0' && (*path == '\0' || strspn(path, "0123456789") == strlen(path));
}

const char *params_explain(const char *key)
{
    assert(key);
    const Key *exact = key_find(key);
    if (exact) {
        return exact->explained;
    }
    const char *path = starts_with(key, "arms.") ? key + strlen("arms.") : key;
    for (int i = 0; i < KEY_COUNT; i++) {
        if (path_matches(keys[i].path, key) || path_matches(keys[i].path, path)) {
            return keys[i].explained;
        }
    }
    const Key *other = elsewhere(key);
    return other ? other->explained : NULL;
}

int params_keys(const char *const **names)
{
    assert(names);
    *names = key_names;
    return KEY_COUNT;
}
