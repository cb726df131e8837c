/* SPDX-License-Identifier: MIT */
/*
 * The permanent address space of ring 0, built once at boot from the memory map:
 *   1. RAM less what is in use (image, modules, the first MiB) becomes a list of free spans
 *   2. new tables: direct map, image with the permissions of its parts; from memory below 4 GiB, which is
 *      all that the boot tables map
 *   3. the switch to them
 *   4. frame records and m2p for each GiB that holds RAM, from any memory
 *   5. what is left of the spans goes to the allocator
 * It must never give away a page that a module or ring 0 uses, and never map RAM that is not there.
 */
#include "memory/map.h"

#include "boot/boot.h"
#include "cpu/asm.h"
#include "cpu/features.h"
#include "cpu/percpu.h"
#include "lib/print.h"
#include "lib/string.h"
#include "memory/alloc.h"
#include "memory/frame.h"
#include "memory/layout.h"
#include "memory/pagetable.h"

#define LOAD_ADDRESS 0x200000ull
#define SHIFT_2M 21
#define SHIFT_1G 30
#define FRAMES_2M 512ull
#define FRAMES_1G (FRAMES_2M * 512)
#define FRAMES_1M 256ull
#define BOOT_LIMIT (1ull << (32 - PAGE_SHIFT)) /* what the boot tables map */
#define MAX_SPANS 192
#define TABLE (PTE_P | PTE_RW | PTE_A | PTE_D)
#define DATA (PTE_P | PTE_RW | PTE_A | PTE_D | PTE_NX)
#define RAM_TYPE 1

extern const u8 image_text_start[], image_rodata_start[], image_data_start[], image_end[];

struct span {
    u64 from, to; /* frame numbers */
};

u64 *idle_l4;
maddr_t idle_cr3;
static struct span ram[ARRAY_SIZE(boot_info.map)] __initdata;
static u32 ram_count __initdata;
static struct span spans[MAX_SPANS] __initdata;
static u32 span_count __initdata;
static u64 pool_limit = BOOT_LIMIT;
static struct span small;
static u64 kept_frames;
static bool booted;

maddr_t image_to_maddr(const void *p)
{
    return (u64)p - IMAGE_START + LOAD_ADDRESS;
}

static void __init span_add(u64 from, u64 to)
{
    if (from >= to || span_count == MAX_SPANS)
        return; /* a map this torn: lose a piece rather than stop */
    spans[span_count++] = (struct span){from, to};
}

static void __init spans_remove(u64 from, u64 to)
{
    for (u32 i = 0; i < span_count; i++) {
        struct span s = spans[i];

        if (s.to <= from || s.from >= to)
            continue;
        spans[i].to = MAX(s.from, MIN(s.to, from));
        span_add(MAX(to, s.from), s.to);
    }
}

/* Step 1. */
static void __init find_ram(void)
{
    for (u32 i = 0; i < boot_info.map_count; i++) {
        const struct boot_range *r = &boot_info.map[i];
        u64 end = MIN(r->start + r->size, boot_options.mem_limit);
        struct span s = {ROUND_UP(r->start, PAGE_SIZE) >> PAGE_SHIFT, end >> PAGE_SHIFT};

        s.to = MIN(s.to, (DIRECT_MAP_END - DIRECT_MAP_START) >> PAGE_SHIFT);
        if (r->type != RAM_TYPE || s.from >= s.to)
            continue;
        ram[ram_count++] = s;
        span_add(s.from, s.to);
    }
    for (u32 i = 0; i < boot_info.map_count; i++) {
        const struct boot_range *r = &boot_info.map[i];

        if (r->type != RAM_TYPE)
            spans_remove(r->start >> PAGE_SHIFT,
                         ROUND_UP(r->start + r->size, PAGE_SIZE) >> PAGE_SHIFT);
    }
    spans_remove(0, FRAMES_1M);
    spans_remove(LOAD_ADDRESS >> PAGE_SHIFT,
                 (image_to_maddr(image_end) + PAGE_SIZE - 1) >> PAGE_SHIFT);
    for (u32 i = 0; i < boot_info.module_count; i++)
        spans_remove(boot_info.module[i].start >> PAGE_SHIFT,
                     ROUND_UP(boot_info.module[i].start + boot_info.module[i].size, PAGE_SIZE) >>
                         PAGE_SHIFT);
}

