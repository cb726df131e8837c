/* SPDX-License-Identifier: MIT */
/*
 * Theory: a guest gives frames back and takes others within its limit. What it gives back must be
 * its own, and what it gets must be told in the list, in the machine-to-physical table, and in its
 * reservation; a wrong extent ends a batch with the number that were done.
 */
#include <public/memory.h>

#include "guest.h"

const char test_title[] = "reservation: giving memory back and taking it";

#define COUNT 8

static xen_pfn_t extents[COUNT];

static long reserve(unsigned int command, unsigned long count, unsigned int order, domid_t domid)
{
    struct xen_memory_reservation r = {.nr_extents = count, .extent_order = order, .domid = domid};

    set_xen_guest_handle(r.extent_start, extents);
    return hypercall_memory_op(command, &r);
}

static long current_pages(void)
{
    struct xen_memory_domain self = {.domid = DOMID_SELF};

    return hypercall_memory_op(XENMEM_current_reservation, &self);
}

static unsigned long pfn_of(const void *page)
{
    return ((uintptr_t)page - GUEST_VIRT_BASE) / PAGE_SIZE;
}

static void check_round_trip(void)
{
    const unsigned long *m2p = (const unsigned long *)MACH2PHYS_VIRT_START;
    uint8_t *pages[COUNT];
    long before = current_pages();

    CHECK(before >= (long)start_info->nr_pages - 16, "%ld pages reserved, %lu at start", before,
          start_info->nr_pages);
    for (unsigned int i = 0; i < COUNT; i++) {
        pages[i] = page_alloc();
        extents[i] = mfn_of(pages[i]);
        CHECK_OK(hypercall_update_va_mapping(pages[i], 0, UVMF_INVLPG));
    }
    CHECK_EQ(reserve(XENMEM_decrease_reservation, COUNT, 0, DOMID_SELF), COUNT);
    CHECK_EQ(current_pages(), before - COUNT);
    for (unsigned int i = 0; i < COUNT; i++)
        extents[i] = pfn_of(pages[i]);
    CHECK_EQ(reserve(XENMEM_populate_physmap, COUNT, 0, DOMID_SELF), COUNT);
    CHECK_EQ(current_pages(), before);
    for (unsigned int i = 0; i < COUNT; i++) {
        CHECK_EQ(m2p[extents[i]], pfn_of(pages[i]));
        CHECK_OK(page_remap(pages[i], extents[i], PTE_RW));
        pages[i][0] = (uint8_t)i;
    }
    for (unsigned int i = 0; i < COUNT; i++)
        CHECK_EQ(pages[i][0], i);
}

static void check_refusals(void)
{
    uint8_t *page = page_alloc();

    extents[0] = ~0UL;
    CHECK_EQ(reserve(XENMEM_decrease_reservation, 1, 0, DOMID_SELF), 0);
    extents[0] = mfn_of(page);
    extents[1] = 1UL << 41;
    CHECK_OK(hypercall_update_va_mapping(page, 0, UVMF_INVLPG));
    CHECK_EQ(reserve(XENMEM_decrease_reservation, 2, 0, DOMID_SELF), 1);
    extents[0] = pfn_of(page);
    CHECK_EQ(reserve(XENMEM_populate_physmap, 1, 0, DOMID_SELF), 1);
    CHECK(reserve(XENMEM_populate_physmap, 1, 40, DOMID_SELF) <= 0,
          "an extent of order 40 was given");
    CHECK(reserve(XENMEM_populate_physmap, 1, 0, 1234) <= 0,
          "memory was taken for a domain that is not there");
    CHECK(reserve(XENMEM_decrease_reservation, 1, 0, 1234) <= 0,
          "a domain that is not there gave memory");
}

static void check_pointers(void)
{
    struct xen_memory_reservation r = {.nr_extents = 1, .domid = DOMID_SELF};

    /* These answer the number of extents done, so 0 is a refusal too. */
    CHECK(hypercall_memory_op(XENMEM_decrease_reservation, 8) <= 0, "a request at 8 was read");
    CHECK(hypercall_memory_op(XENMEM_decrease_reservation, HYPERVISOR_VIRT_START + (1UL << 40)) <=
              0,
          "a request in the hypervisor was read");
    r.extent_start.p = (xen_pfn_t *)(HYPERVISOR_VIRT_START + (1UL << 40));
    CHECK(hypercall_memory_op(XENMEM_decrease_reservation, &r) <= 0,
          "a list in the hypervisor was read");
    CHECK(hypercall_memory_op(XENMEM_populate_physmap, &r) <= 0,
          "a list in the hypervisor was written");
    CHECK_REFUSED(hypercall_memory_op(63, NULL));
}

void test_main(void)
{
    check_round_trip();
    check_refusals();
    check_pointers();
}
