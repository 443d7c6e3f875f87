/* test_names.c: the hash table of names, and the search for what was meant.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/names.h"
#include "unit/suite.h"

#include <stdio.h>
#include <string.h>

static void test_names_are_found_again(void)
{
    enum { COUNT = 5000 };
    Arena *arena = arena_new();
    Names *names = names_new(arena);
    for (int i = 0; i < COUNT; i++) {
        CU_ASSERT_TRUE_FATAL(names_add(names, arena_format(arena, "msc.state_%d", i), 7 * i));
    }
    CU_ASSERT_EQUAL(names_count(names), COUNT);
    for (int i = 0; i < COUNT; i++) {
        const char *name = arena_format(arena, "msc.state_%d", i);
        CU_ASSERT_EQUAL_FATAL(names_find(names, name), 7 * i);
        CU_ASSERT_STRING_EQUAL(names_name(names, i), name);
        CU_ASSERT_EQUAL(names_number(names, i), 7 * i);
    }
    CU_ASSERT_EQUAL(names_find(names, "msc.state_5000"), -1);
    CU_ASSERT_EQUAL(names_find(names, ""), -1);
    arena_free(arena);
}

static void test_a_second_adding_changes_nothing(void)
{
    Arena *arena = arena_new();
    Names *names = names_new(arena);
    char name[8] = "TNF";
    CU_ASSERT_TRUE(names_add(names, name, 1));
    name[0] = 'X'; // the table has its own copy
    CU_ASSERT_EQUAL(names_find(names, "TNF"), 1);
    CU_ASSERT_FALSE(names_add(names, "TNF", 2));
    CU_ASSERT_EQUAL(names_find(names, "TNF"), 1);
    CU_ASSERT_EQUAL(names_find(names, "tnf"), -1); // case matters
    arena_free(arena);
}

static void test_near_misses(void)
{
    static const char *const list[] = {"clearance", "volume", "absorption", "k_kill", "WT",
                                       "IL10",      "IL6",    "TNF_0",      "Teff",   "outputs"};
    const struct {
        const char *typed;
        const char *meant;
    } cases[] = {{"clearence", "clearance"},  // replaced
                 {"claerance", "clearance"},  // swapped
                 {"clearanc", "clearance"},   // left out
                 {"clearancee", "clearance"}, // doubled
                 {"CLEARANCE", "clearance"},  // case alone
                 {"wt", "WT"},
                 {"il10", "IL10"},
                 {"TNF0", "TNF_0"},
                 {"k_kil", "k_kill"},
                 {"ouputs", "outputs"},
                 {"teff", "Teff"},
                 {"xyz", NULL},
                 {"pharmacology", NULL},
                 {"VB", NULL},         // of two letters, one changed is another name
                 {"Tabo", NULL},       // three of four letters differ from Teff
                 {"voABme", "volume"}, // two of six
                 {"", NULL}};
    Arena *arena = arena_new();
    Names *names = names_new(arena);
    int count = (int)(sizeof list / sizeof list[0]);
    for (int i = 0; i < count; i++) {
        names_add(names, list[i], i);
    }
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *from_table = names_near(names, cases[i].typed);
        const char *from_list = names_near_list(list, count, cases[i].typed);
        const char *expected = cases[i].meant ? cases[i].meant : "(none)";
        if (strcmp(from_table ? from_table : "(none)", expected) != 0) {
            printf("\n  %s: %s instead of %s\n", cases[i].typed, from_table ? from_table : "(none)",
                   expected);
        }
        CU_ASSERT_STRING_EQUAL(from_table ? from_table : "(none)", expected);
        CU_ASSERT_STRING_EQUAL(from_list ? from_list : "(none)", expected);
    }
    arena_free(arena);
}

/* At most a third of the letters may differ. */
static void test_what_differs_too_much_is_not_proposed(void)
{
    static const char *const list[] = {"abcd", "abcdef", "abcdefghi"};
    CU_ASSERT_PTR_NULL(names_near_list(list, 1, "abxy"));
    CU_ASSERT_PTR_NULL(names_near_list(list + 1, 1, "abcxyz"));
    CU_ASSERT_PTR_NOT_NULL(names_near_list(list + 1, 1, "abcdxy"));
    CU_ASSERT_PTR_NOT_NULL(names_near_list(list + 2, 1, "abcdefxyz"));
    CU_ASSERT_PTR_NULL(names_near_list(list + 2, 1, "abcdewxyz"));
    CU_ASSERT_PTR_NULL(names_near_list(list, 0, "abcd"));
}

static void test_very_long_names(void)
{
    Arena *arena = arena_new();
    Names *names = names_new(arena);
    char *name = arena_alloc(arena, 100001);
    memset(name, 'a', 100000);
    CU_ASSERT_TRUE(names_add(names, name, 1));
    CU_ASSERT_EQUAL(names_find(names, name), 1);
    CU_ASSERT_PTR_NULL(names_near(names, "aaaa"));
    names_near(names, name); // must only come back
    arena_free(arena);
}

SUITE("names", TEST(test_names_are_found_again), TEST(test_a_second_adding_changes_nothing),
      TEST(test_near_misses), TEST(test_what_differs_too_much_is_not_proposed),
      TEST(test_very_long_names))
