/* SPDX-License-Identifier: MIT */
/*
 * An HVM domain's processor as tools read it. There are no HVM domains here: this is for tools that know
 * both kinds of guest, and nothing of the hypervisor may use it.
 */
#ifndef PUBLIC_HVM_SAVE_H
#define PUBLIC_HVM_SAVE_H

#include "../types.h"

/* A record's number and structure, by its name; of all records this one alone is here. */
#define HVM_SAVE_CODE(name)   HVM_SAVE_CODE_##name
#define HVM_SAVE_LENGTH(name) sizeof(HVM_SAVE_TYPE_##name)
#define HVM_SAVE_CODE_CPU     2
#define HVM_SAVE_TYPE_CPU     struct hvm_hw_cpu

struct hvm_hw_cpu {
    uint8_t fpu_regs[512];
    uint64_t rax, rbx, rcx, rdx, rbp, rsi, rdi, rsp;
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t rip, rflags;
    uint64_t cr0, cr2, cr3, cr4;
    uint64_t dr0, dr1, dr2, dr3, dr6, dr7;
    uint32_t cs_sel, ds_sel, es_sel, fs_sel, gs_sel, ss_sel, tr_sel, ldtr_sel;
    uint32_t cs_limit, ds_limit, es_limit, fs_limit, gs_limit, ss_limit, tr_limit, ldtr_limit;
    uint32_t idtr_limit, gdtr_limit;
    uint64_t cs_base, ds_base, es_base, fs_base, gs_base, ss_base, tr_base, ldtr_base;
    uint64_t idtr_base, gdtr_base;
    uint32_t cs_arbytes, ds_arbytes, es_arbytes, fs_arbytes, gs_arbytes, ss_arbytes, tr_arbytes, ldtr_arbytes;
    uint64_t sysenter_cs, sysenter_esp, sysenter_eip;
    uint64_t shadow_gs;
    uint64_t msr_flags, msr_lstar, msr_star, msr_cstar, msr_syscall_mask, msr_efer, msr_tsc_aux;
    uint64_t tsc;
    union {
        uint32_t pending_event;
        struct {
            uint8_t pending_vector : 8;
            uint8_t pending_type : 3;
            uint8_t pending_error_valid : 1;
            uint32_t pending_reserved : 19;
            uint8_t pending_valid : 1;
        };
    };
    uint32_t error_code;
    uint32_t flags;
    uint32_t pad0;
};

#endif
