/* number.c: text to double and back.
 *
 * Reading: up to 15 digits with a power of ten up to 22 are exact in double arithmetic (Clinger
 * 1990, doi:10.1145/93542.93557); everything else goes to the C library's correctly rounding
 * strtod, with the locale's decimal sign put in. Writing: the first of 15, 16, 17 digits that reads
 * back, which is the shortest for nearly all values; then trailing zeros are cut.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/number.h"

#include "base/shortest.h"

#include <assert.h>
#include <langinfo.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double ten_to[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
enum { EXACT_POWER = 22, EXACT_DIGITS = 15, MOST_DIGITS = 800 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The shape of a number: digits [. digits] [e [sign] digits], with a sign before. */
typedef struct {
    bool negative;
    bool any;          // at least one digit
    bool exact;        // digits fit in 15
    uint64_t mantissa; // of the first digits, without the point
    int digits;        // significant digits counted into mantissa
    long power;        // value = mantissa × 10^power when exact
    long exponent;     // as written behind the e
    size_t used;
} Shape;

static void read_digits(const char *text, size_t length, Shape *shape)
{
    bool point = false;
    shape->exact = true;
    for (; shape->used < length; shape->used++) {
        char c = text[shape->used];
        if (c == '.' && !point) {
            point = true;
            continue;
        }
        if (!is_digit(c)) {
            break;
        }
        shape->any = true;
        if (shape->digits < EXACT_DIGITS) {
            shape->mantissa = shape->mantissa * 10 + (uint64_t)(c - '0');
            shape->digits += shape->mantissa != 0;
            shape->power -= point;
        } else {
            shape->exact = shape->exact && c == '0';
            shape->power += !point;
        }
    }
}

static void read_exponent(const char *text, size_t length, Shape *shape)
{
    size_t at = shape->used;
    if (at >= length || (text[at] != 'e' && text[at] != 'E')) {
        return;
    }
    at++;
    bool negative = at < length && text[at] == '-';
    at += at < length && (text[at] == '-' || text[at] == '+');
    if (at >= length || !is_digit(text[at])) {
        return;
    }
    long exponent = 0;
    for (; at < length && is_digit(text[at]); at++) {
        exponent = exponent < 100000 ? exponent * 10 + (text[at] - '0') : exponent;
    }
    shape->exponent = negative ? -exponent : exponent;
    shape->power += shape->exponent;
    shape->used = at;
}

/* The C library's answer. It gets the digits as one whole number with an exponent, so that no
 * locale has a say. No double needs more than 767 digits to be told from its neighbours: a last 1
 * stands for any that are left out. */
static double read_slowly(const char *text, size_t length, long exponent)
{
    char buffer[MOST_DIGITS + 32];
    size_t out = 0;
    bool point = false;
    bool dropped = false;
    for (size_t i = 0; i < length && (is_digit(text[i]) || text[i] == '.'); i++) {
        if (text[i] == '.') {
            point = true;
        } else if (out < MOST_DIGITS) {
            buffer[out] = text[i];
            out += out > 0 || text[i] != '0';
            exponent -= point;
        } else {
            dropped = dropped || text[i] != '0';
            exponent += !point;
        }
    }
    snprintf(buffer + out, 32, "%de%ld", dropped, exponent - 1);
    return strtod(buffer, NULL);
}

bool number_read(const char *text, size_t length, double *value, size_t *used)
{
    Shape shape = {0};
    size_t sign = 0;
    if (length && (text[0] == '-' || text[0] == '+')) {
        shape.negative = text[0] == '-';
        sign = 1;
    }
    shape.used = sign;
    read_digits(text, length, &shape);
    if (!shape.any) {
        return false;
    }
    read_exponent(text, length, &shape);
    *used = shape.used;
    double magnitude;
    if (shape.exact && shape.power >= -EXACT_POWER && shape.power <= EXACT_POWER) {
        magnitude = (double)shape.mantissa;
        magnitude =
            shape.power < 0 ? magnitude / ten_to[-shape.power] : magnitude * ten_to[shape.power];
    } else {
        magnitude = read_slowly(text + sign, shape.used - sign, shape.exponent);
    }
    *value = shape.negative ? -magnitude : magnitude;
    return true;
}

