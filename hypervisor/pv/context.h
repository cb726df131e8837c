/* SPDX-License-Identifier: MIT */
/*
 * Loading and saving what a vcpu has in a CPU, and the whole of its state as the toolstack gives and
 * takes it (vcpu_guest_context).
 */
#ifndef PV_CONTEXT_H
#define PV_CONTEXT_H

#include <public/arch-x86_64.h>

#include "lib/types.h"

struct vcpu;
struct domain;

int pv_vcpu_init(struct vcpu *v);
void pv_vcpu_destroy(struct vcpu *v);  /* lets go of descriptors' frames, FPU memory. Not running. */

/* Only schedule() calls these two: guest_regs(), segments, bases, windows, CR3, debug registers, FPU. save: prev
 * was current on this CPU. load: next becomes so. Idle vcpus included (they have only CR3). */
void pv_context_save(struct vcpu *prev);
void pv_context_load(struct vcpu *next);

/* setvcpucontext / VCPUOP_initialise: checks all of c, then sets. v is paused and not running. 0, -EINVAL, -EBUSY, -ERESTART. */
int pv_set_context(struct vcpu *v, const struct vcpu_guest_context *c);

/* Room for a context, which is more than ring 0 finds in one piece where memory is all in use: there is one, static, and NULL
 * where another CPU has it: -ERESTART, then. Whoever has it is the only one who sets a context. */
struct vcpu_guest_context *pv_context_room(void);
void pv_context_room_end(void);

/* getvcpucontext: all that pv_set_context() would make the same vcpu of. c: zeroed. v is paused. */
void pv_get_context(const struct vcpu *v, struct vcpu_guest_context *c);

/* FPU: loading the current guest's registers; and the copy for who looks at v's state while a CPU has them: they
 * stay there. A vcpu's FPU registers are saved whenever it is switched out. */
void fpu_load_current(void);
void fpu_save(struct vcpu *v);
/* fpu_taskswitch, clts, mov to cr0: TS as the guest's kernel sees it. */
void fpu_set_guest_ts(struct vcpu *v, bool set);
/* XSETBV of the current guest. False: not a value it may set. */
bool fpu_set_xcr0(struct vcpu *v, u64 xcr0);

/* Debug registers 0 to 3, 6, 7 (public numbers; 4 and 5: -ENODEV). -EPERM: an address of the hypervisor's, or bits that a
 * guest must not set. Goes into the CPU where v is current. */
int pv_set_debugreg(struct vcpu *v, u32 number, u64 value);

/* Bases of FS and GS of the current guest, as its CPU has them. */
enum pv_base { PV_BASE_FS, PV_BASE_GS_KERNEL, PV_BASE_GS_USER };
u64 pv_get_base(const struct vcpu *v, enum pv_base which);
/* False: not canonical. */
bool pv_set_base(const struct vcpu *v, enum pv_base which, u64 base);
/* What RDTSCP and RDPID say in v: MSR_TSC_AUX. False: more than 32 bits, or a CPU without it. v is current, and then
 * pv_load_tsc_aux() takes it into the CPU, or does not run. */
bool pv_set_tsc_aux(struct vcpu *v, u64 value);
void pv_load_tsc_aux(const struct vcpu *v);
/* The user GS selector; one that does not load becomes 0. */
void pv_load_user_gs(u16 selector);

static inline bool address_canonical(u64 address)
{
    return (u64)((s64)address >> 47) + 1 <= 1;
}

#endif
