/* SPDX-License-Identifier: MIT */
/*
 * TLBs: who is flushed when a frame goes or changes its type, and a storm on four played CPUs in which no TLB may ever know
 * a frame that has changed hands, nor a table as writable.
 */
#include "memory-test.h"

#define SLOTS 6 /* entries of each domain's one L1 table */
#define OWN   6 /* data pages of each domain */

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
        relinquish(d[i]);
        d[i]->dirty_cpus = 1;
        d[i]->stale_cpus = d[i]->foreign_cpus = 0;
    }
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
    return !AGAIN(pt_pin(guest->vcpu[0], guest, m, 1)) &&
           !AGAIN(pt_unpin(guest->vcpu[0], guest, m));
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
    CU_ASSERT_EQUAL(flushes_of(frame_release, m[1]),
                    1); /* a read-only entry counts like any other */
    CU_ASSERT_EQUAL(update(t[0][1], 2, 0), 0);
    load(1, other); /* left: nothing of the guest's in its TLB any more */
    on_cpu(0);
    CU_ASSERT_EQUAL(flushes_of(frame_release, m[2]), 1);
    /* another domain's frame: the one that mapped it is flushed, once */
    CU_ASSERT_EQUAL(AGAIN(pt_update(u, slot(t[0][1], 3), entry(n, PTE_RW), other, PT_WRITE_PLAIN)),
                    0);
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
            CU_ASSERT_FATAL(!tlb[cpu][i].writable || kind(tlb[cpu][i].m) == FRAME_WRITABLE ||
                            !kind(tlb[cpu][i].m));
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
        AGAIN(pt_update(u, slot(t[which][1], at), entry(m, writable ? PTE_RW : 0),
                        foreign ? d[!which] : d[which], PT_WRITE_PRESERVE_AD));
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
        if ((e & PTE_P) &&
            !pt_grant_unmap(u, slot(t[which][1], at), true, pte_mfn(e), !(e & PTE_RW))) {
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

static CU_TestInfo tests[] = {
    {"who is flushed", test_flush_whom},
    {"a storm", test_tlb_storm},
    CU_TEST_INFO_NULL,
};

int main(void)
{
    memory_start();
    return suite_run("TLBs", tests);
}
