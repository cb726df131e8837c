/* SPDX-License-Identifier: MIT */
/*
 * The load guest's event upcall, for any vCPU: takes note, forgets the vCPU's one port, returns. Offsets
 * from GS are those of struct load_cpu's first members (load.h). It must not touch what it interrupted.
 */
#include <public/xen.h>
#include "layout.h"

        .text
        .globl load_upcall, load_cpu_entry
load_upcall:
        popq %rcx
        popq %r11
        pushq %rax
        pushq %rcx
        movq %gs:0, %rax
        movb $0, (%rax)                 /* evtchn_upcall_pending */
        movq $0, 8(%rax)                /* evtchn_pending_sel */
        movq %gs:8, %rax
        movq shared_info(%rip), %rcx
        lock btrq %rax, 2048(%rcx)      /* the first word of evtchn_pending */
        incq %gs:16
        popq %rcx
        popq %rax
        pushq $0                        /* iret's flags */
        jmp hypercall_page + __HYPERVISOR_iret * 32

        /* A started vCPU: rdi is its struct load_cpu, rsi what it runs. */
load_cpu_entry:
        xorl %ebp, %ebp
        call *%rsi
        ud2
        .section .note.GNU-stack, "", @progbits
