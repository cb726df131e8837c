/* SPDX-License-Identifier: MIT */
/*
 * Theory: the machine-to-physical table says for each frame of the guest's which pseudo-physical
 * page it is. The guest may change the entries of its own frames, by MMU_MACHPHYS_UPDATE alone, and
 * nobody else's.
 */
#include <public/memory.h>

#include "guest.h"

const char test_title[] = "m2p: the machine-to-physical table";

void test_main(void)
{
    const volatile unsigned long *m2p = (const unsigned long *)MACH2PHYS_VIRT_START;
    const unsigned long *p2m = (const unsigned long *)start_info->mfn_list;
    struct xen_machphys_mapping mapping = {0};
    struct xen_machphys_mfn_list list = {.max_extents = 1};
    xen_pfn_t first = 0;
    long rc;
    unsigned long mfn = mfn_of(page_alloc()), before = m2p[mfn];

    for (unsigned long pfn = 0; pfn < start_info->nr_pages; pfn++)
        if (p2m[pfn] != ~0UL)
            CHECK(m2p[p2m[pfn]] == pfn, "frame %#lx is page %#lx, the table says %#lx", p2m[pfn],
                  pfn, m2p[p2m[pfn]]);
    CHECK_OK(pt_write_at((uint64_t)mfn << 12 | MMU_MACHPHYS_UPDATE, 0x12345));
    CHECK_EQ(m2p[mfn], 0x12345);
    CHECK_OK(pt_write_at((uint64_t)mfn << 12 | MMU_MACHPHYS_UPDATE, before));
    CHECK_REFUSED(pt_write_at(1UL << 51 | MMU_MACHPHYS_UPDATE, 1));
    CHECK_OK(hypercall_memory_op(XENMEM_machphys_mapping, &mapping));
    CHECK_EQ(mapping.v_start, MACH2PHYS_VIRT_START);
    CHECK(mapping.max_mfn >= mfn && mapping.v_end > mapping.v_start, "max_mfn is %#lx",
          mapping.max_mfn);
    set_xen_guest_handle(list.extent_start, &first);
    rc = hypercall_memory_op(XENMEM_machphys_mfn_list, &list);
    if (rc == -XEN_ENOSYS)
        return; /* its frames stay unknown: as good */
    CHECK_OK(rc);
    CHECK_EQ(list.nr_extents, 1);
    CHECK(first != 0, "the table's own first frame is 0");
    CHECK_REFUSED(pt_write_at((uint64_t)first << 12 | MMU_MACHPHYS_UPDATE, 1));
    CHECK_REFUSED(pt_write_at((uint64_t)first << 12, 1));
}
