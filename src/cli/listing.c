/* listing.c: see listing.h.
 *
 * A file is read by the same readers as for a run, so what is listed can be used. A model that an
 * earlier place has under the same name is left out: a study that asks for it would get the other.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/listing.h"
#include "cli/places.h"

#include "base/file.h"
#include "params/params.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MOST_DEPTH = 6, PATH_ROOM = 4096 };

/* A search of one place. */
typedef struct {
    Items *items;
    const char *place;
    bool deep;  // folders below too
    bool loose; // anybody's files may be here: only what is surely stroma's
} Search;

static const char *copy(const Items *items, const char *text)
{
    return arena_copy(items->arena, text, strlen(text));
}

/* "M014: an unknown name", of the first error. */
static const char *first_fault(const Items *items, const Diag *diag)
{
    for (int i = 0; i < diag_count(diag); i++) {
        Fault fault = diag_fault(diag, i);
        if (fault_severity(fault) == SEVERITY_ERROR) {
            return arena_format(items->arena, "%s: %s", fault_code(fault), fault_title(fault));
        }
    }
    return copy(items, "it cannot be read");
}

static void describe_model(Item *item, const Items *items, const Model *model)
{
    item->is_module = model->is_module;
    item->states = model->state_count;
    item->parameters = model->parameter_count;
    item->observables = model->observable_count;
    if (item->kind == ITEM_MODEL) {
        item->title = copy(items, model->title);
    }
}

static void look_at_model(Item *item, const Items *items, Arena *scratch)
{
    Diag *diag = diag_new(scratch);
    const Model *model = model_read(scratch, item->path, places_models(scratch), diag);
    if (model == NULL) {
        item->broken = first_fault(items, diag);
        return;
    }
    describe_model(item, items, model);
}

static void look_at_study(Item *item, const Items *items, Arena *scratch)
{
    Diag *diag = diag_new(scratch);
    ParamsOptions options = params_options_default();
    options.models = places_models(scratch);
    const Study *study = params_read(scratch, item->path, &options, diag);
    if (study == NULL) {
        item->broken = first_fault(items, diag);
        return;
    }
    item->title = copy(items, study->title);
    item->model = copy(items, study->model->name);
    item->arms = study->arm_count;
    item->subjects = study->population != NULL ? study->population->size
                     : study->data != NULL     ? study->data->count
                                               : 1;
    describe_model(item, items, study->model);
}

/* False: not to be listed. */
static bool look_at_cfg(Item *item, const Search *search, Arena *scratch)
{
    Diag *diag = diag_new(scratch);
    ParamsFile file;
    bool read = params_look(scratch, item->path, false, diag, &file);
    item->title = copy(search->items, file.heading);
    item->numbers = file.numbers;
    item->sourced = file.sourced;
    if (file.kind == PARAMS_STUDY) {
        item->kind = ITEM_STUDY;
        look_at_study(item, search->items, scratch);
        return true;
    }
    item->kind = ITEM_NUMBERS;
    if (!read) {
        item->broken = first_fault(search->items, diag);
    } else if (file.kind == PARAMS_OTHER) {
        return false;
    }
    return !search->loose;
}

static bool is_new(Items *items, const char *path)
{
    char room[PATH_ROOM];
    const char *real = realpath(path, room);
    real = real == NULL ? path : real;
    for (size_t i = 0; i < items->seen_count; i++) {
        if (strcmp(items->seen[i], real) == 0) {
            return false;
        }
    }
    items->seen = arena_grow(items->arena, items->seen, items->seen_count, &items->seen_capacity,
                             sizeof *items->seen);
    items->seen[items->seen_count++] = copy(items, real);
    return true;
}

/* Has an earlier place a model of that name? */
static bool is_hidden(const Items *items, const Item *item)
{
    for (size_t i = 0; item->kind == ITEM_MODEL && i < items->count; i++) {
        const Item *other = &items->items[i];
        if (other->kind == ITEM_MODEL && strcmp(other->name, item->name) == 0) {
            return true;
        }
    }
    return false;
}

