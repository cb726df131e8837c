/* SPDX-License-Identifier: MIT */
/*
 * Ports and device memory, see iomem.h. What is denied is denied to every domain; what is not is dom0's
 * alone. It must never let a page of RAM through: callers ask only for frames that are none.
 */
#include "domain/iomem.h"

#include "cpu/asm.h"
#include "cpu/features.h"
#include "device/pci.h"
#include "domain/domain.h"
#include "lib/print.h"

#define MAX_DENIED 32

static struct denied {
    u32 count;
    u64 first[MAX_DENIED], last[MAX_DENIED];
} denied_ports, denied_frames;
static u32 pci_address; /* dom0's 0xcf8 */

static void deny(struct denied *list, u64 first, u64 last)
{
    BUG_ON(list->count == MAX_DENIED);
    list->first[list->count] = first;
    list->last[list->count++] = last;
}

static bool overlaps(const struct denied *list, u64 first, u64 last)
{
    for (u32 i = 0; i < list->count; i++)
        if (first <= list->last[i] && last >= list->first[i])
            return true;
    return false;
}

void __init iomem_deny_ports(u16 first, u16 last)
{
    deny(&denied_ports, first, last);
}

void __init iomem_deny_frames(u64 first, u64 last)
{
    deny(&denied_frames, first, last);
}

bool iomem_frame_allowed(const struct domain *d, mfn_t m)
{
    return d->privileged && mfn_x(m) < 1ull << (cpu_features.phys_bits - PAGE_SHIFT) &&
           !overlaps(&denied_frames, mfn_x(m), mfn_x(m));
}

static bool ports_allowed(const struct domain *d, u16 port, u32 size)
{
    return d->privileged && port + size <= 0x10000 &&
           !overlaps(&denied_ports, port, port + size - 1);
}

u32 iomem_port_read(struct domain *d, u16 port, u32 size)
{
    if (!ports_allowed(d, port, size))
        return ~0u;
    if (port == PCI_ADDRESS && size == 4)
        return pci_address;
    if (port >= PCI_DATA && port + size <= PCI_DATA + 4)
        return pci_address & PCI_ENABLE ? pci_data_read(pci_address, port, size) : ~0u;
    return port_read(port, size);
}

void iomem_port_write(struct domain *d, u16 port, u32 size, u32 value)
{
    if (!ports_allowed(d, port, size))
        return;
    if (port == PCI_ADDRESS && size == 4) {
        pci_address = value;
    } else if (port >= PCI_DATA && port + size <= PCI_DATA + 4) {
        if (pci_address & PCI_ENABLE)
            pci_data_write(pci_address, port, size, value);
    } else {
        port_write(port, size, value);
    }
}
