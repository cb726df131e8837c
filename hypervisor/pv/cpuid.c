/* SPDX-License-Identifier: MIT */
/*
 * CPUID as a PV guest's kernel gets it: the CPU's own, less what it cannot have here (paging and privilege features,
 * virtualization, APIC modes, topology), plus the leaves that name the hypervisor. User mode executes CPUID itself, so
 * nothing that user programs look at may be claimed here and not work.
 */
#include "cpu/asm.h"
#include "cpu/clock.h"
#include "cpu/features.h"
#include "domain/domain.h"
#include "lib/string.h"
#include "pv/emulate.h"

#define BIT(n) (1u << (n))

/* leaf 1, ecx: SSE3 PCLMULQDQ SSSE3 FMA CX16 SSE4.1 SSE4.2 MOVBE POPCNT AESNI XSAVE OSXSAVE AVX F16C RDRAND */
#define LEAF1_ECX                                                                                  \
    (BIT(0) | BIT(1) | BIT(9) | BIT(12) | BIT(13) | BIT(19) | BIT(20) | BIT(22) | BIT(23) | BIT(25) |   \
     BIT(26) | BIT(27) | BIT(28) | BIT(29) | BIT(30))
#define LEAF1_ECX_HYPERVISOR BIT(31)
/* leaf 1, edx: FPU TSC MSR PAE CX8 APIC CMOV PAT CLFLUSH MMX FXSR SSE SSE2 SS; on Intel SEP, which AMD does not have in
 * long mode; for dom0 also MCE MCA ACPI */
#define LEAF1_EDX                                                                                  \
    (BIT(0) | BIT(4) | BIT(5) | BIT(6) | BIT(8) | BIT(9) | BIT(15) | BIT(16) | BIT(19) | BIT(23) |      \
     BIT(24) | BIT(25) | BIT(26) | BIT(27))
#define LEAF1_EDX_INTEL BIT(11)
#define LEAF1_EDX_DOM0 (BIT(7) | BIT(14) | BIT(22))
/* leaf 7, ebx: FSGSBASE BMI1 AVX2 BMI2 ERMS RDSEED ADX CLFLUSHOPT CLWB SHA; AVX-512 F DQ IFMA CD BW VL */
#define LEAF7_EBX                                                                                  \
    (BIT(0) | BIT(3) | BIT(5) | BIT(8) | BIT(9) | BIT(18) | BIT(19) | BIT(23) | BIT(24) | BIT(29))
#define LEAF7_EBX_AVX512 (BIT(16) | BIT(17) | BIT(21) | BIT(28) | BIT(30) | BIT(31))
/* leaf 7, ecx: GFNI VAES VPCLMULQDQ RDPID CLDEMOTE MOVDIRI MOVDIR64B; AVX-512 VBMI VBMI2 VNNI BITALG VPOPCNTDQ */
#define LEAF7_ECX (BIT(8) | BIT(9) | BIT(10) | BIT(22) | BIT(25) | BIT(27) | BIT(28))
#define LEAF7_ECX_AVX512 (BIT(1) | BIT(6) | BIT(11) | BIT(12) | BIT(14))
#define LEAF7_EDX BIT(4) /* FSRM */
/* 0x80000001, ecx: LAHF ABM SSE4A MISALIGNSSE 3DNOWPREFETCH XOP FMA4 TBM; edx: SYSCALL NX MMXEXT FFXSR RDTSCP LM 3DNOW */
#define EXT1_ECX (BIT(0) | BIT(5) | BIT(6) | BIT(7) | BIT(8) | BIT(11) | BIT(16) | BIT(21))
#define EXT1_EDX (BIT(11) | BIT(20) | BIT(22) | BIT(25) | BIT(27) | BIT(29) | BIT(30) | BIT(31))
#define EXT1_EDX_SHARED 0x0183f3ffu /* AMD repeats these of leaf 1 */

#define XCR0_AVX 4u
#define XCR0_AVX512 0xe0u
#define XSAVE_INSTRUCTIONS 7u /* XSAVEOPT XSAVEC XGETBV1; not XSAVES */

