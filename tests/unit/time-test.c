/* SPDX-License-Identifier: MIT */
/*
 * Time and vcpu_op: timers that become VIRQ_TIMER, run states and the guest's copy of them (across a page boundary
 * too), vcpu_time_info's versions, the wall clock, and what each vcpu operation refuses.
 */
#include <stdlib.h>
#include <string.h>

#include <public/sched.h>

#include "cpu/clock.h"
#include "hv/domain.h"
#include "memory/alloc.h"
#include "memory/frame.h"
#include "memory/pagetable.h"
#include "suite.h"

#define MS 1000000ull
#define ENTRY (PTE_P | PTE_RW | PTE_US | PTE_A)

static struct domain *d;
static struct vcpu *v, *second;
static mfn_t page[2]; /* at addresses 0x1000 and 0x2000 of the guest; 0x3000 is read-only */

static void prepare(void)
{
    mfn_t table[5], ro;

    host_start(1);
    d = host_full_domain(3, 3);
    v = d->vcpu[0];
    second = d->vcpu[1];
    host_run_as(v);
    for (u32 level = 1; level <= 4; level++) {
        table[level] = frame_alloc(d, 0, 0, 0);
        if (level > 1)
            *(u64 *)mfn_to_virt(table[level]) = mfn_to_maddr(table[level - 1]) | ENTRY;
    }
    for (u32 i = 0; i < 2; i++) {
        page[i] = frame_alloc(d, 0, 0, 0);
        ((u64 *)mfn_to_virt(table[1]))[i + 1] = mfn_to_maddr(page[i]) | ENTRY;
    }
    ro = frame_alloc(d, 0, 0, 0);
    ((u64 *)mfn_to_virt(table[1]))[3] = mfn_to_maddr(ro) | (ENTRY & ~PTE_RW);
    while (pt_set_base(v, table[4]) == -ERESTART)
        ;
}

static long vcpu_op(u32 command, u32 id, void *arg)
{
    return host_call(do_vcpu_op, command, id, ADDRESS(arg));
}

static bool timer_event(u32 port)
{
    bool is = d->shared->evtchn_pending[0] >> port & 1;

    d->shared->evtchn_pending[0] = 0;
    return is;
}

static void test_timers(void)
{
    struct vcpu_set_singleshot_timer shot = {.timeout_abs_ns = host_now + 5 * MS};
    u32 port;

    CU_ASSERT_FATAL(evtchn_bind_virq(d, VIRQ_TIMER, 0, &port) == 0);
    CU_ASSERT(vcpu_op(VCPUOP_set_singleshot_timer, 0, &shot) == 0);
    CU_ASSERT(vcpu_op(VCPUOP_set_singleshot_timer, 1, &shot) == -EINVAL);
    host_pass_time(host_now + 4 * MS);
    CU_ASSERT(!timer_event(port));
    host_pass_time(host_now + 2 * MS);
    CU_ASSERT(timer_event(port));
    shot.flags = VCPU_SSHOTTMR_future; /* a time that has passed, all the same */
    CU_ASSERT(vcpu_op(VCPUOP_set_singleshot_timer, 0, &shot) == 0);
    host_pass_time(host_now + 1);
    CU_ASSERT(timer_event(port));
    shot.timeout_abs_ns = host_now + MS;
    CU_ASSERT(vcpu_op(VCPUOP_set_singleshot_timer, 0, &shot) == 0);
    CU_ASSERT(vcpu_op(VCPUOP_stop_singleshot_timer, 1, NULL) == -EINVAL);
    CU_ASSERT(vcpu_op(VCPUOP_stop_singleshot_timer, 0, NULL) == 0);
    host_pass_time(host_now + 3 * MS);
    CU_ASSERT(!timer_event(port));
    CU_ASSERT(host_call(do_set_timer_op, host_now + MS, 0, 0) == 0);
    host_pass_time(host_now + 2 * MS);
    CU_ASSERT(timer_event(port));
    CU_ASSERT(host_call(do_set_timer_op, host_now + MS, 0, 0) == 0);
    CU_ASSERT(host_call(do_set_timer_op, 0, 0, 0) == 0);
    host_pass_time(host_now + 2 * MS);
    CU_ASSERT(!timer_event(port));

    CU_ASSERT(evtchn_close(d, port) == 0);
}

