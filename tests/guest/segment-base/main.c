/* SPDX-License-Identifier: MIT */
/*
 * Theory: the bases of FS and GS are the guest's, GS once for the kernel and once for user mode,
 * swapped at each crossing; a base that no address can have is refused, and what was set survives
 * hypercalls.
 */
#include "guest.h"

const char test_title[] = "segment-base: FS and GS";

#define NOT_CANONICAL 0x0000800000000000UL

static uint64_t fs_word(void)
{
    uint64_t value;

    __asm__ volatile("movq %%fs:8, %0" : "=r"(value)::"memory");
    return value;
}

static uint64_t gs_word(void)
{
    uint64_t value;

    __asm__ volatile("movq %%gs:8, %0" : "=r"(value)::"memory");
    return value;
}

static void check_kernel(void)
{
    static uint64_t one[2] = {0, 0x1111}, two[2] = {0, 0x2222};

    CHECK_OK(hypercall_set_segment_base(SEGBASE_FS, one));
    CHECK_EQ(fs_word(), 0x1111);
    CHECK_OK(hypercall_set_segment_base(SEGBASE_GS_KERNEL, two));
    CHECK_EQ(gs_word(), 0x2222);
    CHECK_OK(hypercall_set_segment_base(SEGBASE_GS_USER, one));
    CHECK_EQ(gs_word(), 0x2222);
    hypercall_xen_version(0, NULL);
    CHECK_EQ(fs_word(), 0x1111);
    CHECK_REFUSED(hypercall_set_segment_base(SEGBASE_FS, NOT_CANONICAL));
    CHECK_REFUSED(hypercall_set_segment_base(SEGBASE_GS_KERNEL, NOT_CANONICAL));
    CHECK_REFUSED(hypercall_set_segment_base(SEGBASE_GS_USER, NOT_CANONICAL));
    CHECK_REFUSED(hypercall_set_segment_base(17, 0));
    /* only the low half says which: the high one must lead nowhere */
    CHECK_OK(hypercall_set_segment_base(0x7fffffff00000000 | SEGBASE_FS, one));
    CHECK_EQ(fs_word(), 0x1111);
    CHECK_EQ(gs_word(), 0x2222);
}

static void check_user(void)
{
    /* mov %gs:8,%rax; mov %fs:8,%rdx; syscall */
    static const uint8_t code[] = {0x65, 0x48, 0x8b, 0x04, 0x25, 8, 0, 0, 0,    0x64,
                                   0x48, 0x8b, 0x14, 0x25, 8,    0, 0, 0, 0x0f, 0x05};
    static uint64_t kernel[2] = {0, 0x3333};

    user_init();
    ((uint64_t *)user_data_page)[1] = 0x4444;
    ((uint64_t *)user_data_page)[3] = 0x5555;
    CHECK_OK(hypercall_set_segment_base(SEGBASE_GS_KERNEL, kernel));
    CHECK_OK(hypercall_set_segment_base(SEGBASE_GS_USER, USER_DATA));
    CHECK_OK(hypercall_set_segment_base(SEGBASE_FS, USER_DATA + 16));
    user_run_code(code, sizeof(code), 0);
    CHECK_TRAP(TRAP_SYSCALL);
    CHECK_EQ(trap_last.frame.rax, 0x4444);
    CHECK_EQ(trap_last.frame.rdx, 0x5555);
    CHECK_EQ(gs_word(), 0x3333);
}

static void check_selector(void)
{
    static uint64_t kernel[2] = {0, 0x6666};

    CHECK_OK(hypercall_set_segment_base(SEGBASE_GS_USER_SEL, 0));
    CHECK_OK(hypercall_set_segment_base(SEGBASE_GS_KERNEL, kernel));
    hypercall_set_segment_base(SEGBASE_GS_USER_SEL, 0x1238); /* refused, or null */
    CHECK_EQ(gs_word(), 0x6666);
}

void test_main(void)
{
    check_kernel();
    check_user();
    check_selector();
}