/* 2 MiB from the end of the largest span that lies below the limit, zeroed. */
static u64 __init take_2m(void)
{
    struct span *best = NULL;
    u64 end, from;

    for (u32 i = 0; i < span_count; i++) {
        struct span *s = &spans[i];

        if (s->to > pool_limit || (s->to & ~(FRAMES_2M - 1)) < s->from + FRAMES_2M)
            continue;
        if (!best || s->to - s->from > best->to - best->from)
            best = s;
    }
    if (!best)
        panic("too little memory: ring 0 has no room for its own tables");
    end = best->to;
    from = (end & ~(FRAMES_2M - 1)) - FRAMES_2M;
    best->to = from;
    span_add(from + FRAMES_2M, end);
    kept_frames += FRAMES_2M;
    memset(mfn_to_virt(mfn(from)), 0, FRAMES_2M * PAGE_SIZE);
    return from;
}

static u64 __init take_page(void)
{
    if (small.from == small.to) {
        small.from = take_2m();
        small.to = small.from + FRAMES_2M;
    }
    return small.from++;
}

/* The entry of `level` (1: L1) for va, tables made on the way. NULL: no memory. */
static u64 *entry_of(u64 va, u32 level, u64 table_flags)
{
    u64 *table = idle_l4;

    for (u32 l = 4;; l--) {
        u64 *e = &table[va >> (PAGE_SHIFT + 9 * (l - 1)) & 511];

        if (l == level)
            return e;
        BUG_ON(*e & PTE_PSE);
        if (!(*e & PTE_P)) {
            /* after boot the branch into .init.text is never taken */
            void *page = booted ? alloc_page() : mfn_to_virt(mfn(take_page()));

            if (!page)
                return NULL;
            *e = virt_to_maddr(page) | table_flags;
        }
        table = mfn_to_virt(pte_mfn(*e));
    }
}

u64 *map_entry(u64 va)
{
    return entry_of(va, 1, TABLE);
}

mfn_t map_m2p_frames(u64 gib)
{
    const u64 *e = entry_of(M2P_START + (gib << SHIFT_2M), 2, TABLE); /* backed by whole pages of 2 MiB */

    return e && (*e & PTE_P) ? pte_mfn(*e) : mfn(0);
}

/* Both ends page aligned; the largest pages that fit. */
static void __init map_range(u64 va, maddr_t pa, maddr_t end, u64 flags)
{
    while (pa < end) {
        u32 level = 1;
        u64 size;

        if (!((va | pa) & ((1ull << SHIFT_2M) - 1)) && end - pa >= 1ull << SHIFT_2M)
            level = 2;
        if (cpu_features.gbpages && !((va | pa) & ((1ull << SHIFT_1G) - 1)) &&
            end - pa >= 1ull << SHIFT_1G)
            level = 3;
        size = PAGE_SIZE << (9 * (level - 1));
        *entry_of(va, level, TABLE) = pa | flags | (level > 1 ? PTE_PSE : 0);
        va += size;
        pa += size;
    }
}

/* Zeroed memory behind [va, end): 2 MiB pages where they fit, and where they do not, 4 KiB pages. What stands
 * there already stays. also: a second place to map it at, in the same way, or 0. */
static void __init back_range(u64 va, u64 end, u64 also)
{
    u64 shadow = also ? also - va : 0;

    while (va < end) {
        bool big = !(va & ((1ull << SHIFT_2M) - 1)) && end - va >= 1ull << SHIFT_2M;
        u64 *e = entry_of(va, big ? 2 : 1, TABLE);

        if (!(*e & PTE_P)) {
            *e = (big ? take_2m() << PAGE_SHIFT | PTE_PSE : take_page() << PAGE_SHIFT) | DATA;
            if (shadow)
                *entry_of(va + shadow, big ? 2 : 1, TABLE | PTE_US) = (*e & ~PTE_RW) | PTE_US;
        }
        va += big ? 1ull << SHIFT_2M : PAGE_SIZE;
    }
}

