/* SPDX-License-Identifier: MIT */
/*
 * Event channels, the 2-level ABI. The pending and mask bits lie in memory that the guest writes at any time: ring 0
 * only ever sets, clears and tests single bits there, and believes none of them. What a port is tied to
 * is known from ring 0's own table alone.
 *
 * Two ports that are tied together change under both domains' locks (the lower domid's first), so whoever
 * holds one of them finds a live domain at the other end.
 */
#include "domain/evtchn.h"

#include <public/xen.h>

#include "domain/domain.h"
#include "domain/pirq.h"
#include "hypercall/hypercall.h"
#include "lib/errno.h"
#include "memory/alloc.h"

#define BUCKET_PORTS 128
#define RESET_UNIT 64 /* ports closed between two looks at what is more urgent */

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

/* NULL: no such port. */
static inline struct evtchn *port_of(const struct domain *d, u32 port)
{
    struct evtchn *bucket;

    if (unlikely(port >= EVTCHN_PORTS))
        return NULL;
    bucket = d->evtchn.buckets[port / BUCKET_PORTS];
    return likely(bucket) ? &bucket[port % BUCKET_PORTS] : NULL;
}

static struct vcpu *vcpu_of(const struct domain *d, u32 id)
{
    return id < MAX_VCPUS ? d->vcpu[id] : NULL;
}

bool vcpu_has_events(const struct vcpu *v)
{
    return ACCESS_ONCE(v->info->evtchn_upcall_pending) && !ACCESS_ONCE(v->info->evtchn_upcall_mask);
}

void vcpu_mark_events_pending(struct vcpu *v)
{
    /* full barrier: whoever is about to block looks at the flag after saying so */
    if (!__atomic_exchange_n(&v->info->evtchn_upcall_pending, 1, __ATOMIC_SEQ_CST))
        vcpu_kick(v);
}

/* Those who wait in SCHEDOP_poll for this port: masked ports count too. */
static __attribute__((noinline)) void wake_pollers(struct domain *d, u32 port)
{
    for (u32 i = 0; i < d->max_vcpus; i++) {
        struct vcpu *v = d->vcpu[i];

        if (v && v->evtchn.polling && (!v->evtchn.poll_port || v->evtchn.poll_port == port))
            vcpu_unblock(v);
    }
}

/* No lock is needed: the port may be closed meanwhile, then its next user gets an event too many. */
static inline void set_pending(struct domain *d, u32 vcpu, u32 port)
{
    struct shared_info *shared = d->shared;
    struct vcpu *v = d->vcpu[vcpu];

    if (bit_test_and_set(shared->evtchn_pending, port))
        return;
    if (likely(v) && !bit_test(shared->evtchn_mask, port) &&
        !bit_test_and_set(&v->info->evtchn_pending_sel, port / 64))
        vcpu_mark_events_pending(v);
    if (unlikely(d->evtchn.pollers))
        wake_pollers(d, port);
}

int evtchn_send(struct domain *d, u32 port)
{
    const struct evtchn *c, *there;
    int error = 0;

    spin_lock(&d->evtchn.lock);
    c = port_of(d, port);
    if (unlikely(!c)) {
        error = -EINVAL;
    } else if (likely(c->state == EVTCHN_INTERDOMAIN)) {
        there = port_of(c->remote, c->remote_port);
        set_pending(c->remote, there->vcpu, c->remote_port);
    } else if (c->state == EVTCHN_IPI) {
        set_pending(d, c->vcpu, port);
    } else if (c->state != EVTCHN_UNBOUND) {
        /* a send to an unbound port is lost without a word */
        error = -EINVAL;
    }
    spin_unlock(&d->evtchn.lock);
    return error;
}

void evtchn_send_virq(struct vcpu *v, u32 virq)
{
    u32 port = ACCESS_ONCE(v->evtchn.virq_port[virq]);
    const struct evtchn *c;

    if (!port)
        return;
    c = port_of(v->domain, port);
    if (c)
        set_pending(v->domain, c->vcpu, port);
}