/* Ticks while the vcpu runs; one when it is back; nothing armed while it is away for longer than a period. */
static void test_periodic(void)
{
    struct vcpu_set_periodic_timer set = {.period_ns = 2 * MS};
    u32 port;

    CU_ASSERT_FATAL(evtchn_bind_virq(d, VIRQ_TIMER, 0, &port) == 0);
    runstate_change(v, RUNSTATE_running, host_now);
    CU_ASSERT(vcpu_op(VCPUOP_set_periodic_timer, 0, &set) == 0);
    host_pass_time(host_now + MS);
    CU_ASSERT(!timer_event(port));
    for (u32 i = 0; i < 3; i++) {
        host_pass_time(host_now + 2 * MS);
        CU_ASSERT(timer_event(port));
    }
    runstate_change(v, RUNSTATE_blocked, host_now);
    host_pass_time(host_now + 9 * MS);
    CU_ASSERT(!timer_event(port) && host_next_deadline() == 0);
    runstate_change(v, RUNSTATE_running, host_now);
    host_pass_time(host_now + 1);
    CU_ASSERT(timer_event(port));
    CU_ASSERT(host_next_deadline() > host_now + MS && host_next_deadline() <= host_now + 2 * MS);
    CU_ASSERT(vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL) == 0 && host_next_deadline() == 0);
    host_pass_time(host_now + 5 * MS);
    CU_ASSERT(!timer_event(port));
    set.period_ns = MS - 1;
    CU_ASSERT(vcpu_op(VCPUOP_set_periodic_timer, 0, &set) == -EINVAL);
    set.period_ns = 1ull << 62;
    CU_ASSERT(vcpu_op(VCPUOP_set_periodic_timer, 0, &set) == -EINVAL);
    set.period_ns--;
    CU_ASSERT(vcpu_op(VCPUOP_set_periodic_timer, 0, &set) == 0);
    CU_ASSERT(vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL) == 0);
    CU_ASSERT(vcpu_op(VCPUOP_set_periodic_timer, 0, NULL) == -EFAULT && host_next_deadline() == 0);
    CU_ASSERT(evtchn_close(d, port) == 0);
}

static void test_runstates(void)
{
    struct vcpu_runstate_info r, sum;
    u64 start = host_now;

    runstate_change(second, RUNSTATE_blocked, host_now);
    CU_ASSERT(vcpu_op(VCPUOP_get_runstate_info, 1, &r) == 0 && r.state == RUNSTATE_blocked);
    host_now += 7 * MS;
    runstate_change(second, RUNSTATE_running, host_now);
    host_now += 2 * MS;
    CU_ASSERT(vcpu_op(VCPUOP_get_runstate_info, 1, &sum) == 0);
    CU_ASSERT(sum.state == RUNSTATE_running && sum.state_entry_time == start + 7 * MS);
    CU_ASSERT(sum.time[RUNSTATE_blocked] - r.time[RUNSTATE_blocked] == 7 * MS);
    CU_ASSERT(sum.time[RUNSTATE_running] - r.time[RUNSTATE_running] == 2 * MS);
    runstate_change(second, RUNSTATE_offline, host_now - 5 * MS); /* a clock that stepped back */
    CU_ASSERT(second->time.runstate.time[RUNSTATE_running] == r.time[RUNSTATE_running]);
    runstate_change(second, RUNSTATE_running, host_now);
}

