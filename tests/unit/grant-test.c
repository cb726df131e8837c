/* SPDX-License-Identifier: MIT */
/*
 * Grants over the real page tables and frame records: what map, unmap and copy answer, what they leave in the grant
 * entry and in the page tables, and that after all is undone, or a domain has died, each frame has the
 * references it began with.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <public/grant_table.h>

#include "hv/domain.h"
#include "memory/alloc.h"
#include "memory/frame.h"
#include "memory/pagetable.h"
#include "suite.h"

#define ENTRY (PTE_P | PTE_RW | PTE_US | PTE_A)

static struct domain *granter, *mapper;
static struct vcpu *v;
static mfn_t l1; /* the mapper's addresses 0 to 2 MiB */

static mfn_t page_of(struct domain *d)
{
    mfn_t m = frame_alloc(d, 0, 0, 0);

    CU_ASSERT_FATAL(!mfn_eq(m, INVALID_MFN));
    memset(mfn_to_virt(m), 0, PAGE_SIZE);
    return m;
}

static void prepare(void)
{
    mfn_t table[5];

    host_start(1);
    granter = host_full_domain(1, 1);
    mapper = host_full_domain(2, 1);
    v = mapper->vcpu[0];
    host_run_as(v);
    for (u32 level = 1; level <= 4; level++) {
        table[level] = frame_alloc(mapper, 0, 0, 0);
        if (level > 1)
            *(u64 *)mfn_to_virt(table[level]) = mfn_to_maddr(table[level - 1]) | ENTRY;
    }
    l1 = table[1];
    while (pt_set_base(v, table[4]) == -ERESTART)
        ;
}

static struct grant_entry_v1 *entry(struct domain *d, u32 ref)
{
    return (struct grant_entry_v1 *)grant_frame_page(d, 0, false) + ref;
}

static mfn_t grant(u32 ref, u16 flags)
{
    mfn_t m = page_of(granter);

    *entry(granter, ref) = (struct grant_entry_v1){.flags = flags, .domid = mapper->id, .frame = (u32)mfn_x(m)};
    return m;
}

static u64 pte(u32 index)
{
    return ((u64 *)mfn_to_virt(l1))[index];
}

static u32 refs(mfn_t m)
{
    return frame_of(m)->refs & FRAME_REF_COUNT;
}

static u32 writers(mfn_t m)
{
    return frame_of(m)->type >> FRAME_TYPE_SHIFT == FRAME_WRITABLE ? frame_of(m)->type & FRAME_TYPE_COUNT : 0;
}

static struct gnttab_map_grant_ref map_op(u64 address, u32 flags, u32 ref)
{
    return (struct gnttab_map_grant_ref){.host_addr = address, .flags = flags, .ref = ref, .dom = granter->id, .status = 99};
}

static int do_map(struct gnttab_map_grant_ref *op)
{
    CU_ASSERT_FATAL(host_call(do_grant_table_op, GNTTABOP_map_grant_ref, ADDRESS(op), 1) == 0);
    return op->status;
}

static int do_unmap(u64 address, u64 bus, u32 handle)
{
    struct gnttab_unmap_grant_ref op = {.host_addr = address, .dev_bus_addr = bus, .handle = handle, .status = 99};

    CU_ASSERT_FATAL(host_call(do_grant_table_op, GNTTABOP_unmap_grant_ref, ADDRESS(&op), 1) == 0);
    return op.status;
}

