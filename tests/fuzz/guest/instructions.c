/* SPDX-License-Identifier: MIT */
/*
 * Instructions that ring 3 may not have, which the hypervisor emulates or hands back as traps; frames for its iret that
 * are wrong in any field; user mode; segment registers loaded with whatever there is. Each ends in a trap, if only that of
 * the ud2 or int3 behind it, and the trap leads back to the vCPU's loop.
 */
#include "fuzz.h"

#define EXECUTE_MS 4

/* Templates: 0xNN bytes as they are; the four letters are drawn: b a byte, d four bytes, m a ModRM byte, r a register's. */
static const struct template
{
    const char *bytes;
    uint8_t size, any; /* how many random bytes follow */
    bool store;
}
templates[] = {
    {"\xec", 1, 0, false},
    {"\xed", 1, 0, false},
    {"\xee", 1, 0, false},
    {"\xef", 1, 0, false},
    {"\xe4", 1, 1, false},
    {"\xe5", 1, 1, false},
    {"\xe6", 1, 1, false},
    {"\xe7", 1, 1, false},
    {"\x66\xed", 2, 0, false},
    {"\x66\xef", 2, 0, false},
    {"\x6c", 1, 0, false},
    {"\x6d", 1, 0, false},
    {"\x6e", 1, 0, false},
    {"\x6f", 1, 0, false},
    {"\xf3\x6c", 2, 0, false},
    {"\xf3\x6d", 2, 0, false},
    {"\xf3\x6e", 2, 0, false},
    {"\xf3\x6f", 2, 0, false},
    {"\x0f\x32", 2, 0, false},
    {"\x0f\x30", 2, 0, false},
    {"\x0f\xa2", 2, 0, false},
    {"\x0f\x0bxen\x0f\xa2", 7, 0, false},
    {"\x0f\x20", 2, 1, false},
    {"\x0f\x22", 2, 1, false},
    {"\x0f\x21", 2, 1, false},
    {"\x0f\x23", 2, 1, false},
    {"\xfa", 1, 0, false},
    {"\xfb", 1, 0, false},
    {"\x0f\x06", 2, 0, false},
    {"\x0f\x09", 2, 0, false},
    {"\x0f\x08", 2, 0, false},
    {"\x0f\x01", 2, 1, false},
    {"\x0f\x01", 2, 2, false},
    {"\x0f\x01\xd1", 3, 0, false},
    {"\x0f\x01\xd0", 3, 0, false},
    {"\x0f\x31", 2, 0, false},
    {"\x0f\x01\xf9", 3, 0, false},
    {"\x0f\x33", 2, 0, false},
    {"\x0f\x00", 2, 1, false},
    {"\xcd", 1, 1, false},
    {"\xcc", 1, 0, false},
    {"\xf1", 1, 0, false},
    {"\x0f\x0b", 2, 0, false},
    {"\x48\xcf", 2, 0, false},
    {"\xcf", 1, 0, false},
    {"\xcb", 1, 0, false},
    {"\x48\xcb", 2, 0, false},
    {"\x0f\x05", 2, 0, false},
    {"\x0f\x34", 2, 0, false},
    {"\x0f\x35", 2, 0, false},
    {"\x48\x0f\x07", 3, 0, false},
    {"\x8e", 1, 1, false},
    {"\x0f\xb4", 2, 2, false},
    {"\xff", 1, 3, false},
    {"\x0f\x01\xf8", 3, 0, false},
    {"\xf3\x0f\xae", 3, 1, false},
    {"\xf3\x48\x0f\xae", 4, 1, false},
    {"\x0f\x01\xc1", 3, 0, false},
    {"\x0f\x01\xc8", 3, 0, false},
    {"\x0f\x02", 2, 1, false},
    {"\x0f\x03", 2, 1, false},
    {"\x9d", 1, 0, false},
    {"\x9b", 1, 0, false},
    {"\xd9\xee", 2, 0, false},
    {"\x0f\xae", 2, 1, false},
    {"\x0f\xc7", 2, 1, false},
    {"\x0f\xff", 2, 1, false},
    {"\x48", 1, 3, false},
    {"\x0f", 1, 3, false},
    {"\x66\x0f", 2, 3, false},
    {"\xf0", 1, 4, false},
    {"\x48\x89", 2, 1, true},
    {"\x88", 1, 1, true},
    {"\x66\x89", 2, 1, true},
    {"\x48\x87", 2, 1, true},
    {"\x67\x48\x89", 3, 1, true},
    {"\x65\x48\x89", 3, 1, true},
    {"\x64\x48\x8b", 3, 1, true},
    {"\xf4", 1, 0, false},
    {"\x8e\xd0", 2, 0, false},
    {"\x0f\x30\x0f\x32", 4, 0, false},
    {"\xf3\xaa", 2, 0, false},
    {"\xf3\x48\xa5", 3, 0, false},
    {"\xa3", 1, 8, false},
    {"", 0, 6, false},
    {"", 0, 12, false},
};
#define TEMPLATES (sizeof(templates) / sizeof(templates[0]))

