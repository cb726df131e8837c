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
    mfn_t eoi_map;      /* PHYSDEVOP_pirq_eoi_gmfn, or mfn 0 */
    bool eoi_unmasks;   /* its first version: eoi also unmasks the port */
};

/* A message to map; bdf: bus << 8 | devfn. */
struct pirq_msi {
    u16 bdf;
    bool msix;
    u32 entry; /* MSI-X: number in the table */
    u32 count; /* MSI: messages in a row, a power of two up to 32 */
};

int pirq_domain_init(struct domain *d);
void pirq_domain_destroy(struct domain *d);
/* EVTCHNOP_bind_pirq / close: the port it delivers to. 0, -EINVAL (not mapped), -EBUSY (bound). */
int pirq_bind(struct domain *d, u32 pirq, u32 port, bool share);
void pirq_unbind(struct domain *d, u32 pirq);
/* 0 or -EINVAL. */
int pirq_eoi(struct domain *d, u32 pirq);
bool pirq_needs_eoi(struct domain *d, u32 pirq);

/* PHYSDEVOP_map_pirq. want: the number asked for, or negative; the number given or -errno. */
int pirq_map_gsi(struct domain *d, u32 gsi, int want);
int pirq_map_msi(struct domain *d, const struct pirq_msi *what, int want);
/* 0 or -EINVAL. Of a block of messages the first stands for all. A bound one is unbound from its interrupt. */
int pirq_unmap(struct domain *d, u32 pirq);
/* Trigger and polarity of a line. 0, -EINVAL (no such line), -EEXIST (set before, and kept). */
int pirq_setup_gsi(struct domain *d, u32 gsi, bool level, bool low);
/* A free number for the guest's own use, or -ENOSPC. */
int pirq_get_free(struct domain *d);
/* Writes all messages of a device again. */
void pirq_restore_msi(struct domain *d, u16 bdf);
/* The page with a bit a pirq, set where eoi is needed. 0 or what frame_get_writable says. -EBUSY: there is one. */
int pirq_set_eoi_map(struct domain *d, mfn_t m, bool eoi_unmasks);

#endif
