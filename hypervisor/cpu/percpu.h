/* SPDX-License-Identifier: MIT */
/*
 * One block a CPU: its stacks and its own data, 32 KiB, aligned to its size, so that any stack
 * pointer of this CPU leads to its data. Layout from the bottom: guard page (not mapped writable in
 * debug builds), NMI, double-fault and machine-check stacks (4 KiB each), main stack, struct cpu at
 * the very top. The guest's registers lie at the top of the main stack, just below struct cpu: entry
 * stubs push them there, and the way back to a guest pops them from there.
 *
 * Ring 0 runs with interrupts off, always, except in the idle loop and in cpu_irq_window(). So
 * nothing needs interrupt-safe locks, and an interrupt handler runs with no lock of its CPU held.
 */
#ifndef CPU_PERCPU_H
#define CPU_PERCPU_H

#include <public/arch-x86_64.h>

#include "lib/types.h"

#define CPU_BLOCK_SIZE 32768
#define MAX_CPUS 64

struct vcpu;
struct timer_queue;
struct sched_cpu;

struct cpu {
    struct vcpu *current;      /* the vcpu whose state is loaded; never NULL after boot: idle has one */
    u32 id;                    /* 0.. in the order of bring-up */
    u32 apic_id;
    volatile bool need_resched; /* looked at on each way back to a guest */
    bool online;
    u32 lock_rank, lock_second; /* debug builds: a bit for each rank held, and held twice (cpu/lock.h) */
    struct timer_queue *timers; /* cpu/timer.c */
    struct sched_cpu *sched;   /* domain/sched.c */
    struct vcpu *idle;         /* this CPU's idle vcpu */
    struct vcpu *fpu_owner;    /* whose FPU state is in the registers, or NULL */
    void *tss;                 /* entry/ and cpu/descriptor.c */
    u64 *gdt;                  /* ring 0's own page of the GDT: page 14 of the window */
    u64 *window_l1;            /* the 32 L1 entries of this CPU's window (memory/layout.h) */
    u64 cr3;                   /* the value loaded */
    u32 tsc_aux;               /* MSR_TSC_AUX as it is loaded */
    u64 idle_ns, idle_since;   /* idle in all, without the stretch that began at idle_since (0: not idle) */
    u64 syscall_rsp;           /* scratch of the syscall stub */
};

static inline struct cpu *this_cpu(void)
{
    u64 sp;

    __asm__("mov %%rsp, %0" : "=r"(sp));
    return (struct cpu *)((sp | (CPU_BLOCK_SIZE - 1)) + 1 - ROUND_UP(sizeof(struct cpu), 64ul));
}

/* The running guest's registers as saved at entry. Valid between an entry from a guest and the way
 * back; not in the idle loop. es, ds, fs, gs are filled only by context switches and by
 * vcpu_save_segments() (pv/). */
static inline struct cpu_user_regs *guest_regs(void)
{
    return (struct cpu_user_regs *)this_cpu() - 1;
}

static inline struct vcpu *current_vcpu(void)
{
    return this_cpu()->current;
}

/* cpus[i]: struct cpu of CPU i, or NULL. cpu_count: how many are online. */
extern struct cpu *cpus[MAX_CPUS];
extern u32 cpu_count;

#endif
