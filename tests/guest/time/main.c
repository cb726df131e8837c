/* SPDX-License-Identifier: MIT */
/*
 * Theory: system time only grows, the time record is consistent, and a timer that was set raises
 * VIRQ_TIMER not before its time, both ways of setting it; a timer that was stopped, or set to 0,
 * does not. The test waits by the guest's clock, never by counting, and bounds nothing from above.
 */
#include <public/event_channel.h>
#include <public/sched.h>
#include <public/vcpu.h>

#include "guest.h"

const char test_title[] = "time: the clock and the timers";

#define MS 1000000UL

static volatile unsigned int ticks;
static volatile uint64_t tick_at;

static void on_timer(unsigned int port)
{
    (void)port;
    ticks++;
    tick_at = time_now();
}

static bool tsc_invariant(void)
{
    uint32_t a = 0x80000007, b, c = 0, d;

    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    return d >> 8 & 1;
}

static void check_clock(void)
{
    uint64_t last = time_now();
    const struct vcpu_time_info *info = &shared_info->vcpu_info[0].time;

    for (unsigned int i = 0; i < 2000; i++) {
        uint64_t now = time_now();

        CHECK(now >= last, "time went back from %lu to %lu", last, now);
        last = now;
    }
    CHECK(info->tsc_to_system_mul != 0, "the time record has no multiplier");
    CHECK(!(info->version & 1), "the time record is being written");
    CHECK(!(info->flags & XEN_PVCLOCK_TSC_STABLE_BIT) || tsc_invariant(), "the CPU does not say that its TSC is stable");
    CHECK(shared_info->wc_sec != 0 && !(shared_info->wc_version & 1), "there is no wall clock");
}

/* Sleeps until the timer's event came. */
static void wait_for_tick(void)
{
    unsigned int before = ticks;

    while (ticks == before)
        hypercall_sched_op(SCHEDOP_block, NULL);
    events_off();
}

static void check_timers(void)
{
    struct vcpu_set_singleshot_timer single = {.flags = 0};
    uint64_t due = time_now() + 5 * MS;
    long rc;

    CHECK_OK(hypercall_set_timer_op(due));
    wait_for_tick();
    CHECK(tick_at >= due, "the timer went off %lu ns early", due - tick_at);
    due = time_now() + 5 * MS;
    single.timeout_abs_ns = due;
    CHECK_OK(hypercall_vcpu_op(VCPUOP_set_singleshot_timer, 0, &single));
    wait_for_tick();
    CHECK(tick_at >= due, "the timer went off %lu ns early", due - tick_at);
    CHECK_OK(hypercall_set_timer_op(1)); /* long past: at once */
    wait_for_tick();
    single.timeout_abs_ns = 1;
    single.flags = VCPU_SSHOTTMR_future;
    rc = hypercall_vcpu_op(VCPUOP_set_singleshot_timer, 0, &single);
    CHECK(rc == 0 || rc == -XEN_ETIME, "a time that has passed: %ld", rc);
    if (rc == 0) /* the flag is a wish: then at once */
        wait_for_tick();
}

static void check_stop(void)
{
    struct vcpu_set_singleshot_timer single = {.timeout_abs_ns = time_now() + 20 * MS};
    unsigned int before;

    CHECK_OK(hypercall_vcpu_op(VCPUOP_set_singleshot_timer, 0, &single));
    CHECK_OK(hypercall_vcpu_op(VCPUOP_stop_singleshot_timer, 0, NULL));
    CHECK_OK(hypercall_set_timer_op(0));
    before = ticks;
    events_on();
    while (time_now() < single.timeout_abs_ns + 5 * MS)
        hypercall_sched_op(SCHEDOP_yield, NULL);
    events_off();
    CHECK_EQ(ticks, before);
}

void test_main(void)
{
    struct evtchn_bind_virq bind = {.virq = VIRQ_TIMER, .vcpu = 0};

    check_clock();
    CHECK_OK(hypercall_event_channel_op(EVTCHNOP_bind_virq, &bind));
    event_set_handler(bind.port, on_timer);
    event_unmask_port(bind.port);
    hypercall_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL);
    event_clear(bind.port); /* of the periodic timer that a domain may start with */
    check_timers();
    check_stop();
}
