/* look.c: what a libconfig file is, by its keys alone, and whether its numbers say where they come
 * from. No model is read.
 *
 * A file that names a model, or has the arms, times or parameters that only a study has, is a
 * study; a file whose groups hold values is a set of numbers, to be included.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "params/reader.h"

#include <assert.h>
#include <string.h>

/* The first line of comment without the name of the file in front: "# a/b.cfg: words". */
static const char *heading_of(Arena *arena, const Source *source)
{
    const char *text = source->text;
    if (*text != '#') {
        return "";
    }
    text += 1 + strspn(text + 1, "# \t");
    size_t length = strcspn(text, "\r\n");
    const char *mark = strstr(text, ".cfg: ");
    if (mark != NULL && (size_t)(mark - text) < length &&
        strcspn(text, " \n") == (size_t)(mark - text) + strlen(".cfg:")) {
        length -= (size_t)(mark - text) + strlen(".cfg: ");
        text = mark + strlen(".cfg: ");
    }
    while (length > 0 && strchr(" \t", text[length - 1]) != NULL) {
        length--;
    }
    return arena_copy(arena, text, length);
}

/* { sdlog = ...; median = ...; }: how a number differs between subjects. */
static bool is_spread(const Entry *item)
{
    static const char *const keys[] = {"sdlog", "cv", "sd", "distribution", "values"};
    bool found = false;
    for (size_t i = 0; item->kind == ENTRY_GROUP && i < sizeof keys / sizeof keys[0]; i++) {
        const Entry *entry = entry_find(item, keys[i]);
        found = found || (entry != NULL && entry->kind != ENTRY_GROUP);
    }
    return found;
}

/* A group that is one number, { value = ...; }, or one distribution. */
static bool is_one(const Entry *item)
{
    return item->kind == ENTRY_GROUP && (entry_find(item, "value") != NULL || is_spread(item));
}

/* Recursion is as deep as the brackets. */
static void count_numbers(const Entry *group, ParamsFile *file)
{
    for (int i = 0; i < group->count; i++) {
        const Entry *item = group->items[i];
        if (item->kind == ENTRY_GROUP && !is_one(item)) {
            count_numbers(item, file);
        } else if (item->kind == ENTRY_GROUP) {
            file->numbers++;
            file->sourced += entry_find(item, "source") != NULL;
        } else if (entry_is_number(item) || item->kind == ENTRY_TEXT) {
            file->numbers++;
        }
    }
}

static bool has_value_group(const Entry *group)
{
    for (int i = 0; i < group->count; i++) {
        const Entry *item = group->items[i];
        if (item->kind == ENTRY_GROUP && (is_one(item) || has_value_group(item))) {
            return true;
        }
    }
    return false;
}

static ParamsKind kind_of(const Entry *root)
{
    static const char *const keys[] = {"model", "arms", "parameters", "population", "plots"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (entry_find(root, keys[i]) != NULL) {
            return PARAMS_STUDY;
        }
    }
    return has_value_group(root) ? PARAMS_NUMBERS : PARAMS_OTHER;
}

bool params_look(Arena *arena, const char *path, bool strict, Diag *diag, ParamsFile *file)
{
    assert(arena && path && diag && file);
    *file = (ParamsFile){.kind = PARAMS_OTHER, .heading = ""};
    Config *config = config_new(arena, diag);
    bool read = config_read_path(config, path);
    if (config->source_count == 0) {
        return false;
    }
    file->heading = heading_of(arena, config->sources[0]);
    file->kind = kind_of(config->root);
    if (file->kind == PARAMS_NUMBERS) {
        count_numbers(config->root, file);
        read = config_load(config, config->root) && read;
        if (strict) {
            lint_values(diag, config->root);
        }
    }
    return read;
}

/* --- where numbers come from ---------------------------------------------------------------------
 */

static void lint_value(Diag *diag, Entry *entry)
{
    bool group = entry->kind == ENTRY_GROUP;
    const Entry *number = group ? entry_find(entry, "value") : NULL;
    if (entry->is_noted || entry->is_wrong || entry_is_set(entry)) {
        return;
    }
    if (!group || entry_find(entry, "source") == NULL) {
        diag_report(diag, FAULT_P500, entry->key, "'%s' does not say where its value comes from",
                    entry->name);
        if (group) {
            diag_hint(diag, "add source = \"...\"");
        } else {
            diag_hint(diag, "write { value = ...; unit = \"...\"; source = \"...\"; }");
        }
        entry->is_noted = true;
    } else if (entry_find(entry, "unit") == NULL && number->kind != ENTRY_TEXT &&
               !number->is_noted) {
        diag_report(diag, FAULT_P501, entry->key, "'%s' does not say in which unit its value is",
                    entry->name);
        entry->is_noted = true;
    }
}

static void lint_spread(Diag *diag, const Entry *item)
{
    if (entry_find(item, "source") == NULL) {
        diag_report(diag, FAULT_P500, item->key,
                    "'%s' does not say where its distribution comes from", item->name);
        diag_hint(diag, "add source = \"...\"");
    }
}

void lint_values(Diag *diag, const Entry *group)
{
    for (int i = 0; group != NULL && group->kind == ENTRY_GROUP && i < group->count; i++) {
        Entry *item = group->items[i];
        if (is_spread(item)) {
            lint_spread(diag, item);
        } else if (item->kind == ENTRY_GROUP && entry_find(item, "value") == NULL) {
            lint_values(diag, item);
        } else {
            lint_value(diag, item);
        }
    }
}

/* Distributions of one level of names; those of a module stand one group deeper. */
static void lint_vary(Diag *diag, const Entry *group)
{
    for (int i = 0; group != NULL && group->kind == ENTRY_GROUP && i < group->count; i++) {
        Entry *item = group->items[i];
        bool module = item->kind == ENTRY_GROUP && item->count > 0;
        for (int k = 0; module && k < item->count; k++) {
            module = item->items[k]->kind == ENTRY_GROUP;
        }
        if (module) {
            lint_vary(diag, item);
        } else if (item->kind == ENTRY_GROUP) {
            lint_spread(diag, item);
        }
    }
}

void lint_sources(Reader *reader)
{
    const Entry *root = reader->config->root;
    lint_values(reader->diag, member(root, "parameters"));
    const Entry *arms = member(root, "arms");
    for (int i = 0; arms != NULL && i < arms->count; i++) {
        lint_values(reader->diag, member(arms->items[i], "parameters"));
    }
    lint_vary(reader->diag, member(member(root, "population"), "vary"));
}
