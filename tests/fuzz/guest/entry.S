/* SPDX-License-Identifier: MIT */
/*
 * The fuzz guest's few instructions that C cannot say: a hypercall with a whole rax, made-up code with made-up registers,
 * and a made-up return frame. Neither of the last two comes back here: what follows traps, and traps lead to the loop.
 */
#include <public/xen.h>
#include "layout.h"

        .text
        .globl fuzz_call
fuzz_call:                              /* (number, args[5]): all of rax goes over */
        pushq %rbx
        movq %rdi, %rax
        movq %rsi, %rbx
        movq 0(%rbx), %rdi
        movq 8(%rbx), %rsi
        movq 16(%rbx), %rdx
        movq 24(%rbx), %r10
        movq 32(%rbx), %r8
        syscall
        popq %rbx
        ret

        .globl fuzz_execute
fuzz_execute:                           /* (registers[15], code, words[5]): the words are on the stack when it starts */
        subq $256, %rsp
        pushq 32(%rdx)
        pushq 24(%rdx)
        pushq 16(%rdx)
        pushq 8(%rdx)
        pushq 0(%rdx)
        pushq %rsi
        movq 8(%rdi), %rcx
        movq 16(%rdi), %rdx
        movq 24(%rdi), %rbx
        movq 32(%rdi), %rbp
        movq 40(%rdi), %rsi
        movq 56(%rdi), %r8
        movq 64(%rdi), %r9
        movq 72(%rdi), %r10
        movq 80(%rdi), %r11
        movq 88(%rdi), %r12
        movq 96(%rdi), %r13
        movq 104(%rdi), %r14
        movq 112(%rdi), %r15
        movq 0(%rdi), %rax
        movq 48(%rdi), %rdi
        ret

        .globl fuzz_return
fuzz_return:
        movq %rdi, %rsp
        jmp hypercall_page + __HYPERVISOR_iret * 32

        .globl fuzz_land, fuzz_idle
fuzz_land:
        ud2

        /* What a vCPU does that was started with a context of its own: nothing, for good. */
fuzz_idle:
        movl $__HYPERVISOR_sched_op, %eax
        xorl %edi, %edi
        syscall
        jmp fuzz_idle

        /*
         * The ways in from traps, of each vCPU its own, 32 bytes each: they say which vCPU and vector, and go on a stack of
         * that vCPU's own, since the one that the trap was taken on may be anything. Order: vectors 0 to 31, 0x80, failsafe,
         * SYSCALL, 32-bit SYSCALL and SYSENTER, NMI.
         */
        .macro way_in cpu, vector, rip
        .balign 32
        movl $\cpu, %edi
        movl $\vector, %esi
        movq \rip(%rsp), %rdx
        leaq fuzz_stacks + 4096 * (\cpu + 1)(%rip), %rsp
        jmp fuzz_trap_entry
        .endm

        .balign 32
        .globl fuzz_ways_in
fuzz_ways_in:
        .irp cpu, 0, 1, 2, 3
        .irp vector, 0, 1, 2, 3, 4, 5, 6, 7
        way_in \cpu, \vector, 16
        .endr
        way_in \cpu, 8, 24
        way_in \cpu, 9, 16
        .irp vector, 10, 11, 12, 13, 14
        way_in \cpu, \vector, 24
        .endr
        way_in \cpu, 15, 16
        way_in \cpu, 16, 16
        way_in \cpu, 17, 24
        .irp vector, 18, 19, 20
        way_in \cpu, \vector, 16
        .endr
        way_in \cpu, 21, 24
        .irp vector, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 0x80
        way_in \cpu, \vector, 16
        .endr
        way_in \cpu, TRAP_FAILSAFE, 48
        way_in \cpu, TRAP_SYSCALL, 16
        way_in \cpu, TRAP_SYSCALL32, 16
        way_in \cpu, 2, 16
        .endr

fuzz_trap_entry:
        pushq $2                        /* no alignment checks, no single steps */
        popfq
        xorl %ebp, %ebp
        call fuzz_trap
        ud2

        /* Events return to what they came upon, on its stack: 64 bytes each. */
        .macro event_in cpu
        .balign 64
        pushq %rdi
        movl $\cpu, %edi
        jmp fuzz_event_entry
        .endm
        .balign 64
        .globl fuzz_events_in
fuzz_events_in:
        .irp cpu, 0, 1, 2, 3
        event_in \cpu
        .endr
fuzz_event_entry:
        pushq %rax
        pushq %rcx
        pushq %rdx
        pushq %rsi
        pushq %r8
        pushq %r9
        pushq %r10
        pushq %r11
        pushq %rbp
        cld
        movq %rsp, %rbp
        andq $-16, %rsp
        call fuzz_event
        movq %rbp, %rsp
        popq %rbp
        popq %r11
        popq %r10
        popq %r9
        popq %r8
        popq %rsi
        popq %rdx
        popq %rcx
        popq %rax
        popq %rdi
        popq %rcx                       /* the hypervisor's own two */
        popq %r11
        pushq $0                        /* iret's flags */
        jmp hypercall_page + __HYPERVISOR_iret * 32

        .bss
        .balign 4096
fuzz_stacks:
        .skip 4 * 4096
        .section .note.GNU-stack, "", @progbits
