/* edit.c: a study opened as text, changes made in memory, files replaced at the end.
 *
 * Each change is a few patches of spans. They are applied to the text of their file, the new text
 * stands in for the file (Config.instead), and everything is read again, so that the next change
 * finds its places and edit_check judges what will be written.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "params/edit_inside.h"

#include "base/file.h"
#include "base/number.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool reread(Edit *edit)
{
    edit->config = config_new(edit->arena, edit->diag);
    edit->config->instead = edit->options.instead;
    edit->config->instead_count = edit->options.instead_count;
    return config_read_path(edit->config, edit->path) &&
           config_load(edit->config, edit->config->root);
}

static void put_changed(Edit *edit, const Source *source)
{
    int count = edit->options.instead_count;
    for (int i = 0; i < count; i++) {
        if (strcmp(edit->changed[i]->name, source->name) == 0) {
            edit->changed[i] = source;
            return;
        }
    }
    edit->changed = arena_grow(edit->arena, edit->changed, (size_t)count, &edit->changed_capacity,
                               sizeof *edit->changed);
    edit->changed[count] = source;
    edit->options.instead = edit->changed;
    edit->options.instead_count = count + 1;
}

static int count_errors(Edit *edit, Diag *diag)
{
    (void)params_read(edit->arena, edit->path, &edit->options, diag);
    return diag_errors(diag);
}

Edit *edit_open(Arena *arena, const char *path, const ParamsOptions *options, Diag *diag)
{
    assert(arena && path && options && diag);
    Edit *edit = arena_alloc(arena, sizeof *edit);
    *edit = (Edit){.arena = arena, .diag = diag, .path = path, .options = *options};
    edit->options.setting_count = 0;
    edit->log = text_new(arena);
    if (!reread(edit)) {
        return NULL;
    }
    if (strcmp(path, "-") == 0) { // it can be read once
        put_changed(edit, edit->config->sources[0]);
    }
    Reader reader;
    Diag *silent = diag_new(arena);
    if (open_study(&reader, arena, path, &edit->options, silent)) {
        edit->model = read_model(&reader);
    }
    edit->errors_before = count_errors(edit, diag_new(arena));
    return edit;
}

/* --- patches -------------------------------------------------------------------------------------
 */

/* By place; the sort keeps the order of those at one place. */
static void sort_patches(Edit *edit)
{
    for (size_t i = 1; i < edit->patch_count; i++) {
        Patch patch = edit->patches[i];
        size_t j = i;
        for (; j > 0 && edit->patches[j - 1].span.start > patch.span.start; j--) {
            edit->patches[j] = edit->patches[j - 1];
        }
        edit->patches[j] = patch;
    }
}

/* The text of one file with its patches, which are in the order of their places. */
const Source *patched(Edit *edit, const Source *source)
{
    sort_patches(edit);
    Text text = text_new(edit->arena);
    uint32_t at = 0;
    for (size_t i = 0; i < edit->patch_count; i++) {
        const Patch *patch = &edit->patches[i];
        if (strcmp(patch->span.source->name, source->name) != 0) {
            continue;
        }
        assert(patch->span.start >= at);
        text_add(&text, source->text + at, patch->span.start - at);
        text_string(&text, patch->text);
        at = patch->span.start + patch->span.length;
    }
    text_add(&text, source->text + at, source->length - at);
    return source_from_text(edit->arena, source->name, text.data, text.length);
}

bool apply_patches(Edit *edit)
{
    for (size_t i = 0; i < edit->patch_count; i++) {
        const Source *source = edit->patches[i].span.source;
        bool done = false;
        for (size_t j = 0; j < i; j++) {
            done = done || strcmp(edit->patches[j].span.source->name, source->name) == 0;
        }
        if (!done) {
            put_changed(edit, patched(edit, source));
        }
    }
    edit->patch_count = 0;
    return reread(edit);
}

