/* SPDX-License-Identifier: MIT */
/* vcpu_op: on itself, on the second vcpu (which never came up), and on vcpus that are not there. */
#include "diff.h"

#define VCPU(name, command, vcpu, pointer) CALL("vcpu/" name, vcpu_op, VCPUOP_##command, vcpu, pointer)
#define VCPU_WITH(name, command, vcpu, ...) WITH("vcpu/" name, vcpu_op, (__VA_ARGS__), VCPUOP_##command, vcpu, IN)

static long runstate(void)
{
    struct vcpu_runstate_info info;
    long error = hypercall_vcpu_op(VCPUOP_get_runstate_info, 0, &info);

    note(" state %u flagged %lu sum %s", info.state, info.state_entry_time >> 63,
         info.time[0] && info.time[0] < time_now() + 1000000 ? "sensible" : "not sensible");
    return error;
}

static long runstate_second(void)
{
    struct vcpu_runstate_info info;
    long error = hypercall_vcpu_op(VCPUOP_get_runstate_info, 1, &info);

    note(" state %u ran %s", info.state, info.time[0] ? "a while" : "never");
    return error;
}

static long runstate_area(void)
{
    struct vcpu_register_runstate_memory_area op = {.addr.p = resolve(GOOD)};
    struct vcpu_runstate_info *info = (void *)resolve(GOOD);
    long error;

    error = hypercall_vcpu_op(VCPUOP_register_runstate_memory_area, 0, &op);
    note(" state %u %s", info->state, info->state_entry_time ? "filled" : "empty");
    op.addr.p = 0;
    note_value("taken back", hypercall_vcpu_op(VCPUOP_register_runstate_memory_area, 0, &op));
    return error;
}

/* An area that is not there is no error at its registration. */
static long area_wrong(unsigned int command, unsigned long address)
{
    struct vcpu_register_runstate_memory_area op = {.addr.p = address};
    long error = hypercall_vcpu_op(command, 0, &op);

    yield();
    op.addr.p = 0;
    hypercall_vcpu_op(command, 0, &op);
    return error;
}
static long runstate_area_unmapped(void)
{
    return area_wrong(VCPUOP_register_runstate_memory_area, resolve(NONE_));
}
static long runstate_area_hypervisor(void)
{
    return area_wrong(VCPUOP_register_runstate_memory_area, HV);
}
static long runstate_area_crooked(void)
{
    return area_wrong(VCPUOP_register_runstate_memory_area, CROOKED);
}
static long runstate_area_read_only(void)
{
    return area_wrong(VCPUOP_register_runstate_memory_area, resolve(RO));
}
static long time_area_unmapped(void)
{
    return area_wrong(VCPUOP_register_vcpu_time_memory_area, resolve(NONE_));
}
static long time_area_hypervisor(void)
{
    return area_wrong(VCPUOP_register_vcpu_time_memory_area, HV);
}
static long time_area_crooked(void)
{
    return area_wrong(VCPUOP_register_vcpu_time_memory_area, CROOKED);
}

static long time_area(void)
{
    struct vcpu_register_time_memory_area op = {.addr.p = resolve(GOOD)};
    struct vcpu_time_info *info = (void *)resolve(GOOD);
    long error;

    error = hypercall_vcpu_op(VCPUOP_register_vcpu_time_memory_area, 0, &op);
    yield();
    note(" version %s, %s", info->version ? "is there" : "is 0",
         info->tsc_to_system_mul == vcpu_info_self()->time.tsc_to_system_mul ? "the scale" : "no scale");
    op.addr.p = 0;
    note_value("taken back", hypercall_vcpu_op(VCPUOP_register_vcpu_time_memory_area, 0, &op));
    return error;
}

