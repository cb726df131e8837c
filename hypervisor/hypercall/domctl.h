/* SPDX-License-Identifier: MIT */
/* What the handlers of domctl have in common (domctl.c has the table). */
#ifndef HYPERCALL_DOMCTL_H
#define HYPERCALL_DOMCTL_H

#include <public/domctl.h>

#include "lib/types.h"

struct domain;
struct vcpu;
struct xen_sysctl;
struct xenctl_bitmap;

/* d: referenced, its control lock held. op: a private copy, which takes the answer. 0, -errno or -ERESTART. */
typedef long (*domctl_handler_t)(struct domain *d, struct xen_domctl *op);

/* NULL: no such vcpu. */
struct vcpu *domctl_vcpu(const struct domain *d, u32 id);

/* domctl_cpu.c */
long domctl_vcpu_info(struct domain *d, struct xen_domctl *op);
long domctl_affinity(struct domain *d, struct xen_domctl *op);
long domctl_scheduler(struct domain *d, struct xen_domctl *op);
long domctl_node_affinity(struct domain *d, struct xen_domctl *op);
long domctl_trigger(struct domain *d, struct xen_domctl *op);
long domctl_runstates(struct domain *d, struct xen_domctl *op);
/* A guest's bitmap of CPUs or nodes. Bits beyond 64 mean nothing, or are cleared. 0, -EFAULT, -EINVAL (it is absurdly long). */
int domctl_mask_read(const struct xenctl_bitmap *map, u64 *mask);
int domctl_mask_write(const struct xenctl_bitmap *map, u64 mask);

/* cpu_policy.c, the two sysctls that go with it too */
long domctl_cpu_policy(struct domain *d, struct xen_domctl *op);
long sysctl_cpu_policy(struct xen_sysctl *op);
long sysctl_cpu_featureset(struct xen_sysctl *op);
/* debug_keys.c */
long sysctl_debug_keys(struct xen_sysctl *op);

/* domctl_state.c */
long domctl_set_context(struct domain *d, struct xen_domctl *op);
long domctl_get_context(struct domain *d, struct xen_domctl *op);
long domctl_ext_context(struct domain *d, struct xen_domctl *op);
long domctl_set_xstate(struct domain *d, struct xen_domctl *op);
long domctl_get_xstate(struct domain *d, struct xen_domctl *op);
long domctl_msrs(struct domain *d, struct xen_domctl *op);
long domctl_tsc(struct domain *d, struct xen_domctl *op);
long domctl_frame_kinds(struct domain *d, struct xen_domctl *op);
long domctl_resume(struct domain *d, struct xen_domctl *op);
long domctl_shadow(struct domain *d, struct xen_domctl *op);

#endif
