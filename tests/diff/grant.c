/* SPDX-License-Identifier: MIT */
/*
 * grant_table_op, the guest against itself: it grants its own frames to itself, maps, copies and lets go. Statuses stand behind
 * the call's answer. Frames from the shared table are version 1 entries.
 */
#include "diff.h"

#define REF 20 /* the first that is nobody's */

static struct grant_entry_v1 *table;

static long op(unsigned int command, void *arg, unsigned int count)
{
    return hypercall_grant_table_op(command, arg, count);
}

/* The table of the guest's grants, mapped once; NULL where that fails. */
static struct grant_entry_v1 *grants(void)
{
    static uint64_t frame;
    struct gnttab_setup_table setup = {.dom = DOMID_SELF, .nr_frames = 1};
    void *page;

    if (table)
        return table;
    set_xen_guest_handle(setup.frame_list, &frame);
    if (op(GNTTABOP_setup_table, &setup, 1) || setup.status)
        report_error("setup_table: status %d", setup.status);
    page = page_alloc();
    if (page_remap(page, frame, PTE_RW))
        report_error("mapping the grant table");
    return table = page;
}

static void grant(unsigned int ref, unsigned long frame, unsigned int flags, unsigned int domid)
{
    grants()[ref].domid = (domid_t)domid;
    grants()[ref].frame = (uint32_t)frame;
    __atomic_store_n(&grants()[ref].flags, (uint16_t)flags, __ATOMIC_SEQ_CST);
}

static unsigned int self_id(void)
{
    return (unsigned int)resolve(SELF);
}

/* ---- setup and questions ---- */

static long setup(unsigned int domid, unsigned int frames, unsigned long list)
{
    struct gnttab_setup_table arg = {.dom = (domid_t)domid, .nr_frames = frames};
    long result;

    set_xen_guest_handle(arg.frame_list, (xen_pfn_t *)list);
    result = op(GNTTABOP_setup_table, &arg, 1);
    note(" status %d", arg.status);
    return result;
}
static long setup_again(void)
{
    return setup(DOMID_SELF, 1, resolve(GOOD));
}
static long setup_none(void)
{
    return setup(DOMID_SELF, 0, resolve(GOOD));
}
static long setup_many(void)
{
    return setup(DOMID_SELF, 100000, resolve(GOOD));
}
static long setup_nobody(void)
{
    return setup(NOBODY, 1, resolve(GOOD));
}
static long setup_xen(void)
{
    return setup(DOMID_XEN, 1, resolve(GOOD));
}
static long setup_list_unmapped(void)
{
    return setup(DOMID_SELF, 1, resolve(NONE_));
}
static long setup_list_hypervisor(void)
{
    return setup(DOMID_SELF, 1, HV);
}

static long query(unsigned int domid)
{
    struct gnttab_query_size arg = {.dom = (domid_t)domid};
    long result = op(GNTTABOP_query_size, &arg, 1);

    note(" status %d", arg.status);
    if (!arg.status)
        note(" %u frames, room for more %u", arg.nr_frames, arg.max_nr_frames > arg.nr_frames);
    return result;
}
static long query_self(void)
{
    grants();
    return query(DOMID_SELF);
}
static long query_nobody(void)
{
    return query(NOBODY);
}
static long query_xen(void)
{
    return query(DOMID_XEN);
}

static long version_get(unsigned int domid)
{
    struct gnttab_get_version arg = {.dom = (domid_t)domid};
    long result = op(GNTTABOP_get_version, &arg, 1);

    note(" version %u", arg.version);
    return result;
}
static long version_self(void)
{
    return version_get(DOMID_SELF);
}
static long version_nobody(void)
{
    return version_get(NOBODY);
}
static long version_set(unsigned int version)
{
    struct gnttab_set_version arg = {.version = version};
    long result = op(GNTTABOP_set_version, &arg, 1);

    note(" version %u", arg.version);
    return result;
}
static long version_set_0(void)
{
    return version_set(0);
}
static long version_set_1(void)
{
    return version_set(1);
}
static long version_set_3(void)
{
    return version_set(3);
}

/* ---- mapping ---- */

static struct gnttab_map_grant_ref map;
static struct gnttab_unmap_grant_ref unmap;

