/* SPDX-License-Identifier: MIT */
/*
 * event_channel_op: what a guest says of its ports, decoded; domain/evtchn.c and evtchn_fifo.c do it.
 */
#include <public/event_channel.h>
#include <public/xen.h>

#include "domain/domain.h"
#include "domain/evtchn.h"
#include "domain/evtchn_fifo.h"
#include "hypercall/hypercall.h"
#include "lib/errno.h"
#include "memory/guest_copy.h"

/* Tells the guest its new port, or takes the port back if that cannot be done. */
static int answer_port(struct domain *d, u32 port, u64 to, const void *op, size_t size)
{
    if (!copy_to_guest(to, op, size))
        return 0;
    evtchn_close(d, port);
    return -EFAULT;
}

static long call_alloc_unbound(struct vcpu *v, u64 arg)
{
    struct evtchn_alloc_unbound op;
    struct domain *d;
    int error;

    if (copy_words_from_guest(&op, arg))
        return -EFAULT;
    d = domain_find_for(v, op.dom, &error);
    if (!d)
        return error;
    if (op.remote_dom == DOMID_SELF)
        op.remote_dom = v->domain->id;
    error = evtchn_alloc_unbound(d, op.remote_dom, &op.port);
    if (!error && copy_words_to_guest(arg, &op)) {
        evtchn_close(d, op.port);
        error = -EFAULT;
    }
    domain_put(d);
    return error;
}

static long call_bind_interdomain(struct vcpu *v, u64 arg)
{
    struct evtchn_bind_interdomain op;
    struct domain *remote;
    long error;

    if (copy_struct_from_guest(&op, arg))
        return -EFAULT;
    remote = domain_find(op.remote_dom);
    if (!remote)
        return -ESRCH;
    error = evtchn_bind_interdomain(v->domain, remote, op.remote_port, &op.local_port);
    if (!error)
        error = answer_port(v->domain, op.local_port, arg, &op, sizeof(op));
    domain_put(remote);
    return error;
}

static long call_bind_virq(struct vcpu *v, u64 arg)
{
    struct evtchn_bind_virq op;
    long error;

    if (copy_struct_from_guest(&op, arg))
        return -EFAULT;
    error = evtchn_bind_virq(v->domain, op.virq, op.vcpu, &op.port);
    return error ? error : answer_port(v->domain, op.port, arg, &op, sizeof(op));
}

static long call_bind_ipi(struct vcpu *v, u64 arg)
{
    struct evtchn_bind_ipi op;
    long error;

    if (copy_struct_from_guest(&op, arg))
        return -EFAULT;
    error = evtchn_bind_ipi(v->domain, op.vcpu, &op.port);
    return error ? error : answer_port(v->domain, op.port, arg, &op, sizeof(op));
}

static long call_bind_pirq(struct vcpu *v, u64 arg)
{
    struct evtchn_bind_pirq op;
    long error;

    if (copy_struct_from_guest(&op, arg))
        return -EFAULT;
    if (op.pirq > 0xffff)
        return -EINVAL;
    if (!v->domain->privileged)
        return -EPERM;
    error = evtchn_bind_pirq(v->domain, op.pirq, &op.port);
    return error ? error : answer_port(v->domain, op.port, arg, &op, sizeof(op));
}

static void describe(const struct evtchn *c, struct evtchn_status *op)
{
    op->vcpu = c->vcpu;
    switch (c->state) {
    case EVTCHN_UNBOUND:
        op->status = EVTCHNSTAT_unbound;
        op->u.unbound.dom = c->remote_domid;
        break;
    case EVTCHN_INTERDOMAIN:
        op->status = EVTCHNSTAT_interdomain;
        op->u.interdomain.dom = c->remote_domid;
        op->u.interdomain.port = c->remote_port;
        break;
    case EVTCHN_PIRQ:
        op->status = EVTCHNSTAT_pirq;
        op->u.pirq = c->pirq;
        break;
    case EVTCHN_VIRQ:
        op->status = EVTCHNSTAT_virq;
        op->u.virq = c->virq;
        break;
    case EVTCHN_IPI:
        op->status = EVTCHNSTAT_ipi;
        break;
    default:
        op->status = EVTCHNSTAT_closed;
        break;
    }
}