static long oneshot(uint64_t when, unsigned int flags)
{
    struct evtchn_bind_virq virq = {.virq = VIRQ_TIMER};
    struct vcpu_set_singleshot_timer op = {.timeout_abs_ns = when, .flags = flags};
    struct sched_poll poll = {.nr_ports = 1, .timeout = time_now() + 3000000};
    struct evtchn_close end;
    long error;

    hypercall_event_channel_op(EVTCHNOP_bind_virq, &virq);
    end.port = virq.port;
    error = hypercall_vcpu_op(VCPUOP_set_singleshot_timer, 0, &op);
    set_xen_guest_handle(poll.ports, &virq.port);
    hypercall_sched_op(SCHEDOP_poll, &poll);
    note(" pending %u", event_pending(virq.port));
    note_value("stop", hypercall_vcpu_op(VCPUOP_stop_singleshot_timer, 0, NULL));
    event_clear(virq.port);
    hypercall_event_channel_op(EVTCHNOP_close, &end);
    return error;
}
static long oneshot_soon(void)
{
    return oneshot(time_now() + 1000000, 0);
}
static long oneshot_past(void)
{
    return oneshot(1, 0);
}
static long oneshot_past_future(void)
{
    return oneshot(1, VCPU_SSHOTTMR_future);
}
static long oneshot_0(void)
{
    return oneshot(0, 0);
}
static long oneshot_soon_future(void)
{
    return oneshot(time_now() + 1000000, VCPU_SSHOTTMR_future);
}
static long oneshot_negative(void)
{
    return oneshot(-1ul, 0);
}
static long oneshot_flags(void)
{
    return oneshot(time_now() + 1000000, 0xfffffffe);
}

static long periodic(uint64_t period)
{
    struct evtchn_bind_virq virq = {.virq = VIRQ_TIMER};
    struct vcpu_set_periodic_timer op = {.period_ns = period};
    struct sched_poll poll = {.nr_ports = 1};
    struct evtchn_close end;
    unsigned int ticks = 0;
    long error;

    hypercall_event_channel_op(EVTCHNOP_bind_virq, &virq);
    end.port = virq.port;
    set_xen_guest_handle(poll.ports, &virq.port);
    error = hypercall_vcpu_op(VCPUOP_set_periodic_timer, 0, &op);
    for (unsigned int i = 0; i < 3; i++) {
        poll.timeout = time_now() + 20000000;
        hypercall_sched_op(SCHEDOP_poll, &poll);
        ticks += event_pending(virq.port);
        event_clear(virq.port);
    }
    note(" %u of 3 ticks", ticks);
    note_value("stop", hypercall_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL));
    event_clear(virq.port);
    hypercall_event_channel_op(EVTCHNOP_close, &end);
    return error;
}
static long periodic_2ms(void)
{
    return periodic(2000000);
}
static long periodic_short(void)
{
    return periodic(999999);
}
static long periodic_0(void)
{
    return periodic(0);
}
static long periodic_negative(void)
{
    return periodic(-1ul);
}

/* Whether a tick wakes who waits, and how the longest periods are taken. */
static long periodic_wakes(void)
{
    struct evtchn_bind_virq virq = {.virq = VIRQ_TIMER};
    struct vcpu_set_periodic_timer op = {.period_ns = 2000000};
    struct sched_poll poll = {.nr_ports = 1};
    struct evtchn_close end;
    unsigned int woken = 0;
    uint64_t start;
    long error;

    hypercall_event_channel_op(EVTCHNOP_bind_virq, &virq);
    end.port = virq.port;
    set_xen_guest_handle(poll.ports, &virq.port);
    error = hypercall_vcpu_op(VCPUOP_set_periodic_timer, 0, &op);
    for (unsigned int i = 0; i < 3; i++) {
        start = time_now();
        poll.timeout = start + 40000000;
        hypercall_sched_op(SCHEDOP_poll, &poll);
        woken += event_pending(virq.port) && time_now() < start + 30000000;
        event_clear(virq.port);
    }
    note(" %s", woken == 3 ? "wakes" : "does not wake");
    note_value("stop", hypercall_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL));
    event_clear(virq.port);
    poll.timeout = time_now() + 10000000;
    hypercall_sched_op(SCHEDOP_poll, &poll);
    note(" then %u", event_pending(virq.port));
    event_clear(virq.port);
    hypercall_event_channel_op(EVTCHNOP_close, &end);
    return error;
}

