/* SPDX-License-Identifier: MIT */
/*
 * The balancer's policy: who should have how much memory, from what is known of each VPS. A pure
 * function: it reads no store, asks no hypervisor, and remembers nothing, so that all of it can be
 * tested on the host. It must never trust a figure that a VPS reported for more than that VPS's own
 * need, and never promise memory that is not there yet.
 *
 * What it promises, whatever the VPSes report:
 *  - no VPS is shrunk below its guaranteed minimum, none is grown beyond its maximum;
 *  - no VPS is shrunk below the smaller of what it needs and its fair share. So whoever lies about
 *    its need gains what others do not need, and its fair share, and nothing more;
 *  - growing takes no more than what is free above the reserve and not promised to somebody already;
 *  - a VPS that does not report is not grown, and not shrunk below its fair share;
 *  - where nobody is short of memory and the reserve is whole, nothing moves.
 *
 * Fair share: the minima first; what is there beyond them is split in proportion to what each VPS may
 * have beyond its minimum (maximum - minimum: what its owner bought). What one does not need is split
 * among the others in the same way, so that nothing lies idle while somebody is short.
 */
#ifndef BALLOOND_POLICY_H
#define BALLOOND_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Why a VPS's target is what it is now. */
enum policy_reason {
    POLICY_APART,   /* it takes no part: counted, and left alone */
    POLICY_CONTENT, /* it has what it needs */
    POLICY_SHORT,   /* it needs more than it has, and there is nothing for it, or not yet */
    POLICY_STALE,   /* it does not report */
    POLICY_GROWN,   /* it gets more */
    POLICY_IDLE,    /* it gives what it does not need */
    POLICY_OVER     /* it gives what is beyond its fair share, for others are short too */
};

/* A VPS. All amounts are in KiB. */
struct policy_vps {
    /* what dom0 and the hypervisor say */
    uint32_t domid;
    bool takes_part;
    bool settling;    /* it is on its way down to `target`: what it has beyond is coming back */
    uint64_t current; /* what it has */
    uint64_t target;  /* what it was told to have */
    uint64_t claimed; /* what the hypervisor has set aside for it beyond `current` */
    uint64_t minimum, maximum;
    /* what the VPS says of itself: any number at all */
    bool fresh;         /* it said so a short while ago */
    uint64_t available; /* it could do without, or use for something new */
    uint64_t swap_used; /* it had to move out of memory */
    /* what comes out */
    uint64_t new_target; /* equal to target: leave it alone */
    uint64_t need;       /* what it uses, with a little to spare; within minimum and maximum */
    uint64_t entitled;   /* the part of its need that it may have beside the others */
    enum policy_reason reason;
    /* the policy's own notes */
    uint64_t keep, give, want;
    bool settled;
};

struct policy_node {
    uint64_t free;    /* nobody's yet: what is claimed, or promised, is part of it */
    uint64_t reserve; /* to be kept free, for new VPSes */
};

/* The least change worth making, and the most that is made at once, to a VPS with this target. */
uint64_t policy_step_least(uint64_t target);
uint64_t policy_step_up(uint64_t target);
uint64_t policy_step_down(uint64_t target);

/* Decides for all VPSes of a node (those that take no part are among them): fills what comes out. */
void policy_decide(const struct policy_node *node, struct policy_vps *vps, size_t count);

/* "content", "grown", ... */
const char *policy_reason_name(enum policy_reason reason);

#endif
