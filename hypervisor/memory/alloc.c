/* SPDX-License-Identifier: MIT */
/*
 * Buddy allocator over the frame records. A free block's record holds its order and state, its first bytes the links
 * of its list (which are cleared when it leaves the list, so a clean block is all zero). Clean blocks merge with
 * clean buddies. Dirty ones wait as they came, to be taken again in that size or to be scrubbed, which is when they
 * merge. Two zones keep memory below 4 GiB for those who must have it. It must never hand out a block that is dirty
 * unless asked to.
 *
 * Single frames come from and go to a stock of the CPU's own, under a lock that others take only when everything else
 * is used up; a lock for all CPUs is needed once for every so many frames. What is in a stock counts as free.
 */
#include "memory/alloc.h"

#include <public/xen.h>

#include "cpu/asm.h"
#include "cpu/lock.h"
#include "cpu/percpu.h"
#include "cpu/smp.h"
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
static u64 total_count, listed[2]; /* frames in the lists: clean, dirty */
static spinlock_t alloc_lock = SPINLOCK_INIT(RANK_ALLOC);

#define STOCK_MAX 64u
#define STOCK_MOVED 32u      /* between a stock and the lists at a time */
#define LISTS_PLENTY 4096u   /* with fewer in the lists nobody takes more than he needs */
#define SEARCHES_MAX 16

struct stock {
    spinlock_t lock;
    u32 count[2];            /* clean, dirty */
    s64 free;                /* what this CPU has counted in, less what it has counted out: only the sum means anything */
    u64 frames[2][STOCK_MAX];
} __aligned(64);

static struct stock stocks[MAX_CPUS];
static u64 stocked_from; /* frames from here on: none below 4 GiB where there is memory above */
static bool scrubbing;

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
    listed[dirty] += 1ull << order;
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
    listed[dirty] -= 1ull << order;
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

/* 2^order frames, clean or dirty; high memory before low, and the smallest block that will do. */
static bool block_take(u32 order, bool dirty, u64 limit, u64 *m)
{
    for (u32 zone = limit > ZONE_LIMIT; zone < 2; zone--)
        for (u32 left = present[zone][dirty] >> order << order; left; left &= left - 1) {
            u32 have = (u32)__builtin_ctz(left);

            if (block_find(zone, dirty, have, order, limit, m)) {
                block_split(*m, have, order, dirty);
                return true;
            }
        }
    return false;
}

/* Clean before dirty, but for those who overwrite it. */
static bool lists_take(u32 order, u32 flags, u64 limit, u64 *m, bool *dirty)
{
    bool found = false;

    SPIN_LOCK_BLOCK(&alloc_lock);
    for (u32 turn = 0; turn < 2 && !found; turn++) {
        *dirty = !!(flags & ALLOC_NO_SCRUB) ^ turn;
        found = block_take(order, *dirty, limit, m);
    }
    return found;
}

static struct stock *own_stock(void)
{
    return &stocks[this_cpu()->id];
}

/* s's lock held. */
static void stock_fill(struct stock *s, bool dirty)
{
    SPIN_LOCK_BLOCK(&alloc_lock);
    for (u32 n = listed[0] + listed[1] > LISTS_PLENTY ? STOCK_MOVED : 1; n; n--) {
        if (!block_take(0, dirty, ~0ull, &s->frames[dirty][s->count[dirty]]))
            break;
        s->count[dirty]++;
    }
}

/* s's lock held. */
static void stock_drain(struct stock *s, bool dirty, u32 left)
{
    SPIN_LOCK_BLOCK(&alloc_lock);
    while (s->count[dirty] > left)
        block_free(s->frames[dirty][--s->count[dirty]], 0, dirty);
}

static bool stock_take(u32 flags, u64 *m, bool *dirty)
{
    struct stock *s = own_stock();

    SPIN_LOCK_BLOCK(&s->lock);
    for (u32 turn = 0; turn < 2; turn++) {
        *dirty = !!(flags & ALLOC_NO_SCRUB) ^ turn;
        if (unlikely(!s->count[*dirty]) && ACCESS_ONCE(listed[*dirty]))
            stock_fill(s, *dirty);
        if (s->count[*dirty]) {
            *m = s->frames[*dirty][--s->count[*dirty]];
            return true;
        }
    }
    return false;
}

static void stock_give(u64 m, bool dirty)
{
    struct stock *s = own_stock();

    SPIN_LOCK_BLOCK(&s->lock);
    if (unlikely(s->count[dirty] == STOCK_MAX))
        stock_drain(s, dirty, STOCK_MAX - STOCK_MOVED);
    s->frames[dirty][s->count[dirty]++] = m;
}

