/* unit.c: units as a scale and exponents of ten base dimensions.
 *
 * Arithmetic works on scale and exponents; the text of a computed unit is put together from the
 * factors of its operands ("cell/uL" times "1/day" is "cell/uL/day"), because a message should
 * speak the words of the model and not those of the SI. SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "model/unit.h"

#include "base/number.h"
#include "base/text.h"
#include "model/unit_table.h"

#include <assert.h>
#include <limits.h>
#include <math.h>
#include <string.h>

Unit unit_none(void)
{
    return (Unit){false, 1.0, {0}, ""};
}

Unit unit_one(void)
{
    return (Unit){true, 1.0, {0}, "1"};
}

static bool unit_of_factors(const FactorList *list, Unit *unit)
{
    *unit = unit_one();
    for (int i = 0; i < list->count; i++) {
        const Factor *factor = &list->item[i];
        double power = (double)factor->power / UNIT_POWER_ONE;
        unit->scale *= power == 1.0 ? factor->scale : pow(factor->scale, power);
        for (int k = 0; factor->spelling && k < UNIT_BASES; k++) {
            int sum = unit->power[k] + factor->spelling->power[k] * factor->power;
            if (sum < SHRT_MIN || sum > SHRT_MAX) {
                return false;
            }
            unit->power[k] = (short)sum;
        }
    }
    return unit->scale > 0.0 && isfinite(unit->scale);
}

bool unit_read(Arena *arena, const char *text, size_t length, Unit *unit, size_t *bad_start,
               size_t *bad_length, const char **near)
{
    assert(arena && text && unit && bad_start && bad_length && near);
    FactorList list;
    *near = NULL;
    *bad_start = 0;
    *bad_length = length;
    *unit = unit_none();
    bool good = factors_read(text, length, &list, bad_start, bad_length);
    if (good && unit_of_factors(&list, unit)) {
        while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t')) {
            length--;
        }
        while (length > 0 && (*text == ' ' || *text == '\t')) {
            text++, length--;
        }
        unit->text = arena_copy(arena, text, length);
        return true;
    }
    *unit = unit_none();
    if (!good && *bad_length > 0) {
        const char *word = arena_copy(arena, text + *bad_start, *bad_length);
        Names *names = spelling_names(arena);
        *near = names_near(names, word);
    }
    return false;
}

bool unit_is_name(const char *name, size_t length)
{
    Factor factor;
    return factor_find(name, length, &factor);
}

/* The text of a * b^(numerator/denominator). */
static const char *composed_text(Arena *arena, Unit a, Unit b, int numerator, int denominator)
{
    FactorList list;
    FactorList second;
    size_t start = 0;
    size_t length = 0;
    if (factors_read(a.text, strlen(a.text), &second, &start, &length)) {
        list.count = 0;
        if (factors_join(&list, &second, 1, 1) &&
            factors_read(b.text, strlen(b.text), &second, &start, &length) &&
            factors_join(&list, &second, numerator, denominator)) {
            return factors_text(arena, &list);
        }
    }
    return NULL;
}

static Unit compose(Arena *arena, Unit a, Unit b, int numerator, int denominator)
{
    assert(arena && denominator > 0);
    if (!a.known || !b.known) {
        return unit_none();
    }
    double power = (double)numerator / denominator;
    Unit unit = unit_one();
    unit.scale = power == 1.0    ? a.scale * b.scale
                 : power == -1.0 ? a.scale / b.scale
                                 : a.scale * pow(b.scale, power);
    for (int i = 0; i < UNIT_BASES; i++) {
        int part = b.power[i] * numerator;
        int sum = a.power[i] + part / denominator;
        if (part % denominator != 0 || sum < SHRT_MIN || sum > SHRT_MAX) {
            return unit_none();
        }
        unit.power[i] = (short)sum;
    }
    if (!(unit.scale > 0.0) || !isfinite(unit.scale)) {
        return unit_none();
    }
    const char *text = composed_text(arena, a, b, numerator, denominator);
    unit.text = text ? text : unit_dimension_text(arena, unit);
    return unit;
}

