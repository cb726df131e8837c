/* SPDX-License-Identifier: MIT */
/*
 * The doors: one stub a vector, SYSCALL and SYSENTER, and the way back. Each makes a struct cpu_user_regs on the
 * stack and calls C. Nothing here may decide more than which C function it is, and nothing may use GS: it is the
 * guest's all the time; the CPU's own data are found from the stack pointer (cpu/percpu.h).
 *
 * Stacks: from a guest, the frame is guest_regs() at the top of the main stack. From ring 0 (a fault on a guest's
 * account, an interrupt in the window) it goes below what is there. NMI, #DF, #MC and #DB have stacks of their own.
 */
#include <public/arch-x86_64.h>
#include <public/xen.h>

#include "asm-offsets.h"
#include "entry/gates.h"

/* Fields of struct cpu, seen from guest_regs() less the word that aligns the stack for C. */
#define CPU(field) (8 + UREGS_SIZE + CPU_##field)
#define REGS(field) (8 + UREGS_##field)

    .section .entry.text, "ax"

/* How the frame holds the registers, from its first word on; UREGS_rdi and its like say where each stands. */
#define REGISTERS r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi
    .set at, 0
    .irp reg, REGISTERS
    .set UREGS_\reg, at
    .set at, at + 8
    .endr

.macro PUSH_EACH registers:vararg
    .irp reg, \registers
    push %\reg
    .endr
.endm

/* From and to the frame at rsp + 8. */
.macro LOAD_EACH registers:vararg
    .irp reg, \registers
    mov 8 + UREGS_\reg(%rsp), %\reg
    .endr
.endm

.macro STORE_EACH registers:vararg
    .irp reg, \registers
    mov %\reg, 8 + UREGS_\reg(%rsp)
    .endr
.endm

.macro SAVE_REGISTERS
    PUSH_EACH rdi, rsi, rdx, rcx, rax, r8, r9, r10, r11, rbx, rbp, r12, r13, r14, r15
.endm

.macro RESTORE_REGISTERS
    .irp reg, REGISTERS
    pop %\reg
    .endr
.endm

/* What the CPU leaves as the guest had it when it takes a trap: direction flag, and AC, which would lift SMAP. */
.macro ENTER_TRAP
    SAVE_REGISTERS
    cld
    testb $1, cpu_smap(%rip)
    jz .Lno_smap\@
    clac
.Lno_smap\@:
.endm

/* ---- gates ---- */

.macro GATE vector, target, ist=0, dpl=0
1:
    .if \vector >= 32 || !((VECTORS_WITH_ERROR_CODE >> (\vector & 31)) & 1)
    push $0
    .endif
    movl $\vector, 4(%rsp)
    jmp \target
    .pushsection .rodata.gates, "a"
    .quad 1b
    .byte \ist, \dpl, 0, 0, 0, 0, 0, 0
    .popsection
.endm

.macro GATES first, last, target, dpl=0
    .set vector, \first
    .rept \last - \first + 1
    GATE vector, \target, 0, \dpl
    .set vector, vector + 1
    .endr
.endm

    .pushsection .rodata.gates, "a"
    .balign 16
    .globl gate_table
gate_table:
    .popsection

    GATE 0, exception_entry
    GATE 1, debug_entry, IST_DOUBLE_FAULT
    GATE 2, nmi_entry, IST_NMI
    GATES 3, 4, exception_entry, 3
    GATES 5, 7, exception_entry
    GATE 8, fatal_entry, IST_DOUBLE_FAULT
    GATES 9, 17, exception_entry
    GATE 18, fatal_entry, IST_MACHINE_CHECK
    GATES 19, 31, exception_entry
    GATES 32, 0x7f, interrupt_entry
    GATES 0x80, 0x80, exception_entry, 3
    GATES 0x81, 255, interrupt_entry

/* ---- exceptions and interrupts ---- */

    .balign 16
exception_entry:
    ENTER_TRAP
    testb $3, UREGS_CS(%rsp)
    jz ring0_exception
guest_exception:
    mov UREGS_VECTOR(%rsp), %edi
    mov UREGS_ERROR_CODE(%rsp), %esi
    mov %cr2, %rdx
    sub $8, %rsp
    call pv_handle_exception
    jmp return_to_guest

