/* SPDX-License-Identifier: MIT */
/*
 * The scheduler against a clock of the test's own: shares by weight, caps, wakes, yields, pauses, idling, and a
 * second CPU. A "guest" runs by letting time pass until its CPU wants to reschedule.
 */
#include <setjmp.h>
#include <stdlib.h>

#include <public/sched.h>

#include "hv/domain.h"
#include "suite.h"

#define MS 1000000ull
#define SECOND (1000 * MS)

static struct domain *one, *two, *three;
static struct vcpu *a, *b, *c, *control;
static u32 halts;
static struct vcpu *wake_in_halt;

/* While idle: the event that ends it, or the next timer. */
static void halt(void)
{
    halts++;
    if (wake_in_halt)
        vcpu_mark_events_pending(wake_in_halt);
    else if (host_next_deadline())
        host_pass_time(host_next_deadline());
    else
        abort();
}

static void prepare(void)
{
    host_start(2);
    one = host_full_domain(1, 2);
    two = host_full_domain(2, 1);
    three = host_full_domain(3, 1);
    a = one->vcpu[0];
    b = two->vcpu[0];
    c = three->vcpu[0];
    control = dom0->vcpu[0];
    host_halt = halt;
    /* most of it is about one CPU */
    if (vcpu_set_affinity(a, 1, ~0ull) || vcpu_set_affinity(one->vcpu[1], 1, ~0ull) || vcpu_set_affinity(b, 1, ~0ull) ||
        vcpu_set_affinity(c, 1, ~0ull) || vcpu_set_affinity(control, 1, ~0ull))
        abort();
}

static void no_events(void)
{
    struct vcpu *all[] = {a, one->vcpu[1], b, c, control};

    for (u32 i = 0; i < ARRAY_SIZE(all); i++) {
        all[i]->info->evtchn_upcall_pending = 0;
        all[i]->info->evtchn_upcall_mask = 0;
    }
}

/* Runs CPU 0 for a while, whoever it is that runs. */
static void run_for(u64 ns)
{
    u64 end = host_now + ns;

    while (host_now < end) {
        u64 next;

        if (this_cpu()->need_resched)
            schedule();
        next = host_next_deadline();
        host_pass_time(next && next < end ? next : end);
    }
}

/* All of them wait; CPU 0 idles with whoever was last left loaded. */
static void all_block(void)
{
    struct vcpu *all[] = {a, one->vcpu[1], b, c, control};

    for (u32 i = 0; i < ARRAY_SIZE(all); i++)
        if (!all[i]->sched.pause_count)
            vcpu_pause_nosync(all[i]);
    vcpu_unblock(control);
    vcpu_unpause(control);
    schedule();
    CU_ASSERT(current_vcpu() == control);
    for (u32 i = 0; i < ARRAY_SIZE(all); i++)
        if (all[i] != control) {
            all[i]->sched.blocked = true;
            vcpu_unpause(all[i]);
        }
    no_events();
}

static void stop_control(void)
{
    vcpu_block(control);
    CU_ASSERT(this_cpu()->need_resched);
    schedule();
}

static void test_first(void)
{
    vcpu_wake(control);
    CU_ASSERT(this_cpu()->need_resched);
    schedule();
    CU_ASSERT(current_vcpu() == control && control->sched.running && !this_cpu()->need_resched);
    CU_ASSERT(control->time.runstate.state == RUNSTATE_running);
    CU_ASSERT(dom0->dirty_cpus & 1);
    CU_ASSERT(host_next_deadline() == 0); /* nobody waits: no slice */
}

static void test_block_and_wake(void)
{
    u32 switches;

    all_block();
    switches = host_switches;
    halts = 0;
    wake_in_halt = control;
    stop_control(); /* idles until the event */
    wake_in_halt = NULL;
    CU_ASSERT(halts == 1 && current_vcpu() == control && host_switches == switches);
    CU_ASSERT(control->time.runstate.state == RUNSTATE_running);
    /* an event that is there already: no waiting */
    this_cpu()->need_resched = false;
    vcpu_block(control);
    CU_ASSERT(!control->sched.blocked && !this_cpu()->need_resched);
}

