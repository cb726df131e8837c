/* SPDX-License-Identifier: MIT */
/*
 * The instruction decoder of ring 0: known encodings (as an assembler makes them), what must be refused, and
 * every byte string of a seeded storm: it must neither read beyond its bytes nor claim a length it did not get.
 */
#include <stdlib.h>
#include <string.h>

#include "pv/decode.h"
#include "suite.h"

struct known {
    const char *name, *bytes;
    u32 length;
    struct pv_insn insn; /* length and the fields that the instruction has */
};

#define BYTES(...) (const char[]){__VA_ARGS__}, sizeof((const char[]){__VA_ARGS__})
#define NO_MEMORY .base = PV_REG_NONE, .index = PV_REG_NONE
#define B(x) ((char)(x))

static const struct known known[] = {
    {"in al, dx", BYTES(B(0xec)), {.op = PV_IN, .size = 1, NO_MEMORY}},
    {"in eax, dx", BYTES(B(0xed)), {.op = PV_IN, .size = 4, NO_MEMORY}},
    {"in ax, dx", BYTES(0x66, B(0xed)), {.op = PV_IN, .size = 2, NO_MEMORY}},
    {"out 0x80, al", BYTES(B(0xe6), B(0x80)),
     {.op = PV_OUT, .size = 1, .has_immediate = true, .immediate = 0x80, NO_MEMORY}},
    {"out dx, eax", BYTES(B(0xef)), {.op = PV_OUT, .size = 4, NO_MEMORY}},
    {"rep insw", BYTES(B(0xf3), 0x66, 0x6d), {.op = PV_INS, .size = 2, .repeat = true, NO_MEMORY}},
    {"outsb", BYTES(0x6e), {.op = PV_OUTS, .size = 1, NO_MEMORY}},
    {"rdmsr", BYTES(0x0f, 0x32), {.op = PV_RDMSR, NO_MEMORY}},
    {"wrmsr", BYTES(0x0f, 0x30), {.op = PV_WRMSR, NO_MEMORY}},
    {"clts", BYTES(0x0f, 0x06), {.op = PV_CLTS, NO_MEMORY}},
    {"wbinvd", BYTES(0x0f, 0x09), {.op = PV_WBINVD, NO_MEMORY}},
    {"xsetbv", BYTES(0x0f, 0x01, B(0xd1)), {.op = PV_XSETBV, .reg = 2, .rm = 1, NO_MEMORY}},
    {"rdtscp", BYTES(0x0f, 0x01, B(0xf9)), {.op = PV_RDTSCP, .reg = 7, .rm = 1, NO_MEMORY}},
    {"mov rax, cr0", BYTES(0x0f, 0x20, B(0xc0)), {.op = PV_MOV_FROM_CR, .size = 8, .reg = 0, .rm = 0, NO_MEMORY}},
    {"mov cr4, r12", BYTES(0x41, 0x0f, 0x22, B(0xe4)),
     {.op = PV_MOV_TO_CR, .size = 8, .reg = 4, .rm = 12, .rex = true, NO_MEMORY}},
    {"mov dr7, rdi", BYTES(0x0f, 0x23, B(0xff)), {.op = PV_MOV_TO_DR, .size = 8, .reg = 7, .rm = 7, NO_MEMORY}},
    {"int 0x2e", BYTES(B(0xcd), 0x2e), {.op = PV_INT, .has_immediate = true, .immediate = 0x2e, NO_MEMORY}},
    {"invlpg [rdi]", BYTES(0x0f, 0x01, 0x3f),
     {.op = PV_INVLPG, .reg = 7, .rm = 7, .memory = true, .base = 7, .index = PV_REG_NONE}},
    {"invlpg [r12+r9*8-0x10]", BYTES(0x43, 0x0f, 0x01, 0x7c, B(0xcc), B(0xf0)),
     {.op = PV_INVLPG, .reg = 7, .rm = 12, .rex = true, .memory = true, .base = 12, .index = 9, .scale = 3,
      .displacement = -16}},
    {"invlpg [rip+0x1000]", BYTES(0x0f, 0x01, 0x3d, 0, 0x10, 0, 0),
     {.op = PV_INVLPG, .reg = 7, .rm = 5, .memory = true, .base = PV_REG_RIP, .index = PV_REG_NONE,
      .displacement = 0x1000}},
    {"mov [rdi], rsi", BYTES(0x48, B(0x89), 0x37),
     {.op = PV_STORE_MOV, .size = 8, .rex = true, .reg = 6, .rm = 7, .memory = true, .base = 7, .index = PV_REG_NONE}},
    {"mov qword [rax+8], -1", BYTES(0x48, B(0xc7), 0x40, 8, B(0xff), B(0xff), B(0xff), B(0xff)),
     {.op = PV_STORE_MOV, .size = 8, .rex = true, .memory = true, .base = 0, .index = PV_REG_NONE, .displacement = 8,
      .has_immediate = true, .immediate = ~0ull}},
    {"mov word [rax], 0x1234", BYTES(0x66, B(0xc7), 0, 0x34, 0x12),
     {.op = PV_STORE_MOV, .size = 2, .memory = true, .base = 0, .index = PV_REG_NONE, .has_immediate = true,
      .immediate = 0x1234}},
    {"xchg [rdx], rax", BYTES(0x48, B(0x87), 0x02),
     {.op = PV_STORE_XCHG, .size = 8, .rex = true, .rm = 2, .memory = true, .base = 2, .index = PV_REG_NONE}},
    {"lock cmpxchg [rdi], rcx", BYTES(B(0xf0), 0x48, 0x0f, B(0xb1), 0x0f),
     {.op = PV_STORE_CMPXCHG, .size = 8, .rex = true, .reg = 1, .rm = 7, .memory = true, .base = 7,
      .index = PV_REG_NONE}},
    {"lock and byte [rdi], 0xfd", BYTES(B(0xf0), B(0x80), 0x27, B(0xfd)),
     {.op = PV_STORE_AND, .size = 1, .reg = 4, .rm = 7, .memory = true, .base = 7, .index = PV_REG_NONE,
      .has_immediate = true, .immediate = 0xfffffffffffffffd}},
    {"lock or qword [rsp], 0x42", BYTES(B(0xf0), 0x48, B(0x83), 0x0c, 0x24, 0x42),
     {.op = PV_STORE_OR, .size = 8, .rex = true, .reg = 1, .rm = 4, .memory = true, .base = 4, .index = PV_REG_NONE,
      .has_immediate = true, .immediate = 0x42}},
    {"and dword [rbx+0x11223344], 0x55667788",
     BYTES(B(0x81), B(0xa3), 0x44, 0x33, 0x22, 0x11, B(0x88), 0x77, 0x66, 0x55),
     {.op = PV_STORE_AND, .size = 4, .reg = 4, .rm = 3, .memory = true, .base = 3, .index = PV_REG_NONE,
      .displacement = 0x11223344, .has_immediate = true, .immediate = 0x55667788}},
    {"lock btr qword [rdi], 5", BYTES(B(0xf0), 0x48, 0x0f, B(0xba), 0x37, 5),
     {.op = PV_STORE_BTR, .size = 8, .rex = true, .reg = 6, .rm = 7, .memory = true, .base = 7, .index = PV_REG_NONE,
      .has_immediate = true, .immediate = 5}},
    {"bts [rdi], rax", BYTES(0x48, 0x0f, B(0xab), 0x07),
     {.op = PV_STORE_BTS, .size = 8, .rex = true, .rm = 7, .memory = true, .base = 7, .index = PV_REG_NONE}},
};

