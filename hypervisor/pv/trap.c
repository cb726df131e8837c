/* SPDX-License-Identifier: MIT */
/*
 * The bounce: frames on the guest kernel's stack, in the order that the PV ABI gives them, and the iret
 * hypercall that takes them away again. It must never leave a guest with a selector of privilege other
 * than 3, with an I/O privilege, or with interrupts off.
 *
 * A frame, from where rsp points: rcx, r11, [the data segments: failsafe only], [error code], rip,
 * cs with the saved event mask in bits 32 to 39, rflags with IF as the inverse of that mask, rsp, ss. cs has RPL 0 when
 * the kernel itself was interrupted: that is how a guest tells its kernel from its user mode.
 */
#include "pv/trap.h"

#include "cpu/features.h"
#include "domain/domain.h"
#include "entry/entry.h"
#include "entry/extable.h"
#include "entry/gates.h"
#include "memory/guest_copy.h"
#include "memory/pagetable.h"
#include "memory/tlb.h"

/* One word to a checked address of the guest; else on to the label fault. */
#define PUT_GUEST_WORD(address, value)                                                             \
    __asm__ goto("1: movq %1, %0\n\t" EXTABLE("1b", "%l2")                                         \
                 :                                                                                 \
                 : "m"(*(u64 *)(address)), "r"((u64)(value))                                       \
                 : "memory"                                                                        \
                 : fault)

u64 pv_sanitize_rflags(u64 rflags)
{
    return (rflags & EFLAGS_GUEST) | EFLAGS_IF | EFLAGS_FIXED;
}

/* kernel <-> user: swaps the address space and the GS bases. */
static void toggle_mode(struct vcpu *v)
{
    v->pv.kernel_mode = !v->pv.kernel_mode;
    swap_gs();
    tlb_toggle_cr3(pt_cr3(v));
}

/* How a handler is entered, in one register: the error code, and whether there is one; whether events are masked. */
#define HOW_ERROR (1ull << 32)
#define HOW_MASKS_SHIFT 33
#define HOW_MASKS (1ull << HOW_MASKS_SHIFT)

static inline u64 how_masking(bool masks_events)
{
    return (u64)masks_events << HOW_MASKS_SHIFT;
}

static __attribute__((noinline, cold)) void no_frame(struct vcpu *v, u64 handler, u64 sp)
{
    domain_crash(v->domain, "vcpu %u: no frame for the handler at %lx fits its kernel stack, at %lx", v->id,
                 handler, sp);
}

/* The frame below sp, and the registers that lead into the handler. Kernel mode has been entered. It calls nothing: the
 * hottest function of ring 0 keeps all it needs in registers. */
static __attribute__((noinline)) void write_frame(struct vcpu *v, u64 handler, u64 how, u64 sp, u64 cs)
{
    struct cpu_user_regs *regs = guest_regs();
    u64 rflags = regs->rflags & ~(EFLAGS_IF | EFLAGS_IOPL);
    u8 saved_mask = v->info->evtchn_upcall_mask;

    rflags |= saved_mask ? 0 : EFLAGS_IF;
    if (v->domain->pv.vm_assist & (1u << VMASST_TYPE_architectural_iopl))
        rflags |= v->pv.iopl;
    sp = (sp & ~15ull) - 7 * 8;
    /* what is not canonical faults; only ring 0's own addresses need a look */
    if (unlikely(sp + 7 * 8 - HV_VIRT_START - 1 < HV_VIRT_END - HV_VIRT_START + 8 * 8 - 1))
        goto range;
    guest_access_begin();
    PUT_GUEST_WORD(sp + 6 * 8, regs->ss);
    PUT_GUEST_WORD(sp + 5 * 8, regs->rsp);
    PUT_GUEST_WORD(sp + 4 * 8, rflags);
    PUT_GUEST_WORD(sp + 3 * 8, cs | (u64)saved_mask << 32);
    PUT_GUEST_WORD(sp + 2 * 8, regs->rip);
    if (how & HOW_ERROR) {
        PUT_GUEST_WORD(sp + 1 * 8, (u32)how);
        sp -= 8;
    }
    PUT_GUEST_WORD(sp + 1 * 8, regs->r11);
    PUT_GUEST_WORD(sp, regs->rcx);
    guest_access_end();
    regs->entry_vector = 0;
    regs->rip = handler;
    regs->cs = FLAT_KERNEL_CS;
    regs->ss = FLAT_KERNEL_SS;
    regs->rsp = sp;
    regs->rflags &= ~(EFLAGS_TF | EFLAGS_NT | EFLAGS_RF | EFLAGS_AC);
    if (how & HOW_MASKS)
        v->info->evtchn_upcall_mask = 1;
    return;
fault:
    guest_access_end();
range:
    no_frame(v, handler, sp);
}

/* Apart, so that the way from kernel mode needs no stack. */
static __attribute__((noinline)) void bounce_from_user(struct vcpu *v, u64 handler, u64 how)
{
    toggle_mode(v);
    write_frame(v, handler, how, v->pv.kernel_sp, guest_regs()->cs);
}

static inline void bounce(struct vcpu *v, u64 handler, u64 how)
{
    const struct cpu_user_regs *regs = guest_regs();

    if (v->pv.kernel_mode)
        write_frame(v, handler, how, regs->rsp, regs->cs & ~3u);
    else
        bounce_from_user(v, handler, how);
}

