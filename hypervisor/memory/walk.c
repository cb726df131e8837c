/* SPDX-License-Identifier: MIT */
/*
 * Making and unmaking page tables, one table page at a time.
 *
 * The plan:
 *  1. A page is asked for as a table of some level (walk_get_table). If it is one already, that is one
 *     more count. If it is nothing, it becomes BUSY with count one, and the walk's only page.
 *  2. walk_validate() works on the topmost page from frame.aux on. A child that is a table already is
 *     counted; a child that is nothing becomes BUSY and topmost, and its parent waits at that entry.
 *  3. A page whose last entry is done becomes VALIDATED and leaves the stack; its parent goes on behind it.
 *     The first page's count is held for whoever asked, until he asks again or somebody else does.
 *  4. A wrong entry turns the whole walk round: every page on the stack gives back what stands before
 *     its frame.aux, topmost first, and becomes nothing.
 *  5. A table's last count (walk_put_table) begins a walk that only gives back (walk_release), deeper
 *     wherever a child's count falls to zero.
 * Between pages the walk may stop. There is no lock: BUSY makes a page the walk's own, counts change by
 * compare-and-exchange, and the last one goes only when no entry of the table is being changed (FRAME_LOCKED). It must never
 * leave a page half done without BUSY on it, nor wait for another vcpu's walk.
 */
#include "memory/walk.h"

#include "hypercall/hypercall.h"
#include "memory/rules.h"
#include "memory/tlb.h"

#define STATE(level, bits) ((u32)(level) << FRAME_TYPE_SHIFT | (bits))

static u32 level_of(const struct frame *f)
{
    return f->type >> FRAME_TYPE_SHIFT;
}

static void walk_push(struct pt_walk *w, mfn_t m)
{
    BUG_ON(w->depth == ARRAY_SIZE(w->page));
    w->page[w->depth++] = m;
}

/* Counts one more user of a table that is one; or begins to make it one (then it is on the stack). */
static int table_get(struct pt_walk *w, struct domain *d, mfn_t m, u32 level)
{
    struct frame *f = frame_of(m);
    u32 type, to;

    if (!frame_get(m, d))
        return -EINVAL;
    type = ACCESS_ONCE(f->type);
    do {
        if ((type & ~(FRAME_TYPE_COUNT | FRAME_PINNED | FRAME_LOCKED)) == STATE(level, FRAME_VALIDATED) &&
            (type & FRAME_TYPE_COUNT) < FRAME_TYPE_COUNT)
            to = type + 1;
        else if (type == 0)
            to = STATE(level, FRAME_BUSY | 1);
        else {
            frame_put(m);
            if (type >> FRAME_TYPE_SHIFT == level && (type & FRAME_BUSY))
                return -ERESTART; /* another vcpu is at it */
            return -EINVAL;
        }
    } while (!__atomic_compare_exchange_n(&f->type, &type, to, false, __ATOMIC_ACQUIRE,
                                          __ATOMIC_RELAXED));
    if (type)
        return 0;
    tlb_flush_stale(d);
    f->aux = 0;
    walk_push(w, m);
    return -ERESTART;
}

