/* test_unit.c: units of measurement. Factors come from the definitions of the units (SI brochure;
 * Julian year of 365.25 days; mmHg = 133.322387415 Pa), written here as plain numbers.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/unit.h"
#include "unit/suite.h"

#include <math.h>
#include <string.h>

typedef struct {
    Arena *arena;
    size_t start, length;
    const char *near;
} Reading;

static bool read_text(Reading *reading, const char *text, Unit *unit)
{
    return unit_read(reading->arena, text, strlen(text), unit, &reading->start, &reading->length,
                     &reading->near);
}

static Unit read_good(Arena *arena, const char *text)
{
    Reading reading = {arena, 0, 0, NULL};
    Unit unit = unit_none();
    if (!read_text(&reading, text, &unit)) {
        printf("\nnot read: %s\n", text);
        CU_FAIL("a unit was not read");
    }
    return unit;
}

static void test_factors_are_those_of_the_definitions(void)
{
    static const struct {
        const char *from, *to;
        double factor;
    } cases[] = {
        {"ng/mL", "pg/mL", 1000.0},
        {"pg/mL", "ng/mL", 0.001},
        {"mcg", "ug", 1.0},
        {"µg/L", "ng/mL", 1.0}, // U+00B5
        {"μg/L", "ng/mL", 1.0}, // U+03BC
        {"M", "mol/L", 1.0},
        {"nM", "pmol/mL", 1.0},
        {"L", "dm^3", 1.0},
        {"mL", "cm3", 1.0},
        {"uL", "mm^3", 1.0},
        {"cell/uL", "cell/mL", 1000.0},
        {"10^9/L", "1/uL", 1000.0},
        {"1e6*cell", "cells", 1e6},
        {"kcell", "cell", 1000.0},
        {"Mcell", "cell", 1e6},
        {"kDa", "g/mol", 1000.0},
        {"min", "s", 60.0},
        {"h", "min", 60.0},
        {"day", "h", 24.0},
        {"wk", "d", 7.0},
        {"year", "day", 365.25},
        {"month", "day", 30.4375},
        {"1/h", "1/day", 24.0},
        {"mL/min", "L/day", 1.44},
        {"mL/min/m2BSA", "L/h/m2BSA", 0.06},
        {"mg/kgBW", "ug/kgBW", 1000.0},
        {"%", "1", 0.01},
        {"percent", "%", 1.0},
        {"fold", "copies", 1.0},
        {"mmHg", "Pa", 133.322387415},
        {"kPa", "Pa", 1000.0},
        {"U/mL", "IU/mL", 1.0},
        {"PFU", "CFU", 1.0},
        {"kg", "g", 1000.0},
        {"dL", "L", 0.1},
        {"ug^(1/2)", "mg^(1/2)", 0.031622776601683791},
        {"(mg/L)^2", "mg^2/L^2", 1.0},
        {"mg . h / L", "mg*h/L", 1.0},
    };
    Arena *arena = arena_new();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Unit from = read_good(arena, cases[i].from);
        Unit to = read_good(arena, cases[i].to);
        CU_ASSERT_TRUE(unit_same_dimension(from, to));
        double factor = unit_factor(from, to);
        if (fabs(factor - cases[i].factor) > 3e-16 * cases[i].factor) {
            printf("\n%s in %s: %.17g, not %.17g\n", cases[i].from, cases[i].to, factor,
                   cases[i].factor);
            CU_FAIL("a wrong factor");
        }
    }
    arena_free(arena);
}

static void test_kinds_that_must_not_be_mixed(void)
{
    static const char *const pairs[][2] = {
        {"kg", "kgBW"}, {"m^2", "m2BSA"}, {"cell", "1"}, {"IU", "mg"}, {"CFU", "cell"},
        {"M", "m"},     {"mg/L", "nM"},   {"min", "m"},  {"Pa", "mg"}, {"K", "1"},
        {"1/h", "h"},   {"%", "mg/mg^2"}, {"IU", "CFU"}, {"g", "mol"}};
    Arena *arena = arena_new();
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        Unit a = read_good(arena, pairs[i][0]);
        Unit b = read_good(arena, pairs[i][1]);
        CU_ASSERT_FALSE(unit_same_dimension(a, b));
        CU_ASSERT_FALSE(unit_same(a, b));
    }
    CU_ASSERT_FALSE(unit_same_dimension(unit_none(), unit_none()));
    CU_ASSERT_FALSE(unit_is_dimensionless(unit_none()));
    CU_ASSERT_TRUE(unit_is_dimensionless(unit_one()));
    CU_ASSERT_FALSE(unit_is_dimensionless(read_good(arena, "%")));
    CU_ASSERT_TRUE(unit_is_dimensionless(read_good(arena, "mg/mg")));
    CU_ASSERT_TRUE(unit_is_dimensionless(read_good(arena, "1")));
    CU_ASSERT_TRUE(unit_same(read_good(arena, "pg/mL"), read_good(arena, "ng/L")));
    arena_free(arena);
}

static void test_bad_units_say_which_part_is_bad(void)
{
    static const struct {
        const char *text;
        size_t start, length;
        const char *near;
    } cases[] = {
        {"ML", 0, 2, "mL"},      {"Ng/mL", 0, 2, "ng"},  {"1/dya", 2, 3, "day"},
        {"pg//mL", 3, 1, NULL},  {"pg/", 3, 0, NULL},    {"", 0, 0, NULL},
        {"pg/mL^x", 6, 1, NULL}, {"mg^200", 3, 3, NULL}, {"foobar", 0, 6, NULL},
        {"(mg", 3, 0, NULL},     {"mg)", 2, 1, NULL},    {"Mg", 0, 2, "mg"},
        {"0", 0, 1, NULL},       {"Day", 0, 3, "day"},   {"mg^(1/7)", 3, 1, NULL},
    };
    Arena *arena = arena_new();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Reading reading = {arena, 9, 9, NULL};
        Unit unit = unit_one();
        CU_ASSERT_FALSE(read_text(&reading, cases[i].text, &unit));
        CU_ASSERT_FALSE(unit.known);
        if (reading.start != cases[i].start || reading.length != cases[i].length) {
            printf("\n%s: bad part is %zu + %zu\n", cases[i].text, reading.start, reading.length);
            CU_FAIL("the wrong part");
        }
        if (cases[i].near) {
            CU_ASSERT_PTR_NOT_NULL_FATAL(reading.near);
            CU_ASSERT_STRING_EQUAL(reading.near, cases[i].near);
        }
    }
    CU_ASSERT_TRUE(unit_is_name("pg", 2));
    CU_ASSERT_TRUE(unit_is_name("m2BSA", 5));
    CU_ASSERT_FALSE(unit_is_name("volume", 6));
    CU_ASSERT_FALSE(unit_is_name("pg/mL", 5));
    arena_free(arena);
}

static void test_text_of_computed_units(void)
{
    Arena *arena = arena_new();
    Unit cells = read_good(arena, "cell/uL");
    Unit rate = read_good(arena, "1/day");
    Unit mg = read_good(arena, "mg");
    CU_ASSERT_STRING_EQUAL(unit_multiply(arena, cells, rate).text, "cell/uL/day");
    CU_ASSERT_STRING_EQUAL(unit_divide(arena, cells, cells).text, "1");
    CU_ASSERT_STRING_EQUAL(unit_divide(arena, unit_one(), rate).text, "day");
    CU_ASSERT_STRING_EQUAL(unit_power(arena, mg, 2, 1).text, "mg^2");
    CU_ASSERT_STRING_EQUAL(unit_power(arena, mg, -1, 2).text, "1/mg^(1/2)");
    CU_ASSERT_STRING_EQUAL(unit_multiply(arena, read_good(arena, "mm3"), mg).text, "mm^3*mg");
    CU_ASSERT_STRING_EQUAL(
        unit_multiply(arena, read_good(arena, "1/d"), read_good(arena, "day")).text, "1");
    CU_ASSERT_STRING_EQUAL(read_good(arena, "  pg/mL ").text, "pg/mL");
    // what is computed reads back as the same unit
    Unit all = unit_multiply(arena, unit_power(arena, cells, 3, 2), unit_divide(arena, rate, mg));
    CU_ASSERT_TRUE(unit_same(read_good(arena, all.text), all));
    CU_ASSERT_FALSE(unit_multiply(arena, unit_none(), mg).known);
    CU_ASSERT_FALSE(unit_power(arena, mg, 1, 7).known);
    arena_free(arena);
}

static void test_words_for_dimensions(void)
{
    Arena *arena = arena_new();
    CU_ASSERT_STRING_EQUAL(unit_dimension_text(arena, read_good(arena, "pg/mL")),
                           "mass/volume (g/m^3)");
    CU_ASSERT_STRING_EQUAL(unit_dimension_text(arena, read_good(arena, "1/day")), "1/time (1/s)");
    CU_ASSERT_STRING_EQUAL(unit_dimension_text(arena, read_good(arena, "%")), "dimensionless");
    CU_ASSERT_STRING_EQUAL(unit_dimension_text(arena, read_good(arena, "mL/min/m2BSA")),
                           "volume/time/body surface (m^3/s/m2BSA)");
    CU_ASSERT_STRING_EQUAL(unit_dimension_text(arena, unit_none()), "no unit");
    arena_free(arena);
}

static void test_powers_do_not_overflow(void)
{
    Arena *arena = arena_new();
    Unit unit = read_good(arena, "mg^99");
    for (int i = 0; i < 20; i++) {
        unit = unit_multiply(arena, unit, unit);
        CU_ASSERT_TRUE(!unit.known || unit.power[0] > 0);
    }
    CU_ASSERT_FALSE(unit.known);
    arena_free(arena);
}

SUITE("unit", TEST(test_factors_are_those_of_the_definitions),
      TEST(test_kinds_that_must_not_be_mixed), TEST(test_bad_units_say_which_part_is_bad),
      TEST(test_text_of_computed_units), TEST(test_words_for_dimensions),
      TEST(test_powers_do_not_overflow))
