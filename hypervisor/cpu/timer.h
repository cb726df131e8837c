/* SPDX-License-Identifier: MIT */
/*
 * One-shot timers, per CPU, no periodic tick: the local APIC is programmed for the earliest deadline
 * and for nothing when there is none. Handlers run in interrupt context (interrupts off, no lock held).
 */
#ifndef CPU_TIMER_H
#define CPU_TIMER_H

#include "lib/types.h"

struct timer {
    u64 deadline;               /* system time, ns */
    void (*fire)(void *data);
    void *data;
    u32 cpu;                    /* whose queue it is in */
    bool queued;
    struct timer *child, *sibling, *before; /* in the heap; before: parent or left sibling */
};

/* Once per CPU at bring-up. */
void timer_init_cpu(void);
/* CPU: the queue it goes to when set. */
void timer_init(struct timer *t, void (*fire)(void *data), void *data, u32 cpu);
/* (Re)arms; a deadline that has passed fires at the next chance. Any context. Takes no memory, so it cannot
 * fail. */
void timer_set(struct timer *t, u64 deadline);
void timer_stop(struct timer *t);
/* The same, into this CPU's queue from now on. For one who alone sets this timer. */
void timer_set_here(struct timer *t, u64 deadline);
/* Stops it for good: on return its handler does not run and will not. Not from the handler itself. */
void timer_kill(struct timer *t);
bool timer_armed(const struct timer *t);
/* The local APIC timer's interrupt: fires what is due and programs the next. */
void timer_interrupt(void);

#endif
