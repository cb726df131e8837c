/* SPDX-License-Identifier: MIT */
/*
 * Physical interrupts as events for dom0: GSIs through the IO-APIC, MSI and MSI-X. A pirq is dom0's
 * number for one; bound to an event channel it delivers there, and a level-triggered one stays
 * masked until the guest says eoi.
 *
 *   free --map--> mapped --bind--> bound (delivers) --unbind--> mapped --unmap--> free
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
    u32 count, gsi_count;
};

int pirq_domain_init(struct domain *d);
void pirq_domain_destroy(struct domain *d);
/* EVTCHNOP_bind_pirq / close: the port it delivers to. 0, -EINVAL (not mapped), -EBUSY (bound). */
int pirq_bind(struct domain *d, u32 pirq, u32 port);
/* Nothing where the number has been mapped anew meanwhile, and delivers to another port or none. */
void pirq_unbind(struct domain *d, u32 pirq, u32 port);
/* 0 or -EINVAL. */
int pirq_eoi(struct domain *d, u32 pirq);
bool pirq_needs_eoi(struct domain *d, u32 pirq);

/* PHYSDEVOP_map_pirq. want: the number asked for, or negative; the number given or -errno. */
int pirq_map_gsi(struct domain *d, u32 gsi, int want);
/* bdf: bus << 8 | devfn; entry: of an MSI-X table. */
int pirq_map_msi(struct domain *d, u16 bdf, bool msix, u32 entry, int want);
/* 0 or -EINVAL. A bound one is unbound from its interrupt. */
int pirq_unmap(struct domain *d, u32 pirq);
/* Trigger and polarity of a line. 0, -EINVAL (no such line), -EEXIST (set before, and kept). */
int pirq_setup_gsi(struct domain *d, u32 gsi, bool level, bool low);
/* A free number for the guest's own use, or -ENOSPC. */
int pirq_get_free(struct domain *d);
/* Writes all messages of a device again. */
void pirq_restore_msi(struct domain *d, u16 bdf);

#endif
