/* SPDX-License-Identifier: MIT */
/*
 * Emulated stores beside the CPU's own: the same instruction, with the same registers, flags and memory, is run by
 * this machine and by ring 0's emulator, and all that comes out must agree.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "domain/domain.h"
#include "lib/errno.h"
#include "memory/guest_copy.h"
#include "memory/pagetable.h"
#include "pv/emulate.h"
#include "pv/fetch.h"
#include "suite.h"

#define FLAG_CF 0x001u
#define FLAG_ZF 0x040u
#define FLAGS_LOGIC 0x8c5u /* CF PF ZF SF OF; AF is not defined after and, or */
#define FLAGS_ALL 0x8d5u

static struct cpu_user_regs regs;
static struct vcpu vcpu;
static struct cpu cpu = {.current = &vcpu};
static const u8 *code_at;
static u32 code_size;
static u64 entry __attribute__((aligned(64)));
static bool interfere; /* another CPU changes the entry between the look and the exchange */
static u32 stores;

struct cpu *this_cpu(void)
{
    return &cpu;
}

struct cpu_user_regs *guest_regs(void)
{
    return &regs;
}

bool pv_fetch_decode(struct pv_insn *insn)
{
    return pv_decode(code_at, code_size, insn);
}

u64 *pv_guest_register(u32 number)
{
    u64 *const at[16] = {&regs.rax, &regs.rcx, &regs.rdx, &regs.rbx, &regs.rsp, &regs.rbp, &regs.rsi, &regs.rdi,
                         &regs.r8,  &regs.r9,  &regs.r10, &regs.r11, &regs.r12, &regs.r13, &regs.r14, &regs.r15};

    return at[number];
}

bool pv_retire(u32 length)
{
    regs.rip += length;
    return true;
}

int copy_from_guest(void *to, u64 address, size_t size)
{
    memcpy(to, (const void *)address, size);
    return 0;
}

int pt_emulated_store(struct vcpu *v, u64 va, u64 value, const u64 *expected, u64 *old)
{
    CU_ASSERT_PTR_EQUAL(v, &vcpu);
    CU_ASSERT_EQUAL_FATAL(va, (u64)&entry);
    stores++;
    if (interfere && expected) {
        interfere = false;
        entry ^= 0x4000000000000000;
    }
    *old = entry;
    if (!expected || *expected == entry)
        entry = value;
    return 0;
}

struct operation {
    const char *name;
    u32 length;
    u8 bytes[12]; /* the operand is [rdi], the source cl to rcx, the accumulator al to rax */
    u32 flags;    /* those that are defined afterwards */
};

#define OP(text, defined, ...) {text, sizeof((u8[]){__VA_ARGS__}), {__VA_ARGS__}, (defined)}
static const struct operation operations[] = {
    OP("mov8", FLAGS_ALL, 0x88, 0x0f),
    OP("mov8 from ch", FLAGS_ALL, 0x88, 0x2f),
    OP("mov16", FLAGS_ALL, 0x66, 0x89, 0x0f),
    OP("mov32", FLAGS_ALL, 0x89, 0x0f),
    OP("mov64", FLAGS_ALL, 0x48, 0x89, 0x0f),
    OP("mov64 imm", FLAGS_ALL, 0x48, 0xc7, 0x07, 0x78, 0x56, 0x34, 0xf2),
    OP("mov8 imm", FLAGS_ALL, 0xc6, 0x07, 0x9a),
    OP("xchg8", FLAGS_ALL, 0x86, 0x0f),
    OP("xchg8 ch", FLAGS_ALL, 0x86, 0x2f),
    OP("xchg16", FLAGS_ALL, 0x66, 0x87, 0x0f),
    OP("xchg32", FLAGS_ALL, 0x87, 0x0f),
    OP("xchg64", FLAGS_ALL, 0x48, 0x87, 0x0f),
    OP("lock cmpxchg8", FLAGS_ALL, 0xf0, 0x0f, 0xb0, 0x0f),
    OP("lock cmpxchg16", FLAGS_ALL, 0xf0, 0x66, 0x0f, 0xb1, 0x0f),
    OP("lock cmpxchg32", FLAGS_ALL, 0xf0, 0x0f, 0xb1, 0x0f),
    OP("lock cmpxchg64", FLAGS_ALL, 0xf0, 0x48, 0x0f, 0xb1, 0x0f),
    OP("and8", FLAGS_LOGIC, 0x20, 0x0f),
    OP("and64", FLAGS_LOGIC, 0x48, 0x21, 0x0f),
    OP("lock and8 imm", FLAGS_LOGIC, 0xf0, 0x80, 0x27, 0xfd),
    OP("lock and64 imm8", FLAGS_LOGIC, 0xf0, 0x48, 0x83, 0x27, 0xdf),
    OP("and32 imm32", FLAGS_LOGIC, 0x81, 0x27, 0xff, 0x0f, 0xff, 0x8f),
    OP("or16", FLAGS_LOGIC, 0x66, 0x09, 0x0f),
    OP("or32", FLAGS_LOGIC, 0x09, 0x0f),
    OP("lock or64 imm8", FLAGS_LOGIC, 0xf0, 0x48, 0x83, 0x0f, 0x62),
    OP("lock bts64 imm", FLAG_CF | FLAG_ZF, 0xf0, 0x48, 0x0f, 0xba, 0x2f, 0x3f),
    OP("lock btr64 imm", FLAG_CF | FLAG_ZF, 0xf0, 0x48, 0x0f, 0xba, 0x37, 0x05),
    OP("lock btr32 imm", FLAG_CF | FLAG_ZF, 0xf0, 0x0f, 0xba, 0x37, 0x06),
};

