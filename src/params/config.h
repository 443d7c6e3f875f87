/* config.h: the text of a study as a tree of entries, each with its places in the text.
 *
 * Three steps. config_read_path scans the file and its includes with a scanner of our own
 * (config_text.c): it finds the place of every key and value, closes the traps of libconfig and
 * merges what comes from an @include with what is written after it. config_print writes the merged
 * tree as one plain libconfig text, and config_load (params.c, the only door to libconfig) has
 * libconfig read that text and puts the values it found into the tree. The rest of this folder sees
 * entries only. SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_PARAMS_CONFIG_H
#define STROMA_PARAMS_CONFIG_H

#include "base/diag.h"
#include "base/names.h"

typedef enum {
    ENTRY_GROUP,
    ENTRY_LIST,
    ENTRY_ARRAY,
    ENTRY_INTEGER, // also in `number`: exact
    ENTRY_LONG,    // an integer written with L: likewise
    ENTRY_REAL,
    ENTRY_TEXT,
    ENTRY_BOOLEAN
} EntryKind;

/* One reading of one file: the same file included twice makes two layers. */
typedef struct Layer {
    const Source *source;
    const char *real;           // its path without links, to recognise circles
    const struct Layer *parent; // the layer with the @include, NULL for the study itself
    Span include;               // the path in quotes
    bool is_set;                // not a file but a --set
} Layer;

typedef struct Entry Entry;
struct Entry {
    EntryKind kind;
    const char *name; // NULL for an element of a list or an array
    Span key;         // of the name; of an element: its value
    Span value;       // brackets and quotes included
    const Layer *layer;
    bool is_bare;  // text without quotes (--set only)
    bool is_wrong; // a complaint about it was made: readers pass over it
    bool is_noted; // a warning about it was given: one is enough, however many arms use it
    double number;
    const char *text;
    bool flag;
    Entry **items; // (count) of a group, list or array, in the order of the text
    int count;
    size_t capacity;
    Names *names; // of a group: name -> index in items
};

typedef struct {
    Arena *arena;
    Diag *diag;
    Entry *root;            // a group
    const Source **sources; // every file read, the study first
    size_t source_count, source_capacity;
    size_t bytes;         // read so far
    const Layer **layers; // every @include that was read, in the order of reading
    size_t layer_count, layer_capacity;
    const Source *const *instead; // texts that stand in for the files of their names
    int instead_count;
} Config;

enum {
    CONFIG_MAX_DEPTH = 64,               // brackets within brackets
    CONFIG_MAX_INCLUDES = 32,            // includes within includes
    CONFIG_MAX_BYTES = 16 * 1024 * 1024, // study and includes together
    CONFIG_MAX_KEYS = 10000              // in one group: libconfig searches them one by one
};

Config *config_new(Arena *arena, Diag *diag);

/* Reads a file and what it includes. False when there is an error; the tree holds what was
 * understood. */
bool config_read_path(Config *config, const char *path);
bool config_read_source(Config *config, const Source *source);

/* A value written in source[from..): one value of the language, or bare words, which are text. */
Entry *config_read_value(Config *config, const Source *source, uint32_t from);

/* The tree below an entry as libconfig text. */
void config_print(const Entry *entry, Text *text);

/* Has libconfig read the tree below `entry` and stores the values. False (reported) if it refuses.
 */
bool config_load(Config *config, Entry *entry);

/* The member of a group with that name, or NULL. */
Entry *entry_find(const Entry *group, const char *name);
/* Puts an entry into a group under its name, in place of one of that name if there is. */
void entry_put(Arena *arena, Entry *group, Entry *entry);
/* Appends to a list or an array. */
void entry_append(Arena *arena, Entry *list, Entry *entry);

bool entry_is_number(const Entry *entry); // an integer or a real
bool entry_is_set(const Entry *entry);    // comes from --set
/* "a group", "text" ...: what an entry is, in words. */
const char *entry_kind_words(EntryKind kind);
/* Bytes [from, from + length) of the text of a TEXT entry as a place in the file. */
Span entry_text_span(const Entry *entry, size_t from, size_t length);

#endif
