/* SPDX-License-Identifier: MIT */
/*
 * Local APIC, see apic.h. Registers are named by their xAPIC offset; in x2APIC mode the same number
 * divided by 16 gives the MSR.
 */
#include "cpu/apic.h"

#include "cpu/asm.h"
#include "cpu/clock.h"
#include "cpu/features.h"
#include "cpu/irq.h"
#include "cpu/msr.h"
#include "lib/print.h"
#include "memory/device_map.h"

#define APIC_ID 0x020
#define APIC_TPR 0x080
#define APIC_EOI 0x0b0
#define APIC_SPURIOUS 0x0f0
#define APIC_ICR 0x300
#define APIC_ICR_HIGH 0x310
#define APIC_LVT_TIMER 0x320
#define APIC_LVT_LINT0 0x350
#define APIC_LVT_LINT1 0x360
#define APIC_LVT_ERROR 0x370
#define APIC_TIMER_INITIAL 0x380
#define APIC_TIMER_CURRENT 0x390
#define APIC_TIMER_DIVIDE 0x3e0

#define BASE_X2APIC 0x400
#define BASE_ENABLED 0x800
#define LVT_MASKED 0x10000
#define LVT_NMI 0x400
#define TIMER_DEADLINE_MODE 0x40000
#define ICR_BUSY 0x1000
#define DIVIDE_BY_1 0xb
#define CALIBRATE_NS 2000000ull
#define CALIBRATE_ROUNDS 8

static volatile u32 *page;
static bool x2apic;
static u64 timer_khz; /* 0: by TSC deadline */

static u32 apic_read(u32 reg)
{
    return x2apic ? (u32)rdmsr(MSR_X2APIC_FIRST + (reg >> 4)) : page[reg / 4];
}

static void apic_write(u32 reg, u32 value)
{
    if (x2apic)
        wrmsr(MSR_X2APIC_FIRST + (reg >> 4), value);
    else
        page[reg / 4] = value;
}

maddr_t apic_base(void)
{
    return rdmsr(MSR_APIC_BASE) & 0xffffff000ull;
}

u32 apic_id(void)
{
    u32 id = apic_read(APIC_ID);

    return x2apic ? id : id >> 24;
}

void apic_eoi(void)
{
    apic_write(APIC_EOI, 0);
}

void apic_enable_cpu(void)
{
    u64 base = rdmsr(MSR_APIC_BASE) | BASE_ENABLED;

    wrmsr(MSR_APIC_BASE, x2apic ? base | BASE_X2APIC : base);
    apic_write(APIC_LVT_TIMER, LVT_MASKED | VECTOR_TIMER);
    apic_write(APIC_LVT_LINT0, LVT_MASKED);
    apic_write(APIC_LVT_LINT1, LVT_NMI);
    apic_write(APIC_LVT_ERROR, LVT_MASKED);
    apic_write(APIC_TPR, 0);
    apic_write(APIC_SPURIOUS, 0x100 | VECTOR_SPURIOUS);
    apic_write(APIC_TIMER_DIVIDE, DIVIDE_BY_1);
    apic_write(APIC_LVT_TIMER, timer_khz ? VECTOR_TIMER : TIMER_DEADLINE_MODE | VECTOR_TIMER);
}

/* The timer's counts a millisecond, from the round in which the least time passed around start and end. */
static u64 calibrate(void)
{
    u64 least = ~0ull, khz = 0;

    apic_write(APIC_LVT_TIMER, LVT_MASKED | VECTOR_TIMER);
    apic_write(APIC_TIMER_DIVIDE, DIVIDE_BY_1);
    for (u32 i = 0; i < CALIBRATE_ROUNDS; i++) {
        u64 start = now_ns(), started, end, ended;
        u32 count;

        apic_write(APIC_TIMER_INITIAL, ~0u);
        started = now_ns();
        do
            end = now_ns();
        while (end - started < CALIBRATE_NS);
        count = ~0u - apic_read(APIC_TIMER_CURRENT);
        ended = now_ns();
        if (started - start + ended - end >= least)
            continue;
        least = started - start + ended - end;
        khz = count * 1000000ull / ((end + ended - start - started) / 2);
    }
    apic_write(APIC_TIMER_INITIAL, 0);
    return khz;
}

void __init apic_init(void)
{
    u64 base = rdmsr(MSR_APIC_BASE);

    x2apic = cpu_features.x2apic && (base & BASE_X2APIC);
    if (!x2apic) {
        page = device_map(apic_base(), PAGE_SIZE, true);
        if (!page)
            panic("no room to map the local APIC");
    }
    wrmsr(MSR_APIC_BASE, base | BASE_ENABLED);
    apic_write(APIC_SPURIOUS, 0x100 | VECTOR_SPURIOUS);
    if (!cpu_features.tsc_deadline) {
        timer_khz = calibrate();
        if (!timer_khz)
            panic("the local APIC's timer does not run");
    }
    apic_enable_cpu();
    printk(PRINT_INFO, "mews: apic: id %u%s, timer at %lu kHz (0: TSC deadline)\n", apic_id(),
           x2apic ? ", x2APIC" : "", timer_khz);
}

void apic_send(u32 target, u32 command)
{
    u32 patience = 1000000;

    if (x2apic) {
        barrier();
        __asm__ volatile("mfence; lfence" : : : "memory"); /* WRMSR to the ICR orders nothing */
        wrmsr(MSR_X2APIC_FIRST + (APIC_ICR >> 4), (u64)target << 32 | command);
        return;
    }
    while ((apic_read(APIC_ICR) & ICR_BUSY) && --patience)
        cpu_pause();
    apic_write(APIC_ICR_HIGH, target << 24);
    apic_write(APIC_ICR, command);
}

void apic_timer_program(u64 deadline)
{
    u64 now, count = 0;

    if (!timer_khz) {
        wrmsr(MSR_TSC_DEADLINE, deadline ? MAX(clock_ns_to_tsc(deadline), 1ull) : 0);
        return;
    }
    if (deadline) {
        now = now_ns();
        count = deadline > now ? MIN(deadline - now, 1000000000ull) * timer_khz / 1000000 + 1 : 1;
    }
    apic_write(APIC_TIMER_INITIAL, (u32)MIN(count, 0xffffffffull));
}