void evtchn_send_global_virq(u32 virq)
{
    if (dom0 && dom0->vcpu[0])
        evtchn_send_virq(dom0->vcpu[0], virq);
}

void evtchn_send_pirq(struct domain *d, u32 pirq, u32 port)
{
    const struct evtchn *c = port_of(d, port);

    (void)pirq;
    if (c)
        set_pending(d, c->vcpu, port);
}

/* Finds a free port and makes room for it; still free on return. Lock held. */
static int port_find(struct domain *d, u32 *out)
{
    struct domain_evtchn *e = &d->evtchn;

    for (u32 port = e->lowest_free; port < e->max_ports; port++) {
        struct evtchn **bucket = &e->buckets[port / BUCKET_PORTS];

        if (!*bucket) {
            struct evtchn *made = hv_alloc(BUCKET_PORTS * sizeof(**bucket));

            if (!made)
                return -ENOMEM;
            /* senders of virtual interrupts look without the lock */
            __atomic_store_n(bucket, made, __ATOMIC_RELEASE);
        }
        if ((*bucket)[port % BUCKET_PORTS].state == EVTCHN_FREE) {
            e->lowest_free = port;
            *out = port;
            return 0;
        }
    }
    e->lowest_free = e->max_ports;
    return -ENOSPC;
}

/* Lock held; port from port_find(). */
static struct evtchn *port_take(struct domain *d, u32 port, enum evtchn_state state, u32 vcpu)
{
    struct evtchn *c = port_of(d, port);

    *c = (struct evtchn){.state = (u8)state, .vcpu = (u16)vcpu};
    d->evtchn.active++;
    d->evtchn.lowest_free = port + 1;
    return c;
}

/* Lock held. */
static void port_free(struct domain *d, u32 port, struct evtchn *c)
{
    *c = (struct evtchn){.state = EVTCHN_FREE};
    d->evtchn.active--;
    if (port < d->evtchn.lowest_free)
        d->evtchn.lowest_free = port;
    /* the next user of this port must not begin with an old event */
    bit_test_and_clear(d->shared->evtchn_pending, port);
}

static void lock_both(struct domain *a, struct domain *b)
{
    if (a == b) {
        spin_lock(&a->evtchn.lock);
        return;
    }
    spin_lock(a->id < b->id ? &a->evtchn.lock : &b->evtchn.lock);
    spin_lock_second(a->id < b->id ? &b->evtchn.lock : &a->evtchn.lock);
}

static void unlock_both(struct domain *a, struct domain *b)
{
    if (a != b)
        spin_unlock(&b->evtchn.lock);
    spin_unlock(&a->evtchn.lock);
}

int evtchn_alloc_unbound(struct domain *d, u16 remote, u32 *port)
{
    int error;

    spin_lock(&d->evtchn.lock);
    error = port_find(d, port);
    if (!error)
        port_take(d, *port, EVTCHN_UNBOUND, 0)->remote_domid = remote;
    spin_unlock(&d->evtchn.lock);
    return error;
}

int evtchn_bind_interdomain(struct domain *d, struct domain *remote, u32 remote_port, u32 *port)
{
    struct evtchn *here, *there;
    int error;

    lock_both(d, remote);
    error = port_find(d, port);
    if (error)
        goto out;
    there = port_of(remote, remote_port);
    if (!there || there->state != EVTCHN_UNBOUND || there->remote_domid != d->id) {
        error = -EINVAL;
        goto out;
    }
    here = port_take(d, *port, EVTCHN_INTERDOMAIN, 0);
    here->remote = remote;
    here->remote_domid = remote->id;
    here->remote_port = remote_port;
    there->remote = d;
    there->remote_port = *port;
    there->state = EVTCHN_INTERDOMAIN;
    /* What the other end sent while it was unbound is lost: have this end look once. */
    set_pending(d, 0, *port);
out:
    unlock_both(d, remote);
    return error;
}

static bool virq_is_global(u32 virq)
{
    return virq != VIRQ_TIMER && virq != VIRQ_DEBUG && virq != VIRQ_XENOPROF && virq != VIRQ_XENPMU;
}

