/* SPDX-License-Identifier: MIT */
/*
 * Theory: dom0 drives the hardware, so its kernel's port instructions reach the ports that it owns,
 * by the hypervisor's hand; the hypervisor keeps its own serial port, timer and interrupt
 * controllers, whose reads float and whose writes vanish. User mode reaches none without its
 * kernel's leave. A VPS owns no port: then the test says so and ends.
 */
#include <public/physdev.h>

#include "guest.h"

const char test_title[] = "port-io: IN and OUT";

#define COM1_LSR    0x3fd
#define CMOS_INDEX  0x70
#define CMOS_DATA   0x71
#define PCI_ADDRESS 0xcf8
#define PCI_DATA    0xcfc

static uint8_t in8(uint16_t port)
{
    uint8_t value;

    __asm__ volatile("inb %1, %0" : "=a"(value) : "d"(port));
    return value;
}

static uint16_t in16(uint16_t port)
{
    uint16_t value;

    __asm__ volatile("inw %1, %0" : "=a"(value) : "d"(port));
    return value;
}

static uint32_t in32(uint16_t port)
{
    uint32_t value;

    __asm__ volatile("inl %1, %0" : "=a"(value) : "d"(port));
    return value;
}

static void out8(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" ::"a"(value), "d"(port));
}

static void out32(uint16_t port, uint32_t value)
{
    __asm__ volatile("outl %0, %1" ::"a"(value), "d"(port));
}

static void set_iopl(uint32_t level)
{
    struct physdev_set_iopl iopl = {.iopl = level};

    CHECK_OK(hypercall_physdev_op(PHYSDEVOP_set_iopl, &iopl));
}

static void check_own(void)
{
    uint32_t id;

    out8(CMOS_INDEX, 0x0f);
    in8(CMOS_DATA);
    out32(PCI_ADDRESS, 0x80000000);
    id = in32(PCI_DATA);
    CHECK_EQ(id & 0xffff, 0x8086); /* QEMU's host bridge */
    CHECK_EQ(in16(PCI_DATA + 2), id >> 16);
    CHECK_EQ(in8(PCI_DATA), 0x86);
    /* The value registers keep their upper parts. */
    __asm__ volatile("inb %%dx, %%al" : "=a"(id) : "0"(0x12345600), "d"(PCI_DATA));
    CHECK_EQ(id, 0x12345686);
}

static void check_kept(void)
{
    CHECK_EQ(in8(COM1_LSR), 0xff);
    CHECK_EQ(in8(0x21), 0xff);
    CHECK_EQ(in8(0x40), 0xff);
    out8(0x3f8, '!');
    out8(0x21, 0xff);
}

static void check_user(void)
{
    static const uint8_t code[] = {0xba, 0xfc, 0x0c, 0,
                                   0,    0xec, 0x0f, 0x05}; /* in (0xcfc),%al; syscall */

    user_run_code(code, sizeof(code), 0);
    CHECK_TRAP(13);
    set_iopl(3);
    out32(PCI_ADDRESS, 0x80000000);
    user_run_code(code, sizeof(code), 0);
    CHECK_TRAP(TRAP_SYSCALL);
    CHECK_EQ(trap_last.frame.rax & 0xff, 0x86);
    set_iopl(1);
    user_run_code(code, sizeof(code), 0);
    CHECK_TRAP(13);
}

void test_main(void)
{
    if (!guest_is_dom0())
        report_skip("a VPS owns no port");
    set_iopl(1);
    check_own();
    check_kept();
    check_user();
}
