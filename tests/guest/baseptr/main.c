/* SPDX-License-Identifier: MIT */
/*
 * Theory: NEW_BASEPTR takes a root that is one and nothing else; what the new root maps is there at
 * once, what it does not map is gone, and a root in use stays a page table also when nobody pins
 * it.
 */
#include "guest.h"

const char test_title[] = "baseptr: changing the root";

static uint64_t *copy_of_root(void)
{
    const uint64_t *current = (const uint64_t *)start_info->pt_base;
    uint64_t *root = page_alloc();

    for (unsigned int i = 0; i < 512; i++)
        root[i] = i < 256 || i > 271 ? current[i] : 0;
    return root;
}

static uint64_t cr3(void)
{
    uint64_t value;

    __asm__ volatile("movq %%cr3, %0" : "=r"(value)::"memory");
    return value;
}

static void check_refusals(uint64_t *writable)
{
    unsigned long root = mfn_of((void *)start_info->pt_base);

    CHECK_REFUSED(mmuext(MMUEXT_NEW_BASEPTR, mfn_of(writable)));
    CHECK_REFUSED(mmuext(MMUEXT_NEW_BASEPTR, mfn_of(window_l1)));
    CHECK_REFUSED(mmuext(MMUEXT_NEW_BASEPTR, mfn_of(window_l3)));
    CHECK_REFUSED(mmuext(MMUEXT_NEW_BASEPTR, ~0UL));
    CHECK_REFUSED(mmuext(MMUEXT_NEW_BASEPTR, 1UL << 40));
    CHECK_REFUSED(mmuext(MMUEXT_NEW_USER_BASEPTR, mfn_of(window_l1)));
    CHECK_REFUSED(mmuext(MMUEXT_NEW_USER_BASEPTR, ~0UL));
    CHECK_EQ(cr3() >> 12, root);
}

void test_main(void)
{
    unsigned long first = mfn_of((void *)start_info->pt_base);
    uint64_t *root, value;
    const volatile uint64_t *there = window_page(0);

    window_init();
    root = copy_of_root();
    root[pt_entry((const void *)there, 4) - (uint64_t *)start_info->pt_base] = 0;
    CHECK_OK(pt_write(&window_l1[0], pte_make(mfn_of(page_alloc()), PTE_RO)));
    check_refusals(root);
    page_protect(root, PTE_RO);
    CHECK(try_read(there, &value), "the window is not mapped");
    CHECK_OK(mmuext(MMUEXT_NEW_BASEPTR, mfn_of(root)));
    CHECK_EQ(cr3() >> 12, mfn_of(root));
    CHECK(!try_read(there, &value), "the old root's mapping is still there");
    CHECK_REFUSED(page_remap(root, mfn_of(root), PTE_RW));
    CHECK_OK(mmuext(MMUEXT_NEW_BASEPTR, first));
    CHECK(try_read(there, &value), "the first root's mapping did not come back");
    CHECK_OK(page_remap(root, mfn_of(root), PTE_RW)); /* unpinned and unused: a page again */
    CHECK_EQ(hypercall_xen_version(0, NULL), 4 << 16 | 17);
}
