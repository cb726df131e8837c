/* SPDX-License-Identifier: MIT */
/*
 * What a domain is due of the CPUs: a weight and a cap, the domain's whatever the number of its vcpus.
 *
 * Weight: run time is counted in virtual time, which passes for each vcpu the faster the smaller its domain's weight
 * and the more vcpus of the domain run or want to; the scheduler keeps virtual times together.
 * Cap: a budget, drawn on by all the domain's vcpus and refilled every CAP_PERIOD_NS while any of them wants to
 * run. What was overdrawn is missing from the next refill, so the cap is exact over time. A vcpu that finds the budget
 * spent is parked until then. Weight and cap as in public/domctl.h for the credit2 scheduler.
 */
#ifndef DOMAIN_SHARE_H
#define DOMAIN_SHARE_H

#include "cpu/timer.h"
#include "lib/types.h"

struct domain;
struct vcpu;

#define SHARE_WEIGHT 256u       /* whose virtual time is real time, for one vcpu */
#define SHARE_DOM0_WEIGHT 2048u /* the toolstack and the backends work for everybody */
#define CAP_PERIOD_NS 10000000ull

struct domain_share {
    u16 weight;
    u16 cap;                 /* hundredths of a CPU; 0: none */
    u32 rate;                /* virtual ns in a ns, times 2^16, where one vcpu is ready */
    volatile u32 ready;      /* vcpus that run or want to */
    volatile s64 budget_ns;  /* may be below 0 */
    u64 refilled_at;
    volatile bool refilling; /* the timer is set, or being set */
    struct timer refill;
};

void share_domain_init(struct domain *d, u16 weight);
/* weight > 0. d's control lock held, no other lock. */
void share_set(struct domain *d, u16 weight, u16 cap);

/* Real to virtual time for one of d's vcpus, and back. */
u64 share_virtual(const struct domain *d, u64 ns);
u64 share_real(const struct domain *d, u64 virtual_ns);

/* A vcpu of d begins to run: its slice, shortened to what the cap leaves. A queue's lock held. */
u64 share_begin(struct domain *d, u64 slice, u64 now);
/* It ran. */
static inline void share_spend(struct domain_share *s, u64 ns)
{
    if (unlikely(s->cap))
        __atomic_sub_fetch(&s->budget_ns, (s64)ns, __ATOMIC_RELAXED);
}
/* True: the budget is spent and v waits for the refill, which wakes it. v's queue's lock held. */
bool share_park(struct vcpu *v);

#endif
