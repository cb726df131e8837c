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
