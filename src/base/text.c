/* text.c: a growing string.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/text.h"

#include "base/number.h"

#include <assert.h>
#include <stdarg.h>
#include <stdbool.h>
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

size_t text_utf8(const char *bytes, size_t left)
{
    assert(bytes != NULL && left > 0);
    const unsigned char *text = (const unsigned char *)bytes;
    if (text[0] < 0x80) {
        return text[0] != 0;
    }
    size_t length = text[0] >= 0xf0 && text[0] < 0xf5   ? 4
                    : text[0] >= 0xe0 && text[0] < 0xf0 ? 3
                    : text[0] >= 0xc2 && text[0] < 0xe0 ? 2
                                                        : 0;
    if (length == 0 || length > left) {
        return 0;
    }
    for (size_t i = 1; i < length; i++) {
        if ((text[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    bool overlong = (text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xf0 && text[1] < 0x90);
    bool surrogate = text[0] == 0xed && text[1] >= 0xa0;
    bool too_high = text[0] == 0xf4 && text[1] >= 0x90;
    return overlong || surrogate || too_high ? 0 : length;
}