static void add_file(const Search *search, const char *path, const char *name, bool model)
{
    Items *items = search->items;
    Item item = {.kind = model ? ITEM_MODEL : ITEM_STUDY,
                 .place = search->place,
                 .name = arena_copy(items->arena, name, strlen(name) - (model ? 7 : 4)),
                 .path = path,
                 .title = "",
                 .model = ""};
    if (!is_new(items, path) || is_hidden(items, &item)) {
        return;
    }
    Arena *scratch = arena_new();
    bool listed = true;
    if (model) {
        look_at_model(&item, items, scratch);
    } else {
        listed = look_at_cfg(&item, search, scratch);
    }
    arena_free(scratch);
    if (listed) {
        items->items = arena_grow(items->arena, items->items, items->count, &items->capacity,
                                  sizeof *items->items);
        items->items[items->count++] = item;
    }
}

static bool search_folder(const Search *search, const char *folder, const char *inside, int depth);

/* One name in a folder: a file to look at, or (folders) a folder to search. */
static void visit(const Search *search, const char *path, const char *within, bool folders,
                  int depth)
{
    struct stat status;
    if (stat(path, &status) != 0) {
        return;
    }
    if (S_ISDIR(status.st_mode)) {
        if (folders && search->deep && depth < MOST_DEPTH) {
            (void)search_folder(search, path, within, depth + 1); // a closed folder is passed
        }
    } else if (!folders && S_ISREG(status.st_mode) && places_ends_with(path, ".stroma")) {
        add_file(search, path, within, true);
    } else if (!folders && S_ISREG(status.st_mode) && places_ends_with(path, ".cfg")) {
        add_file(search, path, within, false);
    }
}

/* `inside` is the path within the place, "" at its top. Files before folders, and no folder twice,
 * so that a link in a circle ends and files keep their shortest name. Recursion: MOST_DEPTH. */
static bool search_folder(const Search *search, const char *folder, const char *inside, int depth)
{
    Arena *arena = search->items->arena;
    Listing listing;
    if (search->deep && !is_new(search->items, folder)) {
        return true;
    }
    if (!places_list(arena, folder, "", &listing)) {
        return false;
    }
    for (size_t i = 0; i < 2 * listing.count; i++) {
        const char *name = listing.names[i % listing.count];
        const char *path = strcmp(folder, ".") == 0 ? name : file_join(arena, folder, name);
        const char *within = *inside == '\0' ? name : file_join(arena, inside, name);
        visit(search, path, within, i >= listing.count, depth);
    }
    return true;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const Item *)a)->name, ((const Item *)b)->name);
}

/* A place, and its items sorted. */
static bool search_place(const Search *search)
{
    Items *items = search->items;
    size_t first = items->count;
    bool found = search_folder(search, search->place, "", 0);
    if (items->count > first + 1) {
        qsort(items->items + first, items->count - first, sizeof *items->items, by_name);
    }
    return found;
}

bool items_add_folder(Items *items, const char *place)
{
    assert(items != NULL && place != NULL);
    Search search = {.items = items, .place = place, .deep = true, .loose = false};
    return search_place(&search);
}

void items_add_places(Items *items)
{
    assert(items != NULL);
    Search here = {.items = items, .place = ".", .deep = false, .loose = true};
    (void)search_place(&here);
    (void)items_add_folder(items, "models");
    (void)items_add_folder(items, "params");
    SearchPath folders = places_models(items->arena); // the last is stroma's own
    for (int i = 0; i < folders.count; i++) {
        (void)items_add_folder(items, folders.folders[i]);
    }
    const char *data = places_data(items->arena);
    if (data != NULL) {
        (void)items_add_folder(items, file_join(items->arena, data, "params"));
    }
}
