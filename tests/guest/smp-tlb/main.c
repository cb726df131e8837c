/* SPDX-License-Identifier: MIT */
/*
 * Theory: when a flush returns, no vcpu that it names sees the old entry any more, on whatever CPU it runs, and
 * when a frame becomes a page table no vcpu can write it any more, flushed by the guest or not. Two vcpus read (or
 * write) a page without pause while the first changes what is there, by each kind of flush: a value older than the
 * one announced after the flush, or a store that reaches a frame after its right is gone, is a TLB entry left over.
 */
#include <public/domctl.h>
#include <public/memory.h>

#include "smp.h"

const char test_title[] = "smp-tlb: flushes reach all CPUs";
SMP_MACHINE(3, 3);

#define VCPUS  3
#define ROUNDS 40
#define POISON 0 /* what an old frame holds after its flush */

static volatile uint64_t announced, stop;
static volatile uint64_t tries[VCPUS], stored[VCPUS];

/* After the flush, each of the others has looked at least this often since. */
static void others_try(uint64_t more)
{
    for (unsigned int id = 1; id < VCPUS; id++) {
        uint64_t from = tries[id];

        SMP_WAIT_FOR(tries[id] >= from + more);
    }
}

static long flush_by_op(unsigned int command, const volatile void *at)
{
    static const unsigned long all[8] = {(1UL << VCPUS) - 1};
    struct mmuext_op op = {.cmd = command};

    op.arg1.linear_addr = (unsigned long)at;
    op.arg2.vcpumask.p = all;
    return hypercall_mmuext_op(&op, 1, NULL, DOMID_SELF);
}

/* An entry by mmu_update and then a flush, or both in one call. */
static void remap(unsigned int kind, unsigned int page, uint64_t entry)
{
    static const unsigned int commands[] = {MMUEXT_TLB_FLUSH_MULTI, MMUEXT_INVLPG_MULTI,
                                            MMUEXT_TLB_FLUSH_ALL, MMUEXT_INVLPG_ALL};
    static const unsigned long mask[8] = {(1UL << VCPUS) - 1};
    const unsigned long flags[] = {UVMF_INVLPG | UVMF_ALL, UVMF_TLB_FLUSH | UVMF_ALL,
                                   UVMF_INVLPG | UVMF_MULTI | (unsigned long)mask,
                                   UVMF_TLB_FLUSH | UVMF_MULTI | (unsigned long)mask};
    volatile uint64_t *at = window_page(page);

    if (kind < 4) {
        CHECK_OK(pt_write(&window_l1[page], entry));
        CHECK_OK(flush_by_op(commands[kind], at));
    } else {
        CHECK_OK(hypercall_update_va_mapping(at, entry, flags[kind - 4]));
    }
}
#define KINDS 8

/* ---- another frame ---- */

static void read_always(unsigned int id)
{
    while (!stop) {
        uint64_t least = announced, value = *window_page(0);

        CHECK(value >= least, "vcpu %u reads %lu after %lu was announced", id, value, least);
        tries[id]++;
    }
}

static void check_other_frame(unsigned int id)
{
    static uint64_t *frames[2];

    if (id) {
        read_always(id);
        return;
    }
    frames[0] = (uint64_t *)page_of((window_l1[0] & PTE_ADDRESS) >> 12);
    frames[1] = page_alloc();
    for (unsigned int round = 1; round <= ROUNDS; round++) {
        *(volatile uint64_t *)frames[round & 1] = announced + 1;
        remap(round % KINDS, 0, pte_make(mfn_of(frames[round & 1]), PTE_RW));
        announced++;
        *(volatile uint64_t *)frames[!(round & 1)] = POISON;
        others_try(2);
    }
    stop = 1;
}

/* ---- fewer rights ---- */

static void write_always(unsigned int id)
{
    while (!stop) {
        if (smp_store(window_page(1) + id, (tries[id] + 1) << 8)) /* never a present entry */
            stored[id]++;
        tries[id]++;
    }
}

static void others_store(void)
{
    for (unsigned int id = 1; id < VCPUS; id++) {
        uint64_t from = stored[id];

        SMP_WAIT_FOR(stored[id] > from);
    }
}

static void check_read_only(unsigned int id)
{
    static volatile uint64_t *frame;
    uint64_t seen[VCPUS];

    if (id) {
        write_always(id);
        return;
    }
    frame = page_of((window_l1[1] & PTE_ADDRESS) >> 12);
    for (unsigned int round = 0; round < ROUNDS; round++) {
        others_store();
        remap(round % KINDS, 1, pte_make(mfn_of((const void *)frame), round & 8 ? PTE_RO : 0));
        for (unsigned int i = 1; i < VCPUS; i++)
            seen[i] = frame[i];
        others_try(3);
        for (unsigned int i = 1; i < VCPUS; i++)
            CHECK(frame[i] == seen[i], "vcpu %u wrote after the flush of round %u", i, round);
        remap(round % KINDS, 1, pte_make(mfn_of((const void *)frame), PTE_RW));
    }
    stop = 1;
}

