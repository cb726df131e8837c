/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor's part of every address space: L4 slots 256 to 271, which the PV ABI reserves
 * (HYPERVISOR_VIRT_START/END in public/xen.h). All address spaces share these slots' tables: the
 * sixteen L4 entries are the same in every L4, guest or idle. The guest can see slot 256 only, read-only.
 *
 *   slot  start               what
 *   256   0xffff800000000000  machine-to-phys table, 8 bytes a frame, user-readable
 *   257   0xffff808000000000  the same table, writable, ring 0 only
 *   257   0xffff80c000000000  frame table, 12 bytes a frame (memory/frame.h)
 *   258   0xffff810000000000  per-CPU windows: the running vcpu's GDT and LDT frames (pv/descriptor.h)
 *   259   0xffff818000000000  device map: MMIO and ACPI tables (memory/device_map.h)
 *   261   0xffff828000000000  the hypervisor's image
 *   262-271 0xffff830000000000  direct map of all RAM, 2 MiB or 1 GiB pages, write-back
 */
#ifndef MEMORY_LAYOUT_H
#define MEMORY_LAYOUT_H

#define HV_SLOT_FIRST 256
#define HV_SLOT_COUNT 16
#define HV_VIRT_START 0xffff800000000000
#define HV_VIRT_END 0xffff880000000000
#define M2P_RO_START 0xffff800000000000
#define M2P_START 0xffff808000000000
#define FRAMETABLE_START 0xffff80c000000000
#define CPU_WINDOW_START 0xffff810000000000
#define DEVICE_MAP_START 0xffff818000000000
#define DEVICE_MAP_SIZE 0x40000000
#define IMAGE_START 0xffff828000000000
#define DIRECT_MAP_START 0xffff830000000000
#define DIRECT_MAP_END 0xffff880000000000

#ifndef __ASSEMBLY__
#include "lib/types.h"

static inline void *maddr_to_virt(maddr_t a)
{
    return (void *)(DIRECT_MAP_START + a);
}
static inline void *mfn_to_virt(mfn_t m)
{
    return (void *)(DIRECT_MAP_START + (m.v << PAGE_SHIFT));
}
/* Only for addresses in the direct map (all that alloc.h hands out). */
static inline maddr_t virt_to_maddr(const void *p)
{
    return (u64)p - DIRECT_MAP_START;
}
static inline mfn_t virt_to_mfn(const void *p)
{
    return maddr_to_mfn(virt_to_maddr(p));
}
/* For addresses inside the hypervisor's image (code, data, bss): they are not in the direct map. */
maddr_t image_to_maddr(const void *p);
#endif
#endif
