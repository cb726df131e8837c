/* SPDX-License-Identifier: MIT */
/*
 * The load guest's vCPUs. Each has a stack, a port and one upcall of its own, found by GS; none of them
 * uses the runtime's event code, which knows vCPU 0 alone.
 */
#include <public/callback.h>
#include <public/event_channel.h>
#include <public/vcpu.h>

#include "load.h"

#define STACK_SIZE 8192

void load_upcall(void);
void load_cpu_entry(void);

struct load_cpu load_cpu[LOAD_CPUS];
unsigned int load_cpus;
static uint8_t stacks[LOAD_CPUS][STACK_SIZE] __attribute__((aligned(16)));
static struct vcpu_guest_context context __attribute__((aligned(16)));

void load_cpus_init(unsigned int wanted)
{
    struct callback_register entry = {.type = CALLBACKTYPE_event,
                                      .flags = CALLBACKF_mask_events,
                                      .address = (unsigned long)load_upcall};

    while (load_cpus < LOAD_CPUS && (!wanted || load_cpus < wanted) &&
           hypercall_vcpu_op(VCPUOP_is_up, load_cpus, NULL) >= 0) {
        struct load_cpu *cpu = &load_cpu[load_cpus];

        cpu->id = load_cpus++;
        cpu->info = &shared_info->vcpu_info[cpu->id];
    }
    if (wanted && load_cpus < wanted)
        report_error("%u vCPUs wanted, %u are there", wanted, load_cpus);
    if (hypercall_set_segment_base(SEGBASE_GS_KERNEL, &load_cpu[0]) ||
        hypercall_callback_op(CALLBACKOP_register, &entry))
        report_error("no upcall for vCPU 0");
}

void load_cpu_start(struct load_cpu *cpu, void (*run)(struct load_cpu *))
{
    static const unsigned int vectors[] = {6, 13, 14};
    long rc;

    memset(&context, 0, sizeof(context));
    for (unsigned int i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++)
        context.trap_ctxt[vectors[i]] = (struct trap_info){
            .vector = (uint8_t)vectors[i], .cs = FLAT_KERNEL_CS, .address = trap_stub(vectors[i])};
    context.flags = VGCF_in_kernel;
    context.user_regs.cs = FLAT_KERNEL_CS;
    context.user_regs.ss = FLAT_KERNEL_SS;
    context.user_regs.rip = (unsigned long)load_cpu_entry;
    context.user_regs.rsp = (unsigned long)&stacks[cpu->id][STACK_SIZE];
    context.user_regs.rdi = (unsigned long)cpu;
    context.user_regs.rsi = (unsigned long)run;
    context.user_regs.rflags = 0x2;
    context.kernel_ss = FLAT_KERNEL_SS;
    context.kernel_sp = (unsigned long)&stacks[cpu->id][STACK_SIZE];
    context.ctrlreg[3] = xen_pfn_to_cr3(mfn_of((void *)start_info->pt_base));
    context.event_callback_eip = (unsigned long)load_upcall;
    context.gs_base_kernel = (unsigned long)cpu;
    rc = hypercall_vcpu_op(VCPUOP_initialise, cpu->id, &context);
    if (!rc)
        rc = hypercall_vcpu_op(VCPUOP_up, cpu->id, NULL);
    if (rc)
        report_error("starting vCPU %u: %ld", cpu->id, rc);
}

static void open_port(struct load_cpu *cpu, evtchn_port_t port)
{
    if (port >= 64)
        report_error("port %u is too high for the upcall", port);
    cpu->port = port;
    event_unmask_port(port);
}

void load_bind_timer(struct load_cpu *cpu)
{
    struct evtchn_bind_virq bind = {.virq = VIRQ_TIMER, .vcpu = cpu->id};
    long rc;

    hypercall_vcpu_op(VCPUOP_stop_periodic_timer, cpu->id, NULL);
    rc = hypercall_event_channel_op(EVTCHNOP_bind_virq, &bind);
    if (rc)
        report_error("binding vCPU %u's timer: %ld", cpu->id, rc);
    open_port(cpu, bind.port);
}

void load_bind_ipi(struct load_cpu *cpu)
{
    struct evtchn_bind_ipi bind = {.vcpu = cpu->id};
    long rc = hypercall_event_channel_op(EVTCHNOP_bind_ipi, &bind);

    if (rc)
        report_error("binding an IPI of vCPU %u: %ld", cpu->id, rc);
    open_port(cpu, bind.port);
}

void load_upcalls_on(struct load_cpu *cpu)
{
    __atomic_store_n(&cpu->info->evtchn_upcall_mask, 0, __ATOMIC_SEQ_CST);
    hypercall_xen_version(0, NULL); /* what is pending already comes on the way out of a call */
}
