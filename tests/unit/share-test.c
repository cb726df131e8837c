/* SPDX-License-Identifier: MIT */
/*
 * What the scheduler promises, kept for 10 s of a made-up machine of four CPUs: who is ready all the time gets what
 * weights, caps and affinities say, within 2 percent, and who mostly sleeps is served at once. A "guest" runs by letting
 * time pass until its CPU wants to reschedule.
 */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include "hv/domain.h"
#include "suite.h"

#define MS 1000000ull
#define SECOND (1000 * MS)
#define DOMAINS 8
#define VCPUS 4

static struct domain *doms[DOMAINS];
static jmp_buf out;

static void leave_halt(void)
{
    longjmp(out, 1);
}

static void decide_here(void)
{
    while (this_cpu()->need_resched)
        if (!setjmp(out))
            schedule();
}

static void all_cpus_decide(void)
{
    for (u32 i = 0; i < cpu_count; i++) {
        host_cpu = i;
        decide_here();
    }
    host_cpu = 0;
}

static bool anyone_decides(void)
{
    for (u32 i = 0; i < cpu_count; i++)
        if (cpus[i]->need_resched)
            return true;
    return false;
}

static void settle(void)
{
    while (anyone_decides())
        all_cpus_decide();
}

/* Time passes on all CPUs, in steps of at most a tenth of a millisecond: an event somewhere is an event in between. */
static void run_for(u64 ns)
{
    u64 end = host_now + ns;

    while (host_now < end) {
        u64 next = host_next_deadline(), step = MIN(end, host_now + MS / 10);

        settle();
        host_pass_time(next && next < step ? MAX(next, host_now) : step);
    }
    settle();
}

static void prepare(void)
{
    host_start(4);
    host_halt = leave_halt;
    for (u32 i = 0; i < DOMAINS; i++) {
        doms[i] = host_full_domain((u16)(i + 1), VCPUS);
        for (u32 k = 0; k < VCPUS; k++)
            doms[i]->vcpu[k]->sched.blocked = true;
    }
}

/* Everyone sleeps, with the ordinary weight, no cap, and these CPUs to run on. */
static void fresh(u64 mask)
{
    for (u32 i = 0; i < DOMAINS; i++) {
        share_set(doms[i], SHARE_WEIGHT, 0);
        for (u32 k = 0; k < VCPUS; k++) {
            struct vcpu *v = doms[i]->vcpu[k];

            v->info->evtchn_upcall_pending = 0;
            vcpu_pause_nosync(v);
            settle();
            v->sched.blocked = true;
            vcpu_unpause(v);
            CU_ASSERT(vcpu_set_affinity(v, mask, ~0ull) == 0);
        }
    }
    run_for(50 * MS);
}

static void start(u32 dom, u32 vcpus)
{
    for (u32 k = 0; k < vcpus; k++)
        vcpu_unblock(doms[dom]->vcpu[k]);
}

static u64 used(u32 dom)
{
    u64 sum = 0;

    for (u32 k = 0; k < VCPUS; k++) {
        struct vcpu_runstate_info r;

        runstate_get(doms[dom]->vcpu[k], &r);
        sum += r.time[RUNSTATE_running];
    }
    return sum;
}

/* percent[]: of one CPU, for the first n domains */
static void expect(const char *what, u32 n, const double *percent)
{
    u64 before[DOMAINS];

    run_for(SECOND);
    for (u32 i = 0; i < n; i++)
        before[i] = used(i);
    run_for(10 * SECOND);
    for (u32 i = 0; i < n; i++) {
        double got = (double)(used(i) - before[i]) / 1e8;

        if (got < percent[i] * 0.98 || got > percent[i] * 1.02) {
            printf("\n    %s: domain %u got %.2f%%, %.2f%% is its share", what, i, got, percent[i]);
            CU_FAIL("outside of 2 percent");
        }
    }
}
#define EXPECT(what, ...)                                                                                              \
    expect(what, sizeof((const double[]){__VA_ARGS__}) / sizeof(double), (const double[]){__VA_ARGS__})