static u8 *page;

static int setup(void)
{
    vcpu.info = &vcpu.private_info;
    page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return page == MAP_FAILED;
}

static void run_natively(const struct operation *op, u64 *memory, u64 *rax, u64 *rcx, u64 *rflags)
{
    memcpy(page, op->bytes, op->length);
    page[op->length] = 0xc3;
    __asm__ volatile("sub $128, %%rsp\n\t" /* the compiler's red zone */
                     "push %[flags]\n\tpopfq\n\t"
                     "call *%[code]\n\t"
                     "pushfq\n\tpop %[flags]\n\t"
                     "add $128, %%rsp"
                     : "+a"(*rax), "+c"(*rcx), [flags] "+r"(*rflags)
                     : "D"(memory), [code] "r"(page)
                     : "memory", "cc");
}

static u64 random64(void)
{
    return (u64)rand() << 42 ^ (u64)rand() << 21 ^ (u64)rand();
}

static void compare(const struct operation *op, u64 before, u64 rax, u64 rcx, u64 rflags)
{
    u64 memory = before, native_rax = rax, native_rcx = rcx, native_flags = rflags;

    memset(&regs, 0, sizeof(regs));
    regs.rax = rax;
    regs.rcx = rcx;
    regs.rflags = rflags;
    entry = before;
    code_at = op->bytes;
    code_size = op->length;
    run_natively(op, &memory, &native_rax, &native_rcx, &native_flags);
    if (!pv_emulate_pagetable_store((u64)&entry))
        CU_FAIL_FATAL(op->name);
    if (entry != memory || regs.rax != native_rax || regs.rcx != native_rcx || regs.rip != op->length ||
        ((regs.rflags ^ native_flags) & op->flags))
        CU_FAIL_FATAL(op->name);
}

static void test_beside_the_cpu(void)
{
    srand(23);
    for (u32 i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
        for (u32 round = 0; round < 3000; round++) {
            u64 before = random64(), rax = random64();

            if (round & 1) /* so that comparisons hold, in each size */
                rax = before ^ (round & 2 ? random64() << 32 : 0);
            compare(&operations[i], before, rax, random64(), 0x202 | ((u64)rand() & FLAGS_ALL));
        }
    CU_PASS("all");
}

/* bts and btr by a register: cr2 names the unit that the bit is in. */
static void test_bit_by_register(void)
{
    static const u8 btr[] = {0x48, 0x0f, 0xb3, 0x0f};

    regs = (struct cpu_user_regs){.rcx = 64 + 7};
    entry = ~0ull;
    code_at = btr;
    code_size = sizeof(btr);
    CU_ASSERT(pv_emulate_pagetable_store((u64)&entry));
    CU_ASSERT_EQUAL(entry, ~0x80ull);
    CU_ASSERT(regs.rflags & FLAG_CF);
}

static void test_part_of_an_entry(void)
{
    static const u8 and_byte[] = {0xf0, 0x80, 0x27, 0x0f};
    static const u8 mov_dword[] = {0x89, 0x0f};

    regs = (struct cpu_user_regs){.rcx = 0x11223344};
    entry = 0xffffffffffffffff;
    code_at = and_byte;
    code_size = sizeof(and_byte);
    CU_ASSERT(pv_emulate_pagetable_store((u64)&entry + 3));
    CU_ASSERT_EQUAL(entry, 0xffffffff0fffffff);
    code_at = mov_dword;
    code_size = sizeof(mov_dword);
    CU_ASSERT(pv_emulate_pagetable_store((u64)&entry + 4));
    CU_ASSERT_EQUAL(entry, 0x112233440fffffff);
    /* over the end of an entry: not done in two */
    CU_ASSERT_FALSE(pv_emulate_pagetable_store((u64)&entry + 6));
    CU_ASSERT_EQUAL(entry, 0x112233440fffffff);
}

static void test_other_cpu(void)
{
    static const u8 or[] = {0xf0, 0x48, 0x83, 0x0f, 0x20};

    regs = (struct cpu_user_regs){0};
    entry = 0x1;
    code_at = or;
    code_size = sizeof(or);
    interfere = true;
    stores = 0;
    /* the other one wins: nothing is done, and the guest comes again */
    CU_ASSERT(pv_emulate_pagetable_store((u64)&entry));
    CU_ASSERT(entry == 0x4000000000000001 && stores == 1 && !regs.rip);
    CU_ASSERT(pv_emulate_pagetable_store((u64)&entry));
    CU_ASSERT(entry == 0x4000000000000021 && stores == 2 && regs.rip == sizeof(or));
}

static CU_TestInfo tests[] = {
    {"beside the CPU", test_beside_the_cpu},
    {"a bit by register", test_bit_by_register},
    {"part of an entry", test_part_of_an_entry},
    {"another CPU in between", test_other_cpu},
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return suite_run_between("store", setup, NULL, tests);
}
