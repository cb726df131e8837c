/* SPDX-License-Identifier: MIT */
/*
 * What a guest's kernel asks of its virtual CPU: trap table, descriptors, stacks, callbacks, debug registers, FPU,
 * segment bases. Only decoding and checks here; the state is pv/'s.
 */
#include <public/callback.h>

#include "domain/domain.h"
#include "entry/gates.h"
#include "hypercall/hypercall.h"
#include "memory/guest_copy.h"
#include "pv/context.h"
#include "pv/descriptor.h"
#include "pv/emulate.h"
#include "pv/trap.h"

/* An array that ends with address 0. Entries before a wrong one stand, as Xen has it. */
long do_set_trap_table(struct vcpu *v, u64 args[6])
{
    u64 at = args[0];

    if (!at) {
        for (u32 i = 0; i < 256; i++)
            v->pv.trap[i] = (struct pv_trap){0};
        return 0;
    }
    for (u32 n = 0; n < 257; n++, at += sizeof(struct trap_info)) {
        struct trap_info t;

        if (copy_struct_from_guest(&t, at))
            return -EFAULT;
        if (!t.address)
            return 0;
        if (!selector_guest_code_ok(t.cs))
            return -EPERM;
        if (!address_canonical(t.address))
            return -EINVAL;
        v->pv.trap[t.vector] = (struct pv_trap){t.address, t.cs | 3u, TI_GET_DPL(&t), TI_GET_IF(&t) != 0};
    }
    return -EINVAL;
}

long do_set_gdt(struct vcpu *v, u64 args[6])
{
    u64 frames[FIRST_RESERVED_GDT_PAGE];
    u32 entries = (u32)args[1], pages = (entries + 511) / 512;

    if (entries > FIRST_RESERVED_GDT_ENTRY)
        return -EINVAL;
    if (copy_from_guest(frames, args[0], pages * sizeof(frames[0])))
        return -EFAULT;
    return descriptor_set_gdt(v, frames, entries);
}

long do_stack_switch(struct vcpu *v, u64 args[6])
{
    v->pv.kernel_ss = (args[0] & 0xffff) | 3;
    v->pv.kernel_sp = args[1];
    return 0;
}

long do_fpu_taskswitch(struct vcpu *v, u64 args[6])
{
    fpu_set_guest_ts(v, args[0] != 0);
    return 0;
}

long do_set_debugreg(struct vcpu *v, u64 args[6])
{
    return pv_set_debugreg(v, (u32)args[0], args[1]);
}

long do_get_debugreg(struct vcpu *v, u64 args[6])
{
    u32 number = (u32)args[0];

    if (number > 7)
        return -EINVAL;
    return number == 4 || number == 5 ? 0 : (long)v->pv.debugreg[number];
}

long do_update_descriptor(struct vcpu *v, u64 args[6])
{
    return descriptor_update(v, args[0], args[1]);
}

long do_set_segment_base(struct vcpu *v, u64 args[6])
{
    static const u8 base[] = {
        [SEGBASE_FS] = PV_BASE_FS,
        [SEGBASE_GS_USER] = PV_BASE_GS_USER,
        [SEGBASE_GS_KERNEL] = PV_BASE_GS_KERNEL,
    };
    u32 which = (u32)args[0];

    if (which < ARRAY_SIZE(base))
        return pv_set_base(v, base[which], args[1]) ? 0 : -EINVAL;
    if (which != SEGBASE_GS_USER_SEL)
        return -EINVAL;
    pv_load_user_gs((u16)args[1]);
    return 0;
}

/* entry/ takes this call's usual way straight to pv_iret(); here are only those inside a multicall. */
long do_iret(struct vcpu *v, u64 args[6])
{
    (void)v;
    (void)args;
    return -ENOSYS;
}

/* Is there an entry point of that kind beside the NMI's, which is one of the traps? The event callback always masks events. */
static bool is_callback(u32 type)
{
    return type <= CALLBACKTYPE_syscall || type == CALLBACKTYPE_sysenter || type == CALLBACKTYPE_syscall32;
}

static long call_register(const struct command_call *c)
{
    const struct callback_register *op = c->op;
    struct vcpu_pv *pv = &c->v->pv;

    if (!address_canonical(op->address))
        return -EINVAL;
    if (op->type == CALLBACKTYPE_nmi)
        pv->trap[VECTOR_NMI] = (struct pv_trap){op->address, FLAT_KERNEL_CS, 0, true};
    else if (is_callback(op->type))
        pv->callback[op->type] = (struct pv_callback){op->address, op->flags & CALLBACKF_mask_events};
    else
        return -ENOSYS;
    return 0;
}

/* Only NMIs can be done without. */
static long call_unregister(const struct command_call *c)
{
    const struct callback_unregister *op = c->op;

    if (op->type != CALLBACKTYPE_nmi)
        return is_callback(op->type) ? -EINVAL : -ENOSYS;
    c->v->pv.trap[VECTOR_NMI].address = 0;
    return 0;
}

long do_callback_op(struct vcpu *v, u64 args[6])
{
    static const struct command commands[] = {
        {CALLBACKOP_register, sizeof(struct callback_register), 0, call_register},
        {CALLBACKOP_unregister, sizeof(struct callback_unregister), 0, call_unregister},
    };

    return COMMAND_RUN(commands, (u32)args[0], v, args[1]);
}

long do_vm_assist(struct vcpu *v, u64 args[6])
{
    u32 *assist = &v->domain->pv.vm_assist;
    u64 bit = (u32)args[1] < 32 ? 1ull << (u32)args[1] : 0;

    if (!(bit & PV_VM_ASSIST_ALLOWED))
        return -EINVAL;
    switch ((u32)args[0]) {
    case VMASST_CMD_enable: __atomic_fetch_or(assist, (u32)bit, __ATOMIC_RELAXED); return 0;
    case VMASST_CMD_disable: __atomic_fetch_and(assist, ~(u32)bit, __ATOMIC_RELAXED); return 0;
    default: return -ENOSYS;
    }
}
