/* SPDX-License-Identifier: MIT */
/*
 * Theory: mmu_update writes entries at every level where they are right: pages of the guest's own,
 * mapped writable or not, tables below tables, and away again. A batch stops at the first wrong
 * entry and says how many it did.
 */
#include "guest.h"

const char test_title[] = "pt-write: right page-table writes";

static void check_leaf(void)
{
    uint64_t *page = page_alloc(), value;

    page[0] = 0x1111;
    CHECK_OK(pt_write(&window_l1[0], pte_make(mfn_of(page), PTE_RW)));
    CHECK_EQ(*window_page(0), 0x1111);
    *window_page(0) = 0x2222;
    CHECK_EQ(page[0], 0x2222);
    CHECK_OK(pt_write(&window_l1[0], pte_make(mfn_of(page), PTE_RO)));
    mmuext_linear(MMUEXT_INVLPG_LOCAL, (const void *)window_page(0));
    CHECK(!try_write(window_page(0), 1), "a read-only entry lets a store through");
    CHECK(try_read(window_page(0), &value) && value == 0x2222, "a read-only entry cannot be read");
    CHECK_OK(pt_write(&window_l1[0], 0));
    mmuext_linear(MMUEXT_INVLPG_LOCAL, (const void *)window_page(0));
    CHECK(!try_read(window_page(0), &value), "a cleared entry still maps");
}

static void check_accessed(void)
{
    uint64_t *page = page_alloc();

    CHECK_OK(pt_write(&window_l1[1], pte_make(mfn_of(page), PTE_PRESENT | PTE_WRITE | PTE_USER)));
    *window_page(1) = 1;
    CHECK_EQ(window_l1[1] & (PTE_ACCESSED | PTE_DIRTY), PTE_ACCESSED | PTE_DIRTY);
    CHECK_OK(pt_write_at(maddr_of(&window_l1[1]) | MMU_PT_UPDATE_PRESERVE_AD,
                         pte_make(mfn_of(page), PTE_PRESENT | PTE_USER)));
    CHECK_EQ(window_l1[1] & (PTE_ACCESSED | PTE_DIRTY), PTE_ACCESSED | PTE_DIRTY);
    CHECK_OK(pt_write(&window_l1[1], pte_make(mfn_of(page), PTE_PRESENT | PTE_USER)));
    CHECK_EQ(window_l1[1] & PTE_DIRTY, 0);
    CHECK_OK(pt_write(&window_l1[1], 0));
    /* An entry that is not present may hold anything. */
    CHECK_OK(pt_write(&window_l1[1], 0xfffffffffffffffeUL));
    CHECK_EQ(window_l1[1], 0xfffffffffffffffeUL);
    CHECK_OK(pt_write(&window_l1[1], 0));
}

static void check_tables(void)
{
    uint64_t *page = page_alloc(), *l1 = page_alloc();
    const volatile uint64_t *mapped = window_page(512);

    page[0] = 0x3333;
    l1[0] = pte_make(mfn_of(page), PTE_RW);
    page_protect(l1, PTE_RO);
    CHECK_OK(pt_write(&window_l2[1], pte_make(mfn_of(l1), PTE_TABLE)));
    CHECK_EQ(*mapped, 0x3333);
    CHECK_REFUSED(page_remap(l1, mfn_of(l1), PTE_RW));
    CHECK_OK(pt_write(&window_l2[1], 0));
    mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0);
    CHECK(!try_read((const void *)(uintptr_t)mapped, page), "a cleared L2 entry still maps");
    CHECK_OK(page_remap(l1, mfn_of(l1), PTE_RW));
}

static void check_batch(void)
{
    uint64_t *page = page_alloc();
    struct mmu_update batch[4];
    unsigned int done = 99;

    for (unsigned int i = 0; i < 4; i++) {
        batch[i].ptr = maddr_of(&window_l1[8 + i]);
        batch[i].val = pte_make(mfn_of(page), PTE_RW);
    }
    CHECK_OK(hypercall_mmu_update(batch, 4, &done, DOMID_SELF));
    CHECK_EQ(done, 4);
    for (unsigned int i = 0; i < 4; i++)
        batch[i].val = 0;
    batch[2].val = pte_make(mfn_of(window_l1), PTE_RW);
    CHECK_REFUSED(hypercall_mmu_update(batch, 4, &done, DOMID_SELF));
    CHECK_EQ(done, 2);
    CHECK_EQ(window_l1[9], 0);
    CHECK(window_l1[10] != 0, "the refused entry was written");
    CHECK(window_l1[11] != 0, "the batch went on behind the refused entry");
    done = 99;
    CHECK_OK(hypercall_mmu_update(batch, 0, &done, DOMID_SELF));
    CHECK_EQ(done, 0);
    /* a domain that is not there: nothing was done, and the count says so too */
    done = 99;
    CHECK_REFUSED(hypercall_mmu_update(batch, 2, &done, 12345));
    CHECK_EQ(done, 0);
}

void test_main(void)
{
    window_init();
    check_leaf();
    check_accessed();
    check_tables();
    check_batch();
}
