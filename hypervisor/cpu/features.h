/* SPDX-License-Identifier: MIT */
/*
 * What the CPU can do, read once on the boot CPU; every CPU is set up by it. A machine whose other CPUs
 * can less than the first is not one that we run on.
 */
#ifndef CPU_FEATURES_H
#define CPU_FEATURES_H

#include "lib/types.h"

struct cpu_features {
    char vendor[13];
    bool intel, amd;
    u32 family, model;
    u32 max_leaf, max_extended_leaf;
    bool nx, smep, smap, fsgsbase, gbpages, xsave, x2apic, tsc_deadline, tsc_invariant;
    bool tsc_aux; /* RDTSCP or RDPID, which show guests MSR_TSC_AUX */
    u64 xcr0;         /* state components that guests may use; 0 without xsave */
    u32 xstate_size;  /* bytes of the save area for all of xcr0 (512 without xsave) */
    u8 phys_bits;
    u64 cr4;          /* the value every CPU runs with */
};

extern struct cpu_features cpu_features;
/* True where SMAP is in use: guest memory is reached between stac and clac only. */
extern bool cpu_smap;

/* Reads CPUID; SMEP and SMAP as the options say. Panics where the CPU lacks what we cannot do without. */
void features_read(bool allow_smep, bool allow_smap);
/* Control registers, EFER, PAT, FPU and syscall entry of the CPU that runs this. */
void features_apply(void);
/* Ring 3 had a page fault that only a supervisor's access to a present page can have. No CPU does that but an emulated
 * one that reads iret's and a far return's stack as the supervisor (docs/qemu-bugs.md): SMAP goes off, on all CPUs. True: it
 * was on, so the instruction may be repeated. */
bool features_smap_fault(void);

static inline void guest_access_begin(void)
{
    if (cpu_smap)
        __asm__ volatile("stac" : : : "memory");
}

static inline void guest_access_end(void)
{
    if (cpu_smap)
        __asm__ volatile("clac" : : : "memory");
}

#endif