static s64 count_free(void)
{
    s64 sum = 0;

    for (u32 i = 0; i < MAX_CPUS; i++)
        sum += ACCESS_ONCE(stocks[i].free);
    return sum;
}

/* Nothing was found, yet so much is free (what is asked for is counted out, and other people's too): it is in stocks,
 * or being scrubbed. Both go back to the lists; where another CPU is faster there, once more. */
static __attribute__((noinline)) bool search(u32 order, u32 flags, u64 limit, u64 *m, bool *dirty)
{
    for (u32 tries = 0; tries < SEARCHES_MAX && count_free() >= 0; tries++) {
        for (u32 i = 0; i < MAX_CPUS; i++) {
            spin_lock(&stocks[i].lock);
            stock_drain(&stocks[i], false, 0);
            stock_drain(&stocks[i], true, 0);
            spin_unlock(&stocks[i].lock);
        }
        while (ACCESS_ONCE(scrubbing)) {
            smp_poll();
            cpu_pause();
        }
        if (lists_take(order, flags, limit, m, dirty))
            return true;
        if (order || limit != ~0ull)
            return false; /* so much in one piece, or there: nobody promised that */
    }
    return false;
}

void alloc_count_out(u64 n)
{
    ACCESS_ONCE(own_stock()->free) -= (s64)n;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void alloc_count_in(u64 n)
{
    ACCESS_ONCE(own_stock()->free) += (s64)n;
}

u64 alloc_free_frames(void)
{
    s64 sum = count_free();

    return sum > 0 ? (u64)sum : 0;
}

/* The highest frame that will do, plus one; 0: there can be none. */
static u64 limit_of(u32 address_bits)
{
    u64 limit = ~0ull;

    if (address_bits && address_bits <= PAGE_SHIFT)
        return 0;
    if (address_bits && address_bits < 52)
        limit = 1ull << (address_bits - PAGE_SHIFT);
    /* a limit is a zone's where that will do: then no list is searched */
    if (limit > ZONE_LIMIT && limit < frame_max)
        limit = ZONE_LIMIT;
    return limit >= frame_max ? ~0ull : limit;
}

mfn_t alloc_counted_frames(u32 order, u32 flags, u32 address_bits)
{
    u64 m, limit = limit_of(address_bits), n = 1ull << order;
    bool dirty, found = false;

    if (likely(order <= ALLOC_MAX_ORDER && limit)) {
        found = !order && limit == ~0ull ? stock_take(flags, &m, &dirty) : lists_take(order, flags, limit, &m, &dirty);
        if (unlikely(!found) && !(flags & ALLOC_NO_SEARCH))
            found = search(order, flags, limit, &m, &dirty);
    }
    if (!found) {
        alloc_count_in(n);
        return INVALID_MFN;
    }
    for (u64 i = 0; i < n; i++) {
        frame_table[m + i].owner = DOMID_XEN;
        frame_table[m + i].type = 0;
    }
    if (dirty && !(flags & ALLOC_NO_SCRUB))
        for (u64 i = 0; i < n; i++)
            clear_page(mfn_to_virt(mfn(m + i)));
    return mfn(m);
}

mfn_t alloc_frames(u32 order, u32 flags, u32 address_bits)
{
    alloc_count_out(1ull << order);
    return alloc_counted_frames(order, flags, address_bits);
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
    if (!order && m.v >= stocked_from) {
        stock_give(m.v, dirty);
    } else {
        spin_lock(&alloc_lock);
        block_free(m.v, order, dirty);
        spin_unlock(&alloc_lock);
    }
    alloc_count_in(n);
}

u64 alloc_total_frames(void)
{
    return total_count;
}

/* The unit is at most 16 frames: larger dirty blocks are taken apart as they are cleaned. One CPU at a time: several
 * would mostly wait for one another's lock, and have those who want memory wait behind them. */
bool alloc_scrub_some(void)
{
    struct stock *s = own_stock();
    u64 m = 0;
    u32 order = 0;
    bool found = false;

    if ((!ACCESS_ONCE(listed[1]) && !s->count[true]) || __atomic_exchange_n(&scrubbing, true, __ATOMIC_ACQUIRE))
        return false;
    if (s->count[true]) { /* an idle CPU needs none */
        spin_lock(&s->lock);
        stock_drain(s, true, 0);
        spin_unlock(&s->lock);
    }
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
    __atomic_store_n(&scrubbing, false, __ATOMIC_RELEASE);
    return found;
}

void *alloc_pages(u32 order)
{
    mfn_t m = alloc_frames(order, 0, 0);

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

    for (u32 i = 0; !total_count && i < MAX_CPUS; i++)
        spin_lock_init(&stocks[i].lock, RANK_FRAME_CACHE);
    if (to.v > ZONE_LIMIT)
        stocked_from = ZONE_LIMIT;
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