/* The guest's copy lies over two pages; its frames are held, and are let go when it registers another. */
static void test_runstate_area(void)
{
    u64 address = 0x2000 - 20, none = 0, bad[] = {0x2ff0, 0x3000, 0x400000, 0xffff800000001000, 1ull << 50};
    struct vcpu_runstate_info copy;
    char *first = (char *)mfn_to_virt(page[0]) + PAGE_SIZE - 20, *rest = mfn_to_virt(page[1]);

    CU_ASSERT(vcpu_op(VCPUOP_register_runstate_memory_area, 0, &address) == 0);
    CU_ASSERT(frame_of(page[0])->type >> FRAME_TYPE_SHIFT == FRAME_WRITABLE);
    host_now += MS;
    d->pv.vm_assist = 1u << VMASST_TYPE_runstate_update_flag;
    runstate_change(v, RUNSTATE_blocked, host_now);
    memcpy(&copy, first, 20);
    memcpy((char *)&copy + 20, rest, sizeof(copy) - 20);
    CU_ASSERT(copy.state == RUNSTATE_blocked && copy.state_entry_time == host_now); /* the flag is gone */
    CU_ASSERT(!memcmp(copy.time, v->time.runstate.time, sizeof(copy.time)));
    for (u32 i = 0; i < ARRAY_SIZE(bad); i++)
        CU_ASSERT(vcpu_op(VCPUOP_register_runstate_memory_area, 0, &bad[i]) == -EFAULT);
    CU_ASSERT(mfn_eq(v->time.runstate_area.frame[0], page[0])); /* a refusal changes nothing */
    address = 0x2000;
    CU_ASSERT(vcpu_op(VCPUOP_register_runstate_memory_area, 0, &address) == 0);
    CU_ASSERT((frame_of(page[0])->type & FRAME_TYPE_COUNT) == 1); /* the page table's own */
    d->pv.vm_assist = 0;
    runstate_change(v, RUNSTATE_running, host_now);
    CU_ASSERT(((struct vcpu_runstate_info *)(void *)rest)->state == RUNSTATE_running);
    CU_ASSERT(vcpu_op(VCPUOP_register_runstate_memory_area, 0, &none) == 0);
    CU_ASSERT((frame_of(page[1])->type & FRAME_TYPE_COUNT) == 1);
    CU_ASSERT(host_call(do_vcpu_op, VCPUOP_register_runstate_memory_area, 0, BAD_ADDRESS) == -EFAULT);
}

static void test_time_info(void)
{
    struct vcpu_time_info *t = &v->info->time, *area = mfn_to_virt(page[0]);
    u64 address = 0x1000;
    u32 version;

    t->version = 12345; /* a guest that writes there */
    time_update_vcpu(v);
    version = t->version;
    CU_ASSERT(version % 2 == 0 && version != 12345);
    CU_ASSERT(t->tsc_timestamp == clock_scale.tsc_base && t->system_time == clock_scale.ns_base);
    CU_ASSERT(t->tsc_to_system_mul == clock_scale.mul_frac && t->tsc_shift == clock_scale.shift);
    time_update_vcpu(v);
    CU_ASSERT(t->version == version + 2);
    CU_ASSERT(vcpu_op(VCPUOP_register_vcpu_time_memory_area, 0, &address) == 0);
    CU_ASSERT(!memcmp(area, t, sizeof(*t)));
    address = 0;
    CU_ASSERT(vcpu_op(VCPUOP_register_vcpu_time_memory_area, 0, &address) == 0);
    CU_ASSERT((frame_of(page[0])->type & FRAME_TYPE_COUNT) == 1);

    version = d->shared->wc_version;
    time_update_wallclock_all();
    CU_ASSERT(d->shared->wc_version == version + 2 && version % 2 == 0);
    CU_ASSERT(d->shared->wc_sec == 0x22334455 && d->shared->wc_sec_hi == 0x11 && d->shared->wc_nsec == 99);
}

static void test_register_info(void)
{
    struct vcpu_register_vcpu_info op = {.mfn = mfn_x(page[1]), .offset = 256};
    struct vcpu_info *to = (struct vcpu_info *)(void *)((char *)mfn_to_virt(page[1]) + 256);

    second->sched.down = true;
    second->info->evtchn_upcall_mask = 1;
    second->info->arch.cr2 = 42;
    op.offset = PAGE_SIZE - sizeof(*to) + 8;
    CU_ASSERT(vcpu_op(VCPUOP_register_vcpu_info, 1, &op) == -ENXIO);
    op.offset = 257;
    CU_ASSERT(vcpu_op(VCPUOP_register_vcpu_info, 1, &op) == -ENXIO);
    op.offset = 256;
    op.mfn = mfn_x(v->base); /* a page table */
    CU_ASSERT(vcpu_op(VCPUOP_register_vcpu_info, 1, &op) == -EINVAL);
    op.mfn = ~0ull;
    CU_ASSERT(vcpu_op(VCPUOP_register_vcpu_info, 1, &op) == -EINVAL);
    op.mfn = mfn_x(page[1]);
    CU_ASSERT(vcpu_op(VCPUOP_register_vcpu_info, 1, &op) == 0);
    CU_ASSERT(second->info == to && to->arch.cr2 == 42 && to->evtchn_upcall_mask == 1);
    CU_ASSERT(to->evtchn_upcall_pending == 1 && to->evtchn_pending_sel == ~0ul);
    CU_ASSERT((frame_of(page[1])->type & FRAME_TYPE_COUNT) == 2);
    CU_ASSERT(vcpu_op(VCPUOP_register_vcpu_info, 1, &op) == -EINVAL); /* once */
    CU_ASSERT((frame_of(page[1])->type & FRAME_TYPE_COUNT) == 2);
    CU_ASSERT(vcpu_op(VCPUOP_register_vcpu_info, 2, &op) == -EINVAL); /* up, and not the caller */
}

