/* SPDX-License-Identifier: MIT */
/*
 * The numbers that assembly needs of C's structures: compiled to assembler text, from which the build
 * picks the marked lines into asm-offsets.h. It is never linked.
 */
#include <public/arch-x86_64.h>

#include "cpu/percpu.h"
#include "domain/domain.h"
#include "entry/entry.h"
#include "hypercall/hypercall.h"

#define DEFINE(name, value) __asm__ volatile("\n.ascii \"->" #name " %c0\"" : : "i"(value))
#define OFFSET(name, type, field) DEFINE(name, offsetof(type, field))

void asm_offsets(void);

void asm_offsets(void)
{
    OFFSET(UREGS_ERROR_CODE, struct cpu_user_regs, error_code);
    OFFSET(UREGS_VECTOR, struct cpu_user_regs, entry_vector);
    OFFSET(UREGS_RIP, struct cpu_user_regs, rip);
    OFFSET(UREGS_CS, struct cpu_user_regs, cs);
    OFFSET(UREGS_R15, struct cpu_user_regs, r15);
    OFFSET(UREGS_R14, struct cpu_user_regs, r14);
    OFFSET(UREGS_R13, struct cpu_user_regs, r13);
    OFFSET(UREGS_R12, struct cpu_user_regs, r12);
    OFFSET(UREGS_RBP, struct cpu_user_regs, rbp);
    OFFSET(UREGS_RBX, struct cpu_user_regs, rbx);
    OFFSET(UREGS_R11, struct cpu_user_regs, r11);
    OFFSET(UREGS_R10, struct cpu_user_regs, r10);
    OFFSET(UREGS_R9, struct cpu_user_regs, r9);
    OFFSET(UREGS_R8, struct cpu_user_regs, r8);
    OFFSET(UREGS_RAX, struct cpu_user_regs, rax);
    OFFSET(UREGS_RCX, struct cpu_user_regs, rcx);
    OFFSET(UREGS_RDX, struct cpu_user_regs, rdx);
    OFFSET(UREGS_RSI, struct cpu_user_regs, rsi);
    OFFSET(UREGS_RDI, struct cpu_user_regs, rdi);
    OFFSET(UREGS_RFLAGS, struct cpu_user_regs, rflags);
    OFFSET(UREGS_RSP, struct cpu_user_regs, rsp);
    DEFINE(UREGS_SIZE, sizeof(struct cpu_user_regs));
    /* a frame without the data segments, as entry stubs make it */
    OFFSET(UREGS_FRAME_SIZE, struct cpu_user_regs, es);
    DEFINE(HYPERCALL_RESTARTS, -ERESTART);
    OFFSET(CPU_CURRENT, struct cpu, current);
    OFFSET(CPU_NEED_RESCHED, struct cpu, need_resched);
    DEFINE(CPU_BLOCK_SIZE, CPU_BLOCK_SIZE);
    DEFINE(MAX_CPUS, MAX_CPUS);
    DEFINE(CPU_STRUCT_SIZE, ROUND_UP(sizeof(struct cpu), 64ul));
    OFFSET(VCPU_INFO, struct vcpu, info);
    OFFSET(VCPU_KERNEL_MODE, struct vcpu, pv.kernel_mode);
    OFFSET(VCPU_NMI_PENDING, struct vcpu, pv.nmi_pending);
}
