/* unit_table.c: the table of unit spellings and the text form of units as products of factors.
 *
 * Only the spellings below exist: prefixes are not tried on everything, because "Mg" or "ML" is far
 * more often a slip of the shift key than a megagram. Scales are in g, m, s, mol, K, cell, IU, CFU,
 * kgBW, m2BSA; M is mol/L, a month is a twelfth of the Julian year of 365.25 days, mmHg is
 * 133.322387415 Pa (BIPM, SI brochure, table 8 of the 8th edition).
 *
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/unit_table.h"

#include "base/number.h"
#include "base/text.h"

#include <assert.h>
#include <string.h>

#define MINUTE    60.0
#define HOUR      3600.0
#define DAY       86400.0
#define YEAR      (365.25 * DAY)
#define DECIMAL   "fpnumcdk"
#define COUNT     "kMG"
#define NO_PREFIX ""

/* clang-format off */
static const Spelling spellings[] = {
    //                                       g  m  s mol K cell IU CFU kgBW m2BSA
    {"1",       1.0,            NO_PREFIX, {0}},
    {"%",       0.01,           NO_PREFIX, {0}},
    {"percent", 0.01,           NO_PREFIX, {0}},
    {"fold",    1.0,            NO_PREFIX, {0}},
    {"copy",    1.0,            NO_PREFIX, {0}},
    {"copies",  1.0,            NO_PREFIX, {0}},
    {"score",   1.0,            NO_PREFIX, {0}},
    {"g",       1.0,            DECIMAL,   {1}},
    {"mcg",     1e-6,           NO_PREFIX, {1}},
    {"m",       1.0,            DECIMAL,   {0, 1}},
    {"L",       1e-3,           DECIMAL,   {0, 3}},
    {"l",       1e-3,           DECIMAL,   {0, 3}},
    {"s",       1.0,            "fpnum",   {0, 0, 1}},
    {"sec",     1.0,            NO_PREFIX, {0, 0, 1}},
    {"second",  1.0,            NO_PREFIX, {0, 0, 1}},
    {"seconds", 1.0,            NO_PREFIX, {0, 0, 1}},
    {"min",     MINUTE,         NO_PREFIX, {0, 0, 1}},
    {"minute",  MINUTE,         NO_PREFIX, {0, 0, 1}},
    {"minutes", MINUTE,         NO_PREFIX, {0, 0, 1}},
    {"h",       HOUR,           NO_PREFIX, {0, 0, 1}},
    {"hr",      HOUR,           NO_PREFIX, {0, 0, 1}},
    {"hrs",     HOUR,           NO_PREFIX, {0, 0, 1}},
    {"hour",    HOUR,           NO_PREFIX, {0, 0, 1}},
    {"hours",   HOUR,           NO_PREFIX, {0, 0, 1}},
    {"d",       DAY,            NO_PREFIX, {0, 0, 1}},
    {"day",     DAY,            NO_PREFIX, {0, 0, 1}},
    {"days",    DAY,            NO_PREFIX, {0, 0, 1}},
    {"wk",      7 * DAY,        NO_PREFIX, {0, 0, 1}},
    {"week",    7 * DAY,        NO_PREFIX, {0, 0, 1}},
    {"weeks",   7 * DAY,        NO_PREFIX, {0, 0, 1}},
    {"month",   YEAR / 12,      NO_PREFIX, {0, 0, 1}},
    {"months",  YEAR / 12,      NO_PREFIX, {0, 0, 1}},
    {"y",       YEAR,           NO_PREFIX, {0, 0, 1}},
    {"yr",      YEAR,           NO_PREFIX, {0, 0, 1}},
    {"year",    YEAR,           NO_PREFIX, {0, 0, 1}},
    {"years",   YEAR,           NO_PREFIX, {0, 0, 1}},
    {"mol",     1.0,            DECIMAL,   {0, 0, 0, 1}},
    {"M",       1e3,            "fpnumcd", {0, -3, 0, 1}},
    {"Da",      1.0,            "kM",      {1, 0, 0, -1}},
    {"K",       1.0,            NO_PREFIX, {0, 0, 0, 0, 1}},
    {"Pa",      1e3,            "mkM",     {1, -1, -2}},
    {"mmHg",    133322.387415,  NO_PREFIX, {1, -1, -2}},
    {"cell",    1.0,            COUNT,     {0, 0, 0, 0, 0, 1}},
    {"cells",   1.0,            COUNT,     {0, 0, 0, 0, 0, 1}},
    {"IU",      1.0,            "fpnumkMG", {0, 0, 0, 0, 0, 0, 1}},
    {"U",       1.0,            "fpnumkMG", {0, 0, 0, 0, 0, 0, 1}}, // counted as IU
    {"CFU",     1.0,            COUNT,     {0, 0, 0, 0, 0, 0, 0, 1}},
    {"PFU",     1.0,            COUNT,     {0, 0, 0, 0, 0, 0, 0, 1}}, // counted as CFU
    {"kgBW",    1.0,            NO_PREFIX, {0, 0, 0, 0, 0, 0, 0, 0, 1}},
    {"m2BSA",   1.0,            NO_PREFIX, {0, 0, 0, 0, 0, 0, 0, 0, 0, 1}},
};

