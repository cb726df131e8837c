/* SPDX-License-Identifier: MIT */
/*
 * The structures of a 32-bit PV guest, for tools whose unions name both widths. There are no such guests
 * here: nothing of the hypervisor or of libvmctl may use them.
 */
#ifndef PUBLIC_FOREIGN_X86_32_H
#define PUBLIC_FOREIGN_X86_32_H

#include "../types.h"

#define MAX_GUEST_CMDLINE_X86_32    1024
#define XEN_LEGACY_MAX_VCPUS_X86_32 32

/* Frame numbers above 20 bits wrap round into the low bits of a 32-bit cr3. */
#define xen_pfn_to_cr3_x86_32(pfn) ((uint32_t)(pfn) << 12 | (uint32_t)(pfn) >> 20)
#define xen_cr3_to_pfn_x86_32(cr3) ((uint32_t)(cr3) >> 12 | (uint32_t)(cr3) << 20)

#pragma pack(push, 4)

typedef struct start_info_x86_32 {
    char magic[32];
    uint32_t nr_pages, shared_info, flags, store_mfn, store_evtchn;
    union {
        struct {
            uint32_t mfn, evtchn;
        } domU;
        struct {
            uint32_t info_off, info_size;
        } dom0;
    } console;
    uint32_t pt_base, nr_pt_frames, mfn_list, mod_start, mod_len;
    int8_t cmd_line[MAX_GUEST_CMDLINE_X86_32];
    uint32_t first_p2m_pfn, nr_p2m_frames;
} start_info_x86_32_t;

typedef struct trap_info_x86_32 {
    uint8_t vector, flags;
    uint16_t cs;
    uint32_t address;
} trap_info_x86_32_t;

typedef struct cpu_user_regs_x86_32 {
    uint32_t ebx, ecx, edx, esi, edi, ebp, eax;
    uint16_t error_code, entry_vector;
    uint32_t eip;
    uint16_t cs;
    uint8_t saved_upcall_mask, _pad0;
    uint32_t eflags, esp;
    uint16_t ss, _pad1;
    uint16_t es, _pad2;
    uint16_t ds, _pad3;
    uint16_t fs, _pad4;
    uint16_t gs, _pad5;
} cpu_user_regs_x86_32_t;

typedef struct vcpu_guest_context_x86_32 {
    struct {
        char x[512];
    } fpu_ctxt;
    uint32_t flags;
    struct cpu_user_regs_x86_32 user_regs;
    struct trap_info_x86_32 trap_ctxt[256];
    uint32_t ldt_base, ldt_ents;
    uint32_t gdt_frames[16], gdt_ents;
    uint32_t kernel_ss, kernel_sp;
    uint32_t ctrlreg[8], debugreg[8];
    uint32_t event_callback_cs, event_callback_eip;
    uint32_t failsafe_callback_cs, failsafe_callback_eip;
    uint32_t vm_assist;
} vcpu_guest_context_x86_32_t;

typedef struct arch_vcpu_info_x86_32 {
    uint32_t cr2, pad[5];
} arch_vcpu_info_x86_32_t;

typedef struct vcpu_time_info_x86_32 {
    uint32_t version, pad0;
    uint64_t tsc_timestamp, system_time;
    uint32_t tsc_to_system_mul;
    int8_t tsc_shift;
    uint8_t flags, pad1[2];
} vcpu_time_info_x86_32_t;

typedef struct vcpu_info_x86_32 {
    uint8_t evtchn_upcall_pending, evtchn_upcall_mask;
    uint32_t evtchn_pending_sel;
    struct arch_vcpu_info_x86_32 arch;
    struct vcpu_time_info_x86_32 time;
} vcpu_info_x86_32_t;

typedef struct arch_shared_info_x86_32 {
    uint32_t max_pfn, pfn_to_mfn_frame_list_list, nmi_reason;
    uint32_t p2m_cr3, p2m_vaddr, p2m_generation;
    uint32_t wc_sec_hi;
} arch_shared_info_x86_32_t;

typedef struct shared_info_x86_32 {
    struct vcpu_info_x86_32 vcpu_info[XEN_LEGACY_MAX_VCPUS_X86_32];
    uint32_t evtchn_pending[32], evtchn_mask[32];
    uint32_t wc_version, wc_sec, wc_nsec;
    struct arch_shared_info_x86_32 arch;
} shared_info_x86_32_t;

#pragma pack(pop)

#endif