static void test_map_write(void)
{
    mfn_t m = grant(3, GTF_permit_access);
    u32 before = refs(m);
    struct gnttab_map_grant_ref op = map_op(5 * PAGE_SIZE, GNTMAP_host_map | 1u << 16, 3), again;

    CU_ASSERT(do_map(&op) == GNTST_okay);
    CU_ASSERT(mfn_eq(pte_mfn(pte(5)), m) && (pte(5) & (PTE_P | PTE_RW | PTE_US)) == (PTE_P | PTE_RW | PTE_US));
    CU_ASSERT((pte(5) >> 9 & 7) == 1);
    CU_ASSERT(op.dev_bus_addr == mfn_to_maddr(m));
    CU_ASSERT(refs(m) == before + 1 && writers(m) == 1);
    CU_ASSERT(entry(granter, 3)->flags == (GTF_permit_access | GTF_reading | GTF_writing));
    /* a second one, read-only, over the first use */
    again = map_op(6 * PAGE_SIZE, GNTMAP_host_map | GNTMAP_readonly, 3);
    CU_ASSERT(do_map(&again) == GNTST_okay && again.handle != op.handle);
    CU_ASSERT((pte(6) & (PTE_P | PTE_RW)) == PTE_P && refs(m) == before + 2);
    CU_ASSERT(do_unmap(5 * PAGE_SIZE, 0, op.handle) == GNTST_okay);
    CU_ASSERT(pte(5) == 0 && writers(m) == 0);
    CU_ASSERT(entry(granter, 3)->flags == (GTF_permit_access | GTF_reading));
    CU_ASSERT(do_unmap(5 * PAGE_SIZE, 0, op.handle) == GNTST_bad_handle);
    CU_ASSERT(do_unmap(6 * PAGE_SIZE, 0, again.handle) == GNTST_okay);
    CU_ASSERT(entry(granter, 3)->flags == GTF_permit_access && refs(m) == before);
}

static void test_map_pte(void)
{
    mfn_t m = grant(4, GTF_permit_access | GTF_readonly);
    u64 slot = mfn_to_maddr(l1) + 7 * 8;
    struct gnttab_map_grant_ref op = map_op(slot, GNTMAP_host_map | GNTMAP_contains_pte, 4);

    CU_ASSERT(do_map(&op) == GNTST_general_error); /* not for writing */
    CU_ASSERT(entry(granter, 4)->flags == (GTF_permit_access | GTF_readonly) && refs(m) == 1 && pte(7) == 0);
    op = map_op(slot, GNTMAP_host_map | GNTMAP_contains_pte | GNTMAP_readonly, 4);
    CU_ASSERT(do_map(&op) == GNTST_okay && mfn_eq(pte_mfn(pte(7)), m));
    /* the wrong place, then the right one */
    CU_ASSERT(do_unmap(slot + 8, 0, op.handle) == GNTST_general_error);
    CU_ASSERT(do_unmap(slot + 1, 0, op.handle) == GNTST_general_error);
    CU_ASSERT(do_unmap(slot, 0, op.handle) == GNTST_okay && pte(7) == 0 && refs(m) == 1);
    /* a place that is no page-table entry of ours */
    op = map_op(mfn_to_maddr(m), GNTMAP_host_map | GNTMAP_contains_pte | GNTMAP_readonly, 4);
    CU_ASSERT(do_map(&op) == GNTST_general_error && refs(m) == 1);
    op = map_op(~7ull, GNTMAP_host_map | GNTMAP_contains_pte | GNTMAP_readonly, 4);
    CU_ASSERT(do_map(&op) == GNTST_general_error && refs(m) == 1);
    CU_ASSERT(entry(granter, 4)->flags == (GTF_permit_access | GTF_readonly));
}

static void test_device_map(void)
{
    mfn_t m = grant(5, GTF_permit_access);
    struct gnttab_map_grant_ref op = map_op(8 * PAGE_SIZE, GNTMAP_host_map | GNTMAP_device_map, 5);

    CU_ASSERT(do_map(&op) == GNTST_okay && refs(m) == 3 && writers(m) == 2);
    CU_ASSERT(do_unmap(0, mfn_to_maddr(m) + PAGE_SIZE, op.handle) == GNTST_general_error);
    CU_ASSERT(do_unmap(8 * PAGE_SIZE, 0, op.handle) == GNTST_okay && refs(m) == 2);
    CU_ASSERT(entry(granter, 5)->flags & GTF_writing);
    CU_ASSERT(do_unmap(0, mfn_to_maddr(m), op.handle) == GNTST_okay && refs(m) == 1 && writers(m) == 0);
    CU_ASSERT(entry(granter, 5)->flags == GTF_permit_access);
    op = map_op(0, GNTMAP_device_map, 5);
    CU_ASSERT(do_map(&op) == GNTST_okay && refs(m) == 2);
    CU_ASSERT(do_unmap(0, mfn_to_maddr(m), op.handle) == GNTST_okay && refs(m) == 1);
}

