/* names.h: a hash table from names to numbers, and the search for a near miss.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_BASE_NAMES_H
#define STROMA_BASE_NAMES_H

#include "base/arena.h"

#include <stdbool.h>

typedef struct Names Names;

Names *names_new(Arena *arena);

/* Adds a name (copied) with its number; false if the name is there already (nothing changes). */
bool names_add(Names *names, const char *name, int number);

/* The number of a name, or -1. */
int names_find(const Names *names, const char *name);

int names_count(const Names *names);
/* The i-th name in the order of adding, and its number. */
const char *names_name(const Names *names, int index);
int names_number(const Names *names, int index);

/* The nearest name by edit distance (case-blind, with swaps), or NULL if none is near enough to be
 * meant: at most a third of the letters differ. */
const char *names_near(const Names *names, const char *name);

/* The same among a plain list; `count` names. */
const char *names_near_list(const char *const *list, int count, const char *name);

#endif