static long map_call(unsigned int ref, unsigned int flags, unsigned long address, unsigned int domid)
{
    long result;

    map = (struct gnttab_map_grant_ref){
        .host_addr = address, .flags = flags, .ref = ref, .dom = (domid_t)domid};
    result = op(GNTTABOP_map_grant_ref, &map, 1);
    note(" status %d", map.status);
    if (grants()[REF].flags)
        note(" entry %x", grants()[REF].flags);
    return result;
}

static long unmap_call(unsigned long address, unsigned long bus)
{
    long result;

    unmap = (struct gnttab_unmap_grant_ref){.host_addr = address, .dev_bus_addr = bus, .handle = map.handle};
    result = op(GNTTABOP_unmap_grant_ref, &unmap, 1);
    note(" unmap %d", unmap.status);
    if (grants()[REF].flags)
        note(" entry %x", grants()[REF].flags);
    return result;
}

static long map_slot(unsigned int grant_flags, unsigned int flags)
{
    long result;

    grant(REF, resolve(F_GOOD), grant_flags, self_id());
    *(volatile uint64_t *)resolve(GOOD) = 4711;
    result = map_call(REF, flags, (unsigned long)slot_page(0), self_id());
    if (!map.status) {
        note(" slot0=%#lx %s", entry_shown(*slot_entry(0)),
             (flags & GNTMAP_host_map) && *slot_page(0) == 4711 ? "reads" : "no page");
        unmap_call(flags & GNTMAP_host_map ? (unsigned long)slot_page(0) : 0,
                   flags & GNTMAP_device_map ? map.dev_bus_addr : 0);
    }
    grant(REF, 0, 0, 0);
    return result;
}
static long map_good(void)
{
    return map_slot(GTF_permit_access, GNTMAP_host_map);
}
static long map_read_only(void)
{
    return map_slot(GTF_permit_access, GNTMAP_host_map | GNTMAP_readonly);
}
static long map_read_only_grant(void)
{
    return map_slot(GTF_permit_access | GTF_readonly, GNTMAP_host_map | GNTMAP_readonly);
}
static long map_writable_of_read_only(void)
{
    return map_slot(GTF_permit_access | GTF_readonly, GNTMAP_host_map);
}
static long map_device(void)
{
    return map_slot(GTF_permit_access, GNTMAP_device_map);
}
static long map_both(void)
{
    return map_slot(GTF_permit_access, GNTMAP_device_map | GNTMAP_host_map);
}
static long map_neither(void)
{
    return map_slot(GTF_permit_access, 0);
}
static long map_application(void)
{
    return map_slot(GTF_permit_access, GNTMAP_host_map | GNTMAP_application_map);
}
static long map_available(void)
{
    return map_slot(GTF_permit_access, GNTMAP_host_map | 5 << 16);
}
static long map_flag_unknown(void)
{
    return map_slot(GTF_permit_access, GNTMAP_host_map | 1 << 7);
}
static long map_invalid(void)
{
    return map_slot(GTF_invalid, GNTMAP_host_map);
}
static long map_transfer(void)
{
    return map_slot(GTF_accept_transfer, GNTMAP_host_map);
}
static long map_transitive(void)
{
    return map_slot(GTF_transitive, GNTMAP_host_map);
}
static long map_entry(void)
{
    long result;

    grant(REF, resolve(F_GOOD), GTF_permit_access, self_id());
    result = map_call(REF, GNTMAP_host_map | GNTMAP_contains_pte, resolve(M_SLOT), self_id());
    note(" slot0=%#lx", entry_shown(*slot_entry(0)));
    if (!map.status)
        unmap_call(resolve(M_SLOT), 0);
    grant(REF, 0, 0, 0);
    return result;
}

