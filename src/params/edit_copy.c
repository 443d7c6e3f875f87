/* edit_copy.c: the text of a study in another folder: paths of files that are relative are written
 * anew, so that they lead to the same files.
 *
 * A path that shares no folder but the root with the copy becomes an absolute one. A model that is
 * found by the same name from the new folder keeps its name.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "params/edit_inside.h"

#include "base/file.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static const char *real_path(Arena *arena, const char *path)
{
    char real[PATH_MAX];
    return realpath(path, real) ? arena_copy(arena, real, strlen(real)) : NULL;
}

/* How to get from a folder to a file, both without links. */
static const char *way(Arena *arena, const char *folder, const char *file)
{
    size_t shared = 0; // length of the folders that both have
    for (size_t i = 0;; i++) {
        bool folder_ends = folder[i] == '/' || folder[i] == '\0';
        if (folder_ends && (file[i] == '/')) {
            shared = i;
        }
        if (folder[i] != file[i] || folder[i] == '\0') {
            break;
        }
    }
    if (shared == 0) {
        return file;
    }
    Text text = text_new(arena);
    for (const char *c = folder + shared; *c; c++) {
        text_string(&text, *c == '/' ? "../" : "");
    }
    text_string(&text, file + shared + 1);
    return text.data;
}

/* The path to write in the copy for a file that is found at `path` now; NULL: as it is. */
static const char *moved(Edit *edit, const char *path, const char *to)
{
    const char *file = real_path(edit->arena, path);
    const char *folder = real_path(edit->arena, file_folder(edit->arena, to));
    return file && folder ? way(edit->arena, folder, file) : NULL;
}

/* The model as it must be called there; NULL: by the name it has. */
static const char *moved_model(Edit *edit, const char *to, const char *name)
{
    Arena *arena = edit->arena;
    Reader here;
    Reader there;
    Diag *silent = diag_new(arena);
    (void)open_study(&here, arena, edit->path, &edit->options, silent);
    (void)open_study(&there, arena, to, &edit->options, silent);
    const char *found = find_model(&here, name);
    const char *again = find_model(&there, name);
    const char *real = found ? real_path(arena, found) : NULL;
    const char *real_again = again ? real_path(arena, again) : NULL;
    if (!real || (real_again && strcmp(real, real_again) == 0)) {
        return NULL;
    }
    return moved(edit, found, to);
}

/* A key of a file's path. */
typedef struct {
    const char *path;
    bool by_study; // relative to the study; else to the file in which it stands
} PathKey;

/* The place of a key whose value is text, if there is one: a key that is not there is no mistake.
 */
static bool find_text(Edit *edit, const char *path, Place *place)
{
    Diag *diag = edit->diag;
    edit->diag = diag_new(edit->arena);
    bool found = find_place(edit, path, place) && place->entry && place->entry->kind == ENTRY_TEXT;
    edit->diag = diag;
    return found;
}

static bool move_key(Edit *edit, const PathKey *key, const Place *place, const char *to)
{
    const Entry *entry = place->entry;
    bool own = entry->layer == edit->config->root->layer;
    if (entry->text[0] == '/' || (!own && !key->by_study)) {
        return true;
    }
    const char *folder = file_folder(edit->arena, edit->path);
    const char *name = strcmp(key->path, "model") == 0
                           ? moved_model(edit, to, entry->text)
                           : moved(edit, file_join(edit->arena, folder, entry->text), to);
    Words words = {.other = name ? quoted(edit->arena, name) : NULL};
    if (!name) {
        return true;
    }
    if (own) {
        patch_value(edit, entry, &words);
        return true;
    }
    return put_words(edit, place, &words, true);
}

static const Source *own_text(const Edit *edit)
{
    return edit->config->sources[0];
}

/* Every key that can hold the path of a file. */
static PathKey *path_keys(Edit *edit, int *count)
{
    static const PathKey fixed[] = {{"model", true},     {"data", true},
                                    {"data.file", true}, {"population.file", false},
                                    {"fit.data", true},  {"fit.data.file", true}};
    *count = (int)(sizeof fixed / sizeof fixed[0]);
    const Entry *plots = entry_find(edit->config->root, "plots");
    int plot_count = plots ? plots->count : 0;
    PathKey *keys = arena_array(edit->arena, (size_t)(*count + plot_count), sizeof *keys);
    memcpy(keys, fixed, sizeof fixed);
    for (int i = 0; i < plot_count; i++) {
        const char *path = arena_format(edit->arena, "plots.%d.points.file", i);
        keys[(*count)++] = (PathKey){path, false};
    }
    return keys;
}

