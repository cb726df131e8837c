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

void l1_entry_put(u64 e)
{
    mfn_t m = pte_mfn(e);

    if (!(e & PTE_P) || !mfn_valid(m))
        return;
    if (e & PTE_RW)
        frame_put_writable(m);
    else
        frame_put(m);
}

/* Writes an entry and returns what stood there. Accessed and dirty bits that the CPU sets meanwhile are kept if asked. */
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
    error = l1_entry_get(d, owner, value);
    if (unlikely(error))
        return error;
    l1_entry_put(entry_write(entry, value, how));
    return 0;
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

int pt_update(struct vcpu *v, maddr_t slot, u64 value, struct domain *owner, enum pt_write how)
{
    struct domain *d = v->domain;
    mfn_t m = maddr_to_mfn(slot);
    u64 *entry = maddr_to_virt(slot);
    struct frame *f = frame_of(m);
    u32 type;
    int error;

    if ((slot & 7) || !mfn_valid(m) || f->owner != d->id)
        return -EINVAL;
    error = walk_continue(v);
    if (error)
        return error;
    spin_lock(&d->pt_lock);
    type = ACCESS_ONCE(f->type);
    if (likely(type >> FRAME_TYPE_SHIFT == FRAME_L1 && (type & FRAME_VALIDATED)))
        error = l1_update(d, entry, value, owner, how);
    else if (type >> FRAME_TYPE_SHIFT <= FRAME_L4 && (type & FRAME_VALIDATED))
        error = table_update(v, d, entry, type >> FRAME_TYPE_SHIFT, value, how);
    else if (type & FRAME_BUSY)
        error = type >> FRAME_TYPE_SHIFT == FRAME_DESCRIPTORS ? -EBUSY : -ERESTART;
    else {
        /* not a table yet: a page like any other of the guest's own */
        error = frame_get_writable(m, d);
        if (!error) {
            entry_write(entry, value, how);
            frame_put_writable(m);
        }
    }
    spin_unlock(&d->pt_lock);
    return error;
}

/* The table that `va` leads to one level above its L1 entry, from an L4. 0: nothing there. */
static maddr_t slot_of(mfn_t base, u64 va)
{
    mfn_t m = base;

    if (!mfn_x(base))
        return 0;
    for (u32 shift = 39; shift > 12; shift -= 9) {
        u64 e = ACCESS_ONCE(((u64 *)mfn_to_virt(m))[(va >> shift) % PT_ENTRIES]);

        if (!(e & PTE_P) || (e & PTE_PSE))
            return 0;
        m = pte_mfn(e);
    }
    return mfn_to_maddr(m) + (va >> 12) % PT_ENTRIES * 8;
}

static bool va_is_guests(u64 va)
{
    return guest_range_ok(va, 1) && (va < 1ull << 47 || va >= HV_VIRT_END);
}

static mfn_t base_in_use(const struct vcpu *v)
{
    return v->pv.kernel_mode ? v->base : v->user_base;
}

u64 pt_lookup(struct vcpu *v, u64 va, maddr_t *slot)
{
    maddr_t at = va_is_guests(va) ? slot_of(base_in_use(v), va) : 0;

    if (slot)
        *slot = at;
    return at ? ACCESS_ONCE(*(u64 *)maddr_to_virt(at)) : 0;
}

mfn_t pt_translate(struct vcpu *v, u64 va, bool user, u64 *flags)
{
    maddr_t at = va_is_guests(va) ? slot_of(user ? v->user_base : v->base, va) : 0;
    u64 e = at ? ACCESS_ONCE(*(u64 *)maddr_to_virt(at)) : 0;

    if (!(e & PTE_P))
        return INVALID_MFN;
    if (flags)
        *flags = e & ~PTE_MFN_MASK;
    return pte_mfn(e);
}

/* The L1 entry at `slot` in a table of d, changed under the lock; refused where the page is no L1 table (any more). */
static int l1_slot_update(struct domain *d, maddr_t slot, u64 value, struct domain *owner)
{
    const struct frame *f = frame_of(maddr_to_mfn(slot));
    int error = -EINVAL;

    spin_lock(&d->pt_lock);
    if (f->owner == d->id && f->type >> FRAME_TYPE_SHIFT == FRAME_L1 && (f->type & FRAME_VALIDATED))
        error = l1_update(d, maddr_to_virt(slot), value, owner, PT_WRITE_PLAIN);
    spin_unlock(&d->pt_lock);
    return error;
}

int pt_update_va(struct vcpu *v, u64 va, u64 value, struct domain *owner)
{
    maddr_t slot;

    pt_lookup(v, va, &slot);
    return slot ? l1_slot_update(v->domain, slot, value, owner) : -EINVAL;
}

