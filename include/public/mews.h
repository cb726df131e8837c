/* SPDX-License-Identifier: MIT */
/*
 * What Mews answers beyond Xen's ABI. Numbers lie where Xen has none; a Xen answers them with
 * ENOSYS, and a toolstack does without.
 */
#ifndef PUBLIC_MEWS_H
#define PUBLIC_MEWS_H

#include "types.h"

/*
 * Part of XENVER_extraversion. Where it stands, frames from XENMEM_populate_physmap are all zero
 * (the allocator has nothing else to give), so that a builder need not write what is to be zero.
 */
#define MEWS_VERSION_MARK "-mews"

/* domctl: why the hypervisor crashed a domain, in words. Empty where it did not. */
#define XEN_DOMCTL_mews_get_reason 0x4d01
#define MEWS_REASON_SIZE           120

struct xen_domctl_mews_reason {
    char reason[MEWS_REASON_SIZE]; /* out; ends with 0 */
};

/*
 * domctl: how long a domain's vcpus, taken together, were in each run state, since it was made. time[]
 * of RUNSTATE_runnable is what it was ready for and did not get: its steal time.
 */
#define XEN_DOMCTL_mews_get_runstates 0x4d02

struct xen_domctl_mews_runstates {
    uint64_t time[4]; /* out: ns, by RUNSTATE_* of public/vcpu.h */
};

#endif
