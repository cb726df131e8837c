/* SPDX-License-Identifier: MIT */
/*
 * Weights and caps (share.h). It must never wake a vcpu with a queue's lock held: the refill runs from a timer, with
 * none.
 */
#include "domain/share.h"

#include "cpu/clock.h"
#include "domain/domain.h"

#define RATE_SHIFT 16
#define CHARGE_MAX_NS 1000000000ull /* who ran longer, uninterrupted, took it from nobody */
#define CAPPED_RUN_MIN_NS 100000ull
#define CAP_PERIODS_KEPT 4 /* as late as a timer may be, on a machine that is itself a guest, without a loss */

static u64 rate_of(const struct domain *d)
{
    u32 ready = d->share.ready;

    return (u64)d->share.rate * (ready ? ready : 1);
}

/* Fits: 2^30 ns, rates up to 2^24, 64 vcpus. */
u64 share_virtual(const struct domain *d, u64 ns)
{
    return MIN(ns, CHARGE_MAX_NS) * rate_of(d) >> RATE_SHIFT;
}

u64 share_real(const struct domain *d, u64 virtual_ns)
{
    return (MIN(virtual_ns, 1ull << 47) << RATE_SHIFT) / rate_of(d);
}

static s64 quota(const struct domain_share *s, u64 ns)
{
    return (s64)(MIN(ns, CHARGE_MAX_NS) * s->cap / 100);
}

/* What has come due since the last time. Leftovers of a few periods are kept, no more. */
static void refill(struct domain_share *s, u64 now)
{
    s64 due = quota(s, now > s->refilled_at ? now - s->refilled_at : 0), most = CAP_PERIODS_KEPT * quota(s, CAP_PERIOD_NS);
    s64 old = s->budget_ns, to;

    do
        to = MIN(old + due, most);
    while (!__atomic_compare_exchange_n(&s->budget_ns, &old, to, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
    s->refilled_at = now;
}

static void unpark(struct domain *d)
{
    for_each_vcpu(v, d)
        if (__atomic_exchange_n(&v->sched.parked, false, __ATOMIC_SEQ_CST))
            vcpu_wake(v);
}

static void refill_due(void *data)
{
    struct domain *d = data;
    struct domain_share *s = &d->share;

    refill(s, now_ns());
    if (s->ready && s->cap)
        timer_set(&s->refill, s->refilled_at + CAP_PERIOD_NS);
    else
        __atomic_store_n(&s->refilling, false, __ATOMIC_SEQ_CST);
    unpark(d);
}

u64 share_begin(struct domain *d, u64 slice, u64 now)
{
    struct domain_share *s = &d->share;
    s64 left;

    if (likely(!s->cap))
        return slice;
    if (!s->refilling && !__atomic_exchange_n(&s->refilling, true, __ATOMIC_SEQ_CST)) {
        refill(s, now);
        timer_set_here(&s->refill, now + CAP_PERIOD_NS);
    }
    left = s->budget_ns / (s64)MAX(s->ready, 1u);
    return MIN(slice, (u64)MAX(left, (s64)CAPPED_RUN_MIN_NS));
}

bool share_park(struct vcpu *v)
{
    const struct domain_share *s = &v->domain->share;

    if (likely(!s->cap) || s->budget_ns > 0 || !s->refilling)
        return false;
    __atomic_store_n(&v->sched.parked, true, __ATOMIC_SEQ_CST);
    /* the refill adds, then looks for who is parked: one of the two sees the other */
    if (s->budget_ns <= 0 && s->cap)
        return true;
    v->sched.parked = false;
    return false;
}

static void reconsider(struct domain *d)
{
    for_each_vcpu(v, d)
        vcpu_reconsider(v);
}

static void weight_set(struct domain_share *s, u16 weight)
{
    s->weight = weight;
    s->rate = (SHARE_WEIGHT << RATE_SHIFT) / weight;
}

void share_set(struct domain *d, u16 weight, u16 cap)
{
    struct domain_share *s = &d->share;

    reconsider(d); /* what they ran until now is counted as it was */
    weight_set(s, weight);
    if (cap != s->cap) {
        s->refilled_at = now_ns();
        s->budget_ns = (s64)CAP_PERIOD_NS * cap / 100;
        __atomic_store_n(&s->cap, cap, __ATOMIC_SEQ_CST);
    }
    unpark(d);
    reconsider(d);
}

void share_domain_init(struct domain *d, u16 weight)
{
    weight_set(&d->share, weight);
    timer_init(&d->share.refill, refill_due, d, 0);
}
