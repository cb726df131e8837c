/* SPDX-License-Identifier: MIT */
/*
 * A vcpu's state going into a CPU and out of it. It must never load a selector or a base that faults
 * without an exception-table entry, and never leave one guest's registers to the next.
 */
#include "pv/context.h"

#include "cpu/asm.h"
#include "cpu/features.h"
#include "cpu/fpu.h"
#include "cpu/msr.h"
#include "domain/domain.h"
#include "entry/extable.h"
#include "lib/string.h"
#include "memory/alloc.h"
#include "memory/guest_copy.h"
#include "memory/pagetable.h"
#include "memory/tlb.h"
#include "pv/descriptor.h"
#include "pv/trap.h"

#define DR6_DEFAULT 0xffff0ff0ull
#define DR7_DEFAULT 0x400ull
#define DR7_ENABLED 0xffull
#define DR7_GENERAL_DETECT 0x2000ull
#define DR7_SETTABLE 0xffff03ffull /* less the bits that read as 0 */
#define XCR0_INITIAL 1ull

/* Loads a data segment register; 0 instead where the selector faults, and failed becomes true. */
#define LOAD_SELECTOR(name, selector, failed)                                                      \
    do {                                                                                           \
        u32 selector_ = (selector), failed_ = 0;                                                   \
                                                                                                   \
        __asm__ volatile("1: mov %[sel], %%" name "\n"                                             \
                         "2:\n\t"                                                                  \
                         ".subsection 1\n"                                                         \
                         "3: xor %[sel], %[sel]\n\t"                                               \
                         "mov %[sel], %%" name "\n\t"                                              \
                         "mov $1, %[bad]\n\t"                                                      \
                         "jmp 2b\n\t"                                                              \
                         ".previous\n\t" EXTABLE("1b", "3b")                                       \
                         : [sel] "+r"(selector_), [bad] "+r"(failed_)                              \
                         :                                                                         \
                         : "memory");                                                              \
        (failed) |= failed_ != 0;                                                                  \
    } while (0)

#define SAVE_SELECTOR(name)                                                                        \
    ({                                                                                             \
        u32 selector_;                                                                             \
                                                                                                   \
        __asm__ volatile("mov %%" name ", %0" : "=r"(selector_));                                  \
        (u16) selector_;                                                                           \
    })

