/* SPDX-License-Identifier: MIT */
/*
 * Decodes sysctl: what the toolstack asks of the whole machine. A handler's op is the command's part of the call's
 * structure. What the table does not hold answers ENOSYS; what would
 * change the machine (pools, CPUs, the scheduler) is refused.
 */
#include <public/sysctl.h>

#include "cpu/asm.h"
#include "cpu/clock.h"
#include "cpu/features.h"
#include "domain/domain.h"
#include "domain/info.h"
#include "hypercall/domctl.h"
#include "hypercall/hypercall.h"
#include "lib/print.h"
#include "lib/string.h"
#include "memory/alloc.h"
#include "memory/frame.h"
#include "memory/guest_copy.h"

#define NODE_DISTANCE 10u /* to itself, as ACPI has it */

static long physinfo(const struct command_call *c)
{
    struct xen_sysctl_physinfo *p = c->op;
    struct cpuid_regs leaf1 = cpuid(1, 0), extended = cpuid(0x80000001, 0), leaf7 = cpuid(7, 0);

    memset(p, 0, sizeof(*p));
    p->threads_per_core = 1;
    p->cores_per_socket = cpu_count;
    p->nr_cpus = cpu_count;
    p->max_cpu_id = cpu_count - 1;
    p->nr_nodes = 1;
    p->cpu_khz = (u32)clock_scale.tsc_khz;
    p->capabilities = XEN_SYSCTL_PHYSCAP_pv | XEN_SYSCTL_PHYSCAP_gnttab_v1 | XEN_SYSCTL_PHYSCAP_gnttab_v2;
    p->total_pages = alloc_total_frames();
    p->free_pages = alloc_free_frames();
    p->outstanding_pages = claim_total();
    p->max_mfn = frame_max - 1;
    p->hw_cap[0] = leaf1.d;
    p->hw_cap[1] = leaf1.c;
    p->hw_cap[2] = extended.d;
    p->hw_cap[3] = extended.c;
    p->hw_cap[5] = cpu_features.max_leaf >= 7 ? leaf7.b : 0;
    return 0;
}

static long scheduler_id(const struct command_call *c)
{
    ((struct xen_sysctl_sched_id *)c->op)->sched_id = XEN_SCHEDULER_CREDIT2;
    return 0;
}

static long cpu_info(const struct command_call *c)
{
    struct xen_sysctl_getcpuinfo *list = c->op;
    u32 n = MIN(list->max_cpus, cpu_count);

    for (u32 i = 0; i < n; i++) {
        struct xen_sysctl_cpuinfo info = {sched_idle_ns(i)};

        if (copy_struct_to_guest((u64)(list->info.p + i), &info))
            return -EFAULT;
    }
    list->nr_cpus = n;
    return 0;
}

/* Each CPU is shown as a core of one socket: nothing here depends on how they hang together. */
static long cpu_topology(const struct command_call *c)
{
    struct xen_sysctl_cputopoinfo *t = c->op;
    u32 n = t->cputopo.p ? MIN(t->num_cpus, cpu_count) : 0;

    for (u32 i = 0; i < n; i++) {
        struct xen_sysctl_cputopo cpu = {.core = i};

        if (copy_struct_to_guest((u64)(t->cputopo.p + i), &cpu))
            return -EFAULT;
    }
    t->num_cpus = t->cputopo.p ? n : cpu_count;
    return 0;
}

/* A page at a time would do too; one after the other keeps it simple, and each is a bounded piece of work. */
static long domain_list(const struct command_call *c)
{
    struct xen_sysctl_getdomaininfolist *l = c->op;
    struct xen_domctl_getdomaininfo info;
    u32 done = 0, from = l->first_domain;

    while (done < l->max_domains) {
        struct domain *d = domain_next((u16)from);

        if (!d)
            break;
        domain_info(d, &info);
        from = d->id + 1u;
        domain_put(d);
        if (copy_struct_to_guest((u64)(l->buffer.p + done), &info))
            return -EFAULT;
        done++;
    }
    l->num_domains = done;
    return 0;
}

/* All memory is one node's. */
static long numa_info(const struct command_call *c)
{
    struct xen_sysctl_numainfo *n = c->op;
    const struct xen_sysctl_meminfo memory = {.memsize = alloc_total_frames() << PAGE_SHIFT,
                                              .memfree = alloc_free_frames() << PAGE_SHIFT};
    const u32 distance = NODE_DISTANCE;

    if (n->num_nodes && n->meminfo.p && copy_struct_to_guest((u64)n->meminfo.p, &memory))
        return -EFAULT;
    if (n->num_nodes && n->distance.p && copy_struct_to_guest((u64)n->distance.p, &distance))
        return -EFAULT;
    n->num_nodes = 1;
    return 0;
}

