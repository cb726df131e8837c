/* SPDX-License-Identifier: MIT */
/*
 * Who runs. Each CPU has a run queue of its own; vcpus have weight and cap (credit style) and are
 * boosted for a short while when they wake for I/O. No periodic tick: a timer is armed for the end of a
 * slice only when someone else waits. An idle CPU halts (and scrubs dirty frames first).
 */
#ifndef DOMAIN_SCHED_H
#define DOMAIN_SCHED_H

#include "lib/types.h"

struct domain;
struct vcpu;

struct vcpu_sched {
    struct vcpu *next, *prev;   /* in the run queue */
    volatile bool queued;
    volatile bool running;      /* its registers are live on v->cpu */
    volatile bool blocked;      /* waits for an event */
    volatile bool down;         /* VCPUOP_down, or not yet up */
    u32 pause_count;
    s64 credit;
    u64 slice_start, last_wake, run_ns;
    u64 hard_affinity, soft_affinity; /* CPU masks */
    bool boosted;
};

struct domain_sched {
    u32 weight;  /* default 256 */
    u32 cap;     /* hundredths of a CPU, 0: none */
};

void sched_init_cpu(void);             /* makes this CPU's queue and its idle vcpu */
void sched_domain_init(struct domain *d);
void sched_vcpu_init(struct vcpu *v);
void sched_vcpu_destroy(struct vcpu *v);
bool vcpu_runnable(const struct vcpu *v);

/* Called on the way back to a guest when need_resched is set: returns with the guest to run loaded (this may be
 * after a long idle). Only entry/ calls it. */
void schedule(void);
/* v waits for an event (returns at once if one is pending). Its CPU reschedules on the way out. */
void vcpu_block(struct vcpu *v);
void vcpu_yield(struct vcpu *v);
void vcpu_wake(struct vcpu *v);        /* something changed: runnable now? any context */
/* Counted; _sync waits until v is off its CPU with its state saved. */
void vcpu_pause_nosync(struct vcpu *v);
void vcpu_pause_sync(struct vcpu *v);
void vcpu_unpause(struct vcpu *v);
/* Saves the state of a vcpu that is not running but still lazily loaded on some CPU (FPU). */
void vcpu_sync_state(struct vcpu *v);
/* The idle loop's end: start running guests on this CPU; never returns. */
void sched_start(void) __attribute__((noreturn));

#endif