Unit unit_multiply(Arena *arena, Unit a, Unit b)
{
    return compose(arena, a, b, 1, 1);
}

Unit unit_divide(Arena *arena, Unit a, Unit b)
{
    return compose(arena, a, b, -1, 1);
}

Unit unit_power(Arena *arena, Unit a, int numerator, int denominator)
{
    return compose(arena, unit_one(), a, numerator, denominator);
}

bool unit_same_dimension(Unit a, Unit b)
{
    return a.known && b.known && memcmp(a.power, b.power, sizeof a.power) == 0;
}

bool unit_same(Unit a, Unit b)
{
    return unit_same_dimension(a, b) && fabs(a.scale - b.scale) <= 1e-12 * fabs(b.scale);
}

bool unit_is_dimensionless(Unit unit)
{
    return unit_same(unit, unit_one());
}

/* Products of scales carry a few last-bit errors; a factor that is a short decimal to within them
 * is that decimal, so that ng to pg is 1000 and not 1000.0000000000001. */
double unit_factor(Unit from, Unit to)
{
    assert(unit_same_dimension(from, to));
    double factor = from.scale / to.scale;
    char digits[NUMBER_TEXT_SIZE];
    double rounded = factor;
    size_t used = 0;
    int length = number_short(factor, 12, digits);
    if (number_read(digits, (size_t)length, &rounded, &used) &&
        fabs(rounded - factor) <= 1e-14 * fabs(factor)) {
        return rounded;
    }
    return factor;
}

/* ---- words for a dimension ---- */

static void write_power(Text *text, const char *word, int power)
{
    text_string(text, word);
    if (power == UNIT_POWER_ONE) {
        return;
    }
    if (power % UNIT_POWER_ONE == 0) {
        text_format(text, "^%d", power / UNIT_POWER_ONE);
    } else {
        text_format(text, "^(%d/%d)", power, UNIT_POWER_ONE);
    }
}

static void write_product(Text *text, const char *const words[UNIT_BASES],
                          const short power[UNIT_BASES], bool volumes)
{
    size_t before = text->length;
    for (int sign = 1; sign >= -1; sign -= 2) {
        for (int i = 0; i < UNIT_BASES; i++) {
            int p = power[i] * sign;
            if (p <= 0) {
                continue;
            }
            text_string(text, sign < 0 ? "/" : text->length > before ? "*" : "");
            bool space = volumes && i == 1 && p % UNIT_POWER_ONE == 0;
            if (space && p == 3 * UNIT_POWER_ONE) {
                text_string(text, "volume");
            } else if (space && p == 2 * UNIT_POWER_ONE) {
                text_string(text, "area");
            } else {
                write_power(text, words[i], p);
            }
        }
        if (sign > 0 && text->length == before) {
            text_string(text, "1");
        }
    }
}

char *unit_dimension_text(Arena *arena, Unit unit)
{
    static const char *const words[UNIT_BASES] = {"mass",        "length",      "time", "amount",
                                                  "temperature", "cells",       "IU",   "CFU",
                                                  "body weight", "body surface"};
    static const char *const bases[UNIT_BASES] = {"g",    "m",  "s",   "mol",  "K",
                                                  "cell", "IU", "CFU", "kgBW", "m2BSA"};
    static const short nothing[UNIT_BASES] = {0};
    Text text = text_new(arena);
    if (!unit.known) {
        text_string(&text, "no unit");
    } else if (memcmp(unit.power, nothing, sizeof nothing) == 0) {
        text_string(&text, "dimensionless");
    } else {
        write_product(&text, words, unit.power, true);
        text_string(&text, " (");
        write_product(&text, bases, unit.power, false);
        text_string(&text, ")");
    }
    return text.data;
}