int pt_emulated_store(struct vcpu *v, u64 va, u64 value, u32 size, const u64 *expected, u64 *old)
{
    struct domain *d = v->domain;
    u64 mapping = pt_lookup(v, va, NULL), stands, whole, mask = ~0ull, *entry;
    u32 shift = (u32)(va & 7) * 8;
    const struct frame *f;
    int error = -EINVAL;

    if (!(mapping & PTE_P) || !mfn_valid(pte_mfn(mapping)) || (va & (size - 1)) || size < 4)
        return -EINVAL;
    f = frame_of(pte_mfn(mapping));
    entry = (u64 *)((u64)mfn_to_virt(pte_mfn(mapping)) + (va & ~PAGE_MASK & ~7ull));
    if (size == 4)
        mask = 0xffffffffull << shift;
    spin_lock(&d->pt_lock);
    if (f->owner == d->id && f->type >> FRAME_TYPE_SHIFT == FRAME_L1 && (f->type & FRAME_VALIDATED)) {
        stands = ACCESS_ONCE(*entry);
        if (old)
            *old = (stands & mask) >> shift;
        whole = (stands & ~mask) | ((value << shift) & mask);
        if (expected && (stands & mask) >> shift != *expected)
            error = 0;
        else
            error = l1_update(d, entry, whole, d, PT_WRITE_PLAIN);
    }
    spin_unlock(&d->pt_lock);
    return error;
}

int pt_grant_map(struct vcpu *v, u64 host_addr, bool contains_pte, mfn_t m, bool readonly, u64 pte_flags)
{
    struct domain *d = v->domain;
    u64 value = mfn_to_maddr(m) | PTE_P | PTE_US | PTE_A | PTE_D | (readonly ? 0 : PTE_RW) | pte_flags;
    maddr_t slot = host_addr;
    const struct frame *f;
    int error = -EINVAL;

    if (!contains_pte)
        pt_lookup(v, host_addr, &slot);
    if (!slot || (slot & 7) || !mfn_valid(maddr_to_mfn(slot)))
        return -EINVAL;
    f = frame_of(maddr_to_mfn(slot));
    spin_lock(&d->pt_lock);
    if (f->owner == d->id && f->type >> FRAME_TYPE_SHIFT == FRAME_L1 && (f->type & FRAME_VALIDATED)) {
        l1_entry_put(entry_write(maddr_to_virt(slot), value, PT_WRITE_PLAIN));
        error = 0;
    }
    spin_unlock(&d->pt_lock);
    return error;
}

/* Where an unmapped grant's place is to hold another mapping, that is moved there and its own place is emptied. */
static int entry_take(struct domain *d, struct vcpu *v, u64 va, u64 *value)
{
    maddr_t slot;
    const struct frame *f;

    *value = 0;
    if (!va)
        return 0;
    pt_lookup(v, va, &slot);
    if (!slot)
        return -EINVAL;
    f = frame_of(maddr_to_mfn(slot));
    if (f->owner != d->id || f->type >> FRAME_TYPE_SHIFT != FRAME_L1 || !(f->type & FRAME_VALIDATED))
        return -EINVAL;
    *value = entry_write(maddr_to_virt(slot), 0, PT_WRITE_PLAIN);
    return 0;
}

int pt_grant_unmap(struct vcpu *v, u64 host_addr, bool contains_pte, mfn_t m, u64 replacement_va)
{
    struct domain *d = v->domain;
    maddr_t slot = host_addr;
    const struct frame *f;
    int error = -EINVAL;
    u64 value, *entry;

    if (!contains_pte)
        pt_lookup(v, host_addr, &slot);
    if (!slot || (slot & 7) || !mfn_valid(maddr_to_mfn(slot)))
        return -EINVAL;
    f = frame_of(maddr_to_mfn(slot));
    entry = maddr_to_virt(slot);
    spin_lock(&d->pt_lock);
    if (f->owner == d->id && f->type >> FRAME_TYPE_SHIFT == FRAME_L1 && (f->type & FRAME_VALIDATED) &&
        (*entry & PTE_P) && mfn_eq(pte_mfn(*entry), m)) {
        error = entry_take(d, v, replacement_va, &value);
        if (!error)
            l1_entry_put(entry_write(entry, value, PT_WRITE_PLAIN));
    }
    spin_unlock(&d->pt_lock);
    return error;
}

/* Without tables of its own (idle, or a dying domain's vcpu) there is still the hypervisor's part. */
u64 pt_cr3(const struct vcpu *v)
{
    mfn_t base = base_in_use(v);

    return mfn_x(base) ? mfn_to_maddr(base) : idle_cr3;
}
