/* SPDX-License-Identifier: MIT */
/*
 * Physical interrupts as events for dom0: GSIs through the IO-APIC, MSI and MSI-X. A pirq is dom0's
 * number for one; bound to an event channel it delivers there, and a level-triggered one stays
 * masked until the guest says eoi.
 */
#ifndef DOMAIN_PIRQ_H
#define DOMAIN_PIRQ_H

#include "cpu/lock.h"
#include "lib/types.h"

struct domain;

struct pirq;

struct domain_pirqs {
    spinlock_t lock;
    struct pirq *table; /* only of a domain that owns devices */
    u32 count;
    mfn_t eoi_map;      /* PHYSDEVOP_pirq_eoi_gmfn, or mfn 0 */
};

int pirq_domain_init(struct domain *d);
void pirq_domain_destroy(struct domain *d);
/* EVTCHNOP_bind_pirq / close: the port it delivers to. 0 or -errno. */
int pirq_bind(struct domain *d, u32 pirq, u32 port, bool share);
void pirq_unbind(struct domain *d, u32 pirq);
int pirq_eoi(struct domain *d, u32 pirq);
bool pirq_needs_eoi(struct domain *d, u32 pirq);

#endif
