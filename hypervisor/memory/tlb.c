/* SPDX-License-Identifier: MIT */
/*
 * The flush clock and the flushes. `last` of a CPU is the clock's value when it last lost all its
 * entries; a stamp is the clock when a mapping was taken away. A CPU owes a flush where last <= stamp.
 * Loads of CR3 set `last` without advancing the clock, so that they write nothing that CPUs share.
 */
#include "memory/tlb.h"

#include "cpu/asm.h"
#include "cpu/percpu.h"
#include "cpu/smp.h"
#include "memory/map.h"

#define CLOCK_LIMIT 0x8000

static volatile u32 tlb_clock = 1;

u16 tlb_stamp(void)
{
    return (u16)tlb_clock;
}

/* The clock for a CPU that is flushed now: 0, as if it never had been, while the clock stands at its limit. */
static u32 flushed_at(void)
{
    return tlb_clock & (CLOCK_LIMIT - 1);
}

/* At its limit the clock stands, which makes every stamp owe a flush, until clock_restart(). */
static void tlb_clock_advance(void)
{
    u32 now = tlb_clock;

    while (now < CLOCK_LIMIT &&
           !__atomic_compare_exchange_n(&tlb_clock, &now, now + 1, false, __ATOMIC_SEQ_CST,
                                        __ATOMIC_SEQ_CST))
        ;
}

void tlb_flush_local(void)
{
    struct cpu *cpu = this_cpu();

    tlb_clock_advance();
    cpu->tlb_last_flush = flushed_at();
    write_cr3(cpu->cr3);
}

void tlb_load_cr3(u64 cr3)
{
    struct cpu *cpu = this_cpu();

    cpu->cr3 = cr3;
    cpu->tlb_last_flush = flushed_at();
    write_cr3(cr3);
}

void tlb_flush_page_local(u64 address)
{
    invlpg(address);
}

static void flush_here(void *arg)
{
    (void)arg;
    tlb_flush_local();
}

static void flush_page_here(void *arg)
{
    invlpg(*(u64 *)arg);
}

static void restart_here(void *arg)
{
    (void)arg;
    this_cpu()->tlb_last_flush = 0;
    write_cr3(this_cpu()->cr3);
}

static u64 online_mask(void)
{
    return cpu_count >= 64 ? ~0ull : (1ull << cpu_count) - 1;
}

/* Those of a mask that may know addresses of a guest. A CPU with no guest's tables loaded knows none, and when it
 * loads some, by then changed, it begins with an empty TLB. */
static u64 with_guest(u64 mask)
{
    u64 busy = 0;

    for (u32 i = 0; i < cpu_count; i++)
        if (ACCESS_ONCE(cpus[i]->cr3) != idle_cr3)
            busy |= 1ull << i;
    return mask & busy;
}

void tlb_flush_mask(u64 cpu_mask)
{
    u64 self = 1ull << this_cpu()->id;

    if (cpu_mask & ~self)
        cpu_mask = with_guest(cpu_mask);
    if (unlikely(cpu_mask & ~self))
        smp_call(cpu_mask, flush_here, NULL);
    else if (cpu_mask & self)
        tlb_flush_local();
}

void tlb_flush_page_mask(u64 cpu_mask, u64 address)
{
    u64 self = 1ull << this_cpu()->id;

    if (cpu_mask & ~self)
        cpu_mask = with_guest(cpu_mask);
    if (unlikely(cpu_mask & ~self))
        smp_call(cpu_mask, flush_page_here, &address);
    else if (cpu_mask & self)
        tlb_flush_page_local(address);
}

/* Every CPU is flushed while the clock still stands, so that a mapping taken away meanwhile owes one more; then the
 * clock begins anew. Old stamps look newer than they are, which costs a flush and no more. */
static void clock_restart(void)
{
    smp_call(online_mask(), restart_here, NULL);
    tlb_clock = 1;
}

void tlb_flush_stamped(u64 cpu_mask, u16 stamp)
{
    u64 owing = 0;

    if (tlb_clock >= CLOCK_LIMIT) {
        clock_restart();
        return;
    }
    for (u32 i = 0; i < cpu_count; i++)
        if (cpus[i]->tlb_last_flush <= stamp)
            owing |= 1ull << i;
    tlb_flush_mask(cpu_mask & owing);
}
