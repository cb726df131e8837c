/* SPDX-License-Identifier: MIT */
/*
 * The one table of hypercalls (hypercall/table.c): number, name, how many arguments, who may, handler.
 *
 * Handlers take the arguments as an array they may change. What a guest hands over is copied in once
 * and checked whole before anything changes. A handler that has more to do than one unit's time returns
 * -ERESTART with args[] changed to what is left: the dispatcher makes the guest issue the call again
 * (registers, or the multicall entry, are rewritten), so interrupts and other guests get their turn.
 */
#ifndef HYPERCALL_HYPERCALL_H
#define HYPERCALL_HYPERCALL_H

#include "lib/errno.h"

#include "lib/types.h"

struct vcpu;

/* Not part of the ABI: never reaches a guest. */
#undef ERESTART /* host builds: the C library has one too */
#define ERESTART 0x4d455753

typedef long (*hypercall_handler_t)(struct vcpu *v, u64 args[6]);

struct hypercall {
    const char *name;
    hypercall_handler_t handler;
    u8 arguments;
    bool control; /* only a privileged domain; others get -EPERM */
};

#define HYPERCALL_COUNT 64
extern const struct hypercall hypercall_table[HYPERCALL_COUNT];

/* From entry/: the guest's arguments (in the order rdi, rsi, rdx, r10, r8, r9) and the number from its eax. What is returned
 * is the guest's rax, but for -ERESTART: then hypercall_restart() with the same args puts the guest before its call
 * again. */
long hypercall_dispatch(struct vcpu *v, u64 args[6], u32 number);
void hypercall_restart(const u64 args[6]);

/* True when this CPU has something more urgent than going on: an interrupt came, a reschedule or an event
 * for the current vcpu is due. Opens the interrupt window; no lock may be held. */
bool preempt_needed(void);

/* All handlers, one line each; the file that has it in brackets. */
long do_set_trap_table(struct vcpu *v, u64 args[6]);       /* [hypercall/cpu_calls.c] */
long do_set_gdt(struct vcpu *v, u64 args[6]);
long do_stack_switch(struct vcpu *v, u64 args[6]);
long do_fpu_taskswitch(struct vcpu *v, u64 args[6]);
long do_set_debugreg(struct vcpu *v, u64 args[6]);
long do_get_debugreg(struct vcpu *v, u64 args[6]);
long do_update_descriptor(struct vcpu *v, u64 args[6]);
long do_set_segment_base(struct vcpu *v, u64 args[6]);
long do_iret(struct vcpu *v, u64 args[6]);
long do_set_callbacks(struct vcpu *v, u64 args[6]);
long do_callback_op(struct vcpu *v, u64 args[6]);
long do_nmi_op(struct vcpu *v, u64 args[6]);
long do_vm_assist(struct vcpu *v, u64 args[6]);
long do_mmu_update(struct vcpu *v, u64 args[6]);           /* [hypercall/mmu_calls.c] */
long do_update_va_mapping(struct vcpu *v, u64 args[6]);
long do_update_va_mapping_otherdomain(struct vcpu *v, u64 args[6]);
long do_mmuext_op(struct vcpu *v, u64 args[6]);
long do_memory_op(struct vcpu *v, u64 args[6]);            /* [hypercall/memory_calls.c] */
long do_multicall(struct vcpu *v, u64 args[6]);            /* [hypercall/dispatch.c] */
long do_event_channel_op(struct vcpu *v, u64 args[6]);     /* [hypercall/event_calls.c] */
long do_grant_table_op(struct vcpu *v, u64 args[6]);       /* [hypercall/grant_calls.c] */
long do_sched_op(struct vcpu *v, u64 args[6]);             /* [hypercall/sched_calls.c] */
long do_set_timer_op(struct vcpu *v, u64 args[6]);
long do_vcpu_op(struct vcpu *v, u64 args[6]);              /* [hypercall/vcpu_calls.c] */
long do_xen_version(struct vcpu *v, u64 args[6]);          /* [hypercall/version_calls.c] */
long do_console_io(struct vcpu *v, u64 args[6]);           /* [hypercall/console_calls.c] */
long do_physdev_op(struct vcpu *v, u64 args[6]);           /* [hypercall/physdev_calls.c] */
long do_platform_op(struct vcpu *v, u64 args[6]);          /* [hypercall/platform_calls.c] */
long do_domctl(struct vcpu *v, u64 args[6]);               /* [hypercall/domctl.c] */
long do_sysctl(struct vcpu *v, u64 args[6]);               /* [hypercall/sysctl.c] */

#endif
