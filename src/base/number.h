/* number.h: text to double and back, independent of the locale.
 *
 * number_text writes the shortest digits that read back to the same bits; "NA" for NaN, "Inf" and
 * "-Inf" for infinities. number_read reads what C's strtod reads in the "C" locale except
 * hexadecimal, and rounds correctly.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_BASE_NUMBER_H
#define STROMA_BASE_NUMBER_H

#include <stdbool.h>
#include <stddef.h>

enum { NUMBER_TEXT_SIZE = 32 };

/* Writes value into out (NUL-terminated); returns the length. Never fails. */
int number_text(double value, char out[NUMBER_TEXT_SIZE]);

/* `digits` significant digits (1..17), without trailing zeros; for tables read by people. */
int number_short(double value, int digits, char out[NUMBER_TEXT_SIZE]);

/* Reads a decimal number at the start of text[0..length). True if there is one: *value is set and
 * *used is the number of bytes read. An overflow gives infinity. No leading blanks are skipped. */
bool number_read(const char *text, size_t length, double *value, size_t *used);

#endif
