/* SPDX-License-Identifier: MIT */
/*
 * Numbers of model-specific registers and bits of the control registers (Intel SDM, AMD APM). Numbers
 * only: assembly includes it.
 */
#ifndef CPU_MSR_H
#define CPU_MSR_H

#define MSR_TSC             0x10
#define MSR_APIC_BASE       0x1b
#define MSR_MISC_ENABLE     0x1a0
#define MSR_SYSENTER_CS     0x174
#define MSR_SYSENTER_ESP    0x175
#define MSR_SYSENTER_EIP    0x176
#define MSR_PAT             0x277
#define MSR_TSC_DEADLINE    0x6e0
#define MSR_X2APIC_FIRST    0x800
#define MSR_EFER            0xc0000080
#define MSR_STAR            0xc0000081
#define MSR_LSTAR           0xc0000082
#define MSR_CSTAR           0xc0000083
#define MSR_SYSCALL_MASK    0xc0000084
#define MSR_FS_BASE         0xc0000100
#define MSR_GS_BASE         0xc0000101
#define MSR_KERNEL_GS_BASE  0xc0000102
#define MSR_TSC_AUX         0xc0000103

#define EFER_SCE   0x001
#define EFER_LME   0x100
#define EFER_NXE   0x800

#define CR0_PE     0x00000001
#define CR0_MP     0x00000002
#define CR0_TS     0x00000008
#define CR0_ET     0x00000010
#define CR0_NE     0x00000020
#define CR0_WP     0x00010000
#define CR0_AM     0x00040000
#define CR0_PG     0x80000000

#define CR4_TSD        0x00000004
#define CR4_PAE        0x00000020
#define CR4_MCE        0x00000040
#define CR4_OSFXSR     0x00000200
#define CR4_OSXMMEXCPT 0x00000400
#define CR4_FSGSBASE   0x00010000
#define CR4_OSXSAVE    0x00040000
#define CR4_SMEP       0x00100000
#define CR4_SMAP       0x00200000

/* The page attributes that PV guests know by index: WB, WT, UC-, UC, WC, WP. */
#define PAT_VALUE 0x050100070406
/* Flags that SYSCALL clears: TF, IF, DF, IOPL, NT, RF, AC. */
#define SYSCALL_MASK_VALUE 0x57700

#endif
