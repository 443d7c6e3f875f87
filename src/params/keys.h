/* keys.h: the keys of the study language, from keys.def.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_PARAMS_KEYS_H
#define STROMA_PARAMS_KEYS_H

#include "params/config.h"

typedef enum {
    KEY_TEXT,
    KEY_NUMBER,
    KEY_WHOLE,      // a whole number
    KEY_SWITCH,     // true or false
    KEY_QUANTITY,   // a number, or text with a unit
    KEY_QUANTITIES, // one or a list of them
    KEY_NUMBERS,    // an array or list of numbers
    KEY_NAMES,      // an array or list of texts
    KEY_GROUP,
    KEY_GROUPS,    // a list of groups
    KEY_NAMED,     // a group whose keys are names of the model
    KEY_VALUE,     // quantity or group { value ... }
    KEY_RANGE,     // two numbers, or text
    KEY_TOLERANCE, // a number or a group by state
    KEY_SEED,      // a whole number, or text of one
    KEY_LEVELS,    // a list of groups, or a group by level
    KEY_ANY
} KeyType;

typedef struct {
    const char *path;
    KeyType type;
    const char *unit;
    const char *otherwise; // the default, in words
    const char *text;      // the paragraph
    const char *explained; // all of it
} Key;

/* The key with that path ("arms.doses.amount" is "doses.amount"), or NULL. */
const Key *key_find(const char *path);
const Key *key_at(int index);
int key_count(void);

/* Checks names and types of all members of a group, and of the groups and lists below it, as keys
 * under `path` ("" for the study). Entries that are wrong are marked so. */
void keys_check(Arena *arena, Diag *diag, Entry *group, const char *path);

/* The member with that name, or NULL if there is none, or it is wrong, or `group` is NULL. */
Entry *member(const Entry *group, const char *name);

#endif
