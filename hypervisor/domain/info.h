/* SPDX-License-Identifier: MIT */
/* What the toolstack is shown of a domain, for domctl and sysctl alike. */
#ifndef DOMAIN_INFO_H
#define DOMAIN_INFO_H

#include <public/domctl.h>

#include "lib/types.h"

struct domain;
struct vcpu;

/* Fills all of *info. Any context. */
void domain_info(struct domain *d, struct xen_domctl_getdomaininfo *info);
/* ns that d's vcpus were in each RUNSTATE_*, taken together. */
void domain_runstates(struct domain *d, u64 time[4]);
/* ns that v has run. */
u64 domain_vcpu_time(const struct vcpu *v);

#endif
