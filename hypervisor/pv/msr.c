/* SPDX-License-Identifier: MIT */
/*
 * The MSRs that a PV kernel may read and write. What is not here is #GP for it, which kernels that run under a
 * hypervisor expect: they use accesses that may fail.
 */
#include "cpu/asm.h"
#include "cpu/features.h"
#include "cpu/msr.h"
#include "domain/domain.h"
#include "entry/entry.h"
#include "entry/extable.h"
#include "memory/frame.h"
#include "pv/context.h"
#include "pv/emulate.h"

#define MSR_UCODE_REV 0x8b
#define MSR_PLATFORM_INFO 0xce
#define MSR_MISC_FEATURES 0x140
#define MSR_MCG_CAP 0x179
#define MSR_MCG_STATUS 0x17a
#define MSR_MCG_CTL 0x17b
#define MSR_MC0_CTL 0x400 /* and three more; then the next bank's */
#define MSR_MC1_MISC 0x407
#define MSR_XEN_HYPERCALL 0x40000000
#define MSR_AMD_SYSCFG 0xc0010010
#define MSR_AMD_HWCR 0xc0010015

#define EFER_SVME 0x1000ull
#define APIC_BASE_DEFAULT 0xfee00800ull
#define APIC_BASE_BSP 0x100ull
#define MISC_ENABLE_PERF 0x80ull
#define MISC_ENABLE_NO_BTS_PEBS 0x1800ull

/* 0 where the CPU does not have it. */
static u64 rdmsr_or_zero(u32 msr)
{
    u32 low, high;

    __asm__ volatile("1: rdmsr\n"
                     "2:\n\t"
                     ".subsection 1\n"
                     "3: xor %%eax, %%eax\n\t"
                     "xor %%edx, %%edx\n\t"
                     "jmp 2b\n\t"
                     ".previous\n\t" EXTABLE("1b", "3b")
                     : "=&a"(low), "=&d"(high)
                     : "c"(msr));
    return (u64)high << 32 | low;
}

/* A frame of the guest's, by its machine number, becomes a page of hypercall stubs. */
static bool fill_hypercall_page(struct vcpu *v, u64 value)
{
    mfn_t m = maddr_to_mfn(value);

    if (frame_get_writable(m, v->domain))
        return false;
    hypercall_page_fill(mfn_to_virt(m));
    frame_put_writable(m);
    return true;
}

bool pv_read_msr(struct vcpu *v, u32 msr, u64 *value)
{
    switch (msr) {
    case MSR_FS_BASE: *value = pv_get_base(v, PV_BASE_FS); return true;
    case MSR_GS_BASE: *value = pv_get_base(v, PV_BASE_GS_KERNEL); return true;
    case MSR_KERNEL_GS_BASE: *value = pv_get_base(v, PV_BASE_GS_USER); return true;
    case MSR_EFER: *value = rdmsr(MSR_EFER) & ~EFER_SVME; return true;
    case MSR_TSC: *value = rdtsc(); return true;
    case MSR_PAT: *value = PAT_VALUE; return true;
    case MSR_APIC_BASE: *value = APIC_BASE_DEFAULT | (v->id ? 0 : APIC_BASE_BSP); return true;
    case MSR_MISC_ENABLE:
        if (!cpu_features.intel)
            return false;
        *value = (rdmsr_or_zero(msr) & ~MISC_ENABLE_PERF) | MISC_ENABLE_NO_BTS_PEBS;
        return true;
    case MSR_UCODE_REV:
    case MSR_AMD_SYSCFG:
    case MSR_AMD_HWCR:
        if (msr != MSR_UCODE_REV && !cpu_features.amd)
            return false;
        *value = rdmsr_or_zero(msr);
        return true;
    case MSR_PLATFORM_INFO:
    case MSR_MISC_FEATURES:
        *value = 0;
        return cpu_features.intel;
    case MSR_MCG_CAP: /* no banks, but to a kernel that comes from Xen, where it found two */
    case MSR_MC0_CTL ... MSR_MC1_MISC:
    case MSR_MCG_STATUS: *value = 0; return true;
    case MSR_TSC_AUX: *value = v->pv.tsc_aux; return true;
    case MSR_SYSENTER_CS: *value = v->pv.callback[CALLBACKTYPE_sysenter].address ? FLAT_KERNEL_CS : 0; return true;
    case MSR_SYSENTER_EIP: *value = v->pv.callback[CALLBACKTYPE_sysenter].address; return true;
    case MSR_SYSENTER_ESP: *value = 0; return true;
    default: return false;
    }
}

bool pv_write_msr(struct vcpu *v, u32 msr, u64 value)
{
    u64 now;

    switch (msr) {
    case MSR_FS_BASE: return pv_set_base(v, PV_BASE_FS, value);
    case MSR_GS_BASE: return pv_set_base(v, PV_BASE_GS_KERNEL, value);
    case MSR_KERNEL_GS_BASE: return pv_set_base(v, PV_BASE_GS_USER, value);
    case MSR_TSC_AUX:
        if (!pv_set_tsc_aux(v, value))
            return false;
        pv_load_tsc_aux(v);
        return true;
    case MSR_XEN_HYPERCALL: return fill_hypercall_page(v, value);
    /* written before they are read, or reset; nobody relies on what stands there */
    case MSR_UCODE_REV: return !value;
    case MSR_MC0_CTL ... MSR_MC1_MISC:
    case MSR_MCG_STATUS: return true;
    case MSR_MCG_CTL:
    case MSR_TSC: return v->domain->privileged;
    default: /* what changes nothing is no harm */
        return pv_read_msr(v, msr, &now) && now == value;
    }
}