static const struct { char letter; double scale; } prefixes[] = {
    {'f', 1e-15}, {'p', 1e-12}, {'n', 1e-9}, {'u', 1e-6}, {'m', 1e-3}, {'c', 1e-2},
    {'d', 1e-1},  {'k', 1e3},   {'M', 1e6},  {'G', 1e9},
};
/* clang-format on */

enum {
    SPELLINGS = sizeof spellings / sizeof spellings[0],
    PREFIXES = sizeof prefixes / sizeof prefixes[0]
};

static const Spelling *spelling_exact(const char *text, size_t length)
{
    for (int i = 0; i < SPELLINGS; i++) {
        if (strlen(spellings[i].name) == length && memcmp(spellings[i].name, text, length) == 0) {
            return &spellings[i];
        }
    }
    return NULL;
}

/* The prefix letter at the start of text; *used is its bytes (µ has two). 0 if there is none. */
static char prefix_letter(const char *text, size_t length, size_t *used)
{
    static const char micro[2][3] = {"\xC2\xB5", "\xCE\xBC"}; // U+00B5 and U+03BC
    for (int i = 0; i < 2; i++) {
        if (length > 2 && memcmp(text, micro[i], 2) == 0) {
            *used = 2;
            return 'u';
        }
    }
    *used = 1;
    if (length < 2) {
        return '\0';
    }
    return text[0];
}

static bool spelling_find(const char *text, size_t length, Factor *factor)
{
    const Spelling *spelling = spelling_exact(text, length);
    double scale = 1.0;
    if (!spelling) {
        size_t used = 0;
        char letter = prefix_letter(text, length, &used);
        spelling = letter ? spelling_exact(text + used, length - used) : NULL;
        if (!spelling || !strchr(spelling->prefixes, letter)) {
            return false;
        }
        for (int i = 0; i < PREFIXES; i++) {
            scale = prefixes[i].letter == letter ? prefixes[i].scale : scale;
        }
    }
    *factor = (Factor){spelling, text, length, scale * spelling->scale, UNIT_POWER_ONE};
    return true;
}

bool factor_find(const char *text, size_t length, Factor *factor)
{
    if (length == 0) {
        return false;
    }
    if (spelling_find(text, length, factor)) {
        return true;
    }
    // mm3, cm2: a power written without its sign, of lengths only
    char last = text[length - 1];
    if ((last == '2' || last == '3') && spelling_find(text, length - 1, factor) &&
        strcmp(factor->spelling->name, "m") == 0) {
        factor->power = (last - '0') * UNIT_POWER_ONE;
        return true;
    }
    return false;
}

Names *spelling_names(Arena *arena)
{
    Names *names = names_new(arena);
    for (int i = 0; i < SPELLINGS; i++) {
        names_add(names, spellings[i].name, i);
    }
    for (int i = 0; i < SPELLINGS; i++) {
        for (const char *p = spellings[i].prefixes; *p; p++) {
            names_add(names, arena_format(arena, "%c%s", *p, spellings[i].name), i);
        }
    }
    return names;
}

/* ---- reading ---- */