static void test_map_refusals(void)
{
    mfn_t m = grant(6, GTF_permit_access), table = page_of(granter);
    struct gnttab_map_grant_ref op = map_op(9 * PAGE_SIZE, 0, 6);

    CU_ASSERT(do_map(&op) == GNTST_bad_gntref);
    op = map_op(9 * PAGE_SIZE, GNTMAP_host_map, 512 * 4 + 1);
    CU_ASSERT(do_map(&op) == GNTST_bad_gntref);
    op = map_op(9 * PAGE_SIZE, GNTMAP_host_map, 6);
    op.dom = 77;
    CU_ASSERT(do_map(&op) == GNTST_bad_domain);
    op = map_op(9 * PAGE_SIZE, GNTMAP_host_map, 100); /* not granted */
    CU_ASSERT(do_map(&op) == GNTST_general_error);
    entry(granter, 6)->domid = 0; /* to another */
    op = map_op(9 * PAGE_SIZE, GNTMAP_host_map, 6);
    CU_ASSERT(do_map(&op) == GNTST_general_error);
    entry(granter, 6)->domid = mapper->id;
    entry(granter, 6)->frame = (u32)mfn_x(l1); /* not the granter's */
    CU_ASSERT(do_map(&op) == GNTST_general_error);
    entry(granter, 6)->frame = 0xffffffff; /* nobody's */
    CU_ASSERT(do_map(&op) == GNTST_general_error);
    /* a page table may be shown, never lent for writing */
    while (pt_pin(granter->vcpu[0], granter, table, 1) == -ERESTART)
        ;
    entry(granter, 6)->frame = (u32)mfn_x(table);
    CU_ASSERT(do_map(&op) == GNTST_general_error);
    CU_ASSERT(entry(granter, 6)->flags == GTF_permit_access);
    op = map_op(9 * PAGE_SIZE, GNTMAP_host_map | GNTMAP_readonly, 6);
    CU_ASSERT(do_map(&op) == GNTST_okay);
    CU_ASSERT(do_unmap(9 * PAGE_SIZE, 0, op.handle) == GNTST_okay);
    op = map_op(1ull << 40, GNTMAP_host_map, 6); /* no page table there */
    entry(granter, 6)->frame = (u32)mfn_x(m);
    CU_ASSERT(do_map(&op) == GNTST_general_error && refs(m) == 1);
    CU_ASSERT(entry(granter, 6)->flags == GTF_permit_access);
    for (u32 handle = 0; handle < 400; handle += 100)
        CU_ASSERT(do_unmap(9 * PAGE_SIZE, 0, handle) == GNTST_bad_handle);
    CU_ASSERT(do_unmap(9 * PAGE_SIZE, 0, ~0u) == GNTST_bad_handle);
    CU_ASSERT(host_call(do_grant_table_op, GNTTABOP_map_grant_ref, BAD_ADDRESS, 1) == -EFAULT);
    CU_ASSERT(host_call(do_grant_table_op, GNTTABOP_unmap_grant_ref, BAD_ADDRESS, 1) == -EFAULT);
    CU_ASSERT(host_call(do_grant_table_op, GNTTABOP_map_grant_ref, ADDRESS(&op), 0x80000000u) == -EINVAL);
}

