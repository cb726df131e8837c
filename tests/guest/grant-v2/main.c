/* SPDX-License-Identifier: MIT */
/*
 * Theory: set_version changes the table's kind while nobody uses it; the toolstack's entries survive, all others go.
 * A version 2 table grows with its frames of marks, which say who uses what; what the guest writes there means nothing. A part
 * of a frame can be copied and not mapped; the copy stays within the part. A grant cannot pass on another of the same domain's.
 * Entries that nobody uses can be swapped. unmap_and_replace puts another entry of the page tables in the grant's
 * place. cache_flush takes the guest's own memory. (Grants that pass on a third domain's: tests/unit/grant-test.c.)
 */
#include <public/grant_table.h>

#include "guest.h"

const char test_title[] = "grant-v2: tables of version 2";

#define ENTRIES (PAGE_SIZE / sizeof(union grant_entry_v2))
#define FREE    40 /* an entry that grants nothing */

static volatile union grant_entry_v2 *table;
static volatile struct grant_entry_v1 *v1;
static volatile grant_status_t *status;
static domid_t self;
static uint8_t *from, *to;
static xen_pfn_t frames[64];
static uint64_t status_frames[64], at;

static long op(unsigned int command, void *arg)
{
    return hypercall_grant_table_op(command, arg, 1);
}

/* The version that is in effect afterwards is told in any case. */
static long set_version(uint32_t version, uint32_t now)
{
    struct gnttab_set_version o = {.version = version};
    long rc = op(GNTTABOP_set_version, &o);

    CHECK_EQ(o.version, now);
    return rc;
}

static long get_version(domid_t dom)
{
    struct gnttab_get_version o = {.dom = dom};
    long rc = op(GNTTABOP_get_version, &o);

    return rc ? rc : (long)o.version;
}

static int setup(uint32_t n)
{
    struct gnttab_setup_table o = {.dom = DOMID_SELF, .nr_frames = n};

    set_xen_guest_handle(o.frame_list, frames);
    CHECK_OK(op(GNTTABOP_setup_table, &o));
    return o.status;
}

static int get_status(uint32_t n, domid_t dom)
{
    struct gnttab_get_status_frames o = {.dom = dom, .nr_frames = n};

    set_xen_guest_handle(o.frame_list, status_frames);
    CHECK_OK(op(GNTTABOP_get_status_frames, &o));
    return o.status;
}

static int swap(uint32_t a, uint32_t b)
{
    struct gnttab_swap_grant_ref o = {.ref_a = a, .ref_b = b};

    CHECK_OK(op(GNTTABOP_swap_grant_ref, &o));
    return o.status;
}

static struct gnttab_map_grant_ref map(unsigned int ref, uint32_t flags, uint64_t where)
{
    struct gnttab_map_grant_ref o = {.host_addr = where, .flags = flags, .ref = ref, .dom = self};

    CHECK_OK(op(GNTTABOP_map_grant_ref, &o));
    return o;
}

static int unmap(uint64_t where, grant_handle_t handle)
{
    struct gnttab_unmap_grant_ref o = {.host_addr = where, .handle = handle};

    CHECK_OK(op(GNTTABOP_unmap_grant_ref, &o));
    return o.status;
}

static int replace(uint64_t where, volatile void *by, grant_handle_t handle)
{
    struct gnttab_unmap_and_replace o = {.host_addr = where, .new_addr = (uintptr_t)by, .handle = handle};

    CHECK_OK(op(GNTTABOP_unmap_and_replace, &o));
    return o.status;
}

static int copy(unsigned int source, unsigned int source_offset, unsigned int dest, unsigned int offset,
                unsigned int length)
{
    struct gnttab_copy o = {.len = (uint16_t)length, .flags = GNTCOPY_source_gref | GNTCOPY_dest_gref};

    o.source.u.ref = source;
    o.source.domid = o.dest.domid = self;
    o.source.offset = (uint16_t)source_offset;
    o.dest.u.ref = dest;
    o.dest.offset = (uint16_t)offset;
    CHECK_OK(op(GNTTABOP_copy, &o));
    return o.status;
}

static void grant(unsigned int ref, unsigned int flags, uint64_t frame)
{
    table[ref].full_page.frame = frame;
    table[ref].hdr.domid = self;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    table[ref].hdr.flags = (uint16_t)flags;
}

static void grant_part(unsigned int ref, unsigned int flags, unsigned int offset, unsigned int length)
{
    table[ref].sub_page.page_off = (uint16_t)offset;
    table[ref].sub_page.length = (uint16_t)length;
    grant(ref, flags | GTF_permit_access | GTF_sub_page, mfn_of(from));
}

