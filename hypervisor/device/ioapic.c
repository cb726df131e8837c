/* SPDX-License-Identifier: MIT */
/*
 * IO-APICs, see ioapic.h. Each line's entry is two 32-bit words reached through an index register, so every
 * access is under the lock. The low word is kept here too: masking must not read the device.
 */
#include "device/ioapic.h"

#include "cpu/asm.h"
#include "cpu/lock.h"
#include "device/acpi.h"
#include "lib/print.h"
#include "memory/alloc.h"
#include "memory/device_map.h"

#define INDEX 0 /* words */
#define WINDOW 4
#define VERSION 0x01
#define ENTRIES 0x10
#define ENTRY_MASKED 0x10000u
#define ENTRY_LEVEL 0x8000u
#define ENTRY_LOW 0x2000u
#define PIC1_DATA 0x21
#define PIC2_DATA 0xa1

static struct {
    volatile u32 *registers;
    u32 gsi_base, lines;
    u32 *low; /* each line's low word */
} ioapic[ACPI_MAX_IOAPICS];
static spinlock_t ioapic_lock = SPINLOCK_INIT(RANK_DEVICE);

static u32 reg_read(u32 i, u32 reg)
{
    ioapic[i].registers[INDEX] = reg;
    return ioapic[i].registers[WINDOW];
}

static void reg_write(u32 i, u32 reg, u32 value)
{
    ioapic[i].registers[INDEX] = reg;
    ioapic[i].registers[WINDOW] = value;
}

static void low_write(u32 i, u32 line, u32 value)
{
    ioapic[i].low[line] = value;
    reg_write(i, ENTRIES + 2 * line, value);
}

/* Which IO-APIC a GSI belongs to; -1: none. */
static int find(u32 gsi)
{
    for (u32 i = 0; i < acpi_info.ioapic_count; i++)
        if (ioapic[i].registers && gsi >= ioapic[i].gsi_base &&
            gsi - ioapic[i].gsi_base < ioapic[i].lines)
            return (int)i;
    return -1;
}

void __init ioapic_init(void)
{
    /* the PICs are not used: all their lines off */
    outb(PIC1_DATA, 0xff);
    outb(PIC2_DATA, 0xff);
    for (u32 i = 0; i < acpi_info.ioapic_count; i++) {
        ioapic[i].registers = device_map(acpi_info.ioapic[i].address, 0x20, true);
        if (!ioapic[i].registers)
            panic("no room to map an IO-APIC");
        ioapic[i].gsi_base = acpi_info.ioapic[i].gsi_base;
        ioapic[i].lines = (reg_read(i, VERSION) >> 16 & 0xff) + 1;
        ioapic[i].low = hv_alloc(ioapic[i].lines * sizeof(u32));
        if (!ioapic[i].low)
            panic("no memory for an IO-APIC's lines");
        for (u32 line = 0; line < ioapic[i].lines; line++)
            low_write(i, line, ENTRY_MASKED);
    }
}

u32 ioapic_gsi_count(void)
{
    u32 count = 16;

    for (u32 i = 0; i < acpi_info.ioapic_count; i++)
        count = MAX(count, ioapic[i].gsi_base + ioapic[i].lines);
    return count;
}

int ioapic_route(u32 gsi, u8 vector, u32 apic_id, bool level, bool low)
{
    int i = find(gsi);
    u32 line;

    if (i < 0)
        return -1;
    line = gsi - ioapic[i].gsi_base;
    SPIN_LOCK_BLOCK(&ioapic_lock);
    low_write((u32)i, line, ENTRY_MASKED | vector | (level ? ENTRY_LEVEL : 0) | (low ? ENTRY_LOW : 0));
    reg_write((u32)i, ENTRIES + 2 * line + 1, apic_id << 24);
    return 0;
}

void ioapic_mask(u32 gsi, bool masked)
{
    int i = find(gsi);
    u32 line;

    if (i < 0)
        return;
    line = gsi - ioapic[i].gsi_base;
    SPIN_LOCK_BLOCK(&ioapic_lock);
    low_write((u32)i, line, (ioapic[i].low[line] & ~ENTRY_MASKED) | (masked ? ENTRY_MASKED : 0));
}

bool ioapic_read_register(maddr_t address, u32 reg, u32 *value)
{
    for (u32 i = 0; i < acpi_info.ioapic_count; i++) {
        if (acpi_info.ioapic[i].address != address || !ioapic[i].registers || reg > 2)
            continue;
        SPIN_LOCK_BLOCK(&ioapic_lock);
        *value = reg_read(i, reg);
        return true;
    }
    return false;
}
