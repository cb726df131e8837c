/* SPDX-License-Identifier: MIT */
/*
 * Buddy allocator over the frame records. A free block's record holds its order and state, its first
 * bytes the links of its list (which are cleared when it leaves the list, so a clean block is all zero).
 * Clean blocks merge with clean buddies. Dirty ones wait as they came, to be taken again in that size or
 * to be scrubbed, which is when they merge. Two zones keep memory below 4 GiB for those who must have it. It must never hand out a block that is dirty unless asked to.
 */
#include "memory/alloc.h"

#include <public/xen.h>

#include "cpu/lock.h"
#include "cpu/percpu.h"
#include "lib/print.h"
#include "lib/string.h"
#include "memory/frame.h"

/* The type word of a free block's first frame. */
#define FREE_HEAD 0x100u
#define FREE_DIRTY 0x200u
#define FREE_ORDER 0x1fu
#define OWNER_FREE 0x8000u
#define ZONE_LIMIT (1ull << (32 - PAGE_SHIFT))

struct free_block {
    struct free_block *next, *prev;
};

static struct free_block *lists[2][2][ALLOC_MAX_ORDER + 1]; /* zone, dirty, order */
static u32 present[2][2];                                   /* zone, dirty: orders whose list is not empty */
static u64 free_count, total_count, clean_count;
u64 alloc_clean_ahead = 1ull << (30 - PAGE_SHIFT);
static spinlock_t alloc_lock = SPINLOCK_INIT(RANK_ALLOC);

static u32 zone_of(u64 m)
{
    return m >= ZONE_LIMIT;
}

static void block_insert(u64 m, u32 order, bool dirty)
{
    struct frame *f = &frame_table[m];
    struct free_block *b = mfn_to_virt(mfn(m)), **list = &lists[zone_of(m)][dirty][order];

    f->type = order | FREE_HEAD | (dirty ? FREE_DIRTY : 0);
    b->prev = NULL;
    b->next = *list;
    if (b->next)
        b->next->prev = b;
    *list = b;
    present[zone_of(m)][dirty] |= 1u << order;
    clean_count += dirty ? 0 : 1ull << order;
}

static void block_remove(u64 m)
{
    struct frame *f = &frame_table[m];
    struct free_block *b = mfn_to_virt(mfn(m));
    u32 order = f->type & FREE_ORDER, zone = zone_of(m);
    bool dirty = f->type & FREE_DIRTY;

    if (b->next)
        b->next->prev = b->prev;
    if (b->prev)
        b->prev->next = b->next;
    else
        lists[zone][dirty][order] = b->next;
    if (!lists[zone][dirty][order])
        present[zone][dirty] &= ~(1u << order);
    clean_count -= dirty ? 0 : 1ull << order;
    b->next = b->prev = NULL;
    f->type = 0;
}

/* A block whose frames already carry OWNER_FREE goes to its list; a clean one merged with its buddies. */
static void block_free(u64 m, u32 order, bool dirty)
{
    while (!dirty && order < ALLOC_MAX_ORDER) {
        u64 buddy = m ^ (1ull << order);

        if (!mfn_valid(mfn(buddy)) || zone_of(buddy) != zone_of(m))
            break;
        const struct frame *f = &frame_table[buddy];
        if (f->owner != OWNER_FREE || f->type != (order | FREE_HEAD))
            break;
        block_remove(buddy);
        m &= ~(1ull << order);
        order++;
    }
    block_insert(m, order, dirty);
}

/* A block of exactly `order` that begins with 2^need frames wholly below `limit`, off its list. */
static bool block_find(u32 zone, bool dirty, u32 order, u32 need, u64 limit, u64 *m)
{
    for (struct free_block *b = lists[zone][dirty][order]; b; b = b->next) {
        *m = mfn_x(virt_to_mfn(b));
        if (*m + (1ull << need) <= limit) {
            block_remove(*m);
            return true;
        }
    }
    return false;
}

/* The upper part of a block of order `have` goes back until `order` is left. */
static void block_split(u64 m, u32 have, u32 order, bool dirty)
{
    while (have > order) {
        have--;
        block_insert(m + (1ull << have), have, dirty);
    }
}

/* Clean before dirty, but for those who overwrite it; of those, high memory before low, and the smallest that will do. */
static bool block_take(u32 order, u32 flags, u64 limit, u64 *m, bool *dirty)
{
    u32 top;

    if (flags & ALLOC_BELOW_4G)
        limit = MIN(limit, ZONE_LIMIT);
    top = limit > ZONE_LIMIT;
    for (u32 turn = 0; turn < 2; turn++) {
        *dirty = !!(flags & ALLOC_NO_SCRUB) ^ turn;
        for (u32 zone = top; zone < 2; zone--)
            for (u32 left = present[zone][*dirty] >> order << order; left; left &= left - 1) {
                u32 have = (u32)__builtin_ctz(left);

                if (block_find(zone, *dirty, have, order, limit, m)) {
                    block_split(*m, have, order, *dirty);
                    return true;
                }
            }
    }
    return false;
}

