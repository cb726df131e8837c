/* SPDX-License-Identifier: MIT */
/*
 * mmu_update, update_va_mapping and mmuext_op: entries with every wrong bit and frame, in tables of every level and in what
 * is no table. The test slots show what was written; an entry that stays is taken away again by the guest.
 */
#include "diff.h"

#define UPDATE(name, ptr, val) \
    WITH("mmu/" name, mmu_update, ((uint64_t[2]){ptr, val}), IN, 1, 0, DOMID_SELF)
#define UPDATE_FOR(name, domid, ptr, val) WITH("mmu/" name, mmu_update, ((uint64_t[2]){ptr, val}), IN, 1, 0, domid)
#define PTE(flags) (M_GOOD | (flags))
#define P (PTE_PRESENT)
#define RW (PTE_PRESENT | PTE_WRITE | PTE_USER | PTE_ACCESSED | PTE_DIRTY)
#define RO_ (PTE_PRESENT | PTE_USER | PTE_ACCESSED | PTE_DIRTY)
#define GLOBAL 0x100ul
#define FRAME(mfn) ((mfn) << 12)
#define REGION (1ul << 51)

static long update(uint64_t ptr, uint64_t val)
{
    struct mmu_update op = {.ptr = resolve(ptr), .val = resolve(val)};

    return hypercall_mmu_update(&op, 1, NULL, DOMID_SELF);
}

/* ---- batches: what is counted as done ---- */

static long batch(uint64_t second_ptr, unsigned int count, unsigned int *done, unsigned int domid)
{
    struct mmu_update ops[3] = {{resolve(M_SLOT), resolve(PTE(RW))},
                                {resolve(second_ptr), resolve(PTE(RW))},
                                {resolve(M_SLOT) + 16, resolve(PTE(RW))}};

    return hypercall_mmu_update(ops, count, done, domid);
}
static long batch_good(void)
{
    unsigned int done = 77;
    long result = batch(M_SLOT + 8, 3, &done, DOMID_SELF);

    note(" done %u", done);
    return result;
}
static long batch_second_wrong(void)
{
    unsigned int done = 77;
    long result = batch(M_GOOD, 3, &done, DOMID_SELF);

    note(" done %u", done);
    return result;
}
static long batch_none(void)
{
    unsigned int done = 77;
    long result = batch(M_SLOT, 0, &done, DOMID_SELF);

    note(" done %u", done);
    return result;
}
static long batch_done_unmapped(void)
{
    return batch(M_SLOT + 8, 1, (unsigned int *)resolve(NONE_), DOMID_SELF);
}
static long batch_done_hypervisor(void)
{
    return batch(M_SLOT + 8, 1, (unsigned int *)HV, DOMID_SELF);
}
static long batch_done_read_only(void)
{
    return batch(M_SLOT + 8, 1, (unsigned int *)resolve(RO), DOMID_SELF);
}
static long batch_preempted_count(void)
{
    unsigned int done = 77;
    long result = batch(M_SLOT + 8, 0x80000003u, &done, DOMID_SELF);

    note(" done %u", done);
    return result;
}

/* Accessed and dirty stay as they are. */
static long preserve(void)
{
    long result;

    note_value("set", update(M_SLOT, PTE(RW)));
    result = update(M_SLOT | MMU_PT_UPDATE_PRESERVE_AD, PTE(PTE_PRESENT | PTE_USER));
    note(" entry %#lx", entry_shown(*slot_entry(0)));
    return result;
}
static long preserve_none(void)
{
    long result;

    note_value("set", update(M_SLOT, PTE(PTE_PRESENT | PTE_USER)));
    result = update(M_SLOT | MMU_PT_UPDATE_PRESERVE_AD, PTE(RW));
    note(" entry %#lx", entry_shown(*slot_entry(0)));
    return result;
}
static long preserve_frame(void)
{
    long result;

    note_value("set", update(M_SLOT, PTE(RW)));
    result = update(M_SLOT | MMU_PT_UPDATE_PRESERVE_AD, M_RO | PTE_PRESENT | PTE_USER);
    note(" entry %#lx", entry_shown(*slot_entry(0)));
    return result;
}