int evtchn_bind_virq(struct domain *d, u32 virq, u32 vcpu, u32 *port)
{
    struct vcpu *v;
    int error;

    if (virq >= NR_VIRQS || (virq_is_global(virq) && vcpu))
        return -EINVAL;
    v = vcpu_of(d, vcpu);
    if (!v)
        return -ENOENT;
    spin_lock(&d->evtchn.lock);
    error = v->evtchn.virq_port[virq] ? -EEXIST : port_find(d, port);
    if (!error) {
        port_take(d, *port, EVTCHN_VIRQ, vcpu)->virq = (u8)virq;
        ACCESS_ONCE(v->evtchn.virq_port[virq]) = (u16)*port;
    }
    spin_unlock(&d->evtchn.lock);
    return error;
}

int evtchn_bind_ipi(struct domain *d, u32 vcpu, u32 *port)
{
    int error;

    if (!vcpu_of(d, vcpu))
        return -ENOENT;
    spin_lock(&d->evtchn.lock);
    error = port_find(d, port);
    if (!error)
        port_take(d, *port, EVTCHN_IPI, vcpu);
    spin_unlock(&d->evtchn.lock);
    return error;
}

int evtchn_bind_pirq(struct domain *d, u32 pirq, u32 *port)
{
    int error;

    spin_lock(&d->evtchn.lock);
    error = port_find(d, port);
    if (!error)
        error = pirq_bind(d, pirq, *port);
    if (!error)
        port_take(d, *port, EVTCHN_PIRQ, 0)->pirq = (u16)pirq;
    spin_unlock(&d->evtchn.lock);
    return error;
}

int evtchn_bind_vcpu(struct domain *d, u32 port, u32 vcpu)
{
    struct evtchn *c;
    int error = 0;

    if (!vcpu_of(d, vcpu))
        return -ENOENT;
    spin_lock(&d->evtchn.lock);
    c = port_of(d, port);
    if (c && (c->state == EVTCHN_UNBOUND || c->state == EVTCHN_INTERDOMAIN || c->state == EVTCHN_PIRQ ||
              (c->state == EVTCHN_VIRQ && virq_is_global(c->virq))))
        c->vcpu = (u16)vcpu;
    else
        error = -EINVAL;
    spin_unlock(&d->evtchn.lock);
    return error;
}

/* Locks d, and the domain at the port's other end if it has one: that is returned, else NULL. */
static struct domain *lock_ends(struct domain *d, u32 port)
{
    for (;;) {
        const struct evtchn *c;
        struct domain *remote;

        spin_lock(&d->evtchn.lock);
        c = port_of(d, port);
        if (!c || c->state != EVTCHN_INTERDOMAIN || c->remote == d)
            return NULL;
        remote = c->remote;
        if (remote->id > d->id) {
            spin_lock_second(&remote->evtchn.lock);
            return remote;
        }
        /* Wrong order: let go and come back, unless the port has changed by then. */
        domain_get(remote);
        spin_unlock(&d->evtchn.lock);
        lock_both(d, remote);
        c = port_of(d, port); /* d itself may have lost its ports meanwhile */
        if (c && c->state == EVTCHN_INTERDOMAIN && c->remote == remote) {
            domain_put(remote); /* not the last: it is tied to us */
            return remote;
        }
        unlock_both(d, remote);
        domain_put(remote);
    }
}

/* Locks of lock_ends() held. */
static int port_close(struct domain *d, u32 port)
{
    struct evtchn *c = port_of(d, port), *there;

    if (!c || c->state == EVTCHN_FREE || c->state == EVTCHN_RESERVED)
        return -EINVAL;
    if (c->state == EVTCHN_PIRQ)
        pirq_unbind(d, c->pirq);
    if (c->state == EVTCHN_VIRQ) {
        /* a global one may notify another vcpu than the one it is bound on */
        for (u32 i = 0; i < d->max_vcpus; i++)
            if (d->vcpu[i] && d->vcpu[i]->evtchn.virq_port[c->virq] == port)
                ACCESS_ONCE(d->vcpu[i]->evtchn.virq_port[c->virq]) = 0;
    }
    if (c->state == EVTCHN_INTERDOMAIN) {
        there = port_of(c->remote, c->remote_port);
        there->state = EVTCHN_UNBOUND;
        there->remote_domid = d->id;
        there->remote = NULL;
        there->remote_port = 0;
    }
    port_free(d, port, c);
    return 0;
}