static void __init map_image(void)
{
    const struct {
        const u8 *from, *to;
        u64 flags;
    } part[] = {
        {image_text_start, image_rodata_start, PTE_P | PTE_A},
        {image_rodata_start, image_data_start, PTE_P | PTE_A | PTE_NX},
        {image_data_start, image_end, DATA},
    };

    for (u32 i = 0; i < ARRAY_SIZE(part); i++)
        for (const u8 *p = part[i].from; p < part[i].to; p += PAGE_SIZE)
            *entry_of((u64)p, 1, TABLE) = image_to_maddr(p) | part[i].flags;
}

/* Steps 2 and 3. */
static void __init switch_tables(void)
{
    idle_l4 = mfn_to_virt(mfn(take_page()));
    idle_cr3 = virt_to_maddr(idle_l4);
    for (u32 i = 0; i < ram_count; i++)
        map_range(DIRECT_MAP_START + (ram[i].from << PAGE_SHIFT), ram[i].from << PAGE_SHIFT,
                  ram[i].to << PAGE_SHIFT, DATA);
    map_image();
    /* guests' L4s copy the sixteen slots once: what comes later must hang below these */
    entry_of(M2P_RO_START, 3, TABLE | PTE_US);
    entry_of(M2P_START, 3, TABLE);
    entry_of(CPU_WINDOW_START, 3, TABLE);
    entry_of(DEVICE_MAP_START, 3, TABLE);
    write_cr3(idle_cr3);
    this_cpu()->cr3 = idle_cr3;
    pool_limit = ~0ull;
}

static void __init back_gib(u64 gib)
{
    u64 records = FRAMETABLE_START + gib * FRAMES_1G * sizeof(struct frame);
    u64 offset = gib * FRAMES_1G * sizeof(u64);

    back_range(records, records + FRAMES_1G * sizeof(struct frame), 0);
    back_range(M2P_START + offset, M2P_START + offset + FRAMES_1G * sizeof(u64),
               M2P_RO_START + offset);
    frame_init_gib(gib);
}

/* Step 4. */
static void __init make_records(void)
{
    u64 last = 0;

    for (u32 i = 0; i < ram_count; i++)
        last = MAX(last, ram[i].to);
    for (u64 gib = 0; gib * FRAMES_1G < last; gib++)
        for (u32 i = 0; i < ram_count; i++)
            if (ram[i].from < (gib + 1) * FRAMES_1G && ram[i].to > gib * FRAMES_1G) {
                back_gib(gib);
                break;
            }
    for (u32 i = 0; i < ram_count; i++)
        if (ram[i].to > FRAMES_1M)
            frame_init_range(mfn(MAX(ram[i].from, FRAMES_1M)), mfn(ram[i].to));
    for (u64 gib = 0; gib * FRAMES_1G < last; gib++) {
        mfn_t m = map_m2p_frames(gib);

        for (u64 i = 0; mfn_x(m) && i < FRAMES_2M; i++)
            frame_show(mfn_add(m, i));
    }
}

void __init map_init(void)
{
    find_ram();
    switch_tables();
    make_records();
    kept_frames -= small.to - small.from;
    span_add(small.from, small.to);
    booted = true;
    for (u32 i = 0; i < span_count; i++)
        if (spans[i].from < spans[i].to)
            alloc_add_range(mfn(spans[i].from), mfn(spans[i].to));
    kept_frames += (u64)(image_end - image_text_start) >> PAGE_SHIFT;
    printk(PRINT_INFO, "mews: memory: %lu MiB free, %lu KiB kept by ring 0\n",
           alloc_free_frames() >> 8, kept_frames << (PAGE_SHIFT - 10));
}

void map_free_module(maddr_t start, u64 size)
{
    u64 from = start >> PAGE_SHIFT, to = ROUND_UP(start + size, PAGE_SIZE) >> PAGE_SHIFT;

    if (size && from >= FRAMES_1M)
        alloc_add_range(mfn(from), mfn(to));
}

void pt_fill_hv_slots(u64 *l4)
{
    for (u32 i = HV_SLOT_FIRST; i < HV_SLOT_FIRST + HV_SLOT_COUNT; i++)
        l4[i] = idle_l4[i];
}
