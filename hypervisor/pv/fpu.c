/* SPDX-License-Identifier: MIT */
/*
 * Whose FPU state is in the registers: the current vcpu's, always; loaded when it is switched in, saved when it is
 * switched out. Not lazily: a CPU that speculates may read what CR0.TS guards, and QEMU's XRSTOR does not look at CR0.TS.
 * CR0.TS is what the guest's kernel made it.
 */
#include "cpu/asm.h"
#include "cpu/features.h"
#include "cpu/fpu.h"
#include "cpu/msr.h"
#include "domain/domain.h"
#include "pv/context.h"

void fpu_load_current(void)
{
    struct vcpu *v = current_vcpu();

    clear_ts();
    fpu_registers_load(v->pv.fpu, v->pv.xcr0);
    v->pv.fpu_used = true;
    this_cpu()->fpu_owner = v;
    if (v->pv.cr0_guest & CR0_TS)
        fpu_ts_set();
}

void fpu_save(struct vcpu *v)
{
    if (this_cpu()->fpu_owner != v)
        return;
    clear_ts();
    fpu_registers_save(v->pv.fpu);
    if (cpu_features.xsave && v->pv.xcr0 != cpu_features.xcr0)
        xsetbv(0, v->pv.xcr0);
    if (v->pv.cr0_guest & CR0_TS)
        fpu_ts_set();
}

void fpu_set_guest_ts(struct vcpu *v, bool set)
{
    if (!(v->pv.cr0_guest & CR0_TS) == !set)
        return;
    v->pv.cr0_guest ^= CR0_TS;
    if (this_cpu()->fpu_owner != v)
        return; /* TS is set and stays so: the first use loads */
    if (set)
        fpu_ts_set();
    else
        clear_ts();
}

bool fpu_set_xcr0(struct vcpu *v, u64 xcr0)
{
    if (!cpu_features.xsave || !fpu_xcr0_ok(xcr0))
        return false;
    v->pv.xcr0 = xcr0;
    xsetbv(0, xcr0);
    return true;
}
