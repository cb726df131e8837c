/* SPDX-License-Identifier: MIT */
/*
 * What of the machine beside RAM a domain may touch: I/O ports and frames of device memory. Dom0 has
 * all but what ring 0 drives itself (serial port, PIC, PIT, APIC and IO-APIC pages, trampoline); others
 * have nothing.
 */
#ifndef DOMAIN_IOMEM_H
#define DOMAIN_IOMEM_H

#include "lib/types.h"

struct domain;

/* Boot, once: what nobody but ring 0 may have. */
void iomem_deny_ports(u16 first, u16 last);
void iomem_deny_frames(u64 first, u64 last);
/* May d map frame m, which is no RAM? */
bool iomem_frame_allowed(const struct domain *d, mfn_t m);
/* Port access on a guest's account, allowed or not: what is not reads as all ones and writes go nowhere. size: 1, 2, 4.
 * PCI's address port is kept per domain, so that ring 0's own config accesses do not disturb it. */
u32 iomem_port_read(struct domain *d, u16 port, u32 size);
void iomem_port_write(struct domain *d, u16 port, u32 size, u32 value);

#endif
