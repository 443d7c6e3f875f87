/* suite.h: the main function of a CUnit binary.
 *
 *   static void test_tape_reuses_dead_slots(void) { CU_ASSERT(...); }
 *   SUITE("tape", TEST(test_tape_reuses_dead_slots), ...)
 *
 * Exits by the number of failures (CU_basic_run_tests returns 0 on red).
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STROMA_TESTS_SUITE_H
#define STROMA_TESTS_SUITE_H

#include <CUnit/Basic.h>

#define TEST(function)                                                                             \
    {                                                                                              \
        (char *)(size_t) #function, function                                                       \
    }
#define SUITE(name, ...)                                                                           \
    int main(void)                                                                                 \
    {                                                                                              \
        CU_TestInfo tests[] = {__VA_ARGS__, CU_TEST_INFO_NULL};                                    \
        CU_SuiteInfo suites[] = {{(char *)(size_t)(name), NULL, NULL, NULL, NULL, tests},          \
                                 CU_SUITE_INFO_NULL};                                              \
        if (CU_initialize_registry() != CUE_SUCCESS ||                                             \
            CU_register_suites(suites) != CUE_SUCCESS) {                                           \
            return 2;                                                                              \
        }                                                                                          \
        CU_basic_set_mode(CU_BRM_VERBOSE);                                                         \
        CU_basic_run_tests();                                                                      \
        unsigned failures = CU_get_number_of_failures();                                           \
        CU_cleanup_registry();                                                                     \
        return failures != 0;                                                                      \
    }

#endif