#define VIRTUAL_BITS 48u /* whatever the CPU could: page tables have four levels here */
#define LEAF_MAX 0xdu
#define EXT_LEAF_MAX 0x80000008u
#define XEN_LEAF 0x40000000u
#define XEN_LEAF_MAX 0x40000005u
#define XEN_VERSION (4u << 16 | 17u)
#define XEN_FEATURE_PRESERVE_AD BIT(0)
#define TSC_MODE_NATIVE 2u
#define TSC_RELIABLE BIT(1)

static void leaf_hypervisor(u32 leaf, u32 subleaf, u32 out[4])
{
    if (leaf == XEN_LEAF) {
        out[0] = XEN_LEAF_MAX;
        memcpy(out + 1, "XenVMMXenVMM", 12);
        return;
    }
    memset(out, 0, 4 * sizeof(*out));
    switch (leaf) {
    case XEN_LEAF + 1: out[0] = XEN_VERSION; break;
    case XEN_LEAF + 2:
        out[0] = 1; /* pages of stubs, by the MSR that ebx names */
        out[1] = XEN_LEAF;
        out[2] = XEN_FEATURE_PRESERVE_AD;
        break;
    case XEN_LEAF + 3:
        if (subleaf == 0) {
            out[0] = clock_scale.stable ? TSC_RELIABLE : 0;
            out[1] = TSC_MODE_NATIVE;
            out[2] = (u32)clock_scale.tsc_khz;
        } else if (subleaf == 2) {
            out[0] = (u32)clock_scale.tsc_khz;
        }
        break;
    case XEN_LEAF + 5: out[1] = cpu_features.phys_bits; break;
    }
}

static void leaf_1(bool dom0s, u32 out[4])
{
    out[1] &= 0xff00;
    out[2] &= LEAF1_ECX;
    if (!(cpu_features.xcr0 & XCR0_AVX))
        out[2] &= ~(BIT(12) | BIT(28) | BIT(29));
    out[2] |= LEAF1_ECX_HYPERVISOR;
    out[3] &= LEAF1_EDX | (cpu_features.intel ? LEAF1_EDX_INTEL : 0) | (dom0s ? LEAF1_EDX_DOM0 : 0);
}

static void leaf_7(u32 subleaf, u32 out[4])
{
    bool avx = cpu_features.xcr0 & XCR0_AVX, avx512 = (cpu_features.xcr0 & XCR0_AVX512) == XCR0_AVX512;

    if (subleaf) {
        memset(out, 0, 4 * sizeof(*out));
        return;
    }
    out[0] = 0;
    out[1] &= LEAF7_EBX | (avx512 ? LEAF7_EBX_AVX512 : 0);
    out[2] &= LEAF7_ECX | (avx512 ? LEAF7_ECX_AVX512 : 0);
    out[3] &= LEAF7_EDX;
    if (!avx) {
        out[1] &= ~BIT(5);
        out[2] &= ~(BIT(9) | BIT(10));
    }
}

/* ebx of leaf 0 is of the XCR0 in force, which is the guest's. */
static void leaf_xsave(u32 subleaf, u32 out[4])
{
    u64 allowed = cpu_features.xcr0;

    if (!allowed || (subleaf > 1 && (subleaf >= 63 || !(allowed >> subleaf & 1)))) {
        memset(out, 0, 4 * sizeof(*out));
    } else if (subleaf == 0) {
        out[0] = (u32)allowed;
        out[2] = cpu_features.xstate_size;
        out[3] = (u32)(allowed >> 32);
    } else if (subleaf == 1) {
        out[0] &= XSAVE_INSTRUCTIONS;
        out[2] = out[3] = 0;
    } else {
        out[2] = out[3] = 0;
    }
}

static void leaf_extended_1(u32 out[4])
{
    u32 shared = cpu_features.amd ? EXT1_EDX_SHARED & LEAF1_EDX : 0;

    out[2] &= EXT1_ECX;
    if (!(cpu_features.xcr0 & XCR0_AVX))
        out[2] &= ~(BIT(11) | BIT(16));
    out[3] &= EXT1_EDX | shared;
}

