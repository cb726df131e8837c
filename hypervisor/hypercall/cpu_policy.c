/* SPDX-License-Identifier: MIT */
/*
 * CPU policies, the toolstack's word for what CPUID answers: lists of leaves, in the order of their numbers. A VPS's
 * kernel sees what pv/cpuid.c answers; a toolstack may hide features of it, and is refused whatever would not hold.
 * User mode executes CPUID itself: no policy changes what it sees.
 */
#include <public/sysctl.h>

#include "cpu/asm.h"
#include "domain/domain.h"
#include "hypercall/domctl.h"
#include "hypercall/hypercall.h"
#include "lib/string.h"
#include "memory/guest_copy.h"
#include "pv/emulate.h"

#define NO_SUBLEAF (~0u)
#define MAX_LEAVES 120u /* as many as the toolstack's own form of a policy comes to */
#define MAX_MSRS   2u
#define MSR_LIMIT  64u
#define MSR_PLATFORM_INFO     0xce
#define MSR_ARCH_CAPABILITIES 0x10a

/* As many as the toolstack's form has room for, zeros too: it counts on getting at least as many leaves as it gives. */
static u32 subleaves(u32 leaf)
{
    return leaf == 4 ? 6 : leaf == 7 ? 1 : leaf == 0xb ? 2 : leaf == 0xd ? 63 : 0;
}

struct leaf_list {
    u64 to;
    u32 room, count;
    const struct domain *domain;
    bool raw; /* the CPU's own */
};

/* raw: what the CPU answers; else what d's kernel sees. */
static void read_leaf(const struct domain *d, bool raw, u32 leaf, u32 subleaf, u32 words[4])
{
    struct cpuid_regs r = cpuid(leaf, subleaf);

    if (raw)
        memcpy(words, &r, sizeof(r));
    else
        pv_cpuid_domain(d, leaf, subleaf, words);
}

static long put_leaf(struct leaf_list *l, u32 leaf, u32 subleaf)
{
    struct xen_cpuid_leaf out = {.leaf = leaf, .subleaf = subleaf};
    u32 words[4];

    read_leaf(l->domain, l->raw, leaf, subleaf == NO_SUBLEAF ? 0 : subleaf, words);
    memcpy(&out.a, words, sizeof(words));
    if (l->count == l->room)
        return -ENOBUFS;
    return copy_struct_to_guest(l->to + l->count++ * sizeof(out), &out);
}

static long put_range(struct leaf_list *l, u32 first)
{
    long error = 0;
    u32 last[4];

    pv_cpuid_domain(NULL, first, 0, last);
    for (u32 leaf = first; leaf <= last[0] && !error; leaf++) {
        if (!subleaves(leaf))
            error = put_leaf(l, leaf, NO_SUBLEAF);
        for (u32 i = 0; i < subleaves(leaf) && !error; i++)
            error = put_leaf(l, leaf, i);
    }
    return error;
}

/* Fills `leaves` and counts what is there; a null handle asks how many there may be at most. There are no MSRs in it. */
static long policy_get(const struct domain *d, bool raw, u64 leaves, u32 *nr_leaves, u64 msrs, u32 *nr_msrs)
{
    struct leaf_list l = {.to = leaves, .room = MIN(*nr_leaves, MAX_LEAVES), .domain = d, .raw = raw};
    long error = 0;

    if (leaves) {
        error = put_range(&l, 0);
        if (!error)
            error = put_range(&l, 0x80000000);
        *nr_leaves = l.count;
    } else {
        *nr_leaves = MAX_LEAVES;
    }
    *nr_msrs = msrs ? 0 : MAX_MSRS;
    return error;
}

long sysctl_cpu_policy(const struct command_call *c)
{
    struct xen_sysctl_cpu_policy *p = c->op;

    if (p->index == XEN_SYSCTL_cpu_policy_hvm_max || p->index == XEN_SYSCTL_cpu_policy_hvm_default)
        return -EOPNOTSUPP;
    if (p->index > XEN_SYSCTL_cpu_policy_hvm_default)
        return -EINVAL;
    return policy_get(NULL, p->index <= XEN_SYSCTL_cpu_policy_host, (u64)p->leaves.p, &p->nr_leaves, (u64)p->msrs.p,
                      &p->nr_msrs);
}

