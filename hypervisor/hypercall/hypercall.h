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

/* All calls, in the order of their numbers: name, arguments, who may (any domain; a privileged one alone). The handler
 * of `name` is do_name, in a *_calls.c here. table.c makes the table of this. */
#define HYPERCALLS(any, privileged)                                                                \
    any(set_trap_table, 1)                                                                         \
    any(mmu_update, 4)                                                                             \
    any(set_gdt, 2)                                                                                \
    any(stack_switch, 2)                                                                           \
    any(fpu_taskswitch, 1)                                                                         \
    privileged(platform_op, 1)                                                                     \
    any(set_debugreg, 2)                                                                           \
    any(get_debugreg, 1)                                                                           \
    any(update_descriptor, 2)                                                                      \
    any(memory_op, 2)                                                                              \
    any(multicall, 2)                                                                              \
    any(update_va_mapping, 3)                                                                      \
    any(set_timer_op, 1)                                                                           \
    any(xen_version, 2)                                                                            \
    any(console_io, 3)                                                                             \
    any(grant_table_op, 3)                                                                         \
    any(vm_assist, 2)                                                                              \
    any(iret, 0)                                                                                   \
    any(vcpu_op, 3)                                                                                \
    any(set_segment_base, 2)                                                                       \
    any(mmuext_op, 4)                                                                              \
    any(sched_op, 2)                                                                               \
    any(callback_op, 2)                                                                            \
    any(event_channel_op, 2)                                                                       \
    any(physdev_op, 2)                                                                             \
    privileged(sysctl, 1)                                                                          \
    privileged(domctl, 1)

#define HYPERCALL_PROTOTYPE(call, arguments) long do_##call(struct vcpu *v, u64 args[6]);
HYPERCALLS(HYPERCALL_PROTOTYPE, HYPERCALL_PROTOTYPE)

/* A call that is a family of commands, each with a structure of its own, has a table of them; command.c does what all
 * have in common. What a handler gets: */
struct command_call {
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
