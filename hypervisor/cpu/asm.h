/* SPDX-License-Identifier: MIT */
/*
 * Instructions that C has no words for. One line each; nothing here may decide anything.
 */
#ifndef CPU_ASM_H
#define CPU_ASM_H

#include "lib/types.h"

struct cpuid_regs {
    u32 a, b, c, d;
};

static inline struct cpuid_regs cpuid(u32 leaf, u32 subleaf)
{
    struct cpuid_regs r;

    __asm__ volatile("cpuid" : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d) : "0"(leaf), "2"(subleaf));
    return r;
}

static inline u64 rdmsr(u32 msr)
{
    u32 low, high;

    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return (u64)high << 32 | low;
}

static inline void wrmsr(u32 msr, u64 value)
{
    __asm__ volatile("wrmsr" : : "c"(msr), "a"((u32)value), "d"((u32)(value >> 32)) : "memory");
}

static inline u64 rdtsc(void)
{
    u32 low, high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (u64)high << 32 | low;
}

#define DEFINE_PORT_IO(suffix, type, reg)                                                          \
    static inline type in##suffix(u16 port)                                                        \
    {                                                                                              \
        type value;                                                                                \
                                                                                                   \
        __asm__ volatile("in" #suffix " %1, %0" : "=a"(value) : "Nd"(port));                       \
        return value;                                                                              \
    }                                                                                              \
    static inline void out##suffix(u16 port, type value)                                           \
    {                                                                                              \
        __asm__ volatile("out" #suffix " %0, %1" : : "a"(value), "Nd"(port));                      \
    }
DEFINE_PORT_IO(b, u8, al)
DEFINE_PORT_IO(w, u16, ax)
DEFINE_PORT_IO(l, u32, eax)

static inline u32 port_read(u16 port, u32 size)
{
    return size == 1 ? inb(port) : size == 2 ? inw(port) : inl(port);
}

static inline void port_write(u16 port, u32 size, u32 value)
{
    if (size == 1)
        outb(port, (u8)value);
    else if (size == 2)
        outw(port, (u16)value);
    else
        outl(port, value);
}

#define DEFINE_CONTROL_REGISTER(name)                                                              \
    static inline u64 read_##name(void)                                                            \
    {                                                                                              \
        u64 value;                                                                                 \
                                                                                                   \
        __asm__ volatile("mov %%" #name ", %0" : "=r"(value));                                     \
        return value;                                                                              \
    }                                                                                              \
    static inline void write_##name(u64 value)                                                     \
    {                                                                                              \
        __asm__ volatile("mov %0, %%" #name : : "r"(value) : "memory");                            \
    }
DEFINE_CONTROL_REGISTER(cr0)
DEFINE_CONTROL_REGISTER(cr2)
DEFINE_CONTROL_REGISTER(cr3)
DEFINE_CONTROL_REGISTER(cr4)

static inline void invlpg(u64 address)
{
    __asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
}

static inline void cpu_pause(void)
{
    __asm__ volatile("pause" : : : "memory");
}

static inline void irq_enable(void)
{
    __asm__ volatile("sti" : : : "memory");
}

static inline void irq_disable(void)
{
    __asm__ volatile("cli" : : : "memory");
}

/* Waits for an interrupt without a gap between letting them in and halting; then shuts them out again. */
static inline void cpu_halt_once(void)
{
    __asm__ volatile("sti; hlt; cli" : : : "memory");
}

static inline void clear_ts(void)
{
    __asm__ volatile("clts" : : : "memory");
}

static inline void swap_gs(void)
{
    __asm__ volatile("swapgs" : : : "memory");
}

static inline void load_ldt(u16 selector)
{
    __asm__ volatile("lldt %0" : : "r"(selector));
}

static inline u64 xgetbv(u32 index)
{
    u32 low, high;

    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(index));
    return (u64)high << 32 | low;
}

static inline void xsetbv(u32 index, u64 value)
{
    __asm__ volatile("xsetbv" : : "c"(index), "a"((u32)value), "d"((u32)(value >> 32)));
}

#endif
