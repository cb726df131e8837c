/* SPDX-License-Identifier: MIT */
/*
 * Doing what the decoder found, with the guest's registers, its memory (through copies) and its page tables (through
 * memory/pagetable.h). It must never do more for a guest than the hypercall for the same thing would.
 */
#include "pv/emulate.h"

#include "cpu/asm.h"
#include "cpu/features.h"
#include "cpu/msr.h"
#include "domain/domain.h"
#include "domain/iomem.h"
#include "entry/gates.h"
#include "hypercall/hypercall.h"
#include "memory/guest_copy.h"
#include "memory/pagetable.h"
#include "pv/context.h"
#include "pv/fetch.h"
#include "pv/trap.h"

#define CR4_FIXED (CR4_PAE | CR4_MCE | CR4_OSFXSR | CR4_OSXMMEXCPT)
#define DR6_SINGLE_STEP 0x4000u
#define LAR_LONG_MODE (1u << 21)
#define ACCESS_RIGHTS_TYPE_CODE (1u << 11)
/* String I/O: this many, then the guest gets its interrupts and comes again. */
#define STRING_IO_BATCH 256u

#define AT(name) offsetof(struct cpu_user_regs, name)

/* A general register of the guest by its number in ModRM. */
u64 *pv_guest_register(u32 number)
{
    static const u8 offset[16] = {
        AT(rax), AT(rcx), AT(rdx), AT(rbx), AT(rsp), AT(rbp), AT(rsi), AT(rdi),
        AT(r8), AT(r9), AT(r10), AT(r11), AT(r12), AT(r13), AT(r14), AT(r15),
    };

    return (u64 *)((u8 *)guest_regs() + offset[number & 15]);
}

static bool code_is_64bit(u16 selector)
{
    u32 rights;
    bool valid;

    if (selector == FLAT_RING3_CS64)
        return true;
    __asm__("lar %k2, %0" : "=r"(rights), "=@ccz"(valid) : "r"((u32)selector) : "memory");
    return valid && (rights & ACCESS_RIGHTS_TYPE_CODE) && (rights & LAR_LONG_MODE);
}

u32 pv_fetch(u8 bytes[15])
{
    u64 rip = guest_regs()->rip;
    u32 first = (u32)MIN(PAGE_SIZE - (rip & ~PAGE_MASK), 15ul);

    if (copy_from_guest(bytes, rip, first))
        return 0;
    if (first < 15 && !copy_from_guest(bytes + first, rip + first, 15 - first))
        first = 15;
    return first;
}

bool pv_fetch_decode(struct pv_insn *insn)
{
    u8 bytes[15];
    u32 size;

    if (!code_is_64bit(guest_regs()->cs))
        return false;
    size = pv_fetch(bytes);
    return size && pv_decode(bytes, size, insn);
}

bool pv_retire(u32 length)
{
    struct cpu_user_regs *regs = guest_regs();
    struct vcpu *v = current_vcpu();

    regs->rip += length;
    regs->rflags &= ~EFLAGS_RF;
    if (unlikely(regs->rflags & EFLAGS_TF)) {
        v->pv.debugreg[6] |= DR6_SINGLE_STEP;
        pv_inject_trap(VECTOR_DB, 0);
    }
    return true;
}

static bool io_allowed(const struct vcpu *v)
{
    return v->pv.iopl >= (v->pv.kernel_mode ? 0x1000u : 0x3000u);
}

static bool do_port(struct vcpu *v, const struct pv_insn *insn)
{
    u16 port = insn->has_immediate ? (u16)insn->immediate : (u16)guest_regs()->rdx;

    if (!io_allowed(v))
        return false;
    if (insn->op == PV_IN)
        pv_write_register(insn, 0, iomem_port_read(v->domain, port, insn->size));
    else
        iomem_port_write(v->domain, port, insn->size, (u32)guest_regs()->rax);
    return pv_retire(insn->length);
}

