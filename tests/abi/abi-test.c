/* SPDX-License-Identifier: MIT */
/*
 * Holds include/public/ against Debian's libxen-dev, row by row: sizes, offsets, constants. Both
 * tables come from one list, so they have the same rows; a difference names its row and both
 * values.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <CUnit/Basic.h>

#include "abi.h"

static void compare_row(const struct abi_row *ours, const struct abi_row *theirs)
{
    char line[256];
    bool same = strcmp(ours->name, theirs->name) == 0 && ours->value == theirs->value &&
                ours->size == theirs->size && !ours->text == !theirs->text &&
                (!ours->text || strcmp(ours->text, theirs->text) == 0);

    snprintf(line, sizeof(line), "%s: ours %lld (%llu bytes), libxen-dev %lld (%llu bytes)",
             ours->name, (long long)ours->value, ours->size, (long long)theirs->value,
             theirs->size);
    CU_assertImplementation(same, __LINE__, line, __FILE__, __func__, CU_FALSE);
}

static void test_rows(void)
{
    CU_ASSERT_EQUAL_FATAL(abi_ours.count, abi_theirs.count);
    CU_ASSERT_FATAL(abi_ours.count > 1000);
    for (size_t i = 0; i < abi_ours.count; i++)
        compare_row(&abi_ours.rows[i], &abi_theirs.rows[i]);
}

int main(void)
{
    CU_pSuite suite;
    unsigned int tests, failed;

    if (CU_initialize_registry() != CUE_SUCCESS)
        return EXIT_FAILURE;
    suite = CU_add_suite("abi", NULL, NULL);
    if (!suite || !CU_add_test(suite, "each row is libxen-dev's", test_rows))
        return EXIT_FAILURE;
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    tests = CU_get_number_of_tests_run();
    failed = CU_get_number_of_tests_failed();
    printf("%zu rows compared\n", abi_ours.count);
    CU_cleanup_registry();
    printf("%u passed, %u failed, 0 skipped\n", tests - failed, failed);
    return failed || !tests ? EXIT_FAILURE : EXIT_SUCCESS;
}
