/* SPDX-License-Identifier: MIT */
/*
 * MSI and MSI-X messages, see msi.h. Where a table lies is read from the device itself: a caller's
 * address would let it write anywhere.
 */
#include "device/msi.h"

#include "lib/errno.h"

#include "device/pci.h"
#include "memory/device_map.h"

#define CAPABILITY_MSI 0x05
#define CAPABILITY_MSIX 0x11
#define MSI_CONTROL 2
#define MSI_ADDRESS 4
#define MSI_64BIT 0x80
#define MSI_MASKABLE 0x100
#define MSI_COUNT_MASK 0x70u
#define MSIX_TABLE 4
#define MSIX_SIZE_MASK 0x7ff
#define BAR0 0x10
#define BAR_IO 1
#define BAR_64BIT 4
#define MESSAGE_ADDRESS 0xfee00000u

enum msix_word { MSIX_ADDRESS, MSIX_ADDRESS_HIGH, MSIX_DATA, MSIX_CONTROL };

static maddr_t msix_entry_address(u16 bdf, u32 capability, u32 entry)
{
    u32 table = pci_read(bdf, capability + MSIX_TABLE, 4), reg = BAR0 + 4 * (table & 7), low;
    maddr_t bar;

    if ((table & 7) > 5)
        return 0;
    low = pci_read(bdf, reg, 4);
    if (low & BAR_IO)
        return 0;
    bar = low & ~15u;
    if (low & BAR_64BIT)
        bar |= (maddr_t)pci_read(bdf, reg + 4, 4) << 32;
    return bar ? bar + (table & ~7u) + entry * 16 : 0;
}

static u32 control(const struct msi *m)
{
    return pci_read(m->bdf, m->capability + MSI_CONTROL, 2);
}

void msi_restore(struct msi *m, u32 apic_id)
{
    u32 address = MESSAGE_ADDRESS | apic_id << 12, word = control(m);
    bool wide = word & MSI_64BIT;

    if (m->msix) {
        m->slot[MSIX_CONTROL] |= 1;
        m->slot[MSIX_ADDRESS] = address;
        m->slot[MSIX_ADDRESS_HIGH] = 0;
        m->slot[MSIX_DATA] = m->vector;
        return;
    }
    pci_write(m->bdf, m->capability + MSI_ADDRESS, 4, address);
    if (wide)
        pci_write(m->bdf, m->capability + MSI_ADDRESS + 4, 4, 0);
    pci_write(m->bdf, m->capability + MSI_ADDRESS + (wide ? 8 : 4), 2, m->vector);
    pci_write(m->bdf, m->capability + MSI_CONTROL, 2, word & ~MSI_COUNT_MASK); /* one message */
}

int msi_setup(struct msi *m, u16 bdf, bool msix, u32 entry, u8 vector, u32 apic_id)
{
    u32 capability = pci_find_capability(bdf, msix ? CAPABILITY_MSIX : CAPABILITY_MSI);
    maddr_t address;

    if (!capability)
        return -ENODEV;
    *m = (struct msi){.bdf = bdf, .msix = msix, .vector = vector, .capability = capability};
    if (msix) {
        if (entry > (control(m) & MSIX_SIZE_MASK))
            return -EINVAL;
        address = msix_entry_address(bdf, capability, entry);
        m->slot = address ? device_map(address, 16, true) : NULL;
        if (!m->slot)
            return address ? -ENOMEM : -EINVAL;
    }
    msi_restore(m, apic_id);
    msi_mask(m, true);
    return 0;
}

void msi_mask(struct msi *m, bool masked)
{
    u32 word;

    if (m->msix) {
        m->slot[MSIX_CONTROL] = masked;
        return;
    }
    word = control(m);
    if (word & MSI_MASKABLE)
        pci_write(m->bdf, m->capability + MSI_ADDRESS + (word & MSI_64BIT ? 12 : 8), 4, masked);
}

void msi_teardown(struct msi *m)
{
    msi_mask(m, true);
    if (m->msix)
        m->slot[MSIX_DATA] = 0;
}
