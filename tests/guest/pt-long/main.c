/* SPDX-License-Identifier: MIT */
/*
 * Theory: what takes long is restarted by the hypervisor, not by the guest: thousands of entries in
 * one call, and pinning and unpinning a tree with many full tables, come back done, with every
 * entry right and every frame let go at the end.
 */
#include "guest.h"

const char test_title[] = "pt-long: long operations";

#define TABLES 200

static uint64_t *tables[TABLES];

static void check_batch(uint64_t *page)
{
    static struct mmu_update batch[4096];
    unsigned int done = 0;

    for (unsigned int i = 0; i < 4096; i++) {
        batch[i].ptr = maddr_of(&window_l1[i % 512]);
        batch[i].val = i / 512 % 2 ? 0 : pte_make(mfn_of(page), i % 2 ? PTE_RW : PTE_RO);
    }
    CHECK_OK(hypercall_mmu_update(batch, 4096, &done, DOMID_SELF));
    CHECK_EQ(done, 4096);
    for (unsigned int i = 0; i < 512; i++)
        CHECK_EQ(window_l1[i], 0);
    page_protect(page, PTE_RO);
    CHECK_OK(mmuext(MMUEXT_PIN_L1_TABLE, mfn_of(page))); /* no use is left behind */
    CHECK_OK(mmuext(MMUEXT_UNPIN_TABLE, mfn_of(page)));
}

static void check_tree(void)
{
    uint64_t *l4 = page_alloc(), *l3 = page_alloc(), *l2 = page_alloc(), *data = page_alloc();

    for (unsigned int i = 0; i < TABLES; i++) {
        tables[i] = page_alloc();
        for (unsigned int e = 0; e < 512; e++)
            tables[i][e] = pte_make(mfn_of(data), e % 2 ? PTE_RW : PTE_RO);
        page_protect(tables[i], PTE_RO);
        l2[i] = pte_make(mfn_of(tables[i]), PTE_TABLE);
    }
    l3[0] = pte_make(mfn_of(l2), PTE_TABLE);
    l4[0] = pte_make(mfn_of(l3), PTE_TABLE);
    page_protect(l2, PTE_RO);
    page_protect(l3, PTE_RO);
    page_protect(l4, PTE_RO);
    for (unsigned int pass = 0; pass < 3; pass++) {
        CHECK_OK(mmuext(MMUEXT_PIN_L4_TABLE, mfn_of(l4)));
        CHECK_REFUSED(page_remap(tables[TABLES / 2], mfn_of(tables[TABLES / 2]), PTE_RW));
        CHECK_OK(mmuext(MMUEXT_UNPIN_TABLE, mfn_of(l4)));
        CHECK_OK(page_remap(tables[TABLES / 2], mfn_of(tables[TABLES / 2]), PTE_RW));
        page_protect(tables[TABLES / 2], PTE_RO);
    }
    /* One wrong entry deep inside: all of it is refused, and nothing keeps a type. */
    CHECK_OK(page_remap(tables[TABLES - 1], mfn_of(tables[TABLES - 1]), PTE_RW));
    tables[TABLES - 1][511] = pte_make(mfn_of(l4), PTE_RW) | 1UL << 51;
    page_protect(tables[TABLES - 1], PTE_RO);
    CHECK_REFUSED(mmuext(MMUEXT_PIN_L4_TABLE, mfn_of(l4)));
    for (unsigned int i = 0; i < TABLES; i++)
        CHECK_OK(page_remap(tables[i], mfn_of(tables[i]), PTE_RW));
    CHECK_OK(page_remap(l2, mfn_of(l2), PTE_RW));
    page_protect(data, PTE_RO);
    CHECK_OK(mmuext(MMUEXT_PIN_L1_TABLE, mfn_of(data)));
    CHECK_OK(mmuext(MMUEXT_UNPIN_TABLE, mfn_of(data)));
}

void test_main(void)
{
    window_init();
    check_batch(page_alloc());
    check_tree();
}
