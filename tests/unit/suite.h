/* SPDX-License-Identifier: MIT */
/*
 * The whole main of a unit test: runs a table of tests and ends with CUnit's own summary, which tests/unit/run reads.
 * A failed test must never end as success, so the exit status is here and nowhere else: 0 all passed, 1 some failed.
 */
#ifndef TESTS_UNIT_SUITE_H
#define TESTS_UNIT_SUITE_H

#include <CUnit/Basic.h>

/* A row of a table of tests under its function's name; tables end with CU_TEST_INFO_NULL. */
/* clang-format off */
#define TEST(function) {#function, function}
/* clang-format on */

/* Runs several suites, the last of them CU_SUITE_INFO_NULL. Returns the exit status. */
static inline int suites_run(CU_SuiteInfo *suites)
{
    unsigned int failed;

    if (CU_initialize_registry() != CUE_SUCCESS || CU_register_suites(suites) != CUE_SUCCESS)
        return 1;
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failed != 0;
}

/*
 * Runs one. start (or NULL) goes before its tests, 0: ready, else the suite has failed; end (or NULL) goes behind them.
 * Returns the exit status.
 */
static inline int suite_run_between(const char *name, CU_InitializeFunc start, CU_CleanupFunc end,
                                    CU_TestInfo *tests)
{
    CU_SuiteInfo suites[] = {
        {.pName = name, .pInitFunc = start, .pCleanupFunc = end, .pTests = tests},
        CU_SUITE_INFO_NULL,
    };

    return suites_run(suites);
}

static inline int suite_run(const char *name, CU_TestInfo *tests)
{
    return suite_run_between(name, NULL, NULL, tests);
}

#endif
