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
#include "lib/print.h"
#include "lib/string.h"
#include "memory/alloc.h"
#include "memory/frame.h"
#include "memory/guest_copy.h"

static long read_console(struct xen_sysctl_readconsole *r)
{
    u32 index = r->incremental ? r->index : 0, done = 0;
    char part[256];

    while (done < r->count) {
        u32 got = print_ring_read(part, MIN(r->count - done, sizeof(part)), &index, false);

        if (!got)
            break;
        if (copy_to_guest((u64)(r->buffer.p + done), part, got))
            return -EFAULT;
        done += got;
    }
    if (r->clear)
        print_ring_read(part, 0, &index, true);
    r->index = index;
    r->count = done;
    return 0;
}

static long physinfo(struct xen_sysctl_physinfo *p)
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

static long cpu_info(struct xen_sysctl_getcpuinfo *g)
{
    u32 i;

    for (i = 0; i < g->max_cpus && i < cpu_count; i++) {
        struct xen_sysctl_cpuinfo info = {.idletime = cpus[i]->idle_ns};

        if (copy_struct_to_guest((u64)(g->info.p + i), &info))
            return -EFAULT;
    }
    g->nr_cpus = i;
    return 0;
}

static long cpu_topology(struct xen_sysctl_cputopoinfo *t)
{
    u32 i;

    for (i = 0; t->cputopo.p && i < t->num_cpus && i < cpu_count; i++) {
        struct xen_sysctl_cputopo one = {.core = 0, .socket = i, .node = 0};

        if (copy_struct_to_guest((u64)(t->cputopo.p + i), &one))
            return -EFAULT;
    }
    t->num_cpus = cpu_count;
    return 0;
}

static long numa(struct xen_sysctl_numainfo *n)
{
    struct xen_sysctl_meminfo memory = {.memsize = alloc_total_frames() << PAGE_SHIFT,
                                        .memfree = alloc_free_frames() << PAGE_SHIFT};
    u32 distance = 10;

    if (n->num_nodes && n->meminfo.p && copy_struct_to_guest((u64)n->meminfo.p, &memory))
        return -EFAULT;
    if (n->num_nodes && n->distance.p && copy_struct_to_guest((u64)n->distance.p, &distance))
        return -EFAULT;
    n->num_nodes = 1;
    return 0;
}

/* There is one pool, number 0, of all CPUs. */
static long cpu_pool(struct xen_sysctl_cpupool_op *p)
{
    u64 mask = cpu_count >= 64 ? ~0ull : (1ull << cpu_count) - 1;
    u32 bytes = MIN((p->cpumap.nr_bits + 7) / 8, 8u), domains = 0;
    struct domain *d;

    if (p->op == XEN_SYSCTL_CPUPOOL_OP_FREEINFO)
        mask = 0;
    else if (p->op != XEN_SYSCTL_CPUPOOL_OP_INFO)
        return -EOPNOTSUPP;
    else if (p->cpupool_id && p->cpupool_id != XEN_SYSCTL_CPUPOOL_PAR_ANY)
        return -ENOENT;
    for (u32 id = 0; (d = domain_next((u16)id)); id = d->id + 1u, domain_put(d))
        domains++;
    p->cpupool_id = 0;
    p->sched_id = XEN_SCHEDULER_CREDIT2;
    p->n_dom = domains;
    return copy_to_guest((u64)p->cpumap.bitmap.p, &mask, bytes);
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
    switch (op.cmd) {
    case XEN_SYSCTL_readconsole:
        error = read_console(&op.u.readconsole);
        break;
    case XEN_SYSCTL_physinfo:
        error = physinfo(&op.u.physinfo);
        break;
    case XEN_SYSCTL_sched_id:
        op.u.sched_id.sched_id = XEN_SCHEDULER_CREDIT2;
        break;
    case XEN_SYSCTL_getdomaininfolist:
        error = domain_list(&op.u.getdomaininfolist);
        break;
    case XEN_SYSCTL_getcpuinfo:
        error = cpu_info(&op.u.getcpuinfo);
        break;
    case XEN_SYSCTL_availheap:
        op.u.availheap.avail_bytes = alloc_free_frames() << PAGE_SHIFT;
        break;
    case XEN_SYSCTL_cputopoinfo:
        error = cpu_topology(&op.u.cputopoinfo);
        break;
    case XEN_SYSCTL_numainfo:
        error = numa(&op.u.numainfo);
        break;
    case XEN_SYSCTL_cpupool_op:
        error = cpu_pool(&op.u.cpupool_op);
        break;
    default:
        return -ENOSYS;
    }
    if (!error && copy_struct_to_guest(args[0], &op))
        error = -EFAULT;
    return error;
}