static void test_equal(void)
{
    fresh(3);
    for (u32 i = 0; i < 3; i++)
        start(i, 1);
    EXPECT("three on two CPUs", 66.667, 66.667, 66.667);
    fresh(15);
    for (u32 i = 0; i < 5; i++)
        start(i, 1);
    EXPECT("five on four CPUs", 80, 80, 80, 80, 80);
    fresh(15);
    for (u32 i = 0; i < 7; i++)
        start(i, 1);
    EXPECT("seven on four CPUs", 57.143, 57.143, 57.143, 57.143, 57.143, 57.143, 57.143);
    fresh(1);
    for (u32 i = 0; i < 4; i++)
        start(i, 1);
    EXPECT("four on one CPU", 25, 25, 25, 25);
}

/* The weight is the domain's: more vcpus get no more. */
static void test_vcpus(void)
{
    fresh(3);
    start(0, 1);
    start(1, 4);
    EXPECT("one vcpu against four", 100, 100);
    fresh(3);
    start(0, 4);
    start(1, 4);
    start(2, 2);
    EXPECT("four, four and two vcpus", 66.667, 66.667, 66.667);
}

static void test_weights(void)
{
    fresh(3);
    share_set(doms[1], 512, 0);
    share_set(doms[2], 1024, 0);
    for (u32 i = 0; i < 3; i++)
        start(i, 2);
    EXPECT("1:2:4, two vcpus each", 28.571, 57.143, 114.286);
    fresh(3);
    share_set(doms[1], 512, 0);
    share_set(doms[2], 1024, 0);
    for (u32 i = 0; i < 3; i++)
        start(i, 1);
    EXPECT("1:2:4, where the last cannot use its share", 33.333, 66.667, 100);
    fresh(1);
    share_set(doms[0], 16, 0);
    share_set(doms[1], 32, 0);
    share_set(doms[2], 64, 0);
    for (u32 i = 0; i < 3; i++)
        start(i, 1);
    EXPECT("small weights on one CPU", 14.286, 28.571, 57.143);
}

static void test_caps(void)
{
    fresh(3);
    share_set(doms[0], SHARE_WEIGHT, 25);
    share_set(doms[1], SHARE_WEIGHT, 150);
    start(0, 1);
    start(1, 2);
    EXPECT("caps with nobody else", 25, 150);
    start(2, 2);
    EXPECT("caps among others", 25, 87.5, 87.5);
    fresh(15);
    share_set(doms[0], SHARE_WEIGHT, 150);
    start(0, 4);
    EXPECT("150 on four vcpus", 150);
    share_set(doms[0], SHARE_WEIGHT, 0);
    EXPECT("no cap any more", 400);
    share_set(doms[0], SHARE_WEIGHT, 5);
    EXPECT("a small one", 5);
}

static void test_pins(void)
{
    fresh(3);
    CU_ASSERT(vcpu_set_affinity(doms[0]->vcpu[0], 1, ~0ull) == 0);
    CU_ASSERT(vcpu_set_affinity(doms[1]->vcpu[0], 1, ~0ull) == 0);
    CU_ASSERT(vcpu_set_affinity(doms[2]->vcpu[0], 2, ~0ull) == 0);
    for (u32 i = 0; i < 3; i++)
        start(i, 1);
    EXPECT("two pinned to one CPU, one to the other", 50, 50, 100);
    /* one who may go anywhere evens it out, after whatever went before */
    start(3, 1);
    EXPECT("a fourth that is free to go", 50, 50, 50, 50);
    fresh(3);
    CU_ASSERT(vcpu_set_affinity(doms[0]->vcpu[0], 1, ~0ull) == 0);
    CU_ASSERT(vcpu_set_affinity(doms[1]->vcpu[0], 2, ~0ull) == 0);
    start(0, 1);
    run_for(5 * SECOND);
    start(1, 1);
    start(2, 1);
    EXPECT("one pinned to each, one between them", 66.667, 66.667, 66.667);
    CU_ASSERT(doms[0]->vcpu[0]->cpu == 0 && doms[1]->vcpu[0]->cpu == 1);
    CU_ASSERT(vcpu_set_affinity(doms[0]->vcpu[0], 1ull << 40, ~0ull) == -EINVAL);
    /* moved while it runs: it goes at once */
    CU_ASSERT(vcpu_set_affinity(doms[0]->vcpu[0], 8, ~0ull) == 0);
    settle();
    CU_ASSERT(doms[0]->vcpu[0]->cpu == 3 && doms[0]->vcpu[0]->sched.running);
    /* soft: where it would rather be, not where it must */
    fresh(15);
    CU_ASSERT(vcpu_set_affinity(doms[0]->vcpu[0], 15, 4) == 0);
    start(0, 1);
    settle();
    CU_ASSERT(doms[0]->vcpu[0]->cpu == 2);
}

