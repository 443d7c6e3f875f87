/* names.c: open addressing with FNV-1a; near misses by the Damerau-Levenshtein distance.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/names.h"

#include <assert.h>
#include <ctype.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>

typedef struct {
    const char *name;
    int number;
    uint32_t hash;
} Entry;

struct Names {
    Arena *arena;
    Entry *entries; // in the order of adding
    size_t count;
    size_t capacity;
    int32_t *slots;    // entry number + 1; 0: free
    size_t slot_count; // a power of two
};

static uint32_t hash_name(const char *name)
{
    uint32_t hash = 2166136261u;
    for (; *name; name++) {
        hash = (hash ^ (unsigned char)*name) * 16777619u;
    }
    return hash;
}

Names *names_new(Arena *arena)
{
    Names *names = arena_alloc(arena, sizeof *names);
    names->arena = arena;
    names->slot_count = 16;
    names->slots = arena_array(arena, names->slot_count, sizeof *names->slots);
    return names;
}

/* The slot that holds the name, or the free one where it belongs. */
static size_t find_slot(const Names *names, const char *name, uint32_t hash)
{
    size_t slot = hash & (names->slot_count - 1);
    while (names->slots[slot]) {
        const Entry *entry = &names->entries[names->slots[slot] - 1];
        if (entry->hash == hash && strcmp(entry->name, name) == 0) {
            break;
        }
        slot = (slot + 1) & (names->slot_count - 1);
    }
    return slot;
}

static void enlarge(Names *names)
{
    names->slot_count *= 2;
    names->slots = arena_array(names->arena, names->slot_count, sizeof *names->slots);
    for (size_t i = 0; i < names->count; i++) {
        size_t slot = find_slot(names, names->entries[i].name, names->entries[i].hash);
        names->slots[slot] = (int32_t)i + 1;
    }
}

bool names_add(Names *names, const char *name, int number)
{
    assert(names && name);
    uint32_t hash = hash_name(name);
    size_t slot = find_slot(names, name, hash);
    if (names->slots[slot]) {
        return false;
    }
    names->entries = arena_grow(names->arena, names->entries, names->count, &names->capacity,
                                sizeof *names->entries);
    names->entries[names->count] =
        (Entry){arena_copy(names->arena, name, strlen(name)), number, hash};
    names->count++;
    names->slots[slot] = (int32_t)names->count;
    if (names->count * 2 > names->slot_count) {
        enlarge(names);
    }
    return true;
}

int names_find(const Names *names, const char *name)
{
    size_t slot = find_slot(names, name, hash_name(name));
    return names->slots[slot] ? names->entries[names->slots[slot] - 1].number : -1;
}

int names_count(const Names *names)
{
    return (int)names->count;
}

const char *names_name(const Names *names, int index)
{
    assert(index >= 0 && (size_t)index < names->count);
    return names->entries[index].name;
}

int names_number(const Names *names, int index)
{
    assert(index >= 0 && (size_t)index < names->count);
    return names->entries[index].number;
}

/* An edit outweighs any number of changes of case. */
enum { LONGEST_COMPARED = 64, EDIT = 128 };

static int smallest(int a, int b, int c)
{
    int least = a < b ? a : b;
    return least < c ? least : c;
}

/* Edits (insert, delete, replace, swap of neighbours) between two names: EDIT each, and 1 for a
 * change of case, so that "WT" is nearer to "wt" than to "WX". */
static int edit_distance(const char *a, const char *b)
{
    size_t n = strlen(a);
    size_t m = strlen(b);
    if (n > LONGEST_COMPARED || m > LONGEST_COMPARED) {
        return INT_MAX;
    }
    int rows[3][LONGEST_COMPARED + 1];
    int *before = rows[0];
    int *above = rows[1];
    int *row = rows[2];
    for (size_t j = 0; j <= m; j++) {
        above[j] = EDIT * (int)j;
    }
    for (size_t i = 1; i <= n; i++) {
        row[0] = EDIT * (int)i;
        for (size_t j = 1; j <= m; j++) {
            bool same_letter = tolower((unsigned char)a[i - 1]) == tolower((unsigned char)b[j - 1]);
            int replace = a[i - 1] == b[j - 1] ? 0 : same_letter ? 1 : EDIT;
            row[j] = smallest(above[j] + EDIT, row[j - 1] + EDIT, above[j - 1] + replace);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                before[j - 2] + EDIT < row[j]) {
                row[j] = before[j - 2] + EDIT;
            }
        }
        int *oldest = before;
        before = above;
        above = row;
        row = oldest;
    }
    return above[m];
}

/* Keeps `candidate` if it is nearer than the best so far and near enough. */
static void consider(const char *candidate, const char *name, const char **best, int *distance)
{
    size_t longer = strlen(name) > strlen(candidate) ? strlen(name) : strlen(candidate);
    int allowed = longer < 3 ? 1 : (int)longer / 3;
    int edits = edit_distance(candidate, name);
    if (longer <= 2 && edits >= EDIT && strlen(name) == strlen(candidate)) {
        return; // of two letters, one changed is another name
    }
    if (edits < EDIT * (allowed + 1) && edits < *distance) {
        *best = candidate;
        *distance = edits;
    }
}

const char *names_near(const Names *names, const char *name)
{
    const char *best = NULL;
    int distance = INT_MAX;
    for (size_t i = 0; i < names->count; i++) {
        consider(names->entries[i].name, name, &best, &distance);
    }
    return best;
}

const char *names_near_list(const char *const *list, int count, const char *name)
{
    const char *best = NULL;
    int distance = INT_MAX;
    for (int i = 0; i < count; i++) {
        consider(list[i], name, &best, &distance);
    }
    return best;
}