static void grant_on(unsigned int ref, unsigned int flags, domid_t dom, uint32_t of)
{
    table[ref].transitive.trans_domid = dom;
    table[ref].transitive.gref = of;
    table[ref].hdr.domid = self;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    table[ref].hdr.flags = (uint16_t)(flags | GTF_transitive);
}

static void map_status(void)
{
    CHECK_EQ(get_status(1, DOMID_SELF), GNTST_okay);
    CHECK_OK(page_remap((void *)(uintptr_t)status, status_frames[0], PTE_RW));
}

static void unmap_status(void)
{
    CHECK_OK(pt_write(pt_entry((void *)(uintptr_t)status, 1), 0));
    CHECK_OK(mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0));
}

static void check_v1(void)
{
    struct gnttab_map_grant_ref m;

    CHECK_EQ(get_version(DOMID_SELF), 1);
    CHECK_ERROR(get_version(77), XEN_ESRCH);
    CHECK_EQ(get_status(1, DOMID_SELF), GNTST_general_error);
    CHECK_ERROR(set_version(0, 1), XEN_EINVAL);
    CHECK_ERROR(set_version(3, 1), XEN_EINVAL);
    CHECK_OK(set_version(1, 1));
    v1[20].frame = (uint32_t)mfn_of(from);
    v1[20].domid = self;
    v1[20].flags = GTF_permit_access;
    m = map(20, GNTMAP_host_map, at);
    CHECK_EQ(m.status, GNTST_okay);
    CHECK_ERROR(set_version(2, 1), XEN_EBUSY);
    CHECK_EQ(swap(20, 21), GNTST_eagain);
    CHECK_EQ(swap(20, 20), GNTST_okay);
    CHECK_EQ(swap(21, 22), GNTST_okay);
    CHECK_EQ(swap(512, 3), GNTST_bad_gntref);
    CHECK_EQ(swap(3, 0xffffffff), GNTST_bad_gntref);
    CHECK_EQ(unmap(at, m.handle), GNTST_okay);
    CHECK_EQ(swap(20, 21), GNTST_okay);
    CHECK_EQ(v1[20].flags, 0);
    CHECK_EQ(v1[21].flags, GTF_permit_access);
    CHECK_EQ(v1[21].frame, mfn_of(from));
}

/* The first eight survive, one of them in use. */
static void check_change(void)
{
    struct gnttab_map_grant_ref m;

    v1[1].frame = 0x1234;
    v1[1].flags = GTF_permit_access;
    v1[2].frame = 0x77;
    v1[2].domid = 5;
    v1[2].flags = GTF_permit_access | GTF_readonly;
    v1[6].frame = (uint32_t)mfn_of(from);
    v1[6].domid = self;
    v1[6].flags = GTF_permit_access;
    m = map(6, GNTMAP_host_map, at);
    CHECK_EQ(m.status, GNTST_okay);
    CHECK_OK(set_version(2, 2));
    CHECK_OK(set_version(2, 2));
    CHECK_EQ(get_version(self), 2);
    CHECK_EQ(table[1].hdr.flags, GTF_permit_access);
    CHECK_EQ(table[1].full_page.frame, 0x1234);
    CHECK_EQ(table[2].hdr.flags, GTF_permit_access | GTF_readonly);
    CHECK_EQ(table[2].hdr.domid, 5);
    CHECK_EQ(table[2].full_page.frame, 0x77);
    CHECK_EQ(table[6].hdr.flags, GTF_permit_access);
    for (unsigned int ref = 8; ref < ENTRIES; ref++)
        CHECK(!table[ref].hdr.flags && !table[ref].full_page.frame, "entry %u has outlived the change", ref);
    CHECK_EQ(get_status(2, DOMID_SELF), GNTST_general_error);
    CHECK_EQ(get_status(0, DOMID_SELF), GNTST_okay);
    CHECK_EQ(get_status(1, 77), GNTST_bad_domain);
    map_status();
    CHECK_EQ(status[2], 0);
    CHECK_EQ(status[6], GTF_reading | GTF_writing);
    CHECK_EQ(unmap(at, m.handle), GNTST_okay);
    CHECK_EQ(status[6], 0);
    CHECK_EQ(table[6].hdr.flags, GTF_permit_access);
    CHECK_EQ(setup(9), GNTST_okay);
    CHECK_EQ(get_status(2, DOMID_SELF), GNTST_okay);
    CHECK_EQ(get_status(3, DOMID_SELF), GNTST_general_error);
    CHECK_EQ(setup(65), GNTST_general_error);
}

