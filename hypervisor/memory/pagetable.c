/* SPDX-License-Identifier: MIT */
/*
 * Changing one page-table entry: the rules per level, the one routine, and those who come to it (the
 * update hypercalls, an emulated store, a grant). All decoding is done, and every reference taken,
 * before the entry is written; from then on nothing fails.
 */
#include "memory/pagetable.h"

#include "lib/errno.h"

#include "domain/domain.h"
#include "domain/iomem.h"
#include "hypercall/hypercall.h"
#include "lib/print.h"
#include "memory/guest_copy.h"
#include "memory/map.h"
#include "memory/rules.h"
#include "memory/tlb.h"

#define TABLE_FORBIDDEN (PTE_HIGH_RESERVED | PTE_PWT | PTE_PCD | PTE_PSE | PTE_G)

const u64 pte_forbidden[5] = {0, PTE_HIGH_RESERVED, TABLE_FORBIDDEN, TABLE_FORBIDDEN, TABLE_FORBIDDEN};

int l1_entry_get(struct domain *d, struct domain *owner, u64 e)
{
    mfn_t m = pte_mfn(e);

    if (!(e & PTE_P))
        return 0;
    if (e & pte_forbidden[1])
        return -EINVAL;
    if (likely(mfn_valid(m))) {
        /* Cached and uncached views of one frame disagree: who owns no device has no use for them. */
        if ((e & PTE_CACHE) && !d->pv.mmio_all)
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

/* What `e`, which stood in a table of d's until now, referred to is let go. pt_lock held. */
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

/* pt_lock held; `entry` is in an L1 table of d. */
static int l1_update(struct domain *d, u64 *entry, u64 value, struct domain *owner, enum pt_write how)
{
    u64 old = *entry;
    int error;

    value = pte_adjust(value);
    /* Only the software and attribute bits change: what it refers to stays. */
    if ((old & value & PTE_P) && !((old ^ value) & (PTE_MFN_MASK | PTE_RW | PTE_CACHE)) &&
        !(value & pte_forbidden[1])) {
        entry_write(entry, value, how);
        return 0;
    }
    error = (value & PTE_P) ? l1_entry_get(d, owner, value) : 0;
    if (unlikely(error))
        return error;
    l1_entry_gone(d, entry_write(entry, value, how));
    return 0;
}

/* Is m, which has a record, an L1 table of d? pt_lock held. */
static bool is_l1_of(mfn_t m, const struct domain *d)
{
    const struct frame *f = frame_of(m);
    const u32 what = ~0u << FRAME_TYPE_SHIFT | FRAME_VALIDATED;

    return f->owner == d->id && (f->type & what) == (FRAME_L1 << FRAME_TYPE_SHIFT | FRAME_VALIDATED);
}

/* pt_lock held; `entry` is in a table of `level` of d. */
static int table_update(struct vcpu *v, struct domain *d, u64 *entry, u32 level, u64 value, enum pt_write how)
{
    u32 index = (u32)((u64)entry % PAGE_SIZE / 8);
    u64 old = *entry;
    int error;

    if (pt_slot_reserved(level, index))
        return -EINVAL;
    value = pte_adjust_table(value);
    if ((value & PTE_P) && (value & pte_forbidden[level]))
        return -EINVAL;
    if ((old & value & PTE_P) && !((old ^ value) & PTE_MFN_MASK)) {
        entry_write(entry, value, how);
        return 0;
    }
    if (value & PTE_P) {
        error = walk_get_table(v, d, pte_mfn(value), level - 1);
        if (error)
            return error;
    }
    old = entry_write(entry, value, how);
    if (old & PTE_P) {
        /* A CPU may be walking the old table this moment: no entry that leads there survives. */
        tlb_flush_mask(d->dirty_cpus);
        walk_put_table(v, d, pte_mfn(old));
    }
    return 0;
}

/* Not an L1 table: another one, or a page like any other of the guest's own. Apart, so that the usual way is short. */
static __attribute__((noinline)) int other_update(struct vcpu *v, mfn_t m, u64 *entry, u64 value, enum pt_write how)
{
    struct domain *d = v->domain;
    u32 type = ACCESS_ONCE(frame_of(m)->type);
    int error;

    if (type >> FRAME_TYPE_SHIFT <= FRAME_L4 && (type & FRAME_VALIDATED))
        return table_update(v, d, entry, type >> FRAME_TYPE_SHIFT, value, how);
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
    int error = -EINVAL;

    if ((slot & 7) || !mfn_valid(m))
        return -EINVAL;
    if (unlikely(walk_pending(&v->walk))) {
        error = walk_continue(v);
        if (error)
            return error;
        error = -EINVAL;
    }
    spin_lock(&d->pt_lock);
    /* looked at under the lock: a table of d's stays one as long as that is held */
    if (likely(is_l1_of(m, d)))
        error = l1_update(d, maddr_to_virt(slot), value, owner, how);
    else if (frame_of(m)->owner == d->id)
        error = other_update(v, m, maddr_to_virt(slot), value, how);
    spin_unlock(&d->pt_lock);
    return error;
}

static bool va_is_guests(u64 va)
{
    return guest_range_ok(va, 1) && (va < 1ull << 47 || va >= HV_VIRT_END);
}

/* The entry for va in an L1 table under `base`; NULL: there is no such table. pt_lock held: what hangs under a base are
 * tables, and cannot become anything else meanwhile. */
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

static u64 lookup(struct vcpu *v, mfn_t base, u64 va)
{
    const u64 *entry;
    u64 e;

    spin_lock(&v->domain->pt_lock);
    entry = entry_at(base, va);
    e = entry ? ACCESS_ONCE(*entry) : 0;
    spin_unlock(&v->domain->pt_lock);
    return e;
}

u64 pt_lookup(struct vcpu *v, u64 va)
{
    return lookup(v, base_in_use(v), va);
}

mfn_t pt_translate(struct vcpu *v, u64 va, bool user, u64 *flags)
{
    u64 e = lookup(v, user ? v->user_base : v->base, va);

    if (!(e & PTE_P))
        return INVALID_MFN;
    if (flags)
        *flags = e & ~PTE_MFN_MASK;
    return pte_mfn(e);
}

int pt_update_va(struct vcpu *v, u64 va, u64 value, struct domain *owner)
{
    struct domain *d = v->domain;
    int error = -EINVAL;
    u64 *entry;

    spin_lock(&d->pt_lock);
    entry = entry_at(base_in_use(v), va);
    if (likely(entry))
        error = l1_update(d, entry, value, owner, PT_WRITE_PLAIN);
    spin_unlock(&d->pt_lock);
    return error;
}

/* Puts `value` where `stands` stands: -ERESTART if an accessed or dirty bit was set there meanwhile. pt_lock held. */
static __attribute__((noinline)) int l1_exchange(struct domain *d, u64 *entry, u64 stands, u64 value)
{
    int error;

    value = pte_adjust(value);
    error = l1_entry_get(d, d, value);
    if (unlikely(error))
        return error;
    if (!__atomic_compare_exchange_n(entry, &stands, value, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)) {
        l1_entry_put(value);
        return -ERESTART;
    }
    l1_entry_gone(d, stands);
    return 0;
}

/* The entry at va, in an L1 table that is mapped there and is the guest's own. 0; -EINVAL: there is none; -ERESTART:
 * another vcpu is making or unmaking that table. pt_lock held. */
static int emulated_entry(struct vcpu *v, u64 va, u64 **entry)
{
    const u64 *mapping = entry_at(base_in_use(v), va);
    u64 e = mapping ? ACCESS_ONCE(*mapping) : 0;
    mfn_t m = pte_mfn(e);

    if (!(e & PTE_P) || !mfn_valid(m))
        return -EINVAL;
    *entry = (u64 *)((u64)mfn_to_virt(m) + (va & ~PAGE_MASK));
    if (is_l1_of(m, v->domain))
        return 0;
    return frame_of(m)->owner == v->domain->id && (frame_of(m)->type & FRAME_BUSY) ? -ERESTART : -EINVAL;
}

int pt_emulated_store(struct vcpu *v, u64 va, u64 value, const u64 *expected, u64 *old)
{
    struct domain *d = v->domain;
    u64 *entry;
    int error;

    if (va & 7)
        return -EINVAL;
    spin_lock(&d->pt_lock);
    error = emulated_entry(v, va, &entry);
    if (!error) {
        *old = ACCESS_ONCE(*entry);
        if (!expected)
            error = l1_update(d, entry, value, d, PT_WRITE_PLAIN);
        else if (*old == *expected)
            error = l1_exchange(d, entry, *expected, value);
    }
    spin_unlock(&d->pt_lock);
    return error;
}

/* The entry that a grant's host_addr names; NULL: none. pt_lock held. */
static u64 *grant_entry(struct vcpu *v, u64 host_addr, bool contains_pte)
{
    if (!contains_pte)
        return entry_at(base_in_use(v), host_addr);
    if ((host_addr & 7) || !mfn_valid(maddr_to_mfn(host_addr)) || !is_l1_of(maddr_to_mfn(host_addr), v->domain))
        return NULL;
    return maddr_to_virt(host_addr);
}

int pt_grant_map(struct vcpu *v, u64 host_addr, bool contains_pte, mfn_t m, bool readonly, u64 pte_flags)
{
    u64 value = mfn_to_maddr(m) | PTE_P | PTE_US | PTE_A | PTE_D | (readonly ? 0 : PTE_RW) | pte_flags;
    u64 *entry;

    spin_lock(&v->domain->pt_lock);
    entry = grant_entry(v, host_addr, contains_pte);
    if (likely(entry))
        l1_entry_gone(v->domain, entry_write(entry, value, PT_WRITE_PLAIN));
    spin_unlock(&v->domain->pt_lock);
    return entry ? 0 : -EINVAL;
}

int pt_grant_unmap(struct vcpu *v, u64 host_addr, bool contains_pte, mfn_t m, bool readonly)
{
    int error = -EINVAL;
    u64 *entry;

    spin_lock(&v->domain->pt_lock);
    entry = grant_entry(v, host_addr, contains_pte);
    if (entry && (*entry & PTE_P) && mfn_eq(pte_mfn(*entry), m) && !(*entry & PTE_RW) == readonly) {
        entry_write(entry, 0, PT_WRITE_PLAIN);
        error = 0;
    }
    spin_unlock(&v->domain->pt_lock);
    return error;
}

/* Without tables of its own (idle, or a dying domain's vcpu) there is still the hypervisor's part. */
u64 pt_cr3(const struct vcpu *v)
{
    mfn_t base = base_in_use(v);

    return mfn_x(base) ? mfn_to_maddr(base) : idle_cr3;
}
