/* SPDX-License-Identifier: MIT */
/*
 * Segment descriptors of guests. Gates and system descriptors are what must never get into a table that the CPU
 * reads: a frame of descriptors is checked whole when it becomes one (memory/frame.h holds it so), and each
 * later change comes through descriptor_update().
 */
#include "pv/descriptor.h"

#include "cpu/asm.h"
#include "cpu/descriptor.h"
#include "domain/domain.h"
#include "memory/frame.h"
#include "memory/guest_copy.h"
#include "memory/pagetable.h"

#define DESCRIPTOR_PRESENT (1ull << 47)
#define DESCRIPTOR_SEGMENT (1ull << 44) /* code or data, not a system descriptor or a gate */
#define DESCRIPTOR_DPL (3ull << 45)

#define PER_PAGE 512u
#define GDT_PAGES FIRST_RESERVED_GDT_PAGE
#define LDT_PAGES 16u
#define LDT_MAX_ENTRIES (LDT_PAGES * PER_PAGE)
/* Ring 0's mapping: writable, for the CPU sets accessed bits. */
#define WINDOW_PTE (PTE_P | PTE_RW | PTE_A | PTE_D | PTE_NX)
#define ZERO_PTE (PTE_P | PTE_A | PTE_NX)

/* Where a guest's GDT has no page: null descriptors, so that a selector faults as it would on a short GDT. */
static const u8 zero_page[PAGE_SIZE] __aligned(4096);

bool descriptor_ok(u64 descriptor)
{
    return !(descriptor & DESCRIPTOR_PRESENT) || (descriptor & DESCRIPTOR_SEGMENT);
}

u64 descriptor_adjust(u64 descriptor)
{
    return (descriptor & DESCRIPTOR_PRESENT) ? descriptor | DESCRIPTOR_DPL : descriptor;
}

bool descriptor_page_ok(u64 *page)
{
    for (u32 i = 0; i < PER_PAGE; i++)
        if (!descriptor_ok(page[i]))
            return false;
    for (u32 i = 0; i < PER_PAGE; i++)
        page[i] = descriptor_adjust(page[i]);
    return true;
}

/* Bounces enter the flat kernel code segment whatever a trap table says; here only nonsense is refused. */
bool selector_guest_code_ok(u16 selector)
{
    return (selector & 4) || selector >> 3 < FIRST_RESERVED_GDT_ENTRY ||
           (selector | 3) == FLAT_KERNEL_CS64 || (selector | 3) == FLAT_KERNEL_CS32;
}

static void window_set(u32 page, u64 pte)
{
    u64 *slot = &this_cpu()->window_l1[page];

    if (*slot == pte)
        return;
    *slot = pte;
    invlpg(cpu_window(this_cpu()->id) + page * PAGE_SIZE);
}

static void load_gdt(const struct vcpu *v)
{
    u32 used = (v->pv.gdt_entries + PER_PAGE - 1) / PER_PAGE;

    for (u32 i = 0; i < GDT_PAGES; i++)
        window_set(i, i < used ? mfn_to_maddr(v->pv.gdt_frame[i]) | WINDOW_PTE
                               : image_to_maddr(zero_page) | ZERO_PTE);
}

void descriptor_load_window(struct vcpu *v)
{
    load_gdt(v);
    for (u64 left = v->pv.ldt_mapped; left; left &= left - 1) {
        u32 page = (u32)__builtin_ctzll(left);

        window_set(LDT_PAGES + page, mfn_to_maddr(v->pv.ldt_frame[page]) | WINDOW_PTE);
    }
    descriptor_set_ldt_register(this_cpu(), v->pv.ldt_entries);
}

void descriptor_unload_window(struct vcpu *v)
{
    for (u64 left = v->pv.ldt_mapped; left; left &= left - 1)
        window_set(LDT_PAGES + (u32)__builtin_ctzll(left), 0);
}

int descriptor_set_gdt(struct vcpu *v, const u64 *frames, u32 entries)
{
    u32 pages = (entries + PER_PAGE - 1) / PER_PAGE;

    if (entries > FIRST_RESERVED_GDT_ENTRY)
        return -EINVAL;
    for (u32 i = 0; i < pages; i++) {
        if (!frame_get_descriptors(mfn(frames[i]), v->domain))
            continue;
        while (i--)
            frame_put_descriptors(mfn(frames[i]));
        return -EINVAL;
    }
    descriptor_drop_gdt(v);
    for (u32 i = 0; i < pages; i++)
        v->pv.gdt_frame[i] = mfn(frames[i]);
    v->pv.gdt_entries = entries;
    if (v == current_vcpu())
        load_gdt(v);
    return 0;
}

void descriptor_drop_gdt(struct vcpu *v)
{
    u32 pages = (v->pv.gdt_entries + PER_PAGE - 1) / PER_PAGE;

    v->pv.gdt_entries = 0;
    if (v == current_vcpu())
        load_gdt(v);
    for (u32 i = 0; i < pages; i++)
        frame_put_descriptors(v->pv.gdt_frame[i]);
}

int descriptor_set_ldt(struct vcpu *v, u64 base, u32 entries)
{
    if (entries > LDT_MAX_ENTRIES || (entries && ((base & ~PAGE_MASK) || !guest_range_ok(base, entries * 8ull))))
        return -EINVAL;
    descriptor_drop_ldt(v);
    v->pv.ldt_base = base;
    v->pv.ldt_entries = entries;
    if (v == current_vcpu())
        descriptor_set_ldt_register(this_cpu(), entries);
    return 0;
}

void descriptor_drop_ldt(struct vcpu *v)
{
    u64 mapped = v->pv.ldt_mapped;

    if (v == current_vcpu())
        descriptor_unload_window(v);
    v->pv.ldt_mapped = 0;
    v->pv.ldt_entries = 0;
    for (; mapped; mapped &= mapped - 1)
        frame_put_descriptors(v->pv.ldt_frame[__builtin_ctzll(mapped)]);
}

bool descriptor_ldt_fault(struct vcpu *v, u64 offset)
{
    u32 page = (u32)(offset >> PAGE_SHIFT);
    u64 flags;
    mfn_t m;

    if (page * PER_PAGE >= v->pv.ldt_entries || (v->pv.ldt_mapped >> page & 1))
        return false;
    m = pt_translate(v, v->pv.ldt_base + page * PAGE_SIZE, false, &flags);
    if (mfn_eq(m, INVALID_MFN) || frame_get_descriptors(m, v->domain))
        return false;
    v->pv.ldt_frame[page] = m;
    v->pv.ldt_mapped |= 1ull << page;
    window_set(LDT_PAGES + page, mfn_to_maddr(m) | WINDOW_PTE);
    return true;
}

int descriptor_update(struct vcpu *v, maddr_t slot, u64 value)
{
    mfn_t m = maddr_to_mfn(slot);
    bool writable;

    if ((slot & 7) || !descriptor_ok(value))
        return -EINVAL;
    writable = !frame_get_writable(m, v->domain);
    if (!writable && frame_get_descriptors(m, v->domain))
        return -EINVAL;
    *(volatile u64 *)maddr_to_virt(slot) = descriptor_adjust(value);
    if (writable)
        frame_put_writable(m);
    else
        frame_put_descriptors(m);
    return 0;
}
