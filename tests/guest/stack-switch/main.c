/* SPDX-License-Identifier: MIT */
/*
 * Theory: stack_switch says where the kernel's stack is when user mode is left; nothing else
 * changes. An entry from user mode must use the latest one, 16-byte aligned as the CPU does.
 */
#include "guest.h"

const char test_title[] = "stack-switch: the kernel stack after user mode";

static uint8_t stacks[2][PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
static uintptr_t seen[3];
static unsigned int runs;

void user_run(struct trap_frame *to);
void user_leave(long result) __attribute__((noreturn));

static bool on_syscall(struct trap_frame *frame)
{
    if (!(frame->cs & 3))
        return false;
    seen[runs++] = trap_last.frame_at;
    user_leave(0);
}

static void enter_with(uintptr_t stack)
{
    struct trap_frame frame = {.rip = USER_CODE,
                               .cs = FLAT_USER_CS,
                               .rflags = 0x202,
                               .rsp = USER_STACK + PAGE_SIZE - 64,
                               .ss = FLAT_USER_SS};

    CHECK_OK(hypercall_stack_switch(FLAT_KERNEL_SS, stack));
    user_run(&frame);
}

void test_main(void)
{
    static const uint8_t code[] = {0x0f, 0x05}; /* syscall */
    const uintptr_t frame_size = 5 * 8;

    user_init();
    memcpy(user_code_page, code, sizeof(code));
    trap_set_handler(TRAP_SYSCALL, on_syscall);
    enter_with((uintptr_t)&stacks[0][PAGE_SIZE]);
    CHECK_EQ(seen[0], (uintptr_t)&stacks[0][PAGE_SIZE] - frame_size);
    enter_with((uintptr_t)&stacks[1][PAGE_SIZE]);
    CHECK_EQ(seen[1], (uintptr_t)&stacks[1][PAGE_SIZE] - frame_size);
    enter_with((uintptr_t)&stacks[1][PAGE_SIZE - 8]);
    CHECK_EQ(seen[2], (uintptr_t)&stacks[1][PAGE_SIZE - 16] - frame_size);
    shared_info->vcpu_info[0].evtchn_upcall_mask = 1;
}