static void test_up_and_down(void)
{
    static struct vcpu_guest_context context;
    struct vcpu *third = d->vcpu[2];

    third->initialised = false;
    third->sched.down = true;
    CU_ASSERT(vcpu_op(VCPUOP_up, 2, NULL) == -EINVAL);
    CU_ASSERT(vcpu_op(VCPUOP_is_up, 2, NULL) == 0);
    context.kernel_sp = 1;
    CU_ASSERT(vcpu_op(VCPUOP_initialise, 2, &context) == -EINVAL && !third->initialised);
    context.kernel_sp = 0;
    CU_ASSERT(vcpu_op(VCPUOP_initialise, 2, &context) == 0 && third->initialised);
    CU_ASSERT(vcpu_op(VCPUOP_initialise, 2, &context) == -EEXIST);
    CU_ASSERT(!third->sched.queued);
    CU_ASSERT(vcpu_op(VCPUOP_up, 2, NULL) == 0 && third->sched.queued);
    CU_ASSERT(vcpu_op(VCPUOP_is_up, 2, NULL) == 1);
    CU_ASSERT(vcpu_op(VCPUOP_down, 2, NULL) == 0 && !third->sched.queued);
    CU_ASSERT(vcpu_op(VCPUOP_is_up, 2, NULL) == 0);
    CU_ASSERT(vcpu_op(VCPUOP_send_nmi, 0, NULL) == 0 && v->pv.nmi_pending);
    for (u32 i = 0; i < 20; i++) {
        CU_ASSERT(vcpu_op(i, 3, &context) == -ENOENT);
        CU_ASSERT(vcpu_op(i, ~0u, &context) == -ENOENT);
    }
    CU_ASSERT(vcpu_op(99, 0, &context) == -ENOSYS);

    /* the last to go down takes the domain along */
    host_shutdown_code = -1;
    CU_ASSERT(vcpu_op(VCPUOP_down, 1, NULL) == 0 && vcpu_op(VCPUOP_down, 1, NULL) == 0 && host_shutdown_code == -1);
    CU_ASSERT(vcpu_op(VCPUOP_down, 0, NULL) == 0);
    CU_ASSERT(host_shutdown_code == SHUTDOWN_poweroff && host_shutdown_domain == d);
    v->sched.down = second->sched.down = false;
}

static void test_destroy(void)
{
    u64 address = 0x1000;

    host_run_as(v);
    CU_ASSERT(vcpu_op(VCPUOP_register_runstate_memory_area, 0, &address) == 0);
    host_call(do_set_timer_op, host_now + MS, 0, 0);
    CU_ASSERT(time_set_watchdog(d, 0, 5) == 1);
    time_vcpu_destroy(v);
    time_domain_destroy(d);
    CU_ASSERT(host_next_deadline() == 0);
    CU_ASSERT((frame_of(page[0])->type & FRAME_TYPE_COUNT) == 1);
}

static CU_TestInfo tests[] = {{"timers", test_timers},
                              {"the periodic timer", test_periodic},
                              {"run states", test_runstates},
                              {"run-state area", test_runstate_area},
                              {"time info, wall clock", test_time_info},
                              {"vcpu_info", test_register_info},
                              {"up and down", test_up_and_down},
                              {"destroy", test_destroy},
                              CU_TEST_INFO_NULL};

int main(void)
{
    prepare();
    return suite_run("time", tests);
}