/* More mappings than there are handles; then all are undone in batches that stop at each question. */
static void test_handles(void)
{
    static struct gnttab_map_grant_ref ops[2 * MAPTRACK_ENTRIES + 1];
    static struct gnttab_unmap_grant_ref undo[2 * MAPTRACK_ENTRIES];
    mfn_t m = grant(7, GTF_permit_access);
    u32 n = ARRAY_SIZE(undo), bad = 0;

    for (u32 i = 0; i <= n; i++)
        ops[i] = map_op((20 + i) * PAGE_SIZE, GNTMAP_host_map | (i & 1 ? GNTMAP_readonly : 0), 7);
    host_preempt_every = 1;
    CU_ASSERT(host_call(do_grant_table_op, GNTTABOP_map_grant_ref, ADDRESS(ops), n + 1) == 0);
    for (u32 i = 0; i < n; i++) {
        bad += ops[i].status != GNTST_okay;
        undo[i] = (struct gnttab_unmap_grant_ref){.host_addr = (20 + i) * PAGE_SIZE, .handle = ops[i].handle};
    }
    CU_ASSERT(bad == 0 && ops[n].status == GNTST_no_device_space && refs(m) == 1 + n);
    CU_ASSERT(host_call(do_grant_table_op, GNTTABOP_unmap_grant_ref, ADDRESS(undo), n) == 0);
    for (u32 i = 0; i < n; i++)
        bad += undo[i].status != GNTST_okay || pte(20 + i);
    CU_ASSERT(bad == 0 && refs(m) == 1 && writers(m) == 0);
    CU_ASSERT(entry(granter, 7)->flags == GTF_permit_access);
    host_preempt_every = 0;
}

static int do_copy(struct gnttab_copy op)
{
    op.status = 99;
    CU_ASSERT_FATAL(host_call(do_grant_table_op, GNTTABOP_copy, ADDRESS(&op), 1) == 0);
    return op.status;
}

static void test_copy(void)
{
    mfn_t m = grant(10, GTF_permit_access), ro = grant(11, GTF_permit_access | GTF_readonly), own = page_of(mapper);
    char *there = mfn_to_virt(m), *here = mfn_to_virt(own);
    struct gnttab_copy in = {.source = {.u.ref = 10, .domid = 1, .offset = 5},
                             .dest = {.u.gmfn = mfn_x(own), .domid = DOMID_SELF, .offset = 4000},
                             .len = 19,
                             .flags = GNTCOPY_source_gref};
    struct gnttab_copy out = {.source = {.u.gmfn = mfn_x(own), .domid = DOMID_SELF},
                              .dest = {.u.ref = 10, .domid = 1},
                              .len = PAGE_SIZE,
                              .flags = GNTCOPY_dest_gref},
                       c;

    strcpy(there + 5, "eighteen and a zero");
    here[4019] = 'x';
    CU_ASSERT(do_copy(in) == GNTST_okay);
    CU_ASSERT(!memcmp(here + 4000, "eighteen and a zero", 19) && here[4019] == 'x' && here[3999] == 0);
    CU_ASSERT(do_copy(out) == GNTST_okay && !memcmp(there, here, PAGE_SIZE));
    c = out;
    c.dest.u.ref = 11;
    CU_ASSERT(do_copy(c) == GNTST_general_error);
    c = in;
    c.source.u.ref = 11;
    CU_ASSERT(do_copy(c) == GNTST_okay);
    c.len = 97; /* beyond the page */
    CU_ASSERT(do_copy(c) == GNTST_bad_copy_arg);
    c.len = 1;
    c.dest.offset = 0xffff;
    CU_ASSERT(do_copy(c) == GNTST_bad_copy_arg);
    c.dest.offset = 0;
    c.dest.u.gmfn = mfn_x(m); /* not ours */
    CU_ASSERT(do_copy(c) == GNTST_bad_page);
    c.dest.u.gmfn = mfn_x(l1); /* ours, but a page table */
    CU_ASSERT(do_copy(c) == GNTST_general_error);
    c.dest.u.gmfn = ~0ul;
    CU_ASSERT(do_copy(c) == GNTST_bad_page);
    c.dest.domid = 1;
    CU_ASSERT(do_copy(c) == GNTST_permission_denied);
    c = in;
    c.source.domid = 77;
    CU_ASSERT(do_copy(c) == GNTST_bad_domain);
    c.source.domid = 1;
    c.source.u.ref = 1u << 30;
    CU_ASSERT(do_copy(c) == GNTST_bad_gntref);
    CU_ASSERT(refs(m) == 1 && refs(ro) == 1 && refs(own) == 1 && writers(m) == 0 && writers(own) == 0);
    CU_ASSERT(entry(granter, 10)->flags == GTF_permit_access);
    CU_ASSERT(entry(granter, 11)->flags == (GTF_permit_access | GTF_readonly));
}

