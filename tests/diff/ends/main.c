/* SPDX-License-Identifier: MIT */
/*
 * Calls and instructions that may end whoever makes them: one in each life of this guest, a VPS of two vcpus whose command
 * line says which ("case=N"). It says the case's name, does it, and where it is still there says how it went on, and switches
 * itself off. A trap of any kind is such a way to go on. Whoever runs it (job.sh) sees how the domain ended; both together
 * are the row's answer.
 */
#include <public/callback.h>
#include <public/event_channel.h>
#include <public/sched.h>
#include <public/vcpu.h>

#include "guest.h"

const char test_title[] = "ends: what ends a domain, and how";

#define CROOKED  0x0000900000000000ul
#define HV       0xffff830000000000ul
#define MS       1000000ul
#define UNMAPPED ((unsigned long)window_page(8))
#define KERNEL_CS (FLAT_KERNEL_CS & ~3u) /* as it stands in a frame that goes back to the kernel */
#define USER_RSP (USER_STACK + 2048)

void user_run(struct trap_frame *to);

/* Not back, whatever becomes of it. */
static void __attribute__((noreturn)) over(void)
{
    struct sched_shutdown op = {.reason = SHUTDOWN_poweroff};

    print(";\n");
    for (;;)
        hypercall_sched_op(SCHEDOP_shutdown, &op);
}

static bool on_trap(struct trap_frame *frame)
{
    print(" trap %lu code %lx of %s", frame->vector, trap_last.frame.error_code, frame->cs & 3 ? "user" : "kernel");
    if (frame->vector == TRAP_FAILSAFE)
        print(" selectors %lx %lx", failsafe_selectors[0], failsafe_selectors[3]);
    over();
}

static void wait_ms(unsigned int ms)
{
    struct sched_poll poll = {.timeout = time_now() + ms * MS};

    while (time_now() < poll.timeout) /* the console's event ends a wait too */
        hypercall_sched_op(SCHEDOP_poll, &poll);
}

/* ---- ends by its own will ---- */

