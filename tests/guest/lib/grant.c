/* SPDX-License-Identifier: MIT */
/*
 * Grants (grant.h). Judges nothing but that the calls are there: what they answer is the test's matter.
 */
#include "grant.h"

volatile struct grant_entry_v1 *own_grants;

void grant_table_map(void)
{
    xen_pfn_t frame = 0;
    struct gnttab_setup_table op = {.dom = DOMID_SELF, .nr_frames = 1};

    own_grants = page_alloc();
    set_xen_guest_handle(op.frame_list, &frame);
    CHECK_OK(hypercall_grant_table_op(GNTTABOP_setup_table, &op, 1));
    CHECK_EQ(op.status, GNTST_okay);
    if (page_remap((void *)(uintptr_t)own_grants, frame, PTE_RW))
        report_error("the grant table cannot be mapped");
}

void grant_give(unsigned int ref, uint16_t flags, domid_t to, const void *page)
{
    own_grants[ref].domid = to;
    own_grants[ref].frame = (uint32_t)mfn_of(page);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    own_grants[ref].flags = flags;
}

struct gnttab_map_grant_ref grant_map(unsigned int ref, uint32_t flags, uint64_t at, domid_t dom)
{
    struct gnttab_map_grant_ref op = {.host_addr = at, .flags = flags, .ref = ref, .dom = dom};

    CHECK_OK(hypercall_grant_table_op(GNTTABOP_map_grant_ref, &op, 1));
    return op;
}

int grant_unmap(uint64_t at, grant_handle_t handle)
{
    struct gnttab_unmap_grant_ref op = {.host_addr = at, .handle = handle};

    CHECK_OK(hypercall_grant_table_op(GNTTABOP_unmap_grant_ref, &op, 1));
    return op.status;
}
