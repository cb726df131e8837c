/* SPDX-License-Identifier: MIT */
/*
 * Who runs. Each CPU has a run queue of its own, in the order of the vcpus' virtual time: the time they
 * ran, weighed (domain/share.h). Who slept comes back a little before the others, so that a wake for I/O runs at once while a
 * spinner has only its share; one who has just come runs half a millisecond first, or those who wake each other would only
 * change places. CPUs fetch from one another who waits (domain/runqueue.h). No periodic tick: a timer is armed
 * for the end of a slice only when someone else waits or a cap says so. An idle CPU halts, scrubs dirty frames first, and
 * keeps the last vcpu loaded until another one comes.
 */
#ifndef DOMAIN_SCHED_H
#define DOMAIN_SCHED_H

#include "cpu/lock.h"
#include "cpu/timer.h"
#include "lib/types.h"

struct domain;
struct vcpu;

struct vcpu_sched {
    struct vcpu *next, *prev;   /* in the run queue */
    volatile bool queued;
    volatile bool running;      /* its registers are live on v->cpu */
    volatile bool blocked;      /* waits for an event */
    volatile bool down;         /* VCPUOP_down, or not yet up */
    volatile bool parked;       /* its domain's cap is used up: waits for the refill */
    volatile u32 pause_count;
    u64 virtual_ns;             /* run time, weighed; compared by difference */
    u64 slice_start, run_ns;    /* run_ns: all the time it ran, up to slice_start */
    u64 hard_affinity;          /* CPU masks: may run there, would rather run there */
    u64 soft_affinity;
};

void sched_init_cpu(void);             /* makes this CPU's queue and its idle vcpu */
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
void vcpu_unblock(struct vcpu *v);     /* ends a block or a poll */
void vcpu_kick(struct vcpu *v);        /* unblock, or look at your events: it has something new */
/* How long a CPU has been idle since boot, ns. */
u64 sched_idle_ns(u32 cpu);
/* What v may do has changed (its cap, its affinity): its CPU looks at it anew, and counts what it ran so far. */
void vcpu_reconsider(struct vcpu *v);
/* Where v may run, and would rather. -EINVAL: no CPU of the machine in `hard`. */
int vcpu_set_affinity(struct vcpu *v, u64 hard, u64 soft);
/* A consistent view of v's run states for one moment: locks the queue of the CPU it is on. */
spinlock_t *sched_lock_vcpu(struct vcpu *v);
/* Counted; _sync waits until v is off its CPU with its state saved. */
void vcpu_pause_nosync(struct vcpu *v);
void vcpu_pause_sync(struct vcpu *v);
void vcpu_unpause(struct vcpu *v);
/* Saves the state of a vcpu that is not running but still lazily loaded on some CPU (FPU). */
void vcpu_sync_state(struct vcpu *v);
/* The idle loop's end: start running guests on this CPU; never returns. */
void sched_start(void) __attribute__((noreturn));

#endif
