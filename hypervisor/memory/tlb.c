/* SPDX-License-Identifier: MIT */
/*
 * Who may still know an entry that page tables no longer have. It must never let a frame change hands, or become a
 * table, while some CPU's TLB leads to it; and never interrupt a CPU that has nothing to do with it.
 *
 *  1. domain->dirty_cpus: the CPUs that have a vcpu of the domain loaded. A CPU sets its bit before it loads the
 *     domain's tables, and clears it after it has loaded other ones. So no other CPU has entries of those tables.
 *  2. domain->stale_cpus: those among them that may know an entry for a frame of the domain's own that is gone.
 *     Whoever takes an entry away adds the dirty CPUs (tlb_entry_gone()), after the entry and before its references
 *     go. A CPU that flushes takes its bit away first, then flushes, and looks at no guest's memory in between.
 *  3. domain->foreign_cpus: the CPUs that may know a gone entry for the domain's frames in other domains' tables (the
 *     toolstack's mappings, a grant whose entry its user overwrote). A CPU takes its bit away only when asked to, by
 *     tlb_flush_stale(). An unmapped grant leaves no such bit: its user flushes before the references go.
 *  4. A table that stops being one leaves no bits either: an entry of level 2 and up is flushed for when it goes
 *     (memory/pagetable.c), and a base pointer goes by a load of CR3, both before the table's count does.
 *  5. tlb_flush_stale() is called when the last reference (or type count) has gone. It flushes the CPUs whose bits it
 *     sees.
 *
 * Why no entry is missed: take the CPU C, which knows an entry E, and the one that took E away. If C was dirty then,
 * its bit was set, or seen set, after E went. Where 5 does not see it any more, C took it away later than that, and
 * flushes later still. If C was not dirty then, its load of CR3 is still to come, and it walks tables without E. If
 * it stops being dirty before 5 looks, it has loaded CR3 since. "Later" is safe to say: entries are taken away, bits
 * set and cleared by locked instructions, and a load of CR3 lets all earlier stores become visible first. A bit too
 * many costs a flush and no more.
 */
#include "memory/tlb.h"

#include "cpu/smp.h"
#include "domain/domain.h"
#include "memory/map.h"

static inline void bits_set(u64 *mask, u64 bits)
{
    bits &= ~ACCESS_ONCE(*mask);
    if (unlikely(bits))
        __atomic_fetch_or(mask, bits, __ATOMIC_SEQ_CST);
}

static inline void bits_clear(u64 *mask, u64 bits)
{
    if (ACCESS_ONCE(*mask) & bits)
        __atomic_fetch_and(mask, ~bits, __ATOMIC_SEQ_CST);
}

static inline u64 self_bit(void)
{
    return 1ull << this_cpu()->id;
}

void tlb_load_cr3(u64 cr3)
{
    this_cpu()->cr3 = cr3;
    bits_clear(&current_vcpu()->domain->stale_cpus, self_bit());
    write_cr3(cr3);
}

void tlb_flush_local(void)
{
    tlb_load_cr3(this_cpu()->cr3);
}

static void flush_here(void *arg)
{
    (void)arg;
    tlb_flush_local();
}

static void flush_page_here(void *arg)
{
    invlpg(*(u64 *)arg);
}

static void flush_foreign_here(void *d)
{
    bits_clear(&((struct domain *)d)->foreign_cpus, self_bit());
    tlb_flush_local();
}

/* Those of a mask that may know addresses of a guest. A CPU with no guest's tables loaded knows none, and one that is
 * about to load some says so first: where that is not to be seen yet, its load is still to come, and it begins
 * with tables that have changed and an empty TLB. */
static u64 with_guest(u64 mask)
{
    u64 busy = 0;

    for (u32 i = 0; i < cpu_count; i++)
        if (ACCESS_ONCE(cpus[i]->cr3) != idle_cr3)
            busy |= 1ull << i;
    return mask & busy;
}

/* fn does for other CPUs what here() does for this one. */
static inline void on_mask(u64 cpu_mask, void (*fn)(void *), void *arg)
{
    u64 self = self_bit();

    if (cpu_mask & ~self)
        cpu_mask = with_guest(cpu_mask);
    if (unlikely(cpu_mask & ~self))
        smp_call(cpu_mask, fn, arg);
    else if (cpu_mask & self)
        fn(arg);
}

void tlb_flush_mask(u64 cpu_mask)
{
    on_mask(cpu_mask, flush_here, NULL);
}

void tlb_flush_page_mask(u64 cpu_mask, u64 address)
{
    on_mask(cpu_mask, flush_page_here, &address);
}

static __attribute__((noinline)) void foreign_entry_gone(const struct domain *d, u16 owner)
{
    struct domain *whose = domain_of_owner(owner); /* kept by the frame, which the entry's reference keeps */

    if (whose)
        bits_set(&whose->foreign_cpus, ACCESS_ONCE(d->dirty_cpus));
}

void tlb_entry_gone(struct domain *d, u16 owner)
{
    if (likely(owner == d->id))
        bits_set(&d->stale_cpus, ACCESS_ONCE(d->dirty_cpus));
    else
        foreign_entry_gone(d, owner);
}

void tlb_flush_stale(struct domain *d)
{
    u64 own = ACCESS_ONCE(d->stale_cpus) & ACCESS_ONCE(d->dirty_cpus), foreign = ACCESS_ONCE(d->foreign_cpus);

    if (unlikely(own | foreign))
        on_mask(own | foreign, flush_foreign_here, d);
}