typedef struct {
    const char *text;
    size_t length, at;
    int depth;
    FactorList *list;
} UnitReader;

static void skip_blanks(UnitReader *reader)
{
    while (reader->at < reader->length &&
           (reader->text[reader->at] == ' ' || reader->text[reader->at] == '\t')) {
        reader->at++;
    }
}

static bool accept_sign(UnitReader *reader, char sign)
{
    skip_blanks(reader);
    if (reader->at < reader->length && reader->text[reader->at] == sign) {
        reader->at++;
        return true;
    }
    return false;
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '%' || (unsigned char)c >= 0x80;
}

static size_t word_end(const UnitReader *reader)
{
    size_t end = reader->at;
    while (end < reader->length && is_word(reader->text[end])) {
        end++;
    }
    return end;
}

/* integer = ["-" | "+"] digit digit? digit? ; powers beyond 99 are refused */
static bool read_integer(UnitReader *reader, int *value)
{
    bool minus = accept_sign(reader, '-');
    if (!minus) {
        accept_sign(reader, '+');
    }
    skip_blanks(reader);
    size_t start = reader->at;
    int n = 0;
    while (reader->at < reader->length && reader->text[reader->at] >= '0' &&
           reader->text[reader->at] <= '9' && reader->at - start < 3) {
        n = 10 * n + (reader->text[reader->at++] - '0');
    }
    *value = minus ? -n : n;
    // mg^0.5: the '.' of a product would make it mg^0 times 5
    bool decimal = reader->at + 1 < reader->length && reader->text[reader->at] == '.' &&
                   reader->text[reader->at + 1] >= '0' && reader->text[reader->at + 1] <= '9';
    if (reader->at > start && n < 100 && !decimal) {
        return true;
    }
    reader->at = start;
    return false;
}

/* power = "^" ( integer | "(" integer [ "/" integer ] ")" ) ; in 1/60. What follows the '^': */
static bool read_power_inside(UnitReader *reader, int *power)
{
    int numerator = 1;
    int denominator = 1;
    if (accept_sign(reader, '(')) {
        if (!read_integer(reader, &numerator) ||
            (accept_sign(reader, '/') && !read_integer(reader, &denominator)) ||
            !accept_sign(reader, ')')) {
            return false;
        }
    } else if (!read_integer(reader, &numerator)) {
        return false;
    }
    if (denominator <= 0 || (numerator * UNIT_POWER_ONE) % denominator != 0) {
        return false;
    }
    *power = numerator * UNIT_POWER_ONE / denominator;
    return true;
}

static bool read_power(UnitReader *reader, int *power)
{
    *power = UNIT_POWER_ONE;
    if (!accept_sign(reader, '^')) {
        return true;
    }
    skip_blanks(reader);
    size_t start = reader->at;
    if (read_power_inside(reader, power)) {
        return true;
    }
    reader->at = start; // the whole power is what is wrong
    return false;
}

static bool add_factor(UnitReader *reader, Factor factor)
{
    if (reader->list->count == FACTOR_LIMIT) {
        return false;
    }
    reader->list->item[reader->list->count++] = factor;
    return true;
}

static bool read_unit(UnitReader *reader, int sign);

/* factor = ( name | number | "(" unit ")" ) [ power ] */
static bool read_factor(UnitReader *reader, int sign)
{
    skip_blanks(reader);
    int first = reader->list->count;
    if (accept_sign(reader, '(')) {
        if (reader->depth++ > 16 || !read_unit(reader, sign) || !accept_sign(reader, ')')) {
            return false;
        }
        reader->depth--;
    } else {
        Factor factor = {0};
        size_t end = word_end(reader);
        double value = 0.0;
        size_t used = 0;
        bool digit =
            end > reader->at && reader->text[reader->at] >= '0' && reader->text[reader->at] <= '9';
        if (!digit) {
            if (!factor_find(reader->text + reader->at, end - reader->at, &factor)) {
                return false;
            }
            reader->at = end;
        } else {
            if (!number_read(reader->text + reader->at, reader->length - reader->at, &value,
                             &used) ||
                !(value > 0.0 && value < 1e300)) {
                return false;
            }
            factor = (Factor){NULL, reader->text + reader->at, used, value, UNIT_POWER_ONE};
            if (reader->at + used < reader->length && is_word(reader->text[reader->at + used])) {
                return false;
            }
            reader->at += used;
        }
        factor.power *= sign;
        if ((factor.spelling || value != 1.0) && !add_factor(reader, factor)) {
            return false;
        }
    }
    int power = UNIT_POWER_ONE;
    if (!read_power(reader, &power)) {
        return false;
    }
    for (int i = first; i < reader->list->count; i++) {
        reader->list->item[i].power = reader->list->item[i].power * power / UNIT_POWER_ONE;
    }
    return true;
}

