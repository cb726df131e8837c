/* SPDX-License-Identifier: MIT */
/* What the handlers of domctl have in common (domctl.c has the table). */
#ifndef HYPERCALL_DOMCTL_H
#define HYPERCALL_DOMCTL_H

#include <public/domctl.h>

#include "lib/types.h"

struct domain;
struct vcpu;

/* d: referenced, its control lock held. op: a private copy, which takes the answer. 0, -errno or -ERESTART. */
typedef long (*domctl_handler_t)(struct domain *d, struct xen_domctl *op);

/* NULL: no such vcpu. */
struct vcpu *domctl_vcpu(const struct domain *d, u32 id);

/* domctl_cpu.c */
long domctl_vcpu_info(struct domain *d, struct xen_domctl *op);
long domctl_affinity(struct domain *d, struct xen_domctl *op);
long domctl_scheduler(struct domain *d, struct xen_domctl *op);
long domctl_runstates(struct domain *d, struct xen_domctl *op);

#endif