interrupt_entry:
    ENTER_TRAP
    movzbl UREGS_VECTOR(%rsp), %edi
    sub $8, %rsp
    call irq_dispatch
    testb $3, REGS(CS)(%rsp)
    jnz return_to_guest
    add $8, %rsp
return_to_ring0:
    RESTORE_REGISTERS
    add $8, %rsp
    iretq

/* A fault of ours: C finds where to go on, or gives up. The guest's registers at the one IRETQ that may fault
 * are in the CPU, so this frame has them, but for the five words that IRETQ was to take. */
ring0_exception:
    lea guest_iretq(%rip), %rax
    cmp %rax, UREGS_RIP(%rsp)
    mov %rsp, %rdi
    je iret_fault
    sub $8, %rsp
    call entry_ring0_exception
    add $8, %rsp
    jmp return_to_ring0
iret_fault:
    sub $8, %rsp
    call entry_iret_fault
    /* falls through */

/* Forgets the stack it was called on. */
    .globl entry_return_to_guest
entry_return_to_guest:
    mov %rsp, %rax
    or $(CPU_BLOCK_SIZE - 1), %rax
    lea 1 - CPU_STRUCT_SIZE - UREGS_SIZE - 8(%rax), %rsp
    jmp return_to_guest

fatal_entry:
    ENTER_TRAP
    mov %rsp, %rdi
    sub $8, %rsp
    call entry_fatal

/* A guest's frame goes to where a guest's frame belongs. */
.macro TO_MAIN_STACK
    mov %rsp, %rsi
    mov %rsp, %rdi
    or $(CPU_BLOCK_SIZE - 1), %rdi
    sub $(CPU_STRUCT_SIZE + UREGS_SIZE - 1), %rdi
    mov %rdi, %rax
    mov $(UREGS_FRAME_SIZE / 8), %ecx
    rep movsq
    mov %rax, %rsp
.endm

nmi_entry:
    ENTER_TRAP
    mov %rsp, %rdi
    sub $8, %rsp
    call entry_nmi
    add $8, %rsp
    testb $3, UREGS_CS(%rsp)
    jz return_to_ring0
    TO_MAIN_STACK /* the one IRETQ that may fault on a guest's selectors is there */
    sub $8, %rsp
    jmp return_to_guest

/* From a guest: the frame moves to where a guest's frame belongs. From ring 0: a guest's breakpoint on its own
 * memory that ring 0 touched, or its single-step over SYSCALL or SYSENTER; nothing to do. */
debug_entry:
    ENTER_TRAP
    testb $3, UREGS_CS(%rsp)
    jz 1f
    TO_MAIN_STACK
    jmp guest_exception
1:  mov %rsp, %rdi
    sub $8, %rsp
    call entry_ring0_debug
    add $8, %rsp
    jmp return_to_ring0

/* ---- SYSCALL and SYSENTER ---- */

/* SYSCALL changes no stack, and finds nothing that is the CPU's own but its entry address: so each CPU has a stub
 * and a slot: scratch for the guest's rsp, and where its stack begins. */
    .balign 64
    .globl syscall_stubs
syscall_stubs:
    .set cpu, 0
    .rept MAX_CPUS
    .balign 64
    mov %rsp, syscall_slots + cpu * 64(%rip)
    mov syscall_slots + cpu * 64 + 8(%rip), %rsp
    push $FLAT_RING3_SS64
    push syscall_slots + cpu * 64(%rip)
    jmp syscall_entry
    .balign 32 /* the same from 32-bit code: SYSCALL_STUB_COMPAT bytes on */
    mov %rsp, syscall_slots + cpu * 64(%rip)
    mov syscall_slots + cpu * 64 + 8(%rip), %rsp
    push $FLAT_RING3_SS32
    push syscall_slots + cpu * 64(%rip)
    jmp syscall32_entry
    .set cpu, cpu + 1
    .endr