static void test_tables(void)
{
    xen_pfn_t frames[4] = {0};
    struct gnttab_setup_table s = {.dom = DOMID_SELF, .nr_frames = 3, .frame_list = {frames}};
    struct gnttab_query_size q = {.dom = DOMID_SELF};
    struct gnttab_set_version set = {.version = 2};
    struct gnttab_transfer transfers[2] = {{.domid = 1}, {.domid = 77}};

    CU_ASSERT(host_call(do_grant_table_op, GNTTABOP_setup_table, ADDRESS(&s), 1) == 0 && s.status == GNTST_okay);
    CU_ASSERT(frames[0] && frames[2] && frame_of(mfn(frames[2]))->owner == mapper->id && !frames[3]);
    s.nr_frames = 5;
    CU_ASSERT(host_call(do_grant_table_op, GNTTABOP_setup_table, ADDRESS(&s), 1) == 0);
    CU_ASSERT(s.status == GNTST_general_error);
    s.dom = 1;
    CU_ASSERT(host_call(do_grant_table_op, GNTTABOP_setup_table, ADDRESS(&s), 1) == 0);
    CU_ASSERT(s.status == GNTST_permission_denied);
    s.dom = 77;
    CU_ASSERT(host_call(do_grant_table_op, GNTTABOP_setup_table, ADDRESS(&s), 1) == 0 && s.status == GNTST_bad_domain);
    CU_ASSERT(host_call(do_grant_table_op, GNTTABOP_query_size, ADDRESS(&q), 1) == 0);
    CU_ASSERT(q.nr_frames == 3 && q.max_nr_frames == 4 && q.status == GNTST_okay);
    CU_ASSERT(host_call(do_grant_table_op, GNTTABOP_query_size, ADDRESS(&q), 2) == -EINVAL);
    mapper->grants.max_version = 1;
    CU_ASSERT(host_call(do_grant_table_op, GNTTABOP_set_version, ADDRESS(&set), 1) == -ENOSYS && set.version == 1);
    mapper->grants.max_version = 2;
    CU_ASSERT(host_call(do_grant_table_op, GNTTABOP_set_version, ADDRESS(&set), 1) == 0 && set.version == 1);
    set.version = 3;
    CU_ASSERT(host_call(do_grant_table_op, GNTTABOP_set_version, ADDRESS(&set), 1) == -EINVAL);
    for (u32 command = 0; command < 20; command++)
        if (command == GNTTABOP_dump_table || command > GNTTABOP_cache_flush)
            CU_ASSERT(host_call(do_grant_table_op, command, ADDRESS(&set), 1) == -ENOSYS);
    CU_ASSERT(host_call(do_grant_table_op, GNTTABOP_transfer, ADDRESS(transfers), 2) == 0);
    CU_ASSERT(transfers[0].status == GNTST_bad_page && transfers[1].status == GNTST_bad_page);
}

/* The guest changes its entry while it is in use: what was mapped stays what it was. */
static void test_hostile_entry(void)
{
    mfn_t m = grant(12, GTF_permit_access), evil = page_of(granter);
    struct gnttab_map_grant_ref op = map_op(310 * PAGE_SIZE, GNTMAP_host_map, 12),
                                two = map_op(311 * PAGE_SIZE, GNTMAP_host_map, 12);

    CU_ASSERT(do_map(&op) == GNTST_okay);
    *entry(granter, 12) = (struct grant_entry_v1){.frame = (u32)mfn_x(evil)};
    CU_ASSERT(do_map(&two) == GNTST_okay && mfn_eq(pte_mfn(pte(311)), m));
    CU_ASSERT(do_unmap(310 * PAGE_SIZE, 0, op.handle) == GNTST_okay);
    CU_ASSERT(do_unmap(311 * PAGE_SIZE, 0, two.handle) == GNTST_okay);
    CU_ASSERT(refs(m) == 1 && refs(evil) == 1 && entry(granter, 12)->flags == 0);
}

