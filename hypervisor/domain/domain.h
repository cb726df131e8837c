/* SPDX-License-Identifier: MIT */
/*
 * A domain and its vcpus: what each part of ring 0 keeps about them, and how they come and go.
 * Dom0 is an ordinary domain with `privileged` set. Whoever includes this has all that a domain is made of, and the errnos.
 *
 * Lifetime: domain_find() gives a counted reference, domain_put() gives it back. domain_kill() works
 * through the stages of death (restartable); the struct goes when the last reference does, and each
 * frame a domain owns holds one.
 */
#ifndef DOMAIN_DOMAIN_H
#define DOMAIN_DOMAIN_H

#include <public/xen.h>

#include "cpu/lock.h"
#include "cpu/percpu.h"
#include "cpu/timer.h"
#include "domain/evtchn.h"
#include "domain/grant.h"
#include "domain/pirq.h"
#include "domain/sched.h"
#include "domain/share.h"
#include "domain/time.h"
#include "lib/errno.h"
#include "lib/types.h"
#include "memory/walk.h"
#include "pv/pv.h"

#define MAX_VCPUS 64
#define DOMAIN_REASON_LENGTH 120

enum domain_death { DOMAIN_ALIVE, DOMAIN_DYING, DOMAIN_DEAD };
enum domain_stop { DOMAIN_GOES, DOMAIN_STOPS, DOMAIN_STOPPED }; /* stopped: its pause is counted */

/* What a domain may have of each thing, set when it is made. Negative: the hypervisor's default. */
struct domain_limits {
    u32 vcpus, event_channels; /* 0 event channels: as many as the ABI has */
    s32 grant_frames, maptrack_frames;
    u32 grant_version; /* the highest; 0: any */
};

struct vcpu {
    /* hot: touched on each entry and exit */
    struct vcpu_info *info;     /* in shared_info or where the guest registered it; never NULL */
    struct domain *domain;
    u32 id;
    u32 cpu;                    /* the CPU it runs on or last ran on */
    struct vcpu_pv pv;          /* pv/pv.h: traps, stacks, descriptors, mode, saved registers */
    mfn_t base;                 /* L4 of kernel mode, referenced; mfn 0: none */
    mfn_t user_base;            /* L4 of user mode, or mfn 0 */
    struct pt_walk walk;        /* memory/walk.h: validation under way */
    struct vcpu_sched sched;    /* domain/sched.h */
    struct vcpu_time time;      /* domain/time.h */
    struct vcpu_evtchn evtchn;  /* domain/evtchn.h */
    mfn_t info_mfn;             /* registered vcpu_info's frame (writable type held), or mfn 0 */
    bool initialised;           /* has a context: setvcpucontext or VCPUOP_initialise */
    bool is_idle;
    struct vcpu_info private_info; /* until the guest registers its own, for those that shared info has no room for */
};

struct domain {
    u16 id;
    bool privileged;            /* may use control calls; owns the machine's devices */
    volatile u8 death;          /* enum domain_death */
    volatile bool made;         /* all its parts are: it may be found */
    volatile u8 shut_down;      /* enum domain_stop */
    bool crashed;               /* and somebody is giving the reason */
    u8 shutdown_code;           /* SHUTDOWN_* of public/sched.h */
    bool code_latched;          /* by SCHEDOP_shutdown_code: the end to come reports that one */
    volatile u32 pause_count;   /* by the toolstack and ring 0; > 0: no vcpu runs */
    u32 control_pauses;         /* of those, the toolstack's */
    u32 refs;
    u32 max_vcpus;
    struct domain_limits limits;
    struct vcpu *vcpu[MAX_VCPUS];
    struct shared_info *shared; /* ring 0's page, shared with the guest */
    u8 handle[16];
    char reason[DOMAIN_REASON_LENGTH]; /* first reason it was crashed for */

