/* SPDX-License-Identifier: MIT */
/*
 * Theory: a frame of RAM that is not the guest's can be neither mapped, nor written through
 * mmu_update, nor made a page table, whoever owns it: another domain, the hypervisor, or nobody.
 * Dom0 may map device memory, so only frames count that the machine's memory map calls RAM.
 */
#include <public/memory.h>

#include "guest.h"

const char test_title[] = "pt-foreign: frames that are not the guest's";

struct e820 {
    uint64_t base, size;
    uint32_t type;
} __attribute__((packed));

static struct e820 map[64];
static unsigned int entries;

static bool is_ram(unsigned long mfn)
{
    for (unsigned int i = 0; i < entries; i++)
        if (map[i].type == 1 && mfn >= 0x100 && (uint64_t)mfn << 12 >= map[i].base &&
            (uint64_t)(mfn + 1) << 12 <= map[i].base + map[i].size)
            return true;
    return false;
}

static bool is_own(unsigned long mfn)
{
    const unsigned long *p2m = (const unsigned long *)start_info->mfn_list;

    if (mfn == start_info->shared_info >> 12)
        return true;
    for (unsigned long pfn = 0; pfn < start_info->nr_pages; pfn++)
        if (p2m[pfn] == mfn)
            return true;
    return false;
}

static void check_frame(unsigned long mfn)
{
    uint64_t value;

    if (pt_write(&window_l1[0], pte_make(mfn, PTE_RW)) == 0) {
        CHECK(false, "frame %#lx can be mapped writable", mfn);
        CHECK_OK(pt_write(&window_l1[0], 0));
    }
    if (pt_write(&window_l1[0], pte_make(mfn, PTE_RO)) == 0) {
        /* What the hypervisor shares may be read, by dom0 and in its own words. */
        CHECK(guest_is_dom0(), "frame %#lx can be mapped", mfn);
        CHECK(try_read(window_page(0), &value), "frame %#lx is mapped and unreadable", mfn);
        CHECK(!try_write(window_page(0), 0), "frame %#lx is writable", mfn);
        CHECK_OK(pt_write(&window_l1[0], 0));
    }
    CHECK_REFUSED(pt_write_at((uint64_t)mfn << 12, 0));
    CHECK_REFUSED(mmuext(MMUEXT_PIN_L1_TABLE, mfn));
    CHECK_REFUSED(mmuext(MMUEXT_CLEAR_PAGE, mfn));
    CHECK_REFUSED(pt_write(&window_l2[7], pte_make(mfn, PTE_TABLE)));
}

void test_main(void)
{
    struct xen_memory_map request = {.nr_entries = 64};
    unsigned long highest, checked = 0;

    if (!guest_is_dom0())
        report_skip("a VPS cannot ask for the machine's memory map");
    window_init();
    set_xen_guest_handle(request.buffer, map);
    CHECK_OK(hypercall_memory_op(XENMEM_machine_memory_map, &request));
    entries = request.nr_entries;
    highest = (unsigned long)hypercall_memory_op(XENMEM_maximum_ram_page, NULL);
    CHECK(highest > 0x1000 && highest < 1UL << 40, "the highest frame is %#lx", highest);
    for (unsigned long mfn = 0x100; mfn <= highest; mfn += 61)
        if (is_ram(mfn) && !is_own(mfn)) {
            check_frame(mfn);
            checked++;
        }
    CHECK(checked > 500, "only %lu frames were tried", checked);
    CHECK_REFUSED(pt_write_at((highest + 1) << 12, 0));
    CHECK_REFUSED(mmuext(MMUEXT_PIN_L1_TABLE, highest + 1));
    CHECK_REFUSED(mmuext(MMUEXT_PIN_L1_TABLE, ~0UL));
    CHECK_REFUSED(mmuext(MMUEXT_PIN_L1_TABLE, 1UL << 52));
}