static int copy_word(const char *word, char *out)
{
    size_t length = strlen(word);
    memcpy(out, word, length + 1);
    return (int)length;
}

/* printf's %.*g with a point instead of the locale's decimal sign. */
static int print_digits(double value, int digits, char *out)
{
    int length = snprintf(out, NUMBER_TEXT_SIZE, "%.*g", digits, value);
    const char *point = nl_langinfo(RADIXCHAR);
    char *found = strcmp(point, ".") == 0 ? NULL : strstr(out, point);
    if (found) {
        size_t width = strlen(point);
        *found = '.';
        memmove(found + 1, found + width, strlen(found + width) + 1);
        length -= (int)width - 1;
    }
    return length;
}

/* Digits of n at out, at most 20; returns how many. Two at a time: tables are mostly numbers. */
static int put_digits(uint64_t n, char *out)
{
    char reversed[20];
    int from = 20;
    while (n >= 100) {
        unsigned pair = (unsigned)(n % 100);
        n /= 100;
        reversed[--from] = (char)('0' + pair % 10);
        reversed[--from] = (char)('0' + pair / 10);
    }
    reversed[--from] = (char)('0' + n % 10);
    if (n >= 10) {
        reversed[--from] = (char)('0' + n / 10);
    }
    memcpy(out, reversed + from, (size_t)(20 - from));
    return 20 - from;
}

/* d.ddde+XX */
static int put_scientific(const char *digits, int count, int exponent, char *out)
{
    int at = 0;
    out[at++] = digits[0];
    if (count > 1) {
        out[at++] = '.';
        memcpy(out + at, digits + 1, (size_t)count - 1);
        at += count - 1;
    }
    out[at++] = 'e';
    out[at++] = exponent < 0 ? '-' : '+';
    unsigned size = (unsigned)(exponent < 0 ? -exponent : exponent);
    if (size < 10) {
        out[at++] = '0';
    }
    at += put_digits(size, out + at);
    return at;
}

/* 0.000ddd, ddd.ddd or ddd000 */
static int put_plain(const char *digits, int count, int exponent, char *out)
{
    int at = 0;
    if (exponent < 0) {
        memcpy(out, "0.", 2);
        at = 2;
        for (int i = -1; i > exponent; i--) {
            out[at++] = '0';
        }
        memcpy(out + at, digits, (size_t)count);
        return at + count;
    }
    int whole = exponent + 1 < count ? exponent + 1 : count; // digits before the point
    memcpy(out, digits, (size_t)whole);
    at = whole;
    for (; at <= exponent; at++) {
        out[at] = '0';
    }
    if (count > whole) {
        out[at++] = '.';
        memcpy(out + at, digits + whole, (size_t)(count - whole));
        at += count - whole;
    }
    return at;
}

int number_text(double value, char out[NUMBER_TEXT_SIZE])
{
    if (isnan(value)) {
        return copy_word("NA", out);
    }
    if (isinf(value)) {
        return copy_word(value < 0 ? "-Inf" : "Inf", out);
    }
    if (value == 0) {
        return copy_word(signbit(value) ? "-0" : "0", out);
    }
    char digits[20];
    Decimal decimal = shortest_decimal(value);
    int count = put_digits(decimal.digits, digits);
    int exponent = decimal.power + count - 1; // of the first digit
    while (count > 1 && digits[count - 1] == '0') {
        count--;
    }
    int at = 0;
    if (value < 0) {
        out[at++] = '-';
    }
    bool plain = exponent >= -5 && exponent < 15;
    at += plain ? put_plain(digits, count, exponent, out + at)
                : put_scientific(digits, count, exponent, out + at);
    out[at] = '\0';
    return at;
}

int number_short(double value, int digits, char out[NUMBER_TEXT_SIZE])
{
    assert(digits >= 1 && digits <= 17);
    if (isnan(value) || isinf(value)) {
        return number_text(value, out);
    }
    return print_digits(value, digits, out);
}