#define DEFINE_BASE(name, msr)                                                                     \
    static inline u64 read_##name##_base(void)                                                     \
    {                                                                                              \
        u64 base;                                                                                  \
                                                                                                   \
        if (!cpu_features.fsgsbase)                                                                \
            return rdmsr(msr);                                                                     \
        __asm__ volatile("rd" #name "base %0" : "=r"(base));                                       \
        return base;                                                                               \
    }                                                                                              \
    static inline void write_##name##_base(u64 base)                                               \
    {                                                                                              \
        if (cpu_features.fsgsbase)                                                                 \
            __asm__ volatile("wr" #name "base %0" : : "r"(base));                                  \
        else                                                                                       \
            wrmsr(msr, base);                                                                      \
    }
DEFINE_BASE(fs, MSR_FS_BASE)
DEFINE_BASE(gs, MSR_GS_BASE)

/* The GS base that belongs to the guest's present mode is the active one, the other stands in MSR_KERNEL_GS_BASE. */
u64 pv_get_base(const struct vcpu *v, enum pv_base which)
{
    if (which == PV_BASE_FS)
        return read_fs_base();
    return (which == PV_BASE_GS_KERNEL) == v->pv.kernel_mode ? read_gs_base() : rdmsr(MSR_KERNEL_GS_BASE);
}

bool pv_set_base(const struct vcpu *v, enum pv_base which, u64 base)
{
    if (!address_canonical(base))
        return false;
    if (which == PV_BASE_FS)
        write_fs_base(base);
    else if ((which == PV_BASE_GS_KERNEL) == v->pv.kernel_mode)
        write_gs_base(base);
    else
        wrmsr(MSR_KERNEL_GS_BASE, base);
    return true;
}

void pv_load_user_gs(u16 selector)
{
    bool failed = false;

    swap_gs();
    LOAD_SELECTOR("gs", selector, failed);
    swap_gs();
}

static void load_debug_registers(const struct vcpu *v)
{
    const u64 *d = v->pv.debugreg;

    __asm__ volatile("mov %0, %%db0; mov %1, %%db1; mov %2, %%db2; mov %3, %%db3; mov %4, %%db7"
                     :
                     : "r"(d[0]), "r"(d[1]), "r"(d[2]), "r"(d[3]), "r"(d[7]));
}

int pv_set_debugreg(struct vcpu *v, u32 number, u64 value)
{
    switch (number) {
    case 0 ... 3:
        if (!guest_range_ok(value, 8))
            return -EPERM;
        break;
    case 6:
        value = (value & 0xe00f) | DR6_DEFAULT;
        break;
    case 7:
        if (value >> 32)
            return -EPERM;
        for (u32 i = 0; i < 4; i++) /* breakpoints on ports do not exist without CR4.DE */
            if ((value >> (2 * i) & 3) && (value >> (16 + 4 * i) & 3) == 2)
                return -EPERM;
        value = (value & DR7_SETTABLE & ~DR7_GENERAL_DETECT) | DR7_DEFAULT;
        break;
    default:
        return -ENODEV;
    }
    v->pv.debugreg[number] = value;
    if (v == current_vcpu() && number != 6)
        load_debug_registers(v); /* all: the addresses in the CPU may be another's */
    return 0;
}

bool pv_set_tsc_aux(struct vcpu *v, u64 value)
{
    if (value > (cpu_features.tsc_aux ? ~0u : 0))
        return false;
    v->pv.tsc_aux = (u32)value;
    return true;
}

void pv_load_tsc_aux(const struct vcpu *v)
{
    struct cpu *c = this_cpu();

    if (c->tsc_aux != v->pv.tsc_aux) {
        c->tsc_aux = v->pv.tsc_aux;
        wrmsr(MSR_TSC_AUX, c->tsc_aux);
    }
}

void pv_context_save(struct vcpu *prev)
{
    struct vcpu_pv *pv = &prev->pv;
    u64 active, other;

    if (prev->is_idle)
        return;
    memcpy(&pv->regs, guest_regs(), offsetof(struct cpu_user_regs, es));
    pv->regs.ds = SAVE_SELECTOR("ds");
    pv->regs.es = SAVE_SELECTOR("es");
    pv->regs.fs = SAVE_SELECTOR("fs");
    pv->regs.gs = SAVE_SELECTOR("gs");
    pv->fs_base = read_fs_base();
    active = read_gs_base();
    swap_gs();
    other = read_gs_base();
    swap_gs();
    pv->gs_base_kernel = pv->kernel_mode ? active : other;
    pv->gs_base_user = pv->kernel_mode ? other : active;
    if (pv->debugreg[7] & DR7_ENABLED)
        __asm__ volatile("mov %0, %%db7" : : "r"(DR7_DEFAULT));
    fpu_save(prev);
    this_cpu()->fpu_owner = NULL;
    descriptor_unload_window(prev);
}

void pv_context_load(struct vcpu *next)
{
    struct vcpu_pv *pv = &next->pv;
    bool failed = false;
    u64 cr4;

    this_cpu()->current = next;
    tlb_load_cr3(pt_cr3(next));
    if (next->is_idle)
        return;
    memcpy(guest_regs(), &pv->regs, offsetof(struct cpu_user_regs, es));
    descriptor_load_window(next);
    LOAD_SELECTOR("ds", pv->regs.ds, failed);
    LOAD_SELECTOR("es", pv->regs.es, failed);
    LOAD_SELECTOR("fs", pv->regs.fs, failed);
    LOAD_SELECTOR("gs", pv->regs.gs, failed);
    write_fs_base(pv->fs_base);
    write_gs_base(pv->kernel_mode ? pv->gs_base_user : pv->gs_base_kernel);
    swap_gs();
    write_gs_base(pv->kernel_mode ? pv->gs_base_kernel : pv->gs_base_user);
    if (pv->debugreg[7] & DR7_ENABLED)
        load_debug_registers(next);
    fpu_load_current();
    cr4 = cpu_features.cr4 | (pv->cr4_guest & CR4_TSD);
    if (read_cr4() != cr4)
        write_cr4(cr4);
    pv_load_tsc_aux(next);
    if (failed)
        pv_inject_failsafe();
}

int pv_vcpu_init(struct vcpu *v)
{
    v->pv.kernel_mode = true;
    v->pv.debugreg[6] = DR6_DEFAULT;
    v->pv.debugreg[7] = DR7_DEFAULT;
    v->pv.xcr0 = XCR0_INITIAL;
    v->pv.fpu = fpu_state_alloc();
    return v->pv.fpu ? 0 : -ENOMEM;
}

void pv_vcpu_destroy(struct vcpu *v)
{
    descriptor_drop_gdt(v);
    descriptor_drop_ldt(v);
    free_page(v->pv.fpu);
    v->pv.fpu = NULL;
}
