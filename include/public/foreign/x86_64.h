/* SPDX-License-Identifier: MIT */
/* The structures of a 64-bit guest under the names that tools use for guests of either width. */
#ifndef PUBLIC_FOREIGN_X86_64_H
#define PUBLIC_FOREIGN_X86_64_H

#include "../xen.h"

#define start_info_x86_64         start_info
#define trap_info_x86_64          trap_info
#define cpu_user_regs_x86_64      cpu_user_regs
#define vcpu_guest_context_x86_64 vcpu_guest_context
#define shared_info_x86_64        shared_info

typedef struct start_info start_info_x86_64_t;
typedef struct trap_info trap_info_x86_64_t;
typedef struct cpu_user_regs cpu_user_regs_x86_64_t;
typedef struct vcpu_guest_context vcpu_guest_context_x86_64_t;
typedef struct arch_vcpu_info arch_vcpu_info_x86_64_t;
typedef struct vcpu_time_info vcpu_time_info_x86_64_t;
typedef struct vcpu_info vcpu_info_x86_64_t;
typedef struct arch_shared_info arch_shared_info_x86_64_t;
typedef struct shared_info shared_info_x86_64_t;

#define MAX_GUEST_CMDLINE_X86_64     MAX_GUEST_CMDLINE
#define XEN_LEGACY_MAX_VCPUS_X86_64  XEN_LEGACY_MAX_VCPUS
#define xen_pfn_to_cr3_x86_64(pfn)   ((uint64_t)(pfn) << 12)
#define xen_cr3_to_pfn_x86_64(cr3)   ((uint64_t)(cr3) >> 12)

#endif
