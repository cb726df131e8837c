/* SPDX-License-Identifier: MIT */
/*
 * Theory: a frame that others have mapped by grant keeps its use: it cannot become a page table
 * while the grant is mapped writable, and a page table cannot be mapped writable by grant. The
 * granting side may not get out of its own types that way.
 */
#include <public/grant_table.h>

#include "guest.h"

const char test_title[] = "grant-types: grants and frame types";

static volatile struct grant_entry_v1 *table;
static domid_t self;

static void grant(unsigned int ref, const void *page)
{
    table[ref].domid = self;
    table[ref].frame = (uint32_t)mfn_of(page);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    table[ref].flags = GTF_permit_access;
}

static struct gnttab_map_grant_ref map(unsigned int ref, uint32_t flags)
{
    struct gnttab_map_grant_ref op = {
        .host_addr = (uintptr_t)window_page(0), .flags = flags, .ref = ref, .dom = self};

    CHECK_OK(hypercall_grant_table_op(GNTTABOP_map_grant_ref, &op, 1));
    return op;
}

static void unmap(grant_handle_t handle)
{
    struct gnttab_unmap_grant_ref op = {.host_addr = (uintptr_t)window_page(0), .handle = handle};

    CHECK_OK(hypercall_grant_table_op(GNTTABOP_unmap_grant_ref, &op, 1));
    CHECK_EQ(op.status, GNTST_okay);
}

void test_main(void)
{
    xen_pfn_t frame = 0;
    struct gnttab_setup_table setup = {.dom = DOMID_SELF, .nr_frames = 1};
    uint64_t *page = page_alloc_readonly();
    struct gnttab_map_grant_ref op;

    self = guest_domid();
    window_init();
    table = page_alloc();
    set_xen_guest_handle(setup.frame_list, &frame);
    CHECK_OK(hypercall_grant_table_op(GNTTABOP_setup_table, &setup, 1));
    if (page_remap((void *)(uintptr_t)table, frame, PTE_RW))
        report_error("the grant table cannot be mapped");
    grant(30, page);
    grant(31, window_l2);
    op = map(30, GNTMAP_host_map);
    CHECK_EQ(op.status, GNTST_okay);
    CHECK_REFUSED(mmuext(MMUEXT_PIN_L1_TABLE, mfn_of(page)));
    unmap(op.handle);
    CHECK_OK(mmuext(MMUEXT_PIN_L1_TABLE, mfn_of(page)));
    op = map(30, GNTMAP_host_map);
    CHECK(op.status < 0, "a page table was mapped writable by grant");
    op = map(30, GNTMAP_host_map | GNTMAP_readonly);
    CHECK_EQ(op.status, GNTST_okay);
    /* A store there is a store to a page table: right ones are done, wrong ones are not. */
    CHECK(!try_write(window_page(0), pte_make(mfn_of(window_l1), PTE_RW)),
          "a wrong entry was written through a grant");
    CHECK_EQ(page[0], 0);
    unmap(op.handle);
    CHECK_OK(mmuext(MMUEXT_UNPIN_TABLE, mfn_of(page)));
    op = map(31, GNTMAP_host_map);
    CHECK(op.status < 0, "a page table in use was mapped writable by grant");
}
