/* SPDX-License-Identifier: MIT */
/*
 * The C half of the doors: what is looked at on the way back, faults of ring 0 itself, and the SYSCALL
 * set-up of a CPU. It must never trust a register of a guest, and never return from a fault of ours that
 * no exception-table entry covers.
 */
#include "entry/entry.h"

#include "cpu/asm.h"
#include "cpu/descriptor.h"
#include "cpu/features.h"
#include "cpu/msr.h"
#include "domain/domain.h"
#include "entry/gates.h"
#include "lib/print.h"
#include "lib/string.h"
#include "memory/layout.h"
#include "pv/descriptor.h"
#include "pv/trap.h"

struct syscall_slot {
    u64 scratch, stack;
    u64 pad[6];
};
_Static_assert(sizeof(struct syscall_slot) == 64, "the stubs reckon with it");

extern struct syscall_slot syscall_slots[MAX_CPUS];
struct syscall_slot syscall_slots[MAX_CPUS];

/* STAR: SYSCALL loads HV_CS and the selector after it; SYSRET the ABI's ring 3 selectors. */
_Static_assert(HV_DS == HV_CS + 8, "SYSCALL's SS follows its CS");
_Static_assert(FLAT_RING3_SS32 == FLAT_RING3_CS32 + 8 && FLAT_RING3_CS64 == FLAT_RING3_CS32 + 16,
               "SYSRET's selectors are a row");
#define STAR_VALUE ((u64)FLAT_RING3_CS32 << 48 | (u64)HV_CS << 32)

u64 entry_stack_top(const struct cpu *cpu)
{
    return (u64)cpu - sizeof(struct cpu_user_regs) + offsetof(struct cpu_user_regs, es);
}

void entry_init_cpu(void)
{
    u32 id = this_cpu()->id;
    u64 stub = (u64)syscall_stubs + id * SYSCALL_STUB_SIZE;

    syscall_slots[id].stack = entry_stack_top(this_cpu());
    wrmsr(MSR_STAR, STAR_VALUE);
    wrmsr(MSR_LSTAR, stub);
    wrmsr(MSR_CSTAR, stub + SYSCALL_STUB_COMPAT);
    wrmsr(MSR_SYSCALL_MASK, SYSCALL_MASK_VALUE);
    wrmsr(MSR_SYSENTER_CS, HV_CS);
    wrmsr(MSR_SYSENTER_ESP, entry_stack_top(this_cpu()));
    wrmsr(MSR_SYSENTER_EIP, (u64)sysenter_entry);
}

/* Each step may make another one due (an upcall whose frame cannot be written ends the domain, say). */
void entry_exit_work(void)
{
    for (;;) {
        struct vcpu *v;

        if (this_cpu()->need_resched) {
            schedule();
            continue;
        }
        v = current_vcpu();
        if (v->pv.nmi_pending && !v->pv.nmi_masked && v->pv.trap[VECTOR_NMI].address)
            pv_inject_nmi();
        else if (v->info->evtchn_upcall_pending && !v->info->evtchn_upcall_mask && v->pv.callback[CALLBACKTYPE_event].address)
            pv_inject_upcall();
        else
            return;
    }
}

struct extable_entry {
    s32 from, to;
};

extern const struct extable_entry ex_table_start[], ex_table_end[];

/* Where to go on after a fault at rip; 0: no entry. The table is short and faults of ring 0 are rare: no order is kept. */
static u64 extable_find(u64 rip)
{
    for (const struct extable_entry *e = ex_table_start; e < ex_table_end; e++)
        if ((u64)&e->from + (u64)(s64)e->from == rip)
            return (u64)&e->to + (u64)(s64)e->to;
    return 0;
}

