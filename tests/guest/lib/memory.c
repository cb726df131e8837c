/* SPDX-License-Identifier: MIT */
/*
 * The guest's memory as a PV kernel finds it: pseudo-physical frames, mapped one to one from the
 * virtual base, whose machine frames the p2m list (ours) and the machine-to-physical table (the
 * hypervisor's) tell. Pages for tests come from a pool inside the image, so all of them are mapped
 * from the start.
 */
#include "guest.h"

#define POOL_PAGES 1200

struct start_info *start_info;
static uint8_t pool[POOL_PAGES][PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
static unsigned int pool_used;

bool guest_is_dom0(void)
{
    return start_info->flags & SIF_INITDOMAIN;
}

void *page_alloc(void)
{
    unsigned int next = __atomic_fetch_add(&pool_used, 1, __ATOMIC_RELAXED); /* vcpus ask at once */

    if (next >= POOL_PAGES)
        report_error("the page pool is empty");
    return pool[next];
}

unsigned long mfn_of(const void *page)
{
    const unsigned long *p2m = (const unsigned long *)start_info->mfn_list;

    return p2m[((uintptr_t)page - GUEST_VIRT_BASE) / PAGE_SIZE];
}

void *page_of(unsigned long mfn)
{
    const unsigned long *m2p = (const unsigned long *)MACH2PHYS_VIRT_START;

    return (void *)(GUEST_VIRT_BASE + m2p[mfn] * PAGE_SIZE);
}

uint64_t *pt_entry_in(const uint64_t *root, const void *address, int level)
{
    const uint64_t *table = root;

    for (int at = 4;; at--) {
        const uint64_t *entry = &table[((uintptr_t)address >> (12 + 9 * (at - 1))) & 511];

        if (at == level)
            return (uint64_t *)(uintptr_t)entry;
        if (!(*entry & PTE_PRESENT))
            return NULL;
        table = page_of((*entry & PTE_ADDRESS) >> 12);
    }
}

uint64_t *pt_entry(const void *address, int level)
{
    return pt_entry_in((const uint64_t *)start_info->pt_base, address, level);
}

long pt_write_at(uint64_t maddr, uint64_t value)
{
    struct mmu_update update = {.ptr = maddr, .val = value};

    return hypercall_mmu_update(&update, 1, NULL, DOMID_SELF);
}

long pt_write(const uint64_t *entry, uint64_t value)
{
    return pt_write_at(maddr_of(entry), value);
}

void page_protect(void *page, uint64_t flags)
{
    long rc = page_remap(page, mfn_of(page), flags);

    if (rc)
        report_error("mapping %p with flags %#lx: %ld", page, flags, rc);
}

long page_remap(void *page, unsigned long mfn, uint64_t flags)
{
    return hypercall_update_va_mapping(page, pte_make(mfn, flags), UVMF_INVLPG | UVMF_ALL);
}

long mmuext(unsigned int command, unsigned long mfn)
{
    struct mmuext_op op = {.cmd = command, .arg1.mfn = mfn};

    return hypercall_mmuext_op(&op, 1, NULL, DOMID_SELF);
}

long mmuext_linear(unsigned int command, const void *address)
{
    struct mmuext_op op = {.cmd = command, .arg1.linear_addr = (unsigned long)address};

    return hypercall_mmuext_op(&op, 1, NULL, DOMID_SELF);
}

void *page_alloc_readonly(void)
{
    void *page = page_alloc();

    page_protect(page, PTE_RO);
    return page;
}

uint64_t *window_l1, *window_l2, *window_l3;

void window_init(void)
{
    long rc;

    window_l1 = page_alloc_readonly();
    window_l2 = page_alloc();
    window_l3 = page_alloc();
    window_l2[0] = pte_make(mfn_of(window_l1), PTE_TABLE);
    window_l3[0] = pte_make(mfn_of(window_l2), PTE_TABLE);
    page_protect(window_l2, PTE_RO);
    page_protect(window_l3, PTE_RO);
    rc =
        pt_write(pt_entry((const void *)window_page(0), 4), pte_make(mfn_of(window_l3), PTE_TABLE));
    if (rc)
        report_error("tables for the window: %ld", rc);
}