static void test_shares(void)
{
    u64 a0, b0, c0;

    all_block();
    vcpu_unblock(a);
    vcpu_unblock(b);
    vcpu_unblock(c);
    stop_control();
    run_for(SECOND);
    a0 = a->sched.run_ns, b0 = b->sched.run_ns, c0 = c->sched.run_ns;
    run_for(6 * SECOND);
    a0 = a->sched.run_ns - a0, b0 = b->sched.run_ns - b0, c0 = c->sched.run_ns - c0;
    CU_ASSERT(a0 > 1900 * MS && a0 < 2100 * MS);
    CU_ASSERT(b0 > 1900 * MS && b0 < 2100 * MS);
    CU_ASSERT(c0 > 1900 * MS && c0 < 2100 * MS);
}

/* Dom0 wakes for a millisecond's work every ten, among three spinners: it never waits for a slice. */
static void test_waker_among_spinners(void)
{
    u64 worst = 0;

    all_block();
    run_for(MS); /* it is no newcomer */
    vcpu_unblock(a);
    vcpu_unblock(b);
    vcpu_unblock(c);
    stop_control();
    run_for(50 * MS); /* they had slept while dom0 ran: that is theirs first */
    for (u32 i = 0; i < 200; i++) {
        u64 asked;

        run_for(9 * MS);
        asked = host_now;
        vcpu_mark_events_pending(control);
        while (current_vcpu() != control)
            run_for(MS / 10);
        worst = MAX(worst, host_now - asked);
        run_for(MS);
        CU_ASSERT(current_vcpu() == control);
        no_events();
        vcpu_block(control);
        schedule();
    }
    CU_ASSERT(worst <= MS);
    CU_ASSERT(a->sched.run_ns && b->sched.run_ns && c->sched.run_ns);
}

/* Whoever comes has half a millisecond before a wake-up stops him, and is stopped at once after that. */
static void test_least_run(void)
{
    struct vcpu *first;

    all_block();
    run_for(MS);
    vcpu_unblock(a);
    vcpu_unblock(b);
    stop_control();
    run_for(50 * MS);
    first = current_vcpu();
    while (current_vcpu() == first)
        run_for(MS / 100);
    run_for(MS / 10);
    vcpu_mark_events_pending(control);
    CU_ASSERT(!this_cpu()->need_resched);
    run_for(MS / 4);
    CU_ASSERT(current_vcpu() != control);
    run_for(MS / 4);
    CU_ASSERT(current_vcpu() == control);

    no_events();
    vcpu_block(control);
    schedule();
    for (first = current_vcpu(); current_vcpu() == first;)
        run_for(MS / 100);
    run_for(MS * 6 / 10);
    vcpu_mark_events_pending(control);
    CU_ASSERT(this_cpu()->need_resched);
    schedule();
    CU_ASSERT(current_vcpu() == control);
}

/* One who sleeps and wakes all the time, with all the work it can get, has no more than its share. */
static void test_no_cheating(void)
{
    u64 start, mine;

    all_block();
    vcpu_unblock(a);
    vcpu_unblock(b);
    stop_control();
    run_for(200 * MS);
    start = host_now;
    mine = a->sched.run_ns;
    while (host_now < start + 4 * SECOND) {
        run_for(MS);
        if (current_vcpu() == a) {
            no_events();
            vcpu_block(a);
            schedule();
            vcpu_mark_events_pending(a);
        }
    }
    mine = a->sched.run_ns - mine;
    CU_ASSERT(mine < 2200 * MS);
}

/* One that never ran comes beside one who ran alone for long: it neither stops him nor catches up with him. */
static void test_newcomer(void)
{
    all_block();
    run_for(5 * SECOND);
    CU_ASSERT(current_vcpu() == control);
    a->sched.run_ns = 0;
    a->sched.virtual_ns = 0;
    vcpu_unblock(a);
    CU_ASSERT(!this_cpu()->need_resched && a->sched.virtual_ns >= control->sched.virtual_ns);
    run_for(20 * MS);
    CU_ASSERT(a->sched.run_ns <= 15 * MS);
    all_block();
}

static void test_yield(void)
{
    all_block();
    this_cpu()->need_resched = false;
    vcpu_yield(control);
    CU_ASSERT(!this_cpu()->need_resched); /* nobody else: nothing to do */
    vcpu_unblock(a);
    this_cpu()->need_resched = false;
    vcpu_yield(control);
    CU_ASSERT(this_cpu()->need_resched);
    schedule();
    CU_ASSERT(current_vcpu() == a && control->time.runstate.state == RUNSTATE_runnable);
    vcpu_yield(a);
    schedule();
    CU_ASSERT(current_vcpu() == control);
}

