/* SPDX-License-Identifier: MIT */
/* Rows of traps that go to the guest's kernel and back, from the kernel itself and from user mode.
 */
#include <public/callback.h>

#include "bench.h"

#define NOT_MAPPED 0x20000000UL

void bench_int3(void);
void bench_syscall(void);
void bench_int80(void);
void bench_pf(void);

extern const uint8_t user_nothing[], user_nothing_end[], user_syscall[], user_syscall_end[];
extern const uint8_t user_int80[], user_int80_end[], user_pf[], user_pf_end[];

static void *read_only;

static void int3(void)
{
    __asm__ volatile("int3" ::: "memory");
}

/* Both accesses are two-byte instructions through rsi: bench_pf skips them. */
static void fault_not_present(void)
{
    __asm__ volatile("movl (%%rsi), %%eax" ::"S"(NOT_MAPPED) : "rax", "memory");
}

static void fault_read_only(void)
{
    __asm__ volatile("movl %%eax, (%%rsi)" ::"S"(read_only) : "memory");
}

static const struct bench_row rows[] = {
    {.name = "int3_bounce", .operation = int3},
    {.name = "pf_bounce", .operation = fault_not_present},
    {.name = "pf_write_ro_bounce", .operation = fault_read_only},
    {.name = NULL},
};

static const struct trap_info gates[] = {
    {.vector = 3, .flags = 3, .cs = FLAT_KERNEL_CS, .address = (unsigned long)bench_int3},
    {.vector = 14, .flags = 0, .cs = FLAT_KERNEL_CS, .address = (unsigned long)bench_pf},
    {.vector = 0x80, .flags = 3, .cs = FLAT_KERNEL_CS, .address = (unsigned long)bench_int80},
    {.vector = 0, .flags = 0, .cs = 0, .address = 0},
};

static uint64_t *user_samples(const uint8_t *code, const uint8_t *end)
{
    user_run_code(code, (size_t)(end - code), USER_DATA);
    if (trap_last.frame.vector != 6)
        report_error("the user loop ended by vector %lu", trap_last.frame.vector);
    return (uint64_t *)user_data_page + BENCH_WARMUPS;
}

void bench_traps(void)
{
    struct callback_register syscall_entry = {.type = CALLBACKTYPE_syscall,
                                              .flags = CALLBACKF_mask_events,
                                              .address = (unsigned long)bench_syscall};
    uint64_t overhead;

    read_only = page_alloc();
    page_protect(read_only, PTE_RO);
    NEED(hypercall_set_trap_table(gates));
    bench_run(rows);

    NEED(hypercall_callback_op(CALLBACKOP_register, &syscall_entry));
    user_init();
    overhead = bench_median(user_samples(user_nothing, user_nothing_end));
    bench_report("user_syscall", user_samples(user_syscall, user_syscall_end), overhead);
    bench_report("user_int80", user_samples(user_int80, user_int80_end), overhead);
    bench_report("user_pf", user_samples(user_pf, user_pf_end), overhead);
    trap_register();
}
