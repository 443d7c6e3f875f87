/* scan.c: blanks, comments, names, numbers and quoted text of libconfig 1.5, with its traps closed.
 *
 * libconfig reads 3000000000 as -1294967296, 1e400 as infinity, "." as 0 and leaves an unknown
 * escape as it stands, all without a word. Here each of them is an error at the very letters.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "params/scan.h"

#include "base/number.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const double largest_int = 2147483647.0;

char scan_peek(const Cursor *cursor)
{
    return cursor->at < cursor->source->length ? cursor->source->text[cursor->at] : '\0';
}

static char peek_after(const Cursor *cursor, uint32_t offset)
{
    uint32_t at = cursor->at + offset;
    return at < cursor->source->length ? cursor->source->text[at] : '\0';
}

Span scan_span(const Cursor *cursor, uint32_t start, uint32_t end)
{
    assert(end >= start);
    return (Span){cursor->source, start, end - start};
}

void scan_fail(Cursor *cursor, Fault fault, Span where, const char *format, ...)
{
    char words[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    diag_report(cursor->config->diag, fault, where, "%s", words);
    cursor->failed = true;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static void skip_line(Cursor *cursor)
{
    while (cursor->at < cursor->source->length && scan_peek(cursor) != '\n') {
        cursor->at++;
    }
}

static bool skip_comment(Cursor *cursor)
{
    uint32_t start = cursor->at;
    cursor->at += 2;
    while (cursor->at < cursor->source->length) {
        if (scan_peek(cursor) == '*' && peek_after(cursor, 1) == '/') {
            cursor->at += 2;
            return true;
        }
        cursor->at++;
    }
    scan_fail(cursor, FAULT_P006, scan_span(cursor, start, start + 2),
              "the comment that begins here is not closed");
    diag_hint(cursor->config->diag, "a comment ends with */");
    return false;
}

bool scan_blanks(Cursor *cursor)
{
    for (;;) {
        char c = scan_peek(cursor);
        char next = peek_after(cursor, 1);
        if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f') {
            cursor->at++;
        } else if (c == '#' || (c == '/' && next == '/')) {
            skip_line(cursor);
        } else if (c == '/' && next == '*') {
            if (!skip_comment(cursor)) {
                return false;
            }
        } else {
            return true;
        }
    }
}

bool scan_starts_name(char c)
{
    return is_letter(c);
}

Span scan_name(Cursor *cursor)
{
    uint32_t start = cursor->at;
    while (is_letter(scan_peek(cursor)) || is_digit(scan_peek(cursor)) ||
           scan_peek(cursor) == '_' || scan_peek(cursor) == '-') {
        cursor->at++;
    }
    return scan_span(cursor, start, cursor->at);
}

/* The longest run of letters that a number could be made of; a sign only in front or after e. */
static Span take_number_letters(Cursor *cursor)
{
    uint32_t start = cursor->at;
    const char *text = cursor->source->text;
    bool hex = false;
    cursor->at += scan_peek(cursor) == '-' || scan_peek(cursor) == '+';
    for (;; cursor->at++) {
        char c = scan_peek(cursor);
        char before = cursor->at > start ? text[cursor->at - 1] : '\0';
        hex = hex || before == 'x' || before == 'X';
        bool exponent_sign = (c == '-' || c == '+') && (before == 'e' || before == 'E') && !hex;
        if (!is_digit(c) && !is_letter(c) && c != '.' && c != '_' && !exponent_sign) {
            break;
        }
    }
    return scan_span(cursor, start, cursor->at);
}

/* What the letters of a number are: a whole number (digits, base, L) or a real. */
typedef struct {
    const char *letters;
    uint32_t length; // without L
    bool whole, hex, wide;
} NumberShape;