static long map_wrong_frame(unsigned long frame, unsigned int domid, unsigned int flags)
{
    long result;

    grant(REF, frame, GTF_permit_access, domid);
    result = map_call(REF, flags, (unsigned long)slot_page(0), self_id());
    if (!map.status)
        unmap_call((unsigned long)slot_page(0), 0);
    grant(REF, 0, 0, 0);
    return result;
}
static long map_for_other(void)
{
    return map_wrong_frame(resolve(F_GOOD), NOBODY, GNTMAP_host_map);
}
static long map_no_frame(void)
{
    return map_wrong_frame(F_NONE, self_id(), GNTMAP_host_map);
}
static long map_foreign_frame(void)
{
    return map_wrong_frame(F_FOREIGN, self_id(), GNTMAP_host_map);
}
static long map_table_writable(void)
{
    return map_wrong_frame(resolve(F_L1), self_id(), GNTMAP_host_map);
}
static long map_table_read_only(void)
{
    return map_wrong_frame(resolve(F_L1), self_id(), GNTMAP_host_map | GNTMAP_readonly);
}

static long map_wrong_place(unsigned long address, unsigned int flags)
{
    long result;

    grant(REF, resolve(F_GOOD), GTF_permit_access, self_id());
    result = map_call(REF, flags, address, self_id());
    if (!map.status)
        unmap_call(address, 0);
    grant(REF, 0, 0, 0);
    return result;
}
static long map_at_hypervisor(void)
{
    return map_wrong_place(HV, GNTMAP_host_map);
}
static long map_at_crooked(void)
{
    return map_wrong_place(CROOKED, GNTMAP_host_map);
}
static long map_at_no_table(void)
{
    return map_wrong_place(0x5000000000ul, GNTMAP_host_map);
}
static long map_at_entry_of_data(void)
{
    return map_wrong_place(resolve(M_GOOD), GNTMAP_host_map | GNTMAP_contains_pte);
}
static long map_at_entry_no_frame(void)
{
    return map_wrong_place(F_NONE << 12, GNTMAP_host_map | GNTMAP_contains_pte);
}
static long map_at_entry_crooked(void)
{
    return map_wrong_place(resolve(M_SLOT) + 4, GNTMAP_host_map | GNTMAP_contains_pte);
}
static long map_at_entry_l2(void)
{
    return map_wrong_place(resolve(M_SLOT2), GNTMAP_host_map | GNTMAP_contains_pte);
}
static long map_ref_high(void)
{
    return map_call(100000, GNTMAP_host_map, (unsigned long)slot_page(0), self_id());
}
static long map_ref_highest(void)
{
    return map_call(0xffffffffu, GNTMAP_host_map, (unsigned long)slot_page(0), self_id());
}
static long map_of_nobody(void)
{
    return map_call(REF, GNTMAP_host_map, (unsigned long)slot_page(0), NOBODY);
}
static long map_of_xen(void)
{
    return map_call(REF, GNTMAP_host_map, (unsigned long)slot_page(0), DOMID_XEN);
}

/* One grant twice in use; the entry shows it until the last is gone. */
static long map_twice(void)
{
    unsigned int first;
    long result;

    grant(REF, resolve(F_GOOD), GTF_permit_access, self_id());
    map_call(REF, GNTMAP_host_map | GNTMAP_readonly, (unsigned long)slot_page(0), self_id());
    first = map.handle;
    result = map_call(REF, GNTMAP_host_map, (unsigned long)slot_page(1), self_id());
    note(" handles %s", first == map.handle ? "alike" : "not alike");
    unmap_call((unsigned long)slot_page(1), 0);
    map.handle = first;
    unmap_call((unsigned long)slot_page(0), 0);
    grant(REF, 0, 0, 0);
    return result;
}

