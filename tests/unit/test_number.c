/* test_number.c: text to double and back. The expected values are the C library's correctly
 * rounding strtod in the "C" locale, and well-known hard cases (Gay 1990; Paxson 1991).
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/number.h"
#include "unit/suite.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATTERNS = 100000 };

/* SplitMix64 (Steele, Lea & Flood 2014): any 64 bits, the same ones in every run. */
static uint64_t next_bits(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static double from_bits(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static uint64_t to_bits(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static double read_all(const char *text)
{
    double value = -12345;
    size_t used = 0;
    CU_ASSERT_TRUE_FATAL(number_read(text, strlen(text), &value, &used));
    CU_ASSERT_EQUAL(used, strlen(text));
    return value;
}

static void round_trip(double value)
{
    char text[NUMBER_TEXT_SIZE];
    int length = number_text(value, text);
    CU_ASSERT_EQUAL_FATAL((size_t)length, strlen(text));
    CU_ASSERT_FATAL(length < NUMBER_TEXT_SIZE);
    double back = read_all(text);
    if (to_bits(back) != to_bits(value)) {
        printf("\n  %a was written as %s and read as %a\n", value, text, back);
        CU_FAIL_FATAL("a number did not survive");
    }
}

static void test_random_bits_survive(void)
{
    uint64_t state = 1;
    for (int i = 0; i < PATTERNS; i++) {
        double value = from_bits(next_bits(&state));
        if (isfinite(value)) {
            round_trip(value);
        }
    }
}

static void test_numbers_of_daily_life_survive(void)
{
    uint64_t state = 2;
    for (int i = 0; i < PATTERNS; i++) {
        double unit = (double)(next_bits(&state) >> 11) * 0x1p-53;
        round_trip(unit);
        round_trip(unit * 2e6);
        round_trip(unit * 1e-9);
    }
}

static void test_extremes_survive(void)
{
    const double values[] = {
        0.0,        -0.0,         DBL_MIN,     DBL_MAX,   -DBL_MAX,
        0x1p-1074,  0x1p-1073,    DBL_EPSILON, 1.0 / 3.0, 0x1.fffffffffffffp-1023,
        0x1p53,     0x1p53 + 2,   0x1p63,      0x1p64,    1e15,
        1e15 - 0.5, 999999999e-9, 1e22,        1e23,      0x1p-1022};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        round_trip(values[i]);
        round_trip(nextafter(values[i], 0.0));
        round_trip(nextafter(values[i], 1.0));
    }
}

/* A decimal of at most 15 digits must come back as itself: nothing shorter exists, nothing longer
 * is wanted. */
static void test_short_decimals_stay_short(void)
{
    uint64_t state = 3;
    for (int i = 0; i < PATTERNS; i++) {
        int digits = 1 + (int)(next_bits(&state) % 15);
        char text[40];
        char back[NUMBER_TEXT_SIZE];
        uint64_t limit = 1;
        for (int k = 0; k < digits; k++) {
            limit *= 10;
        }
        uint64_t mantissa = 1 + next_bits(&state) % (limit - 1);
        int power = (int)(next_bits(&state) % 200) - 100;
        snprintf(text, sizeof text, "%llue%d", (unsigned long long)mantissa, power);
        double value = strtod(text, NULL);
        number_text(value, back);
        int significant = 0;
        bool leading = true;
        for (const char *c = back; *c && *c != 'e'; c++) {
            leading = leading && (*c == '0' || *c == '.');
            significant += !leading && *c != '.';
        }
        bool whole = strchr(back, '.') == NULL && strchr(back, 'e') == NULL;
        if (significant > 15 && !whole) {
            printf("\n  %s was written as %s\n", text, back);
            CU_FAIL_FATAL("a short decimal became long");
        }
        CU_ASSERT_EQUAL_FATAL(to_bits(read_all(back)), to_bits(value));
    }
}

static void test_exact_text(void)
{
    const struct {
        double value;
        const char *text;
    } cases[] = {{0.1, "0.1"},
                 {1.0 / 3.0, "0.3333333333333333"},
                 {0.1 + 0.2, "0.30000000000000004"},
                 {2e6, "2000000"},
                 {-1.5, "-1.5"},
                 {0.0, "0"},
                 {-0.0, "-0"},
                 {5e-324, "5e-324"},
                 {DBL_MAX, "1.7976931348623157e+308"},
                 {DBL_MIN, "2.2250738585072014e-308"},
                 {1.2100850538685288, "1.2100850538685288"},
                 {NAN, "NA"},
                 {INFINITY, "Inf"},
                 {-INFINITY, "-Inf"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[NUMBER_TEXT_SIZE];
        CU_ASSERT_EQUAL((size_t)number_text(cases[i].value, text), strlen(cases[i].text));
        CU_ASSERT_STRING_EQUAL(text, cases[i].text);
    }
}

static void test_short_form(void)
{
    const struct {
        double value;
        int digits;
        const char *text;
    } cases[] = {{3.14159265, 3, "3.14"}, {1234567, 3, "1.23e+06"}, {1200, 4, "1200"},
                 {0.5, 6, "0.5"},         {NAN, 3, "NA"},           {-2.0 / 3.0, 2, "-0.67"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[NUMBER_TEXT_SIZE];
        number_short(cases[i].value, cases[i].digits, text);
        CU_ASSERT_STRING_EQUAL(text, cases[i].text);
    }
}

static void test_reading_rounds_like_strtod(void)
{
    static const char *const hard[] = {
        "9007199254740993", // halfway: to even
        "9007199254740995",
        "2.2250738585072011e-308", // hung some readers
        "2.2250738585072012e-308",
        "1.7976931348623158e308",
        "1.7976931348623159e308", // overflows
        "4.9406564584124654e-324",
        "2.4703282292062327208e-324", // just below half the least subnormal
        "2.4703282292062328e-324",
        "6.9294956446009195e15", // one digit more than exact
        "3.7455744005952583e15",
        "1e23",
        "8.5e22",
        "123456789012345678901234567890",
        "0.000000000000000000000000000000000000000000000001",
        "1e-400",
        "1e400",
        "0e999999999999",
        "00000000000000000000000000000000001.5",
        "100000000000000000000000000000000000000000e-40",
        "7.2057594037927945e16",
        "1.",
        ".5",
        "5e-1",
        "5E+1"};
    for (size_t i = 0; i < sizeof hard / sizeof hard[0]; i++) {
        CU_ASSERT_EQUAL(to_bits(read_all(hard[i])), to_bits(strtod(hard[i], NULL)));
    }
    uint64_t state = 4;
    for (int i = 0; i < PATTERNS; i++) {
        char text[64];
        uint64_t mantissa = next_bits(&state) >> (next_bits(&state) % 40);
        int power = (int)(next_bits(&state) % 640) - 340;
        snprintf(text, sizeof text, "%llu.%03ue%d", (unsigned long long)mantissa,
                 (unsigned)(next_bits(&state) % 1000), power);
        CU_ASSERT_EQUAL_FATAL(to_bits(read_all(text)), to_bits(strtod(text, NULL)));
    }
}

static void test_very_long_numbers(void)
{
    enum { DIGITS = 1500 };
    char text[DIGITS + 16];
    memset(text, '1', DIGITS);
    snprintf(text + DIGITS, 16, "e-%d", DIGITS);
    CU_ASSERT_EQUAL(read_all(text), 1.0 / 9.0);
    memset(text, '0', DIGITS);
    text[1] = '.';
    snprintf(text + DIGITS, 16, "25e%d", DIGITS - 2);
    CU_ASSERT_EQUAL(read_all(text), 0.25);
    // halfway between 1 and the next double, and a last digit that breaks the tie far to the right
    snprintf(text, sizeof text, "1.00000000000000011102230246251565404236316680908203125");
    CU_ASSERT_EQUAL(read_all(text), 1.0);
    size_t length = strlen(text);
    memset(text + length, '0', DIGITS - length);
    snprintf(text + DIGITS, 16, "1");
    CU_ASSERT_EQUAL(read_all(text), 1.0 + DBL_EPSILON);
}

static void test_what_is_not_a_number(void)
{
    static const char *const words[] = {"",    "-",  "+",   ".",   "-.", "e5",
                                        "abc", " 1", "inf", "nan", "NA"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        double value = 7;
        size_t used = 99;
        CU_ASSERT_FALSE(number_read(words[i], strlen(words[i]), &value, &used));
    }
}

static void test_where_a_number_ends(void)
{
    const struct {
        const char *text;
        size_t length;
        double value;
        size_t used;
    } cases[] = {{"12abc", 5, 12, 2}, {"1e", 2, 1, 1},      {"1e+", 3, 1, 1},
                 {"1e5x", 4, 1e5, 3}, {"1.5.2", 5, 1.5, 3}, {"0x10", 4, 0, 1},
                 {"12345", 2, 12, 2}, {"1e10", 3, 10, 3},   {"-3 [1/day]", 10, -3, 2},
                 {"1,5", 3, 1, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double value = 0;
        size_t used = 0;
        CU_ASSERT_TRUE(number_read(cases[i].text, cases[i].length, &value, &used));
        CU_ASSERT_EQUAL(value, cases[i].value);
        CU_ASSERT_EQUAL(used, cases[i].used);
    }
}

static void test_a_decimal_comma_changes_nothing(void)
{
    if (!setlocale(LC_ALL, "de_DE.UTF-8") && !setlocale(LC_ALL, "de_DE.utf8")) {
        printf(" (left out: there is no locale with a comma here)");
        return;
    }
    char probe[16];
    snprintf(probe, sizeof probe, "%.1f", 1.5);
    CU_ASSERT_STRING_EQUAL(probe, "1,5"); // the locale is really in force
    char text[NUMBER_TEXT_SIZE];
    number_text(0.1 + 0.2, text);
    CU_ASSERT_STRING_EQUAL(text, "0.30000000000000004");
    number_short(1234.5678, 6, text);
    CU_ASSERT_STRING_EQUAL(text, "1234.57");
    CU_ASSERT_EQUAL(read_all("0.30000000000000004"), 0.1 + 0.2);
    CU_ASSERT_EQUAL(read_all("1.5"), 1.5);
    uint64_t state = 5;
    for (int i = 0; i < 1000; i++) {
        double value = from_bits(next_bits(&state));
        if (isfinite(value)) {
            round_trip(value);
        }
    }
    setlocale(LC_ALL, "C");
}

SUITE("number", TEST(test_random_bits_survive), TEST(test_numbers_of_daily_life_survive),
      TEST(test_extremes_survive), TEST(test_short_decimals_stay_short), TEST(test_exact_text),
      TEST(test_short_form), TEST(test_reading_rounds_like_strtod), TEST(test_very_long_numbers),
      TEST(test_what_is_not_a_number), TEST(test_where_a_number_ends),
      TEST(test_a_decimal_comma_changes_nothing))
