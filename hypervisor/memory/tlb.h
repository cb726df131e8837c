/* SPDX-License-Identifier: MIT */
/*
 * TLB flushes, and the bookkeeping that keeps them few and among the CPUs that need them. Guests have no global
 * pages, so loading CR3 flushes all of a guest's entries. The argument is in tlb.c.
 */
#ifndef MEMORY_TLB_H
#define MEMORY_TLB_H

#include "cpu/asm.h"
#include "cpu/percpu.h"
#include "lib/types.h"

struct domain;

/* Now, whatever is owed. Masks: CPUs with no guest loaded are left out. */
void tlb_flush_local(void);
void tlb_flush_mask(u64 cpu_mask);
void tlb_flush_page_mask(u64 cpu_mask, u64 address);

/* Loads CR3, for the current vcpu. */
void tlb_load_cr3(u64 cr3);
/* The same, between its kernel and user mode: too often for the bookkeeping, which does without. */
static inline void tlb_toggle_cr3(u64 cr3)
{
    this_cpu()->cr3 = cr3;
    write_cr3(cr3);
}

/* An L1 entry of d's, for a frame of domain `owner`, was taken away by a locked instruction just now; its references
 * are about to be put. */
void tlb_entry_gone(struct domain *d, u16 owner);
/* For a frame of d's that no entry maps (or none writable): on return no CPU reaches it by an entry that once did.
 * Before it is freed, or becomes a table or descriptors. Any locks below RANK_TLB may be held. */
void tlb_flush_stale(struct domain *d);

#endif