static long unmap_wrong(void)
{
    long result;

    grant(REF, resolve(F_GOOD), GTF_permit_access, self_id());
    map_call(REF, GNTMAP_host_map, (unsigned long)slot_page(0), self_id());
    note(" wrong address:");
    unmap_call((unsigned long)slot_page(1), 0);
    note(" wrong bus:");
    unmap_call((unsigned long)slot_page(0), 0x1000);
    note(" right:");
    result = unmap_call((unsigned long)slot_page(0), 0);
    note(" again:");
    unmap_call((unsigned long)slot_page(0), 0);
    grant(REF, 0, 0, 0);
    return result;
}
static long unmap_nothing(void)
{
    long result;

    grant(REF, resolve(F_GOOD), GTF_permit_access, self_id());
    map_call(REF, GNTMAP_host_map, (unsigned long)slot_page(0), self_id());
    result = unmap_call(0, 0);
    note(" then:");
    unmap_call((unsigned long)slot_page(0), 0);
    grant(REF, 0, 0, 0);
    return result;
}
/* The entry was written over by the guest. Its grant stays in use: it has a number of its own, and comes last. */
static long unmap_changed(void)
{
    grant(REF + 9, resolve(F_GOOD), GTF_permit_access, self_id());
    map_call(REF + 9, GNTMAP_host_map, (unsigned long)slot_page(0), self_id());
    note_value("change", pt_write(slot_entry(0), 0));
    return unmap_call((unsigned long)slot_page(0), 0);
}
static long map_self(void)
{
    long result;

    grant(REF, resolve(F_GOOD), GTF_permit_access, self_id());
    result = map_call(REF, GNTMAP_host_map, (unsigned long)slot_page(0), DOMID_SELF);
    if (!map.status)
        unmap_call((unsigned long)slot_page(0), 0);
    grant(REF, 0, 0, 0);
    return result;
}
static long unmap_handle(unsigned int handle)
{
    map.handle = handle;
    return unmap_call((unsigned long)slot_page(0), 0);
}
static long unmap_handle_high(void)
{
    return unmap_handle(100000);
}
static long unmap_handle_highest(void)
{
    return unmap_handle(0xffffffffu);
}

/* ---- copying ---- */

static struct gnttab_copy copy;
static volatile uint64_t *copy_source, *copy_dest;

static void copy_prepare(void)
{
    if (!copy_source) {
        copy_source = page_alloc();
        copy_dest = page_alloc();
    }
    copy_source[0] = 0x1111;
    copy_source[511] = 0x2222;
    copy_dest[0] = copy_dest[511] = 0;
    grant(REF, mfn_of((void *)copy_source), GTF_permit_access, self_id());
    grant(REF + 1, mfn_of((void *)copy_dest), GTF_permit_access, self_id());
    copy = (struct gnttab_copy){.source = {.u.ref = REF, .domid = DOMID_SELF},
                                .dest = {.u.ref = REF + 1, .domid = DOMID_SELF},
                                .len = 8,
                                .flags = GNTCOPY_source_gref | GNTCOPY_dest_gref};
}
static const char *copied(uint64_t word)
{
    return word == 0x1111 ? "first" : word == 0x2222 ? "last" : word ? "other" : "nothing";
}
static long copy_call(void)
{
    long result = op(GNTTABOP_copy, &copy, 1);

    note(" status %d, %s %s", copy.status, copied(copy_dest[0]), copied(copy_dest[511]));
    if (grants()[REF].flags & ~GTF_readonly & ~GTF_permit_access)
        note(" entry %x", grants()[REF].flags);
    grant(REF, 0, 0, 0);
    grant(REF + 1, 0, 0, 0);
    return result;
}
#define COPY(name, change)          \
    static long copy_##name(void)   \
    {                               \
        copy_prepare();             \
        change;                     \
        return copy_call();         \
    }
COPY(good, )
COPY(page, copy.len = 4096)
COPY(nothing, copy.len = 0)
COPY(too_long, copy.len = 4097)
COPY(longest, copy.len = 0xffff)
COPY(end, (copy.source.offset = copy.dest.offset = 4088))
COPY(source_over_end, copy.source.offset = 4089)
COPY(dest_over_end, copy.dest.offset = 4089)
COPY(offset_outside, copy.source.offset = 4096)
COPY(offset_outside_nothing, (copy.len = 0, copy.dest.offset = 5000))
COPY(by_frame, (copy.flags = 0, copy.source.u.gmfn = mfn_of((void *)copy_source),
                copy.dest.u.gmfn = mfn_of((void *)copy_dest)))
COPY(from_frame, (copy.flags = GNTCOPY_dest_gref, copy.source.u.gmfn = mfn_of((void *)copy_source)))
COPY(from_frame_of_number, (copy.flags = GNTCOPY_dest_gref, copy.source.u.gmfn = mfn_of((void *)copy_source),
                            copy.source.domid = (domid_t)self_id()))
COPY(from_frame_of_nobody, (copy.flags = GNTCOPY_dest_gref, copy.source.u.gmfn = mfn_of((void *)copy_source),
                            copy.source.domid = NOBODY))
