/* SPDX-License-Identifier: MIT */
/*
 * A record a frame: who owns it, who refers to it, and what it is being used as. This is where
 * isolation is decided: a frame that serves as a page table or as descriptors is never mapped
 * writable by a guest, because "writable" and "page table" are types, a frame has one type at a time,
 * and each use counts.
 *
 *                    get(writable)                     get(L1..L4), validated whole
 *      none, 0  ------------------->  writable, n      none, 0 ----> validating ----> Ln, n
 *         ^                              |                ^              | failed        | last put
 *         +------------------------------+                +--------- devalidating <------+
 *                    last put
 *      none, 0 ---> descriptors, n ---> none, 0     (each entry checked on the way in)
 *
 * A frame changes type only at count zero. Becoming a table or descriptors needs that no TLB still
 * holds a writable entry for it, being freed that none holds any: tlb_flush_stale() (memory/tlb.h).
 *
 * References: `refs` counts who knows the frame (mappings, the owner's allocation, pins). A frame goes
 * back to the allocator when refs reaches zero. A type count implies a reference; every get below that
 * says "and type" takes both.
 */
#ifndef MEMORY_FRAME_H
#define MEMORY_FRAME_H

#include "lib/types.h"
#include "memory/layout.h"

struct domain;

enum frame_type {
    FRAME_NONE = 0,
    FRAME_L1 = 1, /* page tables: the level is the number */
    FRAME_L2 = 2,
    FRAME_L3 = 3,
    FRAME_L4 = 4,
    FRAME_DESCRIPTORS = 5,
    FRAME_WRITABLE = 6,
};

struct frame {
    u32 refs;   /* FRAME_ALLOCATED, FRAME_HV, count */
    u32 type;   /* type, state bits, count */
    u16 owner;  /* domid; DOMID_XEN: ring 0's; DOMID_IO: no RAM; DOMID_INVALID: free */
    u16 aux;    /* next entry while (de)validating */
};
_Static_assert(sizeof(struct frame) == 12, "12 bytes a frame: the budget of docs/architecture.md");

#define FRAME_ALLOCATED 0x80000000u /* the owner's own reference stands */
#define FRAME_HV 0x40000000u        /* ring 0's page, shown to its owner (shared info, grant table) */
#define FRAME_REF_COUNT 0x0fffffffu
#define FRAME_TYPE_SHIFT 28
#define FRAME_VALIDATED 0x08000000u
#define FRAME_BUSY 0x04000000u      /* validating or devalidating: a walk (memory/walk.h) owns it */
#define FRAME_PINNED 0x02000000u
#define FRAME_LOCKED 0x01000000u    /* somebody is changing entries of this table (memory/rules.h) */
#define FRAME_TYPE_COUNT 0x00ffffffu

#define frame_table ((struct frame *)FRAMETABLE_START)

/* Is there RAM with a record behind this number? (ring 0's own image included) */
bool mfn_valid(mfn_t m);
static inline struct frame *frame_of(mfn_t m)
{
    return &frame_table[m.v];
}

/* A reference, if the frame is RAM, in use and owned by d. */
bool frame_get(mfn_t m, const struct domain *d);
/* Gives one reference back; the last one frees the frame (scrubbed before reuse). Any caller. */
void frame_put(mfn_t m);
/* frame_get plus a writable type count: m cannot become a table until put. 0, -EINVAL (not d's, no
 * RAM), -EBUSY (in use as a table or descriptors). */
int frame_get_writable(mfn_t m, const struct domain *d);
void frame_put_writable(mfn_t m);
/* The same for a frame of descriptors; checks all 512 descriptors on the first (pv/descriptor.h). */
int frame_get_descriptors(mfn_t m, struct domain *d);
#define frame_put_descriptors frame_put_writable /* the same steps: nothing to unmake */

/* Allocates 2^order frames to d (account checked against max_pages), clean or zero by
 * flags (memory/alloc.h); each with the owner's reference. INVALID_MFN if none or over the limit. */
mfn_t frame_alloc(struct domain *d, u32 order, u32 flags, u32 address_bits);
/* Drops the owner's own reference (once: the FRAME_ALLOCATED bit says whether it stands). False if it
 * did not stand. The caller holds a reference of its own, or d is dying. */
bool frame_release(mfn_t m);
/* Takes a frame of d's out of everyone's reach, if nothing refers to it but its allocation: no mapping, type or area.
 * Then it is given back to d, or freed. */
bool frame_take(mfn_t m, const struct domain *d);
void frame_taken_end(mfn_t m, bool back);
/* Ring 0's page p (from alloc_page) shown to d, which may map it writable, and use it as nothing else: a writable type
 * count is ring 0's. frame_unshare ends it and frees the page as soon as nobody maps it. */
void frame_share(void *p, struct domain *d);
void frame_unshare(void *p);

/* Boot: ring 0's frame m may be mapped read-only, for good, by whoever has a right to DOMID_XEN's frames. */
void frame_show(mfn_t m);

/* Claims: memory promised to a domain before it is allocated, so that two creations cannot both win the last page.
 * claim_set: d's claim becomes `pages` in all, counting what it has (0: none); -ENOMEM if not that much is free.
 * claim_take: n frames are about to be allocated to d: from its claim first, the rest from what nobody claimed: they
 * are counted out (memory/alloc.h); false if they are not there. What then cannot be allocated does not become a
 * claim again. -EINVAL: more than d may have, or d dies. */
int claim_set(struct domain *d, u64 pages);
bool claim_take(struct domain *d, u64 n);
u64 claim_total(void);

/* machine-to-phys */
static inline void m2p_set(mfn_t m, u64 pfn)
{
    ((u64 *)M2P_START)[m.v] = pfn;
}
#define INVALID_M2P 0x5555555555555555ull

/* Records exist for whole GiB of the machine that hold any RAM (memory/map.c backs them). Boot: fills the records
 * of GiB number `gib` (all "no RAM", owner DOMID_IO; m2p entries invalid) and marks it as backed. */
void frame_init_gib(u64 gib);
/* Boot: [from, to) is RAM; ring 0's (DOMID_XEN) until alloc_add_range() or frame_adopt() says otherwise. */
void frame_init_range(mfn_t from, mfn_t to);
/* Boot: gives a frame of ring 0's (a loader's module) to d, as if it had been allocated to it. */
void frame_adopt(mfn_t m, struct domain *d);
/* Highest frame number with a record, plus one. */
extern u64 frame_max;

#endif