static void test_known(void)
{
    for (u32 i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        struct pv_insn got, want = known[i].insn;
        bool same = pv_decode((const u8 *)known[i].bytes, known[i].length, &got);

        want.length = (u8)known[i].length;
        same = same && got.op == want.op && got.length == want.length && got.size == want.size && got.rex == want.rex &&
               got.repeat == want.repeat && got.has_immediate == want.has_immediate && got.reg == want.reg &&
               got.rm == want.rm && got.memory == want.memory && got.base == want.base && got.index == want.index &&
               got.scale == want.scale && got.displacement == want.displacement && got.immediate == want.immediate;
        if (!same)
            CU_FAIL_FATAL(known[i].name);
    }
    CU_PASS("all");
}

static void test_cut_short(void)
{
    for (u32 i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        for (u32 n = 0; n < known[i].length; n++) {
            struct pv_insn got;
            u8 *exact = malloc(n ? n : 1); /* so that a sanitizer sees a byte too many */

            memcpy(exact, known[i].bytes, n);
            if (pv_decode(exact, n, &got))
                CU_FAIL_FATAL(known[i].name);
            free(exact);
        }
    CU_PASS("all");
}

static void test_refused(void)
{
    static const struct {
        u32 length;
        u8 bytes[16];
    } refused[] = {
        {1, {0x90}},                   /* nop */
        {3, {0x48, 0x8b, 0x37}},       /* mov rsi, [rdi]: a load */
        {3, {0x48, 0x89, 0xf7}},       /* mov rdi, rsi: no memory */
        {3, {0x48, 0x01, 0x37}},       /* add [rdi], rsi */
        {4, {0x80, 0x07, 0x01, 0}},    /* add byte [rdi], 1 */
        {4, {0x48, 0xc7, 0x08, 0}},    /* C7 /1 */
        {3, {0x0f, 0x01, 0x17}},       /* lgdt [rdi] */
        {3, {0x0f, 0x01, 0xf8}},       /* swapgs */
        {4, {0x0f, 0xba, 0x3f, 1}},    /* btc [rdi], 1 */
        {4, {0xf0, 0x48, 0x89, 0x37}}, /* lock mov */
        {3, {0xf0, 0x0f, 0x30}},       /* lock wrmsr */
        {2, {0x0f, 0x05}},             /* syscall */
        {1, {0xcf}},                   /* iret */
        {16, {0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0xec}},
    };

    for (u32 i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        struct pv_insn got;

        CU_ASSERT_FALSE(pv_decode(refused[i].bytes, refused[i].length, &got));
    }
}

static void test_storm(void)
{
    u32 decoded = 0;

    srand(11);
    for (u32 round = 0; round < 2000000; round++) {
        u8 *bytes, raw[15];
        struct pv_insn got;
        u32 size = (u32)rand() % 16;

        for (u32 i = 0; i < sizeof(raw); i++)
            raw[i] = (u8)(rand() >> 7);
        if (rand() & 1)
            raw[0] = (u8[]){0x0f, 0xf0, 0x48, 0x66}[rand() & 3];
        bytes = malloc(size ? size : 1);
        memcpy(bytes, raw, size);
        if (pv_decode(bytes, size, &got)) {
            decoded++;
            if (got.length > size || got.length > 15 || !got.length || got.reg > 15 || got.rm > 15 || got.base > 17 ||
                got.index > 16 || (got.op >= PV_STORE_MOV && !got.size))
                CU_FAIL_FATAL("a field out of its range");
        }
        free(bytes);
    }
    CU_ASSERT(decoded > 1000);
}

static CU_TestInfo tests[] = {
    {"known encodings", test_known},
    {"cut short at each byte", test_cut_short},
    {"what is not in the list", test_refused},
    {"a storm of bytes", test_storm},
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return suite_run("decode", tests);
}
