/* unit_table.h: the known spellings of units, and units as lists of factors (private to unit*.c).
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_MODEL_UNIT_TABLE_H
#define STROMA_MODEL_UNIT_TABLE_H

#include "base/names.h"
#include "model/unit.h"

/* One spelling: what 1 of it is in base units, and its base dimensions (whole powers). */
typedef struct {
    const char *name;
    double scale;
    const char *prefixes; // the SI prefixes it may carry, "u" standing for µ as well
    signed char power[UNIT_BASES];
} Spelling;

/* One factor of a unit text: a spelling with its prefix, or a plain number, to a power. */
typedef struct {
    const Spelling *spelling; // NULL: a plain number
    const char *text;         // length bytes, as written
    size_t length;
    double scale; // of the factor to the power one
    int power;    // in 1/60
} Factor;

enum { FACTOR_LIMIT = 24 };

typedef struct {
    Factor item[FACTOR_LIMIT];
    int count;
} FactorList;

/* The factor that `text` alone stands for; false if it is no known spelling. */
bool factor_find(const char *text, size_t length, Factor *factor);

/* Every spelling with every prefix it may carry. */
Names *spelling_names(Arena *arena);

/* Reads text into factors. False: *bad_start, *bad_length say which part is not understood. */
bool factors_read(const char *text, size_t length, FactorList *list, size_t *bad_start,
                  size_t *bad_length);

/* Adds the factors of `more`, each to the power sign * numerator / denominator, to `list`; equal
 * ones are merged. False if there is no room or a power is not a multiple of 1/60. */
bool factors_join(FactorList *list, const FactorList *more, int numerator, int denominator);

/* "cell/uL/day" */
char *factors_text(Arena *arena, const FactorList *list);

#endif