static long periodic_long(void)
{
    static const uint64_t periods[] = {1000000, 1ul << 32, 1ul << 50, 1ul << 60, 1ul << 61, (1ul << 61) + 1, 1ul << 62,
                                       (1ul << 62) + 1, 0x7ffffffffffffffful};
    struct vcpu_set_periodic_timer op;
    long error = 0;

    for (unsigned int i = 0; i < sizeof(periods) / sizeof(periods[0]); i++) {
        op.period_ns = periods[i];
        error = hypercall_vcpu_op(VCPUOP_set_periodic_timer, 0, &op);
        note(" %ld", error);
    }
    note_value("stop", hypercall_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL));
    return error;
}

/* Ticks of 10 ms while the vcpu runs for 100 ms: fewer where others want the CPU too. */
static const char *ticks_running(unsigned int port)
{
    uint64_t end = time_now() + 100000000;
    unsigned int ticks = 0;

    while (time_now() < end)
        if (event_pending(port)) {
            event_clear(port);
            ticks++;
        }
    return ticks > 11 ? "more than ten" : ticks > 5 ? "about ten" : ticks ? "some" : "none";
}

/* Before anybody asked for one. */
static long periodic_at_first(void)
{
    struct evtchn_bind_virq virq = {.virq = VIRQ_TIMER};
    struct evtchn_close end;

    hypercall_event_channel_op(EVTCHNOP_bind_virq, &virq);
    end.port = virq.port;
    note(" ticks: %s", ticks_running(virq.port));
    note_value("stop", hypercall_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL));
    note(" ticks: %s", ticks_running(virq.port));
    return hypercall_event_channel_op(EVTCHNOP_close, &end);
}

static long periodic_running(void)
{
    struct evtchn_bind_virq virq = {.virq = VIRQ_TIMER};
    struct vcpu_set_periodic_timer op = {.period_ns = 10000000};
    struct evtchn_close end;
    long error;

    hypercall_event_channel_op(EVTCHNOP_bind_virq, &virq);
    end.port = virq.port;
    error = hypercall_vcpu_op(VCPUOP_set_periodic_timer, 0, &op);
    note(" ticks: %s", ticks_running(virq.port));
    note_value("stop", hypercall_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL));
    event_clear(virq.port);
    note(" then: %s", ticks_running(virq.port));
    hypercall_event_channel_op(EVTCHNOP_close, &end);
    return error;
}

static long info_wrong_places(void)
{
    static const uint32_t offsets[] = {4096, 4095, 4033, 4, 1, 0xffffffc0u};
    struct vcpu_register_vcpu_info op = {.mfn = resolve(F_GOOD)};
    long error = 0;

    for (unsigned int i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
        op.offset = offsets[i];
        error = hypercall_vcpu_op(VCPUOP_register_vcpu_info, 1, &op);
        note(" %u:%ld", offsets[i], error);
    }
    return error;
}

static long info_wrong_frame(unsigned long frame)
{
    struct vcpu_register_vcpu_info op = {.mfn = frame};

    return hypercall_vcpu_op(VCPUOP_register_vcpu_info, 1, &op);
}
static long info_no_frame(void)
{
    return info_wrong_frame(F_NONE);
}
static long info_huge_frame(void)
{
    return info_wrong_frame(F_HUGE);
}
static long info_table(void)
{
    return info_wrong_frame(resolve(F_L1));
}
static long info_foreign(void)
{
    return info_wrong_frame(F_FOREIGN);
}