static void test_pause(void)
{
    all_block();
    vcpu_unblock(a);
    CU_ASSERT(a->sched.queued);
    vcpu_pause_sync(a);
    CU_ASSERT(!a->sched.queued && a->time.runstate.state == RUNSTATE_offline);
    vcpu_pause_nosync(a);
    vcpu_unpause(a);
    CU_ASSERT(!a->sched.queued);
    vcpu_unpause(a);
    CU_ASSERT(a->sched.queued && a->time.runstate.state == RUNSTATE_runnable);
    /* what the domain is matters too */
    one->shut_down = true;
    CU_ASSERT(!vcpu_runnable(a));
    schedule();
    CU_ASSERT(current_vcpu() == control && !a->sched.running);
    one->shut_down = false;
}

static jmp_buf out;

static void leave_halt(void)
{
    longjmp(out, 1);
}

/* Left loaded by an idle CPU, then paused: the CPU lets it go at once. */
static void test_pause_while_loaded(void)
{
    all_block();
    vcpu_block(control);
    host_halt = leave_halt;
    if (!setjmp(out))
        schedule();
    CU_ASSERT(control->sched.running && current_vcpu() == control);
    CU_ASSERT(control->time.runstate.state == RUNSTATE_blocked);
    vcpu_pause_nosync(control);
    CU_ASSERT(this_cpu()->need_resched);
    if (!setjmp(out))
        schedule();
    CU_ASSERT(!control->sched.running && current_vcpu()->is_idle);
    CU_ASSERT(!(dom0->dirty_cpus & 1));
    host_halt = halt;
    vcpu_unpause(control);
    vcpu_unblock(control);
    schedule();
    CU_ASSERT(current_vcpu() == control);
}

static void on_other_cpu(void)
{
    host_cpu = 1;
    if (!setjmp(out))
        schedule();
    host_cpu = 0;
}

/* A second runnable vcpu goes to the idle CPU; pausing it from here waits for it there. */
static void test_second_cpu(void)
{
    u32 ipis;

    all_block();
    CU_ASSERT(vcpu_set_affinity(a, ~0ull, ~0ull) == 0);
    ipis = host_ipis[1];
    vcpu_unblock(a);
    CU_ASSERT_FATAL(a->cpu == 1 && a->sched.queued && host_ipis[1] == ipis + 1);
    host_halt = leave_halt;
    on_other_cpu();
    CU_ASSERT(cpus[1]->current == a && a->sched.running && (one->dirty_cpus & 2));
    /* an event for one that runs elsewhere: an IPI, no more */
    ipis = host_ipis[1];
    vcpu_mark_events_pending(a);
    CU_ASSERT(host_ipis[1] == ipis + 1 && !cpus[1]->need_resched);
    host_poll = on_other_cpu;
    vcpu_pause_sync(a);
    CU_ASSERT(!a->sched.running && cpus[1]->current->is_idle);
    vcpu_unpause(a);
    CU_ASSERT(a->cpu == 1 && a->sched.queued);
    on_other_cpu();
    CU_ASSERT(a->sched.running);
    CU_ASSERT(vcpu_set_affinity(a, 1ull << 40, ~0ull) == -EINVAL); /* not there */
    /* it must leave the CPU it runs on */
    CU_ASSERT(vcpu_set_affinity(a, 1, ~0ull) == 0);
    on_other_cpu();
    CU_ASSERT(!a->sched.running && a->cpu == 0 && a->sched.queued && cpus[1]->current->is_idle);
    host_halt = halt;
}

static long sched_op(u32 command, void *arg)
{
    return host_call(do_sched_op, command, ADDRESS(arg), 0);
}

