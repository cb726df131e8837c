/* SPDX-License-Identifier: MIT */
/*
 * Theory: an LDT is a range of the guest's address space whose pages become descriptor pages when
 * they are used: they lose writability, and hold nothing that the GDT could not hold.
 */
#include "guest.h"

const char test_title[] = "ldt: MMUEXT_SET_LDT";

#define DATA3 0x00cff2000000ffffUL
#define TSS   0x0000890000000067UL

static long set_ldt(const void *base, unsigned int entries)
{
    struct mmuext_op op = {
        .cmd = MMUEXT_SET_LDT, .arg1.linear_addr = (unsigned long)base, .arg2.nr_ents = entries};

    return hypercall_mmuext_op(&op, 1, NULL, DOMID_SELF);
}

static bool can_load(unsigned int selector)
{
    CATCH("movl %[sel], %%ecx\n movw %%cx, %%fs", NONE, LIST([sel] "r"(selector)), "rcx");
    return !trap_last.count;
}

void test_main(void)
{
    uint64_t *ldt = page_alloc();

    CHECK(!can_load(1 << 3 | 7), "a selector loads without an LDT");
    ldt[1] = DATA3;
    page_protect(ldt, PTE_RO);
    CHECK_OK(set_ldt(ldt, 512));
    CHECK(can_load(1 << 3 | 7), "the LDT's selector does not load");
    CHECK(!can_load(2 << 3 | 7), "an empty entry's selector loads");
    CHECK_REFUSED(page_remap(ldt, mfn_of(ldt), PTE_RW));
    CHECK_OK(hypercall_update_descriptor(maddr_of(&ldt[2]), DATA3));
    CHECK(can_load(2 << 3 | 7), "an updated entry's selector does not load");
    CHECK(hypercall_update_descriptor(maddr_of(&ldt[3]), TSS) < 0 || !(ldt[3] >> 47 & 1),
          "a system descriptor was taken");
    CATCH("movw %w[null], %%fs", NONE, LIST([null] "r"(0)));
    CHECK_REFUSED(set_ldt((uint8_t *)ldt + 8, 512)); /* not on a page */
    CHECK_REFUSED(set_ldt(ldt, 8193));
    CHECK_REFUSED(set_ldt((void *)(HYPERVISOR_VIRT_START + (1UL << 40)), 512));
    CHECK_OK(set_ldt(NULL, 0));
    CHECK(!can_load(1 << 3 | 7), "a selector loads after the LDT is gone");
    CHECK_OK(page_remap(ldt, mfn_of(ldt), PTE_RW));
}
