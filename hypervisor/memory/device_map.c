/* SPDX-License-Identifier: MIT */
/*
 * Device memory mapped for ring 0, see device_map.h: addresses only ever go up.
 */
#include "memory/device_map.h"

#include "cpu/lock.h"
#include "memory/layout.h"
#include "memory/map.h"
#include "memory/pagetable.h"

#define MAX_MAPPINGS 256

static struct mapping {
    maddr_t start;
    u64 size, va;
    bool uncached;
} mappings[MAX_MAPPINGS];
static u32 mapping_count;
static u64 next_va = DEVICE_MAP_START;
static spinlock_t device_map_lock = SPINLOCK_INIT(RANK_DEVICE_MAP);

/* The area's L1 entries are made under the lock, and tables may have to be allocated: RANK_ALLOC is below. */
static u64 map_pages(maddr_t start, u64 size, bool uncached)
{
    u64 va = next_va, flags = PTE_P | PTE_RW | PTE_A | PTE_D | PTE_NX;

    if (uncached)
        flags |= PTE_PCD | PTE_PWT;
    if (mapping_count == MAX_MAPPINGS || next_va + size > DEVICE_MAP_START + DEVICE_MAP_SIZE)
        return 0;
    for (u64 at = 0; at < size; at += PAGE_SIZE) {
        u64 *entry = map_entry(va + at);

        if (!entry)
            return 0;
        *entry = (start + at) | flags;
    }
    next_va += size;
    mappings[mapping_count++] = (struct mapping){start, size, va, uncached};
    return va;
}

void *device_map(maddr_t a, u64 size, bool uncached)
{
    maddr_t start = a & PAGE_MASK, end = ROUND_UP(a + size, PAGE_SIZE);
    u64 va = 0;

    if (end <= start)
        return NULL;
    spin_lock(&device_map_lock);
    for (u32 i = 0; i < mapping_count && !va; i++)
        if (mappings[i].start <= start && mappings[i].start + mappings[i].size >= end &&
            mappings[i].uncached == uncached)
            va = mappings[i].va + (start - mappings[i].start);
    if (!va)
        va = map_pages(start, end - start, uncached);
    spin_unlock(&device_map_lock);
    return va ? (void *)(va + (a - start)) : NULL;
}
