/* config_text.c: the structure of a study's text: settings, groups, lists, arrays and @include.
 *
 * Recursive descent over the grammar of libconfig 1.5, one function a rule, over each file by
 * itself: an included file is whole settings of the group in which the @include stands, its path is
 * relative to the including file, and it may stand behind a '{' as well as at the start of a line.
 * Who wins: within one reading of a file a name may be given once. What is written in a file
 * replaces what it included before; a plain group is not replaced but merged, member by member.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/file.h"
#include "params/scan.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void parse_value(Cursor *cursor, Entry *entry);
static void parse_settings(Cursor *cursor, Entry *group, uint32_t open);

Config *config_new(Arena *arena, Diag *diag)
{
    assert(arena && diag);
    Config *config = arena_alloc(arena, sizeof *config);
    config->arena = arena;
    config->diag = diag;
    config->root = arena_alloc(arena, sizeof *config->root);
    config->root->kind = ENTRY_GROUP;
    return config;
}

static Entry *new_entry(Cursor *cursor)
{
    Entry *entry = arena_alloc(cursor->config->arena, sizeof *entry);
    entry->layer = cursor->layer;
    return entry;
}

/* True if `layer` was included, directly or not, by `other`. */
static bool is_below(const Layer *layer, const Layer *other)
{
    while (layer && layer != other) {
        layer = layer->parent;
    }
    return layer != NULL;
}

/* Groups merge unless they are a value with its unit and source: that is replaced as a whole. */
static bool is_plain_group(const Entry *entry)
{
    return entry->kind == ENTRY_GROUP && !entry_find(entry, "value");
}

static void report_duplicate(Cursor *cursor, const Entry *first, Entry *again)
{
    Diag *diag = cursor->config->diag;
    diag_report(diag, FAULT_P011, again->key, "'%s' is given twice", again->name);
    if (first->layer != again->layer) {
        diag_hint(diag, "an @include stands before what changes it");
    }
    diag_note(diag, first->key, "it is given here first");
}

/* Puts a new member into a group, or merges it with the one that was included before. */
static void add_member(Cursor *cursor, Entry *group, Entry *fresh)
{
    Config *config = cursor->config;
    Entry *old = entry_find(group, fresh->name);
    if (!old) {
        if (group->count == CONFIG_MAX_KEYS) {
            scan_fail(cursor, FAULT_P052, fresh->key, "a group has more than %d keys",
                      CONFIG_MAX_KEYS);
            return;
        }
        entry_put(config->arena, group, fresh);
        return;
    }
    if (is_below(fresh->layer, old->layer)) { // the same reading, or an include after the entry
        report_duplicate(cursor, old, fresh);
        return;
    }
    if (is_plain_group(old) && is_plain_group(fresh)) {
        for (int i = 0; i < fresh->count && !cursor->failed; i++) {
            add_member(cursor, old, fresh->items[i]);
        }
        old->layer = fresh->layer;
        old->key = fresh->key;
        old->value = fresh->value;
        return;
    }
    entry_put(config->arena, group, fresh);
}

/* --- @include ------------------------------------------------------------------------------------
 */

static const char *chain_text(Cursor *cursor, const Layer *layer, const char *last)
{
    if (!layer) {
        return last;
    }
    const char *so_far = arena_format(cursor->config->arena, "%s -> %s", layer->source->name, last);
    return chain_text(cursor, layer->parent, so_far);
}

/* The path in quotes after @include, or NULL. */
static char *take_include_path(Cursor *cursor, Span *where)
{
    uint32_t start = cursor->at;
    const char *word = "@include";
    uint32_t left = cursor->source->length - start;
    if (left < strlen(word) || memcmp(cursor->source->text + start, word, strlen(word)) != 0) {
        scan_fail(cursor, FAULT_P004, scan_span(cursor, start, start + 1),
                  "a '@' begins only @include");
        return NULL;
    }
    cursor->at += (uint32_t)strlen(word);
    if (!scan_blanks(cursor)) {
        return NULL;
    }
    if (scan_peek(cursor) != '"') {
        scan_fail(cursor, FAULT_P004, scan_span(cursor, start, start + (uint32_t)strlen(word)),
                  "after @include stands a path in quotes");
        return NULL;
    }
    uint32_t open = cursor->at++;
    while (scan_peek(cursor) != '"') {
        if (scan_peek(cursor) == '\0' || scan_peek(cursor) == '\n') {
            scan_fail(cursor, FAULT_P006, scan_span(cursor, open, cursor->at),
                      "the path that begins here is not closed on its line");
            return NULL;
        }
        cursor->at++;
    }
    cursor->at++;
    *where = scan_span(cursor, open, cursor->at);
    return span_text(cursor->config->arena, scan_span(cursor, open + 1, cursor->at - 1));
}

