/* SPDX-License-Identifier: MIT */
/*
 * System time from the TSC. It is calibrated against the PM timer: both are read close together at two
 * moments, so that it does no harm when the machine (itself a guest, often) is stopped in between. Where
 * there is no PM timer the PIT's channel 2 counts an interval down; a stop makes that longer, never
 * shorter, so the shortest of several counts.
 */
#include "cpu/clock.h"

#include "cpu/asm.h"
#include "cpu/lock.h"
#include "device/acpi.h"
#include "device/rtc.h"
#include "lib/print.h"

#define PIT_HZ 1193182ull
#define PIT_COUNT 11932u /* 10 ms */
#define PIT_CHANNEL2 0x42
#define PIT_COMMAND 0x43
#define PIT_GATE 0x61
#define PM_TIMER_HZ 3579545ull
#define PM_TIMER_MASK 0xffffffull
#define PM_TIMER_COUNT 178977u /* 50 ms */
#define SAMPLE_TRIES 16
#define ROUNDS 5
#define PATIENCE 10000000u

struct clock_scale clock_scale;

static bool torn; /* a CPU read less than another one had before */
static u64 wall_sec;
static u32 wall_nsec;
static spinlock_t wall_lock = SPINLOCK_INIT(RANK_CONSOLE);

/* TSC ticks of PIT_COUNT periods; 0: no PIT. */
static u64 measure_pit(void)
{
    u8 gate = (u8)(inb(PIT_GATE) & ~3);
    u32 patience = PATIENCE;
    u64 start;

    outb(PIT_GATE, gate);
    outb(PIT_COMMAND, 0xb0); /* channel 2, both bytes, mode 0: OUT rises when the count is over */
    outb(PIT_CHANNEL2, PIT_COUNT & 0xff);
    outb(PIT_CHANNEL2, PIT_COUNT >> 8);
    start = rdtsc();
    outb(PIT_GATE, gate | 1);
    while (!(inb(PIT_GATE) & 0x20))
        if (!--patience)
            return 0;
    return rdtsc() - start;
}

struct sample {
    u64 tsc, count;
};

/* The PM timer and the TSC at one moment: the try of which the least time passed around the reading. */
static struct sample sample_pm_timer(void)
{
    struct sample best = {0, 0};
    u64 least = ~0ull;

    for (u32 i = 0; i < SAMPLE_TRIES; i++) {
        u64 before = rdtsc(), count = inl(acpi_info.pm_timer) & PM_TIMER_MASK, after = rdtsc();

        if (after - before >= least)
            continue;
        least = after - before;
        best = (struct sample){before + least / 2, count};
    }
    return best;
}

/* TSC ticks a second; 0: no PM timer, or one that stands still. */
static u64 hz_by_pm_timer(void)
{
    struct sample first, last;
    u32 patience = PATIENCE;

    if (!acpi_info.pm_timer)
        return 0;
    first = sample_pm_timer();
    do
        if (!--patience)
            return 0;
    while (((inl(acpi_info.pm_timer) - first.count) & PM_TIMER_MASK) < PM_TIMER_COUNT);
    last = sample_pm_timer();
    return (last.tsc - first.tsc) * PM_TIMER_HZ / ((last.count - first.count) & PM_TIMER_MASK);
}

static u64 hz_by_pit(void)
{
    u64 best = ~0ull;

    for (u32 i = 0; i < ROUNDS; i++) {
        u64 ticks = measure_pit();

        if (!ticks)
            return 0;
        best = MIN(best, ticks);
    }
    return best * PIT_HZ / PIT_COUNT;
}

/* mul_frac and shift for a TSC of hz: the fraction with its top bit set, so all its digits count. */
static void set_scale(u64 hz)
{
    s32 shift = 0;

    while (hz > 2000000000ull) {
        hz >>= 1;
        shift--;
    }
    while (hz <= 1000000000ull) {
        hz <<= 1;
        shift++;
    }
    clock_scale.mul_frac = (u32)((1000000000ull << 32) / hz);
    clock_scale.shift = (s8)shift;
}

void __init clock_init(void)
{
    u64 hz = hz_by_pm_timer();

    if (!hz)
        hz = hz_by_pit();
    if (!hz)
        panic("no clock to measure the CPU's by: neither the PIT nor the ACPI PM timer runs");
    clock_scale.tsc_khz = hz / 1000;
    set_scale(hz);
    clock_scale.tsc_base = rdtsc();
    clock_scale.ns_base = 0;
    wall_sec = rtc_read();
    printk(PRINT_INFO, "mews: clock: TSC at %lu.%03lu MHz\n", hz / 1000000, hz / 1000 % 1000);
}

void clock_compare(void)
{
    static spinlock_t lock = SPINLOCK_INIT(RANK_CONSOLE);
    static u64 last;
    u64 now;

    SPIN_LOCK_BLOCK(&lock);
    __asm__ volatile("lfence" : : : "memory"); /* not before the lock */
    now = rdtsc();
    torn |= now < last;
    last = now;
}

void __init clock_settle(bool constant)
{
    clock_scale.stable = constant && !torn;
    if (constant && torn)
        printk(PRINT_WARNING, "mews: clock: the CPUs' TSCs differ: guests read the time by system calls\n");
}

u64 now_ns(void)
{
    const struct clock_scale *s = &clock_scale;
    u64 ticks = rdtsc() - s->tsc_base;

    /* another CPU's TSC may be a little behind the one that set the base */
    if ((s64)ticks < 0)
        return s->ns_base;
    ticks = s->shift < 0 ? ticks >> -s->shift : ticks << s->shift;
    return s->ns_base + (u64)((unsigned __int128)ticks * s->mul_frac >> 32);
}

u64 clock_ns_to_tsc(u64 deadline_ns)
{
    u64 ns = deadline_ns > clock_scale.ns_base ? deadline_ns - clock_scale.ns_base : 0;

    /* far deadlines only need to be far */
    if (ns > 1ull << 52)
        return ~0ull >> 1;
    return clock_scale.tsc_base + ns / 1000000 * clock_scale.tsc_khz +
           ns % 1000000 * clock_scale.tsc_khz / 1000000;
}

void clock_get_wallclock(u64 *sec, u32 *nsec)
{
    SPIN_LOCK_BLOCK(&wall_lock);
    *sec = wall_sec;
    *nsec = wall_nsec;
}

void clock_set_wallclock(u64 sec, u32 nsec, u64 system_time)
{
    u64 ns = sec * 1000000000 + nsec - system_time;

    SPIN_LOCK_BLOCK(&wall_lock);
    wall_sec = ns / 1000000000;
    wall_nsec = (u32)(ns % 1000000000);
}
