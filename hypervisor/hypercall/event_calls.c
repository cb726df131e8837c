/* SPDX-License-Identifier: MIT */
/*
 * event_channel_op: what a guest says of its ports, decoded; domain/evtchn.c and evtchn_fifo.c do it.
 */
#include <public/event_channel.h>

#include "domain/domain.h"
#include "domain/evtchn_fifo.h"
#include "hypercall/hypercall.h"
#include "memory/guest_copy.h"

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

static long call_bind_interdomain(const struct command_call *c)
{
    struct evtchn_bind_interdomain *op = c->op;
    struct domain *remote = domain_find(op->remote_dom);
    long error;

    if (!remote)
        return -ESRCH;
    error = evtchn_bind_interdomain(c->domain, remote, op->remote_port, &op->local_port);
    domain_put(remote);
    return error;
}

static long call_bind_virq(const struct command_call *c)
{
    struct evtchn_bind_virq *op = c->op;

    return evtchn_bind_virq(c->domain, op->virq, op->vcpu, &op->port);
}

static long call_bind_ipi(const struct command_call *c)
{
    struct evtchn_bind_ipi *op = c->op;

    return evtchn_bind_ipi(c->domain, op->vcpu, &op->port);
}

static long call_bind_pirq(const struct command_call *c)
{
    struct evtchn_bind_pirq *op = c->op;

    if (op->pirq > 0xffff)
        return -EINVAL;
    return c->domain->privileged ? evtchn_bind_pirq(c->domain, op->pirq, &op->port) : -EPERM;
}

static long call_status(const struct command_call *c)
{
    static const u8 status[] = {
        EVTCHNSTAT_closed, EVTCHNSTAT_closed, EVTCHNSTAT_unbound, EVTCHNSTAT_interdomain, EVTCHNSTAT_pirq,
        EVTCHNSTAT_virq, EVTCHNSTAT_ipi, /* as enum evtchn_state has them */
    };
    struct evtchn_status *op = c->op;
    struct evtchn port;
    int error = evtchn_read(c->domain, op->port, &port);

    if (error)
        return error;
    op->status = status[port.state];
    op->vcpu = port.vcpu;
    if (port.state == EVTCHN_UNBOUND || port.state == EVTCHN_INTERDOMAIN)
        op->u.unbound.dom = port.remote_domid;
    if (port.state == EVTCHN_INTERDOMAIN)
        op->u.interdomain.port = port.remote_port;
    else if (port.state == EVTCHN_PIRQ || port.state == EVTCHN_VIRQ)
        op->u.virq = port.virq; /* or pirq, in the same place */
    return 0;
}

/* Another domain's ports go only while it stands still. */
static long call_reset(const struct command_call *c)
{
    return c->domain != c->v->domain && !c->domain->control_pauses ? -EINVAL : evtchn_reset(c->domain);
}

static long call_bind_vcpu(const struct command_call *c)
{
    const struct evtchn_bind_vcpu *op = c->op;

    return evtchn_bind_vcpu(c->domain, op->port, op->vcpu);
}

static long call_init_control(const struct command_call *c)
{
    struct evtchn_init_control *op = c->op;

    op->link_bits = EVTCHN_FIFO_LINK_BITS;
    if (op->vcpu >= c->domain->max_vcpus || !c->domain->vcpu[op->vcpu])
        return -ENOENT;
    return evtchn_fifo_init_control(c->domain->vcpu[op->vcpu], mfn(op->control_gfn), op->offset);
}

static long call_expand_array(const struct command_call *c)
{
    const struct evtchn_expand_array *op = c->op;

    return evtchn_fifo_expand_array(c->domain, mfn(op->array_gfn));
}

static long call_set_priority(const struct command_call *c)
{
    const struct evtchn_set_priority *op = c->op;

    return evtchn_fifo_set_priority(c->domain, op->port, op->priority);
}

/* The rarer ones. */
static const struct command commands[] = {
    {EVTCHNOP_bind_interdomain, sizeof(struct evtchn_bind_interdomain), ANSWERS | NEW_PORT, call_bind_interdomain},
    {EVTCHNOP_bind_virq, sizeof(struct evtchn_bind_virq), ANSWERS | NEW_PORT, call_bind_virq},
    {EVTCHNOP_bind_ipi, sizeof(struct evtchn_bind_ipi), ANSWERS | NEW_PORT, call_bind_ipi},
    {EVTCHNOP_bind_pirq, sizeof(struct evtchn_bind_pirq), ANSWERS | NEW_PORT, call_bind_pirq},
    {EVTCHNOP_bind_vcpu, sizeof(struct evtchn_bind_vcpu), 0, call_bind_vcpu},
    {EVTCHNOP_status, sizeof(struct evtchn_status), ANSWERS | OF_DOMAIN, call_status},
    {EVTCHNOP_reset, sizeof(struct evtchn_reset), OF_DOMAIN, call_reset},
    {EVTCHNOP_init_control, sizeof(struct evtchn_init_control), ANSWERS, call_init_control},
    {EVTCHNOP_expand_array, sizeof(struct evtchn_expand_array), 0, call_expand_array},
    {EVTCHNOP_set_priority, sizeof(struct evtchn_set_priority), 0, call_set_priority},
};

long do_event_channel_op(struct vcpu *v, u64 args[6])
{
    u64 arg = args[1];
    u32 command = (u32)args[0];
    bool by_port = command == EVTCHNOP_send || command == EVTCHNOP_unmask || command == EVTCHNOP_close;
    u32 port;

    if (unlikely(!by_port))
        return command == EVTCHNOP_alloc_unbound ? call_alloc_unbound(v, arg) : COMMAND_RUN(commands, command, v, arg);
    if (unlikely(copy_u32_from_guest(&port, arg)))
        return -EFAULT;
    if (command == EVTCHNOP_send)
        return evtchn_send(v->domain, port);
    return command == EVTCHNOP_unmask ? evtchn_unmask(v->domain, port) : evtchn_close(v->domain, port);
}
