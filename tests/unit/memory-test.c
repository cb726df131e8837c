/* SPDX-License-Identifier: MIT */
/*
 * Ring 0's memory: the allocator, every edge of the frame types' diagram, page-table rules, and a seeded
 * storm of updates after which all counts are worked out anew from the tables as they stand and
 * compared with the records. Isolation rests on these counts, so they are checked from outside.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <CUnit/Basic.h>

#include <public/xen.h>

#include "cpu/smp.h"
#include "domain/domain.h"
#include "domain/iomem.h"
#include "hypercall/hypercall.h"
#include "memory/alloc.h"
#include "memory/pagetable.h"
#include "memory/tlb.h"
#include "pv/descriptor.h"

#define CPUS 4
#define MIB 64u
#define FRAMES (MIB << 8)

static struct domain *guest, *other;
static struct vcpu *v;
static bool descriptors_are_good = true;

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

static void (*others)(void); /* what other CPUs do while this one waits */

void smp_poll(void)
{
    CU_ASSERT_FATAL(others != NULL);
    others();
}

static void on_cpu(u32 cpu)
{
    host_cpu = cpu;
}

static u64 *table_at(mfn_t m)
{
    return mfn_to_virt(m);
}

static mfn_t page_of(struct domain *d)
{
    mfn_t m = frame_alloc(d, 0, 0, 0);

    CU_ASSERT_FATAL(!mfn_eq(m, INVALID_MFN));
    return m;
}

static u32 kind(mfn_t m)
{
    return frame_of(m)->type >> FRAME_TYPE_SHIFT;
}

static u32 uses(mfn_t m)
{
    return frame_of(m)->type & FRAME_TYPE_COUNT;
}

static u32 refs(mfn_t m)
{
    return frame_of(m)->refs & FRAME_REF_COUNT;
}

static u64 entry(mfn_t m, u64 flags)
{
    return mfn_to_maddr(m) | PTE_P | PTE_US | flags;
}

/* A call that wants to be made again is. */
#define AGAIN(call)                                                                                \
    ({                                                                                             \
        int error_;                                                                                \
        while ((error_ = (call)) == -ERESTART)                                                     \
            ;                                                                                      \
        error_;                                                                                    \
    })

/* Another CPU's walker sets these bits in *raced once, while ring 0 decodes a new entry: all decoding that maps a page
 * writable comes by here. */
static u64 *raced, race_bits;
int __real_frame_get_writable(mfn_t m, const struct domain *d);
int __wrap_frame_get_writable(mfn_t m, const struct domain *d);
int __wrap_frame_get_writable(mfn_t m, const struct domain *d)
{
    if (raced)
        *raced |= race_bits;
    raced = NULL;
    return __real_frame_get_writable(m, d);
}

static void finish_walk(void)
{
    CU_ASSERT_EQUAL(AGAIN(walk_continue(v)), 0);
}

/* L4 -> L3 -> L2 -> L1 -> data, one page each; t[4] is the L4, t[0] the data page, mapped writable. */
static void make_tree(mfn_t t[5])
{
    for (u32 i = 0; i < 5; i++)
        t[i] = page_of(guest);
    for (u32 i = 1; i < 5; i++)
        table_at(t[i])[3] = entry(t[i - 1], PTE_RW);
}

static void give_back(mfn_t *m, u32 n)
{
    for (u32 i = 0; i < n; i++)
        CU_ASSERT(frame_release(m[i]));
}

static int setup(void)
{
    static bool made;

    if (!made) {
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
        made = true;
    }
    host_preempt_every = 0;
    return 0;
}

static void test_alloc_accounts(void)
{
    struct {
        mfn_t m;
        u32 order;
    } held[256];
    u64 before = alloc_free_frames();
    u32 n = 0;

    srand(7);
    for (u32 round = 0; round < 20000; round++) {
        on_cpu((u32)rand() % CPUS);
        if (n < 256 && rand() % 2) {
            u32 order = (u32)rand() % 6;
            mfn_t m = alloc_frames(order, 0, 0);

            if (mfn_eq(m, INVALID_MFN))
                continue;
            CU_ASSERT_EQUAL(mfn_x(m) & ((1u << order) - 1), 0);
            for (u32 i = 0; i < 1u << order; i++) {
                u64 *p = mfn_to_virt(mfn_add(m, i));

                CU_ASSERT(p[0] == 0 && p[1] == 0 && p[511] == 0);
                p[0] = p[1] = p[511] = mfn_x(m);
            }
            held[n].m = m;
            held[n++].order = order;
        } else if (n) {
            u32 i = (u32)rand() % n;

            for (u32 j = 0; j < 1u << held[i].order; j++)
                CU_ASSERT_EQUAL(*(u64 *)mfn_to_virt(mfn_add(held[i].m, j)), mfn_x(held[i].m));
            free_frames(held[i].m, held[i].order, true);
            held[i] = held[--n];
        }
        if (rand() % 50 == 0)
            alloc_scrub_some();
    }
    while (n--)
        free_frames(held[n].m, held[n].order, true);
    CU_ASSERT_EQUAL(alloc_free_frames(), before);
    for (u32 i = CPUS; i--;) {
        on_cpu(i);
        while (alloc_scrub_some())
            ;
    }
    CU_ASSERT_EQUAL(alloc_free_frames(), before);
    /* all merged again: half of the memory in one piece */
    mfn_t big = alloc_frames(13, 0, 0);
    CU_ASSERT(!mfn_eq(big, INVALID_MFN));
    free_frames(big, 13, false);
}

static void test_alloc_limits(void)
{
    mfn_t m = alloc_frames(0, 0, 22); /* below 4 MiB */

    CU_ASSERT(!mfn_eq(m, INVALID_MFN) && mfn_x(m) < 1024);
    free_frames(m, 0, true);
    CU_ASSERT(mfn_eq(alloc_frames(0, 0, 12), INVALID_MFN));
    CU_ASSERT(mfn_eq(alloc_frames(0, 0, 20), INVALID_MFN)); /* the first 2 MiB are not the allocator's */
    CU_ASSERT(mfn_eq(alloc_frames(ALLOC_MAX_ORDER + 1, 0, 0), INVALID_MFN));
    CU_ASSERT(mfn_eq(alloc_frames(ALLOC_MAX_ORDER, 0, 0), INVALID_MFN));
}

/* Idle CPUs clean until all is, and again whatever comes back. */
static void test_alloc_clean_ahead(void)
{
    mfn_t m[64];

    while (alloc_scrub_some())
        ;
    for (u32 round = 0; round < 3; round++) {
        CU_ASSERT_FALSE(alloc_scrub_some()); /* all is clean */
        for (u32 i = 0; i < 64; i++)
            m[i] = alloc_frames(0, 0, 0);
        for (u32 i = 0; i < 64; i++)
            free_frames(m[i], 0, true);
        CU_ASSERT(alloc_scrub_some()); /* 64 are not */
        while (alloc_scrub_some())
            ;
    }
}

