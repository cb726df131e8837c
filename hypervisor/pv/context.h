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
int pv_domain_init(struct domain *d);
void pv_domain_destroy(struct domain *d);

/* Only schedule() calls these two: guest_regs(), segments, bases, windows, CR3, debug registers; the FPU is
 * lazy. save: prev was current on this CPU. load: next becomes so. Idle vcpus included (they have only CR3). */
void pv_context_save(struct vcpu *prev);
void pv_context_load(struct vcpu *next);

/* setvcpucontext / VCPUOP_initialise: checks all of c, then sets. v is paused and not running. 0, -EINVAL, -EBUSY, -ERESTART. */
int pv_set_context(struct vcpu *v, const struct vcpu_guest_context *c);
void pv_get_context(struct vcpu *v, struct vcpu_guest_context *c);

/* FPU: #NM of the current guest, and the flush before a vcpu moves or is looked at. */
void fpu_load_current(void);
void fpu_save(struct vcpu *v);

#endif
