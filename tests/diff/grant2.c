/* SPDX-License-Identifier: MIT */
/*
 * Grant tables of version 2, the guest against itself: what set_version keeps, the frames of marks, whole frames, parts of
 * them and grants passed on. The last row takes the table back to version 1.
 */
#include "diff.h"

#define REF 20

static volatile union grant_entry_v2 *table;
static volatile grant_status_t *marks;
static uint8_t *from, *to;
static uint64_t frames[8];

static long op(unsigned int command, void *arg)
{
    return hypercall_grant_table_op(command, arg, 1);
}

static unsigned int self_id(void)
{
    return (unsigned int)resolve(SELF);
}

static int setup(unsigned int count)
{
    struct gnttab_setup_table arg = {.dom = DOMID_SELF, .nr_frames = count};

    set_xen_guest_handle(arg.frame_list, frames);
    op(GNTTABOP_setup_table, &arg);
    return arg.status;
}

static long version(unsigned int wanted)
{
    struct gnttab_set_version arg = {.version = wanted};
    long error = op(GNTTABOP_set_version, &arg);

    note(" now %u", arg.version);
    return error;
}

static long status_frames(unsigned int domid, unsigned int count, unsigned long list)
{
    struct gnttab_get_status_frames arg = {.dom = (domid_t)domid, .nr_frames = count};
    long error;

    set_xen_guest_handle(arg.frame_list, (uint64_t *)list);
    error = op(GNTTABOP_get_status_frames, &arg);
    note(" status %d", arg.status);
    return error;
}
static long status_version_1(void)
{
    return status_frames(DOMID_SELF, 1, resolve(GOOD));
}

static long to_version_2(void)
{
    void *page = page_alloc();
    long error = version(2);

    note_value("again", version(2));
    if (setup(1) || page_remap(page, frames[0], PTE_RW))
        note(" no table");
    table = page;
    note(" entries %x %x", table[REF].hdr.flags, table[REF].hdr.domid);
    return error;
}

static long status_good(void)
{
    long error = status_frames(DOMID_SELF, 1, resolve(GOOD));
    void *page = page_alloc();

    if (page_remap(page, *(uint64_t *)resolve(GOOD), PTE_RW))
        note(" cannot be mapped");
    else
        marks = page;
    return error;
}
static long status_many(void)
{
    return status_frames(DOMID_SELF, 64, resolve(GOOD));
}
static long status_none(void)
{
    return status_frames(DOMID_SELF, 0, 0);
}
static long status_nobody(void)
{
    return status_frames(NOBODY, 1, resolve(GOOD));
}
static long status_unmapped(void)
{
    return status_frames(DOMID_SELF, 1, resolve(NONE_));
}

static void entry(unsigned int ref, unsigned int flags, unsigned long frame, unsigned int offset, unsigned int length)
{
    table[ref].hdr.flags = 0;
    table[ref].hdr.domid = (domid_t)self_id();
    table[ref].sub_page.page_off = (uint16_t)offset;
    table[ref].sub_page.length = (uint16_t)length;
    table[ref].full_page.frame = frame;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    table[ref].hdr.flags = (uint16_t)flags;
}

static void passed_on(unsigned int ref, unsigned int domid, unsigned int of)
{
    entry(ref, 0, 0, 0, 0);
    table[ref].transitive.trans_domid = (domid_t)domid;
    table[ref].transitive.gref = of;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    table[ref].hdr.flags = GTF_transitive;
}

static long map(unsigned int flags)
{
    struct gnttab_map_grant_ref arg = {
        .host_addr = resolve(SLOT), .flags = flags, .ref = REF, .dom = (domid_t)self_id()};
    struct gnttab_unmap_grant_ref undo = {.host_addr = resolve(SLOT)};
    long error = op(GNTTABOP_map_grant_ref, &arg);

    note(" status %d flags %x mark %x", arg.status, table[REF].hdr.flags, marks ? marks[REF] : 99);
    if (arg.status)
        return error;
    undo.handle = arg.handle;
    note_value("version", version(1));
    op(GNTTABOP_unmap_grant_ref, &undo);
    note(" unmap %d mark %x", undo.status, marks ? marks[REF] : 99);
    return error;
}
static long map_whole(void)
{
    entry(REF, GTF_permit_access, mfn_of(from), 0, 0);
    return map(GNTMAP_host_map);
}
static long map_read_only(void)
{
    entry(REF, GTF_permit_access | GTF_readonly, mfn_of(from), 0, 0);
    return map(GNTMAP_host_map | GNTMAP_readonly);
}
static long map_part(void)
{
    entry(REF, GTF_permit_access | GTF_sub_page, mfn_of(from), 16, 64);
    return map(GNTMAP_host_map | GNTMAP_readonly);
}
static long map_passed_on(void)
{
    entry(REF + 1, GTF_permit_access, mfn_of(from), 0, 0);
    passed_on(REF, self_id(), REF + 1);
    return map(GNTMAP_host_map | GNTMAP_readonly);
}
static long map_no_frame(void)
{
    entry(REF, GTF_permit_access, F_HUGE, 0, 0);
    return map(GNTMAP_host_map);
}

