/* SPDX-License-Identifier: MIT */
/*
 * IO-APICs: the lines (GSIs) of the machine. All start masked; whoever binds one says vector, trigger and
 * polarity. Takes RANK_DEVICE's lock itself.
 */
#ifndef DEVICE_IOAPIC_H
#define DEVICE_IOAPIC_H

#include "lib/types.h"

void ioapic_init(void);
/* One past the highest GSI. */
u32 ioapic_gsi_count(void);
/* Routes gsi to `vector` on the CPU with that APIC id; masked until ioapic_mask(gsi, false). -1: no such line. */
int ioapic_route(u32 gsi, u8 vector, u32 apic_id, bool level, bool low);
void ioapic_mask(u32 gsi, bool masked);
/* Register `reg` (id, version or arbitration) of the IO-APIC at that address. False: no such thing. */
bool ioapic_read_register(maddr_t address, u32 reg, u32 *value);

#endif
