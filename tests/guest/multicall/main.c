/* SPDX-License-Identifier: MIT */
/*
 * Theory: a multicall runs its entries in order, gives each its own result, goes on behind one that
 * failed, and cannot be nested. A list that cannot be read or written is EFAULT.
 */
#include "guest.h"

const char test_title[] = "multicall: batches of hypercalls";

void test_main(void)
{
    static struct multicall_entry calls[64];
    uint64_t *page = page_alloc();

    window_init();
    page[0] = 0x77;
    for (unsigned int i = 0; i < 64; i++)
        calls[i] = (struct multicall_entry){.op = __HYPERVISOR_xen_version, .result = 1};
    calls[1] = (struct multicall_entry){.op = 47};
    calls[2] = (struct multicall_entry){
        .op = __HYPERVISOR_update_va_mapping,
        .args = {(unsigned long)window_page(0), pte_make(mfn_of(page), PTE_RW), UVMF_INVLPG}};
    calls[3] = (struct multicall_entry){
        .op = __HYPERVISOR_update_va_mapping,
        .args = {(unsigned long)window_page(1), pte_make(mfn_of(window_l1), PTE_RW), UVMF_INVLPG}};
    CHECK_OK(hypercall_multicall(calls, 64));
    for (unsigned int i = 0; i < 64; i++)
        if (i == 0 || i > 3)
            CHECK_EQ(calls[i].result, 4 << 16 | 17);
    CHECK_EQ(calls[1].result, -XEN_ENOSYS);
    CHECK_EQ(calls[2].result, 0);
    CHECK_REFUSED(calls[3].result);
    CHECK_EQ(*window_page(0), 0x77);
    CHECK_EQ(window_l1[1], 0);

    calls[0] = (struct multicall_entry){.op = __HYPERVISOR_multicall,
                                        .args = {(unsigned long)&calls[4], 1}};
    long rc = hypercall_multicall(calls, 1);
    CHECK(rc < 0 || (long)calls[0].result < 0, "a multicall inside a multicall ran");
    CHECK_OK(hypercall_multicall(calls, 0));
    CHECK_ERROR(hypercall_multicall(8, 1), XEN_EFAULT);
    CHECK_ERROR(hypercall_multicall(HYPERVISOR_VIRT_START + (1UL << 40), 1), XEN_EFAULT);
    page_protect(page, PTE_RO);
    CHECK_OK(hypercall_update_va_mapping(window_page(0), 0, UVMF_INVLPG));
    CHECK(hypercall_multicall(page, 1) <= 0, "a result was written to a read-only page");
}
