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

/* rflags that ring 0 cares about. */
#define EFLAGS_FIXED 0x2ull
#define EFLAGS_TF 0x100ull
#define EFLAGS_IF 0x200ull
#define EFLAGS_DF 0x400ull
#define EFLAGS_IOPL 0x3000ull
#define EFLAGS_NT 0x4000ull
#define EFLAGS_RF 0x10000ull
#define EFLAGS_AC 0x40000ull
/* What a guest may have in rflags while it runs, by its own choice. */
#define EFLAGS_GUEST (0x244dd5ull | EFLAGS_RF)

/* Exception `vector` into the current guest by its trap table. error_code used where the vector has one. A missing
 * handler crashes the domain with the reason. For #PF use pv_inject_page_fault, which sets cr2 in its vcpu_info. */
void pv_inject_trap(u32 vector, u32 error_code);
/* int N: never an error code. */
void pv_inject_software(u32 vector);
void pv_inject_page_fault(u64 address, u32 error_code);
/* The event upcall: masks events (evtchn_upcall_mask = 1) and enters event_callback. */
void pv_inject_upcall(void);
void pv_inject_nmi(void);
/* After segment loads or iret failed. */
void pv_inject_failsafe(void);
/* HYPERVISOR_iret for the current vcpu; guest_regs() are all set, rax too. */
void pv_iret(void);
/* rflags as they may be loaded for a guest, from what it asked for. */
u64 pv_sanitize_rflags(u64 rflags);

/* Entry points that entry/ calls (registers in guest_regs()); all C, interrupts off. */
void pv_handle_exception(u32 vector, u32 error_code, u64 cr2);
void pv_handle_syscall_from_user(void);
void pv_handle_syscall32(void);
void pv_handle_sysenter(void);

#endif