    spinlock_t control_lock;
    spinlock_t frames_lock;
    u64 tot_pages, max_pages, outstanding_claim;
    u64 shared_pages;           /* ring 0's pages shown to it */
    u64 *chunks;                /* bit per 2 MiB of the machine: it may own frames there */
    u64 relinquish_at;          /* progress of memory_relinquish */
    u64 dirty_cpus;             /* CPUs that have a vcpu of it loaded; the only ones whose TLBs know its tables */
    u64 stale_cpus, foreign_cpus; /* memory/tlb.c: who may know entries that are gone */
    u32 kill_stage;
    void *memory_map; /* XENMEM_set_memory_map */
    u32 memory_map_entries;

    struct domain_share share;
    struct domain_evtchn evtchn;
    struct domain_grants grants;
    struct domain_pirqs pirqs;
    struct domain_time time;
    struct domain_pv pv;

    struct domain *next;        /* in the list of domains, ascending id */
};

/* Those vcpus of d's that have been made. */
#define for_each_vcpu(v, d)                                                                        \
    for (struct vcpu *v, **at_ = (d)->vcpu; at_ < (d)->vcpu + (d)->max_vcpus; at_++)               \
        if (!(v = *at_)) {                                                                         \
        } else

extern struct domain *dom0;
extern struct domain *idle_domain;
/* Pseudo owners for DOMID_IO and DOMID_XEN, as arguments to memory/ only. */
extern struct domain *domain_io, *domain_xen;

/* id or DOMID_SELF (the current domain) -> referenced domain, NULL if there is none (or it is dead). */
struct domain *domain_find(u16 id);
void domain_get(struct domain *d);
void domain_put(struct domain *d);
/* The domain that a call of v's names: its own, or any for a privileged caller. NULL with *error -ESRCH or -EPERM. */
static inline struct domain *domain_find_for(const struct vcpu *v, u16 id, int *error)
{
    struct domain *d = domain_find(id);

    *error = d ? 0 : -ESRCH;
    if (!d || d == v->domain || v->domain->privileged)
        return d;
    domain_put(d);
    *error = -EPERM;
    return NULL;
}
/* The domain behind a frame's owner field; NULL for none. No reference: the frame that names it holds one. */
struct domain *domain_of_owner(u16 id);
/* First domain with id >= `from`, referenced. For lists. */
struct domain *domain_next(u16 from);

/* id DOMID_INVALID: the next free one. *out: referenced. 0, -EEXIST, -ENOMEM, -EINVAL. Starts paused by control. */
int domain_create(u16 id, const struct domain_limits *limits, bool privileged, struct domain **out);
/* 0 (also where it is there already), -EINVAL, -ENOMEM. It is down until it has a context. */
int vcpu_create(struct domain *d, u32 id);
/* The idle vcpu of a CPU, at bring-up. */
struct vcpu *vcpu_create_idle(u32 cpu);
/* Kills: 0 when done, -ERESTART: call again. */
int domain_kill(struct domain *d);

/* The guest stops by its own wish or ours: vcpus pause for good, VIRQ_DOM_EXC goes to dom0.
 * Dom0's own shutdown is the machine's (poweroff, reboot: boot/shutdown.h). */
void domain_shutdown(struct domain *d, u8 code);
/* A domain that has shut down (suspended, most of all) goes on where it stopped. Others go on anyway. 0; -EINVAL: ring 0
 * crashed it, amid an instruction; -ERESTART: it is about to stop. Control lock held. */
int domain_resume(struct domain *d);
/* A guest broke a rule. The first reason is kept and shown to people. On the way back the vcpu does
 * not run any more. Any context; may be called for the current domain. */
void domain_crash(struct domain *d, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Counted pauses. _sync: on return no vcpu of d runs on any CPU and its state is saved. Not for d == current's. */
void domain_pause_sync(struct domain *d);
void domain_unpause(struct domain *d);
/* The toolstack's own, counted. -EINVAL: not paused by it; -EOVERFLOW: too often. */
int domain_control_pause(struct domain *d, bool pause);

#endif