/* False if the file may not be included here: it includes itself, or the nesting has no end. */
static bool include_allowed(Cursor *cursor, const char *path, const char *real, Span where)
{
    int depth = 0;
    for (const Layer *layer = cursor->layer; layer; layer = layer->parent) {
        if (real && layer->real && strcmp(real, layer->real) == 0) {
            diag_report(cursor->config->diag, FAULT_P003, where, "files include each other: %s",
                        chain_text(cursor, cursor->layer, path));
            return false;
        }
        depth++;
    }
    if (depth > CONFIG_MAX_INCLUDES) {
        diag_report(cursor->config->diag, FAULT_P003, where,
                    "more than %d files include one another", CONFIG_MAX_INCLUDES);
        return false;
    }
    return true;
}

static const char *real_path(Arena *arena, const char *path)
{
    char buffer[PATH_MAX];
    return realpath(path, buffer) ? arena_copy(arena, buffer, strlen(buffer)) : NULL;
}

static void keep_source(Config *config, const Source *source)
{
    config->bytes += source->length;
    for (size_t i = 0; i < config->source_count; i++) {
        if (strcmp(config->sources[i]->name, source->name) == 0) {
            return;
        }
    }
    config->sources = arena_grow(config->arena, config->sources, config->source_count,
                                 &config->source_capacity, sizeof *config->sources);
    config->sources[config->source_count++] = source;
}

/* The text of a file, or what stands in for it. */
static SourceStatus read_or_take(Config *config, const char *path, const Source **source)
{
    for (int i = 0; i < config->instead_count; i++) {
        if (strcmp(config->instead[i]->name, path) == 0) {
            *source = config->instead[i];
            return SOURCE_OK;
        }
    }
    return source_read(config->arena, path, source);
}

/* Settings of a whole file into `group`. */
static void parse_file(Config *config, const Layer *layer, Entry *group, Cursor *from)
{
    Cursor cursor = {config, layer, layer->source, 0, from ? from->depth : 0, false};
    parse_settings(&cursor, group, UINT32_MAX);
    if (from) {
        from->failed = from->failed || cursor.failed;
    }
}

static void parse_include(Cursor *cursor, Entry *group)
{
    Config *config = cursor->config;
    Span where = {0};
    char *name = take_include_path(cursor, &where);
    if (!name) {
        return;
    }
    const char *path = name;
    if (name[0] != '/') {
        char *folder = file_folder(config->arena, cursor->source->name);
        path = strcmp(folder, ".") == 0 ? name : file_join(config->arena, folder, name);
    }
    const Source *source = NULL;
    SourceStatus status = read_or_take(config, path, &source);
    if (status != SOURCE_OK) {
        diag_unreadable(config->diag, FAULT_P002, where,
                        arena_format(config->arena, "'%s' cannot be included", path), status,
                        source);
        if (status == SOURCE_MISSING) {
            diag_hint(config->diag, "the path is relative to the folder of this file");
        }
        return;
    }
    const char *real = real_path(config->arena, path);
    if (!include_allowed(cursor, path, real, where)) {
        return;
    }
    keep_source(config, source);
    if (config->bytes > CONFIG_MAX_BYTES) {
        scan_fail(cursor, FAULT_P052, where, "the study and its includes are more than %d MiB",
                  CONFIG_MAX_BYTES >> 20);
        return;
    }
    Layer *layer = arena_alloc(config->arena, sizeof *layer);
    *layer = (Layer){source, real, cursor->layer, where, false};
    config->layers = arena_grow(config->arena, config->layers, config->layer_count,
                                &config->layer_capacity, sizeof *config->layers);
    config->layers[config->layer_count++] = layer;
    parse_file(config, layer, group, cursor);
}

/* --- settings ------------------------------------------------------------------------------------
 */

