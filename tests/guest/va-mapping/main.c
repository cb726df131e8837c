/* SPDX-License-Identifier: MIT */
/*
 * Theory: update_va_mapping finds the L1 entry by a virtual address and follows mmu_update's rules;
 * where there is no L1 table or the address is the hypervisor's it writes nothing. With INVLPG the
 * change is seen at once.
 */
#include "guest.h"

const char test_title[] = "va-mapping: update_va_mapping";

static long map(const volatile void *at, uint64_t value, unsigned long flags)
{
    return hypercall_update_va_mapping(at, value, flags);
}

void test_main(void)
{
    uint64_t *one = page_alloc(), *two = page_alloc(), value;

    window_init();
    one[0] = 1;
    two[0] = 2;
    CHECK_OK(map(window_page(3), pte_make(mfn_of(one), PTE_RW), UVMF_NONE));
    CHECK_EQ(*window_page(3), 1);
    CHECK_OK(map(window_page(3), pte_make(mfn_of(two), PTE_RW), UVMF_INVLPG | UVMF_LOCAL));
    CHECK_EQ(*window_page(3), 2);
    CHECK_OK(map(window_page(3), pte_make(mfn_of(one), PTE_RW), UVMF_TLB_FLUSH | UVMF_ALL));
    CHECK_EQ(*window_page(3), 1);
    CHECK_OK(map(window_page(3), pte_make(mfn_of(one), PTE_RO), UVMF_INVLPG | UVMF_ALL));
    CHECK(!try_write(window_page(3), 5), "a read-only mapping can be written");
    CHECK_REFUSED(map(window_page(3), pte_make(mfn_of(window_l1), PTE_RW), UVMF_INVLPG));
    CHECK_EQ(*window_page(3), 1);
    CHECK_OK(map(window_page(3), 0, UVMF_INVLPG));
    CHECK(!try_read(window_page(3), &value), "a cleared mapping can be read");
    CHECK_REFUSED(map(window_page(512 * 5), pte_make(mfn_of(one), PTE_RW), UVMF_INVLPG));
    CHECK_REFUSED(map((void *)(77UL << 39), pte_make(mfn_of(one), PTE_RW), UVMF_INVLPG));
    CHECK_REFUSED(map((void *)HYPERVISOR_VIRT_START, pte_make(mfn_of(one), PTE_RW), UVMF_INVLPG));
    CHECK_REFUSED(map((void *)(HYPERVISOR_VIRT_END - PAGE_SIZE), 0, UVMF_INVLPG));
    CHECK_REFUSED(map((void *)0x0000812345678000UL, pte_make(mfn_of(one), PTE_RW), UVMF_INVLPG));
}