COPY(from_no_frame, (copy.flags = GNTCOPY_dest_gref, copy.source.u.gmfn = F_NONE))
COPY(from_foreign, (copy.flags = GNTCOPY_dest_gref, copy.source.u.gmfn = F_FOREIGN))
COPY(from_table, (copy.flags = GNTCOPY_dest_gref, copy.source.u.gmfn = resolve(F_L1)))
COPY(to_table, (copy.flags = GNTCOPY_source_gref, copy.dest.u.gmfn = resolve(F_L1)))
COPY(to_table_by_grant, grant(REF + 1, resolve(F_L1), GTF_permit_access, self_id()))
COPY(to_no_frame, (copy.flags = GNTCOPY_source_gref, copy.dest.u.gmfn = F_NONE))
COPY(to_read_only, grant(REF + 1, mfn_of((void *)copy_dest), GTF_permit_access | GTF_readonly, self_id()))
COPY(from_read_only, grant(REF, mfn_of((void *)copy_source), GTF_permit_access | GTF_readonly, self_id()))
COPY(to_invalid, grant(REF + 1, 0, 0, 0))
COPY(from_invalid, grant(REF, 0, 0, 0))
COPY(for_other, grant(REF, mfn_of((void *)copy_source), GTF_permit_access, NOBODY))
COPY(of_nobody, copy.source.domid = NOBODY)
COPY(to_nobody, copy.dest.domid = NOBODY)
COPY(ref_high, copy.source.u.ref = 100000)
COPY(ref_highest, copy.dest.u.ref = 0xffffffffu)
COPY(flags_unknown, copy.flags |= 1 << 5)
COPY(itself, copy.dest.u.ref = REF)

/* ---- the other commands ---- */

static long transfer_wrong(void)
{
    struct gnttab_transfer arg = {.mfn = F_NONE, .domid = NOBODY, .ref = REF};
    long result = op(GNTTABOP_transfer, &arg, 1);

    note(" status %d", arg.status);
    return result;
}
/* Two in one batch: each has a status of its own. */
static long transfer(unsigned long frame, unsigned int domid, unsigned int ref)
{
    struct gnttab_transfer arg[2] = {{.mfn = frame, .domid = (domid_t)domid, .ref = ref, .status = 99},
                                     {.mfn = F_NONE, .domid = (domid_t)domid, .ref = ref, .status = 99}};
    long result = op(GNTTABOP_transfer, arg, 2);

    note(" status %d %d", arg[0].status, arg[1].status);
    return result;
}
static long transfer_to_nobody(void)
{
    return transfer(mfn_of(page_alloc_readonly()), NOBODY, REF);
}
static long transfer_to_self(void)
{
    grant(REF, 0, GTF_accept_transfer, self_id());
    return transfer(resolve(F_L1), self_id(), REF);
}
static long swap_same(void)
{
    struct gnttab_swap_grant_ref arg = {.ref_a = REF, .ref_b = REF};
    long result = op(GNTTABOP_swap_grant_ref, &arg, 1);

    note(" status %d", arg.status);
    return result;
}
static long swap(void)
{
    struct gnttab_swap_grant_ref arg = {.ref_a = REF, .ref_b = REF + 1};
    long result;

    grant(REF, resolve(F_GOOD), GTF_permit_access, self_id());
    result = op(GNTTABOP_swap_grant_ref, &arg, 1);
    note(" status %d, entries %x %x", arg.status, grants()[REF].flags, grants()[REF + 1].flags);
    grant(REF, 0, 0, 0);
    grant(REF + 1, 0, 0, 0);
    return result;
}
static long swap_high(void)
{
    struct gnttab_swap_grant_ref arg = {.ref_a = REF, .ref_b = 100000};
    long result = op(GNTTABOP_swap_grant_ref, &arg, 1);

    note(" status %d", arg.status);
    return result;
}

