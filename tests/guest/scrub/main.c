/* SPDX-License-Identifier: MIT */
/*
 * Theory: memory that a guest gets holds nothing of anybody else's: each word is 0, or what the
 * guest itself left in a frame that it gave back.
 */
#include <public/memory.h>

#include "guest.h"

const char test_title[] = "scrub: fresh memory holds no secrets";

#define COUNT   256
#define PATTERN 0x5ec2e75ec2e75ec2UL

static xen_pfn_t extents[COUNT];

static long reserve(unsigned int command)
{
    struct xen_memory_reservation r = {.nr_extents = COUNT, .domid = DOMID_SELF};

    set_xen_guest_handle(r.extent_start, extents);
    return hypercall_memory_op(command, &r);
}

void test_main(void)
{
    uint64_t *pages[COUNT];

    for (unsigned int i = 0; i < COUNT; i++) {
        pages[i] = page_alloc();
        for (unsigned int word = 0; word < 512; word++)
            pages[i][word] = PATTERN;
        extents[i] = mfn_of(pages[i]);
        CHECK_OK(hypercall_update_va_mapping(pages[i], 0, UVMF_INVLPG));
    }
    CHECK_EQ(reserve(XENMEM_decrease_reservation), COUNT);
    for (unsigned int i = 0; i < COUNT; i++)
        extents[i] = ((uintptr_t)pages[i] - GUEST_VIRT_BASE) / PAGE_SIZE;
    CHECK_EQ(reserve(XENMEM_populate_physmap), COUNT);
    for (unsigned int i = 0; i < COUNT; i++) {
        CHECK_OK(page_remap(pages[i], extents[i], PTE_RW));
        for (unsigned int word = 0; word < 512; word++)
            if (pages[i][word] && pages[i][word] != PATTERN) {
                CHECK(false, "page %u word %u holds %#lx", i, word, pages[i][word]);
                break;
            }
    }
}
