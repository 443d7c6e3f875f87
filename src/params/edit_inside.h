/* edit_inside.h: what the files of the editor share. SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_PARAMS_EDIT_INSIDE_H
#define STROMA_PARAMS_EDIT_INSIDE_H

#include "params/edit.h"
#include "params/reader.h"

/* Text in place of what a span covers. */
typedef struct {
    Span span;
    const char *text;
} Patch;

struct Edit {
    Arena *arena;
    Diag *diag;
    const char *path;
    ParamsOptions options; // `instead` are the changed texts
    const Source **changed;
    size_t changed_capacity;
    const Model *model; // NULL: not found; names of parameters are not known then
    int errors_before;  // of the study as it was
    Config *config;     // of the text as it is now
    Patch *patches;
    size_t patch_count, patch_capacity;
    Text log;
    const char **set; // (set_count) parameters and covariates that were changed
    size_t set_count, set_capacity;
};

/* Where a path leads. */
typedef struct {
    const char *full; // "parameters.msc.k"
    Entry *entry;     // NULL: not there yet
    Entry *above;     // the group or list in which it stands or would stand
    Entry *home;      // the deepest group that is written in the study itself, not included
    const char *rest; // of the path, below home; what is missing is made there
    bool is_blocked;  // it stands in a list that is included: nothing can be added to it
    bool in_array;    // in [ ], where all values have one type
    const Key *key;   // what the place is for, or NULL
    NameRef quantity; // a parameter or covariate, or NAME_NONE
} Place;

/* What is to be written. */
typedef struct {
    const char *number; // letters; NULL: no number
    const char *unit;   // NULL: the one that stands there
    const char *other;  // any other value as text of the language; NULL: a number or nothing
    const char *source; // NULL: stays
} Words;

/* A text "0.02 ng/mL" as a number and a unit ("" if none). False: it does not begin with one. */
typedef struct {
    const char *number, *unit;
    double value;
} Parts;

/* --- edit_path.c */
/* False: reported, with a near name at its place. */
bool find_place(Edit *edit, const char *path, Place *place);
/* All paths below an entry (itself, if it is a value). */
bool is_value_group(const Entry *entry);
/* Is what stands there a group, or a list of groups? */
bool is_group_key(const Key *key);

/* --- edit_value.c */
bool split_quantity(Arena *arena, const char *text, Parts *parts);
/* The words for a number in the model's unit, as the standing form needs them. */
bool exact_words(Edit *edit, const Place *place, double value, Words *words);
/* The words for what a person typed; false: reported. */
bool typed_words(Edit *edit, const Place *place, const EditChange *change, Words *words);
/* Changes what stands there. */
void patch_value(Edit *edit, const Entry *entry, const Words *words);
/* The whole value anew: of `entry` (NULL: not there), which stands in another file. */
const char *whole_value(Edit *edit, const Place *place, const Words *words);
/* Text in quotes. */
const char *quoted(Arena *arena, const char *text);
/* The letters of a number of the language that is read as real: "5.0". */
const char *real_letters(Arena *arena, double value);
void add_patch(Edit *edit, Span span, const char *text);

/* --- edit_layout.c */
/* name = text; as the last member of a group, in the manner of those before. */
void patch_new_member(Edit *edit, const Entry *group, const char *name, const char *text);

/* --- edit.c */
bool reread(Edit *edit);
bool apply_patches(Edit *edit);
/* The text of one file with its patches. */
const Source *patched(Edit *edit, const Source *source);
/* Says that a file cannot be written, from errno; false. */
bool report_file(Edit *edit, const char *path);
bool put_words(Edit *edit, const Place *place, const Words *words, bool override);

#endif