static long machphys(uint64_t frame, uint64_t pfn)
{
    return update(frame | MMU_MACHPHYS_UPDATE, pfn);
}
static long machphys_own(void)
{
    const unsigned long *m2p = (const unsigned long *)MACH2PHYS_VIRT_START;
    unsigned long pfn = m2p[resolve(F_GOOD)];
    long result = machphys(resolve(M_GOOD), 12345);

    note(" reads %s", m2p[resolve(F_GOOD)] == 12345 ? "so" : "otherwise");
    note_value("back", machphys(resolve(M_GOOD), pfn));
    return result;
}

/* ---- tables made and unmade ---- */

static long pin(unsigned int command, uint64_t frame)
{
    return mmuext(command, resolve(frame));
}
static long pin_unpin(unsigned int command)
{
    long result = pin(command, F_SPARE);

    note_value("again", pin(command, F_SPARE));
    note_value("writable", update(M_SLOT, M_SPARE | RW));
    note_value("unpin", pin(MMUEXT_UNPIN_TABLE, F_SPARE));
    note_value("again", pin(MMUEXT_UNPIN_TABLE, F_SPARE));
    note_value("writable", update(M_SLOT, M_SPARE | RW));
    return result;
}
static long pin_l1(void)
{
    return pin_unpin(MMUEXT_PIN_L1_TABLE);
}
static long pin_l2(void)
{
    return pin_unpin(MMUEXT_PIN_L2_TABLE);
}
static long pin_l3(void)
{
    return pin_unpin(MMUEXT_PIN_L3_TABLE);
}
static long pin_l4(void)
{
    return pin_unpin(MMUEXT_PIN_L4_TABLE);
}
static long pin_two_levels(void)
{
    long result;

    note_value("as 1", pin(MMUEXT_PIN_L1_TABLE, F_SPARE));
    result = pin(MMUEXT_PIN_L2_TABLE, F_SPARE);
    note_value("unpin", pin(MMUEXT_UNPIN_TABLE, F_SPARE));
    return result;
}
/* A table that has something wrong in it. */
static long pin_with(unsigned int command, uint64_t entry)
{
    static uint64_t *table;
    long result;

    if (!table)
        table = page_alloc();
    else
        page_protect(table, PTE_RW);
    memset(table, 0, PAGE_SIZE);
    table[3] = resolve(entry);
    page_protect(table, PTE_RO);
    result = mmuext(command, mfn_of(table));
    if (!result) {
        note(" entry %#lx", entry_shown(table[3]));
        note_value("unpin", mmuext(MMUEXT_UNPIN_TABLE, mfn_of(table)));
    }
    return result;
}
#define PIN_WITH(name, level, entry)                          \
    static long pin_##name(void)                              \
    {                                                         \
        return pin_with(MMUEXT_PIN_L##level##_TABLE, entry);  \
    }
PIN_WITH(l1_good, 1, PTE(RW))
PIN_WITH(l1_no_frame, 1, FRAME(F_NONE) | RW)
PIN_WITH(l1_not_present, 1, FRAME(F_NONE) | 0xffe)
PIN_WITH(l1_table_writable, 1, M_L1 | RW)
PIN_WITH(l1_table_read_only, 1, M_L1 | RO_)
PIN_WITH(l1_global, 1, PTE(RW | GLOBAL))
PIN_WITH(l1_pat, 1, PTE(RW | PTE_LARGE))
PIN_WITH(l1_pcd, 1, PTE(RW | PTE_PCD))
PIN_WITH(l1_available, 1, PTE(RW | 0xe00))
PIN_WITH(l2_large, 2, PTE(RW | PTE_LARGE))
PIN_WITH(l2_data, 2, PTE(RW))
PIN_WITH(l2_table, 2, M_SPARE | RW)
PIN_WITH(l2_l2, 2, M_L2 | RW)
PIN_WITH(l2_kernel_only, 2, M_SPARE | P)
PIN_WITH(l3_large, 3, PTE(RW | PTE_LARGE))
PIN_WITH(l3_l1, 3, M_L1 | RW)
PIN_WITH(l4_l2, 4, M_L2 | RW)
PIN_WITH(l4_global, 4, M_SPARE | RW | GLOBAL)

/* ---- mmuext ---- */

#define EXT(name, command, arg1, arg2) \
    WITH("mmuext/" name, mmuext_op, ((uint64_t[3]){MMUEXT_##command, arg1, arg2}), IN, 1, 0, DOMID_SELF)
#define EXT_FOR(name, domid, command, arg1, arg2) \
    WITH("mmuext/" name, mmuext_op, ((uint64_t[3]){MMUEXT_##command, arg1, arg2}), IN, 1, 0, domid)

static long base_same(void)
{
    return pin(MMUEXT_NEW_BASEPTR, F_ROOT);
}
static long user_base_none(void)
{
    return mmuext(MMUEXT_NEW_USER_BASEPTR, 0);
}
static long clear(void)
{
    volatile uint64_t *page = (void *)resolve(GOOD);
    long result;

    page[5] = 5;
    result = pin(MMUEXT_CLEAR_PAGE, F_GOOD);
    note(" %lu", page[5]);
    return result;
}
static long copy(void)
{
    static uint64_t *source;
    struct mmuext_op op = {.cmd = MMUEXT_COPY_PAGE, .arg1.mfn = resolve(F_GOOD)};
    long result;

    if (!source)
        source = page_alloc();
    source[5] = 55;
    op.arg2.src_mfn = mfn_of(source);
    result = hypercall_mmuext_op(&op, 1, NULL, DOMID_SELF);
    note(" %lu", ((volatile uint64_t *)resolve(GOOD))[5]);
    return result;
}
static long ext_batch(void)
{
    struct mmuext_op ops[3] = {{.cmd = MMUEXT_TLB_FLUSH_LOCAL}, {.cmd = 99}, {.cmd = MMUEXT_TLB_FLUSH_LOCAL}};
    unsigned int done = 77;
    long result = hypercall_mmuext_op(ops, 3, &done, DOMID_SELF);

    note(" done %u", done);
    return result;
}
static long ldt(void)
{
    static uint64_t *table;
    struct mmuext_op op = {.cmd = MMUEXT_SET_LDT};
    long result;

    if (!table)
        table = page_alloc_readonly();
    op.arg1.linear_addr = (unsigned long)table;
    op.arg2.nr_ents = 16;
    result = hypercall_mmuext_op(&op, 1, NULL, DOMID_SELF);
    op.arg2.nr_ents = 0;
    note_value("none", hypercall_mmuext_op(&op, 1, NULL, DOMID_SELF));
    return result;
}

const struct row rows_mmu[] = {
    UPDATE("nothing", M_SLOT, 0),
    UPDATE("writable", M_SLOT, PTE(RW)),
    UPDATE("read-only", M_SLOT, PTE(RO_)),
    UPDATE("no-execute", M_SLOT, PTE(RW) | NX),
    UPDATE("kernel-only", M_SLOT, PTE(P | PTE_WRITE)),
    UPDATE("not-accessed", M_SLOT, PTE(P | PTE_USER)),
    UPDATE("global", M_SLOT, PTE(RW | GLOBAL)),
    UPDATE("available-bits", M_SLOT, PTE(RW | 0xe00)),
    UPDATE("write-through", M_SLOT, PTE(RW | PTE_PWT)),
    UPDATE("uncached", M_SLOT, PTE(RW | PTE_PCD)),
    UPDATE("pat", M_SLOT, PTE(RW | PTE_LARGE)),
    UPDATE("bit-52", M_SLOT, 1ul << 52),
    UPDATE("not-present-any-bits", M_SLOT, 0xfff0fffffffffffeul),
    UPDATE("not-present-frame", M_SLOT, FRAME(F_NONE)),
    UPDATE("no-frame", M_SLOT, FRAME(F_NONE) | RW),
    UPDATE("no-frame-read-only", M_SLOT, FRAME(F_NONE) | RO_),
    UPDATE("huge-frame", M_SLOT, REGION | RW),
    UPDATE("bits-52-to-58", M_SLOT, 1ul << 52 | P),
    UPDATE("high-bits", M_SLOT, M_GOOD + RW + (1ul << 58)),
    UPDATE("key-bits", M_SLOT, 1ul << 59 | P),
    UPDATE("foreign-frame", M_SLOT, FRAME(F_FOREIGN) | RW),
    UPDATE("device-frame", M_SLOT, FRAME(F_DEVICE) | RW),
    UPDATE("device-frame-read-only", M_SLOT, FRAME(F_DEVICE) | RO_),
    UPDATE("device-frame-uncached", M_SLOT, FRAME(F_DEVICE) | RW | PTE_PCD),
    UPDATE_FOR("device-frame-as-io", DOMID_IO, M_SLOT, FRAME(F_DEVICE) | RW),
    UPDATE_FOR("good-frame-as-io", DOMID_IO, M_SLOT, PTE(RW)),
    UPDATE_FOR("foreign-frame-as-io", DOMID_IO, M_SLOT, FRAME(F_FOREIGN) | RW),
    UPDATE_FOR("good-frame-as-xen", DOMID_XEN, M_SLOT, PTE(RW)),
    UPDATE_FOR("good-frame-as-nobody", NOBODY, M_SLOT, PTE(RW)),
    UPDATE_FOR("good-frame-as-0", 0, M_SLOT, PTE(RW)),
    UPDATE_FOR("table-of-nobody", (NOBODY + 1ul) << 16 | DOMID_SELF, M_SLOT, PTE(RW)),
    UPDATE_FOR("table-of-0", 1ul << 16 | DOMID_SELF, M_SLOT, PTE(RW)),
    UPDATE_FOR("table-of-self", (DOMID_SELF + 1ul) << 16 | DOMID_SELF, M_SLOT, PTE(RW)),
    UPDATE("shared-info", M_SLOT, M_SHARED | RW),
    UPDATE("l1-writable", M_SLOT, M_L1 | RW),
    UPDATE("l1-read-only", M_SLOT, M_L1 | RO_),
    UPDATE("root-writable", M_SLOT, M_ROOT | RW),
    UPDATE("root-read-only", M_SLOT, M_ROOT | RO_),
    UPDATE("spare-writable", M_SLOT, M_SPARE | RW),
    UPDATE("into-data", M_GOOD, PTE(RW)),
    UPDATE("into-data-0", M_GOOD, 0),
    UPDATE("into-untyped", M_SPARE, PTE(RW)),
    UPDATE("into-no-frame", FRAME(F_NONE), PTE(RW)),
    UPDATE("into-huge-frame", REGION, PTE(RW)),
    UPDATE("into-foreign", FRAME(F_FOREIGN), PTE(RW)),
    UPDATE("into-shared-info", M_SHARED, 0),
    UPDATE("into-device", FRAME(F_DEVICE), 0),
    UPDATE("crooked-place", M_SLOT + 4, PTE(RW)),
    UPDATE("l2-data", M_SLOT2, PTE(RW)),
    UPDATE("l2-large", M_SLOT2, PTE(RW | PTE_LARGE)),
    UPDATE("l2-live-l1", M_SLOT2, M_L1 | RW),
    UPDATE("l2-l2", M_SLOT2, M_L2 | RW),
    UPDATE("l2-l3", M_SLOT2, M_L3 | RW),
    UPDATE("l2-no-frame", M_SLOT2, FRAME(F_NONE) | RW),
    UPDATE("l2-not-present", M_SLOT2, 0xff0),
    UPDATE("l2-nothing", M_SLOT2, 0),
    UPDATE("l2-global", M_SLOT2, M_L1 | RW | GLOBAL),
    UPDATE("l2-high-bits", M_SLOT2, M_L1 | RW | 1ul << 58),
    UPDATE("l2-write-through", M_SLOT2, M_L1 | RW | PTE_PWT),
    UPDATE("l2-nothing-again", M_SLOT2, 0),
    UPDATE("l3-l1", M_SLOT3, M_L1 | RW),
    UPDATE("l3-data", M_SLOT3, PTE(RW)),
    UPDATE("l3-large", M_SLOT3, PTE(RW | PTE_LARGE)),
    UPDATE("l3-live-l2", M_SLOT3, M_L2 | RW),
    UPDATE("l3-nothing", M_SLOT3, 0),
    UPDATE("l4-l1", M_SLOT4, M_L1 | RW),
    UPDATE("l4-l2", M_SLOT4, M_L2 | RW),
    UPDATE("l4-large", M_SLOT4, M_L3 | RW | PTE_LARGE),
    UPDATE("l4-global", M_SLOT4, M_L3 | RW | GLOBAL),
    UPDATE("l4-live-l3", M_SLOT4, M_L3 | RW),
    UPDATE("l4-nothing", M_SLOT4, 0),
    UPDATE("l4-self", M_SLOT4, M_ROOT | RO_),
    UPDATE("l4-self-writable", M_SLOT4, M_ROOT | RW),
    UPDATE("l4-nothing-again", M_SLOT4, 0),
    UPDATE("l4-hypervisor-slot", M_ROOT + 256 * 8, M_L3 | RW),
    UPDATE("l4-hypervisor-slot-nothing", M_ROOT + 256 * 8, 0),
    UPDATE("l4-hypervisor-slot-last", M_ROOT + 271 * 8, M_L3 | RW),
    UPDATE("command-3", M_SLOT + 3, PTE(RW)),
    UPDATE("machphys-no-frame", FRAME(F_NONE) + 1, 5),
    UPDATE("machphys-foreign", FRAME(F_FOREIGN) + 1, 5),
    RUN("mmu/machphys-own", machphys_own),
    RUN("mmu/preserve", preserve),
    RUN("mmu/preserve-none", preserve_none),
    RUN("mmu/preserve-frame", preserve_frame),
    RUN("mmu/batch-good", batch_good),
    RUN("mmu/batch-second-wrong", batch_second_wrong),
    RUN("mmu/batch-none", batch_none),
    RUN("mmu/batch-done-unmapped", batch_done_unmapped),
    RUN("mmu/batch-done-hypervisor", batch_done_hypervisor),
    RUN("mmu/batch-done-read-only", batch_done_read_only),
    RUN("mmu/batch-preempted-count", batch_preempted_count),
    CALL("mmu/batch-null", mmu_update, 0, 1, 0, DOMID_SELF),
    CALL("mmu/batch-hypervisor", mmu_update, HV, 1, 0, DOMID_SELF),
    CALL("mmu/batch-crooked", mmu_update, CROOKED, 1, 0, DOMID_SELF),
    CALL("mmu/batch-edge", mmu_update, EDGE, 1, 0, DOMID_SELF),
    CALL("mmu/batch-none-crooked", mmu_update, CROOKED, 0, 0, DOMID_SELF),
    CALL("mmu/batch-none-nobody", mmu_update, GOOD, 0, 0, NOBODY),
    CALL("mmu/batch-many-unmapped", mmu_update, NONE_, 0x7fffffff, 0, DOMID_SELF),
    CALL("mmu/count-upper-half", mmu_update, GOOD, 0x100000000ul, 0, DOMID_SELF),
    RUN("mmu/pin-l1", pin_l1),
    RUN("mmu/pin-l2", pin_l2),
    RUN("mmu/pin-l3", pin_l3),
    RUN("mmu/pin-l4", pin_l4),
    RUN("mmu/pin-two-levels", pin_two_levels),
    RUN("mmu/pin-l1-good", pin_l1_good),
    RUN("mmu/pin-l1-no-frame", pin_l1_no_frame),
    RUN("mmu/pin-l1-not-present", pin_l1_not_present),
    RUN("mmu/pin-l1-table-writable", pin_l1_table_writable),
    RUN("mmu/pin-l1-table-read-only", pin_l1_table_read_only),
    RUN("mmu/pin-l1-global", pin_l1_global),
    RUN("mmu/pin-l1-pat", pin_l1_pat),
    RUN("mmu/pin-l1-pcd", pin_l1_pcd),
    RUN("mmu/pin-l1-available", pin_l1_available),
    RUN("mmu/pin-l2-large", pin_l2_large),
    RUN("mmu/pin-l2-data", pin_l2_data),
    RUN("mmu/pin-l2-table", pin_l2_table),
    RUN("mmu/pin-l2-l2", pin_l2_l2),
    RUN("mmu/pin-l2-kernel-only", pin_l2_kernel_only),
    RUN("mmu/pin-l3-large", pin_l3_large),
    RUN("mmu/pin-l3-l1", pin_l3_l1),
    RUN("mmu/pin-l4-l2", pin_l4_l2),
    RUN("mmu/pin-l4-global", pin_l4_global),
    ROWS_END,
};

const struct row rows_mmuext[] = {
    EXT("pin-data", PIN_L1_TABLE, F_GOOD, 0),
    EXT("pin-no-frame", PIN_L1_TABLE, F_NONE, 0),
    EXT("pin-huge-frame", PIN_L1_TABLE, F_HUGE, 0),
    EXT("pin-foreign", PIN_L1_TABLE, F_FOREIGN, 0),
    EXT("pin-shared", PIN_L1_TABLE, F_SHARED, 0),
    EXT("pin-device", PIN_L1_TABLE, F_DEVICE, 0),
    EXT("pin-l1-as-l2", PIN_L2_TABLE, F_L1, 0),
    EXT("pin-l3-as-l4", PIN_L4_TABLE, F_L3, 0),
    EXT("pin-root", PIN_L4_TABLE, F_ROOT, 0),
    EXT_FOR("pin-nobody", NOBODY, PIN_L1_TABLE, F_SPARE, 0),
    EXT_FOR("pin-dom-xen", DOMID_XEN, PIN_L1_TABLE, F_SPARE, 0),
    EXT_FOR("pin-dom-io", DOMID_IO, PIN_L1_TABLE, F_SPARE, 0),
    EXT("unpin-live", UNPIN_TABLE, F_L1, 0),
    EXT("unpin-data", UNPIN_TABLE, F_GOOD, 0),
    EXT("unpin-no-frame", UNPIN_TABLE, F_NONE, 0),
    EXT("unpin-foreign", UNPIN_TABLE, F_FOREIGN, 0),
    RUN("mmuext/base-same", base_same),
    EXT("base-data", NEW_BASEPTR, F_GOOD, 0),
    EXT("base-l1", NEW_BASEPTR, F_L1, 0),
    EXT("base-no-frame", NEW_BASEPTR, F_NONE, 0),
    EXT("base-0", NEW_BASEPTR, 0, 0),
    EXT("base-foreign", NEW_BASEPTR, F_FOREIGN, 0),
    RUN("mmuext/user-base-none", user_base_none),
    EXT("user-base-data", NEW_USER_BASEPTR, F_GOOD, 0),
    EXT("user-base-l3", NEW_USER_BASEPTR, F_L3, 0),
    EXT("user-base-no-frame", NEW_USER_BASEPTR, F_NONE, 0),
    EXT("flush-local", TLB_FLUSH_LOCAL, 0, 0),
    EXT("flush-all", TLB_FLUSH_ALL, 0, 0),
    EXT("flush-multi", TLB_FLUSH_MULTI, 0, GOOD),
    EXT("flush-multi-null", TLB_FLUSH_MULTI, 0, 0),
    EXT("flush-multi-unmapped", TLB_FLUSH_MULTI, 0, NONE_),
    EXT("flush-multi-hypervisor", TLB_FLUSH_MULTI, 0, HV),
    EXT("invlpg-local", INVLPG_LOCAL, GOOD, 0),
    EXT("invlpg-local-hypervisor", INVLPG_LOCAL, HV, 0),
    EXT("invlpg-local-crooked", INVLPG_LOCAL, CROOKED, 0),
    EXT("invlpg-all-hypervisor", INVLPG_ALL, HV, 0),
    EXT("invlpg-all-crooked", INVLPG_ALL, CROOKED, 0),
    EXT("invlpg-multi", INVLPG_MULTI, GOOD, GOOD),
    EXT("invlpg-multi-null", INVLPG_MULTI, GOOD, 0),
    EXT("cache-flush", FLUSH_CACHE, 0, 0),
    EXT("cache-flush-global", FLUSH_CACHE_GLOBAL, 0, 0),
    RUN("mmuext/ldt", ldt),
    EXT("ldt-hypervisor", SET_LDT, HV, 16),
    EXT("ldt-hypervisor-none", SET_LDT, HV, 0),
    EXT("ldt-crooked", SET_LDT, CROOKED, 16),
    EXT("ldt-not-aligned", SET_LDT, GOOD + 8, 16),
    EXT("ldt-many", SET_LDT, GOOD, 8193),
    EXT("ldt-end", SET_LDT, 0, 0),
    RUN("mmuext/clear", clear),
    EXT("clear-table", CLEAR_PAGE, F_L1, 0),
    EXT("clear-no-frame", CLEAR_PAGE, F_NONE, 0),
    EXT("clear-foreign", CLEAR_PAGE, F_FOREIGN, 0),
    EXT("clear-untyped", CLEAR_PAGE, F_SPARE, 0),
    RUN("mmuext/copy", copy),
    EXT("copy-to-table", COPY_PAGE, F_L1, F_GOOD),
    EXT("copy-from-table", COPY_PAGE, F_GOOD, F_L1),
    EXT("copy-from-no-frame", COPY_PAGE, F_GOOD, F_NONE),
    EXT("copy-from-foreign", COPY_PAGE, F_GOOD, F_FOREIGN),
    EXT("mark-super", MARK_SUPER, F_GOOD, 0),
    EXT("mark-super-aligned", MARK_SUPER, 0x200, 0),
    EXT("unmark-super", UNMARK_SUPER, F_GOOD, 0),
    WITH("mmuext/command-14", mmuext_op, ((uint64_t[3]){14}), IN, 1, 0, DOMID_SELF),
    WITH("mmuext/command-21", mmuext_op, ((uint64_t[3]){21}), IN, 1, 0, DOMID_SELF),
    WITH("mmuext/command-highest", mmuext_op, ((uint64_t[3]){0xffffffffu}), IN, 1, 0, DOMID_SELF),
    EXT_FOR("flush-local-nobody", NOBODY, TLB_FLUSH_LOCAL, 0, 0),
    EXT_FOR("flush-local-dom-xen", DOMID_XEN, TLB_FLUSH_LOCAL, 0, 0),
    RUN("mmuext/batch", ext_batch),
    CALL("mmuext/batch-null", mmuext_op, 0, 1, 0, DOMID_SELF),
    CALL("mmuext/batch-none-crooked", mmuext_op, CROOKED, 0, 0, DOMID_SELF),
    CALL("mmuext/batch-hypervisor", mmuext_op, HV, 1, 0, DOMID_SELF),
    ROWS_END,
};

/* ---- update_va_mapping ---- */

#define VA(name, address, entry, flags) CALL("va/" name, update_va_mapping, address, entry, flags)

const struct row rows_va[] = {
    VA("good", SLOT, PTE(RW), 0),
    VA("good-invlpg", SLOT, PTE(RW), UVMF_INVLPG),
    VA("good-flush", SLOT, PTE(RW), UVMF_TLB_FLUSH),
    VA("good-flush-all", SLOT, PTE(RW), UVMF_TLB_FLUSH | UVMF_ALL),
    VA("flush-type-3", SLOT, PTE(RW), 3),
    VA("flags-mask-null", SLOT, PTE(RW), UVMF_INVLPG | UVMF_MULTI),
    VA("flags-mask-unmapped", SLOT, PTE(RW), NONE_ + (UVMF_INVLPG | UVMF_MULTI)),
    VA("flags-mask-hypervisor", SLOT, PTE(RW), HV | UVMF_INVLPG | UVMF_MULTI),
    VA("flags-mask-good", SLOT, PTE(RW), GOOD + (UVMF_INVLPG | UVMF_MULTI)),
    VA("nothing", SLOT, 0, 0),
    VA("not-aligned", SLOT + 8, PTE(RW), 0),
    VA("no-table", 0x5000000000ul, PTE(RW), 0),
    VA("no-table-nothing", 0x5000000000ul, 0, 0),
    VA("null", 0, PTE(RW), 0),
    VA("hypervisor", HV, PTE(RW), 0),
    VA("hypervisor-nothing", HV, 0, 0),
    VA("machphys", MACH2PHYS_VIRT_START, PTE(RW), 0),
    VA("crooked", CROOKED, PTE(RW), 0),
    VA("no-frame", SLOT, FRAME(F_NONE) | RW, 0),
    VA("foreign", SLOT, FRAME(F_FOREIGN) | RW, 0),
    VA("table-writable", SLOT, M_L1 | RW, 0),
    VA("table-read-only", SLOT, M_L1 | RO_, 0),
    VA("pat", SLOT, PTE(RW | PTE_LARGE), 0),
    VA("global", SLOT, PTE(RW | GLOBAL), 0),
    CALL("va/other-nobody", update_va_mapping_otherdomain, SLOT, PTE(RW), 0, NOBODY),
    CALL("va/other-self", update_va_mapping_otherdomain, SLOT, PTE(RW), 0, DOMID_SELF),
    CALL("va/other-xen", update_va_mapping_otherdomain, SLOT, PTE(RW), 0, DOMID_XEN),
    CALL("va/other-io-good", update_va_mapping_otherdomain, SLOT, PTE(RW), 0, DOMID_IO),
    CALL("va/other-io-device", update_va_mapping_otherdomain, SLOT, FRAME(F_DEVICE) | RW, 0, DOMID_IO),
    ROWS_END,
};
