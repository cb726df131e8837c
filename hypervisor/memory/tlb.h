/* SPDX-License-Identifier: MIT */
/*
 * TLB flushes, and the clock that makes most of them unnecessary: each full flush of a CPU advances a
 * 16-bit clock; a frame remembers the clock when it lost its last writable mapping, and needs a flush
 * only on the CPUs that have not had one since. When the clock wraps everything is flushed.
 * Guests have no global pages, so loading CR3 flushes all of a guest's entries.
 */
#ifndef MEMORY_TLB_H
#define MEMORY_TLB_H

#include "lib/types.h"

struct domain;

u16 tlb_stamp(void);
/* Flushes, on the CPUs in mask that have had no flush since the stamp. */
void tlb_flush_stamped(u64 cpu_mask, u16 stamp);
void tlb_flush_local(void);
void tlb_flush_page_local(u64 address);
void tlb_flush_mask(u64 cpu_mask);
void tlb_flush_page_mask(u64 cpu_mask, u64 address);
/* Loads CR3 (counts as a flush). */
void tlb_load_cr3(u64 cr3);

#endif
