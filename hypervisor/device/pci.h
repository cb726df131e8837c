/* SPDX-License-Identifier: MIT */
/*
 * PCI configuration space by ports 0xcf8/0xcfc, segment 0. sbdf: bus << 8 | devfn.
 */
#ifndef DEVICE_PCI_H
#define DEVICE_PCI_H

#include "lib/types.h"

#define PCI_ADDRESS 0xcf8
#define PCI_DATA 0xcfc
#define PCI_ENABLE 0x80000000u

u32 pci_read(u16 bdf, u32 reg, u32 size);
void pci_write(u16 bdf, u32 reg, u32 size, u32 value);
/* Offset of a capability, 0 if the device has none (or is not there). */
u32 pci_find_capability(u16 bdf, u8 id);
/* An access to the data ports 0xcfc..0xcff with an address somebody else chose (config address register). */
u32 pci_data_read(u32 address, u16 port, u32 size);
void pci_data_write(u32 address, u16 port, u32 size, u32 value);

#endif
