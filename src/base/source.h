/* source.h: the text of one file, its lines, and spans of it.
 *
 * A Span is a piece of a Source; it travels with every token, expression, setting and tape
 * instruction, so that any message can point back at the user's own words.
 * Text that stroma received from somewhere else (a command-line option) is a Source too, with a
 * name such as "--set". SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_BASE_SOURCE_H
#define STROMA_BASE_SOURCE_H

#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    const char *name;     // path as the user wrote it, or "--set"
    const char *text;     // length bytes and a NUL; a UTF-8 byte order mark is stripped
    uint32_t length;      // bytes
    uint32_t *line_start; // byte offset of each line (n_line)
    uint32_t n_line;
} Source;

typedef struct {
    const Source *source; // NULL: no place is known
    uint32_t start;       // byte offset
    uint32_t length;      // bytes
} Span;

typedef enum {
    SOURCE_OK,
    SOURCE_MISSING,   // no such file
    SOURCE_DIRECTORY, // it is a folder
    SOURCE_UNREADABLE,
    SOURCE_TOO_LARGE, // more than SOURCE_MAX_BYTES
    SOURCE_ZERO_BYTE, // no text
    SOURCE_NOT_UTF8   // text in another encoding, or no text
} SourceStatus;

enum { SOURCE_MAX_BYTES = 64 * 1024 * 1024 };

/* Reads a whole file ("-" is standard input). On SOURCE_OK *source is set, in `arena`; on
 * SOURCE_ZERO_BYTE and SOURCE_NOT_UTF8 it holds the text up to the first such byte. */
SourceStatus source_read(Arena *arena, const char *path, const Source **source);

/* One sentence for a status, such as "there is no such file". */
const char *source_status_text(SourceStatus status);

/* A Source made of text in memory; the text is copied. */
const Source *source_from_text(Arena *arena, const char *name, const char *text, size_t length);

/* Line and column (both from 1; the column counts UTF-8 characters) of a byte offset. */
void source_locate(const Source *source, uint32_t offset, int *line, int *column);

/* Line `line` (from 1) without its newline: *length bytes at the returned address. */
const char *source_line(const Source *source, int line, uint32_t *length);

/* The text a span covers, copied into `arena`. */
char *span_text(Arena *arena, Span span);

/* The smallest span that covers both (of one source). */
Span span_join(Span first, Span last);

#endif