static int set_version(struct domain *d, u32 version)
{
    struct gnttab_set_version set = {.version = version};
    long error;

    host_run_as(d->vcpu[0]);
    error = host_call(do_grant_table_op, GNTTABOP_set_version, ADDRESS(&set), 1);
    host_run_as(v);
    CU_ASSERT(set.version == d->grants.version);
    return (int)error;
}

static union grant_entry_v2 *entry2(struct domain *d, u32 ref)
{
    return (union grant_entry_v2 *)grant_frame_page(d, ref / GRANT_V2_ENTRIES, false) + ref % GRANT_V2_ENTRIES;
}

static u16 mark(struct domain *d, u32 ref)
{
    return ((u16 *)grant_frame_page(d, ref / GRANT_STATUSES, true))[ref % GRANT_STATUSES];
}

static mfn_t grant2(struct domain *d, u32 ref, u16 flags, u16 to)
{
    mfn_t m = page_of(d);

    *entry2(d, ref) = (union grant_entry_v2){.full_page = {{flags, to}, 0, mfn_x(m)}};
    return m;
}

/* A grant of the third's to the granter, which passes it on to the mapper: for copies, once, by the rights of both. */
static void test_transitive(void)
{
    struct domain *third = host_full_domain(9, 1);
    mfn_t there = page_of(third), own = page_of(mapper), whole;
    char *bytes = mfn_to_virt(there);
    struct gnttab_copy in = {.source = {.u.ref = 50, .domid = 1, .offset = 100},
                             .dest = {.u.gmfn = mfn_x(own), .domid = DOMID_SELF},
                             .len = 20,
                             .flags = GNTCOPY_source_gref},
                       out = {.source = {.u.gmfn = mfn_x(own), .domid = DOMID_SELF},
                              .dest = {.u.ref = 50, .domid = 1, .offset = 8},
                              .len = 4,
                              .flags = GNTCOPY_dest_gref},
                       c;
    struct gnttab_map_grant_ref op = map_op(330 * PAGE_SIZE, GNTMAP_host_map | GNTMAP_readonly, 50);
    u32 third_refs = third->refs;

    CU_ASSERT(set_version(granter, 2) == 0);
    *entry(third, 3) = (struct grant_entry_v1){GTF_permit_access | GTF_readonly, granter->id, (u32)mfn_x(there)};
    *entry2(granter, 50) = (union grant_entry_v2){.transitive = {{GTF_transitive, 2}, 9, 0, 3}};
    strcpy(bytes + 100, "it came a long way!");
    CU_ASSERT(do_copy(in) == GNTST_okay && !strcmp(mfn_to_virt(own), "it came a long way!"));
    CU_ASSERT(do_copy(out) == GNTST_general_error); /* the third gave it for reading */
    entry(third, 3)->flags = GTF_permit_access;
    CU_ASSERT(do_copy(out) == GNTST_okay && !memcmp(bytes + 8, "it c", 4));
    entry2(granter, 50)->hdr.flags = GTF_transitive | GTF_readonly;
    CU_ASSERT(do_copy(out) == GNTST_general_error);
    CU_ASSERT(do_map(&op) == GNTST_general_error);
    /* part of the third's frame: its bounds hold, also behind another */
    CU_ASSERT(set_version(third, 2) == 0);
    *entry2(third, 30) = (union grant_entry_v2){
        .sub_page = {{GTF_permit_access | GTF_sub_page, granter->id}, 100, 20, mfn_x(there)}};
    entry2(granter, 50)->transitive.gref = 30;
    CU_ASSERT(do_copy(in) == GNTST_okay);
    c = in;
    c.len = 21;
    CU_ASSERT(do_copy(c) == GNTST_general_error);
    /* not passed on twice, not to oneself, not from nobody, not what does not exist, not what is for others */
    *entry2(third, 31) = (union grant_entry_v2){.transitive = {{GTF_transitive, granter->id}, 2, 0, 1}};
    entry2(granter, 50)->transitive.gref = 31;
    CU_ASSERT(do_copy(in) == GNTST_general_error);
    entry2(granter, 50)->transitive.gref = 1u << 20;
    CU_ASSERT(do_copy(in) == GNTST_general_error);
    whole = grant2(third, 32, GTF_permit_access, mapper->id);
    entry2(granter, 50)->transitive.gref = 32;
    CU_ASSERT(do_copy(in) == GNTST_general_error);
    entry2(granter, 50)->transitive.trans_domid = granter->id;
    CU_ASSERT(do_copy(in) == GNTST_general_error);
    entry2(granter, 50)->transitive.trans_domid = 77;
    CU_ASSERT(do_copy(in) == GNTST_general_error);
    entry2(granter, 50)->transitive.trans_domid = DOMID_SELF;
    CU_ASSERT(do_copy(in) == GNTST_general_error);
    CU_ASSERT(refs(there) == 1 && refs(whole) == 1 && refs(own) == 1 && third->refs == third_refs);
    for (u32 ref = 30; ref < 33; ref++)
        CU_ASSERT(mark(third, ref) == 0);
    CU_ASSERT(mark(granter, 50) == 0);
    CU_ASSERT(set_version(granter, 1) == 0);
}

