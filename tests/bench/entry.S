/* SPDX-License-Identifier: MIT */
/*
 * The shortest entry points that a guest can have, so that the rows count the hypervisor's path and little
 * else, and the loops that run in user mode. They must not touch what the interrupted code uses.
 */
#include <public/xen.h>
#include "layout.h"

#define IRET jmp hypercall_page + __HYPERVISOR_iret * 32

        .text
        .globl bench_int3, bench_syscall, bench_int80, bench_pf, bench_event, bench_event_fifo
bench_int3:
bench_syscall:
bench_int80:
        popq %rcx
        popq %r11
        pushq $0                        /* iret's flags */
        IRET

        /* Every faulting instruction here is a two-byte move through rsi: skip it. */
bench_pf:
        popq %rcx
        popq %r11
        addq $2, 8(%rsp)
        movq $0, (%rsp)                 /* the error code's place holds iret's flags */
        IRET

        /* One port is ever in use, bench_port_word and bench_port_bit say where. */
bench_event:
        popq %rcx
        popq %r11
        pushq %rax
        movq shared_info(%rip), %rax
        movb $0, (%rax)                 /* evtchn_upcall_pending */
        movq $0, 8(%rax)                /* evtchn_pending_sel */
        movq $0, 2048(%rax)             /* the first word of evtchn_pending */
        popq %rax
        pushq $0
        IRET

        /* The same for FIFO, where words and control block are put right before each sample. */
bench_event_fifo:
        popq %rcx
        popq %r11
        pushq %rax
        movq shared_info(%rip), %rax
        movb $0, (%rax)                 /* evtchn_upcall_pending */
        popq %rax
        pushq $0
        IRET

        /*
         * User loops: rdi points to the data page, which gets the ticks between two RDTSCs for each pass;
         * ud2 ends them. Position-independent, copied to the user's code page.
         */
        .macro user_loop name, operation:vararg
        .globl \name, \name\()_end
\name:
        xorl %ebx, %ebx
1:      rdtsc
        shlq $32, %rdx
        orq %rdx, %rax
        movq %rax, %r12
        \operation
        rdtsc
        shlq $32, %rdx
        orq %rdx, %rax
        subq %r12, %rax
        movq %rax, (%rdi,%rbx,8)
        incl %ebx
        cmpl $73, %ebx
        jb 1b
        ud2
\name\()_end:
        .endm

        user_loop user_nothing
        user_loop user_syscall, syscall
        user_loop user_int80, int $0x80
        user_loop user_pf, movl (%rsi), %eax
        .section .note.GNU-stack, "", @progbits
