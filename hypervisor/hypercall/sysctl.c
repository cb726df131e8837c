/* SPDX-License-Identifier: MIT */
/*
 * Decodes sysctl: what the toolstack asks of the whole machine. Answers only; what it does not know it
 * answers with ENOSYS.
 */
#include <public/sysctl.h>

#include "cpu/asm.h"
#include "cpu/clock.h"
#include "cpu/features.h"
#include "domain/domain.h"
#include "domain/info.h"
#include "hypercall/hypercall.h"
#include "lib/string.h"
#include "memory/alloc.h"
#include "memory/frame.h"
#include "memory/guest_copy.h"

static void physinfo(struct xen_sysctl_physinfo *p)
{
    struct cpuid_regs leaf1 = cpuid(1, 0), extended = cpuid(0x80000001, 0), leaf7 = cpuid(7, 0);

    memset(p, 0, sizeof(*p));
    p->threads_per_core = p->cores_per_socket = 1;
    p->nr_cpus = cpu_count;
    p->max_cpu_id = cpu_count - 1;
    p->nr_nodes = 1;
    p->cpu_khz = (u32)clock_scale.tsc_khz;
    p->capabilities = XEN_SYSCTL_PHYSCAP_pv | XEN_SYSCTL_PHYSCAP_gnttab_v1;
    p->total_pages = alloc_total_frames();
    p->free_pages = alloc_free_frames();
    p->outstanding_pages = claim_total();
    p->max_mfn = frame_max - 1;
    p->hw_cap[0] = leaf1.d;
    p->hw_cap[1] = leaf1.c;
    p->hw_cap[2] = extended.d;
    p->hw_cap[3] = extended.c;
    p->hw_cap[5] = cpu_features.max_leaf >= 7 ? leaf7.b : 0;
}

static long cpu_info(struct xen_sysctl_getcpuinfo *c)
{
    u32 n = MIN(c->max_cpus, cpu_count);

    for (u32 i = 0; i < n; i++) {
        struct xen_sysctl_cpuinfo info = {sched_idle_ns(i)};

        if (copy_struct_to_guest((u64)(c->info.p + i), &info))
            return -EFAULT;
    }
    c->nr_cpus = n;
    return 0;
}

/* Each CPU is shown as a core of one socket: nothing here depends on how they hang together. */
static long cpu_topology(struct xen_sysctl_cputopoinfo *t)
{
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
static long domain_list(struct xen_sysctl_getdomaininfolist *l)
{
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

long do_sysctl(struct vcpu *v, u64 args[6])
{
    struct xen_sysctl op;
    long error = 0;

    (void)v;
    if (copy_struct_from_guest(&op, args[0]))
        return -EFAULT;
    if (op.interface_version != XEN_SYSCTL_INTERFACE_VERSION)
        return -EACCES;
    if (op.cmd == XEN_SYSCTL_physinfo)
        physinfo(&op.u.physinfo);
    else if (op.cmd == XEN_SYSCTL_getdomaininfolist)
        error = domain_list(&op.u.getdomaininfolist);
    else if (op.cmd == XEN_SYSCTL_sched_id)
        op.u.sched_id.sched_id = XEN_SCHEDULER_CREDIT2;
    else if (op.cmd == XEN_SYSCTL_getcpuinfo)
        error = cpu_info(&op.u.getcpuinfo);
    else if (op.cmd == XEN_SYSCTL_cputopoinfo)
        error = cpu_topology(&op.u.cputopoinfo);
    else
        return -ENOSYS;
    if (!error && copy_struct_to_guest(args[0], &op))
        error = -EFAULT;
    return error;
}
