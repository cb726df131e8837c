/* SPDX-License-Identifier: MIT */
/*
 * Events by two levels: a pending and a mask bit for each of 4096 ports in the shared info page, and a word for each vcpu
 * that says which words of bits to look at. Every domain begins with this; domain/evtchn_fifo.h is the other kind, by the
 * same contract. The guest writes all of it at any time: single bits are set, cleared and tested, and none is believed.
 * Only domain/evtchn*.c include this. No lock: the port may be closed meanwhile, then its next user gets an event too many.
 */
#ifndef DOMAIN_EVTCHN_2L_H
#define DOMAIN_EVTCHN_2L_H

#include "domain/domain.h"

/* Written so that the compiler makes one locked bit instruction of it. */
static inline bool bit_test_and_set(u64 *words, u32 bit)
{
    u64 mask = 1ull << (bit % 64);

    return __atomic_fetch_or(&words[bit / 64], mask, __ATOMIC_SEQ_CST) & mask;
}

static inline bool bit_test_and_clear(u64 *words, u32 bit)
{
    u64 mask = 1ull << (bit % 64);

    return __atomic_fetch_and(&words[bit / 64], ~mask, __ATOMIC_SEQ_CST) & mask;
}

static inline bool bit_test(const u64 *words, u32 bit)
{
    return ACCESS_ONCE(words[bit / 64]) >> (bit % 64) & 1;
}

static inline void evtchn_2l_set_pending(struct domain *d, u32 vcpu, u32 port)
{
    struct shared_info *shared = d->shared;
    struct vcpu *v = d->vcpu[vcpu];

    if (bit_test_and_set(shared->evtchn_pending, port))
        return;
    if (likely(v) && !bit_test(shared->evtchn_mask, port) &&
        !bit_test_and_set(&v->info->evtchn_pending_sel, port / 64))
        vcpu_mark_events_pending(v);
    if (unlikely(d->evtchn.pollers))
        evtchn_wake_pollers(d, port);
}

static inline void evtchn_2l_unmask(struct domain *d, u32 vcpu, u32 port)
{
    struct vcpu *v = d->vcpu[vcpu];

    if (bit_test_and_clear(d->shared->evtchn_mask, port) && bit_test(d->shared->evtchn_pending, port) && v &&
        !bit_test_and_set(&v->info->evtchn_pending_sel, port / 64))
        vcpu_mark_events_pending(v);
}

#endif
