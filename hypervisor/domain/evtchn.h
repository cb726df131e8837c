/* SPDX-License-Identifier: MIT */
/*
 * Event channels: one bit that says "something happened", from a domain, a virtual or a physical interrupt, to a vcpu.
 * How it reaches the guest is its choice: evtchn_2l.h (4096 ports) or evtchn_fifo.h (131072). Behaviour:
 * public/event_channel.h, and Xen 4.17's answers.
 * Locks: RANK_EVTCHN for all changes of a port's state; both ends' where two ports are tied together or parted.
 * So sending takes the sender's lock alone, which keeps the other end where it is; interrupts, virtual, physical and
 * between vcpus, take none.
 */
#ifndef DOMAIN_EVTCHN_H
#define DOMAIN_EVTCHN_H

#include "cpu/lock.h"
#include "lib/types.h"

struct domain;
struct vcpu;

#define EVTCHN_PORTS 131072u
#define EVTCHN_2L_PORTS 4096u
#define EVTCHN_BUCKET 128 /* ports whose records are made at once */
#define EVTCHN_PRIORITY 7

enum evtchn_state {
    EVTCHN_FREE, EVTCHN_RESERVED, EVTCHN_UNBOUND, EVTCHN_INTERDOMAIN, EVTCHN_PIRQ, EVTCHN_VIRQ, EVTCHN_IPI,
};

struct evtchn {
    u8 state;
    bool late;         /* FIFO: sent before its word was there */
    u16 vcpu;          /* whom it notifies */
    u16 remote_domid;  /* unbound, interdomain */
    union {
        u16 virq, pirq;
    };
    u32 remote_port;
    u8 priority;       /* FIFO */
    u8 queued_priority; /* FIFO: the queue it was last in; outlives the port's use, as the guest may not have taken it */
    u16 queued_vcpu;
    struct domain *remote; /* interdomain: the other end's domain, which cannot go while we are tied to it */
};

struct domain_evtchn {
    spinlock_t lock;
    struct evtchn *buckets[EVTCHN_2L_PORTS / EVTCHN_BUCKET]; /* made on demand */
    struct evtchn **high;                      /* buckets of the ports above; NULL: none yet */
    struct evtchn_fifo *volatile fifo;         /* NULL: two-level, as ever */
    u32 port_limit;                            /* from domain creation */
    u32 max_ports;                             /* of these, what the ABI in use has; 0: no more, it dies */
    u32 active;
    u32 close_at;                              /* a reset goes on from here, downwards */
    u32 lowest_free;                           /* no port below it is free */
    volatile u32 pollers;                      /* vcpus in SCHEDOP_poll */
};

struct vcpu_evtchn {
    u32 virq_port[24]; /* 0: not bound */
    u32 poll_port;     /* SCHEDOP_poll: that one port, or 0: any */
    volatile bool polling;
};

/* NULL: there is no such port. */
struct evtchn *evtchn_port_high(const struct domain_evtchn *e, u32 port);
static inline struct evtchn *evtchn_port(const struct domain_evtchn *e, u32 port)
{
    struct evtchn *bucket;

    if (unlikely(port >= EVTCHN_2L_PORTS))
        return evtchn_port_high(e, port);
    bucket = e->buckets[port / EVTCHN_BUCKET];
    return likely(bucket) ? &bucket[port % EVTCHN_BUCKET] : NULL;
}

int evtchn_domain_init(struct domain *d, u32 max_ports); /* 0: as many as there are */
/* Closes all ports for good; 0 or -ERESTART. Then _destroy: nobody uses them any more. */
int evtchn_relinquish(struct domain *d);
void evtchn_domain_destroy(struct domain *d);

/* Ring 0's and the toolstack's doors, each 0 or -errno. */
int evtchn_send(struct domain *d, u32 port);           /* from d's local port */
void evtchn_raise(struct domain *d, u32 port);         /* an interrupt's port, learned without a lock: it may be gone */
void evtchn_send_virq(struct vcpu *v, u32 virq);       /* to that vcpu's binding, if any */
void evtchn_send_global_virq(u32 virq);                /* VIRQ_DOM_EXC etc: to the domain that handles it (dom0) */
int evtchn_alloc_unbound(struct domain *d, u16 remote, u32 *port);
int evtchn_unmask(struct domain *d, u32 port);

/* A guest's, each 0 or -errno as Xen 4.17 has them (hypercall/event_calls.c). */
int evtchn_bind_interdomain(struct domain *d, struct domain *remote, u32 remote_port, u32 *port);
int evtchn_bind_virq(struct domain *d, u32 virq, u32 vcpu, u32 *port);
int evtchn_bind_ipi(struct domain *d, u32 vcpu, u32 *port);
int evtchn_bind_pirq(struct domain *d, u32 pirq, u32 *port);
int evtchn_bind_vcpu(struct domain *d, u32 port, u32 vcpu);
int evtchn_close(struct domain *d, u32 port);
/* Closes all and goes back to two levels; -ERESTART when something more urgent came. No lock held. */
int evtchn_reset(struct domain *d);
/* A consistent copy of a port. -EINVAL: there is no such port. */
int evtchn_read(struct domain *d, u32 port, struct evtchn *out);
/* Can d have that port, and is it pending? For SCHEDOP_poll. -EINVAL: no such port. 0 or 1. */
int evtchn_pending(struct domain *d, u32 port);

/* For evtchn_2l.h and evtchn_fifo.c: those who wait in SCHEDOP_poll for this port (masked ports count too). */
void evtchn_wake_pollers(struct domain *d, u32 port);
/* Sets v's upcall flag and makes it run or look soon. */
void vcpu_mark_events_pending(struct vcpu *v);
/* Something unmasked is pending for v. */
bool vcpu_has_events(const struct vcpu *v);
/* When a vcpu registers a new vcpu_info: the flags are carried over and everything is re-raised. */
void evtchn_info_moved(struct vcpu *v);

#endif
