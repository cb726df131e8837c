/* SPDX-License-Identifier: MIT */
/*
 * Kernels of three kinds that no VPS runs by: built with ELF32 or PVH_ONLY it must be refused by vmctl before
 * anything is made; built with neither it is a good PV kernel that dies at its first instruction, with no trap
 * table set, so the hypervisor must crash it and say why.
 */
#define BASE 0xffffffff80000000

    .text
    .globl _start
_start:
    ud2

    .macro note type
    .balign 4
    .long 4, 9f - 8f, \type
    .asciz "Xen"
8:
    .endm

    .section .note.Xen, "a", @note
#ifdef PVH_ONLY
    note 18                     /* PHYS32_ENTRY and no other: made for hardware virtualization */
    .long 0x100000
9:
#else
    note 6                      /* GUEST_OS */
    .asciz "test"
9:
    note 5                      /* XEN_VERSION */
    .asciz "xen-3.0"
9:
    note 8                      /* LOADER */
    .asciz "generic"
9:
#ifdef ELF32
    note 1                      /* ENTRY */
    .long _start
9:
    note 9                      /* PAE_MODE */
    .asciz "yes"
9:
#else
    note 3                      /* VIRT_BASE */
    .quad BASE
9:
    note 4                      /* PADDR_OFFSET: the program headers' physical addresses are virtual ones */
    .quad BASE
9:
    note 1                      /* ENTRY */
    .quad _start
9:
#endif
#endif
    .section .note.GNU-stack, "", @progbits
