/* SPDX-License-Identifier: MIT */
/*
 * Theory: a guest's kernel reads and writes MSRs by trapping instructions. Its own segment bases
 * work; what is the machine's reads as something harmless or faults, and writing it never reaches
 * the CPU: after every attempt a hypercall still arrives.
 */
#include "guest.h"

const char test_title[] = "msr: emulated RDMSR and WRMSR";

#define MSR_EFER           0xc0000080
#define MSR_LSTAR          0xc0000082
#define MSR_FS_BASE        0xc0000100
#define MSR_GS_BASE        0xc0000101
#define MSR_KERNEL_GS_BASE 0xc0000102
#define MSR_TSC_AUX        0xc0000103

static bool rdmsr(uint32_t msr, uint64_t *value)
{
    uint32_t low = 0, high = 0;

    CATCH("rdmsr\n\tmovl %%eax, %[low]", LIST([low] "=&r"(low), "=&d"(high)), LIST("c"(msr)));
    *value = (uint64_t)high << 32 | low;
    return !trap_last.count;
}

static bool wrmsr(uint32_t msr, uint64_t value)
{
    CATCH("movl %[low], %%eax\n wrmsr", NONE,
          LIST([low] "r"((uint32_t)value), "c"(msr), "d"((uint32_t)(value >> 32))));
    return !trap_last.count;
}

static void check_bases(void)
{
    static const uint32_t msrs[] = {MSR_FS_BASE, MSR_GS_BASE, MSR_KERNEL_GS_BASE};
    uint64_t value;

    for (size_t i = 0; i < sizeof(msrs) / sizeof(msrs[0]); i++) {
        CHECK(wrmsr(msrs[i], 0x123450 + i), "WRMSR %#x faults", msrs[i]);
        CHECK(rdmsr(msrs[i], &value), "RDMSR %#x faults", msrs[i]);
        CHECK_EQ(value, 0x123450 + i);
        CHECK(!wrmsr(msrs[i], 0x0000800000000000UL),
              "a base without a canonical address was taken");
        CHECK_TRAP(13);
        CHECK(rdmsr(msrs[i], &value), "RDMSR %#x faults", msrs[i]);
        CHECK_EQ(value, 0x123450 + i);
    }
}

/* What RDTSCP tells beside the time is the kernel's to say: the vcpu's number. */
static void check_tsc_aux(void)
{
    uint32_t aux = 0;
    uint64_t value;

    CHECK(wrmsr(MSR_TSC_AUX, 0xcafe0007), "WRMSR TSC_AUX faults");
    CHECK(rdmsr(MSR_TSC_AUX, &value), "RDMSR TSC_AUX faults");
    CHECK_EQ(value, 0xcafe0007);
    __asm__ volatile("rdtscp" : "=c"(aux) : : "rax", "rdx");
    CHECK_EQ(aux, 0xcafe0007);
    CHECK(!wrmsr(MSR_TSC_AUX, 1UL << 32), "TSC_AUX took more than 32 bits");
    CHECK_TRAP(13);
    __asm__ volatile("rdtscp" : "=c"(aux) : : "rax", "rdx");
    CHECK_EQ(aux, 0xcafe0007);
}

static void check_machine(void)
{
    static const uint32_t msrs[] = {MSR_EFER, MSR_LSTAR, 0xc0000081, 0xc0000084, 0x174,     0x175,
                                    0x176,    0x1b,      0x277,      0x1d9,      0xc0000103};
    uint64_t value;

    CHECK(rdmsr(MSR_EFER, &value), "RDMSR EFER faults");
    CHECK_EQ(value & 0x501, 0x501); /* SYSCALL on, long mode enabled and active */
    CHECK(!rdmsr(0xdeadbeef, &value), "an MSR that no CPU has can be read");
    CHECK_TRAP(13);
    CHECK(!wrmsr(0xdeadbeef, 0), "an MSR that no CPU has can be written");
    for (size_t i = 0; i < sizeof(msrs) / sizeof(msrs[0]); i++) {
        wrmsr(msrs[i], i ? 0x1234 : 0);
        CHECK_EQ(hypercall_xen_version(0, NULL), 4 << 16 | 17);
    }
}

void test_main(void)
{
    check_bases();
    check_tsc_aux();
    check_machine();
}
