/* text.c: a growing string.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/text.h"

#include "base/number.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

Text text_new(Arena *arena)
{
    assert(arena);
    Text text = {arena, arena_alloc(arena, 64), 0, 64};
    return text;
}

/* Room for `extra` more bytes and the NUL. */
static void make_room(Text *text, size_t extra)
{
    size_t needed = text->length + extra + 1;
    if (needed <= text->capacity) {
        return;
    }
    size_t capacity = text->capacity;
    while (capacity < needed) {
        capacity *= 2;
    }
    char *data = arena_alloc(text->arena, capacity);
    memcpy(data, text->data, text->length);
    text->data = data;
    text->capacity = capacity;
}

void text_add(Text *text, const char *bytes, size_t length)
{
    make_room(text, length);
    if (length) {
        memcpy(text->data + text->length, bytes, length);
    }
    text->length += length;
    text->data[text->length] = '\0';
}

void text_string(Text *text, const char *string)
{
    assert(string);
    text_add(text, string, strlen(string));
}

void text_format(Text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    va_list again;
    va_copy(again, arguments);
    size_t room = text->capacity - text->length;
    int length = vsnprintf(text->data + text->length, room, format, arguments);
    va_end(arguments);
    assert(length >= 0);
    if ((size_t)length >= room) { // it did not fit: once more with the room it needs
        make_room(text, (size_t)length);
        vsnprintf(text->data + text->length, (size_t)length + 1, format, again);
    }
    va_end(again);
    text->length += (size_t)length;
}

void text_number(Text *text, double value)
{
    char digits[NUMBER_TEXT_SIZE];
    int length = number_text(value, digits);
    text_add(text, digits, (size_t)length);
}
