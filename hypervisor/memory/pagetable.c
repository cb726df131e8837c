/* SPDX-License-Identifier: MIT */
/*
 * Changing one page-table entry: the rules per level, the one routine, and those who come to it (the
 * update hypercalls, an emulated store, a grant). All decoding is done, and every reference taken,
 * before the entry is written; from then on nothing fails.
 */
#include "memory/pagetable.h"

#include "domain/iomem.h"
#include "hypercall/hypercall.h"
#include "memory/guest_copy.h"
#include "memory/map.h"
#include "memory/rules.h"
#include "memory/tlb.h"

int l1_entry_get(struct domain *d, struct domain *owner, u64 e)
{
    mfn_t m = pte_mfn(e);

    if (!(e & PTE_P))
        return 0;
    if (likely(mfn_valid(m))) {
        /* Cached and uncached views of one frame disagree: who owns no device has no use for them. */
        if ((e & PTE_CACHE) && !d->privileged)
            return -EINVAL;
        if (e & PTE_RW)
            return frame_get_writable(m, owner);
        return frame_get(m, owner) ? 0 : -EINVAL;
    }
    /* no RAM: a device's, for whoever may have it; such frames are not counted */
    return iomem_frame_allowed(d, m) ? 0 : -EPERM;
}

static inline void entry_references_put(mfn_t m, u64 e)
{
    if (e & PTE_RW)
        frame_put_type(frame_of(m));
    frame_put(m);
}

void l1_entry_put(u64 e)
{
    if ((e & PTE_P) && mfn_valid(pte_mfn(e)))
        entry_references_put(pte_mfn(e), e);
}

/* What `e`, which stood in a table of d's until now, referred to is let go. No table locked. */
static __attribute__((always_inline)) inline void l1_entry_gone(struct domain *d, u64 e)
{
    mfn_t m = pte_mfn(e);

    if (!(e & PTE_P) || !mfn_valid(m))
        return;
    tlb_entry_gone(d, frame_of(m)->owner);
    entry_references_put(m, e);
}

/* Writes an entry and returns what stood there. Accessed and dirty bits that the CPU sets meanwhile are kept if
 * asked. */
