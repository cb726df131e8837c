/* SPDX-License-Identifier: MIT */
/*
 * domctl, the part about CPUs: where a domain's vcpus may run, what share it has, what it used. Behaviour:
 * public/domctl.h and Xen 4.17's answers with its credit2 scheduler.
 */
#include <public/mews.h>

#include "domain/domain.h"
#include "domain/info.h"
#include "hypercall/domctl.h"
#include "hypercall/hypercall.h"
#include "memory/guest_copy.h"

#define CAP_KEEP 0xffff /* putinfo: the cap stays what it is */

long domctl_vcpu_info(const struct command_call *c)
{
    struct xen_domctl_getvcpuinfo *info = c->op;
    struct vcpu *v = c->v;

    info->online = !v->sched.down;
    info->blocked = v->sched.blocked;
    info->running = v->sched.running && !v->sched.blocked;
    info->cpu_time = domain_vcpu_time(v);
    info->cpu = v->cpu;
    return 0;
}

/* Bits beyond the machine's CPUs mean nothing. */
int domctl_mask_read(const struct xenctl_bitmap *map, u64 *mask)
{
    u32 bytes = MIN((map->nr_bits + 7) / 8, 8u);

    *mask = 0;
    if (copy_from_guest(mask, (u64)map->bitmap.p, bytes))
        return -EFAULT;
    if (map->nr_bits < 64)
        *mask &= (1ull << map->nr_bits) - 1;
    return 0;
}

int domctl_mask_write(const struct xenctl_bitmap *map, u64 mask)
{
    u32 bytes = (map->nr_bits + 7) / 8;
    const u8 none[64] = {0};
    u64 at = (u64)map->bitmap.p;

    if (map->nr_bits > 4096)
        return -EINVAL;
    if (copy_to_guest(at, &mask, MIN(bytes, 8u)))
        return -EFAULT;
    for (u32 done = 8; done < bytes; done += (u32)sizeof(none))
        if (copy_to_guest(at + done, none, MIN(bytes - done, (u32)sizeof(none))))
            return -EFAULT;
    return 0;
}

long domctl_affinity(const struct command_call *c)
{
    struct xen_domctl_vcpuaffinity *a = c->op;
    struct vcpu *v = c->v;
    u64 hard = v->sched.hard_affinity, soft = v->sched.soft_affinity;
    int error = 0;

    if (!a->flags || (a->flags & ~(XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT)))
        return -EINVAL;
    if (c->number == XEN_DOMCTL_setvcpuaffinity) {
        if (a->flags & XEN_VCPUAFFINITY_HARD)
            error = domctl_mask_read(&a->cpumap_hard, &hard);
        if (!error && (a->flags & XEN_VCPUAFFINITY_SOFT))
            error = domctl_mask_read(&a->cpumap_soft, &soft);
        if (!error)
            error = vcpu_set_affinity(v, hard, soft);
        hard = v->sched.hard_affinity;
        soft = v->sched.soft_affinity;
    }
    if (!error && (a->flags & XEN_VCPUAFFINITY_HARD))
        error = domctl_mask_write(&a->cpumap_hard, hard);
    if (!error && (a->flags & XEN_VCPUAFFINITY_SOFT))
        error = domctl_mask_write(&a->cpumap_soft, soft);
    return error;
}

long domctl_scheduler(const struct command_call *c)
{
    struct xen_domctl_scheduler_op *s = c->op;
    u16 weight = c->domain->share.weight, cap = c->domain->share.cap;

    if (s->sched_id != XEN_SCHEDULER_CREDIT2)
        return -EINVAL;
    switch (s->cmd) {
    case XEN_DOMCTL_SCHEDOP_getinfo:
        s->u.credit2.weight = weight;
        s->u.credit2.cap = cap;
        return 0;
    case XEN_DOMCTL_SCHEDOP_putinfo:
        if (s->u.credit2.weight)
            weight = s->u.credit2.weight;
        if (s->u.credit2.cap != CAP_KEEP)
            cap = s->u.credit2.cap;
        if (cap > 100 * MAX_VCPUS)
            return -EINVAL;
        share_set(c->domain, weight, cap);
        return 0;
    default:
        return -EOPNOTSUPP;
    }
}

/* The machine is one node: every VPS may use it, and nothing else. */
long domctl_node_affinity(const struct command_call *c)
{
    const struct xen_domctl_nodeaffinity *op = c->op;
    u64 nodes;
    int error;

    if (c->number == XEN_DOMCTL_getnodeaffinity)
        return domctl_mask_write(&op->nodemap, 1);
    error = domctl_mask_read(&op->nodemap, &nodes);
    return error ? error : nodes & 1 ? 0 : -EINVAL;
}

/* As VCPUOP_send_nmi; the other triggers are of machines that a PV guest has not. */
long domctl_trigger(const struct command_call *c)
{
    const struct xen_domctl_sendtrigger *op = c->op;
    struct vcpu *v = op->vcpu < c->domain->max_vcpus ? c->domain->vcpu[op->vcpu] : NULL;

    if (!v)
        return -ESRCH;
    if (op->trigger != XEN_DOMCTL_SENDTRIGGER_NMI)
        return -EINVAL;
    v->pv.nmi_pending = true;
    vcpu_kick(v);
    return 0;
}

long domctl_runstates(const struct command_call *c)
{
    struct xen_domctl_mews_runstates *r = c->op;

    domain_runstates(c->domain, r->time);
    return 0;
}