static void test_heap(void)
{
    u64 before = alloc_free_frames();
    void *p[300];

    for (u32 i = 0; i < 300; i++) {
        size_t size = 1 + (i * 37) % 5000;

        p[i] = hv_alloc(size);
        CU_ASSERT_FATAL(p[i] != NULL);
        for (size_t j = 0; j < size; j++)
            CU_ASSERT_EQUAL_FATAL(((char *)p[i])[j], 0);
        memset(p[i], 0xee, size);
    }
    for (u32 i = 0; i < 300; i++)
        hv_free(p[(i * 7) % 300]);
    hv_free(NULL);
    CU_ASSERT_EQUAL(alloc_free_frames(), before);
    CU_ASSERT_PTR_NULL(hv_alloc(4ul << 20));
}

static void test_frame_references(void)
{
    u64 before = alloc_free_frames();
    mfn_t m = page_of(guest);

    CU_ASSERT_EQUAL(guest->tot_pages, 1);
    CU_ASSERT(frame_get(m, guest));
    CU_ASSERT_FALSE(frame_get(m, other));
    CU_ASSERT_FALSE(frame_get(mfn(FRAMES + 5), guest));
    CU_ASSERT_FALSE(frame_get(mfn(1ull << 40), guest));
    CU_ASSERT_FALSE(frame_get(mfn(0), guest));
    CU_ASSERT(frame_release(m));
    CU_ASSERT_FALSE(frame_release(m));
    CU_ASSERT_EQUAL(guest->tot_pages, 1);
    frame_put(m);
    CU_ASSERT_EQUAL(guest->tot_pages, 0);
    CU_ASSERT_EQUAL(alloc_free_frames(), before);
    CU_ASSERT_FALSE(frame_get(m, guest));
}

static void test_frame_limit(void)
{
    u64 limit = guest->max_pages;
    mfn_t m;

    guest->max_pages = 1;
    m = page_of(guest);
    CU_ASSERT(mfn_eq(frame_alloc(guest, 0, 0, 0), INVALID_MFN));
    CU_ASSERT(mfn_eq(frame_alloc(guest, 40, 0, 0), INVALID_MFN));
    guest->max_pages = limit;
    give_back(&m, 1);
}

static void test_frame_edges(void)
{
    mfn_t m = page_of(guest);

    /* none -> writable -> none */
    CU_ASSERT_EQUAL(frame_get_writable(m, guest), 0);
    CU_ASSERT_EQUAL(frame_get_writable(m, guest), 0);
    CU_ASSERT(kind(m) == FRAME_WRITABLE && uses(m) == 2);
    /* writable is no table and no descriptors */
    CU_ASSERT_EQUAL(AGAIN(pt_pin(v, guest, m, 1)), -EINVAL);
    CU_ASSERT_EQUAL(frame_get_descriptors(m, guest), -EBUSY);
    frame_put_writable(m);
    frame_put_writable(m);
    CU_ASSERT_EQUAL(frame_of(m)->type, 0);
    /* none -> descriptors -> none, and what is wrong is refused */
    CU_ASSERT_EQUAL(frame_get_descriptors(m, guest), 0);
    CU_ASSERT_EQUAL(frame_get_descriptors(m, guest), 0);
    CU_ASSERT_EQUAL(frame_get_writable(m, guest), -EBUSY);
    CU_ASSERT_EQUAL(AGAIN(pt_pin(v, guest, m, 1)), -EINVAL);
    frame_put_descriptors(m);
    frame_put_descriptors(m);
    descriptors_are_good = false;
    CU_ASSERT_EQUAL(frame_get_descriptors(m, guest), -EINVAL);
    descriptors_are_good = true;
    CU_ASSERT_EQUAL(frame_of(m)->type, 0);
    /* none -> L1 -> none */
    CU_ASSERT_EQUAL(AGAIN(pt_pin(v, guest, m, 1)), 0);
    CU_ASSERT_EQUAL(frame_get_writable(m, guest), -EBUSY);
    CU_ASSERT_EQUAL(frame_get_descriptors(m, guest), -EBUSY);
    CU_ASSERT_EQUAL(AGAIN(pt_pin(v, guest, m, 1)), -EINVAL);
    CU_ASSERT_EQUAL(AGAIN(pt_pin(v, guest, m, 2)), -EINVAL);
    CU_ASSERT_EQUAL(AGAIN(pt_unpin(v, guest, m)), 0);
    finish_walk();
    CU_ASSERT_EQUAL(AGAIN(pt_unpin(v, guest, m)), -EINVAL);
    CU_ASSERT_EQUAL(frame_get_writable(m, other), -EINVAL);
    CU_ASSERT(frame_of(m)->type == 0 && refs(m) == 1);
    give_back(&m, 1);
}

static mfn_t watched;

static void check_done(void)
{
    frame_of(watched)->type = FRAME_DESCRIPTORS << FRAME_TYPE_SHIFT | FRAME_VALIDATED | 1;
}

static void check_failed(void)
{
    frame_of(watched)->type = 0;
}

/* Two vcpus want one page as descriptors: the second waits until the first has checked it. */
static void test_descriptors_wait(void)
{
    mfn_t m = page_of(guest);

    watched = m;
    frame_of(m)->type = FRAME_DESCRIPTORS << FRAME_TYPE_SHIFT | FRAME_BUSY | 1;
    others = check_done;
    CU_ASSERT_EQUAL(frame_get_descriptors(m, guest), 0);
    CU_ASSERT_EQUAL(uses(m), 2);
    frame_of(m)->type = FRAME_DESCRIPTORS << FRAME_TYPE_SHIFT | FRAME_BUSY | 1;
    others = check_failed;
    descriptors_are_good = false;
    CU_ASSERT_EQUAL(frame_get_descriptors(m, guest), -EINVAL);
    descriptors_are_good = true;
    others = NULL;
    frame_put(m); /* the first check_done()'s count had one with it */
    CU_ASSERT(frame_of(m)->type == 0 && refs(m) == 1);
    give_back(&m, 1);
}

