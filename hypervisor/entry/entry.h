/* SPDX-License-Identifier: MIT */
/*
 * The doors between guests and ring 0. What C may ask of them.
 */
#ifndef ENTRY_ENTRY_H
#define ENTRY_ENTRY_H

#include "lib/types.h"

struct cpu;
struct cpu_user_regs;

/* Where the CPU must start pushing when it comes from a guest: the end of guest_regs()' ss. Goes into
 * tss.rsp0; 16-byte aligned. */
u64 entry_stack_top(const struct cpu *cpu);
/* SYSCALL and SYSENTER of this CPU (its MSRs, its slot of the syscall stubs). Once per CPU, this_cpu()->id set. */
void entry_init_cpu(void);
/* Goes to the guest that guest_regs() describe, after all that a way back looks at (schedule() first if
 * need_resched is set). Drops the stack of the caller. */
void entry_return_to_guest(void) __noreturn;

/* Fills a page with the 64-bit PV hypercall stubs, 32 bytes each. */
void hypercall_page_fill(void *page);

/* What a SYSCALL leaves in guest_regs()->entry_vector. While it stands there the way back may use SYSRET, which gives the
 * guest rip in rcx and rflags in r11, and flat selectors: who changes cs or ss, or wants rcx and r11 to arrive, sets it
 * to 0. Until entry_exit_work() rbx, rbp and r11 to r15 of guest_regs() are not valid then: hypercalls have no use
 * for them. */
#define ENTRY_BY_SYSCALL 0xffffffffu

/* C side of the stubs (entry/entry.c). */
void entry_exit_work(void);
void entry_ring0_exception(struct cpu_user_regs *regs);
void entry_ring0_debug(struct cpu_user_regs *regs);
void entry_iret_fault(const struct cpu_user_regs *nested);
void entry_nmi(const struct cpu_user_regs *regs);
void entry_fatal(const struct cpu_user_regs *regs) __noreturn;

/* entry/stubs.S: a stub for each CPU, SYSCALL_STUB_SIZE apart. */
#define SYSCALL_STUB_SIZE 64
#define SYSCALL_STUB_COMPAT 32
extern const u8 syscall_stubs[], sysenter_entry[];

#endif