static void test_calls(void)
{
    struct sched_shutdown shutdown = {SHUTDOWN_reboot};
    struct sched_watchdog dog = {0, 0};
    struct sched_pin_override pin = {0};
    evtchn_port_t ports[200] = {0};
    struct sched_poll poll = {{ports}, 129, 0};

    all_block();
    host_run_as(b);
    CU_ASSERT(sched_op(SCHEDOP_shutdown, &shutdown) == 0);
    CU_ASSERT(host_shutdown_domain == two && host_shutdown_code == SHUTDOWN_reboot);
    CU_ASSERT(sched_op(SCHEDOP_pin_override, &pin) == -EPERM);
    CU_ASSERT(sched_op(SCHEDOP_poll, &poll) == -EINVAL);
    ports[0] = 4000;
    poll.nr_ports = 1;
    CU_ASSERT(sched_op(SCHEDOP_poll, &poll) == -EINVAL && !b->sched.blocked && two->evtchn.pollers == 0);
    CU_ASSERT(host_call(do_sched_op, SCHEDOP_shutdown, BAD_ADDRESS, 0) == -EFAULT);
    CU_ASSERT(host_call(do_sched_op, SCHEDOP_poll, BAD_ADDRESS, 0) == -EFAULT);
    CU_ASSERT(host_call(do_sched_op, SCHEDOP_watchdog, BAD_ADDRESS, 0) == -EFAULT);
    CU_ASSERT(sched_op(99, &poll) == -ENOSYS);

    dog = (struct sched_watchdog){1, 10};
    CU_ASSERT(sched_op(SCHEDOP_watchdog, &dog) == -EINVAL); /* none of that number */
    dog = (struct sched_watchdog){3, 10};
    CU_ASSERT(sched_op(SCHEDOP_watchdog, &dog) == -EINVAL);
    dog.id = 0;
    CU_ASSERT(sched_op(SCHEDOP_watchdog, &dog) == 1);
    CU_ASSERT(sched_op(SCHEDOP_watchdog, &dog) == 2);
    CU_ASSERT(sched_op(SCHEDOP_watchdog, &dog) == -ENOSPC);
    dog = (struct sched_watchdog){1, 0};
    CU_ASSERT(sched_op(SCHEDOP_watchdog, &dog) == 0);
    CU_ASSERT(sched_op(SCHEDOP_watchdog, &dog) == -EINVAL);
    host_shutdown_code = -1;
    host_pass_time(host_now + 11 * SECOND);
    CU_ASSERT(host_shutdown_code == SHUTDOWN_watchdog && host_shutdown_domain == two);
    host_shutdown_code = -1;
    dog = (struct sched_watchdog){0, 0}; /* made to go off at once */
    CU_ASSERT(sched_op(SCHEDOP_watchdog, &dog) == 1);
    host_pass_time(host_now + 1);
    CU_ASSERT(host_shutdown_code == SHUTDOWN_watchdog);
    host_run_as(control);
}

static void test_poll(void)
{
    evtchn_port_t port = 0;
    struct sched_poll poll = {{&port}, 1, 0};

    all_block();
    CU_ASSERT_FATAL(evtchn_alloc_unbound(dom0, 1, &port) == 0);
    control->info->evtchn_upcall_mask = 1;
    poll.timeout = host_now + 5 * MS;
    CU_ASSERT(sched_op(SCHEDOP_poll, &poll) == 0);
    CU_ASSERT(control->sched.blocked && dom0->evtchn.pollers == 1);
    schedule(); /* idles until the timeout */
    CU_ASSERT(!control->sched.blocked && dom0->evtchn.pollers == 0 && host_now == poll.timeout);
    dom0->shared->evtchn_pending[0] = 1ul << port;
    CU_ASSERT(sched_op(SCHEDOP_poll, &poll) == 0 && !control->sched.blocked && dom0->evtchn.pollers == 0);
    dom0->shared->evtchn_pending[0] = 0;
    CU_ASSERT(evtchn_close(dom0, port) == 0);
}

static CU_TestInfo tests[] = {{"the first", test_first},
                              {"block and wake", test_block_and_wake},
                              {"shares", test_shares},
                              {"a waker among spinners", test_waker_among_spinners},
                              {"least run", test_least_run},
                              {"no cheating by sleep", test_no_cheating},
                              {"a newcomer", test_newcomer},
                              {"yield", test_yield},
                              {"pause", test_pause},
                              {"pause while loaded", test_pause_while_loaded},
                              {"second CPU", test_second_cpu},
                              {"calls", test_calls},
                              {"poll", test_poll},
                              CU_TEST_INFO_NULL};

int main(void)
{
    prepare();
    return suite_run("sched", tests);
}