static const uint32_t msrs[] = {
    0x10,       0x1b,       0x8b,       0x17a,      0x179,      0x1a0,      0x174,      0x175,
    0x176,      0x1d9,      0x277,      0xc0000080, 0xc0000081, 0xc0000082, 0xc0000083, 0xc0000084,
    0xc0000100, 0xc0000101, 0xc0000102, 0xc0000103, 0xc0010015, 0xc0010140, 0x48,       0x49,
    0x10a,      0x200,      0x2ff,      0x38f,      0x4b564d00, 0x40000000, 0x40000001, 0x140,
    0xce,       0x122,      0x345,      0x3a,
};

static uint64_t pick_register(struct fuzz_cpu *c)
{
    switch (below(c, 5)) {
    case 0:
        return pick_number(c);
    case 1:
        return PICK(c, msrs);
    case 2:
        return pick_selector(c);
    case 3:
        return below(c, 1024); /* a port, a leaf */
    default:
        return pick_address(c);
    }
}

/* Puts code into a page that is a vCPU's own; returns its size with the int3 that ends it. */
static unsigned int write_code(struct fuzz_cpu *c, uint8_t *to)
{
    unsigned int size = 0, count = one_in(c, 6) ? 1 + below(c, 3) : 1;

    for (; count; count--) {
        unsigned int which = below(c, TEMPLATES);
        const struct template *t = &templates[which];

        if (t->size == 1 && (uint8_t)t->bytes[0] == 0xf4 &&
            !one_in(c, 20)) /* hlt sleeps: not often */
            continue;
        if (t->any > 2 && !one_in(c, 8)) /* may be anything, the end of the guest too */
            continue;
        c->sub = which;
        if (one_in(c, 8)) {
            static const uint8_t prefixes[] = {0x66, 0x67, 0xf2, 0xf3, 0xf0, 0x2e,
                                               0x64, 0x65, 0x40, 0x48, 0x4f};

            to[size++] = PICK(c, prefixes);
        }
        memcpy(to + size, t->bytes, t->size);
        size += t->size;
        for (unsigned int i = 0; i < t->any; i++)
            to[size++] = (uint8_t)random_64(c);
        if (t->any == 1 &&
            !one_in(c, 60)) { /* to memory, or to any register but the stack pointer */
            if (t->store)
                to[size - 1] = (to[size - 1] & 0x3f) | (one_in(c, 2) ? 0x40 : 0);
            if ((to[size - 1] & 7) == 4)
                to[size - 1] ^= 1;
        }
    }
    memset(to + size, 0xcc, 16);
    return size;
}

static void fill_registers(struct fuzz_cpu *c)
{
    for (unsigned int i = 0; i < 15; i++)
        c->registers[i] = pick_register(c);
}

/* Five words that suit an iret, a far return or a popf. */
static void fill_stack(struct fuzz_cpu *c, uint64_t words[5])
{
    words[0] = one_in(c, 4) ? pick_address(c) : (uint64_t)fuzz_land;
    words[1] = pick_selector(c);
    words[2] = one_in(c, 2) ? 0x202 : random_64(c) & 0x3f7fd7;
    words[3] = one_in(c, 400) ? pick_address(c) : (uint64_t)c->jump[2] - 4096;
    words[4] = one_in(c, 2) ? FLAT_KERNEL_SS : pick_selector(c);
}

static void set_alarm(struct fuzz_cpu *c)
{
    c->executing_until = tsc_read() + EXECUTE_MS * tsc_per_ms;
    call_5(c, __HYPERVISOR_set_timer_op, now_ns() + (EXECUTE_MS + 1) * 1000000ull, 0, 0, 0);
    if (!one_in(c, 300)) /* or user mode is the end */
        mmuext(MMUEXT_NEW_USER_BASEPTR, mfn_of(user_root));
    vcpu_info_of(c->id)->evtchn_upcall_mask = 0;
}