static u64 entry_write(u64 *entry, u64 value, enum pt_write how)
{
    u64 old = ACCESS_ONCE(*entry), to;

    if (how == PT_WRITE_PLAIN)
        return __atomic_exchange_n(entry, value, __ATOMIC_SEQ_CST);
    do
        to = (value & PTE_P) ? value | (old & (PTE_A | PTE_D)) : value;
    while (!__atomic_compare_exchange_n(entry, &old, to, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
    return old;
}

/* `entry` is in an L1 table of d, locked: unlocks it. */
static __attribute__((always_inline)) inline int l1_update(struct domain *d, u64 *entry, u64 value, struct domain *owner, enum pt_write how)
{
    u64 old = *entry;
    int error;

    value = pte_adjust(value);
    /* Only the software and attribute bits change: what it refers to stays. */
    if ((old & value & PTE_P) && !((old ^ value) & (PTE_MFN_MASK | PTE_RW | PTE_CACHE))) {
        entry_write(entry, value, how);
        table_unlock(virt_to_mfn(entry));
        return 0;
    }
    error = (value & PTE_P) ? l1_entry_get(d, owner, value) : 0;
    if (likely(!error))
        old = entry_write(entry, value, how);
    table_unlock(virt_to_mfn(entry));
    if (likely(!error))
        l1_entry_gone(d, old);
    return error;
}

/* `entry` is in m, a table of `level` of d when it was last looked at. */
static int upper_update(struct vcpu *v, mfn_t m, u64 *entry, u32 level, u64 value, enum pt_write how)
{
    u32 index = (u32)((u64)entry % PAGE_SIZE / 8);
    struct domain *d = v->domain;
    u64 old;
    int error;

    if (pt_slot_reserved(level, index))
        return -EINVAL;
    value = pte_adjust_table(value);
    if (value & PTE_P) {
        if (value & PTE_TABLE_FORBIDDEN)
            return -EINVAL;
        error = walk_get_table(v, d, pte_mfn(value), level - 1);
        if (error)
            return error;
    }
    if (unlikely(!table_lock(m, d, level))) { /* it has just become something else: look again */
        if (value & PTE_P)
            walk_put_table(v, pte_mfn(value));
        return -ERESTART;
    }
    old = entry_write(entry, value, how);
    table_unlock(m);
    if (!(old & PTE_P))
        return 0;
    /* A CPU may be walking the old table this moment, in hardware or in entry_at(): no entry that leads there survives,
     * and no CPU that runs the domain answers amid a walk. */
    if (!(value & PTE_P) || !mfn_eq(pte_mfn(old), pte_mfn(value)))
        tlb_flush_mask(d->dirty_cpus);
    walk_put_table(v, pte_mfn(old));
    return 0;
}

/* Not an L1 table: another one, or a page like any other of the guest's own. Apart, so that the usual way is short. */
static __attribute__((noinline)) int other_update(struct vcpu *v, mfn_t m, u64 *entry, u64 value, enum pt_write how)
{
    struct domain *d = v->domain;
    u32 type = ACCESS_ONCE(frame_of(m)->type);
    int error;

    if (type >> FRAME_TYPE_SHIFT <= FRAME_L4 && (type & FRAME_VALIDATED))
        return upper_update(v, m, entry, type >> FRAME_TYPE_SHIFT, value, how);
    if (type & FRAME_BUSY)
        return type >> FRAME_TYPE_SHIFT == FRAME_DESCRIPTORS ? -EBUSY : -ERESTART;
    error = frame_get_writable(m, d);
    if (error)
        return error;
    entry_write(entry, value, how);
    frame_put_writable(m);
    return 0;
}

int pt_update(struct vcpu *v, maddr_t slot, u64 value, struct domain *owner, enum pt_write how)
{
    struct domain *d = v->domain;
    mfn_t m = maddr_to_mfn(slot);

    if ((slot & 7) || !mfn_valid(m))
        return -EINVAL;
    if (unlikely(walk_pending(&v->walk)) && walk_continue(v))
        return -ERESTART;
    if (likely(table_lock(m, d, 1)))
        return l1_update(d, maddr_to_virt(slot), value, owner, how);
    return frame_of(m)->owner == d->id ? other_update(v, m, maddr_to_virt(slot), value, how) : -EINVAL;
}

static bool va_is_guests(u64 va)
{
    return guest_range_ok(va, 1) && (va < 1ull << 47 || va >= HV_VIRT_END);
}

/*
 * The entry for va in an L1 table under `base`, which is the current vcpu's; NULL: there is no such table.
 * What hangs under a base are tables, and they are not let go amid this: whoever takes one out of its parent has each CPU
 * that runs the domain flush (and answer) first, and a CPU answers only between things like this (cpu/smp.h).
 */
static u64 *entry_at(mfn_t base, u64 va)
{
    u64 *table = mfn_to_virt(base);

    if (!mfn_x(base) || !va_is_guests(va))
        return NULL;
    for (u32 shift = 39; shift > 12; shift -= 9) {
        u64 e = ACCESS_ONCE(table[(va >> shift) % PT_ENTRIES]);

        if (!(e & PTE_P))
            return NULL;
        table = mfn_to_virt(pte_mfn(e));
    }
    return &table[(va >> 12) % PT_ENTRIES];
}

static mfn_t base_in_use(const struct vcpu *v)
{
    return v->pv.kernel_mode ? v->base : v->user_base;
}

static u64 lookup(mfn_t base, u64 va)
{
    const u64 *entry = entry_at(base, va);

    return entry ? ACCESS_ONCE(*entry) : 0;
}

u64 pt_lookup(struct vcpu *v, u64 va)
{
    return lookup(base_in_use(v), va);
}

mfn_t pt_translate(struct vcpu *v, u64 va, bool user, u64 *flags)
{
    u64 e = lookup(user ? v->user_base : v->base, va);

    if (!(e & PTE_P))
        return INVALID_MFN;
    if (flags)
        *flags = e & ~PTE_MFN_MASK;
    return pte_mfn(e);
}

int pt_update_va(struct vcpu *v, u64 va, u64 value, struct domain *owner)
{
    struct domain *d = v->domain;
    u64 *entry = entry_at(base_in_use(v), va);

    if (unlikely(!entry || !table_lock(virt_to_mfn(entry), d, 1)))
        return -EINVAL;
    return l1_update(d, entry, value, owner, PT_WRITE_PLAIN);
}

/* Puts `value` where `stands` stands, in a table that is locked: unlocks it. -ERESTART if an accessed or dirty bit was set there
 * meanwhile. */
static __attribute__((noinline)) int l1_exchange(struct domain *d, u64 *entry, u64 stands, u64 value)
{
    int error;
    bool done;

    value = pte_adjust(value);
    error = l1_entry_get(d, d, value);
    done = !error && __atomic_compare_exchange_n(entry, &stands, value, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
    table_unlock(virt_to_mfn(entry));
    if (error)
        return error;
    if (done)
        l1_entry_gone(d, stands);
    else
        l1_entry_put(value);
    return done ? 0 : -ERESTART;
}

/* The table that is mapped at va, an L1 table of the guest's own: locked. 0; -EINVAL: there is none; -ERESTART:
 * another vcpu is making or unmaking that table. */
static int emulated_table(struct vcpu *v, u64 va, mfn_t *m)
{
    u64 e = pt_lookup(v, va);

    *m = pte_mfn(e);
    if (!(e & PTE_P) || !mfn_valid(*m))
        return -EINVAL;
    if (table_lock(*m, v->domain, 1))
        return 0;
    return frame_of(*m)->owner == v->domain->id && (frame_of(*m)->type & FRAME_BUSY) ? -ERESTART : -EINVAL;
}

int pt_emulated_store(struct vcpu *v, u64 va, u64 value, const u64 *expected, u64 *old)
{
    struct domain *d = v->domain;
    u64 *entry;
    mfn_t m;
    int error;

    if (va & 7)
        return -EINVAL;
    error = emulated_table(v, va, &m);
    if (error)
        return error;
    entry = (u64 *)((u64)mfn_to_virt(m) + (va & ~PAGE_MASK));
    *old = ACCESS_ONCE(*entry);
    if (!expected)
        return l1_update(d, entry, value, d, PT_WRITE_PLAIN);
    if (*old == *expected)
        return l1_exchange(d, entry, *expected, value);
    table_unlock(m);
    return 0;
}

/* The entry that a grant's host_addr names, its table locked; NULL: none. */
static __attribute__((always_inline)) inline u64 *grant_entry(struct vcpu *v, u64 host_addr, bool contains_pte)
{
    u64 *entry = NULL;

    if (likely(!contains_pte))
        entry = entry_at(base_in_use(v), host_addr);
    else if (!(host_addr & 7) && mfn_valid(maddr_to_mfn(host_addr)))
        entry = maddr_to_virt(host_addr);
    return entry && table_lock(virt_to_mfn(entry), v->domain, 1) ? entry : NULL;
}

int pt_grant_map(struct vcpu *v, u64 host_addr, bool contains_pte, mfn_t m, bool readonly, u64 pte_flags)
{
    u64 value = mfn_to_maddr(m) | PTE_P | PTE_US | PTE_A | PTE_D | PTE_NX | (readonly ? 0 : PTE_RW) | pte_flags, old;
    u64 *entry = grant_entry(v, host_addr, contains_pte);

    if (unlikely(!entry))
        return -EINVAL;
    old = entry_write(entry, value, PT_WRITE_PLAIN);
    table_unlock(virt_to_mfn(entry));
    l1_entry_gone(v->domain, old);
    return 0;
}

int pt_grant_unmap(struct vcpu *v, u64 host_addr, bool contains_pte, mfn_t m, bool readonly)
{
    int error = -EINVAL;
    u64 *entry = grant_entry(v, host_addr, contains_pte);

    if (unlikely(!entry))
        return -EINVAL;
    if ((*entry & PTE_P) && mfn_eq(pte_mfn(*entry), m) && !(*entry & PTE_RW) == readonly) {
        entry_write(entry, 0, PT_WRITE_PLAIN);
        error = 0;
    }
    table_unlock(virt_to_mfn(entry));
    return error;
}

int pt_grant_replace(struct vcpu *v, u64 host_addr, bool contains_pte, u64 new_addr, mfn_t m, bool readonly)
{
    u64 *entry, moved = 0;
    bool ok;

    if (new_addr) {
        entry = grant_entry(v, new_addr, false);
        if (!entry)
            return -EINVAL;
        moved = entry_write(entry, 0, PT_WRITE_PLAIN);
        table_unlock(virt_to_mfn(entry));
    }
    entry = grant_entry(v, host_addr, contains_pte);
    ok = entry && (*entry & PTE_P) && mfn_eq(pte_mfn(*entry), m) && !(*entry & PTE_RW) == readonly;
    if (ok)
        entry_write(entry, moved, PT_WRITE_PLAIN);
    if (entry)
        table_unlock(virt_to_mfn(entry));
    if (!ok)
        l1_entry_gone(v->domain, moved);
    return ok ? 0 : -EINVAL;
}

/* Without tables of its own (idle, or a dying domain's vcpu) there is still the hypervisor's part. */
u64 pt_cr3(const struct vcpu *v)
{
    mfn_t base = base_in_use(v);

    return mfn_x(base) ? mfn_to_maddr(base) : idle_cr3;
}
