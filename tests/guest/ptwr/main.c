/* SPDX-License-Identifier: MIT */
/*
 * Theory: a store to a read-only L1 table is done by the hypervisor as if it were an mmu_update,
 * whichever instruction made it; a wrong value, or a page that is no L1 table, is the guest's own
 * page fault. Linux relies on it early at boot and for the odd entry later.
 */
#include "guest.h"

const char test_title[] = "ptwr: stores to page tables";

static void check_stores(void)
{
    uint64_t *page = page_alloc(), rw = pte_make(mfn_of(page), PTE_RW), ro = rw & ~PTE_WRITE, old;

    page[0] = 0x77;
    CHECK(try_write(&window_l1[0], rw), "a store of a right entry faults");
    CHECK_EQ(*window_page(0), 0x77);
    CATCH("lock; andq %[v], (%[p])", NONE, LIST([v] "r"(~PTE_WRITE), [p] "r"(&window_l1[0])));
    CHECK_NO_TRAP();
    CHECK_EQ(window_l1[0] & (PTE_ADDRESS | PTE_WRITE | PTE_PRESENT),
             ro & (PTE_ADDRESS | PTE_PRESENT));
    CATCH("lock; orq %[v], (%[p])", NONE, LIST([v] "r"(PTE_WRITE), [p] "r"(&window_l1[0])));
    CHECK_NO_TRAP();
    CHECK_EQ(window_l1[0] & PTE_WRITE, PTE_WRITE);
    old = 0;
    CATCH("xchgq %[v], (%[p])", LIST([v] "+r"(old)), LIST([p] "r"(&window_l1[0])));
    CHECK_NO_TRAP();
    CHECK_EQ(old >> 12, rw >> 12);
    CHECK_EQ(window_l1[0], 0);
    CATCH("xorl %%eax, %%eax\n\tlock; cmpxchgq %[v], (%[p])", NONE,
          LIST([v] "r"(rw), [p] "r"(&window_l1[0])));
    CHECK_NO_TRAP();
    CHECK_EQ(window_l1[0] >> 12, rw >> 12);
    CATCH("lock; btrq $1, (%[p])", NONE, LIST([p] "r"(&window_l1[0])));
    CHECK_NO_TRAP();
    CHECK_EQ(window_l1[0] & PTE_WRITE, 0);
    CATCH("movq $0, (%[p])", NONE, LIST([p] "r"(&window_l1[0])));
    CHECK_NO_TRAP();
    CHECK_EQ(window_l1[0], 0);
}

static void check_refusals(void)
{
    CHECK(!try_write(&window_l1[0], pte_make(mfn_of(window_l1), PTE_RW)),
          "the table maps itself writable");
    CHECK_TRAP(14);
    CHECK_EQ(trap_last.cr2, &window_l1[0]);
    CHECK_EQ(trap_last.frame.error_code & 3, 3);
    CHECK_EQ(window_l1[0], 0);
    CHECK(!try_write(&window_l1[0], pte_make(0xffffffffffUL, PTE_RW)),
          "a frame beyond any memory was taken");
    CHECK_EQ(window_l1[0], 0);
    CHECK(!try_write((uint64_t *)start_info->pt_base + 256, 0),
          "a store to the root was let through");
    CHECK(!try_write((uint8_t *)&window_l1[0] + 4, 0x1234567812345678UL) || window_l1[0] == 0,
          "a store across two entries was let through");
    CHECK_OK(pt_write(&window_l1[0], 0));
    CHECK_OK(pt_write(&window_l1[1], 0));
}

/* Whether the guest has asked for it makes no difference, as on Xen. */
static void check_assist(void)
{
    uint64_t *page = page_alloc(), rw = pte_make(mfn_of(page), PTE_RW);

    page[0] = 0x55;
    CHECK_OK(hypercall_vm_assist(VMASST_CMD_disable, VMASST_TYPE_writable_pagetables));
    CHECK(try_write(&window_l1[5], rw), "a store of a right entry faults, as nobody asked for it");
    CHECK_EQ(*window_page(5), 0x55);
    CHECK(!try_write(&window_l1[5], pte_make(mfn_of(window_l1), PTE_RW)), "the table maps itself writable");
    CHECK_OK(pt_write(&window_l1[5], 0));
    CHECK_OK(hypercall_vm_assist(VMASST_CMD_enable, VMASST_TYPE_writable_pagetables));
    CHECK(try_write(&window_l1[5], rw), "a store of a right entry faults");
    CHECK_OK(pt_write(&window_l1[5], 0));
}

void test_main(void)
{
    window_init();
    check_stores();
    check_refusals();
    check_assist();
}
