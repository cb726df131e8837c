/* SPDX-License-Identifier: MIT */
/*
 * The way into a test guest: its ELF notes, its first instructions, and the stubs behind every entry point
 * that a PV kernel registers. A stub only saves and calls; all decisions are in C. The stubs must run on
 * whatever stack the hypervisor chose and must never assume that it is aligned.
 */
#include <public/xen.h>
#include <public/elfnote.h>
#include "layout.h"

        .macro note type, value:vararg
        .balign 4
        .long 4, 2f - 1f, \type
        .asciz "Xen"
1:      \value
2:      .balign 4
        .endm

        .section .note.Xen, "a", @note
        note XEN_ELFNOTE_GUEST_OS,       .asciz "mews-test"
        note XEN_ELFNOTE_XEN_VERSION,    .asciz "xen-3.0"
        note XEN_ELFNOTE_LOADER,         .asciz "generic"
        note XEN_ELFNOTE_PAE_MODE,       .asciz "yes"
        note XEN_ELFNOTE_FEATURES,       .asciz "!writable_page_tables|pae_pgdir_above_4gb"
        note XEN_ELFNOTE_VIRT_BASE,      .quad GUEST_VIRT_BASE
        note XEN_ELFNOTE_PADDR_OFFSET,   .quad 0
        note XEN_ELFNOTE_ENTRY,          .quad _start
        note XEN_ELFNOTE_HYPERCALL_PAGE, .quad hypercall_page
        note XEN_ELFNOTE_HV_START_LOW,   .quad HYPERVISOR_VIRT_START

        .text
        .globl _start
_start:
        cld
        leaq boot_stack_top(%rip), %rsp
        xorl %ebp, %ebp
        movq %rsi, %rdi
        call guest_start
        ud2

        .balign 4096
        .globl hypercall_page
hypercall_page:
        .skip 4096, 0xcc

        /*
         * Every bounce frame starts with rcx and r11; then come an error code, for some vectors, and
         * rip, cs, rflags, rsp, ss. From here on it is a struct trap_frame (trap.h).
         */
        .macro stub vector, has_error
        .balign 16
        .globl trap_stub_\vector
trap_stub_\vector:
        popq %rcx
        popq %r11
        .if !\has_error
        pushq $0
        .endif
        pushq $\vector
        jmp trap_common
        .endm

        .irp vector, 0, 1, 2, 3, 4, 5, 6, 7, 9, 15, 16, 18, 19, 128, 256, 258, 259
        stub \vector, 0
        .endr
        .irp vector, 8, 10, 11, 12, 13, 14, 17, 21
        stub \vector, 1
        .endr

        /* The failsafe frame has the selectors that could not be loaded before rip. */
        .balign 16
        .globl trap_stub_257
trap_stub_257:
        popq %rcx
        popq %r11
        popq failsafe_selectors(%rip)
        popq failsafe_selectors+8(%rip)
        popq failsafe_selectors+16(%rip)
        popq failsafe_selectors+24(%rip)
        pushq $0
        pushq $TRAP_FAILSAFE
        jmp trap_common

trap_common:
        pushq %rax
        pushq %rcx
        pushq %rdx
        pushq %rbx
        pushq %rbp
        pushq %rsi
        pushq %rdi
        pushq %r8
        pushq %r9
        pushq %r10
        pushq %r11
        pushq %r12
        pushq %r13
        pushq %r14
        pushq %r15
        cld
        movq %rsp, %rdi
        movq %rsp, %rbp
        andq $-16, %rsp
        call trap_dispatch
        movq %rbp, %rsp
        .globl trap_return
trap_return:
        popq %r15
        popq %r14
        popq %r13
        popq %r12
        popq %r11
        popq %r10
        popq %r9
        popq %r8
        popq %rdi
        popq %rsi
        popq %rbp
        popq %rbx
        popq %rdx
        popq %rcx
        popq %rax
        addq $8, %rsp                   /* the vector; the error code's place holds iret's flags */
        jmp hypercall_page + __HYPERVISOR_iret * 32

        /*
         * long user_run(frame *to, unsigned long *save_rsp): leaves for user mode with the frame's
         * registers; user_leave() comes back here.
         */
        .globl user_run
user_run:
        pushq %rbx
        pushq %rbp
        pushq %r12
        pushq %r13
        pushq %r14
        pushq %r15
        movq %rsp, user_saved_rsp(%rip)
        movq %rdi, %rsp
        jmp trap_return

        /* void user_leave(long result): returns from user_run on the stack that it left */
        .globl user_leave
user_leave:
        movq user_saved_rsp(%rip), %rsp
        movq %rdi, %rax
        popq %r15
        popq %r14
        popq %r13
        popq %r12
        popq %rbp
        popq %rbx
        ret

        .bss
        .balign 4096
        .skip 4096 * 4
        .globl boot_stack_top
boot_stack_top:
        .globl user_saved_rsp
user_saved_rsp:
        .skip 8
        .section .note.GNU-stack, "", @progbits