mfn_t alloc_frames(u32 order, u32 flags, u32 address_bits)
{
    u64 m, limit = ~0ull, n = 1ull << order;
    bool dirty, found;

    if (order > ALLOC_MAX_ORDER || (address_bits && address_bits <= PAGE_SHIFT))
        return INVALID_MFN;
    if (address_bits && address_bits < 52)
        limit = 1ull << (address_bits - PAGE_SHIFT);
    /* a limit is a zone's where that will do: then no list is searched */
    if (limit > ZONE_LIMIT && limit < frame_max)
        limit = ZONE_LIMIT;
    spin_lock(&alloc_lock);
    found = block_take(order, flags, limit, &m, &dirty);
    if (found)
        free_count -= n;
    spin_unlock(&alloc_lock);
    if (!found)
        return INVALID_MFN;
    for (u64 i = 0; i < n; i++) {
        frame_table[m + i].owner = DOMID_XEN;
        frame_table[m + i].type = 0;
    }
    if (dirty && !(flags & ALLOC_NO_SCRUB))
        for (u64 i = 0; i < n; i++)
            clear_page(mfn_to_virt(mfn(m + i)));
    return mfn(m);
}

void free_frames(mfn_t m, u32 order, bool dirty)
{
    u64 n = 1ull << order;

    for (u64 i = 0; i < n; i++) {
        struct frame *f = frame_of(mfn_add(m, i));

        f->refs = 0;
        f->type = 0;
        f->owner = OWNER_FREE;
    }
    spin_lock(&alloc_lock);
    free_count += n;
    block_free(m.v, order, dirty);
    spin_unlock(&alloc_lock);
}

u64 alloc_free_frames(void)
{
    return ACCESS_ONCE(free_count);
}

u64 alloc_total_frames(void)
{
    return total_count;
}

/* The unit is at most 16 frames: larger dirty blocks are taken apart as they are cleaned. One CPU at a time: several would
 * mostly wait for one another's lock, and have those who want memory wait behind them. */
bool alloc_scrub_some(void)
{
    static bool busy;
    u64 m = 0;
    u32 order = 0;
    bool found = false;

    if (ACCESS_ONCE(clean_count) >= alloc_clean_ahead || __atomic_exchange_n(&busy, true, __ATOMIC_ACQUIRE))
        return false;
    spin_lock(&alloc_lock);
    for (u32 zone = 0; zone < 2 && !found; zone++)
        if (present[zone][1]) {
            u32 have = (u32)__builtin_ctz(present[zone][1]);

            found = block_find(zone, true, have, 0, ~0ull, &m);
            order = MIN(have, 4u);
            block_split(m, have, order, true);
            /* nobody's while it is cleaned: not merged with, but not counted out of what is free */
            frame_table[m].owner = DOMID_XEN;
        }
    spin_unlock(&alloc_lock);
    if (found) {
        for (u64 i = 0; i < 1ull << order; i++)
            clear_page(mfn_to_virt(mfn(m + i)));
        spin_lock(&alloc_lock);
        frame_table[m].owner = OWNER_FREE;
        block_free(m, order, false);
        spin_unlock(&alloc_lock);
    }
    __atomic_store_n(&busy, false, __ATOMIC_RELEASE);
    return found;
}

void *alloc_pages(u32 order)
{
    mfn_t m = alloc_frames(order, ALLOC_ZERO, 0);

    return mfn_eq(m, INVALID_MFN) ? NULL : mfn_to_virt(m);
}

void *alloc_page(void)
{
    return alloc_pages(0);
}

void free_pages(void *p, u32 order)
{
    if (p)
        free_frames(virt_to_mfn(p), order, true);
}

void free_page(void *p)
{
    free_pages(p, 0);
}

void __init alloc_add_range(mfn_t from, mfn_t to)
{
    u64 m = from.v;

    while (m < to.v) {
        u32 order = 0;

        while (order < ALLOC_MAX_ORDER && !(m & (1ull << order)) && m + (2ull << order) <= to.v)
            order++;
        /* what earlier systems left in it is nobody's business either */
        free_frames(mfn(m), order, true);
        m += 1ull << order;
    }
    total_count += to.v - from.v;
}
