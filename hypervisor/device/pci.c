/* SPDX-License-Identifier: MIT */
/*
 * PCI configuration space by ports, see pci.h. Address and data port are one access under one lock.
 */
#include "device/pci.h"

#include "cpu/asm.h"
#include "cpu/lock.h"

#define PCI_STATUS 0x06
#define PCI_STATUS_CAPABILITIES 0x10
#define PCI_CAPABILITIES 0x34
#define MAX_CAPABILITIES 48

static spinlock_t pci_lock = SPINLOCK_INIT(RANK_DEVICE);

u32 pci_data_read(u32 address, u16 port, u32 size)
{
    SPIN_LOCK_BLOCK(&pci_lock);
    outl(PCI_ADDRESS, address);
    return port_read(port, size);
}

void pci_data_write(u32 address, u16 port, u32 size, u32 value)
{
    SPIN_LOCK_BLOCK(&pci_lock);
    outl(PCI_ADDRESS, address);
    port_write(port, size, value);
}

static u32 config_address(u16 bdf, u32 reg)
{
    return PCI_ENABLE | (u32)bdf << 8 | (reg & 0xfc);
}

u32 pci_read(u16 bdf, u32 reg, u32 size)
{
    return pci_data_read(config_address(bdf, reg), (u16)(PCI_DATA + (reg & 3)), size);
}

void pci_write(u16 bdf, u32 reg, u32 size, u32 value)
{
    pci_data_write(config_address(bdf, reg), (u16)(PCI_DATA + (reg & 3)), size, value);
}

u32 pci_find_capability(u16 bdf, u8 id)
{
    u32 at;

    if (pci_read(bdf, 0, 2) == 0xffff ||
        !(pci_read(bdf, PCI_STATUS, 2) & PCI_STATUS_CAPABILITIES))
        return 0;
    at = pci_read(bdf, PCI_CAPABILITIES, 1) & 0xfc;
    for (u32 i = 0; at && i < MAX_CAPABILITIES; i++) {
        u32 word = pci_read(bdf, at, 2);

        if ((word & 0xff) == id)
            return at;
        at = word >> 8 & 0xfc;
    }
    return 0;
}
