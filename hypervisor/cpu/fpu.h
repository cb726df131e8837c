/* SPDX-License-Identifier: MIT */
/*
 * Saving and loading the registers of FPU, SSE and AVX, by XSAVE where there is one, else by FXSAVE. It knows
 * nothing of whose they are (pv/ does). All functions but alloc and free want CR0.TS clear.
 */
#ifndef CPU_FPU_H
#define CPU_FPU_H

#include "lib/types.h"

/* A save area: the FXSAVE image first, as the ABI's fpu_ctxt has it. 64-byte aligned. */
struct fpu_state {
    union {
        u8 fxsave[512];
        struct {
            u16 fcw, x87[11];
            u32 mxcsr, mxcsr_mask;
        };
    };
    u64 xstate_bv, xcomp_bv, reserved[6];
    u8 more[];
} __aligned(64);

/* A fresh state (all registers as after FNINIT, MXCSR 0x1f80), a page of alloc.h. NULL if there is no memory. */
struct fpu_state *fpu_state_alloc(void);
void fpu_state_reset(struct fpu_state *s);
/* All components of cpu_features.xcr0, whatever XCR0 held; it holds all of them afterwards. */
void fpu_registers_save(struct fpu_state *s);
/* s: as saved, or from outside through fpu_state_import. XCR0 becomes xcr0 (0: x87 and SSE). */
void fpu_registers_load(const struct fpu_state *s, u64 xcr0);
/* An FXSAVE image from a guest or the toolstack: reserved MXCSR bits are cleared, the rest is reset. */
void fpu_state_import(struct fpu_state *s, const void *fxsave);
/* A whole XSAVE area of `size` bytes (the header's end to xstate_size), in the standard form. The same for its first part; what
 * is beyond `size` is reset. -EINVAL: its header names components, or a form, that would not load: s is as it was. */
int fpu_state_import_extended(struct fpu_state *s, const struct fpu_state *from, u64 size);
/* May a guest set XCR0 to this? */
bool fpu_xcr0_ok(u64 xcr0);

void fpu_ts_set(void);

#endif
