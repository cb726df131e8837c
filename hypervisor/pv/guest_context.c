/* SPDX-License-Identifier: MIT */
/*
 * The whole of a vcpu's state in the ABI's form (vcpu_guest_context): checked first, then set; and given out.
 * The vcpu is paused or not up, so its state is in its struct and in no CPU.
 */

#include "cpu/fpu.h"
#include "cpu/msr.h"
#include "domain/domain.h"
#include "lib/string.h"
#include "memory/pagetable.h"
#include "pv/context.h"
#include "pv/descriptor.h"
#include "pv/emulate.h"
#include "pv/trap.h"

static bool addresses_ok(const struct vcpu_guest_context *c)
{
    const u64 addresses[] = {
        c->user_regs.rip, c->user_regs.rsp, c->kernel_sp, c->event_callback_eip, c->failsafe_callback_eip,
        c->syscall_callback_eip, c->fs_base, c->gs_base_kernel, c->gs_base_user, c->ldt_base,
    };

    for (u32 i = 0; i < ARRAY_SIZE(addresses); i++)
        if (!address_canonical(addresses[i]))
            return false;
    return true;
}

static int check_context(const struct vcpu_guest_context *c)
{
    if (!addresses_ok(c) || c->gdt_ents > FIRST_RESERVED_GDT_ENTRY || c->ldt_ents > 8192)
        return -EINVAL;
    if (!(c->flags & VGCF_in_kernel) && !c->ctrlreg[1])
        return -EINVAL; /* user mode, and no page tables for it */
    for (u32 i = 0; i < 256; i++)
        if (!address_canonical(c->trap_ctxt[i].address) || !selector_guest_code_ok(c->trap_ctxt[i].cs))
            return -EINVAL;
    return 0;
}

static void set_traps(struct vcpu_pv *pv, const struct vcpu_guest_context *c)
{
    for (u32 i = 0; i < 256; i++) {
        const struct trap_info *t = &c->trap_ctxt[i];

        pv->trap[i] = (struct pv_trap){t->address, t->cs, TI_GET_DPL(t), TI_GET_IF(t) != 0};
    }
}

static void set_registers(struct vcpu *v, const struct vcpu_guest_context *c)
{
    struct vcpu_pv *pv = &v->pv;

    pv->regs = c->user_regs;
    pv->regs.entry_vector = 0;
    pv->regs.error_code = 0;
    pv->regs.cs |= 3;
    pv->regs.ss |= 3;
    pv->iopl = (u32)(c->user_regs.rflags & EFLAGS_IOPL);
    pv->regs.rflags = pv_sanitize_rflags(c->user_regs.rflags);
    pv->fs_base = c->fs_base;
    pv->gs_base_kernel = c->gs_base_kernel;
    pv->gs_base_user = c->gs_base_user;
    pv->cr0_guest = c->ctrlreg[0] & CR0_TS;
    pv->cr4_guest = pv_cr4_allowed(c->ctrlreg[4]);
    for (u32 i = 0; i < 8; i++)
        if (i != 4 && i != 5 && pv_set_debugreg(v, i, c->debugreg[i]))
            pv->debugreg[i] = 0;
    if (c->flags & VGCF_i387_valid)
        fpu_state_import(pv->fpu, &c->fpu_ctxt);
    else
        fpu_state_reset(pv->fpu);
    pv->fpu_used = (c->flags & VGCF_i387_valid) != 0;
}

static struct vcpu_guest_context context_room;
static bool context_room_taken;

struct vcpu_guest_context *pv_context_room(void)
{
    return __atomic_exchange_n(&context_room_taken, true, __ATOMIC_ACQUIRE) ? NULL : &context_room;
}

void pv_context_room_end(void)
{
    __atomic_store_n(&context_room_taken, false, __ATOMIC_RELEASE);
}

