/* SPDX-License-Identifier: MIT */
/*
 * vcpu_op: a domain starts and stops its own vcpus, sets their timers, and says where it wants its copies of
 * vcpu_info, run states and time. Behaviour: public/vcpu.h and Xen 4.17's answers.
 */
#include <public/sched.h>
#include <public/vcpu.h>

#include "cpu/clock.h"
#include "domain/domain.h"
#include "hypercall/hypercall.h"
#include "memory/alloc.h"
#include "memory/frame.h"
#include "memory/guest_copy.h"
#include "pv/context.h"

#define PERIOD_LEAST_NS 1000000ull
#define PERIOD_MOST_NS  ((1ull << 62) - 1)

static long call_initialise(struct vcpu *v, u64 arg)
{
    struct vcpu_guest_context *c;
    long error;

    if (v->info == &v->private_info)
        return -EINVAL; /* it has nowhere to get its events */
    c = pv_context_room();
    if (!c)
        return -ERESTART;
    error = copy_struct_from_guest(c, arg) ? -EFAULT : v->initialised ? -EEXIST : pv_set_context(v, c);
    pv_context_room_end();
    return error;
}

static long call_up(struct vcpu *v)
{
    if (!v->initialised)
        return -EINVAL;
    v->sched.down = false;
    vcpu_wake(v);
    return 0;
}

/* Another vcpu that goes down stops at the next chance, not at once: guests wait for is_up to say so. The last takes the
 * domain along. */
static long call_down(struct vcpu *v)
{
    struct domain *d = v->domain;

    if (__atomic_exchange_n(&v->sched.down, true, __ATOMIC_SEQ_CST))
        return 0;
    for (u32 i = 0; i < d->max_vcpus; i++)
        if (d->vcpu[i] && !__atomic_load_n(&d->vcpu[i]->sched.down, __ATOMIC_SEQ_CST)) {
            vcpu_pause_nosync(v);
            vcpu_unpause(v);
            return 0;
        }
    domain_shutdown(d, SHUTDOWN_poweroff);
    return 0;
}

static long call_runstate(const struct command_call *c)
{
    runstate_get(c->v, c->op);
    return 0;
}

static long call_register_info(const struct command_call *c)
{
    const struct vcpu_register_vcpu_info *op = c->op;
    struct vcpu *v = c->v;
    struct vcpu_info *to;
    u64 none = 0;
    mfn_t m = mfn(op->mfn);

    if (op->offset > PAGE_SIZE - sizeof(*to) || (op->offset & 7))
        return -ENXIO;
    if (mfn_x(v->info_mfn))
        return -EINVAL;
    if (v != current_vcpu() && !v->sched.down)
        return -EINVAL; /* its events are on their way to the old place */
    if (frame_get_writable(m, v->domain))
        return -EINVAL;
    /* once only, whoever else tries at the same time */
    if (!__atomic_compare_exchange_n(&v->info_mfn.v, &none, m.v, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)) {
        frame_put_writable(m);
        return -EINVAL;
    }
    to = (struct vcpu_info *)((char *)mfn_to_virt(m) + op->offset);
    *to = *v->info;
    __atomic_store_n(&v->info, to, __ATOMIC_SEQ_CST);
    time_update_vcpu(v);
    evtchn_info_moved(v);
    return 0;
}

static long call_area(const struct command_call *c)
{
    u64 address = *(const u64 *)c->op; /* both registrations are a union around it */

    return c->number == VCPUOP_register_vcpu_time_memory_area ? time_register_area(c->v, address)
                                                              : runstate_register(c->v, address);
}

static long call_set_periodic(const struct command_call *c)
{
    const struct vcpu_set_periodic_timer *op = c->op;

    if (op->period_ns < PERIOD_LEAST_NS || op->period_ns > PERIOD_MOST_NS)
        return -EINVAL;
    time_set_periodic(c->v, op->period_ns);
    return 0;
}

static const struct command commands[] = {
    {VCPUOP_get_runstate_info, sizeof(struct vcpu_runstate_info), ANSWERS, call_runstate},
    {VCPUOP_register_runstate_memory_area, sizeof(struct vcpu_register_runstate_memory_area), 0, call_area},
    {VCPUOP_register_vcpu_time_memory_area, sizeof(struct vcpu_register_time_memory_area), 0, call_area},
    {VCPUOP_register_vcpu_info, sizeof(struct vcpu_register_vcpu_info), 0, call_register_info},
    {VCPUOP_set_periodic_timer, sizeof(struct vcpu_set_periodic_timer), 0, call_set_periodic},
};

static long call_set_oneshot(struct vcpu *v, u64 arg)
{
    struct vcpu_set_singleshot_timer op;

    if (copy_struct_from_guest(&op, arg))
        return -EFAULT;
    /* a time that has passed goes off at once, whatever the flags say; so does a negative one */
    timer_set_here(&v->time.oneshot, op.timeout_abs_ns >> 63 ? 0 : op.timeout_abs_ns);
    return 0;
}

static long call_send_nmi(struct vcpu *v)
{
    v->pv.nmi_pending = true;
    vcpu_kick(v);
    return 0;
}

long do_vcpu_op(struct vcpu *current, u64 args[6])
{
    struct domain *d = current->domain;
    struct vcpu *v = (u32)args[1] < d->max_vcpus ? d->vcpu[(u32)args[1]] : NULL;
    u64 arg = args[2];

    if (!v)
        return -ENOENT;
    switch ((u32)args[0]) {
    case VCPUOP_initialise:
        return call_initialise(v, arg);
    case VCPUOP_up:
        return call_up(v);
    case VCPUOP_down:
        return call_down(v);
    case VCPUOP_is_up:
        return !v->sched.down;
    case VCPUOP_stop_periodic_timer:
        time_set_periodic(v, 0);
        return 0;
    case VCPUOP_set_singleshot_timer:
        return v == current ? call_set_oneshot(v, arg) : -EINVAL;
    case VCPUOP_stop_singleshot_timer:
        if (v != current)
            return -EINVAL;
        timer_stop(&v->time.oneshot);
        return 0;
    case VCPUOP_send_nmi:
        return call_send_nmi(v);
    default:
        return COMMAND_RUN(commands, (u32)args[0], v, arg);
    }
}
