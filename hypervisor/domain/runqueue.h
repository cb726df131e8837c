/* SPDX-License-Identifier: MIT */
/*
 * A CPU's queue of vcpus that want to run, in the order of virtual time, and what CPUs tell one another so that
 * nobody waits beside an idle CPU, nor beside one whose guest has had more. Private to the scheduler: sched.c decides
 * who runs when, this file in what order and where.
 *
 * Virtual times are comparable everywhere: a CPU's `floor` (the slowest there) is at most SPREAD_NS behind the floor that
 * is farthest ahead; a CPU that falls farther behind has all its vcpus moved up together. So who shares no CPU with
 * others (pinned, or fewer vcpus than CPUs) can run ahead without anyone owing it, or it owing anyone, more than that.
 * All comparisons are of differences, as virtual time may wrap.
 */
#ifndef DOMAIN_RUNQUEUE_H
#define DOMAIN_RUNQUEUE_H

#include "cpu/lock.h"
#include "cpu/timer.h"
#include "domain/domain.h"

#define PREEMPT_NS 500000ull             /* virtual: a waker must be that far behind the running one to stop it */
#define VIRTUAL_DEBT_MAX (1ll << 36) /* nobody waits longer for the others to catch up: a minute, virtual */

struct sched_cpu {
    spinlock_t lock;
    struct vcpu *first;   /* ascending virtual time */
    struct vcpu *current; /* whose time is being counted, or who is left loaded while idling; NULL: nobody */
    u64 floor;            /* virtual time that the slowest here has reached; never falls */
    u64 began;            /* when the current one came, or the CPU last stopped idling */
    u64 looked_at;        /* when this CPU last looked around though it had work */
    struct timer slice;
    u32 id;
    /* What other CPUs go by, without the lock: hints, looked at again before anything is done about them. */
    volatile bool idling;
    volatile bool look;         /* asked to look for someone who waits elsewhere */
    volatile u32 waiting;       /* the queue's length */
    volatile u64 head_virtual;  /* how far the first of it is */
    volatile u64 offer_virtual; /* how far the first is who may leave */
    volatile u64 offer_hard, offer_soft; /* CPUs that this one may run on, and would like to; 0: nobody may leave */
    volatile u64 run_virtual, run_since, run_rate; /* how far the running one was, when; virtual ns in 1,024 ns since */
};

/* > 0: a is ahead of b */
static inline s64 virtual_ahead(u64 a, u64 b)
{
    return (s64)(a - b);
}

/* s's lock held, for all of these. */
void runqueue_insert(struct sched_cpu *s, struct vcpu *v);
void runqueue_remove(struct sched_cpu *s, struct vcpu *v);
/* Counts the time that s->current ran. Any CPU may do it, so `now` may be a little behind. */
void runqueue_charge(struct sched_cpu *s, u64 now);
/* Tells the other CPUs what is there. Before the lock is let go after changes. */
void runqueue_publish(struct sched_cpu *s, u64 now);
/* v, which is not queued, comes from sleep, or from another CPU's queue. */
void runqueue_place(struct sched_cpu *s, struct vcpu *v, bool slept);

/* No lock held. Brings someone who waits elsewhere to this CPU's queue: anyone if it has nobody (idle), else one who is
 * behind all who are here. False: there was none. */
bool runqueue_pull(struct sched_cpu *s, u64 now, bool idle);
/* No lock held. If someone waits in s who could run elsewhere sooner: has that CPU come and fetch. idle: only one that
 * has nothing to do. */
void runqueue_offer(struct sched_cpu *s, bool idle);
/* Where v, which wakes and whose own CPU is busy, should go: to an idle CPU that it may use, those of its soft affinity
 * first; else to its own, if it would run there at once; else where it would. */
u32 runqueue_best_cpu(const struct vcpu *v);

#endif
