/* SPDX-License-Identifier: MIT */
/*
 * Exceptions that a guest raised: which of them ring 0 sees to itself (stores to page tables, privileged instructions,
 * lazy FPU and LDT), and what the guest gets of the others. It must never act on an address before it knows
 * that it is the guest's.
 */
#include "cpu/asm.h"
#include "cpu/descriptor.h"
#include "cpu/features.h"
#include "cpu/msr.h"
#include "domain/domain.h"
#include "entry/gates.h"
#include "memory/guest_copy.h"
#include "memory/layout.h"
#include "memory/pagetable.h"
#include "pv/context.h"
#include "pv/descriptor.h"
#include "pv/fetch.h"
#include "pv/trap.h"

#define PF_PRESENT 1u
#define PF_WRITE 2u
#define PF_USER 4u
#define PF_RESERVED 8u
#define SELECTOR_IDT 2u /* bit of an error code that names a selector */
#define DR6_DEFAULT 0xffff0ff0ull

/* A read-only mapping of one of the guest's page tables? Few write faults of a kernel are: look before decoding. */
static bool maps_page_table(struct vcpu *v, u64 address)
{
    u64 entry = pt_lookup(v, address);
    u32 type;

    if (!(entry & PTE_P) || (entry & PTE_RW) || !mfn_valid(pte_mfn(entry)))
        return false;
    type = frame_of(pte_mfn(entry))->type >> FRAME_TYPE_SHIFT;
    return type >= FRAME_L1 && type <= FRAME_L4;
}

static void page_fault(struct vcpu *v, u32 error_code, u64 address)
{
    bool kernel = v->pv.kernel_mode;

    if (unlikely(address >= HV_VIRT_START && address < HV_VIRT_END)) {
        u64 ldt_offset = address - (cpu_window(this_cpu()->id) + 16 * PAGE_SIZE);

        if (ldt_offset < 16 * PAGE_SIZE && descriptor_ldt_fault(v, ldt_offset))
            return;
        error_code |= PF_PRESENT; /* what is mapped there is not the guest's to know */
    } else if (unlikely(!(error_code & PF_USER)) && features_smap_fault()) {
        return;
    } else if (kernel && (error_code & (PF_PRESENT | PF_WRITE | PF_RESERVED)) == (PF_PRESENT | PF_WRITE) &&
               maps_page_table(v, address) && pv_emulate_pagetable_store(address)) {
        return;
    }
    /* kernel and user both run in ring 3: the guest's own modes are what it wants to hear of */
    pv_inject_page_fault(address, (error_code & ~PF_USER) | (kernel ? 0 : PF_USER));
}

/* int N, by the guest's own trap table, with rip so far before the instruction's end, or behind its beginning. A guest's
 * kernel counts as ring 1 where its gates are concerned. */
static inline void software(struct vcpu *v, u32 vector, u32 before, u32 behind)
{
    const struct pv_trap *t = &v->pv.trap[vector];

    if (t->address && t->dpl + 2u * v->pv.kernel_mode >= 3) {
        guest_regs()->rip += before;
        pv_inject_software(vector);
    } else {
        guest_regs()->rip -= behind;
        pv_inject_trap(VECTOR_GP, vector * 8 + SELECTOR_IDT);
    }
}

/* int N through a gate that ring 3 may not use: the guest's own trap table decides. The error code should name the
 * vector, but not every CPU model gets that right; the instruction does. False: it is no int. */
static bool software_interrupt(struct vcpu *v, u32 error_code)
{
    u8 bytes[15];

    if (!(error_code & SELECTOR_IDT) || pv_fetch(bytes) < 2 || bytes[0] != 0xcd)
        return false;
    software(v, bytes[1], 2, 0);
    return true;
}

static void general_protection(struct vcpu *v, u32 error_code)
{
    if (error_code ? software_interrupt(v, error_code) : pv_emulate_privileged())
        return;
    pv_inject_trap(VECTOR_GP, error_code);
}

static void debug_exception(struct vcpu *v)
{
    u64 status;

    __asm__ volatile("mov %%db6, %0" : "=r"(status));
    __asm__ volatile("mov %0, %%db6" : : "r"(DR6_DEFAULT));
    v->pv.debugreg[6] |= status & ~DR6_DEFAULT;
    pv_inject_trap(VECTOR_DB, 0);
}

/* The guest's handler finds TS cleared, as the ABI has it: it may return to the instruction. */
static void device_not_available(struct vcpu *v)
{
    if (v->pv.cr0_guest & CR0_TS) {
        fpu_set_guest_ts(v, false);
        pv_inject_trap(VECTOR_NM, 0);
    } else {
        fpu_load_current();
    }
}

void pv_handle_exception(u32 vector, u32 error_code, u64 cr2)
{
    struct vcpu *v = current_vcpu();

    switch (vector) {
    case VECTOR_PF: page_fault(v, error_code, cr2); break;
    case VECTOR_GP: general_protection(v, error_code); break;
    case VECTOR_NM: device_not_available(v); break;
    case VECTOR_DB: debug_exception(v); break;
    case VECTOR_INT80: software(v, VECTOR_INT80, 0, 2); break;
    case VECTOR_UD:
        if (pv_emulate_forced_cpuid())
            break;
        pv_inject_trap(vector, 0);
        break;
    default: pv_inject_trap(vector, error_code); break;
    }
}
