/* SPDX-License-Identifier: MIT */
/*
 * FPU state, see fpu.h. A save area is a page. Ring 0 itself never uses these registers.
 */
#include "cpu/fpu.h"

#include "cpu/asm.h"
#include "cpu/features.h"
#include "cpu/msr.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "memory/alloc.h"

#define XCR0_X87_SSE 3ull
#define MXCSR_DEFAULT 0x1f80u
#define MXCSR_VALID 0xffbfu /* DAZ is not everywhere: cleared below if it is not */

void fpu_state_reset(struct fpu_state *s)
{
    memset(s, 0, MAX(cpu_features.xstate_size, 576u));
    s->fcw = 0x37f;
    s->mxcsr = MXCSR_DEFAULT;
    s->xstate_bv = XCR0_X87_SSE;
}

struct fpu_state *fpu_state_alloc(void)
{
    struct fpu_state *s = alloc_page();

    if (s)
        fpu_state_reset(s);
    return s;
}

void fpu_registers_save(struct fpu_state *s)
{
    u64 all = cpu_features.xcr0;

    if (!cpu_features.xsave) {
        __asm__ volatile("fxsave64 %0" : "=m"(*s) : : "memory");
        return;
    }
    if (xgetbv(0) != all) /* a guest whose XCR0 has x87 alone still has SSE registers */
        xsetbv(0, all);
    __asm__ volatile("xsave64 %0" : "+m"(*s) : "a"((u32)all), "d"((u32)(all >> 32)) : "memory");
}

void fpu_registers_load(const struct fpu_state *s, u64 xcr0)
{
    u64 all = cpu_features.xcr0;

    if (!cpu_features.xsave) {
        __asm__ volatile("fxrstor64 %0" : : "m"(*s));
        return;
    }
    if (xgetbv(0) != all) /* components beyond the guest's must be reset too: they may hold another's */
        xsetbv(0, all);
    __asm__ volatile("xrstor64 %0" : : "m"(*s), "a"((u32)all), "d"((u32)(all >> 32)));
    if (xcr0 != all)
        xsetbv(0, xcr0 ? xcr0 : XCR0_X87_SSE);
}

void fpu_state_import(struct fpu_state *s, const void *fxsave)
{
    struct fpu_state probe;
    bool was_set = read_cr0() & CR0_TS; /* clear: the registers are the caller's, and in use */

    clear_ts();
    memset(&probe, 0, sizeof(probe));
    __asm__ volatile("fxsave64 %0" : "=m"(probe) : : "memory");
    if (was_set)
        fpu_ts_set();
    fpu_state_reset(s);
    memcpy(s->fxsave, fxsave, sizeof(s->fxsave));
    s->mxcsr &= probe.mxcsr_mask ? probe.mxcsr_mask : MXCSR_VALID;
}

int fpu_state_import_extended(struct fpu_state *s, const struct fpu_state *from, u64 size)
{
    u64 not_zero = (from->xstate_bv & ~cpu_features.xcr0) | from->xcomp_bv;

    for (u32 i = 0; i < ARRAY_SIZE(from->reserved); i++)
        not_zero |= from->reserved[i];
    if (not_zero)
        return -EINVAL;
    fpu_state_import(s, from->fxsave);
    s->xstate_bv = from->xstate_bv;
    memcpy(s->more, from->more, size - sizeof(*s));
    return 0;
}

bool fpu_xcr0_ok(u64 xcr0)
{
    if (!(xcr0 & 1) || (xcr0 & ~cpu_features.xcr0))
        return false;
    if ((xcr0 & 4) && !(xcr0 & 2))
        return false;
    return !(xcr0 & 0xe0) || ((xcr0 & 0xe0) == 0xe0 && (xcr0 & 4));
}

void fpu_ts_set(void)
{
    write_cr0(read_cr0() | CR0_TS);
}
