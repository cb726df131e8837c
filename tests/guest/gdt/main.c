/* SPDX-License-Identifier: MIT */
/*
 * Theory: a guest's GDT lives in its own pages, which stop being writable while they are one. What
 * the hypervisor lets in must be harmless: no system descriptors, no privilege below the guest's.
 */
#include "guest.h"

const char test_title[] = "gdt: set_gdt and update_descriptor";

#define DATA3     0x00cff2000000ffffUL
#define DATA0     0x00cf92000000ffffUL
#define CODE3     0x00affa000000ffffUL
#define TSS       0x0000890000000067UL
#define LDT       0x0000820000000067UL
#define INT_GATE  0x00008e0000080000UL
#define CALL_GATE 0x0000ec0000080000UL
#define ENTRIES   512

static uint64_t *gdt;
static xen_pfn_t frames[16];

static bool can_load(unsigned int selector)
{
    CATCH("movl %[sel], %%ecx\n movw %%cx, %%fs", NONE, LIST([sel] "r"(selector)), "rcx");
    return !trap_last.count;
}

static unsigned int privilege(uint64_t descriptor)
{
    return descriptor >> 45 & 3;
}

/*
 * A descriptor is refused, or defused: not present, or plain code or data with the guest's
 * privilege, or one of the system's that the guest's privilege cannot use.
 */
static void check_defused(uint64_t descriptor)
{
    long rc = hypercall_update_descriptor(maddr_of(&gdt[5]), descriptor);

    if (rc == 0)
        CHECK(!(gdt[5] >> 47 & 1) || privilege(gdt[5]) == (gdt[5] >> 44 & 1 ? 3 : 0),
              "%#lx was taken as %#lx", descriptor, gdt[5]);
}

static void check_set(void)
{
    gdt[1] = DATA3;
    gdt[2] = CODE3;
    page_protect(gdt, PTE_RO);
    frames[0] = mfn_of(gdt);
    CHECK_OK(hypercall_set_gdt(frames, ENTRIES));
    CHECK(can_load(1 << 3 | 3), "the GDT's own data selector does not load");
    CHECK(!can_load(3 << 3 | 3), "an empty entry's selector loads");
    CHECK_REFUSED(page_remap(gdt, mfn_of(gdt), PTE_RW));
    CHECK(!try_write(gdt, 0), "the GDT can be written");
}

static void check_update(void)
{
    CHECK_OK(hypercall_update_descriptor(maddr_of(&gdt[4]), DATA3));
    CHECK_EQ(gdt[4] & ~(1UL << 40), DATA3);
    CHECK(can_load(4 << 3 | 3), "an updated entry's selector does not load");
    CHECK_OK(hypercall_update_descriptor(maddr_of(&gdt[4]), 0));
    CHECK(!can_load(4 << 3 | 3), "a cleared entry's selector loads");
    check_defused(DATA0);
    check_defused(TSS);
    check_defused(LDT);
    check_defused(INT_GATE);
    check_defused(CALL_GATE);
    CHECK_REFUSED(hypercall_update_descriptor(maddr_of(&gdt[4]) + 4, DATA3));
    CHECK_REFUSED(hypercall_update_descriptor(0xffffffffff000UL, DATA3));
    CHECK_REFUSED(hypercall_update_descriptor(maddr_of((void *)start_info->pt_base), DATA3));
}

static void check_refusals(void)
{
    uint64_t *bad = page_alloc();
    xen_pfn_t other[16] = {0};

    other[0] = mfn_of((void *)start_info->pt_base);
    CHECK_REFUSED(hypercall_set_gdt(other, ENTRIES)); /* a page table */
    other[0] = mfn_of(page_alloc());
    CHECK_REFUSED(hypercall_set_gdt(other, ENTRIES)); /* mapped writable */
    other[0] = ~0UL;
    CHECK_REFUSED(hypercall_set_gdt(other, ENTRIES));
    CHECK_REFUSED(hypercall_set_gdt(frames, FIRST_RESERVED_GDT_ENTRY + 1));
    CHECK_ERROR(hypercall_set_gdt(HYPERVISOR_VIRT_START + (1UL << 40), ENTRIES), XEN_EFAULT);
    bad[1] = TSS;
    page_protect(bad, PTE_RO);
    other[0] = mfn_of(bad);
    CHECK(hypercall_set_gdt(other, ENTRIES) < 0 || !(bad[1] >> 47 & 1),
          "a system descriptor was taken");
}

void test_main(void)
{
    gdt = page_alloc();
    check_set();
    check_update();
    CATCH("movw %w[null], %%fs", NONE, LIST([null] "r"(0)));
    check_refusals();
    CHECK_OK(hypercall_set_gdt(frames, 0));
    CHECK_OK(page_remap(gdt, mfn_of(gdt), PTE_RW));
    CHECK(try_write(gdt, 0), "the page cannot be written after it was the GDT");
}
