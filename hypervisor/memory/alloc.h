/* SPDX-License-Identifier: MIT */
/*
 * The frames nobody owns: a buddy allocator over all RAM, orders 0 to 18 (1 GiB), in the free frames'
 * own records, with a stock of single frames for each CPU before it. It knows nothing of domains; frames that hold a
 * guest's data are marked dirty when they come back and are scrubbed before anyone sees them again, here or by the idle
 * loop.
 */
#ifndef MEMORY_ALLOC_H
#define MEMORY_ALLOC_H

#include "lib/types.h"

#define ALLOC_MAX_ORDER 18

enum alloc_flags {
    ALLOC_NO_SCRUB = 4,  /* the caller overwrites all of it, or is dom0 at boot */
    ALLOC_FORCE = 8,     /* frame_alloc: beyond max_pages, for an exchange that gives as many back */
    ALLOC_NO_SEARCH = 16, /* what lies in one piece, or nothing: other CPUs' stocks are left alone */
};

/* 2^order frames, aligned to their size; INVALID_MFN if there are none. The records come back with
 * no owner, no refs. address_bits: 0 = anywhere, else wholly below 2^address_bits. */
mfn_t alloc_frames(u32 order, u32 flags, u32 address_bits);
/* dirty: they hold data that the next owner must not see. No TLB leads to them any more (memory/tlb.h). */
void free_frames(mfn_t m, u32 order, bool dirty);
/* The count of free frames is exact as long as nobody takes or gives any. Frames are counted out before they are taken
 * (a full barrier: whoever then looks at claims is seen by whoever makes one), and counted in after they came back. */
u64 alloc_free_frames(void);
void alloc_count_out(u64 n);
void alloc_count_in(u64 n);
/* alloc_frames() for 2^order frames that are counted out: where there are none, they are counted in again. */
mfn_t alloc_counted_frames(u32 order, u32 flags, u32 address_bits);
u64 alloc_total_frames(void);
/* Called by an idle CPU: scrubs a little; false when nothing is left to scrub, or another CPU is at it. */
bool alloc_scrub_some(void);

/* Ring 0's own pages: mapped (direct map), zeroed. NULL if there are none. */
void *alloc_page(void);
void *alloc_pages(u32 order);
void free_page(void *p);
void free_pages(void *p, u32 order);

/* Boot: hands a range of RAM to the free lists. */
void alloc_add_range(mfn_t from, mfn_t to);

/* Small objects of ring 0, zeroed, 16-byte aligned; up to 2 MiB. NULL if there is no memory. */
void *hv_alloc(size_t size);
void hv_free(void *p);

#endif
