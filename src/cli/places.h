/* places.h: where models, plot templates, modules and example studies are found.
 *
 * Models: beside the study and in ./models (params/ sees to these), in the folders of $STROMA_PATH,
 * then in stroma's own data folder. That is ../share/stroma beside the program if it is there (so a
 * moved installation works), the source tree for a program still in its build tree, else the folder
 * given when stroma was configured.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_CLI_PLACES_H
#define STROMA_CLI_PLACES_H

#include "model/model.h"

#include <stdbool.h>
#include <stddef.h>

/* stroma's own data folder (holds models/, params/, plots/), or NULL if there is none. */
const char *places_data(Arena *arena);

/* The folders for `use` and `model =` after the study's own and ./models. */
SearchPath places_models(Arena *arena);

/* A shared object of ours that is loaded on demand: beside a program in its build tree, in
 * ../lib/stroma beside an installed one. NULL if it is not there. */
const char *places_module(Arena *arena, const char *name);

/* The whole text of plots/profile.gp, or NULL: *tried says where it should have been. */
const char *places_template(Arena *arena, const char **tried);
/* The same for another template: plots/<name>.gp. */
const char *places_plot(Arena *arena, const char *name, const char **tried);

/* The study or model that a mistyped path may have meant ("msc-iv" or "mcs-iv.cfg" for
 * params/msc-iv.cfg), or NULL. */
const char *places_near_file(Arena *arena, const char *path);

/* Names in a folder that end with `ending`, sorted; hidden ones are left out. */
typedef struct {
    const char **names; // (count)
    size_t count, capacity;
} Listing;

/* False: errno says why the folder cannot be read. */
bool places_list(Arena *arena, const char *folder, const char *ending, Listing *listing);
bool places_ends_with(const char *name, const char *ending);

#endif
