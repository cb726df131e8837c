/* SPDX-License-Identifier: MIT */
/*
 * A guest's page tables: what may stand in an entry of each level (one table of rules), how an entry
 * is changed (one routine), and how a whole table becomes one (memory/walk.h). Reads and writes go
 * through the direct map alone. Guest linear tables (a table as its own child) are refused.
 */
#ifndef MEMORY_PAGETABLE_H
#define MEMORY_PAGETABLE_H

#include "lib/types.h"
#include "memory/frame.h"

struct vcpu;
struct domain;

#define PTE_P 0x001ull
#define PTE_RW 0x002ull
#define PTE_US 0x004ull
#define PTE_PWT 0x008ull
#define PTE_PCD 0x010ull
#define PTE_A 0x020ull
#define PTE_D 0x040ull
#define PTE_PSE 0x080ull
#define PTE_PAT 0x080ull
#define PTE_G 0x100ull
#define PTE_NX 0x8000000000000000ull
#define PTE_MFN_MASK 0x000ffffffffff000ull

static inline mfn_t pte_mfn(u64 e)
{
    return mfn((e & PTE_MFN_MASK) >> PAGE_SHIFT);
}

/* How to write an entry. */
enum pt_write { PT_WRITE_PLAIN, PT_WRITE_PRESERVE_AD };

/* Changes one entry of one of d's (the current domain's) tables. `slot`: machine address of the entry
 * (8-aligned); `value`: what the guest asks for; `owner`: whose frames an L1 entry may map (d itself,
 * or a domain that d may map). 0, -EINVAL, -EBUSY, -EPERM, -ENOMEM or -ERESTART (nothing done yet:
 * call again). */
int pt_update(struct vcpu *v, maddr_t slot, u64 value, struct domain *owner, enum pt_write how);

/* Reads the L1 entry that maps `va` in the vcpu's current tables: 0 if nothing does. v: the current one. */
u64 pt_lookup(struct vcpu *v, u64 va);
/* Walks a guest's kernel (or user) L4 for address va: the mapped frame, with the leaf's flags, or INVALID_MFN.
 * v: the current one. */
mfn_t pt_translate(struct vcpu *v, u64 va, bool user, u64 *flags);

/* update_va_mapping: the L1 entry for va. */
int pt_update_va(struct vcpu *v, u64 va, u64 value, struct domain *owner);

/* A store by the guest to an 8-byte entry of a read-only mapped page-table page, as found by a write fault at va
 * (8-aligned). *old gets what stood there. expected NULL: a plain store. Else the whole entry is compared and
 * exchanged, as against any other CPU's walker: where *old is not *expected nothing was written. 0; -EINVAL: not an L1
 * table of this guest mapped here, or no entry it may have: bounce the fault; -ERESTART: nothing was written, the
 * guest is to execute it again. */
int pt_emulated_store(struct vcpu *v, u64 va, u64 value, const u64 *expected, u64 *old);

/* Grants (domain/grant.c). Enters/clears a mapping of frame m at host_addr (a virtual address of the current guest's
 * space, or with contains_pte the machine address of an L1 entry). map: the caller has a reference (and a writable
 * type count unless readonly), which the entry now owns on success (what the entry held before is released). unmap:
 * the entry must map m, as `readonly` says; it becomes not present, and its references are the caller's, to be put
 * when he has flushed the domain's CPUs. pte_flags: extra available bits. 0, or -EINVAL: no such entry. */
int pt_grant_map(struct vcpu *v, u64 host_addr, bool contains_pte, mfn_t m, bool readonly, u64 pte_flags);
int pt_grant_unmap(struct vcpu *v, u64 host_addr, bool contains_pte, mfn_t m, bool readonly);
/* The same, and the entry of new_addr (0: none), which then has none, takes its place; it is lost where that fails. */
int pt_grant_replace(struct vcpu *v, u64 host_addr, bool contains_pte, u64 new_addr, mfn_t m, bool readonly);

/* A guest L4 as base pointer of a vcpu: takes a type reference on m (owned by v's domain), puts the old one.
 * 0, -EINVAL, -ERESTART. For the current vcpu, CR3 is loaded. */
int pt_set_base(struct vcpu *v, mfn_t m);
int pt_set_user_base(struct vcpu *v, mfn_t m); /* m == mfn 0: none */
/* Neither base nor walk under way any more, for a vcpu that does not run. 0 or -ERESTART. */
int pt_drop_bases(struct vcpu *v);
/* Pins and unpins a table of level 1..4 for domain d. */
int pt_pin(struct vcpu *v, struct domain *d, mfn_t m, u32 level);
int pt_unpin(struct vcpu *v, struct domain *d, mfn_t m);

/* Teardown, restartable: drops base pointers, unpins, releases every frame of d. 0 or -ERESTART. */
int memory_relinquish(struct domain *d);

/* The value for CR3 that the vcpu runs on in its present mode (kernel or user). */
u64 pt_cr3(const struct vcpu *v);

/* Fills the hypervisor's sixteen slots of an L4 page. */
void pt_fill_hv_slots(u64 *l4);

#endif
