/* text.h: a string that grows, in an arena. The string is always NUL-terminated.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_BASE_TEXT_H
#define STROMA_BASE_TEXT_H

#include "base/arena.h"

typedef struct {
    Arena *arena;
    char *data; // length + 1 bytes
    size_t length;
    size_t capacity;
} Text;

/* An empty text whose memory comes from `arena`. */
Text text_new(Arena *arena);
void text_add(Text *text, const char *bytes, size_t length);
void text_string(Text *text, const char *string);
void text_format(Text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Appends the shortest decimal form that reads back to the same double (number.h). */
void text_number(Text *text, double value);

/* Bytes (1 to 4) of the UTF-8 character at `bytes`, of which `left` may be read; 0 if there is
 * none, a zero byte included. */
size_t text_utf8(const char *bytes, size_t left);

#endif
