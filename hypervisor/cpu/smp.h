/* SPDX-License-Identifier: MIT */
/*
 * Other CPUs: bring-up, and the few requests CPUs make of one another. Ring 0 runs with interrupts
 * off, so a request is a bit in the other CPU's mailbox plus an IPI; a CPU sees it when it next takes
 * interrupts or when it waits for a lock (smp_poll).
 */
#ifndef CPU_SMP_H
#define CPU_SMP_H

#include "lib/types.h"

/* Starts the application processors the ACPI tables name, up to MAX_CPUS. */
extern u32 smp_max_cpus; /* at most so many run: the option maxcpus */
void smp_start_cpus(void);
/* Makes CPU `cpu` reschedule soon; or only look at its guest's events. */
void smp_send_resched(u32 cpu);
void smp_send_event(u32 cpu);
/* A bit for each CPU that runs. */
u64 smp_online_mask(void);
/* Runs fn(arg) on each CPU in `mask` (this one included) and waits for all. fn must be short, take no
 * lock, make no call of its own and end no reference: it runs wherever its CPU waits. Used for TLB flushes; safe while
 * holding locks of rank below RANK_TLB. */
void smp_call(u64 mask, void (*fn)(void *arg), void *arg);
/* Returns when each CPU has been, since the call, where it answers calls: in a guest, idle, waiting for a lock or for
 * other CPUs, or in a window for interrupts. What another CPU read before, and uses up to its next such place, it has
 * done with. Same limits as smp_call(). */
void smp_wait_all(void);
/* Answers pending requests; called by the IPI's handler and by waiters. */
void smp_poll(void);
/* Stops all other CPUs (panic, reboot). */
void smp_stop_others(void);

#endif
