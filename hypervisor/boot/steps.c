/* SPDX-License-Identifier: MIT */
/*
 * Start-up as a list: each step may rely on those before it and on nothing after. A step that cannot do
 * its work panics with the reason; there is nothing to go back to.
 */
#include "boot/boot.h"
#include "cpu/apic.h"
#include "cpu/clock.h"
#include "cpu/descriptor.h"
#include "cpu/features.h"
#include "cpu/smp.h"
#include "device/acpi.h"
#include "device/ioapic.h"
#include "device/serial.h"
#include "domain/domain.h"
#include "domain/iomem.h"
#include "entry/entry.h"
#include "entry/gates.h"
#include "hypercall/hypercall.h"
#include "lib/print.h"
#include "memory/layout.h"
#include "memory/map.h"

#define RESERVED_GDT_PAGE 14
#define PTE_DATA 0x8000000000000063ull
#define TRAMPOLINE_FRAME 8

static u64 boot_gdt_page[512] __aligned(4096);
static struct tss boot_tss __aligned(128);
static u32 loader_magic __initdata, loader_info __initdata;

static void step_loader(void)
{
    multiboot_read(loader_magic, loader_info);
    boot_options_parse(boot_info.command_line);
    smp_max_cpus = (u32)MIN(MAX(boot_options.max_cpus, 1ull), (u64)MAX_CPUS);
}

static void step_console(void)
{
    bool serial = boot_options.console_com1 && serial_init((u32)boot_options.com1_baud);

    print_setup((enum print_level)boot_options.loglvl, serial ? serial_write : NULL);
    printk(PRINT_INFO, "mews: a hypervisor for 64-bit PV guests\n");
    print_panic_hook = machine_reboot;
}

static void step_cpu(void)
{
    features_read(boot_options.smep, boot_options.smap);
    features_apply();
    printk(PRINT_INFO, "mews: cpu: %s family %u model %u%s%s%s%s\n", cpu_features.vendor,
           cpu_features.family, cpu_features.model, cpu_features.smep ? " smep" : "",
           cpu_features.smap ? " smap" : "", cpu_features.fsgsbase ? " fsgsbase" : "",
           cpu_features.xsave ? " xsave" : "");
}

/* Before the per-CPU windows exist, only page 14 of the GDT does: it is where it is, less fourteen pages. */
static void step_descriptors(void)
{
    descriptor_fill_idt(gate_table);
    descriptor_prepare(this_cpu(), boot_gdt_page, &boot_tss);
    descriptor_load(this_cpu(), (u64)boot_gdt_page - RESERVED_GDT_PAGE * PAGE_SIZE);
}

static void step_window(void)
{
    struct cpu *c = this_cpu();

    c->window_l1 = map_entry(cpu_window(0));
    if (!c->window_l1)
        panic("no memory for a CPU's window");
    c->window_l1[RESERVED_GDT_PAGE] = image_to_maddr(boot_gdt_page) | PTE_DATA;
    descriptor_load(c, cpu_window(0));
}

static void step_acpi(void)
{
    acpi_init(boot_info.rsdp_copy, boot_info.rsdp_copied);
}

static void step_apic(void)
{
    apic_init();
    this_cpu()->apic_id = apic_id();
    this_cpu()->online = true;
}

/* What dom0 must not touch, though it owns the machine: what ring 0 drives. */
static void step_deny(void)
{
    iomem_deny_ports(0x20, 0x21);   /* PIC */
    iomem_deny_ports(0xa0, 0xa1);
    iomem_deny_ports(0x40, 0x43);   /* PIT */
    iomem_deny_ports(0x61, 0x61);
    if (boot_options.console_com1)
        iomem_deny_ports(SERIAL_PORT, SERIAL_PORT + SERIAL_PORTS - 1);
    iomem_deny_frames(TRAMPOLINE_FRAME, TRAMPOLINE_FRAME);
    iomem_deny_frames(apic_base() >> PAGE_SHIFT, apic_base() >> PAGE_SHIFT);
    for (u32 i = 0; i < acpi_info.ioapic_count; i++)
        iomem_deny_frames(acpi_info.ioapic[i].address >> PAGE_SHIFT,
                          acpi_info.ioapic[i].address >> PAGE_SHIFT);
}

static void step_input(void)
{
    if (boot_options.console_com1)
        serial_enable_input(console_receive);
}

/* A CPU says that its TSC runs at one rate, or whoever starts it does, who may know better. */
static void __init step_cpus(void)
{
    smp_start_cpus();
    clock_settle(boot_options.tsc == TSC_AS_CPU ? cpu_features.tsc_invariant : boot_options.tsc == TSC_STABLE);
}

static const struct {
    const char *name;
    void (*run)(void);
} steps[] = {
    {"loader", step_loader},
    {"console", step_console},
    {"cpu", step_cpu},
    {"descriptors", step_descriptors},
    {"memory", map_init},
    {"window", step_window},
    {"acpi", step_acpi},
    {"clock", clock_init},
    {"apic", step_apic},
    {"io-apic", ioapic_init},
    {"entry", entry_init_cpu},
    {"timers", timer_init_cpu},
    {"scheduler", sched_init_cpu},
    {"input", step_input},
    {"deny", step_deny},
    {"cpus", step_cpus},
    {"dom0", boot_dom0},
};

void boot_main(u32 magic, u32 info)
{
    loader_magic = magic;
    loader_info = info;
    cpus[0] = this_cpu();
    for (u32 i = 0; i < ARRAY_SIZE(steps); i++) {
        printk(PRINT_DEBUG, "mews: step %s\n", steps[i].name);
        steps[i].run();
    }
    sched_start();
}
