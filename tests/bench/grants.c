/* SPDX-License-Identifier: MIT */
/* Rows of grants: the guest grants a frame to itself and maps it, and copies between frames. */
#include <public/grant_table.h>

#include "bench.h"

#define REF_MAP 100

static volatile struct grant_entry_v1 *table;
static struct gnttab_map_grant_ref map;
static struct gnttab_unmap_grant_ref unmap;
static struct gnttab_copy copy;
static void *map_at;

static void grant_map(void)
{
    hypercall_grant_table_op(GNTTABOP_map_grant_ref, &map, 1);
}

static void grant_unmap(void)
{
    unmap.host_addr = map.host_addr;
    unmap.handle = map.handle;
    hypercall_grant_table_op(GNTTABOP_unmap_grant_ref, &unmap, 1);
}

static void grant_copy(void)
{
    hypercall_grant_table_op(GNTTABOP_copy, &copy, 1);
}
static void prepare_copy_page(void)
{
    copy.len = 4096;
}
static void prepare_copy_little(void)
{
    copy.len = 64;
}

static const struct bench_row rows[] = {
    {.name = "grant_map", .operation = grant_map, .after = grant_unmap},
    {.name = "grant_unmap", .before = grant_map, .operation = grant_unmap},
    {.name = "grant_copy_4096", .before = prepare_copy_page, .operation = grant_copy},
    {.name = "grant_copy_64", .before = prepare_copy_little, .operation = grant_copy},
    {.name = NULL},
};

static void grant(unsigned int ref, domid_t to)
{
    table[ref].domid = to;
    table[ref].frame = (uint32_t)mfn_of(page_alloc());
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    table[ref].flags = GTF_permit_access;
}

void bench_grants(void)
{
    xen_pfn_t frame = 0;
    domid_t self = guest_domid();
    struct gnttab_setup_table setup = {.dom = DOMID_SELF, .nr_frames = 1};

    table = page_alloc();
    map_at = page_alloc();
    set_xen_guest_handle(setup.frame_list, &frame);
    NEED(hypercall_grant_table_op(GNTTABOP_setup_table, &setup, 1));
    NEED(setup.status);
    NEED(page_remap((void *)(uintptr_t)table, frame, PTE_RW));
    NEED(hypercall_update_va_mapping(map_at, 0, UVMF_INVLPG | UVMF_ALL));
    grant(REF_MAP, self);
    map.host_addr = (uintptr_t)map_at;
    map.flags = GNTMAP_host_map;
    map.ref = REF_MAP;
    map.dom = self;
    copy.source.u.gmfn = mfn_of(page_alloc());
    copy.source.domid = DOMID_SELF;
    copy.dest.u.gmfn = mfn_of(page_alloc());
    copy.dest.domid = DOMID_SELF;
    grant_map();
    NEED(map.status);
    grant_unmap();
    NEED(unmap.status);
    prepare_copy_page();
    grant_copy();
    NEED(copy.status);
    bench_run(rows);
}