/* One element; the address where the guest's memory failed, or 0. */
static bool string_port_once(struct vcpu *v, const struct pv_insn *insn, u64 address)
{
    u16 port = (u16)guest_regs()->rdx;
    u32 value = 0;

    if (insn->op == PV_OUTS) {
        if (copy_from_guest(&value, address, insn->size))
            return false;
        iomem_port_write(v->domain, port, insn->size, value);
        return true;
    }
    /* is there room? A byte read from a device cannot be put back. */
    if (copy_from_guest(&value, address, insn->size) || copy_to_guest(address, &value, insn->size))
        return false;
    value = iomem_port_read(v->domain, port, insn->size);
    return !copy_to_guest(address, &value, insn->size);
}

static bool do_string_port(struct vcpu *v, const struct pv_insn *insn)
{
    struct cpu_user_regs *regs = guest_regs();
    u64 *pointer = insn->op == PV_INS ? &regs->rdi : &regs->rsi;
    u64 step = (regs->rflags & EFLAGS_DF) ? -(u64)insn->size : insn->size;

    if (!io_allowed(v) || insn->segment || insn->short_address)
        return false;
    if (insn->repeat && !regs->rcx)
        return pv_retire(insn->length);
    for (u32 i = 0; i < STRING_IO_BATCH; i++) {
        if (!string_port_once(v, insn, *pointer)) {
            pv_inject_page_fault(*pointer, (insn->op == PV_INS ? 2u : 0) | (v->pv.kernel_mode ? 0 : 4u));
            return true;
        }
        *pointer += step;
        if (!insn->repeat || !--regs->rcx)
            return pv_retire(insn->length);
    }
    return true; /* rip still at it */
}

static bool do_msr(struct vcpu *v, const struct pv_insn *insn)
{
    struct cpu_user_regs *regs = guest_regs();
    u64 value;

    if (insn->op == PV_WRMSR)
        return pv_write_msr(v, (u32)regs->rcx, (u32)regs->rax | regs->rdx << 32) && pv_retire(insn->length);
    if (!pv_read_msr(v, (u32)regs->rcx, &value))
        return false;
    regs->rax = (u32)value;
    regs->rdx = value >> 32;
    return pv_retire(insn->length);
}

static u64 cr0_view(const struct vcpu *v)
{
    return CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_PG | (v->pv.cr0_guest & CR0_TS);
}

u64 pv_cr4_allowed(u64 cr4)
{
    return (cr4 & (CR4_TSD | (cpu_features.cr4 & (CR4_FSGSBASE | CR4_OSXSAVE)))) | CR4_FIXED;
}

static bool do_mov_from_cr(struct vcpu *v, const struct pv_insn *insn)
{
    u64 value;

    switch (insn->reg) {
    case 0: value = cr0_view(v); break;
    case 2: value = v->info->arch.cr2; break;
    case 3: value = xen_pfn_to_cr3(mfn_x(v->base)); break;
    case 4: value = v->pv.cr4_guest ? v->pv.cr4_guest : CR4_FIXED; break;
    default: return false;
    }
    *pv_guest_register(insn->rm) = value;
    return pv_retire(insn->length);
}

static bool do_mov_to_cr(struct vcpu *v, const struct pv_insn *insn)
{
    u64 value = *pv_guest_register(insn->rm);
    int error;

    switch (insn->reg) {
    case 0:
        if ((value ^ cr0_view(v)) & ~(u64)CR0_TS)
            return false;
        fpu_set_guest_ts(v, (value & CR0_TS) != 0);
        break;
    case 2: v->info->arch.cr2 = value; break;
    case 3:
        error = pt_set_base(v, mfn(xen_cr3_to_pfn(value)));
        if (error)
            return error == -ERESTART;
        break;
    case 4:
        v->pv.cr4_guest = pv_cr4_allowed(value);
        write_cr4(cpu_features.cr4 | (v->pv.cr4_guest & CR4_TSD));
        break;
    default: return false;
    }
    return pv_retire(insn->length);
}

static bool do_debug_register(struct vcpu *v, const struct pv_insn *insn)
{
    u32 number = insn->reg == 4 || insn->reg == 5 ? insn->reg + 2u : insn->reg; /* as without CR4.DE */

    if (number > 7)
        return false;
    if (insn->op == PV_MOV_FROM_DR)
        *pv_guest_register(insn->rm) = v->pv.debugreg[number];
    else if (pv_set_debugreg(v, number, *pv_guest_register(insn->rm)))
        return false;
    return pv_retire(insn->length);
}

