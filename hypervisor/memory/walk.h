/* SPDX-License-Identifier: MIT */
/*
 * Making a page a page table, and unmaking it: the only long work that page tables need, and how it
 * is restarted.
 *
 * A unit of work is one table page whose children are all tables already; an L1 page is always one
 * unit. A walk is a stack of at most four pages, the one being worked on topmost, each BUSY with its
 * next entry in frame.aux. Between units a walk may stop; the vcpu whose walk it is goes on with it before
 * it begins anything else on page tables. When validation fails at some entry, the walk turns round and
 * releases what it had taken, level by level, and then reports the error once.
 */
#ifndef MEMORY_WALK_H
#define MEMORY_WALK_H

#include "lib/types.h"

struct domain;
struct vcpu;

struct pt_walk {
    u8 depth; /* 0: no walk under way. Its pages are referenced, so their owner stays */
    bool releasing;
    struct domain *domain; /* whose tables a validation is about */
    int error;             /* of the validation that failed; reported when failed_root is asked for again */
    mfn_t failed_root;
    mfn_t page[4];
    /* A table that was made for someone who is about to ask again: one count of it is kept for that. */
    mfn_t held; /* mfn 0: none */
    bool drop; /* nobody came for it: let it go before anything else */
};

/* Is there something for walk_continue() to do? */
static inline bool walk_pending(const struct pt_walk *w)
{
    return w->depth || w->drop;
}

/* Takes a type count (and a reference) on m, of d, as a table of `level`. 0; -EINVAL (not d's, in use as
 * something else, a wrong entry somewhere); or -ERESTART: work on it has begun: call walk_continue() until
 * 0, then ask again. No table locked, no walk under way. */
int walk_get_table(struct vcpu *v, struct domain *d, mfn_t m, u32 level);
/* Gives one back; cannot fail. The last one begins a walk that releases it, which walk_continue() finishes.
 * No table locked, no walk under way. */
void walk_put_table(struct vcpu *v, mfn_t m);
/* Goes on with what is under way: 0 when nothing is (any more), -ERESTART when something more urgent came.
 * No lock held. */
int walk_continue(struct vcpu *v);
/* Ends what v has under way for a domain that dies: its walk, and what it holds. 0 or -ERESTART. No lock held. */
int walk_abandon(struct vcpu *v);

#endif