static void test_claims(void)
{
    u64 available = alloc_free_frames(), max = guest->max_pages;
    mfn_t m;

    CU_ASSERT_EQUAL(claim_set(guest, available + 1), -ENOMEM);
    CU_ASSERT_EQUAL(claim_set(guest, available - 10), 0);
    CU_ASSERT_EQUAL(claim_set(other, 11), -ENOMEM);
    CU_ASSERT_EQUAL(claim_set(other, 10), 0);
    CU_ASSERT_EQUAL(claim_total(), available);
    /* what is claimed cannot be had by somebody else, beyond his own claim */
    CU_ASSERT(mfn_eq(frame_alloc(other, 4, 0, 0), INVALID_MFN));
    m = page_of(guest);
    CU_ASSERT_EQUAL(guest->outstanding_claim, available - 11);
    CU_ASSERT_EQUAL(claim_set(other, 0), 0);
    CU_ASSERT_EQUAL(claim_set(guest, 0), 0);
    CU_ASSERT_EQUAL(claim_total(), 0);
    guest->max_pages = 5;
    CU_ASSERT_EQUAL(claim_set(guest, 6), -EINVAL);
    guest->max_pages = max;
    give_back(&m, 1);
}

/* Single frames lie in stocks of four CPUs: all of them are to be had, and counted, from any. */
static void test_stocks(void)
{
    static mfn_t m[FRAMES];
    u64 before = alloc_free_frames(), n = 0, again = 0;

    for (u32 cpu = 0; cpu < CPUS; cpu++) {
        on_cpu(cpu);
        for (u32 i = 0; i < 100; i++)
            m[n++] = alloc_frames(0, ALLOC_NO_SCRUB, 0);
        CU_ASSERT_EQUAL(alloc_free_frames(), before - n);
    }
    for (u32 i = 0; i < n; i++) {
        on_cpu(i % CPUS); /* others than took them */
        free_frames(m[i], 0, true);
    }
    CU_ASSERT_EQUAL(alloc_free_frames(), before);
    on_cpu(1);
    for (n = 0; !mfn_eq(m[n] = alloc_frames(0, ALLOC_NO_SCRUB, 0), INVALID_MFN); n++)
        ;
    CU_ASSERT(n == before && alloc_free_frames() == 0);
    /* a few come back, each to another CPU: there, and nowhere else */
    for (u32 i = 0; i < 8; i++) {
        on_cpu(i % CPUS);
        free_frames(m[--n], 0, true);
    }
    on_cpu(2);
    for (u32 i = 0; i < 8; i++) {
        m[n] = alloc_frames(0, 0, 0);
        again += !mfn_eq(m[n], INVALID_MFN);
        CU_ASSERT_EQUAL(table_at(m[n])[0], 0);
        n++;
    }
    CU_ASSERT(again == 8 && mfn_eq(alloc_frames(0, 0, 0), INVALID_MFN));
    while (n--)
        free_frames(m[n], 0, true);
    CU_ASSERT_EQUAL(alloc_free_frames(), before);
    on_cpu(0);
}

/* Who has claimed all that is left gets all of it, wherever it lies, whatever others try. */
static void test_claim_of_all(void)
{
    static mfn_t m[FRAMES];
    u64 n, max = guest->max_pages, available;

    for (u32 cpu = 0; cpu < CPUS; cpu++) { /* some in each stock */
        on_cpu(cpu);
        m[cpu] = alloc_frames(0, 0, 0);
    }
    for (u32 cpu = 0; cpu < CPUS; cpu++)
        free_frames(m[cpu], 0, true);
    available = alloc_free_frames();
    /* one is about to take three: who claims sees that, though nobody had claimed when the other looked */
    on_cpu(1);
    CU_ASSERT(claim_take(other, 3));
    on_cpu(0);
    CU_ASSERT_EQUAL(claim_set(guest, available), -ENOMEM);
    CU_ASSERT_EQUAL(claim_total(), 0);
    on_cpu(1);
    alloc_count_in(3);
    on_cpu(0);
    CU_ASSERT_EQUAL(claim_set(guest, available), 0);
    for (n = 0; n < available; n++) {
        on_cpu((u32)n % CPUS);
        CU_ASSERT_FALSE(claim_take(other, 1));
        if (n == available / 2) {
            on_cpu(3);
            alloc_count_out(2); /* another one is between the count and the look: that is not in the way */
            on_cpu(0);
        }
        m[n] = frame_alloc(guest, 0, ALLOC_NO_SCRUB, 0);
        if (mfn_eq(m[n], INVALID_MFN))
            break;
        if (n == available / 2) {
            on_cpu(3);
            alloc_count_in(2);
        }
    }
    CU_ASSERT(n == available && alloc_free_frames() == 0 && claim_total() == 0 && guest->outstanding_claim == 0);
    on_cpu(0);
    give_back(m, (u32)n);
    /* the dying get no more, and claim no more */
    guest->death = DOMAIN_DYING;
    CU_ASSERT(mfn_eq(frame_alloc(guest, 1, 0, 0), INVALID_MFN));
    CU_ASSERT_EQUAL(claim_set(guest, 10), -EINVAL);
    CU_ASSERT_EQUAL(claim_set(guest, 0), 0);
    guest->death = DOMAIN_ALIVE;
    CU_ASSERT(guest->tot_pages == 0 && alloc_free_frames() == available && claim_total() == 0);
    guest->max_pages = max;
}

static void test_tree_pin_unpin(void)
{
    mfn_t t[5];

    for (u32 every = 0; every < 4; every++) {
        host_preempt_every = every;
        make_tree(t);
        CU_ASSERT_EQUAL(AGAIN(pt_pin(v, guest, t[4], 4)), 0);
        for (u32 i = 1; i < 5; i++)
            CU_ASSERT(kind(t[i]) == i && uses(t[i]) == 1 && (frame_of(t[i])->type & FRAME_VALIDATED));
        CU_ASSERT(kind(t[0]) == FRAME_WRITABLE && refs(t[0]) == 2);
        CU_ASSERT_EQUAL(table_at(t[4])[HV_SLOT_FIRST], 0xabc000 | PTE_P);
        CU_ASSERT_EQUAL(AGAIN(pt_unpin(v, guest, t[4])), 0);
        finish_walk();
        for (u32 i = 0; i < 5; i++)
            CU_ASSERT(frame_of(t[i])->type == 0 && refs(t[i]) == 1);
        CU_ASSERT_EQUAL(table_at(t[4])[HV_SLOT_FIRST], 0);
        give_back(t, 5);
    }
    host_preempt_every = 0;
}