/* --- setting -------------------------------------------------------------------------------------
 */

/* The value as a person would say it. */
static const char *say(Edit *edit, const Entry *entry)
{
    if (!entry) {
        return "(not given)";
    }
    const Entry *unit = is_value_group(entry) ? entry_find(entry, "unit") : NULL;
    const Entry *value = is_value_group(entry) ? entry_find(entry, "value") : entry;
    const char *words =
        value->kind == ENTRY_TEXT ? value->text : span_text(edit->arena, value->value);
    bool more = strlen(words) > 60 || strchr(words, '\n');
    return arena_format(edit->arena, "%.*s%s%s%s", (int)(more ? strcspn(words, "\n") % 60 : 60),
                        words, more ? " ..." : "", unit && unit->kind == ENTRY_TEXT ? " " : "",
                        unit && unit->kind == ENTRY_TEXT ? unit->text : "");
}

/* A file that is included twice: one text, several values. */
static void warn_of_twins(Edit *edit, const Entry *entry)
{
    int count = 0;
    for (size_t i = 0; i < edit->config->layer_count; i++) {
        count += strcmp(edit->config->layers[i]->source->name, entry->layer->source->name) == 0;
    }
    if (count > 1) {
        diag_report(edit->diag, FAULT_P464, entry->value, "this file is included %d times here",
                    count);
        diag_hint(edit->diag, "--override changes one of them");
    }
}

static bool report_blocked(Edit *edit, const Place *place)
{
    const Entry *entry = place->entry ? place->entry : place->above;
    diag_report(edit->diag, FAULT_P462, entry->key, "'%s' stands in a list that is included",
                place->full);
    diag_hint(edit->diag, "change it in '%s' itself", entry->layer->source->name);
    return false;
}

/* A new value in the deepest group of the study's own text; groups that are missing are made. */
static void add_below_home(Edit *edit, const Place *place, const char *text)
{
    const char *rest = place->rest;
    char *first = arena_copy(edit->arena, rest, strcspn(rest, "."));
    Text value = text_new(edit->arena);
    int depth = 0;
    for (rest += strlen(first); *rest; depth++) {
        size_t length = strcspn(rest + 1, ".");
        text_format(&value, "{ %.*s = ", (int)length, rest + 1);
        rest += length + 1;
    }
    text_string(&value, text);
    for (; depth > 0; depth--) {
        text_string(&value, "; }");
    }
    patch_new_member(edit, place->home, first, value.data);
}

bool put_words(Edit *edit, const Place *place, const Words *words, bool override)
{
    const Entry *entry = place->entry;
    bool own = entry && entry->layer == edit->config->root->layer;
    if (!entry && is_group_key(place->key) && !words->other) {
        diag_report(edit->diag, FAULT_P461, place->above->key, "'%s' is a group: set what is in it",
                    place->full);
        return false;
    }
    if (entry && (own || !override)) {
        if (entry->kind == ENTRY_GROUP && !is_value_group(entry)) {
            diag_report(edit->diag, FAULT_P461, entry->key, "'%s' is a group: set what is in it",
                        place->full);
            return false;
        }
        if (!own) {
            warn_of_twins(edit, entry);
        }
        patch_value(edit, entry, words);
    } else if (!entry && is_value_group(place->above) &&
               (!override || place->above->layer == edit->config->root->layer)) {
        const char *last = strrchr(place->full, '.') + 1;
        patch_new_member(edit, place->above, last, whole_value(edit, place, words));
    } else if (place->is_blocked || is_value_group(place->above)) {
        return report_blocked(edit, place);
    } else {
        if (!words->number && !words->other && !entry) {
            diag_report(edit->diag, FAULT_P461, place->above->key, "'%s' has no value yet",
                        place->full);
            return false;
        }
        add_below_home(edit, place, whole_value(edit, place, words));
    }
    return apply_patches(edit);
}