static void check_map(void)
{
    struct gnttab_map_grant_ref m;

    grant(30, GTF_permit_access, mfn_of(from));
    m = map(30, GNTMAP_host_map, at);
    CHECK_EQ(m.status, GNTST_okay);
    *window_page(0) = 0x5a;
    CHECK_EQ(*(volatile uint64_t *)from, 0x5a);
    CHECK_EQ(status[30], GTF_reading | GTF_writing);
    CHECK_EQ(table[30].hdr.flags, GTF_permit_access);
    status[30] = 0; /* scribbled: the hypervisor knows better */
    CHECK_ERROR(set_version(1, 2), XEN_EBUSY);
    CHECK_EQ(swap(30, FREE), GNTST_eagain);
    CHECK_EQ(unmap(at, m.handle), GNTST_okay);
    CHECK_EQ(status[30], 0);
    m = map(30, GNTMAP_host_map | GNTMAP_readonly, at);
    CHECK_EQ(status[30], GTF_reading);
    CHECK_EQ(unmap(at, m.handle), GNTST_okay);
    CHECK_EQ(status[30], 0);

    grant(31, GTF_permit_access | GTF_readonly, mfn_of(to));
    CHECK_EQ(map(31, GNTMAP_host_map, at).status, GNTST_general_error);
    grant(32, GTF_permit_access, mfn_of(from));
    table[32].hdr.domid = 99;
    CHECK_EQ(map(32, GNTMAP_host_map, at).status, GNTST_general_error);
    CHECK_EQ(map(FREE, GNTMAP_host_map, at).status, GNTST_general_error);
    grant(33, GTF_accept_transfer, mfn_of(from));
    CHECK_EQ(map(33, GNTMAP_host_map, at).status, GNTST_general_error);
    grant(34, GTF_permit_access, 1UL << 40);
    CHECK_EQ(map(34, GNTMAP_host_map, at).status, GNTST_bad_page);
    grant(34, GTF_permit_access, ~0UL);
    CHECK_EQ(map(34, GNTMAP_host_map, at).status, GNTST_bad_page);
    grant(34, GTF_permit_access, mfn_of(from) | 1UL << 32);
    CHECK_EQ(map(34, GNTMAP_host_map, at).status, GNTST_bad_page);
    grant(34, GTF_permit_access, mfn_of(pt_entry(from, 1)));
    CHECK(map(34, GNTMAP_host_map, at).status < 0, "a page table was mapped writable");
    for (unsigned int ref = 31; ref <= 34; ref++)
        CHECK_EQ(status[ref], 0);
    CHECK_EQ(map(9 * ENTRIES, GNTMAP_host_map, at).status, GNTST_bad_gntref);
    CHECK_EQ(map(9 * ENTRIES - 1, GNTMAP_host_map, at).status, GNTST_general_error);
    CHECK_EQ(swap(9 * ENTRIES, 0), GNTST_bad_gntref);
    CHECK_EQ(swap(9 * ENTRIES - 1, 30), GNTST_okay);
    CHECK_EQ(table[30].hdr.flags, 0);
    CHECK_EQ(swap(9 * ENTRIES - 1, 30), GNTST_okay);
    CHECK_EQ(table[30].full_page.frame, mfn_of(from));
}