static bool move_paths(Edit *edit, const char *to)
{
    int count = 0;
    const PathKey *keys = path_keys(edit, &count);
    // What is added for an included key is read again at once; patches of the text come after.
    for (int own = 0; own < 2; own++) {
        for (int i = 0; i < count; i++) {
            Place place;
            if (find_text(edit, keys[i].path, &place) &&
                (place.entry->layer == edit->config->root->layer) == (own == 1) &&
                !move_key(edit, &keys[i], &place, to)) {
                return false;
            }
        }
    }
    for (size_t i = 0; i < edit->config->layer_count; i++) {
        const Layer *layer = edit->config->layers[i];
        const char *written = layer->include.source->text + layer->include.start + 1;
        const char *path = *written == '/' ? NULL : moved(edit, layer->source->name, to);
        if (layer->include.source == own_text(edit) && path) {
            add_patch(edit, layer->include, arena_format(edit->arena, "\"%s\"", path));
        }
    }
    return true;
}

bool edit_write_copy(Edit *edit, const char *to)
{
    const char *here = real_path(edit->arena, file_folder(edit->arena, edit->path));
    const char *there = real_path(edit->arena, file_folder(edit->arena, to));
    bool moves = strcmp(to, "-") != 0 && here && there && strcmp(here, there) != 0;
    if (moves && !move_paths(edit, to)) {
        return false;
    }
    const Source *text = patched(edit, own_text(edit));
    edit->patch_count = 0;
    OutFile *file = file_create(edit->arena, to);
    if (!file) {
        return report_file(edit, to);
    }
    file_write(file, text->text, text->length);
    return (strcmp(to, "-") == 0 ? file_commit(file) : file_replace(file)) || report_file(edit, to);
}

/* The copy is worth nothing if it does not read back to the same bits. */
static bool same_bits(Edit *edit, const FittedValue *fitted)
{
    EditValue *values = NULL;
    int count = 0;
    if (!edit_get(edit, fitted->path, &values, &count)) {
        return false;
    }
    if (count == 1 && memcmp(&values[0].model_value, &fitted->value, sizeof fitted->value) == 0) {
        return true;
    }
    diag_report(edit->diag, FAULT_P461, values[0].span, "'%s' cannot be written to all digits",
                fitted->path);
    return false;
}

/* What --set changed, as it counted: a plain number in the model's unit, whatever stood there. */
static bool put_setting(Edit *edit, const Setting *setting)
{
    Place place;
    Words words = {0};
    if (!find_place(edit, setting->path, &place)) {
        return false;
    }
    bool quantity = place.quantity.kind != NAME_NONE && place.key && place.key->type == KEY_VALUE;
    const EditChange change = {.path = setting->path,
                               .value = setting->value,
                               .source = quantity ? "--set of the fit" : NULL,
                               .model_unit = quantity};
    if (!typed_words(edit, &place, &change, &words)) {
        return false;
    }
    if (!quantity && words.number && !words.unit && !place.in_array) {
        words.other = words.number;
        words.number = NULL;
    }
    return put_words(edit, &place, &words, true);
}

/* What cannot be written is no mistake of the fit, but must be known. */
static void put_settings(Edit *edit, const ParamsOptions *options)
{
    Diag *diag = edit->diag;
    for (int i = 0; i < options->setting_count; i++) {
        edit->diag = diag_new(edit->arena);
        bool good = put_setting(edit, &options->settings[i]);
        edit->diag = diag;
        if (!good) {
            edit->patch_count = 0;
            diag_report(diag, FAULT_P465, (Span){0}, "the fitted study lacks --set %s=%s",
                        options->settings[i].path, options->settings[i].value);
        }
    }
}

bool edit_copy(Arena *arena, const char *from, const char *to, const FittedValue *values, int count,
               const ParamsOptions *options, Diag *diag)
{
    assert(arena && from && to && (values || count == 0) && options && diag);
    Edit *edit = edit_open(arena, from, options, diag);
    if (!edit) {
        return false;
    }
    put_settings(edit, options);
    for (int i = 0; i < count; i++) {
        Place place;
        Words words = {.source = values[i].source};
        if (!find_place(edit, values[i].path, &place) ||
            !exact_words(edit, &place, values[i].value, &words) ||
            !put_words(edit, &place, &words, true)) {
            return false;
        }
    }
    for (int i = 0; i < count; i++) {
        if (!same_bits(edit, &values[i])) {
            return false;
        }
    }
    return edit_check(edit) && edit_write_copy(edit, to);
}
