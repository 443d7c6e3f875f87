/* source.c: files as text with lines.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/source.h"

#include "base/text.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* Bytes up to the first that is zero or not UTF-8. */
static size_t text_before_noise(const char *text, size_t length)
{
    size_t i = 0;
    while (i < length) {
        size_t step = text_utf8(text + i, length - i);
        if (step == 0) {
            break;
        }
        i += step;
    }
    return i;
}

static void index_lines(Arena *arena, Source *source)
{
    uint32_t lines = 1;
    for (uint32_t i = 0; i < source->length; i++) {
        lines += source->text[i] == '\n';
    }
    source->line_start = arena_array(arena, lines, sizeof *source->line_start);
    source->n_line = lines;
    uint32_t line = 1;
    for (uint32_t i = 0; i < source->length; i++) {
        if (source->text[i] == '\n') {
            source->line_start[line++] = i + 1;
        }
    }
}

const Source *source_from_text(Arena *arena, const char *name, const char *text, size_t length)
{
    assert(length <= UINT32_MAX - 1);
    while (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) { // two, when files were joined
        text += 3;
        length -= 3;
    }
    Source *source = arena_alloc(arena, sizeof *source);
    source->name = arena_copy(arena, name, strlen(name));
    source->text = arena_copy(arena, text, length);
    source->length = (uint32_t)length;
    index_lines(arena, source);
    return source;
}

static FILE *open_source(const char *path, SourceStatus *status)
{
    if (strcmp(path, "-") == 0) {
        return stdin;
    }
    struct stat information;
    if (stat(path, &information) != 0) {
        *status = errno == ENOENT || errno == ENOTDIR ? SOURCE_MISSING : SOURCE_UNREADABLE;
        return NULL;
    }
    if (S_ISDIR(information.st_mode)) {
        *status = SOURCE_DIRECTORY;
        return NULL;
    }
    FILE *file = fopen(path, "rb");
    if (!file) {
        *status = SOURCE_UNREADABLE;
    }
    return file;
}

SourceStatus source_read(Arena *arena, const char *path, const Source **source)
{
    SourceStatus status = SOURCE_OK;
    FILE *file = open_source(path, &status);
    if (!file) {
        return status;
    }
    size_t capacity = 64 * 1024;
    size_t length = 0;
    char *text = arena_alloc(arena, capacity);
    for (;;) {
        size_t got = fread(text + length, 1, capacity - length, file);
        length += got;
        if (got == 0 || length > SOURCE_MAX_BYTES) {
            break;
        }
        if (length == capacity) {
            char *larger = arena_alloc(arena, capacity * 2);
            memcpy(larger, text, length);
            text = larger;
            capacity *= 2;
        }
    }
    bool failed = ferror(file) != 0;
    if (file != stdin) {
        fclose(file);
    }
    if (failed) {
        return SOURCE_UNREADABLE;
    }
    if (length > SOURCE_MAX_BYTES) {
        return SOURCE_TOO_LARGE;
    }
    size_t good = text_before_noise(text, length);
    *source = source_from_text(arena, path, text, good);
    if (good < length) {
        return text[good] == '\0' ? SOURCE_ZERO_BYTE : SOURCE_NOT_UTF8;
    }
    return SOURCE_OK;
}

const char *source_status_text(SourceStatus status)
{
    switch (status) {
    case SOURCE_OK:
        return "it was read";
    case SOURCE_MISSING:
        return "there is no such file";
    case SOURCE_DIRECTORY:
        return "it is a folder, not a file";
    case SOURCE_UNREADABLE:
        return "it cannot be read";
    case SOURCE_TOO_LARGE:
        return "it is larger than 64 MiB";
    case SOURCE_ZERO_BYTE:
        return "it holds a zero byte, so it is not a text file";
    case SOURCE_NOT_UTF8:
        return "it is not a text file in UTF-8";
    }
    return "";
}

/* Line number (from 1) of an offset, by halving. */
static uint32_t line_of(const Source *source, uint32_t offset)
{
    uint32_t low = 0;
    uint32_t high = source->n_line;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (source->line_start[middle] <= offset) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low + 1;
}

void source_locate(const Source *source, uint32_t offset, int *line, int *column)
{
    assert(source);
    if (offset > source->length) {
        offset = source->length;
    }
    uint32_t number = line_of(source, offset);
    int characters = 1;
    for (uint32_t i = source->line_start[number - 1]; i < offset; i++) {
        characters += ((unsigned char)source->text[i] & 0xc0) != 0x80;
    }
    *line = (int)number;
    *column = characters;
}

const char *source_line(const Source *source, int line, uint32_t *length)
{
    assert(line >= 1 && (uint32_t)line <= source->n_line);
    uint32_t start = source->line_start[line - 1];
    uint32_t end = (uint32_t)line < source->n_line ? source->line_start[line] - 1 : source->length;
    if (end > start && source->text[end - 1] == '\r') {
        end--;
    }
    *length = end - start;
    return source->text + start;
}

char *span_text(Arena *arena, Span span)
{
    if (!span.source || span.start > span.source->length) {
        return arena_copy(arena, "", 0);
    }
    uint32_t left = span.source->length - span.start;
    return arena_copy(arena, span.source->text + span.start,
                      span.length < left ? span.length : left);
}

Span span_join(Span first, Span last)
{
    if (!first.source || first.source != last.source) {
        return first.source ? first : last;
    }
    uint32_t start = first.start < last.start ? first.start : last.start;
    uint32_t end = first.start + first.length;
    if (last.start + last.length > end) {
        end = last.start + last.length;
    }
    return (Span){first.source, start, end - start};
}
