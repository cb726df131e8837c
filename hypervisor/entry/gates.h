/* SPDX-License-Identifier: MIT */
/*
 * The 256 gates, as the stubs' own macro (entry/stubs.S) lists them: cpu/ makes the IDT of it. All are
 * interrupt gates of ring 0's 64-bit code segment.
 */
#ifndef ENTRY_GATES_H
#define ENTRY_GATES_H

/* Numbers of the stacks in the TSS. #DB shares #DF's: a guest can make #DB strike on the first instruction
 * after SYSCALL, where the stack pointer is still the guest's, and #DF never returns. */
#define IST_NMI 1
#define IST_DOUBLE_FAULT 2
#define IST_MACHINE_CHECK 3

#define VECTOR_DB 1
#define VECTOR_NMI 2
#define VECTOR_UD 6
#define VECTOR_NM 7
#define VECTOR_DF 8
#define VECTOR_GP 13
#define VECTOR_PF 14
#define VECTOR_INT80 0x80

/* Exceptions that push an error code: 8, 10 to 14, 17, 21, 29, 30. */
#define VECTORS_WITH_ERROR_CODE 0x60227d00

#ifndef __ASSEMBLY__
#include "lib/types.h"

struct gate_spec {
    u64 entry; /* address of the stub */
    u8 ist;    /* 0: the main stack */
    u8 dpl;
    u8 pad[6];
};

extern const struct gate_spec gate_table[256];
#endif
#endif
