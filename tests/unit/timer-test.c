/* SPDX-License-Identifier: MIT */
/*
 * cpu/timer.c beside a model (an array of deadlines): what is due fires, once, in the order of deadlines; what was
 * stopped does not; and the hardware is never set for later than the earliest one, on two CPUs.
 */
#include <stdlib.h>

#include "cpu/apic.h"
#include "cpu/clock.h"
#include "cpu/irq.h"
#include "cpu/percpu.h"
#include "cpu/smp.h"
#include "cpu/timer.h"
#include "domain/iomem.h"
#include "memory/pagetable.h"
#include "pv/descriptor.h"
#include "suite.h"

#define TIMERS 100

static struct cpu second = {.id = 1, .apic_id = 1};
static struct timer timers[TIMERS];
static u64 wanted[TIMERS]; /* the model: 0 is not set */
static u64 now = 1000, hardware[2], last_fired;
static u32 fired[TIMERS], ipis[2];

u64 now_ns(void)
{
    return now;
}

void apic_timer_program(u64 deadline)
{
    hardware[host_cpu] = deadline;
}

void apic_send(u32 apic_id, u32 vector)
{
    ipis[apic_id] += vector == VECTOR_TIMER;
}

void smp_poll(void)
{
}

/* what the allocator's neighbours ask, which has nothing to do with timers */
bool descriptor_page_ok(u64 *page)
{
    (void)page;
    abort();
}

void pt_fill_hv_slots(u64 *l4)
{
    (void)l4;
    abort();
}

bool iomem_frame_allowed(const struct domain *d, mfn_t m)
{
    (void)d, (void)m;
    abort();
}

static u32 index_of(const void *t)
{
    return (u32)((const struct timer *)t - timers);
}

static void note(void *data)
{
    u32 i = index_of(data);

    if (!wanted[i] || wanted[i] > now || wanted[i] < last_fired)
        CU_FAIL_FATAL("fired what was not due");
    last_fired = wanted[i];
    wanted[i] = 0;
    fired[i]++;
}

/* The earliest of one CPU's in the model; 0: none. */
static u64 earliest(u32 cpu)
{
    u64 first = 0;

    for (u32 i = 0; i < TIMERS; i++)
        if (timers[i].cpu == cpu && wanted[i] && (!first || wanted[i] < first))
            first = wanted[i];
    return first;
}

static void interrupt(u32 cpu)
{
    host_cpu = cpu;
    last_fired = 0;
    timer_interrupt();
    host_cpu = 0;
}

/* The other CPU hears of an earlier deadline by an IPI, and then looks. */
static void settle(void)
{
    if (ipis[1])
        interrupt(1);
    ipis[1] = 0;
}

static void test_storm(void)
{
    srand(3);
    for (u32 i = 0; i < TIMERS; i++)
        timer_init(&timers[i], note, &timers[i], i % 2);
    for (u32 step = 0; step < 100000; step++) {
        u32 i = (u32)rand() % TIMERS;

        switch (rand() % 8) {
        case 0:
            timer_stop(&timers[i]);
            wanted[i] = 0;
            break;
        case 1:
            host_cpu = (u32)rand() % 2; /* to the queue of whoever sets it, with the time it had */
            wanted[i] = wanted[i] ? wanted[i] : now + 1;
            timer_set_here(&timers[i], wanted[i]);
            host_cpu = 0;
            break;
        case 2:
            now += (u64)rand() % 300;
            interrupt(0);
            interrupt(1);
            for (u32 k = 0; k < TIMERS; k++)
                if (wanted[k] && wanted[k] <= now)
                    CU_FAIL_FATAL("one was forgotten");
            break;
        default:
            wanted[i] = now + (u64)rand() % 1000;
            timer_set(&timers[i], wanted[i]);
        }
        settle();
        if (timer_armed(&timers[i]) != (wanted[i] != 0))
            CU_FAIL_FATAL("the queue differs from the model");
        /* a timer that went to the other queue leaves the hardware set too early, never too late */
        for (u32 cpu = 0; cpu < 2; cpu++)
            if (earliest(cpu) && (!hardware[cpu] || hardware[cpu] > earliest(cpu)))
                CU_FAIL_FATAL("a CPU sleeps too long");
    }
    now += 100000;
    interrupt(0);
    interrupt(1);
    CU_ASSERT(!earliest(0) && !earliest(1) && !hardware[0] && !hardware[1]);
    for (u32 i = 0; i < TIMERS; i++)
        CU_ASSERT(fired[i] > 10);
}

static u32 rounds;

static void again(void *data)
{
    if (++rounds < 5)
        timer_set(data, now + 10 * rounds);
}

static void stop_other(void *data)
{
    timer_stop(data);
}

static void test_handlers_set_timers(void)
{
    struct timer periodic, first, other;

    timer_init(&periodic, again, &periodic, 0);
    timer_set(&periodic, now - 5); /* has passed: at the next chance */
    CU_ASSERT(hardware[0] == now - 5);
    for (u32 i = 1; i <= 5; i++) {
        interrupt(0);
        CU_ASSERT(rounds == i && hardware[0] == (i < 5 ? now + 10 * i : 0));
        now += 10 * i;
    }
    timer_init(&other, again, &other, 0);
    timer_init(&first, stop_other, &other, 0);
    timer_set(&other, now + 2);
    timer_set(&first, now + 1);
    now += 10;
    interrupt(0);
    CU_ASSERT(rounds == 5 && !timer_armed(&other) && !hardware[0]);
}

static void test_other_cpu(void)
{
    struct timer a, b, unused = {0};

    timer_init(&a, again, &a, 1);
    timer_init(&b, again, &b, 1);
    ipis[1] = 0;
    timer_set(&a, now + 100);
    CU_ASSERT(ipis[1] == 1 && hardware[0] == 0);
    interrupt(1);
    CU_ASSERT(hardware[1] == now + 100);
    timer_set(&b, now + 200); /* later: nobody needs to know */
    CU_ASSERT(ipis[1] == 1);
    timer_set_here(&a, now + 100);
    CU_ASSERT(a.cpu == 0 && timer_armed(&a) && hardware[0] == now + 100);
    timer_kill(&a);
    timer_kill(&b);
    timer_stop(&unused); /* never made: nothing happens */
    timer_kill(&unused);
    now += 1000;
    rounds = 0;
    interrupt(0);
    interrupt(1);
    CU_ASSERT(rounds == 0 && !hardware[0] && !hardware[1]);
}

static CU_TestInfo tests[] = {
    {"a storm beside the model", test_storm},
    {"handlers set and stop timers", test_handlers_set_timers},
    {"another CPU's queue", test_other_cpu},
    CU_TEST_INFO_NULL,
};

int main(void)
{
    host_machine(8);
    cpus[1] = &second;
    for (host_cpu = 2; host_cpu--;)
        timer_init_cpu();
    host_cpu = 0;
    return suite_run("timer", tests);
}