static volatile u32 scribbling; /* no bool: the sanitizer loads one of those but once */
static volatile u32 *words, *marks;
static u32 good_frame;

static void *scribble(void *arg)
{
    u32 random = 77;

    while (scribbling) {
        random = random * 1664525 + 1013904223;
        /* of each entry: flags and domain, part, frame */
        switch (random >> 8 & 3) {
        case 0: words[(random >> 16 & 15) * 4] = (random >> 20 & 0x107) | 2u << 16; break;
        case 1: words[(random >> 16 & 15) * 4 + 1] = random * 2654435761u; break;
        case 2: words[(random >> 16 & 15) * 4 + 2] = random & 1u << 20 ? good_frame : random; break;
        default: marks[random >> 16 & 31] = random; break;
        }
    }
    return arg;
}

/* A granter that writes to its entries and marks while they are used: each use is whole or refused, and all end. */
static void test_hostile_v2(void)
{
    pthread_t thread;
    mfn_t m, own = page_of(mapper);
    u32 used = 0;

    CU_ASSERT(set_version(granter, 2) == 0);
    m = page_of(granter);
    good_frame = (u32)mfn_x(m);
    words = (volatile u32 *)(void *)entry2(granter, 16);
    marks = grant_frame_page(granter, 0, true);
    scribbling = true;
    CU_ASSERT_FATAL(pthread_create(&thread, NULL, scribble, NULL) == 0);
    srand(3);
    for (u32 round = 0; round < 60000; round++) {
        u32 ref = 16 + (u32)rand() % 16;
        struct gnttab_map_grant_ref op = map_op(340 * PAGE_SIZE, GNTMAP_host_map | (round & 1 ? GNTMAP_readonly : 0), ref);
        struct gnttab_copy c = {.source = {.u.ref = ref, .domid = 1, .offset = (u16)(rand() % 4000)},
                                .dest = {.u.gmfn = mfn_x(own), .domid = DOMID_SELF},
                                .len = (u16)(rand() % 90),
                                .flags = GNTCOPY_source_gref};

        used += do_copy(c) == GNTST_okay;
        if (do_map(&op) == GNTST_okay) {
            CU_ASSERT(mfn_eq(pte_mfn(pte(340)), m));
            CU_ASSERT(do_copy(c) <= GNTST_okay);
            CU_ASSERT(do_unmap(340 * PAGE_SIZE, 0, op.handle) == GNTST_okay);
            used++;
        }
    }
    scribbling = false;
    pthread_join(thread, NULL);
    CU_ASSERT(used > 100);
    CU_ASSERT(refs(m) == 1 && writers(m) == 0 && refs(own) == 1);
    for (u32 ref = 0; ref < granter->grants.refs; ref++)
        CU_ASSERT(!grant_active_of(&granter->grants, ref)->readers && !grant_active_of(&granter->grants, ref)->writers);
    CU_ASSERT(set_version(granter, 1) == 0);
}