/* unit = factor { ("*" | "/" | ".") factor } */
static bool read_unit(UnitReader *reader, int sign)
{
    if (!read_factor(reader, sign)) {
        return false;
    }
    for (;;) {
        if (accept_sign(reader, '/')) {
            if (!read_factor(reader, -sign)) {
                return false;
            }
        } else if (accept_sign(reader, '*') || accept_sign(reader, '.')) {
            if (!read_factor(reader, sign)) {
                return false;
            }
        } else {
            return true;
        }
    }
}

bool factors_read(const char *text, size_t length, FactorList *list, size_t *bad_start,
                  size_t *bad_length)
{
    assert(text && list);
    list->count = 0;
    UnitReader reader = {text, length, 0, 0, list};
    if (read_unit(&reader, 1)) {
        skip_blanks(&reader);
        if (reader.at == length) {
            return true;
        }
    }
    size_t end = word_end(&reader);
    if (end == reader.at && end < length) {
        end++;
    }
    *bad_start = reader.at;
    *bad_length = end - reader.at;
    return false;
}

/* ---- joining and writing ---- */

static bool factors_equal(const Factor *a, const Factor *b)
{
    if (!a->spelling || !b->spelling) {
        return !a->spelling && !b->spelling && a->scale == b->scale;
    }
    return a->scale == b->scale && a->spelling->scale == b->spelling->scale &&
           memcmp(a->spelling->power, b->spelling->power, sizeof a->spelling->power) == 0;
}

bool factors_join(FactorList *list, const FactorList *more, int numerator, int denominator)
{
    assert(denominator > 0);
    for (int i = 0; i < more->count; i++) {
        Factor factor = more->item[i];
        if ((factor.power * numerator) % denominator != 0) {
            return false;
        }
        factor.power = factor.power * numerator / denominator;
        int k = 0;
        while (k < list->count && !factors_equal(&list->item[k], &factor)) {
            k++;
        }
        if (k == FACTOR_LIMIT) {
            return false;
        }
        if (k == list->count) {
            list->item[list->count++] = factor;
        } else {
            list->item[k].power += factor.power;
        }
    }
    return true;
}

static void factor_write(Text *text, const Factor *factor, int power)
{
    size_t length = factor->length;
    if (factor->spelling && length > 1 && strchr("23", factor->text[length - 1])) {
        length--; // mm3 is kept as mm to the power 3
    }
    text_add(text, factor->text, length);
    if (power % UNIT_POWER_ONE == 0) {
        if (power != UNIT_POWER_ONE) {
            text_format(text, "^%d", power / UNIT_POWER_ONE);
        }
        return;
    }
    int divisor = UNIT_POWER_ONE;
    while (power % divisor != 0 || UNIT_POWER_ONE % divisor != 0) {
        divisor--;
    }
    text_format(text, "^(%d/%d)", power / divisor, UNIT_POWER_ONE / divisor);
}

char *factors_text(Arena *arena, const FactorList *list)
{
    Text text = text_new(arena);
    for (int i = 0; i < list->count; i++) {
        if (list->item[i].power > 0) {
            text_string(&text, text.length > 0 ? "*" : "");
            factor_write(&text, &list->item[i], list->item[i].power);
        }
    }
    if (text.length == 0) {
        text_string(&text, "1");
    }
    for (int i = 0; i < list->count; i++) {
        if (list->item[i].power < 0) {
            text_string(&text, "/");
            factor_write(&text, &list->item[i], -list->item[i].power);
        }
    }
    return text.data;
}