static void print_registers(const struct cpu_user_regs *r)
{
    printk(PRINT_ERROR, "CPU %u, domain %u: vector %u, error %x, cr2 %016lx, cr3 %016lx\n", this_cpu()->id,
           current_vcpu() ? current_vcpu()->domain->id : DOMID_IDLE, r->entry_vector, r->error_code,
           read_cr2(), read_cr3());
    printk(PRINT_ERROR, "rip %04x:%016lx rsp %04x:%016lx rflags %08lx\n", r->cs, r->rip, r->ss, r->rsp,
           r->rflags);
    printk(PRINT_ERROR, "rax %016lx rbx %016lx rcx %016lx rdx %016lx\n", r->rax, r->rbx, r->rcx, r->rdx);
    printk(PRINT_ERROR, "rsi %016lx rdi %016lx rbp %016lx r8  %016lx\n", r->rsi, r->rdi, r->rbp, r->r8);
    printk(PRINT_ERROR, "r9  %016lx r10 %016lx r11 %016lx r12 %016lx\n", r->r9, r->r10, r->r11, r->r12);
    printk(PRINT_ERROR, "r13 %016lx r14 %016lx r15 %016lx\n", r->r13, r->r14, r->r15);
    if (!(r->cs & 3) && r->rsp >= HV_VIRT_START && r->rsp < HV_VIRT_END - 256)
        for (const u64 *p = (const u64 *)(r->rsp & ~7ull), *end = p + 24; p < end; p += 4)
            printk(PRINT_ERROR, "%016lx: %016lx %016lx %016lx %016lx\n", (u64)p, p[0], p[1], p[2], p[3]);
}

/* A selector load in ring 0 may find the guest's LDT not mapped yet. */
static bool ldt_fault(const struct cpu_user_regs *regs)
{
    u64 offset = read_cr2() - (cpu_window(this_cpu()->id) + 16 * PAGE_SIZE);

    return regs->entry_vector == VECTOR_PF && offset < 16 * PAGE_SIZE &&
           descriptor_ldt_fault(current_vcpu(), offset);
}

void entry_ring0_exception(struct cpu_user_regs *regs)
{
    u64 go_on;

    if (ldt_fault(regs))
        return;
    go_on = extable_find(regs->rip);
    if (!go_on) {
        print_registers(regs);
        panic("exception %u in the hypervisor at %016lx", regs->entry_vector, regs->rip);
    }
    regs->rip = go_on;
}

/* nested lies just below guest_regs() and overlaps them: the registers first, then the frame is whole again. */
void entry_iret_fault(const struct cpu_user_regs *nested)
{
    bool retry = ldt_fault(nested);
    u32 vector = nested->entry_vector, code = nested->error_code;

    memmove(guest_regs(), nested, offsetof(struct cpu_user_regs, error_code));
    guest_regs()->entry_vector = 0;
    if (!retry)
        pv_inject_trap(vector, code);
}

void entry_ring0_debug(struct cpu_user_regs *regs)
{
    __asm__ volatile("mov %0, %%dr6" : : "r"(0xffff0ff0ul));
    regs->rflags &= ~EFLAGS_TF;
}

/* Dom0's first vcpu is told, when it next goes back to its kernel; nothing else may be touched from here. */
void entry_nmi(const struct cpu_user_regs *regs)
{
    (void)regs;
    if (dom0 && dom0->vcpu[0])
        dom0->vcpu[0]->pv.nmi_pending = true;
}

void entry_fatal(const struct cpu_user_regs *regs)
{
    print_registers(regs);
    panic("%s", regs->entry_vector == VECTOR_DF ? "double fault" : "machine check");
}

/* What each stub does: rcx and r11 are SYSCALL's. iret's stub leaves the frame that the hypercall takes. */
void hypercall_page_fill(void *page)
{
    static const u8 call[] = {0x51, 0x41, 0x53, 0xb8, 0, 0, 0, 0, 0x0f, 0x05, 0x41, 0x5b, 0x59, 0xc3};
    static const u8 iret[] = {0x51, 0x41, 0x53, 0x50, 0xb8, __HYPERVISOR_iret, 0, 0, 0, 0x0f, 0x05};
    u8 *p = page;

    memset(page, 0xcc, PAGE_SIZE);
    for (u32 nr = 0; nr < PAGE_SIZE / 32; nr++, p += 32) {
        if (nr == __HYPERVISOR_iret) {
            memcpy(p, iret, sizeof(iret));
            continue;
        }
        memcpy(p, call, sizeof(call));
        p[4] = (u8)nr;
    }
}
