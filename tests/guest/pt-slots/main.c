/* SPDX-License-Identifier: MIT */
/*
 * Theory: L4 slots 256 to 271 are the hypervisor's in every address space: no guest writes them, by
 * hypercall or by store, and a root that comes with something of its own there loses it. A root may
 * never map itself writable, in whatever slot.
 */
#include "guest.h"

const char test_title[] = "pt-slots: the hypervisor's part of the address space";

#define FIRST 256
#define LAST  271

static void check_writes(uint64_t *root)
{
    uint64_t *l3 = page_alloc_readonly();

    for (unsigned int slot = FIRST; slot <= LAST; slot++) {
        CHECK_REFUSED(pt_write(&root[slot], pte_make(mfn_of(l3), PTE_TABLE)));
        CHECK_REFUSED(pt_write(&root[slot], 0));
    }
    CHECK_OK(pt_write(&root[FIRST - 1], pte_make(mfn_of(l3), PTE_TABLE)));
    CHECK_OK(pt_write(&root[FIRST - 1], 0));
    CHECK_OK(pt_write(&root[LAST + 1], pte_make(mfn_of(l3), PTE_TABLE)));
    CHECK_OK(pt_write(&root[LAST + 1], 0));
    CHECK(!try_write(&root[FIRST], 0), "a store to the root was let through");
    CHECK_TRAP(14);
}

static void check_fresh_root(void)
{
    uint64_t *root = page_alloc(), *l3 = page_alloc();
    const uint64_t garbage = pte_make(mfn_of(l3), PTE_TABLE);

    for (unsigned int slot = FIRST; slot <= LAST; slot++)
        root[slot] = garbage;
    page_protect(root, PTE_RO);
    if (mmuext(MMUEXT_PIN_L4_TABLE, mfn_of(root)) < 0)
        return; /* refusing it is as good */
    for (unsigned int slot = FIRST; slot <= LAST; slot++)
        CHECK(root[slot] != garbage, "slot %u of a pinned root is the guest's", slot);
    CHECK_OK(mmuext(MMUEXT_UNPIN_TABLE, mfn_of(root)));
}

static void check_linear(uint64_t *root)
{
    unsigned long mfn = mfn_of(root);

    CHECK_REFUSED(pt_write(&root[300], pte_make(mfn, PTE_TABLE)));
    if (pt_write(&root[300], pte_make(mfn, PTE_RO)) == 0) {
        const uint64_t *self =
            (const uint64_t *)(~0UL << 48 | 300UL << 39 | 300UL << 30 | 300UL << 21 | 300UL << 12);
        uint64_t value = 0;

        CHECK(try_read(self, &value), "a linear map that was taken does not map");
        CHECK(!try_write((void *)(uintptr_t)self, 0),
              "a page table is writable through a linear map");
        CHECK_OK(pt_write(&root[300], 0));
    }
}

static void check_reads(void)
{
    uint64_t value;

    CHECK(try_read((void *)MACH2PHYS_VIRT_START, &value),
          "the machine-to-physical table cannot be read");
    CHECK(!try_write((void *)MACH2PHYS_VIRT_START, 0),
          "the machine-to-physical table can be written");
    for (unsigned int slot = FIRST + 2; slot <= LAST; slot++)
        CHECK(!try_write((void *)(~0UL << 48 | (uint64_t)slot << 39), 0), "slot %u can be written",
              slot);
}

void test_main(void)
{
    uint64_t *root = (uint64_t *)start_info->pt_base;

    check_writes(root);
    check_fresh_root();
    check_linear(root);
    check_reads();
}
