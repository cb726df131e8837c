/* SPDX-License-Identifier: MIT */
/*
 * Making a guest take a trap, an event, a syscall: the bounce. All write a frame on the guest's kernel
 * stack by its own addresses and change guest_regs() so that the way back lands in its handler. A stack that cannot
 * be written crashes the domain.
 */
#ifndef PV_TRAP_H
#define PV_TRAP_H

#include "lib/types.h"

struct vcpu;
struct cpu_user_regs;

/* Exception `vector` into the current guest by its trap table. error_code used where the vector has one. A missing
 * handler crashes the domain with the reason. For #PF set v->info->arch.cr2 via pv_inject_page_fault. */
void pv_inject_trap(u32 vector, u32 error_code);
void pv_inject_page_fault(u64 address, u32 error_code);
/* The event upcall: masks events (evtchn_upcall_mask = 1) and enters event_callback. */
void pv_inject_upcall(void);
void pv_inject_nmi(void);
/* After segment loads or iret failed. */
void pv_inject_failsafe(void);
/* HYPERVISOR_iret for the current vcpu. */
long pv_iret(void);
/* kernel <-> user: swaps the address space and the GS bases. */
void pv_toggle_mode(struct vcpu *v);

/* Entry points that entry/ calls (registers in guest_regs()); all C, interrupts off. */
void pv_handle_exception(u32 vector, u32 error_code, u64 cr2);
void pv_handle_syscall_from_user(void);

#endif
