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
    u16 offset, size;
};

struct vcpu_time {
    struct timer oneshot;   /* set_timer_op, VCPUOP_set_singleshot_timer -> VIRQ_TIMER */
    struct timer poll;      /* SCHEDOP_poll's timeout */
    struct vcpu_runstate_info runstate;
    struct guest_area runstate_area;
    struct guest_area time_area;
};

struct domain_time {
    s32 time_offset_seconds;
    u32 wc_version;
};

void time_vcpu_init(struct vcpu *v);
void time_vcpu_destroy(struct vcpu *v);      /* stops timers, lets go of areas. No other CPU uses v. */
void time_domain_init(struct domain *d);
/* Writes vcpu_time_info of v (into v->info and the registered area). At schedule-in. */
void time_update_vcpu(struct vcpu *v);
/* Wall clock into shared info. */
void time_update_wallclock(struct domain *d);
void time_update_wallclock_all(void);
/* Run-state change at `now`; copies out to the guest's area. */
void runstate_change(struct vcpu *v, u32 state, u64 now);
/* areas: translate and hold (the current guest's or v's kernel address space), write, let go. 0, -EFAULT, -EINVAL. */
int guest_area_set(struct vcpu *v, struct guest_area *a, u64 address, u32 size);
void guest_area_write(struct guest_area *a, u32 offset, const void *from, u32 size);
void guest_area_clear(struct vcpu *v, struct guest_area *a);

#endif