/* Is anything due before a guest may go on? rsp: guest_regs() less 8. Uses rcx and rdx. */
.macro CHECK_WORK work
    cmpb $0, CPU(NEED_RESCHED)(%rsp)
    jne \work
    mov CPU(CURRENT)(%rsp), %rcx
    mov VCPU_INFO(%rcx), %rdx
    movzwl (%rdx), %edx /* evtchn_upcall_pending, and _mask in the high byte: due when that is 0 and the other not */
    dec %edx
    cmp $0xff, %edx
    jb \work
    cmpb $0, VCPU_NMI_PENDING(%rcx)
    jne \work
.endm

/* The short way in and out. rbx, rbp and r12 to r15, which C preserves, stay in the CPU: their room in the frame is
 * filled (and r11's, which is rflags) only when something is due on the way back that may need them. */
    .balign 16
syscall_entry:
    push %r11
    push $FLAT_RING3_CS64
    push %rcx
    push $-1 /* ENTRY_BY_SYSCALL */
    PUSH_EACH rdi, rsi, rdx, rcx, rax, r8, r9, r10
    sub $(UREGS_r10 + 8), %rsp
    mov CPU(CURRENT)(%rsp), %rcx
    cmpb $0, VCPU_KERNEL_MODE(%rcx)
    je syscall_of_user
    cmp $__HYPERVISOR_iret, %eax
    je syscall_iret
    PUSH_EACH r9, r8, r10, rdx, rsi, rdi /* the arguments as an array */
    mov %rcx, %rdi
    mov %rsp, %rsi
    mov %eax, %edx
    call hypercall_dispatch
    cmp $HYPERCALL_RESTARTS, %rax
    je hypercall_again
    add $48, %rsp
    CHECK_WORK hypercall_work
syscall_return: /* rax: the guest's */
    /* SYSRET to an address that is not canonical faults in ring 0 on the guest's stack, on some CPUs: make it one */
    mov REGS(RIP)(%rsp), %rcx
    shl $16, %rcx
    sar $16, %rcx
    mov REGS(RFLAGS)(%rsp), %r11
    LOAD_EACH rdi, rsi, rdx, r10, r8, r9
    mov REGS(RSP)(%rsp), %rsp
    sysretq

hypercall_again:
    mov %rsp, %rdi
    call hypercall_restart
    add $48, %rsp
    jmp syscall_work

syscall_iret:
    call pv_iret
    CHECK_WORK syscall_work
    LOAD_EACH rax
    cmpl $-1, REGS(VECTOR)(%rsp)
    je syscall_return
syscall_by_iretq: /* rax: the guest's */
    LOAD_EACH rcx, rdx, rsi, rdi, r8, r9, r10, r11
    add $REGS(RIP), %rsp
    jmp guest_iretq

syscall_of_user:
    STORE_EACH r11
    call pv_handle_syscall_from_user
    CHECK_WORK syscall_work
    LOAD_EACH rax
    jmp syscall_by_iretq

hypercall_work:
    STORE_EACH rax
syscall_work:
    STORE_EACH rbx, rbp, r12, r13, r14, r15
    cmpl $-1, REGS(VECTOR)(%rsp)
    jne exit_work
    mov REGS(RFLAGS)(%rsp), %rax
    mov %rax, 8 + UREGS_r11(%rsp)
    jmp exit_work

/* The long way: the frame is whole. rsp: guest_regs() less 8. */
return_to_guest:
    CHECK_WORK exit_work
restore_guest:
    add $8, %rsp
    RESTORE_REGISTERS
    add $8, %rsp
guest_iretq:
    iretq
exit_work:
    call entry_exit_work
    jmp restore_guest

syscall32_entry:
    push %r11
    push $FLAT_RING3_CS32
    push %rcx
    push $0
    SAVE_REGISTERS
    sub $8, %rsp
    call pv_handle_syscall32
    jmp return_to_guest

/* SYSENTER brings its stack pointer along (MSR_SYSENTER_ESP), but neither rip, rsp nor flags of the guest. It
 * keeps NT, which IRETQ would stumble over, DF and AC. */
    .globl sysenter_entry
sysenter_entry:
    push $FLAT_RING3_SS32
    push $0
    push $0x202
    push $FLAT_RING3_CS32
    push $0
    push $0
    SAVE_REGISTERS
    push $2
    popfq
    sub $8, %rsp
    call pv_handle_sysenter
    jmp return_to_guest

    .section .note.GNU-stack, "", @progbits
