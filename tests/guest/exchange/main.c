/* SPDX-License-Identifier: MIT */
/*
 * Theory: XENMEM_exchange swaps frames of the guest's for others: the count stays, the old frame is
 * gone, the new one is told in the list and in the machine-to-physical table. A wrong shape is
 * refused before anything changes.
 */
#include <public/memory.h>

#include "guest.h"

const char test_title[] = "exchange: swapping frames";

static xen_pfn_t in_frame, out_frame;
static struct xen_memory_exchange op;

static void prepare(void *page)
{
    memset(&op, 0, sizeof(op));
    in_frame = mfn_of(page);
    out_frame = ((uintptr_t)page - GUEST_VIRT_BASE) / PAGE_SIZE;
    op.in.nr_extents = op.out.nr_extents = 1;
    op.in.domid = op.out.domid = DOMID_SELF;
    set_xen_guest_handle(op.in.extent_start, &in_frame);
    set_xen_guest_handle(op.out.extent_start, &out_frame);
}

void test_main(void)
{
    const unsigned long *m2p = (const unsigned long *)MACH2PHYS_VIRT_START;
    uint8_t *page = page_alloc();
    unsigned long pfn = ((uintptr_t)page - GUEST_VIRT_BASE) / PAGE_SIZE;

    CHECK_OK(hypercall_update_va_mapping(page, 0, UVMF_INVLPG));
    prepare(page);
    if (hypercall_memory_op(XENMEM_exchange, &op) == -XEN_ENOSYS)
        report_skip("there is no exchange");
    CHECK_EQ(op.nr_exchanged, 1);
    CHECK_EQ(m2p[out_frame], pfn);
    CHECK_OK(page_remap(page, out_frame, PTE_RW));
    page[0] = 1;

    page = page_alloc();
    prepare(page);
    op.out.nr_extents = 2;
    CHECK_REFUSED(hypercall_memory_op(XENMEM_exchange, &op));
    prepare(page);
    op.nr_exchanged = 5;
    CHECK_REFUSED(hypercall_memory_op(XENMEM_exchange, &op));
    prepare(page);
    op.out.domid = 1234;
    CHECK_REFUSED(hypercall_memory_op(XENMEM_exchange, &op));
    prepare(page);
    in_frame = 1UL << 41;
    CHECK_REFUSED(hypercall_memory_op(XENMEM_exchange, &op));
    CHECK_EQ(op.nr_exchanged, 0);
    CHECK(try_write(page, 1), "the page was lost by a refused exchange");
}