/* The words that features stand in. `any`: bits that may be asked for and are not given, as nobody misses them. OSXSAVE is
 * CR4's, HTT and CMP_LEGACY are topology, which user mode sees as it is; X2APIC, DE, MCE, MCA, ACPI, DBEXT (a
 * debugger's), ARCH_CAPS and how the x87 keeps its pointers are what Xen shows each PV guest. `cpus`: instructions that need
 * nobody's leave, and go on working where the CPU has them. */
static const struct feature_word {
    u32 leaf, subleaf, word, any, cpus;
} feature_words[PV_FEATURE_WORDS] = {
    {1, 0, 2, BIT(21) | BIT(27), 0},
    {1, 0, 3, BIT(2) | BIT(7) | BIT(14) | BIT(22) | BIT(28), 0},
    {7, 0, 1, BIT(6) | BIT(13), BIT(4) | BIT(11) | BIT(26) | BIT(27)},
    {7, 0, 2, 0, BIT(0)},
    {7, 0, 3, BIT(29), BIT(2) | BIT(3) | BIT(8) | BIT(10) | BIT(14) | BIT(16)},
    {0xd, 1, 0, 0, 0},
    {0x80000001, 0, 2, BIT(1) | BIT(26), 0},
    {0x80000001, 0, 3, BIT(2) | BIT(7) | BIT(14), 0},
    {0x80000008, 0, 1, ~BIT(12), 0}, /* IBPB */
};

void pv_cpuid_domain(const struct domain *d, u32 leaf, u32 subleaf, u32 out[4])
{
    bool dom0s = d && d->privileged;
    struct cpuid_regs r = cpuid(leaf, subleaf);

    out[0] = r.a;
    out[1] = r.b;
    out[2] = r.c;
    out[3] = r.d;
    switch (leaf) {
    case 0: out[0] = MIN(r.a, LEAF_MAX); break;
    case 1: leaf_1(dom0s, out); break;
    case 2: break;
    case 4: out[0] &= 0x3fff; break; /* caches are shared with nobody */
    case 7: leaf_7(subleaf, out); break;
    case 0xd: leaf_xsave(subleaf, out); break;
    case 0x80000000: out[0] = MIN(r.a, EXT_LEAF_MAX); break;
    case 0x80000001: leaf_extended_1(out); break;
    case 0x80000002 ... 0x80000006: break;
    case 0x80000007: out[0] = out[1] = out[2] = 0; out[3] &= dom0s ? BIT(8) : 0; break;
    case 0x80000008:
        out[0] = (r.a & 0xff) | VIRTUAL_BITS << 8;
        out[1] = out[2] = out[3] = 0;
        break;
    default: memset(out, 0, 4 * sizeof(*out)); break;
    }
    for (u32 i = 0; unlikely(d && d->pv.hides_features) && i < PV_FEATURE_WORDS; i++)
        if (feature_words[i].leaf == leaf && feature_words[i].subleaf == subleaf)
            out[feature_words[i].word] &= ~d->pv.features_hidden[i];
}

void pv_cpuid(const struct vcpu *v, u32 leaf, u32 subleaf, u32 out[4])
{
    if (likely(leaf - XEN_LEAF < 0x100)) {
        leaf_hypervisor(leaf, subleaf, out);
        return;
    }
    pv_cpuid_domain(v->domain, leaf, subleaf, out);
    if (leaf == 1)
        out[1] |= (v->id * 2) << 24;
}

bool pv_cpuid_hide(u32 leaf, u32 subleaf, const u32 wanted[4], u32 hidden[PV_FEATURE_WORDS])
{
    const struct cpuid_regs r = cpuid(leaf, subleaf);
    const u32 has[4] = {r.a, r.b, r.c, r.d};
    u32 can[4];

    pv_cpuid_domain(NULL, leaf, subleaf, can);
    if (leaf == 0)
        return !memcmp(can + 1, wanted + 1, 12);
    for (u32 i = 0; i < PV_FEATURE_WORDS; i++) {
        const struct feature_word *f = &feature_words[i];

        if (f->leaf != leaf || f->subleaf != subleaf)
            continue;
        if (wanted[f->word] & ~can[f->word] & ~f->any & ~(has[f->word] & f->cpus))
            return false;
        hidden[i] = can[f->word] & ~wanted[f->word] & ~f->any;
    }
    return true;
}