int pv_set_context(struct vcpu *v, const struct vcpu_guest_context *c)
{
    struct vcpu_pv *pv = &v->pv;
    int error = check_context(c);

    if (error)
        return error;
    /* What holds frames may fail or want another turn; done twice it does no harm. */
    error = pt_set_base(v, mfn(xen_cr3_to_pfn(c->ctrlreg[3])));
    if (error)
        return error;
    error = pt_set_user_base(v, mfn(xen_cr3_to_pfn(c->ctrlreg[1])));
    if (error)
        return error;
    error = descriptor_set_gdt(v, c->gdt_frames, (u32)c->gdt_ents);
    if (error)
        return error;
    error = descriptor_set_ldt(v, c->ldt_base, (u32)c->ldt_ents);
    if (error)
        return error;

    set_traps(pv, c);
    set_registers(v, c);
    pv->kernel_mode = (c->flags & VGCF_in_kernel) != 0;
    pv->kernel_ss = c->kernel_ss | 3;
    pv->kernel_sp = c->kernel_sp;
    pv->callback[CALLBACKTYPE_event].address = c->event_callback_eip;
    pv->callback[CALLBACKTYPE_failsafe] =
        (struct pv_callback){c->failsafe_callback_eip, (c->flags & VGCF_failsafe_disables_events) != 0};
    pv->callback[CALLBACKTYPE_syscall] =
        (struct pv_callback){c->syscall_callback_eip, (c->flags & VGCF_syscall_disables_events) != 0};
    if (!v->initialised) {
        v->info->evtchn_upcall_mask = 1;
        if (!v->id)
            v->domain->pv.vm_assist = (u32)c->vm_assist & PV_VM_ASSIST_ALLOWED;
    }
    v->initialised = true;
    return 0;
}

static void get_traps(const struct vcpu_pv *pv, struct vcpu_guest_context *c)
{
    for (u32 i = 0; i < 256; i++) {
        const struct pv_trap *t = &pv->trap[i];

        if (t->address)
            c->trap_ctxt[i] = (struct trap_info){(u8)i, (u8)(t->dpl | (t->mask_events ? 4 : 0)), t->cs, t->address};
    }
}

void pv_get_context(const struct vcpu *v, struct vcpu_guest_context *c)
{
    const struct vcpu_pv *pv = &v->pv;
    const struct pv_callback *failsafe = &pv->callback[CALLBACKTYPE_failsafe], *syscall = &pv->callback[CALLBACKTYPE_syscall];

    c->user_regs = pv->regs;
    c->user_regs.rflags |= pv->iopl;
    memcpy(&c->fpu_ctxt, pv->fpu->fxsave, sizeof(c->fpu_ctxt));
    c->flags = (pv->kernel_mode ? VGCF_in_kernel : 0) | (pv->fpu_used ? VGCF_i387_valid : 0) |
               (v->sched.down ? 0 : VGCF_online) | (failsafe->masks_events ? VGCF_failsafe_disables_events : 0) |
               (syscall->masks_events ? VGCF_syscall_disables_events : 0);
    get_traps(pv, c);
    c->ldt_base = pv->ldt_entries ? pv->ldt_base : 0;
    c->ldt_ents = pv->ldt_entries;
    c->gdt_ents = pv->gdt_entries;
    for (u32 i = 0; i < (pv->gdt_entries + 511) / 512; i++)
        c->gdt_frames[i] = mfn_x(pv->gdt_frame[i]);
    c->kernel_ss = pv->kernel_ss;
    c->kernel_sp = pv->kernel_sp;
    c->ctrlreg[0] = CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_PG | pv->cr0_guest;
    c->ctrlreg[1] = mfn_x(v->user_base) ? xen_pfn_to_cr3(mfn_x(v->user_base)) : 0;
    c->ctrlreg[3] = xen_pfn_to_cr3(mfn_x(v->base));
    c->ctrlreg[4] = pv->cr4_guest;
    memcpy(c->debugreg, pv->debugreg, sizeof(c->debugreg));
    c->event_callback_eip = pv->callback[CALLBACKTYPE_event].address;
    c->failsafe_callback_eip = failsafe->address;
    c->syscall_callback_eip = syscall->address;
    c->vm_assist = v->domain->pv.vm_assist;
    c->fs_base = pv->fs_base;
    c->gs_base_kernel = pv->gs_base_kernel;
    c->gs_base_user = pv->gs_base_user;
}
