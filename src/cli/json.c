/* json.c: see json.h.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/json.h"

#include <assert.h>
#include <math.h>
#include <string.h>

void json_quoted(Text *text, const char *string)
{
    assert(text != NULL && string != NULL);
    text_string(text, "\"");
    size_t left = strlen(string);
    for (size_t step; left > 0; string += step, left -= step) {
        unsigned char byte = (unsigned char)*string;
        size_t letter = text_utf8(string, left);
        step = letter == 0 ? 1 : letter;
        if (byte == '"' || byte == '\\') {
            text_format(text, "\\%c", byte);
        } else if (byte < 0x20) {
            text_format(text, "\\u%04x", byte);
        } else if (letter == 0) { // JSON is UTF-8; paths and arguments need not be
            text_string(text, "?");
        } else {
            text_add(text, string, letter);
        }
    }
    text_string(text, "\"");
}

void json_number(Text *text, double value)
{
    if (isfinite(value)) {
        text_number(text, value);
    } else {
        text_string(text, "null");
    }
}

void json_named(Text *text, const char *before, const char *name, const char *string)
{
    text_format(text, "%s\"%s\": ", before, name);
    json_quoted(text, string);
}

void json_named_number(Text *text, const char *before, const char *name, double value)
{
    text_format(text, "%s\"%s\": ", before, name);
    json_number(text, value);
}