/* The same features as words, in the order of the toolstack's bit numbers. */
long sysctl_cpu_featureset(const struct command_call *c)
{
    static const struct {
        u32 leaf, subleaf, word;
    } place[] = {{1, 0, 3}, {1, 0, 2}, {0x80000001, 0, 3}, {0x80000001, 0, 2}, {0xd, 1, 0},
                 {7, 0, 1}, {7, 0, 2}, {0x80000007, 0, 3}, {0x80000008, 0, 1}, {7, 0, 3}};
    struct xen_sysctl_cpu_featureset *f = c->op;
    u64 to = (u64)f->features.p;
    u32 n = to ? MIN(f->nr_features, (u32)ARRAY_SIZE(place)) : 0, words[4];

    if (f->index == XEN_SYSCTL_cpu_featureset_hvm || f->index == XEN_SYSCTL_cpu_featureset_hvm_max)
        return -EOPNOTSUPP;
    if (f->index > XEN_SYSCTL_cpu_featureset_hvm_max)
        return -EINVAL;
    for (u32 i = 0; i < n; i++) {
        read_leaf(NULL, f->index <= XEN_SYSCTL_cpu_featureset_host, place[i].leaf, place[i].subleaf, words);
        if (copy_struct_to_guest(to + i * sizeof(u32), &words[place[i].word]))
            return -EFAULT;
    }
    n = to ? f->nr_features : ARRAY_SIZE(place);
    f->nr_features = ARRAY_SIZE(place);
    return n < ARRAY_SIZE(place) ? -ENOBUFS : 0;
}

long domctl_cpu_policy(const struct command_call *c)
{
    struct xen_domctl_cpu_policy *p = c->op;
    struct domain *d = c->domain;
    u32 hidden[PV_FEATURE_WORDS];
    struct xen_cpuid_leaf leaf;
    struct xen_msr_entry msr;

    if (c->number == XEN_DOMCTL_get_cpu_policy)
        return policy_get(d, false, (u64)p->leaves.p, &p->nr_leaves, (u64)p->msrs.p, &p->nr_msrs);
    p->err_leaf = p->err_subleaf = p->err_msr = ~0u;
    if (p->nr_leaves > MAX_LEAVES || p->nr_msrs > MSR_LIMIT)
        return -E2BIG;
    memcpy(hidden, d->pv.features_hidden, sizeof(hidden));
    for (u32 i = 0; i < p->nr_leaves; i++) {
        u32 words[4];

        if (copy_struct_from_guest(&leaf, (u64)(p->leaves.p + i)))
            return -EFAULT;
        memcpy(words, &leaf.a, sizeof(words));
        if (!pv_cpuid_hide(leaf.leaf, leaf.subleaf == NO_SUBLEAF ? 0 : leaf.subleaf, words, hidden)) {
            p->err_leaf = leaf.leaf;
            p->err_subleaf = leaf.subleaf;
            return -EINVAL;
        }
    }
    for (u32 i = 0; i < p->nr_msrs; i++) {
        if (copy_struct_from_guest(&msr, (u64)(p->msrs.p + i)))
            return -EFAULT;
        /* these say what the CPU is; who has read them once misses nothing */
        if (msr.flags || (msr.idx != MSR_PLATFORM_INFO && msr.idx != MSR_ARCH_CAPABILITIES)) {
            p->err_msr = msr.idx;
            return -EINVAL;
        }
    }
    if (!d->control_pauses)
        return -EBUSY; /* its vcpus read this */
    memcpy(d->pv.features_hidden, hidden, sizeof(hidden));
    for (u32 i = 0; i < PV_FEATURE_WORDS; i++)
        d->pv.hides_features |= hidden[i] != 0;
    return 0;
}
