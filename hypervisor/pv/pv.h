/* SPDX-License-Identifier: MIT */
/*
 * What ring 0 keeps of a guest's virtual CPU: its trap table, stacks, callbacks, descriptor tables,
 * control registers, and its registers while it does not run.
 */
#ifndef PV_PV_H
#define PV_PV_H

#include <public/arch-x86_64.h>
#include <public/callback.h>

#include "lib/types.h"

struct vcpu;
struct domain;
struct fpu_state;

struct pv_trap {
    u64 address; /* 0: none */
    u16 cs;
    u8 dpl;      /* lowest privilege that may raise it by int n: 3 lets user mode in */
    bool mask_events;
};

struct vcpu_pv {
    bool kernel_mode;          /* the guest runs its kernel (base), else its user mode (user_base) */
    u64 kernel_ss, kernel_sp;  /* stack_switch */
    struct pv_callback {
        u64 address; /* 0: none */
        bool masks_events;
    } callback[CALLBACKTYPE_syscall32 + 1];
    u64 fs_base, gs_base_kernel, gs_base_user; /* while not loaded; gs_base_kernel: the inactive one is MSR_KERNEL_GS */
    u32 gdt_entries;
    mfn_t gdt_frame[14];       /* each held as descriptors */
    u64 ldt_base;              /* guest linear address */
    u32 ldt_entries;
    u64 ldt_mapped;            /* bits: pages of it that are in the window, each held */
    mfn_t ldt_frame[16];
    u64 cr0_guest;             /* TS as the guest sees it; the rest is constant */
    u64 cr4_guest;
    u64 debugreg[8];
    u32 iopl;                  /* virtual IOPL from physdev_op, <<12 as in eflags */
    u64 io_bitmap;             /* guest address of user mode's port bitmap (a clear bit allows), for io_bitmap_ports ports */
    u32 io_bitmap_ports;
    bool nmi_pending, nmi_masked;
    struct pv_trap trap[256];
    struct cpu_user_regs regs; /* while it does not run */
    struct fpu_state *fpu;     /* while not in the registers */
    bool fpu_used;             /* has state worth loading */
    u64 xcr0;
    u32 tsc_aux;               /* what RDTSCP and RDPID say in it: Linux puts the vcpu's number there */
};

#define PV_FEATURE_WORDS 9     /* words of CPUID with features in them */

struct domain_pv {
    bool hides_features;       /* some of them: */
    u32 features_hidden[PV_FEATURE_WORDS]; /* from its kernel's CPUID (pv/cpuid.c) */
    u32 vm_assist;             /* VMASST_TYPE_* bits */
};

#endif
