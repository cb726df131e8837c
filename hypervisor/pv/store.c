/* SPDX-License-Identifier: MIT */
/*
 * Stores to page-table pages that a guest has mapped read-only: what it wrote is an update of an entry, checked as
 * the hypercall's. Each is a compare-and-exchange of the whole 8-byte entry, so another CPU's update is never lost.
 */
#include "domain/domain.h"
#include "hypercall/hypercall.h"
#include "memory/guest_copy.h"
#include "memory/pagetable.h"
#include "pv/fetch.h"

#define FLAG_CF 0x001u
#define FLAG_PF 0x004u
#define FLAG_AF 0x010u
#define FLAG_ZF 0x040u
#define FLAG_SF 0x080u
#define FLAG_OF 0x800u
#define FLAGS_ARITHMETIC (FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_OF)

/* One store, reduced to: operand before -> operand after, with flags. All in the operand's own size. */
struct store {
    u64 mask;        /* of the operand's size, at bit 0 */
    u64 source;      /* register or immediate, in size */
    u64 before, after;
    u32 flags, flags_changed;
    bool writes;     /* cmpxchg may not */
};

static u64 read_source(const struct pv_insn *insn)
{
    if (insn->has_immediate)
        return insn->immediate;
    if (insn->size == 1 && !insn->rex && insn->reg >= 4)
        return *pv_guest_register(insn->reg - 4u) >> 8;
    return *pv_guest_register(insn->reg);
}

void pv_write_register(const struct pv_insn *insn, u32 number, u64 value)
{
    u64 *reg = pv_guest_register(number);

    switch (insn->size) {
    case 1:
        if (!insn->rex && number >= 4) {
            reg = pv_guest_register(number - 4);
            *reg = (*reg & ~0xff00ull) | (value & 0xff) << 8;
        } else {
            *reg = (*reg & ~0xffull) | (value & 0xff);
        }
        break;
    case 2: *reg = (*reg & ~0xffffull) | (value & 0xffff); break;
    case 4: *reg = (u32)value; break;
    default: *reg = value; break;
    }
}

static u32 result_flags(u64 value, u64 mask)
{
    u64 sign = mask ^ (mask >> 1);

    return ((value & mask) ? 0 : FLAG_ZF) | ((value & sign) ? FLAG_SF : 0) |
           (__builtin_parity((u32)(value & 0xff)) ? 0 : FLAG_PF);
}

/* The flags of a - b. */
static u32 compare_flags(u64 a, u64 b, u64 mask)
{
    u64 difference = (a - b) & mask, sign = mask ^ (mask >> 1);

    return result_flags(difference, mask) | (a < b ? FLAG_CF : 0) | (((a ^ b ^ difference) & 0x10) ? FLAG_AF : 0) |
           (((a ^ b) & (a ^ difference) & sign) ? FLAG_OF : 0);
}

static void compute(const struct pv_insn *insn, struct store *s)
{
    u64 bit = 1ull << (s->source & (insn->size * 8u - 1));
    u64 accumulator = *pv_guest_register(0) & s->mask;

    s->writes = true;
    s->flags = 0;
    s->flags_changed = 0;
    switch (insn->op) {
    case PV_STORE_AND:
    case PV_STORE_OR:
        s->after = insn->op == PV_STORE_AND ? s->before & s->source : s->before | s->source;
        s->flags = result_flags(s->after, s->mask);
        s->flags_changed = FLAGS_ARITHMETIC;
        break;
    case PV_STORE_BTS:
    case PV_STORE_BTR:
        s->after = insn->op == PV_STORE_BTS ? s->before | bit : s->before & ~bit;
        s->flags = (s->before & bit) ? FLAG_CF : 0;
        s->flags_changed = FLAG_CF;
        break;
    case PV_STORE_CMPXCHG:
        s->writes = s->before == accumulator;
        s->after = s->source;
        s->flags = compare_flags(accumulator, s->before, s->mask);
        s->flags_changed = FLAGS_ARITHMETIC;
        break;
    default: s->after = s->source; break;
    }
}

static void finish(const struct pv_insn *insn, const struct store *s)
{
    struct cpu_user_regs *regs = guest_regs();

    regs->rflags = (regs->rflags & ~(u64)s->flags_changed) | s->flags;
    if (insn->op == PV_STORE_XCHG)
        pv_write_register(insn, insn->reg, s->before);
    else if (insn->op == PV_STORE_CMPXCHG && !s->writes)
        pv_write_register(insn, 0, s->before);
    pv_retire(insn->length);
}

/* A plain store of a whole entry needs no look at what stood there. */
static int store_plain(struct vcpu *v, const struct pv_insn *insn, u64 address, struct store *s)
{
    u64 old;
    int error = pt_emulated_store(v, address, s->source, NULL, &old);

    if (!error)
        finish(insn, s);
    return error;
}

/* Once: where another CPU was faster the guest executes it again, rather than that ring 0 races with it for ever. */
static int store_modify(struct vcpu *v, const struct pv_insn *insn, u64 address, struct store *s)
{
    u32 shift = (u32)(address & 7) * 8;
    u64 entry, old;
    int error;

    if (copy_from_guest(&entry, address & ~7ull, 8))
        return -EINVAL;
    s->before = entry >> shift & s->mask;
    compute(insn, s);
    if (s->writes) {
        error = pt_emulated_store(v, address & ~7ull, (entry & ~(s->mask << shift)) | (s->after & s->mask) << shift,
                                  &entry, &old);
        if (error)
            return error;
        if (old != entry)
            return -ERESTART;
    }
    finish(insn, s);
    return 0;
}

bool pv_emulate_pagetable_store(u64 address)
{
    struct vcpu *v = current_vcpu();
    struct pv_insn insn;
    struct store s = {.mask = ~0ull};
    int error;

    if (!pv_fetch_decode(&insn) || insn.op < PV_STORE_MOV || (address & 7) + insn.size > 8)
        return false;
    if (insn.size < 8)
        s.mask = (1ull << (insn.size * 8)) - 1;
    s.source = read_source(&insn) & s.mask;
    if (insn.op == PV_STORE_MOV && insn.size == 8)
        error = store_plain(v, &insn, address, &s);
    else
        error = store_modify(v, &insn, address, &s);
    return !error || error == -ERESTART; /* -ERESTART: the guest executes it again */
}