static NumberShape shape_of(const char *letters, uint32_t length)
{
    NumberShape shape = {letters, length, false, false, false};
    uint32_t sign = letters[0] == '-' || letters[0] == '+';
    uint32_t end = length;
    while (end > sign && letters[end - 1] == 'L' && length - end < 2) {
        end--;
    }
    shape.hex = end > 2 && letters[0] == '0' && (letters[1] == 'x' || letters[1] == 'X');
    uint32_t first = shape.hex ? 2 : sign;
    shape.whole = end > first;
    for (uint32_t i = first; i < end; i++) {
        shape.whole = shape.whole && (shape.hex ? is_hex(letters[i]) : is_digit(letters[i]));
    }
    if (shape.whole) {
        shape.wide = end < length;
        shape.length = end;
    }
    return shape;
}

bool scan_is_number(const char *letters, uint32_t length)
{
    double value;
    size_t used = 0;
    return (number_read(letters, length, &value, &used) && used == length) ||
           (length > 0 && shape_of(letters, length).whole);
}

static int digit_of(char c)
{
    return is_digit(c) ? c - '0' : (c | 32) - 'a' + 10;
}

/* The value of a whole number in two ways: as a double, and whether 63 bits and 53 bits hold it. */
static double whole_value(const NumberShape *shape, bool *fits)
{
    uint64_t base = shape->hex ? 16 : 10;
    uint64_t value = 0;
    *fits = true;
    for (uint32_t i = shape->hex ? 2 : 0; i < shape->length; i++) {
        char c = shape->letters[i];
        if (c == '-' || c == '+') {
            continue;
        }
        uint64_t digit = (uint64_t)digit_of(c);
        *fits = *fits && value <= ((uint64_t)INT64_MAX - digit) / base;
        value = *fits ? value * base + digit : value;
    }
    *fits = *fits && (uint64_t)(double)value == value;
    return shape->letters[0] == '-' ? -(double)value : (double)value;
}

/* The number as it would be read with a point behind it. */
static double as_real(const NumberShape *shape)
{
    double value = 0;
    size_t used;
    if (!shape->hex) {
        (void)number_read(shape->letters, shape->length, &value, &used);
        return value;
    }
    for (uint32_t i = 2; i < shape->length; i++) {
        value = value * 16 + digit_of(shape->letters[i]);
    }
    return value;
}

static void check_whole(Cursor *cursor, Entry *entry, const NumberShape *shape)
{
    Diag *diag = cursor->config->diag;
    bool fits;
    entry->number = whole_value(shape, &fits);
    entry->kind = shape->wide ? ENTRY_LONG : ENTRY_INTEGER;
    if (!fits) {
        diag_report(diag, FAULT_P008, entry->value,
                    "this whole number is too large to be kept exactly");
        char real[NUMBER_TEXT_SIZE];
        number_text(as_real(shape), real);
        diag_hint(diag, "write it as a real number: %s%s", real, strpbrk(real, ".e") ? "" : ".0");
    } else if (!shape->wide && (entry->number > largest_int || entry->number < -largest_int - 1)) {
        diag_report(diag, FAULT_P008, entry->value,
                    "this whole number does not fit in 32 bits: libconfig would cut it off");
        if (fabs(fmod(entry->number, 1e6)) > 0) {
            diag_hint(diag, "write %.0f.0 or %.*sL", entry->number, (int)shape->length,
                      shape->letters);
        } else {
            int power = 0;
            double lead = entry->number;
            for (; fabs(fmod(lead, 10)) == 0; lead /= 10) {
                power++;
            }
            diag_hint(diag, "write %.0fe%d or %.*sL", lead, power, (int)shape->length,
                      shape->letters);
        }
    } else {
        return;
    }
    entry->is_wrong = true;
}

static bool has_nonzero_digit(const char *letters, uint32_t length)
{
    for (uint32_t i = 0; i < length && letters[i] != 'e' && letters[i] != 'E'; i++) {
        if (letters[i] >= '1' && letters[i] <= '9') {
            return true;
        }
    }
    return false;
}

