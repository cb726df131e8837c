/* SPDX-License-Identifier: MIT */
/*
 * Changing a domain while it runs: what set.c and memory.c share, and what a new domain's maker
 * wants of them. Private to libvmctl. Functions return 0, or -1 with vmctl_fail()'s text. It must
 * never be used on a VPS whose file somebody else holds.
 */
#ifndef LIBVMCTL_CHANGE_H
#define LIBVMCTL_CHANGE_H

#include "internal.h"

/* A domain that is being changed: locked, where it has a description. */
struct subject {
    struct vmctl_info info;
    struct xen_domctl_getdomaininfo now;
    domid_t domid;
    const char *name;       /* for messages */
    struct state_file file; /* fd -1: it has none */
    struct config *config;  /* NULL: likewise; else what the file is going to say */
    bool edited;            /* config says something that the file does not yet */
};

/* ---- set.c ---- */

/* Fails where the machine lacks a CPU that the description names. */
int tune_check(struct vmctl *v, const struct config *config);

/* Gives a new domain the weight, cap and CPUs of its description. */
int tune_new(struct vmctl *v, domid_t domid, const struct config *config);

/* ---- memory.c ---- */

struct memory_change {
    uint64_t kib;       /* what is asked for, whole pages */
    uint64_t had_kib;   /* what it had when that was checked */
    uint64_t had_max;   /* its limit then, in pages */
    uint64_t had_claim; /* pages */
    bool limited;       /* the limit has been raised */
};

/* Checks kib against the bounds, and claims what is missing. Undone by memory_undo(). */
int memory_plan(struct vmctl *v, struct subject *s, uint64_t kib, struct memory_change *m);
void memory_undo(struct vmctl *v, const struct subject *s, const struct memory_change *m);

/* Asks the guest; from then on it cannot have more. */
int memory_ask(struct vmctl *v, struct subject *s, const struct memory_change *m);

/*
 * Waits for the guest, see vmctl_set_memory(). 1: it came to a halt before it was there. Needs no
 * lock: whoever wants to end the VPS may.
 */
int memory_wait(struct vmctl *v, const struct subject *s, const struct memory_change *m,
                int timeout_ms, uint64_t *reached_kib);

/* Asks for no more than there is: after a halt, with the subject locked again. Returns -1. */
int memory_stop(struct vmctl *v, struct subject *s, const struct memory_change *m);

#endif
