/* SPDX-License-Identifier: MIT */
/*
 * What may stand in a page-table entry, per level, and how one entry takes and gives back what it
 * refers to. Shared by single updates (pagetable.c) and whole tables (walk.c); private to memory/.
 */
#ifndef MEMORY_RULES_H
#define MEMORY_RULES_H

#include "cpu/asm.h"
#include "cpu/smp.h"
#include "domain/domain.h"
#include "lib/print.h"
#include "lib/types.h"
#include "memory/frame.h"
#include "memory/layout.h"
#include "memory/pagetable.h"

#define PT_ENTRIES 512

/* Cache attributes: only on what is not RAM, and for whoever owns devices. */
#define PTE_CACHE (PTE_PWT | PTE_PCD | PTE_PAT)

/* Bits that a present entry above L1 must not have; an L1 entry may have any. Superpages are refused by it, and bits 52 to
 * 62 are the guest's own: no CPU is told to look at them. */
#define PTE_TABLE_FORBIDDEN (PTE_PWT | PTE_PCD | PTE_PSE | PTE_G)

/* The entry as it will stand: guests run in ring 3, kernel mode too, so user access is always on; and nothing is
 * global, so that loading CR3 flushes it. */
static inline u64 pte_adjust(u64 e)
{
    return (e & PTE_P) ? (e | PTE_US) & ~PTE_G : e;
}
static inline u64 pte_adjust_table(u64 e)
{
    return (e & PTE_P) ? e | PTE_US : e;
}

/*
 * A lock in each table's type word, held for as long as it takes to change an entry: who has it knows that the page is a
 * validated table of `level` of d's and stays one, and that nobody else changes an entry (but for a CPU's accessed and
 * dirty bits). The last count of a table waits for it. No other lock is taken with it held, nor another of its kind; nobody
 * is waited for.
 */
static inline bool table_lock(mfn_t m, const struct domain *d, u32 level)
{
    struct frame *f = frame_of(m);
    const u32 what = ~0u << FRAME_TYPE_SHIFT | FRAME_VALIDATED, is = level << FRAME_TYPE_SHIFT | FRAME_VALIDATED;
    u32 type = ACCESS_ONCE(f->type);

    for (;;) {
        if (unlikely((type & what) != is || f->owner != d->id))
            return false;
        if (unlikely(type & FRAME_LOCKED)) {
            smp_poll();
            cpu_pause();
            type = ACCESS_ONCE(f->type);
        } else if (likely(__atomic_compare_exchange_n(&f->type, &type, type | FRAME_LOCKED, false, __ATOMIC_ACQUIRE,
                                                      __ATOMIC_RELAXED))) {
            break;
        }
    }
    /* a table has one owner for as long as it is one: look again, now that it stays one */
    if (likely(f->owner == d->id))
        return true;
    __atomic_fetch_and(&f->type, ~FRAME_LOCKED, __ATOMIC_RELEASE);
    return false;
}

static inline void table_unlock(mfn_t m)
{
    __atomic_fetch_and(&frame_of(m)->type, ~FRAME_LOCKED, __ATOMIC_RELEASE);
}

/* L4 slots that are the hypervisor's. */
static inline bool pt_slot_reserved(u32 level, u32 index)
{
    return level == 4 && index - HV_SLOT_FIRST < HV_SLOT_COUNT;
}

/* Drops a count of a type that needs no unmaking. */
static inline void frame_put_type(struct frame *f)
{
    u32 type = ACCESS_ONCE(f->type), to;

    do {
        ASSERT(type & FRAME_TYPE_COUNT);
        to = type - 1;
        if (unlikely(!(to & FRAME_TYPE_COUNT)))
            to = 0;
    } while (!__atomic_compare_exchange_n(&f->type, &type, to, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED));
}

/* Takes the references of an L1 entry that a table of d is to hold, mapping frames of `owner`. 0, -EINVAL, -EPERM,
 * -EBUSY. Not present: nothing. */
int l1_entry_get(struct domain *d, struct domain *owner, u64 e);
/* Gives them back, where no TLB can know the entry. */
void l1_entry_put(u64 e);

#endif
