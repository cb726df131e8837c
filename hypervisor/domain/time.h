/* SPDX-License-Identifier: MIT */
/*
 * A vcpu's view of time: vcpu_time_info, the wall clock in shared info, its one-shot timer, its run
 * states (running, runnable, blocked, offline) and the copy of them that a guest may register.
 */
#ifndef DOMAIN_TIME_H
#define DOMAIN_TIME_H

#include <public/vcpu.h>

#include "cpu/timer.h"
#include "lib/types.h"

struct domain;
struct vcpu;

/* A guest's area registered by virtual address: up to two frames, held writable. */
struct guest_area {
    mfn_t frame[2]; /* mfn 0: none */
    u16 offset;
};

struct vcpu_time {
    struct timer oneshot;   /* set_timer_op, VCPUOP_set_singleshot_timer -> VIRQ_TIMER */
    struct timer periodic;  /* VCPUOP_set_periodic_timer -> VIRQ_TIMER, each `period` ns */
    u64 period;             /* 0: none */
    struct timer poll;      /* SCHEDOP_poll's timeout */
    struct vcpu_runstate_info runstate;
    struct guest_area runstate_area;
    struct guest_area time_area;
    u32 version;            /* of vcpu_time_info; odd while it changes */
};

struct domain_time {
    u32 wc_version;
    struct timer watchdog[2]; /* SCHEDOP_watchdog */
    u8 watchdogs_in_use;      /* bits */
    u32 tsc_mode, tsc_incarnation; /* the toolstack's words, given back as they are */
};

void time_vcpu_init(struct vcpu *v);
void time_vcpu_destroy(struct vcpu *v);      /* stops timers, lets go of areas. No other CPU uses v. */
void time_domain_init(struct domain *d);
void time_domain_destroy(struct domain *d);
/* Writes vcpu_time_info of v (into v->info and the registered area). At schedule-in. */
void time_update_vcpu(struct vcpu *v);
/* Wall clock into shared info. */
void time_update_wallclock(struct domain *d);
void time_update_wallclock_all(void);
/* Run-state change at `now`; copies out to the guest's area. */
void runstate_change(struct vcpu *v, u32 state, u64 now);
/* The run states as of now. */
void runstate_get(struct vcpu *v, struct vcpu_runstate_info *out);
/* Registers the area for them (address 0: none) and fills it. 0 or -EFAULT. */
int runstate_register(struct vcpu *v, u64 address);
/* The same for the second copy of vcpu_time_info. */
int time_register_area(struct vcpu *v, u64 address);
/* VIRQ_TIMER each `period` ns from now on, while v runs; 0: no more. Any vcpu's. */
void time_set_periodic(struct vcpu *v, u64 period);
/* SCHEDOP_watchdog: `id` 0 makes one, else sets it anew; 0 seconds stops it, but for one that is made: that goes off at once.
 * The id made, 0, -EINVAL, -ENOSPC (both are in use). */
int time_set_watchdog(struct domain *d, u32 id, u32 seconds);

#endif