static void execute(struct fuzz_cpu *c)
{
    uint64_t words[5];
    unsigned int offset = one_in(c, 6) ? PAGE_SIZE - 1 - below(c, 20) : below(c, PAGE_SIZE - 64);
    unsigned int size;

    if (offset > PAGE_SIZE - 40) /* it may run off the page, but must have been written */
        offset = PAGE_SIZE - 40;
    set_alarm(c);
    size = write_code(c, c->code + offset);
    c->kind = FUZZ_INSTRUCTION;
    c->code_end = (uint64_t)c->code + offset + size;
    fill_registers(c);
    fill_stack(c, words);
    fuzz_execute(c->registers, c->code + offset, words);
}

/* ---- the way back from the hypervisor's traps ---- */

struct iret_frame {
    uint64_t flags, rip, cs, rflags, rsp, ss;
};

static void return_with_frame(struct fuzz_cpu *c)
{
    struct iret_frame *frame = room(c, sizeof(*frame) + 64);
    bool user = one_in(c, 2);

    set_alarm(c);
    c->kind = FUZZ_IRET;
    c->sub = user;
    *frame =
        (struct iret_frame){.flags = one_in(c, 3) ? 0x100 : 0,
                            .rip = user ? USER_CODE : (uint64_t)fuzz_land,
                            .cs = user ? FLAT_USER_CS : FLAT_KERNEL_CS & ~3u,
                            .rflags = 0x202,
                            .rsp = user ? USER_STACK + PAGE_SIZE - 64 : (uint64_t)c->jump[2] - 4096,
                            .ss = FLAT_KERNEL_SS};
    if (one_in(c, 2))
        frame->cs = (pick_selector(c) & ~3u) | (user ? 3 : 0);
    if (one_in(c, 4))
        frame->ss = pick_selector(c);
    if (one_in(c, 4))
        frame->rflags = random_64(c);
    if (one_in(c, 6))
        frame->rip = pick_address(c);
    if (one_in(c, user ? 10 : 400))
        frame->rsp = pick_address(c);
    if (one_in(c, 20))
        frame->flags = random_64(c);
    fuzz_return(one_in(c, 1000) ? (const void *)pick_address(c) : frame);
}

static void user_mode(struct fuzz_cpu *c)
{
    struct iret_frame *frame = room(c, sizeof(*frame) + 64);
    unsigned int offset = below(c, PAGE_SIZE - 64), sub;

    set_alarm(c);
    c->code_end = USER_CODE + offset + write_code(c, user_code_page + offset);
    sub = c->sub;
    c->kind = FUZZ_USER;
    c->sub = sub;
    *frame = (struct iret_frame){.rip = USER_CODE + offset,
                                 .cs = FLAT_USER_CS,
                                 .rflags = one_in(c, 3) ? random_64(c) & 0x3f7fd7 : 0x202,
                                 .rsp = USER_STACK + PAGE_SIZE - 64,
                                 .ss = FLAT_USER_SS};
    fuzz_return(frame);
}

static void segments(struct fuzz_cpu *c)
{
    uint16_t selector = pick_selector(c);
    unsigned int which = below(c, 5);

    c->kind = FUZZ_INSTRUCTION;
    c->sub = 200 + which;
    switch (which) {
    case 0:
        __asm__ volatile("movw %0, %%ds" : : "r"(selector));
        break;
    case 1:
        __asm__ volatile("movw %0, %%es" : : "r"(selector));
        break;
    case 2:
        __asm__ volatile("movw %0, %%fs" : : "r"(selector));
        break;
    case 3:
        __asm__ volatile("movw %0, %%gs" : : "r"(selector));
        break;
    case 4: { /* so that the next switch of vCPUs has something to fail at */
        uint64_t entry = pick_descriptor(c);

        call_5(c, __HYPERVISOR_update_descriptor,
               (slots[pick_slot(c, USE_DESCRIPTORS)].mfn << 12) + below(c, 24) * 8, entry, 0, 0);
        call_5(c, __HYPERVISOR_sched_op, 0, 0, 0, 0);
        break;
    }
    }
    note(FUZZ_INSTRUCTION, 200 + which, 0);
}

const struct operation instruction_operations[] = {
    {70, execute, NULL}, {24, return_with_frame, NULL}, {24, user_mode, NULL}, {24, segments, NULL},
    {0, NULL, NULL},
};
