/* edit_layout.c: a new member of a group, written in the manner of the members before it.
 *
 * It stands behind the last member and the last @include of the group: where every setting has a
 * line of its own on a line of its own, with the same blanks in front and behind the comment of the
 * line before; else on the same line. SPDX-License-Identifier: GPL-3.0-or-later */
#include "params/edit_inside.h"

#include <assert.h>
#include <string.h>

/* The last thing in a group: where it begins and ends. */
typedef struct {
    uint32_t start, end;
    bool any;
} Last;

static Last last_of(const Edit *edit, const Entry *group, uint32_t open, uint32_t close)
{
    const Source *source = group->value.source;
    Last last = {open, open, false};
    for (int i = 0; i < group->count; i++) {
        const Entry *item = group->items[i];
        uint32_t end = item->value.start + item->value.length;
        if (item->value.source == source && item->key.start >= open && end <= close &&
            end > last.end) {
            last = (Last){item->key.start, end, true};
        }
    }
    for (size_t i = 0; i < edit->config->layer_count; i++) {
        Span include = edit->config->layers[i]->include;
        uint32_t end = include.start + include.length;
        if (include.source == source && include.start >= open && end <= close && end > last.end) {
            uint32_t start = include.start;
            while (start > open && source->text[start] != '@') {
                start--;
            }
            last = (Last){start, end, true};
        }
    }
    return last;
}

static uint32_t skip_blanks(const Source *source, uint32_t at)
{
    while (at < source->length && (source->text[at] == ' ' || source->text[at] == '\t')) {
        at++;
    }
    return at;
}

/* Behind blanks and comments up to the end of the line; the same place if more follows. */
static uint32_t line_end(const Source *source, uint32_t from, bool *ends)
{
    uint32_t at = skip_blanks(source, from);
    while (at + 1 < source->length && source->text[at] == '/' && source->text[at + 1] == '*') {
        const char *close = strstr(source->text + at + 2, "*/");
        if (!close) {
            break;
        }
        at = skip_blanks(source, (uint32_t)(close + 2 - source->text));
    }
    bool comment =
        at < source->length &&
        (source->text[at] == '#' ||
         (source->text[at] == '/' && at + 1 < source->length && source->text[at + 1] == '/'));
    while (comment && at < source->length && source->text[at] != '\n') {
        at++;
    }
    at += at < source->length && source->text[at] == '\r';
    *ends = at >= source->length || source->text[at] == '\n';
    return *ends ? at + (at < source->length) : from;
}

/* The blanks in front of a line's first letter, or NULL if `at` is not that letter. */
static const char *indent_of(Arena *arena, const Source *source, uint32_t at)
{
    uint32_t start = at;
    while (start > 0 && (source->text[start - 1] == ' ' || source->text[start - 1] == '\t')) {
        start--;
    }
    bool first = start == 0 || source->text[start - 1] == '\n';
    return first ? arena_copy(arena, source->text + start, at - start) : NULL;
}

void patch_new_member(Edit *edit, const Entry *group, const char *name, const char *text)
{
    const Source *source = group->value.source;
    bool whole_file = group->value.length == 0;
    uint32_t open = whole_file ? 0 : group->value.start + 1;
    uint32_t close = whole_file ? source->length : group->value.start + group->value.length - 1;
    const char *newline = strstr(source->text, "\r\n") ? "\r\n" : "\n";
    Last last = last_of(edit, group, open, close);
    uint32_t at = last.end;
    uint32_t sign = skip_blanks(source, at);
    bool ended = sign < close && (source->text[sign] == ';' || source->text[sign] == ',');
    at = ended ? sign + 1 : at;
    const char *indent = last.any ? indent_of(edit->arena, source, last.start) : NULL;
    indent = !last.any && whole_file ? "" : indent;
    bool ends = false;
    uint32_t behind = line_end(source, at, &ends);
    const char *patch;
    if (indent && ends) {
        bool lacks = behind > 0 && source->text[behind - 1] != '\n';
        patch = arena_format(edit->arena, "%s%s%s = %s;%s", lacks ? newline : "", indent, name,
                             text, newline);
        at = behind;
    } else {
        bool include = last.any && source->text[last.start] == '@';
        bool blank = at < source->length && source->text[at] != '}';
        patch = arena_format(edit->arena, "%s %s = %s;%s", !last.any || ended || include ? "" : ";",
                             name, text, blank ? "" : " ");
    }
    add_patch(edit, (Span){source, at, 0}, patch);
}
