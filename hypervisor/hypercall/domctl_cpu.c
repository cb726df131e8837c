/* SPDX-License-Identifier: MIT */
/*
 * domctl, the part about CPUs: where a domain's vcpus may run, what share it has, what it used. Behaviour:
 * public/domctl.h and Xen 4.17's answers with its credit2 scheduler.
 */
#include <public/mews.h>

#include "domain/domain.h"
#include "domain/info.h"
#include "hypercall/domctl.h"
#include "memory/guest_copy.h"

#define CAP_KEEP 0xffff /* putinfo: the cap stays what it is */

long domctl_vcpu_info(struct domain *d, struct xen_domctl *op)
{
    struct xen_domctl_getvcpuinfo *info = &op->u.getvcpuinfo;
    struct vcpu *v = domctl_vcpu(d, info->vcpu);

    if (!v)
        return -ESRCH;
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

long domctl_affinity(struct domain *d, struct xen_domctl *op)
{
    struct xen_domctl_vcpuaffinity *a = &op->u.vcpuaffinity;
    struct vcpu *v = domctl_vcpu(d, a->vcpu);
    u64 hard, soft;
    int error = 0;

    if (!v)
        return -ESRCH;
    if (!a->flags || (a->flags & ~(XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT)))
        return -EINVAL;
    hard = v->sched.hard_affinity;
    soft = v->sched.soft_affinity;
    if (op->cmd == XEN_DOMCTL_setvcpuaffinity) {
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

long domctl_scheduler(struct domain *d, struct xen_domctl *op)
{
    struct xen_domctl_scheduler_op *s = &op->u.scheduler_op;
    u16 weight = d->share.weight, cap = d->share.cap;

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
        share_set(d, weight, cap);
        return 0;
    default:
        return -EOPNOTSUPP;
    }
}

/* The machine is one node: every VPS may use it, and nothing else. */
long domctl_node_affinity(struct domain *d, struct xen_domctl *op)
{
    const struct xenctl_bitmap *map = &op->u.nodeaffinity.nodemap;
    u64 nodes;
    int error;

    (void)d;
    if (op->cmd == XEN_DOMCTL_getnodeaffinity)
        return domctl_mask_write(map, 1);
    error = domctl_mask_read(map, &nodes);
    return error ? error : nodes & 1 ? 0 : -EINVAL;
}

/* As VCPUOP_send_nmi; the other triggers are of machines that a PV guest has not. */
long domctl_trigger(struct domain *d, struct xen_domctl *op)
{
    struct vcpu *v = domctl_vcpu(d, op->u.sendtrigger.vcpu);

    if (!v)
        return -ESRCH;
    if (op->u.sendtrigger.trigger != XEN_DOMCTL_SENDTRIGGER_NMI)
        return -EINVAL;
    v->pv.nmi_pending = true;
    vcpu_kick(v);
    return 0;
}

long domctl_runstates(struct domain *d, struct xen_domctl *op)
{
    struct xen_domctl_mews_runstates *r = (void *)&op->u;

    domain_runstates(d, r->time);
    return 0;
}
