/* SPDX-License-Identifier: MIT */
/*
 * Reading the ACPI tables, see acpi.h. They are firmware's: lengths are checked, a table that does not
 * sum up to zero is not used. Layouts: ACPI specification 6.
 */
#include "device/acpi.h"

#include "lib/print.h"
#include "lib/string.h"
#include "memory/device_map.h"

#define MAX_TABLE (1u << 20)

struct acpi_header {
    char signature[4];
    u32 length;
    u8 revision, checksum;
    char oem[6], oem_table[8];
    u32 oem_revision, creator, creator_revision;
} __packed;

struct acpi_rsdp {
    char signature[8];
    u8 checksum;
    char oem[6];
    u8 revision;
    u32 rsdt, length;
    u64 xsdt;
} __packed;

struct acpi_address {
    u8 space, width, offset, access;
    u64 address;
} __packed;

/* Offsets into the FADT. */
#define FADT_PM1A_CONTROL 64
#define FADT_PM1B_CONTROL 68
#define FADT_PM_TIMER 76
#define FADT_FLAGS 112
#define FADT_RESET_REGISTER 116
#define FADT_RESET_VALUE 128
#define FADT_RESET_SUPPORTED (1u << 10)
#define ADDRESS_IS_PORT 1

enum madt_type { MADT_LAPIC, MADT_IOAPIC, MADT_OVERRIDE, MADT_LAPIC_ADDRESS = 5, MADT_X2APIC = 9 };
#define MADT_ENTRIES 44
#define MADT_ENABLED 1u

struct acpi_info acpi_info;

static u32 read32(const void *table, u32 offset)
{
    u32 value;

    memcpy(&value, (const u8 *)table + offset, sizeof(value));
    return value;
}

static bool sums_up(const void *p, u32 size)
{
    u8 sum = 0;

    for (u32 i = 0; i < size; i++)
        sum = (u8)(sum + ((const u8 *)p)[i]);
    return sum == 0;
}

static const struct acpi_header *__init map_table(maddr_t address)
{
    const struct acpi_header *h = device_map(address, sizeof(*h), false);

    if (!h || h->length < sizeof(*h) || h->length > MAX_TABLE)
        return NULL;
    h = device_map(address, h->length, false);
    return h && sums_up(h, h->length) ? h : NULL;
}

static void __init add_cpu(u32 id, u32 acpi_id, u32 flags)
{
    if (!(flags & MADT_ENABLED) || acpi_info.cpu_count == ACPI_MAX_CPUS)
        return;
    acpi_info.cpu_apic_id[acpi_info.cpu_count] = id;
    acpi_info.cpu_acpi_id[acpi_info.cpu_count++] = acpi_id;
}

static void __init read_madt(const struct acpi_header *h)
{
    const u8 *table = (const u8 *)h;

    for (u32 at = MADT_ENTRIES; at + 2 <= h->length && table[at + 1] >= 2; at += table[at + 1]) {
        const u8 *e = table + at;

        if (at + e[1] > h->length)
            return;
        if (e[0] == MADT_LAPIC && e[1] >= 8) {
            add_cpu(e[3], e[2], read32(e, 4));
        } else if (e[0] == MADT_X2APIC && e[1] >= 16) {
            add_cpu(read32(e, 4), read32(e, 12), read32(e, 8));
        } else if (e[0] == MADT_OVERRIDE && e[1] >= 10 && e[3] < ARRAY_SIZE(acpi_info.isa)) {
            acpi_info.isa[e[3]].gsi = read32(e, 4);
            acpi_info.isa[e[3]].low = (e[8] & 3) == 3;
            acpi_info.isa[e[3]].level = (e[8] >> 2 & 3) == 3;
        } else if (e[0] == MADT_IOAPIC && e[1] >= 12 &&
                   acpi_info.ioapic_count < ACPI_MAX_IOAPICS) {
            acpi_info.ioapic[acpi_info.ioapic_count].address = read32(e, 4);
            acpi_info.ioapic[acpi_info.ioapic_count++].gsi_base = read32(e, 8);
        }
    }
}

static void __init read_fadt(const struct acpi_header *h)
{
    u32 flags;

    if (h->length < FADT_FLAGS + 4)
        return;
    flags = read32(h, FADT_FLAGS);
    acpi_info.pm1a_control = (u16)read32(h, FADT_PM1A_CONTROL);
    acpi_info.pm1b_control = (u16)read32(h, FADT_PM1B_CONTROL);
    acpi_info.pm_timer = (u16)read32(h, FADT_PM_TIMER);
    if ((flags & FADT_RESET_SUPPORTED) && h->length > FADT_RESET_VALUE) {
        const struct acpi_address *a = (const void *)((const u8 *)h + FADT_RESET_REGISTER);

        acpi_info.reset_port = a->space == ADDRESS_IS_PORT ? (u16)a->address : 0;
        acpi_info.reset_value = ((const u8 *)h)[FADT_RESET_VALUE];
    }
}

static void __init read_root(maddr_t root, u32 width)
{
    const struct acpi_header *h = map_table(root);

    if (!h)
        return;
    for (u32 at = sizeof(*h); at + width <= h->length; at += width) {
        maddr_t address = 0;
        const struct acpi_header *t;

        memcpy(&address, (const u8 *)h + at, width);
        t = map_table(address);
        if (t && !memcmp(t->signature, "APIC", 4))
            read_madt(t);
        else if (t && !memcmp(t->signature, "FACP", 4))
            read_fadt(t);
    }
}

static const struct acpi_rsdp *__init search(maddr_t start, u64 size)
{
    const u8 *area = device_map(start, size, false);

    for (u64 at = 0; area && at + 20 <= size; at += 16)
        if (!memcmp(area + at, "RSD PTR ", 8) && sums_up(area + at, 20))
            return (const void *)(area + at);
    return NULL;
}

static const struct acpi_rsdp *__init find_rsdp(void)
{
    const u8 *bios_data = device_map(0, PAGE_SIZE, false);
    maddr_t ebda = bios_data ? (maddr_t)(u16)read32(bios_data, 0x40e) << 4 : 0;
    const struct acpi_rsdp *r = NULL;

    if (ebda >= 0x400 && ebda < 0xa0000)
        r = search(ebda, MIN(1024ull, 0xa0000 - ebda));
    return r ? r : search(0xe0000, 0x20000);
}

void __init acpi_init(const void *rsdp, u32 size)
{
    const struct acpi_rsdp *r = size >= 20 ? rsdp : find_rsdp();

    for (u32 i = 0; i < ARRAY_SIZE(acpi_info.isa); i++)
        acpi_info.isa[i].gsi = i;
    if (r && r->revision >= 2 && (size >= sizeof(*r) || size < 20) && r->xsdt)
        read_root(r->xsdt, 8);
    else if (r)
        read_root(r->rsdt, 4);
    if (!acpi_info.cpu_count) {
        printk(PRINT_WARNING, "mews: no ACPI tables: one CPU, no power off\n");
        acpi_info.cpu_count = 1;
    }
    if (!acpi_info.ioapic_count) {
        acpi_info.ioapic[0].address = 0xfec00000;
        acpi_info.ioapic_count = 1;
    }
}