/* Which node a device is at: there is one node only, so nobody asked the machine. */
static long pci_topology(const struct command_call *c)
{
    struct xen_sysctl_pcitopoinfo *t = c->op;
    const u32 none = XEN_INVALID_DEV;

    if (!t->devs.p || !t->nodes.p)
        return -EINVAL;
    t->num_devs = MIN(t->num_devs, 64u); /* the caller goes on behind those that were answered */
    for (u32 i = 0; i < t->num_devs; i++)
        if (copy_struct_to_guest((u64)(t->nodes.p + i), &none))
            return -EFAULT;
    return 0;
}

/* One pool, of all CPUs and all domains, that cannot be changed. */
static long cpupool(const struct command_call *c)
{
    struct xen_sysctl_cpupool_op *p = c->op;
    struct domain *d;

    switch (p->op) {
    case XEN_SYSCTL_CPUPOOL_OP_INFO:
        if (p->cpupool_id)
            return -ENOENT;
        p->sched_id = XEN_SCHEDULER_CREDIT2;
        p->n_dom = 0;
        for (u32 from = 0; (d = domain_next((u16)from)); p->n_dom++) {
            from = d->id + 1u;
            domain_put(d);
        }
        return domctl_mask_write(&p->cpumap, cpu_count < 64 ? (1ull << cpu_count) - 1 : ~0ull);
    case XEN_SYSCTL_CPUPOOL_OP_FREEINFO: return domctl_mask_write(&p->cpumap, 0);
    case XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN: return p->cpupool_id ? -ENOENT : 0;
    default: return -EOPNOTSUPP;
    }
}

/* Credit2's one number, the time that nobody is stopped in: here there is no such time. */
static long scheduler(const struct command_call *c)
{
    struct xen_sysctl_scheduler_op *s = c->op;

    if (s->cpupool_id || s->sched_id != XEN_SCHEDULER_CREDIT2 || s->cmd > XEN_SYSCTL_SCHEDOP_getinfo)
        return -EINVAL;
    if (s->cmd == XEN_SYSCTL_SCHEDOP_putinfo)
        return s->u.sched_credit2.ratelimit_us ? -EOPNOTSUPP : 0;
    s->u.sched_credit2.ratelimit_us = 0;
    return 0;
}

/* From where somebody last cleared it, or with `incremental` from index, which is later. */
static long read_console(const struct command_call *c)
{
    static u32 cleared;
    struct xen_sysctl_readconsole *op = c->op;
    u32 at = op->incremental && (s32)(op->index - cleared) > 0 ? op->index : cleared, room = op->count;
    char text[128];
    size_t n;

    for (op->count = 0; op->count < room; op->count += (u32)n) {
        n = print_log_read(&at, text, MIN(room - op->count, (u32)sizeof(text)));
        if (!n)
            break;
        if (copy_to_guest((u64)op->buffer.p + op->count, text, n))
            return -EFAULT;
    }
    if (op->clear)
        cleared = at;
    op->index = at;
    return 0;
}

static const struct command commands[] = {
    {XEN_SYSCTL_readconsole, 0, 0, read_console},
    {XEN_SYSCTL_physinfo, 0, 0, physinfo},
    {XEN_SYSCTL_sched_id, 0, 0, scheduler_id},
    {XEN_SYSCTL_getdomaininfolist, 0, 0, domain_list},
    {XEN_SYSCTL_debug_keys, 0, 0, sysctl_debug_keys},
    {XEN_SYSCTL_getcpuinfo, 0, 0, cpu_info},
    {XEN_SYSCTL_cputopoinfo, 0, 0, cpu_topology},
    {XEN_SYSCTL_numainfo, 0, 0, numa_info},
    {XEN_SYSCTL_cpupool_op, 0, 0, cpupool},
    {XEN_SYSCTL_scheduler_op, 0, 0, scheduler},
    {XEN_SYSCTL_pcitopoinfo, 0, 0, pci_topology},
    {XEN_SYSCTL_get_cpu_featureset, 0, 0, sysctl_cpu_featureset},
    {XEN_SYSCTL_get_cpu_policy, 0, 0, sysctl_cpu_policy},
};

long do_sysctl(struct vcpu *v, u64 args[6])
{
    const struct command *command;
    struct xen_sysctl op;
    long error;

    if (copy_struct_from_guest(&op, args[0]))
        return -EFAULT;
    if (op.interface_version != XEN_SYSCTL_INTERFACE_VERSION)
        return -EACCES;
    command = command_find(commands, ARRAY_SIZE(commands), op.cmd);
    if (!command)
        return -ENOSYS;
    error = command->run(&(struct command_call){op.cmd, v, v->domain, &op.u, 0});
    return copy_struct_to_guest(args[0], &op) && !error ? -EFAULT : error;
}