static void log_change(Edit *edit, const char *path, const char *before)
{
    Place place;
    if (!find_place(edit, path, &place) || !place.entry) {
        return;
    }
    int line;
    int column;
    Span span = place.entry->value;
    source_locate(span.source, span.start, &line, &column);
    text_format(&edit->log, "%s:%d: %s: %s -> %s\n", span.source->name, line, place.full, before,
                say(edit, place.entry));
}

/* A value of the study that an arm replaces: who changes it may not know. */
static void warn_of_arms(Edit *edit, const char *full)
{
    const Entry *arms = entry_find(edit->config->root, "arms");
    for (int i = 0; arms && arms->kind == ENTRY_LIST && i < arms->count; i++) {
        const Entry *at = arms->items[i];
        for (const char *part = full; at && *part;) {
            size_t length = strcspn(part, ".");
            const char *name = arena_copy(edit->arena, part, length);
            at = at->kind == ENTRY_GROUP ? entry_find(at, name) : NULL;
            part += length + (part[length] == '.');
        }
        if (at) {
            diag_report(edit->diag, FAULT_P047, at->value, "this arm keeps its own value of '%s'",
                        strchr(full, '.') + 1);
        }
    }
}

bool edit_set(Edit *edit, const EditChange *change)
{
    assert(edit && change && change->path);
    Place place;
    Words words = {0};
    if (!find_place(edit, change->path, &place) || !typed_words(edit, &place, change, &words)) {
        return false;
    }
    const char *before = say(edit, place.entry);
    if (!put_words(edit, &place, &words, change->override)) {
        return false;
    }
    log_change(edit, change->path, before);
    if (place.quantity.kind != NAME_NONE && change->value) {
        edit->set = arena_grow(edit->arena, edit->set, edit->set_count, &edit->set_capacity,
                               sizeof *edit->set);
        edit->set[edit->set_count++] = place.full;
    }
    return true;
}

const char *edit_log(const Edit *edit)
{
    return edit->log.data ? edit->log.data : "";
}

bool edit_check(Edit *edit)
{
    int errors = count_errors(edit, diag_new(edit->arena));
    if (errors == 0 || errors <= edit->errors_before) {
        for (size_t i = 0; i < edit->set_count; i++) {
            warn_of_arms(edit, edit->set[i]);
        }
        return true;
    }
    count_errors(edit, edit->diag);
    return false;
}

/* --- writing -------------------------------------------------------------------------------------
 */

bool report_file(Edit *edit, const char *path)
{
    diag_report(edit->diag, FAULT_T060, (Span){0}, "cannot write '%s': %s", path, strerror(errno));
    return false;
}

/* The mark that some editors put at the begin of a file is not part of a Source. */
static bool has_mark(const char *path)
{
    char bytes[3] = {0};
    FILE *file = fopen(path, "rb");
    bool marked = file && fread(bytes, 1, 3, file) == 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0;
    if (file) {
        (void)fclose(file);
    }
    return marked;
}

bool edit_write(Edit *edit)
{
    int count = edit->options.instead_count;
    OutFile **files = arena_array(edit->arena, (size_t)count + 1, sizeof *files);
    bool ok = true;
    for (int i = 0; ok && i < count; i++) {
        const Source *source = edit->changed[i];
        char real[PATH_MAX]; // a link stays a link
        bool allowed = realpath(source->name, real) && access(real, W_OK) == 0;
        files[i] = allowed ? file_create(edit->arena, real) : NULL;
        if (files[i]) {
            file_write(files[i], "\xef\xbb\xbf", has_mark(real) ? 3 : 0);
            file_write(files[i], source->text, source->length);
        } else {
            ok = report_file(edit, source->name);
        }
    }
    for (int i = 0; i < count; i++) {
        if (!ok) {
            file_abandon(files[i]);
        } else if (!file_replace(files[i])) {
            ok = report_file(edit, edit->changed[i]->name);
        }
    }
    return ok;
}
