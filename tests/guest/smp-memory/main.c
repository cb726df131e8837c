/* SPDX-License-Identifier: MIT */
/*
 * Theory: four vcpus give frames back and take others at the same time. No frame is given out twice: each keeps what
 * its owner wrote, and the machine-to-physical table says where it is. Afterwards the account is exact.
 */
#include <public/memory.h>

#include "smp.h"

const char test_title[] = "smp-memory: frames given back and taken by four";
SMP_MACHINE(2, 4);

#define VCPUS  4
#define PAGES  8
#define ROUNDS 40

static uint64_t *pages[VCPUS][PAGES];
static unsigned long mfns[VCPUS][PAGES];

static long reserve(unsigned int command, xen_pfn_t *extents)
{
    struct xen_memory_reservation r = {.nr_extents = PAGES, .domid = DOMID_SELF};

    set_xen_guest_handle(r.extent_start, extents);
    return hypercall_memory_op(command, &r);
}

static long current_pages(void)
{
    struct xen_memory_domain self = {.domid = DOMID_SELF};

    return hypercall_memory_op(XENMEM_current_reservation, &self);
}

static void give_and_take(unsigned int id)
{
    const unsigned long *m2p = (const unsigned long *)MACH2PHYS_VIRT_START;
    xen_pfn_t extents[PAGES];

    for (unsigned int round = 0; round < ROUNDS; round++) {
        for (unsigned int i = 0; i < PAGES; i++) {
            CHECK_OK(hypercall_update_va_mapping(pages[id][i], 0, UVMF_INVLPG | UVMF_ALL));
            extents[i] = mfns[id][i];
        }
        CHECK_EQ(reserve(XENMEM_decrease_reservation, extents), PAGES);
        for (unsigned int i = 0; i < PAGES; i++)
            extents[i] = ((uintptr_t)pages[id][i] - GUEST_VIRT_BASE) / PAGE_SIZE;
        CHECK_EQ(reserve(XENMEM_populate_physmap, extents), PAGES);
        for (unsigned int i = 0; i < PAGES; i++) {
            mfns[id][i] = extents[i];
            CHECK_OK(page_remap(pages[id][i], extents[i], PTE_RW));
            *(volatile uint64_t *)pages[id][i] = (uint64_t)id << 32 | round << 8 | i;
        }
        smp_yield();
        for (unsigned int i = 0; i < PAGES; i++) {
            CHECK_EQ(*(volatile uint64_t *)pages[id][i], (uint64_t)id << 32 | round << 8 | i);
            CHECK_EQ(m2p[mfns[id][i]], ((uintptr_t)pages[id][i] - GUEST_VIRT_BASE) / PAGE_SIZE);
        }
    }
}

void test_main(void)
{
    long before = current_pages();

    smp_need(VCPUS);
    for (unsigned int id = 0; id < VCPUS; id++)
        for (unsigned int i = 0; i < PAGES; i++) {
            pages[id][i] = page_alloc();
            mfns[id][i] = mfn_of(pages[id][i]);
        }
    smp_run(VCPUS, give_and_take);
    CHECK_EQ(current_pages(), before);
    for (unsigned int a = 0; a < VCPUS * PAGES; a++)
        for (unsigned int b = 0; b < a; b++)
            CHECK((&mfns[0][0])[a] != (&mfns[0][0])[b], "frame %#lx is there twice",
                  (&mfns[0][0])[a]);
}