static void check_parts(void)
{
    grant(36, GTF_permit_access, mfn_of(to));
    grant_part(35, 0, 100, 50);
    CHECK_EQ(map(35, GNTMAP_host_map | GNTMAP_readonly, at).status, GNTST_general_error);
    memset(from, 0x77, PAGE_SIZE);
    memset(to, 0, PAGE_SIZE);
    CHECK_EQ(copy(35, 100, 36, 0, 50), GNTST_okay);
    CHECK(to[49] == 0x77 && to[50] == 0, "wrong bytes were copied");
    CHECK_EQ(copy(35, 99, 36, 0, 2), GNTST_general_error);
    CHECK_EQ(copy(35, 100, 36, 0, 51), GNTST_general_error);
    CHECK_EQ(copy(35, 149, 36, 0, 1), GNTST_okay);
    CHECK_EQ(copy(35, 150, 36, 0, 1), GNTST_general_error);
    CHECK_EQ(copy(35, 0, 36, 0, 0), GNTST_general_error);
    CHECK_EQ(copy(36, 0, 35, 100, 50), GNTST_okay);
    CHECK_EQ(copy(36, 0, 35, 0, 50), GNTST_general_error);
    grant_part(35, 0, 4000, 200);
    CHECK_EQ(copy(35, 4000, 36, 0, 96), GNTST_okay);
    CHECK_EQ(copy(35, 4000, 36, 0, 97), GNTST_bad_copy_arg);
    grant_part(35, 0, 5000, 200);
    CHECK_EQ(copy(35, 5000, 36, 0, 1), GNTST_bad_copy_arg);
    grant_part(35, GTF_readonly, 0, 200);
    CHECK_EQ(copy(36, 0, 35, 0, 1), GNTST_general_error);
    grant_part(35, 0, 0, 0xffff);
    CHECK_EQ(copy(35, 0, 36, 0, 4096), GNTST_okay);
    CHECK_EQ(map(35, GNTMAP_host_map, at).status, GNTST_general_error);

    grant_on(38, 0, self, 30);
    CHECK_EQ(copy(38, 0, 36, 0, 8), GNTST_general_error); /* its own: that is no passing on */
    CHECK_EQ(map(38, GNTMAP_host_map, at).status, GNTST_general_error);
    grant_on(38, 0, DOMID_SELF, 30);
    CHECK_EQ(copy(38, 0, 36, 0, 8), GNTST_general_error);
    grant_on(38, 0, 77, 30);
    CHECK_EQ(copy(38, 0, 36, 0, 8), GNTST_general_error);
    grant_on(38, GTF_sub_page, self, 30);
    CHECK_EQ(copy(36, 0, 38, 0, 8), GNTST_general_error);
    for (unsigned int ref = 30; ref < 40; ref++)
        CHECK_EQ(status[ref], 0);
}

static void check_replace(void)
{
    struct gnttab_map_grant_ref m = map(30, GNTMAP_host_map, at);
    uint64_t entry = maddr_of(&window_l1[0]);

    CHECK_OK(pt_write(&window_l1[3], pte_make(mfn_of(to), PTE_RW)));
    memset(to, 0x21, 8);
    CHECK_EQ(replace(at, window_page(3), m.handle + 5), GNTST_bad_handle);
    CHECK_EQ(*window_page(3), 0x2121212121212121);
    CHECK_EQ(replace(at, window_page(3), m.handle), GNTST_okay);
    CHECK_EQ(window_l1[0] & PTE_ADDRESS, (uint64_t)mfn_of(to) << 12);
    CHECK_EQ(window_l1[3], 0);
    CHECK_EQ(*window_page(0), 0x2121212121212121);
    CHECK(!try_read(window_page(3), (uint64_t *)(void *)from), "the entry that was moved is still there");
    CHECK_EQ(status[30], 0);
    CHECK_EQ(replace(at, window_page(3), m.handle), GNTST_bad_handle);
    CHECK_OK(pt_write(&window_l1[0], 0));
    m = map(30, GNTMAP_host_map, at);
    CHECK_EQ(replace(at, window_page(3), m.handle), GNTST_okay); /* by nothing */
    CHECK_EQ(window_l1[0], 0);
    m = map(30, GNTMAP_host_map, at);
    CHECK_EQ(replace(at, NULL, m.handle), GNTST_okay);
    CHECK_EQ(window_l1[0], 0);
    CHECK_EQ(unmap(at, m.handle), GNTST_bad_handle);
    m = map(30, GNTMAP_host_map | GNTMAP_contains_pte, entry);
    CHECK_EQ(m.status, GNTST_okay);
    CHECK_EQ(replace(entry, window_page(3), m.handle), GNTST_general_error);
    CHECK_EQ(replace(entry, NULL, m.handle), GNTST_okay);
    m = map(30, GNTMAP_host_map, at);
    CHECK_EQ(replace(at, window_page(512 * 9), m.handle), GNTST_general_error);
    CHECK_EQ(replace(at, (void *)HYPERVISOR_VIRT_START, m.handle), GNTST_general_error);
    CHECK_EQ(replace((uintptr_t)window_page(1), window_page(3), m.handle), GNTST_general_error);
    CHECK_EQ(unmap(at, m.handle), GNTST_okay);
    CHECK_EQ(status[30], 0);
    CHECK_ERROR(op(GNTTABOP_unmap_and_replace, (void *)8), XEN_EFAULT);
}

static long cache_flush(uint64_t address, unsigned int offset, unsigned int length, uint32_t how)
{
    struct gnttab_cache_flush o = {
        .a.dev_bus_addr = address, .offset = (uint16_t)offset, .length = (uint16_t)length, .op = how};

    return op(GNTTABOP_cache_flush, &o);
}