int evtchn_close(struct domain *d, u32 port)
{
    struct domain *remote = lock_ends(d, port);
    int error = port_close(d, port);

    unlock_both(d, remote ? remote : d);
    return error;
}

int evtchn_reset(struct domain *d)
{
    u32 closed = 0;

    /* It stops only after it has closed some: the next try finds fewer. */
    for (u32 port = 1; port < EVTCHN_PORTS && d->evtchn.active; port++) {
        struct evtchn c;

        if (evtchn_read(d, port, &c) || c.state == EVTCHN_FREE)
            continue;
        evtchn_close(d, port);
        if (++closed % RESET_UNIT == 0 && preempt_needed())
            return -ERESTART;
    }
    return 0;
}

int evtchn_read(struct domain *d, u32 port, struct evtchn *out)
{
    const struct evtchn *c;

    spin_lock(&d->evtchn.lock);
    c = port_of(d, port);
    if (c)
        *out = *c;
    spin_unlock(&d->evtchn.lock);
    return c ? 0 : -EINVAL;
}

int evtchn_pending(struct domain *d, u32 port)
{
    return port_of(d, port) ? bit_test(d->shared->evtchn_pending, port) : -EINVAL;
}

int evtchn_unmask(struct domain *d, u32 port)
{
    const struct evtchn *c = port_of(d, port);
    struct vcpu *v;

    if (unlikely(!c))
        return -EINVAL;
    v = d->vcpu[c->vcpu];
    if (bit_test_and_clear(d->shared->evtchn_mask, port) && bit_test(d->shared->evtchn_pending, port) && v &&
        !bit_test_and_set(&v->info->evtchn_pending_sel, port / 64))
        vcpu_mark_events_pending(v);
    return 0;
}

void evtchn_info_moved(struct vcpu *v)
{
    /* Senders may have written to the old place until now: have the guest look at everything. */
    __atomic_store_n(&v->info->evtchn_pending_sel, ~0ul, __ATOMIC_SEQ_CST);
    __atomic_store_n(&v->info->evtchn_upcall_pending, 1, __ATOMIC_SEQ_CST);
    vcpu_kick(v);
}

int evtchn_domain_init(struct domain *d, u32 max_ports)
{
    struct domain_evtchn *e = &d->evtchn;

    spin_lock_init(&e->lock, RANK_EVTCHN);
    e->buckets[0] = hv_alloc(BUCKET_PORTS * sizeof(struct evtchn));
    if (!e->buckets[0])
        return -ENOMEM;
    e->buckets[0][0].state = EVTCHN_RESERVED;
    e->lowest_free = 1;
    e->max_ports = max_ports ? MIN(max_ports, EVTCHN_PORTS) : EVTCHN_PORTS;
    return 0;
}

void evtchn_domain_destroy(struct domain *d)
{
    struct domain_evtchn *e = &d->evtchn;

    spin_lock(&e->lock);
    e->max_ports = 0;
    spin_unlock(&e->lock);
    for (u32 port = 1; port < EVTCHN_PORTS; port++)
        if (port_of(d, port) && port_of(d, port)->state != EVTCHN_FREE)
            evtchn_close(d, port);
    spin_lock(&e->lock); /* whoever wants to bind to one of them looks under it */
    for (u32 i = 0; i < ARRAY_SIZE(e->buckets); i++) {
        hv_free(e->buckets[i]);
        e->buckets[i] = NULL;
    }
    spin_unlock(&e->lock);
}

void evtchn_vcpu_destroy(struct vcpu *v)
{
    for (u32 i = 0; i < NR_VIRQS; i++)
        v->evtchn.virq_port[i] = 0;
    v->evtchn.polling = false;
}
