/* SPDX-License-Identifier: MIT */
/*
 * Theory: what every other test stands on must hold first. The guest finds its start info, prints,
 * gets a trap where it asks for one, takes a page fault with the right address, goes to user mode
 * and back, and its idea of memory (p2m, m2p, page tables) agrees with itself.
 */
#include "guest.h"

const char test_title[] = "selftest: the test runtime itself";

static void check_memory(void)
{
    uint8_t *page = page_alloc();
    uint64_t *entry = pt_entry(page, 1);

    CHECK(page_of(mfn_of(page)) == page, "m2p and p2m disagree");
    CHECK(entry != NULL, "no L1 entry for a pool page");
    CHECK_EQ((*entry & PTE_ADDRESS) >> 12, mfn_of(page));
    page_protect(page, PTE_RO);
    CHECK(!try_write(page, 1), "a store to a read-only page did not fault");
    CHECK_EQ(trap_last.frame.vector, 14);
    CHECK_EQ(trap_last.cr2, page);
    page_protect(page, PTE_RW);
    CHECK(try_write(page, 1), "a store to a writable page faulted");
}

static void check_user(void)
{
    static const uint8_t code[] = {0x48, 0x89, 0xf8, 0x0f, 0x05}; /* mov %rdi,%rax; syscall */

    user_run_code(code, sizeof(code), 0x1234);
    CHECK_EQ(trap_last.frame.vector, TRAP_SYSCALL);
    CHECK_EQ(trap_last.frame.rax, 0x1234);
    CHECK_EQ(trap_last.frame.rip, USER_CODE + sizeof(code));
}

void test_main(void)
{
    CHECK(!strncmp(start_info->magic, "xen-3.0-x86_64", 14), "magic is %s", start_info->magic);
    CHECK(start_info->nr_pages > 1024, "%lu pages", start_info->nr_pages);
    CATCH("int3", NONE, NONE);
    CHECK_EQ(trap_last.count, 1);
    CHECK_EQ(trap_last.frame.vector, 3);
    check_memory();
    check_user();
}
