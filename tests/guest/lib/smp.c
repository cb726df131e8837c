/* SPDX-License-Identifier: MIT */
/*
 * Several vcpus at once: bringing them up on stacks of their own, running a function on them, waiting for each
 * other. It must never touch what vcpu 0 alone may: the runtime's CATCH and user mode.
 */
#include <public/event_channel.h>
#include <public/sched.h>
#include <public/vcpu.h>

#include "smp.h"

#define RFLAGS_RESERVED 2

/* One for each vcpu but the first, which has the boot stack. */
static uint8_t stacks[SMP_VCPUS_MAX - 1][SMP_STACK] __attribute__((aligned(16)));
static struct vcpu_info
    *registered[SMP_VCPUS_MAX]; /* of vcpus that the shared page has no room for */
static struct vcpu_guest_context context;
static bool initialised[SMP_VCPUS_MAX];
static void (*entry[SMP_VCPUS_MAX])(unsigned int id);
static void (*work)(unsigned int id);
static volatile unsigned int busy;

unsigned int smp_self(void)
{
    uintptr_t offset = (uintptr_t)__builtin_frame_address(0) - (uintptr_t)stacks;

    return offset < sizeof(stacks) ? (unsigned int)(offset / SMP_STACK) + 1 : 0;
}

struct vcpu_info *vcpu_info_of(unsigned int id)
{
    return registered[id] ? registered[id] : &shared_info->vcpu_info[id];
}

unsigned int smp_vcpus(void)
{
    unsigned int count = 0;

    while (count < SMP_VCPUS_MAX && hypercall_vcpu_op(VCPUOP_is_up, count, NULL) >= 0)
        count++;
    return count;
}

void smp_need(unsigned int vcpus)
{
    if (smp_vcpus() < vcpus)
        report_skip("the domain has %u vcpus, not %u", smp_vcpus(), vcpus);
}

unsigned int smp_cpu(void)
{
    uint32_t eax = 1, ebx, ecx = 0, edx;

    __asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
    return ebx >> 24;
}

static void enter(unsigned int id)
{
    trap_init();
    entry[id](id);
    report_error("vcpu %u returned", id);
}

static void register_info(unsigned int id)
{
    struct vcpu_register_vcpu_info op;
    struct vcpu_info *info;
    long rc;

    if (id < XEN_LEGACY_MAX_VCPUS || registered[id])
        return;
    info = page_alloc();
    op = (struct vcpu_register_vcpu_info){.mfn = mfn_of(info)};
    rc = hypercall_vcpu_op(VCPUOP_register_vcpu_info, id, &op);
    if (rc)
        report_error("registering vcpu_info of vcpu %u: %ld", id, rc);
    registered[id] = info;
}

long smp_initialise(unsigned int id, void (*fn)(unsigned int id))
{
    register_info(id);
    vcpu_info_of(id)->evtchn_upcall_mask = 1;
    entry[id] = fn;
    memset(&context, 0, sizeof(context));
    context.flags = VGCF_in_kernel;
    context.user_regs.cs = FLAT_KERNEL_CS;
    context.user_regs.ss = FLAT_KERNEL_SS;
    context.user_regs.rip = (unsigned long)enter;
    context.user_regs.rsp = (unsigned long)stacks[id] - 8; /* stacks[id - 1] ends there */
    context.user_regs.rdi = id;
    context.user_regs.rflags = RFLAGS_RESERVED;
    context.kernel_ss = FLAT_KERNEL_SS;
    context.kernel_sp = (unsigned long)stacks[id];
    context.ctrlreg[3] = xen_pfn_to_cr3(mfn_of((void *)start_info->pt_base));
    return hypercall_vcpu_op(VCPUOP_initialise, id, &context);
}

static void worker(unsigned int id)
{
    for (;;) {
        work(id);
        events_off();
        __atomic_fetch_sub(&busy, 1, __ATOMIC_SEQ_CST);
        hypercall_vcpu_op(VCPUOP_down, id, NULL);
    }
}

