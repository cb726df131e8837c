/* SPDX-License-Identifier: MIT */
/*
 * From a number and six registers to a handler and back, and the one place that knows what restarting
 * is: a call that is not finished is made to happen again, with what is left as its arguments.
 */
#include <public/xen.h>

#include "cpu/irq.h"
#include "domain/domain.h"
#include "entry/entry.h"
#include "hypercall/hypercall.h"
#include "memory/guest_copy.h"

#define SYSCALL_LENGTH 2

bool preempt_needed(void)
{
    const struct vcpu *v = current_vcpu();

    cpu_irq_window();
    return this_cpu()->need_resched ||
           (v->info->evtchn_upcall_pending && !v->info->evtchn_upcall_mask);
}

static const struct hypercall *call_of(u64 number)
{
    if (number >= HYPERCALL_COUNT || !hypercall_table[number].handler)
        return NULL;
    return &hypercall_table[number];
}

static long call_run(const struct hypercall *call, struct vcpu *v, u64 args[6])
{
    if (unlikely(!call))
        return -ENOSYS;
    if (unlikely(call->control && !v->domain->privileged))
        return -EPERM;
    return call->handler(v, args);
}

long hypercall_dispatch(struct vcpu *v, u64 args[6], u32 number)
{
    return call_run(call_of(number), v, args);
}

/* The guest issues the call again: after an upcall perhaps, or another guest's turn. */
void hypercall_restart(const u64 args[6])
{
    struct cpu_user_regs *regs = guest_regs();

    regs->rip -= SYSCALL_LENGTH;
    regs->rdi = args[0];
    regs->rsi = args[1];
    regs->rdx = args[2];
    regs->r10 = args[3];
    regs->r8 = args[4];
    regs->r9 = args[5];
}

/* One entry of a multicall: read once, run, its result written. -ERESTART: the entry holds what is left of it. */
static long multicall_one(struct vcpu *v, u64 address)
{
    struct multicall_entry e;
    const struct hypercall *call;
    long result;

    if (GUEST_WORDS(address, &e, sizeof(e) / 8))
        return -EFAULT;
    call = call_of(e.op);
    /* A list within a list, or a return from a trap amid one, has no meaning. */
    if (call && (call->handler == do_multicall || call->handler == do_iret))
        call = NULL;
    result = call_run(call, v, e.args);
    if (result == -ERESTART)
        return GUEST_WORDS(&e, address, sizeof(e) / 8) ? -EFAULT : -ERESTART;
    return GUEST_WORDS(&result, address + offsetof(struct multicall_entry, result), 1);
}

long do_multicall(struct vcpu *v, u64 args[6])
{
    u32 count = (u32)args[1];
    long error;

    if (!guest_range_ok(args[0], (u64)count * sizeof(struct multicall_entry)))
        return -EFAULT;
    for (u32 done = 0; done < count; done++) {
        if (done && done % 8 == 0 && preempt_needed()) {
            args[1] = count - done;
            return -ERESTART;
        }
        error = multicall_one(v, args[0]);
        if (error) {
            args[1] = count - done;
            return error;
        }
        args[0] += sizeof(struct multicall_entry);
    }
    return 0;
}
