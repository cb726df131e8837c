/* SPDX-License-Identifier: MIT */
/*
 * Theory: a CPUID with the "xen" prefix is answered by the hypervisor: it shows itself in leaf 1
 * and in the leaves from 0x40000000 on, and shows no feature that a PV guest cannot use. The prefix
 * before another instruction is no magic: the guest gets its #UD.
 */
#include "guest.h"

const char test_title[] = "cpuid: the emulated CPUID";

struct regs {
    uint32_t a, b, c, d;
};

static struct regs cpuid(uint32_t leaf, uint32_t subleaf)
{
    struct regs r = {.a = leaf, .c = subleaf};

    __asm__ volatile(XEN_CPUID : "+a"(r.a), "=b"(r.b), "+c"(r.c), "=d"(r.d)::"memory");
    return r;
}

void test_main(void)
{
    struct regs r = cpuid(0, 0);
    char name[13] = {0};

    CHECK(r.a >= 1 && r.a < 0x100, "highest leaf is %#x", r.a);
    r = cpuid(1, 0);
    CHECK(r.c >> 31, "leaf 1 shows no hypervisor");
    CHECK(r.d & 1 << 25, "leaf 1 shows no SSE");
    CHECK(!(r.c & 1 << 5), "leaf 1 shows VMX");
    CHECK(!(r.c & 1 << 3), "leaf 1 shows MONITOR");
    CHECK(!(r.d & 1 << 3), "leaf 1 shows PSE, but there are no large pages");
    r = cpuid(0x80000001, 0);
    CHECK(r.d & 1U << 29, "no long mode");
    CHECK(r.d & 1U << 11, "no SYSCALL");
    CHECK(!(r.d & 1U << 26), "1 GiB pages are shown");
    CHECK(!(r.c & 1U << 2), "SVM is shown");
    r = cpuid(0x40000000, 0);
    memcpy(name, &r.b, 4);
    memcpy(name + 4, &r.c, 4);
    memcpy(name + 8, &r.d, 4);
    CHECK(!strcmp(name, "XenVMMXenVMM"), "the signature is %s", name);
    CHECK(r.a >= 0x40000002 && r.a < 0x40000100, "highest hypervisor leaf is %#x", r.a);
    r = cpuid(0x40000001, 0);
    CHECK_EQ(r.a, 4 << 16 | 17);
    CATCH(XEN_EMULATE_PREFIX "nop", NONE, NONE);
    CHECK_TRAP(6);
}
