/* listing.h: what models, studies and sets of numbers there are, each read once.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_CLI_LISTING_H
#define STROMA_CLI_LISTING_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>

typedef enum { ITEM_MODEL, ITEM_STUDY, ITEM_NUMBERS, ITEM_KINDS } ItemKind;

typedef struct {
    ItemKind kind;
    const char *place; // the folder that was searched
    const char *name;  // path in it, without the ending
    const char *path;
    const char *title;  // of a set of numbers: its first line of comment
    const char *model;  // of a study
    const char *broken; // the title of the first mistake, or NULL
    bool is_module;
    int states, parameters, observables; // of a model, also of the study's
    int arms, subjects;                  // of a study; subjects of each arm
    int numbers, sourced;                // of a set
} Item;

typedef struct {
    Arena *arena;
    Item *items; // (count) in the order of the places, sorted within
    size_t count, capacity;
    const char **seen; // (seen_count) resolved paths: nothing is listed twice
    size_t seen_count, seen_capacity;
} Items;

/* Everything below the folder `place`; false: it cannot be read (errno). */
bool items_add_folder(Items *items, const char *place);

/* What stroma finds by itself: the working folder (not what is below it), ./models, ./params, the
 * folders of $STROMA_PATH, and where it is installed. */
void items_add_places(Items *items);

#endif
