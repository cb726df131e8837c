/* SPDX-License-Identifier: MIT */
/*
 * Theory: the no-execute bit of the guest's entries is honoured: a page mapped with it can be read
 * but not run, in the kernel as in user mode, and the fault says that it was a fetch.
 */
#include "guest.h"

const char test_title[] = "nx: no-execute pages";

#define FETCH 0x10

void test_main(void)
{
    static const uint8_t jump_to_data[] = {0xff, 0xe7}; /* jmp *%rdi */
    uint8_t *page = page_alloc();
    uint64_t value;

    page[0] = 0xc3; /* ret */
    CATCH("call *%[page]", NONE, LIST([page] "r"(page)));
    CHECK_NO_TRAP();
    page_protect(page, PTE_RO | PTE_NX);
    CHECK(try_read(page, &value), "a no-execute page cannot be read");
    /* The fetch faults inside the call: its return address must be popped again. */
    CATCH("movq %%rsp, %%rbx\n leaq 1f(%%rip), %%rax\n movq %%rax, trap_resume(%%rip)\n"
          "call *%[page]\n1: movq %%rbx, %%rsp",
          NONE, LIST([page] "r"(page)), "rbx");
    CHECK_TRAP(14);
    CHECK(trap_last.frame.error_code & FETCH, "error code %#lx", trap_last.frame.error_code);
    CHECK_EQ(trap_last.cr2, page);

    user_run_code(jump_to_data, sizeof(jump_to_data), USER_DATA);
    CHECK_TRAP(14);
    CHECK_EQ(trap_last.frame.error_code, FETCH | 5);
    CHECK_EQ(trap_last.frame.rip, USER_DATA);
}