static void check_cache(void)
{
    const uint32_t clean = GNTTAB_CACHE_CLEAN, both = GNTTAB_CACHE_CLEAN | GNTTAB_CACHE_INVAL;

    memset(from, 0x44, PAGE_SIZE);
    CHECK_OK(cache_flush(maddr_of(from), 0, 64, clean));
    CHECK_OK(cache_flush(maddr_of(from), 0, PAGE_SIZE, both));
    CHECK_OK(cache_flush(maddr_of(from), 4095, 1, clean));
    CHECK_OK(cache_flush(maddr_of(from), 0, 0, clean));
    CHECK_OK(cache_flush(maddr_of(from), 0, 64, 0));
    CHECK_EQ(from[100], 0x44);
    CHECK_ERROR(cache_flush(maddr_of(from), 0, 64, GNTTAB_CACHE_INVAL), XEN_EOPNOTSUPP);
    CHECK_ERROR(cache_flush(maddr_of(from), 4095, 2, clean), XEN_EINVAL);
    CHECK_ERROR(cache_flush(maddr_of(from), 4096, 0, clean), XEN_EINVAL);
    CHECK_ERROR(cache_flush(maddr_of(from), 0, 64, 4), XEN_EINVAL);
    CHECK_ERROR(cache_flush(30, 0, 64, clean | GNTTAB_CACHE_SOURCE_GREF), XEN_EINVAL);
    CHECK_ERROR(cache_flush(1UL << 52, 0, 64, clean), XEN_EINVAL);
    CHECK_ERROR(cache_flush(0x100000, 0, 64, clean), XEN_EPERM);
    CHECK_ERROR(op(GNTTABOP_cache_flush, (void *)8), XEN_EFAULT);
}

static void check_back(void)
{
    struct gnttab_map_grant_ref m;

    grant(1, GTF_permit_access, 1UL << 33);
    CHECK_ERROR(set_version(1, 2), XEN_ERANGE);
    grant_on(1, 0, 5, 6);
    CHECK_ERROR(set_version(1, 2), XEN_ERANGE);
    grant(1, 0, 1UL << 33);
    grant(2, GTF_permit_access, mfn_of(from));
    grant(3, GTF_accept_transfer, 9);
    m = map(2, GNTMAP_host_map, at);
    CHECK_EQ(m.status, GNTST_okay);
    CHECK_ERROR(set_version(1, 2), XEN_EBUSY); /* the marks are mapped */
    unmap_status();
    CHECK_OK(set_version(1, 1));
    CHECK_EQ(v1[1].flags, 0);
    CHECK_EQ(v1[2].flags, GTF_permit_access | GTF_reading | GTF_writing);
    CHECK_EQ(v1[2].frame, mfn_of(from));
    CHECK_EQ(v1[3].flags, 0);
    for (unsigned int ref = 8; ref < 512; ref++)
        CHECK(!v1[ref].flags && !v1[ref].frame, "entry %u has outlived the change", ref);
    CHECK_EQ(get_status(1, DOMID_SELF), GNTST_general_error);
    CHECK_EQ(unmap(at, m.handle), GNTST_okay);
    CHECK_EQ(v1[2].flags, GTF_permit_access);
    CHECK_OK(set_version(2, 2));
    map_status();
    CHECK_EQ(status[2], 0);
    CHECK_EQ(setup(64), GNTST_okay);
    CHECK_EQ(get_status(8, DOMID_SELF), GNTST_okay);
    CHECK_EQ(get_status(9, DOMID_SELF), GNTST_general_error);
    unmap_status();
    CHECK_OK(set_version(1, 1));
    CHECK_ERROR(op(GNTTABOP_set_version, (void *)8), XEN_EFAULT);
    CHECK_ERROR(op(GNTTABOP_get_version, (void *)8), XEN_EFAULT);
    CHECK_ERROR(op(GNTTABOP_get_status_frames, (void *)8), XEN_EFAULT);
    CHECK_ERROR(op(GNTTABOP_swap_grant_ref, (void *)8), XEN_EFAULT);
}

void test_main(void)
{
    self = guest_domid();
    window_init();
    from = page_alloc();
    to = page_alloc();
    table = page_alloc();
    status = page_alloc();
    v1 = (volatile void *)table;
    at = (uintptr_t)window_page(0);
    CHECK_EQ(setup(1), GNTST_okay);
    CHECK_OK(page_remap((void *)(uintptr_t)table, frames[0], PTE_RW));
    check_v1();
    check_change();
    check_map();
    check_parts();
    check_replace();
    check_cache();
    check_back();
}