static const char *show_byte(Cursor *cursor)
{
    char c = scan_peek(cursor);
    if (c == '\0') {
        return "the end of the file";
    }
    Span span = scan_span(cursor, cursor->at, cursor->at + 1);
    while (span.start + span.length < cursor->source->length &&
           ((unsigned char)cursor->source->text[span.start + span.length] & 0xc0) == 0x80) {
        span.length++;
    }
    if ((unsigned char)c < ' ' || c == 0x7f) {
        return "a control character";
    }
    return arena_format(cursor->config->arena, "'%s'", span_text(cursor->config->arena, span));
}

/* Whether only blanks stand between two offsets on one line. */
static bool only_blanks(const Cursor *cursor, uint32_t from, uint32_t to)
{
    while (from < to && (cursor->source->text[from] == ' ' || cursor->source->text[from] == '\t')) {
        from++;
    }
    return from == to;
}

/* What is said when `name` is not followed by '=': often the text before it lacks quotes. */
static void report_no_equals(Cursor *cursor, Span name, const Entry *before)
{
    Arena *arena = cursor->config->arena;
    Diag *diag = cursor->config->diag;
    uint32_t end = before ? before->value.start + before->value.length : 0;
    char *word = span_text(arena, name);
    if (before && before->kind != ENTRY_GROUP && before->value.source == cursor->source &&
        end <= name.start && only_blanks(cursor, end, name.start)) {
        scan_fail(cursor, FAULT_P004, name, "'%s' does not belong here: the value ended before it",
                  word);
        if (entry_is_number(before)) {
            diag_hint(diag, "a number with its unit is text: \"%s %s\"",
                      span_text(arena, before->value), word);
        } else {
            diag_hint(diag, "put ';' between two settings");
        }
        return;
    }
    scan_fail(cursor, FAULT_P004, name, "after the name '%s' stands '=', not %s", word,
              show_byte(cursor));
}

/* A further setting: name = value, with an optional ';' or ','. Returns what was read. */
static Entry *parse_setting(Cursor *cursor, Entry *group, const Entry *before)
{
    Entry *entry = new_entry(cursor);
    entry->key = scan_name(cursor);
    char *name = span_text(cursor->config->arena, entry->key);
    entry->name = name;
    if (strcasecmp(name, "true") == 0 || strcasecmp(name, "false") == 0) {
        scan_fail(cursor, FAULT_P004, entry->key, "'%s' cannot be the name of a setting", name);
        return entry;
    }
    if (!scan_blanks(cursor)) {
        return entry;
    }
    if (scan_peek(cursor) != '=' && scan_peek(cursor) != ':') {
        report_no_equals(cursor, entry->key, before);
        return entry;
    }
    cursor->at++;
    if (!scan_blanks(cursor)) {
        return entry;
    }
    parse_value(cursor, entry);
    if (cursor->failed) {
        return entry;
    }
    add_member(cursor, group, entry);
    if (scan_blanks(cursor) && (scan_peek(cursor) == ';' || scan_peek(cursor) == ',')) {
        cursor->at++;
    }
    return entry;
}

static void report_no_name(Cursor *cursor, const Entry *before)
{
    Diag *diag = cursor->config->diag;
    Span here = scan_span(cursor, cursor->at, cursor->at + 1);
    char c = scan_peek(cursor);
    scan_fail(cursor, FAULT_P004, here, "the name of a setting was expected, not %s",
              show_byte(cursor));
    if (c == ';' || c == ',') {
        diag_hint(diag, "one '%c' is enough", c);
    } else if (c == '}' || c == ')' || c == ']') {
        diag_hint(diag, "nothing is open here that '%c' could close", c);
    } else if (before && entry_is_number(before) && c && strchr("+-*/^", c)) {
        diag_hint(diag, "values are numbers, not formulas: formulas belong in the model");
    } else if (c == '_' || (c >= '0' && c <= '9')) {
        diag_hint(diag, "a name begins with a letter");
    }
}

