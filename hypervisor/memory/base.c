/* SPDX-License-Identifier: MIT */
/*
 * What holds whole page-table trees: a vcpu's base pointers, pins, and, when a domain dies, nothing any
 * more. Each of these owns one type count of a table, given back through memory/walk.h.
 */

#include "domain/domain.h"
#include "hypercall/hypercall.h"
#include "memory/pagetable.h"
#include "memory/tlb.h"

/* A table for a holder: taken, or -ERESTART with work begun. No lock held. */
static int table_hold(struct vcpu *v, struct domain *d, mfn_t m, u32 level)
{
    int error;

    do {
        error = walk_continue(v);
        if (error)
            return error;
        error = walk_get_table(v, d, m, level);
        /* begun here: go on at once; busy elsewhere: let the others have their turn */
    } while (error == -ERESTART && walk_pending(&v->walk));
    return error;
}

/* `v` may be the current vcpu or one that a control call sets up; the walk is always the caller's. */
static int base_set(struct vcpu *v, mfn_t *base, mfn_t m)
{
    struct vcpu *self = current_vcpu();
    mfn_t old = *base;
    int error = 0;

    if (mfn_x(m))
        error = table_hold(self, v->domain, m, 4);
    else
        error = walk_continue(self);
    if (error)
        return error;
    *base = m;
    if (v == self && v->pv.kernel_mode == (base == &v->base))
        tlb_load_cr3(pt_cr3(v));
    if (mfn_x(old))
        walk_put_table(self, old);
    return 0;
}

int pt_set_base(struct vcpu *v, mfn_t m)
{
    if (!mfn_x(m))
        return -EINVAL;
    return base_set(v, &v->base, m);
}

int pt_set_user_base(struct vcpu *v, mfn_t m)
{
    return base_set(v, &v->user_base, m);
}

int pt_pin(struct vcpu *v, struct domain *d, mfn_t m, u32 level)
{
    bool foreign = d != v->domain, surplus;
    int error = table_hold(v, d, m, level);

    if (error)
        return error;
    if (foreign && !frame_get(m, d)) { /* for a second look at it */
        walk_put_table(v, m);
        return -EINVAL;
    }
    surplus = __atomic_fetch_or(&frame_of(m)->type, FRAME_PINNED, __ATOMIC_SEQ_CST) & FRAME_PINNED;
    error = surplus ? -EINVAL : 0;
    /* d's end may have begun, and have looked for pins here already: then this one goes, unless it was found */
    if (foreign && !error && d->death != DOMAIN_ALIVE) {
        surplus = __atomic_fetch_and(&frame_of(m)->type, ~FRAME_PINNED, __ATOMIC_SEQ_CST) & FRAME_PINNED;
        error = -EINVAL;
    }
    if (surplus)
        walk_put_table(v, m);
    if (foreign)
        frame_put(m);
    return error;
}

int pt_unpin(struct vcpu *v, struct domain *d, mfn_t m)
{
    struct frame *f = frame_of(m);
    int error = walk_continue(v);
    bool pinned;

    if (error)
        return error;
    if (!frame_get(m, d))
        return -EINVAL;
    pinned = __atomic_fetch_and(&f->type, ~FRAME_PINNED, __ATOMIC_ACQ_REL) & FRAME_PINNED;
    if (pinned)
        walk_put_table(v, m);
    frame_put(m);
    return pinned ? 0 : -EINVAL;
}

/*
 * The end of a domain's memory. No vcpu of it runs, nothing else of ring 0 holds a page of it.
 *  1. walks that its vcpus left behind are turned round and finished; their base pointers dropped;
 *  2. all pins go, and with them all its tables, and what those map;
 *  3. all frames lose their owner's reference; those that others map live on until unmapped.
 */
int pt_drop_bases(struct vcpu *v)
{
    struct vcpu *self = current_vcpu();
    int error;

    error = walk_abandon(v);
    if (!error && mfn_x(v->user_base))
        error = base_set(v, &v->user_base, mfn(0));
    if (!error && mfn_x(v->base))
        error = base_set(v, &v->base, mfn(0));
    return error ? error : walk_continue(self);
}

static int relinquish_frame(struct domain *d, mfn_t m, bool pins)
{
    struct frame *f = frame_of(m);

    if (f->owner != d->id || !mfn_valid(m))
        return 0;
    if (!pins && !(f->refs & FRAME_HV)) /* ring 0's own pages that it shows are not its memory */
        frame_release(m);
    if (!pins || !(f->type & FRAME_PINNED))
        return 0;
    pt_unpin(current_vcpu(), d, m);
    return walk_continue(current_vcpu());
}

int memory_relinquish(struct domain *d)
{
    const u64 chunk_frames = 512, chunks = frame_max / chunk_frames; /* a multiple of 64 */
    int error = walk_continue(current_vcpu());

    for_each_vcpu(v, d)
        error = error ? error : pt_drop_bases(v);
    while (!error && d->relinquish_at < 2 * chunks) { /* once for the pins, once for the frames */
        u64 chunk = d->relinquish_at % chunks, word = d->chunks[chunk / 64];

        for (u64 i = 0; i < chunk_frames && (word >> chunk % 64 & 1) && !error; i++)
            error = relinquish_frame(d, mfn(chunk * chunk_frames + i), d->relinquish_at < chunks);
        if (error)
            break;
        d->relinquish_at += word ? 1 : 64 - chunk % 64;
        if (word && preempt_needed())
            error = -ERESTART;
    }
    return error;
}
