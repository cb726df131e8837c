/* SPDX-License-Identifier: MIT */
/* Numbers that the linker script, the entry code and C share. Constants only. */
#ifndef GUEST_LAYOUT_H
#define GUEST_LAYOUT_H

#include <public/types.h>

#define GUEST_VIRT_BASE XEN_ULONG(0xffffffff80000000)
#define PAGE_SIZE       4096

/* Entry points that are no trap share the vectors' numbering, above them. */
#define TRAP_INT80     0x80
#define TRAP_EVENT     0x100
#define TRAP_FAILSAFE  0x101
#define TRAP_SYSCALL   0x102
#define TRAP_SYSCALL32 0x103

#endif
