/* config.c: entries: finding, adding, their words, and the tree as plain libconfig text.
 *
 * The printed text holds no comment, no include and no duplicate; numbers and quoted text are
 * copied letter by letter from the user's file, so that libconfig reads what the user wrote.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "params/config.h"

#include <assert.h>
#include <string.h>

Entry *entry_find(const Entry *group, const char *name)
{
    assert(group && name);
    int index = group->names ? names_find(group->names, name) : -1;
    return index < 0 ? NULL : group->items[index];
}

void entry_append(Arena *arena, Entry *list, Entry *entry)
{
    list->items =
        arena_grow(arena, list->items, (size_t)list->count, &list->capacity, sizeof *list->items);
    list->items[list->count++] = entry;
}

void entry_put(Arena *arena, Entry *group, Entry *entry)
{
    assert(group->kind == ENTRY_GROUP && entry->name);
    if (!group->names) {
        group->names = names_new(arena);
    }
    int index = names_find(group->names, entry->name);
    if (index >= 0) {
        group->items[index] = entry;
        return;
    }
    names_add(group->names, entry->name, group->count);
    entry_append(arena, group, entry);
}

bool entry_is_number(const Entry *entry)
{
    return entry->kind == ENTRY_INTEGER || entry->kind == ENTRY_LONG || entry->kind == ENTRY_REAL;
}

bool entry_is_set(const Entry *entry)
{
    return entry->layer && entry->layer->is_set;
}

const char *entry_kind_words(EntryKind kind)
{
    switch (kind) {
    case ENTRY_GROUP:
        return "a group { }";
    case ENTRY_LIST:
        return "a list ( )";
    case ENTRY_ARRAY:
        return "an array [ ]";
    case ENTRY_INTEGER:
        return "a whole number";
    case ENTRY_LONG:
        return "a whole number with L";
    case ENTRY_REAL:
        return "a real number";
    case ENTRY_TEXT:
        return "text";
    case ENTRY_BOOLEAN:
        return "true or false";
    }
    return "";
}

Span entry_text_span(const Entry *entry, size_t from, size_t length)
{
    assert(entry->kind == ENTRY_TEXT && entry->text);
    size_t quote = entry->is_bare ? 0 : 1;
    if (entry->value.length != strlen(entry->text) + 2 * quote) {
        return entry->value; // escapes or joined pieces: no plain mapping
    }
    return (Span){entry->value.source, entry->value.start + (uint32_t)(quote + from),
                  (uint32_t)length};
}

static void print_bare(const Entry *entry, Text *text)
{
    text_string(text, "\"");
    for (const char *c = entry->text; *c; c++) {
        text_add(text, "\\", *c == '"' || *c == '\\');
        text_add(text, c, 1);
    }
    text_string(text, "\"");
}

/* The quoted pieces alone: what stands between them may be a comment. */
static void print_quoted(const Entry *entry, Text *text)
{
    const char *from = entry->value.source->text + entry->value.start;
    const char *end = from + entry->value.length;
    while (from < end) {
        if (*from == '"') {
            const char *close = from + 1;
            while (close < end && *close != '"') {
                close += *close == '\\' ? 2 : 1;
            }
            text_add(text, from, (size_t)(close + 1 - from));
            from = close + 1;
        } else if (*from == '#' || (*from == '/' && from[1] == '/')) {
            const char *newline = memchr(from, '\n', (size_t)(end - from));
            from = newline ? newline : end;
        } else if (*from == '/') {
            const char *close = strstr(from + 2, "*/");
            from = close ? close + 2 : end;
        } else {
            from++;
        }
    }
}

static void print_members(const Entry *entry, Text *text)
{
    for (int i = 0; i < entry->count; i++) {
        const Entry *item = entry->items[i];
        if (item->name) {
            text_string(text, item->name);
            text_string(text, " = ");
        }
        config_print(item, text);
        text_string(text, item->name ? ";\n" : i + 1 < entry->count ? ",\n" : "\n");
    }
}

void config_print(const Entry *entry, Text *text)
{
    switch (entry->kind) {
    case ENTRY_GROUP:
    case ENTRY_LIST:
    case ENTRY_ARRAY: {
        static const char *const brackets[] = {"{\n", "(\n", "[\n", "}", ")", "]"};
        text_string(text, brackets[entry->kind]);
        print_members(entry, text);
        text_string(text, brackets[entry->kind + 3]);
        break;
    }
    case ENTRY_TEXT:
        if (entry->is_bare) {
            print_bare(entry, text);
        } else {
            print_quoted(entry, text);
        }
        break;
    case ENTRY_BOOLEAN:
        text_string(text, entry->flag ? "true" : "false");
        break;
    case ENTRY_INTEGER:
    case ENTRY_LONG:
    case ENTRY_REAL:
        text_add(text, entry->value.source->text + entry->value.start, entry->value.length);
        break;
    }
}
