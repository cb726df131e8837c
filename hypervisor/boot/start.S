/* SPDX-License-Identifier: MIT */
/*
 * Where a loader enters, by multiboot 1 or 2: 32-bit protected mode, paging off. Makes page tables that
 * map the first 4 GiB at 0 and at the direct map's place, and the image where it is linked; turns on long
 * mode and calls boot_main. All tables lie in the image's bss and stay: other CPUs start by them.
 */
#include "cpu/msr.h"
#include "memory/layout.h"

#define LOAD_ADDRESS 0x200000
#define PHYS(symbol) ((symbol) - IMAGE_START + LOAD_ADDRESS)
#define L4_SLOT(address) ((((address) >> 39) & 511) * 8)

#define MB1_MAGIC 0x1badb002
#define MB1_FLAGS 0x00000003 /* modules on page boundaries, memory map */
#define MB2_MAGIC 0xe85250d6

#define PTE_TABLE 0x63
#define PTE_2M 0xe3

    .section .multiboot, "ax"
    .balign 8
    .long MB1_MAGIC, MB1_FLAGS, -(MB1_MAGIC + MB1_FLAGS)
    .balign 8
mb2_header:
    .long MB2_MAGIC, 0, mb2_end - mb2_header, -(MB2_MAGIC + mb2_end - mb2_header)
    .short 6, 0     /* modules on page boundaries */
    .long 8
    .balign 8
    .short 0, 0     /* end */
    .long 8
mb2_end:

    .code32
    .globl boot_entry32
boot_entry32:
    cli
    cld
    movl %eax, %esi /* the loader's magic and its information, kept for boot_main */
    movl %ebx, %ebp

    /* bss is zero: the ELF says so and every multiboot loader does it */
    movl $PHYS(boot_l2), %edi
    movl $PTE_2M, %eax
    xorl %edx, %edx
    movl $2048, %ecx
1:  movl %eax, (%edi)
    movl %edx, 4(%edi)
    addl $0x200000, %eax
    addl $8, %edi
    loop 1b

    movl $PHYS(boot_l3), %edi
    movl $(PHYS(boot_l2) + PTE_TABLE), %eax
    movl $4, %ecx
1:  movl %eax, (%edi)
    addl $0x1000, %eax
    addl $8, %edi
    loop 1b

    movl $(LOAD_ADDRESS + PTE_2M), PHYS(boot_image_l2)
    movl $(PHYS(boot_image_l2) + PTE_TABLE), PHYS(boot_image_l3) + ((IMAGE_START >> 30) & 511) * 8
    movl $(PHYS(boot_l3) + PTE_TABLE), PHYS(boot_l4)
    movl $(PHYS(boot_l3) + PTE_TABLE), PHYS(boot_l4) + L4_SLOT(DIRECT_MAP_START)
    movl $(PHYS(boot_image_l3) + PTE_TABLE), PHYS(boot_l4) + L4_SLOT(IMAGE_START)

    /* a CPU without long mode cannot say so any better */
    movl $0x80000001, %eax
    cpuid
    btl $29, %edx
    jnc no_long_mode
    movl %edx, %edi

    movl $CR4_PAE, %eax
    movl %eax, %cr4
    movl $PHYS(boot_l4), %eax
    movl %eax, %cr3
    movl $MSR_EFER, %ecx
    rdmsr
    orl $EFER_LME, %eax
    btl $20, %edi
    jnc 1f
    orl $EFER_NXE, %eax
1:  wrmsr
    movl $(CR0_PG | CR0_WP | CR0_NE | CR0_ET | CR0_MP | CR0_PE), %eax
    movl %eax, %cr0
    lgdtl PHYS(boot_gdt_register)
    ljmpl $8, $PHYS(long_mode)

no_long_mode:
    movw $0x3f8, %dx
    movl $PHYS(no_long_mode_text), %esi
1:  lodsb
    testb %al, %al
    jz 2f
    outb %al, %dx
    jmp 1b
2:  hlt
    jmp 2b
no_long_mode_text:
    .asciz "mews: this CPU has no 64-bit mode\r\n"

    .code64
long_mode:
    movabsq $1f, %rax
    jmp *%rax
1:  xorl %eax, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %fs
    movl %eax, %gs
    movl %eax, %ss
    leaq boot_cpu_block + 28672(%rip), %rsp /* below struct cpu, boot_main sets the real top */
    movl %esi, %edi
    movl %ebp, %esi
    xorl %ebp, %ebp
    call boot_main
    ud2

    .balign 8
boot_gdt:
    .quad 0
    .quad 0x00af9b000000ffff
boot_gdt_register:
    .word . - boot_gdt - 1
    .long PHYS(boot_gdt)

    .section .bss.aligned, "aw", @nobits
    .balign 32768
    .globl boot_cpu_block, boot_l4
boot_cpu_block:
    .skip 32768
boot_l4:
    .skip 4096
boot_l3:
    .skip 4096
boot_l2:
    .skip 4 * 4096
boot_image_l3:
    .skip 4096
boot_image_l2:
    .skip 4096
    .section .note.GNU-stack, "", @progbits
