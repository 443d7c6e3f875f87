/* unit.h: units of measurement as a scale and exponents of base dimensions.
 *
 * Base dimensions: mass g, length m, time s, amount mol, temperature K, cell, IU, CFU, kgBW (body
 * weight) and m2BSA (body surface): the last two are kept apart from kg and m2 so that a dose per
 * body weight is never a mass fraction. Known spellings: the table in unit.c (SI prefixes, L, M =
 * mol/L, mcg, wk, hr ...). Exponents are rational, in units of 1/60. grammar:  unit = factor { ("*"
 * | "/" | ".") factor } ;  factor = name | "1" | "(" unit ")", each with an optional "^" integer or
 * integer/integer in brackets SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_MODEL_UNIT_H
#define STROMA_MODEL_UNIT_H

#include "base/diag.h"

#include <stdbool.h>

enum { UNIT_BASES = 10, UNIT_POWER_ONE = 60 };

typedef struct {
    bool known;              // false: the quantity has no unit and is not checked
    double scale;            // in the base units above
    short power[UNIT_BASES]; // in 1/60
    const char *text;        // as written ("pg/mL"), or made by unit_print; never NULL if known
} Unit;

Unit unit_none(void); // not known: unchecked
Unit unit_one(void);  // dimensionless, scale 1, text "1"

/* Reads text[0..length). On failure *bad_start, *bad_length are the part not understood, *near is
 * the nearest known spelling or NULL, and the result is false. Text of the unit is kept in arena.
 */
bool unit_read(Arena *arena, const char *text, size_t length, Unit *unit, size_t *bad_start,
               size_t *bad_length, const char **near);
/* True if `name` alone is a known unit spelling. */
bool unit_is_name(const char *name, size_t length);

Unit unit_multiply(Arena *arena, Unit a, Unit b);
Unit unit_divide(Arena *arena, Unit a, Unit b);
/* a to the power numerator/denominator. */
Unit unit_power(Arena *arena, Unit a, int numerator, int denominator);

bool unit_same_dimension(Unit a, Unit b); // false if either is not known
bool unit_same(Unit a, Unit b);           // dimension and scale (to 1e-12 relative)
bool unit_is_dimensionless(Unit unit);    // known, no base dimension, scale 1
/* What a value in `from` must be multiplied by to be in `to`; same dimension required. */
double unit_factor(Unit from, Unit to);

/* "mass/volume (g/m^3)"-like words for a message: the dimension in base units. */
char *unit_dimension_text(Arena *arena, Unit unit);

#endif