static long call_status(struct vcpu *v, u64 arg)
{
    struct evtchn_status op;
    struct evtchn c;
    struct domain *d;
    int error;

    if (copy_struct_from_guest(&op, arg))
        return -EFAULT;
    d = domain_find_for(v, op.dom, &error);
    if (!d)
        return error;
    error = evtchn_read(d, op.port, &c);
    domain_put(d);
    if (error)
        return error;
    describe(&c, &op);
    return copy_struct_to_guest(arg, &op);
}

static long call_reset(struct vcpu *v, u64 arg)
{
    struct evtchn_reset op;
    struct domain *d;
    int error;

    if (copy_struct_from_guest(&op, arg))
        return -EFAULT;
    d = domain_find_for(v, op.dom, &error);
    if (!d)
        return error;
    /* another domain's ports go only while it stands still */
    error = d != v->domain && !d->control_pauses ? -EINVAL : evtchn_reset(d);
    domain_put(d);
    return error;
}

static long call_bind_vcpu(struct vcpu *v, u64 arg)
{
    struct evtchn_bind_vcpu op;

    if (copy_struct_from_guest(&op, arg))
        return -EFAULT;
    return evtchn_bind_vcpu(v->domain, op.port, op.vcpu);
}

static long call_init_control(struct vcpu *v, u64 arg)
{
    struct evtchn_init_control op;
    const struct domain *d = v->domain;
    long error;

    if (copy_struct_from_guest(&op, arg))
        return -EFAULT;
    op.link_bits = EVTCHN_FIFO_LINK_BITS;
    if (op.vcpu >= d->max_vcpus || !d->vcpu[op.vcpu])
        return -ENOENT;
    error = evtchn_fifo_init_control(d->vcpu[op.vcpu], mfn(op.control_gfn), op.offset);
    return error ? error : copy_struct_to_guest(arg, &op);
}

static long call_expand_array(struct vcpu *v, u64 arg)
{
    struct evtchn_expand_array op;

    if (copy_struct_from_guest(&op, arg))
        return -EFAULT;
    return evtchn_fifo_expand_array(v->domain, mfn(op.array_gfn));
}

static long call_set_priority(struct vcpu *v, u64 arg)
{
    struct evtchn_set_priority op;

    if (copy_struct_from_guest(&op, arg))
        return -EFAULT;
    return evtchn_fifo_set_priority(v->domain, op.port, op.priority);
}

/* The rarer ones, away from the hot paths' registers. */
static __attribute__((noinline)) long call_other(struct vcpu *v, u32 command, u64 arg)
{
    switch (command) {
    case EVTCHNOP_bind_interdomain:
        return call_bind_interdomain(v, arg);
    case EVTCHNOP_bind_virq:
        return call_bind_virq(v, arg);
    case EVTCHNOP_bind_ipi:
        return call_bind_ipi(v, arg);
    case EVTCHNOP_bind_pirq:
        return call_bind_pirq(v, arg);
    case EVTCHNOP_bind_vcpu:
        return call_bind_vcpu(v, arg);
    case EVTCHNOP_status:
        return call_status(v, arg);
    case EVTCHNOP_reset:
        return call_reset(v, arg);
    case EVTCHNOP_init_control:
        return call_init_control(v, arg);
    case EVTCHNOP_expand_array:
        return call_expand_array(v, arg);
    case EVTCHNOP_set_priority:
        return call_set_priority(v, arg);
    default:
        return -ENOSYS;
    }
}

long do_event_channel_op(struct vcpu *v, u64 args[6])
{
    u64 arg = args[1];
    u32 command = (u32)args[0];
    bool by_port = command == EVTCHNOP_send || command == EVTCHNOP_unmask || command == EVTCHNOP_close;
    u32 port;

    if (unlikely(!by_port))
        return command == EVTCHNOP_alloc_unbound ? call_alloc_unbound(v, arg) : call_other(v, command, arg);
    if (unlikely(copy_u32_from_guest(&port, arg)))
        return -EFAULT;
    if (command == EVTCHNOP_send)
        return evtchn_send(v->domain, port);
    return command == EVTCHNOP_unmask ? evtchn_unmask(v->domain, port) : evtchn_close(v->domain, port);
}
