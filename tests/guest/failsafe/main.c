/* SPDX-License-Identifier: MIT */
/*
 * Theory: a return that cannot be made is the guest's problem: to a selector or an address that
 * user mode cannot have, with the hypervisor's own code selector, or to nowhere. The guest gets its
 * failsafe callback or its exception, in its own ring, and never a privilege.
 */
#include "guest.h"

const char test_title[] = "failsafe: returns that cannot be made";

void user_run(struct trap_frame *to);
void user_leave(long result) __attribute__((noreturn));

static unsigned int seen;

/* Whatever comes of a wrong return ends the run; the stack is the one that user mode's entries get.
 */
static bool on_failure(struct trap_frame *frame)
{
    seen = (unsigned int)frame->vector;
    user_leave(0);
}

static unsigned int return_to(uint64_t rip, uint32_t cs, uint64_t rsp, uint64_t ss)
{
    static uint8_t stack[PAGE_SIZE] __attribute__((aligned(16)));
    static const unsigned int vectors[] = {6, 10, 11, 12, 13, 14, TRAP_FAILSAFE, TRAP_SYSCALL};
    struct trap_frame frame = {.rip = rip, .cs = cs, .rflags = 0x202, .rsp = rsp, .ss = ss};

    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++)
        trap_set_handler(vectors[i], on_failure);
    seen = 0;
    CHECK_OK(hypercall_stack_switch(FLAT_KERNEL_SS, &stack[sizeof(stack)]));
    user_run(&frame);
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++)
        trap_set_handler(vectors[i], NULL);
    shared_info->vcpu_info[0].evtchn_upcall_mask = 1;
    return seen;
}

static void check_ring(void)
{
    unsigned int cs;

    __asm__ volatile("movl %%cs, %0" : "=r"(cs));
    CHECK_EQ(cs & 3, 3);
    CHECK_EQ(hypercall_xen_version(0, NULL), 4 << 16 | 17);
}

void test_main(void)
{
    static const uint8_t code[] = {0x0f, 0x05}; /* syscall */
    const uint64_t rsp = USER_STACK + 2048;

    user_init();
    memcpy(user_code_page, code, sizeof(code));
    CHECK_EQ(return_to(USER_CODE, FLAT_USER_CS, rsp, FLAT_USER_SS), TRAP_SYSCALL);
    check_ring();
    CHECK(return_to(USER_CODE, 0x1233, rsp, FLAT_USER_SS) != TRAP_SYSCALL,
          "a bad CS was returned to");
    check_ring();
    CHECK(return_to(0x0000800000000000UL, FLAT_USER_CS, rsp, FLAT_USER_SS) != TRAP_SYSCALL,
          "a bad address was returned to");
    check_ring();
    CHECK(return_to(USER_CODE, FLAT_USER_CS, rsp, 0x1233) != TRAP_SYSCALL,
          "a bad SS was returned to");
    check_ring();
    CHECK_EQ(return_to(0x7000000000UL, FLAT_USER_CS, rsp, FLAT_USER_SS), 14);
    check_ring();
}