static long flush(unsigned long address, unsigned int offset, unsigned int length, unsigned int what)
{
    struct gnttab_cache_flush arg = {.a.dev_bus_addr = address, .offset = (uint16_t)offset, .length = (uint16_t)length,
                                     .op = what};

    return op(GNTTABOP_cache_flush, &arg, 1);
}
static long cache_flush(void)
{
    unsigned long good = resolve(M_GOOD);

    note_value("clean", flush(good, 0, 64, GNTTAB_CACHE_CLEAN));
    note_value("both", flush(good, 8, 64, GNTTAB_CACHE_CLEAN | GNTTAB_CACHE_INVAL));
    note_value("beyond", flush(good, 4090, 64, GNTTAB_CACHE_CLEAN));
    note_value("outside", flush(good, 4096, 0, GNTTAB_CACHE_CLEAN));
    note_value("nothing", flush(good, 0, 0, GNTTAB_CACHE_CLEAN));
    note_value("no command", flush(good, 0, 64, 0));
    note_value("unknown", flush(good, 0, 64, 4));
    note_value("foreign", flush(F_FOREIGN << 12, 0, 64, GNTTAB_CACHE_CLEAN));
    return flush(F_NONE << 12, 0, 64, GNTTAB_CACHE_CLEAN);
}

static long batch_edge(void)
{
    return op(GNTTABOP_query_size, (void *)resolve(GOOD), 2);
}

#define GRANT(name, command, pointer, count) CALL("grant/" name, grant_table_op, GNTTABOP_##command, pointer, count)

