/* SPDX-License-Identifier: MIT */
/* What the handlers of domctl have in common (domctl.c has the table). */
#ifndef HYPERCALL_DOMCTL_H
#define HYPERCALL_DOMCTL_H

#include <public/domctl.h>

#include "lib/types.h"

struct command_call;
struct xenctl_bitmap;

/* The handlers' c: the domain, referenced, its control lock held; v is the vcpu that is meant, where one is; op is the part
 * of the structure that is the command's, a private copy, which takes the answer. 0, -errno or -ERESTART. */

/* domctl_cpu.c */
long domctl_vcpu_info(const struct command_call *c);
long domctl_affinity(const struct command_call *c);
long domctl_scheduler(const struct command_call *c);
long domctl_node_affinity(const struct command_call *c);
long domctl_trigger(const struct command_call *c);
long domctl_runstates(const struct command_call *c);
/* A guest's bitmap of CPUs or nodes. Bits beyond 64 mean nothing, or are cleared. 0, -EFAULT, -EINVAL (it is absurdly long). */
int domctl_mask_read(const struct xenctl_bitmap *map, u64 *mask);
int domctl_mask_write(const struct xenctl_bitmap *map, u64 mask);

/* cpu_policy.c, the two sysctls that go with it too */
long domctl_cpu_policy(const struct command_call *c);
long sysctl_cpu_policy(const struct command_call *c);
long sysctl_cpu_featureset(const struct command_call *c);
/* debug_keys.c */
long sysctl_debug_keys(const struct command_call *c);

/* domctl_state.c */
long domctl_set_context(const struct command_call *c);
long domctl_get_context(const struct command_call *c);
long domctl_ext_context(const struct command_call *c);
long domctl_set_xstate(const struct command_call *c);
long domctl_get_xstate(const struct command_call *c);
long domctl_get_msrs(const struct command_call *c);
long domctl_set_msrs(const struct command_call *c);
long domctl_tsc(const struct command_call *c);
long domctl_frame_kinds(const struct command_call *c);
long domctl_resume(const struct command_call *c);
long domctl_shadow(const struct command_call *c);

#endif