/* ---- a frame that becomes a page table: nobody asks for a flush ---- */

static void check_new_type(unsigned int id)
{
    static volatile uint64_t *table;
    uint64_t seen[VCPUS];

    if (id) {
        write_always(id);
        return;
    }
    table = page_alloc_readonly();
    for (unsigned int round = 0; round < ROUNDS; round++) {
        unsigned long mfn = mfn_of((const void *)table);

        CHECK_OK(pt_write(&window_l1[1], pte_make(mfn, PTE_RW)));
        others_store();
        CHECK_OK(pt_write(&window_l1[1], 0));
        CHECK_OK(mmuext(MMUEXT_PIN_L1_TABLE, mfn));
        for (unsigned int i = 1; i < VCPUS; i++)
            seen[i] = table[i];
        others_try(3);
        for (unsigned int i = 1; i < VCPUS; i++)
            CHECK(table[i] == seen[i], "vcpu %u wrote into a page table in round %u", i, round);
        CHECK_OK(mmuext(MMUEXT_UNPIN_TABLE, mfn));
    }
    stop = 1;
}

/* ---- a frame given back: what others then put there must not show ---- */

#define SECRET 0x5ec2e7UL

static volatile uint64_t leaks;

static void peek_always(unsigned int id)
{
    while (!stop) {
        uint64_t value = 0;

        if (smp_load(window_page(2), &value)) {
            stored[id]++;
            if (value == SECRET)
                __atomic_fetch_add(&leaks, 1, __ATOMIC_RELAXED);
        }
        tries[id]++;
    }
}

static long reserve(unsigned int command, xen_pfn_t *extent)
{
    struct xen_memory_reservation r = {.nr_extents = 1, .domid = DOMID_SELF};

    set_xen_guest_handle(r.extent_start, extent);
    return hypercall_memory_op(command, &r);
}

/* Takes all the machine's free memory, so that a frame given back is the next one that is given out. */
static void take_all(void)
{
    static xen_pfn_t extents[512];
    static struct xen_domctl call = {.cmd = XEN_DOMCTL_max_mem,
                                     .interface_version = XEN_DOMCTL_INTERFACE_VERSION,
                                     .u.max_mem.max_memkb = 1UL << 30};
    const unsigned long limit = start_info->nr_pages;
    unsigned long taken = 0, got;

    CHECK_OK(HYPERCALL1(__HYPERVISOR_domctl, &call)); /* dom0's, which this is */

    for (unsigned int order = 9;; order = 0) {
        do {
            struct xen_memory_reservation r = {
                .nr_extents = order ? 1 : 512, .extent_order = order, .domid = DOMID_SELF};

            for (unsigned int i = 0; i < 512; i++)
                extents[i] = limit + taken + i; /* pseudo-physical frames that nobody uses */
            set_xen_guest_handle(r.extent_start, extents);
            got = (unsigned long)hypercall_memory_op(XENMEM_populate_physmap, &r) << order;
            taken += got;
        } while (got == 512);
        if (!order)
            break;
    }
    print("%lu MiB taken\n", taken >> 8);
}

/* The page's frame is shown in the window, given back, and another taken in its place, which gets the secret: where
 * it is the same frame again, an entry left over shows it. */
static void check_given_back(unsigned int id)
{
    static uint64_t *page;
    xen_pfn_t old, now;
    unsigned int same = 0;

    if (id) {
        peek_always(id);
        return;
    }
    take_all();
    page = page_alloc();
    now = mfn_of(page);
    for (unsigned int round = 0; round < ROUNDS; round++) {
        page[0] = 1;
        CHECK_OK(pt_write(&window_l1[2], pte_make(now, PTE_RO)));
        others_store();
        CHECK_OK(pt_write(&window_l1[2], 0));
        CHECK_OK(hypercall_update_va_mapping(page, 0, 0));
        old = now;
        CHECK_EQ(reserve(XENMEM_decrease_reservation, &now), 1);
        now = ((uintptr_t)page - GUEST_VIRT_BASE) / PAGE_SIZE;
        CHECK_EQ(reserve(XENMEM_populate_physmap, &now), 1);
        same += now == old;
        CHECK_OK(page_remap(page, now, PTE_RW));
        *(volatile uint64_t *)page = SECRET;
        others_try(3);
        CHECK(!leaks, "%lu reads of a frame that was given back, in round %u", leaks, round);
    }
    CHECK(same, "the frame never came back");
    print("the same frame came back %u times of %u\n", same, ROUNDS);
    stop = 1;
}

static void phase(void (*fn)(unsigned int id))
{
    stop = 0;
    smp_run(VCPUS, fn);
}

void test_main(void)
{
    smp_need(VCPUS);
    smp_faults_init();
    window_init();
    for (unsigned int i = 0; i < 3; i++)
        CHECK_OK(pt_write(&window_l1[i], pte_make(mfn_of(page_alloc()), PTE_RW)));
    phase(check_other_frame);
    phase(check_read_only);
    phase(check_new_type);
    phase(check_given_back);
}
