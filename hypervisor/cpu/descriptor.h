/* SPDX-License-Identifier: MIT */
/*
 * Ring 0's own descriptors: the reserved page 14 of every GDT, the TSS of each CPU, and the IDT that all
 * CPUs share. The selectors up to 0xe033 are the ABI's.
 */
#ifndef CPU_DESCRIPTOR_H
#define CPU_DESCRIPTOR_H

#define HV_CS 0xe008
#define HV_DS 0xe010
#define HV_TSS 0xe040
#define HV_LDT 0xe050

#ifndef __ASSEMBLY__
#include "lib/types.h"

struct cpu;
struct gate_spec; /* entry/gates.h */

struct tss {
    u32 reserved0;
    u64 rsp[3];
    u64 reserved1;
    u64 ist[7];
    u64 reserved2;
    u16 reserved3, io_map;
} __packed;

/* Once, before the first trap: fills the IDT from entry/'s table of 256 gates. */
void descriptor_fill_idt(const struct gate_spec *gates);
/* Makes GDT page, TSS of CPU c (its block zeroed but for id), needs no allocator. gdt_page: 4 KiB, zeroed. */
void descriptor_prepare(struct cpu *c, u64 *gdt_page, struct tss *tss);
/* Loads GDT (at gdt_base: address of its page 0), IDT, TSS and segments on the CPU that runs this. */
void descriptor_load(struct cpu *c, u64 gdt_base);
/* The address of CPU id's GDT window (memory/layout.h); its LDT window follows 64 KiB behind. */
u64 cpu_window(u32 id);
/* The LDT descriptor in this CPU's GDT page, and LDTR. entries 0: none. */
void descriptor_set_ldt_register(struct cpu *c, u32 entries);
#endif
#endif