/* Settings up to the '}' of the group opened at `open` (UINT32_MAX: to the end of the file). */
static void parse_settings(Cursor *cursor, Entry *group, uint32_t open)
{
    const Entry *before = NULL;
    bool whole_file = open == UINT32_MAX;
    while (!cursor->failed && scan_blanks(cursor)) {
        char c = scan_peek(cursor);
        if (c == '\0' && cursor->at >= cursor->source->length) {
            if (!whole_file) {
                scan_fail(cursor, FAULT_P004, scan_span(cursor, open, open + 1),
                          "the group that begins here is not closed");
                diag_hint(cursor->config->diag, "a '}' is missing");
            }
            return;
        }
        if (c == '}' && !whole_file) {
            return;
        }
        if (c == '@') {
            parse_include(cursor, group);
            if (!cursor->failed && scan_blanks(cursor) &&
                (scan_peek(cursor) == ';' || scan_peek(cursor) == ',')) {
                cursor->at++;
            }
            before = NULL;
        } else if (scan_starts_name(c)) {
            before = parse_setting(cursor, group, before);
        } else {
            report_no_name(cursor, before);
        }
    }
}

/* --- values --------------------------------------------------------------------------------------
 */

static bool enter(Cursor *cursor)
{
    if (++cursor->depth > CONFIG_MAX_DEPTH) {
        scan_fail(cursor, FAULT_P005, scan_span(cursor, cursor->at, cursor->at + 1),
                  "brackets are nested more than %d deep", CONFIG_MAX_DEPTH);
        return false;
    }
    return true;
}

static void parse_group(Cursor *cursor, Entry *entry)
{
    uint32_t open = cursor->at++;
    entry->kind = ENTRY_GROUP;
    parse_settings(cursor, entry, open);
    if (!cursor->failed) {
        cursor->at++;
    }
    entry->value = scan_span(cursor, open, cursor->at);
}

/* libconfig wants arrays of one type; the element that differs is the place to mend. */
static void check_array(Cursor *cursor, Entry *array)
{
    for (int i = 1; i < array->count; i++) {
        Entry *item = array->items[i];
        EntryKind want = array->items[0]->kind;
        if (item->kind == want || item->is_wrong || array->is_wrong) {
            continue;
        }
        array->is_wrong = true;
        const Entry *whole = entry_is_number(item) && want == ENTRY_REAL ? item : array->items[0];
        bool numbers = entry_is_number(item) && entry_is_number(array->items[0]);
        Diag *diag = cursor->config->diag;
        diag_report(diag, FAULT_P010, numbers ? whole->value : item->value,
                    "the values of an array in [ ] are all of one type, but here are %s and %s",
                    entry_kind_words(want), entry_kind_words(item->kind));
        if (numbers && (want == ENTRY_REAL || item->kind == ENTRY_REAL)) {
            diag_hint(diag, "write %.0f.0, or use a list: ( ... )", whole->number);
        } else {
            diag_hint(diag, "use a list: ( ... )");
        }
    }
}

/* A list ( ) of any values or an array [ ] of plain ones. */
static void parse_sequence(Cursor *cursor, Entry *entry, char close)
{
    uint32_t open = cursor->at++;
    entry->kind = close == ')' ? ENTRY_LIST : ENTRY_ARRAY;
    while (scan_blanks(cursor) && scan_peek(cursor) != close) {
        if (cursor->at >= cursor->source->length) {
            scan_fail(cursor, FAULT_P004, scan_span(cursor, open, open + 1),
                      "the %s that begins here is not closed", close == ')' ? "list" : "array");
            diag_hint(cursor->config->diag, "a '%c' is missing", close);
            return;
        }
        Entry *item = new_entry(cursor);
        parse_value(cursor, item);
        if (cursor->failed) {
            return;
        }
        item->key = item->value;
        if (close == ']' && item->kind <= ENTRY_ARRAY) {
            diag_report(cursor->config->diag, FAULT_P010, item->value,
                        "an array in [ ] holds numbers, texts or booleans only");
            diag_hint(cursor->config->diag, "use a list: ( ... )");
            entry->is_wrong = true;
        }
        entry_append(cursor->config->arena, entry, item);
        scan_blanks(cursor);
        if (!cursor->failed && scan_peek(cursor) == ',') {
            cursor->at++;
        } else if (!cursor->failed && scan_peek(cursor) != close &&
                   cursor->at < cursor->source->length) {
            scan_fail(cursor, FAULT_P004, scan_span(cursor, cursor->at, cursor->at + 1),
                      "',' or '%c' was expected, not %s", close, show_byte(cursor));
        }
        if (cursor->failed) {
            return;
        }
    }
    cursor->at += !cursor->failed;
    entry->value = scan_span(cursor, open, cursor->at);
    if (close == ']') {
        check_array(cursor, entry);
    }
}

