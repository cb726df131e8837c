/* SPDX-License-Identifier: MIT */
/*
 * What the emulators share: the instruction at the guest's rip, its registers, and going on behind it.
 */
#ifndef PV_FETCH_H
#define PV_FETCH_H

#include "pv/decode.h"
#include "pv/emulate.h"

/* The bytes at rip; how many of the 15 there are (the next page may not be mapped), 0 if none. */
u32 pv_fetch(u8 bytes[15]);
/* False: not 64-bit code, not readable, or not in the decoder's list. */
bool pv_fetch_decode(struct pv_insn *insn);
u64 *pv_guest_register(u32 number);
/* Writes register `number` as an instruction does: 4 bytes clear the high half, fewer keep the rest (pv/store.c). */
void pv_write_register(const struct pv_insn *insn, u32 number, u64 value);
/* rip behind an instruction that was done; single-stepping goes on. True. */
bool pv_retire(u32 length);

#endif
