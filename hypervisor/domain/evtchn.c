/* SPDX-License-Identifier: MIT */
/*
 * Ports of event channels: which there are, what each is tied to, and sending. What a port is tied to is known from ring
 * 0's own table alone, never from memory of the guest's; how an event is shown to the guest is evtchn_2l.h's and
 * evtchn_fifo.c's.
 *
 * Two ports that are tied together change under both domains' locks (the lower domid's first), so whoever
 * holds one of them finds a live domain at the other end.
 */
#include "domain/evtchn.h"

#include "domain/domain.h"
#include "domain/evtchn_2l.h"
#include "domain/evtchn_fifo.h"
#include "hypercall/hypercall.h"
#include "memory/alloc.h"

#define RESET_UNIT 64 /* ports closed between two looks at what is more urgent */
#define SCAN_UNIT 4096 /* ... or looked at */
#define HIGH_BUCKETS ((EVTCHN_PORTS - EVTCHN_2L_PORTS) / EVTCHN_BUCKET)

static inline struct evtchn *port_of(const struct domain *d, u32 port)
{
    return evtchn_port(&d->evtchn, port);
}

__attribute__((noinline)) struct evtchn *evtchn_port_high(const struct domain_evtchn *e, u32 port)
{
    struct evtchn *bucket;

    if (port >= EVTCHN_PORTS || !e->high)
        return NULL;
    bucket = e->high[(port - EVTCHN_2L_PORTS) / EVTCHN_BUCKET];
    return bucket ? &bucket[port % EVTCHN_BUCKET] : NULL;
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

__attribute__((noinline)) void evtchn_wake_pollers(struct domain *d, u32 port)
{
    for_each_vcpu(v, d)
        if (v->evtchn.polling && (!v->evtchn.poll_port || v->evtchn.poll_port == port))
            vcpu_unblock(v);
}

/* No lock is needed: the port may be closed meanwhile, then its next user gets an event too many. Whoever learned the
 * port's number without a lock did so before this looks at d's ABI: a number above the two-level ones is FIFO's. */
static inline __attribute__((always_inline)) void set_pending(struct domain *d, struct evtchn *c, u32 port)
{
    if (unlikely(d->evtchn.fifo))
        evtchn_fifo_set_pending(d, c, port);
    else
        evtchn_2l_set_pending(d, c->vcpu, port);
}

void evtchn_raise(struct domain *d, u32 port)
{
    struct evtchn *c = port_of(d, port);

    if (c)
        set_pending(d, c, port);
}

int evtchn_send(struct domain *d, u32 port)
{
    struct evtchn *c = port_of(d, port);

    if (unlikely(!c))
        return -EINVAL;
    if (ACCESS_ONCE(c->state) == EVTCHN_IPI) { /* nobody else's port is needed for it, so no lock: vcpus do not meet here */
        set_pending(d, c, port);
        return 0;
    }
    SPIN_LOCK_BLOCK(&d->evtchn.lock);
    if (likely(c->state == EVTCHN_INTERDOMAIN))
        set_pending(c->remote, port_of(c->remote, c->remote_port), c->remote_port);
    else if (c->state != EVTCHN_UNBOUND) /* a send to an unbound port is lost without a word */
        return -EINVAL;
    return 0;
}

void evtchn_send_virq(struct vcpu *v, u32 virq)
{
    u32 port = ACCESS_ONCE(v->evtchn.virq_port[virq]);

    if (port)
        evtchn_raise(v->domain, port);
}

void evtchn_send_global_virq(u32 virq)
{
    if (dom0 && dom0->vcpu[0])
        evtchn_send_virq(dom0->vcpu[0], virq);
}

/* The record of a port whose bucket is not there yet. NULL: no memory. Lock held. */
static __attribute__((noinline)) struct evtchn *port_make(struct domain_evtchn *e, u32 port)
{
    struct evtchn *made, **bucket = &e->buckets[port / EVTCHN_BUCKET % ARRAY_SIZE(e->buckets)];

    if (port >= EVTCHN_2L_PORTS) {
        if (!e->high)
            __atomic_store_n(&e->high, hv_alloc(HIGH_BUCKETS * sizeof(*e->high)), __ATOMIC_RELEASE);
        if (!e->high)
            return NULL;
        bucket = &e->high[(port - EVTCHN_2L_PORTS) / EVTCHN_BUCKET];
    }
    made = hv_alloc(EVTCHN_BUCKET * sizeof(*made));
    /* senders of virtual interrupts look without the lock */
    __atomic_store_n(bucket, made, __ATOMIC_RELEASE);
    return made;
}

/* Finds a free port and makes room for it; still free on return. Lock held. */
static int port_find(struct domain *d, u32 *out)
{
    struct domain_evtchn *e = &d->evtchn;

    for (u32 port = e->lowest_free; port < e->max_ports; port++) {
        const struct evtchn *c = port_of(d, port);

        if (unlikely(!c))
            c = port_make(e, port);
        if (unlikely(!c))
            return -ENOMEM;
        if (c->state == EVTCHN_FREE) {
            *out = port;
            return 0;
        }
    }
    e->lowest_free = e->max_ports;
    return -ENOSPC;
}

/* All of it but for the queue it was last in. */
static void port_set(struct evtchn *c, enum evtchn_state state, u32 vcpu)
{
    c->state = (u8)state;
    c->late = false;
    c->vcpu = (u16)vcpu;
    c->remote_domid = 0;
    c->pirq = 0;
    c->remote_port = 0;
    c->priority = EVTCHN_PRIORITY;
    c->remote = NULL;
}

/* Lock held; port from port_find(). */
static struct evtchn *port_take(struct domain *d, u32 port, enum evtchn_state state, u32 vcpu)
{
    struct evtchn *c = port_of(d, port);

    port_set(c, state, vcpu);
    d->evtchn.active++;
    d->evtchn.lowest_free = port + 1;
    return c;
}

/* Lock held. */
static void port_free(struct domain *d, u32 port, struct evtchn *c)
{
    port_set(c, EVTCHN_FREE, 0);
    d->evtchn.active--;
    if (port < d->evtchn.lowest_free)
        d->evtchn.lowest_free = port;
    /* the next user of this port must not begin with an old event */
    if (unlikely(d->evtchn.fifo))
        evtchn_fifo_clear_pending(d, c, port);
    else
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

    SPIN_LOCK_BLOCK(&d->evtchn.lock);
    error = port_find(d, port);
    if (!error)
        port_take(d, *port, EVTCHN_UNBOUND, 0)->remote_domid = remote;
    return error;
}

int evtchn_bind_interdomain(struct domain *d, struct domain *remote, u32 remote_port, u32 *port)
{
    struct evtchn *here, *there;
    int error;

    lock_both(d, remote);
    error = port_find(d, port);
    there = port_of(remote, remote_port);
    if (!error && (!there || there->state != EVTCHN_UNBOUND || there->remote_domid != d->id))
        error = -EINVAL;
    if (!error) {
        here = port_take(d, *port, EVTCHN_INTERDOMAIN, 0);
        here->remote = remote;
        here->remote_domid = remote->id;
        here->remote_port = remote_port;
        there->remote = d;
        there->remote_port = *port;
        there->state = EVTCHN_INTERDOMAIN;
        /* What the other end sent while it was unbound is lost: have this end look once. */
        set_pending(d, here, *port);
    }
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
    SPIN_LOCK_BLOCK(&d->evtchn.lock);
    error = v->evtchn.virq_port[virq] ? -EEXIST : port_find(d, port);
    if (error)
        return error;
    port_take(d, *port, EVTCHN_VIRQ, vcpu)->virq = (u16)virq;
    ACCESS_ONCE(v->evtchn.virq_port[virq]) = *port;
    return 0;
}

int evtchn_bind_ipi(struct domain *d, u32 vcpu, u32 *port)
{
    int error;

    if (!vcpu_of(d, vcpu))
        return -ENOENT;
    SPIN_LOCK_BLOCK(&d->evtchn.lock);
    error = port_find(d, port);
    if (!error)
        port_take(d, *port, EVTCHN_IPI, vcpu);
    return error;
}

int evtchn_bind_pirq(struct domain *d, u32 pirq, u32 *port)
{
    int error;

    SPIN_LOCK_BLOCK(&d->evtchn.lock);
    error = port_find(d, port);
    if (!error)
        error = pirq_bind(d, pirq, *port);
    if (!error)
        port_take(d, *port, EVTCHN_PIRQ, 0)->pirq = (u16)pirq;
    return error;
}

int evtchn_bind_vcpu(struct domain *d, u32 port, u32 vcpu)
{
    struct evtchn *c;

    if (!vcpu_of(d, vcpu))
        return -ENOENT;
    SPIN_LOCK_BLOCK(&d->evtchn.lock);
    c = port_of(d, port);
    if (!c || c->state < EVTCHN_UNBOUND || c->state == EVTCHN_IPI ||
        (c->state == EVTCHN_VIRQ && !virq_is_global(c->virq)))
        return -EINVAL;
    c->vcpu = (u16)vcpu;
    return 0;
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

    if (!c || c->state < EVTCHN_UNBOUND)
        return -EINVAL;
    if (c->state == EVTCHN_PIRQ)
        pirq_unbind(d, c->pirq, port);
    if (c->state == EVTCHN_VIRQ) { /* a global one may notify another vcpu than the one it is bound on */
        for_each_vcpu(v, d)
            if (v->evtchn.virq_port[c->virq] == port)
                ACCESS_ONCE(v->evtchn.virq_port[c->virq]) = 0;
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
    struct domain_evtchn *e = &d->evtchn;
    u32 closed = 0;

    /* It stops only after it has got on: the next try has less to do. */
    for (u32 port = MIN(e->close_at, EVTCHN_PORTS); port-- > 1 && e->active;) {
        const struct evtchn *c = port_of(d, port);

        e->close_at = port;
        if (c && ACCESS_ONCE(c->state) != EVTCHN_FREE && !evtchn_close(d, port))
            closed++;
        if (closed < RESET_UNIT && port % SCAN_UNIT)
            continue;
        closed = 0;
        if (preempt_needed())
            return -ERESTART;
    }
    e->close_at = EVTCHN_PORTS;
    SPIN_LOCK_BLOCK(&e->lock);
    evtchn_fifo_stop(d);
    return 0;
}

int evtchn_read(struct domain *d, u32 port, struct evtchn *out)
{
    const struct evtchn *c;

    SPIN_LOCK_BLOCK(&d->evtchn.lock);
    c = port_of(d, port);
    if (!c)
        return -EINVAL;
    *out = *c;
    return 0;
}

int evtchn_pending(struct domain *d, u32 port)
{
    struct evtchn *c = port ? port_of(d, port) : NULL;

    if (!c)
        return -EINVAL;
    return d->evtchn.fifo ? evtchn_fifo_pending(d, c, port) : bit_test(d->shared->evtchn_pending, port);
}

int evtchn_unmask(struct domain *d, u32 port)
{
    struct evtchn *c = port_of(d, port);

    if (unlikely(!c))
        return -EINVAL;
    if (unlikely(d->evtchn.fifo))
        evtchn_fifo_unmask(d, c, port);
    else
        evtchn_2l_unmask(d, c->vcpu, port);
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
    e->lowest_free = 1;
    e->port_limit = max_ports ? max_ports : EVTCHN_PORTS;
    e->max_ports = MIN(e->port_limit, EVTCHN_2L_PORTS);
    e->close_at = EVTCHN_PORTS;
    if (!port_make(e, 0))
        return -ENOMEM;
    e->buckets[0][0].state = EVTCHN_RESERVED;
    return 0;
}

int evtchn_relinquish(struct domain *d)
{
    struct domain_evtchn *e = &d->evtchn;

    spin_lock(&e->lock);
    if (e->max_ports)
        e->close_at = EVTCHN_PORTS; /* its own reset may not have come to its end */
    e->max_ports = 0;
    spin_unlock(&e->lock);
    return evtchn_reset(d);
}

static void buckets_free(struct evtchn **bucket, u32 count)
{
    for (u32 i = 0; i < count; i++) {
        hv_free(bucket[i]);
        bucket[i] = NULL;
    }
}

void evtchn_domain_destroy(struct domain *d)
{
    struct domain_evtchn *e = &d->evtchn;

    SPIN_LOCK_BLOCK(&e->lock); /* whoever wants to bind to one of them looks under it */
    buckets_free(e->buckets, ARRAY_SIZE(e->buckets));
    if (e->high)
        buckets_free(e->high, HIGH_BUCKETS);
    hv_free(e->high);
    e->high = NULL;
    hv_free(e->fifo);
    e->fifo = NULL;
}
