/* SPDX-License-Identifier: MIT */
/*
 * Theory: these are the writes by which a guest would break out, each refused with the entry left
 * as it was: a page table or descriptor page mapped writable, a table of the wrong level or a data
 * page where a table belongs, reserved bits, large pages, frames that are not the guest's, entries
 * that are none.
 */
#include "guest.h"

const char test_title[] = "pt-refuse: wrong page-table writes";

static void refused_at(int line, const uint64_t *entry, uint64_t value)
{
    uint64_t before = *entry;
    long rc = pt_write(entry, value);

    CHECK(rc < 0, "line %d: %#lx was not refused: %ld", line, value, rc);
    CHECK(*entry == before, "line %d: the entry changed to %#lx", line, *entry);
}
#define REFUSED(entry, value) refused_at(__LINE__, entry, value)

static void check_writable_tables(void)
{
    REFUSED(&window_l1[0], pte_make(mfn_of(window_l1), PTE_RW));
    REFUSED(&window_l1[0], pte_make(mfn_of(window_l2), PTE_RW));
    REFUSED(&window_l1[0], pte_make(mfn_of(window_l3), PTE_RW));
    REFUSED(&window_l1[0], pte_make(mfn_of((void *)start_info->pt_base), PTE_RW));
    REFUSED(&window_l1[0], pte_make(mfn_of((void *)start_info->pt_base), PTE_RW | PTE_NX));
    CHECK_OK(pt_write(&window_l1[0], pte_make(mfn_of(window_l1), PTE_RO)));
    REFUSED(&window_l1[0], pte_make(mfn_of(window_l1), PTE_RW)); /* only the bit changes */
    CHECK_OK(pt_write(&window_l1[0], 0));
}

static void check_levels(void)
{
    uint64_t *data = page_alloc(), *l4 = (uint64_t *)start_info->pt_base;
    uint64_t *free = page_alloc_readonly();

    REFUSED(&window_l2[5], pte_make(mfn_of(data), PTE_TABLE)); /* mapped writable */
    REFUSED(&window_l3[5], pte_make(mfn_of(data), PTE_TABLE));
    REFUSED(&l4[5], pte_make(mfn_of(data), PTE_TABLE));
    REFUSED(&window_l2[5], pte_make(mfn_of(window_l3), PTE_TABLE));
    REFUSED(&window_l3[5], pte_make(mfn_of(window_l1), PTE_TABLE));
    REFUSED(&l4[5], pte_make(mfn_of(window_l2), PTE_TABLE));
    REFUSED(&l4[5], pte_make(mfn_of(window_l1), PTE_TABLE));
    CHECK_OK(pt_write(&window_l2[5], pte_make(mfn_of(free), PTE_TABLE)));
    REFUSED(&window_l3[5], pte_make(mfn_of(free), PTE_TABLE)); /* an L1 by now */
    REFUSED(&window_l1[0], pte_make(mfn_of(free), PTE_RW));
    CHECK_OK(pt_write(&window_l2[5], 0));
    CHECK_OK(pt_write(&window_l3[5], pte_make(mfn_of(free), PTE_TABLE)));
    CHECK_OK(pt_write(&window_l3[5], 0));
}

static void check_bits(void)
{
    uint64_t *data = page_alloc();
    uint64_t entry = pte_make(mfn_of(data), PTE_RW);

    REFUSED(&window_l1[0], entry | 1UL << 51); /* beyond any address here */
    REFUSED(&window_l1[0], entry | 1UL << 48);
    REFUSED(&window_l2[5], entry | PTE_LARGE);
    REFUSED(&window_l2[5], 0x200000 | PTE_RW | PTE_LARGE);
    REFUSED(&window_l3[5], 0x40000000 | PTE_RW | PTE_LARGE);
    REFUSED(&window_l3[5], 0x40000000 | PTE_RO | PTE_LARGE | PTE_NX);
    REFUSED((uint64_t *)start_info->pt_base + 5,
            pte_make(mfn_of(window_l3), PTE_TABLE | PTE_LARGE));
}

/* A table with one wrong entry inside must not become a table. */
static void check_contents(void)
{
    uint64_t *l1 = page_alloc(), *l2 = page_alloc();

    l1[511] = pte_make(mfn_of(window_l1), PTE_RW);
    l2[511] = pte_make(mfn_of(page_alloc()), PTE_TABLE);
    page_protect(l1, PTE_RO);
    page_protect(l2, PTE_RO);
    REFUSED(&window_l2[5], pte_make(mfn_of(l1), PTE_TABLE));
    REFUSED(&window_l3[5], pte_make(mfn_of(l2), PTE_TABLE));
    CHECK_OK(page_remap(l1, mfn_of(l1), PTE_RW)); /* and is free again */
    l1[511] = 0;
    page_protect(l1, PTE_RO);
    CHECK_OK(pt_write(&window_l2[5], pte_make(mfn_of(l1), PTE_TABLE)));
    CHECK_OK(pt_write(&window_l2[5], 0));
}

static void check_pointers(void)
{
    uint64_t at = maddr_of(&window_l1[0]);
    struct mmu_update update = {.ptr = at, .val = 0};

    CHECK_REFUSED(pt_write_at(at + 4, 0));
    CHECK_REFUSED(pt_write_at(1UL << 51, 0));
    CHECK_REFUSED(pt_write_at(0xffffffffffff8UL << 3, 0));
    CHECK_REFUSED(hypercall_mmu_update(&update, 1, NULL, 1234));
    CHECK_REFUSED(hypercall_mmu_update(&update, 1, NULL, DOMID_IDLE));
    CHECK_ERROR(hypercall_mmu_update(8, 1, NULL, DOMID_SELF), XEN_EFAULT);
    CHECK_ERROR(hypercall_mmu_update(HYPERVISOR_VIRT_START + (1UL << 40), 1, NULL, DOMID_SELF),
                XEN_EFAULT);
}

void test_main(void)
{
    window_init();
    check_writable_tables();
    check_levels();
    check_bits();
    check_contents();
    check_pointers();
}
