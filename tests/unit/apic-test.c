/* SPDX-License-Identifier: MIT */
/*
 * cpu/apic.c by what it writes: as xAPIC through its page, as x2APIC through MSRs, its timer by counts or by TSC
 * deadline. QEMU's TCG has neither x2APIC nor the deadline, so this is where they are run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"

/* cpu/features.h, which the host's stand-ins leave out */
static struct {
    bool x2apic, tsc_deadline;
} cpu_features;

static unsigned long rdmsr(unsigned int msr);
static void wrmsr(unsigned int msr, unsigned long value);

#include "cpu/apic.c"

static u64 msr_value[0x1000], base = 0xfee00800, now = 5000000;
static u32 page_words[1024], writes;

static unsigned long rdmsr(unsigned int msr)
{
    return msr == MSR_APIC_BASE ? base : msr_value[msr];
}

static void wrmsr(unsigned int msr, unsigned long value)
{
    if (msr == MSR_APIC_BASE)
        base = value;
    else
        msr_value[msr] = value;
    writes++;
}

u64 now_ns(void)
{
    /* a count a nanosecond, while the timer counts down */
    now += 1000;
    page_words[APIC_TIMER_CURRENT / 4] -= 1000;
    return now;
}

u64 clock_ns_to_tsc(u64 deadline)
{
    return deadline * 3;
}

void *device_map(maddr_t a, u64 size, bool uncached)
{
    if (a != 0xfee00000 || size != PAGE_SIZE || !uncached)
        abort();
    return page_words;
}

void printk(enum print_level level, const char *format, ...)
{
    (void)level, (void)format;
}

void panic(const char *format, ...)
{
    fprintf(stderr, "panic: %s\n", format);
    abort();
}

static void test_xapic(void)
{
    page_words[APIC_ID / 4] = 3u << 24;
    page_words[APIC_TIMER_CURRENT / 4] = ~0u;
    apic_init();
    CU_ASSERT(apic_id() == 3 && apic_base() == 0xfee00000 && (base & BASE_ENABLED) && !(base & BASE_X2APIC));
    CU_ASSERT(page_words[APIC_SPURIOUS / 4] == (0x100 | VECTOR_SPURIOUS) && !page_words[APIC_TPR / 4]);
    CU_ASSERT(page_words[APIC_LVT_TIMER / 4] == VECTOR_TIMER);
    CU_ASSERT(page_words[APIC_LVT_LINT0 / 4] & LVT_MASKED);
    apic_send(5, APIC_INIT);
    CU_ASSERT(page_words[APIC_ICR_HIGH / 4] == 5u << 24 && page_words[APIC_ICR / 4] == APIC_INIT);
    apic_send(7, VECTOR_CALL);
    CU_ASSERT(page_words[APIC_ICR_HIGH / 4] == 7u << 24 && page_words[APIC_ICR / 4] == VECTOR_CALL);
    page_words[APIC_EOI / 4] = 1;
    apic_eoi();
    CU_ASSERT(page_words[APIC_EOI / 4] == 0);
}

static void test_counted_timer(void)
{
    u64 deadline;

    timer_khz = 2000; /* two counts a microsecond */
    deadline = now + 1001000;
    apic_timer_program(deadline); /* now_ns() takes a microsecond itself */
    CU_ASSERT(page_words[APIC_TIMER_INITIAL / 4] == 2001);
    apic_timer_program(1); /* has passed: at once */
    CU_ASSERT(page_words[APIC_TIMER_INITIAL / 4] == 1);
    apic_timer_program(0);
    CU_ASSERT(page_words[APIC_TIMER_INITIAL / 4] == 0);
    timer_khz = 100000000;
    apic_timer_program(~0ull); /* far: the most that counts fit, and then again */
    CU_ASSERT(page_words[APIC_TIMER_INITIAL / 4] == 0xffffffff);
}

static void test_x2apic_with_deadline(void)
{
    u32 first = MSR_X2APIC_FIRST;

    memset(page_words, 0xee, sizeof(page_words));
    cpu_features.x2apic = cpu_features.tsc_deadline = true;
    base = 0xfee00800 | BASE_X2APIC;
    timer_khz = 0;
    msr_value[first + 2] = 0x12345; /* ids of more than 8 bits */
    apic_init();
    CU_ASSERT(apic_id() == 0x12345 && (base & BASE_X2APIC) && (base & BASE_ENABLED));
    CU_ASSERT(msr_value[first + 0x32] == (TIMER_DEADLINE_MODE | VECTOR_TIMER));
    CU_ASSERT(msr_value[first + 0xf] == (0x100 | VECTOR_SPURIOUS));
    apic_send(0x10000, APIC_STARTUP | 8);
    CU_ASSERT(msr_value[first + 0x30] == (0x10000ull << 32 | 0x4608));
    msr_value[first + 0xb] = 1;
    apic_eoi();
    CU_ASSERT(msr_value[first + 0xb] == 0);
    apic_timer_program(7000);
    CU_ASSERT(msr_value[MSR_TSC_DEADLINE] == 21000);
    apic_timer_program(0);
    CU_ASSERT(msr_value[MSR_TSC_DEADLINE] == 0);
    for (u32 i = 0; i < ARRAY_SIZE(page_words); i++)
        if (page_words[i] != 0xeeeeeeee && i != APIC_TIMER_CURRENT / 4)
            CU_FAIL_FATAL("the page was written in x2APIC mode");
    /* the firmware left it off: a CPU that could is used as xAPIC */
    base = 0xfee00800;
    cpu_features.tsc_deadline = true;
    apic_init();
    CU_ASSERT(!(base & BASE_X2APIC) && page_words[APIC_SPURIOUS / 4] == (0x100 | VECTOR_SPURIOUS));
}

static CU_TestInfo tests[] = {
    {"xAPIC", test_xapic},
    {"the counted timer", test_counted_timer},
    {"x2APIC and TSC deadline", test_x2apic_with_deadline},
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return suite_run("apic", tests);
}
