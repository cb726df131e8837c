/* SPDX-License-Identifier: MIT */
/*
 * Rows of page tables. A spare L1 table under the kernel's own tables is what entries are written
 * in; pinned and unpinned are tables of their own: an L1 with and without entries, an L4 with and
 * without a full L1 below it.
 */
#include <public/memory.h>

#include "bench.h"

#define WINDOW 0x8030000000UL /* the spare L1 maps from here on */

static uint64_t *spare_l1;
static uint64_t entry_rw, entry_ro;
static struct mmu_update one, batch[32];
static struct mmuext_op op;
static unsigned long roots[2], root_at;
static unsigned long l1_empty, l1_full, l4_empty, l4_full, spare_frame;
static struct xen_memory_reservation reservation = {.nr_extents = 1, .domid = DOMID_SELF};
static xen_pfn_t extent, spare_pfn;

static void update_to(uint64_t value)
{
    one.ptr = maddr_of(&spare_l1[0]);
    one.val = value;
}

static void update(void)
{
    hypercall_mmu_update(&one, 1, NULL, DOMID_SELF);
}
static void update_batch(void)
{
    hypercall_mmu_update(batch, 32, NULL, DOMID_SELF);
}

static void set_rw(void)
{
    update_to(entry_rw);
    update();
}

static void set_none(void)
{
    update_to(0);
    update();
}

static void prepare_unmap(void)
{
    set_rw();
    update_to(0);
}

static void prepare_map(void)
{
    set_none();
    update_to(entry_rw);
}

static void prepare_ro(void)
{
    set_rw();
    update_to(entry_ro);
}

static void va_unmap(void)
{
    hypercall_update_va_mapping(WINDOW, 0, UVMF_INVLPG);
}
static void va_map(void)
{
    hypercall_update_va_mapping(WINDOW, entry_rw, UVMF_INVLPG);
}
static void store_none(void)
{
    *(volatile uint64_t *)&spare_l1[0] = 0;
}
static void store_rw(void)
{
    *(volatile uint64_t *)&spare_l1[0] = entry_rw;
}
static void ext(void)
{
    hypercall_mmuext_op(&op, 1, NULL, DOMID_SELF);
}

static void ext_to(unsigned int command, unsigned long mfn)
{
    op.cmd = command;
    op.arg1.mfn = mfn;
}

static void ext_now(unsigned int command, unsigned long mfn)
{
    ext_to(command, mfn);
    ext();
}

static void prepare_flush(void)
{
    ext_to(MMUEXT_TLB_FLUSH_LOCAL, 0);
}
static void prepare_invlpg(void)
{
    ext_to(MMUEXT_INVLPG_LOCAL, WINDOW);
}
static void prepare_clear(void)
{
    ext_to(MMUEXT_CLEAR_PAGE, spare_frame);
}

static void prepare_root(void)
{
    root_at ^= 1;
    ext_to(MMUEXT_NEW_BASEPTR, roots[root_at]);
}

#define PIN_ROW(table, command)             \
    static void prepare_pin_##table(void)   \
    {                                       \
        ext_to(command, table);             \
    }                                       \
    static void pinned_##table(void)        \
    {                                       \
        ext_now(command, table);            \
    }                                       \
    static void prepare_unpin_##table(void) \
    {                                       \
        pinned_##table();                   \
        ext_to(MMUEXT_UNPIN_TABLE, table);  \
    }                                       \
    static void unpin_##table(void)         \
    {                                       \
        ext_now(MMUEXT_UNPIN_TABLE, table); \
    }
PIN_ROW(l1_empty, MMUEXT_PIN_L1_TABLE)
PIN_ROW(l1_full, MMUEXT_PIN_L1_TABLE)
PIN_ROW(l4_empty, MMUEXT_PIN_L4_TABLE)
PIN_ROW(l4_full, MMUEXT_PIN_L4_TABLE)

