/* SPDX-License-Identifier: MIT */
/*
 * The decoder: prefixes, one or two opcode bytes, ModRM and what follows it, immediate. What is not in
 * the list ends in "no". It must never read beyond the bytes that are there.
 */
#include "pv/decode.h"

struct cursor {
    const u8 *bytes;
    u32 at, size;
    bool failed; /* ran off the end */
    u8 rex;
    bool operand16, lock;
};

#define REX_W 8
#define REX_R 4
#define REX_X 2
#define REX_B 1

static u8 take(struct cursor *c)
{
    if (c->at >= c->size) {
        c->failed = true;
        return 0;
    }
    return c->bytes[c->at++];
}

/* A little-endian, sign-extended number of 1, 2 or 4 bytes. */
static s64 take_signed(struct cursor *c, u32 bytes)
{
    u64 value = 0;
    u32 unused = 64 - 8 * bytes;

    for (u32 i = 0; i < bytes; i++)
        value |= (u64)take(c) << (8 * i);
    return (s64)(value << unused) >> unused;
}

static void take_prefixes(struct cursor *c, struct pv_insn *insn)
{
    for (;; c->at++) {
        u8 byte = c->at < c->size ? c->bytes[c->at] : 0;

        switch (byte) {
        case 0x66: c->operand16 = true; break;
        case 0x67: insn->short_address = true; break;
        case 0xf0: c->lock = true; break;
        case 0xf2:
        case 0xf3: insn->repeat = true; break;
        case 0x26:
        case 0x2e:
        case 0x36:
        case 0x3e: break; /* without effect in 64-bit code */
        case 0x64:
        case 0x65: insn->segment = true; break;
        default:
            if ((byte & 0xf0) == 0x40) { /* REX, which must come last */
                c->rex = byte;
                insn->rex = true;
                c->at++;
            }
            return;
        }
    }
}

static u8 reg_field(u8 low, bool high)
{
    return (u8)(low | (high ? 8 : 0));
}

static void take_sib(struct cursor *c, struct pv_insn *insn, u8 mod)
{
    u8 sib = take(c);
    u8 index = reg_field(sib >> 3 & 7, c->rex & REX_X);

    insn->scale = sib >> 6;
    insn->index = index == 4 ? PV_REG_NONE : index;
    insn->base = reg_field(sib & 7, c->rex & REX_B);
    if ((sib & 7) == 5 && mod == 0) {
        insn->base = PV_REG_NONE;
        insn->displacement = take_signed(c, 4);
    }
}

static void take_modrm(struct cursor *c, struct pv_insn *insn)
{
    u8 modrm = take(c), mod = modrm >> 6, rm = modrm & 7;

    insn->reg = reg_field(modrm >> 3 & 7, c->rex & REX_R);
    insn->rm = reg_field(rm, c->rex & REX_B);
    if (mod == 3)
        return;
    insn->memory = true;
    insn->index = PV_REG_NONE;
    insn->base = insn->rm;
    if (rm == 4) {
        take_sib(c, insn, mod);
    } else if (mod == 0 && rm == 5) {
        insn->base = PV_REG_RIP;
        insn->displacement = take_signed(c, 4);
    }
    if (mod == 1)
        insn->displacement = take_signed(c, 1);
    else if (mod == 2)
        insn->displacement = take_signed(c, 4);
}

static u8 full_size(const struct cursor *c)
{
    return (c->rex & REX_W) ? 8 : c->operand16 ? 2 : 4;
}

/* Even opcodes work on bytes, odd ones on words: true of all stores in the list. */
static void take_store(struct cursor *c, struct pv_insn *insn, u8 opcode, enum pv_op op)
{
    insn->op = (u8)op;
    insn->size = (opcode & 1) ? full_size(c) : 1;
    take_modrm(c, insn);
}

static void take_immediate(struct cursor *c, struct pv_insn *insn, u32 bytes)
{
    insn->immediate = (u64)take_signed(c, bytes);
    insn->has_immediate = true;
}

/* The port is in dx, or an immediate byte where bit 3 of the opcode is clear. */
static bool decode_port(struct cursor *c, struct pv_insn *insn, u8 opcode, enum pv_op in, enum pv_op out)
{
    insn->op = (u8)((opcode & 2) ? out : in);
    insn->size = (opcode & 1) ? (c->operand16 ? 2 : 4) : 1;
    if (opcode & 8)
        return true;
    take_immediate(c, insn, 1);
    insn->immediate &= 0xff;
    return true;
}