/* The second vcpu's, while it is down; then once more. */
static long info_second(void)
{
    struct vcpu_register_vcpu_info op;
    uint8_t *page = page_alloc();
    long error;

    op = (struct vcpu_register_vcpu_info){.mfn = mfn_of(page), .offset = 64};
    error = hypercall_vcpu_op(VCPUOP_register_vcpu_info, 1, &op);
    note_value("again", hypercall_vcpu_op(VCPUOP_register_vcpu_info, 1, &op));
    second_info = (struct vcpu_info *)(void *)(page + 64);
    note(" mask %u", second_info->evtchn_upcall_mask);
    return error;
}

/* ---- a vcpu's first context ---- */

static struct vcpu_guest_context context;

static void context_good(void)
{
    memset(&context, 0, sizeof(context));
    context.flags = VGCF_in_kernel;
    context.user_regs.cs = FLAT_KERNEL_CS;
    context.user_regs.ss = FLAT_KERNEL_SS;
    context.user_regs.rip = (unsigned long)context_good;
    context.user_regs.rsp = resolve(GOOD) + 2048;
    context.user_regs.rflags = 2;
    context.kernel_ss = FLAT_KERNEL_SS;
    context.kernel_sp = resolve(GOOD) + 2048;
    context.ctrlreg[3] = xen_pfn_to_cr3(resolve(F_ROOT));
}
static long initialise(unsigned int vcpu)
{
    return hypercall_vcpu_op(VCPUOP_initialise, vcpu, &context);
}

static long context_no_base(void)
{
    context_good();
    context.ctrlreg[3] = 0;
    return initialise(1);
}
static long context_base_no_frame(void)
{
    context_good();
    context.ctrlreg[3] = xen_pfn_to_cr3(F_NONE);
    return initialise(1);
}
static long context_base_no_table(void)
{
    context_good();
    context.ctrlreg[3] = xen_pfn_to_cr3(resolve(F_GOOD));
    return initialise(1);
}
static long context_base_l1(void)
{
    context_good();
    context.ctrlreg[3] = xen_pfn_to_cr3(resolve(F_L1));
    return initialise(1);
}
static long context_user_base_no_table(void)
{
    context_good();
    context.ctrlreg[1] = xen_pfn_to_cr3(resolve(F_GOOD)) | 1;
    return initialise(1);
}
static long context_rip_crooked(void)
{
    context_good();
    context.user_regs.rip = CROOKED;
    return initialise(1);
}
static long context_kernel_sp_crooked(void)
{
    context_good();
    context.event_callback_eip = CROOKED;
    return initialise(1);
}
static long context_fs_crooked(void)
{
    context_good();
    context.fs_base = CROOKED;
    return initialise(1);
}
static long context_gdt_many(void)
{
    context_good();
    context.gdt_ents = 8193;
    return initialise(1);
}
static long context_gdt_no_frame(void)
{
    context_good();
    context.gdt_ents = 1;
    context.gdt_frames[0] = F_NONE;
    return initialise(1);
}
static long context_gdt_writable(void)
{
    context_good();
    context.gdt_ents = 1;
    context.gdt_frames[0] = resolve(F_GOOD);
    return initialise(1);
}
static long context_ldt_crooked(void)
{
    context_good();
    context.ldt_base = CROOKED;
    context.ldt_ents = 1;
    return initialise(1);
}
static long context_ldt_many(void)
{
    context_good();
    context.ldt_ents = 8193;
    return initialise(1);
}
static long context_trap_crooked(void)
{
    context_good();
    context.trap_ctxt[3].address = CROOKED;
    context.trap_ctxt[3].cs = FLAT_KERNEL_CS;
    return initialise(1);
}
static long context_syscall_crooked(void)
{
    context_good();
    context.syscall_callback_eip = CROOKED;
    return initialise(1);
}
static long context_failsafe_crooked(void)
{
    context_good();
    context.failsafe_callback_eip = CROOKED;
    return initialise(1);
}
static long context_self(void)
{
    context_good();
    return initialise(0);
}
static long context_nobody(void)
{
    context_good();
    return initialise(2);
}
static long up_uninitialised(void)
{
    return hypercall_vcpu_op(VCPUOP_up, 1, NULL);
}