#define PIN_ROWS(suffix, table)                                                    \
    {.name = "pin_" suffix,                                                        \
     .before = prepare_pin_##table,                                                \
     .operation = ext,                                                             \
     .after = unpin_##table},                                                      \
    {                                                                              \
        .name = "unpin_" suffix, .before = prepare_unpin_##table, .operation = ext \
    }

static void give_frame(void)
{
    extent = spare_frame;
    hypercall_memory_op(XENMEM_decrease_reservation, &reservation);
}

static void take_frame(void)
{
    extent = spare_pfn;
    hypercall_memory_op(XENMEM_populate_physmap, &reservation);
    spare_frame = extent;
}

static const struct bench_row rows[] = {
    {.name = "mmu_update_unmap", .before = prepare_unmap, .operation = update},
    {.name = "mmu_update_map", .before = prepare_map, .operation = update},
    {.name = "mmu_update_rw_to_ro", .before = prepare_ro, .operation = update},
    {.name = "mmu_update_batch32", .operation = update_batch},
    {.name = "update_va_mapping_unmap", .before = set_rw, .operation = va_unmap},
    {.name = "update_va_mapping_map", .before = set_none, .operation = va_map},
    {.name = "ptwr_unmap", .before = set_rw, .operation = store_none},
    {.name = "ptwr_map", .before = set_none, .operation = store_rw},
    {.name = "tlb_flush_local", .before = prepare_flush, .operation = ext},
    {.name = "invlpg_local", .before = prepare_invlpg, .operation = ext},
    PIN_ROWS("l1_empty", l1_empty),
    PIN_ROWS("l1_full", l1_full),
    PIN_ROWS("l4_empty", l4_empty),
    PIN_ROWS("l4_full_l1", l4_full),
    {.name = "new_baseptr", .before = prepare_root, .operation = ext},
    {.name = NULL},
};

static const struct bench_row frame_rows[] = {
    {.name = "clear_page", .before = prepare_clear, .operation = ext},
    {.name = "decrease_reservation", .operation = give_frame, .after = take_frame},
    {.name = "populate_physmap", .before = give_frame, .operation = take_frame},
    {.name = NULL},
};

/* A page that no longer has a writable mapping, so that it can become a page table. */
static uint64_t *table_from(uint64_t *table)
{
    page_protect(table, PTE_RO);
    return table;
}

static uint64_t *full_l1(void)
{
    uint64_t *l1 = page_alloc();

    for (unsigned int i = 0; i < 512; i++)
        l1[i] = pte_make(mfn_of(page_alloc()), PTE_RW);
    return table_from(l1);
}

static void make_window(void)
{
    uint64_t *l2 = page_alloc(), *l3 = page_alloc();

    spare_l1 = table_from(page_alloc());
    l2[(WINDOW >> 21) & 511] = pte_make(mfn_of(spare_l1), PTE_TABLE);
    l3[(WINDOW >> 30) & 511] = pte_make(mfn_of(table_from(l2)), PTE_TABLE);
    NEED(pt_write(pt_entry((void *)WINDOW, 4), pte_make(mfn_of(table_from(l3)), PTE_TABLE)));
}

static void make_tables(void)
{
    uint64_t *root = page_alloc(), *l4 = page_alloc(), *l3 = page_alloc(), *l2 = page_alloc();
    const uint64_t *current = (const uint64_t *)start_info->pt_base;
    const uint64_t *shared = full_l1();

    for (unsigned int i = 0; i < 512; i++)
        root[i] = i < 256 || i >= 272 ? current[i] : 0;
    roots[0] = mfn_of(current);
    roots[1] = mfn_of(table_from(root));
    NEED(mmuext(MMUEXT_PIN_L4_TABLE, roots[1]));

    l2[0] = pte_make(mfn_of(shared), PTE_TABLE);
    l3[0] = pte_make(mfn_of(table_from(l2)), PTE_TABLE);
    l4[0] = pte_make(mfn_of(table_from(l3)), PTE_TABLE);
    l4_full = mfn_of(table_from(l4));
    l4_empty = mfn_of(table_from(page_alloc()));
    l1_empty = mfn_of(table_from(page_alloc()));
    l1_full = mfn_of(full_l1());
}

void bench_memory(void)
{
    uint8_t *data = page_alloc(), *spare = page_alloc();

    entry_rw = pte_make(mfn_of(data), PTE_RW);
    entry_ro = pte_make(mfn_of(data), PTE_RO);
    make_window();
    make_tables();
    for (unsigned int i = 0; i < 32; i++) {
        batch[i].ptr = maddr_of(&spare_l1[i / 2 + 8]);
        batch[i].val = i % 2 ? entry_rw : 0;
    }
    update_batch();
    bench_run(rows);

    spare_frame = mfn_of(spare);
    spare_pfn = ((uintptr_t)spare - GUEST_VIRT_BASE) / PAGE_SIZE;
    NEED(hypercall_update_va_mapping(spare, 0, UVMF_INVLPG | UVMF_ALL));
    set_xen_guest_handle(reservation.extent_start, &extent);
    bench_run(frame_rows);
}
