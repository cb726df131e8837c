/* SPDX-License-Identifier: MIT */
/*
 * Ring 0's mappings of what is not RAM: APIC, IO-APIC, HPET, MSI-X tables, ACPI tables. Never given back.
 */
#ifndef MEMORY_DEVICE_MAP_H
#define MEMORY_DEVICE_MAP_H

#include "lib/types.h"

/* Maps [a, a+size), uncached or write-back, 4 KiB granular; NULL if the area is used up. The same range asked for
 * twice gives the same mapping. */
void *device_map(maddr_t a, u64 size, bool uncached);

#endif