/* True if that was the last user: the page is then on the stack, to be unmade. */
static bool table_put(struct pt_walk *w, mfn_t m)
{
    struct frame *f = frame_of(m);
    u32 type = ACCESS_ONCE(f->type), to;

    do {
        ASSERT((type & FRAME_VALIDATED) && (type & FRAME_TYPE_COUNT));
        to = (type & FRAME_TYPE_COUNT) > 1 ? type - 1 : STATE(type >> FRAME_TYPE_SHIFT, FRAME_BUSY | 1);
        while (unlikely((to & FRAME_BUSY) && (type & FRAME_LOCKED))) {
            smp_poll();
            cpu_pause();
            type = ACCESS_ONCE(f->type);
            to = (type & FRAME_TYPE_COUNT) > 1 ? type - 1 : to;
        }
    } while (!__atomic_compare_exchange_n(&f->type, &type, to, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
    if (!(to & FRAME_BUSY)) {
        frame_put(m);
        return false;
    }
    f->aux = PT_ENTRIES;
    walk_push(w, m);
    return true;
}

/* Most tables are mostly empty: from an entry that is not present on to the next that may be, four at a time. */
static inline u32 skip_empty(const u64 *table, u32 i)
{
    u32 from = i;

    if (!(i & 3))
        while (i < PT_ENTRIES && !((table[i] | table[i + 1] | table[i + 2] | table[i + 3]) & PTE_P))
            i += 4;
    return MAX(i, from + 1);
}

/* An L1 table is one unit. Where it stops at a wrong entry, aux tells how far it got. */
static int validate_l1(struct domain *d, u64 *table, struct frame *f)
{
    for (u32 i = 0; i < PT_ENTRIES; i++) {
        u64 e = table[i];
        int error;

        if (!(e & PTE_P)) {
            i = skip_empty(table, i) - 1;
            continue;
        }
        error = l1_entry_get(d, d, e);
        if (error) {
            f->aux = (u16)i;
            return error;
        }
        if (e != pte_adjust(e))
            table[i] = pte_adjust(e);
    }
    f->aux = PT_ENTRIES;
    return 0;
}

/* 0: all entries done; -ERESTART: a child is topmost now; else the entry's error. */
static int validate_table(struct pt_walk *w, struct domain *d, u64 *table, struct frame *f, u32 level)
{
    for (u32 i = f->aux; i < PT_ENTRIES; i++) {
        u64 e = table[i];
        int error;

        if (!(e & PTE_P)) {
            i = skip_empty(table, i) - 1;
            continue;
        }
        if (pt_slot_reserved(level, i))
            continue;
        f->aux = (u16)i;
        if (e & PTE_TABLE_FORBIDDEN)
            return -EINVAL;
        error = table_get(w, d, pte_mfn(e), level - 1);
        if (error)
            return error;
        if (e != pte_adjust_table(e))
            table[i] = pte_adjust_table(e);
    }
    f->aux = PT_ENTRIES;
    return 0;
}

static void walk_validate(struct pt_walk *w)
{
    mfn_t m = w->page[w->depth - 1];
    struct frame *f = frame_of(m);
    u32 level = level_of(f);
    u64 *table = mfn_to_virt(m);
    int error = level == 1 ? validate_l1(w->domain, table, f) : validate_table(w, w->domain, table, f, level);

    if (error == -ERESTART)
        return; /* a child is topmost now, or another vcpu works on it: look again later */
    if (error) {
        w->error = error;
        w->failed_root = w->page[0];
        w->releasing = true;
        return;
    }
    if (level == 4)
        pt_fill_hv_slots(table);
    __atomic_store_n(&f->type, STATE(level, FRAME_VALIDATED | 1), __ATOMIC_RELEASE);
    w->depth--;
    if (!w->depth) {
        w->held = m;
    } else {
        struct frame *parent = frame_of(w->page[w->depth - 1]);
        u64 *entry = (u64 *)mfn_to_virt(w->page[w->depth - 1]) + parent->aux;

        *entry = pte_adjust_table(*entry);
        parent->aux++;
    }
}

static void release_l1(u64 *table, u32 count)
{
    for (u32 i = 0; i < count; i++)
        if (table[i] & PTE_P)
            l1_entry_put(table[i]);
        else
            i = skip_empty(table, i) - 1;
}

/* False: a child is topmost now, and aux says where to go on. */
static bool release_table(struct pt_walk *w, u64 *table, struct frame *f, u32 level)
{
    for (u32 i = f->aux; i-- > 0;) {
        u64 e = table[i];

        if (!(e & PTE_P) || pt_slot_reserved(level, i))
            continue;
        f->aux = (u16)i;
        if (table_put(w, pte_mfn(e)))
            return false;
    }
    return true;
}

static void walk_release(struct pt_walk *w)
{
    mfn_t m = w->page[w->depth - 1];
    struct frame *f = frame_of(m);
    u32 level = level_of(f);
    u64 *table = mfn_to_virt(m);

    if (level == 1)
        release_l1(table, f->aux);
    else if (!release_table(w, table, f, level))
        return;
    if (level == 4)
        for (u32 i = 0; i < HV_SLOT_COUNT; i++)
            table[HV_SLOT_FIRST + i] = 0;
    w->depth--;
    __atomic_store_n(&f->type, 0, __ATOMIC_RELEASE);
    frame_put(m);
}

/* Lets the held table go, which may begin a walk. */
static void held_drop(struct pt_walk *w)
{
    mfn_t m = w->held;

    w->held = mfn(0);
    w->drop = false;
    w->releasing = table_put(w, m);
}

int walk_continue(struct vcpu *v)
{
    struct pt_walk *w = &v->walk;

    if (likely(!walk_pending(w)))
        return 0;
    if (w->drop && !w->depth)
        held_drop(w);
    while (w->depth) {
        if (w->releasing)
            walk_release(w);
        else
            walk_validate(w);
        if (w->depth && preempt_needed())
            return -ERESTART;
    }
    w->releasing = false;
    return 0;
}

int walk_abandon(struct vcpu *v)
{
    struct pt_walk *w = &v->walk;
    int error;

    if (w->depth)
        w->releasing = true;
    error = walk_continue(v);
    if (error)
        return error;
    w->drop = mfn_x(w->held);
    return walk_continue(v);
}

int walk_get_table(struct vcpu *v, struct domain *d, mfn_t m, u32 level)
{
    struct pt_walk *w = &v->walk;
    int error;

    ASSERT(!walk_pending(w));
    if (unlikely(w->error)) {
        error = w->error;
        w->error = 0;
        if (mfn_eq(m, w->failed_root))
            return error;
    }
    if (unlikely(mfn_x(w->held))) {
        if (frame_of(w->held)->owner != d->id || !mfn_eq(m, w->held) || level_of(frame_of(m)) != level) {
            w->drop = true;
            return -ERESTART;
        }
        w->held = mfn(0);
        return 0;
    }
    w->domain = d;
    return table_get(w, d, m, level);
}

void walk_put_table(struct vcpu *v, mfn_t m)
{
    struct pt_walk *w = &v->walk;

    ASSERT(!w->depth);
    w->releasing = table_put(w, m);
}
