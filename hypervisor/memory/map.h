/* SPDX-License-Identifier: MIT */
/*
 * Building the hypervisor's part of every address space at boot, see memory/layout.h.
 */
#ifndef MEMORY_MAP_H
#define MEMORY_MAP_H

#include "lib/types.h"

/* The L4 of idle CPUs: ring 0's slots and nothing else. */
extern u64 *idle_l4;
extern maddr_t idle_cr3;

/* From boot_info: direct map, frame table, m2p, image with its permissions; switches to them and hands
 * all free RAM to the allocator. Modules and ring 0's own memory stay out of it. */
void map_init(void);
/* Gives a boot module's pages to the allocator, once it is not needed any more. */
void map_free_module(maddr_t start, u64 size);
/* The first of the 512 frames that hold the machine-to-phys table of GiB number `gib`; mfn 0: that GiB has no RAM. */
mfn_t map_m2p_frames(u64 gib);
/* The L1 entry for ring 0's address va; makes the tables on the way. NULL: no memory. */
u64 *map_entry(u64 va);

#endif