static void bring_up(unsigned int id)
{
    long rc;

    if (!initialised[id]) {
        rc = smp_initialise(id, worker);
        if (rc)
            report_error("initialising vcpu %u: %ld", id, rc);
        initialised[id] = true;
    }
    SMP_WAIT_FOR(hypercall_vcpu_op(VCPUOP_is_up, id, NULL) == 0);
    rc = hypercall_vcpu_op(VCPUOP_up, id, NULL);
    if (rc)
        report_error("bringing vcpu %u up: %ld", id, rc);
}

void smp_run(unsigned int count, void (*fn)(unsigned int id))
{
    work = fn;
    busy = count - 1;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    for (unsigned int id = 1; id < count; id++)
        bring_up(id);
    fn(0);
    events_off();
    SMP_WAIT_FOR(busy == 0);
}

void smp_wait(unsigned int times, uint64_t end, const char *condition)
{
    uint64_t now = time_now();
    struct sched_poll nap = {.timeout = now + 50000};

    if (now > end)
        report_error("vcpu %u waits for ever: %s", smp_self(), condition);
    if (times < 20)
        smp_yield();
    else
        hypercall_sched_op(SCHEDOP_poll, &nap);
}

void smp_barrier(unsigned int count)
{
    static volatile unsigned int arrived, generation;
    unsigned int now = generation;

    if (__atomic_add_fetch(&arrived, 1, __ATOMIC_SEQ_CST) == count) {
        arrived = 0;
        __atomic_fetch_add(&generation, 1, __ATOMIC_SEQ_CST);
        return;
    }
    SMP_WAIT_FOR(generation != now);
}

/* ---- accesses that may fault ---- */

/* bool smp_load_at(address, *value), bool smp_store_at(address, value): one instruction each that may fault */
void smp_access_load(void);
void smp_access_store(void);
void smp_access_failed(void);
long smp_access_load_call(const volatile uint64_t *address, uint64_t *value);
long smp_access_store_call(volatile uint64_t *address, uint64_t value);
__asm__(".text\n"
        "smp_access_load_call:\n"
        "smp_access_load: movq (%rdi), %rax\n\t"
        "movq %rax, (%rsi)\n\t"
        "movl $1, %eax\n\t"
        "ret\n"
        "smp_access_store_call:\n"
        "smp_access_store: movq %rsi, (%rdi)\n\t"
        "movl $1, %eax\n\t"
        "ret\n"
        "smp_access_failed: xorl %eax, %eax\n\t"
        "ret\n");

static bool on_fault(struct trap_frame *frame)
{
    if (frame->rip != (uintptr_t)smp_access_load && frame->rip != (uintptr_t)smp_access_store)
        return false;
    frame->rip = (uintptr_t)smp_access_failed;
    return true;
}

void smp_faults_init(void)
{
    trap_set_handler(14, on_fault);
}

bool smp_load(const volatile uint64_t *address, uint64_t *value)
{
    return smp_access_load_call(address, value);
}

bool smp_store(volatile uint64_t *address, uint64_t value)
{
    return smp_access_store_call(address, value);
}

/* ---- the rest ---- */

uint32_t smp_random(void)
{
    static uint64_t state[SMP_VCPUS_MAX];
    uint64_t *mine = &state[smp_self()];

    *mine = (*mine ? *mine : smp_self() + 1) * 6364136223846793005UL + 1442695040888963407UL;
    return (uint32_t)(*mine >> 33);
}

unsigned int smp_bind_ipi(unsigned int vcpu, event_handler handler)
{
    struct evtchn_bind_ipi bind = {.vcpu = vcpu};
    long rc = hypercall_event_channel_op(EVTCHNOP_bind_ipi, &bind);

    if (rc)
        report_error("bind_ipi of vcpu %u: %ld", vcpu, rc);
    event_set_handler(bind.port, handler);
    event_set_vcpu(bind.port, vcpu);
    event_unmask_port(bind.port);
    return bind.port;
}

void smp_send(unsigned int port)
{
    struct evtchn_send send = {.port = port};
    long rc = hypercall_event_channel_op(EVTCHNOP_send, &send);

    if (rc)
        report_error("send to port %u: %ld", port, rc);
}

void smp_block_unless(const volatile bool *done)
{
    if (*done)
        events_on();
    else
        hypercall_sched_op(SCHEDOP_block, NULL);
}
