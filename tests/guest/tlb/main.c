/* SPDX-License-Identifier: MIT */
/*
 * Theory: after a flush that covers it, an access sees the new entry; each kind of flush is taken,
 * with masks of vCPUs that exist, that do not, and that cannot be read; and flushing the
 * hypervisor's addresses harms nobody.
 */
#include "guest.h"

const char test_title[] = "tlb: flushes";

static uint64_t *pages[2];
static unsigned int at;

/* Maps the other page, flushes, and looks. */
static void check_flush(unsigned int command, unsigned long address, const void *mask)
{
    struct mmuext_op op = {.cmd = command, .arg1.linear_addr = address};
    long rc;

    op.arg2.vcpumask.p = mask;
    (void)*window_page(0);
    at ^= 1;
    CHECK_OK(pt_write(&window_l1[0], pte_make(mfn_of(pages[at]), PTE_RW)));
    rc = hypercall_mmuext_op(&op, 1, NULL, DOMID_SELF);
    CHECK(rc == 0, "flush %u: %ld", command, rc);
    CHECK_EQ(*window_page(0), at);
}

void test_main(void)
{
    static const unsigned long self[8] = {1}, all[8] = {~0UL};
    const unsigned long there = (unsigned long)window_page(0);
    struct mmuext_op op = {.cmd = MMUEXT_INVLPG_MULTI, .arg1.linear_addr = there};

    window_init();
    pages[0] = page_alloc();
    pages[1] = page_alloc();
    pages[1][0] = 1;
    CHECK_OK(pt_write(&window_l1[0], pte_make(mfn_of(pages[0]), PTE_RW)));
    check_flush(MMUEXT_TLB_FLUSH_LOCAL, 0, NULL);
    check_flush(MMUEXT_INVLPG_LOCAL, there, NULL);
    check_flush(MMUEXT_TLB_FLUSH_ALL, 0, NULL);
    check_flush(MMUEXT_INVLPG_ALL, there, NULL);
    check_flush(MMUEXT_TLB_FLUSH_MULTI, 0, self);
    check_flush(MMUEXT_INVLPG_MULTI, there, self);
    check_flush(MMUEXT_TLB_FLUSH_MULTI, 0, all);
    CHECK_OK(mmuext_linear(MMUEXT_INVLPG_LOCAL, (void *)HYPERVISOR_VIRT_START));
    CHECK_OK(mmuext_linear(MMUEXT_INVLPG_ALL, (void *)(HYPERVISOR_VIRT_END - PAGE_SIZE)));
    op.arg2.vcpumask.p = (void *)(HYPERVISOR_VIRT_START + (1UL << 40));
    CHECK_REFUSED(hypercall_mmuext_op(&op, 1, NULL, DOMID_SELF));
    CHECK_EQ(hypercall_xen_version(0, NULL), 4 << 16 | 17);
}