const struct row rows_grant[] = {
    RUN("grant/setup-again", setup_again),
    RUN("grant/setup-none", setup_none),
    RUN("grant/setup-many", setup_many),
    RUN("grant/setup-nobody", setup_nobody),
    RUN("grant/setup-xen", setup_xen),
    RUN("grant/setup-list-unmapped", setup_list_unmapped),
    RUN("grant/setup-list-hypervisor", setup_list_hypervisor),
    GRANT("setup-null", setup_table, 0, 1),
    GRANT("setup-none-of-them", setup_table, GOOD, 0),
    GRANT("setup-two", setup_table, GOOD, 2),
    RUN("grant/query-self", query_self),
    RUN("grant/query-nobody", query_nobody),
    RUN("grant/query-xen", query_xen),
    RUN("grant/query-two", batch_edge),
    GRANT("query-null", query_size, 0, 1),
    GRANT("query-read-only", query_size, RO, 1),
    RUN("grant/version-self", version_self),
    RUN("grant/version-nobody", version_nobody),
    RUN("grant/version-set-0", version_set_0),
    RUN("grant/version-set-1", version_set_1),
    RUN("grant/version-set-3", version_set_3),
    GRANT("version-set-null", set_version, 0, 1),
    RUN("grant/map-good", map_good),
    RUN("grant/map-read-only", map_read_only),
    RUN("grant/map-read-only-grant", map_read_only_grant),
    RUN("grant/map-writable-of-read-only", map_writable_of_read_only),
    RUN("grant/map-device", map_device),
    RUN("grant/map-both", map_both),
    RUN("grant/map-neither", map_neither),
    RUN("grant/map-application", map_application),
    RUN("grant/map-available", map_available),
    RUN("grant/map-flag-unknown", map_flag_unknown),
    RUN("grant/map-invalid", map_invalid),
    RUN("grant/map-transfer", map_transfer),
    RUN("grant/map-transitive", map_transitive),
    RUN("grant/map-entry", map_entry),
    RUN("grant/map-for-other", map_for_other),
    RUN("grant/map-no-frame", map_no_frame),
    RUN("grant/map-foreign-frame", map_foreign_frame),
    RUN("grant/map-table-writable", map_table_writable),
    RUN("grant/map-table-read-only", map_table_read_only),
    RUN("grant/map-at-hypervisor", map_at_hypervisor),
    RUN("grant/map-at-crooked", map_at_crooked),
    RUN("grant/map-at-no-table", map_at_no_table),
    RUN("grant/map-at-entry-of-data", map_at_entry_of_data),
    RUN("grant/map-at-entry-no-frame", map_at_entry_no_frame),
    RUN("grant/map-at-entry-crooked", map_at_entry_crooked),
    RUN("grant/map-at-entry-l2", map_at_entry_l2),
    RUN("grant/map-ref-high", map_ref_high),
    RUN("grant/map-ref-highest", map_ref_highest),
    RUN("grant/map-of-nobody", map_of_nobody),
    RUN("grant/map-of-xen", map_of_xen),
    RUN("grant/map-twice", map_twice),
    GRANT("map-null", map_grant_ref, 0, 1),
    GRANT("map-none-of-them-crooked", map_grant_ref, CROOKED, 0),
    GRANT("map-negative", map_grant_ref, GOOD, 0x80000000u),
    GRANT("map-hypervisor", map_grant_ref, HV, 1),
    RUN("grant/unmap-wrong", unmap_wrong),
    RUN("grant/unmap-nothing", unmap_nothing),
    RUN("grant/unmap-handle-high", unmap_handle_high),
    RUN("grant/unmap-handle-highest", unmap_handle_highest),
    GRANT("unmap-null", unmap_grant_ref, 0, 1),
    RUN("grant/copy-good", copy_good),
    RUN("grant/copy-page", copy_page),
    RUN("grant/copy-nothing", copy_nothing),
    RUN("grant/copy-too-long", copy_too_long),
    RUN("grant/copy-longest", copy_longest),
    RUN("grant/copy-end", copy_end),
    RUN("grant/copy-source-over-end", copy_source_over_end),
    RUN("grant/copy-dest-over-end", copy_dest_over_end),
    RUN("grant/copy-offset-outside", copy_offset_outside),
    RUN("grant/copy-offset-outside-nothing", copy_offset_outside_nothing),
    RUN("grant/copy-by-frame", copy_by_frame),
    RUN("grant/copy-from-frame", copy_from_frame),
    RUN("grant/copy-from-frame-of-number", copy_from_frame_of_number),
    RUN("grant/copy-from-frame-of-nobody", copy_from_frame_of_nobody),
    RUN("grant/copy-from-no-frame", copy_from_no_frame),
    RUN("grant/copy-from-foreign", copy_from_foreign),
    RUN("grant/copy-from-table", copy_from_table),
    RUN("grant/copy-to-table", copy_to_table),
    RUN("grant/copy-to-table-by-grant", copy_to_table_by_grant),
    RUN("grant/copy-to-no-frame", copy_to_no_frame),
    RUN("grant/copy-to-read-only", copy_to_read_only),
    RUN("grant/copy-from-read-only", copy_from_read_only),
    RUN("grant/copy-to-invalid", copy_to_invalid),
    RUN("grant/copy-from-invalid", copy_from_invalid),
    RUN("grant/copy-for-other", copy_for_other),
    RUN("grant/copy-of-nobody", copy_of_nobody),
    RUN("grant/copy-to-nobody", copy_to_nobody),
    RUN("grant/copy-ref-high", copy_ref_high),
    RUN("grant/copy-ref-highest", copy_ref_highest),
    RUN("grant/copy-flags-unknown", copy_flags_unknown),
    RUN("grant/copy-itself", copy_itself),
    GRANT("copy-null", copy, 0, 1),
    RUN("grant/transfer-wrong", transfer_wrong),
    RUN("grant/transfer-to-nobody", transfer_to_nobody),
    RUN("grant/transfer-to-self", transfer_to_self),
    GRANT("transfer-null", transfer, 0, 1),
    GRANT("transfer-none-of-them", transfer, GOOD, 0),
    GRANT("dump-null", dump_table, 0, 1),
    GRANT("dump-two", dump_table, GOOD, 2),
    WITH("grant/dump-nobody", grant_table_op, ((struct gnttab_dump_table){.dom = NOBODY}), GNTTABOP_dump_table, IN, 1),
    RUN("grant/cache-flush", cache_flush),
    RUN("grant/swap-same", swap_same),
    RUN("grant/swap", swap),
    RUN("grant/swap-high", swap_high),
    GRANT("status-frames-null", get_status_frames, 0, 1),
    GRANT("cache-flush-null", cache_flush, 0, 1),
    GRANT("replace-null", unmap_and_replace, 0, 1),
    RUN("grant/map-self", map_self),
    RUN("grant/unmap-changed", unmap_changed),
    CALL("grant/command-13", grant_table_op, 13, GOOD, 1),
    CALL("grant/command-highest", grant_table_op, 0xffffffffu, GOOD, 1),
    CALL("grant/command-upper-half", grant_table_op, 0x100000000ul | GNTTABOP_query_size, 0, 1),
    CALL("grant/count-upper-half", grant_table_op, GNTTABOP_map_grant_ref, GOOD, 0x100000000ul),
    ROWS_END,
};
