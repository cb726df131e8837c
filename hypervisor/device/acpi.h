/* SPDX-License-Identifier: MIT */
/*
 * What ring 0 needs of the ACPI tables: processors, IO-APICs and interrupt overrides (MADT), the PM timer
 * and sleep registers (FADT). No AML here: dom0 interprets it.
 */
#ifndef DEVICE_ACPI_H
#define DEVICE_ACPI_H

#include "lib/types.h"

#define ACPI_MAX_CPUS 64
#define ACPI_MAX_IOAPICS 8

struct acpi_info {
    u32 cpu_count;
    u32 cpu_apic_id[ACPI_MAX_CPUS];
    u32 cpu_acpi_id[ACPI_MAX_CPUS];
    u32 ioapic_count;
    struct {
        maddr_t address;
        u32 gsi_base;
    } ioapic[ACPI_MAX_IOAPICS];
    struct {
        u32 gsi;
        bool level, low;
    } isa[16];
    u16 pm1a_control, pm1b_control; /* ports; 0: none */
    u16 pm_timer;                   /* port; 0: none */
    u16 reset_port;                 /* 0: none */
    u8 reset_value;
};

extern struct acpi_info acpi_info;

/* rsdp: a copy of the root pointer, size bytes; 0 = search the BIOS areas. Without tables one CPU and
 * the standard ISA lines are assumed. */
void acpi_init(const void *rsdp, u32 size);

#endif