static bool do_rdtsc(const struct pv_insn *insn)
{
    struct cpu_user_regs *regs = guest_regs();
    u64 value = rdtsc();

    regs->rax = (u32)value;
    regs->rdx = value >> 32;
    if (insn->op == PV_RDTSCP)
        regs->rcx = current_vcpu()->pv.tsc_aux;
    return pv_retire(insn->length);
}

static bool do_invlpg(const struct pv_insn *insn)
{
    u64 address = (u64)insn->displacement;

    if (insn->segment || insn->short_address)
        return false;
    if (insn->base == PV_REG_RIP)
        address += guest_regs()->rip + insn->length;
    else if (insn->base != PV_REG_NONE)
        address += *pv_guest_register(insn->base);
    if (insn->index != PV_REG_NONE)
        address += *pv_guest_register(insn->index) << insn->scale;
    if (guest_range_ok(address, 1))
        invlpg(address);
    return pv_retire(insn->length);
}

static bool do_kernel_instruction(struct vcpu *v, const struct pv_insn *insn)
{
    struct cpu_user_regs *regs = guest_regs();

    switch (insn->op) {
    case PV_RDMSR:
    case PV_WRMSR: return do_msr(v, insn);
    case PV_MOV_FROM_CR: return do_mov_from_cr(v, insn);
    case PV_MOV_TO_CR: return do_mov_to_cr(v, insn);
    case PV_MOV_FROM_DR:
    case PV_MOV_TO_DR: return do_debug_register(v, insn);
    case PV_RDTSC:
    case PV_RDTSCP: return do_rdtsc(insn);
    case PV_CLTS: fpu_set_guest_ts(v, false); return pv_retire(insn->length);
    case PV_INVLPG: return do_invlpg(insn);
    case PV_CLI: /* a PV kernel's interrupt flag is its event mask; nothing here would make a later POPF undo this */
    case PV_STI: return io_allowed(v) && pv_retire(insn->length);
    case PV_WBINVD:
        if (v->domain->privileged)
            __asm__ volatile("wbinvd" : : : "memory");
        return pv_retire(insn->length);
    case PV_HLT:
        v->info->evtchn_upcall_mask = 0;
        vcpu_block(v);
        return pv_retire(insn->length);
    case PV_XSETBV:
        return !(u32)regs->rcx && fpu_set_xcr0(v, (u32)regs->rax | regs->rdx << 32) && pv_retire(insn->length);
    default: return false;
    }
}

bool pv_emulate_privileged(void)
{
    struct vcpu *v = current_vcpu();
    struct pv_insn insn;

    if ((!v->pv.kernel_mode && !io_allowed(v)) || !pv_fetch_decode(&insn))
        return false;
    switch (insn.op) {
    case PV_IN:
    case PV_OUT: return do_port(v, &insn);
    case PV_INS:
    case PV_OUTS: return do_string_port(v, &insn);
    default: return v->pv.kernel_mode && do_kernel_instruction(v, &insn);
    }
}

/* ud2, "xen", cpuid: seven bytes, looked at as one number. */
#define FORCED_CPUID 0xa20f6e65780b0full
#define FORCED_CPUID_LENGTH 7

bool pv_emulate_forced_cpuid(void)
{
    struct cpu_user_regs *regs = guest_regs();
    u64 bytes = 0;
    u32 out[4];

    /* the eighth byte may be on a page that is not there */
    if (copy_from_guest(&bytes, regs->rip, 8) && copy_from_guest(&bytes, regs->rip, FORCED_CPUID_LENGTH))
        return false;
    if (bytes << 8 != FORCED_CPUID << 8)
        return false;
    pv_cpuid(current_vcpu(), (u32)regs->rax, (u32)regs->rcx, out);
    regs->rax = out[0];
    regs->rbx = out[1];
    regs->rcx = out[2];
    regs->rdx = out[3];
    pv_retire(FORCED_CPUID_LENGTH);
    return true;
}