/* Sleeps, wakes every 7 ms for a millisecond's work, among spinners on every CPU: it does not wait for a slice to
 * end, and what it leaves goes to the others in equal parts. */
static void test_io_bound(void)
{
    struct vcpu *v = doms[0]->vcpu[0];
    u64 worst = 0, total, end;

    fresh(3);
    for (u32 i = 1; i < 4; i++)
        start(i, 1);
    run_for(SECOND);
    total = used(1) + used(2) + used(3);
    end = host_now + 5 * SECOND;
    while (host_now < end) {
        u64 asked;

        run_for(7 * MS);
        asked = host_now;
        vcpu_unblock(v);
        while (!v->sched.running || cpus[v->cpu]->current != v)
            run_for(MS / 20);
        worst = MAX(worst, host_now - asked);
        run_for(MS);
        host_cpu = v->cpu;
        v->sched.blocked = true;
        this_cpu()->need_resched = true;
        settle();
    }
    if (worst > MS)
        printf("\n    it waited %llu us", (unsigned long long)worst / 1000);
    CU_ASSERT(worst <= MS);
    total = used(1) + used(2) + used(3) - total;
    CU_ASSERT(total > 9300 * MS && total < 9450 * MS);
}

/* Nobody waits while a CPU he may use idles. */
static void test_no_idling(void)
{
    fresh(15);
    for (u32 i = 0; i < 4; i++)
        CU_ASSERT(vcpu_set_affinity(doms[i]->vcpu[0], 1, ~0ull) == 0);
    for (u32 i = 0; i < 4; i++)
        start(i, 1);
    run_for(20 * MS);
    for (u32 i = 0; i < 4; i++)
        CU_ASSERT(vcpu_set_affinity(doms[i]->vcpu[0], 15, ~0ull) == 0);
    run_for(20 * MS);
    EXPECT("a CPU for each", 100, 100, 100, 100);
}

/* Steal time is what it was ready for and did not get. */
static void test_steal(void)
{
    struct vcpu_runstate_info a, b;
    struct vcpu *v = doms[0]->vcpu[0];

    fresh(1);
    start(0, 1);
    start(1, 1);
    run_for(SECOND);
    runstate_get(v, &a);
    run_for(4 * SECOND);
    runstate_get(v, &b);
    CU_ASSERT(b.time[RUNSTATE_runnable] - a.time[RUNSTATE_runnable] > 1950 * MS);
    CU_ASSERT(b.time[RUNSTATE_runnable] - a.time[RUNSTATE_runnable] + b.time[RUNSTATE_running] -
                  a.time[RUNSTATE_running] ==
              4 * SECOND);
}

static CU_TestInfo tests[] = {{"equal weights", test_equal},
                              {"many vcpus", test_vcpus},
                              {"weights", test_weights},
                              {"caps", test_caps},
                              {"pins", test_pins},
                              {"an I/O-bound one among spinners", test_io_bound},
                              {"no CPU idles while one waits", test_no_idling},
                              {"steal time", test_steal},
                              CU_TEST_INFO_NULL};

int main(void)
{
    prepare();
    return suite_run("shares", tests);
}
