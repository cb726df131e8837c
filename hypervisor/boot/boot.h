/* SPDX-License-Identifier: MIT */
/*
 * What the loader left us, in one form whichever loader it was, and the steps of start-up.
 */
#ifndef BOOT_BOOT_H
#define BOOT_BOOT_H

#include "lib/types.h"

struct boot_module {
    maddr_t start;
    u64 size;
    const char *string; /* its command line */
};

struct boot_range {
    maddr_t start;
    u64 size;
    u32 type; /* E820 types: 1 RAM, 2 reserved, 3 ACPI, 4 NVS, 5 unusable */
};

struct boot_info {
    const char *command_line;
    const char *loader;
    struct boot_range map[128];
    u32 map_count;
    struct boot_module module[8];
    u32 module_count;
    u8 rsdp_copy[36]; /* the loader's copy of the ACPI root pointer */
    u32 rsdp_copied;  /* bytes of it; 0: look for it */
};

extern struct boot_info boot_info;
/* boot/multiboot.c: fills boot_info. magic and address as the loader left them in eax and ebx; the boot page tables are
 * in use. */
void multiboot_read(u32 magic, u32 address);
/* What follows the file's name, which stands first by all loaders (QEMU, GRUB legacy) but GRUB 2. */
const char *boot_words(const char *string);

enum tsc_trust { TSC_AS_CPU, TSC_STABLE, TSC_UNSTABLE };

/* Options by Xen's names (boot/options.c), parsed once. All are numbers, those that say yes or no too. */
struct boot_options {
    u64 dom0_mem;             /* bytes; 0: all but a reserve */
    u64 dom0_mem_max;
    u64 dom0_max_vcpus;
    u64 com1_baud;            /* 0: leave as it is */
    u64 console_com1;
    u64 loglvl, guest_loglvl; /* enum print_level */
    u64 noreboot;
    u64 smap, smep;           /* default yes: used where the CPU has them */
    u64 max_cpus;
    u64 mem_limit;            /* mem=: ignore RAM above */
    u64 tsc;                  /* enum tsc_trust */
};
extern struct boot_options boot_options;
void boot_options_parse(const char *command_line);

/* boot/steps.c: the list of steps, from the 64-bit entry to the first guest. Called by start.S with what
 * the loader left in eax and ebx. */
void boot_main(u32 magic, u32 info) __noreturn;
/* boot/dom0.c: builds dom0 from module 0 (kernel, ELF64) and module 1 (initramfs). */
void boot_dom0(void);

/* boot/shutdown.c: ends the machine. With noreboot: halts instead of rebooting. */
void machine_reboot(void) __noreturn;
/* What dom0 wants in the PM1 control registers to switch off (XENPF_enter_acpi_sleep). */
void machine_set_sleep_values(u16 a, u16 b);
/* By those values if dom0 gave them, else halts. */
void machine_poweroff(void) __noreturn;
void machine_halt(void) __noreturn;

#endif