/* Marks' pages come and go with the version; a table of version 2 dies as one of version 1. */
static void test_status_frames(void)
{
    struct domain *d = host_full_domain(10, 1);
    u64 pages = d->shared_pages;

    CU_ASSERT(grant_grow(d, 4) == 0 && d->shared_pages == pages + 3);
    CU_ASSERT(set_version(d, 2) == 0 && d->shared_pages == pages + 4 && d->grants.refs == 4 * GRANT_V2_ENTRIES);
    CU_ASSERT(grant_frame_page(d, 1, true) == NULL && grant_frame_page(d, 4, false) == NULL);
    CU_ASSERT(set_version(d, 1) == 0 && d->shared_pages == pages + 3);
    CU_ASSERT(set_version(d, 2) == 0);
    grant_domain_destroy(d);
    CU_ASSERT(d->shared_pages == pages - 1 && set_version(d, 1) == -EINVAL);
    CU_ASSERT(grant_frame_page(d, 0, true) == NULL);
}

/* A mapper dies with mappings; a granter dies under one. References balance, frames and domains do not leak. */
static void test_death(void)
{
    struct domain *dying = host_full_domain(8, 1);
    u32 mapper_refs = granter->refs;
    mfn_t m = grant(13, GTF_permit_access), lent;
    struct gnttab_map_grant_ref op = map_op(0, GNTMAP_device_map, 13), keep;

    entry(granter, 13)->domid = 8;
    host_run_as(dying->vcpu[0]);
    CU_ASSERT(do_map(&op) == GNTST_okay && refs(m) == 2 && granter->refs == mapper_refs + 1);
    lent = page_of(dying);
    *entry(dying, 1) = (struct grant_entry_v1){GTF_permit_access, 2, (u32)mfn_x(lent)};
    host_run_as(v);
    keep = map_op(320 * PAGE_SIZE, GNTMAP_host_map, 1);
    keep.dom = 8;
    CU_ASSERT(do_map(&keep) == GNTST_okay);
    dying->death = DOMAIN_DYING;
    host_preempt_every = 1;
    while (grant_relinquish(dying))
        ;
    host_preempt_every = 0;
    CU_ASSERT(refs(m) == 1 && granter->refs == mapper_refs && entry(granter, 13)->flags == GTF_permit_access);
    grant_domain_destroy(dying);
    op = map_op(321 * PAGE_SIZE, GNTMAP_host_map, 1);
    op.dom = 8;
    CU_ASSERT(do_map(&op) == GNTST_general_error);
    CU_ASSERT(refs(lent) == 2);
    CU_ASSERT(do_unmap(320 * PAGE_SIZE, 0, keep.handle) == GNTST_okay && refs(lent) == 1);
}

static CU_TestInfo tests[] = {{"map for writing", test_map_write},
                              {"map by entry", test_map_pte},
                              {"device map", test_device_map},
                              {"map refused", test_map_refusals},
                              {"handles, batches", test_handles},
                              {"copy", test_copy},
                              {"tables and versions", test_tables},
                              {"hostile entry", test_hostile_entry},
                              {"transitive", test_transitive},
                              {"hostile entries of version 2", test_hostile_v2},
                              {"pages of marks", test_status_frames},
                              {"death", test_death},
                              CU_TEST_INFO_NULL};

int main(void)
{
    prepare();
    return suite_run("grant", tests);
}
