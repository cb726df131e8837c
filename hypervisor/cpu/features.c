/* SPDX-License-Identifier: MIT */
/*
 * Reading what the CPU can do and switching it on. It must never turn on what the CPU does not announce.
 */
#include "cpu/features.h"

#include "cpu/asm.h"
#include "cpu/fpu.h"
#include "cpu/msr.h"
#include "cpu/smp.h"
#include "lib/print.h"
#include "lib/string.h"

/* x87, SSE, AVX, AVX-512 (three), PKRU: what fits into a page of save area. */
#define XCR0_KNOWN 0xe7ull
#define XCR0_LEGACY 3ull

struct cpu_features cpu_features;
bool cpu_smap;

static bool bit(u32 word, u32 number)
{
    return word >> number & 1;
}

static void read_identity(struct cpu_features *f)
{
    struct cpuid_regs r = cpuid(0, 0);

    f->max_leaf = r.a;
    memcpy(f->vendor, &r.b, 4);
    memcpy(f->vendor + 4, &r.d, 4);
    memcpy(f->vendor + 8, &r.c, 4);
    f->intel = !strcmp(f->vendor, "GenuineIntel");
    f->amd = !strcmp(f->vendor, "AuthenticAMD") || !strcmp(f->vendor, "HygonGenuine");
    r = cpuid(1, 0);
    f->family = r.a >> 8 & 15;
    f->model = r.a >> 4 & 15;
    if (f->family == 6 || f->family == 15)
        f->model |= r.a >> 12 & 0xf0;
    if (f->family == 15)
        f->family += r.a >> 20 & 0xff;
}

/* Two pages of 64 bytes short of 4 KiB: a save area is one page (cpu/fpu.c). */
static void read_xstate(struct cpu_features *f)
{
    struct cpuid_regs r = cpuid(13, 0);
    u64 known = ((u64)r.d << 32 | r.a) & XCR0_KNOWN;

    if ((known & 0xe0) != 0xe0 || !(known & 4))
        known &= ~0xe0ull;
    write_cr4(read_cr4() | CR4_OSXSAVE);
    xsetbv(0, known);
    f->xstate_size = cpuid(13, 0).b;
    if (f->xstate_size > PAGE_SIZE) {
        known &= 7;
        xsetbv(0, known);
        f->xstate_size = cpuid(13, 0).b;
    }
    f->xcr0 = known;
}

void __init features_read(bool allow_smep, bool allow_smap)
{
    struct cpu_features *f = &cpu_features;
    struct cpuid_regs one, seven = {0, 0, 0, 0}, extended;

    read_identity(f);
    one = cpuid(1, 0);
    if (f->max_leaf >= 7)
        seven = cpuid(7, 0);
    f->max_extended_leaf = cpuid(0x80000000, 0).a;
    extended = cpuid(0x80000001, 0);
    f->phys_bits = f->max_extended_leaf >= 0x80000008 ? (u8)cpuid(0x80000008, 0).a : 36;
    f->tsc_invariant = f->max_extended_leaf >= 0x80000007 && bit(cpuid(0x80000007, 0).d, 8);
    f->nx = bit(extended.d, 20);
    f->gbpages = bit(extended.d, 26);
    f->xsave = bit(one.c, 26);
    f->x2apic = bit(one.c, 21);
    f->tsc_deadline = bit(one.c, 24);
    f->fsgsbase = bit(seven.b, 0);
    f->tsc_aux = bit(extended.d, 27) || bit(seven.c, 22);
    f->smep = bit(seven.b, 7) && allow_smep;
    f->smap = bit(seven.b, 20) && allow_smap;
    if (!f->nx || !bit(one.d, 24) || !bit(extended.d, 11) || !bit(one.d, 9) || !bit(one.d, 16))
        panic("this CPU lacks NX, FXSR, SYSCALL, PAT or a local APIC, which x86-64 guests need");
    f->xstate_size = 512;
    if (f->xsave)
        read_xstate(f);
    f->cr4 = CR4_PAE | (bit(one.d, 7) ? CR4_MCE : 0) | CR4_OSFXSR | CR4_OSXMMEXCPT | (f->xsave ? CR4_OSXSAVE : 0) |
             (f->fsgsbase ? CR4_FSGSBASE : 0) | (f->smep ? CR4_SMEP : 0) | (f->smap ? CR4_SMAP : 0);
    cpu_smap = f->smap;
}

static void smap_off_here(void *unused)
{
    (void)unused;
    write_cr4(read_cr4() & ~(u64)CR4_SMAP);
}

bool features_smap_fault(void)
{
    if (!cpu_smap)
        return false;
    printk(PRINT_WARNING, "mews: this CPU takes its own accesses in ring 3 for the kernel's (as QEMU 7.2 does): no SMAP\n");
    cpu_features.cr4 &= ~(u64)CR4_SMAP;
    smp_call(~0ull, smap_off_here, NULL);
    cpu_smap = false;
    return true;
}

void features_apply(void)
{
    const struct cpu_features *f = &cpu_features;

    wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SCE | EFER_NXE);
    wrmsr(MSR_PAT, PAT_VALUE);
    if (f->tsc_aux)
        wrmsr(MSR_TSC_AUX, 0);
    write_cr0(CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_PG);
    write_cr4(f->cr4);
    if (f->xsave)
        xsetbv(0, XCR0_LEGACY & f->xcr0);
    __asm__ volatile("fninit");
    fpu_ts_set();
}
