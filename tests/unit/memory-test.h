/* SPDX-License-Identifier: MIT */
/*
 * What the tests of ring 0's memory share: 64 MiB, four CPUs, two domains; pages and tables in few words, and stand-ins for
 * what hypervisor/memory/ calls above itself. For one test program each; everything else is static.
 */
#ifndef TESTS_UNIT_MEMORY_TEST_H
#define TESTS_UNIT_MEMORY_TEST_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <public/xen.h>

#include "cpu/smp.h"
#include "domain/domain.h"
#include "domain/iomem.h"
#include "hypercall/hypercall.h"
#include "memory/alloc.h"
#include "memory/pagetable.h"
#include "memory/tlb.h"
#include "pv/descriptor.h"
#include "suite.h"

#define CPUS   4
#define MIB    64u
#define FRAMES (MIB << 8)

static struct domain *guest, *other;
static struct vcpu *v;
static bool descriptors_are_good = true;
static void (*others)(void); /* what other CPUs do while this one waits */

bool descriptor_page_ok(u64 *page)
{
    (void)page;
    return descriptors_are_good;
}

bool iomem_frame_allowed(const struct domain *d, mfn_t m)
{
    return d == other && mfn_x(m) < 1ull << 30;
}

void pt_fill_hv_slots(u64 *l4)
{
    for (u32 i = 0; i < HV_SLOT_COUNT; i++)
        l4[HV_SLOT_FIRST + i] = 0xabc000 | PTE_P;
}

void smp_poll(void)
{
    CU_ASSERT_FATAL(others != NULL);
    others();
}

static inline void on_cpu(u32 cpu)
{
    host_cpu = cpu;
}

static inline u64 *table_at(mfn_t m)
{
    return mfn_to_virt(m);
}

static inline mfn_t page_of(struct domain *d)
{
    mfn_t m = frame_alloc(d, 0, 0, 0);

    CU_ASSERT_FATAL(!mfn_eq(m, INVALID_MFN));
    return m;
}

static inline u32 kind(mfn_t m)
{
    return frame_of(m)->type >> FRAME_TYPE_SHIFT;
}

static inline u32 uses(mfn_t m)
{
    return frame_of(m)->type & FRAME_TYPE_COUNT;
}

static inline u32 refs(mfn_t m)
{
    return frame_of(m)->refs & FRAME_REF_COUNT;
}

static inline u64 entry(mfn_t m, u64 flags)
{
    return mfn_to_maddr(m) | PTE_P | PTE_US | flags;
}

/* A call that wants to be made again is. */
#define AGAIN(call)                            \
    ({                                         \
        int error_;                            \
        while ((error_ = (call)) == -ERESTART) \
            ;                                  \
        error_;                                \
    })

static inline maddr_t slot(mfn_t m, u32 index)
{
    return mfn_to_maddr(m) + index * 8;
}

static inline int update(mfn_t m, u32 index, u64 value)
{
    return AGAIN(pt_update(v, slot(m, index), value, guest, PT_WRITE_PLAIN));
}

static inline void finish_walk(void)
{
    CU_ASSERT_EQUAL(AGAIN(walk_continue(v)), 0);
}

/* L4 -> L3 -> L2 -> L1 -> data, one page each; t[4] is the L4, t[0] the data page, mapped writable. */
static inline void make_tree(mfn_t t[5])
{
    for (u32 i = 0; i < 5; i++)
        t[i] = page_of(guest);
    for (u32 i = 1; i < 5; i++)
        table_at(t[i])[3] = entry(t[i - 1], PTE_RW);
}

static inline void give_back(mfn_t *m, u32 n)
{
    for (u32 i = 0; i < n; i++)
        CU_ASSERT(frame_release(m[i]));
}

/* All that the domain has goes, as when it dies; it can be used again. */
static inline void relinquish(struct domain *d)
{
    while (memory_relinquish(d) == -ERESTART)
        ;
    d->relinquish_at = 0;
    CU_ASSERT_EQUAL(d->tot_pages, 0);
}

/* The machine. Once per process. */
static inline void memory_start(void)
{
    host_machine(MIB);
    guest = host_domain(1, 1);
    other = host_domain(2, 1);
    v = guest->vcpu[0];
    this_cpu()->current = v;
    for (u32 i = 1; i < CPUS; i++) {
        cpus[i] = calloc(1, sizeof(*cpus[i]));
        cpus[i]->id = i;
        cpus[i]->online = true;
    }
}

#endif
