/* SPDX-License-Identifier: MIT */
/*
 * The machine's end: reboot, power off, halt. Called from anywhere, a panic too: it must never wait for a lock
 * or for memory.
 */
#include "boot/boot.h"

#include "cpu/asm.h"
#include "cpu/smp.h"
#include "device/acpi.h"
#include "lib/print.h"

#define RESET_CONTROL 0xcf9
#define KEYBOARD_COMMAND 0x64
#define SLEEP_ENABLE 0x2000u

static struct {
    bool known;
    u16 a, b;
} sleep_values;

void machine_halt(void)
{
    smp_stop_others();
    printk(PRINT_INFO, "mews: halted\n");
    for (;;)
        __asm__ volatile("cli; hlt");
}

static void short_wait(void)
{
    for (u32 i = 0; i < 100000; i++)
        inb(0x80);
}

void machine_reboot(void)
{
    struct {
        u16 limit;
        u64 base;
    } __packed nothing = {0, 0};

    if (boot_options.noreboot)
        machine_halt();
    smp_stop_others();
    if (acpi_info.reset_port) {
        outb(acpi_info.reset_port, acpi_info.reset_value);
        short_wait();
    }
    outb(RESET_CONTROL, 0x02);
    outb(RESET_CONTROL, 0x06);
    short_wait();
    outb(KEYBOARD_COMMAND, 0xfe);
    short_wait();
    /* no interrupt table: the next trap resets the CPU */
    __asm__ volatile("lidt %0; int3" : : "m"(nothing));
    for (;;)
        __asm__ volatile("cli; hlt");
}

void machine_set_sleep_values(u16 a, u16 b)
{
    sleep_values.a = a;
    sleep_values.b = b;
    sleep_values.known = true;
}

void machine_poweroff(void)
{
    smp_stop_others();
    if (sleep_values.known && acpi_info.pm1a_control) {
        outw(acpi_info.pm1a_control, (u16)(sleep_values.a & ~SLEEP_ENABLE));
        if (acpi_info.pm1b_control)
            outw(acpi_info.pm1b_control, (u16)(sleep_values.b & ~SLEEP_ENABLE));
        outw(acpi_info.pm1a_control, (u16)(sleep_values.a | SLEEP_ENABLE));
        if (acpi_info.pm1b_control)
            outw(acpi_info.pm1b_control, (u16)(sleep_values.b | SLEEP_ENABLE));
        short_wait();
    }
    machine_halt();
}