static long copy(unsigned int offset, unsigned int length)
{
    struct gnttab_copy arg = {.len = (uint16_t)length, .flags = GNTCOPY_source_gref};
    long error;

    memset(to, 0, PAGE_SIZE);
    memset(from, 0x5a, PAGE_SIZE);
    arg.source.u.ref = REF;
    arg.source.domid = (domid_t)self_id();
    arg.source.offset = (uint16_t)offset;
    arg.dest.u.gmfn = mfn_of(to);
    arg.dest.domid = DOMID_SELF;
    error = op(GNTTABOP_copy, &arg);
    note(" status %d first %x mark %x", arg.status, to[0], marks ? marks[REF] : 99);
    return error;
}
static long copy_whole(void)
{
    entry(REF, GTF_permit_access | GTF_readonly, mfn_of(from), 0, 0);
    return copy(100, 200);
}
static long copy_part(void)
{
    entry(REF, GTF_permit_access | GTF_sub_page | GTF_readonly, mfn_of(from), 16, 64);
    note_value("before it", copy(15, 64));
    note_value("beyond it", copy(17, 64));
    note_value("none of it", copy(80, 0));
    return copy(16, 64);
}
static long copy_part_crooked(void)
{
    entry(REF, GTF_permit_access | GTF_sub_page | GTF_readonly, mfn_of(from), 4090, 64);
    note_value("within", copy(4090, 6));
    entry(REF, GTF_permit_access | GTF_sub_page | GTF_readonly, mfn_of(from), 5000, 64);
    return copy(5000, 6);
}
static long copy_passed_on(void)
{
    entry(REF + 1, GTF_permit_access, mfn_of(from), 0, 0);
    passed_on(REF, self_id(), REF + 1);
    note_value("own", copy(0, 16));
    passed_on(REF, NOBODY, REF + 1);
    note_value("nobody's", copy(0, 16));
    passed_on(REF, DOMID_SELF, REF + 1);
    note_value("self's", copy(0, 16));
    passed_on(REF, self_id(), REF);
    return copy(0, 16);
}

static long to_version_1(void)
{
    for (unsigned int i = 8; i < 64; i++)
        entry(i, 0, 0, 0, 0);
    if (marks)
        pt_write(pt_entry((void *)(uintptr_t)marks, 1), 0);
    mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0);
    return version(1);
}

static long prepare(void)
{
    from = page_alloc();
    to = page_alloc();
    return version(3);
}

const struct row rows_grant2[] = {
    RUN("grant2/version-3", prepare),
    RUN("grant2/status-in-version-1", status_version_1),
    RUN("grant2/version-2", to_version_2),
    RUN("grant2/status", status_good),
    RUN("grant2/status-many", status_many),
    RUN("grant2/status-none", status_none),
    RUN("grant2/status-nobody", status_nobody),
    RUN("grant2/status-unmapped", status_unmapped),
    RUN("grant2/map", map_whole),
    RUN("grant2/map-read-only", map_read_only),
    RUN("grant2/map-part", map_part),
    RUN("grant2/map-passed-on", map_passed_on),
    RUN("grant2/map-no-frame", map_no_frame),
    RUN("grant2/copy", copy_whole),
    RUN("grant2/copy-part", copy_part),
    RUN("grant2/copy-part-crooked", copy_part_crooked),
    RUN("grant2/copy-passed-on", copy_passed_on),
    RUN("grant2/version-1", to_version_1),
    ROWS_END,
};
