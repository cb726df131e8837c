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

#include <public/xen.h>

#include "cpu/features.h"
#include "cpu/percpu.h"
#include "domain/domain.h"
#include "entry/entry.h"
#include "entry/extable.h"
#include "entry/gates.h"
#include "memory/guest_copy.h"
#include "memory/pagetable.h"
#include "memory/tlb.h"
#include "pv/context.h"

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

void pv_toggle_mode(struct vcpu *v)
{
    v->pv.kernel_mode = !v->pv.kernel_mode;
    __asm__ volatile("swapgs" : : : "memory");
    tlb_load_cr3(pt_cr3(v));
}

/* Into the handler. mask: events are masked on entry. */
static void bounce(struct vcpu *v, u64 handler, bool mask, bool with_error, u32 error_code)
{
    struct cpu_user_regs *regs = guest_regs();
    u64 sp, cs = regs->cs, rflags = regs->rflags & ~(EFLAGS_IF | EFLAGS_IOPL);
    u8 saved_mask = v->info->evtchn_upcall_mask;

    if (v->pv.kernel_mode) {
        sp = regs->rsp;
        cs &= ~3ull;
    } else {
        sp = v->pv.kernel_sp;
        pv_toggle_mode(v);
    }
    rflags |= saved_mask ? 0 : EFLAGS_IF;
    if (v->domain->pv.vm_assist & (1u << VMASST_TYPE_architectural_iopl))
        rflags |= v->pv.iopl;
    sp = (sp & ~15ull) - 7 * 8;
    if (unlikely(!guest_range_ok(sp - 8, 8 * 8)))
        goto range;
    guest_access_begin();
    PUT_GUEST_WORD(sp + 6 * 8, regs->ss);
    PUT_GUEST_WORD(sp + 5 * 8, regs->rsp);
    PUT_GUEST_WORD(sp + 4 * 8, rflags);
    PUT_GUEST_WORD(sp + 3 * 8, cs | (u64)saved_mask << 32);
    PUT_GUEST_WORD(sp + 2 * 8, regs->rip);
    if (with_error) {
        PUT_GUEST_WORD(sp + 1 * 8, error_code);
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
    if (mask)
        v->info->evtchn_upcall_mask = 1;
    return;
fault:
    guest_access_end();
range:
    domain_crash(v->domain, "vcpu %u: no frame for the handler at %lx fits its kernel stack, at %lx", v->id,
                 handler, sp);
}

static void inject(u32 vector, bool with_error, u32 error_code)
{
    struct vcpu *v = current_vcpu();
    const struct pv_trap *t = &v->pv.trap[vector];

    if (unlikely(!t->address)) {
        domain_crash(v->domain, "vcpu %u has no handler for exception %u (error %x) at %lx, cr2 %lx", v->id,
                     vector, error_code, guest_regs()->rip, v->info->arch.cr2);
        return;
    }
    bounce(v, t->address, t->mask_events, with_error, error_code);
}

void pv_inject_trap(u32 vector, u32 error_code)
{
    inject(vector, vector < 32 && (VECTORS_WITH_ERROR_CODE >> vector & 1), error_code);
}

void pv_inject_software(u32 vector)
{
    inject(vector, false, 0);
}

void pv_inject_page_fault(u64 address, u32 error_code)
{
    struct vcpu *v = current_vcpu();

    v->pv.cr2 = address;
    v->info->arch.cr2 = address;
    pv_inject_trap(VECTOR_PF, error_code);
}

void pv_inject_upcall(void)
{
    struct vcpu *v = current_vcpu();

    bounce(v, v->pv.event_callback, true, false, 0);
}

/* Masked until the handler's iret. */
void pv_inject_nmi(void)
{
    struct vcpu *v = current_vcpu();

    v->pv.nmi_pending = false;
    v->pv.nmi_masked = true;
    bounce(v, v->pv.trap[VECTOR_NMI].address, true, false, 0);
}

static u16 live_selector(u32 which)
{
    u64 ds, es, fs, gs;

    __asm__ volatile("mov %%ds, %0; mov %%es, %1; mov %%fs, %2; mov %%gs, %3"
                     : "=r"(ds), "=r"(es), "=r"(fs), "=r"(gs));
    return (u16)(which == 0 ? ds : which == 1 ? es : which == 2 ? fs : gs);
}

/* The usual frame, with the four selectors where an error code would be. */
void pv_inject_failsafe(void)
{
    struct vcpu *v = current_vcpu();
    struct cpu_user_regs *regs = guest_regs();
    u64 words[6] = {regs->rcx, regs->r11};

    if (!v->pv.failsafe_callback) {
        domain_crash(v->domain, "vcpu %u: its state cannot be loaded at %lx, and it has no failsafe callback",
                     v->id, regs->rip);
        return;
    }
    for (u32 i = 0; i < 4; i++)
        words[2 + i] = live_selector(i);
    bounce(v, v->pv.failsafe_callback, v->pv.failsafe_masks_events, false, 0);
    if (regs->rip != v->pv.failsafe_callback || regs->entry_vector)
        return; /* crashed */
    regs->rsp -= 4 * 8;
    if (copy_to_guest(regs->rsp, words, sizeof(words)))
        domain_crash(v->domain, "vcpu %u: no failsafe frame fits its kernel stack, at %lx", v->id, regs->rsp);
}

/* Nine words, each with its own entry: false if one of them cannot be read. */
static inline bool read_iret_frame(struct iret_context *frame, u64 address)
{
    u64 word, failed = 1;

    if (unlikely(!guest_range_ok(address, sizeof(*frame))))
        return false;
    guest_access_begin();
    __asm__ volatile(".irp at, 0, 8, 16, 24, 32, 40, 48, 56, 64\n\t"
                     "1: mov \\at(%[from]), %[word]\n\t"
                     "mov %[word], \\at(%[to])\n\t" EXTABLE("1b", "9f")
                     ".endr\n\t"
                     "xor %k[failed], %k[failed]\n\t"
                     "9:"
                     : [failed] "+&r"(failed), [word] "=&r"(word)
                     : [from] "r"(address), [to] "r"(frame)
                     : "memory");
    guest_access_end();
    return !failed;
}

void pv_iret(void)
{
    struct vcpu *v = current_vcpu();
    struct cpu_user_regs *regs = guest_regs();
    struct iret_context frame;

    if (unlikely(!read_iret_frame(&frame, regs->rsp))) {
        domain_crash(v->domain, "vcpu %u: iret's frame at %lx cannot be read", v->id, regs->rsp);
        return;
    }
    if ((frame.cs & 3) == 3) {
        if (unlikely(!mfn_x(v->user_base))) {
            domain_crash(v->domain, "vcpu %u: iret to user mode without user page tables", v->id);
            return;
        }
        pv_toggle_mode(v);
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

void pv_handle_syscall_from_user(void)
{
    struct vcpu *v = current_vcpu();

    if (unlikely(!v->pv.syscall_callback)) {
        guest_regs()->rip -= 2;
        pv_inject_trap(VECTOR_UD, 0);
        return;
    }
    bounce(v, v->pv.syscall_callback, v->pv.syscall_masks_events, false, 0);
}

/* From 32-bit code; a guest without the callback sees what a CPU without the instruction does. */
void pv_handle_syscall32(void)
{
    struct vcpu *v = current_vcpu();

    if (!v->pv.syscall32_callback) {
        guest_regs()->rip -= 2;
        pv_inject_trap(VECTOR_UD, 0);
        return;
    }
    bounce(v, v->pv.syscall32_callback, v->pv.syscall32_masks_events, false, 0);
}

void pv_handle_sysenter(void)
{
    struct vcpu *v = current_vcpu();

    if (!v->pv.sysenter_callback)
        pv_inject_trap(VECTOR_GP, 0);
    else
        bounce(v, v->pv.sysenter_callback, v->pv.sysenter_masks_events, false, 0);
}