/* Last: from here on the second vcpu is initialised, and does its work once each time it comes up. */
static volatile unsigned int second_ran;
void (*volatile second_work)(void);
volatile struct vcpu_info *second_info;
static uint8_t second_stack[4096] __attribute__((aligned(16)));

static void __attribute__((noreturn)) second(void)
{
    for (;;) {
        if (second_work)
            second_work();
        second_ran++;
        HYPERCALL3(__HYPERVISOR_vcpu_op, VCPUOP_down, 1, NULL);
    }
}

static void second_waited(unsigned int times)
{
    for (unsigned int i = 0; i < 1000 && second_ran < times; i++)
        yield();
    for (unsigned int i = 0; i < 1000 && hypercall_vcpu_op(VCPUOP_is_up, 1, NULL); i++)
        yield();
}

static long second_life(void)
{
    context_good();
    context.user_regs.rip = (unsigned long)second;
    context.user_regs.rsp = (unsigned long)second_stack + sizeof(second_stack) - 8;
    context.kernel_sp = (unsigned long)second_stack + 2048;
    note_value("initialise", initialise(1));
    note_value("again", initialise(1));
    note_value("is up", hypercall_vcpu_op(VCPUOP_is_up, 1, NULL));
    note_value("up", hypercall_vcpu_op(VCPUOP_up, 1, NULL));
    second_waited(1);
    note(" ran %u", second_ran);
    note_value("is up", hypercall_vcpu_op(VCPUOP_is_up, 1, NULL));
    note_value("initialise", initialise(1));
    note_value("up", hypercall_vcpu_op(VCPUOP_up, 1, NULL));
    note_value("up twice", hypercall_vcpu_op(VCPUOP_up, 1, NULL));
    second_waited(2);
    note(" ran %u", second_ran);
    note_value("down", hypercall_vcpu_op(VCPUOP_down, 1, NULL));
    return hypercall_vcpu_op(VCPUOP_down, 1, NULL);
}

