/* scan.h: the smallest pieces of libconfig text: blanks, comments, names, numbers, quoted text.
 *
 * A Cursor walks over one Source. Functions that fail have reported why.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_PARAMS_SCAN_H
#define STROMA_PARAMS_SCAN_H

#include "params/config.h"

typedef struct {
    Config *config;
    const Layer *layer;
    const Source *source;
    uint32_t at;
    int depth;
    bool failed; // a mistake after which the structure is not known: stop
} Cursor;

/* Skips blanks and comments; false (and failed) at a comment that is not closed. */
bool scan_blanks(Cursor *cursor);
/* The byte under the cursor, 0 at the end. */
char scan_peek(const Cursor *cursor);
Span scan_span(const Cursor *cursor, uint32_t start, uint32_t end);

bool scan_starts_name(char c);
/* The name under the cursor: letters, digits, '_', '-'; the cursor moves behind it. */
Span scan_name(Cursor *cursor);
/* True if all the letters are one number. */
bool scan_is_number(const char *letters, uint32_t length);
/* A number: sets kind and value span of the entry. A number that cannot be is reported, but the
 * cursor moves behind it and the scan goes on. */
void scan_number(Cursor *cursor, Entry *entry);
/* Quoted text and what is quoted directly after it (libconfig joins them). */
void scan_text(Cursor *cursor, Entry *entry);

/* Reports a mistake that ends the scan. */
void scan_fail(Cursor *cursor, Fault fault, Span where, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