/* 80, 81, 83: the operation is in ModRM.reg. */
static bool decode_group1(struct cursor *c, struct pv_insn *insn, u8 opcode)
{
    take_store(c, insn, opcode, PV_STORE_OR);
    switch (insn->reg & 7) {
    case 1: break;
    case 4: insn->op = PV_STORE_AND; break;
    default: return false;
    }
    take_immediate(c, insn, (opcode == 0x81 && insn->size > 1) ? MIN(insn->size, 4u) : 1);
    return true;
}

static bool decode_group7(struct cursor *c, struct pv_insn *insn)
{
    u8 modrm = c->at < c->size ? c->bytes[c->at] : 0;

    take_modrm(c, insn);
    if (insn->memory && (insn->reg & 7) == 7)
        insn->op = PV_INVLPG;
    else if (modrm == 0xd1)
        insn->op = PV_XSETBV;
    else if (modrm == 0xf9)
        insn->op = PV_RDTSCP;
    else
        return false;
    return true;
}

static bool decode_two_byte(struct cursor *c, struct pv_insn *insn)
{
    u8 opcode = take(c);

    switch (opcode) {
    case 0x01: return decode_group7(c, insn);
    case 0x06: insn->op = PV_CLTS; return true;
    case 0x09: insn->op = PV_WBINVD; return true;
    case 0x30: insn->op = PV_WRMSR; return true;
    case 0x31: insn->op = PV_RDTSC; return true;
    case 0x32: insn->op = PV_RDMSR; return true;
    case 0x20 ... 0x23: {
        static const u8 op[] = {PV_MOV_FROM_CR, PV_MOV_FROM_DR, PV_MOV_TO_CR, PV_MOV_TO_DR};
        u8 modrm = take(c); /* always two registers, whatever mod says */

        insn->op = op[opcode & 3];
        insn->size = 8;
        insn->reg = reg_field(modrm >> 3 & 7, c->rex & REX_R);
        insn->rm = reg_field(modrm & 7, c->rex & REX_B);
        return true;
    }
    case 0xa2: insn->op = PV_CPUID; return true;
    case 0xab: take_store(c, insn, 1, PV_STORE_BTS); return true;
    case 0xb3: take_store(c, insn, 1, PV_STORE_BTR); return true;
    case 0xb0:
    case 0xb1: take_store(c, insn, opcode, PV_STORE_CMPXCHG); return true;
    case 0xba:
        take_store(c, insn, 1, PV_STORE_BTS);
        if ((insn->reg & 7) == 6)
            insn->op = PV_STORE_BTR;
        else if ((insn->reg & 7) != 5)
            return false;
        take_immediate(c, insn, 1);
        return true;
    default: return false;
    }
}

static bool decode_one_byte(struct cursor *c, struct pv_insn *insn, u8 opcode)
{
    switch (opcode) {
    case 0x08:
    case 0x09: take_store(c, insn, opcode, PV_STORE_OR); return true;
    case 0x20:
    case 0x21: take_store(c, insn, opcode, PV_STORE_AND); return true;
    case 0x6c ... 0x6f: return decode_port(c, insn, opcode, PV_INS, PV_OUTS);
    case 0x80:
    case 0x81:
    case 0x83: return decode_group1(c, insn, opcode);
    case 0x86:
    case 0x87: take_store(c, insn, opcode, PV_STORE_XCHG); return true;
    case 0x88:
    case 0x89: take_store(c, insn, opcode, PV_STORE_MOV); return true;
    case 0xc6:
    case 0xc7:
        take_store(c, insn, opcode, PV_STORE_MOV);
        if (insn->reg & 7)
            return false;
        take_immediate(c, insn, MIN(insn->size, 4u));
        return true;
    case 0xcd:
        insn->op = PV_INT;
        take_immediate(c, insn, 1);
        insn->immediate &= 0xff;
        return true;
    case 0xe4 ... 0xe7:
    case 0xec ... 0xef: return decode_port(c, insn, opcode, PV_IN, PV_OUT);
    case 0xf4: insn->op = PV_HLT; return true;
    case 0xfa: insn->op = PV_CLI; return true;
    case 0xfb: insn->op = PV_STI; return true;
    default: return false;
    }
}

bool pv_decode(const u8 *bytes, u32 size, struct pv_insn *out)
{
    struct cursor c = {.bytes = bytes, .size = MIN(size, 15u)};
    bool known;
    u8 opcode;

    *out = (struct pv_insn){.base = PV_REG_NONE, .index = PV_REG_NONE};
    take_prefixes(&c, out);
    opcode = take(&c);
    known = opcode == 0x0f ? decode_two_byte(&c, out) : decode_one_byte(&c, out, opcode);
    if (!known || c.failed || (out->op >= PV_STORE_MOV && !out->memory))
        return false;
    /* LOCK only before stores that read first */
    if (c.lock && out->op <= PV_STORE_MOV)
        return false;
    out->length = (u8)c.at;
    return true;
}