const struct row rows_vcpu[] = {
    RUN("vcpu/periodic-at-first", periodic_at_first),
    VCPU("is-up", is_up, 0, 0),
    VCPU("is-up-second", is_up, 1, 0),
    VCPU("is-up-2", is_up, 2, 0),
    VCPU("is-up-highest", is_up, 0xffffffffu, 0),
    VCPU("is-up-upper-half", is_up, 0x100000000ul, 0),
    VCPU("up-self", up, 0, 0),
    VCPU("up-2", up, 2, 0),
    RUN("vcpu/up-uninitialised", up_uninitialised),
    VCPU("down-uninitialised", down, 1, 0),
    VCPU("down-2", down, 2, 0),
    VCPU("initialise-null", initialise, 1, 0),
    VCPU("initialise-crooked", initialise, 1, CROOKED),
    VCPU("initialise-hypervisor", initialise, 1, HV),
    VCPU("initialise-edge", initialise, 1, EDGE),
    RUN("vcpu/context-self", context_self),
    RUN("vcpu/context-nobody", context_nobody),
    RUN("vcpu/context-no-base", context_no_base),
    RUN("vcpu/context-base-no-frame", context_base_no_frame),
    RUN("vcpu/context-base-no-table", context_base_no_table),
    RUN("vcpu/context-base-l1", context_base_l1),
    RUN("vcpu/context-user-base-no-table", context_user_base_no_table),
    RUN("vcpu/context-rip-crooked", context_rip_crooked),
    RUN("vcpu/context-event-crooked", context_kernel_sp_crooked),
    RUN("vcpu/context-syscall-crooked", context_syscall_crooked),
    RUN("vcpu/context-failsafe-crooked", context_failsafe_crooked),
    RUN("vcpu/context-fs-crooked", context_fs_crooked),
    RUN("vcpu/context-gdt-many", context_gdt_many),
    RUN("vcpu/context-gdt-no-frame", context_gdt_no_frame),
    RUN("vcpu/context-gdt-writable", context_gdt_writable),
    RUN("vcpu/context-ldt-crooked", context_ldt_crooked),
    RUN("vcpu/context-ldt-many", context_ldt_many),
    RUN("vcpu/context-trap-crooked", context_trap_crooked),
    RUN("vcpu/runstate", runstate),
    RUN("vcpu/runstate-second", runstate_second),
    VCPU("runstate-null", get_runstate_info, 0, 0),
    VCPU("runstate-read-only", get_runstate_info, 0, RO),
    VCPU("runstate-2", get_runstate_info, 2, GOOD),
    RUN("vcpu/runstate-area", runstate_area),
    RUN("vcpu/runstate-area-unmapped", runstate_area_unmapped),
    RUN("vcpu/runstate-area-hypervisor", runstate_area_hypervisor),
    RUN("vcpu/runstate-area-crooked", runstate_area_crooked),
    RUN("vcpu/runstate-area-read-only", runstate_area_read_only),
    VCPU("runstate-area-null", register_runstate_memory_area, 0, 0),
    RUN("vcpu/time-area", time_area),
    RUN("vcpu/time-area-unmapped", time_area_unmapped),
    RUN("vcpu/time-area-hypervisor", time_area_hypervisor),
    RUN("vcpu/time-area-crooked", time_area_crooked),
    VCPU("time-area-null", register_vcpu_time_memory_area, 0, 0),
    RUN("vcpu/oneshot-soon", oneshot_soon),
    RUN("vcpu/oneshot-past", oneshot_past),
    RUN("vcpu/oneshot-0", oneshot_0),
    RUN("vcpu/oneshot-past-future", oneshot_past_future),
    RUN("vcpu/oneshot-soon-future", oneshot_soon_future),
    RUN("vcpu/oneshot-negative", oneshot_negative),
    RUN("vcpu/oneshot-flags", oneshot_flags),
    VCPU("oneshot-null", set_singleshot_timer, 0, 0),
    VCPU_WITH("oneshot-second", set_singleshot_timer, 1, (struct vcpu_set_singleshot_timer){.timeout_abs_ns = 1}),
    VCPU("stop-oneshot-second", stop_singleshot_timer, 1, 0),
    VCPU("stop-oneshot-2", stop_singleshot_timer, 2, 0),
    RUN("vcpu/periodic-2ms", periodic_2ms),
    RUN("vcpu/periodic-running", periodic_running),
    RUN("vcpu/periodic-wakes", periodic_wakes),
    RUN("vcpu/periodic-long", periodic_long),
    RUN("vcpu/periodic-short", periodic_short),
    RUN("vcpu/periodic-0", periodic_0),
    RUN("vcpu/periodic-negative", periodic_negative),
    VCPU("periodic-null", set_periodic_timer, 0, 0),
    VCPU("stop-periodic", stop_periodic_timer, 0, 0),
    RUN("vcpu/info-wrong-places", info_wrong_places),
    RUN("vcpu/info-no-frame", info_no_frame),
    RUN("vcpu/info-huge-frame", info_huge_frame),
    RUN("vcpu/info-table", info_table),
    RUN("vcpu/info-foreign", info_foreign),
    VCPU("info-null", register_vcpu_info, 1, 0),
    RUN("vcpu/info-second", info_second),
    VCPU("nmi-2", send_nmi, 2, 0),
    VCPU("physid-null", get_physid, 0, 0),
    VCPU("physid", get_physid, 0, GOOD),
    VCPU("physid-2", get_physid, 2, GOOD),
    CALL("vcpu/command-14", vcpu_op, 14, 0, GOOD),
    CALL("vcpu/command-highest", vcpu_op, 0xffffffffu, 0, GOOD),
    CALL("vcpu/command-14-nobody", vcpu_op, 14, 2, GOOD),
    CALL("vcpu/command-upper-half", vcpu_op, 0x100000000ul | VCPUOP_is_up, 0, 0),
    RUN("vcpu/second-life", second_life),
    ROWS_END,
};