/* true, false, or words that lack their quotes. */
static void parse_word(Cursor *cursor, Entry *entry)
{
    entry->value = scan_name(cursor);
    char *word = span_text(cursor->config->arena, entry->value);
    entry->kind = ENTRY_BOOLEAN;
    entry->flag = strcasecmp(word, "true") == 0;
    if (entry->flag || strcasecmp(word, "false") == 0) {
        return;
    }
    scan_fail(cursor, FAULT_P004, entry->value, "'%s' is not a value", word);
    if (strcasecmp(word, "nan") == 0 || strcasecmp(word, "inf") == 0) {
        diag_hint(cursor->config->diag, "a value is a finite number");
    } else if (strcasecmp(word, "yes") == 0 || strcasecmp(word, "no") == 0) {
        diag_hint(cursor->config->diag, "write true or false");
    } else {
        diag_hint(cursor->config->diag, "text stands in quotes: \"%s\"", word);
    }
}

static void parse_value(Cursor *cursor, Entry *entry)
{
    char c = scan_peek(cursor);
    bool opens = c == '{' || c == '(' || c == '[';
    if (opens && !enter(cursor)) {
        return;
    }
    if (c == '{') {
        parse_group(cursor, entry);
    } else if (c == '(') {
        parse_sequence(cursor, entry, ')');
    } else if (c == '[') {
        parse_sequence(cursor, entry, ']');
    } else if (c == '"') {
        scan_text(cursor, entry);
    } else if ((c >= '0' && c <= '9') || c == '.' || c == '-' || c == '+') {
        scan_number(cursor, entry);
    } else if (scan_starts_name(c)) {
        parse_word(cursor, entry);
    } else {
        uint32_t end = cursor->at < cursor->source->length ? cursor->at + 1 : cursor->at;
        scan_fail(cursor, FAULT_P004, scan_span(cursor, cursor->at, end),
                  "a value was expected, not %s", show_byte(cursor));
    }
    cursor->depth -= opens;
}

bool config_read_source(Config *config, const Source *source)
{
    assert(config && source);
    int before = diag_errors(config->diag);
    Layer *layer = arena_alloc(config->arena, sizeof *layer);
    layer->source = source;
    layer->real = real_path(config->arena, source->name);
    keep_source(config, source);
    config->root->layer = layer;
    config->root->key = config->root->value = (Span){source, 0, 0};
    if (config->bytes > CONFIG_MAX_BYTES) {
        diag_report(config->diag, FAULT_P052, config->root->key, "the study is larger than %d MiB",
                    CONFIG_MAX_BYTES >> 20);
        return false;
    }
    parse_file(config, layer, config->root, NULL);
    return diag_errors(config->diag) == before;
}

bool config_read_path(Config *config, const char *path)
{
    assert(config && path);
    const Source *source = NULL;
    SourceStatus status = read_or_take(config, path, &source);
    if (status != SOURCE_OK) {
        diag_unreadable(config->diag, FAULT_P001, (Span){0},
                        arena_format(config->arena, "cannot read the study '%s'", path), status,
                        source);
        return false;
    }
    return config_read_source(config, source);
}

Entry *config_read_value(Config *config, const Source *source, uint32_t from)
{
    assert(config && source && from <= source->length);
    Layer *layer = arena_alloc(config->arena, sizeof *layer);
    layer->source = source;
    Entry *entry = arena_alloc(config->arena, sizeof *entry);
    entry->layer = layer;
    layer->is_set = true;
    Cursor cursor = {config, layer, source, from, 0, false};
    entry->value = (Span){source, from, source->length - from};
    char *letters = span_text(config->arena, entry->value);
    char c = letters[0];
    bool word = strcasecmp(letters, "true") == 0 || strcasecmp(letters, "false") == 0;
    if (!word && !scan_is_number(letters, entry->value.length) &&
        (c == '\0' || !strchr("{[(\"", c))) {
        entry->kind = ENTRY_TEXT;
        entry->is_bare = true;
        entry->text = letters;
        return entry;
    }
    parse_value(&cursor, entry);
    if (!cursor.failed && scan_blanks(&cursor) && cursor.at < source->length) {
        scan_fail(&cursor, FAULT_P045, scan_span(&cursor, cursor.at, source->length),
                  "the value ends before this");
    }
    entry->is_wrong = entry->is_wrong || cursor.failed;
    return entry;
}
