/* SPDX-License-Identifier: MIT */
/*
 * GDT page 14, TSS and IDT, see descriptor.h. A GDT page belongs to one CPU; guests' own pages stand
 * before it in the CPU's window (pv/descriptor.h), ring 0's selectors mean the same whoever runs.
 */
#include "cpu/descriptor.h"

#include <public/arch-x86_64.h>

#include "cpu/asm.h"
#include "cpu/percpu.h"
#include "entry/entry.h"
#include "entry/gates.h"
#include "memory/layout.h"

#define GDT_LIMIT (FIRST_RESERVED_GDT_BYTE + 0xfff)
#define WINDOW_BYTES (32 * PAGE_SIZE)
#define LDT_WINDOW (16 * PAGE_SIZE)

#define CODE64_RING0 0x00af9b000000ffffull
#define CODE32_RING0 0x00cf9b000000ffffull
#define DATA_RING0 0x00cf93000000ffffull
#define CODE32_RING3 0x00cffb000000ffffull
#define DATA_RING3 0x00cff3000000ffffull
#define CODE64_RING3 0x00affb000000ffffull
#define TYPE_LDT 0x82ull
#define TYPE_TSS 0x89ull
#define TYPE_INTERRUPT_GATE 0x8e

struct idt_entry {
    u16 offset_low, selector;
    u8 ist, type;
    u16 offset_middle;
    u32 offset_high, reserved;
};

struct table_register {
    u16 limit;
    u64 base;
} __packed;

static struct idt_entry idt[256] __aligned(4096);

static u64 *slot(u64 *page, u16 selector)
{
    return &page[((u32)(selector & ~7) - FIRST_RESERVED_GDT_BYTE) / 8];
}

static void set_system(u64 *page, u16 selector, u64 type, u64 base, u64 limit)
{
    u64 *s = slot(page, selector);

    s[1] = base >> 32;
    s[0] = (limit & 0xffff) | (base & 0xffffff) << 16 | type << 40 | (limit & 0xf0000) << 32 |
           (base & 0xff000000) << 32;
}

void __init descriptor_fill_idt(const struct gate_spec *gates)
{
    for (u32 i = 0; i < 256; i++)
        idt[i] = (struct idt_entry){
            .offset_low = (u16)gates[i].entry,
            .offset_middle = (u16)(gates[i].entry >> 16),
            .offset_high = (u32)(gates[i].entry >> 32),
            .selector = HV_CS,
            .ist = gates[i].ist,
            .type = (u8)(TYPE_INTERRUPT_GATE | gates[i].dpl << 5),
        };
}

void descriptor_prepare(struct cpu *c, u64 *gdt_page, struct tss *tss)
{
    u64 block = (u64)c & ~(u64)(CPU_BLOCK_SIZE - 1);

    c->gdt = gdt_page;
    c->tss = tss;
    *slot(gdt_page, HV_CS) = CODE64_RING0;
    *slot(gdt_page, HV_DS) = DATA_RING0;
    *slot(gdt_page, FLAT_RING3_CS32) = CODE32_RING3;
    *slot(gdt_page, FLAT_RING3_DS32) = DATA_RING3;
    *slot(gdt_page, FLAT_RING3_CS64) = CODE64_RING3;
    *slot(gdt_page, 0xe038) = CODE32_RING0;
    tss->rsp[0] = entry_stack_top(c);
    /* stacks grow down: each ends where the next page of the block begins */
    tss->ist[IST_NMI - 1] = block + 2 * PAGE_SIZE;
    tss->ist[IST_DOUBLE_FAULT - 1] = block + 3 * PAGE_SIZE;
    tss->ist[IST_MACHINE_CHECK - 1] = block + 4 * PAGE_SIZE;
    tss->io_map = sizeof(*tss); /* no port is open to ring 3 */
}

u64 cpu_window(u32 id)
{
    return CPU_WINDOW_START + id * WINDOW_BYTES;
}

void descriptor_load(struct cpu *c, u64 gdt_base)
{
    struct table_register gdtr = {GDT_LIMIT, gdt_base}, idtr = {sizeof(idt) - 1, (u64)idt};

    __asm__ volatile("lgdt %0" : : "m"(gdtr));
    __asm__ volatile("lidt %0" : : "m"(idtr));
    __asm__ volatile("pushq %0\n\tleaq 1f(%%rip), %%rax\n\tpushq %%rax\n\tlretq\n1:"
                     :
                     : "i"(HV_CS)
                     : "rax", "memory");
    /* data segments hold nothing of ours: null, but SS, which a far return checks */
    __asm__ volatile("mov %0, %%ds; mov %0, %%es; mov %0, %%fs; mov %0, %%gs" : : "r"(0));
    __asm__ volatile("mov %0, %%ss" : : "r"(HV_DS));
    set_system(c->gdt, HV_TSS, TYPE_TSS, (u64)c->tss, sizeof(struct tss) - 1);
    __asm__ volatile("ltr %0" : : "r"((u16)HV_TSS));
    load_ldt(0);
}

void descriptor_set_ldt_register(struct cpu *c, u32 entries)
{
    if (!entries) {
        load_ldt(0);
        return;
    }
    set_system(c->gdt, HV_LDT, TYPE_LDT, cpu_window(c->id) + LDT_WINDOW, entries * 8 - 1);
    load_ldt(HV_LDT);
}