static long end(unsigned int command, unsigned int reason)
{
    struct sched_shutdown op = {.reason = reason};

    return hypercall_sched_op(command, &op);
}
#define END(name, command, reason)                       \
    static long name(void)                               \
    {                                                    \
        return end(SCHEDOP_##command, reason);           \
    }
END(shutdown_poweroff, shutdown, SHUTDOWN_poweroff)
END(shutdown_reboot, shutdown, SHUTDOWN_reboot)
END(shutdown_suspend, shutdown, SHUTDOWN_suspend)
END(shutdown_crash, shutdown, SHUTDOWN_crash)
END(shutdown_watchdog, shutdown, SHUTDOWN_watchdog)
END(shutdown_soft_reset, shutdown, SHUTDOWN_soft_reset)
END(shutdown_6, shutdown, 6)
END(shutdown_254, shutdown, 254)
END(shutdown_255, shutdown, 255)
END(shutdown_256, shutdown, 256 + SHUTDOWN_reboot)
END(shutdown_highest, shutdown, 0xffffffffu)
static long shutdown_null(void)
{
    return hypercall_sched_op(SCHEDOP_shutdown, NULL);
}
static long shutdown_hypervisor(void)
{
    return hypercall_sched_op(SCHEDOP_shutdown, (void *)HV);
}
/* As suspending kernels do, with the frame of their start info. */
static long suspend_with_frame(void)
{
    struct sched_shutdown op = {.reason = SHUTDOWN_suspend};

    return HYPERCALL3(__HYPERVISOR_sched_op, SCHEDOP_shutdown, &op, mfn_of(start_info));
}
static long code_then_poweroff(void)
{
    end(SCHEDOP_shutdown_code, SHUTDOWN_reboot);
    return end(SCHEDOP_shutdown, SHUTDOWN_poweroff);
}
static long code_twice(void)
{
    end(SCHEDOP_shutdown_code, SHUTDOWN_reboot);
    end(SCHEDOP_shutdown_code, SHUTDOWN_crash);
    return end(SCHEDOP_shutdown, SHUTDOWN_poweroff);
}
static long down_self(void)
{
    return hypercall_vcpu_op(VCPUOP_down, 0, NULL);
}
static long block_for_good(void)
{
    return hypercall_sched_op(SCHEDOP_block, NULL);
}
static long poll_for_good(void)
{
    struct evtchn_bind_ipi bind = {.vcpu = 0};
    struct sched_poll poll = {.nr_ports = 1};

    hypercall_event_channel_op(EVTCHNOP_bind_ipi, &bind);
    set_xen_guest_handle(poll.ports, &bind.port);
    return hypercall_sched_op(SCHEDOP_poll, &poll);
}
static long halt(void)
{
    __asm__ volatile("hlt");
    return 0;
}
static long halt_masked(void)
{
    __asm__ volatile("cli; hlt");
    return 0;
}

/* ---- watchdogs ---- */

static long watchdog(unsigned int id, unsigned int seconds)
{
    struct sched_watchdog op = {.id = id, .timeout = seconds};

    return hypercall_sched_op(SCHEDOP_watchdog, &op);
}
static long watchdog_1s(void)
{
    watchdog(0, 1);
    wait_ms(2500);
    return 1;
}
static long watchdog_0s(void)
{
    long result = watchdog(0, 0);

    wait_ms(100);
    return result;
}
static long watchdog_kicked(void)
{
    long id = watchdog(0, 1);

    for (unsigned int i = 0; i < 3; i++) {
        wait_ms(500);
        watchdog((unsigned int)id, 1);
    }
    return watchdog((unsigned int)id, 0);
}
static long watchdog_stopped(void)
{
    long id = watchdog(0, 1), result = watchdog((unsigned int)id, 0);

    wait_ms(1500);
    return result;
}
static long watchdog_second(void)
{
    long id = watchdog(0, 1);

    watchdog(0, 1);
    watchdog((unsigned int)id, 0);
    wait_ms(2500);
    return 1;
}
static long watchdog_longest(void)
{
    long result = watchdog(0, 0xffffffffu);

    wait_ms(300);
    return result;
}
static long watchdog_latched(void)
{
    end(SCHEDOP_shutdown_code, SHUTDOWN_reboot);
    return watchdog_1s();
}

/* ---- returns ---- */

static uint8_t stack[PAGE_SIZE] __attribute__((aligned(16)));

static void returned(void)
{
    print(" returned");
    over();
}

static long go(uint64_t rip, unsigned int cs, uint64_t rflags, uint64_t rsp, unsigned int ss)
{
    struct trap_frame frame = {.rip = rip, .cs = cs, .rflags = rflags, .rsp = rsp, .ss = ss};

    hypercall_stack_switch(FLAT_KERNEL_SS, &stack[sizeof(stack)]);
    user_run(&frame);
    return 0;
}
#define TO_KERNEL(name, rip, cs, rflags, rsp, ss)   \
    static long name(void)                          \
    {                                               \
        return go(rip, cs, rflags, rsp, ss);        \
    }
#define HERE ((unsigned long)returned)
#define TOP  ((unsigned long)&stack[2048] - 8)
TO_KERNEL(iret_good, HERE, KERNEL_CS, 2, TOP, FLAT_KERNEL_SS)
TO_KERNEL(iret_cs_0, HERE, 0, 2, TOP, FLAT_KERNEL_SS)
TO_KERNEL(iret_cs_hypervisor, HERE, 0xe008, 2, TOP, FLAT_KERNEL_SS)
TO_KERNEL(iret_cs_data, HERE, 0xe028, 2, TOP, FLAT_KERNEL_SS)
TO_KERNEL(iret_cs_32, HERE, 0xe020, 2, TOP, FLAT_KERNEL_SS)
TO_KERNEL(iret_cs_beyond, HERE, 0xfff8, 2, TOP, FLAT_KERNEL_SS)
TO_KERNEL(iret_cs_ring_1, HERE, KERNEL_CS | 1, 2, TOP, FLAT_KERNEL_SS)
TO_KERNEL(iret_ss_0, HERE, KERNEL_CS, 2, TOP, 0)
TO_KERNEL(iret_ss_code, HERE, KERNEL_CS, 2, TOP, FLAT_KERNEL_CS)
TO_KERNEL(iret_ss_hypervisor, HERE, KERNEL_CS, 2, TOP, 0xe010)
TO_KERNEL(iret_ss_beyond, HERE, KERNEL_CS, 2, TOP, 0xfffb)
TO_KERNEL(iret_rip_0, 0, KERNEL_CS, 2, TOP, FLAT_KERNEL_SS)
TO_KERNEL(iret_rip_crooked, CROOKED, KERNEL_CS, 2, TOP, FLAT_KERNEL_SS)
TO_KERNEL(iret_rip_hypervisor, HV, KERNEL_CS, 2, TOP, FLAT_KERNEL_SS)
TO_KERNEL(iret_rip_unmapped, UNMAPPED, KERNEL_CS, 2, TOP, FLAT_KERNEL_SS)
TO_KERNEL(iret_rsp_crooked, HERE, KERNEL_CS, 2, CROOKED, FLAT_KERNEL_SS)
TO_KERNEL(iret_flags_0, HERE, KERNEL_CS, 0, TOP, FLAT_KERNEL_SS)
TO_KERNEL(iret_flags_iopl, HERE, KERNEL_CS, 0x3002, TOP, FLAT_KERNEL_SS)
TO_KERNEL(iret_flags_vm, HERE, KERNEL_CS, 0x20002, TOP, FLAT_KERNEL_SS)
TO_KERNEL(iret_flags_nested, HERE, KERNEL_CS, 0x4002, TOP, FLAT_KERNEL_SS)
TO_KERNEL(iret_flags_step, HERE, KERNEL_CS, 0x102, TOP, FLAT_KERNEL_SS)
TO_KERNEL(iret_flags_all, HERE, KERNEL_CS, ~0x100ul, TOP, FLAT_KERNEL_SS)
TO_KERNEL(iret_user_no_tables, USER_CODE, FLAT_USER_CS, 2, USER_RSP, FLAT_USER_SS)

/* Its frame is not to be read. */
static long frame_at(unsigned long rsp)
{
    __asm__ volatile("movq %0, %%rsp; jmp *%1" : : "r"(rsp), "r"(&hypercall_page[__HYPERVISOR_iret * 32]) : "memory");
    __builtin_unreachable();
}
#define FRAME_AT(name, address)          \
    static long name(void)               \
    {                                    \
        return frame_at(address);        \
    }
FRAME_AT(iret_frame_unmapped, UNMAPPED + 2048)
FRAME_AT(iret_frame_crooked, CROOKED)
FRAME_AT(iret_frame_hypervisor, HV)
FRAME_AT(iret_frame_0, 2048)
FRAME_AT(iret_frame_ends, UNMAPPED - 16)

/* User mode with its tables, and a system call for its code. */
static long user(uint64_t rip, unsigned int cs, uint64_t rflags, uint64_t rsp, unsigned int ss)
{
    static const uint8_t code[] = {0x0f, 0x05};

    user_init();
    memcpy(user_code_page, code, sizeof(code));
    return go(rip, cs, rflags, rsp, ss);
}
#define TO_USER(name, rip, cs, rflags, rsp, ss)      \
    static long name(void)                           \
    {                                                \
        return user(rip, cs, rflags, rsp, ss);       \
    }
TO_USER(user_good, USER_CODE, FLAT_USER_CS, 2, USER_RSP, FLAT_USER_SS)
TO_USER(user_cs_0, USER_CODE, 3, 2, USER_RSP, FLAT_USER_SS)
TO_USER(user_cs_hypervisor, USER_CODE, 0xe00b, 2, USER_RSP, FLAT_USER_SS)
TO_USER(user_cs_data, USER_CODE, 0xe02b, 2, USER_RSP, FLAT_USER_SS)
TO_USER(user_cs_beyond, USER_CODE, 0xfffb, 2, USER_RSP, FLAT_USER_SS)
TO_USER(user_cs_local, USER_CODE, 7, 2, USER_RSP, FLAT_USER_SS)
TO_USER(user_ss_0, USER_CODE, FLAT_USER_CS, 2, USER_RSP, 0)
TO_USER(user_ss_code, USER_CODE, FLAT_USER_CS, 2, USER_RSP, FLAT_USER_CS)
TO_USER(user_ss_hypervisor, USER_CODE, FLAT_USER_CS, 2, USER_RSP, 0xe013)
TO_USER(user_rip_crooked, CROOKED, FLAT_USER_CS, 2, USER_RSP, FLAT_USER_SS)
TO_USER(user_rip_hypervisor, HV, FLAT_USER_CS, 2, USER_RSP, FLAT_USER_SS)
TO_USER(user_rsp_crooked, USER_CODE, FLAT_USER_CS, 2, CROOKED, FLAT_USER_SS)
TO_USER(user_flags_0, USER_CODE, FLAT_USER_CS, 0, USER_RSP, FLAT_USER_SS)
TO_USER(user_flags_vm, USER_CODE, FLAT_USER_CS, 0x20002, USER_RSP, FLAT_USER_SS)
TO_USER(user_flags_step, USER_CODE, FLAT_USER_CS, 0x102, USER_RSP, FLAT_USER_SS)

/* ---- entry points that are missing, or wrong ---- */

static void callback(unsigned int command, unsigned int type, unsigned long address)
{
    struct callback_register op = {.type = (uint16_t)type, .address = address};
    long error = hypercall_callback_op(command, &op);

    if (error)
        print(" callback_op %ld", error);
}

static void no_failsafe(void)
{
    callback(CALLBACKOP_register, CALLBACKTYPE_failsafe, 0);
}
static long failsafe_none(void)
{
    no_failsafe();
    return user_cs_data();
}
static long failsafe_none_kernel(void)
{
    no_failsafe();
    return iret_cs_data();
}
static long failsafe_unmapped(void)
{
    callback(CALLBACKOP_register, CALLBACKTYPE_failsafe, UNMAPPED);
    return user_cs_data();
}
static long failsafe_unregistered(void)
{
    callback(CALLBACKOP_unregister, CALLBACKTYPE_failsafe, 0);
    return user_cs_data();
}
static long syscall_none(void)
{
    callback(CALLBACKOP_register, CALLBACKTYPE_syscall, 0);
    return user_good();
}
static long syscall_unmapped(void)
{
    callback(CALLBACKOP_register, CALLBACKTYPE_syscall, UNMAPPED);
    return user_good();
}

static long event(unsigned long entry)
{
    struct evtchn_bind_ipi bind = {.vcpu = 0};
    struct evtchn_send send;
    long error;

    callback(CALLBACKOP_register, CALLBACKTYPE_event, entry);
    hypercall_event_channel_op(EVTCHNOP_bind_ipi, &bind);
    send.port = bind.port;
    event_unmask_port(bind.port);
    vcpu_info_self()->evtchn_upcall_mask = 0;
    error = hypercall_event_channel_op(EVTCHNOP_send, &send);
    wait_ms(10);
    return error;
}
static long event_none(void)
{
    return event(0);
}
static long event_unmapped(void)
{
    return event(UNMAPPED);
}
static long event_crooked(void)
{
    return event(CROOKED);
}
static long event_hypervisor(void)
{
    return event(HV);
}

static long nmi(unsigned int vcpu)
{
    long error = hypercall_vcpu_op(VCPUOP_send_nmi, vcpu, NULL);

    wait_ms(10);
    return error;
}
static long nmi_none(void)
{
    return nmi(0);
}
static long nmi_unmapped(void)
{
    callback(CALLBACKOP_register, CALLBACKTYPE_nmi, UNMAPPED);
    return nmi(0);
}

static void undefined(void)
{
    __asm__ volatile("ud2");
}
static void table(unsigned int vector, unsigned int cs, unsigned long address)
{
    const struct trap_info entries[] = {{.vector = (uint8_t)vector, .cs = (uint16_t)cs, .address = address}, {0}};
    long error = hypercall_set_trap_table(entries);

    if (error)
        print(" set_trap_table %ld", error);
}
static long table_none(void)
{
    hypercall_set_trap_table(NULL);
    undefined();
    return 0;
}
static long table_none_breakpoint(void)
{
    hypercall_set_trap_table(NULL);
    __asm__ volatile("int3");
    return 0;
}
static long table_none_page_fault(void)
{
    hypercall_set_trap_table(NULL);
    *(volatile uint8_t *)UNMAPPED;
    return 0;
}
static long table_none_protection(void)
{
    hypercall_set_trap_table(NULL);
    __asm__ volatile("movw %w0, %%ds" : : "r"(0xfff8));
    return 0;
}
static long table_none_int_80(void)
{
    hypercall_set_trap_table(NULL);
    __asm__ volatile("int $0x80");
    return 0;
}
static long table_none_user(void)
{
    static const uint8_t code[] = {0x0f, 0x0b};

    user_init();
    memcpy(user_code_page, code, sizeof(code));
    hypercall_set_trap_table(NULL);
    return go(USER_CODE, FLAT_USER_CS, 2, USER_RSP, FLAT_USER_SS);
}
static long gate_unmapped(void)
{
    table(6, FLAT_KERNEL_CS, UNMAPPED);
    undefined();
    return 0;
}
static long gate_0(void)
{
    table(6, FLAT_KERNEL_CS, 0);
    undefined();
    return 0;
}
static long gate_crooked(void)
{
    table(6, FLAT_KERNEL_CS, CROOKED);
    undefined();
    return 0;
}
static long gate_hypervisor(void)
{
    table(6, FLAT_KERNEL_CS, HV);
    undefined();
    return 0;
}
static long gate_of_page_fault(void)
{
    table(14, FLAT_KERNEL_CS, UNMAPPED);
    *(volatile uint8_t *)UNMAPPED;
    return 0;
}

/* ---- stacks that cannot be used ---- */

static long stack_at(unsigned long rsp)
{
    __asm__ volatile("movq %0, %%rsp; ud2" : : "r"(rsp) : "memory");
    __builtin_unreachable();
}
FRAME_AT(iret_frame_read_only, (unsigned long)page_alloc_readonly() + 2048)
static long stack_unmapped(void)
{
    return stack_at(UNMAPPED + 2048);
}
static long stack_crooked(void)
{
    return stack_at(CROOKED);
}
static long stack_hypervisor(void)
{
    return stack_at(HV + 4096);
}
static long stack_0(void)
{
    return stack_at(0);
}
static long stack_read_only(void)
{
    return stack_at((unsigned long)page_alloc_readonly() + 2048);
}
static long kernel_stack(unsigned int ss, unsigned long rsp)
{
    static const uint8_t code[] = {0x0f, 0x0b};
    struct trap_frame frame = {.rip = USER_CODE, .cs = FLAT_USER_CS, .rflags = 2, .rsp = USER_RSP, .ss = FLAT_USER_SS};
    long error;

    user_init();
    memcpy(user_code_page, code, sizeof(code));
    error = hypercall_stack_switch(ss, rsp);
    if (error)
        return error;
    user_run(&frame);
    return 0;
}
static long kernel_stack_unmapped(void)
{
    return kernel_stack(FLAT_KERNEL_SS, UNMAPPED + 2048);
}
static long kernel_stack_crooked(void)
{
    return kernel_stack(FLAT_KERNEL_SS, CROOKED);
}
static long kernel_stack_0(void)
{
    return kernel_stack(FLAT_KERNEL_SS, 0);
}
static long kernel_stack_ss_0(void)
{
    return kernel_stack(0, (unsigned long)&stack[sizeof(stack)]);
}

/* ---- page tables ---- */

static long tables_empty(void)
{
    return mmuext(MMUEXT_NEW_BASEPTR, mfn_of(page_alloc_readonly()));
}
static long stack_unmaps_itself(void)
{
    uintptr_t here = (uintptr_t)__builtin_frame_address(0) & ~(PAGE_SIZE - 1ul);

    for (unsigned int i = 0; i < 2; i++)
        HYPERCALL3(__HYPERVISOR_update_va_mapping, here - i * PAGE_SIZE, 0, UVMF_INVLPG | UVMF_LOCAL);
    return 0;
}
static long shared_info_unmapped(void)
{
    return HYPERCALL3(__HYPERVISOR_update_va_mapping, shared_info, 0, UVMF_INVLPG | UVMF_LOCAL);
}

/* ---- the other vcpu ---- */

static struct vcpu_guest_context context;
static volatile unsigned int second_there;

static void second_spins(void)
{
    for (;;)
        second_there = 1;
}
static void second_ends(void)
{
    struct sched_shutdown op = {.reason = SHUTDOWN_reboot};

    HYPERCALL2(__HYPERVISOR_sched_op, SCHEDOP_shutdown, &op);
    second_spins();
}
static void second_goes_down(void)
{
    second_there = 1;
    HYPERCALL3(__HYPERVISOR_vcpu_op, VCPUOP_down, 1, NULL);
    second_spins();
}

static long second(unsigned long rip)
{
    memset(&context, 0, sizeof(context));
    context.flags = VGCF_in_kernel;
    context.user_regs.cs = FLAT_KERNEL_CS;
    context.user_regs.ss = FLAT_KERNEL_SS;
    context.user_regs.rip = rip;
    context.user_regs.rsp = (unsigned long)&stack[sizeof(stack)] - 8;
    context.user_regs.rflags = 2;
    context.kernel_ss = FLAT_KERNEL_SS;
    context.kernel_sp = (unsigned long)&stack[2048];
    context.ctrlreg[3] = xen_pfn_to_cr3(mfn_of((void *)start_info->pt_base));
    print(" initialise %ld", hypercall_vcpu_op(VCPUOP_initialise, 1, &context));
    return hypercall_vcpu_op(VCPUOP_up, 1, NULL);
}
static long second_dies(void)
{
    long error = second(UNMAPPED);

    wait_ms(100);
    return error;
}
static long second_reboots(void)
{
    long error = second((unsigned long)second_ends);

    wait_ms(100);
    return error;
}
static long second_stays(void)
{
    second((unsigned long)second_spins);
    while (!second_there)
        hypercall_sched_op(SCHEDOP_yield, NULL);
    return down_self();
}
static long both_down(void)
{
    second((unsigned long)second_goes_down);
    while (!second_there || hypercall_vcpu_op(VCPUOP_is_up, 1, NULL))
        hypercall_sched_op(SCHEDOP_yield, NULL);
    return down_self();
}
static long second_nmi(void)
{
    second((unsigned long)second_spins);
    while (!second_there)
        hypercall_sched_op(SCHEDOP_yield, NULL);
    return nmi(1);
}

static const struct {
    const char *name;
    long (*run)(void);
} cases[] = {
#define CASE(name) {#name, name}
    CASE(shutdown_poweroff), CASE(shutdown_reboot), CASE(shutdown_suspend), CASE(shutdown_crash), CASE(shutdown_watchdog),
    CASE(shutdown_soft_reset), CASE(shutdown_6), CASE(shutdown_254), CASE(shutdown_255), CASE(shutdown_256),
    CASE(shutdown_highest), CASE(shutdown_null), CASE(shutdown_hypervisor), CASE(suspend_with_frame),
    CASE(code_then_poweroff), CASE(code_twice), CASE(down_self), CASE(block_for_good), CASE(poll_for_good), CASE(halt),
    CASE(halt_masked), CASE(watchdog_1s), CASE(watchdog_0s), CASE(watchdog_kicked), CASE(watchdog_stopped),
    CASE(watchdog_second), CASE(watchdog_longest), CASE(watchdog_latched), CASE(iret_good), CASE(iret_cs_0),
    CASE(iret_cs_hypervisor), CASE(iret_cs_data), CASE(iret_cs_32), CASE(iret_cs_beyond), CASE(iret_cs_ring_1),
    CASE(iret_ss_0), CASE(iret_ss_code), CASE(iret_ss_hypervisor), CASE(iret_ss_beyond), CASE(iret_rip_0),
    CASE(iret_rip_crooked), CASE(iret_rip_hypervisor), CASE(iret_rip_unmapped), CASE(iret_rsp_crooked),
    CASE(iret_flags_0), CASE(iret_flags_iopl), CASE(iret_flags_vm), CASE(iret_flags_nested), CASE(iret_flags_step),
    CASE(iret_flags_all), CASE(iret_user_no_tables), CASE(iret_frame_unmapped), CASE(iret_frame_crooked),
    CASE(iret_frame_hypervisor), CASE(iret_frame_0), CASE(iret_frame_ends), CASE(iret_frame_read_only), CASE(user_good),
    CASE(user_cs_0), CASE(user_cs_hypervisor), CASE(user_cs_data), CASE(user_cs_beyond), CASE(user_cs_local),
    CASE(user_ss_0), CASE(user_ss_code), CASE(user_ss_hypervisor), CASE(user_rip_crooked), CASE(user_rip_hypervisor),
    CASE(user_rsp_crooked), CASE(user_flags_0), CASE(user_flags_vm), CASE(user_flags_step), CASE(failsafe_none),
    CASE(failsafe_none_kernel), CASE(failsafe_unmapped), CASE(failsafe_unregistered), CASE(syscall_none),
    CASE(syscall_unmapped), CASE(event_none), CASE(event_unmapped), CASE(event_crooked), CASE(event_hypervisor),
    CASE(nmi_none), CASE(nmi_unmapped), CASE(table_none), CASE(table_none_breakpoint), CASE(table_none_page_fault),
    CASE(table_none_protection), CASE(table_none_int_80), CASE(table_none_user), CASE(gate_unmapped), CASE(gate_0),
    CASE(gate_crooked), CASE(gate_hypervisor), CASE(gate_of_page_fault), CASE(stack_unmapped), CASE(stack_crooked),
    CASE(stack_hypervisor), CASE(stack_0), CASE(stack_read_only), CASE(kernel_stack_unmapped),
    CASE(kernel_stack_crooked), CASE(kernel_stack_0), CASE(kernel_stack_ss_0), CASE(tables_empty),
    CASE(stack_unmaps_itself), CASE(shared_info_unmapped), CASE(second_dies), CASE(second_reboots), CASE(second_stays),
    CASE(both_down), CASE(second_nmi),
};

static unsigned int which(void)
{
    const char *p = (const char *)start_info->cmd_line;
    unsigned int n = 0;

    while (*p && strncmp(p, "case=", 5))
        p++;
    for (p += *p ? 5 : 0; *p >= '0' && *p <= '9'; p++)
        n = n * 10 + (unsigned int)(*p - '0');
    return n;
}

void test_main(void)
{
    static const unsigned int vectors[] = {0,  1,  3,  4,  5,  6,          7,          10,            11,
                                           12, 13, 14, 17, TRAP_INT80, TRAP_EVENT, TRAP_FAILSAFE, TRAP_SYSCALL};
    unsigned int n = which();

    if (n >= sizeof(cases) / sizeof(cases[0])) {
        print("ENDS none;\n");
        over();
    }
    window_init();
    for (unsigned int i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++)
        trap_set_handler(vectors[i], on_trap);
    events_off();
    vcpu_info_self()->evtchn_upcall_pending = 0; /* of the console's, before it was masked */
    vcpu_info_self()->evtchn_pending_sel = 0;
    print("ENDS ends/%s", cases[n].name);
    print(" goes on with %ld", cases[n].run());
    over();
}
