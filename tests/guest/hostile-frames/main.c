/* SPDX-License-Identifier: MIT */
/*
 * Theory: what ring 0 itself writes to, or has taken back, is out of a guest's hands: its shared
 * pages never become tables, a frame that was given back cannot be written by an old translation,
 * and only unused frames are exchanged.
 */
#include <public/grant_table.h>
#include <public/memory.h>

#include "guest.h"

const char test_title[] = "hostile-frames: frames that ring 0 uses or took back";

static xen_pfn_t extent;

static long reserve(unsigned int command)
{
    struct xen_memory_reservation r = {.nr_extents = 1, .domid = DOMID_SELF};

    set_xen_guest_handle(r.extent_start, &extent);
    return hypercall_memory_op(command, &r);
}

static xen_pfn_t grant_frame(void)
{
    xen_pfn_t frames[2] = {0, 0};
    struct gnttab_setup_table op = {.dom = DOMID_SELF, .nr_frames = 2};

    set_xen_guest_handle(op.frame_list, frames);
    CHECK_OK(hypercall_grant_table_op(GNTTABOP_setup_table, &op, 1));
    CHECK_EQ(op.status, GNTST_okay);
    return frames[1]; /* mapped nowhere */
}

static void check_never_a_table(xen_pfn_t frame)
{
    CHECK_REFUSED(mmuext(MMUEXT_PIN_L1_TABLE, frame));
    CHECK_REFUSED(mmuext(MMUEXT_PIN_L2_TABLE, frame));
    CHECK_REFUSED(mmuext(MMUEXT_PIN_L3_TABLE, frame));
    CHECK_REFUSED(mmuext(MMUEXT_PIN_L4_TABLE, frame));
    CHECK_REFUSED(pt_write(&window_l2[7], pte_make(frame, PTE_TABLE)));
    CHECK_REFUSED(hypercall_set_gdt(&frame, 512));
    extent = frame;
    CHECK_EQ(reserve(XENMEM_decrease_reservation), 0);
}

static void check_shared_info(void)
{
    uint64_t *entry = pt_entry(shared_info, 1), was = *entry;

    CHECK_OK(pt_write(entry, 0));
    check_never_a_table(start_info->shared_info / PAGE_SIZE);
    CHECK_OK(pt_write(entry, was));
}

/* The translation is still cached when the frame goes: nothing was flushed. */
static void check_stale_writer(void)
{
    volatile uint64_t *page = page_alloc();

    extent = mfn_of((void *)(uintptr_t)page);
    page[0] = 1;
    CHECK_OK(hypercall_update_va_mapping(page, 0, UVMF_NONE));
    CHECK_EQ(reserve(XENMEM_decrease_reservation), 1);
    CHECK(!try_write(page, 0x4141414141414141), "a frame that was given back was written");
    extent = ((uintptr_t)page - GUEST_VIRT_BASE) / PAGE_SIZE;
    CHECK_EQ(reserve(XENMEM_populate_physmap), 1);
}

/* A domain would keep what it exchanges, and get as much again. */
static void check_exchange_of_used(void)
{
    struct xen_memory_domain self = {.domid = DOMID_SELF};
    long before = hypercall_memory_op(XENMEM_current_reservation, &self);
    uint64_t *page = page_alloc();

    for (unsigned int i = 0; i < 2; i++) {
        xen_pfn_t in = i ? mfn_of(window_l1) : mfn_of(page), out = 0;
        struct xen_memory_exchange op = {.in = {.nr_extents = 1, .domid = DOMID_SELF},
                                         .out = {.nr_extents = 1, .domid = DOMID_SELF}};

        set_xen_guest_handle(op.in.extent_start, &in);
        set_xen_guest_handle(op.out.extent_start, &out);
        CHECK_REFUSED(hypercall_memory_op(XENMEM_exchange, &op));
        CHECK_EQ(op.nr_exchanged, 0);
    }
    CHECK_EQ(hypercall_memory_op(XENMEM_current_reservation, &self), before);
    CHECK(try_write(page, 1), "the page was lost by a refused exchange");
}

void test_main(void)
{
    window_init();
    check_shared_info();
    check_never_a_table(grant_frame());
    check_stale_writer();
    check_exchange_of_used();
}
