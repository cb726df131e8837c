/* SPDX-License-Identifier: MIT */
/*
 * The one list of hypercalls, of which dispatch.c makes the table: name, who may.
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

/* From entry/: the guest's arguments (in the order rdi, rsi, rdx, r10, r8, r9) and the number from its eax. What is returned
 * is the guest's rax, but for -ERESTART: then hypercall_restart() with the same args puts the guest before its call
 * again. */
long hypercall_dispatch(struct vcpu *v, u64 args[6], u32 number);
void hypercall_restart(const u64 args[6]);

/* True when this CPU has something more urgent than going on: an interrupt came, a reschedule or an event
 * for the current vcpu is due. Opens the interrupt window; no lock may be held. */
bool preempt_needed(void);

/* A byte that somebody typed on the machine's console: kept for dom0, which is told (VIRQ_CONSOLE). Interrupt context. */
void console_receive(u8 byte);

/* All calls, in the order of their numbers, and who may: any domain, or a privileged one alone (others get -EPERM). The
 * handler of `name` is do_name, in a *_calls.c here. A number that is not here answers ENOSYS. */
#define HYPERCALLS(any, privileged)                                                                \
    any(set_trap_table)                                                                            \
    any(mmu_update)                                                                                \
    any(set_gdt)                                                                                   \
    any(stack_switch)                                                                              \
    any(fpu_taskswitch)                                                                            \
    privileged(platform_op)                                                                        \
    any(set_debugreg)                                                                              \
    any(get_debugreg)                                                                              \
    any(update_descriptor)                                                                         \
    any(memory_op)                                                                                 \
    any(multicall)                                                                                 \
    any(update_va_mapping)                                                                         \
    any(set_timer_op)                                                                              \
    any(xen_version)                                                                               \
    any(console_io)                                                                                \
    any(grant_table_op)                                                                            \
    any(vm_assist)                                                                                 \
    any(iret)                                                                                      \
    any(vcpu_op)                                                                                   \
    any(set_segment_base)                                                                          \
    any(mmuext_op)                                                                                 \
    any(sched_op)                                                                                  \
    any(callback_op)                                                                               \
    any(event_channel_op)                                                                          \
    any(physdev_op)                                                                                \
    privileged(sysctl)                                                                             \
    privileged(domctl)
#define HYPERCALL_PROTOTYPE(call) long do_##call(struct vcpu *v, u64 args[6]);
HYPERCALLS(HYPERCALL_PROTOTYPE, HYPERCALL_PROTOTYPE)

/* A call that is a family of commands, each with a structure of its own, has a table of them; command.c does what all
 * have in common. What a handler gets: */
struct command_call {
    u32 number;
    struct vcpu *v;
    struct domain *domain; /* v's own, or by OF_DOMAIN the one that is meant, referenced */
    void *op;              /* a private copy of the structure, which takes the answer */
    u64 at;                /* where the guest has it */
};

enum command_rules {
    ANSWERS = 1,   /* the copy goes back to the guest where the handler returned 0 */
    CONTROL = 2,   /* only a privileged domain; others get -EPERM, whatever the structure */
    OF_DOMAIN = 4, /* the structure's first field is a domain's number: domain_find_for() */
    NEW_PORT = 8,  /* its last word is a new port of v's domain, closed again where the answer cannot be written */
    ONE = 16,      /* grant_table_op: no list of them */
};

struct command {
    u32 number;
    u8 size;  /* of the structure: at most COMMAND_SIZE */
    u8 rules; /* enum command_rules */
    long (*run)(const struct command_call *c);
};
#define COMMAND_SIZE 80

/* NULL: there is no such command. */
const struct command *command_find(const struct command *table, size_t count, u32 number);
/* What the handler returns, or -EPERM, -EFAULT, or -ESRCH; -ENOSYS for a command that is NULL. */
long command_run(const struct command *command, struct vcpu *v, u64 at);
#define COMMAND_RUN(table, number, v, at) command_run(command_find(table, ARRAY_SIZE(table), number), v, at)

#endif
