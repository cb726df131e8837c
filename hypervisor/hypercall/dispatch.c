/* SPDX-License-Identifier: MIT */
/*
 * From a number and six registers to a handler and back, and the one place that knows what restarting
 * is: a call that is not finished is made to happen again, with what is left as its arguments.
 */
#include "cpu/irq.h"
#include "domain/domain.h"
#include "hypercall/hypercall.h"
#include "memory/guest_copy.h"

#define SYSCALL_LENGTH 2
#define HYPERCALL_COUNT 64

/* Who may is asked by a call's own guard, where there is one: the others need not even look. */
#define NO_GUARD(call)
#define GUARD(call)                                                                                \
    static long guard_##call(struct vcpu *v, u64 args[6])                                          \
    {                                                                                              \
        return v->domain->privileged ? do_##call(v, args) : -EPERM;                                \
    }
HYPERCALLS(NO_GUARD, GUARD)

#define ANY(call) [__HYPERVISOR_##call] = do_##call,
#define PRIVILEGED(call) [__HYPERVISOR_##call] = guard_##call,
static const hypercall_handler_t handlers[HYPERCALL_COUNT] = {HYPERCALLS(ANY, PRIVILEGED)};

bool preempt_needed(void)
{
    const struct vcpu *v = current_vcpu();

    cpu_irq_window();
    return this_cpu()->need_resched ||
           (v->info->evtchn_upcall_pending && !v->info->evtchn_upcall_mask);
}

static hypercall_handler_t handler_of(u64 number)
{
    return likely(number < HYPERCALL_COUNT) ? handlers[number] : NULL;
}

long hypercall_dispatch(struct vcpu *v, u64 args[6], u32 number)
{
    hypercall_handler_t handler = handler_of(number);

    return likely(handler) ? handler(v, args) : -ENOSYS;
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
    hypercall_handler_t handler;
    long result;

    if (GUEST_WORDS(address, &e, sizeof(e) / 8))
        return -EFAULT;
    handler = handler_of(e.op);
    /* A list within a list, or a return from a trap amid one, has no meaning. */
    if (handler == do_multicall || handler == do_iret)
        handler = NULL;
    result = likely(handler) ? handler(v, e.args) : -ENOSYS;
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
