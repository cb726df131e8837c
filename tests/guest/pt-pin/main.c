/* SPDX-License-Identifier: MIT */
/*
 * Theory: pinning makes a page a table of a level until it is unpinned, used or not. A page has one
 * type at a time: it cannot be two levels, nor writable, as long as any use counts it as a table.
 */
#include "guest.h"

const char test_title[] = "pt-pin: pinning and unpinning tables";

static const unsigned int pins[] = {0, MMUEXT_PIN_L1_TABLE, MMUEXT_PIN_L2_TABLE,
                                    MMUEXT_PIN_L3_TABLE, MMUEXT_PIN_L4_TABLE};

static void check_each_level(void)
{
    for (unsigned int level = 1; level <= 4; level++) {
        uint64_t *table = page_alloc();
        unsigned long mfn = mfn_of(table);

        CHECK_REFUSED(mmuext(pins[level], mfn)); /* mapped writable */
        page_protect(table, PTE_RO);
        CHECK_OK(mmuext(pins[level], mfn));
        CHECK_REFUSED(mmuext(pins[level], mfn)); /* once is enough */
        for (unsigned int other = 1; other <= 4; other++)
            if (other != level)
                CHECK_REFUSED(mmuext(pins[other], mfn));
        CHECK_REFUSED(page_remap(table, mfn, PTE_RW));
        CHECK_OK(mmuext(MMUEXT_UNPIN_TABLE, mfn));
        CHECK_REFUSED(mmuext(MMUEXT_UNPIN_TABLE, mfn));
        CHECK_OK(page_remap(table, mfn, PTE_RW));
    }
}

static void check_used_and_pinned(void)
{
    uint64_t *l1 = page_alloc_readonly();
    unsigned long mfn = mfn_of(l1);

    CHECK_OK(mmuext(MMUEXT_PIN_L1_TABLE, mfn));
    CHECK_OK(pt_write(&window_l2[3], pte_make(mfn, PTE_TABLE)));
    CHECK_OK(mmuext(MMUEXT_UNPIN_TABLE, mfn));
    CHECK_REFUSED(page_remap(l1, mfn, PTE_RW)); /* still in use */
    CHECK_OK(pt_write(&window_l2[4], pte_make(mfn, PTE_TABLE)));
    CHECK_OK(pt_write(&window_l2[3], 0));
    CHECK_REFUSED(page_remap(l1, mfn, PTE_RW));
    CHECK_OK(pt_write(&window_l2[4], 0));
    CHECK_OK(page_remap(l1, mfn, PTE_RW));
}

/* What a pinned table maps is held by it, and let go with it. */
static void check_children(void)
{
    uint64_t *l2 = page_alloc(), *l1 = page_alloc(), *data = page_alloc();

    l1[0] = pte_make(mfn_of(data), PTE_RW);
    l2[0] = pte_make(mfn_of(l1), PTE_TABLE);
    page_protect(l1, PTE_RO);
    page_protect(l2, PTE_RO);
    CHECK_OK(mmuext(MMUEXT_PIN_L2_TABLE, mfn_of(l2)));
    CHECK_REFUSED(page_remap(l1, mfn_of(l1), PTE_RW));
    page_protect(data, PTE_RO);
    CHECK_REFUSED(mmuext(MMUEXT_PIN_L1_TABLE, mfn_of(data))); /* l1 maps it writable */
    CHECK_OK(mmuext(MMUEXT_UNPIN_TABLE, mfn_of(l2)));
    CHECK_OK(page_remap(l1, mfn_of(l1), PTE_RW));
    CHECK_OK(mmuext(MMUEXT_PIN_L1_TABLE, mfn_of(data)));
    CHECK_OK(mmuext(MMUEXT_UNPIN_TABLE, mfn_of(data)));
}

static void check_wrong_contents(void)
{
    for (unsigned int level = 1; level <= 4; level++) {
        uint64_t *table = page_alloc();

        table[255] = pte_make(mfn_of(window_l2), PTE_TABLE); /* right below an L3 alone */
        page_protect(table, PTE_RO);
        if (level != 3)
            CHECK_REFUSED(mmuext(pins[level], mfn_of(table)));
        CHECK_OK(page_remap(table, mfn_of(table), PTE_RW));
    }
    CHECK_REFUSED(mmuext(99, mfn_of(window_l1)));
    CHECK_REFUSED(mmuext(14, mfn_of(window_l1)));
}

void test_main(void)
{
    window_init();
    check_each_level();
    check_used_and_pinned();
    check_children();
    check_wrong_contents();
}
