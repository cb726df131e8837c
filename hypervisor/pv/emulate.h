/* SPDX-License-Identifier: MIT */
/*
 * Privileged instructions that a guest's kernel may use as if it had the CPU: done on its account.
 */
#ifndef PV_EMULATE_H
#define PV_EMULATE_H

#include <public/xen.h>

#include "lib/types.h"
#include "pv/pv.h"

struct domain;
struct vcpu;
struct pv_insn;

/* At a #GP of the current guest. True: rip stands behind the instruction (or at it again: a string instruction that goes
 * on), or an exception was injected. False: not ours: the caller bounces what the CPU raised. */
bool pv_emulate_privileged(void);
/* At a #UD: the forced-emulation prefix and CPUID. False: something else. */
bool pv_emulate_forced_cpuid(void);
/* At a write fault on a present page of the guest: a store to a page table that is mapped read-only. False: bounce. */
bool pv_emulate_pagetable_store(u64 address);

/* MSRs (pv/msr.c). False: #GP. */
bool pv_read_msr(struct vcpu *v, u32 msr, u64 *value);
bool pv_write_msr(struct vcpu *v, u32 msr, u64 value);

/* The bits of a CR4 value that a guest may have (others are ignored). */
u64 pv_cr4_allowed(u64 cr4);

/* CPUID as a guest's kernel sees it (pv/cpuid.c). */
void pv_cpuid(const struct vcpu *v, u32 leaf, u32 subleaf, u32 out[4]);
/* The same for any vcpu of a domain, without the hypervisor's own leaves; NULL: of one that is not made yet. */
void pv_cpuid_domain(const struct domain *d, u32 leaf, u32 subleaf, u32 out[4]);
/* One leaf of what a toolstack wants a VPS's kernel to see. False: it names what the CPU does not have, or another vendor; else
 * the features to hide are in `hidden`. Other leaves cannot be changed, and are not looked at. */
bool pv_cpuid_hide(u32 leaf, u32 subleaf, const u32 wanted[4], u32 hidden[PV_FEATURE_WORDS]);

/* vm_assist: what a guest may turn on. */
#define PV_VM_ASSIST_ALLOWED                                                                       \
    (1u << VMASST_TYPE_4gb_segments | 1u << VMASST_TYPE_4gb_segments_notify |                      \
     1u << VMASST_TYPE_writable_pagetables | 1u << VMASST_TYPE_pae_extended_cr3 |                  \
     1u << VMASST_TYPE_architectural_iopl | 1u << VMASST_TYPE_runstate_update_flag)

#endif