/* A control domain pins a table of one that has begun to die: the pin does not stay behind. */
static void test_pin_of_the_dying(void)
{
    mfn_t m = page_of(other);

    CU_ASSERT_EQUAL(AGAIN(pt_pin(v, other, m, 1)), 0);
    CU_ASSERT_EQUAL(AGAIN(pt_pin(v, other, m, 1)), -EINVAL);
    CU_ASSERT(uses(m) == 1 && refs(m) == 2);
    CU_ASSERT_EQUAL(AGAIN(pt_unpin(v, other, m)), 0);
    finish_walk();
    other->death = DOMAIN_DYING;
    CU_ASSERT_EQUAL(AGAIN(pt_pin(v, other, m, 1)), -EINVAL);
    finish_walk();
    CU_ASSERT(frame_of(m)->type == 0 && refs(m) == 1);
    other->death = DOMAIN_ALIVE;
    give_back(&m, 1);
}

/* One wrong entry anywhere, and nothing is left of the attempt. */
static void refuse_tree(u32 level, u32 index, u64 wrong, mfn_t t[5])
{
    u64 was = table_at(t[level])[index];

    for (u32 every = 0; every < 3; every++) {
        host_preempt_every = every;
        table_at(t[level])[index] = wrong;
        int error = AGAIN(pt_pin(v, guest, t[4], 4));
        if (!(error == -EINVAL || error == -EBUSY || error == -EPERM))
            printf("level %u index %u entry %lx: %d\n", level, index, wrong, error);
        CU_ASSERT(error == -EINVAL || error == -EBUSY || error == -EPERM);
        finish_walk();
        for (u32 i = 0; i < 5; i++)
            CU_ASSERT(frame_of(t[i])->type == 0 && refs(t[i]) == 1);
        table_at(t[level])[index] = was;
    }
    host_preempt_every = 0;
}

static void test_tree_refusals(void)
{
    mfn_t t[5], theirs = page_of(other);

    make_tree(t);
    for (u32 level = 1; level < 5; level++) {
        refuse_tree(level, 511, entry(theirs, 0), t);
        refuse_tree(level, 0, entry(mfn(FRAMES + 100), 0), t);
        refuse_tree(level, 0, entry(mfn(0), 0), t);
        refuse_tree(level, 0, entry(mfn(1ull << 39), 0), t);
    }
    for (u32 level = 2; level < 5; level++) {
        refuse_tree(level, 9, entry(t[level - 1], PTE_PSE), t);
        refuse_tree(level, 9, entry(t[level - 1], PTE_PCD), t);
        refuse_tree(level, 9, entry(t[level], PTE_RW), t);   /* a table as its own child */
        refuse_tree(level, 9, entry(t[level - 2], PTE_RW), t); /* a level left out */
    }
    refuse_tree(1, 9, entry(t[4], PTE_RW), t); /* tables, writable */
    refuse_tree(1, 9, entry(t[1], PTE_RW), t);
    refuse_tree(1, 9, entry(t[0], PTE_PCD), t); /* RAM, uncached */
    /* what stands in the hypervisor's own slots is not looked at: it is replaced */
    table_at(t[4])[HV_SLOT_FIRST + 3] = entry(theirs, PTE_RW);
    for (u32 level = 1; level < 5; level++) /* bits 52 to 62 are the guest's own */
        table_at(t[level])[7] = entry(t[level - 1], 0x7ffull << 52);
    CU_ASSERT_EQUAL(AGAIN(pt_pin(v, guest, t[4], 4)), 0);
    for (u32 level = 1; level < 5; level++)
        CU_ASSERT_EQUAL(table_at(t[level])[7] & ~(PTE_US | PTE_A | PTE_D), entry(t[level - 1], 0x7ffull << 52) & ~(PTE_US | PTE_A | PTE_D));
    CU_ASSERT_EQUAL(table_at(t[4])[HV_SLOT_FIRST + 3], 0xabc000 | PTE_P);
    CU_ASSERT_EQUAL(AGAIN(pt_unpin(v, guest, t[4])), 0);
    finish_walk();
    give_back(t, 5);
    give_back(&theirs, 1);
}

static maddr_t slot(mfn_t m, u32 index)
{
    return mfn_to_maddr(m) + index * 8;
}

static int update(mfn_t m, u32 index, u64 value)
{
    return AGAIN(pt_update(v, slot(m, index), value, guest, PT_WRITE_PLAIN));
}

