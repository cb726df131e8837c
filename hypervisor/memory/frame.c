/* SPDX-License-Identifier: MIT */
/*
 * References and types of frames: the counting that memory/frame.h describes. All changes of a record
 * in use are compare-and-exchange, since any domain that maps a frame may race with its owner.
 * The type word of a table changes only in memory/walk.c.
 */
#include "memory/frame.h"

#include "memory/alloc.h"
#include "memory/rules.h"
#include "memory/tlb.h"
#include "pv/descriptor.h"

#define GIB_SHIFT (30 - PAGE_SHIFT)
#define CHUNK_SHIFT (21 - PAGE_SHIFT)

u64 frame_max;
static u64 backed[(DIRECT_MAP_END - DIRECT_MAP_START) >> 36];

bool mfn_valid(mfn_t m)
{
    u64 gib = m.v >> GIB_SHIFT;

    return m.v < frame_max && (backed[gib / 64] >> (gib % 64) & 1) &&
           frame_table[m.v].owner != DOMID_IO;
}

bool frame_get(mfn_t m, const struct domain *d)
{
    struct frame *f = frame_of(m);
    u32 refs;

    if (!mfn_valid(m))
        return false;
    refs = ACCESS_ONCE(f->refs);
    do {
        /* no reference: free, or ring 0's own; full: refuse rather than wrap */
        if (!(refs & FRAME_REF_COUNT) || (refs & FRAME_REF_COUNT) == FRAME_REF_COUNT ||
            f->owner != d->id)
            return false;
    } while (!__atomic_compare_exchange_n(&f->refs, &refs, refs + 1, false, __ATOMIC_ACQUIRE,
                                          __ATOMIC_RELAXED));
    /* it may have changed hands between the look and the count */
    if (unlikely(f->owner != d->id)) {
        frame_put(m);
        return false;
    }
    return true;
}

/* Takes n frames (shared: ring 0's pages shown to it) into d's account; false: over its limit. */
static bool frame_account(struct domain *d, u64 n, bool shared, bool force)
{
    SPIN_LOCK_BLOCK(&d->frames_lock);
    if (!shared && !force && d->tot_pages + n > d->max_pages)
        return false;
    if (!d->tot_pages && !d->shared_pages)
        domain_get(d);
    *(shared ? &d->shared_pages : &d->tot_pages) += n;
    return true;
}

/* ... and out of it again. True: these were the last; d's reference is the caller's to put. */
static inline __attribute__((always_inline)) bool frame_unaccount(struct domain *d, u64 n, bool shared)
{
    SPIN_LOCK_BLOCK(&d->frames_lock);
    if (shared)
        d->shared_pages -= n;
    else
        d->tot_pages -= n;
    return !d->tot_pages && !d->shared_pages;
}

/* The last reference is gone: back to the allocator, and off the owner's account. */
static void frame_free(mfn_t m)
{
    struct frame *f = frame_of(m);
    struct domain *d = domain_of_owner(f->owner);
    bool last;

    ASSERT(!(f->type & (FRAME_TYPE_COUNT | FRAME_PINNED)));
    BUG_ON(!d);
    /* from here on it is the allocator's, and then somebody else's: nobody may reach it by an old TLB entry */
    tlb_flush_stale(d);
    last = frame_unaccount(d, 1, f->refs & FRAME_HV);
    m2p_set(m, INVALID_M2P);
    free_frames(m, 0, true);
    if (last)
        domain_put(d);
}

void frame_put(mfn_t m)
{
    u32 refs = __atomic_sub_fetch(&frame_of(m)->refs, 1, __ATOMIC_ACQ_REL);

    ASSERT((refs & FRAME_REF_COUNT) != FRAME_REF_COUNT);
    if (unlikely(!(refs & FRAME_REF_COUNT)))
        frame_free(m);
}

int frame_get_writable(mfn_t m, const struct domain *d)
{
    struct frame *f = frame_of(m);
    u32 type;

    if (!frame_get(m, d))
        return -EINVAL;
    type = ACCESS_ONCE(f->type);
    do {
        bool writable = type >> FRAME_TYPE_SHIFT == FRAME_WRITABLE;

        if (writable ? (type & FRAME_TYPE_COUNT) == FRAME_TYPE_COUNT : type != 0) {
            frame_put(m);
            return -EBUSY;
        }
    } while (!__atomic_compare_exchange_n(
        &f->type, &type, type ? type + 1 : (FRAME_WRITABLE << FRAME_TYPE_SHIFT | 1), false,
        __ATOMIC_ACQUIRE, __ATOMIC_RELAXED));
    return 0;
}

void frame_put_writable(mfn_t m)
{
    frame_put_type(frame_of(m));
    frame_put(m);
}

