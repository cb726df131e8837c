/* SPDX-License-Identifier: MIT */
/*
 * The instructions that ring 0 does on a guest's account, decoded: a closed list, 64-bit code only. It
 * reads nothing but the bytes it is handed.
 */
#ifndef PV_DECODE_H
#define PV_DECODE_H

#include "lib/types.h"

enum pv_op {
    /* privileged instructions */
    PV_IN, PV_OUT, PV_INS, PV_OUTS, PV_CLI, PV_STI, PV_HLT, PV_RDMSR, PV_WRMSR, PV_RDTSC, PV_RDTSCP, PV_CLTS,
    PV_WBINVD, PV_INVLPG, PV_XSETBV, PV_MOV_FROM_CR, PV_MOV_TO_CR, PV_MOV_FROM_DR, PV_MOV_TO_DR, PV_CPUID, PV_INT,
    /* stores: the memory operand is the one that is written */
    PV_STORE_MOV, PV_STORE_XCHG, PV_STORE_CMPXCHG, PV_STORE_AND, PV_STORE_OR, PV_STORE_BTS, PV_STORE_BTR,
};

#define PV_REG_NONE 16
#define PV_REG_RIP 17

struct pv_insn {
    u8 op;          /* enum pv_op */
    u8 length;      /* bytes in all, prefixes included */
    u8 size;        /* of the operand: 1, 2, 4, 8 */
    bool rex;       /* byte registers 4 to 7 are then spl to dil, else ah to bh */
    bool repeat;    /* REP before it: counts for ins, outs */
    bool short_address; /* address size 4 */
    bool segment;   /* an FS or GS override stands before it */
    bool has_immediate; /* a store's source, a port or an interrupt number is in `immediate`, not in a register */
    u8 reg;         /* ModRM.reg: source or control register, 0 to 15 */
    u8 rm;          /* ModRM.rm where it names a register */
    bool memory;    /* there is a memory operand: base + index << scale + displacement */
    u8 base, index, scale; /* registers, PV_REG_NONE, or PV_REG_RIP as base */
    s64 displacement;
    u64 immediate;  /* sign-extended where the instruction does so */
};

/* False: not in the list, or more than `size` bytes long. */
bool pv_decode(const u8 *bytes, u32 size, struct pv_insn *out);

#endif
