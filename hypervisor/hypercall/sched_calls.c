/* SPDX-License-Identifier: MIT */
/*
 * sched_op and set_timer_op: a guest gives up its CPU, waits, or ends. Behaviour: public/sched.h and Xen 4.17's
 * answers.
 */
#include <public/sched.h>

#include "cpu/clock.h"
#include "domain/domain.h"
#include "hypercall/hypercall.h"
#include "memory/guest_copy.h"

#define POLL_PORTS_MAX 128
#define TIMER_SENSIBLE_NS (1ull << 50)
#define TIMER_SOON_NS 100000000ull

static long call_block(struct vcpu *v)
{
    __atomic_store_n(&v->info->evtchn_upcall_mask, 0, __ATOMIC_RELAXED);
    vcpu_block(v);
    return 0;
}

/* 1: one of the ports is pending; 0: none is; -errno. */
static long any_port_pending(struct vcpu *v, const struct sched_poll *poll)
{
    for (u32 i = 0; i < poll->nr_ports; i++) {
        evtchn_port_t port;
        int pending;

        if (copy_struct_from_guest(&port, (u64)(poll->ports.p + i)))
            return -EFAULT;
        pending = evtchn_pending(v->domain, port);
        if (pending)
            return pending;
    }
    return 0;
}

static long call_poll(const struct command_call *c)
{
    const struct sched_poll *poll = c->op;
    struct vcpu *v = c->v;
    evtchn_port_t only = 0;
    long pending;

    if (poll->nr_ports > POLL_PORTS_MAX)
        return -EINVAL;
    if (poll->nr_ports == 1 && copy_struct_from_guest(&only, (u64)poll->ports.p))
        return -EFAULT;
    if (!poll->timeout)
        timer_stop(&v->time.poll);
    v->evtchn.poll_port = only;
    v->evtchn.polling = true;
    __atomic_fetch_add(&v->domain->evtchn.pollers, 1, __ATOMIC_SEQ_CST);
    vcpu_block(v);
    /* whoever sends from here on finds us waiting; what was sent before shows as pending */
    pending = v->sched.blocked ? any_port_pending(v, poll) : 1;
    if (pending) {
        vcpu_unblock(v);
        return pending < 0 ? pending : 0;
    }
    if (poll->timeout)
        timer_set_here(&v->time.poll, poll->timeout);
    return 0;
}

/* What a suspended guest's toolstack reads and changes besides (its record, in a third argument) is theirs alone. */
static long call_shutdown(const struct command_call *c)
{
    const struct sched_shutdown *op = c->op;

    if (c->number == SCHEDOP_shutdown)
        domain_shutdown(c->domain, (u8)op->reason);
    else if (!c->domain->code_latched)
        c->domain->shutdown_code = (u8)op->reason;
    c->domain->code_latched |= c->number == SCHEDOP_shutdown_code;
    return 0;
}

static long call_remote_shutdown(const struct command_call *c)
{
    const struct sched_remote_shutdown *op = c->op;

    if (c->domain == c->v->domain) /* another's, that is */
        return -ESRCH;
    domain_shutdown(c->domain, (u8)op->reason);
    return 0;
}

static long call_watchdog(const struct command_call *c)
{
    const struct sched_watchdog *op = c->op;

    return time_set_watchdog(c->domain, op->id, op->timeout);
}

static const struct command commands[] = {
    {SCHEDOP_poll, sizeof(struct sched_poll), 0, call_poll},
    {SCHEDOP_shutdown, sizeof(struct sched_shutdown), 0, call_shutdown},
    {SCHEDOP_shutdown_code, sizeof(struct sched_shutdown), 0, call_shutdown},
    {SCHEDOP_remote_shutdown, sizeof(struct sched_remote_shutdown), OF_DOMAIN, call_remote_shutdown},
    {SCHEDOP_watchdog, sizeof(struct sched_watchdog), 0, call_watchdog},
};

long do_sched_op(struct vcpu *v, u64 args[6])
{
    switch ((u32)args[0]) {
    case SCHEDOP_yield:
        vcpu_yield(v);
        return 0;
    case SCHEDOP_block:
        return call_block(v);
    case SCHEDOP_pin_override:
        return v->domain->privileged ? -ENOSYS : -EPERM;
    default:
        return COMMAND_RUN(commands, (u32)args[0], v, args[1]);
    }
}

long do_set_timer_op(struct vcpu *v, u64 args[6])
{
    u64 when = args[0];

    /* A guest's clock ran over, perhaps: it shall look again soon rather than sleep for ever. */
    if (unlikely(when > TIMER_SENSIBLE_NS) && ((s64)when < 0 || when > now_ns() + TIMER_SENSIBLE_NS))
        when = now_ns() + TIMER_SOON_NS;
    if (when)
        timer_set_here(&v->time.oneshot, when);
    else
        timer_stop(&v->time.oneshot);
    return 0;
}