static void test_updates(void)
{
    mfn_t t[5], theirs = page_of(other), l1 = page_of(guest);
    u64 flags;

    make_tree(t);
    CU_ASSERT_EQUAL(AGAIN(pt_pin(v, guest, t[4], 4)), 0);
    CU_ASSERT_EQUAL(AGAIN(pt_set_base(v, t[4])), 0);
    u64 va = 3ull << 39 | 3ull << 30 | 3ull << 21 | 3ull << 12;
    CU_ASSERT(mfn_eq(pt_translate(v, va, false, &flags), t[0]) && (flags & PTE_RW));
    /* an entry comes and goes, and with it the references */
    CU_ASSERT_EQUAL(update(t[1], 8, entry(t[0], PTE_RW)), 0);
    CU_ASSERT(uses(t[0]) == 2 && refs(t[0]) == 3);
    CU_ASSERT_EQUAL(update(t[1], 8, entry(t[0], 0)), 0);
    CU_ASSERT(uses(t[0]) == 1 && refs(t[0]) == 3);
    CU_ASSERT_EQUAL(update(t[1], 8, entry(t[1], 0)), 0); /* a table, read-only */
    CU_ASSERT_EQUAL(update(t[1], 8, 0), 0);
    CU_ASSERT(uses(t[0]) == 1 && refs(t[0]) == 2 && refs(t[1]) == 2);
    /* accessed and dirty bits stay if asked */
    table_at(t[1])[3] |= PTE_A | PTE_D;
    CU_ASSERT_EQUAL(AGAIN(pt_update(v, slot(t[1], 3), entry(t[0], PTE_RW), guest, PT_WRITE_PRESERVE_AD)), 0);
    CU_ASSERT((table_at(t[1])[3] & (PTE_A | PTE_D)) == (PTE_A | PTE_D));
    /* refusals change nothing */
    CU_ASSERT(update(t[1], 8, entry(t[1], PTE_RW)) < 0);
    CU_ASSERT(update(t[1], 8, entry(theirs, 0)) < 0);
    CU_ASSERT(update(t[2], 8, entry(t[2], 0)) < 0);
    CU_ASSERT(update(t[4], HV_SLOT_FIRST, 0) < 0);
    CU_ASSERT(update(t[4], HV_SLOT_FIRST + 15, entry(t[3], 0)) < 0);
    CU_ASSERT(update(theirs, 0, 0) < 0);
    CU_ASSERT(AGAIN(pt_update(v, slot(t[1], 8) + 4, 0, guest, PT_WRITE_PLAIN)) < 0);
    CU_ASSERT(AGAIN(pt_update(v, 1ull << 50, 0, guest, PT_WRITE_PLAIN)) < 0);
    CU_ASSERT_EQUAL(table_at(t[1])[8], 0);
    /* another domain's frame, where the caller may: counted on that frame */
    CU_ASSERT_EQUAL(AGAIN(pt_update(v, slot(t[1], 9), entry(theirs, PTE_RW), other, PT_WRITE_PLAIN)), 0);
    CU_ASSERT(kind(theirs) == FRAME_WRITABLE && refs(theirs) == 2);
    CU_ASSERT_EQUAL(update(t[1], 9, 0), 0);
    /* a page that is no table yet is written as it is */
    CU_ASSERT_EQUAL(update(l1, 5, entry(t[0], PTE_RW)), 0);
    CU_ASSERT(table_at(l1)[5] == entry(t[0], PTE_RW) && frame_of(l1)->type == 0);
    /* and becomes one when it is hooked in */
    CU_ASSERT_EQUAL(update(t[2], 4, entry(l1, PTE_RW)), 0);
    CU_ASSERT(kind(l1) == 1 && uses(t[0]) == 2);
    CU_ASSERT_EQUAL(update(t[2], 4, 0), 0);
    finish_walk();
    CU_ASSERT(frame_of(l1)->type == 0 && uses(t[0]) == 1);
    /* by virtual address, and by an emulated store */
    CU_ASSERT_EQUAL(pt_update_va(v, va + 0x1000, entry(t[0], 0), guest), 0);
    CU_ASSERT_EQUAL(table_at(t[1])[4], entry(t[0], 0));
    CU_ASSERT_EQUAL(pt_update_va(v, 1ull << 30, entry(t[0], 0), guest), -EINVAL);
    CU_ASSERT_EQUAL(update(t[1], 10, entry(t[1], 0)), 0); /* L1 mapped read-only at va10 */
    u64 va10 = va + 7 * 0x1000, old = 0, expected = 0;
    CU_ASSERT_EQUAL(pt_emulated_store(v, va10 + 11 * 8, entry(t[0], PTE_RW), NULL, &old), 0);
    CU_ASSERT_EQUAL(table_at(t[1])[11], entry(t[0], PTE_RW));
    CU_ASSERT_EQUAL(pt_emulated_store(v, va10 + 11 * 8, 0, &expected, &old), 0);
    CU_ASSERT(old == entry(t[0], PTE_RW) && table_at(t[1])[11] == entry(t[0], PTE_RW));
    expected = old;
    CU_ASSERT_EQUAL(pt_emulated_store(v, va10 + 11 * 8, entry(t[0], 0), &expected, &old), 0);
    CU_ASSERT(old == expected && table_at(t[1])[11] == entry(t[0], 0) && uses(t[0]) == 1);
    CU_ASSERT_EQUAL(pt_emulated_store(v, va10 + 12 * 8, entry(theirs, 0), NULL, &old), -EINVAL);
    CU_ASSERT_EQUAL(pt_emulated_store(v, va10 + 12 * 8 + 2, 0, NULL, &old), -EINVAL);
    CU_ASSERT_EQUAL(pt_emulated_store(v, va, 1, NULL, &old), -EINVAL); /* plain memory */
    /* the loaded tree cannot be unpinned away */
    CU_ASSERT_EQUAL(AGAIN(pt_unpin(v, guest, t[4])), 0);
    CU_ASSERT(kind(t[4]) == 4 && uses(t[4]) == 1);
    while (memory_relinquish(guest) == -ERESTART)
        ;
    guest->relinquish_stage = 0;
    CU_ASSERT_EQUAL(guest->tot_pages, 0);
    give_back(&theirs, 1);
    CU_ASSERT_EQUAL(other->tot_pages, 0);
}

/* An accessed or dirty bit that is set between the look and the exchange is never lost. */
static void test_emulated_race(void)
{
    mfn_t t[5], n = page_of(guest);
    u64 va = 3ull << 39 | 3ull << 30 | 3ull << 21 | 10ull << 12, old, expected, value = entry(n, PTE_RW);

    make_tree(t);
    table_at(t[1])[10] = entry(t[1], 0); /* the L1, mapped read-only at va */
    CU_ASSERT_EQUAL(AGAIN(pt_set_base(v, t[4])), 0);
    CU_ASSERT_EQUAL(update(t[1], 11, entry(t[0], PTE_RW | PTE_A)), 0);
    raced = &table_at(t[1])[11];
    race_bits = PTE_D;
    expected = *raced;
    CU_ASSERT_EQUAL(pt_emulated_store(v, va + 11 * 8, value, &expected, &old), -ERESTART);
    CU_ASSERT_PTR_NULL(raced);
    CU_ASSERT_EQUAL(table_at(t[1])[11], entry(t[0], PTE_RW | PTE_A | PTE_D));
    CU_ASSERT(uses(n) == 0 && refs(n) == 1 && uses(t[0]) == 2 && refs(t[0]) == 3);
    /* the guest executes it again, and sees the bit */
    expected = table_at(t[1])[11];
    CU_ASSERT_EQUAL(pt_emulated_store(v, va + 11 * 8, value, &expected, &old), 0);
    CU_ASSERT(old == expected && table_at(t[1])[11] == value && uses(n) == 1 && uses(t[0]) == 1);
    /* the same frame in the same way: the references cancel out */
    expected = value;
    raced = &table_at(t[1])[11];
    CU_ASSERT_EQUAL(pt_emulated_store(v, va + 11 * 8, value | PTE_A, &expected, &old), -ERESTART);
    CU_ASSERT(table_at(t[1])[11] == (value | PTE_D) && uses(n) == 1 && refs(n) == 2);
    expected = value | PTE_D;
    CU_ASSERT_EQUAL(pt_emulated_store(v, va + 11 * 8, value | PTE_A, &expected, &old), 0);
    CU_ASSERT(table_at(t[1])[11] == (value | PTE_A) && uses(n) == 1 && refs(n) == 2);
    /* a table that another vcpu is at the making of */
    CU_ASSERT_EQUAL(update(t[1], 10, entry(n, 0)), 0);
    CU_ASSERT_EQUAL(update(t[1], 11, 0), 0);
    frame_of(n)->type = FRAME_L1 << FRAME_TYPE_SHIFT | FRAME_BUSY | 1;
    CU_ASSERT_EQUAL(pt_emulated_store(v, va, 0, NULL, &old), -ERESTART);
    frame_of(n)->type = 0;
    while (memory_relinquish(guest) == -ERESTART)
        ;
    guest->relinquish_stage = 0;
    CU_ASSERT_EQUAL(guest->tot_pages, 0);
}

