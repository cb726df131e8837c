/* SPDX-License-Identifier: MIT */
/*
 * Events by queues: a word for each of up to 2^17 ports in pages of the guest's, and for each vcpu a control block with
 * the heads of 16 queues. A domain goes over to it by init_control and back by a reset. Behaviour:
 * public/event_channel.h and Xen 4.17's answers. domain->evtchn.fifo stays from the first init_control to the domain's
 * end; while it is not active, what stands here does what domain/evtchn_2l.h does.
 */
#ifndef DOMAIN_EVTCHN_FIFO_H
#define DOMAIN_EVTCHN_FIFO_H

#include "lib/types.h"

struct domain;
struct vcpu;
struct evtchn;

/* The same contract as the two-level ABI's; d->evtchn.fifo is there. Any lock up to RANK_EVTCHN may be held. */
void evtchn_fifo_set_pending(struct domain *d, struct evtchn *c, u32 port);
void evtchn_fifo_unmask(struct domain *d, struct evtchn *c, u32 port);
bool evtchn_fifo_pending(struct domain *d, struct evtchn *c, u32 port);
/* RANK_EVTCHN held. */
void evtchn_fifo_clear_pending(struct domain *d, struct evtchn *c, u32 port);

/* A guest's calls, each 0 or -errno: v's control block, in the guest's own frame (the first one makes the domain use
 * FIFO; what was pending is carried over when the array has room for it); one more page for the array; a port's
 * priority, from the next time that it is entered in a queue. */
int evtchn_fifo_init_control(struct vcpu *v, mfn_t m, u32 offset);
int evtchn_fifo_expand_array(struct domain *d, mfn_t m);
int evtchn_fifo_set_priority(struct domain *d, u32 port, u32 priority);
/* Back to two levels, if no port is open; the guest's frames are its own again. RANK_EVTCHN held. */
void evtchn_fifo_stop(struct domain *d);

#endif