int frame_get_descriptors(mfn_t m, struct domain *d)
{
    struct frame *f = frame_of(m);
    const u32 kind = FRAME_DESCRIPTORS << FRAME_TYPE_SHIFT;
    u32 type;

    if (!frame_get(m, d))
        return -EINVAL;
    type = ACCESS_ONCE(f->type);
    do {
        bool ready;

        while (unlikely((type & ~FRAME_TYPE_COUNT) == (kind | FRAME_BUSY))) { /* another vcpu checks it just now */
            smp_poll();
            cpu_pause();
            type = ACCESS_ONCE(f->type);
        }
        ready = (type & ~FRAME_TYPE_COUNT) == (kind | FRAME_VALIDATED);
        if (ready ? (type & FRAME_TYPE_COUNT) == FRAME_TYPE_COUNT : type != 0) {
            frame_put(m);
            return -EBUSY;
        }
    } while (!__atomic_compare_exchange_n(&f->type, &type, type ? type + 1 : (kind | FRAME_BUSY | 1),
                                          false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED));
    if (type)
        return 0;
    tlb_flush_stale(d);
    if (!descriptor_page_ok(mfn_to_virt(m))) {
        __atomic_store_n(&f->type, 0, __ATOMIC_RELEASE);
        frame_put(m);
        return -EINVAL;
    }
    __atomic_store_n(&f->type, kind | FRAME_VALIDATED | 1, __ATOMIC_RELEASE);
    return 0;
}

static void frame_assign(mfn_t m, struct domain *d)
{
    struct frame *f = frame_of(m);
    u64 chunk = m.v >> CHUNK_SHIFT;

    /* several CPUs may allocate for one domain */
    if (!(d->chunks[chunk / 64] >> (chunk % 64) & 1))
        __atomic_or_fetch(&d->chunks[chunk / 64], 1ull << (chunk % 64), __ATOMIC_RELAXED);
    f->owner = d->id;
    f->type = 0;
    __atomic_store_n(&f->refs, FRAME_ALLOCATED | 1, __ATOMIC_RELEASE);
}

mfn_t frame_alloc(struct domain *d, u32 order, u32 flags, u32 address_bits)
{
    u64 n = 1ull << order;
    mfn_t m;

    if (!frame_account(d, n, false, flags & ALLOC_FORCE))
        return INVALID_MFN;
    m = claim_take(d, n) ? alloc_counted_frames(order, order ? flags | ALLOC_NO_SEARCH : flags, address_bits) : INVALID_MFN;
    if (mfn_eq(m, INVALID_MFN)) {
        if (frame_unaccount(d, n, false))
            domain_put(d);
        return m;
    }
    for (u64 i = 0; i < n; i++)
        frame_assign(mfn_add(m, i), d);
    /* Its end may have begun meanwhile: then whoever looks for its frames may have passed these by. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (unlikely(d->death != DOMAIN_ALIVE)) {
        for (u64 i = 0; i < n; i++)
            frame_release(mfn_add(m, i));
        return INVALID_MFN;
    }
    return m;
}

bool frame_release(mfn_t m)
{
    u32 refs = __atomic_fetch_and(&frame_of(m)->refs, ~FRAME_ALLOCATED, __ATOMIC_ACQ_REL);

    if (!(refs & FRAME_ALLOCATED))
        return false;
    frame_put(m);
    return true;
}

bool frame_take(mfn_t m, const struct domain *d)
{
    u32 alone = FRAME_ALLOCATED | 2; /* the owner's reference, and the one that keeps it from changing hands here */

    if (!frame_get(m, d))
        return false;
    if (__atomic_compare_exchange_n(&frame_of(m)->refs, &alone, 0, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
        return true;
    frame_put(m);
    return false;
}

void frame_taken_end(mfn_t m, bool back)
{
    if (back)
        __atomic_store_n(&frame_of(m)->refs, FRAME_ALLOCATED | 1, __ATOMIC_RELEASE);
    else
        frame_free(m);
}

void frame_share(void *p, struct domain *d)
{
    mfn_t m = virt_to_mfn(p);
    struct frame *f = frame_of(m);

    frame_account(d, 1, true, true);
    m2p_set(m, INVALID_M2P);
    f->type = FRAME_WRITABLE << FRAME_TYPE_SHIFT | 1; /* ring 0 writes to it: it must never become a table */
    f->owner = d->id;
    __atomic_store_n(&f->refs, FRAME_HV | 1, __ATOMIC_RELEASE);
}

void frame_unshare(void *p)
{
    frame_put_writable(virt_to_mfn(p));
}

void __init frame_show(mfn_t m)
{
    /* a type that nothing else takes: never writable, never a table */
    frame_of(m)->type = FRAME_DESCRIPTORS << FRAME_TYPE_SHIFT | FRAME_BUSY | FRAME_VALIDATED | 1;
    frame_of(m)->refs = FRAME_HV | 1;
}

void __init frame_init_gib(u64 gib)
{
    u64 from = gib << GIB_SHIFT, to = (gib + 1) << GIB_SHIFT;

    for (u64 m = from; m < to; m++) {
        frame_table[m] = (struct frame){.owner = DOMID_IO};
        m2p_set(mfn(m), INVALID_M2P);
    }
    backed[gib / 64] |= 1ull << (gib % 64);
    frame_max = MAX(frame_max, to);
}

void __init frame_init_range(mfn_t from, mfn_t to)
{
    for (u64 m = from.v; m < to.v; m++)
        frame_table[m].owner = DOMID_XEN;
}

void __init frame_adopt(mfn_t m, struct domain *d)
{
    frame_account(d, 1, false, true);
    frame_assign(m, d);
}
