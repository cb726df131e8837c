/* SPDX-License-Identifier: MIT */
/*
 * Theory: the control registers that a PV kernel sees are its own view: CR3 is the machine address
 * of its root, CR0.TS is real, and nothing written to CR0 or CR4 takes a protection away.
 * Instructions that would stop the machine or turn interrupts off act on the virtual machine or
 * fault.
 */
#include <public/physdev.h>

#include "guest.h"

const char test_title[] = "control-regs: mov cr, clts, cli and their like";

#define CR0_PE 0x1UL
#define CR0_TS 0x8UL
#define CR0_WP 0x10000UL
#define CR0_PG 0x80000000UL

static uint64_t cr0_read(void)
{
    uint64_t value;

    __asm__ volatile("movq %%cr0, %0" : "=r"(value)::"memory");
    return value;
}

static uint64_t cr3_read(void)
{
    uint64_t value;

    __asm__ volatile("movq %%cr3, %0" : "=r"(value)::"memory");
    return value;
}

static void check_cr0(void)
{
    uint64_t before = cr0_read();

    CHECK((before & (CR0_PE | CR0_PG)) == (CR0_PE | CR0_PG), "CR0 is %#lx", before);
    CATCH("movq %[v], %%cr0", NONE, LIST([v] "r"(before | CR0_TS)));
    CHECK_NO_TRAP();
    CHECK_EQ(cr0_read() & CR0_TS, CR0_TS);
    __asm__ volatile("clts" ::: "memory");
    CHECK_EQ(cr0_read() & CR0_TS, 0);
    CATCH("movq %[v], %%cr0", NONE, LIST([v] "r"(before & ~(CR0_PG | CR0_WP))));
    CHECK_EQ(cr0_read() & CR0_PG, CR0_PG);
}

static void check_cr3(void)
{
    const uint64_t root = maddr_of((void *)start_info->pt_base);

    CHECK_EQ(cr3_read(), root);
    CATCH("movq %[v], %%cr3", NONE, LIST([v] "r"(root)));
    CHECK_NO_TRAP();
    CATCH("movq %[v], %%cr3", NONE, LIST([v] "r"(maddr_of(page_alloc()) | 1UL << 51)));
    CHECK_TRAP(13);
    CATCH("movq %[v], %%cr3", NONE,
          LIST([v] "r"(maddr_of((void *)pt_entry(start_info, 1)) & ~0xfffUL)));
    CHECK_TRAP(13); /* an L1 table is no root */
    CHECK_EQ(cr3_read(), root);
}

static void check_cr2_cr4(void)
{
    uint64_t value = 0;

    CATCH("movq %[v], %%cr2\n\tmovq %%cr2, %[r]", LIST([r] "=&r"(value)),
          LIST([v] "r"(0x123456UL)));
    CHECK_NO_TRAP();
    CHECK_EQ(value, 0x123456);
    CATCH("movq %%cr4, %[r]", LIST([r] "=&r"(value)), NONE);
    CHECK_NO_TRAP();
    CHECK(value & 0x20, "CR4 is %#lx, without PAE", value);
    CATCH("movq %[v], %%cr4", NONE, LIST([v] "r"(value)));
    CHECK_NO_TRAP();
    CATCH("movq %[v], %%cr4", NONE, LIST([v] "r"(0UL)));
    CATCH("movq %%cr4, %[r]", LIST([r] "=&r"(value)), NONE);
    CHECK(value & 0x20, "CR4 lost PAE: %#lx", value);
}

static void check_interrupt_flag(void)
{
    struct physdev_set_iopl iopl = {.iopl = 1};
    volatile uint8_t *mask = &shared_info->vcpu_info[0].evtchn_upcall_mask;

    CHECK_OK(hypercall_physdev_op(PHYSDEVOP_set_iopl, &iopl));
    CATCH("cli", NONE, NONE); /* may mask events, or do nothing */
    CHECK_NO_TRAP();
    CATCH("sti", NONE, NONE);
    CHECK_NO_TRAP();
    *mask = 1;
    iopl.iopl = 4;
    CHECK_REFUSED(hypercall_physdev_op(PHYSDEVOP_set_iopl, &iopl));
    CATCH("wbinvd", NONE, NONE);
    CHECK_NO_TRAP();
}

void test_main(void)
{
    check_cr0();
    check_cr3();
    check_cr2_cr4();
    check_interrupt_flag();
}