static void test_grant_entries(void)
{
    mfn_t t[5], theirs = page_of(other);
    u64 va = 3ull << 39 | 3ull << 30 | 3ull << 21 | 5ull << 12;

    make_tree(t);
    CU_ASSERT_EQUAL(AGAIN(pt_set_base(v, t[4])), 0);
    CU_ASSERT_EQUAL(frame_get_writable(theirs, other), 0);
    CU_ASSERT_EQUAL(pt_grant_map(v, va, false, theirs, false, 0), 0);
    CU_ASSERT(mfn_eq(pt_translate(v, va, false, NULL), theirs));
    CU_ASSERT_EQUAL(pt_grant_unmap(v, va, false, t[0], false), -EINVAL);
    /* not as the read-only mapping that it is not */
    CU_ASSERT_EQUAL(pt_grant_unmap(v, va, false, theirs, true), -EINVAL);
    CU_ASSERT(refs(theirs) == 2 && uses(theirs) == 1);
    CU_ASSERT_EQUAL(pt_grant_unmap(v, va, false, theirs, false), 0);
    CU_ASSERT(refs(theirs) == 2 && uses(theirs) == 1); /* ours now */
    frame_put_writable(theirs);
    CU_ASSERT(refs(theirs) == 1 && frame_of(theirs)->type == 0);
    CU_ASSERT(frame_get(theirs, other));
    CU_ASSERT_EQUAL(pt_grant_map(v, slot(t[1], 6), true, theirs, true, 0), 0);
    CU_ASSERT_EQUAL(pt_grant_map(v, slot(t[2], 6), true, theirs, true, 0), -EINVAL);
    CU_ASSERT_EQUAL(pt_grant_map(v, 1ull << 45, false, theirs, true, 0), -EINVAL);
    /* the guest drops the entry itself: the reference goes with it */
    CU_ASSERT_EQUAL(update(t[1], 6, 0), 0);
    CU_ASSERT_EQUAL(refs(theirs), 1);
    while (memory_relinquish(guest) == -ERESTART)
        ;
    guest->relinquish_stage = 0;
    CU_ASSERT_EQUAL(guest->tot_pages, 0);
    give_back(&theirs, 1);
}

/* ---- the storm ---- */

#define POOL 40
static mfn_t pool[POOL];

/* Works out from the tables as they stand what each frame's counts must be, and compares. */
static void check_counts(void)
{
    static u32 want_type[FRAMES], want_refs[FRAMES];

    memset(want_type, 0, sizeof(want_type));
    memset(want_refs, 0, sizeof(want_refs));
    for (u32 i = 0; i < POOL; i++) {
        u32 type = frame_of(pool[i])->type, level = kind(pool[i]);

        want_refs[mfn_x(pool[i])]++; /* the allocation */
        if (type & FRAME_PINNED) {
            want_type[mfn_x(pool[i])]++;
            want_refs[mfn_x(pool[i])]++;
        }
        if (!(type & FRAME_VALIDATED))
            continue;
        for (u32 e = 0; e < 512; e++) {
            u64 value = table_at(pool[i])[e];
            u64 m = mfn_x(pte_mfn(value));

            if (!(value & PTE_P) || (level == 4 && e - HV_SLOT_FIRST < HV_SLOT_COUNT))
                continue;
            CU_ASSERT_FATAL(m < FRAMES);
            want_refs[m]++;
            if (level > 1) {
                CU_ASSERT_EQUAL_FATAL(kind(mfn(m)), level - 1);
                want_type[m]++;
            } else if (value & PTE_RW) {
                CU_ASSERT_EQUAL_FATAL(kind(mfn(m)), FRAME_WRITABLE);
                want_type[m]++;
            }
        }
    }
    if (mfn_x(v->base)) {
        want_refs[mfn_x(v->base)]++;
        want_type[mfn_x(v->base)]++;
    }
    if (mfn_x(v->walk.held)) {
        want_refs[mfn_x(v->walk.held)]++;
        want_type[mfn_x(v->walk.held)]++;
    }
    for (u32 i = 0; i < POOL; i++) {
        CU_ASSERT_EQUAL_FATAL(uses(pool[i]), want_type[mfn_x(pool[i])]);
        CU_ASSERT_EQUAL_FATAL(refs(pool[i]), want_refs[mfn_x(pool[i])]);
    }
}

static void storm(u32 seed, u32 rounds)
{
    u32 done = 0;

    srand(seed);
    for (u32 i = 0; i < POOL; i++)
        pool[i] = page_of(guest);
    /* whole trees to begin with: they take long to come about by chance */
    for (u32 i = 1; i < POOL; i++)
        if (i % 5)
            table_at(pool[i])[rand() % 6] = entry(pool[i - 1], PTE_RW);
    for (u32 i = 4; i < POOL; i += 10)
        CU_ASSERT_EQUAL(AGAIN(pt_pin(v, guest, pool[i], 4)), 0);
    for (u32 round = 0; round < rounds; round++) {
        mfn_t a = pool[rand() % POOL], b = pool[rand() % POOL];
        u32 index = rand() % 4 ? (u32)rand() % 6 : (u32)rand() % 512, level = 1 + (u32)rand() % 4;
        u64 value = rand() % 3 ? entry(b, rand() % 2 ? PTE_RW : 0) : 0;
        int error = 0;

        host_preempt_every = (u32)rand() % 4;
        if (rand() % 40 == 0)
            value |= 1ull << (rand() % 64);
        switch (rand() % 8) {
        case 0:
            error = pt_pin(v, guest, a, level);
            break;
        case 1:
            error = pt_unpin(v, guest, a);
            break;
        case 2:
            if (rand() % 4 == 0)
                error = pt_set_base(v, a);
            break;
        default:
            error = pt_update(v, slot(a, index), value, guest, rand() % 2 ? PT_WRITE_PLAIN : PT_WRITE_PRESERVE_AD);
        }
        done += error == 0;
        if (rand() % 3 == 0) { /* else it is left standing, as a guest that does not come back would */
            finish_walk();
            check_counts();
        }
    }
    finish_walk();
    check_counts();
    CU_ASSERT(done > rounds / 10);
    host_preempt_every = 2;
    while (memory_relinquish(guest) == -ERESTART)
        ;
    guest->relinquish_stage = 0;
    host_preempt_every = 0;
    CU_ASSERT_EQUAL(guest->tot_pages, 0);
}

static void test_storm(void)
{
    u64 before = alloc_free_frames();

    for (u32 seed = 1; seed <= 12; seed++)
        storm(seed, 3000);
    CU_ASSERT_EQUAL(alloc_free_frames(), before);
}