static void check_real(Cursor *cursor, Entry *entry, const NumberShape *shape)
{
    Diag *diag = cursor->config->diag;
    size_t used = 0;
    entry->kind = ENTRY_REAL;
    if (!number_read(shape->letters, shape->length, &entry->number, &used) ||
        used != shape->length) {
        diag_report(diag, FAULT_P007, entry->value, "'%.*s' is not a number",
                    shape->length > 40 ? 40 : (int)shape->length, shape->letters);
        if (used > 0 && is_letter(shape->letters[used])) {
            diag_hint(diag, "a number with its unit is text: \"%.*s %.*s\"", (int)used,
                      shape->letters, (int)(shape->length - used > 40 ? 40 : shape->length - used),
                      shape->letters + used);
        }
    } else if (isinf(entry->number)) {
        diag_report(diag, FAULT_P009, entry->value, "this number is larger than 1.8e308");
    } else if (entry->number == 0 && has_nonzero_digit(shape->letters, shape->length)) {
        diag_report(diag, FAULT_P009, entry->value,
                    "this number is too small: it would be read as 0");
    } else {
        return;
    }
    entry->is_wrong = true;
}

void scan_number(Cursor *cursor, Entry *entry)
{
    entry->value = take_number_letters(cursor);
    NumberShape shape = shape_of(cursor->source->text + entry->value.start, entry->value.length);
    if (shape.whole) {
        check_whole(cursor, entry, &shape);
    } else {
        check_real(cursor, entry, &shape);
    }
}

/* An escape under the cursor; libconfig knows \n \t \r \f \\ \" and \xHH. */
static void take_escape(Cursor *cursor, Entry *entry)
{
    uint32_t start = cursor->at;
    char c = peek_after(cursor, 1);
    char high = peek_after(cursor, 2);
    bool ok = c != '\0' && strchr("ntrf\\\"", c);
    uint32_t length = 2;
    if (c == 'x') {
        ok = high >= '0' && high <= '7' && is_hex(peek_after(cursor, 3)) &&
             !(high == '0' && peek_after(cursor, 3) == '0');
        length = ok ? 4 : 2;
    }
    if (c == '\0' || c == '\n') {
        length = 1;
    }
    uint32_t left = cursor->source->length - start;
    cursor->at += length < left ? length : left;
    if (!ok && !entry->is_wrong) {
        diag_report(cursor->config->diag, FAULT_P006, scan_span(cursor, start, cursor->at),
                    "this escape has no meaning");
        diag_hint(cursor->config->diag, "known are \\\\ \\\" \\n \\t \\r \\f and \\x01 to \\x7f");
        entry->is_wrong = true;
    }
}

/* One piece in quotes. */
static void take_quoted(Cursor *cursor, Entry *entry)
{
    uint32_t start = cursor->at++;
    for (;;) {
        char c = scan_peek(cursor);
        if (c == '"') {
            cursor->at++;
            return;
        }
        if (c == '\0' || c == '\n') {
            scan_fail(cursor, FAULT_P006, scan_span(cursor, start, cursor->at),
                      "the text that begins here is not closed on its line");
            diag_hint(cursor->config->diag,
                      "close it with \"; texts that follow each other are joined");
            return;
        }
        if (c == '\\') {
            take_escape(cursor, entry);
        } else {
            cursor->at++;
        }
    }
}

void scan_text(Cursor *cursor, Entry *entry)
{
    assert(scan_peek(cursor) == '"');
    uint32_t start = cursor->at;
    uint32_t end = start;
    entry->kind = ENTRY_TEXT;
    while (!cursor->failed && scan_peek(cursor) == '"') {
        take_quoted(cursor, entry);
        end = cursor->at;
        if (!cursor->failed) {
            scan_blanks(cursor);
        }
    }
    cursor->at = cursor->failed ? cursor->at : end;
    entry->value = scan_span(cursor, start, end > start ? end : cursor->at);
}
