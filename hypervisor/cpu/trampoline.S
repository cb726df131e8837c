/* SPDX-License-Identifier: MIT */
/*
 * The way of another CPU from real mode to smp_ap_main(): copied to 0x8000 (cpu/smp.c). It borrows the
 * boot page tables, which map low memory and the image, until it is in the image.
 */
#include "cpu/msr.h"
#include "memory/layout.h"

#define TRAMPOLINE 0x8000
#define AT(label) (TRAMPOLINE + (label) - trampoline_start)

    .section .rodata, "a"
    .code16
    .globl trampoline_start, trampoline_end
trampoline_start:
    cli
    xorw %ax, %ax
    movw %ax, %ds
    lgdtl AT(gdt_register)
    movl $CR0_PE, %eax
    movl %eax, %cr0
    ljmpl $8, $AT(protected)

    .code32
protected:
    movw $16, %ax
    movw %ax, %ds
    movl $(CR4_PAE), %eax
    movl %eax, %cr4
    movl $(boot_l4 - IMAGE_START + 0x200000), %eax
    movl %eax, %cr3
    movl $MSR_EFER, %ecx
    rdmsr
    orl $(EFER_LME | EFER_NXE), %eax
    wrmsr
    movl $(CR0_PG | CR0_WP | CR0_PE), %eax
    movl %eax, %cr0
    ljmpl $24, $AT(long_mode)

    .code64
long_mode:
    movabsq $trampoline_image, %rax
    jmp *%rax

    .balign 8
gdt:
    .quad 0
    .quad 0x00cf9b000000ffff
    .quad 0x00cf93000000ffff
    .quad 0x00af9b000000ffff
gdt_register:
    .word . - gdt - 1
    .long AT(gdt)
trampoline_end:

    .section .init.text, "ax"
trampoline_image:
    movq trampoline_cr3(%rip), %rax
    movq %rax, %cr3
    movq trampoline_stack(%rip), %rsp
    xorl %ebp, %ebp
    call smp_ap_main
    ud2

    .section .bss, "aw", @nobits
    .balign 8
    .globl trampoline_cr3, trampoline_stack
trampoline_cr3:
    .quad 0
trampoline_stack:
    .quad 0
    .section .note.GNU-stack, "", @progbits