/* how: the error code, HOW_ERROR */
static void inject(u32 vector, u64 how)
{
    struct vcpu *v = current_vcpu();
    const struct pv_trap *t = &v->pv.trap[vector];

    if (unlikely(!t->address)) {
        domain_crash(v->domain, "vcpu %u has no handler for exception %u (error %x) at %lx, cr2 %lx", v->id,
                     vector, (u32)how, guest_regs()->rip, v->info->arch.cr2);
        return;
    }
    bounce(v, t->address, how_masking(t->mask_events) | how);
}

void pv_inject_trap(u32 vector, u32 error_code)
{
    bool with_error = vector < 32 && (VECTORS_WITH_ERROR_CODE >> vector & 1);

    inject(vector, with_error ? HOW_ERROR | error_code : 0);
}

void pv_inject_software(u32 vector)
{
    inject(vector, 0);
}

void pv_inject_page_fault(u64 address, u32 error_code)
{
    struct vcpu *v = current_vcpu();

    v->info->arch.cr2 = address;
    inject(VECTOR_PF, HOW_ERROR | error_code);
}

void pv_inject_upcall(void)
{
    struct vcpu *v = current_vcpu();

    bounce(v, v->pv.callback[CALLBACKTYPE_event].address, HOW_MASKS);
}

/* Masked until the handler's iret. */
void pv_inject_nmi(void)
{
    struct vcpu *v = current_vcpu();

    v->pv.nmi_pending = false;
    v->pv.nmi_masked = true;
    bounce(v, v->pv.trap[VECTOR_NMI].address, HOW_MASKS);
}

/* The usual frame, with the four selectors where an error code would be. */
void pv_inject_failsafe(void)
{
    struct vcpu *v = current_vcpu();
    struct cpu_user_regs *regs = guest_regs();
    const struct pv_callback *c = &v->pv.callback[CALLBACKTYPE_failsafe];
    u64 words[6] = {regs->rcx, regs->r11};

    if (!c->address) {
        domain_crash(v->domain, "vcpu %u: its state cannot be loaded at %lx, and it has no failsafe callback",
                     v->id, regs->rip);
        return;
    }
    __asm__ volatile("mov %%ds, %0; mov %%es, %1; mov %%fs, %2; mov %%gs, %3"
                     : "=r"(words[2]), "=r"(words[3]), "=r"(words[4]), "=r"(words[5]));
    bounce(v, c->address, how_masking(c->masks_events));
    if (regs->rip != c->address || regs->entry_vector)
        return; /* crashed */
    regs->rsp -= 4 * 8;
    if (copy_to_guest(regs->rsp, words, sizeof(words)))
        domain_crash(v->domain, "vcpu %u: no failsafe frame fits its kernel stack, at %lx", v->id, regs->rsp);
}

void pv_iret(void)
{
    struct vcpu *v = current_vcpu();
    struct cpu_user_regs *regs = guest_regs();
    struct iret_context frame;

    if (unlikely(copy_words_from_guest(&frame, regs->rsp))) {
        domain_crash(v->domain, "vcpu %u: iret's frame at %lx cannot be read", v->id, regs->rsp);
        return;
    }
    if ((frame.cs & 3) == 3) {
        if (unlikely(!mfn_x(v->user_base))) {
            domain_crash(v->domain, "vcpu %u: iret to user mode without user page tables", v->id);
            return;
        }
        toggle_mode(v);
    }
    if (v->domain->pv.vm_assist & (1u << VMASST_TYPE_architectural_iopl))
        v->pv.iopl = (u32)(frame.rflags & EFLAGS_IOPL);
    regs->rip = frame.rip;
    regs->cs = (u16)(frame.cs | 3);
    regs->rflags = pv_sanitize_rflags(frame.rflags);
    regs->rsp = frame.rsp;
    regs->ss = (u16)(frame.ss | 3);
    regs->rax = frame.rax;
    if ((frame.flags & VGCF_in_syscall) && regs->cs == FLAT_RING3_CS64 && regs->ss == FLAT_RING3_SS64) {
        regs->entry_vector = ENTRY_BY_SYSCALL;
    } else {
        regs->entry_vector = 0;
        regs->r11 = frame.r11;
        regs->rcx = frame.rcx;
    }
    v->pv.nmi_masked = false;
    v->info->evtchn_upcall_mask = !(frame.rflags & EFLAGS_IF);
}

/* A guest without the callback sees what a CPU without the instruction does. */
static inline __attribute__((always_inline)) void enter_callback(u32 type, u32 length, u32 vector)
{
    struct vcpu *v = current_vcpu();
    const struct pv_callback *c = &v->pv.callback[type];

    if (unlikely(!c->address)) {
        guest_regs()->rip -= length;
        pv_inject_trap(vector, 0);
        return;
    }
    bounce(v, c->address, how_masking(c->masks_events));
}

void pv_handle_syscall_from_user(void)
{
    enter_callback(CALLBACKTYPE_syscall, 2, VECTOR_UD);
}

/* From 32-bit code. */
void pv_handle_syscall32(void)
{
    enter_callback(CALLBACKTYPE_syscall32, 2, VECTOR_UD);
}

void pv_handle_sysenter(void)
{
    enter_callback(CALLBACKTYPE_sysenter, 0, VECTOR_GP);
}