/* What ring 0 writes to, a guest may not have as a table or as descriptors, mapped or not. */
static void test_shared_page(void)
{
    void *p = alloc_page();
    mfn_t m = virt_to_mfn(p);

    frame_share(p, guest);
    for (u32 level = 1; level < 5; level++)
        CU_ASSERT_EQUAL(AGAIN(pt_pin(v, guest, m, level)), -EINVAL);
    CU_ASSERT_EQUAL(frame_get_descriptors(m, guest), -EBUSY);
    CU_ASSERT_EQUAL(frame_get_writable(m, guest), 0);
    CU_ASSERT_FALSE(frame_take(m, guest));
    frame_unshare(p);
    CU_ASSERT_EQUAL(guest->shared_pages, 1); /* mapped yet */
    frame_put_writable(m);
    CU_ASSERT_EQUAL(guest->shared_pages, 0);
}

/* Only what nothing refers to can be taken out of a domain's reach; what was taken cannot be got at. */
static void test_take(void)
{
    mfn_t m = page_of(guest);
    u64 pages = guest->tot_pages;

    CU_ASSERT_FALSE(frame_take(m, other));
    CU_ASSERT(frame_get(m, guest));
    CU_ASSERT_FALSE(frame_take(m, guest));
    frame_put(m);
    CU_ASSERT_EQUAL(frame_get_writable(m, guest), 0);
    CU_ASSERT_FALSE(frame_take(m, guest));
    frame_put_writable(m);
    CU_ASSERT(frame_take(m, guest));
    CU_ASSERT_FALSE(frame_take(m, guest));
    CU_ASSERT_FALSE(frame_get(m, guest));
    CU_ASSERT_EQUAL(frame_get_writable(m, guest), -EINVAL);
    frame_taken_end(m, true);
    CU_ASSERT(refs(m) == 1 && frame_take(m, guest));
    frame_taken_end(m, false);
    CU_ASSERT_EQUAL(guest->tot_pages, pages - 1);
}

/* ---- TLBs ---- */

#define SLOTS 6 /* entries of each domain's one L1 table */
#define OWN 6   /* data pages of each domain */

/* What each CPU's TLB may hold: played, not read from anywhere. */
static struct {
    mfn_t m;
    u16 owner;
    bool known, writable;
} tlb[CPUS][SLOTS];
static u64 flushed; /* CPUs */

static void tlb_emptied(void)
{
    memset(tlb[host_cpu], 0, sizeof(tlb[host_cpu]));
    flushed |= 1ull << host_cpu;
}

/* As the scheduler does it. */
static void load(u32 cpu, struct domain *d)
{
    struct domain *was;

    on_cpu(cpu);
    was = this_cpu()->current ? this_cpu()->current->domain : NULL;
    d->dirty_cpus |= 1ull << cpu;
    this_cpu()->current = d->vcpu[0];
    tlb_load_cr3(mfn_to_maddr(d->vcpu[0]->base));
    if (was && was != d)
        was->dirty_cpus &= ~(1ull << cpu);
}

/* Four CPUs, two for each domain; each domain with a tree of tables loaded. */
static void tlb_machine(mfn_t t[2][5])
{
    struct domain *d[2] = {guest, other};

    cpu_count = CPUS;
    for (u32 i = 0; i < 2; i++) {
        d[i]->dirty_cpus = d[i]->stale_cpus = d[i]->foreign_cpus = 0;
        on_cpu(i * 2);
        this_cpu()->current = d[i]->vcpu[0];
        for (u32 j = 0; j < 5; j++)
            t[i][j] = page_of(d[i]);
        for (u32 j = 2; j < 5; j++)
            table_at(t[i][j])[3] = entry(t[i][j - 1], PTE_RW);
        CU_ASSERT_EQUAL_FATAL(AGAIN(pt_set_base(d[i]->vcpu[0], t[i][4])), 0);
        load(i * 2, d[i]);
        load(i * 2 + 1, d[i]);
    }
    memset(tlb, 0, sizeof(tlb));
    host_cr3_loaded = tlb_emptied;
    flushed = 0;
}

static void tlb_machine_end(void)
{
    struct domain *d[2] = {guest, other};

    host_cr3_loaded = NULL;
    on_cpu(0);
    this_cpu()->current = v;
    for (u32 i = 0; i < 2; i++) {
        while (memory_relinquish(d[i]) == -ERESTART)
            ;
        d[i]->relinquish_stage = 0;
        d[i]->dirty_cpus = 1;
        d[i]->stale_cpus = d[i]->foreign_cpus = 0;
    }
    CU_ASSERT(guest->tot_pages == 0 && other->tot_pages == 0);
    cpu_count = 1;
}

static u64 flushes_of(bool (*release)(mfn_t m), mfn_t m)
{
    flushed = 0;
    CU_ASSERT(release(m));
    return flushed;
}

static bool pin(mfn_t m)
{
    return !AGAIN(pt_pin(guest->vcpu[0], guest, m, 1)) && !AGAIN(pt_unpin(guest->vcpu[0], guest, m));
}

/* A frame goes, or changes its type: those CPUs are flushed that may know it, and no others. */
static void test_flush_whom(void)
{
    mfn_t t[2][5], m[4], n;
    struct vcpu *u;

    tlb_machine(t);
    u = guest->vcpu[0];
    on_cpu(0);
    for (u32 i = 0; i < 4; i++)
        m[i] = page_of(guest);
    n = page_of(other);
    CU_ASSERT_EQUAL(flushes_of(frame_release, m[3]), 0); /* never mapped */
    for (u32 i = 0; i < 3; i++)
        CU_ASSERT_EQUAL(update(t[0][1], i, entry(m[i], i ? 0 : PTE_RW)), 0);
    CU_ASSERT_EQUAL(update(t[0][1], 0, 0), 0);
    CU_ASSERT_EQUAL(flushes_of(pin, m[0]), 3); /* its own CPUs */
    CU_ASSERT_EQUAL(flushes_of(frame_release, m[0]), 0);
    CU_ASSERT_EQUAL(update(t[0][1], 1, 0), 0);
    on_cpu(1);
    tlb_flush_local(); /* one of the two does so by itself */
    on_cpu(0);
    CU_ASSERT_EQUAL(flushes_of(frame_release, m[1]), 1); /* a read-only entry counts like any other */
    CU_ASSERT_EQUAL(update(t[0][1], 2, 0), 0);
    load(1, other); /* left: nothing of the guest's in its TLB any more */
    on_cpu(0);
    CU_ASSERT_EQUAL(flushes_of(frame_release, m[2]), 1);
    /* another domain's frame: the one that mapped it is flushed, once */
    CU_ASSERT_EQUAL(AGAIN(pt_update(u, slot(t[0][1], 3), entry(n, PTE_RW), other, PT_WRITE_PLAIN)), 0);
    CU_ASSERT_EQUAL(update(t[0][1], 3, 0), 0);
    CU_ASSERT_EQUAL(other->foreign_cpus, 1);
    on_cpu(3);
    CU_ASSERT_EQUAL(flushes_of(frame_release, n), 1);
    CU_ASSERT_EQUAL(other->foreign_cpus, 0);
    /* an unmapped grant: its user flushes before it gives the reference back */
    n = page_of(other);
    CU_ASSERT(frame_get(n, other));
    on_cpu(0);
    CU_ASSERT_EQUAL(pt_grant_map(u, slot(t[0][1], 4), true, n, true, 0), 0);
    CU_ASSERT_EQUAL(pt_grant_unmap(u, slot(t[0][1], 4), true, n, true), 0);
    CU_ASSERT(refs(n) == 2 && !other->foreign_cpus);
    frame_put(n);
    CU_ASSERT_EQUAL(flushes_of(frame_release, n), 0);
    /* what leads to a table is flushed for at once */
    flushed = 0;
    CU_ASSERT_EQUAL(update(t[0][2], 3, 0), 0);
    CU_ASSERT_EQUAL(flushed, 1);
    CU_ASSERT_EQUAL(AGAIN(walk_continue(u)), 0);
    tlb_machine_end();
}

static void tlb_check(void)
{
    for (u32 cpu = 0; cpu < CPUS; cpu++)
        for (u32 i = 0; i < SLOTS; i++) {
            if (!tlb[cpu][i].known)
                continue;
            CU_ASSERT_EQUAL_FATAL(frame_of(tlb[cpu][i].m)->owner, tlb[cpu][i].owner);
            CU_ASSERT_FATAL(!tlb[cpu][i].writable || kind(tlb[cpu][i].m) == FRAME_WRITABLE || !kind(tlb[cpu][i].m));
        }
}

/* One thing that the domain on some CPU may do. */
static void tlb_storm_step(struct domain *const d[2], mfn_t t[2][5], mfn_t own[2][OWN])
{
    u32 cpu = (u32)rand() % CPUS, at = (u32)rand() % SLOTS, which;
    bool writable = rand() % 2, foreign = rand() % 4 == 0;
    struct vcpu *u;
    mfn_t *mine, m;
    u64 e;

    on_cpu(cpu);
    u = current_vcpu();
    which = u->domain == d[1];
    mine = &own[which][rand() % OWN];
    m = foreign ? own[!which][rand() % OWN] : *mine;
    e = table_at(t[which][1])[at];
    switch (rand() % 9) {
    case 0:
        AGAIN(pt_update(u, slot(t[which][1], at), entry(m, writable ? PTE_RW : 0), foreign ? d[!which] : d[which],
                        PT_WRITE_PRESERVE_AD));
        break;
    case 1:
        AGAIN(pt_update(u, slot(t[which][1], at), 0, d[which], PT_WRITE_PLAIN));
        break;
    case 2: /* given back, and another one for it */
        CU_ASSERT(frame_release(*mine));
        tlb_check();
        *mine = page_of(d[which]);
        break;
    case 3:
        if (!AGAIN(pt_pin(u, d[which], *mine, 1))) {
            tlb_check();
            AGAIN(pt_unpin(u, d[which], *mine));
            AGAIN(walk_continue(u));
        }
        break;
    case 4:
        if (writable ? frame_get_writable(m, foreign ? d[!which] : d[which]) == 0
                     : frame_get(m, foreign ? d[!which] : d[which]))
            CU_ASSERT_EQUAL(pt_grant_map(u, slot(t[which][1], at), true, m, !writable, 0), 0);
        break;
    case 5:
        if ((e & PTE_P) && !pt_grant_unmap(u, slot(t[which][1], at), true, pte_mfn(e), !(e & PTE_RW))) {
            tlb_flush_mask(d[which]->dirty_cpus);
            if (e & PTE_RW)
                frame_put_writable(pte_mfn(e));
            else
                frame_put(pte_mfn(e));
        }
        break;
    case 6:
        if (rand() % 4 == 0)
            load(cpu, d[rand() % 2]);
        else
            tlb_toggle_cr3(this_cpu()->cr3);
        break;
    default: /* the guest touches its memory */
        tlb[cpu][at].known = e & PTE_P;
        tlb[cpu][at].m = pte_mfn(e);
        tlb[cpu][at].owner = (e & PTE_P) ? frame_of(pte_mfn(e))->owner : 0;
        tlb[cpu][at].writable = e & PTE_RW;
    }
    tlb_check();
}

/* Whatever two domains do on four CPUs, no TLB ever knows a frame that has changed hands, nor a table as writable. */
static void test_tlb_storm(void)
{
    struct domain *d[2] = {guest, other};
    u64 before = alloc_free_frames();
    mfn_t t[2][5], own[2][OWN];

    srand(11);
    tlb_machine(t);
    for (u32 i = 0; i < 2 * OWN; i++)
        own[i / OWN][i % OWN] = page_of(d[i / OWN]);
    for (u32 round = 0; round < 200000; round++)
        tlb_storm_step(d, t, own);
    tlb_machine_end();
    CU_ASSERT_EQUAL(alloc_free_frames(), before);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"allocator: accounts for every frame", test_alloc_accounts},
        {"allocator: limits", test_alloc_limits},
        {"allocator: clean ahead", test_alloc_clean_ahead},
        {"heap", test_heap},
        {"frames: references", test_frame_references},
        {"frames: limit", test_frame_limit},
        {"frames: type edges", test_frame_edges},
        {"frames: descriptors that two want", test_descriptors_wait},
        {"claims", test_claims},
        {"allocator: a stock for each CPU", test_stocks},
        {"claims: all that is left", test_claim_of_all},
        {"tables: pin and unpin", test_tree_pin_unpin},
        {"tables: pinned as their domain dies", test_pin_of_the_dying},
        {"tables: wrong entries", test_tree_refusals},
        {"tables: updates", test_updates},
        {"tables: an emulated store and a walker", test_emulated_race},
        {"tables: grant entries", test_grant_entries},
        {"tables: a storm of updates", test_storm},
        {"frames: ring 0's pages that a guest sees", test_shared_page},
        {"frames: taken out of reach", test_take},
        {"TLBs: who is flushed", test_flush_whom},
        {"TLBs: a storm", test_tlb_storm},
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {{.pName = "memory", .pSetUpFunc = NULL, .pInitFunc = setup, .pTests = tests},
                             CU_SUITE_INFO_NULL};
    unsigned int failures;

    if (CU_initialize_registry() != CUE_SUCCESS || CU_register_suites(suites) != CUE_SUCCESS)
        return 1;
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures != 0;
}
